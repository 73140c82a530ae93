"""Rows of an invoice as the plain facts of `billing.documents`."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from django.db.models import prefetch_related_objects

from billing.documents import Document, DocumentLine, Party
from billing.models import Invoice, InvoiceLine
from core.money import rounded


def document_of(invoice: Invoice) -> Document:
    """One document. An issued one shows what was frozen, a draft what the customer is called today."""
    return documents_of([invoice])[0]


def documents_of(invoices: Iterable[Invoice]) -> list[Document]:
    """Many documents in the order given, in a constant number of queries."""
    found = list(invoices)
    prefetch_related_objects(found, "lines", "customer", "credits")
    return [_document(invoice) for invoice in found]


def _document(invoice: Invoice) -> Document:
    return Document(
        kind=invoice.kind,
        number=invoice.number,
        issued_on=invoice.issued_on,
        due_on=invoice.due_on,
        currency=invoice.currency,
        credits=invoice.credits.number if invoice.credits else "",
        issuer=Party(invoice.issuer_name, invoice.issuer_address, invoice.issuer_tax_id),
        customer=_customer(invoice),
        customer_code=invoice.customer.code,
        lines=tuple(_line(line, invoice.currency) for line in invoice.lines.all()),
    )


def _customer(invoice: Invoice) -> Party:
    if invoice.number:
        return Party(invoice.customer_name, invoice.customer_address, invoice.customer_tax_id)
    return Party(invoice.customer.name, invoice.customer.billing_address, "")


def _line(line: InvoiceLine, currency: str) -> DocumentLine:
    return DocumentLine(
        shipment=line.shipment_reference,
        charge_code=line.charge_code,
        description=line.description,
        quantity=_short(line.quantity),
        price=_short(line.price),
        net=rounded(line.net, currency),
        tax_percent=_short(line.tax_percent),
    )


def _short(number: Decimal) -> Decimal:
    """Without the zeros that only the column adds, never in scientific notation."""
    return Decimal(f"{number.normalize():f}")
