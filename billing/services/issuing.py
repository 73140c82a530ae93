"""Issuing: the number, the frozen copy and the seal, in one transaction. What is issued never changes again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from billing.documents import digest
from billing.enums import INVOICE_MOVES, AccrualReason, ChargeCause, ChargeState, DocumentKind, InvoiceState
from billing.models import Charge, Invoice, InvoiceSeries
from billing.services.accruals import book
from billing.services.copying import document_of
from billing.services.drafting import Heading, draft_of, lock_charges, lock_draft, move_charges
from billing.services.money import hand_over_money
from billing.services.taking_back import restore_reversals, reverse_charges
from core.errors import DomainError
from core.money import rounded
from core.states import move
from partners.enums import IdentifierScheme, Topic
from partners.models import Partner, PartnerIdentifier, User
from partners.services import notify
from partners.stories import Story


@transaction.atomic
def issue_invoice(invoice: Invoice, *, by: User | None) -> Invoice:
    """Give a draft its number, freeze and seal it. Raises DomainError when it is no draft any more or has no line."""
    charges = lock_charges(Charge.objects.filter(invoice_line__invoice=invoice))
    lock_draft(invoice)
    if not charges:
        raise DomainError("draft_is_empty", "A document without lines cannot be issued.")
    _issue(invoice, charges, by=by)
    return invoice


@transaction.atomic
def credit_invoice(invoice: Invoice, *, reason: str, by: User | None) -> Invoice:
    """Take back what of an issued invoice is not credited yet: issues a credit note with every line negated.

    Credits that were proposed for it are taken along. Raises DomainError for a draft, a credit note, an empty reason,
    and when nothing is left to credit.
    """
    _refuse_credit(invoice, reason)
    reversals = _reversals(invoice, explanation=f"Credited: {reason.strip()}"[:300])
    if not reversals:
        raise DomainError("already_credited", f"{invoice.number} is credited already.", conflict=True)
    note = draft_of(Heading(invoice.customer_id, invoice.currency, invoice.pk), reversals, by=by)
    move_charges([charge.pk for charge in reversals], to=ChargeState.DRAFTED)
    _issue(note, reversals, by=by)
    hand_over_money({charge.shipment_id for charge in reversals}, now=timezone.now())
    return note


def _reversals(invoice: Invoice, *, explanation: str) -> list[Charge]:
    """The reversals that a credit note for the whole invoice may take: proposed ones, and new ones for the rest."""
    charges = lock_charges(Charge.objects.filter(invoice_line__invoice=invoice))
    proposed = lock_charges(Charge.objects.filter(reverses__in=charges))
    if any(charge.state == ChargeState.DRAFTED for charge in proposed):
        raise DomainError(
            "credit_is_drafted", "A credit for it is drafted: issue or discard that draft.", conflict=True
        )
    answered = {charge.reverses_id for charge in proposed}
    new = reverse_charges(
        [charge.pk for charge in charges if charge.pk not in answered],
        cause=ChargeCause.CREDIT,
        explanation=explanation,
    )
    dropped = [charge.pk for charge in proposed if charge.state == ChargeState.CANCELLED]
    restore_reversals(dropped, cause=ChargeCause.CREDIT, explanation=explanation)
    taken = [*new, *dropped, *(charge.pk for charge in proposed if charge.state == ChargeState.UNBILLED)]
    return lock_charges(Charge.objects.filter(pk__in=taken))


def _refuse_credit(invoice: Invoice, reason: str) -> None:
    if not reason.strip():
        raise DomainError("reason_missing", "Say why it is credited.", field="reason")
    if invoice.kind != DocumentKind.INVOICE:
        raise DomainError("not_an_invoice", "Only an invoice can be credited.")
    if invoice.state != InvoiceState.ISSUED:
        raise DomainError("not_issued", "A draft is discarded, not credited.", conflict=True)


def _issue(invoice: Invoice, charges: Sequence[Charge], *, by: User | None) -> None:
    frozen = _frozen_customer(invoice.customer)
    for name, value in (frozen | _numbered(invoice)).items():
        setattr(invoice, name, value)
    sealed: dict[str, Any] = {name: getattr(invoice, name) for name in _SEALED}
    move(invoice, INVOICE_MOVES, to=InvoiceState.ISSUED, issued_by=by, digest=digest(document_of(invoice)), **sealed)
    ids = [charge.pk for charge in charges]
    move_charges(ids, to=ChargeState.INVOICED)
    book(ids, reason=AccrualReason.BILLED)
    notify([_story(invoice)])


_SEALED = (
    "series", "sequence_number", "number", "issued_at", "issued_on", "due_on", "issuer_name", "issuer_address",
    "issuer_tax_id", "customer_name", "customer_address", "customer_tax_id",
)  # fmt: skip


def _frozen_customer(customer: Partner) -> dict[str, Any]:
    tax_id = PartnerIdentifier.objects.filter(partner=customer, scheme=IdentifierScheme.TAX_ID).order_by("pk").first()
    return {
        "customer_name": customer.name,
        "customer_address": customer.billing_address,
        "customer_tax_id": tax_id.value if tax_id else "",
    }


def _numbered(invoice: Invoice) -> dict[str, Any]:
    """The next number of the series. Its row stays locked until the end, so numbers have no gap and are in order."""
    series = InvoiceSeries.objects.select_for_update().filter(kind=invoice.kind).order_by("pk").first()
    if series is None:
        raise DomainError("no_series", "There is no number series for this kind of document.")
    number = series.next_number
    series.next_number = number + 1
    series.save(update_fields=["next_number"])
    now = timezone.now()
    day = now.date()
    is_invoice = invoice.kind == DocumentKind.INVOICE
    return {
        "series": series,
        "sequence_number": number,
        "number": f"{series.prefix}{number:06d}",
        "issued_at": now,
        "issued_on": day,
        "due_on": day + timedelta(days=invoice.customer.payment_days) if is_invoice else None,
        "issuer_name": series.issuer_name,
        "issuer_address": series.issuer_address,
        "issuer_tax_id": series.issuer_tax_id,
    }


def _story(invoice: Invoice) -> Story:
    due = {"due_on": invoice.due_on.isoformat()} if invoice.due_on else {}
    facts = {
        "reference": invoice.number,
        "number": invoice.number,
        "path": f"/portal/invoices/{invoice.public_id}/",
        "amount": f"{rounded(invoice.total, invoice.currency):f}",
        "currency": invoice.currency,
        **due,
    }
    return Story(
        topic=Topic.INVOICE_ISSUED,
        key=f"invoice_issued:{invoice.public_id}",
        subject=f"invoice:{invoice.public_id}",
        facts=facts,
        partner_ids=frozenset({invoice.customer_id}),
    )
