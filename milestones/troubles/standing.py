"""Freight that stands: on hold, too long at one place, or past its last free day. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from milestones.enums import Audience, Cause, ExceptionKind
from milestones.facts import Asked, EventFact, Hold
from milestones.pieces import is_part
from milestones.selecting import ACTUAL, recency
from milestones.troubles.base import Ground, Trouble
from milestones.unplanned import audience_of
from milestones.valuing import Valued

# What moves the freight, and what of that leaves it standing at a place.
_STANDS = frozenset(
    {
        "RECEIVED_ORIGIN", "GATE_IN", "ARRIVED", "DISCHARGED", "RECEIVED_TRANSIT", "HANDED_OVER", "WH_RECEIVED",
        "AVAILABLE",
    }
)  # fmt: skip
_GOES = frozenset(
    {
        "PICKED_UP", "LOADED", "DEPARTED", "IN_TRANSIT", "BORDER_CROSSED", "WH_DISPATCHED", "GATE_OUT",
        "OUT_FOR_DELIVERY", "DELIVERY_ARRIVED", "DELIVERED", "EMPTY_RETURNED", "RETURNED",
    }
)  # fmt: skip
_MOVES = _STANDS | _GOES
# How senders speak of the last free day (code lists 1650, 157 and Recommendation 24): what its clock is called.
_CLOCKS = {"LFD_DEMURRAGE": "demurrage", "FREE_TIME": "demurrage", "LFD_PER_DIEM": "per_diem"}
_EXPIRED = " expired"
_SAID = ("last_free_day", "lfd", "free_until")
# What stops which clock.
_STOPS = {
    "demurrage": frozenset({"GATE_OUT", "OUT_FOR_DELIVERY", "DELIVERED"}),
    "per_diem": frozenset({"EMPTY_RETURNED"}),
}
_NAMES = {"demurrage": "Last free day at the terminal", "per_diem": "Last free day of the equipment"}
_DAY = timedelta(days=1)


def on_hold(ground: Ground, asked: Asked) -> Iterator[Trouble]:
    for hold in ground.situation.holds:
        if asked.wants(hold.code):
            yield _hold(hold, ground.now)


def _hold(hold: Hold, now: datetime) -> Trouble:
    words = f"{hold.code.replace('_', ' ').capitalize()} in force" + (f" ({hold.agency})" if hold.agency else "")
    facts: dict[str, Any] = {
        "about": ",".join(hold.evidence),
        "cause": Cause.HELD.value,
        "evidence": list(hold.evidence),
        "since": hold.since.isoformat(),
        "code": hold.code,
        "agency": hold.agency,
        "reason": hold.reason,
    }
    return Trouble(
        ExceptionKind.HOLD.value, hold.slot, hold.code, now - hold.since, words, audience_of(hold.code), facts
    )


def dwell(ground: Ground, asked: Asked) -> Iterator[Trouble]:
    """It came somewhere and nothing followed. Counted from the last thing that moved it."""
    moves = (e for e in ground.events if e.code in _MOVES and e.classifier == ACTUAL and e.occurred_at is not None)
    last = max(moves, key=_later, default=None)
    if last is None or last.code not in _STANDS or last.occurred_at is None or not asked.wants(last.code):
        return
    row = _row_of(last, ground)
    facts = {
        "about": f"{last.code} {last.occurred_at.isoformat()}",
        "cause": Cause.STANDING.value,
        "since": last.occurred_at.isoformat(),
        "place": last.place,
        "code": last.code,
        "evidence": [last.id],
    }
    known = ground.policy.vocabulary.get(last.code)
    name = row.value.name if row else known.name if known else last.code
    facts["milestone"] = name
    length = max(ground.now - last.occurred_at, timedelta(0))
    yield Trouble(
        ExceptionKind.DWELL.value,
        row.value.slot if row else f"D:{last.place or '?'}",
        last.code,
        length,
        f"{name}: nothing has happened since" + (f" ({last.place})" if last.place else ""),
        row.value.audience if row else audience_of(last.code),
        facts,
        value=row.value if row else None,
        source=last.source,
        place=last.place,
    )


def _later(event: EventFact) -> tuple[Any, ...]:
    """Of two moves at one instant the one that goes on is the later; then a fixed order."""
    return event.occurred_at, event.code in _GOES, recency(event)


def _row_of(event: EventFact, ground: Ground) -> Valued | None:
    """The line that this event stands behind."""
    rows = (row for row in ground.valued if not row.value.is_inferred)
    return next((row for row in rows if row.value.decisions.get("actual", {}).get("event") == event.id), None)


def last_free_day(ground: Ground, asked: Asked) -> Iterator[Trouble]:
    """The end of free time, by clock and unit. Where sources differ the earliest counts: that one costs nothing."""
    by_source: dict[tuple[str, str, int], tuple[datetime, EventFact]] = {}
    for event in ground.events:
        found = _deadline(event)
        if found is None:
            continue
        clock, ends = found
        key = (clock, event.unit, event.source)
        if key not in by_source or recency(event) > recency(by_source[key][1]):
            by_source[key] = (ends, event)
    earliest: dict[tuple[str, str], tuple[datetime, EventFact]] = {}
    for (clock, unit, _), told in by_source.items():
        other = earliest.get((clock, unit))
        if other is None or (told[0], told[1].fingerprint) < (other[0], other[1].fingerprint):
            earliest[clock, unit] = told
    for (clock, unit), (ends, event) in sorted(earliest.items(), key=lambda item: item[0]):
        if asked.wants(event.code) and not _has_stopped(clock, event, ground):
            yield _free_day(clock, unit, ends, event, ground)


def _deadline(event: EventFact) -> tuple[str, datetime] | None:
    """(clock, when free time ends) when the event speaks of it."""
    said = event.attributes
    if not said:
        return None
    for name in _SAID:
        if name in said and (at := _instant(str(said[name]), event)) is not None:
            return "demurrage", at
    name = str(said.get("deadline", ""))
    clock = _CLOCKS.get(name.removesuffix(_EXPIRED))
    if clock is None or event.occurred_at is None:
        return None
    # A day is free to its end.
    return clock, event.occurred_at + (_DAY if event.is_day and not name.endswith(_EXPIRED) else timedelta(0))


def _instant(text: str, event: EventFact) -> datetime | None:
    """An ISO 8601 day (free to its end) or instant; without an offset in the zone of the event's own time."""
    try:
        at = datetime.fromisoformat(text.strip()[:40])
    except ValueError:
        return None
    if at.tzinfo is None:
        at = at.replace(tzinfo=event.received_at.tzinfo)
    return at + _DAY if len(text.strip()) <= len("2026-11-03") else at


