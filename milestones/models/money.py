"""What a shipment earns and costs, as far as rules on exceptions ask for it. Written by billing, which knows."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from partners.access import INTERNAL, Access, ScopedQuerySet
from shipments.models import Shipment


class ShipmentMoney(models.Model):
    """The sums of one shipment in one currency. `expected_cost`: what was reckoned with when it was priced."""

    access: ClassVar[Access] = INTERNAL

    shipment = models.OneToOneField(
        Shipment, on_delete=models.CASCADE, primary_key=True, related_name="money", verbose_name=_("shipment")
    )
    currency = models.CharField(_("currency"), max_length=3)
    expected_cost = models.DecimalField(_("expected cost"), max_digits=16, decimal_places=2, null=True, blank=True)
    cost = models.DecimalField(_("cost"), max_digits=16, decimal_places=2, null=True, blank=True)
    revenue = models.DecimalField(_("revenue"), max_digits=16, decimal_places=2, null=True, blank=True)
    updated_at = models.DateTimeField(_("updated"))

    objects = ScopedQuerySet["ShipmentMoney"].as_manager()

    class Meta:
        verbose_name = _("money of a shipment")
        verbose_name_plural = _("money of shipments")
        constraints = [
            models.CheckConstraint(condition=Q(currency__regex=r"^[A-Z]{3}$"), name="money_currency_is_iso_4217")
        ]

    def __str__(self) -> str:
        return f"{self.shipment_id}: {self.currency}"
