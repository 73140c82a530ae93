from __future__ import annotations

import pytest

from milestones.enums import PlaceRole
from milestones.evaluate import evaluate
from milestones.facts import LegFact, ScoreFact, TransitFact
from milestones.foreseeing import arrival_index, departure_index
from milestones.planning import route
from tests.factories.milestones import (
    BOOKED,
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
)

TRANSIT = TransitFact(9, 28 * DAY, 30 * DAY, 33 * DAY)
LANE = ("NLRTM", "CNSGH", "ocean", None)
LEFT = line("DEPARTED", 30, PlaceRole.POL)
COMES = line("ARRIVED", 40, PlaceRole.POD, anchor="eta")
NOW = ETD + 20 * DAY


def summary(given_plan, events=(), now=NOW, **rules):
    rules.setdefault("transit", {LANE: TRANSIT})
    return evaluate(given_plan, list(events), policy(**rules), now).summary


def departed(at=ETD):
    return event("DEPARTED", at, ROTTERDAM)


def says(days):
    return estimated("ARRIVED", ETA + days * DAY, SHANGHAI, told_at=ETD)


@pytest.mark.parametrize(
    ("lines", "arrival", "departure"),
    [
        ([], None, None),
        ([LEFT], None, 0),
        ([LEFT, COMES, line("DELIVERED", 60)], 1, 0),
        ([LEFT, line("DELIVERED", 60)], 1, 0),
        ([line("ARRIVED", 40, PlaceRole.POD), line("ARRIVED", 50, PlaceRole.DESTINATION)], 1, None),
        ([line("ARRIVED", 20, PlaceRole.TRANSIT), line("DEPARTED", 30, PlaceRole.TRANSIT)], None, None),
        ([line("DELIVERED", 50), line("DELIVERED", 60)], 1, None),
    ],
)
def test_which_lines_are_departure_and_arrival(lines, arrival, departure):
    assert (arrival_index(lines), departure_index(lines)) == (arrival, departure)


@pytest.mark.parametrize(
    "lines",
    [
        pytest.param([LEFT], id="no arrival"),
        pytest.param([COMES], id="no departure"),
        pytest.param([LEFT, line("DELIVERED", 60, anchor="eta")], id="delivered is further than the lane goes"),
        pytest.param([LEFT, line("ARRIVED", 60, PlaceRole.DESTINATION, anchor="eta")], id="so is the destination"),
    ],
)
def test_history_says_nothing_of_other_ways(lines):
    told = summary(plan(*lines), [departed()])
    assert (told.own_arrival_at, told.own_low_at, told.own_high_at) == (None, None, None)


@pytest.mark.parametrize(
    ("events", "own"),
    [
        pytest.param([], ETD + 30 * DAY, id="from the plan"),
        pytest.param(
            [estimated("DEPARTED", ETD + 2 * DAY, ROTTERDAM, told_at=BOOKED)], ETD + 32 * DAY, id="from the estimate"
        ),
        pytest.param(
            [planned("DEPARTED", ETD + 3 * DAY, ROTTERDAM, told_at=BOOKED)], ETD + 33 * DAY, id="from a plan reported"
        ),
        pytest.param([departed(ETD + DAY)], ETD + 31 * DAY, id="from the report"),
    ],
)
def test_it_counts_from_the_departure_as_far_as_it_is_known(events, own):
    told = summary(plan(LEFT, COMES), events, now=ETD)
    assert (told.own_arrival_at, told.own_low_at, told.own_high_at) == (own, own - 2 * DAY, own + 3 * DAY)


def test_without_a_departure_that_is_known_there_is_none():
    assert summary(plan(LEFT, COMES, dates={"eta": ETA})).own_arrival_at is None


def test_the_lane_of_the_carrier_goes_before_that_of_any():
    way = route(ROTTERDAM, SHANGHAI, (LegFact(1, "ocean", ROTTERDAM, SHANGHAI, frozenset(), 7),))
    known = {LANE: TRANSIT, (*LANE[:3], 7): TransitFact(5, 20 * DAY, 21 * DAY, 22 * DAY)}
    assert summary(plan(LEFT, COMES, route=way), [departed()], transit=known).own_arrival_at == ETD + 21 * DAY
    assert summary(plan(LEFT, COMES), [departed()], transit=known).own_arrival_at == ETD + 30 * DAY


