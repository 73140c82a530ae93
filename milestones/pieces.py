"""Parts of a shipment that are reported one by one: whether they are all there (formats.md 9.4, rule 32). Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from milestones.facts import EventFact
from shipments.enums import Classifier

_ACTUAL = Classifier.ACTUAL.value
# A piece is delivered once, wherever; but it is loaded, received and so on at several places, and counts at each.
_ONCE = frozenset({"DELIVERED"})


def is_part(event: EventFact) -> bool:
    """Whether it says of itself that it is about a part of the shipment only."""
    return event.attributes.get("part") == "PARTIAL"


def total_of(events: Iterable[EventFact]) -> int:
    """How many pieces the whole shipment has, as far as anybody said; 0 when nobody did.

    Of several numbers the greatest counts: what is too much waits, what is too little would be finished too early.
    """
    most = 0
    for event in events:
        most = max(most, _number(event, "total_pieces"))
        if not event.unit and not is_part(event):
            most = max(most, _number(event, "pieces"))
    return most


def completing(parts: Sequence[EventFact], total: int) -> EventFact | None:
    """The report with which all pieces were there, or None while some are missing. `parts`: of one milestone."""
    if total <= 0:
        return None
    by_place: dict[str, list[EventFact]] = {}
    for event in parts:
        if event.occurred_at is not None and event.classifier == _ACTUAL and _number(event, "pieces"):
            by_place.setdefault("" if event.code in _ONCE else event.place, []).append(event)
    found = [last for events in by_place.values() if (last := _completing(events, total))]
    return min(found, key=happening, default=None)


def happening(event: EventFact) -> tuple[datetime, str]:
    """The order in which parts came, the same for everybody."""
    return event.occurred_at or event.told_at, event.fingerprint


def completed_codes(events: Sequence[EventFact]) -> set[str]:
    """The codes that all pieces have, each by its parts alone."""
    by_code: dict[str, list[EventFact]] = {}
    for event in events:
        if is_part(event):
            by_code.setdefault(event.code, []).append(event)
    if not by_code:
        return set()
    total = total_of(events)
    return {code for code, parts in by_code.items() if completing(parts, total)}


def _completing(events: Iterable[EventFact], total: int) -> EventFact | None:
    """What one source says is added up. Of several sources those parts are, that came by different journeys."""
    own: dict[int, int] = {}
    by_journey: dict[str, dict[int, int]] = {}
    for event in sorted(_distinct(events), key=happening):
        pieces = _number(event, "pieces")
        own[event.source] = own.get(event.source, 0) + pieces
        if event.journey_number:
            said = by_journey.setdefault(event.journey_number, {})
            said[event.source] = said.get(event.source, 0) + pieces
        together = sum(max(said.values()) for said in by_journey.values())
        if max(together, own[event.source]) >= total:
            return event
    return None


def _distinct(events: Iterable[EventFact]) -> Iterable[EventFact]:
    """Each part once, as its source last told it.

    At one moment by one journey the last message about it counts, with all its lines; as many pieces by the same
    flight or voyage at another moment are the same part with its time put right.
    """
    moments: dict[tuple[int, str, str, datetime], list[EventFact]] = {}
    for event in events:
        at = (event.occurred_at or event.told_at).replace(second=0, microsecond=0)
        key = (event.source, event.journey_number, event.unit, at)
        told = moments.setdefault(key, [])
        if told and told[0].told_at < event.told_at:
            told.clear()
        if not told or told[0].told_at == event.told_at:
            told.append(event)
    parts: dict[tuple[object, ...], EventFact] = {}
    for (source, journey, unit, at), told in moments.items():
        for event in told:
            own = (source, journey, unit, _number(event, "pieces")) if journey else (source, at, event.fingerprint)
            other = parts.get(own)
            if other is None or _later(event, other):
                parts[own] = event
    return parts.values()


def _later(event: EventFact, other: EventFact) -> bool:
    return (event.told_at, event.position, event.fingerprint) > (other.told_at, other.position, other.fingerprint)


def _number(event: EventFact, name: str) -> int:
    """A count that the report gives; 0 when it gives none (a number written as a text counts too)."""
    value = event.attributes.get(name)
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 10:
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0
