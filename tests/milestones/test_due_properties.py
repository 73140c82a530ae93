"""What holds of every due time, over the years 2020 to 2035 and the time zones of the world."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from milestones.enums import PlaceRole, Roll
from milestones.facts import PlaceFact, Plan
from milestones.planning import add_working_days, due_at, route
from tests.factories.milestones import line, shipment_fact

DAY = 24 * 60
# Of every continent, with and without a change of the clock; by half an hour, by a quarter, across the date line.
ZONES = (
    "UTC", "Europe/Amsterdam", "Europe/Dublin", "Europe/Chisinau", "Africa/Casablanca", "Africa/Cairo", "Asia/Tehran",
    "Asia/Kolkata", "Asia/Kathmandu", "Asia/Shanghai", "Asia/Beirut", "Asia/Gaza", "Australia/Sydney",
    "Australia/Lord_Howe", "Pacific/Auckland", "Pacific/Chatham", "Pacific/Apia", "Pacific/Kiritimati",
    "America/New_York", "America/Los_Angeles", "America/St_Johns", "America/Sao_Paulo", "America/Santiago",
    "America/Havana", "America/Asuncion", "America/Nuuk", "Atlantic/Azores", "Antarctica/Troll",
)  # fmt: skip
WEEKENDS = (frozenset({5, 6}), frozenset({4, 5}), frozenset({4, 6}), frozenset({4}), frozenset({6}), frozenset())

zones = st.sampled_from(ZONES)
instants = st.integers(
    int(datetime(2020, 1, 1, tzinfo=UTC).timestamp()), int(datetime(2035, 12, 31, tzinfo=UTC).timestamp())
).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))
days = st.integers(-60, 60)
minutes = st.integers(-DAY + 1, DAY - 1)
weekends = st.sampled_from(WEEKENDS)
holidays = st.frozensets(st.dates(date(2020, 1, 1), date(2035, 12, 31)), max_size=20)
times = st.times().map(lambda at: at.replace(second=0, microsecond=0))


def due(anchor, zone, off=frozenset(), weekend=frozenset({5, 6}), **changes):
    place = PlaceFact(1, "XXAAA", "XX", zone)
    one = line("DEPARTED", 10, PlaceRole.POL, **changes)
    shipment = shipment_fact(route=route(place, place, ()))
    return due_at(one, Plan(shipment, None, {}, {"XX": off}, {"XX": weekend}), anchor)


def exists(wall, zone):
    """Whether the clocks of the zone ever show it; `wall` without a zone."""
    at = wall.replace(tzinfo=zone)
    return at.astimezone(UTC).astimezone(zone).replace(tzinfo=None, fold=0) == wall


@given(instants, zones, minutes)
def test_less_than_a_day_is_elapsed_time(anchor, zone, offset):
    assert due(anchor, zone, offset_minutes=offset) == anchor + timedelta(minutes=offset)


@given(instants, zones, days)
def test_whole_days_keep_the_time_on_the_wall(anchor, zone, count):
    name = ZoneInfo(zone)
    before = anchor.astimezone(name).replace(tzinfo=None, fold=0)
    wanted = before + timedelta(days=count)
    found = due(anchor, zone, offset_minutes=count * DAY)
    if exists(wanted, name) and count:
        assert found.astimezone(name).replace(tzinfo=None, fold=0) == wanted
        # Of two the first.
        assert found.astimezone(name).fold == 0
    assert due(anchor, zone) == anchor


@given(instants, zones, days)
def test_there_and_back_is_the_same_instant(anchor, zone, count):
    name = ZoneInfo(zone)
    there = due(anchor, zone, offset_minutes=count * DAY)
    wall = anchor.astimezone(name)
    reached = wall.replace(tzinfo=None, fold=0) + timedelta(days=count)
    # An hour that comes twice or never cannot be told when coming back.
    if exists(reached, name) and wall.fold == 0:
        assert due(there, zone, offset_minutes=-count * DAY) == anchor


@given(instants, zones, days, days)
def test_more_days_are_never_earlier(anchor, zone, one, other):
    less, more = sorted((one, other))
    assert due(anchor, zone, offset_minutes=less * DAY) <= due(anchor, zone, offset_minutes=more * DAY)


@given(instants, zones, days, minutes, minutes)
def test_more_minutes_on_a_day_are_never_earlier(anchor, zone, count, one, other):
    sign = -1 if count < 0 else 1
    less, more = sorted(sign * abs(each) for each in (one, other))
    total = count * DAY
    assert due(anchor, zone, offset_minutes=total + less) <= due(anchor, zone, offset_minutes=total + more)


@given(st.lists(instants, min_size=2, max_size=2), zones, days, weekends, st.sampled_from(Roll.values))
def test_from_a_later_day_it_is_never_due_on_an_earlier_one(anchors, zone, count, weekend, roll):
    name = ZoneInfo(zone)
    found = [
        due(at, zone, weekend=weekend, offset_minutes=count * DAY, roll=roll).astimezone(name).date()
        for at in sorted(anchors)
    ]
    assert found[0] <= found[1]


@given(instants, zones, days, minutes, holidays, weekends)
def test_working_days_never_end_on_a_day_off(anchor, zone, count, rest, off, weekend):
    found = due(anchor, zone, off, weekend, offset_minutes=count * DAY + rest, is_working=True)
    day = found.astimezone(ZoneInfo(zone)).date()
    assert day.weekday() not in weekend
    assert day not in off


@given(instants, zones, st.integers(-60, 60), minutes, holidays, weekends, st.sampled_from(["next", "previous"]))
def test_it_rolls_to_the_nearest_working_day_of_its_direction(anchor, zone, count, rest, off, weekend, roll):
    name = ZoneInfo(zone)
    offset = count * DAY + rest
    plain = due(anchor, zone, offset_minutes=offset).astimezone(name)
    rolled = due(anchor, zone, off, weekend, offset_minutes=offset, roll=roll).astimezone(name)
    step = timedelta(days=1 if roll == "next" else -1)
    day = plain.date()
    while day.weekday() in weekend or day in off:
        day += step
    assert rolled.date() == day
    if day == plain.date():
        assert rolled == plain
    elif exists(wall := datetime.combine(day, plain.time().replace(fold=0)), name):
        assert rolled.replace(tzinfo=None, fold=0) == wall


@given(instants, zones, days, minutes, times)
def test_the_time_of_day_is_that_of_the_place(anchor, zone, count, rest, at):
    name = ZoneInfo(zone)
    offset = count * DAY + rest
    found = due(anchor, zone, offset_minutes=offset, time_of_day=at).astimezone(name)
    wanted = datetime.combine(due(anchor, zone, offset_minutes=offset).astimezone(name).date(), at)
    if exists(wanted, name):
        assert found.replace(tzinfo=None, fold=0) == wanted
    else:
        # It is skipped: as long after as the clock is put on.
        assert timedelta(0) < found.replace(tzinfo=None, fold=0) - wanted <= timedelta(days=1)


@given(st.dates(date(2020, 1, 1), date(2035, 12, 31)), st.integers(1, 60), holidays, weekends)
def test_so_many_working_days_lie_between(start, count, off, weekend):
    end = add_working_days(start, count, off, 1, weekend)
    between = [start + timedelta(days=n) for n in range(1, (end - start).days + 1)]
    assert sum(day.weekday() not in weekend and day not in off for day in between) == count
    back = add_working_days(end, -count, off, -1, weekend)
    if start.weekday() not in weekend and start not in off:
        assert back == start


@given(st.dates(date(2020, 1, 1), date(2035, 12, 31)), st.integers(-9, 9))
def test_a_week_without_working_days_is_no_reason_to_wait_for_ever(start, count):
    assert add_working_days(start, count, frozenset(), 1, frozenset(range(7))) == start + timedelta(days=count)


def test_midnight_of_a_zone_that_skipped_a_day():
    """Apia went over the date line on 30 December 2011, which it never had; nothing breaks around it."""
    before = datetime(2011, 12, 29, 22, tzinfo=UTC)
    found = due(before, "Pacific/Apia", offset_minutes=DAY, time_of_day=time(12, 0))
    assert found.astimezone(ZoneInfo("Pacific/Apia")).date() == date(2011, 12, 31)
