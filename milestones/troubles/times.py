"""Milestones that are overdue, late, early, missing, out of sequence or unplanned, and an arrival that slips. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

from milestones.enums import Audience, Cause, Deviation, ExceptionKind, MilestoneState
from milestones.facts import Asked, MilestoneValue
from milestones.summing import arrival_line
from milestones.threads import is_later
from milestones.troubles.base import Ground, Trouble, about_milestone, decided_by, known, span
from milestones.valuing import EARLY, LATE, MISSING, OVERDUE, REACHED, Valued

_OVERDUE, _MISSING, _LATE, _EARLY, _ASKEW, _SLIP = (
    ExceptionKind.OVERDUE.value,
    ExceptionKind.MISSING.value,
    ExceptionKind.LATE.value,
    ExceptionKind.EARLY.value,
    ExceptionKind.OUT_OF_SEQUENCE.value,
    ExceptionKind.ETA_SLIP.value,
)
_OPEN_STATES = frozenset({MilestoneState.PLANNED.value, MilestoneState.ESTIMATED.value})


def of_milestones(ground: Ground) -> Iterator[Trouble]:
    """Overdue, missing, late, early and out of sequence, in the order of the plan: one look at each line."""
    asked = ground.policy.asked
    overdue = asked.get(_OVERDUE)
    ahead = overdue.ahead if overdue else None
    for row in ground.valued:
        value = row.value
        if value.state == OVERDUE:
            kind = _OVERDUE
        elif value.state == MISSING:
            kind = _MISSING
        else:
            kind = _BY_DEVIATION.get(value.deviation, "")
        if not kind:
            if ahead is not None and _is_near(row, ahead, ground.now):
                yield _overdue(row, ground)
        elif (wanted := asked.get(kind)) is not None and wanted.wants(value.code):
            yield _MAKERS[kind](row, ground)


_BY_DEVIATION = {LATE: _LATE, EARLY: _EARLY, Deviation.OUT_OF_SEQUENCE.value: _ASKEW}


def _is_near(row: Valued, ahead: timedelta, now: datetime) -> bool:
    """Whether a warning may be due before a mandatory line is overdue."""
    value = row.value
    expected = value.expected_at
    return row.line.is_mandatory and value.state in _OPEN_STATES and expected is not None and now >= expected - ahead


def _overdue(row: Valued, ground: Ground) -> Trouble:
    value, quiet, now = row.value, ground.situation.quiet, ground.now
    due = known(value.expected_at)
    facts: dict[str, Any] = {"about": due.isoformat(), "due_at": due.isoformat()}
    is_breach = value.state == OVERDUE
    facts["cause"] = quiet.cause(now) if is_breach or now > due else Cause.NEARLY_DUE.value
    facts["last_event_at"] = quiet.last_event_at.isoformat() if quiet.last_event_at else None
    words = "overdue, nothing reported" if is_breach else "due, nothing reported"
    return about_milestone(_OVERDUE, value, now - due, words, facts, is_breach=is_breach)


def _missing(row: Valued, ground: Ground) -> Trouble:
    later = [r for r in ground.valued if r.line.is_mandatory and r.told_at and is_later(r.line, row.line)]
    since = min((r.told_at for r in later if r.told_at), default=ground.now)
    first = min(later, key=lambda r: r.line.position, default=None)
    facts = {
        "about": "missing",
        "cause": Cause.SKIPPED.value,
        "evidence": sorted(r.value.decisions["actual"]["event"] for r in later),
        "later": first.value.name if first else "",
    }
    words = "skipped, a later milestone is reached"
    return about_milestone(_MISSING, row.value, ground.now - since, words, facts)


def _late(row: Valued, ground: Ground) -> Trouble:
    return _moved(_LATE, row.value, ground)


def _early(row: Valued, ground: Ground) -> Trouble:
    return _moved(_EARLY, row.value, ground)


def _moved(kind: str, value: MilestoneValue, ground: Ground) -> Trouble:
    planned, at = known(value.planned_at), known(value.actual_at or value.estimated_at)
    is_actual = value.actual_at is not None
    evidence = decided_by(value, "actual" if is_actual else "estimated")
    event = ground.event(evidence[0]) if evidence else None
    facts = {
        "about": f"{planned.isoformat()} {at.isoformat()}",
        "cause": _cause_of_move(value, is_actual=is_actual),
        "planned_at": planned.isoformat(),
        "at": at.isoformat(),
        "is_actual": is_actual,
        "evidence": evidence,
    }
    if event is not None and (reason := event.attributes.get("reason")):
        facts["reason"] = str(reason)[:200]
    words = f"{'' if is_actual else 'expected '}{kind} by {span(abs(at - planned))}"
    return about_milestone(kind, value, abs(at - planned), words, facts, source=event.source if event else None)


def _cause_of_move(value: MilestoneValue, *, is_actual: bool) -> str:
    if is_actual:
        return Cause.REPORTED.value
    ripples = value.decisions.get("estimated", {}).get("rule") == "ripple"
    return (Cause.MOVED_ALONG if ripples else Cause.ESTIMATED).value


def _out_of_sequence(row: Valued, ground: Ground) -> Trouble:
    """It is said to have happened before something that comes first in the plan."""
    at = known(row.value.actual_at)
    before = [
        r
        for r in ground.valued
        if _was_told(r) and is_later(row.line, r.line) and r.value.actual_at and r.value.actual_at > at
    ]
    other = max(before, key=lambda r: (known(r.value.actual_at), r.line.position), default=row)
    length = known(other.value.actual_at) - at
    facts = {
        "about": f"{at.isoformat()} {other.value.slot} {known(other.value.actual_at).isoformat()}",
        "cause": Cause.WRONG_ORDER.value,
        "at": at.isoformat(),
        "other": other.value.name,
        "other_at": known(other.value.actual_at).isoformat(),
        "evidence": sorted({*decided_by(row.value, "actual"), *decided_by(other.value, "actual")}),
    }
    trouble = about_milestone(_ASKEW, row.value, length, f"reported before “{other.value.name}”", facts)
    # Who mixed up what is for the house to find out.
    trouble.audience = Audience.INTERNAL.value
    return trouble


def _was_told(row: Valued) -> bool:
    """Whether what comes after it has to be after it: not what only follows from a later report."""
    return row.line.is_mandatory and not row.is_day and not row.value.is_inferred


_MAKERS: dict[str, Callable[[Valued, Ground], Trouble]] = {
    _OVERDUE: _overdue,
    _MISSING: _missing,
    _LATE: _late,
    _EARLY: _early,
    _ASKEW: _out_of_sequence,
}


def unexpected(ground: Ground, asked: Asked) -> Iterator[Trouble]:
    """What happened although no line plans it."""
    for value in ground.situation.unplanned:
        if not asked.wants(value.code):
            continue
        at, evidence = known(value.actual_at), decided_by(value, "actual")
        event = ground.event(evidence[0]) if evidence else None
        facts = {
            "about": f"{at.isoformat()} {value.slot}",
            "cause": Cause.NOT_PLANNED.value,
            "at": at.isoformat(),
            "evidence": evidence,
        }
        if event is not None and (reason := event.attributes.get("reason")):
            facts["reason"] = str(reason)[:200]
        yield about_milestone(
            ExceptionKind.UNEXPECTED.value, value, max(ground.now - at, timedelta(0)), "happened, but is not planned",
            facts, source=event.source if event else None, place=event.place if event else "",
        )  # fmt: skip


def eta_slip(ground: Ground, asked: Asked) -> Iterator[Trouble]:
    """The arrival is expected later than it was first; once it has arrived, `late` says so."""
    row = arrival_line(ground.valued)
    if row is None or row.value.state == REACHED:
        return
    value = row.value
    first, expected = value.baseline_at, value.estimated_at
    if first is None or expected is None or expected <= first or not asked.wants(value.code):
        return
    evidence = decided_by(value, "estimated")
    event = ground.event(evidence[0]) if evidence else None
    facts = {
        "about": f"{first.isoformat()} {expected.isoformat()}",
        "cause": _cause_of_move(value, is_actual=False),
        "first_at": first.isoformat(),
        "at": expected.isoformat(),
        "evidence": evidence,
    }
    words = f"now expected {span(expected - first)} later than at first"
    yield about_milestone(
        _SLIP, value, expected - first, words, facts, source=event.source if event else None
    )  # fmt: skip
