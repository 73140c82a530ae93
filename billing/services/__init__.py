"""The verbs of the billing app: the only code that writes its tables."""

from billing.services.copying import document_of, documents_of
from billing.services.drafting import create_drafts, discard_draft
from billing.services.exporting import export_invoices
from billing.services.issuing import credit_invoice, issue_invoice
from billing.services.rating import rate_behind, rate_due, rate_unpriced

__all__ = [
    "create_drafts",
    "credit_invoice",
    "discard_draft",
    "document_of",
    "documents_of",
    "export_invoices",
    "issue_invoice",
    "rate_behind",
    "rate_due",
    "rate_unpriced",
]
