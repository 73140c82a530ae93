"""When a source should have been heard of again, by its own history. Pure.

A source is expected after three times the gap that 95 of 100 of its gaps do not exceed, and after two hours at least.
Hours of the week in which it never sends (nights, weekends) are left out of the gaps and of the wait.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from itertools import dropwhile, pairwise

# Of so many gaps, the last ones, and not without so many.
MOST_GAPS, FEWEST_GAPS = 200, 20
# Nobody is missed sooner.
AT_LEAST = timedelta(hours=2)
_TIMES = 3
_SHARE = 0.95
# An hour of the week is known to be quiet after it passed so often without a message.
_WEEKS = 3
_HOURS_OF_A_WEEK = 168
_DAY, _HOUR = timedelta(days=1), timedelta(hours=1)


def expected_by(
    arrivals: Sequence[datetime], *, quiet: frozenset[int] = frozenset(), zone: tzinfo = UTC
) -> datetime | None:
    """Until when the next message was to come; None while there are too few to say.

    `arrivals`: aware, ascending, the last 201 or fewer. `quiet`: hours of the week (see `hour_of_week`) in `zone` in
    which the source does not send. `AT_LEAST` later than the last arrival, or more, always.
    """
    last = [at.astimezone(UTC) for at in arrivals[-MOST_GAPS - 1 :]]
    # With no hour left there would be nothing to wait for.
    quiet = quiet if len(quiet) < _HOURS_OF_A_WEEK else frozenset()
    gaps = sorted(_counted(one, other, quiet, zone) for one, other in pairwise(last))
    if len(gaps) < FEWEST_GAPS:
        return None
    usual = gaps[math.ceil(_SHARE * len(gaps)) - 1]
    return _after(last[-1], max(AT_LEAST, _TIMES * usual), quiet, zone)


def quiet_hours(heard: Mapping[date, Sequence[int]], until: datetime, *, zone: tzinfo = UTC) -> frozenset[int]:
    """Hours of the week in `zone` that passed three times or more since the first message, each time without one.

    `heard`: messages by the hour, 24 counts a day (UTC); on a day that is not there nothing came, of a day without
    counts nothing is known. `until`: the last arrival, for a silence says nothing about itself. A source that sends
    less than once a day has no quiet hours: it is rare, and its gaps say so.
    """
    passed = list(dropwhile(lambda hour: not hour[1], _passed(heard, until)))
    if sum(count for _, count in passed) * 24 < len(passed):
        return frozenset()
    times: Counter[int] = Counter()
    busy = set()
    for at, count in passed:
        number = hour_of_week(at, zone)
        times[number] += 1
        if count:
            busy.add(number)
    return frozenset(number for number, often in times.items() if often >= _WEEKS and number not in busy)


def hour_of_week(at: datetime, zone: tzinfo) -> int:
    """0 (Monday's first) to 167, in `zone`.

    Whole hours are those of UTC, in which messages are counted: where the clock is half an hour off, an hour begins at
    half past and is named after its beginning.
    """
    local = _hour(at).astimezone(zone)
    return local.weekday() * 24 + local.hour


def _passed(heard: Mapping[date, Sequence[int]], until: datetime) -> Iterator[tuple[datetime, int]]:
    """Each hour that is over, or had a message already, and its messages; from the first day known on."""
    day, last = min(heard, default=date.max), until.astimezone(UTC).date()
    while day <= last:
        midnight = datetime.combine(day, time(), UTC)
        for number, count in enumerate(heard.get(day, (0,) * 24)):
            at = midnight + number * _HOUR
            if at + _HOUR <= until or (count and at <= until):
                yield at, count
        day += _DAY


def _counted(start: datetime, end: datetime, quiet: frozenset[int], zone: tzinfo) -> timedelta:
    """The time from `start` to `end` without the quiet hours; a message in one of them counts from where it came."""
    if not quiet:
        return end - start
    counted = timedelta(0)
    for begin, to in _hours_from(start, quiet, zone):
        if begin >= end:
            break
        counted += min(to, end) - begin
    return counted


def _after(start: datetime, wait: timedelta, quiet: frozenset[int], zone: tzinfo) -> datetime:
    """`wait` (an hour or more) after `start`, the quiet hours left out.

    What would end in the first hour after quiet ones ends with that hour: nobody knows when in it the source begins.
    """
    if not quiet:
        return start + wait
    hours = _hours_from(start, quiet, zone)
    end, (begin, to) = start, next(hours)
    while begin + wait > to:
        wait -= to - begin
        end, (begin, to) = to, next(hours)
    return to if begin > end else begin + wait


def _hours_from(start: datetime, quiet: frozenset[int], zone: tzinfo) -> Iterator[tuple[datetime, datetime]]:
    """Beginning and end of each hour that is not quiet, or of what is left of it after `start`. Without end."""
    begin = start
    while True:
        to = _hour(begin) + _HOUR
        if hour_of_week(begin, zone) not in quiet:
            yield begin, to
        begin = to


def _hour(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
