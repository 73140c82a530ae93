"""`/milestone-templates/`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

import django_filters
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from milestones.enums import TemplateState
from milestones.models import MilestoneTemplate, TemplateLine
from partners.access import ScopedQuerySet
from portal.api.base import Door, Internal, Row
from shipments.enums import Mode


class LineOut(serializers.Serializer[TemplateLine]):
    position = serializers.IntegerField()
    code = serializers.CharField(source="type_id")
    name = serializers.CharField()
    place_role = serializers.CharField()
    requirement = serializers.CharField()
    anchor = serializers.CharField()
    anchor_position = serializers.IntegerField(source="anchor_line.position", allow_null=True, default=None)
    offset_minutes = serializers.IntegerField()
    day_basis = serializers.CharField()
    time_of_day = serializers.TimeField(allow_null=True)
    early_tolerance_minutes = serializers.IntegerField()
    late_tolerance_minutes = serializers.IntegerField()
    responsible = serializers.CharField()
    audience = serializers.CharField()
    weight = serializers.IntegerField()


class TemplateOut(serializers.Serializer[MilestoneTemplate]):
    code = serializers.CharField()
    version = serializers.IntegerField()
    name = serializers.CharField()
    state = serializers.ChoiceField(choices=TemplateState.choices)
    mode = serializers.CharField()
    shipment_type = serializers.CharField()
    lines = LineOut(many=True)


def present_templates(templates: Iterable[MilestoneTemplate]) -> list[Row]:
    return [dict(TemplateOut(template).data) for template in templates]


class TemplateFilter(django_filters.FilterSet):
    code = django_filters.CharFilter(max_length=40)
    mode = django_filters.ChoiceFilter(choices=Mode.choices)
    state = django_filters.ChoiceFilter(choices=TemplateState.choices)
    updated_since = django_filters.IsoDateTimeFilter(
        field_name="created_at", lookup_expr="gte", help_text="A change of a template is a new version of it"
    )

    class Meta:
        model = MilestoneTemplate
        fields: ClassVar[list[str]] = []


class Templates(Door[MilestoneTemplate]):
    model = MilestoneTemplate
    permission_classes = (Internal,)
    permissions: ClassVar[dict[str, str]] = {"GET": "milestones.view_milestonetemplate"}
    serializer_class = TemplateOut
    filterset_class = TemplateFilter

    def rows(self) -> ScopedQuerySet[MilestoneTemplate]:
        return MilestoneTemplate.objects.prefetch_related("lines__anchor_line")

    @extend_schema(operation_id="milestone_templates_list", responses=TemplateOut(many=True))
    def get(self, request: Request) -> Response:
        """Templates with their lines, newest first."""
        return self.page(self.get_queryset(), present_templates)
