from __future__ import annotations

import dataclasses
from datetime import timedelta

import pytest

from milestones.enums import AnchorKind, PlaceRole
from milestones.evaluate import evaluate
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
    planned,
    policy,
    voyage,
)

BEFORE = ETD - 10 * DAY


def of(slot, given_plan, events=(), now=ETD, rules=()):
    outcome = evaluate(given_plan, list(events), policy(*rules), now)
    return next(value for value in outcome.milestones if value.slot == slot)


DEPARTED = plan(line("DEPARTED", 30, PlaceRole.POL))
ACT, EST, PLN = event, estimated, planned


@pytest.mark.parametrize(
    ("events", "now", "state", "deviation"),
    [
        pytest.param([], BEFORE, "planned", "", id="nothing yet"),
        pytest.param([], ETD + DAY, "planned", "", id="due, within the tolerance"),
        pytest.param([], ETD + DAY + timedelta(seconds=1), "overdue", "overdue", id="overdue"),
        pytest.param([EST("DEPARTED", ETD + HOUR, ROTTERDAM)], BEFORE, "estimated", "on_time", id="expected on time"),
        pytest.param([EST("DEPARTED", ETD + 2 * DAY, ROTTERDAM)], BEFORE, "estimated", "late", id="expected late"),
        pytest.param([EST("DEPARTED", ETD - 2 * DAY, ROTTERDAM)], BEFORE, "estimated", "early", id="expected early"),
        pytest.param(
            [EST("DEPARTED", ETD + 2 * DAY, ROTTERDAM)], ETD + 3 * DAY, "estimated", "late", id="due by the estimate"
        ),
        pytest.param(
            [EST("DEPARTED", ETD + 2 * DAY, ROTTERDAM)],
            ETD + 4 * DAY,
            "overdue",
            "overdue",
            id="overdue by the estimate",
        ),
        pytest.param([ACT("DEPARTED", ETD, ROTTERDAM)], ETD, "reached", "on_time", id="on time"),
        pytest.param([ACT("DEPARTED", ETD + DAY, ROTTERDAM)], ETD, "reached", "on_time", id="exactly on the tolerance"),
        pytest.param([ACT("DEPARTED", ETD - DAY - HOUR, ROTTERDAM)], ETD, "reached", "early", id="early"),
        pytest.param([ACT("DEPARTED", ETD + DAY + HOUR, ROTTERDAM)], ETD, "reached", "late", id="late"),
        pytest.param(
            [ACT("DEPARTED", ETD, ROTTERDAM), EST("DEPARTED", ETD + 9 * DAY, ROTTERDAM, told_at=ETD + DAY)],
            ETD,
            "reached",
            "on_time",
            id="an estimate never replaces an actual",
        ),
        pytest.param(
            [PLN("DEPARTED", ETD + 5 * DAY, ROTTERDAM), ACT("DEPARTED", ETD + 5 * DAY, ROTTERDAM)],
            ETD,
            "reached",
            "on_time",
            id="measured by the plan that stands",
        ),
    ],
)
def test_states_and_deviations(events, now, state, deviation):
    value = of("L30", DEPARTED, events, now)
    assert (value.state, value.deviation) == (state, deviation)


def test_an_optional_line_is_never_overdue_or_missing():
    optional = plan(line("LOADED", 10, PlaceRole.POL, is_mandatory=False), line("DELIVERED", 20))
    assert of("L10", optional, now=ETD + 9 * DAY).state == "planned"
    value = of(
        "L10", plan(line("CUSTOMS_RELEASED", 10, is_mandatory=False), line("DELIVERED", 20)), [ACT("DELIVERED", ETD)]
    )
    assert (value.state, value.deviation) == ("skipped", "")


def test_a_later_mandatory_milestone_leaves_those_before_missing():
    value = of("L30", voyage(), [ACT("ARRIVED", ETA, SHANGHAI)], ETA)
    assert (value.code, value.state, value.deviation, value.actual_at) == (
        "DEPARTED",
        "missing",
        "missing_mandatory",
        None,
    )


def test_what_must_have_happened_is_inferred_with_the_earliest_bound():
    arrived, delivered = ACT("ARRIVED", ETA, SHANGHAI), ACT("DELIVERED", ETA + 3 * DAY)
    value = of("L20", voyage(), [delivered, arrived], ETA)
    assert (value.code, value.state, value.is_inferred, value.deviation) == ("LOADED", "reached", True, "")
    assert value.actual_at == ETA
    assert value.decisions["actual"] == {"event": arrived.id, "rule": "inferred", "losing": []}
    discharged = of("L50", voyage(), [delivered, arrived], ETA)
    assert (discharged.is_inferred, discharged.actual_at) == (True, ETA + 3 * DAY)


