"""What billing tells the rules on exceptions, and lines of templates that charge, in the database."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from billing.enums import ChargeState, RateBasis, Side
from billing.models import Charge, ChargeRule, TariffRate
from billing.services import credit_invoice, rate_due
from billing.services.money import hand_over_money
from milestones.models import Journey, Milestone, ShipmentMoney, TemplateLine
from shipments.models import Shipment
from tests.factories.billing import (
    DAY,
    ChargeRuleFactory,
    TariffRateFactory,
    billable_shipment,
    handling,
    issued,
    milestone_type,
    reach,
)
from tests.factories.milestones import LineFactory
from tests.factories.partners import PartnerFactory

pytestmark = pytest.mark.django_db


def buying(price: str = "60.00", **rate: Any) -> ChargeRule:
    TariffRateFactory(price=Decimal(price), tariff__side=Side.BUY, **rate)
    rule: ChargeRule = ChargeRuleFactory(side=Side.BUY)
    return rule


def sums(shipment: Shipment) -> tuple[object, ...]:
    return ShipmentMoney.objects.values_list("currency", "expected_cost", "cost", "revenue").get(shipment=shipment)


def rated(shipment: Shipment, **reached: Any) -> Shipment:
    reach(shipment, **reached)
    rate_due()
    return shipment


def test_the_sums_are_of_what_stands_in_the_customers_currency() -> None:
    handling("100.00")
    buying("60.00")
    shipment = rated(billable_shipment())
    assert sums(shipment) == ("EUR", 60, 60, 100)
    rated(shipment, at=None)
    assert sums(shipment) == ("EUR", None, None, None)


def test_a_cost_priced_anew_is_more_than_was_expected() -> None:
    buying("60.00")
    shipment = rated(billable_shipment())
    TariffRate.objects.filter(tariff__side=Side.BUY).update(price=75)
    rated(shipment)
    TariffRate.objects.filter(tariff__side=Side.BUY).update(price=80)
    rated(shipment)
    assert sums(shipment) == ("EUR", 60, 80, None)


def test_charges_of_another_currency_are_left_out() -> None:
    handling("100.00", tariff__currency="USD")
    buying("60.00")
    customer = PartnerFactory(billing_currency="USD")
    assert sums(rated(billable_shipment(customer=customer))) == ("USD", None, None, 100)
    assert sums(rated(billable_shipment("S-2"))) == ("EUR", 60, 60, None)


def test_a_first_price_in_another_currency_is_none() -> None:
    buying("60.00", tariff__currency="USD")
    shipment = rated(billable_shipment())
    TariffRateFactory(price=Decimal(70), tariff__side=Side.BUY)
    rated(shipment)
    assert sums(shipment) == ("EUR", 70, 70, None)


def test_a_credit_takes_the_revenue_away_at_once() -> None:
    handling("100.00")
    invoice = issued("S-1")
    shipment = Shipment.objects.get(reference="S-1")
    assert sums(shipment) == ("EUR", None, None, 100)
    credit_invoice(invoice, reason="Goodwill", by=None)
    assert sums(shipment) == ("EUR", None, None, 0)


def test_what_changed_has_the_shipment_looked_at_again_and_nothing_else() -> None:
    handling("100.00")
    one, other = rated(billable_shipment("S-1")), rated(billable_shipment("S-2"))
    Journey.objects.update(next_check_at=None)
    now = timezone.now()
    TariffRate.objects.filter(charge_code="HANDLING").update(price=120)
    rated(one)
    hand_over_money([one.pk, other.pk], now=now)
    checks = dict(Journey.objects.values_list("shipment__reference", "next_check_at"))
    assert (checks["S-1"] is not None and checks["S-1"] <= timezone.now(), checks["S-2"]) == (True, None)


def test_a_shipment_without_charges_is_left_out() -> None:
    shipment = billable_shipment()
    hand_over_money([shipment.pk], now=timezone.now())
    assert not ShipmentMoney.objects.exists()


def test_a_batch_is_two_queries_where_nothing_changed() -> None:
    handling()
    ids = [rated(billable_shipment(f"S-{n}")).pk for n in range(5)]
    counts = []
    for batch in (ids[:1], ids):
        with CaptureQueriesContext(connection) as queries:
            hand_over_money(batch, now=timezone.now())
        counts.append(len([q for q in queries if "SAVEPOINT" not in q["sql"]]))
    assert counts == [2, 2]


# --- lines that charge ---------------------------------------------------------------------------------------------


def with_line(milestone: Milestone, *charges: str, position: int = 1) -> TemplateLine:
    line: TemplateLine = LineFactory(position=position, type=milestone.type, charges=list(charges))
    Milestone.objects.filter(pk=milestone.pk).update(line=line)
    return line


def gate_out(shipment: Shipment, unit: str = "", **said: Any) -> Milestone:
    """A gate-out of a line that charges HANDLING, of one unit where it is given."""
    milestone = reach(shipment, "GATE_OUT", **said)
    line = TemplateLine.objects.filter(type="GATE_OUT", charges=["HANDLING"]).first()
    if line is None:
        line = with_line(milestone, "HANDLING")
    slot = f"L1:U{unit}" if unit else "L1"
    Milestone.objects.filter(shipment=shipment, slot=slot).exclude(pk=milestone.pk).delete()
    Milestone.objects.filter(pk=milestone.pk).update(line=line, slot=slot, unit_number=unit)
    rate_due()
    return milestone


def charges_of(shipment: Shipment) -> list[tuple[str, str, Decimal]]:
    rows = Charge.objects.filter(shipment=shipment).order_by("slot", "sequence")
    return list(rows.values_list("slot", "state", "amount"))


def test_a_reached_line_charges_and_a_retraction_takes_it_back() -> None:
    handling()
    shipment = billable_shipment()
    milestone = gate_out(shipment)
    assert charges_of(shipment) == [("L1", ChargeState.UNBILLED, 100)]
    reach(shipment, "GATE_OUT", at=None)
    rate_due()
    assert charges_of(shipment) == [("L1", ChargeState.CANCELLED, 100)]
    assert milestone.type == milestone_type("GATE_OUT")


def test_an_inferred_line_charges_nothing() -> None:
    handling()
    shipment = billable_shipment()
    gate_out(shipment, is_inferred=True)
    assert charges_of(shipment) == []


def test_both_ways_at_once_charge_once_in_any_order() -> None:
    handling()
    for name in ("S-1", "S-2"):
        shipment = billable_shipment(name)
        steps = [lambda s: gate_out(s), lambda s: rated(s, slot="L9", at=DAY + timedelta(days=1))]
        for step in steps if name == "S-1" else steps[::-1]:
            step(shipment)
        assert [row[1:] for row in charges_of(shipment)] == [(ChargeState.UNBILLED, 100)]


def test_each_unit_is_charged_when_its_own_line_is_reached_and_taken_back_by_itself() -> None:
    handling(basis=RateBasis.PER_UNIT)
    shipment = billable_shipment(units=2)
    gate_out(shipment, "MSKU0000000")
    gate_out(shipment, "MSKU0000001")
    assert charges_of(shipment) == [
        ("L1:UMSKU0000000", ChargeState.UNBILLED, 100), ("L1:UMSKU0000001", ChargeState.UNBILLED, 100),
    ]  # fmt: skip
    Milestone.objects.filter(slot="L1:UMSKU0000000").update(state="planned", actual_at=None)
    rated(shipment, code="ARRIVED", slot="L8")
    assert [row[1] for row in charges_of(shipment)] == [ChargeState.CANCELLED, ChargeState.UNBILLED]
