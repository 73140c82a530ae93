"""When a person may be written to: quiet hours and digests by the person's own clock. Pure.

A wall clock is not a line: an hour of it may be missing or come twice. "Until 06:30" therefore means the first moment
at which the clock of that zone shows 06:30 or has jumped past it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, available_timezones

_DAY = timedelta(days=1)
_SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Rule:
    """`zone`: IANA name (an unknown one counts as UTC). Quiet from `quiet_from` up to, and without, `quiet_until`, over
    midnight where the first is the later; never where they are None. `digest_at`: when the daily digest is due."""

    zone: str = "UTC"
    quiet_from: time | None = None
    quiet_until: time | None = None
    digest_at: time = time(7)


def is_quiet(at: datetime, rule: Rule) -> bool:
    """Whether the person's clock shows a quiet hour at `at` (aware)."""
    begins, ends = rule.quiet_from, rule.quiet_until
    if begins is None or ends is None:
        return False
    wall = at.astimezone(_zone(rule)).time()
    if begins < ends:
        return begins <= wall < ends
    return wall >= begins or wall < ends


def next_allowed(at: datetime, rule: Rule) -> datetime:
    """`at` itself, or the first moment after it that is not quiet (aware, UTC)."""
    at = at.astimezone(UTC)
    # A jump of the clock may end one stretch inside another: a few rounds at most.
    while rule.quiet_until is not None and is_quiet(at, rule):
        at = _next(at, rule.quiet_until, _zone(rule))
    return at


def next_hour(at: datetime, rule: Rule) -> datetime:
    """The end of the hour of the person's clock in which `at` lies, or of the quiet hours then (aware, UTC)."""
    wall = at.astimezone(_zone(rule))
    since = timedelta(minutes=wall.minute, seconds=wall.second, microseconds=wall.microsecond)
    return next_allowed(at.astimezone(UTC) - since + timedelta(hours=1), rule)


def next_day(at: datetime, rule: Rule) -> datetime:
    """The next time after `at` that the daily digest is due, or the end of the quiet hours then (aware, UTC)."""
    return next_allowed(_next(at, rule.digest_at, _zone(rule)), rule)


def _zone(rule: Rule) -> ZoneInfo:
    return ZoneInfo(rule.zone if rule.zone in available_timezones() else "UTC")


def _next(at: datetime, wall: time, zone: ZoneInfo) -> datetime:
    """The first moment after `at` at which the clock of `zone` begins to show `wall`, or jumps over it (UTC)."""
    day = at.astimezone(zone).date() - _DAY
    found = (moment for step in range(4) for moment in _moments(day + step * _DAY, wall, zone) if moment > at)
    return min(found)


def _moments(day: date, wall: time, zone: ZoneInfo) -> list[datetime]:
    """When the clock shows `wall` on `day`: once, twice where an hour comes twice, or the end of the gap it lies in."""
    early = datetime.combine(day, wall, zone).astimezone(UTC)
    late = datetime.combine(day, wall.replace(fold=1), zone).astimezone(UTC)
    if late < early:
        # The wall time lies in a gap: read with either offset it is a moment on the other side of the jump.
        return [_jump(late, early, zone)]
    return [early, late]


def _jump(before: datetime, after: datetime, zone: ZoneInfo) -> datetime:
    """The first second in (before, after] at which the offset of `zone` is the later one."""
    offset = after.astimezone(zone).utcoffset()
    while after - before > _SECOND:
        middle = before + (after - before) // 2 // _SECOND * _SECOND
        before, after = (before, middle) if middle.astimezone(zone).utcoffset() == offset else (middle, after)
    return after
