from __future__ import annotations

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


ACT, EST, PLN = event, estimated, planned


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
        ETA,
        ETA,
        None,
    ]
    assert summary([EST("ARRIVED", ETA + DAY, SHANGHAI)]).expected_arrival_at == ETA + DAY
    rolled = summary([ACT("ARRIVED", ETA - DAY, SHANGHAI)])
    assert (rolled.expected_arrival_at, rolled.arrived_at) == (ETA - DAY, ETA - DAY)
    by_road = plan(line("PICKED_UP", 10), line("DELIVERED", 20, anchor=AnchorKind.ETA.value))
    assert summary([ACT("DELIVERED", ETA)], ETA, by_road).arrived_at == ETA
    assert summary([], BEFORE, plan(line("PICKED_UP"))).planned_arrival_at == ETA


def test_the_last_event_is_the_last_received():
    events = [ACT("LOADED", ETD, ROTTERDAM, received_at=ETD + DAY), ACT("DEPARTED", ETD, ROTTERDAM)]
    assert summary(events).last_event_at == ETD + DAY