def _has_stopped(clock: str, told: EventFact, ground: Ground) -> bool:
    for event in ground.events:
        if event.classifier != ACTUAL or event.code not in _STOPS[clock] or is_part(event):
            continue
        if told.unit and event.unit and told.unit != event.unit:
            continue
        if event.code == "GATE_OUT" and told.place and event.place and told.place != event.place:
            continue
        if told.unit or not event.unit or not ground.plan.shipment.units - _units(event.code, ground):
            return True
    return False


def _units(code: str, ground: Ground) -> set[str]:
    return {e.unit for e in ground.events if e.code == code and e.classifier == ACTUAL and e.unit}


def _free_day(clock: str, unit: str, ends: datetime, event: EventFact, ground: Ground) -> Trouble:
    length = ground.now - ends
    over = length >= timedelta(0)
    facts = {
        "about": f"{clock} {unit} {ends.isoformat()}",
        "cause": (Cause.FREE_TIME_OVER if over else Cause.FREE_TIME_ENDS).value,
        "clock": clock,
        "ends_at": ends.isoformat(),
        "unit": unit,
        "place": event.place,
        "evidence": [event.id],
    }
    # The words of a stored case follow its stage, not the clock: nothing in them moves with time.
    words = f"{_NAMES[clock]}{f' ({unit})' if unit else ''} " + ("is over" if over else "is near")
    return Trouble(
        ExceptionKind.LAST_FREE_DAY.value, f"F:{clock}:{unit}"[:80], event.code, length, words,
        Audience.INTERNAL.value, facts, is_breach=over, source=event.source, place=event.place,
    )  # fmt: skip
