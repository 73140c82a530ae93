from __future__ import annotations

import itertools
from datetime import UTC, date, datetime, time, timedelta

import pytest

from milestones.enums import AnchorKind, PlaceRole
from milestones.facts import Criteria, LegFact, Plan
from milestones.planning import (
    CircularPlan,
    add_working_days,
    choose,
    compile_template,
    due_at,
    due_times,
    order_lines,
    route,
    specificity,
    zone_of,
)
from tests.factories.milestones import (
    DAY,
    DUISBURG,
    ETD,
    HOUR,
    ROTTERDAM,
    SHANGHAI,
    SINGAPORE,
    line,
    plan,
    shipment_fact,
    template,
    voyage,
)

CRITERIA = {
    "mode": "ocean",
    "shipment_type": "export",
    "customer_id": 7,
    "origin_country": "NL",
    "destination_country": "CN",
    "service": "fcl",
    "origin_place": "NLRTM",
    "destination_place": "CNSGH",
}
GIVEN = {"service": "fcl"}


def utc(*moment: int) -> datetime:
    return datetime(*moment, tzinfo=UTC)


@pytest.mark.parametrize("name", list(CRITERIA))
def test_one_more_criterion_wins(name):
    general = template(id=1, code="A")
    special = template(id=2, code="B", **{name: CRITERIA[name]})
    assert choose([general, special], shipment_fact(**GIVEN))[0] is special
    assert choose([special, general], shipment_fact(**GIVEN))[0] is special


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("mode", "air"),
        ("shipment_type", "import"),
        ("customer_id", 8),
        ("origin_country", "DE"),
        ("destination_country", "US"),
        ("service", "lcl"),
        ("origin_place", "NLAMS"),
        ("destination_place", "CNNGB"),
    ],
)
def test_a_criterion_that_fails_excludes(name, other):
    general = template(id=1, code="Z")
    foreign = template(id=2, code="A", **{**CRITERIA, name: other})
    assert choose([general, foreign], shipment_fact(**GIVEN))[0] is general


@pytest.mark.parametrize(
    ("stronger", "weaker"),
    [
        ("origin_place", "customer_id"),
        ("origin_place", "destination_place"),
        ("customer_id", "origin_country"),
        ("origin_country", "destination_country"),
        ("destination_place", "service"),
        ("service", "origin_country"),
        ("service", "shipment_type"),
        ("destination_country", "shipment_type"),
        ("shipment_type", "mode"),
    ],
)
def test_of_equally_many_criteria_the_more_telling_wins(stronger, weaker):
    """A place counts for its country too, and a service for its mode: these are two."""
    one = template(id=1, code="Z", **{stronger: CRITERIA[stronger]})
    other = template(id=2, code="A", **{weaker: CRITERIA[weaker]})
    assert choose([one, other], shipment_fact(**GIVEN))[0] is one


def test_two_sets_of_criteria_are_never_equal():
    names = list(CRITERIA)
    scores = {
        specificity(Criteria(**{name: CRITERIA[name] for name in chosen}))
        for count in range(len(names) + 1)
        for chosen in itertools.combinations(names, count)
    }
    assert len(scores) == 2 ** len(names)


def test_more_criteria_go_before_stronger_ones():
    customer = template(id=1, code="A", customer_id=7)
    lane = template(id=2, code="B", mode="ocean", shipment_type="export")
    assert choose([customer, lane], shipment_fact())[0] is lane


def test_the_same_criteria_go_by_code_and_version():
    first, second = template(id=1, code="A", mode="ocean"), template(id=2, code="B", mode="ocean")
    assert choose([second, first], shipment_fact())[0] is first


def test_the_reason_names_the_criteria():
    best = template(id=2, code="ocean export", mode="ocean", shipment_type="export")
    assert choose([best], shipment_fact()) == (best, "Ocean export v1: type export, mode ocean")
    everything = template(id=3, code="all", **CRITERIA)
    assert choose([best, everything], shipment_fact(**GIVEN))[1] == (
        "All v1: customer, origin place NLRTM, destination place CNSGH, origin country NL, destination country CN, "
        "service fcl, type export, mode ocean"
    )
    assert choose([template()], shipment_fact())[1] == "T v1: it matches any shipment"
    assert choose([], shipment_fact()) == (None, "No active template matches.")


