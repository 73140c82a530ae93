"""`/shipments/{id}/timeline/`: what should happen, what did, and what is wrong, as known at an instant."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, ClassVar, Protocol

from django.db.models import QuerySet
from django.db.models.functions import Coalesce
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from milestones.enums import CaseState, Evidence, MilestoneState
from milestones.models import Milestone, ShipmentException
from milestones.services import Timeline as Known
from milestones.services import cases_as_of, timeline_as_of
from partners.access import ScopedQuerySet, sees_all
from partners.models import User
from portal.api.arrivals import EtaOut, present_eta
from portal.api.base import Door, Row, caller
from portal.api.cases import ExceptionOut, present_case, visible_cases
from portal.api.events import EventOut, own_sources, states_of
from portal.api.events import present as present_event
from portal.api.times import at_place
from portal.presentation.audiences import audiences_of, who_sees
from shipments.models import Event, EventMatch, Location, Reference, Shipment


class DecisionOut(serializers.Serializer[Any]):
    event = serializers.UUIDField(allow_null=True, help_text="The event that won")
    rule = serializers.CharField(help_text="The rule that decided")
    losing_events = serializers.ListField(child=serializers.UUIDField())


class MilestoneOut(serializers.Serializer[Milestone]):
    code = serializers.CharField()
    name = serializers.CharField()
    location = serializers.CharField(allow_null=True)
    leg = serializers.IntegerField(allow_null=True)
    unit = serializers.CharField(allow_null=True)
    occurrence = serializers.IntegerField()
    baseline_at = serializers.DateTimeField(allow_null=True)
    planned_at = serializers.DateTimeField(allow_null=True)
    estimated_at = serializers.DateTimeField(allow_null=True)
    actual_at = serializers.DateTimeField(allow_null=True)
    state = serializers.ChoiceField(choices=MilestoneState.choices)
    deviation = serializers.CharField()
    inferred = serializers.BooleanField()
    evidence = serializers.ChoiceField(
        choices=[*Evidence.choices, ("", "")], help_text="How well the actual time is vouched for; empty without one"
    )
    decided_by = DecisionOut(allow_null=True)
    visible_to = serializers.ListField(child=serializers.CharField())


class TimelineOut(serializers.Serializer[Shipment]):
    shipment = serializers.UUIDField()
    as_of = serializers.DateTimeField(allow_null=True)
    eta = EtaOut()
    milestones = MilestoneOut(many=True)
    events = EventOut(many=True)
    exceptions = ExceptionOut(many=True)


class Reached(Protocol):
    """What a stored milestone and one computed for a past instant have in common."""

    name: str
    occurrence: int
    baseline_at: datetime | None
    planned_at: datetime | None
    estimated_at: datetime | None
    actual_at: datetime | None
    state: str
    deviation: str
    is_inferred: bool
    evidence: str
    decisions: Any
    audience: str
    leg_sequence: int | None
    unit_number: str
    time_zone: str
    location_id: int | None


def _decision(decisions: Mapping[str, Mapping[str, Any]], own_events: frozenset[str] | None) -> Row | None:
    """The decision about the most telling value: actual before estimated before planned."""
    for value in ("actual", "estimated", "planned"):
        if decided := decisions.get(value):
            winner = decided.get("event")
            return {
                "event": winner if own_events is None or winner in own_events else None,
                "rule": decided.get("rule", ""),
                "losing_events": [e for e in decided.get("losing", ()) if own_events is None or e in own_events],
            }
    return None


def present_milestone(code: str, one: Reached, place: Location | None, visible_events: frozenset[str] | None) -> Row:
    zone = (place.time_zone if place else "") or one.time_zone
    return {
        "code": code,
        "name": one.name,
        "location": place.code if place else None,
        "leg": one.leg_sequence,
        "unit": one.unit_number or None,
        "occurrence": one.occurrence,
        "baseline_at": at_place(one.baseline_at, zone),
        "planned_at": at_place(one.planned_at, zone),
        "estimated_at": at_place(one.estimated_at, zone),
        "actual_at": at_place(one.actual_at, zone),
        "state": one.state,
        "deviation": one.deviation,
        "inferred": one.is_inferred,
        "evidence": one.evidence,
        "decided_by": _decision(one.decisions, visible_events),
        "visible_to": who_sees(one.audience),
    }


def _milestones(shipment: Shipment, known: Known | None, audiences: tuple[str, ...]) -> list[tuple[str, Reached]]:
    """(code, milestone) in plan order, as stored now or as computed from what was `known` then."""
    if known is None:
        rows = Milestone.objects.filter(shipment=shipment).visible_as(audiences)
        return [(row.type_id, row) for row in rows]
    return [(value.code, value) for value in known.milestones if value.audience in audiences]


def _events(shipment: Shipment, as_of: datetime | None) -> QuerySet[Event]:
    matches = EventMatch.objects.filter(shipment=shipment)
    rows = Event.objects.select_related("source__partner", "location", "message").defer("message__raw")
    if as_of is not None:
        matches = matches.filter(matched_at__lte=as_of)
        rows = rows.filter(received_at__lte=as_of)
    # By when it happened; of one minute by the usual order, so that LOADED stands before DEPARTED; then as it was told.
    told = Coalesce("reported_at", "received_at")
    return rows.filter(pk__in=matches.values("event_id")).order_by("occurred_at", "code__sequence", told, "pk")


def _cases(shipment: Shipment, as_of: datetime | None, user: User) -> QuerySet[ShipmentException]:
    rows = ShipmentException.objects.filter(shipment=shipment) if as_of is None else cases_as_of(shipment, as_of)
    rows = rows.select_related("shipment", "milestone", "group")
    return visible_cases(rows, internal=sees_all(user)).order_by("opened_at", "pk")


def _known(case: ShipmentException, as_of: datetime | None) -> ShipmentException:
    """The case as it stood then, as far as it is on record. Not to be stored."""
    if as_of is None:
        return case
    if case.resolved_at and case.resolved_at > as_of:
        case.state, case.resolved_at, case.resolution = CaseState.OPEN, None, ""
        if case.acknowledged_at and case.acknowledged_at <= as_of:
            case.state = CaseState.ACKNOWLEDGED
    elif case.acknowledged_at and case.acknowledged_at > as_of:
        case.state = CaseState.OPEN
    return case


def _visible(events: Iterable[Event], codes: set[str], own: set[int] | None) -> list[Event]:
    """The events whose milestone the caller may see, and those his own sources reported."""
    return [event for event in events if own is None or event.source_id in own or event.code_id in codes]


def visible_events(shipment: Shipment, user: User | None) -> tuple[list[Event], set[int] | None]:
    """The events of the timeline as `user` may see it now (None: all of them), and the ids of his own sources."""
    if user is None:
        return list(_events(shipment, None)), None
    codes = {code for code, _m in _milestones(shipment, None, audiences_of(user, shipment))}
    own = own_sources(user)
    return _visible(_events(shipment, None), codes, own), own


def timeline(shipment: Shipment, *, as_of: datetime | None, user: User) -> Row:
    """The timeline as `user` may see it. A constant number of queries."""
    known = timeline_as_of(shipment, as_of) if as_of else None
    chosen = _milestones(shipment, known, audiences_of(user, shipment))
    places = {p.pk: p for p in Location.objects.filter(pk__in={m.location_id for _code, m in chosen if m.location_id})}
    own = own_sources(user)
    events = _visible(_events(shipment, as_of), {code for code, _m in chosen}, own)
    states = states_of(events, as_of=as_of)
    keys = set(Reference.objects.filter(shipment=shipment).values_list("key", flat=True))
    seen = None if own is None else frozenset(str(event.public_id) for event in events)
    return {
        "shipment": str(shipment.public_id),
        "as_of": as_of.isoformat() if as_of else None,
        "eta": present_eta(shipment, known),
        "milestones": [present_milestone(code, m, places.get(m.location_id or 0), seen) for code, m in chosen],
        "events": [
            present_event(event, states[event.pk], sees_source=own is None or event.source_id in own, known_keys=keys)
            for event in events
        ],
        "exceptions": [
            present_case(_known(case, as_of), internal=sees_all(user)) for case in _cases(shipment, as_of, user)
        ],
    }


class Timeline(Door[Shipment]):
    model = Shipment
    permissions: ClassVar[dict[str, str]] = {"GET": "shipments.view_shipment"}
    parameters: ClassVar[dict[str, frozenset[str]]] = {"GET": frozenset({"as_of"})}
    serializer_class = TimelineOut

    def rows(self) -> ScopedQuerySet[Shipment]:
        return Shipment.objects.select_related("destination")

    @extend_schema(
        operation_id="shipments_timeline",
        parameters=[OpenApiParameter("as_of", OpenApiTypes.DATETIME, description="Show what was known then")],
        responses=TimelineOut,
    )
    def get(self, request: Request, id: str) -> Response:
        """Milestones, events and exceptions of a shipment, now or as known at a past instant."""
        as_of = None
        if (given := request.query_params.get("as_of")) is not None:
            try:
                as_of = serializers.DateTimeField().run_validation(given)
            except serializers.ValidationError as error:
                raise ValidationError({"as_of": error.detail}) from error
        return Response(timeline(self.one(), as_of=as_of, user=caller(request)))
