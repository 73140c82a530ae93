"""What was earned on a shipment, and what of it is not invoiced yet."""

from __future__ import annotations

import uuid
from typing import ClassVar, Self

from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from billing.enums import (
    AccrualReason,
    ChargeCause,
    ChargeState,
    Side,
)
from billing.models.tariffs import ChargeRule
from partners.access import INTERNAL, Access, ModelT, ScopedQuerySet, sees_all
from partners.enums import Permission
from partners.models import Partner, User
from shipments.models import Shipment

FOR_CUSTOMER = Access(paths=("customer",), view=Permission.VIEW_INVOICES)


class MoneyQuerySet(ScopedQuerySet[ModelT]):
    """Rows that customers may read in part (`shown_to_customers`) and only the house may change."""

    shown_to_customers: ClassVar[Q]

    def for_user(self, user: User | AnonymousUser, action: str = "view") -> Self:
        rows = super().for_user(user, action)
        if sees_all(user):
            return rows
        return rows.filter(self.shown_to_customers) if action == "view" else rows.none()


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
        indexes = [models.Index(fields=["rated_at"], condition=~Q(unpriced=[]), name="account_without_a_price")]

    def __str__(self) -> str:
        return str(self.shipment_id)


class ChargeQuerySet(MoneyQuerySet["Charge"]):
    shown_to_customers = Q(side=Side.SELL)

    def billable(self) -> ChargeQuerySet:
        """What a draft may take: sold and on no document yet."""
        return self.filter(state=ChargeState.UNBILLED, side=Side.SELL)


class Charge(models.Model):
    """One buy or sell line. (rule, shipment, slot, sequence) cannot be charged twice, however often it is triggered.

    A retraction before invoicing cancels the charge; after it, a reversing row (negative, `reverses`) proposes a
    credit.
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
    cause = models.CharField(_("cause"), max_length=16, choices=ChargeCause.choices, default=ChargeCause.MILESTONE)
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

    objects = ChargeQuerySet.as_manager()

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
            models.CheckConstraint(
                condition=~Q(state=ChargeState.CANCELLED) | ~Q(cancel_reason=""), name="charge_cancelled_says_why"
            ),
            models.CheckConstraint(
                condition=Q(reverses=None, amount__gte=0) | Q(reverses__isnull=False, amount__lte=0),
                name="charge_is_negative_only_when_it_reverses",
            ),
            models.CheckConstraint(
                condition=Q(reverses=None, cause=ChargeCause.MILESTONE)
                | Q(reverses__isnull=False, cause__in=[ChargeCause.RETRACTION, ChargeCause.CREDIT]),
                name="charge_cause_fits_what_it_is",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.description} {self.amount} {self.currency}"


class Accrual(models.Model):
    """Recognised revenue or cost not yet invoiced.

    One row when a charge is earned and a negative one when it is billed or reversed: the sum is what is still open.
    """

    access: ClassVar[Access] = INTERNAL

    charge = models.ForeignKey(Charge, on_delete=models.PROTECT, related_name="accruals", verbose_name=_("charge"))
    sequence = models.PositiveSmallIntegerField(_("sequence"))
    amount = models.DecimalField(_("amount"), max_digits=16, decimal_places=3)
    currency = models.CharField(_("currency"), max_length=3)
    reason = models.CharField(_("reason"), max_length=16, choices=AccrualReason.choices)
    booked_on = models.DateField(_("booked on"))

    objects = ScopedQuerySet["Accrual"].as_manager()

    class Meta:
        verbose_name = _("accrual")
        verbose_name_plural = _("accruals")
        constraints = [models.UniqueConstraint(fields=["charge", "sequence"], name="accrual_is_booked_once")]

    def __str__(self) -> str:
        return f"{self.amount} {self.currency}"
