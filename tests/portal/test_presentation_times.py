from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from django.utils import translation

from partners.enums import Clock
from portal.presentation import times
from portal.presentation.times import ClockFace

AT = datetime(2026, 11, 24, 6, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def in_the_year_of_the_times(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("django.utils.timezone.now", lambda: AT)


@pytest.mark.parametrize(
    ("zone", "read", "iso"),
    [
        ("Asia/Shanghai", "24 Nov 14:00 +08", "2026-11-24T14:00+08:00"),
        ("Europe/Amsterdam", "24 Nov 07:00 +01", "2026-11-24T07:00+01:00"),
        ("Asia/Kolkata", "24 Nov 11:30 +05:30", "2026-11-24T11:30+05:30"),
        ("America/New_York", "24 Nov 01:00 −05", "2026-11-24T01:00-05:00"),
        ("America/St_Johns", "24 Nov 02:30 −03:30", "2026-11-24T02:30-03:30"),
        ("Europe/London", "24 Nov 06:00 +00", "2026-11-24T06:00+00:00"),
        ("UTC", "24 Nov 06:00 UTC", "2026-11-24T06:00+00:00"),
    ],
)
def test_a_time_is_read_on_the_clock_of_the_place_with_its_offset(zone: str, read: str, iso: str) -> None:
    there = times.local(AT, zone)
    assert there is not None
    assert (str(there), there.iso, there.is_zone_known) == (read, iso, True)


@pytest.mark.parametrize("zone", ["", "Nowhere/At_All"])
def test_a_place_without_a_zone_is_read_in_utc_and_says_so(zone: str) -> None:
    there = times.local(AT, zone)
    assert there is not None
    assert (str(there), there.is_zone_known) == ("24 Nov 06:00 UTC", False)


def test_no_time_is_no_local_time() -> None:
    assert times.local(None, "Asia/Shanghai") is None


def test_the_offset_follows_summer_time() -> None:
    summer, winter = (times.local(datetime(2026, month, 1, 12, tzinfo=UTC), "Europe/Berlin") for month in (7, 12))
    assert summer is not None
    assert winter is not None
    assert (summer.offset, winter.offset) == ("+02", "+01")


def test_another_year_than_this_one_is_named() -> None:
    assert (times.day(date(2026, 3, 1)), times.day(date(2025, 3, 1))) == ("1 Mar", "1 Mar 2025")


@pytest.mark.parametrize(
    ("choice", "read"),
    [
        (Clock.PLACE, "24 Nov 14:00 +08"),
        (Clock.MINE, "24 Nov 07:00 +01"),
        (Clock.UTC, "24 Nov 06:00 UTC"),
    ],
)
def test_the_clock_switch_decides_whose_time_is_shown(choice: str, read: str) -> None:
    assert str(ClockFace(choice, "Europe/Berlin").local(AT, "Asia/Shanghai")) == read


@pytest.mark.parametrize(
    ("minutes", "text"),
    [(0, "0m"), (12, "12m"), (60, "1h"), (270, "4h 30m"), (24 * 60, "1d"), (33 * 60, "1d 9h"), (-33 * 60, "1d 9h")],
)
def test_a_span_has_its_two_largest_units(minutes: int, text: str) -> None:
    assert times.span(minutes) == text


@pytest.mark.parametrize(
    ("minutes", "house", "customer"),
    [
        (0, "on plan", ""),
        (59, "on plan", ""),
        (-59, "on plan", ""),
        (60, "+1h", ""),
        (-180, "−3h", ""),
        (12 * 60 - 1, "+11h 59m", ""),
        (12 * 60, "+12h", "12h later than planned"),
        (33 * 60, "+1d 9h", "1d 9h later than planned"),
        (-33 * 60, "−1d 9h", ""),
    ],
)
def test_a_difference_is_exact_for_the_house_and_calm_for_customers(minutes: int, house: str, customer: str) -> None:
    then = AT + timedelta(minutes=minutes)
    assert (times.variance(AT, then), times.later(AT, then)) == (house, customer)


def test_without_a_plan_nothing_differs() -> None:
    assert (times.variance(None, AT), times.later(None, AT), times.variance(AT, None), times.later(AT, None)) == (
        "", "", "", "",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("minutes", "text"),
    [
        (0, "just now"),
        (5, "5 min ago"),
        (60, "1 h ago"),
        (47 * 60, "47 h ago"),
        (48 * 60, "2 days ago"),
        (-240, "in 4h"),
    ],
)
def test_how_long_ago_is_said_in_one_unit(minutes: int, text: str) -> None:
    assert times.ago(AT, AT + timedelta(minutes=minutes)) == text


@pytest.mark.parametrize(
    ("language", "day"), [("en", "24 Nov"), ("de", "24. Nov."), ("es", "24 nov"), ("zh-hans", "11月24日")]
)
def test_days_are_written_as_the_language_writes_them(language: str, day: str) -> None:
    with translation.override(language):
        there = times.local(AT, "UTC")
    assert there is not None
    assert there.day == day


def test_a_zone_may_be_a_fixed_offset_as_some_senders_give_it() -> None:
    shown = times.local(datetime(2026, 11, 3, 21, 9, tzinfo=UTC), "-06:00")
    assert shown is not None
    assert (str(shown), shown.is_zone_known) == ("3 Nov 15:09 \N{MINUS SIGN}06", True)
