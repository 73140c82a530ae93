"""`/charges/`, `/accruals/`: what was earned, and what of it is not billed yet. Scope `finance`."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC
from typing import Any, ClassVar

import django_filters
from django.db.models import Q, QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from billing.enums import ChargeState, Side
from billing.models import Accrual, Charge
from partners.access import ScopedQuerySet
from portal.api.base import FINANCE, Door, Internal, Row
from portal.api.times import in_utc
from portal.presentation.money import plain_amount


class ChargeOut(serializers.Serializer[Charge]):
    id = serializers.UUIDField()
    shipment = serializers.UUIDField()
    reference = serializers.CharField()
    customer = serializers.CharField()
    side = serializers.ChoiceField(choices=Side.choices)
    charge_code = serializers.CharField()
    description = serializers.CharField()
    quantity = serializers.CharField()
    price = serializers.CharField()
    amount = serializers.CharField()
    currency = serializers.CharField()
    tax_percent = serializers.CharField()
    explanation = serializers.CharField()
    state = serializers.ChoiceField(choices=ChargeState.choices)
    earned_at = serializers.DateTimeField()


class ChargeFilter(django_filters.FilterSet):
    shipment = django_filters.UUIDFilter(field_name="shipment__public_id")
    customer = django_filters.CharFilter(field_name="customer__code", max_length=32)
    state = django_filters.ChoiceFilter(choices=ChargeState.choices)
    side = django_filters.ChoiceFilter(choices=Side.choices)
    updated_since = django_filters.IsoDateTimeFilter(
        method="touched", help_text="Made or put on a document from then on, and all that is unbilled or cancelled"
    )

    class Meta:
        model = Charge
        fields: ClassVar[list[str]] = []

    def touched(self, rows: QuerySet[Charge], name: str, value: Any) -> QuerySet[Charge]:
        # When a charge left a draft, or was cancelled, is not on record: those are always among the answers.
        loose = Q(state__in=[ChargeState.UNBILLED, ChargeState.CANCELLED])
        drafted = Q(invoice_line__invoice__created_at__gte=value)
        return rows.filter(loose | drafted | Q(created_at__gte=value) | Q(invoice_line__invoice__issued_at__gte=value))


def present_charges(charges: Iterable[Charge]) -> list[Row]:
    return [
        {
            "id": str(charge.public_id),
            "shipment": str(charge.shipment.public_id),
            "reference": charge.shipment.reference,
            "customer": charge.customer.code,
            "side": charge.side,
            "charge_code": charge.charge_code,
            "description": charge.description,
            "quantity": plain_amount(charge.quantity),
            "price": plain_amount(charge.price),
            "amount": plain_amount(charge.amount, charge.currency),
            "currency": charge.currency,
            "tax_percent": plain_amount(charge.tax_percent),
            "explanation": charge.explanation,
            "state": charge.state,
            "earned_at": in_utc(charge.earned_at),
        }
        for charge in charges
    ]


class Charges(Door[Charge]):
    model = Charge
    scopes: ClassVar[dict[str, str]] = FINANCE
    permissions: ClassVar[dict[str, str]] = {"GET": "billing.view_charge"}
    serializer_class = ChargeOut
    filterset_class = ChargeFilter

    def rows(self) -> ScopedQuerySet[Charge]:
        return Charge.objects.select_related("shipment", "customer")

    @extend_schema(operation_id="charges_list", responses=ChargeOut(many=True))
    def get(self, request: Request) -> Response:
        """Charges that you may see, newest first. A partner sees what it is to be billed, never what we buy for."""
        return self.page(self.get_queryset(), present_charges)


class AccrualOut(serializers.Serializer[Accrual]):
    charge = serializers.UUIDField()
    amount = serializers.CharField()
    currency = serializers.CharField()
    reason = serializers.CharField()
    booked_on = serializers.DateField()


def present_accruals(accruals: Iterable[Accrual]) -> list[Row]:
    return [
        {
            "charge": str(accrual.charge.public_id),
            "amount": plain_amount(accrual.amount, accrual.currency),
            "currency": accrual.currency,
            "reason": accrual.reason,
            "booked_on": accrual.booked_on.isoformat(),
        }
        for accrual in accruals
    ]


class AccrualFilter(django_filters.FilterSet):
    shipment = django_filters.UUIDFilter(field_name="charge__shipment__public_id")
    updated_since = django_filters.IsoDateTimeFilter(method="booked", help_text="Booked on the day of this instant on")

    class Meta:
        model = Accrual
        fields: ClassVar[list[str]] = []

    def booked(self, rows: QuerySet[Accrual], name: str, value: Any) -> QuerySet[Accrual]:
        return rows.filter(booked_on__gte=value.astimezone(UTC).date())


class Accruals(Door[Accrual]):
    model = Accrual
    permission_classes = (Internal,)
    permissions: ClassVar[dict[str, str]] = {"GET": "billing.view_accrual"}
    serializer_class = AccrualOut
    filterset_class = AccrualFilter

    def rows(self) -> ScopedQuerySet[Accrual]:
        return Accrual.objects.select_related("charge")

    @extend_schema(operation_id="accruals_list", responses=AccrualOut(many=True))
    def get(self, request: Request) -> Response:
        """What was earned and is not yet billed: one row when it is earned, a negative one when it is billed."""
        return self.page(self.get_queryset(), present_accruals)
