"""The stages of cases, what matters to the end, and their common roots."""

from __future__ import annotations

import itertools

import pytest

from milestones.enums import ExceptionKind, PlaceRole
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
    estimated,
    event,
    line,
    plan,
    policy,
    rule,
    voyage,
)

MINUTE = HOUR / 60


def opened(given_plan, events, now, *rules, **changes):
    """(kind, slot, stage) of the cases, the same in any order of the events."""
    asked = policy(*rules, **changes)
    outcomes = [evaluate(given_plan, order, asked, now) for order in itertools.permutations(events)]
    assert all(outcome == outcomes[0] for outcome in outcomes)
    return [(case.rule.kind, case.slot, case.stage) for case in outcomes[0].cases]


def the_case(given_plan, events, now, *rules, **changes):
    (case,) = evaluate(given_plan, events, policy(*rules, **changes), now).cases
    return case


def sailed(*more):
    return [event("GATE_IN", ETD - 2 * DAY, ROTTERDAM), event("LOADED", ETD - 8 * HOUR, ROTTERDAM),
            event("DEPARTED", ETD, ROTTERDAM), *more]  # fmt: skip


DEPARTS = plan(line("DEPARTED", 30, PlaceRole.POL))

# --- Stages ---


@pytest.mark.parametrize(
    ("after", "stage"),
    [(-HOUR - MINUTE, ""), (-HOUR, "warning"), (DAY, "warning"), (DAY + MINUTE, "breach"), (3 * DAY, "escalated")],
)
def test_overdue_warns_before_it_is_due_and_is_breached_after_the_tolerance(after, stage):
    asked = rule(ExceptionKind.OVERDUE, warn=-HOUR, escalate=3 * DAY)
    found = opened(DEPARTS, [], ETD + after, asked)
    assert found == ([("overdue", "L30", stage)] if stage else [])
    before = evaluate(DEPARTS, [], policy(asked), ETD - 2 * DAY)
    assert (before.cases, before.next_check_at) == ((), ETD - HOUR)


def test_a_cancelled_shipment_has_no_trouble_and_a_delivered_one_only_what_still_matters():
    kinds = [rule(kind) for kind in ExceptionKind if kind != ExceptionKind.CONDITION]
    events = sailed(event("ARRIVED", ETA, SHANGHAI), event("DISCHARGED", ETA, SHANGHAI), event("ON_HOLD", ETA),
                    event("DELIVERED", ETA + DAY))  # fmt: skip
    outcome = evaluate(voyage(), events, policy(*kinds), ETA + 9 * DAY)
    assert {case.rule.kind for case in outcome.cases} <= {"unexpected"}
    assert evaluate(voyage(is_cancelled=True), events[:2], policy(*kinds), ETA).cases == ()


# --- Roots ---


def legs(*numbers):
    return route(ROTTERDAM, SHANGHAI, (LegFact(1, "ocean", ROTTERDAM, SHANGHAI, frozenset(numbers)),))


@pytest.mark.parametrize(
    ("group_by", "way", "key"),
    [
        ("journey", ("9321483", "021W"), "journey:021W+9321483:CNSGH:ARRIVED"),
        ("journey", (), "journey:7E:CNSGH:ARRIVED"),
        ("place", ("021W",), "place:CNSGH:ARRIVED"),
        ("source", ("021W",), "source:1"),
        ("customer", ("021W",), "customer:7:ARRIVED"),
        ("", ("021W",), ""),
    ],
)
def test_a_root_is_the_same_for_all_that_share_it(group_by, way, key):
    late = rule(ExceptionKind.LATE, code="ARRIVED", group_by=group_by)
    given = voyage(route=legs(*way))
    told = estimated("ARRIVED", ETA + 3 * DAY, SHANGHAI, told_at=ETD, journey_number="" if way else "7E")
    case = the_case(given, sailed(told), ETD, late)
    assert case.group_key == key
    assert case.group_facts.get("by", "") == group_by


def test_a_root_that_nobody_knows_is_none():
    late = rule(ExceptionKind.LATE, code="ARRIVED", group_by="journey")
    told = estimated("ARRIVED", ETA + 3 * DAY, SHANGHAI, told_at=ETD)
    assert the_case(voyage(), sailed(told), ETD, late).group_key == ""
    overdue = rule(ExceptionKind.OVERDUE, group_by="source")
    assert the_case(DEPARTS, [], ETD + 2 * DAY, overdue).group_key == ""
    heard = the_case(DEPARTS, [event("IN_TRANSIT", ETD)], ETD + 2 * DAY, overdue)
    assert heard.group_key == "source:1"
    anywhere = plan(line("DELIVERED", 60))
    placed = rule(ExceptionKind.OVERDUE, group_by="place")
    assert the_case(anywhere, [], ETD + 2 * DAY, placed).group_key == ""
