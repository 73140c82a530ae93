from __future__ import annotations

import dataclasses
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from milestones.enums import AnchorKind, ExceptionKind, PlaceRole
from milestones.evaluate import evaluate
from milestones.facts import Plan
from tests.factories.milestones import (
    BOOKED,
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
    rule,
    shipment_fact,
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
            [EST("DEPARTED", ETD + 2 * DAY, ROTTERDAM)], ETD + 4 * DAY, "overdue", "overdue", id="overdue by the estimate"
        ),
        pytest.param([ACT("DEPARTED", ETD, ROTTERDAM)], ETD, "reached", "on_time", id="on time"),
        pytest.param([ACT("DEPARTED", ETD + DAY, ROTTERDAM)], ETD, "reached", "on_time", id="exactly on the tolerance"),
        pytest.param([ACT("DEPARTED", ETD - DAY - HOUR, ROTTERDAM)], ETD, "reached", "early", id="early"),
        pytest.param([ACT("DEPARTED", ETD + DAY + HOUR, ROTTERDAM)], ETD, "reached", "late", id="late"),
        pytest.param(
            [ACT("DEPARTED", ETD, ROTTERDAM), EST("DEPARTED", ETD + 9 * DAY, ROTTERDAM, told_at=ETD + DAY)],
            ETD, "reached", "on_time", id="an estimate never replaces an actual",
        ),
        pytest.param(
            [PLN("DEPARTED", ETD + 5 * DAY, ROTTERDAM), ACT("DEPARTED", ETD + 5 * DAY, ROTTERDAM)],
            ETD, "reached", "on_time", id="measured by the plan that stands",
        ),
    ],
)  # fmt: skip
def test_states_and_deviations(events, now, state, deviation):
    value = of("L30", DEPARTED, events, now)
    assert (value.state, value.deviation) == (state, deviation)


def test_an_optional_line_is_never_overdue_or_missing():
    optional = plan(line("LOADED", 10, PlaceRole.POL, is_mandatory=False), line("DELIVERED", 20))
    assert of("L10", optional, now=ETD + 9 * DAY).state == "planned"
    value = of("L10", plan(line("CUSTOMS_RELEASED", 10, is_mandatory=False), line("DELIVERED", 20)),
               [ACT("DELIVERED", ETD)])  # fmt: skip
    assert (value.state, value.deviation) == ("planned", "")


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
            [EST("ARRIVED", ETA + 5 * DAY, SHANGHAI), ACT("ARRIVED", ETA + 2 * DAY, SHANGHAI)], ETA + 3 * DAY,
            id="the actual before the estimate",
        ),
        pytest.param([EST("ARRIVED", ETA, SHANGHAI)], None, id="what is as planned moves nothing"),
        pytest.param(
            [EST("ARRIVED", ETA + 5 * DAY, SHANGHAI), EST("DISCHARGED", ETA + 7 * DAY, SHANGHAI)], ETA + 7 * DAY,
            id="its own estimate stands",
        ),
        pytest.param(
            [EST("ARRIVED", ETA + 5 * DAY, SHANGHAI), ACT("DISCHARGED", ETA + DAY, SHANGHAI)], None,
            id="what has happened moves no more",
        ),
        pytest.param(
            [EST("ARRIVED", ETA + 5 * DAY, SHANGHAI), PLN("DISCHARGED", ETA + 2 * DAY, SHANGHAI)], None,
            id="what was planned for itself does not hang on the anchor",
        ),
    ],
)  # fmt: skip
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


def test_without_dates_the_first_reported_plan_is_the_baseline():
    unknown = plan(line("DEPARTED", 30, PlaceRole.POL, anchor=AnchorKind.CUT_OFF.value))
    first, second = PLN("DEPARTED", ETD, ROTTERDAM, told_at=BEFORE), PLN("DEPARTED", ETD + DAY, ROTTERDAM)
    value = of("L30", unknown, [second, first], BEFORE)
    assert (value.baseline_at, value.planned_at) == (ETD, ETD + DAY)
    assert value.decisions["baseline"] == {"event": first.id, "rule": "first_plan", "losing": []}
    assert of("L30", unknown, [], ETA).state == "planned"


