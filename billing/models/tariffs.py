"""Price lists, and what is charged when."""

from __future__ import annotations

from decimal import Decimal
from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from billing.enums import (
    RateBasis,
    Side,
)
from milestones.enums import PlaceRole
from partners.access import INTERNAL, Access, ScopedQuerySet
from partners.models import Partner
from shipments.enums import Mode
from shipments.models import MilestoneType


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
