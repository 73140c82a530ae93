"""The rules of order, repetition and correction (formats.md 9.4), as far as the evaluation keeps them."""

from __future__ import annotations

import itertools

import pytest

from milestones.enums import PlaceRole
from milestones.evaluate import evaluate
from milestones.facts import LegFact
from milestones.planning import route
from tests.factories.milestones import (
    DAY,
    ETA,
    ETD,
    HOUR,
    ROTTERDAM,
    SHANGHAI,
    SINGAPORE,
    estimated,
    event,
    line,
    plan,
    policy,
    voyage,
)

MINUTE = HOUR / 60
NOW = ETA + 10 * DAY


def stands(events, given_plan, now=NOW):
    """What is reached: slot → (when, leg, rule), the same in any order."""
    outcomes = [evaluate(given_plan, order, policy(), now) for order in itertools.permutations(events)]
    assert all(outcome == outcomes[0] for outcome in outcomes)
    return {
        value.slot: (value.actual_at, value.leg_sequence, value.decisions["actual"]["rule"])
        for value in outcomes[0].milestones
        if value.actual_at and not value.is_inferred
    }


def when(slot, events, given_plan):
    return stands(events, given_plan).get(slot, (None,))[0]


# --- Order -----------------------------------------------------------------------------------------------------------
def test_rule_26_a_late_older_report_does_not_move_the_status_back():
    reports = [
        event("DEPARTED", ETD, ROTTERDAM, told_at=ETD + HOUR),
        event("ARRIVED", ETA, SHANGHAI, told_at=ETA),
        event("GATE_IN", ETD - DAY, ROTTERDAM, told_at=ETA + DAY),
    ]
    summaries = {
        (outcome.summary.status, outcome.summary.next_name)
        for order in itertools.permutations(reports)
        for outcome in [evaluate(voyage(), order, policy(), NOW)]
    }
    assert summaries == {("arrived", "Discharged")}


def test_rule_26_loaded_and_departed_in_one_minute_are_in_sequence():
    reports = [event("DEPARTED", ETD, ROTTERDAM), event("LOADED", ETD, ROTTERDAM)]
    for order in (reports, reports[::-1]):
        outcome = evaluate(voyage(), order, policy(), ETD)
        assert [v.deviation for v in outcome.milestones if v.code in ("LOADED", "DEPARTED")] == ["on_time", "on_time"]


# --- Correction ------------------------------------------------------------------------------------------------------
def test_rule_28_a_correction_without_an_id_wins_and_the_old_report_is_kept():
    old = event("DEPARTED", ETD, ROTTERDAM, id="old", told_at=ETD + HOUR, journey_number="021W")
    new = event("DEPARTED", ETD - 2 * HOUR, ROTTERDAM, id="new", told_at=ETD + DAY, journey_number="021W")
    for order in ([old, new], [new, old]):
        (value,) = [v for v in evaluate(voyage(), order, policy(), NOW).milestones if v.code == "DEPARTED"]
        assert (value.actual_at, value.decisions["actual"]) == (
            ETD - 2 * HOUR, {"event": "new", "rule": "latest", "losing": ["old"]},
        )  # fmt: skip


def test_rule_28_of_estimates_the_latest_is_current_and_the_others_are_its_history():
    told = [estimated("ARRIVED", ETA + n * DAY, SHANGHAI, id=f"e{n}", told_at=ETD + n * DAY) for n in (1, 2, 3)]
    for order in itertools.permutations(told):
        (value,) = [v for v in evaluate(voyage(), order, policy(), ETD).milestones if v.code == "ARRIVED"]
        assert (value.estimated_at, value.decisions["estimated"]["losing"]) == (ETA + 3 * DAY, ["e1", "e2"])


def test_rule_30_an_estimate_after_the_fact_is_kept_and_replaces_nothing():
    happened = event("ARRIVED", ETA, SHANGHAI, told_at=ETA + HOUR)
    later = estimated("ARRIVED", ETA + 3 * DAY, SHANGHAI, told_at=ETA + DAY)
    for order in ([happened, later], [later, happened]):
        (value,) = [v for v in evaluate(voyage(), order, policy(), NOW).milestones if v.code == "ARRIVED"]
        assert (value.state, value.actual_at, value.estimated_at) == ("reached", ETA, ETA + 3 * DAY)


# --- Transshipment ---------------------------------------------------------------------------------------------------
def legs(*numbers):
    """Rotterdam to Singapore and on to Shanghai."""
    first, second = (frozenset({number}) if number else frozenset() for number in numbers)
    return (LegFact(1, "ocean", ROTTERDAM, SINGAPORE, first), LegFact(2, "ocean", SINGAPORE, SHANGHAI, second))


def two_legs(*more, numbers=("021W", "7E"), way=None):
    lines = [
        line("LOADED", 10, PlaceRole.POL), line("DEPARTED", 20, PlaceRole.POL), line("ARRIVED", 60, PlaceRole.POD),
        line("DISCHARGED", 70, PlaceRole.POD), *more,
    ]  # fmt: skip
    return plan(*lines, route=route(ROTTERDAM, SHANGHAI, way or legs(*numbers)))


def test_rule_31_what_repeats_is_told_apart_by_leg_and_place():
    reports = [
        event("LOADED", ETD, ROTTERDAM, journey_number="021W"),
        event("DISCHARGED", ETD + 10 * DAY, SINGAPORE, journey_number="021W"),
        event("LOADED", ETD + 12 * DAY, SINGAPORE, journey_number="7E"),
        event("DISCHARGED", ETA, SHANGHAI, journey_number="7E"),
    ]
    assert stands(reports, two_legs()) == {
        "L10": (ETD, 1, "only"),
        "X:DISCHARGED:SGSIN:1": (ETD + 10 * DAY, 1, "only"),
        "X:LOADED:SGSIN:1": (ETD + 12 * DAY, 2, "only"),
        "L70": (ETA, 2, "only"),
    }