# --- Cases -----------------------------------------------------------------------------------------------------------
KINDS = [rule(kind, task="Ask") for kind in ExceptionKind]


def wanted(given_plan, events=(), now=ETD, rules=KINDS, **changes):
    outcome = evaluate(given_plan, list(events), policy(*rules, **changes), now)
    return [(case.rule.kind, case.slot) for case in outcome.cases]


@pytest.mark.parametrize(
    ("events", "now", "expected"),
    [
        ([], BEFORE, []),
        ([], ETD + 2 * DAY, [("overdue", "L10"), ("overdue", "L20"), ("overdue", "L30")]),
        ([ACT("DEPARTED", ETD + 2 * DAY, ROTTERDAM)], ETD + 2 * DAY, [("late", "L30")]),
        ([EST("ARRIVED", ETA + 2 * DAY, SHANGHAI), ACT("DEPARTED", ETD, ROTTERDAM)], ETD,
         [("late", "L40"), ("late", "L50"), ("late", "L60")]),
        ([ACT("ARRIVED", ETA, SHANGHAI)], ETA, [("missing", "L30")]),
        ([ACT("ON_HOLD", ETD), ACT("DEPARTED", ETD, ROTTERDAM)], ETD, [("hold", "H:ON_HOLD:")]),
        ([ACT("ON_HOLD", ETD), ACT("DEPARTED", ETD + 2 * DAY, ROTTERDAM), ACT("ARRIVED", ETA, SHANGHAI),
          ACT("DELIVERED", ETA + 9 * DAY)], ETA + 9 * DAY, [("late", "L60")]),
        ([ACT("CANCELLED", ETD)], ETA, []),
    ],
)  # fmt: skip
def test_cases(events, now, expected):
    assert wanted(voyage(), events, now) == expected


def test_a_cancelled_shipment_has_neither_cases_nor_tasks():
    cancelled = Plan(shipment_fact(is_cancelled=True), plan(line("DEPARTED", 30, PlaceRole.POL, task="Go")).template)
    outcome = evaluate(cancelled, [], policy(*KINDS), ETA)
    assert (outcome.cases, outcome.tasks, outcome.is_finished, outcome.next_check_at) == ((), (), True, None)
    assert (outcome.summary.status, outcome.summary.next_name) == ("cancelled", "")
    assert outcome.milestones[0].state == "planned"


OVERDUE = ExceptionKind.OVERDUE


@pytest.mark.parametrize(
    ("rules", "chosen"),
    [
        ([rule(OVERDUE, name="any"), rule(OVERDUE, name="mode", mode="ocean")], "mode"),
        ([rule(OVERDUE, name="mode", mode="ocean"), rule(OVERDUE, name="code", code="DEPARTED")], "code"),
        ([rule(OVERDUE, name="code", code="DEPARTED"), rule(OVERDUE, name="both", code="DEPARTED", mode="ocean")], "both"),
        ([rule(OVERDUE, name="any"), rule(OVERDUE, name="air", mode="air")], "any"),
        ([rule(OVERDUE, name="any"), rule(OVERDUE, name="long", minimum=DAY)], "long"),
        ([rule(OVERDUE, name="any"), rule(OVERDUE, name="longer", minimum=30 * DAY)], "any"),
    ],
)  # fmt: skip
def test_the_most_specific_rule_opens_the_case(rules, chosen):
    outcome = evaluate(DEPARTED, [], policy(*rules), ETD + 2 * DAY)
    assert [case.rule.name for case in outcome.cases] == [chosen]


@pytest.mark.parametrize(
    ("received", "latency", "cause"),
    [
        (None, 4 * HOUR, "source_silent"),
        (ETD + 2 * DAY, 4 * HOUR, "freight_late"),
        (ETD + DAY, 4 * HOUR, "source_silent"),
        (ETD + DAY, 2 * DAY, "freight_late"),
    ],
)
def test_a_silent_source_is_told_from_late_freight(received, latency, cause):
    events = [ACT("IN_TRANSIT", ETD, received_at=received)] if received else []
    outcome = evaluate(DEPARTED, events, policy(rule(OVERDUE, task="Ask"), latency={1: latency}), ETD + 2 * DAY)
    (case,) = outcome.cases
    assert case.facts == {
        "about": ETD.isoformat(),
        "due_at": ETD.isoformat(),
        "cause": cause,
        "last_event_at": received.isoformat() if received else None,
        "next_action": "Ask",
    }


