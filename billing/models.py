"""Price lists, what they charge, and the documents that ask for the money."""

from __future__ import annotations

import uuid
from decimal import Decimal
from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from billing.enums import ChargeState, DocumentKind, ExportFormat, InvoiceState, RateBasis, Side
from milestones.enums import PlaceRole
from partners.access import INTERNAL, Access, ScopedQuerySet
from partners.enums import Permission
from partners.models import Partner, User
from shipments.enums import Mode
from shipments.models import MilestoneType, Shipment

FOR_CUSTOMER = Access(paths=("customer",), view=Permission.VIEW_INVOICES, change=Permission.VIEW_INVOICES)


class Tariff(models.Model):
    """A price list of one currency, for one customer or for all (customer empty)."""

    access: ClassVar[Access] = INTERNAL

    code = models.CharField(_("code"), max_length=40, unique=True)
    name = models.CharField(_("name"), max_length=100)
    side = models.CharField(_("side"), max_length=8, choices=Side.choices, default=Side.SELL)
    currency = models.CharField(_("currency"), max_length=3)
    customer = models.ForeignKey(
        Partner, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("customer")
    )
    valid_from = models.DateField(_("valid from"))
    valid_until = models.DateField(_("valid until"), null=True, blank=True)

    objects = ScopedQuerySet["Tariff"].as_manager()

    class Meta:
        verbose_name = _("tariff")
        verbose_name_plural = _("tariffs")
        constraints = [
            models.CheckConstraint(
                condition=Q(valid_until=None) | Q(valid_until__gte=F("valid_from")), name="tariff_ends_after_it_starts"
            ),
            models.CheckConstraint(condition=Q(currency__regex=r"^[A-Z]{3}$"), name="tariff_currency_is_iso_4217"),
        ]

    def __str__(self) -> str:
        return self.name


