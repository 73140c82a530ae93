"""Closed vocabularies of the billing app and the tables of allowed moves."""

from __future__ import annotations

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Side(TextChoices):
    SELL = "sell", _("Sell")
    BUY = "buy", _("Buy")


class RateBasis(TextChoices):
    PER_SHIPMENT = "shipment", _("Per shipment")
    PER_UNIT = "unit", _("Per unit (container, ULD, package)")


class ChargeState(TextChoices):
    """`cancelled`: its cause was retracted before it was invoiced."""

    UNBILLED = "unbilled", _("Unbilled")
    DRAFTED = "drafted", _("On a draft")
    INVOICED = "invoiced", _("Invoiced")
    CANCELLED = "cancelled", _("Cancelled")


CHARGE_MOVES: dict[str, frozenset[str]] = {
    ChargeState.UNBILLED: frozenset({ChargeState.DRAFTED, ChargeState.CANCELLED}),
    ChargeState.DRAFTED: frozenset({ChargeState.UNBILLED, ChargeState.INVOICED, ChargeState.CANCELLED}),
    ChargeState.CANCELLED: frozenset({ChargeState.UNBILLED}),
}


class ChargeCause(TextChoices):
    """Why a charge is there. Only what a person credited is never charged again by itself."""

    MILESTONE = "milestone", _("Milestone reached")
    RETRACTION = "retraction", _("Milestone retracted")
    CREDIT = "credit", _("Credited by a person")


class AccrualReason(TextChoices):
    EARNED = "earned", _("Earned")
    BILLED = "billed", _("Billed")
    REVERSED = "reversed", _("Reversed")


class DocumentKind(TextChoices):
    INVOICE = "invoice", _("Invoice")
    CREDIT_NOTE = "credit_note", _("Credit note")


class InvoiceState(TextChoices):
    DRAFT = "draft", _("Draft")
    ISSUED = "issued", _("Issued")


INVOICE_MOVES: dict[str, frozenset[str]] = {
    InvoiceState.DRAFT: frozenset({InvoiceState.ISSUED}),
}


class ExportFormat(TextChoices):
    JOURNAL_CSV = "journal_csv", _("Journal (CSV)")
