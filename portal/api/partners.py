"""`/partners/`: the organisations one may see."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

import django_filters
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from partners.access import ScopedQuerySet
from partners.models import Partner
from portal.api.base import Door, Row


class PartnerOut(serializers.Serializer[Partner]):
    code = serializers.CharField()
    name = serializers.CharField()
    kinds = serializers.ListField(child=serializers.CharField())
    country = serializers.CharField()
    identifiers = serializers.ListField(child=serializers.DictField())


class PartnerFilter(django_filters.FilterSet):
    code = django_filters.CharFilter(max_length=32)
    kind = django_filters.CharFilter(field_name="kinds", lookup_expr="contains", method="of_kind", max_length=24)

    class Meta:
        model = Partner
        fields: ClassVar[list[str]] = []

    def of_kind(self, rows: ScopedQuerySet[Partner], name: str, value: str) -> ScopedQuerySet[Partner]:
        return rows.filter(kinds__contains=[value])


def present_all(partners: Iterable[Partner]) -> list[Row]:
    return [
        {
            "code": partner.code,
            "name": partner.name,
            "kinds": partner.kinds,
            "country": partner.country,
            "identifiers": [{"scheme": i.scheme, "value": i.value} for i in partner.identifiers.all()],
        }
        for partner in partners
    ]


class PartnerDoor(Door[Partner]):
    model = Partner
    permissions: ClassVar[dict[str, str]] = {"GET": "partners.view_partner"}
    serializer_class = PartnerOut
    lookup_field = "code"
    lookup_url_kwarg = "code"

    def rows(self) -> ScopedQuerySet[Partner]:
        return Partner.objects.prefetch_related("identifiers")


class Partners(PartnerDoor):
    filterset_class = PartnerFilter

    @extend_schema(operation_id="partners_list", responses=PartnerOut(many=True))
    def get(self, request: Request) -> Response:
        """Partners that you may see, newest first."""
        return self.page(self.get_queryset(), present_all)


class OnePartner(PartnerDoor):
    @extend_schema(operation_id="partners_retrieve", responses=PartnerOut)
    def get(self, request: Request, code: str) -> Response:
        """One partner."""
        return Response(present_all([self.one()])[0])
