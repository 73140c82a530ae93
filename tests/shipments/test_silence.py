"""When a source counts as silent, and how its delays are told: rules over its own history."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from itertools import cycle
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from shipments.delays import CLASSES, added, within
from shipments.silence import AT_LEAST, FEWEST_GAPS, MOST_GAPS, expected_by, hour_of_week, quiet_hours

MONDAY = datetime(2026, 11, 2, 8, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
WEEK = frozenset(range(168))
WEEKEND = frozenset(range(120, 168))


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
QUIET = st.sets(st.integers(0, 167), max_size=167).map(frozenset) | st.just(WEEK) | st.just(WEEKEND)
# Some change their clocks on 25 October or 1 November 2026, one is half an hour off.
ZONES = st.sampled_from(
    [UTC, *map(ZoneInfo, ("America/New_York", "Asia/Beirut", "Pacific/Auckland", "Asia/Kolkata", "Europe/Paris"))]
)


@given(arrivals=ARRIVALS, quiet=QUIET, zone=ZONES)
def test_a_source_is_expected_later_than_it_was_heard_and_never_in_a_quiet_hour(arrivals, quiet, zone):
    due = expected_by(arrivals, quiet=quiet, zone=zone)
    assert due is not None
    assert due >= arrivals[-1] + 2 * HOUR
    moment = timedelta(microseconds=1)
    assert quiet == WEEK or hour_of_week(due - moment, zone) not in quiet


@given(arrivals=ARRIVALS, quiet=QUIET, zone=ZONES, later=st.integers(0, 10**6))
def test_a_source_heard_later_is_never_expected_earlier(arrivals, quiet, zone, later):
    due = expected_by(arrivals, quiet=quiet, zone=zone)
    assert expected_by([*arrivals[:-1], arrivals[-1] + timedelta(seconds=later)], quiet=quiet, zone=zone) >= due


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


def hours(weekdays: str, since: int = 8, until: int = 13) -> frozenset[int]:
    """Hours of the week on these weekdays ("0" is Monday)."""
    return frozenset(int(day) * 24 + hour for day in weekdays for hour in range(since, until))


def heard(counts: str) -> dict[date, list[int]]:
    """A digit a day, from Monday on: so many messages, one an hour from 8 on. A day without counts at '?'."""
    return {
        MONDAY.date() + number * DAY: [] if count == "?" else [int(8 <= hour < 8 + int(count)) for hour in range(24)]
        for number, count in enumerate(counts)
    }


# Before the first message, Monday's first hours did not pass: three weeks later they did so twice.
EARLY = hours("0", 0, 8)


@pytest.mark.parametrize(
    ("counts", "quiet"),
    [
        ("5555500" * 3, WEEK - EARLY - hours("01234")),
        ("5555500" * 3 + "5", WEEK - hours("01234")),
        ("5555500" * 2, frozenset()),
        ("5555500" * 2 + "5555510", WEEK - EARLY - hours("01234") - hours("5", 8, 9)),
        ("5555511" * 3, WEEK - EARLY - hours("01234") - hours("56", 8, 9)),
        ("5555500" * 2 + "555??00", WEEK - EARLY - hours("012") - hours("34", 0, 24)),
        ("0" * 14 + "5555500" * 3, WEEK - EARLY - hours("01234")),
        ("5000000" * 4, frozenset()),
        ("???????" * 4, frozenset()),
        ("0000000" * 4, frozenset()),
        ("", frozenset()),
    ],
)
def test_an_hour_of_the_week_is_quiet_after_three_without_a_message(counts, quiet):
    midnight = datetime.combine(MONDAY.date() + len(counts) * DAY, time(), UTC)
    assert quiet_hours(heard(counts), midnight) == quiet


def test_a_day_that_was_never_counted_had_no_message():
    known = heard("5555500" * 3)
    assert quiet_hours({day: counts for day, counts in known.items() if any(counts)}, MONDAY + 21 * DAY) == quiet_hours(
        known, MONDAY + 21 * DAY
    )


def test_an_hour_has_passed_when_it_is_over_and_is_busy_at_once():
    third_thirteen = MONDAY + 14 * DAY + 5 * HOUR
    known = heard("5555500" * 2 + "5")
    assert 13 not in quiet_hours(known, third_thirteen + timedelta(minutes=59))
    assert 13 in quiet_hours(known, third_thirteen + HOUR)
    known[third_thirteen.date()][13] = 1
    assert 13 not in quiet_hours(known, third_thirteen + timedelta(minutes=59))


def test_hours_are_named_in_the_zone_and_begin_with_those_of_utc():
    half_past_eight = datetime(2026, 11, 2, 3, tzinfo=UTC)
    assert hour_of_week(half_past_eight, ZoneInfo("Asia/Kolkata")) == 8
    assert hour_of_week(half_past_eight + timedelta(minutes=59), ZoneInfo("Asia/Kolkata")) == 8
    assert hour_of_week(half_past_eight, ZoneInfo("America/New_York")) == 6 * 24 + 22


def test_who_may_begin_at_any_minute_of_the_first_hour_has_all_of_it():
    """Every half hour from 8 on, the last at 16:40; the night is quiet from 18 to 8: eighty minutes, and forty more."""
    arrivals = every(timedelta(minutes=30), 30, MONDAY + timedelta(hours=8, minutes=40) - 29 * timedelta(minutes=30))
    night = frozenset(day * 24 + hour for day in range(7) for hour in range(24) if not 8 <= hour < 18)
    assert expected_by(arrivals, quiet=night) == MONDAY + DAY + HOUR
    later = [at + timedelta(minutes=30) for at in arrivals]
    assert expected_by(later, quiet=night) == MONDAY + DAY + timedelta(minutes=70)


@dataclass(frozen=True)
class Office:
    """Sends from `opens` (minutes after midnight in `zone`) for `open_for` minutes, by gaps of `gaps` minutes."""

    zone: tzinfo
    opens: int
    open_for: int
    gaps: tuple[int, ...]
    weekdays: int

    def sends(self, weeks: int = 5) -> list[list[datetime]]:
        """By working day. The last week is the one to look at, the others are what is known of it."""
        first, gaps = MONDAY.date() - 28 * DAY, cycle(self.gaps)
        dates = [first + number * DAY for number in range(7 * weeks)]
        return [self.sent_on(day, gaps) for day in dates if day.weekday() < self.weekdays]

    def sent_on(self, day: date, gaps: cycle[int]) -> list[datetime]:
        at = datetime.combine(day, time(self.opens // 60, self.opens % 60), self.zone).astimezone(UTC)
        closes, sent = at + timedelta(minutes=self.open_for), []
        while at < closes:
            sent.append(at)
            at += timedelta(minutes=next(gaps))
        return sent

    def due(self, sent: list[datetime]) -> datetime:
        counts = Counter(at.replace(minute=0) for at in sent)
        known: dict[date, list[int]] = {}
        for at, count in counts.items():
            known.setdefault(at.date(), [0] * 24)[at.hour] = count
        quiet = quiet_hours(known, sent[-1], zone=self.zone)
        due = expected_by(sent[-MOST_GAPS - 1 :], quiet=quiet, zone=self.zone)
        assert due is not None
        return due


def offices(rarest: int) -> st.SearchStrategy[Office]:
    """From one message a minute to one in `rarest` minutes."""
    return st.builds(
        Office,
        zone=ZONES,
        opens=st.integers(5 * 60, 11 * 60 - 1),
        open_for=st.integers(8 * 60, 12 * 60),
        gaps=st.lists(st.integers(1, rarest), min_size=1, max_size=5).map(tuple),
        weekdays=st.integers(5, 7),
    )


OFFICES = offices(rarest=30)
# Of eight hours a night is one gap in twenty then, or less: a rarer source's nights count among its usual gaps, with
# the rest of the hour in which it closes and the first minutes of the one in which it opens.
OFTEN = offices(rarest=24)


@settings(max_examples=25, deadline=None)
@given(office=OFFICES)
def test_who_sends_by_day_only_is_not_missed_at_night_nor_at_the_weekend(office):
    by_day = office.sends()
    for number in range(len(by_day) - office.weekdays, len(by_day)):
        before = [at for day in by_day[:number] for at in day]
        assert office.due(before) >= by_day[number][0]


@example(office=Office(UTC, 312, 480, (24,), 5), day=1, share=0.0)
@settings(max_examples=25, deadline=None)
@given(office=OFTEN, day=st.integers(1, 5), share=st.floats(0, 1))
def test_who_falls_silent_by_day_is_missed_within_three_hours_of_working_time(office, day, share):
    """Of those that send every 24 minutes or oftener.

    Working time: from where it opens to the latest message it ever sent on this day of the week.
    """
    by_day = office.sends()
    today, tomorrow = by_day[-day], office.sends(6)[len(by_day) - day + 1]
    last = today[int(share * (len(today) - 1))]
    due = office.due([*(at for day in by_day[:-day] for at in day), *(at for at in today if at <= last)])
    known = by_day[-day - office.weekdays :: -office.weekdays]
    closes = today[0] + max(sent[-1] - sent[0] for sent in known)
    assert due >= last + AT_LEAST
    worked = max(min(due, closes) - last, 0 * HOUR) + max(due - tomorrow[0], 0 * HOUR)
    assert worked <= 3 * HOUR


def test_a_rarer_source_has_three_times_its_night_as_far_as_that_counts():
    """Every 26 minutes from 5:12 to 13:00: of a night the rest of one hour and 12 minutes of another count."""
    office = Office(UTC, 312, 480, (26,), 5)
    by_day = office.sends()
    first = by_day[-1][0]
    assert office.due([*(at for day in by_day[:-1] for at in day), first]) == first + 3 * timedelta(minutes=72)


@settings(max_examples=25, deadline=None)
@given(office=OFTEN, day=st.integers(1, 5))
def test_who_stays_silent_after_a_night_is_missed_on_the_next_working_morning(office, day):
    by_day = office.sends(6)
    number = len(by_day) - office.weekdays - day
    due = office.due([at for sent in by_day[: number + 1] for at in sent])
    morning = by_day[number + 1][0]
    assert morning <= due <= morning + AT_LEAST


def test_delays_are_told_by_their_class():
    counts = [0] * CLASSES
    assert within(counts, 0.5) is None
    counts[0], counts[2], counts[-1] = 50, 45, 5
    assert [within(counts, share) for share in (0.5, 0.51, 0.95, 0.96)] == [15, 60, 60, None]
    assert added([[], counts, [1] * CLASSES])[0] == 51
