"""Which events count, and which line each one is about. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from milestones.enums import PlaceRole
from milestones.facts import EventFact, LegFact, PlaceFact, Plan, Policy, Route
from milestones.meeting import legs_called, lines_met
from milestones.pieces import completing, happening, is_part, total_of
from shipments.enums import Classifier, Mode

ACTUAL = Classifier.ACTUAL.value
# Recognised, but nothing that happens to the freight.
_NOTHING = frozenset({"INFO"})
# Loading a truck at the port is not loading the vessel: where the event says by what, it must be the plan's own mode.
_BY_MEANS = frozenset({"LOADED", "DISCHARGED", "DEPARTED", "ARRIVED"})
_POL, _POD, _ANY = PlaceRole.POL.value, PlaceRole.POD.value, PlaceRole.ANY.value
_AT_PORT = frozenset({_POL, _POD})
_AT_ENDS_OF_LEGS = _AT_PORT | {PlaceRole.TRANSIT.value}
_AT_THE_START = frozenset({"LOADED", "DEPARTED"})
# How senders say which port of the way they speak of.
_SAYS_END = frozenset({"POD", "DELIVERY"})
_MEANS = {
    "vessel": Mode.OCEAN.value,
    "ocean": Mode.OCEAN.value,
    "barge": "barge",
    "air": Mode.AIR.value,
    "rail": Mode.RAIL.value,
    "road": Mode.ROAD.value,
    "truck": Mode.ROAD.value,
}

# (code, place, unit, voyage or flight): what tells one unplanned happening from another.
Happening = tuple[str, str, str, str]


def recency(event: EventFact) -> tuple[datetime, int, str]:
    """The later report is the greater one; in one message the later position; then by content, the same everywhere."""
    return event.told_at, event.position, event.fingerprint


def active(
    events: Iterable[EventFact], booked_at: datetime | None, policy: Policy
) -> tuple[list[EventFact], list[tuple[str, str]]]:
    """The events that count, and (event id, reason) of those set aside for their date.

    Not counted: what is retracted (by the same source, whichever came first), superseded or quarantined, an older
    report under the same event id of the same source, and the retractions themselves.
    """
    earliest = booked_at - policy.booking_tolerance if booked_at else None
    kept: list[EventFact] = []
    aside: list[tuple[str, str]] = []
    for event in _standing(list(events)):
        if earliest and event.occurred_at and event.classifier == ACTUAL and event.occurred_at < earliest:
            aside.append((event.id, "It is said to have happened long before the booking."))
        else:
            kept.append(event)
    return kept, sorted(aside)


def _standing(everything: list[EventFact]) -> Iterator[EventFact]:
    superseded = {e.supersedes for e in everything if e.supersedes is not None}
    # A retraction that cannot be believed takes nothing back until a person has released it.
    believed = [e for e in everything if not (e.is_quarantined or e.row in superseded)]
    retractions = [e for e in believed if e.retracts]
    named = {(e.source, e.retracts) for e in retractions}
    # A retraction can be taken back itself.
    retracted = {(e.source, e.retracts) for e in retractions if (e.source, e.source_event_id) not in named}
    events = [e for e in believed if e.occurred_at is not None and not (e.retracts and only_retracts(e, everything))]
    newest: dict[tuple[int, str], EventFact] = {}
    for event in events:
        if event.source_event_id:
            key = (event.source, event.source_event_id)
            other = newest.setdefault(key, event)
            if other is not event and recency(event) > recency(other):
                newest[key] = event
    for event in events:
        if not event.source_event_id:
            yield event
            continue
        key = (event.source, event.source_event_id)
        if key not in retracted and newest[key] is event:
            yield event


def only_retracts(event: EventFact, events: Sequence[EventFact]) -> bool:
    """A retraction is no report of its own, unless it says something else than what it takes back."""
    if event.occurred_at is None:
        return True
    if not event.retracts:
        return False
    said = (event.code, event.classifier, event.occurred_at)
    return event.retracts == event.source_event_id or any(
        other.source_event_id == event.retracts
        and other.source == event.source
        and (other.code, other.classifier, other.occurred_at) == said
        for other in events
    )


def assign(events: Sequence[EventFact], plan: Plan) -> tuple[list[list[EventFact]], dict[Happening, list[EventFact]]]:
    """Events by line (index), and what happened outside the plan.

    An event belongs to the line with its code whose place it names; when it names none, to the only line with the code.
    Where a line stands several times, an event about the whole belongs to that of each unit (`meeting.lines_met`).
    What happened to a part belongs to the line once all the parts had it, and is outside the plan until then.
    """
    by_line: list[list[EventFact]] = [[] for _ in plan.template.lines] if plan.template else []
    unplanned: dict[Happening, list[EventFact]] = {}
    parts: dict[int | None, list[EventFact]] = {}
    for event in events:
        if event.code in _NOTHING:
            continue
        indexes = lines_of(event, plan)
        if is_part(event):
            _note_part(event, indexes, parts)
            continue
        for index in indexes:
            by_line[index].append(event)
        if not indexes and event.classifier == ACTUAL:
            _set_beside(event, unplanned)
    if parts:
        _assign_parts(parts, total_of(events), by_line, unplanned)
    return by_line, unplanned


def _note_part(event: EventFact, indexes: Sequence[int], parts: dict[int | None, list[EventFact]]) -> None:
    for index in (indexes or (None,)) if event.classifier == ACTUAL else ():
        parts.setdefault(index, []).append(event)


def _assign_parts(
    parts: dict[int | None, list[EventFact]],
    total: int,
    by_line: list[list[EventFact]],
    unplanned: dict[Happening, list[EventFact]],
) -> None:
    """To their line those up to the one that made it whole; the others stand beside the plan."""
    for index, events in parts.items():
        last = completing(events, total) if index is not None else None
        for event in events:
            if index is not None and last is not None and happening(event) <= happening(last):
                by_line[index].append(event)
            else:
                _set_beside(event, unplanned)


def _set_beside(event: EventFact, unplanned: dict[Happening, list[EventFact]]) -> None:
    unplanned.setdefault((event.code, event.place, event.unit, event.journey_number), []).append(event)


def lines_of(event: EventFact, plan: Plan) -> tuple[int, ...]:
    """Indexes of the lines the event is about, none when it is not planned."""
    template = plan.template
    indexes = template.by_code.get(event.code) if template else None
    if template is None or indexes is None:
        return ()
    if template.is_spread:
        return lines_met(event, indexes, plan, line_of, _means_said(event))
    index = line_of(event, indexes, plan)
    return () if index is None else (index,)


def line_of(event: EventFact, indexes: Sequence[int], plan: Plan) -> int | None:
    """Which of the lines with its code, each at a place of its own, the event is about; None when it is not planned."""
    lines, route = plan.lines, plan.shipment.route
    legs: Sequence[LegFact] = ()
    fitting = indexes
    if event.code in _BY_MEANS:
        legs = legs_called(event, route)
        fitting = [i for i in indexes if _may_be_at(event, lines[i].place_role, plan, legs)]
    place = event.place or (_only_end(event, legs) if legs else "")
    if not place:
        return fitting[0] if len(indexes) == 1 and fitting else None
    anywhere = None
    for index in fitting:
        role = lines[index].place_role
        point = route.points.get(role)
        if point is not None:
            if point.place.code == place:
                return index
        elif role == _ANY:
            anywhere = index
        elif place in route.transit:
            return index
    return anywhere


def legs_of(event: EventFact, route: Route) -> Sequence[LegFact]:
    """The legs with the voyage or flight of the event, else those of its vessel; none when nobody knows."""
    return legs_called(event, route) if event.code in _BY_MEANS else ()


def leg_sequence(event: EventFact, route: Route) -> int | None:
    """The leg that the event names by its voyage, flight or vessel, when it is one only."""
    legs = legs_of(event, route)
    return legs[0].sequence if len(legs) == 1 else None


def _end(leg: LegFact, code: str) -> PlaceFact:
    """Where on the leg it happens: it is loaded and departs at its start, it arrives and is discharged at its end."""
    return leg.origin if code in _AT_THE_START else leg.destination


def _only_end(event: EventFact, legs: Sequence[LegFact]) -> str:
    ends = {_end(leg, event.code).code for leg in legs}
    return ends.pop() if len(ends) == 1 else ""


def _may_be_at(event: EventFact, role: str, plan: Plan, legs: Sequence[LegFact]) -> bool:
    """Whether an event that has to do with a vessel, flight or truck (_BY_MEANS) can be about a line of that role."""
    if role not in _AT_ENDS_OF_LEGS:
        return True
    if role in _AT_PORT and (_by_other_means(event, plan.shipment.mode) or _is_between(event, role, plan, legs)):
        return False
    return not legs or _ends_here(event, role, plan.shipment.route, legs)


def _means_said(event: EventFact) -> str:
    """By what it moves, where the event says so and it matters; else empty."""
    said = event.attributes.get("mode") if event.code in _BY_MEANS else None
    return "" if said is None else _MEANS.get(str(said).lower(), "")


def _by_other_means(event: EventFact, mode: str) -> bool:
    return _means_said(event) not in ("", mode)


def _is_between(event: EventFact, role: str, plan: Plan, legs: Sequence[LegFact]) -> bool:
    """A transshipment by the sender's own word, or an arrival nobody knows where, on a way with transshipments."""
    said = event.attributes
    if "TRANSSHIPMENT" in (said.get("movement"), said.get("loc_role")):
        return True
    if event.place or legs or role != _POD or event.code in _AT_THE_START:
        return False
    return bool(plan.shipment.route.transit) and said.get("loc_role") not in _SAYS_END


def _ends_here(event: EventFact, role: str, route: Route, legs: Sequence[LegFact]) -> bool:
    """Not ours is a vessel of another leg that calls at the port too, and one that sails on without the freight."""
    own = _POL if event.code in _AT_THE_START else _POD
    sequence = route.points[role].leg_sequence if role == own else None
    return any(
        (not event.place or _end(leg, event.code).code == event.place) and sequence in (None, leg.sequence)
        for leg in legs
    )
