"""When a source counts as silent, and how its delays are told: rules over its own history."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shipments.delays import CLASSES, added, within
from shipments.silence import FEWEST_GAPS, MOST_GAPS, expected_by, quiet_weekdays

MONDAY = datetime(2026, 11, 2, 8, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
WEEKEND = frozenset({5, 6})


def every(step: timedelta, times: int, start: datetime = MONDAY) -> list[datetime]:
    return [start + number * step for number in range(times)]


def test_twenty_gaps_are_needed_to_say_anything():
    assert expected_by(every(HOUR, FEWEST_GAPS)) is None
    assert expected_by(every(HOUR, FEWEST_GAPS + 1)) == MONDAY + 20 * HOUR + 3 * HOUR
    assert expected_by([]) is None


def test_a_busy_source_has_two_hours():
    arrivals = every(timedelta(minutes=1), 100)
    assert expected_by(arrivals) == arrivals[-1] + 2 * HOUR


def test_three_times_the_gap_that_95_of_100_do_not_exceed():
    arrivals = every(HOUR, 96)
    for gap in (6 * HOUR, 7 * HOUR, 8 * HOUR, 9 * HOUR, 10 * HOUR):
        arrivals.append(arrivals[-1] + gap)
    assert expected_by(arrivals) == arrivals[-1] + 3 * HOUR
    arrivals.append(arrivals[-1] + 11 * HOUR)
    assert expected_by(arrivals) == arrivals[-1] + 18 * HOUR


def test_only_the_last_200_gaps_count():
    old = every(10 * DAY, 500, MONDAY - 5500 * DAY)
    recent = every(HOUR, MOST_GAPS + 1)
    assert expected_by([*old, *recent]) == recent[-1] + 3 * HOUR


def test_a_source_that_rests_at_weekends_is_not_missed_on_them():
    """Every three hours on working days from 6 to 18: from Friday's last to Monday is no silence, Monday evening is."""
    arrivals = [
        day + hour * HOUR
        for day in (datetime(2026, 10, 5, tzinfo=UTC) + number * DAY for number in range(33))
        if day.weekday() < 5
        for hour in (6, 9, 12, 15, 18)
    ]
    friday = arrivals[-1]
    assert (friday.weekday(), friday.hour) == (4, 18)
    assert expected_by(arrivals, quiet=WEEKEND) == datetime(2026, 11, 10, 6, tzinfo=UTC)
    assert expected_by(arrivals) == datetime(2026, 11, 8, 6, tzinfo=UTC)


def test_the_days_are_those_of_the_sources_own_zone():
    tokyo = ZoneInfo("Asia/Tokyo")
    friday_night = datetime(2026, 11, 6, 14, 30, tzinfo=UTC)
    arrivals = [friday_night - number * HOUR for number in reversed(range(25))]
    assert expected_by(arrivals, quiet=WEEKEND, zone=tokyo) == datetime(2026, 11, 8, 17, 30, tzinfo=UTC)


ARRIVALS = st.lists(st.integers(0, 3 * 86_400), min_size=FEWEST_GAPS, max_size=250).map(
    lambda gaps: [MONDAY + timedelta(seconds=sum(gaps[:n])) for n in range(len(gaps) + 1)]
)
QUIET = st.sets(st.integers(0, 6), max_size=2).map(frozenset)
ZONES = st.sampled_from([UTC, ZoneInfo("America/New_York"), ZoneInfo("Asia/Beirut"), ZoneInfo("Pacific/Auckland")])


@given(arrivals=ARRIVALS, quiet=QUIET, zone=ZONES)
def test_a_source_is_expected_later_than_it_was_heard_and_never_on_a_quiet_day(arrivals, quiet, zone):
    due = expected_by(arrivals, quiet=quiet, zone=zone)
    assert due is not None
    assert due >= arrivals[-1] + 2 * HOUR
    moment = timedelta(microseconds=1)
    assert (due - moment).astimezone(zone).weekday() not in quiet


@given(arrivals=ARRIVALS, later=st.integers(1, 10**6))
def test_a_longer_wait_never_makes_a_source_expected_earlier(arrivals, later):
    """The whole history later by as much, or one gap longer: the wait is as long at least."""
    wait = expected_by(arrivals) - arrivals[-1]
    moved = [at + later * timedelta(seconds=1) for at in arrivals]
    assert expected_by(moved) - moved[-1] == wait
    stretched = [arrivals[0], *moved[1:]]
    assert expected_by(stretched) - stretched[-1] >= wait


@given(arrivals=ARRIVALS)
def test_a_source_whose_gaps_are_all_the_same_is_not_missed_within_three_of_them(arrivals):
    usual = max(arrivals[-1] - arrivals[-2], timedelta(seconds=1))
    even = every(usual, 30)
    assert expected_by(even) == even[-1] + max(2 * HOUR, 3 * usual)


def days(first: date, counts: str) -> dict[date, int]:
    return {first + timedelta(days=n): int(count) for n, count in enumerate(counts)}


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ("5555500" * 3, WEEKEND),
        ("5555500" * 2, frozenset()),
        ("5555500" * 2 + "5555510", frozenset({6})),
        ("5555511" * 3, frozenset()),
        ("5000000" * 4, frozenset()),
        ("5550055" * 3, frozenset({3, 4})),
        ("", frozenset()),
    ],
)
def test_a_weekday_is_quiet_after_three_without_a_message(counts, expected):
    first = date(2026, 10, 5)
    assert quiet_weekdays(days(first, counts), first + timedelta(days=len(counts))) == expected


def test_delays_are_told_by_their_class():
    counts = [0] * CLASSES
    assert within(counts, 0.5) is None
    counts[0], counts[2], counts[-1] = 50, 45, 5
    assert [within(counts, share) for share in (0.5, 0.51, 0.95, 0.96)] == [15, 60, 60, None]
    assert added([[], counts, [1] * CLASSES])[0] == 51
