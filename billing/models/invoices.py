"""The documents that ask for the money, and their hand-over to the accounting system."""

from __future__ import annotations

import uuid
from decimal import Decimal
from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from billing.enums import (
    DocumentKind,
    ExportFormat,
    InvoiceState,
)
from billing.models.charges import FOR_CUSTOMER, Charge, MoneyQuerySet
from partners.access import INTERNAL, Access, ScopedQuerySet
from partners.enums import Permission
from partners.models import Partner, User


class InvoiceSeries(models.Model):
    """A numbering circle. `next_number` moves only inside the transaction that issues (row lock = order = no gaps)."""

    access: ClassVar[Access] = INTERNAL

    code = models.CharField(_("code"), max_length=16, unique=True)
    prefix = models.CharField(_("prefix"), max_length=16)
    kind = models.CharField(_("kind"), max_length=16, choices=DocumentKind.choices)
    next_number = models.PositiveIntegerField(_("next number"), default=1)
    issuer_name = models.CharField(_("issuer"), max_length=200)
    issuer_address = models.TextField(_("issuer's address"), blank=True)
    issuer_tax_id = models.CharField(_("issuer's tax number"), max_length=64, blank=True)

    objects = ScopedQuerySet["InvoiceSeries"].as_manager()

    class Meta:
        verbose_name = _("number series")
        verbose_name_plural = _("number series")
        constraints = [models.CheckConstraint(condition=Q(next_number__gte=1), name="series_counts_from_one")]

    def __str__(self) -> str:
        return self.code


class InvoiceQuerySet(MoneyQuerySet["Invoice"]):
    shown_to_customers = Q(state=InvoiceState.ISSUED)

    def issued(self) -> InvoiceQuerySet:
        return self.filter(state=InvoiceState.ISSUED)

    def not_exported(self, export_format: str) -> InvoiceQuerySet:
        """Issued documents that are in no batch of this format."""
        return self.issued().exclude(pk__in=ExportedInvoice.objects.filter(format=export_format).values("invoice_id"))


class Invoice(models.Model):
    """An invoice or a credit note. Issued: numbered, a frozen copy of all its facts, never changed (by trigger)."""

    access: ClassVar[Access] = FOR_CUSTOMER

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    kind = models.CharField(_("kind"), max_length=16, choices=DocumentKind.choices, default=DocumentKind.INVOICE)
    state = models.CharField(_("state"), max_length=16, choices=InvoiceState.choices, default=InvoiceState.DRAFT)
    customer = models.ForeignKey(Partner, on_delete=models.PROTECT, related_name="invoices", verbose_name=_("customer"))
    currency = models.CharField(_("currency"), max_length=3)
    credits = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="credit_notes", verbose_name=_("credits")
    )
    series = models.ForeignKey(
        InvoiceSeries,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="invoices",
        verbose_name=_("series"),
    )
    sequence_number = models.PositiveIntegerField(_("number in the series"), null=True, blank=True)
    number = models.CharField(_("number"), max_length=32, blank=True)
    issued_at = models.DateTimeField(_("issued"), null=True, blank=True)
    issued_on = models.DateField(_("invoice date"), null=True, blank=True)
    due_on = models.DateField(_("due"), null=True, blank=True)
    issued_by = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("issued by")
    )
    issuer_name = models.CharField(_("issuer"), max_length=200, blank=True)
    issuer_address = models.TextField(_("issuer's address"), blank=True)
    issuer_tax_id = models.CharField(_("issuer's tax number"), max_length=64, blank=True)
    customer_name = models.CharField(_("customer name"), max_length=200, blank=True)
    customer_address = models.TextField(_("customer address"), blank=True)
    customer_tax_id = models.CharField(_("tax number"), max_length=64, blank=True)
    net = models.DecimalField(_("net"), max_digits=16, decimal_places=3, default=Decimal(0))
    tax = models.DecimalField(_("tax"), max_digits=16, decimal_places=3, default=Decimal(0))
    total = models.DecimalField(_("total"), max_digits=16, decimal_places=3, default=Decimal(0))
    digest = models.CharField(_("SHA-256 of the issued facts"), max_length=64, blank=True, editable=False)
    created_at = models.DateTimeField(_("created"), db_default=Now(), editable=False)
    created_by = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("created by")
    )

    objects = InvoiceQuerySet.as_manager()

    class Meta:
        verbose_name = _("invoice")
        verbose_name_plural = _("invoices")
        indexes = [models.Index(fields=["customer", "-id"], name="invoice_by_customer")]
        constraints = [
            models.UniqueConstraint(fields=["series", "sequence_number"], name="invoice_number_is_unique"),
            models.CheckConstraint(condition=Q(state__in=InvoiceState.values), name="invoice_state_is_known"),
            models.CheckConstraint(
                condition=Q(state=InvoiceState.DRAFT, number="", sequence_number=None)
                | (
                    Q(
                        state=InvoiceState.ISSUED,
                        series__isnull=False,
                        sequence_number__isnull=False,
                        issued_at__isnull=False,
                        issued_on__isnull=False,
                    )
                    & ~Q(number="")
                    & ~Q(digest="")
                ),
                name="invoice_issued_is_numbered_and_sealed",
            ),
            models.CheckConstraint(condition=Q(total=F("net") + F("tax")), name="invoice_total_is_net_and_tax"),
            models.CheckConstraint(
                condition=Q(kind=DocumentKind.INVOICE, credits=None)
                | Q(kind=DocumentKind.CREDIT_NOTE, credits__isnull=False),
                name="credit_note_names_its_invoice",
            ),
        ]

    def __str__(self) -> str:
        return self.number or f"{self.get_state_display()} {self.pk}"


