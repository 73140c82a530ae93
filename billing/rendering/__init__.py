"""Documents as files: drawn for people, tabled for spreadsheets. The same document gives the same bytes."""

from billing.rendering.pdf import invoice_pdf
from billing.rendering.table import invoice_csv

__all__ = ["invoice_csv", "invoice_pdf"]
