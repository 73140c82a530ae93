"""Which events count, and which line each one is about. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from milestones.enums import PlaceRole
from milestones.facts import EventFact, Plan, Policy
from shipments.enums import Classifier, Mode

ACTUAL = Classifier.ACTUAL.value
# Recognised, but nothing that happens to the freight.
_NOTHING = frozenset({"INFO"})
# Loading a truck at the port is not loading the vessel: where the event says by what, it must be the plan's own mode.
_BY_MEANS = frozenset({"LOADED", "DISCHARGED", "DEPARTED", "ARRIVED"})
_AT_PORT = frozenset({PlaceRole.POL.value, PlaceRole.POD.value})
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
    named = {(e.source, e.retracts) for e in everything if e.retracts}
    # A retraction can be taken back itself.
    retracted = {
        (e.source, e.retracts) for e in everything if e.retracts and (e.source, e.source_event_id) not in named
    }
    superseded = {e.supersedes for e in everything if e.supersedes is not None}
    events = [e for e in everything if not (e.is_quarantined or e.row in superseded or _only_retracts(e, everything))]
    newest: dict[tuple[int, str], EventFact] = {}
    for event in events:
        key = (event.source, event.source_event_id)
        if event.source_event_id and (key not in newest or recency(event) > recency(newest[key])):
            newest[key] = event
    for event in events:
        key = (event.source, event.source_event_id)
        if not event.source_event_id or (key not in retracted and newest[key] is event):
            yield event


def _only_retracts(event: EventFact, events: Sequence[EventFact]) -> bool:
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
    A partial delivery completes no line.
    """
    by_line: list[list[EventFact]] = [[] for _ in plan.template.lines] if plan.template else []
    unplanned: dict[Happening, list[EventFact]] = {}
    for event in events:
        if event.code in _NOTHING:
            continue
        index = None if event.attributes.get("part") == "PARTIAL" else line_of(event, plan)
        if index is not None:
            by_line[index].append(event)
        elif event.classifier == ACTUAL:
            happening = (event.code, event.place, event.unit, event.journey_number)
            unplanned.setdefault(happening, []).append(event)
    return by_line, unplanned


def line_of(event: EventFact, plan: Plan) -> int | None:
    """Index of the line the event is about, or None when it is not planned."""
    template = plan.template
    indexes = template.by_code.get(event.code) if template else None
    if template is None or indexes is None:
        return None
    lines, points = template.lines, plan.shipment.route.points
    place, anywhere = event.place, None
    fitting = [i for i in indexes if not _by_other_means(event, lines[i].place_role, plan.shipment.mode)]
    if not place:
        return fitting[0] if len(indexes) == 1 and fitting else None
    for index in fitting:
        role = lines[index].place_role
        point = points.get(role)
        if point is not None:
            if point.place.code == place:
                return index
        elif role == PlaceRole.ANY:
            anywhere = index
        elif place in plan.shipment.route.transit:
            return index
    return anywhere


def _by_other_means(event: EventFact, role: str, mode: str) -> bool:
    if event.code not in _BY_MEANS or role not in _AT_PORT:
        return False
    means = event.attributes.get("mode")
    return means is not None and _MEANS.get(str(means).lower(), mode) != mode
