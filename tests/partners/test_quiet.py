"""Quiet hours and digests by a person's own clock: over midnight, over zones, over hours that are missing or twice."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from partners.quiet import Rule, is_quiet, next_allowed, next_day, next_hour

MINUTE = timedelta(minutes=1)
NIGHT = {"quiet_from": time(22), "quiet_until": time(6, 30)}
# Odd offsets, clock changes of half an hour and at midnight, a day that was skipped, no changes at all.
ZONES = [
    "UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Asia/Kathmandu", "Australia/Lord_Howe",
    "America/Santiago", "Africa/Casablanca", "Pacific/Apia", "Pacific/Chatham", "Asia/Tokyo", "America/Nuuk",
]  # fmt: skip


def utc(text):
    return datetime.fromisoformat(text).astimezone(UTC)


@pytest.mark.parametrize(
    ("zone", "at", "allowed"),
    [
        ("UTC", "2026-03-01T12:00+00:00", "2026-03-01T12:00+00:00"),
        ("UTC", "2026-03-01T21:59:59+00:00", "2026-03-01T21:59:59+00:00"),
        ("UTC", "2026-03-01T22:00+00:00", "2026-03-02T06:30+00:00"),
        ("UTC", "2026-03-02T00:00+00:00", "2026-03-02T06:30+00:00"),
        ("UTC", "2026-03-02T06:29:59+00:00", "2026-03-02T06:30+00:00"),
        ("UTC", "2026-03-02T06:30+00:00", "2026-03-02T06:30+00:00"),
        ("Asia/Kathmandu", "2026-03-01T16:15+00:00", "2026-03-02T06:30+05:45"),
        # The night in which Berlin loses an hour, and the one in which it has one twice.
        ("Europe/Berlin", "2026-03-28T23:00+01:00", "2026-03-29T06:30+02:00"),
        ("Europe/Berlin", "2026-10-24T23:00+02:00", "2026-10-25T06:30+01:00"),
        ("No/Such", "2026-03-01T22:00+00:00", "2026-03-02T06:30+00:00"),
        ("America", "2026-03-01T22:00+00:00", "2026-03-02T06:30+00:00"),
        ("../etc", "2026-03-01T22:00+00:00", "2026-03-02T06:30+00:00"),
    ],
)
def test_mail_waits_for_the_end_of_the_night(zone, at, allowed):
    assert next_allowed(utc(at), Rule(zone, **NIGHT)) == utc(allowed)


@pytest.mark.parametrize(
    ("begins", "ends", "at", "allowed"),
    [
        # 02:30 does not exist on this day: the clock jumps from 02:00 to 03:00.
        (time(23), time(2, 30), "2026-03-29T01:00+01:00", "2026-03-29T03:00+02:00"),
        # 02:30 comes twice: the first one ends the quiet hours, the clock set back begins them again.
        (time(23), time(2, 30), "2026-10-25T02:10+02:00", "2026-10-25T02:30+02:00"),
        (time(23), time(2, 30), "2026-10-25T02:10+01:00", "2026-10-25T02:30+01:00"),
        (time(2, 15), time(2, 45), "2026-10-25T02:20+02:00", "2026-10-25T02:45+02:00"),
        (time(9), time(17), "2026-10-25T09:00+01:00", "2026-10-25T17:00+01:00"),
    ],
)
def test_clock_changes_in_berlin(begins, ends, at, allowed):
    assert next_allowed(utc(at), Rule("Europe/Berlin", begins, ends)) == utc(allowed)


def test_a_day_that_was_skipped_has_no_morning():
    """Samoa went from 29 to 31 December 2011 at midnight."""
    rule = Rule("Pacific/Apia", **NIGHT)
    assert next_allowed(utc("2011-12-29T23:00-10:00"), rule) == utc("2011-12-31T06:30+14:00")
    # Seven o'clock of the 30th was jumped over at midnight, which is in the night of the 31st.
    assert next_day(utc("2011-12-29T12:00-10:00"), rule) == utc("2011-12-31T06:30+14:00")


def test_without_quiet_hours_every_moment_is_allowed():
    at = utc("2026-03-01T03:00+00:00")
    for rule in (Rule(), Rule(quiet_from=time(22)), Rule(quiet_until=time(6))):
        assert (is_quiet(at, rule), next_allowed(at, rule)) == (False, at)


@pytest.mark.parametrize(
    ("at", "end"),
    [
        ("2026-03-01T12:00+00:00", "2026-03-01T13:00+00:00"),
        ("2026-03-01T12:59:59.999+00:00", "2026-03-01T13:00+00:00"),
        ("2026-03-01T21:30+00:00", "2026-03-02T06:30+00:00"),
        ("2026-03-02T02:00+00:00", "2026-03-02T06:30+00:00"),
    ],
)
def test_hourly_digest_is_due_at_the_full_hour_and_never_in_the_night(at, end):
    assert next_hour(utc(at), Rule(**NIGHT)) == utc(end)


def test_the_full_hour_is_that_of_the_person():
    assert next_hour(utc("2026-03-01T12:00+00:00"), Rule("Asia/Kathmandu")) == utc("2026-03-01T12:15+00:00")


@pytest.mark.parametrize(
    ("rule", "at", "end"),
    [
        (Rule("Asia/Tokyo"), "2026-03-01T06:59+09:00", "2026-03-01T07:00+09:00"),
        (Rule("Asia/Tokyo"), "2026-03-01T07:00+09:00", "2026-03-02T07:00+09:00"),
        (Rule("Europe/Berlin"), "2026-03-28T08:00+01:00", "2026-03-29T07:00+02:00"),
        (Rule("Europe/Berlin", digest_at=time(2, 30)), "2026-03-28T08:00+01:00", "2026-03-29T03:00+02:00"),
        (Rule("Europe/Berlin", digest_at=time(2, 30)), "2026-10-25T01:00+02:00", "2026-10-25T02:30+02:00"),
        (Rule("UTC", **NIGHT, digest_at=time(5)), "2026-03-01T12:00+00:00", "2026-03-02T06:30+00:00"),
    ],
)
def test_daily_digest_is_due_at_the_hour_a_person_chose(rule, at, end):
    assert next_day(utc(at), rule) == utc(end)


WALLS = st.times().map(lambda t: t.replace(second=0, microsecond=0, fold=0))
RULES = st.builds(Rule, st.sampled_from(ZONES), WALLS, WALLS, WALLS).filter(lambda r: r.quiet_from != r.quiet_until)


@st.composite
def moments(draw):
    """Any minute of some years, and often one near a clock change."""
    at = datetime(2009, 1, 1, tzinfo=UTC) + draw(st.integers(0, 366 * 24 * 60 * 20)) * MINUTE
    if draw(st.booleans()):
        change = draw(st.sampled_from(["2026-03-29T01:00", "2026-10-25T01:00", "2011-12-30T10:00", "2026-04-04T15:00"]))
        at = datetime.fromisoformat(change).replace(tzinfo=UTC) + draw(st.integers(-1500, 1500)) * MINUTE
    return at


@given(moments(), RULES)
def test_the_answer_is_the_first_minute_that_is_not_quiet(at, rule):
    allowed = next_allowed(at, rule)
    assert not is_quiet(allowed, rule)
    assert at <= allowed <= at + timedelta(hours=49)
    step = at
    while step < allowed:
        assert is_quiet(step, rule)
        step += MINUTE


@given(moments(), RULES)
def test_all_of_a_day_have_one_end_and_it_is_the_first_at_which_the_clock_shows_it(at, rule):
    plain = Rule(rule.zone, digest_at=rule.digest_at)
    end = next_day(at, plain)
    assert at < end <= at + timedelta(hours=50)
    assert next_day(end - MINUTE, plain) == end
    here = end.astimezone(ZoneInfo(rule.zone))
    jumped = here.utcoffset() != (end - MINUTE).astimezone(ZoneInfo(rule.zone)).utcoffset()
    assert here.time() == rule.digest_at or jumped
    assert not is_quiet(next_day(at, rule), rule)


@given(moments(), RULES)
def test_all_of_an_hour_have_one_end(at, rule):
    end = next_hour(at, rule)
    assert end > at
    assert not is_quiet(end, rule)
    assert next_hour(at + timedelta(seconds=30), rule) == end
