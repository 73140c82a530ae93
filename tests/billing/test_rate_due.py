"""Charges in the database follow milestones, once, with their accruals."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.db.models import Sum
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django_q.models import OrmQ

from billing.enums import AccrualReason, ChargeCause, ChargeState
from billing.models import Accrual, Charge, Invoice, InvoiceLine, ShipmentAccount, Tariff
from billing.services import create_drafts, issue_invoice, rate_behind, rate_due, rate_unpriced
from milestones.models import Journey
from shipments.models import ShipmentStream
from tests.factories.billing import (
    DAY,
    billable_shipment,
    charged,
    drafted,
    handling,
    issued,
    reach,
)
from tests.factories.partners import PartnerFactory

pytestmark = pytest.mark.django_db


def states() -> list[tuple[int, str, Decimal]]:
    return list(Charge.objects.order_by("sequence").values_list("sequence", "state", "amount"))


def booked() -> list[tuple[str, Decimal]]:
    return list(Accrual.objects.order_by("charge", "sequence").values_list("reason", "amount"))


def retract() -> None:
    reach(Charge.objects.first().shipment, at=None)
    rate_due()


def test_a_reached_milestone_is_charged_and_accrued_on_its_day() -> None:
    handling()
    charge = charged()
    assert (charge.amount, charge.currency, charge.customer, charge.earned_at) == (
        100, "EUR", charge.shipment.customer, DAY,
    )  # fmt: skip
    accrual = Accrual.objects.get()
    assert (accrual.amount, accrual.reason, accrual.booked_on) == (100, AccrualReason.EARNED, DAY.date())


def test_triggers_without_end_charge_once() -> None:
    handling()
    charge = charged()
    for _ in range(3):
        reach(charge.shipment)
        assert rate_due() == 1
    assert rate_due() == 0
    assert states() == [(1, ChargeState.UNBILLED, 100)]


def test_an_inferred_milestone_is_not_charged_until_somebody_reports_it() -> None:
    handling()
    shipment = billable_shipment()
    reach(shipment, is_inferred=True)
    rate_due()
    assert states() == []
    reach(shipment)
    rate_due()
    assert states() == [(1, ChargeState.UNBILLED, 100)]


def test_a_retraction_cancels_and_a_new_report_restores() -> None:
    handling()
    charged()
    retract()
    assert states() == [(1, ChargeState.CANCELLED, 100)]
    reach(Charge.objects.get().shipment)
    rate_due()
    assert states() == [(1, ChargeState.UNBILLED, 100)]
    assert booked() == [(AccrualReason.EARNED, 100), (AccrualReason.REVERSED, -100), (AccrualReason.EARNED, 100)]


def test_a_retraction_takes_the_charge_off_its_draft() -> None:
    handling()
    invoice = drafted("S-1", "S-2")
    reach(Charge.objects.get(shipment__reference="S-2").shipment, at=None)
    rate_due()
    invoice.refresh_from_db()
    assert (invoice.net, invoice.tax, invoice.total) == (100, 19, 119)
    assert list(InvoiceLine.objects.values_list("shipment_reference", flat=True)) == ["S-1"]


def test_a_draft_that_loses_its_last_line_goes() -> None:
    handling()
    drafted()
    retract()
    assert (Invoice.objects.count(), InvoiceLine.objects.count()) == (0, 0)
    assert states() == [(1, ChargeState.CANCELLED, 100)]


def test_a_retraction_after_invoicing_proposes_a_credit_and_a_new_report_drops_it() -> None:
    handling()
    invoice = issued()
    retract()
    assert states() == [(1, ChargeState.INVOICED, 100), (2, ChargeState.UNBILLED, -100)]
    reversal = Charge.objects.get(sequence=2)
    assert (reversal.reverses.invoice_line.invoice, reversal.cause) == (invoice, ChargeCause.RETRACTION)
    reach(reversal.shipment)
    rate_due()
    assert states() == [(1, ChargeState.INVOICED, 100), (2, ChargeState.CANCELLED, -100)]


def test_a_proposed_credit_that_was_issued_lets_the_milestone_be_charged_again() -> None:
    handling()
    invoice = issued()
    retract()
    [note] = create_drafts(invoice.customer, by=None)
    issue_invoice(note, by=None)
    assert (note.credits, note.total, note.number) == (invoice, Decimal("-119"), "CRN000001")
    reach(Charge.objects.first().shipment)
    rate_due()
    assert states() == [
        (1, ChargeState.INVOICED, 100), (2, ChargeState.INVOICED, -100), (3, ChargeState.UNBILLED, 100),
    ]  # fmt: skip


def test_the_open_accrual_of_a_charge_is_its_amount_until_it_is_billed_or_cancelled() -> None:
    handling()
    issued("S-1", "S-2")
    charged("S-3")
    reach(Charge.objects.get(shipment__reference="S-2").shipment, at=None)
    rate_due()
    open_sums = {
        (c.shipment.reference, c.sequence): c.accruals.aggregate(open=Sum("amount"))["open"]
        for c in Charge.objects.all()
    }
    assert open_sums == {("S-1", 1): 0, ("S-2", 1): 0, ("S-2", 2): -100, ("S-3", 1): 100}


def test_a_corrected_day_moves_an_unbilled_charge() -> None:
    handling()
    charge = charged()
    reach(charge.shipment, at=DAY + timedelta(days=2))
    rate_due()
    charge.refresh_from_db()
    assert (charge.earned_at, charge.state) == (DAY + timedelta(days=2), ChargeState.UNBILLED)


def test_a_new_price_takes_the_place_of_an_unbilled_one_and_leaves_an_invoiced_one() -> None:
    rule = handling()
    invoice = issued("S-1")
    charged("S-2", customer=invoice.customer)
    Tariff.objects.get(rates__charge_code=rule.charge_code).rates.update(price=120)
    for charge in list(Charge.objects.all()):
        reach(charge.shipment)
    rate_due()
    found = list(Charge.objects.order_by("pk").values_list("shipment__reference", "sequence", "state", "amount"))
    assert found == [
        ("S-1", 1, ChargeState.INVOICED, 100),
        ("S-2", 1, ChargeState.CANCELLED, 100),
        ("S-2", 2, ChargeState.UNBILLED, 120),
    ]


def test_what_has_no_price_waits_with_its_reason_and_is_charged_when_a_price_comes() -> None:
    rule = handling()
    Tariff.objects.filter(rates__charge_code=rule.charge_code).update(valid_until=DAY.date() - timedelta(days=1))
    shipment = billable_shipment()
    reach(shipment)
    rate_due()
    account = ShipmentAccount.objects.get()
    assert account.unpriced == [
        {"rule": rule.code, "charge_code": "HANDLING", "slot": "L1",
         "reason": "No price list has HANDLING by road on 2026-11-02."}
    ]  # fmt: skip
    Tariff.objects.update(valid_until=None)
    assert (rate_due(), rate_unpriced(), OrmQ.objects.filter(key__endswith="sweep_waiting").count(), rate_behind()) == (
        0,
        1,
        1,
        1,
    )
    account.refresh_from_db()
    assert (account.unpriced, states()) == ([], [(1, ChargeState.UNBILLED, 100)])


def test_what_has_no_price_is_tried_again_after_an_hour_by_itself() -> None:
    handling()
    shipment = billable_shipment()
    reach(shipment)
    long_ago = timezone.now() - timedelta(hours=2)
    ShipmentAccount.objects.create(shipment=shipment, seen_revision=1, rated_at=long_ago, unpriced=[{"reason": "none"}])
    assert (rate_due(), rate_behind()) == (0, 1)
    assert states() == [(1, ChargeState.UNBILLED, 100)]


def test_what_a_long_stop_left_behind_is_found_by_the_sweep() -> None:
    handling()
    shipment = billable_shipment()
    reach(shipment)
    ShipmentStream.objects.update(touched_at=timezone.now() - timedelta(days=1))
    assert (rate_due(), rate_behind(), rate_behind()) == (0, 1, 0)


def test_a_shipment_that_cannot_be_rated_says_so_and_the_others_go_through() -> None:
    rule = handling()
    too_much = Decimal("9999999999.0000")
    poison = PartnerFactory()
    own = Tariff.objects.create(code="POISON", name="Poison", currency="EUR", customer=poison, valid_from=DAY.date())
    own.rates.create(charge_code=rule.charge_code, basis="unit", price=too_much)
    bad = billable_shipment("BAD", customer=poison)
    reach(bad)
    connection.cursor().execute(
        "INSERT INTO shipments_unit (shipment_id, kind, number, key, iso_type)"
        " SELECT %s, 'package', 'P' || n, 'P' || n, '' FROM generate_series(1, 10000) n", [bad.pk],
    )  # fmt: skip
    for n in range(3):
        reach(billable_shipment(f"S-{n}"))
    assert rate_due() == 4
    assert Charge.objects.count() == 3
    [parked] = ShipmentAccount.objects.get(shipment=bad).unpriced
    assert parked["reason"].startswith("DataError: numeric field overflow")
    assert rate_due() == 0


@pytest.mark.parametrize("shipments", [1, 12])
def test_a_batch_takes_the_same_number_of_queries_whatever_its_size(shipments: int) -> None:
    handling()
    for n in range(shipments):
        reach(billable_shipment(f"S-{n}"))
    with CaptureQueriesContext(connection) as queries:
        assert rate_due() == shipments
    assert len(queries) == 22


def test_at_most_limit_shipments_are_rated() -> None:
    handling()
    for n in range(3):
        reach(billable_shipment(f"S-{n}"))
    assert [rate_due(limit=2), rate_due(limit=2), rate_due(limit=2)] == [2, 1, 0]
    assert Journey.objects.count() == 3


def test_a_rule_that_is_switched_off_charges_nothing_new_but_follows_what_it_charged() -> None:
    rule = handling()
    charged("S-1")
    rule.is_active = False
    rule.save()
    reach(billable_shipment("S-2"))
    rate_due()
    assert Charge.objects.count() == 1
    retract()
    assert states() == [(1, ChargeState.CANCELLED, 100)]
