"""`/milestone-templates/<code>/<version>/`, `/milestone-templates/import/`: a template as the file that carries it."""

from __future__ import annotations

from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from milestones.models import MilestoneTemplate
from milestones.services.template_files import MOST_BYTES
from milestones.services.template_problems import TemplateRefused
from milestones.services.templates import export_template, import_template
from partners.access import ScopedQuerySet
from portal.api.base import Door, Internal, caller
from portal.api.errors import TooLarge
from portal.api.milestones import TemplateOut, present_templates


class LineFile(serializers.Serializer[Any]):
    """A line as the file has it; lines are named by their position."""

    position = serializers.IntegerField()
    type = serializers.CharField()
    name = serializers.CharField()
    place_role = serializers.CharField()
    scope = serializers.CharField()
    unit_rule = serializers.CharField()
    requirement = serializers.CharField()
    condition = serializers.JSONField(allow_null=True)
    after_line = serializers.IntegerField(allow_null=True)
    anchor = serializers.CharField()
    anchor_line = serializers.IntegerField(allow_null=True)
    offset_minutes = serializers.IntegerField()
    day_basis = serializers.CharField()
    roll = serializers.CharField(allow_blank=True)
    time_of_day = serializers.TimeField(allow_null=True)
    early_tolerance_minutes = serializers.IntegerField()
    late_tolerance_minutes = serializers.IntegerField()
    responsible = serializers.CharField()
    audience = serializers.CharField()
    weight = serializers.IntegerField()
    task = serializers.CharField(allow_blank=True)
    documents = serializers.ListField(child=serializers.CharField())
    charges = serializers.ListField(child=serializers.CharField())


class TemplateFile(serializers.Serializer[Any]):
    """docs/templates.md."""

    format = serializers.CharField()
    format_version = serializers.IntegerField()
    code = serializers.CharField()
    version = serializers.IntegerField()
    name = serializers.CharField()
    mode = serializers.CharField(allow_blank=True)
    shipment_type = serializers.CharField(allow_blank=True)
    service = serializers.CharField(allow_blank=True)
    customer = serializers.CharField(allow_blank=True)
    origin_country = serializers.CharField(allow_blank=True)
    destination_country = serializers.CharField(allow_blank=True)
    origin_place = serializers.CharField(allow_blank=True)
    destination_place = serializers.CharField(allow_blank=True)
    note = serializers.CharField(allow_blank=True)
    lines = LineFile(many=True)


class TemplateDoor(Door[MilestoneTemplate]):
    model = MilestoneTemplate
    permission_classes = (Internal,)
    permissions: ClassVar[dict[str, str]] = {
        "GET": "milestones.view_milestonetemplate",
        "POST": "milestones.add_milestonetemplate",
    }
    serializer_class = TemplateFile
    lookup_field = "code"
    lookup_url_kwarg = "code"


class OneTemplate(TemplateDoor):
    def rows(self) -> ScopedQuerySet[MilestoneTemplate]:
        found = MilestoneTemplate.objects.select_related("customer")
        said = self.kwargs.get("version", "")
        # What is no number, or larger than the column holds, is a version that is not there.
        return found.filter(version=int(said)) if said.isdecimal() and len(said) < 10 else found.none()

    @extend_schema(operation_id="milestone_templates_retrieve", responses=TemplateFile)
    def get(self, request: Request, code: str, version: str) -> Response:
        """One version, in the form in which it can be taken in elsewhere."""
        return Response(export_template(self.one()))


class ImportTemplate(TemplateDoor):
    @extend_schema(operation_id="milestone_templates_import", request=TemplateFile, responses={201: TemplateOut})
    def post(self, request: Request) -> Response:
        """Take a template in as a draft; it is put into force by a person in the console."""
        if len(self.body(request)) > MOST_BYTES:
            raise TooLarge
        try:
            made = import_template(request.data, by=caller(request))
        except TemplateRefused as refused:
            raise ValidationError({problem.path or "template": problem.message for problem in refused.problems}) from (
                refused
            )
        return Response(present_templates([made])[0], status=201)
