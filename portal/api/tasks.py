"""`/tasks/`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

import django_filters
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from core.errors import DomainError
from milestones.enums import Severity, TaskState, WorkRole
from milestones.models import WorkTask
from milestones.services import assign_task, close_task
from partners.access import ScopedQuerySet
from partners.enums import UserKind
from partners.models import User
from portal.api.base import Door, Internal, Row, caller
from portal.api.times import in_utc
from portal.api.words import StrictSerializer


class TaskOut(serializers.Serializer[WorkTask]):
    id = serializers.UUIDField()
    shipment = serializers.UUIDField()
    title = serializers.CharField()
    role = serializers.ChoiceField(choices=WorkRole.choices)
    state = serializers.ChoiceField(choices=TaskState.choices)
    due_at = serializers.DateTimeField(allow_null=True)
    opened_at = serializers.DateTimeField()
    closed_at = serializers.DateTimeField(allow_null=True)
    severity = serializers.ChoiceField(choices=Severity.choices)
    assignee = serializers.EmailField(allow_null=True)
    exception = serializers.UUIDField(allow_null=True)


class TaskFilter(django_filters.FilterSet):
    shipment = django_filters.UUIDFilter(field_name="shipment__public_id")
    role = django_filters.ChoiceFilter(choices=WorkRole.choices)
    state = django_filters.ChoiceFilter(choices=TaskState.choices)
    severity = django_filters.ChoiceFilter(choices=Severity.choices)
    assignee = django_filters.CharFilter(field_name="assignee__email", lookup_expr="iexact", max_length=254)
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
            "severity": task.severity,
            "assignee": task.assignee.email if task.assignee else None,
            "exception": str(task.exception.public_id) if task.exception else None,
        }
        for task in tasks
    ]


class TaskDoor(Door[WorkTask]):
    model = WorkTask
    permission_classes = (Internal,)
    permissions: ClassVar[dict[str, str]] = {"GET": "milestones.view_worktask", "POST": "milestones.change_worktask"}
    serializer_class = TaskOut

    def rows(self) -> ScopedQuerySet[WorkTask]:
        return WorkTask.objects.select_related("shipment", "assignee", "exception")


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


class AssignIn(StrictSerializer):
    to = serializers.EmailField(allow_null=True, help_text="E-mail of a person of the house; null: nobody")


class AssignTask(TaskDoor):
    @extend_schema(operation_id="tasks_assign", request=AssignIn, responses=TaskOut)
    def post(self, request: Request, id: str) -> Response:
        """Give it to a person of the house."""
        given = AssignIn(data=request.data)
        given.is_valid(raise_exception=True)
        task = self.one()
        assign_task(task, to=_colleague(given.validated_data["to"]), by=caller(request))
        return Response(present_tasks([self.rows().get(pk=task.pk)])[0])


def _colleague(email: str | None) -> User | None:
    """Who has this address, of the house."""
    if email is None:
        return None
    found: User | None = User.objects.filter(email__iexact=email, kind=UserKind.INTERNAL, is_active=True).first()
    if found is None:
        raise DomainError("not_internal", _("No colleague has this address."), field="to")
    return found
