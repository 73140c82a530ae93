"""What an estimate moves: its small changes are shown where they belong, and move nothing else. Pure.

How small is small depends on how far ahead it was told: a day matters little to those who plan three weeks ahead, and
two hours matter much to the truck that waits tomorrow.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from milestones.deciding import stand
from milestones.facts import EventFact, Policy
from milestones.selecting import recency


def least_change(horizon: timedelta, policy: Policy) -> timedelta:
    """How far an estimate must move to matter, when it is told `horizon` before the time it speaks of."""
    for longer_than, step in policy.steps:
        if horizon > longer_than:
            return step
    return policy.least_step


def steady(reports: Sequence[EventFact], policy: Policy, order: Sequence[str] | None = None) -> EventFact:
    """The estimate, of at least one, that others count from: the last that differed enough from the one before.

    In the order in which they were told (the same for any order of arrival), each time the report that would have stood
    then is compared with the steady one; many small changes in one direction add up.
    """
    if len(reports) == 1:
        return reports[0]
    ordered = sorted(reports, key=recency)
    held = ordered[0]
    latest = {held.source: held}
    for report in ordered[1:]:
        latest[report.source] = report
        standing = stand(list(latest.values()), order=order).event if len(latest) > 1 else report
        if standing is not held and _differs(standing, held, policy):
            held = standing
    return held


def _differs(one: EventFact, held: EventFact, policy: Policy) -> bool:
    at, before = _at(one), _at(held)
    return abs(at - before) >= least_change(at - one.told_at, policy)


def _at(event: EventFact) -> datetime:
    return event.occurred_at or event.told_at