def test_lines_come_after_those_they_count_from():
    lines = [line("A", 1, after=2), line("B", 2), line("C", 3, after=1)]
    assert order_lines(lines) == (1, 2, 0)
    assert order_lines([line("A", 1, after_indexes=(1,)), line("B", 2)]) == (1, 0)


@pytest.mark.parametrize(
    ("lines", "positions"),
    [
        ([line("A", 1, after=1), line("B", 2, after=0)], (1, 2)),
        ([line("A", 1, after=0)], (1,)),
        ([line("A", 1), line("B", 2, after=9)], (2,)),
        ([line("A", 1), line("B", 2, after=-1), line("C", 3, after=1)], (2,)),
        ([line("A", 1, after_indexes=(1,)), line("B", 2, after=0)], (1, 2)),
        ([line("A", 1, after=1), line("B", 2, after=2), line("C", 3, after=1)], (2, 3)),
        ([line("A", 1), line("B", 2, after_indexes=(5,))], (2,)),
    ],
)
def test_a_circle_is_refused(lines, positions):
    with pytest.raises(CircularPlan) as refused:
        compile_template((1, "T", 1, "T"), Criteria(), lines)
    assert refused.value.positions == positions


def test_without_legs_the_way_is_from_origin_to_destination():
    way = route(ROTTERDAM, SHANGHAI, [])
    assert {role: (p.place.code, p.leg_sequence) for role, p in way.points.items()} == {
        "origin": ("NLRTM", None),
        "pol": ("NLRTM", None),
        "pod": ("CNSGH", None),
        "destination": ("CNSGH", None),
    }
    assert way.transit == frozenset()


def test_the_main_carriage_gives_the_ports():
    legs = [
        LegFact(2, "ocean", ROTTERDAM, SINGAPORE),
        LegFact(1, "road", DUISBURG, ROTTERDAM),
        LegFact(3, "ocean", SINGAPORE, SHANGHAI),
    ]
    way = route(DUISBURG, SHANGHAI, legs)
    assert {role: (p.place.code, p.leg_sequence) for role, p in way.points.items()} == {
        "origin": ("DEDUI", None),
        "pol": ("NLRTM", 2),
        "pod": ("CNSGH", 3),
        "destination": ("CNSGH", None),
    }
    assert way.transit == frozenset({"SGSIN"})


def test_by_road_only_the_legs_themselves_are_the_main_carriage():
    way = route(DUISBURG, ROTTERDAM, [LegFact(1, "road", DUISBURG, ROTTERDAM)])
    assert way.points["pol"].place.code == "DEDUI"


AMSTERDAM_BACK = utc(2026, 10, 23, 10)  # Friday noon before the clock goes back on Sunday the 25th
AMSTERDAM_ON = utc(2027, 3, 26, 11)  # Friday noon before it goes on on Sunday the 28th


