"""`/events/`: normalised events out, native events in."""

from __future__ import annotations

from collections.abc import Iterable, Set
from datetime import datetime
from typing import Any, ClassVar

import django_filters
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from core.errors import DomainError
from milestones.enums import Audience
from milestones.models import Milestone
from partners.access import ScopedQuerySet, granted_partners, sees_all
from partners.enums import Permission, Scope
from partners.models import Partner, User
from portal.api.base import READ_ONLY, Door, Row, caller
from portal.api.times import at_place, in_utc
from shipments.enums import Classifier, Format, Transport, WaitReason
from shipments.matching import reference_key
from shipments.models import Event, EventMatch, Reference, Shipment, Source, WaitingEvent
from shipments.services import report_events, save_source

MAXIMUM_EVENTS = 1000
# What an event can be when it waits for nothing.
SETTLED = ("active", "superseded", "retracted")
STATES = (*SETTLED, *WaitReason.values)


class EventFilter(django_filters.FilterSet):
    shipment = django_filters.UUIDFilter(method="of_shipment", help_text="id of the shipment")
    reference = django_filters.CharFilter(method="of_reference", max_length=64)
    code = django_filters.CharFilter(field_name="code_id", max_length=24)
    classifier = django_filters.ChoiceFilter(choices=Classifier.choices)
    state = django_filters.ChoiceFilter(method="in_state", choices=[(state, state) for state in STATES])
    updated_since = django_filters.IsoDateTimeFilter(field_name="processed_at", lookup_expr="gte")

    class Meta:
        model = Event
        fields: ClassVar[list[str]] = []

    def of_shipment(self, rows: QuerySet[Event], name: str, value: Any) -> QuerySet[Event]:
        visible = Shipment.objects.for_user(caller(self.request)).filter(public_id=value)
        return rows.filter(pk__in=EventMatch.objects.filter(shipment__in=visible).values("event_id"))

    def of_reference(self, rows: QuerySet[Event], name: str, value: str) -> QuerySet[Event]:
        visible = Shipment.objects.for_user(caller(self.request))
        named = Reference.objects.filter(key=reference_key(value), shipment__in=visible)
        return rows.filter(pk__in=EventMatch.objects.filter(shipment__in=named.values("shipment")).values("event_id"))

    def in_state(self, rows: QuerySet[Event], name: str, value: str) -> QuerySet[Event]:
        waiting = WaitingEvent.objects.open().filter(event=OuterRef("pk"))
        if value in WaitReason.values:
            return rows.filter(Exists(waiting.filter(reason=value)))
        replacing = Event.objects.filter(supersedes=OuterRef("pk"))
        by_sender = Event.objects.filter(source=OuterRef("source"), retracts=OuterRef("source_event_id"))
        replaced = Q(Exists(replacing.filter(retracts="")))
        retracted = Q(Exists(replacing.exclude(retracts=""))) | (Q(Exists(by_sender)) & ~Q(source_event_id=""))
        settled = {
            "superseded": replaced,
            "retracted": retracted & ~replaced,
            "active": ~retracted & ~replaced,
        }
        return rows.filter(settled[value], ~Exists(waiting))


class EventOut(serializers.Serializer[Event]):
    """An event as contract.md writes it."""

    id = serializers.UUIDField()
    code = serializers.CharField()
    raw_code = serializers.CharField()
    classifier = serializers.ChoiceField(choices=Classifier.choices)
    occurred_at = serializers.DateTimeField(allow_null=True)
    wall_time = serializers.CharField()
    time_zone = serializers.CharField()
    zone_certainty = serializers.CharField()
    reported_at = serializers.DateTimeField(allow_null=True)
    received_at = serializers.DateTimeField()
    location = serializers.CharField(allow_null=True)
    unit = serializers.CharField()
    references = serializers.ListField(child=serializers.DictField())
    source = serializers.CharField()  # type: ignore[assignment]  # a field of that name, not the base's attribute
    message = serializers.UUIDField(allow_null=True, help_text="Of your own sources only")
    state = serializers.ChoiceField(choices=STATES)


class NativeResultOut(serializers.Serializer[Event]):
    index = serializers.IntegerField()
    status = serializers.ChoiceField(choices=["accepted", "duplicate", "rejected"])
    id = serializers.UUIDField(allow_null=True)
    code = serializers.CharField()
    message = serializers.CharField()


class NativeAnswer(serializers.Serializer[Event]):
    accepted = serializers.IntegerField()
    duplicate = serializers.IntegerField()
    rejected = serializers.IntegerField()
    results = NativeResultOut(many=True)


def states_of(events: Iterable[Event], *, as_of: datetime | None = None) -> dict[int, str]:
    """Each event's state, now or as known then: what it waits for, else 'superseded', 'retracted' or 'active'.

    Three queries for any number of events.
    """
    rows = list(events)
    ids = [event.pk for event in rows]
    states = dict.fromkeys(ids, "active")
    named: dict[tuple[int, str], list[int]] = {}
    for event in rows:
        if event.source_event_id:
            named.setdefault((event.source_id, event.source_event_id), []).append(event.pk)
    told = Event.objects.filter(processed_at__lte=as_of) if as_of else Event.objects.all()
    taken_back = told.filter(
        source__in={source for source, _id in named}, retracts__in={name for _source, name in named}
    )
    for pair in taken_back.values_list("source_id", "retracts"):
        states.update(dict.fromkeys(named.get(pair, ()), "retracted"))
    # A person takes an event back with a retraction that supersedes it; a repaired reading supersedes it as well.
    replacing = told.filter(supersedes__in=ids).order_by("pk").values_list("supersedes", "retracts")
    states.update({pk: "retracted" if retracts else "superseded" for pk, retracts in replacing if pk})
    waits = _waiting(as_of).filter(event_id__in=ids).order_by("-pk")
    states.update({event_id: reason for event_id, reason in waits.values_list("event_id", "reason")})
    return states


