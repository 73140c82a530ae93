"""`/shipments/{id}/dcsa/` and `/shipments/{id}/epcis/`: the events of a shipment in the words of the standards."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, ClassVar

from django.db.models import Q
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from partners.access import ScopedQuerySet
from partners.models import User
from portal.api import examples
from portal.api.base import Door, Row, caller
from portal.api.events import states_of
from portal.api.timeline import visible_events
from shipments.enums import AliasKind
from shipments.formats.base import ParsedPlace
from shipments.matching import reference_key
from shipments.models import Event, LocationAlias, Reference, Shipment
from shipments.outgoing import dcsa, epcis
from shipments.outgoing.events import OutgoingEvent

# What is no part of the standards' story: another event stands in its place, or nobody believes it yet.
_LEFT_OUT = frozenset({"superseded", "quarantined"})
# What of a report is no secret of its sender: the timeline shows no more of it either.
_OPEN_ATTRIBUTES = frozenset({"mode", "laden", "stop", "doc"})


@dataclass(frozen=True, slots=True)
class _Known:
    """What the events are written with. `own`: sources whose internals the caller may see (None: all).

    `glns`: by place. `retracted`: of each event that was taken back, when we learnt of it.
    """

    own: Set[int] | None
    keys: Set[str]
    glns: Mapping[int, str]
    retracted: Mapping[int, datetime]

    def sees(self, event: Event) -> bool:
        return self.own is None or event.source_id in self.own


def outgoing_events(shipment: Shipment, user: User | None) -> list[OutgoingEvent]:
    """What `user` sees in the timeline (None: everything), each event followed by its retraction if it has one.

    A constant number of queries.
    """
    seen, own = visible_events(shipment, user)
    states = states_of(seen)
    events = [event for event in seen if states[event.pk] not in _LEFT_OUT]
    taken_back = [event for event in events if states[event.pk] == "retracted"]
    known = _Known(
        own=own,
        keys=set(Reference.objects.filter(shipment=shipment).values_list("key", flat=True)),
        glns=_glns({event.location_id for event in events if event.location_id}),
        retracted=_retracted_at(taken_back),
    )
    return _in_order(events, known)


def _in_order(events: Sequence[Event], known: _Known) -> list[OutgoingEvent]:
    by_id = {event.pk: event for event in events}
    by_name = {(event.source_id, event.source_event_id): event for event in events if event.source_event_id}
    # A bare retraction comes right after what it takes back, whoever of the two has the earlier date.
    retractions: dict[int, list[OutgoingEvent]] = {}
    written: list[tuple[int, OutgoingEvent]] = []
    for event in events:
        target = _target(event, by_id, by_name)
        one = _outgoing(event, target, known)
        if one.is_bare_retraction and target is not None:
            retractions.setdefault(target.pk, []).append(one)
        else:
            written.append((event.pk, one))
    for pk in known.retracted.keys() - retractions.keys():
        retractions[pk] = [_untold(by_id[pk], known)]
    return [one for pk, first in written for one in (first, *retractions.get(pk, ()))]


def _target(event: Event, by_id: Mapping[int, Event], by_name: Mapping[tuple[int, str], Event]) -> Event | None:
    if not event.retracts:
        return None
    return by_id.get(event.supersedes or 0) or by_name.get((event.source_id, event.retracts))


def _outgoing(event: Event, target: Event | None, known: _Known) -> OutgoingEvent:
    """The event in full for who sees its source; otherwise as the timeline shows it."""
    written = OutgoingEvent(
        id=str(event.public_id),
        code=event.code_id,
        classifier=event.classifier,
        received_at=event.received_at,
        occurred_at=event.occurred_at,
        wall_time=event.wall_time,
        time_zone=event.time_zone,
        precision=event.precision,
        reported_at=event.reported_at,
        place=_place(event, known),
        equipment=event.equipment,
        vessel_imo=event.vessel_imo,
        voyage=event.voyage,
        flight=event.flight,
        references=tuple((said["type"], said["value"]) for said in event.references),
        source_event_id=event.source_event_id,
        retracts=event.retracts,
        retracts_id=str(target.public_id) if target else "",
        reason=event.reason,
        remarks=event.remarks,
        attributes=event.attributes,
    )
    return written if known.sees(event) else _discreet(written, known)


def _discreet(event: OutgoingEvent, known: _Known) -> OutgoingEvent:
    return replace(
        event,
        references=tuple(pair for pair in event.references if reference_key(pair[1]) in known.keys),
        source_event_id="",
        retracts=event.retracts_id or (event.retracts and event.id),
        reason="",
        remarks="",
        attributes={name: value for name, value in event.attributes.items() if name in _OPEN_ATTRIBUTES},
    )


def _untold(event: Event, known: _Known) -> OutgoingEvent:
    """The retraction of an event whose own row is not the caller's to see: that it was taken back he has to know."""
    return OutgoingEvent(
        id=str(event.public_id),
        code="INFO",
        classifier=event.classifier,
        received_at=known.retracted[event.pk],
        retracts=(event.source_event_id if known.sees(event) else "") or str(event.public_id),
        retracts_id=str(event.public_id),
    )


