"""How far a case has come: it warns, is breached, and goes to somebody else when it stays so. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from milestones.enums import CaseStage, Severity
from milestones.facts import RuleFact
from milestones.troubles.base import Trouble

WARNING, BREACH, ESCALATED = CaseStage.WARNING.value, CaseStage.BREACH.value, CaseStage.ESCALATED.value
# The later, the worse.
STAGES: tuple[str, ...] = (WARNING, BREACH, ESCALATED)
_WORST_FIRST = Severity.values
_LAST = len(_WORST_FIRST) - 1


def stage_of(trouble: Trouble, rule: RuleFact) -> str:
    """CaseStage, by the length of the trouble; empty when it is no case of this rule yet. Thresholds are inclusive."""
    length = trouble.length
    if trouble.is_breach and length >= rule.minimum and trouble.percent >= rule.minimum_percent:
        return ESCALATED if rule.escalate is not None and length >= rule.escalate else BREACH
    return WARNING if rule.warn is not None and length >= rule.warn else ""


def severity_at(severity: str, stage: str) -> str:
    """Of a warning one step lower than the rule's, of what is escalated one step higher."""
    step = {WARNING: 1, ESCALATED: -1}.get(stage, 0)
    return _WORST_FIRST[min(max(_WORST_FIRST.index(severity) + step, 0), _LAST)] if step else severity


def owner_at(rule: RuleFact, stage: str) -> str:
    """The team (WorkRole) that works on it."""
    return rule.escalate_to if stage == ESCALATED and rule.escalate_to else rule.owner


def is_worse(stage: str, than: str) -> bool:
    return STAGES.index(stage) > STAGES.index(than)


def thresholds(trouble: Trouble, rule: RuleFact, now: datetime) -> Iterator[datetime]:
    """The instants at which time alone moves this trouble from one stage of the rule to the next."""
    since = trouble.since(now)
    if since is None:
        return
    yield since + rule.minimum
    if rule.warn is not None:
        yield since + rule.warn
    if rule.escalate is not None:
        yield since + rule.escalate


def breach_at(trouble: Trouble, rule: RuleFact, now: datetime) -> datetime | None:
    """When a warning becomes a breach by time alone; None when only a report can make one of it."""
    since = trouble.since(now)
    return since + rule.minimum if since is not None else None