def _waiting(as_of: datetime | None) -> QuerySet[WaitingEvent]:
    if as_of is None:
        return WaitingEvent.objects.open()
    return WaitingEvent.objects.filter(Q(closed_at=None) | Q(closed_at__gt=as_of), opened_at__lte=as_of)


def present(event: Event, state: str, *, sees_source: bool = True, known_keys: Set[str] = frozenset()) -> Row:
    """One event. Who does not see the source sees the sender's name, and of the references only the `known_keys`."""
    references = [r for r in event.references if sees_source or reference_key(r["value"]) in known_keys]
    zone = event.location.time_zone if event.location else ""
    return {
        "id": str(event.public_id),
        "code": event.code_id,
        "raw_code": event.raw_code,
        "classifier": event.classifier,
        "occurred_at": at_place(event.occurred_at, zone or event.time_zone),
        "wall_time": event.wall_time,
        "time_zone": event.time_zone,
        "zone_certainty": event.zone_certainty,
        "reported_at": in_utc(event.reported_at),
        "received_at": in_utc(event.received_at),
        "location": event.location.code if event.location else event.location_text or None,
        "unit": event.equipment,
        "references": references,
        "source": event.source.code if sees_source else event.source.partner.name,
        "message": str(event.message.public_id) if sees_source else None,
        "state": state,
    }


def visible_to(user: User) -> QuerySet[Event]:
    """All for internal people; else one's own reports, and those whose milestone the customer may see."""
    rows = Event.objects.select_related("source__partner", "location", "message").defer("message__raw")
    if sees_all(user):
        return rows
    open_milestones = Milestone.objects.filter(
        shipment=OuterRef("shipment"), type=OuterRef("event__code"), audience__in=[Audience.CUSTOMER, Audience.PUBLIC]
    )
    shared = EventMatch.objects.for_user(user).filter(Exists(open_milestones)).values("event_id")
    own = granted_partners(user, Permission.REPORT_EVENTS).values("pk")
    return rows.filter(Q(source__partner__in=own) | Q(pk__in=shared))


def own_sources(user: User) -> set[int] | None:
    """Ids of the sources whose internals `user` may see; None: all."""
    return None if sees_all(user) else set(Source.objects.for_user(user).values_list("pk", flat=True))


def present_all(events: Iterable[Event], user: User) -> list[Row]:
    rows, own = list(events), own_sources(user)
    states = states_of(rows)
    return [present(row, states[row.pk], sees_source=own is None or row.source_id in own) for row in rows]


def native_source(request: Request) -> Source:
    """The source that the caller's own native events come from; made when it is first needed."""
    partners = Partner.objects.for_user(caller(request), Permission.REPORT_EVENTS)
    key_partner = getattr(request.auth, "partner_id", None)
    if key_partner is not None:
        partners = partners.filter(pk=key_partner)
    found = list(partners.order_by("pk")[:2])
    if len(found) != 1:
        raise DomainError("source_needed", _("Say for which source you report: ?source=CODE"), field="source")
    code = f"{found[0].code[:28]}-API"
    known = Source.objects.filter(code=code).first()
    return known or save_source(
        code, partner=found[0], format=Format.NATIVE, transport=Transport.API, by=caller(request)
    )


class Events(Door[Event]):
    model = Event
    scopes: ClassVar[dict[str, str]] = READ_ONLY | {"POST": Scope.INGEST}
    permissions: ClassVar[dict[str, str]] = {"GET": "shipments.view_event", "POST": "shipments.add_event"}
    parameters: ClassVar[dict[str, frozenset[str]]] = {"POST": frozenset({"source"})}
    serializer_class = EventOut
    filterset_class = EventFilter

    def rows(self) -> ScopedQuerySet[Event]:
        return Event.objects.all()

    def get_queryset(self) -> QuerySet[Event]:
        if getattr(self, "swagger_fake_view", False):
            return Event.objects.none()
        return visible_to(caller(self.request))

    @extend_schema(operation_id="events_list", responses=EventOut(many=True))
    def get(self, request: Request) -> Response:
        """Normalised events that you may see, newest first."""
        return self.page(self.get_queryset(), lambda rows: present_all(rows, caller(request)))

    @extend_schema(
        operation_id="events_report",
        parameters=[OpenApiParameter("source", str, description="Code of the source; without it, your own")],
        request=serializers.ListSerializer(child=serializers.DictField()),
        responses={200: NativeAnswer},
        filters=False,
    )
    def post(self, request: Request) -> Response:
        """Report up to 1,000 native events at once. Each has a result of its own; one bad event harms no other."""
        events = request.data if isinstance(request.data, list) else [request.data]
        if not 1 <= len(events) <= MAXIMUM_EVENTS or not all(isinstance(event, dict) and event for event in events):
            raise ValidationError({"events": _("A list of 1 to 1,000 events.")})
        code = request.query_params.get("source")
        source = Source.objects.active().get_for_user(caller(request), code=code) if code else native_source(request)
        results = report_events(source, events, by=caller(request))
        rows = [
            {
                "index": r.index,
                "status": r.status,
                "id": str(r.id) if r.id else None,
                "code": r.code,
                "message": r.message,
            }
            for r in results
        ]
        counts = {name: sum(row["status"] == name for row in rows) for name in ("accepted", "duplicate", "rejected")}
        return Response(counts | {"results": rows})