class InvoiceLineQuerySet(MoneyQuerySet["InvoiceLine"]):
    shown_to_customers = Q(invoice__state=InvoiceState.ISSUED)


class InvoiceLine(models.Model):
    """A frozen copy of a charge; a charge is on at most one live line."""

    access: ClassVar[Access] = Access(paths=("invoice__customer",), view=Permission.VIEW_INVOICES)

    invoice = models.ForeignKey(Invoice, on_delete=models.CASCADE, related_name="lines", verbose_name=_("invoice"))
    position = models.PositiveSmallIntegerField(_("position"))
    charge = models.OneToOneField(
        Charge, on_delete=models.PROTECT, related_name="invoice_line", verbose_name=_("charge")
    )
    shipment_reference = models.CharField(_("shipment"), max_length=64)
    charge_code = models.CharField(_("charge code"), max_length=24)
    description = models.CharField(_("description"), max_length=200)
    quantity = models.DecimalField(_("quantity"), max_digits=12, decimal_places=3)
    price = models.DecimalField(_("price"), max_digits=14, decimal_places=4)
    net = models.DecimalField(_("net"), max_digits=16, decimal_places=3)
    tax_percent = models.DecimalField(_("tax in percent"), max_digits=5, decimal_places=2)

    objects = InvoiceLineQuerySet.as_manager()

    class Meta:
        verbose_name = _("invoice line")
        verbose_name_plural = _("invoice lines")
        ordering = ["position"]
        constraints = [models.UniqueConstraint(fields=["invoice", "position"], name="invoice_line_position_is_unique")]

    def __str__(self) -> str:
        return f"{self.position}: {self.description}"


class ExportBatch(models.Model):
    """A frozen hand-over to the accounting system: its bytes and their hash, downloadable again, byte for byte."""

    access: ClassVar[Access] = INTERNAL

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    format = models.CharField(_("format"), max_length=16, choices=ExportFormat.choices)
    created_at = models.DateTimeField(_("created"), db_default=Now(), editable=False)
    created_by = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("created by")
    )
    content = models.BinaryField(_("content"), editable=False)
    digest = models.CharField(_("SHA-256"), max_length=64, editable=False)
    rows = models.PositiveIntegerField(_("rows"))
    totals = models.JSONField(_("totals"), default=dict, help_text=_("Per currency: debit and credit"))

    objects = ScopedQuerySet["ExportBatch"].as_manager()

    class Meta:
        verbose_name = _("export batch")
        verbose_name_plural = _("export batches")

    def __str__(self) -> str:
        return f"{self.get_format_display()} {self.pk}"


class ExportedInvoice(models.Model):
    """An issued document is in exactly one batch per format."""

    access: ClassVar[Access] = INTERNAL

    batch = models.ForeignKey(ExportBatch, on_delete=models.PROTECT, related_name="documents", verbose_name=_("batch"))
    invoice = models.ForeignKey(Invoice, on_delete=models.PROTECT, related_name="exports", verbose_name=_("invoice"))
    format = models.CharField(max_length=16, choices=ExportFormat.choices)

    objects = ScopedQuerySet["ExportedInvoice"].as_manager()

    class Meta:
        verbose_name = _("exported invoice")
        constraints = [
            models.UniqueConstraint(fields=["invoice", "format"], name="invoice_is_exported_once_per_format")
        ]

    def __str__(self) -> str:
        return f"{self.invoice_id} in {self.batch_id}"
