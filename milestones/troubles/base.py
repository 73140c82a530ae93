"""What a trouble is, and the ground on which it is looked for. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from milestones import condition_facts
from milestones.enums import ExceptionKind
from milestones.facts import Asked, EventFact, MilestoneValue, Plan, Policy, Summary
from milestones.situation import Situation
from milestones.valuing import Valued

MINUTE = timedelta(minutes=1)
NOTHING = timedelta(0)
# Of these the length grows with time; of the others only a report changes it.
GROWING = frozenset(
    {
        ExceptionKind.OVERDUE.value, ExceptionKind.MISSING.value, ExceptionKind.HOLD.value, ExceptionKind.DWELL.value,
        ExceptionKind.LAST_FREE_DAY.value, ExceptionKind.DOCUMENT.value, ExceptionKind.NO_NEWS.value,
        ExceptionKind.UNEXPECTED.value,
    }
)  # fmt: skip


@dataclass(slots=True)
class Trouble:
    """Something that a rule may open a case for.

    `length`: how long it lasts (the kinds of GROWING; negative before the moment itself) or how much it is. `percent`:
    of money. `is_breach`: False while it is only foreseen, so that no more than a warning comes of it. `value`: the
    milestone it is about; `source` and `place` (UN/LOCODE) where it has some.
    """

    kind: str
    slot: str
    code: str
    length: timedelta
    summary: str
    audience: str
    facts: dict[str, Any] = field(default_factory=dict)
    percent: int = 0
    is_breach: bool = True
    value: MilestoneValue | None = None
    source: int | None = None
    place: str = ""

    def since(self, now: datetime) -> datetime | None:
        """From when its length is counted; None: time alone does not change it."""
        return now - self.length if self.kind in GROWING else None


@dataclass
class Ground:
    """All that is known of a shipment at `now`."""

    situation: Situation
    plan: Plan
    policy: Policy
    summary: Summary
    now: datetime

    @cached_property
    def _rows(self) -> condition_facts.Ground:
        return condition_facts.Ground(self.plan, self.summary, self.situation.events, self.policy, self.now)

    def row(self, value: MilestoneValue | None, names: Iterable[str]) -> dict[str, Any]:
        """What a condition is asked about: a milestone, or (None) the shipment as a whole."""
        return condition_facts.row_facts(self._rows, value, names)

    @property
    def valued(self) -> Sequence[Valued]:
        return self.situation.valued

    @property
    def events(self) -> Sequence[EventFact]:
        return self.situation.events

    def event(self, public_id: str | None) -> EventFact | None:
        return next((e for e in self.situation.events if e.id == public_id), None) if public_id else None

    def asked(self, kind: str) -> Asked | None:
        return self.policy.asked.get(kind)


def about_milestone(
    kind: str, value: MilestoneValue, length: timedelta, words: str, facts: dict[str, Any], **more: Any
) -> Trouble:
    """A trouble of one milestone. `words` follow its name in the summary."""
    told = {**facts, "milestone": value.name, "code": value.code}
    return Trouble(
        kind, value.slot, value.code, length, f"{value.name}: {words}", value.audience, told, value=value, **more
    )


def decided_by(value: MilestoneValue, name: str) -> list[str]:
    """The event that stands behind a value (`actual`, `estimated`, `planned`), as evidence."""
    event = value.decisions.get(name, {}).get("event")
    return [event] if event else []


def known(at: datetime | None) -> datetime:
    """Of a state that implies the time (`valuing`)."""
    if at is None:
        raise ValueError("a milestone in this state has the time")
    return at


def span(length: timedelta) -> str:
    """ "2 d 3 h" or "1 h 30 min", in English; the presentation words it for the reader."""
    days, minutes = divmod(int(length / MINUTE), 24 * 60)
    return f"{days} d {minutes // 60} h" if days else f"{minutes // 60} h {minutes % 60} min"
