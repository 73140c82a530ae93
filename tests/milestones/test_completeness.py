from __future__ import annotations

import pytest

from milestones.completeness import WEIGHTS
from milestones.enums import AnchorKind, PlaceRole
from milestones.evaluate import evaluate
from milestones.facts import LegFact
from milestones.planning import route
from tests.factories.milestones import (
    BOOKED,
    DAY,
    ETA,
    ETD,
    ROTTERDAM,
    SHANGHAI,
    event,
    line,
    plan,
    policy,
    voyage,
)

LEG = LegFact(1, "ocean", ROTTERDAM, SHANGHAI, frozenset({"021W"}), 7)
WHOLE = {"route": route(ROTTERDAM, SHANGHAI, (LEG,)), "units": frozenset({"A"})}


def of(given_plan, events=(), now=BOOKED):
    summary = evaluate(given_plan, list(events), policy(), now).summary
    return summary.completeness, summary.next_fix


def way(carrier=7, numbers=("021W",)):
    return route(ROTTERDAM, SHANGHAI, (LegFact(1, "ocean", ROTTERDAM, SHANGHAI, frozenset(numbers), carrier),))


def dates(**known):
    return dict.fromkeys(AnchorKind.values) | {"booked_at": BOOKED, "etd": ETD, "eta": ETA} | known


def test_the_weights_add_up_to_a_hundred():
    assert sum(WEIGHTS.values()) == 100


def test_what_is_known_whole_has_nothing_to_fix():
    assert of(voyage(**WHOLE)) == (100, None)


@pytest.mark.parametrize(
    ("changes", "score", "fix"),
    [
        # A third of the 15 for the way each.
        ({"route": way(carrier=None)}, 95, {"code": "carrier", "gain": 5}),
        ({"route": way(numbers=())}, 95, {"code": "voyage", "gain": 5}),
        ({"units": frozenset()}, 95, {"code": "unit", "gain": 5}),
        ({"route": way(None, ()), "units": frozenset()}, 85, {"code": "carrier", "gain": 5}),
        ({"has_outside_reference": False}, 85, {"code": "reference", "gain": 15}),
        # Three of six lines hang on the ETA, half of the 20 for dates.
        ({"dates": dates(eta=None)}, 90, {"code": "date_eta", "gain": 10}),
        # Of all dates the one that most hang on; of equal ones the first by name.
        ({"dates": dates(etd=None, eta=None)}, 80, {"code": "date_eta", "gain": 10}),
        ({"dates": dates(etd=None, eta=None), "has_outside_reference": False}, 65, {"code": "reference", "gain": 15}),
    ],
)
def test_what_is_not_known_costs_its_weight(changes, score, fix):
    assert of(voyage(**{**WHOLE, **changes})) == (score, fix)


def test_by_road_neither_voyage_nor_container_is_asked():
    by_road = plan(line("DEPARTED", 30, PlaceRole.POL), mode="road", route=way(numbers=()), units=frozenset())
    assert of(by_road) == (100, None)
    nobody = plan(line("DEPARTED", 30, PlaceRole.POL), mode="road", route=way(None, ()), units=frozenset())
    assert of(nobody) == (85, {"code": "carrier", "gain": 15})


def test_what_should_have_been_reported_by_now():
    # Gate in and loading only follow from the departure: two of three were not reported, and 40 × 2/3 is missing.
    assert of(voyage(**WHOLE), [event("DEPARTED", ETD, ROTTERDAM)], ETD) == (
        73, {"code": "report", "gain": 13, "milestone": "Loaded"},
    )  # fmt: skip


def test_what_is_overdue_is_reported_first():
    lines = (line("LOADED", 20, PlaceRole.POL), line("DEPARTED", 30, PlaceRole.POL), line("GATE_OUT", 40))
    now = ETD + 2 * DAY
    score, fix = of(plan(*lines, **WHOLE), [event("DEPARTED", ETD, ROTTERDAM)], now)
    # Of three due one was reported.
    assert (score, fix) == (73, {"code": "report", "gain": 13, "milestone": "Gate_out"})


def test_a_date_that_no_fix_of_the_shipment_gives():
    by_leg = plan(line("DEPARTED", 30, PlaceRole.POL, anchor=AnchorKind.LEG_ETD.value), **WHOLE)
    assert of(plan(*by_leg.template.lines, **{**WHOLE, "dates": dates(etd=None)})) == (
        80,
        {"code": "dates", "gain": 20},
    )


def test_a_zone_that_nobody_knows():
    told = [
        event("GATE_IN", ETD - 2 * DAY, ROTTERDAM, is_zone_assumed=True),
        event("LOADED", ETD, ROTTERDAM, is_zone_assumed=True),
        event("DEPARTED", ETD, ROTTERDAM),
        event("INFO", ETD, ROTTERDAM),
    ]
    # Two of four reports: half of 10 is gone, a quarter of it comes back with one.
    assert of(voyage(**WHOLE), told, ETD) == (95, {"code": "zone", "gain": 2})


def test_a_cancelled_shipment_has_nothing_left_to_fix():
    assert of(voyage(**{**WHOLE, "has_outside_reference": False}, is_cancelled=True)) == (85, None)