def test_rule_31_discharged_on_the_way_is_not_discharged_at_the_end():
    assert when("L70", [event("DISCHARGED", ETA, SINGAPORE)], two_legs()) is None
    # A place that nobody named: only the voyage or the sender's own word tells.
    nowhere = event("DISCHARGED", ETA)
    assert when("L70", [nowhere], two_legs()) is None
    assert when("L70", [event("DISCHARGED", ETA, journey_number="021W")], two_legs()) is None
    assert when("L70", [event("DISCHARGED", ETA, journey_number="7E")], two_legs()) == ETA
    assert when("L70", [event("DISCHARGED", ETA, attributes={"loc_role": "POD"})], two_legs()) == ETA
    assert when("L50", [nowhere], voyage()) == ETA


def test_rule_31_a_move_that_the_sender_calls_a_transshipment_is_no_end():
    said = {"movement": "TRANSSHIPMENT"}
    assert when("L70", [event("DISCHARGED", ETA, SHANGHAI, attributes=said)], two_legs()) is None
    transit = two_legs(line("DISCHARGED", 40, PlaceRole.TRANSIT))
    assert when("L40", [event("DISCHARGED", ETA, SINGAPORE, attributes=said)], transit) == ETA


def test_rule_31_the_vessel_of_another_leg_that_calls_at_the_port_is_not_ours():
    # The second vessel calls at Rotterdam before it takes the freight at Singapore.
    reports = [event("DEPARTED", ETD + DAY, ROTTERDAM, journey_number="7E", told_at=ETD + 2 * DAY)]
    assert when("L20", reports, two_legs()) is None
    reports.append(event("DEPARTED", ETD, ROTTERDAM, journey_number="021W", told_at=ETD))
    assert when("L20", reports, two_legs()) == ETD


def test_rule_31_a_vessel_that_sails_on_without_the_freight_has_not_departed_with_it():
    transit = two_legs(line("DEPARTED", 50, PlaceRole.TRANSIT))
    sails_on = event("DEPARTED", ETD + 11 * DAY, SINGAPORE, journey_number="021W", told_at=ETD + 13 * DAY)
    takes_it = event("DEPARTED", ETD + 12 * DAY, SINGAPORE, journey_number="7E", told_at=ETD + 12 * DAY)
    assert when("L50", [sails_on], transit) is None
    assert stands([sails_on, takes_it], transit)["L50"] == (ETD + 12 * DAY, 2, "only")


def test_rule_31_a_port_that_the_way_passes_twice():
    way = (
        LegFact(1, "ocean", ROTTERDAM, SINGAPORE, frozenset({"A1"})),
        LegFact(2, "ocean", SINGAPORE, ROTTERDAM, frozenset({"A2"})),
        LegFact(3, "ocean", ROTTERDAM, SHANGHAI, frozenset({"A3"})),
    )
    first = event("DEPARTED", ETD, ROTTERDAM, journey_number="A1", told_at=ETD)
    third = event("DEPARTED", ETD + 20 * DAY, ROTTERDAM, journey_number="A3", told_at=ETD + 20 * DAY)
    assert stands([first, third], two_legs(way=way)) == {
        "L20": (ETD, 1, "only"),
        "X:DEPARTED:NLRTM:1": (ETD + 20 * DAY, 3, "only"),
    }


@pytest.mark.parametrize(
    ("said", "leg"),
    [
        ({"journey_number": "7 e"}, 2),
        ({"vessel": "9321483"}, 2),
        ({"journey_number": "99X", "vessel": "9321483"}, 2),
        ({"journey_number": "99X"}, None),
        ({}, None),
    ],
)
def test_rule_31_an_event_meets_its_leg_by_voyage_or_vessel(said, leg):
    way = (LegFact(1, "ocean", ROTTERDAM, SINGAPORE, frozenset({"021W"})),
           LegFact(2, "ocean", SINGAPORE, SHANGHAI, frozenset({"7E", "9321483"})))  # fmt: skip
    (value,) = stands([event("LOADED", ETD, SINGAPORE, **said)], two_legs(way=way)).values()
    assert value[1] == leg


def test_rule_31_a_flight_meets_its_leg_with_or_without_leading_zeros():
    way = legs("QR8", "QR9")
    assert when("L70", [event("DISCHARGED", ETA, journey_number="QR009")], two_legs(way=way)) == ETA


def test_rule_31_a_rolled_container_leaves_with_its_new_voyage():
    reports = [
        event("LOADED", ETD, ROTTERDAM, journey_number="021W", told_at=ETD),
        event("OFFLOADED", ETD + HOUR, ROTTERDAM, journey_number="021W", told_at=ETD + HOUR),
        event("LOADED", ETD + 7 * DAY, ROTTERDAM, journey_number="022W", told_at=ETD + 7 * DAY),
    ]
    found = stands(reports, two_legs(numbers=("022W", "7E")))
    assert found["L10"] == (ETD + 7 * DAY, 1, "latest")
    assert found["X:OFFLOADED:NLRTM:1"][0] == ETD + HOUR


# --- Units -----------------------------------------------------------------------------------------------------------
def test_rule_33_of_n_containers_all_must_have_it():
    units = frozenset({"MSKU1", "MSKU2", "MSKU3"})
    reports = [event("LOADED", ETD + n * HOUR, ROTTERDAM, unit=unit) for n, unit in enumerate(sorted(units))]
    assert when("L20", reports[:2], voyage(units=units)) is None
    assert stands(reports, voyage(units=units))["L20"][::2] == (ETD + 2 * HOUR, "all_units")