@pytest.mark.parametrize(
    ("anchor", "changes", "due"),
    [
        pytest.param(ETD, {}, ETD, id="no offset"),
        pytest.param(ETD, {"offset_minutes": -90}, ETD - timedelta(minutes=90), id="minutes"),
        pytest.param(ETD, {"offset_minutes": 1440}, ETD + DAY, id="a day"),
        pytest.param(
            AMSTERDAM_BACK, {"offset_minutes": 3 * 1440}, utc(2026, 10, 26, 11), id="noon stays noon, clock back"
        ),
        pytest.param(AMSTERDAM_ON, {"offset_minutes": 3 * 1440}, utc(2027, 3, 29, 10), id="noon stays noon, clock on"),
        pytest.param(
            utc(2026, 10, 26, 11), {"offset_minutes": -3 * 1440}, AMSTERDAM_BACK, id="backwards over the clock"
        ),
        pytest.param(
            utc(2026, 10, 24, 23), {"offset_minutes": 240}, utc(2026, 10, 25, 3), id="hours are elapsed hours"
        ),
        pytest.param(
            utc(2027, 3, 27, 1, 30), {"offset_minutes": 1440}, utc(2027, 3, 28, 1, 30), id="a wall time that is skipped"
        ),
        pytest.param(
            ETD,
            {"offset_minutes": 1440, "time_of_day": time(17, 0)},
            utc(2026, 11, 4, 16),
            id="time of day at the place",
        ),
        pytest.param(
            utc(2026, 11, 6, 12),
            {"offset_minutes": 1440, "is_working": True},
            utc(2026, 11, 9, 12),
            id="over a weekend",
        ),
        pytest.param(
            utc(2026, 11, 9, 12), {"offset_minutes": -1440, "is_working": True}, utc(2026, 11, 6, 12), id="back over it"
        ),
        pytest.param(utc(2026, 11, 7, 12), {"is_working": True}, utc(2026, 11, 9, 12), id="a day off rolls on"),
        pytest.param(
            utc(2026, 11, 7, 12), {"is_working": True, "offset_minutes": -60}, utc(2026, 11, 6, 11), id="or back"
        ),
        pytest.param(
            utc(2026, 12, 24, 12), {"offset_minutes": 1440, "is_working": True}, utc(2026, 12, 28, 12), id="holidays"
        ),
    ],
)
def test_due_times(anchor, changes, due):
    from_rotterdam = plan(line("DEPARTED", role=PlaceRole.POL, **changes))
    with_holidays = type(from_rotterdam)(
        from_rotterdam.shipment,
        from_rotterdam.template,
        holidays={"NL": frozenset({date(2026, 12, 25), date(2026, 12, 26)})},
    )
    assert due_at(with_holidays.template.lines[0], with_holidays, anchor) == due


def test_a_line_anywhere_is_counted_at_the_destination():
    anywhere = plan(line("DELIVERED", time_of_day=time(9, 0)))
    assert due_at(anywhere.template.lines[0], anywhere, ETD) == utc(2026, 11, 3, 1)


def test_without_an_anchor_nothing_is_due():
    unknown = plan(line("GATE_IN", anchor=AnchorKind.CUT_OFF.value), line("LOADED", 20, after=0))
    assert due_times(unknown, {}) == [None, None]
    assert due_at(unknown.template.lines[0], unknown, None) is None


def test_without_a_template_or_a_date_nothing_is_due():
    bare = plan(line("DEPARTED"), line("ARRIVED", 20, anchor="leg_eta"), dates={})
    assert due_times(bare, {}) == [None, None]
    assert due_times(Plan(shipment_fact(), None), {}) == []


def test_lines_count_from_planned_times_that_were_reported():
    reported = ETD + 5 * HOUR
    assert due_times(voyage(), {2: reported})[:3] == [
        reported - 2 * DAY,
        reported - 8 * HOUR,
        reported,
    ]


@pytest.mark.parametrize(
    ("start", "days", "direction", "expected"),
    [
        (date(2026, 11, 5), 1, 1, date(2026, 11, 6)),
        (date(2026, 11, 5), 2, 1, date(2026, 11, 9)),
        (date(2026, 11, 5), 10, 1, date(2026, 11, 19)),
        (date(2026, 11, 9), -1, 1, date(2026, 11, 6)),
        (date(2026, 11, 8), 0, 1, date(2026, 11, 9)),
        (date(2026, 11, 8), 0, -1, date(2026, 11, 6)),
    ],
)
def test_working_days(start, days, direction, expected):
    assert add_working_days(start, days, frozenset(), direction) == expected


def test_an_unknown_zone_is_utc():
    assert [zone_of(name).key for name in ("", "Nowhere/At_all", "../etc", "Asia/Tokyo")] == [
        "UTC",
        "UTC",
        "UTC",
        "Asia/Tokyo",
    ]
