"""When a source should have been heard of again, by its own history. Pure.

A source is expected after three times the gap that 95 of 100 of its gaps do not exceed, and after two hours at least.
Days of the week on which it never sends are left out of the gaps and of the wait.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta, tzinfo
from itertools import pairwise

# Of so many gaps, the last ones, and not without so many.
MOST_GAPS, FEWEST_GAPS = 200, 20
_AT_LEAST = timedelta(hours=2)
_TIMES = 3
_SHARE = 0.95
# A day of the week is known to be quiet after it passed so often without a message.
_WEEKS = 3
_DAY = timedelta(days=1)


def expected_by(
    arrivals: Sequence[datetime], *, quiet: frozenset[int] = frozenset(), zone: tzinfo = UTC
) -> datetime | None:
    """Until when the next message was to come; None while there are too few to say.

    `arrivals`: aware, ascending, the last 201 or fewer. `quiet`: days of the week (0 is Monday) in `zone` on which the
    source does not send. Later than the last arrival, always.
    """
    last = list(arrivals)[-MOST_GAPS - 1 :]
    gaps = sorted(_counted(one, other, quiet, zone) for one, other in pairwise(last))
    if len(gaps) < FEWEST_GAPS:
        return None
    usual = gaps[math.ceil(_SHARE * len(gaps)) - 1]
    return _after(last[-1], max(_AT_LEAST, _TIMES * usual), quiet, zone)


def quiet_weekdays(messages: Mapping[date, int], today: date) -> frozenset[int]:
    """Days of the week that passed three times or more since the first message, each time without one.

    Two of seven at most: a source that sends less is not on a weekend, it is rare, and its gaps say so.
    """
    first = min((day for day, count in messages.items() if count), default=None)
    if first is None:
        return frozenset()
    passed: dict[int, list[int]] = {}
    for number in range((today - first).days):
        day = first + timedelta(days=number)
        passed.setdefault(day.weekday(), []).append(messages.get(day, 0))
    found = frozenset(weekday for weekday, counts in passed.items() if len(counts) >= _WEEKS and not any(counts))
    return found if len(found) <= 2 else frozenset()


def _counted(start: datetime, end: datetime, quiet: Iterable[int], zone: tzinfo) -> timedelta:
    """The time from `start` to `end` without the quiet days; a message on one of them counts from where it came."""
    parts = (to - begin for begin, to, is_quiet in _parts(start, end, quiet, zone) if not is_quiet)
    return sum(parts, timedelta(0))


def _parts(
    start: datetime, end: datetime, quiet: Iterable[int], zone: tzinfo
) -> Iterable[tuple[datetime, datetime, bool]]:
    if not quiet:
        yield start, end, False
        return
    at = start
    while at < end:
        is_quiet = at.astimezone(zone).weekday() in quiet
        to = min(_midnight_after(at, zone), end)
        yield at, to, is_quiet
        at = to


def _after(start: datetime, wait: timedelta, quiet: frozenset[int], zone: tzinfo) -> datetime:
    """`wait` after `start`, the quiet days left out."""
    if not quiet or len(quiet) == 7:
        return start + wait
    at = start
    while True:
        end = _midnight_after(at, zone)
        if at.astimezone(zone).weekday() not in quiet:
            if at + wait <= end:
                return at + wait
            wait -= end - at
        at = end


def _midnight_after(at: datetime, zone: tzinfo) -> datetime:
    tomorrow = at.astimezone(zone).date() + _DAY
    return datetime(tomorrow.year, tomorrow.month, tomorrow.day, tzinfo=zone).astimezone(UTC)
