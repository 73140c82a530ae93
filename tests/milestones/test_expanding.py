"""Lines that stand per unit, leg and stop, or under a condition."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from milestones.enums import AnchorKind, LineScope, PlaceRole, UnitRule
from milestones.evaluate import evaluate
from milestones.expanding import MAX_UNITS, expand
from milestones.facts import LegFact, Plan
from milestones.planning import due_times, route
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
    rule,
    shipment_fact,
    template,
)

UNIT, LEG, STOP = (scope.value for scope in (LineScope.UNIT, LineScope.LEG, LineScope.STOP))
POL, POD, TRANSIT = PlaceRole.POL, PlaceRole.POD, PlaceRole.TRANSIT
LEG_ETD, LEG_ETA = AnchorKind.LEG_ETD.value, AnchorKind.LEG_ETA.value
BOXES = frozenset({"UABC1", "UABC2", "UABC3"})
NOW = ETD + 20 * DAY
# Duisburg by rail to Rotterdam, by sea to Singapore and on to Shanghai.
WAY = (
    LegFact(1, "rail", DUISBURG, ROTTERDAM, frozenset({"T41"}), None, ETD, ETD + DAY),
    LegFact(2, "ocean", ROTTERDAM, SINGAPORE, frozenset({"021W"}), None, ETD + 3 * DAY, ETD + 20 * DAY),
    LegFact(5, "ocean", SINGAPORE, SHANGHAI, frozenset({"7E"}), None, ETD + 23 * DAY, ETA),
)


def no(facts):
    return False


def yes(facts):
    return True


def shipment(legs=(), **changes):
    ends = (legs[0].origin, legs[-1].destination) if legs else (ROTTERDAM, SHANGHAI)
    return shipment_fact(route=route(*ends, legs), **changes)


def slots(lines, given):
    return [one.slot for one in expand(template(*lines), given).lines if one.applies]


def outcome(lines, given, events=(), now=NOW):
    """The same in any order of the reports."""
    plan = Plan(given, template(*lines))
    found = [evaluate(plan, order, policy(), now) for order in itertools.permutations(events)]
    assert all(one == found[0] for one in found)
    return found[0]


def reached(*args, **more):
    """Slot → (unit, leg, when) of what was reported."""
    return {
        v.slot: (v.unit_number, v.leg_sequence, v.actual_at)
        for v in outcome(*args, **more).milestones
        if v.actual_at and not v.is_inferred
    }


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


# --- Which one a report is about -------------------------------------------------------------------------------------
PER_BOX = [
    line("EMPTY_OUT", 10, scope=UNIT, is_mandatory=False),
    line("LOADED", 20, POL),
    line("GATE_OUT", 30, POD, scope=UNIT, anchor="eta"),
    line("DELIVERED", 40, after=2),
]


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


PER_LEG = [
    line("LOADED", 10, scope=LEG, anchor=LEG_ETD, offset_minutes=-60, is_mandatory=False),
    line("DEPARTED", 20, scope=LEG, anchor=LEG_ETD),
    line("ARRIVED", 30, scope=LEG, anchor=LEG_ETA),
    line("DELIVERED", 90, anchor=LEG_ETA, offset_minutes=2 * 1440),
]


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


PER_STOP = [
    line("ARRIVED", 20, TRANSIT, scope=STOP, anchor=LEG_ETA),
    line("DEPARTED", 30, TRANSIT, scope=STOP, anchor=LEG_ETD),
    line("ARRIVED", 50, POD, anchor=LEG_ETA),
]


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


# --- What follows for the shipment -----------------------------------------------------------------------------------
def states(found):
    return {v.slot: v.state for v in found.milestones if v.line_id is not None}


def test_one_container_is_not_behind_another():
    lines = [
        line("GATE_OUT", 10, POD, scope=UNIT, anchor="eta"),
        line("EMPTY_RETURNED", 20, scope=UNIT, after=0, offset_minutes=1440),
    ]
    given = shipment(units=frozenset({"A", "B"}))
    told = [event("EMPTY_RETURNED", ETA, unit="A")]
    assert states(outcome(lines, given, told, now=ETA)) == {
        "L10:UA": "missing", "L10:UB": "planned", "L20:UA": "reached", "L20:UB": "planned",
    }  # fmt: skip


def test_what_shows_that_a_container_skipped_something_is_its_own():
    lines = [line("GATE_OUT", 10, POD, scope=UNIT, anchor="eta"), line("EMPTY_RETURNED", 20, scope=UNIT)]
    told = [event("EMPTY_RETURNED", ETA, unit=unit, id=f"by-{unit}") for unit in "AB"]
    plan = Plan(shipment(units=frozenset("AB")), template(*lines))
    found = evaluate(plan, told, policy(rule("missing")), ETA).cases
    assert {case.slot: case.facts["evidence"] for case in found} == {"L10:UA": ["by-A"], "L10:UB": ["by-B"]}


@pytest.mark.parametrize(
    ("rule", "units", "state"), [("all", ["A"], "planned"), ("all", ["A", "B"], "missing"), ("any", ["A"], "missing")]
)
def test_a_line_of_all_units_is_missing_when_all_of_them_are_past_it(rule, units, state):
    lines = [line("CUSTOMS_RELEASED", 10, unit_rule=rule, anchor="eta"), line("GATE_OUT", 20, POD, scope=UNIT)]
    told = [event("GATE_OUT", ETA, SHANGHAI, unit=unit) for unit in units]
    assert states(outcome(lines, shipment(units=frozenset({"A", "B"})), told, now=ETA))["L10"] == state


def test_one_unit_implies_only_what_it_did_itself():
    lines = [
        line("GATE_OUT", 10, POD, scope=UNIT, anchor="eta"),
        line("DISCHARGED", 5, POD, anchor="eta"),
        line("DELIVERED", 30, scope=UNIT, anchor="eta"),
    ]
    given = shipment(units=frozenset({"A", "B"}))
    one = outcome(lines, given, [event("DELIVERED", ETA, unit="A")], now=ETA)
    assert states(one) == {
        "L10:UA": "reached", "L10:UB": "planned", "L5": "planned", "L30:UA": "reached", "L30:UB": "planned",
    }  # fmt: skip
    both = [event("DELIVERED", ETA + n * HOUR, unit=unit) for n, unit in enumerate("AB")]
    found = {v.slot: v.actual_at for v in outcome(lines, given, both, now=ETA).milestones}
    assert (found["L5"], found["L10:UA"], found["L10:UB"]) == (ETA + HOUR, ETA, ETA + HOUR)


@pytest.mark.parametrize(
    ("rule", "delivered", "status", "next_name", "is_finished"),
    [
        ("all", "", "booked", "Delivered", False),
        ("all", "A", "booked", "Delivered", False),
        ("all", "AB", "delivered", "", True),
        ("any", "", "booked", "Delivered", False),
        ("any", "A", "delivered", "", True),
    ],
)
def test_a_shipment_is_delivered_when_all_units_are_or_any(rule, delivered, status, next_name, is_finished):
    lines = [line("DELIVERED", 10, scope=UNIT, unit_rule=rule, anchor="eta")]
    told = [event("DELIVERED", ETA + n * HOUR, unit=unit) for n, unit in enumerate(delivered)]
    found = outcome(lines, shipment(units=frozenset({"A", "B"})), told, now=ETA)
    summary = found.summary
    assert (summary.status, summary.next_name, found.is_finished) == (status, next_name, is_finished)
    assert (summary.done, summary.total, summary.progress) == (len(delivered), 2, 50 * len(delivered))


def test_each_of_several_has_its_share_of_the_weight():
    lines = [line("DEPARTED", 10, POL, weight=1), line("GATE_OUT", 20, POD, scope=UNIT, weight=3)]
    told = [event("DEPARTED", ETD, ROTTERDAM), event("GATE_OUT", ETA, SHANGHAI, unit="UABC1")]
    # A quarter for the departure, and a third of the other three quarters.
    assert outcome(lines, shipment(units=BOXES), told).summary.progress == 50


def test_parcels_of_several_stops_are_delivered_when_they_are_at_every_stop():
    lines = [line("DELIVERED", 10, scope=STOP, anchor=LEG_ETA)]
    legs = (LegFact(1, "road", ROTTERDAM, DUISBURG), LegFact(2, "road", DUISBURG, SHANGHAI))
    told = [event("DELIVERED", ETD, SHANGHAI), event("DELIVERED", ETD + HOUR, DUISBURG)]
    assert [outcome(lines, shipment(legs), told[:n]).summary.status for n in (1, 2)] == ["booked", "delivered"]


def test_arrived_on_a_leg_before_the_last_is_on_the_way():
    told = [event("DEPARTED", ETD, DUISBURG), event("ARRIVED", ETD + DAY, ROTTERDAM, journey_number="T41")]
    found = outcome(PER_LEG, shipment(WAY), told, now=ETD + DAY)
    assert (found.summary.status, found.summary.next_name) == ("in_transit", "Departed")
    assert found.summary.planned_arrival_at == ETA
    assert states(found)["L20:G2"] == "planned"


def test_a_later_leg_leaves_what_was_skipped_before_it_missing():
    told = [event("DEPARTED", ETD + 23 * DAY, SINGAPORE, journey_number="7E")]
    found = states(outcome(PER_LEG, shipment(WAY), told, now=ETD + 23 * DAY))
    assert [found[f"{slot}:G{leg}"] for leg in (1, 2) for slot in ("L20", "L30")] == ["missing"] * 4


def test_legs_out_of_sequence():
    told = [event("ARRIVED", ETD + 4 * DAY, ROTTERDAM, journey_number="T41", told_at=ETD + 5 * DAY),
            event("DEPARTED", ETD + 3 * DAY, ROTTERDAM, journey_number="021W")]  # fmt: skip
    lines = [replace(one, late=10 * DAY) for one in PER_LEG]
    found = {v.slot: v.deviation for v in outcome(lines, shipment(WAY), told).milestones if v.actual_at}
    assert (found["L30:G1"], found["L20:G2"]) == ("on_time", "out_of_sequence")


def test_a_container_is_out_of_sequence_by_its_own_reports_only():
    lines = [line("GATE_OUT", 10, POD, scope=UNIT, anchor="eta"), line("DELIVERED", 20, scope=UNIT, anchor="eta")]
    told = [
        event("GATE_OUT", ETA, SHANGHAI, unit="A"), event("DELIVERED", ETA + HOUR, unit="A"),
        event("GATE_OUT", ETA + 4 * HOUR, SHANGHAI, unit="B"), event("DELIVERED", ETA + 2 * HOUR, unit="B"),
    ]  # fmt: skip
    found = {v.slot: v.deviation for v in outcome(lines, shipment(units=frozenset("AB")), told).milestones}
    assert found == {"L10:UA": "on_time", "L20:UA": "on_time", "L10:UB": "on_time", "L20:UB": "out_of_sequence"}


@pytest.mark.parametrize(("rule", "deviation"), [("all", "out_of_sequence"), ("any", "on_time")])
def test_a_line_of_the_whole_comes_after_all_units(rule, deviation):
    lines = [line("GATE_OUT", 10, POD, scope=UNIT, anchor="eta"),
             line("DELIVERED", 20, anchor="eta", unit_rule=rule)]  # fmt: skip
    told = [event("GATE_OUT", ETA + n * 2 * HOUR, SHANGHAI, unit=unit) for n, unit in enumerate("AB")]
    told.append(event("DELIVERED", ETA + HOUR))
    found = outcome(lines, shipment(units=frozenset("AB")), told).milestones
    assert found[-1].deviation == deviation


def test_parts_of_a_unit_are_whole_at_every_unit():
    lines = [line("DELIVERED", 10, scope=UNIT)]
    parts = [
        event("DELIVERED", ETA + n * HOUR, attributes={"part": "PARTIAL", "pieces": 5, "total_pieces": 10})
        for n in range(2)
    ]
    found = reached(lines, shipment(units=frozenset("AB")), parts)
    assert {slot: at for slot, (_, _, at) in found.items()} == {"L10:UA": ETA + HOUR, "L10:UB": ETA + HOUR}


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
