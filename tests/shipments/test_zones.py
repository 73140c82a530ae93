from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from shipments.tables import read_table
from shipments.zones import country_of_state, instant, load_zone, zone_of


@pytest.mark.parametrize(
    ("country", "subdivision", "zone"),
    [
        ("US", "CA", "America/Los_Angeles"), ("US", "IL", "America/Chicago"), ("CA", "BC", "America/Vancouver"),
        ("AU", "WA", "Australia/Perth"), ("NL", "", "Europe/Amsterdam"), ("SG", "XX", "Asia/Singapore"),
        ("US", "", ""), ("US", "TN", ""), ("XX", "", ""), ("", "", ""),
    ],
)  # fmt: skip
def test_a_zone_is_derived_only_where_the_place_has_one(country, subdivision, zone):
    assert zone_of(country, subdivision) == zone


def test_every_zone_in_the_tables_exists():
    rows = read_table("country_zones") + read_table("subdivision_zones") + read_table("places")
    names = {row["time_zone"] for row in rows} | {row["zone"] for row in read_table("x12_time_codes")}
    assert [name for name in sorted(names - {""}) if load_zone(name) is None] == []


def test_a_state_code_tells_its_country():
    assert [country_of_state(state) for state in ("TX", "TN", "ON", "NU", "ZZ", "")] == ["US", "US", "CA", "CA", "", ""]


@pytest.mark.parametrize(
    "name", ["", "+15:00", "+08:60", "Mars/Phobos", "../etc/passwd", "+8", "local", "\x00", "a" * 300]
)
def test_what_is_no_zone_is_none(name):
    assert load_zone(name) is None


def test_an_offset_is_applied_as_it_stands():
    assert instant(datetime.fromisoformat("2026-07-01T12:00"), load_zone("-03:30")) == (
        datetime(2026, 7, 1, 15, 30, tzinfo=UTC),
        False,
    )


@pytest.mark.parametrize(
    ("wall", "utc", "is_ambiguous"),
    [
        ("2026-10-25T02:30", datetime(2026, 10, 25, 0, 30, tzinfo=UTC), True),
        ("2026-03-29T02:30", datetime(2026, 3, 29, 1, 30, tzinfo=UTC), True),
        ("2026-10-25T03:30", datetime(2026, 10, 25, 2, 30, tzinfo=UTC), False),
    ],
)
def test_an_hour_that_comes_twice_or_never_is_told(wall, utc, is_ambiguous):
    assert instant(datetime.fromisoformat(wall), ZoneInfo("Europe/Amsterdam")) == (utc, is_ambiguous)
