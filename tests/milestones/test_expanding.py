"""Lines that stand per unit, leg and stop, or under a condition."""

from __future__ import annotations

from dataclasses import replace

import pytest

from milestones.enums import PlaceRole
from milestones.expanding import MAX_UNITS, expand
from milestones.facts import LegFact, Plan
from milestones.planning import due_times
from tests.factories.milestones import (
    DAY,
    ETD,
    HOUR,
    SHANGHAI,
    SINGAPORE,
    event,
    line,
    template,
)
from tests.milestones.plans_of_several import (
    BOXES,
    LEG,
    POD,
    POL,
    STOP,
    TRANSIT,
    UNIT,
    WAY,
    no,
    outcome,
    shipment,
    slots,
    yes,
)


# --- What stands -----------------------------------------------------------------------------------------------------
def test_a_template_without_such_lines_is_returned_as_it_is():
    plain = template(line("DEPARTED"), line("ARRIVED", 20, after=0))
    assert expand(plain, shipment(WAY, units=BOXES)) is plain


@pytest.mark.parametrize(
    ("scope", "role", "legs", "units", "expected"),
    [
        (UNIT, POL, (), BOXES, ["L50:UUABC1", "L50:UUABC2", "L50:UUABC3"]),
        (UNIT, POL, WAY, frozenset({"UABC1"}), ["L50:UUABC1"]),
        (UNIT, POL, WAY, frozenset(), ["L50"]),
        (UNIT, POL, (), frozenset(str(n) for n in range(MAX_UNITS + 1)), ["L50"]),
        (LEG, POL, WAY, BOXES, ["L50:G1", "L50:G2", "L50:G5"]),
        (LEG, POL, (), BOXES, ["L50"]),
        (STOP, PlaceRole.ANY, WAY, BOXES, ["L50:S1", "L50:S2", "L50:S3"]),
        (STOP, PlaceRole.ANY, (), BOXES, ["L50"]),
        (STOP, TRANSIT, WAY, BOXES, ["L50:S1", "L50:S2"]),
        (STOP, TRANSIT, WAY[:1], BOXES, []),
        (STOP, TRANSIT, (), BOXES, ["L50"]),
    ],
)
def test_a_line_stands_once_for_each_that_is_known(scope, role, legs, units, expected):
    assert slots([line("DEPARTED", 50, role, scope=scope)], shipment(legs, units=units)) == expected


def test_an_optional_stop_in_transit_is_not_expected_where_nobody_says_how_it_goes():
    assert slots([line("ARRIVED", 50, TRANSIT, scope=STOP, is_mandatory=False)], shipment()) == []


def test_what_nothing_is_known_of_leaves_the_template_as_it_is():
    scoped = template(line("DEPARTED", scope=UNIT), line("ARRIVED", 20, condition=yes))
    assert expand(scoped, shipment()) is scoped


@pytest.mark.parametrize(
    ("code", "role", "places", "roles"),
    [
        ("DEPARTED", PlaceRole.ANY, ["DEDUI", "NLRTM", "SGSIN"], ["pol", "transit", "transit"]),
        ("ARRIVED", PlaceRole.ANY, ["NLRTM", "SGSIN", "CNSGH"], ["transit", "transit", "pod"]),
        ("ARRIVED", POL, ["DEDUI", "NLRTM", "SGSIN"], ["pol", "transit", "transit"]),
        ("LOADED", POD, ["NLRTM", "SGSIN", "CNSGH"], ["transit", "transit", "pod"]),
    ],
)
def test_a_line_per_leg_is_where_the_leg_begins_or_ends(code, role, places, roles):
    found = expand(template(line(code, 50, role, scope=LEG)), shipment(WAY)).lines
    assert [one.point.place.code for one in found] == places
    assert [one.place_role for one in found] == roles


def test_by_truck_to_the_port_the_way_begins_at_the_origin_and_ends_at_the_destination():
    legs = (replace(WAY[0], mode="road"), WAY[1], LegFact(3, "road", SINGAPORE, SHANGHAI))
    found = [expand(template(line(code, 50, scope=LEG)), shipment(legs)).lines for code in ("DEPARTED", "ARRIVED")]
    assert [[one.place_role for one in lines] for lines in found] == [
        ["origin", "pol", "transit"],
        ["transit", "pod", "destination"],
    ]


