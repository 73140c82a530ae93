from __future__ import annotations

import dataclasses
from datetime import timedelta

import pytest

from milestones.enums import ExceptionKind, PlaceRole
from milestones.evaluate import evaluate
from milestones.facts import Plan
from tests.factories.milestones import (
    DAY,
    ETA,
    ETD,
    HOUR,
    ROTTERDAM,
    SHANGHAI,
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


DEPARTED = plan(line("DEPARTED", 30, PlaceRole.POL))
ACT, EST, PLN = event, estimated, planned
KINDS = [rule(kind, task="Ask") for kind in ("overdue", "late", "missing", "hold")]


def wanted(given_plan, events=(), now=ETD, rules=KINDS, **changes):
    outcome = evaluate(given_plan, list(events), policy(*rules, **changes), now)
    return [(case.rule.kind, case.slot) for case in outcome.cases]


@pytest.mark.parametrize(
    ("events", "now", "expected"),
    [
        ([], BEFORE, []),
        ([], ETD + 2 * DAY, [("overdue", "L10"), ("overdue", "L20"), ("overdue", "L30")]),
        ([ACT("DEPARTED", ETD + 2 * DAY, ROTTERDAM)], ETD + 2 * DAY, [("late", "L30")]),
        (
            [EST("ARRIVED", ETA + 2 * DAY, SHANGHAI), ACT("DEPARTED", ETD, ROTTERDAM)],
            ETD,
            [("late", "L40"), ("late", "L50"), ("late", "L60")],
        ),
        ([ACT("ARRIVED", ETA, SHANGHAI)], ETA, [("missing", "L30")]),
        ([ACT("ON_HOLD", ETD), ACT("DEPARTED", ETD, ROTTERDAM)], ETD, [("hold", "H:ON_HOLD:")]),
        (
            [
                ACT("ON_HOLD", ETD),
                ACT("DEPARTED", ETD + 2 * DAY, ROTTERDAM),
                ACT("ARRIVED", ETA, SHANGHAI),
                ACT("DELIVERED", ETA + 9 * DAY),
            ],
            ETA + 9 * DAY,
            [("late", "L60")],
        ),
        ([ACT("CANCELLED", ETD)], ETA, []),
    ],
)
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
        (
            [rule(OVERDUE, name="code", code="DEPARTED"), rule(OVERDUE, name="both", code="DEPARTED", mode="ocean")],
            "both",
        ),
        ([rule(OVERDUE, name="any"), rule(OVERDUE, name="air", mode="air")], "any"),
        ([rule(OVERDUE, name="any"), rule(OVERDUE, name="long", minimum=DAY)], "long"),
        ([rule(OVERDUE, name="any"), rule(OVERDUE, name="longer", minimum=30 * DAY)], "any"),
    ],
)
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
        "milestone": "Departed",
        "code": "DEPARTED",
        "audience": "customer",
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
