"""What a rule would have done on one shipment: evaluated again at every instant at which something changed. Pure."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from milestones.evaluate import evaluate
from milestones.facts import Evaluation, EventFact, Plan, Policy

# A shipment that is looked at so often is cut short: a rule that flips each minute would never come to an end.
MOST_LOOKS = 500


@dataclass(slots=True)
class Hit:
    """A case that would have been open. `closed_at` None: to the end. `is_standing`: from before the time looked at."""

    slot: str
    summary: str
    opened_at: datetime
    closed_at: datetime | None = None
    is_standing: bool = False


@dataclass(slots=True)
class Replay:
    """`end`: what stands at the end of the time looked at; `is_cut`: after MOST_LOOKS nothing was looked at."""

    end: Evaluation
    hits: list[Hit] = field(default_factory=list)
    looks: int = 0
    is_cut: bool = False


@dataclass(frozen=True, slots=True)
class Window:
    """The time looked at. `began_before`: the shipment was there already when it begins."""

    since: datetime
    until: datetime
    began_before: bool = False


def replay(plan: Plan, known: Sequence[tuple[datetime, EventFact]], policy: Policy, window: Window) -> Replay:
    """Evaluate `plan` at the instants of the window at which an event of `known` (instant, event; in order) came to be
    known, or the evaluation before asked for a look. The rules are those of `policy`; `plan.baselines` move along."""
    changes = [at for at, _ in known if window.since < at <= window.until]
    standing: dict[str, Hit] = {}
    at = window.since
    result = Replay(_look(plan, known, policy, at), looks=1)
    _turn(result.hits, standing, result.end, at)
    for hit in result.hits:
        hit.is_standing = window.began_before
    while at < window.until:
        if result.looks >= MOST_LOOKS:
            result.is_cut = True
            break
        at = _following(changes, result.end, at, window.until)
        result.end = _look(plan, known, policy, at)
        result.looks += 1
        _turn(result.hits, standing, result.end, at)
    return result


def _following(changes: Sequence[datetime], outcome: Evaluation, at: datetime, until: datetime) -> datetime:
    """The next event, or the look that time alone asks for, or the end."""
    position = bisect_right(changes, at)
    moments = [until, *changes[position : position + 1]]
    if outcome.next_check_at is not None and outcome.next_check_at > at:
        moments.append(outcome.next_check_at)
    return min(moments)


def _look(plan: Plan, known: Sequence[tuple[datetime, EventFact]], policy: Policy, at: datetime) -> Evaluation:
    outcome = evaluate(plan, [event for told, event in known if told <= at], policy, at)
    # The first plan is kept, as it is in the rows.
    plan.baselines = {value.slot: value.baseline_at for value in outcome.milestones if value.baseline_at is not None}
    return outcome


def _turn(hits: list[Hit], standing: dict[str, Hit], outcome: Evaluation, at: datetime) -> None:
    wanted = {case.slot: case for case in outcome.cases}
    for slot in [slot for slot in standing if slot not in wanted]:
        standing.pop(slot).closed_at = at
    for slot, case in wanted.items():
        if slot not in standing:
            hits.append(Hit(slot, case.summary, at))
            standing[slot] = hits[-1]