def test_a_stop_is_left_with_the_next_leg():
    arrived, departed = (
        expand(template(line(code, 50, TRANSIT, scope=STOP)), shipment(WAY)).lines for code in ("ARRIVED", "DEPARTED")
    )
    assert [(one.point.place.code, one.leg) for one in arrived] == [("NLRTM", 1), ("SGSIN", 2)]
    assert [(one.point.place.code, one.leg) for one in departed] == [("NLRTM", 2), ("SGSIN", 5)]


def test_lines_per_leg_go_leg_by_leg():
    lines = [line("DEPARTED", 50, scope=LEG), line("ARRIVED", 55, scope=LEG), line("DELIVERED", 60)]
    found = expand(template(*lines), shipment(WAY)).lines
    assert [(one.slot, one.position) for one in found] == [
        ("L50:G1", 50), ("L55:G1", 51), ("L50:G2", 52), ("L55:G2", 53), ("L50:G5", 54), ("L55:G5", 55), ("L60", 60),
    ]  # fmt: skip
    # Where the room up to the next line is too small each keeps its own.
    narrow = [lines[0], replace(lines[1], position=51), replace(lines[2], position=54)]
    found = expand(template(*narrow), shipment(WAY)).lines
    assert [one.position for one in found] == [50, 51, 50, 51, 50, 51, 54]
    assert [one.position for one in expand(template(*lines[:2]), shipment(WAY)).lines] == [50, 51, 52, 53, 54, 55]


# --- What counts from what -------------------------------------------------------------------------------------------
def anchors(lines, given):
    """Slot → slots of what it counts from."""
    found = expand(template(*lines), given).lines
    return {one.slot: [found[i].slot for i in one.anchors] for one in found}


def test_what_counts_from_a_line_of_the_same_unit_counts_from_that():
    lines = [
        line("GATE_OUT", 10, scope=UNIT),
        line("EMPTY_RETURNED", 20, scope=UNIT, after=0),
        line("DELIVERED", 30, after=0),
    ]
    assert anchors(lines, shipment(units=frozenset({"A", "B"}))) == {
        "L10:UA": [], "L10:UB": [], "L20:UA": ["L10:UA"], "L20:UB": ["L10:UB"], "L30": ["L10:UA", "L10:UB"],
    }  # fmt: skip


def test_a_unit_counts_from_the_latest_leg_and_a_leg_from_itself():
    lines = [
        line("ARRIVED", 10, scope=LEG),
        line("DISCHARGED", 20, scope=LEG, after=0),
        line("GATE_OUT", 30, scope=UNIT, after=1),
        line("STRIPPED", 40, TRANSIT, scope=STOP, after=0),
    ]
    found = anchors(lines, shipment(WAY[:2], units=frozenset({"A"})))
    assert found == {
        "L10:G1": [], "L20:G1": ["L10:G1"], "L10:G2": [], "L20:G2": ["L10:G2"],
        "L30:UA": ["L20:G1", "L20:G2"], "L40:S1": ["L10:G1"],
    }  # fmt: skip


def test_the_latest_of_several_counts():
    lines = [line("GATE_OUT", 10, scope=UNIT), line("DELIVERED", 20, after=0, offset_minutes=60)]
    given = shipment(units=frozenset({"A", "B"}))
    plan = Plan(given, expand(template(*lines), given))
    assert due_times(plan, {})[2] == ETD + HOUR
    assert due_times(plan, {0: ETD + 5 * HOUR})[2] == ETD + 6 * HOUR
    assert due_times(plan, {1: ETD - 5 * HOUR})[2] == ETD + HOUR


def test_a_line_that_does_not_apply_is_still_what_others_count_from():
    lines = [
        line("GATE_IN", 10),
        line("CUSTOMS_RELEASED", 20, condition=no, after=0, offset_minutes=120),
        line("LOADED", 30, after=1, offset_minutes=60),
    ]
    found = outcome(lines, shipment(), [event("CUSTOMS_RELEASED", ETD)])
    assert [(v.slot, v.planned_at) for v in found.milestones] == [
        ("L10", ETD), ("L30", ETD + 3 * HOUR), ("X:CUSTOMS_RELEASED:?:1", None),
    ]  # fmt: skip
    # It moves what counts from it, too.
    moved = outcome(lines, shipment(), [event("GATE_IN", ETD + DAY)]).milestones
    assert moved[1].estimated_at == ETD + DAY + 3 * HOUR


