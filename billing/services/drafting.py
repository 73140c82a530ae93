"""Drafts: charges put together for a customer, before they have a number."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from django.db import transaction
from django.db.models import QuerySet

from billing.documents import totals
from billing.enums import CHARGE_MOVES, ChargeState, DocumentKind, InvoiceState
from billing.models import Charge, Invoice, InvoiceLine
from core.bulk import insert_rows, update_rows
from core.errors import DomainError
from partners.models import Partner, User

# Whoever locks, locks in this order: charges by id, then documents by id, then the number series.


@dataclass(frozen=True, slots=True)
class Heading:
    """What charges must share to stand on one document. `credits`: the invoice that reversals answer."""

    customer: int
    currency: str
    credits: int | None


ChosenCharges: TypeAlias = Partner | QuerySet[Charge]


@transaction.atomic
def create_drafts(charges: ChosenCharges, *, by: User | None) -> list[Invoice]:
    """One draft a customer and currency for the billable among `charges` (or of a customer).

    Proposed credits become drafts of credit notes, one for each invoice they answer. Charges that somebody else has put
    on a draft meanwhile are left out, so pressing twice makes one draft.
    """
    grouped: dict[Heading, list[Charge]] = defaultdict(list)
    for charge in lock_billable(charges):
        answered = charge.reverses.invoice_line.invoice_id if charge.reverses else None
        grouped[Heading(charge.customer_id, charge.currency, answered)].append(charge)
    drafts = [draft_of(heading, members, by=by) for heading, members in grouped.items()]
    move_charges([charge.pk for members in grouped.values() for charge in members], to=ChargeState.DRAFTED)
    return drafts


@transaction.atomic
def discard_draft(invoice: Invoice, *, by: User | None) -> None:
    """Throw a draft away; its charges are unbilled again. Raises DomainError when it was issued meanwhile."""
    charges = lock_charges(Charge.objects.filter(invoice_line__invoice=invoice))
    lock_draft(invoice)
    InvoiceLine.objects.filter(invoice=invoice).delete()
    invoice.delete()
    move_charges([charge.pk for charge in charges], to=ChargeState.UNBILLED)


def lock_billable(charges: ChosenCharges) -> list[Charge]:
    """Lock what a draft may take, by id. Waits for other drafters and sees what they left."""
    chosen = {"customer": charges} if isinstance(charges, Partner) else {"pk__in": charges.order_by().values("pk")}
    return lock_charges(Charge.objects.billable().filter(**chosen))


def lock_charges(charges: QuerySet[Charge]) -> list[Charge]:
    rows = charges.select_for_update(of=("self",)).order_by("pk")
    return list(rows.select_related("shipment", "reverses__invoice_line"))


def lock_draft(invoice: Invoice) -> None:
    """Lock the document for the transaction and bring it up to date. Raises DomainError unless it is a draft."""
    found = Invoice.objects.select_for_update().filter(pk=invoice.pk).first()
    if found is None:
        raise DomainError("draft_gone", "Somebody else discarded this draft.", conflict=True)
    if found.state != InvoiceState.DRAFT:
        raise DomainError("already_issued", f"{found.number} is issued and never changes.", conflict=True)
    invoice.refresh_from_db()


def draft_of(heading: Heading, charges: Sequence[Charge], *, by: User | None) -> Invoice:
    """A draft with one line a charge, in the order of shipments. The caller holds the locks and moves the charges."""
    sums = totals(((charge.amount, charge.tax_percent) for charge in charges), heading.currency)
    invoice = Invoice.objects.create(
        kind=DocumentKind.INVOICE if heading.credits is None else DocumentKind.CREDIT_NOTE,
        customer_id=heading.customer,
        currency=heading.currency,
        credits_id=heading.credits,
        net=sums.net,
        tax=sums.tax,
        total=sums.total,
        created_by=by,
    )
    in_order = sorted(charges, key=lambda charge: (charge.shipment.reference, charge.pk))
    insert_rows(InvoiceLine, _LINE, [_line(invoice, n, charge) for n, charge in enumerate(in_order, 1)])
    return invoice


_LINE = (
    "invoice", "position", "charge", "shipment_reference", "charge_code", "description", "quantity", "price", "net",
    "tax_percent",
)  # fmt: skip


def _line(invoice: Invoice, position: int, charge: Charge) -> tuple[object, ...]:
    return (
        invoice.pk,
        position,
        charge.pk,
        charge.shipment.reference,
        charge.charge_code,
        charge.description,
        charge.quantity,
        charge.price,
        charge.amount,
        charge.tax_percent,
    )


def take_off_drafts(charge_ids: Collection[int]) -> None:
    """Remove the lines of these locked charges from drafts and sum those anew; a draft without lines goes."""
    touched = sorted(
        Invoice.objects.select_for_update()
        .filter(state=InvoiceState.DRAFT, pk__in=InvoiceLine.objects.filter(charge__in=charge_ids).values("invoice_id"))
        .order_by("pk")
        .values_list("pk", flat=True)
    )
    if not touched:
        return
    InvoiceLine.objects.filter(charge__in=charge_ids, invoice__in=touched).delete()
    _sum_anew(touched)


def _sum_anew(invoice_ids: Iterable[int]) -> None:
    left: dict[int, list[InvoiceLine]] = {pk: [] for pk in invoice_ids}
    for line in InvoiceLine.objects.filter(invoice__in=left).select_related("invoice"):
        left[line.invoice_id].append(line)
    summed = []
    for pk, lines in left.items():
        if lines:
            sums = totals(((line.net, line.tax_percent) for line in lines), lines[0].invoice.currency)
            summed.append((pk, sums.net, sums.tax, sums.total))
    update_rows(Invoice, ("id", "net", "tax", "total"), summed)
    Invoice.objects.filter(pk__in=[pk for pk, lines in left.items() if not lines]).delete()


def move_charges(charge_ids: Collection[int], *, to: ChargeState, reason: str = "") -> None:
    """Move locked charges; those whose state does not allow it stay as they are."""
    allowed = [state for state, targets in CHARGE_MOVES.items() if to in targets]
    Charge.objects.filter(pk__in=charge_ids, state__in=allowed).update(state=to, cancel_reason=reason)
