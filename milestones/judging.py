"""What follows from the values of all lines together: what a later one implies, states and deviations. Pure.

A later milestone implies what must have happened before it; what is left is missing, passed over or overdue; and each
is as far from its plan as domain.md's classes of deviation say.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from milestones.enums import DecisionRule, Deviation
from milestones.evidencing import INFERRED
from milestones.facts import MilestoneValue
from milestones.planning import latest
from milestones.threads import Threads, passed
from milestones.valued import (
    EARLY,
    ESTIMATED,
    LATE,
    MISSING,
    ON_TIME,
    OURS,
    OVERDUE,
    PLANNED,
    REACHED,
    SKIPPED,
    Valued,
)

_BEFORE_LOADING = frozenset({"BOOKED", "EMPTY_OUT", "PICKUP_ARRIVED", "STUFFED", "RECEIVED_ORIGIN", "GATE_IN"})
# What cannot have happened without these, when they stand before it in the plan. Departure, arrival of the goods at the
# carrier, customs and documents are never taken for granted: when they are skipped, they are missing.
IMPLIED: dict[str, frozenset[str]] = {
    "PICKED_UP": frozenset({"BOOKED", "PICKUP_ARRIVED"}),
    "RECEIVED_ORIGIN": frozenset({"BOOKED"}),
    "GATE_IN": frozenset({"BOOKED", "EMPTY_OUT", "STUFFED"}),
    "LOADED": _BEFORE_LOADING,
    "DEPARTED": _BEFORE_LOADING | {"LOADED", "MANIFESTED"},
    "ARRIVED": _BEFORE_LOADING | {"LOADED", "MANIFESTED"},
    "DISCHARGED": frozenset({"BOOKED", "ARRIVED"}),
    "GATE_OUT": frozenset({"BOOKED", "ARRIVED", "DISCHARGED", "AVAILABLE"}),
    "OUT_FOR_DELIVERY": frozenset({"BOOKED", "ARRIVED", "DISCHARGED", "AVAILABLE"}),
    "DELIVERED": frozenset(
        {"BOOKED", "ARRIVED", "DISCHARGED", "AVAILABLE", "GATE_OUT", "OUT_FOR_DELIVERY", "DELIVERY_ARRIVED"}
    ),
}


def infer(valued: list[Valued], *, is_spread: bool) -> None:
    """Mark what must have happened before something that was reported; its time is the earliest upper bound."""
    reported = [(row, IMPLIED[row.line.code]) for row in valued if row.value.actual_at and row.line.code in IMPLIED]
    if not reported:
        return
    threads = Threads(valued) if is_spread else None
    for row in valued:
        if row.value.actual_at is not None:
            continue
        position, code = row.line.position, row.line.code
        if threads is None:
            later = [r for r, implied in reported if code in implied and r.line.position > position]
        else:
            later = [r for r in threads.later(row) if code in IMPLIED.get(r.line.code, ())]
        if later:
            _take_from(row.value, min(later, key=lambda r: (r.value.actual_at, r.line.position)).value)


def _take_from(value: MilestoneValue, later: MilestoneValue) -> None:
    value.actual_at, value.state, value.is_inferred = later.actual_at, REACHED, True
    value.evidence = INFERRED
    event = later.decisions["actual"]["event"]
    value.decisions["actual"] = {"event": event, "rule": DecisionRule.INFERRED.value, "losing": []}
    told = value.decisions.get("estimated")
    if told is not None and told["rule"] in OURS:
        value.estimated_at = None
        del value.decisions["estimated"]


def set_states(valued: list[Valued], now: datetime, *, is_cancelled: bool, is_spread: bool) -> None:
    """What is reached, missing, passed over, overdue or still to come."""
    is_passed = passed(valued, is_spread=is_spread)
    for row in valued:
        value, line = row.value, row.line
        if value.state == REACHED:
            continue
        expected = value.expected_at
        if is_cancelled:
            value.state = ESTIMATED if value.estimated_at else PLANNED
        elif not line.is_mandatory:
            value.state = _state_of_optional(value, is_passed=is_passed(row))
        elif is_passed(row):
            value.state = MISSING
        elif expected is not None and now > expected + line.late:
            value.state = OVERDUE
        else:
            value.state = ESTIMATED if value.estimated_at else PLANNED


def _state_of_optional(value: MilestoneValue, *, is_passed: bool) -> str:
    """Passed over once a later mandatory line is reached, unless somebody still expects it."""
    told = value.decisions.get("estimated")
    if is_passed and (told is None or told["rule"] in OURS):
        return SKIPPED
    return ESTIMATED if value.estimated_at else PLANNED


def set_deviations(valued: list[Valued], *, is_spread: bool) -> None:
    """How far each is from its plan, and whether it happened before what comes before it."""
    last: datetime | None = None
    threads = Threads(row for row in valued if _counts(row)) if is_spread else None
    for row in valued:
        value = row.value
        if value.is_inferred or value.state == SKIPPED:
            continue
        value.deviation = _deviation(row)
        if value.actual_at is None:
            continue
        if threads is not None:
            last = latest(other.value.actual_at for other in threads.earlier(row))
        if value.deviation != LATE and (_is_before(row, last) or (row.afters and _is_ahead(row))):
            value.deviation = Deviation.OUT_OF_SEQUENCE.value
        if _counts(row) and (last is None or value.actual_at > last):
            last = value.actual_at


def _counts(row: Valued) -> bool:
    """Whether what comes after it in the plan should have happened after it."""
    return row.line.is_mandatory and not row.is_day and not row.value.is_inferred


def _deviation(row: Valued) -> str:
    value, line = row.value, row.line
    if value.state == MISSING:
        return Deviation.MISSING.value
    if value.state == OVERDUE:
        return Deviation.OVERDUE.value
    return compare(value.actual_at or value.estimated_at, value.planned_at, line.early, line.late)


def _is_before(row: Valued, other: datetime | None) -> bool:
    """Whether it happened before that; a report that knows the day only may be anywhere on it."""
    at = row.value.actual_at
    slack = timedelta(days=1) if row.is_day else timedelta(0)
    return at is not None and other is not None and at + slack < other


def _is_ahead(row: Valued) -> bool:
    """Whether it was reached before a line that it has to follow; an optional one need not be reached at all."""
    return any(
        _is_before(row, after.value.actual_at) or (after.line.is_mandatory and after.value.actual_at is None)
        for after in row.afters
    )


def compare(at: datetime | None, planned: datetime | None, early: timedelta, late: timedelta) -> str:
    """Early, on time or late; empty when either time is not known. Exactly on the tolerance is on time."""
    if at is None or planned is None:
        return ""
    if at > planned + late:
        return LATE
    return EARLY if at < planned - early else ON_TIME
