"""What the rules on exceptions are given and what they ask for. Plain values (see `milestones.facts`)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from milestones.plan_facts import MoneyFact as MoneyFact


@dataclass(frozen=True, slots=True)
class RuleFact:
    """An exception rule. Empty `mode` and `code` match any.

    `warn`, `minimum`, `escalate`: lengths of the trouble from which on it warns (None: never), is breached, and goes
    to `escalate_to` (None: never). `condition`: compiled from `tree` by `conditions.compile_condition`, None: always;
    `names`: the fields its row has to have.
    """

    id: int
    name: str
    kind: str
    severity: str
    owner: str
    mode: str
    code: str
    minimum: timedelta
    due_in: timedelta
    task: str
    version: int = 1
    minimum_percent: int = 0
    warn: timedelta | None = None
    escalate: timedelta | None = None
    escalate_to: str = ""
    condition: Callable[[Mapping[str, Any]], bool] | None = field(default=None, compare=False)
    tree: Mapping[str, Any] | None = field(default=None, compare=False)
    names: frozenset[str] = frozenset()
    group_by: str = ""
    closes_itself: bool = True


@dataclass(frozen=True, slots=True)
class Asked:
    """What the rules of one kind ask for. `codes`: milestones, "" among them when any; `ahead`: how long before the
    moment itself the first of them warns (negative: after it; None: none warns)."""

    rules: tuple[RuleFact, ...]
    codes: frozenset[str]
    ahead: timedelta | None

    def wants(self, code: str) -> bool:
        return "" in self.codes or code in self.codes


def asked_of(rules: Sequence[RuleFact]) -> dict[str, Asked]:
    """The rules by kind (ExceptionKind), in the order in which the kinds come."""
    by_kind: dict[str, list[RuleFact]] = {}
    for rule in rules:
        by_kind.setdefault(rule.kind, []).append(rule)
    return {
        kind: Asked(
            tuple(of_kind),
            frozenset(rule.code for rule in of_kind),
            max((-rule.warn for rule in of_kind if rule.warn is not None), default=None),
        )
        for kind, of_kind in by_kind.items()
    }


@dataclass(frozen=True, slots=True)
class Hold:
    """A hold in force. `slot` names it among the cases of the shipment."""

    slot: str
    code: str
    agency: str
    reason: str
    since: datetime
    evidence: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CaseWanted:
    """A case that should be open. `facts["about"]` is its cause: once a person resolved it, it is not opened again.

    `stage`: CaseStage. `breach_at`: of a warning, when time alone makes a breach of it. `group_key`: its common root
    (`rooting`), empty: it stands for itself; `group_facts`: what is shown of the root.
    """

    rule: RuleFact
    slot: str
    summary: str
    facts: dict[str, Any]
    audience: str
    stage: str = "breach"
    breach_at: datetime | None = None
    group_key: str = ""
    group_facts: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Release:
    """What ended a hold. `slot`: of the hold."""

    slot: str
    code: str
    agency: str
    at: datetime
    event: str


@dataclass(frozen=True, slots=True)
class TaskWanted:
    """A task that should be open for a line."""

    slot: str
    title: str
    role: str
    due_at: datetime | None
    severity: str = "medium"
