"""The tables of the billing app."""

from billing.models.charges import Accrual, Charge, ShipmentAccount
from billing.models.invoices import ExportBatch, ExportedInvoice, Invoice, InvoiceLine, InvoiceSeries
from billing.models.tariffs import ChargeRule, Tariff, TariffRate

__all__ = [
    "Accrual",
    "Charge",
    "ChargeRule",
    "ExportBatch",
    "ExportedInvoice",
    "Invoice",
    "InvoiceLine",
    "InvoiceSeries",
    "ShipmentAccount",
    "Tariff",
    "TariffRate",
]
