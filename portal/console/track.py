"""The small chart in each row of the timeline: where plan, expectation and report lie on the way."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from milestones.models import Milestone
from portal.presentation import times

_TICKS = 5
_MARGIN = timedelta(hours=12)


@dataclass(frozen=True, slots=True)
class Mark:
    """Positions from the left in percent; None for what is not known. `tone` is a class of shapes.css."""

    plan: float | None
    ring: float | None
    disc: float | None
    tone: str

    @property
    def has_slip(self) -> bool:
        end = self.ring if self.disc is None else self.disc
        return self.plan is not None and end is not None and abs(end - self.plan) > 0.8

    @property
    def end(self) -> float | None:
        return self.ring if self.disc is None else self.disc


@dataclass(frozen=True, slots=True)
class Track:
    first: datetime
    last: datetime
    now: float | None
    ticks: list[tuple[float, str]]

    def at(self, moment: datetime | None) -> float | None:
        if moment is None:
            return None
        return round(100 * ((moment - self.first) / (self.last - self.first)), 2)

    def mark(self, milestone: Milestone) -> Mark:
        is_late = milestone.deviation in ("late", "overdue", "missing_mandatory")
        tone = "warn" if is_late else "ok" if milestone.actual_at else "info"
        ring = None if milestone.actual_at else self.at(milestone.estimated_at)
        return Mark(self.at(milestone.planned_at or milestone.baseline_at), ring, self.at(milestone.actual_at), tone)


def scale(milestones: Iterable[Milestone], now: datetime) -> Track:
    """From the earliest time of all milestones to the latest, with a few dates to read by."""
    moments = [
        at for m in milestones for at in (m.planned_at or m.baseline_at, m.estimated_at, m.actual_at) if at is not None
    ]
    first = min(moments, default=now) - _MARGIN
    last = max(moments, default=now) + _MARGIN
    track = Track(first, last, None, [])
    return Track(first, last, track.at(now) if first < now < last else None, _ticks(track))


def _ticks(track: Track) -> list[tuple[float, str]]:
    step = max((track.last - track.first).days // _TICKS, 1)
    day = track.first.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    found: list[tuple[float, str]] = []
    while day < track.last:
        found.append((track.at(day) or 0.0, times.day(day.date())))
        day += timedelta(days=step)
    return found
