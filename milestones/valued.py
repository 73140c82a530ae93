"""A line of a plan with its value, and the words for its state and deviation. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from milestones.enums import DecisionRule, Deviation, MilestoneState
from milestones.facts import LineFact, MilestoneValue
from milestones.foreseeing import OwnArrival

PLANNED, ESTIMATED, OVERDUE, MISSING, REACHED, SKIPPED = (
    MilestoneState.PLANNED.value,
    MilestoneState.ESTIMATED.value,
    MilestoneState.OVERDUE.value,
    MilestoneState.MISSING.value,
    MilestoneState.REACHED.value,
    MilestoneState.SKIPPED.value,
)
EARLY, ON_TIME, LATE = Deviation.EARLY.value, Deviation.ON_TIME.value, Deviation.LATE.value
# Estimates that nobody reported.
OURS = frozenset({DecisionRule.RIPPLE.value, DecisionRule.OWN_HISTORY.value})


@dataclass(slots=True)
class Valued:
    """A line with its value. `told_at`: when the report of its actual reached us; `is_day`: it knows the day only.

    `anchors`, `afters`: the rows it counts from, and those it has to follow; they may be lines that do not apply.
    `steady_at`: its estimate without the small changes, which is what others count from. `own`: of the arrival, what
    our own history says.
    """

    line: LineFact
    value: MilestoneValue
    told_at: datetime | None = None
    is_day: bool = False
    anchors: tuple[Valued, ...] = ()
    afters: tuple[Valued, ...] = ()
    steady_at: datetime | None = None
    own: OwnArrival | None = None

    @property
    def moved_to(self) -> datetime | None:
        """Where it stands for those that count from it, when it is not where it was planned: an actual moves them
        exactly, an estimate by its steady part."""
        at = self.value.actual_at or self.steady_at
        return None if at == self.value.planned_at else at

    @property
    def stands_at(self) -> datetime | None:
        """When it happened, or should by what others count with."""
        return self.value.actual_at or self.steady_at or self.value.planned_at