def test_the_facts_of_a_late_case():
    report = EST("DEPARTED", ETD + 2 * DAY + 3 * HOUR, ROTTERDAM)
    (case,) = evaluate(DEPARTED, [report], policy(rule(ExceptionKind.LATE)), BEFORE).cases
    assert case.summary == "Departed: expected late by 2 d 3 h"
    assert case.facts["evidence"] == [report.id]
    actual = ACT("DEPARTED", ETD + DAY + 90 * HOUR / 60, ROTTERDAM)
    narrow = plan(line("DEPARTED", 30, PlaceRole.POL, late=HOUR))
    (case,) = evaluate(
        narrow, [dataclasses.replace(actual, occurred_at=ETD + 90 * HOUR / 60)], policy(rule(ExceptionKind.LATE)), ETD
    ).cases
    assert case.summary == "Departed: late by 1 h 30 min"


def test_a_missing_case_waits_as_long_as_its_rule_says():
    slow = rule(ExceptionKind.MISSING, minimum=4 * HOUR)
    arrived = ACT("ARRIVED", ETA, SHANGHAI, received_at=ETA)
    early = evaluate(voyage(), [arrived], policy(slow), ETA + HOUR)
    assert early.cases == ()
    assert early.next_check_at == ETA + 4 * HOUR
    assert [c.slot for c in evaluate(voyage(), [arrived], policy(slow), early.next_check_at).cases] == ["L30"]


TASKED = plan(
    line("DISCHARGED", 10, PlaceRole.POD), line("CUSTOMS_RELEASED", 20, after=0, offset_minutes=5 * 1440, task="Clear")
)


@pytest.mark.parametrize(
    ("events", "now", "due"),
    [
        ([], ETD + 2 * DAY, []),
        ([], ETD + 3 * DAY, [ETD + 5 * DAY]),
        ([ACT("DISCHARGED", ETD, SHANGHAI)], ETD, [ETD + 5 * DAY]),
        ([ACT("DISCHARGED", ETD, SHANGHAI), ACT("CUSTOMS_RELEASED", ETD + DAY)], ETD + 4 * DAY, []),
    ],
)
def test_a_line_opens_its_task_when_it_is_near_or_can_begin(events, now, due):
    outcome = evaluate(TASKED, events, policy(), now)
    assert [task.due_at for task in outcome.tasks] == due


@pytest.mark.parametrize(
    ("events", "now", "expected"),
    [
        ([], BEFORE, ETD - 2 * DAY + DAY + timedelta(minutes=1)),
        ([ACT("GATE_IN", ETD, ROTTERDAM)], ETD, ETD - 8 * HOUR + DAY + timedelta(minutes=1)),
        ([ACT("DELIVERED", ETA, SHANGHAI), ACT("ARRIVED", ETA, SHANGHAI), ACT("DEPARTED", ETD, ROTTERDAM)], ETA, None),
    ],
)
def test_the_next_look_is_when_time_alone_changes_something(events, now, expected):
    outcome = evaluate(voyage(), events, policy(), now)
    assert outcome.next_check_at == expected
    if expected:
        just_before = evaluate(voyage(), events, policy(), expected - timedelta(minutes=2))
        assert just_before.milestones == outcome.milestones
        assert evaluate(voyage(), events, policy(), expected).milestones != outcome.milestones


# --- The roll-up -----------------------------------------------------------------------------------------------------
def summary(events=(), now=BEFORE, given_plan=None):
    return evaluate(given_plan or voyage(), list(events), policy(), now).summary


