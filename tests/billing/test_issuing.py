"""Drafts, numbers, seals and credit notes."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from billing.documents import digest
from billing.enums import AccrualReason, ChargeCause, ChargeState, DocumentKind, InvoiceState
from billing.models import Accrual, Charge, Invoice, InvoiceLine, InvoiceSeries
from billing.services import create_drafts, credit_invoice, discard_draft, document_of, issue_invoice, rate_due
from core.errors import DomainError
from partners.enums import IdentifierScheme, Role, Topic
from partners.models import Notification, NotificationAudience, PartnerIdentifier
from tests.factories.billing import TariffRateFactory, charged, drafted, handling, issued, reach, series
from tests.factories.partners import PartnerFactory, internal, member

pytestmark = pytest.mark.django_db


def refusal(call: object, *args: object, **kwargs: object) -> str:
    with pytest.raises(DomainError) as refused:
        call(*args, **kwargs)  # type: ignore[operator]
    return refused.value.code


def charge_states() -> list[str]:
    return list(Charge.objects.order_by("pk").values_list("state", flat=True))


def test_one_draft_a_customer_and_currency_in_order_of_shipments() -> None:
    handling()
    one, other = PartnerFactory(), PartnerFactory()
    charged("S-2", customer=one)
    charged("S-1", customer=one)
    charged("S-3", customer=other)
    dollars = TariffRateFactory(tariff__currency="USD", tariff__customer=one, price=Decimal(50), tax_percent=0)
    charged("S-4", customer=one)
    by = internal()
    drafts = create_drafts(Charge.objects.all(), by=by)
    assert [(d.customer, d.currency, d.net, d.tax, d.total, d.state, d.created_by) for d in drafts] == [
        (one, "EUR", 200, 38, 238, InvoiceState.DRAFT, by),
        (other, "EUR", 100, 19, 119, InvoiceState.DRAFT, by),
        (one, dollars.tariff.currency, 50, 0, 50, InvoiceState.DRAFT, by),
    ]
    assert [(line.position, line.shipment_reference) for line in drafts[0].lines.all()] == [(1, "S-1"), (2, "S-2")]
    assert charge_states() == [ChargeState.DRAFTED] * 4


def test_pressing_twice_makes_one_draft() -> None:
    handling()
    customer = charged().customer
    assert len(create_drafts(customer, by=None)) == 1
    assert create_drafts(customer, by=None) == []


def test_buying_never_comes_on_a_draft() -> None:
    rule = handling(tariff__side="buy")
    rule.side = "buy"
    rule.save()
    charge = charged()
    assert (charge.side, create_drafts(charge.customer, by=None)) == ("buy", [])


def test_a_discarded_draft_gives_its_charges_back() -> None:
    handling()
    invoice = drafted()
    discard_draft(invoice, by=None)
    assert (Invoice.objects.count(), charge_states()) == (0, [ChargeState.UNBILLED])


def test_issuing_numbers_freezes_seals_bills_and_tells() -> None:
    handling()
    customer = PartnerFactory(name="Acme", billing_address="Street 5\nRotterdam", payment_days=14)
    PartnerIdentifier.objects.create(partner=customer, scheme=IdentifierScheme.TAX_ID, value="NL99")
    clerk = internal()
    series()
    invoice = issue_invoice(drafted(customer=customer), by=clerk)
    invoice.refresh_from_db()
    assert (invoice.number, invoice.state, invoice.issued_by) == ("INV000001", InvoiceState.ISSUED, clerk)
    assert (invoice.customer_name, invoice.customer_address, invoice.customer_tax_id) == (
        "Acme", "Street 5\nRotterdam", "NL99",
    )  # fmt: skip
    assert invoice.issuer_name == InvoiceSeries.objects.get(code="INV").issuer_name
    assert invoice.due_on == invoice.issued_on + timedelta(days=14)
    assert invoice.digest == digest(document_of(invoice))
    assert charge_states() == [ChargeState.INVOICED]
    assert list(Accrual.objects.order_by("sequence").values_list("reason", "amount")) == [
        (AccrualReason.EARNED, 100), (AccrualReason.BILLED, -100),
    ]  # fmt: skip
    told = Notification.objects.get()
    assert (told.topic, told.facts["number"], told.facts["amount"]) == (Topic.INVOICE_ISSUED, "INV000001", "119.00")
    assert [a.partner for a in NotificationAudience.objects.all()] == [customer]


def test_the_issued_copy_does_not_follow_the_customer() -> None:
    handling()
    invoice = issued()
    name = invoice.customer.name
    invoice.customer.name = "New name"
    invoice.customer.save()
    again = Invoice.objects.get()
    assert (document_of(again).customer.name, digest(document_of(again))) == (name, invoice.digest)


def test_numbers_follow_without_gap_and_discards_take_none() -> None:
    handling()
    series()
    first, dropped, second = drafted("S-1"), drafted("S-2"), drafted("S-3")
    discard_draft(dropped, by=None)
    assert [issue_invoice(draft, by=None).number for draft in (second, first)] == ["INV000001", "INV000002"]


def test_what_cannot_be_issued_is_refused() -> None:
    handling()
    invoice = drafted()
    InvoiceSeries.objects.all().delete()
    assert refusal(issue_invoice, invoice, by=None) == "no_series"
    series()
    stale = Invoice.objects.get()
    issue_invoice(invoice, by=None)
    assert refusal(issue_invoice, stale, by=None) == "already_issued"
    assert refusal(discard_draft, stale, by=None) == "already_issued"
    empty = Invoice.objects.create(customer=invoice.customer, currency="EUR")
    assert refusal(issue_invoice, empty, by=None) == "draft_is_empty"
    gone = Invoice.objects.get(pk=empty.pk)
    discard_draft(empty, by=None)
    assert refusal(discard_draft, gone, by=None) == "draft_gone"


def test_a_credit_note_is_the_negated_copy_with_its_own_numbers() -> None:
    handling("33.33")
    invoice = issued("S-1", "S-2")
    note = credit_invoice(invoice, reason="Wrong customer", by=None)
    assert (note.kind, note.number, note.credits) == (DocumentKind.CREDIT_NOTE, "CRN000001", invoice)
    assert (note.net, note.tax, note.total) == (-invoice.net, -invoice.tax, -invoice.total)
    assert [(line.quantity, line.net) for line in note.lines.all()] == [(-1, Decimal("-33.33"))] * 2
    assert charge_states() == [ChargeState.INVOICED] * 4
    assert {c.explanation for c in Charge.objects.filter(cause=ChargeCause.CREDIT)} == {"Credited: Wrong customer"}
    assert sum(Accrual.objects.values_list("amount", flat=True)) == 0


def test_an_invoice_is_credited_once() -> None:
    handling()
    invoice = issued()
    note = credit_invoice(invoice, reason="Wrong", by=None)
    assert refusal(credit_invoice, invoice, reason="Again", by=None) == "already_credited"
    assert refusal(credit_invoice, note, reason="Back", by=None) == "not_an_invoice"


def test_a_draft_or_a_credit_without_reason_is_refused() -> None:
    handling()
    invoice = drafted()
    assert refusal(credit_invoice, invoice, reason="Wrong", by=None) == "not_issued"
    series()
    issue_invoice(invoice, by=None)
    assert refusal(credit_invoice, invoice, reason=" ", by=None) == "reason_missing"


def test_what_a_person_credited_is_not_charged_again_by_itself() -> None:
    handling()
    credit_invoice(issued(), reason="Goodwill", by=None)
    shipment = Charge.objects.first().shipment
    for at in (None, Charge.objects.first().earned_at):
        reach(shipment, at=at)
        rate_due()
    assert charge_states() == [ChargeState.INVOICED] * 2


def test_a_credit_takes_proposed_ones_along_and_leaves_out_what_is_credited() -> None:
    handling()
    invoice = issued("S-1", "S-2", "S-3")
    for reference in ("S-1", "S-2"):
        reach(Charge.objects.get(shipment__reference=reference).shipment, at=None)
        rate_due()
        if reference == "S-1":
            [partial] = create_drafts(invoice.customer, by=None)
            assert refusal(credit_invoice, invoice, reason="All", by=None) == "credit_is_drafted"
            issue_invoice(partial, by=None)
    note = credit_invoice(invoice, reason="All", by=None)
    assert [line.shipment_reference for line in note.lines.all()] == ["S-2", "S-3"]
    assert partial.total + note.total + invoice.total == 0


def test_a_proposal_that_was_dropped_counts_again_when_a_person_credits() -> None:
    handling()
    invoice = issued()
    shipment = Charge.objects.get().shipment
    for at in (None, Charge.objects.get().earned_at):
        reach(shipment, at=at)
        rate_due()
    note = credit_invoice(invoice, reason="Goodwill", by=None)
    reversal = InvoiceLine.objects.get(invoice=note).charge
    assert (reversal.state, reversal.cause, reversal.sequence) == (ChargeState.INVOICED, ChargeCause.CREDIT, 2)


def test_customers_see_issued_documents_and_sold_charges_of_their_own_and_change_nothing() -> None:
    handling()
    customer = PartnerFactory()
    own = issued("S-1", customer=customer)
    drafted("S-2", customer=customer)
    issued("S-3")
    Charge.objects.filter(shipment__reference="S-2").update(side="buy")
    for role, seen in ((Role.ADMINISTRATOR, [own]), (Role.VIEWER, [])):
        person = member(customer, role)
        assert list(Invoice.objects.for_user(person)) == seen
        assert [line.invoice for line in InvoiceLine.objects.for_user(person)] == seen
        assert [c.shipment.reference for c in Charge.objects.for_user(person)] == ["S-1"] * len(seen)
        assert list(Invoice.objects.for_user(person, "change")) == []