@pytest.mark.parametrize(
    ("scores", "by"),
    [
        pytest.param((), "carrier", id="nothing was tried"),
        pytest.param((ScoreFact(7, 30, 9 * HOUR, None),), "carrier", id="we never spoke"),
        pytest.param((ScoreFact(7, 30, None, 9 * HOUR),), "carrier", id="the carrier never spoke"),
        pytest.param((ScoreFact(7, 30, 9 * HOUR, 8 * HOUR),), "own", id="we were nearer"),
        # Ten days are left: 7 is three days away, 14 four.
        pytest.param(
            (ScoreFact(7, 30, 9 * HOUR, 8 * HOUR), ScoreFact(14, 30, 8 * HOUR, 9 * HOUR)), "own", id="at 7 days"
        ),
        pytest.param(
            (ScoreFact(7, 30, 8 * HOUR, 9 * HOUR), ScoreFact(14, 30, 9 * HOUR, 8 * HOUR)), "carrier", id="not at 14"
        ),
    ],
)
def test_who_is_shown(scores, by):
    told = summary(plan(LEFT, COMES), [departed(), says(3)], scores={LANE: scores})
    assert (told.arrival_by, told.expected_arrival_at) == (by, ETA + 3 * DAY if by == "carrier" else ETD + 30 * DAY)
    assert told.own_arrival_at == ETD + 30 * DAY


def test_before_it_left_the_carrier_is_shown_however_good_we_were():
    told = summary(plan(LEFT, COMES), [says(3)], now=ETD, scores={LANE: (ScoreFact(14, 30, 9 * HOUR, HOUR),)})
    assert told.arrival_by == "carrier"


def test_who_says_when_it_arrives():
    way = plan(LEFT, COMES)
    assert summary(way, now=ETD, transit={}).arrival_by == "plan"
    assert summary(plan(LEFT, COMES, dates={}), now=ETD, transit={}).arrival_by == ""
    moved = plan(LEFT, line("ARRIVED", 40, PlaceRole.POD, after=0, offset_minutes=30 * 1440))
    assert summary(moved, [departed(ETD + DAY)], transit={}).arrival_by == "plan"
    arrived = summary(way, [departed(), event("ARRIVED", ETA, SHANGHAI)], now=ETA)
    assert (arrived.arrival_by, arrived.own_arrival_at, arrived.expected_arrival_at) == ("", None, ETA)


def test_an_arrival_that_only_follows_is_none_of_ours_either():
    way = plan(LEFT, COMES, line("DISCHARGED", 50, PlaceRole.POD, after=1))
    outcome = evaluate(
        way, [departed(), event("DISCHARGED", ETA, SHANGHAI)], policy(transit={LANE: TRANSIT}), ETA
    )  # fmt: skip
    value = next(one for one in outcome.milestones if one.code == "ARRIVED")
    assert (value.actual_at, value.is_inferred, value.estimated_at, list(value.decisions)) == (
        ETA, True, None, ["actual"],
    )  # fmt: skip


def heard(*events, given_plan=None):
    outcome = evaluate(given_plan or plan(LEFT, COMES), list(events), policy(), NOW)
    return [(one.kind, one.told_at - ETD, one.expected_at - ETA, one.event, one.source) for one in outcome.arrivals]


def test_all_that_was_foretold_is_heard():
    told = [
        estimated("ARRIVED", ETA + DAY, SHANGHAI, told_at=ETD + DAY, id="1", source_event_id="1"),
        estimated("ARRIVED", ETA + 2 * DAY, SHANGHAI, told_at=ETD + 2 * DAY, id="2", source_event_id="1", source=1),
        planned("ARRIVED", ETA, SHANGHAI, told_at=ETD, id="0"),
        estimated("ARRIVED", ETA + 5 * DAY, SHANGHAI, told_at=ETD, id="q", is_quarantined=True),
        estimated("ARRIVED", ETA + 5 * DAY, ROTTERDAM, told_at=ETD, id="elsewhere"),
        event("ARRIVED", ETA, SHANGHAI, id="actual"),
        event("ARRIVED", ETA, SHANGHAI, classifier="REQ", id="asked for"),
        # It takes back what it repeats: that is no new word.
        estimated(
            "ARRIVED", ETA + DAY, SHANGHAI, told_at=ETD + 3 * DAY, id="r", source_event_id="9", retracts="1"
        ),
    ]  # fmt: skip
    expected = [
        ("plan", 0 * DAY, 0 * DAY, "0", 1), ("carrier", DAY, DAY, "1", 1), ("carrier", 2 * DAY, 2 * DAY, "2", 1),
    ]  # fmt: skip
    assert heard(*told) == heard(*told[::-1]) == expected


def test_without_an_arrival_in_the_plan_nothing_is_heard():
    assert heard(says(1), given_plan=plan(LEFT)) == []
