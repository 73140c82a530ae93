"""Which of several lines a report is about."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from milestones.enums import PlaceRole, UnitRule
from milestones.evaluate import evaluate
from milestones.expanding import expand
from milestones.facts import LegFact, Plan
from milestones.planning import due_times
from tests.factories.milestones import (
    DAY,
    DUISBURG,
    ETA,
    ETD,
    HOUR,
    ROTTERDAM,
    SHANGHAI,
    SINGAPORE,
    event,
    line,
    planned,
    policy,
    template,
)
from tests.milestones.plans_of_several import (
    BOXES,
    LEG,
    LEG_ETA,
    LEG_ETD,
    NOW,
    PER_BOX,
    PER_LEG,
    PER_STOP,
    POD,
    POL,
    STOP,
    TRANSIT,
    UNIT,
    WAY,
    no,
    outcome,
    reached,
    shipment,
)

# --- Which one a report is about -------------------------------------------------------------------------------------


def test_a_report_about_a_unit_is_that_units_and_one_about_the_whole_everybodys():
    given = shipment(units=BOXES)
    assert reached(PER_BOX, given, [event("GATE_OUT", ETA, SHANGHAI, unit="UABC2")]) == {
        "L30:UUABC2": ("UABC2", None, ETA)
    }
    whole = reached(PER_BOX, given, [event("GATE_OUT", ETA, SHANGHAI)])
    assert {slot: at for slot, (_, _, at) in whole.items()} == {f"L30:U{unit}": ETA for unit in BOXES}
    # A unit that is not ours is not told apart.
    assert len(reached(PER_BOX, given, [event("GATE_OUT", ETA, SHANGHAI, unit="OTHER")])) == 3


def test_a_unit_at_another_place_is_not_at_this_line():
    found = reached(PER_BOX, shipment(units=BOXES), [event("GATE_OUT", ETA, ROTTERDAM, unit="UABC2")])
    assert found == {"X:GATE_OUT:NLRTM:1": ("UABC2", None, ETA)}


def test_of_one_unit_its_own_reports_and_those_of_the_whole_decide():
    told = [
        event("GATE_OUT", ETA, SHANGHAI, told_at=ETA, source=1),
        event("GATE_OUT", ETA + HOUR, SHANGHAI, unit="UABC2", told_at=ETA + DAY, source=1),
    ]
    found = reached(PER_BOX, shipment(units=BOXES), told)
    assert {slot: at for slot, (_, _, at) in found.items()} == {
        "L30:UUABC1": ETA, "L30:UUABC2": ETA + HOUR, "L30:UUABC3": ETA,
    }  # fmt: skip


def test_a_line_may_stand_once_beside_one_per_unit():
    lines = [line("GATE_OUT", 10, POD, unit_rule=UnitRule.ANY.value), line("GATE_OUT", 20, POD, scope=UNIT)]
    told = [event("GATE_OUT", ETA + n * HOUR, SHANGHAI, unit=unit) for n, unit in enumerate(sorted(BOXES)[:2])]
    found = outcome(lines, shipment(units=BOXES), told)
    assert [(v.slot, v.actual_at) for v in found.milestones if v.actual_at] == [
        ("L10", ETA), ("L20:UUABC1", ETA), ("L20:UUABC2", ETA + HOUR),
    ]  # fmt: skip
    assert found.milestones[0].decisions["actual"]["rule"] == "first_unit"


@pytest.mark.parametrize(
    ("report", "slot", "leg"),
    [
        pytest.param(event("DEPARTED", ETD, DUISBURG), "L20:G1", 1, id="place"),
        pytest.param(event("DEPARTED", ETD, journey_number="7e"), "L20:G5", 5, id="voyage"),
        pytest.param(event("DEPARTED", ETD, ROTTERDAM, journey_number="99X"), "L20:G2", 2, id="another voyage"),
        pytest.param(event("ARRIVED", ETD, ROTTERDAM, attributes={"mode": "RAIL"}), "L30:G1", 1, id="means"),
        pytest.param(
            event("ARRIVED", ETD, ROTTERDAM, attributes={"mode": "VESSEL"}), "X:ARRIVED:NLRTM:1", None, id="other means"
        ),
        pytest.param(
            event("DEPARTED", ETD, SINGAPORE, journey_number="021W"), "X:DEPARTED:SGSIN:1", 2, id="it sails on"
        ),
        pytest.param(event("DEPARTED", ETD), "X:DEPARTED:?:1", None, id="nobody knows where"),
        pytest.param(event("ARRIVED", ETD, DUISBURG), "X:ARRIVED:DEDUI:1", None, id="not on the way"),
    ],
)
def test_a_report_is_about_the_leg_of_its_voyage_and_place(report, slot, leg):
    found = outcome(PER_LEG, shipment(WAY), [report]).milestones
    assert [(v.slot, v.leg_sequence) for v in found if v.actual_at and not v.is_inferred] == [(slot, leg)]


def test_of_one_leg_only_every_report_is_about_it():
    assert set(reached(PER_LEG, shipment(WAY[:1]), [event("DEPARTED", ETD)])) == {"L20:G1"}


def test_a_place_that_the_way_passes_twice_is_told_apart_by_what_is_planned():
    legs = (
        LegFact(1, "road", ROTTERDAM, DUISBURG, frozenset(), None, ETD, ETD + DAY),
        LegFact(2, "road", DUISBURG, ROTTERDAM, frozenset(), None, ETD + 2 * DAY, ETD + 3 * DAY),
        LegFact(3, "road", ROTTERDAM, SHANGHAI, frozenset(), None, ETD + 9 * DAY, ETA),
    )
    told = [event("DEPARTED", ETD + 8 * DAY, ROTTERDAM), event("DEPARTED", ETD + HOUR, ROTTERDAM)]
    assert {slot: at for slot, (_, _, at) in reached(PER_LEG, shipment(legs), told).items()} == {
        "L20:G1": ETD + HOUR, "L20:G3": ETD + 8 * DAY,
    }  # fmt: skip
    # Where nothing is planned it is the first.
    bare = tuple(replace(leg, etd=None, eta=None) for leg in legs)
    assert set(reached(PER_LEG, shipment(bare), told[:1])) == {"L20:G1"}


def test_stops_are_numbered_and_have_the_dates_of_their_legs():
    found = outcome(PER_STOP, shipment(WAY)).milestones
    assert [(v.slot, v.occurrence, v.leg_sequence, v.location_id, v.planned_at) for v in found] == [
        ("L20:S1", 1, 1, ROTTERDAM.id, ETD + DAY),
        ("L30:S1", 1, 2, ROTTERDAM.id, ETD + 3 * DAY),
        ("L20:S2", 2, 2, SINGAPORE.id, ETD + 20 * DAY),
        ("L30:S2", 2, 5, SINGAPORE.id, ETD + 23 * DAY),
        ("L50", 1, 5, SHANGHAI.id, ETA),
    ]


def test_a_report_is_about_the_stop_at_its_place():
    told = [
        event("ARRIVED", ETD + DAY, ROTTERDAM),
        event("DEPARTED", ETD + 23 * DAY, SINGAPORE, journey_number="7E"),
        event("ARRIVED", ETA, SHANGHAI),
    ]
    assert set(reached(PER_STOP, shipment(WAY), told)) == {"L20:S1", "L30:S2", "L50"}


def test_plans_and_estimates_are_about_one_of_several_too():
    told = [planned("GATE_OUT", ETA + DAY, SHANGHAI, unit="UABC2")]
    found = outcome(PER_BOX, shipment(units=BOXES), told).milestones
    assert {v.slot: v.planned_at for v in found if v.code == "GATE_OUT"} == {
        "L30:UUABC1": ETA, "L30:UUABC2": ETA + DAY, "L30:UUABC3": ETA,
    }  # fmt: skip
    assert next(v.planned_at for v in found if v.code == "DELIVERED") == ETA + DAY


@pytest.mark.parametrize(
    ("anchor", "role", "due"),
    [
        (LEG_ETD, PlaceRole.ORIGIN, ETD),
        (LEG_ETD, POL, ETD),
        (LEG_ETD, POD, ETD + 23 * DAY),
        (LEG_ETA, POL, ETD + DAY),
        (LEG_ETA, PlaceRole.DESTINATION, ETA),
        (LEG_ETD, PlaceRole.ANY, ETD),
        (LEG_ETA, TRANSIT, ETA),
    ],
)
def test_a_line_that_stands_once_has_the_dates_of_the_leg_that_plays_its_role(anchor, role, due):
    plan = Plan(shipment(WAY), template(line("DEPARTED", 10, role, anchor=anchor)))
    assert due_times(plan, {}) == [due]


def test_a_leg_without_dates_has_those_of_the_shipment():
    bare = tuple(replace(leg, etd=None, eta=None) for leg in WAY)
    lines = [line("DEPARTED", 10, scope=LEG, anchor=LEG_ETD), line("ARRIVED", 20, scope=LEG, anchor=LEG_ETA)]
    given = shipment(bare)
    assert due_times(Plan(given, expand(template(*lines), given)), {}) == [ETD, ETA] * 3
    once = Plan(shipment(), template(line("DEPARTED", 10, POL, anchor=LEG_ETD)))
    assert due_times(once, {}) == [ETD]


# --- Any order -------------------------------------------------------------------------------------------------------
EVERYTHING = [
    line("BOOKED", 5, anchor="booked_at"),
    line("EMPTY_OUT", 10, scope=UNIT, after=3, offset_minutes=-2 * 1440),
    line("LOADED", 20, scope=LEG, after=3, offset_minutes=-240, is_mandatory=False),
    line("DEPARTED", 30, scope=LEG, anchor=LEG_ETD),
    line("ARRIVED", 40, scope=LEG, anchor=LEG_ETA),
    line("RECEIVED_TRANSIT", 45, TRANSIT, scope=STOP, after=4, after_indexes=(4,)),
    line("MANIFESTED", 46, condition=no),
    line("GATE_OUT", 50, POD, scope=UNIT, after=4, is_working=True, after_indexes=(6,)),
    line("DELIVERED", 60, after=7, unit_rule="any"),
]
told = st.builds(
    lambda code, at, place, unit, number, kind, source: event(
        code, ETD + at * HOUR, place, unit=unit, journey_number=number, classifier=kind, source=source,
        told_at=ETD + (at + 3) * HOUR, trust=40 + 10 * source,
    ),
    st.sampled_from(sorted({one.code for one in EVERYTHING} | {"IN_TRANSIT"})),
    st.integers(-50, 600),
    st.sampled_from([None, DUISBURG, ROTTERDAM, SINGAPORE, SHANGHAI]),
    st.sampled_from(["", "", "UABC1", "UABC2", "UABC3"]),
    st.sampled_from(["", "021W", "7E", "T41"]),
    st.sampled_from(["PLN", "EST", "ACT", "ACT", "ACT"]),
    st.integers(1, 2),
)  # fmt: skip


@given(st.lists(told, max_size=12), st.randoms(use_true_random=False), st.sampled_from([(), WAY]), st.integers(0, 3))
def test_any_order_of_any_reports_gives_the_same(reports, shuffler, legs, boxes):
    plan = Plan(shipment(legs, units=frozenset(sorted(BOXES)[:boxes])), template(*EVERYTHING))
    once = evaluate(plan, reports, policy(), NOW)
    shuffled = list(reports)
    shuffler.shuffle(shuffled)
    assert evaluate(plan, shuffled, policy(), NOW) == once
    values = once.milestones
    assert len({value.slot for value in values}) == len(values)
    assert all((value.state == "reached") == (value.actual_at is not None) for value in values)
    # Every report of something that happened stands somewhere, or is counted among those that lost.
    decided = {decision["event"] for value in values for decision in value.decisions.values()}
    lost = {name for value in values for decision in value.decisions.values() for name in decision["losing"]}
    waiting = {one.id for one in reports if one.unit or one.classifier != "ACT"}
    assert {one.id for one in reports} - waiting <= decided | lost
