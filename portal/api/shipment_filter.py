"""Query parameters of the list of shipments."""

from __future__ import annotations

from typing import Any, ClassVar

import django_filters
from django.db.models import Exists, OuterRef, Q, QuerySet

from milestones.enums import JourneyStatus
from portal.api.base import caller
from portal.api.standing import open_cases
from shipments.enums import Mode, Service
from shipments.matching import reference_key
from shipments.models import Reference, Shipment


class ShipmentFilter(django_filters.FilterSet):
    reference = django_filters.CharFilter(
        method="known_as", max_length=64, help_text="Any of its references, blanks and dashes ignored"
    )
    search = django_filters.CharFilter(
        method="beginning", max_length=64, help_text="Beginning of any of its references"
    )
    mode = django_filters.ChoiceFilter(choices=Mode.choices)
    service = django_filters.ChoiceFilter(choices=Service.choices)
    status = django_filters.ChoiceFilter(field_name="journey__status", choices=JourneyStatus.choices)
    customer = django_filters.CharFilter(field_name="customer__code", max_length=32)
    origin = django_filters.CharFilter(field_name="origin__unlocode", max_length=5)
    destination = django_filters.CharFilter(field_name="destination__unlocode", max_length=5)
    eta_after = django_filters.IsoDateTimeFilter(method="arriving", help_text="Expected arrival, from this instant on")
    eta_before = django_filters.IsoDateTimeFilter(method="arriving", help_text="Expected arrival, before this instant")
    has_exception = django_filters.BooleanFilter(method="with_exception")
    updated_since = django_filters.IsoDateTimeFilter(field_name="stream__touched_at", lookup_expr="gte")

    class Meta:
        model = Shipment
        fields: ClassVar[list[str]] = []

    def known_as(self, rows: QuerySet[Shipment], name: str, value: str) -> QuerySet[Shipment]:
        return rows.filter(pk__in=Reference.objects.filter(key=reference_key(value)).values("shipment"))

    def beginning(self, rows: QuerySet[Shipment], name: str, value: str) -> QuerySet[Shipment]:
        key = reference_key(value)
        named = Reference.objects.filter(key__startswith=key)
        return rows.filter(pk__in=named.values("shipment")) if key else rows.none()

    def arriving(self, rows: QuerySet[Shipment], name: str, value: Any) -> QuerySet[Shipment]:
        lookup = "gte" if name == "eta_after" else "lt"
        expected = Q(**{f"journey__expected_arrival_at__{lookup}": value})
        planned = Q(journey__expected_arrival_at=None, **{f"eta__{lookup}": value})
        return rows.filter(expected | planned)

    def with_exception(self, rows: QuerySet[Shipment], name: str, value: bool) -> QuerySet[Shipment]:
        open_case = Exists(open_cases(caller(self.request)).filter(shipment=OuterRef("pk")))
        return rows.filter(open_case) if value else rows.filter(~open_case)
