"""Which cases and tasks should be open now, and when time alone can change that. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from milestones.conditions import flips
from milestones.enums import ExceptionKind, Severity
from milestones.facts import CaseWanted, Policy, RuleFact, TaskWanted
from milestones.rooting import root_of
from milestones.staging import WARNING, breach_at, stage_of, thresholds
from milestones.troubles import Ground, Trouble, find_troubles
from milestones.troubles.base import MINUTE
from milestones.valuing import MISSING, OVERDUE, REACHED, SKIPPED, Valued

__all__ = ["Ground", "Trouble", "cases", "find_troubles", "next_check", "tasks"]

_CONDITION = ExceptionKind.CONDITION.value
_PASSED = (REACHED, MISSING, SKIPPED)


def cases(found: Iterable[Trouble], ground: Ground) -> tuple[CaseWanted, ...]:
    """One case a trouble, by the most specific rule; of conditions of one's own, one a rule.

    A condition is more specific than a milestone, that than a mode; of equally specific rules the one that asks for the
    longer deviation, then by name.
    """
    wanted: list[CaseWanted] = []
    for trouble in found:
        fitting = [(rule, stage) for rule in _rules(trouble, ground) if (stage := stage_of(trouble, rule))]
        if not fitting:
            continue
        chosen = fitting if trouble.kind == _CONDITION else [max(fitting, key=_specificity)]
        wanted += [_case(trouble, rule, stage, ground) for rule, stage in chosen]
    return tuple(wanted)


def _specificity(fitting: tuple[RuleFact, str]) -> tuple[object, ...]:
    rule = fitting[0]
    return rule.condition is not None, bool(rule.code), bool(rule.mode), rule.minimum, rule.name


def _case(trouble: Trouble, rule: RuleFact, stage: str, ground: Ground) -> CaseWanted:
    key, root = root_of(trouble, rule.group_by, ground) if rule.group_by else ("", {})
    return CaseWanted(
        rule=rule,
        slot=trouble.slot,
        summary=trouble.summary if trouble.kind != _CONDITION else f"{rule.name}: {trouble.summary}".rstrip(": "),
        facts={**trouble.facts, "audience": trouble.audience, "next_action": rule.task},
        audience=trouble.audience,
        stage=stage,
        breach_at=breach_at(trouble, rule, ground.now) if stage == WARNING else None,
        group_key=key,
        group_facts=root,
    )


def _rules(trouble: Trouble, ground: Ground) -> Iterator[RuleFact]:
    """The rules that this trouble may be a case of, however long it is."""
    for rule in _candidates(trouble, ground):
        if rule.condition is None or rule.condition(ground.row(trouble.value, rule.names)):
            yield rule


def _candidates(trouble: Trouble, ground: Ground) -> Iterator[RuleFact]:
    """The rules of its kind, mode and milestone, whether their condition holds or not."""
    asked = ground.asked(trouble.kind)
    mode = ground.plan.shipment.mode
    # A condition of one's own is asked of the milestone that it names, and of nothing else.
    codes = (trouble.code,) if trouble.kind == _CONDITION else ("", trouble.code)
    for rule in asked.rules if asked else ():
        if rule.mode in ("", mode) and rule.code in codes:
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
            severity = Severity.MEDIUM if line.is_mandatory else Severity.LOW
            wanted.append(TaskWanted(line.slot, line.task, line.responsible, due, severity.value))
    return tuple(wanted)


def _may_begin(row: Valued) -> bool:
    """Whether the mandatory lines that it has to follow are reached."""
    return _are_reached([after for after in row.afters if after.line.is_mandatory])


def _are_reached(rows: Sequence[Valued]) -> bool:
    return all(row.value.actual_at is not None for row in rows)


def next_check(found: Sequence[Trouble], ground: Ground) -> datetime | None:
    """The first instant after `now` at which time alone changes a state, a case or a task; None when there is none."""
    now = ground.now
    moments = [*_of_lines(ground)]
    for trouble in found:
        for rule in _candidates(trouble, ground):
            moments += thresholds(trouble, rule, now)
            if rule.tree is not None:
                moments += flips(rule.tree, ground.row(trouble.value, rule.names), now)
    quiet = ground.situation.quiet
    if quiet.silent_from is not None and any(row.value.state == OVERDUE for row in ground.valued):
        moments.append(quiet.silent_from + MINUTE)
    return min((moment for moment in moments if moment > now), default=None)


def _of_lines(ground: Ground) -> Iterator[datetime]:
    overdue = ground.asked(ExceptionKind.OVERDUE.value)
    ahead = overdue.ahead if overdue else None
    lead = ground.policy.task_lead
    for row in ground.valued:
        expected, line = row.value.expected_at, row.line
        if row.value.state in _PASSED or expected is None:
            continue
        if line.is_mandatory:
            # Overdue begins one moment after the tolerance.
            yield expected + line.late + MINUTE
            if ahead is not None:
                yield expected - ahead
        if line.task:
            yield expected - lead