def test_an_inferred_milestone_gives_way_to_its_report():
    reports = [ACT("DEPARTED", ETD, ROTTERDAM), ACT("LOADED", ETD - 8 * HOUR, ROTTERDAM)]
    value = of("L20", voyage(), reports)
    assert (value.is_inferred, value.actual_at, value.deviation) == (False, ETD - 8 * HOUR, "on_time")


def test_only_what_stands_before_is_inferred():
    turned = plan(line("DEPARTED", 10, PlaceRole.POL), line("GATE_IN", 20, PlaceRole.POL))
    assert of("L20", turned, [ACT("DEPARTED", ETD, ROTTERDAM)]).state == "planned"


@pytest.mark.parametrize(
    ("loaded", "is_day", "deviation"),
    [
        (ETD + HOUR, False, "out_of_sequence"),
        (ETD - HOUR, False, "on_time"),
        (ETD, False, "on_time"),
        (ETD + HOUR, True, "on_time"),
    ],
)
def test_out_of_sequence(loaded, is_day, deviation):
    reports = [ACT("LOADED", loaded, ROTTERDAM), ACT("DEPARTED", ETD, ROTTERDAM, is_day=is_day)]
    assert of("L30", voyage(), reports).deviation == deviation


def test_late_tells_more_than_out_of_sequence():
    reports = [ACT("LOADED", ETD + 5 * DAY, ROTTERDAM), ACT("DEPARTED", ETD + 4 * DAY, ROTTERDAM)]
    assert of("L30", voyage(), reports).deviation == "late"


def test_what_was_not_planned_is_unexpected_and_numbered_by_time():
    second = ACT("LOADED", ETD + 5 * DAY, SINGAPORE, unit="B", id="second")
    first = ACT("LOADED", ETD + 4 * DAY, SINGAPORE, unit="A", id="first")
    scan = ACT("IN_TRANSIT", ETD, id="scan")
    values = evaluate(voyage(), [second, first, scan], policy(), ETD).milestones[6:]
    assert [(v.slot, v.name, v.unit_number, v.occurrence, v.deviation, v.position) for v in values] == [
        ("X:LOADED:SGSIN:1", "LOADED", "A", 1, "unexpected", 1000),
        ("X:LOADED:SGSIN:2", "LOADED", "B", 2, "unexpected", 1000),
        ("X:IN_TRANSIT:?:1", "In transit", "", 1, "unexpected", 1066),
    ]
    assert {v.audience for v in values} == {"customer"}


@pytest.mark.parametrize(
    ("code", "audience"), [("DELIVERY_FAILED", "customer"), ("OFFLOADED", "partner"), ("CUSTOMS_HOLD", "internal")]
)
def test_who_may_see_what_was_not_planned(code, audience):
    (*_, value) = evaluate(voyage(), [ACT(code, ETD)], policy(), ETD).milestones
    assert value.audience == audience


def test_an_estimate_ripples_forward_and_the_plan_stays():
    late = EST("ARRIVED", ETA + 5 * DAY, SHANGHAI)
    discharged, delivered = (of(slot, voyage(), [late], BEFORE) for slot in ("L50", "L60"))
    assert (discharged.planned_at, discharged.estimated_at) == (ETA + DAY, ETA + 6 * DAY)
    assert (delivered.planned_at, delivered.estimated_at) == (ETA + 4 * DAY, ETA + 9 * DAY)
    assert (delivered.baseline_at, delivered.deviation) == (ETA + 4 * DAY, "late")
    assert delivered.decisions["estimated"] == {"event": late.id, "rule": "ripple", "losing": []}


@pytest.mark.parametrize(
    ("reports", "expected"),
    [
        pytest.param([ACT("ARRIVED", ETA + 2 * DAY, SHANGHAI)], ETA + 3 * DAY, id="an actual ripples"),
        pytest.param(
            [EST("ARRIVED", ETA + 5 * DAY, SHANGHAI), ACT("ARRIVED", ETA + 2 * DAY, SHANGHAI)],
            ETA + 3 * DAY,
            id="the actual before the estimate",
        ),
        pytest.param([EST("ARRIVED", ETA, SHANGHAI)], None, id="what is as planned moves nothing"),
        pytest.param(
            [EST("ARRIVED", ETA + 5 * DAY, SHANGHAI), EST("DISCHARGED", ETA + 7 * DAY, SHANGHAI)],
            ETA + 7 * DAY,
            id="its own estimate stands",
        ),
        pytest.param(
            [EST("ARRIVED", ETA + 5 * DAY, SHANGHAI), ACT("DISCHARGED", ETA + DAY, SHANGHAI)],
            None,
            id="what has happened moves no more",
        ),
        pytest.param(
            [EST("ARRIVED", ETA + 5 * DAY, SHANGHAI), PLN("DISCHARGED", ETA + 2 * DAY, SHANGHAI)],
            None,
            id="what was planned for itself does not hang on the anchor",
        ),
    ],
)
def test_ripples(reports, expected):
    assert of("L50", voyage(), reports, BEFORE).estimated_at == expected