def _place(event: Event, known: _Known) -> ParsedPlace:
    place, text = event.location, event.location_text
    if place is None:
        is_gln = len(text) == 13 and text.isascii() and text.isdigit()
        return ParsedPlace(code=text, code_kind=AliasKind.GLN.value, text=text) if is_gln else ParsedPlace(text=text)
    gln = known.glns.get(place.pk, "")
    return ParsedPlace(
        unlocode=place.unlocode,
        facility=place.facility_code,
        text=text,
        code=gln,
        code_kind=AliasKind.GLN.value if gln else "",
    )


def _glns(places: Set[int]) -> dict[int, str]:
    rows = LocationAlias.objects.filter(kind=AliasKind.GLN, source=None, location__in=places).order_by("-pk")
    return dict(rows.values_list("location_id", "value"))


def _retracted_at(events: Iterable[Event]) -> dict[int, datetime]:
    """When we learnt that each of these was taken back."""
    by_name = {(event.source_id, event.source_event_id): event.pk for event in events if event.source_event_id}
    by_id = {event.pk: event.received_at for event in events}
    named = Q(source__in={source for source, _name in by_name}, retracts__in={name for _source, name in by_name})
    rows = Event.objects.filter(named | Q(supersedes__in=by_id)).exclude(retracts="").order_by("-received_at")
    found = dict(by_id)
    for source, retracts, supersedes, at in rows.values_list("source_id", "retracts", "supersedes", "received_at"):
        pk = supersedes if supersedes in by_id else by_name.get((source, retracts))
        if pk is not None:
            found[pk] = at
    return found


def dcsa_events(shipment: Shipment, user: User | None) -> list[Row]:
    return dcsa.render(outgoing_events(shipment, user))


def epcis_document(shipment: Shipment, user: User | None) -> Row:
    events = outgoing_events(shipment, user)
    return epcis.render(events, shipment=str(shipment.public_id), created_at=timezone.now())


def as_file(document: Any) -> bytes:
    return json.dumps(document, indent=1, ensure_ascii=False).encode()


class InStandard(Door[Shipment]):
    model = Shipment
    permissions: ClassVar[dict[str, str]] = {"GET": "shipments.view_shipment"}

    def rows(self) -> ScopedQuerySet[Shipment]:
        return Shipment.objects.all()


class DcsaEvents(InStandard):
    @extend_schema(
        operation_id="shipments_dcsa",
        responses=serializers.ListSerializer(child=serializers.DictField()),
        examples=examples.DCSA,
    )
    def get(self, request: Request, id: str) -> Response:
        """The events as DCSA Track & Trace 2.2; members named `waymark:…` say what the standard cannot."""
        return Response(dcsa_events(self.one(), caller(request)))


class EpcisDocument(InStandard):
    @extend_schema(operation_id="shipments_epcis", responses={200: OpenApiTypes.OBJECT}, examples=examples.EPCIS)
    def get(self, request: Request, id: str) -> Response:
        """The events as a GS1 EPCIS 2.0 document (JSON-LD); the namespace `waymark` says what the standard cannot."""
        return Response(epcis_document(self.one(), caller(request)))