class TariffRate(models.Model):
    """The price of one charge code, for any mode or one."""

    access: ClassVar[Access] = INTERNAL

    tariff = models.ForeignKey(Tariff, on_delete=models.CASCADE, related_name="rates", verbose_name=_("tariff"))
    charge_code = models.CharField(_("charge code"), max_length=24)
    mode = models.CharField(_("mode"), max_length=16, choices=Mode.choices, blank=True)
    basis = models.CharField(_("basis"), max_length=16, choices=RateBasis.choices, default=RateBasis.PER_SHIPMENT)
    price = models.DecimalField(_("price"), max_digits=14, decimal_places=4)
    minimum = models.DecimalField(_("minimum"), max_digits=14, decimal_places=4, null=True, blank=True)
    tax_percent = models.DecimalField(_("tax in percent"), max_digits=5, decimal_places=2, default=Decimal(0))

    objects = ScopedQuerySet["TariffRate"].as_manager()

    class Meta:
        verbose_name = _("rate")
        verbose_name_plural = _("rates")
        constraints = [
            models.UniqueConstraint(fields=["tariff", "charge_code", "mode"], name="rate_is_unique_in_its_tariff"),
            models.CheckConstraint(condition=Q(price__gte=0), name="rate_price_is_not_negative"),
            models.CheckConstraint(
                condition=Q(tax_percent__gte=0, tax_percent__lte=100), name="rate_tax_is_a_percentage"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.charge_code} {self.price}"


class ChargeRule(models.Model):
    """When this milestone is reached on such a shipment, this charge. Empty mode: any; PlaceRole.ANY: anywhere."""

    access: ClassVar[Access] = INTERNAL

    code = models.CharField(_("code"), max_length=40, unique=True)
    charge_code = models.CharField(_("charge code"), max_length=24)
    description = models.CharField(_("description"), max_length=150)
    side = models.CharField(_("side"), max_length=8, choices=Side.choices, default=Side.SELL)
    mode = models.CharField(_("mode"), max_length=16, choices=Mode.choices, blank=True)
    type = models.ForeignKey(MilestoneType, on_delete=models.PROTECT, related_name="+", verbose_name=_("milestone"))
    place_role = models.CharField(_("place"), max_length=16, choices=PlaceRole.choices, default=PlaceRole.ANY)
    is_active = models.BooleanField(_("active"), default=True)

    objects = ScopedQuerySet["ChargeRule"].as_manager()

    class Meta:
        verbose_name = _("charge rule")
        verbose_name_plural = _("charge rules")

    def __str__(self) -> str:
        return self.code


class ShipmentAccount(models.Model):
    """What billing remembers of a shipment: the journey revision it has rated, and why something has no price."""

    access: ClassVar[Access] = INTERNAL

    shipment = models.OneToOneField(Shipment, on_delete=models.PROTECT, primary_key=True, related_name="account")
    seen_revision = models.BigIntegerField(default=0)
    rated_at = models.DateTimeField(null=True, blank=True)
    unpriced = models.JSONField(_("without a price"), default=list, blank=True)

    objects = ScopedQuerySet["ShipmentAccount"].as_manager()

    class Meta:
        verbose_name = _("shipment account")

    def __str__(self) -> str:
        return str(self.shipment_id)


class Charge(models.Model):
    """One buy or sell line. (rule, shipment, slot, sequence) cannot be charged twice, however often it is triggered.

    A retraction before invoicing cancels the charge; after it, a reversing row (negative, `reverses`) proposes a credit.
    """

    access: ClassVar[Access] = FOR_CUSTOMER

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    shipment = models.ForeignKey(Shipment, on_delete=models.PROTECT, related_name="charges", verbose_name=_("shipment"))
    customer = models.ForeignKey(Partner, on_delete=models.PROTECT, related_name="+", verbose_name=_("customer"))
    rule = models.ForeignKey(ChargeRule, on_delete=models.PROTECT, related_name="+", verbose_name=_("rule"))
    slot = models.CharField(_("milestone slot"), max_length=80)
    sequence = models.PositiveSmallIntegerField(_("sequence"), default=1)
    reverses = models.OneToOneField(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="reversed_by", verbose_name=_("reverses")
    )
    side = models.CharField(_("side"), max_length=8, choices=Side.choices)
    charge_code = models.CharField(_("charge code"), max_length=24)
    description = models.CharField(_("description"), max_length=200)
    quantity = models.DecimalField(_("quantity"), max_digits=12, decimal_places=3)
    price = models.DecimalField(_("price"), max_digits=14, decimal_places=4)
    amount = models.DecimalField(_("amount"), max_digits=16, decimal_places=3)
    tax_percent = models.DecimalField(_("tax in percent"), max_digits=5, decimal_places=2)
    currency = models.CharField(_("currency"), max_length=3)
    explanation = models.CharField(_("how it was computed"), max_length=300)
    earned_at = models.DateTimeField(_("earned"), help_text=_("When the milestone was reached"))
    created_at = models.DateTimeField(_("created"), db_default=Now(), editable=False)
    state = models.CharField(_("state"), max_length=16, choices=ChargeState.choices, default=ChargeState.UNBILLED)
    cancel_reason = models.CharField(_("reason"), max_length=300, blank=True)

    objects = ScopedQuerySet["Charge"].as_manager()

    class Meta:
        verbose_name = _("charge")
        verbose_name_plural = _("charges")
        indexes = [
            models.Index(
                fields=["customer", "currency"], condition=Q(state=ChargeState.UNBILLED), name="charge_unbilled"
            )
        ]
        constraints = [
            models.UniqueConstraint(fields=["rule", "shipment", "slot", "sequence"], name="charge_is_made_once"),
            models.CheckConstraint(condition=Q(state__in=ChargeState.values), name="charge_state_is_known"),
            models.CheckConstraint(condition=~Q(state=ChargeState.CANCELLED) | ~Q(cancel_reason=""), name="charge_cancelled_says_why"),
            models.CheckConstraint(condition=Q(reverses=None, amount__gte=0) | Q(reverses__isnull=False, amount__lte=0), name="charge_is_negative_only_when_it_reverses"),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.description} {self.amount} {self.currency}"


class Accrual(models.Model):
    """Recognised revenue or cost not yet invoiced: one row when a charge is earned, a negative one when it is billed or reversed."""

    access: ClassVar[Access] = INTERNAL

    charge = models.ForeignKey(Charge, on_delete=models.PROTECT, related_name="accruals", verbose_name=_("charge"))
    sequence = models.PositiveSmallIntegerField(_("sequence"))
    amount = models.DecimalField(_("amount"), max_digits=16, decimal_places=3)
    currency = models.CharField(_("currency"), max_length=3)
    reason = models.CharField(_("reason"), max_length=16)
    booked_on = models.DateField(_("booked on"))

    objects = ScopedQuerySet["Accrual"].as_manager()

    class Meta:
        verbose_name = _("accrual")
        verbose_name_plural = _("accruals")
        constraints = [models.UniqueConstraint(fields=["charge", "sequence"], name="accrual_is_booked_once")]

    def __str__(self) -> str:
        return f"{self.amount} {self.currency}"


class InvoiceSeries(models.Model):
    """A numbering circle. `next_number` moves only inside the transaction that issues (row lock = order = no gaps)."""

    access: ClassVar[Access] = INTERNAL

    code = models.CharField(_("code"), max_length=16, unique=True)
    prefix = models.CharField(_("prefix"), max_length=16)
    kind = models.CharField(_("kind"), max_length=16, choices=DocumentKind.choices)
    next_number = models.PositiveIntegerField(_("next number"), default=1)

    objects = ScopedQuerySet["InvoiceSeries"].as_manager()

    class Meta:
        verbose_name = _("number series")
        verbose_name_plural = _("number series")
        constraints = [models.CheckConstraint(condition=Q(next_number__gte=1), name="series_counts_from_one")]

    def __str__(self) -> str:
        return self.code


class Invoice(models.Model):
    """An invoice or a credit note. Issued: numbered, a frozen copy of all its facts, never changed (a trigger keeps it)."""

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

    objects = ScopedQuerySet["Invoice"].as_manager()

    class Meta:
        verbose_name = _("invoice")
        verbose_name_plural = _("invoices")
        indexes = [models.Index(fields=["customer", "-id"], name="invoice_by_customer")]
        constraints = [
            models.UniqueConstraint(fields=["series", "sequence_number"], name="invoice_number_is_unique"),
            models.CheckConstraint(condition=Q(state__in=InvoiceState.values), name="invoice_state_is_known"),
            models.CheckConstraint(condition=Q(state=InvoiceState.DRAFT, number="", sequence_number=None) | (Q(state=InvoiceState.ISSUED, series__isnull=False, sequence_number__isnull=False, issued_at__isnull=False, issued_on__isnull=False) & ~Q(number="") & ~Q(digest="")), name="invoice_issued_is_numbered_and_sealed"),
            models.CheckConstraint(condition=Q(total=F("net") + F("tax")), name="invoice_total_is_net_and_tax"),
            models.CheckConstraint(condition=Q(kind=DocumentKind.INVOICE, credits=None) | Q(kind=DocumentKind.CREDIT_NOTE, credits__isnull=False), name="credit_note_names_its_invoice"),
        ]  # fmt: skip

    def __str__(self) -> str:
        return self.number or f"{self.get_state_display()} {self.pk}"


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

    objects = ScopedQuerySet["InvoiceLine"].as_manager()

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
