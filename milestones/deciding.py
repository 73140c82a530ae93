"""Which of several reports stands, and why. Pure; the same for any order of the reports."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from milestones.enums import DecisionRule, UnitRule
from milestones.facts import EventFact
from milestones.pieces import happening, is_part
from milestones.preferring import prefer
from milestones.selecting import recency

_ONLY = DecisionRule.ONLY.value
_ANY = UnitRule.ANY.value
# What confirms what, where nobody says it: for preferences among plans and estimates, which may ask for confirmation.
_USUAL_AGREEMENT = timedelta(hours=1)


@dataclass(slots=True)
class Decision:
    """The event that stands, the rule (DecisionRule) that decided, and the ids of those that lost."""

    event: EventFact
    rule: str
    losing: tuple[str, ...] = ()

    @property
    def at(self) -> datetime:
        """Its instant; what has none is no candidate (`selecting.active`)."""
        if self.event.occurred_at is None:
            raise ValueError("a bare retraction decides nothing")
        return self.event.occurred_at

    def record(self) -> dict[str, Any]:
        """As it stands in `Milestone.decisions`."""
        return {"event": self.event.id, "rule": self.rule, "losing": list(self.losing)}


def decide(
    events: Sequence[EventFact], *, agreement: timedelta | None = None, order: Sequence[str] | None = None
) -> Decision | None:
    """The report that stands, as `stand` says; None when there is none."""
    return stand(events, agreement=agreement, order=order) if events else None


def stand(
    events: Sequence[EventFact], *, agreement: timedelta | None = None, order: Sequence[str] | None = None
) -> Decision:
    """The report that stands among at least one.

    A source's later report replaces its earlier one; then the preferences in `order` decide (`preferring.prefer`).
    Without them trust does, then confirmation by another source within `agreement` (only when it is given), then the
    latest report, then a fixed order.
    """
    if len(events) == 1:
        return Decision(events[0], _ONLY)
    latest: dict[int, EventFact] = {}
    for event in events:
        other = latest.get(event.source)
        if other is None or recency(event) > recency(other):
            latest[event.source] = event
    winner, rule = _among(list(latest.values()), agreement, order)
    return Decision(winner, rule, tuple(sorted(e.id for e in events if e is not winner)))


def _among(
    candidates: list[EventFact], agreement: timedelta | None, order: Sequence[str] | None
) -> tuple[EventFact, str]:
    if len(candidates) == 1:
        return candidates[0], DecisionRule.LATEST.value
    if order:
        return prefer(candidates, order, agreement or _USUAL_AGREEMENT)
    return _usually(candidates, agreement)


def _usually(candidates: list[EventFact], agreement: timedelta | None) -> tuple[EventFact, str]:
    most = max(e.trust for e in candidates)
    trusted = [e for e in candidates if e.trust == most]
    if len(trusted) == 1:
        return trusted[0], DecisionRule.TRUST.value
    if agreement is not None:
        votes = [_confirmations(e, candidates, agreement) for e in trusted]
        best = max(votes)
        confirmed = [e for e, count in zip(trusted, votes, strict=True) if count == best]
        if len(confirmed) < len(trusted) and len(confirmed) == 1:
            return confirmed[0], DecisionRule.CORROBORATION.value
        # Those that confirm each other say nearly the same; the latest of them is the finer one.
        rule = DecisionRule.CORROBORATION.value if len(confirmed) < len(trusted) else ""
        winner, how = _latest(confirmed)
        return winner, rule or how
    return _latest(trusted)


def _latest(candidates: Sequence[EventFact]) -> tuple[EventFact, str]:
    winner = max(candidates, key=recency)
    unique = sum(e.told_at == winner.told_at for e in candidates) == 1
    return winner, (DecisionRule.LATEST if unique else DecisionRule.TIE).value


def _confirmations(event: EventFact, others: Iterable[EventFact], agreement: timedelta) -> int:
    at = event.occurred_at
    return sum(at is not None and o.occurred_at is not None and abs(o.occurred_at - at) <= agreement for o in others)


def decide_actual(
    events: Sequence[EventFact],
    units: frozenset[str],
    agreement: timedelta,
    unit_rule: str = UnitRule.ALL.value,
    order: Sequence[str] | None = None,
) -> Decision | None:
    """As `decide`; of a shipment with several units, reports by unit count once every unit has one, or the first.

    Reports of parts are here only when they are all there (`selecting.assign`): a report of the whole goes before them.
    """
    parts = [event for event in events if is_part(event)]
    if parts:
        whole = [event for event in events if not is_part(event)]
        decision = decide_actual(whole, units, agreement, unit_rule, order)
        winner, rule = (
            (decision.event, decision.rule) if decision else (max(parts, key=happening), DecisionRule.ALL_PIECES.value)
        )
        return Decision(winner, rule, tuple(sorted(e.id for e in events if e is not winner)))
    if len(units) < 2 or len(events) == 0:
        return decide(events, agreement=agreement, order=order)
    by_unit: dict[str, list[EventFact]] = {}
    for event in events:
        by_unit.setdefault(event.unit if event.unit in units else "", []).append(event)
    if "" in by_unit:
        decision = decide(by_unit[""], agreement=agreement, order=order)
    elif unit_rule == _ANY or len(by_unit) == len(units):
        decision = _of_units(list(by_unit.values()), agreement, unit_rule, order)
    else:
        return None
    if decision is not None:
        winner = decision.event
        decision.losing = tuple(sorted(e.id for e in events if e is not winner))
    return decision


def _of_units(
    by_unit: Sequence[Sequence[EventFact]], agreement: timedelta, unit_rule: str, order: Sequence[str] | None
) -> Decision:
    """That of the unit which had it first, or last, when all of them are to have it."""
    each = [d for reports in by_unit if (d := decide(reports, agreement=agreement, order=order))]
    pick = min if unit_rule == _ANY else max
    decision = pick(each, key=lambda d: (d.at, d.event.fingerprint))
    decision.rule = (DecisionRule.FIRST_UNIT if unit_rule == _ANY else DecisionRule.ALL_UNITS).value
    return decision


def first_told(events: Sequence[EventFact]) -> EventFact:
    """The first report of several."""
    return min(events, key=recency)
