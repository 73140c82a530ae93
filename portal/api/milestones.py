"""`/milestone-templates/`, `/exceptions/`, `/tasks/`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

import django_filters
from django.db.models import Q, QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from milestones.enums import Audience, CaseState, ExceptionKind, Severity, TaskState, TemplateState, WorkRole
from milestones.models import MilestoneTemplate, ShipmentException, TemplateLine, WorkTask
from milestones.services import acknowledge_case, close_task, resolve_case, snooze_case
from partners.access import ScopedQuerySet, sees_all
from portal.api.base import Door, Internal, Row, caller
from portal.api.times import in_utc
from portal.api.words import StrictSerializer
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
    scope = serializers.CharField()
    unit_rule = serializers.CharField()
    condition = serializers.JSONField(allow_null=True)
    after_position = serializers.IntegerField(source="after_line.position", allow_null=True, default=None)
    roll = serializers.CharField()
    task = serializers.CharField()
    documents = serializers.ListField(child=serializers.CharField())
    charges = serializers.ListField(child=serializers.CharField())


class TemplateOut(serializers.Serializer[MilestoneTemplate]):
    code = serializers.CharField()
    version = serializers.IntegerField()
    name = serializers.CharField()
    state = serializers.ChoiceField(choices=TemplateState.choices)
    mode = serializers.CharField()
    shipment_type = serializers.CharField()
    service = serializers.CharField()
    customer = serializers.CharField(source="customer.code", allow_null=True, default=None)
    origin_country = serializers.CharField()
    destination_country = serializers.CharField()
    origin_place = serializers.CharField()
    destination_place = serializers.CharField()
    note = serializers.CharField()
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
        found = MilestoneTemplate.objects.select_related("customer")
        return found.prefetch_related("lines__anchor_line", "lines__after_line")

    @extend_schema(operation_id="milestone_templates_list", responses=TemplateOut(many=True))
    def get(self, request: Request) -> Response:
        """Templates with their lines, newest first."""
        return self.page(self.get_queryset(), present_templates)


class ExceptionOut(serializers.Serializer[ShipmentException]):
    id = serializers.UUIDField()
    shipment = serializers.UUIDField()
    reference = serializers.CharField()
    kind = serializers.ChoiceField(choices=ExceptionKind.choices)
    severity = serializers.ChoiceField(choices=Severity.choices)
    state = serializers.ChoiceField(choices=CaseState.choices)
    summary = serializers.CharField()
    milestone = serializers.CharField(allow_null=True)
    opened_at = serializers.DateTimeField()
    due_at = serializers.DateTimeField()
    snoozed_until = serializers.DateTimeField(allow_null=True)
    resolved_at = serializers.DateTimeField(allow_null=True)
    resolution = serializers.CharField()


class ExceptionFilter(django_filters.FilterSet):
    shipment = django_filters.UUIDFilter(field_name="shipment__public_id")
    state = django_filters.ChoiceFilter(choices=CaseState.choices)
    kind = django_filters.ChoiceFilter(choices=ExceptionKind.choices)
    severity = django_filters.ChoiceFilter(choices=Severity.choices)
    updated_since = django_filters.IsoDateTimeFilter(
        method="touched", help_text="Opened, taken on or resolved from this instant on, or put away at present"
    )

    class Meta:
        model = ShipmentException
        fields: ClassVar[list[str]] = []

    def touched(self, rows: QuerySet[ShipmentException], name: str, value: Any) -> QuerySet[ShipmentException]:
        moved = Q(opened_at__gte=value) | Q(acknowledged_at__gte=value) | Q(resolved_at__gte=value)
        return rows.filter(moved | Q(state=CaseState.SNOOZED))


class SnoozeIn(StrictSerializer):
    until = serializers.DateTimeField(help_text="When it should come back")


class ResolveIn(StrictSerializer):
    reason = serializers.CharField(max_length=300)


def present_case(case: ShipmentException) -> Row:
    return {
        "id": str(case.public_id),
        "shipment": str(case.shipment.public_id),
        "reference": case.shipment.reference,
        "kind": case.kind,
        "severity": case.severity,
        "state": case.state,
        "summary": case.summary,
        "milestone": case.milestone.name if case.milestone else None,
        "opened_at": in_utc(case.opened_at),
        "due_at": in_utc(case.due_at),
        "snoozed_until": in_utc(case.snoozed_until),
        "resolved_at": in_utc(case.resolved_at),
        "resolution": case.resolution,
    }


def visible_cases(rows: QuerySet[ShipmentException], *, internal: bool) -> QuerySet[ShipmentException]:
    """A partner sees a case when its milestone is one that the customer may see."""
    if internal:
        return rows
    return rows.filter(Q(milestone__audience=Audience.CUSTOMER) | Q(milestone__audience=Audience.PUBLIC))


class ExceptionDoor(Door[ShipmentException]):
    model = ShipmentException
    permissions: ClassVar[dict[str, str]] = {
        "GET": "milestones.view_shipmentexception",
        "POST": "milestones.change_shipmentexception",
    }
    serializer_class = ExceptionOut

    def rows(self) -> ScopedQuerySet[ShipmentException]:
        return ShipmentException.objects.select_related("shipment", "milestone")

    def get_queryset(self) -> QuerySet[ShipmentException]:
        rows = super().get_queryset()
        return (
            rows
            if getattr(self, "swagger_fake_view", False)
            else visible_cases(rows, internal=sees_all(caller(self.request)))
        )


class Exceptions(ExceptionDoor):
    filterset_class = ExceptionFilter

    @extend_schema(operation_id="exceptions_list", responses=ExceptionOut(many=True))
    def get(self, request: Request) -> Response:
        """Exceptions of shipments that you may see, newest first."""
        return self.page(self.get_queryset(), lambda rows: map(present_case, rows))


class OneException(ExceptionDoor):
    @extend_schema(operation_id="exceptions_retrieve", responses=ExceptionOut)
    def get(self, request: Request, id: str) -> Response:
        """One exception."""
        return Response(present_case(self.one()))


class ExceptionVerb(ExceptionDoor):
    """What internal people do with a case."""

    permission_classes = (Internal,)

    def done(self, case: ShipmentException) -> Response:
        return Response(present_case(self.rows().get(pk=case.pk)))


class Acknowledge(ExceptionVerb):
    @extend_schema(operation_id="exceptions_acknowledge", request=None, responses=ExceptionOut)
    def post(self, request: Request, id: str) -> Response:
        """Say that somebody is on it."""
        case = self.one()
        acknowledge_case(case, by=caller(request))
        return self.done(case)


class Snooze(ExceptionVerb):
    @extend_schema(operation_id="exceptions_snooze", request=SnoozeIn, responses=ExceptionOut)
    def post(self, request: Request, id: str) -> Response:
        """Put it away until an instant."""
        given = SnoozeIn(data=request.data)
        given.is_valid(raise_exception=True)
        case = self.one()
        snooze_case(case, until=given.validated_data["until"], by=caller(request))
        return self.done(case)


class Resolve(ExceptionVerb):
    @extend_schema(operation_id="exceptions_resolve", request=ResolveIn, responses=ExceptionOut)
    def post(self, request: Request, id: str) -> Response:
        """Close it with a reason."""
        given = ResolveIn(data=request.data)
        given.is_valid(raise_exception=True)
        case = self.one()
        resolve_case(case, reason=given.validated_data["reason"], by=caller(request))
        return self.done(case)


class TaskOut(serializers.Serializer[WorkTask]):
    id = serializers.UUIDField()
    shipment = serializers.UUIDField()
    title = serializers.CharField()
    role = serializers.ChoiceField(choices=WorkRole.choices)
    state = serializers.ChoiceField(choices=TaskState.choices)
    due_at = serializers.DateTimeField(allow_null=True)
    opened_at = serializers.DateTimeField()
    closed_at = serializers.DateTimeField(allow_null=True)


class TaskFilter(django_filters.FilterSet):
    shipment = django_filters.UUIDFilter(field_name="shipment__public_id")
    role = django_filters.ChoiceFilter(choices=WorkRole.choices)
    state = django_filters.ChoiceFilter(choices=TaskState.choices)
    updated_since = django_filters.IsoDateTimeFilter(method="touched", help_text="Opened or closed from then on")

    class Meta:
        model = WorkTask
        fields: ClassVar[list[str]] = []

    def touched(self, rows: QuerySet[WorkTask], name: str, value: Any) -> QuerySet[WorkTask]:
        return rows.filter(Q(opened_at__gte=value) | Q(closed_at__gte=value))


def present_tasks(tasks: Iterable[WorkTask]) -> list[Row]:
    return [
        {
            "id": str(task.public_id),
            "shipment": str(task.shipment.public_id),
            "title": task.title,
            "role": task.role,
            "state": task.state,
            "due_at": in_utc(task.due_at),
            "opened_at": in_utc(task.opened_at),
            "closed_at": in_utc(task.closed_at),
        }
        for task in tasks
    ]


class TaskDoor(Door[WorkTask]):
    model = WorkTask
    permission_classes = (Internal,)
    permissions: ClassVar[dict[str, str]] = {"GET": "milestones.view_worktask", "POST": "milestones.change_worktask"}
    serializer_class = TaskOut

    def rows(self) -> ScopedQuerySet[WorkTask]:
        return WorkTask.objects.select_related("shipment")


class Tasks(TaskDoor):
    filterset_class = TaskFilter

    @extend_schema(operation_id="tasks_list", responses=TaskOut(many=True))
    def get(self, request: Request) -> Response:
        """Tasks of the house, newest first."""
        return self.page(self.get_queryset(), present_tasks)


class CloseTask(TaskDoor):
    @extend_schema(operation_id="tasks_close", request=None, responses=TaskOut)
    def post(self, request: Request, id: str) -> Response:
        """Say that it is done."""
        task = self.one()
        close_task(task, by=caller(request))
        return Response(present_tasks([self.rows().get(pk=task.pk)])[0])
