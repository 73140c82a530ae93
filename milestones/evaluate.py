"""Milestones, cases and roll-up of one shipment. Pure: the same input gives the same result, in any order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from milestones.enums import ExceptionKind, JourneyStatus
from milestones.evidencing import taken_back
from milestones.excepting import Ground, Trouble, cases, find_troubles, next_check, tasks
from milestones.expanding import expand
from milestones.facts import Evaluation, EventFact, Plan, Policy
from milestones.foreseeing import arrivals_heard
from milestones.holding import effective, holds, releases
from milestones.selecting import active, assign, lines_of
from milestones.situation import Situation, silence
from milestones.summing import is_finished, summarise
from milestones.unplanned import value_unplanned
from milestones.valuing import value_lines

_STAYS = frozenset({JourneyStatus.CANCELLED.value})


def evaluate(plan: Plan, events: Sequence[EventFact], policy: Policy, now: datetime) -> Evaluation:
    """What stands at `now`, when the shipment has this plan and these events are known (in any order)."""
    if plan.template is not None and not plan.template.is_plain:
        plan = replace(plan, template=expand(plan.template, plan.shipment))
    heard, aside = active(events, plan.shipment.dates.get("booked_at"), policy)
    counting, undone = effective(heard)
    by_line, unplanned = assign(counting, plan)
    valued = value_lines(plan, by_line, policy, now, _lines_taken_back(events, heard, plan))
    beside = value_unplanned(unplanned, policy, plan.shipment.route)
    situation = Situation(valued, counting, holds(heard), silence(heard, policy), beside)
    summary = summarise(situation, plan, now)
    finished = is_finished(valued, summary.status)
    ground = Ground(situation, plan, policy, summary, now)
    found = _standing(find_troubles(ground), summary.status)
    wanted = () if summary.status in _STAYS else tasks(valued, policy, now)
    return Evaluation(
        milestones=(*(row.value for row in valued), *beside),
        cases=cases(found, ground),
        tasks=() if finished else wanted,
        holds=tuple(situation.holds),
        summary=summary,
        is_finished=finished,
        next_check_at=next_check(found, ground),
        set_aside=sorted([*aside, *undone]),
        releases=releases(heard),
        row=ground.row,
        arrivals=arrivals_heard(events, counting, by_line, plan),
    )


def _lines_taken_back(events: Sequence[EventFact], heard: Sequence[EventFact], plan: Plan) -> frozenset[int]:
    """Indexes of the lines of which something was reported that does not count any more."""
    return frozenset(index for event in taken_back(events, heard) for index in lines_of(event, plan))


# What matters no more once the freight is delivered: it can neither be held nor stand nor slip.
_ON_THE_WAY = frozenset(
    {
        ExceptionKind.HOLD.value, ExceptionKind.EARLY.value, ExceptionKind.ETA_SLIP.value, ExceptionKind.DWELL.value,
        ExceptionKind.NO_NEWS.value,
    }
)  # fmt: skip


def _standing(found: list[Trouble], status: str) -> list[Trouble]:
    """Of a cancelled shipment nothing matters any more; of a delivered one neither holds nor that something was late
    on the way, but that the delivery was."""
    if status == JourneyStatus.CANCELLED:
        return []
    if status != JourneyStatus.DELIVERED:
        return found
    return [
        trouble
        for trouble in found
        if trouble.kind not in _ON_THE_WAY and (trouble.kind != ExceptionKind.LATE or trouble.code == "DELIVERED")
    ]
