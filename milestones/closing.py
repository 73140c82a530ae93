"""Why the cause of a case is gone, in a code and in words. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from milestones.enums import ExceptionKind, Gone, JourneyStatus, MilestoneState
from milestones.facts import Evaluation, MilestoneValue


@dataclass(frozen=True, slots=True)
class Closing:
    """`facts` are what the presentation needs to say it in another language; `words` are English."""

    gone: str
    words: str
    facts: dict[str, Any] = field(default_factory=dict)

    def record(self) -> dict[str, Any]:
        """As it stands in the facts of the case."""
        return {"gone": self.gone, **({"gone_facts": self.facts} if self.facts else {})}


@dataclass(frozen=True, slots=True)
class GoneCase:
    """A case that nothing asks for any more. `is_rule_on`: its rule still runs; `is_taken_over`: another rule of its
    kind has a case for the same milestone."""

    kind: str
    slot: str
    facts: Mapping[str, Any]
    is_rule_on: bool = True
    is_taken_over: bool = False


def why_gone(case: GoneCase, outcome: Evaluation) -> Closing:
    """What ended it, from what stands now."""
    status = outcome.summary.status
    if status == JourneyStatus.CANCELLED:
        return Closing(Gone.CANCELLED.value, "The shipment was cancelled.")
    if case.is_taken_over:
        return Closing(Gone.OTHER_RULE.value, "Another rule has taken it over.")
    if not case.is_rule_on:
        return Closing(Gone.RULE_OFF.value, "The rule was switched off.")
    value = next((v for v in outcome.milestones if v.slot == case.slot), None)
    closing = _BY_KIND.get(case.kind, _of_milestone)(case, value, outcome)
    if closing is not None:
        return closing
    if status == JourneyStatus.DELIVERED:
        return Closing(Gone.DELIVERED.value, "The shipment was delivered.")
    return Closing(Gone.CHANGED.value, "What was reported has changed.")


def _of_milestone(case: GoneCase, value: MilestoneValue | None, outcome: Evaluation) -> Closing | None:
    """Of a case of one milestone: what became of it."""
    if value is None:
        return _vanished(case)
    name = value.name
    if value.actual_at is not None:
        facts = {"milestone": name, "at": value.actual_at.isoformat()}
        if value.is_inferred:
            return Closing(Gone.INFERRED.value, f"{name} is implied by a later milestone.", facts)
        return Closing(Gone.REPORTED.value, f"{name} was reported: it happened on {_utc(value.actual_at)}.", facts)
    if value.state == MilestoneState.MISSING:
        words = "A later milestone was reached; it counts as missing now."
        return Closing(Gone.MISSING_NOW.value, words)
    return None


def _vanished(case: GoneCase) -> Closing:
    if case.slot.startswith("X:"):
        return Closing(Gone.TAKEN_BACK.value, "The report was taken back.")
    return Closing(Gone.NOT_IN_PLAN.value, "The plan does not ask for it any more.")


def _overdue(case: GoneCase, value: MilestoneValue | None, outcome: Evaluation) -> Closing | None:
    closing = _of_milestone(case, value, outcome)
    if closing is not None or value is None or value.expected_at is None:
        return closing
    facts = {"milestone": value.name, "at": value.expected_at.isoformat()}
    words = f"{value.name} is expected later now: {_utc(value.expected_at)}."
    return Closing(Gone.EXPECTED_LATER.value, words, facts)


def _deviation(case: GoneCase, value: MilestoneValue | None, outcome: Evaluation) -> Closing | None:
    """Late, early, slipped, out of sequence: the time is another one."""
    if value is None:
        return _vanished(case)
    if case.kind == ExceptionKind.ETA_SLIP and value.actual_at is not None:
        facts = {"milestone": value.name, "at": value.actual_at.isoformat()}
        return Closing(Gone.ARRIVED.value, f"It has arrived: {_utc(value.actual_at)}.", facts)
    if outcome.summary.status == JourneyStatus.DELIVERED:
        return None
    at = value.actual_at or value.estimated_at
    if at is None or (case.facts.get("is_actual") and value.actual_at is None):
        return Closing(Gone.TAKEN_BACK.value, "The report was taken back.")
    facts = {"milestone": value.name, "at": at.isoformat()}
    said = "new time" if value.actual_at else "new estimate"
    return Closing(Gone.IN_TOLERANCE.value, f"The {said} is within tolerance: {_utc(at)}.", facts)


def _missing(case: GoneCase, value: MilestoneValue | None, outcome: Evaluation) -> Closing | None:
    closing = _of_milestone(case, value, outcome)
    if closing is None or closing.gone == Gone.MISSING_NOW:
        return Closing(Gone.TAKEN_BACK.value, "The report of the later milestone was taken back.")
    return closing


def _hold(case: GoneCase, value: MilestoneValue | None, outcome: Evaluation) -> Closing | None:
    release = next((r for r in outcome.releases if r.slot == case.slot), None)
    if release is None:
        if outcome.summary.status == JourneyStatus.DELIVERED:
            return None
        return Closing(Gone.TAKEN_BACK.value, "The report of the hold was taken back.")
    by = release.agency or str(case.facts.get("agency", ""))
    facts = {"by": by, "at": release.at.isoformat(), "event": release.event, "code": release.code}
    said = f" by {by}" if by else ""
    return Closing(Gone.RELEASED.value, f"The hold was released{said} on {_utc(release.at)}.", facts)


def _moved_on(case: GoneCase, value: MilestoneValue | None, outcome: Evaluation) -> Closing | None:
    if outcome.summary.status == JourneyStatus.DELIVERED:
        return None
    return Closing(Gone.MOVED_ON.value, "It has moved on.")


def _free_day(case: GoneCase, value: MilestoneValue | None, outcome: Evaluation) -> Closing | None:
    return Closing(Gone.MOVED_ON.value, "It was collected or returned, or its last free day is another one.")


def _paper(case: GoneCase, value: MilestoneValue | None, outcome: Evaluation) -> Closing | None:
    paper = str(case.facts.get("document", ""))
    return Closing(Gone.FILED.value, f"{paper.replace('_', ' ').capitalize()} is there.", {"document": paper})


def _news(case: GoneCase, value: MilestoneValue | None, outcome: Evaluation) -> Closing | None:
    if outcome.summary.status == JourneyStatus.DELIVERED:
        return None
    at = outcome.summary.last_event_at
    facts = {"at": at.isoformat()} if at else {}
    said = f", last on {_utc(at)}" if at else ""
    return Closing(Gone.HEARD.value, f"Nothing is overdue without a word any more{said}.", facts)


def _always(gone: Gone, words: str) -> Callable[[GoneCase, MilestoneValue | None, Evaluation], Closing | None]:
    return lambda case, value, outcome: Closing(gone.value, words)


_BY_KIND: dict[str, Callable[[GoneCase, MilestoneValue | None, Evaluation], Closing | None]] = {
    ExceptionKind.OVERDUE.value: _overdue,
    ExceptionKind.LATE.value: _deviation,
    ExceptionKind.EARLY.value: _deviation,
    ExceptionKind.ETA_SLIP.value: _deviation,
    ExceptionKind.OUT_OF_SEQUENCE.value: _deviation,
    ExceptionKind.MISSING.value: _missing,
    ExceptionKind.HOLD.value: _hold,
    ExceptionKind.DWELL.value: _moved_on,
    ExceptionKind.LAST_FREE_DAY.value: _free_day,
    ExceptionKind.DOCUMENT.value: _paper,
    ExceptionKind.NO_NEWS.value: _news,
    ExceptionKind.UNEXPECTED.value: _always(Gone.TAKEN_BACK, "The report was taken back."),
    ExceptionKind.CONFLICT.value: _always(Gone.AGREED, "The reports agree now."),
    ExceptionKind.DUPLICATE.value: _always(Gone.AGREED, "The reports agree now."),
    ExceptionKind.COST_OVERRUN.value: _always(Gone.COSTS_FIT, "The cost is within what was expected."),
    ExceptionKind.CONDITION.value: _always(Gone.CONDITION_OVER, "What the rule asks for does not hold any more."),
}


def _utc(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
