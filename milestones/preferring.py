"""Which of several reports stands by an order of preferences (enums.Preference) that people have set. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from milestones.enums import DecisionRule, Preference
from milestones.facts import EventFact
from milestones.selecting import recency

_Best = Callable[[Sequence[EventFact], Sequence[EventFact], timedelta], list[EventFact]]


def prefer(candidates: Sequence[EventFact], order: Sequence[str], agreement: timedelta) -> tuple[EventFact, str]:
    """The report that stands among those of different sources, and the rule (DecisionRule) that decided.

    Each preference leaves those that are equally good by it; the one that leaves a single report has decided. What is
    equal by all of them is settled by a fixed order.
    """
    left = list(candidates)
    for name in order:
        best, rule = _STEPS[name]
        left = best(left, candidates, agreement)
        if len(left) == 1:
            return left[0], rule
    return max(left, key=recency), DecisionRule.TIE.value


def _most_trusted(left: Sequence[EventFact], _all: Sequence[EventFact], _agreement: timedelta) -> list[EventFact]:
    most = max(event.trust for event in left)
    return [event for event in left if event.trust == most]


def _confirmed(left: Sequence[EventFact], everybody: Sequence[EventFact], agreement: timedelta) -> list[EventFact]:
    """By how many sources, also less trusted ones, say nearly the same."""
    votes = [sum(abs(_at(other) - _at(event)) <= agreement for other in everybody) for event in left]
    most = max(votes)
    return [event for event, count in zip(left, votes, strict=True) if count == most]


def _latest_told(left: Sequence[EventFact], _all: Sequence[EventFact], _agreement: timedelta) -> list[EventFact]:
    latest = max(event.told_at for event in left)
    return [event for event in left if event.told_at == latest]


def _earliest(left: Sequence[EventFact], _all: Sequence[EventFact], _agreement: timedelta) -> list[EventFact]:
    first = min(map(_at, left))
    return [event for event in left if _at(event) == first]


def _latest(left: Sequence[EventFact], _all: Sequence[EventFact], _agreement: timedelta) -> list[EventFact]:
    last = max(map(_at, left))
    return [event for event in left if _at(event) == last]


def _at(event: EventFact) -> datetime:
    return event.occurred_at or event.told_at


_STEPS: dict[str, tuple[_Best, str]] = {
    Preference.TRUST.value: (_most_trusted, DecisionRule.TRUST.value),
    Preference.CORROBORATION.value: (_confirmed, DecisionRule.CORROBORATION.value),
    Preference.RECENCY.value: (_latest_told, DecisionRule.LATEST.value),
    Preference.EARLIEST.value: (_earliest, DecisionRule.EARLIEST.value),
    Preference.LATEST.value: (_latest, DecisionRule.LATEST_TIME.value),
}
