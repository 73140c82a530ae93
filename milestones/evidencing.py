"""How well the actual time of a milestone is vouched for (enums.Evidence). Pure; the same for any order of reports."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from milestones.enums import Evidence
from milestones.facts import EventFact, Policy
from milestones.pieces import is_part
from milestones.selecting import ACTUAL, recency

SINGLE, CONFIRMED, MANUAL, DISPUTED, INFERRED, RETRACTED = (
    Evidence.SINGLE.value,
    Evidence.CONFIRMED.value,
    Evidence.MANUAL.value,
    Evidence.DISPUTED.value,
    Evidence.INFERRED.value,
    Evidence.RETRACTED.value,
)
# A report that knows the day only can be a day off and still say the same.
_DAY = timedelta(days=1)


def evidence_of(
    winner: EventFact, reports: Sequence[EventFact], units: frozenset[str], policy: Policy, tolerance: timedelta
) -> str:
    """Of a milestone that `winner` reached, with all `reports` that count for it.

    Disputed when another trusted source says something further off than `tolerance` (at least the agreement of the
    policy), else confirmed when another one says nearly the same, else manual when a person entered it, else single.
    Two feeds of one partner are one source here. Of several units only reports of the same unit are compared.
    """
    alone = MANUAL if winner.is_manual else SINGLE
    if len(reports) < 2:
        return alone
    is_confirmed = False
    for other in _others(winner, reports, units):
        apart = abs(_at(other) - _at(winner))
        nearly = max(policy.agreement, _DAY) if winner.is_day or other.is_day else policy.agreement
        if apart <= nearly:
            is_confirmed = True
        elif apart > max(nearly, tolerance) and other.trust >= policy.trusted:
            return DISPUTED
    return CONFIRMED if is_confirmed else alone


def _others(winner: EventFact, reports: Iterable[EventFact], units: frozenset[str]) -> Iterable[EventFact]:
    """The last word of each other source about the same thing."""
    last: dict[int, EventFact] = {}
    by_unit = len(units) > 1
    for event in reports:
        if _is_of(winner, event) or is_part(event) != is_part(winner) or (by_unit and event.unit != winner.unit):
            continue
        other = last.get(event.source)
        if other is None or recency(event) > recency(other):
            last[event.source] = event
    return last.values()


def _is_of(one: EventFact, other: EventFact) -> bool:
    return one.source == other.source or (one.partner == other.partner != 0)


def taken_back(events: Sequence[EventFact], standing: Sequence[EventFact]) -> list[EventFact]:
    """The actuals that were reported and taken back since: by their source, or by a person with a reason.

    `standing`: those that count. What was mapped anew or repaired stands under its successor and was not taken back.
    """
    if not any(e.retracts or (e.supersedes is not None and e.occurred_at is None) for e in events):
        return []
    counts = {e.row for e in standing}
    retracted = {(e.source, e.retracts) for e in events if e.retracts and not e.is_quarantined}
    withdrawn = {e.supersedes for e in events if e.supersedes is not None and e.occurred_at is None}
    return [
        e
        for e in events
        if e.classifier == ACTUAL
        and e.occurred_at is not None
        and not e.is_quarantined
        and e.row not in counts
        and (e.row in withdrawn or (e.source_event_id and (e.source, e.source_event_id) in retracted))
    ]


def _at(event: EventFact) -> datetime:
    return event.occurred_at or event.told_at