@pytest.mark.parametrize(
    ("events", "status"),
    [
        ([], "booked"),
        ([ACT("CUSTOMS_DECLARED", ETD)], "booked"),
        ([ACT("GATE_IN", ETD, ROTTERDAM)], "in_transit"),
        ([ACT("IN_TRANSIT", ETD)], "in_transit"),
        ([ACT("ARRIVED", ETD, SINGAPORE)], "in_transit"),
        ([ACT("ARRIVED", ETA, SHANGHAI)], "arrived"),
        ([ACT("AVAILABLE", ETA)], "arrived"),
        ([ACT("DELIVERED", ETA)], "delivered"),
        ([ACT("DELIVERED", ETA, attributes={"part": "PARTIAL"}), ACT("ARRIVED", ETA, SHANGHAI)], "arrived"),
        ([EST("DELIVERED", ETA)], "booked"),
        ([ACT("CANCELLED", ETD)], "cancelled"),
        ([ACT("CANCELLED", ETD), ACT("BOOKED", ETD + DAY)], "booked"),
        ([ACT("BOOKED", ETD - DAY), ACT("CANCELLED", ETD)], "cancelled"),
    ],
)
def test_the_status(events, status):
    assert summary(events).status == status


@pytest.mark.parametrize(
    ("events", "now", "health"),
    [
        ([], BEFORE, "on_time"),
        ([], ETD + 2 * DAY, "no_update"),
        ([ACT("IN_TRANSIT", ETD, received_at=ETD + 2 * DAY)], ETD + 2 * DAY, "at_risk"),
        ([ACT("DEPARTED", ETD, ROTTERDAM), EST("DISCHARGED", ETA + 4 * DAY, SHANGHAI)], ETD, "late"),
        ([ACT("DEPARTED", ETD, ROTTERDAM), EST("ARRIVED", ETA + 2 * DAY, SHANGHAI)], ETD, "late"),
        ([ACT("DEPARTED", ETD, ROTTERDAM), ACT("ON_HOLD", ETD)], ETD, "at_risk"),
        ([EST("DEPARTED", ETD + 2 * DAY, ROTTERDAM)], BEFORE, "at_risk"),
        ([ACT("DEPARTED", ETD, ROTTERDAM), ACT("IN_TRANSIT", ETA, received_at=ETA + 2 * DAY)], ETA + 2 * DAY, "late"),
        ([ACT("DEPARTED", ETD, ROTTERDAM), ACT("ARRIVED", ETA, SHANGHAI)], ETA, "on_time"),
    ],
)
def test_the_health(events, now, health):
    assert summary(events, now).health == health


def test_without_plan_and_news_nobody_knows_the_health():
    unknown = plan(line("DEPARTED", 30, PlaceRole.POL, anchor=AnchorKind.CUT_OFF.value))
    assert summary([], BEFORE, unknown).health == "no_update"
    assert summary([ACT("IN_TRANSIT", ETD)], BEFORE, unknown).health == "on_time"


@pytest.mark.parametrize(
    ("events", "now", "strip"),
    [
        ([], BEFORE, "PPPPPP"),
        ([ACT("DEPARTED", ETD + 2 * DAY, ROTTERDAM)], ETD, "DDLPPP"),
        ([EST("ARRIVED", ETA + HOUR, SHANGHAI)], BEFORE, "PPPEEE"),
        ([EST("ARRIVED", ETA + 2 * DAY, SHANGHAI)], BEFORE, "PPPSSS"),
        ([ACT("ARRIVED", ETA, SHANGHAI)], ETA, "DDMDPP"),
        ([], ETD + 2 * DAY, "OOOPPP"),
    ],
)
def test_the_strip(events, now, strip):
    assert summary(events, now).strip == strip


def test_progress_goes_by_weight_and_leaves_out_optional_lines():
    weighted = plan(
        line("DEPARTED", 10, PlaceRole.POL, weight=3),
        line("AVAILABLE", 20, weight=5, is_mandatory=False),
        line("DELIVERED", 30, weight=1),
    )
    assert summary([ACT("DEPARTED", ETD, ROTTERDAM)], ETD, weighted).progress == 75
    rolled = summary([ACT("DEPARTED", ETD, ROTTERDAM), ACT("AVAILABLE", ETD)], ETD, weighted)
    assert (rolled.progress, rolled.done, rolled.total, rolled.next_name) == (88, 2, 3, "Delivered")