def test_an_inferred_milestone_keeps_no_rippled_estimate():
    reports = [EST("ARRIVED", ETA + 5 * DAY, SHANGHAI), ACT("DELIVERED", ETA + 6 * DAY)]
    value = of("L50", voyage(), reports, ETA)
    assert (value.is_inferred, value.estimated_at) == (True, None)


def test_the_first_plan_is_kept():
    reported = [PLN("DEPARTED", ETD + DAY, ROTTERDAM, told_at=BEFORE), PLN("DEPARTED", ETD + 2 * DAY, ROTTERDAM)]
    value = of("L30", DEPARTED, reported, BEFORE)
    assert (value.baseline_at, value.planned_at) == (ETD, ETD + 2 * DAY)
    kept = of("L30", dataclasses.replace(DEPARTED, baselines={"L30": ETD - DAY}), reported, BEFORE)
    assert kept.baseline_at == ETD - DAY


def test_a_line_of_one_unit_keeps_what_was_promised_before_the_units_were_known():
    whole = plan(line("DEPARTED", 30, PlaceRole.POL, scope="unit"), baselines={"L30": ETD - DAY})
    known = dataclasses.replace(whole, shipment=dataclasses.replace(whole.shipment, units=frozenset({"UA", "UB"})))
    found = {v.slot: v.baseline_at for v in evaluate(known, [], policy(), BEFORE).milestones}
    assert found == {"L30:UUA": ETD - DAY, "L30:UUB": ETD - DAY}
    own = dataclasses.replace(known, baselines={"L30": ETD - DAY, "L30:UUB": ETD - 2 * DAY})
    assert of("L30:UUB", own, [], BEFORE).baseline_at == ETD - 2 * DAY


def test_without_dates_the_first_reported_plan_is_the_baseline():
    unknown = plan(line("DEPARTED", 30, PlaceRole.POL, anchor=AnchorKind.CUT_OFF.value))
    first, second = PLN("DEPARTED", ETD, ROTTERDAM, told_at=BEFORE), PLN("DEPARTED", ETD + DAY, ROTTERDAM)
    value = of("L30", unknown, [second, first], BEFORE)
    assert (value.baseline_at, value.planned_at) == (ETD, ETD + DAY)
    assert value.decisions["baseline"] == {"event": first.id, "rule": "first_plan", "losing": []}
    assert of("L30", unknown, [], ETA).state == "planned"


def test_a_milestone_at_an_unknown_place_keeps_the_zone_of_its_report():
    (*_, value) = evaluate(
        voyage(), [ACT("DELIVERY_FAILED", ETD, time_zone="America/Los_Angeles")], policy(), ETD
    ).milestones
    assert (value.location_id, value.time_zone) == (None, "America/Los_Angeles")
    anywhere = plan(line("DELIVERED", 30, PlaceRole.ANY))
    assert of("L30", anywhere, [ACT("DELIVERED", ETD, time_zone="Asia/Tokyo")]).time_zone == "Asia/Tokyo"
    assert of("L30", plan(line("DEPARTED", 30, PlaceRole.POL)), [ACT("DEPARTED", ETD, ROTTERDAM)]).time_zone == ""


def test_a_line_that_may_happen_anywhere_is_shown_in_the_time_of_the_end_it_counts_from():
    lines = [
        line("PICKED_UP", 10, PlaceRole.ANY, anchor=AnchorKind.ETD),
        line("OUT_FOR_DELIVERY", 20, PlaceRole.ANY, anchor=AnchorKind.ETA),
        line("DELIVERED", 30, PlaceRole.ANY, after=1),
        line("DEPARTED", 40, PlaceRole.POL),
        line("EMPTY_OUT", 50, PlaceRole.ANY, after=3),
    ]
    shown = {value.slot: value.time_zone for value in evaluate(plan(*lines), [], policy(), ETD).milestones}
    route_points = plan(*lines).shipment.route.points
    here, there = (route_points[end].place.time_zone for end in ("origin", "destination"))
    assert here != there
    assert shown == {"L10": here, "L20": there, "L30": there, "L40": "", "L50": route_points["pol"].place.time_zone}
