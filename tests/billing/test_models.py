"""Every constraint, broken once."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import date
from decimal import Decimal

import pytest
from django.apps import apps
from django.db import connection, models, transaction
from django.db.utils import IntegrityError
from django.utils import timezone

from billing.enums import ChargeCause, ChargeState, DocumentKind, ExportFormat, InvoiceState
from billing.models import (
    Accrual,
    Charge,
    ExportBatch,
    ExportedInvoice,
    Invoice,
    InvoiceLine,
    InvoiceSeries,
    Tariff,
    TariffRate,
)
from tests.factories.billing import TariffFactory, TariffRateFactory, charged, drafted, handling

pytestmark = pytest.mark.django_db


def copied(row: models.Model, **changes: object) -> models.Model:
    """The same row once more, with other values."""
    row.pk = None
    row._state.adding = True
    for name, value in changes.items():
        setattr(row, name, value)
    if hasattr(row, "public_id"):
        row.public_id = uuid.uuid4()
    row.save()
    return row


def charge(**changes: object) -> Charge:
    handling()
    made = charged()
    Charge.objects.filter(pk=made.pk).update(**changes)
    return made


def invoice(**changes: object) -> Invoice:
    made = drafted()
    Invoice.objects.filter(pk=made.pk).update(**changes)
    return made


def two_invoices_of_one_number() -> None:
    series = InvoiceSeries.objects.create(code="X", prefix="X", kind=DocumentKind.INVOICE, issuer_name="X")
    sealed = {
        "state": InvoiceState.ISSUED,
        "series": series,
        "sequence_number": 1,
        "digest": "x",
        "issued_at": timezone.now(),
        "issued_on": date(2026, 11, 22),
    }
    customer = charge().customer
    for number in ("X1", "X2"):
        Invoice.objects.create(customer=customer, currency="EUR", number=number, **sealed)


def exported_twice() -> None:
    handling()
    document = invoice()
    for _ in range(2):
        batch = ExportBatch.objects.create(format=ExportFormat.JOURNAL_CSV, content=b"", digest="", rows=0)
        ExportedInvoice.objects.create(batch=batch, invoice=document, format=ExportFormat.JOURNAL_CSV)


def positioned_twice() -> None:
    handling()
    drafted("S-1", "S-2")
    InvoiceLine.objects.update(position=1)


def in_an_unknown_state() -> None:
    """The seal of issued ones would refuse it as well, and first."""
    handling()
    drafted()
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE billing_invoice DROP CONSTRAINT invoice_issued_is_numbered_and_sealed")
    Invoice.objects.update(state="lost")


def charged_with(**changes: object) -> Callable[[], object]:
    return lambda: charge(**changes)


def drafted_with(**changes: object) -> Callable[[], object]:
    def make() -> None:
        handling()
        invoice(**changes)

    return make


BROKEN: dict[str, Callable[[], object]] = {
    "tariff_ends_after_it_starts": lambda: TariffFactory(valid_until=date(2025, 12, 31)),
    "tariff_currency_is_iso_4217": lambda: TariffFactory(currency="Eur"),
    "rate_is_unique_in_its_tariff": lambda: copied(TariffRateFactory()),
    "rate_price_is_not_negative": lambda: TariffRateFactory(price=Decimal("-0.01")),
    "rate_tax_is_a_percentage": lambda: TariffRateFactory(tax_percent=Decimal("100.01")),
    "charge_is_made_once": lambda: copied(charge()),
    "charge_state_is_known": charged_with(state="lost"),
    "charge_cancelled_says_why": charged_with(state=ChargeState.CANCELLED),
    "charge_is_negative_only_when_it_reverses": charged_with(amount=Decimal(-1)),
    "charge_cause_fits_what_it_is": charged_with(cause=ChargeCause.CREDIT),
    "accrual_is_booked_once": lambda: (charge(), copied(Accrual.objects.get())),
    "series_counts_from_one": lambda: InvoiceSeries.objects.create(code="X", prefix="X", next_number=0),
    "invoice_number_is_unique": two_invoices_of_one_number,
    "invoice_state_is_known": in_an_unknown_state,
    "invoice_issued_is_numbered_and_sealed": drafted_with(state=InvoiceState.ISSUED),
    "invoice_total_is_net_and_tax": drafted_with(total=Decimal(1)),
    "credit_note_names_its_invoice": drafted_with(kind=DocumentKind.CREDIT_NOTE),
    "invoice_line_position_is_unique": positioned_twice,
    "invoice_is_exported_once_per_format": exported_twice,
}


@pytest.mark.parametrize("name", sorted(BROKEN))
def test_the_database_keeps_it(name: str) -> None:
    with pytest.raises(IntegrityError) as refused, transaction.atomic():
        BROKEN[name]()
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    assert refused.value.__cause__.diag.constraint_name == name


def test_every_constraint_of_the_app_is_tried() -> None:
    declared = {c.name for model in apps.get_app_config("billing").get_models() for c in model._meta.constraints}
    assert declared == set(BROKEN)


def test_a_charge_is_on_one_line() -> None:
    handling()
    drafted()
    with pytest.raises(IntegrityError):
        copied(InvoiceLine.objects.get(), position=2)


def test_a_charge_is_reversed_by_one_row() -> None:
    original = charge()
    reversal = copied(
        Charge.objects.get(), sequence=2, reverses=original, cause=ChargeCause.RETRACTION, amount=-original.amount
    )
    with pytest.raises(IntegrityError):
        copied(reversal, sequence=3)


def test_rows_read_as_people_name_them() -> None:
    handling()
    draft = drafted()
    rate = TariffRate.objects.get(tariff__code__startswith="TEST")
    assert (str(rate), str(Tariff.objects.get(pk=rate.tariff_id)), str(draft)) == (
        "HANDLING 100.0000", rate.tariff.name, f"Draft {draft.pk}",
    )  # fmt: skip
    assert (str(InvoiceLine.objects.get()), str(Accrual.objects.get())) == ("1: Handling", "100.000 EUR")