def test_the_arrival():
    assert [getattr(summary(), f"{name}_at") for name in ("planned_arrival", "expected_arrival", "arrived")] == [
        ETA, ETA, None,
    ]  # fmt: skip
    assert summary([EST("ARRIVED", ETA + DAY, SHANGHAI)]).expected_arrival_at == ETA + DAY
    rolled = summary([ACT("ARRIVED", ETA - DAY, SHANGHAI)])
    assert (rolled.expected_arrival_at, rolled.arrived_at) == (ETA - DAY, ETA - DAY)
    by_road = plan(line("PICKED_UP", 10), line("DELIVERED", 20, anchor=AnchorKind.ETA.value))
    assert summary([ACT("DELIVERED", ETA)], ETA, by_road).arrived_at == ETA
    assert summary([], BEFORE, plan(line("PICKED_UP"))).planned_arrival_at == ETA


def test_the_last_event_is_the_last_received():
    events = [ACT("LOADED", ETD, ROTTERDAM, received_at=ETD + DAY), ACT("DEPARTED", ETD, ROTTERDAM)]
    assert summary(events).last_event_at == ETD + DAY


def test_what_is_set_aside_says_why():
    outcome = evaluate(voyage(), [ACT("DEPARTED", BOOKED - 40 * DAY, ROTTERDAM, id="old")], policy(), ETD)
    assert outcome.set_aside == [("old", "It is said to have happened long before the booking.")]


# --- The same in any order -------------------------------------------------------------------------------------------
PLACES = st.sampled_from([ROTTERDAM, SHANGHAI, SINGAPORE, None])
CODES = st.sampled_from(
    ["GATE_IN", "LOADED", "DEPARTED", "ARRIVED", "DISCHARGED", "DELIVERED", "CUSTOMS_HOLD", "CUSTOMS_RELEASED",
     "CANCELLED", "BOOKED", "IN_TRANSIT"]
)  # fmt: skip
HOURS = st.integers(-40 * 24, 60 * 24)


@st.composite
def reports(draw):
    occurred = ETD + draw(HOURS) * HOUR
    is_bare = draw(st.integers(0, 9)) == 0
    return event(
        draw(CODES),
        None if is_bare else occurred,
        draw(PLACES),
        classifier=draw(st.sampled_from(["ACT", "ACT", "EST", "PLN"])),
        source=draw(st.integers(1, 3)),
        trust=draw(st.sampled_from([40, 50])),
        told_at=ETD + draw(st.integers(0, 3)) * HOUR,
        unit=draw(st.sampled_from(["", "A", "B"])),
        source_event_id=draw(st.sampled_from(["", "1", "2", "3"])),
        retracts=draw(st.sampled_from(["1", "2"])) if is_bare else draw(st.sampled_from(["", "", "", "3"])),
    )


@given(data=st.data(), events=st.lists(reports(), max_size=12), units=st.sampled_from([frozenset(), frozenset("AB")]))
@settings(max_examples=300, deadline=None)
def test_any_order_gives_the_same(data, events, units):
    given_plan = voyage(units=units)
    rules = policy(*KINDS)
    now = ETD + data.draw(HOURS) * HOUR
    assert evaluate(given_plan, data.draw(st.permutations(events)), rules, now) == evaluate(
        given_plan, events, rules, now
    )


@given(events=st.lists(reports(), max_size=12), hours=HOURS)
@settings(max_examples=200, deadline=None)
def test_what_comes_out_holds_together(events, hours):
    outcome = evaluate(voyage(), events, policy(*KINDS), ETD + hours * HOUR)
    for value in outcome.milestones:
        assert (value.state == "reached") == (value.actual_at is not None)
        assert value.is_inferred == (value.decisions.get("actual", {}).get("rule") == "inferred")
    assert len({value.slot for value in outcome.milestones}) == len(outcome.milestones)
    assert len({(case.rule.id, case.slot) for case in outcome.cases}) == len(outcome.cases)
    rolled = outcome.summary
    assert 0 <= rolled.done <= rolled.total == len(rolled.strip)
    assert 0 <= rolled.progress <= 100
    assert outcome.next_check_at is None or outcome.next_check_at > ETD + hours * HOUR
