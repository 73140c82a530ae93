"""From the bytes a carrier sends to a numbered, exported invoice; and all of it a second time, for nothing."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pypdfium2
import pytest

from billing.enums import ChargeState, ExportFormat, InvoiceState
from billing.models import Accrual, Charge, Invoice
from billing.rendering import invoice_pdf
from billing.services import create_drafts, export_invoices, issue_invoice, rate_due
from core.invariants import check
from milestones.models import Journey, Milestone, ShipmentException
from milestones.services import evaluate_due
from partners.enums import InternalGroup
from partners.models import Delivery, Notification
from portal.management.commands.verify import INVARIANTS
from shipments.drafts import ShipmentDraft
from shipments.enums import Format, Mode
from shipments.models import Event, Location, Message, Shipment
from shipments.services import create_shipment, ingest_waiting, receive
from tests.factories.partners import PartnerFactory, internal, subscribed
from tests.factories.shipments import SourceFactory

PICKED_UP, DELIVERED = ("AF", "20261102", "0810", "LOS ANGELES*CA*US"), ("D1", "20261105", "1745", "CHICAGO*IL*US")


def interchange(number: int, *statuses: tuple[str, str, str, str]) -> bytes:
    sets = "".join(
        f"ST*214*{n:04d}~\nB10*77001234*REF9*PRFT~\nLX*1~\nAT7*{code}*NS***{day}*{clock}*LT~\nMS1*{place}~\nSE*6*{n:04d}~\n"
        for n, (code, day, clock, place) in enumerate(statuses, start=1)
    )
    return (
        f"ISA*00*{'':10}*00*{'':10}*02*{'PRFT':15}*ZZ*{'WAYMARK':15}*261105*1800*U*00401*{number:09d}*0*P*>~\n"
        f"GS*QM*PRFT*WAYMARK*20261105*1800*{number}*X*004010~\n{sets}GE*{len(statuses)}*{number}~\nIEA*1*{number:09d}~\n"
    ).encode()


@pytest.fixture
def trucker(db):
    return SourceFactory(format=Format.X12_214)


@pytest.fixture
def shipment(db):
    draft = ShipmentDraft(
        reference="R-1",
        mode=Mode.ROAD,
        origin=Location.objects.get(unlocode="USLAX", facility_code=""),
        destination=Location.objects.get(unlocode="USCHI", facility_code=""),
        customer=PartnerFactory(code="ACME", billing_currency="EUR"),
        references=(("pro", "77001234"),),
        etd=datetime(2026, 11, 2, 16, tzinfo=UTC),
        eta=datetime(2026, 11, 4, 20, tzinfo=UTC),
    )
    return create_shipment(draft, by=None)


def run_everything() -> None:
    while ingest_waiting() + evaluate_due() + rate_due():
        pass


def contents() -> dict[str, object]:
    """What stands in the rows, without what a second delivery may count."""
    return {
        "events": sorted(Event.objects.values_list("fingerprint", flat=True)),
        "milestones": sorted(Milestone.objects.values_list("slot", "actual_at", "state", "deviation"), key=str),
        "cases": sorted(ShipmentException.objects.values_list("slot", "kind", "state", "summary")),
        "charges": sorted(Charge.objects.values_list("slot", "sequence", "amount", "state")),
        "accruals": sorted(Accrual.objects.values_list("charge__slot", "sequence", "amount")),
        "invoices": sorted(Invoice.objects.values_list("number", "total", "digest")),
        "told": sorted(Notification.objects.values_list("key", flat=True)),
        "deliveries": Delivery.objects.count(),
        "revisions": sorted(Journey.objects.values_list("revision", flat=True)),
    }


def test_a_message_becomes_a_timeline_an_exception_a_notice_a_charge_an_invoice_and_an_export(trucker, shipment):
    finance = internal(InternalGroup.FINANCE)
    subscribed(internal(InternalGroup.OPERATIONS), None, topic="exception_opened")
    receive(trucker, interchange(1, PICKED_UP))
    run_everything()
    receive(trucker, interchange(2, DELIVERED))
    run_everything()

    reached = dict(Milestone.objects.filter(is_inferred=False).reached().values_list("type_id", "actual_at"))
    assert reached == {
        "PICKED_UP": datetime(2026, 11, 2, 16, 10, tzinfo=UTC),
        "DELIVERED": datetime(2026, 11, 5, 23, 45, tzinfo=UTC),
    }
    assert ShipmentException.objects.filter(shipment=shipment).exists()
    assert Notification.objects.filter(topic="exception_opened").count() == Delivery.objects.count() > 0
    assert dict(Charge.objects.values_list("charge_code", "amount")) == {
        "PICKUP": Decimal("85.000"),
        "DELIVERY": Decimal("95.000"),
    }

    (draft,) = create_drafts(shipment.customer, by=finance)
    invoice = issue_invoice(draft, by=finance)
    batch = export_invoices(Invoice.objects.not_exported(ExportFormat.JOURNAL_CSV), by=finance)
    # 180.00 net and 21 % on both lines.
    assert (invoice.state, invoice.number, invoice.total) == (InvoiceState.ISSUED, "INV000001", Decimal("217.800"))
    assert batch.totals == {"EUR": {"debit": "217.80", "credit": "217.80"}}
    page = pypdfium2.PdfDocument(invoice_pdf(invoice))[0].get_textpage().get_text_range()
    assert all(text in page for text in ("INV000001", "217.80", "R-1"))
    assert [finding.invariant.name for finding in map(check, INVARIANTS) if finding.broken] == []


def test_a_second_delivery_of_everything_bills_nothing_twice(trucker, shipment):
    payloads = [interchange(1, PICKED_UP), interchange(2, DELIVERED)]
    for payload in payloads:
        receive(trucker, payload)
    run_everything()
    for draft in create_drafts(shipment.customer, by=None):
        issue_invoice(draft, by=None)
    run_everything()
    before = contents()

    assert [receive(trucker, payload).is_duplicate for payload in payloads] == [True, True]
    receive(trucker, interchange(3, DELIVERED, PICKED_UP))
    run_everything()
    create_drafts(Charge.objects.filter(state=ChargeState.UNBILLED), by=None)

    assert contents() == before
    assert sorted(Message.objects.values_list("deliveries", "events_duplicate")) == [(1, 2), (2, 0), (2, 0)]
    assert Shipment.objects.count() == 1
