"""What follows for the shipment where lines stand several times: one container is not behind another."""

from __future__ import annotations

from dataclasses import replace

import pytest

from milestones.evaluate import evaluate
from milestones.facts import LegFact, Plan
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
    policy,
    rule,
    template,
)
from tests.milestones.plans_of_several import (
    BOXES,
    LEG_ETA,
    PER_LEG,
    POD,
    POL,
    STOP,
    UNIT,
    WAY,
    outcome,
    reached,
    shipment,
    states,
)


# --- What follows for the shipment -----------------------------------------------------------------------------------
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
