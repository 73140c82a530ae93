"""`/exceptions/`."""

from __future__ import annotations

from typing import Any, ClassVar

import django_filters
from django.db.models import Q, QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from milestones.enums import Audience, CaseStage, CaseState, Cause, ExceptionKind, Severity, WakeOn, WorkRole
from milestones.models import ShipmentException
from milestones.services import acknowledge_case, resolve_case, snooze_case
from partners.access import ScopedQuerySet, sees_all
from portal.api.base import Door, Internal, Row, caller
from portal.api.times import in_utc
from portal.api.words import StrictSerializer
from portal.presentation import cases as case_words


class GroupOut(serializers.Serializer[dict[str, str]]):
    id = serializers.UUIDField()
    title = serializers.CharField()


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
    stage = serializers.ChoiceField(choices=CaseStage.choices)
    cause = serializers.ChoiceField(choices=Cause.choices, allow_null=True, help_text="For people of the house")
    next_action = serializers.CharField(allow_null=True, help_text="For people of the house")
    team = serializers.ChoiceField(choices=WorkRole.choices, allow_null=True, help_text="For people of the house")
    evidence = serializers.ListField(
        child=serializers.UUIDField(), allow_null=True, help_text="Events it rests on; for people of the house"
    )
    group = GroupOut(allow_null=True, help_text="Its common root; for people of the house")


class ExceptionFilter(django_filters.FilterSet):
    shipment = django_filters.UUIDFilter(field_name="shipment__public_id")
    state = django_filters.ChoiceFilter(choices=CaseState.choices)
    kind = django_filters.ChoiceFilter(choices=ExceptionKind.choices)
    severity = django_filters.ChoiceFilter(choices=Severity.choices)
    stage = django_filters.ChoiceFilter(choices=CaseStage.choices)
    group = django_filters.UUIDFilter(method="of_root", help_text="Of one common root; for people of the house")
    updated_since = django_filters.IsoDateTimeFilter(
        method="touched", help_text="Opened, taken on or resolved from this instant on, or put away at present"
    )

    class Meta:
        model = ShipmentException
        fields: ClassVar[list[str]] = []

    def of_root(self, rows: QuerySet[ShipmentException], name: str, value: Any) -> QuerySet[ShipmentException]:
        return rows.filter(group__public_id=value) if sees_all(caller(self.request)) else rows.none()

    def touched(self, rows: QuerySet[ShipmentException], name: str, value: Any) -> QuerySet[ShipmentException]:
        moved = Q(opened_at__gte=value) | Q(acknowledged_at__gte=value) | Q(resolved_at__gte=value)
        return rows.filter(moved | Q(state=CaseState.SNOOZED))


class SnoozeIn(StrictSerializer):
    until = serializers.DateTimeField(required=False, help_text="When it should come back")
    wake = serializers.ChoiceField(
        choices=WakeOn.choices, required=False, help_text="Or as soon as this happens, whichever comes first"
    )
    condition = serializers.DictField(required=False, help_text="Or as soon as this condition holds")


class ResolveIn(StrictSerializer):
    reason = serializers.CharField(max_length=300)


def present_case(case: ShipmentException, *, internal: bool) -> Row:
    """As the caller may see it: why it is open and what the house does about it is for the house only."""
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
        "stage": case.stage,
        **(_for_the_house(case) if internal else dict.fromkeys(_HOUSE)),
    }


_HOUSE = ("cause", "next_action", "team", "evidence", "group")


def _for_the_house(case: ShipmentException) -> Row:
    cause = case.facts.get("cause")
    group = case.group
    return {
        "cause": cause if cause in Cause.values else None,
        "next_action": case_words.next_action(case),
        "team": case.owner,
        "evidence": [key for key in case.facts.get("evidence", []) if isinstance(key, str)],
        "group": {"id": str(group.public_id), "title": case_words.root_title(group)} if group else None,
    }


# What outsiders may read of: the freight's own course. Papers, money, and who contradicts whom are for the house.
_OUTSIDE = (
    ExceptionKind.OVERDUE,
    ExceptionKind.LATE,
    ExceptionKind.MISSING,
    ExceptionKind.EARLY,
    ExceptionKind.HOLD,
    ExceptionKind.ETA_SLIP,
    ExceptionKind.DWELL,
    ExceptionKind.UNEXPECTED,
)


def visible_cases(rows: QuerySet[ShipmentException], *, internal: bool) -> QuerySet[ShipmentException]:
    """A partner sees a case when its milestone is one that the customer may see, and when it is no mere warning."""
    if internal:
        return rows
    seen = Q(milestone__audience=Audience.CUSTOMER) | Q(milestone__audience=Audience.PUBLIC)
    return rows.filter(seen, kind__in=_OUTSIDE).exclude(stage=CaseStage.WARNING)


class ExceptionDoor(Door[ShipmentException]):
    model = ShipmentException
    permissions: ClassVar[dict[str, str]] = {
        "GET": "milestones.view_shipmentexception",
        "POST": "milestones.change_shipmentexception",
    }
    serializer_class = ExceptionOut

    def rows(self) -> ScopedQuerySet[ShipmentException]:
        return ShipmentException.objects.select_related("shipment", "milestone", "group")

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
        internal = sees_all(caller(request))
        return self.page(self.get_queryset(), lambda rows: (present_case(case, internal=internal) for case in rows))


class OneException(ExceptionDoor):
    @extend_schema(operation_id="exceptions_retrieve", responses=ExceptionOut)
    def get(self, request: Request, id: str) -> Response:
        """One exception."""
        return Response(present_case(self.one(), internal=sees_all(caller(request))))


class ExceptionVerb(ExceptionDoor):
    """What internal people do with a case."""

    permission_classes = (Internal,)

    def done(self, case: ShipmentException) -> Response:
        return Response(present_case(self.rows().get(pk=case.pk), internal=True))


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
        """Put it away until an instant, or until something happens."""
        given = SnoozeIn(data=request.data)
        given.is_valid(raise_exception=True)
        case = self.one()
        said = given.validated_data
        wake = said.get("condition") or said.get("wake") or ""
        snooze_case(case, until=said.get("until"), wake=wake, by=caller(request))
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
