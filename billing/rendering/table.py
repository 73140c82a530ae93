"""The lines of one document as CSV."""

from __future__ import annotations

from billing.exports.csv_rows import csv_bytes
from billing.models import Invoice
from billing.services import document_of

_HEADER = (
    "document", "kind", "date", "due", "customer", "shipment", "charge_code", "description", "quantity", "price", "net",
    "tax_percent", "currency",
)  # fmt: skip


def invoice_csv(invoice: Invoice) -> bytes:
    """One row a line, see `csv_bytes`. Date and due date are ISO 8601, empty on a draft."""
    document = document_of(invoice)
    day = document.issued_on.isoformat() if document.issued_on else ""
    due = document.due_on.isoformat() if document.due_on else ""
    rows = (
        (
            document.number,
            document.kind,
            day,
            due,
            document.customer.name,
            line.shipment,
            line.charge_code,
            line.description,
            line.quantity,
            line.price,
            line.net,
            line.tax_percent,
            document.currency,
        )
        for line in document.lines
    )
    return csv_bytes(_HEADER, rows)