def test_a_condition_is_asked_about_the_shipment():
    only_air = lambda facts: facts["shipment.mode"] == "air"  # noqa: E731
    lines = [line("DEPARTED"), line("MANIFESTED", 20, condition=only_air)]
    assert [slots(lines, shipment(mode=mode)) for mode in ("air", "ocean")] == [["L10", "L20"], ["L10"]]
    # What is not in the plan is not missing, whatever is reached.
    assert outcome(lines, shipment(), [event("DEPARTED", ETD)]).summary.total == 1


def test_what_would_have_to_follow_a_line_that_does_not_apply_follows_the_one_before():
    lines = [
        line("GATE_IN", 10, offset_minutes=60),
        line("CUSTOMS_RELEASED", 20, condition=no, after_indexes=(0,)),
        line("LOADED", 30, after_indexes=(1,)),
    ]
    (loaded,) = [v for v in outcome(lines, shipment()).milestones if v.code == "LOADED"]
    assert loaded.planned_at == ETD + HOUR


# --- After -----------------------------------------------------------------------------------------------------------
def test_what_follows_a_line_is_never_due_before_it():
    lines = [line("DOCS_RECEIVED", 10, offset_minutes=300), line("LOADED", 20, after_indexes=(0,))]
    plan = Plan(shipment(), template(*lines))
    assert due_times(plan, {}) == [ETD + 5 * HOUR, ETD + 5 * HOUR]
    assert due_times(plan, {1: ETD}) == [ETD + 5 * HOUR, ETD]
    late = outcome(lines, shipment(), [event("DOCS_RECEIVED", ETD + 9 * HOUR)]).milestones
    assert (late[1].planned_at, late[1].estimated_at, late[1].decisions["estimated"]["rule"]) == (
        ETD + 5 * HOUR, ETD + 9 * HOUR, "ripple",
    )  # fmt: skip


def test_what_has_no_due_time_of_its_own_gets_none_from_what_it_follows():
    lines = [line("DOCS_RECEIVED", 10), line("LOADED", 20, anchor="cut_off_at", after_indexes=(0,))]
    assert due_times(Plan(shipment(), template(*lines)), {}) == [ETD, None]
    assert outcome(lines, shipment(), [event("DOCS_RECEIVED", ETD + DAY)]).milestones[1].estimated_at is None


@pytest.mark.parametrize(
    ("is_mandatory", "reports", "deviation"),
    [
        (True, [("DELIVERED", ETD)], "out_of_sequence"),
        (False, [("DELIVERED", ETD)], "on_time"),
        (True, [("CUSTOMS_RELEASED", ETD), ("DELIVERED", ETD + HOUR)], "on_time"),
        (False, [("CUSTOMS_RELEASED", ETD + HOUR), ("DELIVERED", ETD)], "out_of_sequence"),
        (True, [("CUSTOMS_RELEASED", ETD), ("DELIVERED", ETD)], "on_time"),
    ],
)
def test_reached_before_what_it_has_to_follow_is_out_of_sequence(is_mandatory, reports, deviation):
    lines = [line("CUSTOMS_RELEASED", 10, is_mandatory=is_mandatory), line("DELIVERED", 20, after_indexes=(0,))]
    found = outcome(lines, shipment(), [event(code, at) for code, at in reports]).milestones
    assert [v.deviation for v in found if v.code == "DELIVERED"] == [deviation]


def test_a_task_is_not_opened_before_what_its_line_has_to_follow():
    lines = [line("DOCS_RECEIVED", 10), line("CUSTOMS_DECLARED", 20, after_indexes=(0,), task="Declare")]
    assert outcome(lines, shipment(), now=ETD).tasks == ()
    assert len(outcome(lines, shipment(), [event("DOCS_RECEIVED", ETD)], now=ETD).tasks) == 1
    optional = [replace(lines[0], is_mandatory=False), lines[1]]
    assert len(outcome(optional, shipment(), now=ETD).tasks) == 1
