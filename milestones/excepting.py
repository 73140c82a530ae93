"""Which cases and tasks should be open now, and when time alone can change that. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from milestones.enums import ExceptionKind
from milestones.facts import CaseWanted, MilestoneValue, Plan, Policy, RuleFact, TaskWanted
from milestones.situation import Silence, Situation
from milestones.threads import is_later
from milestones.unplanned import audience_of
from milestones.valuing import LATE, MISSING, OVERDUE, REACHED, SKIPPED, Valued

_MINUTE = timedelta(minutes=1)
_PASSED = (REACHED, MISSING, SKIPPED)
_OVERDUE, _MISSING, _LATE = ExceptionKind.OVERDUE.value, ExceptionKind.MISSING.value, ExceptionKind.LATE.value


@dataclass(slots=True)
class Trouble:
    """Something that a rule may open a case for. `length`: how long the deviation is."""

    kind: str
    slot: str
    code: str
    length: timedelta
    summary: str
    audience: str
    facts: dict[str, Any] = field(default_factory=dict)


def troubles(situation: Situation, policy: Policy, now: datetime) -> list[Trouble]:
    """Everything that is not as it should be and that a rule asks for by its kind and milestone."""
    found: list[Trouble] = []
    valued = situation.valued
    asked = {(rule.kind, rule.code) for rule in policy.rules}
    for row in valued:
        kind = _kind_of(row.value)
        if not kind or not ((kind, "") in asked or (kind, row.line.code) in asked):
            continue
        if kind == _OVERDUE:
            found.append(_overdue(row, situation.quiet, now))
        elif kind == _MISSING:
            found.append(_missing(row, valued, now))
        else:
            found.append(_late(row.value))
    for hold in situation.holds:
        words = f"{hold.code.replace('_', ' ').capitalize()} in force" + (f" ({hold.agency})" if hold.agency else "")
        facts = {"about": ",".join(hold.evidence), "evidence": list(hold.evidence), "since": hold.since.isoformat()}
        facts |= {"code": hold.code, "agency": hold.agency, "reason": hold.reason}
        found.append(
            Trouble(ExceptionKind.HOLD, hold.slot, hold.code, now - hold.since, words, audience_of(hold.code), facts)
        )
    return found


def _kind_of(value: MilestoneValue) -> str:
    if value.state == OVERDUE:
        return _OVERDUE
    if value.state == MISSING:
        return _MISSING
    return _LATE if value.deviation == LATE else ""


def _overdue(row: Valued, quiet: Silence, now: datetime) -> Trouble:
    value = row.value
    due = _known(value.expected_at)
    facts: dict[str, Any] = {"about": due.isoformat(), "due_at": due.isoformat(), "cause": quiet.cause(now)}
    facts["last_event_at"] = quiet.last_event_at.isoformat() if quiet.last_event_at else None
    words = f"{value.name}: overdue, nothing reported"
    return Trouble(ExceptionKind.OVERDUE, value.slot, value.code, now - due, words, value.audience, facts)


def _missing(row: Valued, valued: Sequence[Valued], now: datetime) -> Trouble:
    value = row.value
    later = [r for r in valued if r.line.is_mandatory and r.told_at and is_later(r.line, row.line)]
    since = min((r.told_at for r in later if r.told_at), default=now)
    facts = {"about": "missing", "evidence": sorted(r.value.decisions["actual"]["event"] for r in later)}
    words = f"{value.name}: skipped, a later milestone is reached"
    return Trouble(ExceptionKind.MISSING, value.slot, value.code, now - since, words, value.audience, facts)


def _late(value: MilestoneValue) -> Trouble:
    planned, at = _known(value.planned_at), _known(value.actual_at or value.estimated_at)
    is_actual = value.actual_at is not None
    decision = value.decisions.get("actual" if is_actual else "estimated", {})
    facts = {
        "about": f"{planned.isoformat()} {at.isoformat()}",
        "planned_at": planned.isoformat(),
        "at": at.isoformat(),
        "is_actual": is_actual,
        "evidence": [decision["event"]] if decision.get("event") else [],
    }
    words = f"{value.name}: {'late' if is_actual else 'expected late'} by {_span(at - planned)}"
    return Trouble(ExceptionKind.LATE, value.slot, value.code, at - planned, words, value.audience, facts)


def _known(at: datetime | None) -> datetime:
    """Of a state that implies the time (`valuing`)."""
    if at is None:
        raise ValueError("overdue and late milestones have a due time")
    return at


def _span(length: timedelta) -> str:
    days, minutes = divmod(int(length / _MINUTE), 24 * 60)
    return f"{days} d {minutes // 60} h" if days else f"{minutes // 60} h {minutes % 60} min"


def cases(found: Iterable[Trouble], plan: Plan, policy: Policy) -> tuple[CaseWanted, ...]:
    """One case a trouble, by the most specific rule.

    Milestone and mode, then milestone, then mode, then any; of equally specific ones the one that asks for the longer
    deviation, then by name.
    """
    wanted: list[CaseWanted] = []
    for trouble in found:
        rule = _rule_for(trouble, plan, policy)
        if rule is not None:
            facts = {**trouble.facts, "next_action": rule.task}
            wanted.append(CaseWanted(rule, trouble.slot, trouble.summary, facts, trouble.audience))
    return tuple(wanted)


def _rule_for(trouble: Trouble, plan: Plan, policy: Policy) -> RuleFact | None:
    fitting = [r for r in _rules(trouble, plan, policy) if trouble.length >= r.minimum]
    return max(fitting, key=lambda r: (bool(r.code), bool(r.mode), r.minimum, r.name), default=None)


def _rules(trouble: Trouble, plan: Plan, policy: Policy) -> Iterator[RuleFact]:
    for rule in policy.rules:
        if rule.kind == trouble.kind and rule.mode in ("", plan.shipment.mode) and rule.code in ("", trouble.code):
            yield rule


def tasks(valued: Sequence[Valued], policy: Policy, now: datetime) -> tuple[TaskWanted, ...]:
    """Of the lines that ask for work: from `task_lead` before it is due, or once what it counts from is reached.

    Not before the lines that it has to follow are reached.
    """
    wanted: list[TaskWanted] = []
    for row in valued:
        line, value = row.line, row.value
        if not line.task or value.state in _PASSED:
            continue
        due = value.expected_at
        is_near = due is not None and now >= due - policy.task_lead
        if _may_begin(row) and (is_near or (row.anchors and _are_reached(row.anchors))):
            wanted.append(TaskWanted(line.slot, line.task, line.responsible, due))
    return tuple(wanted)


def _may_begin(row: Valued) -> bool:
    """Whether the mandatory lines that it has to follow are reached."""
    return _are_reached([after for after in row.afters if after.line.is_mandatory])


def _are_reached(rows: Sequence[Valued]) -> bool:
    return all(row.value.actual_at is not None for row in rows)


def next_check(
    situation: Situation, found: Sequence[Trouble], plan: Plan, policy: Policy, now: datetime
) -> datetime | None:
    """The first instant after `now` at which time alone changes a state, a case or a task; None when there is none."""
    moments: list[datetime] = []
    for row in situation.valued:
        expected, line = row.value.expected_at, row.line
        if row.value.state in _PASSED or expected is None:
            continue
        if line.is_mandatory:
            # Overdue begins one moment after the tolerance.
            moments.append(expected + line.late + _MINUTE)
        if line.task:
            moments.append(expected - policy.task_lead)
    for trouble in found:
        if trouble.kind != ExceptionKind.LATE:
            moments += [now - trouble.length + r.minimum for r in _rules(trouble, plan, policy)]
    if situation.quiet.silent_from is not None and any(t.kind == ExceptionKind.OVERDUE for t in found):
        moments.append(situation.quiet.silent_from + _MINUTE)
    return min((moment for moment in moments if moment > now), default=None)
