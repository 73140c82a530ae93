from __future__ import annotations

import itertools

import pytest

from milestones.enums import PlaceRole
from milestones.facts import LegFact
from milestones.planning import route
from milestones.selecting import active, assign
from tests.factories.milestones import (
    BOOKED,
    DAY,
    DUISBURG,
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


def kept(events, booked_at=None):
    (result,) = {
        tuple(sorted(e.id for e in active(order, booked_at, policy())[0])) for order in itertools.permutations(events)
    }
    return list(result)


def departed(name, at=ETD, **changes):
    return event("DEPARTED", at, ROTTERDAM, id=name, **changes)


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        pytest.param([departed("a")], ["a"], id="a report"),
        pytest.param([departed("a", source_event_id="E1"), departed("r", None, retracts="E1")], [], id="retracted"),
        pytest.param(
            [departed("a", source_event_id="E1"), departed("r", None, retracts="E1", source=2)],
            ["a"],
            id="only by the same source",
        ),
        pytest.param(
            [departed("a", source_event_id="E1"), departed("b", ETD + HOUR, retracts="E1", source_event_id="E2")],
            ["b"],
            id="a correction retracts and reports",
        ),
        pytest.param(
            [departed("a", source_event_id="E1"), departed("b", retracts="E1")], [], id="a retraction that repeats"
        ),
        pytest.param([departed("a", source_event_id="E1", retracts="E1")], [], id="an id that retracts itself"),
        pytest.param(
            [
                departed("a", source_event_id="E1"),
                departed("r", None, retracts="E1", source_event_id="R"),
                departed("rr", None, retracts="R"),
            ],
            ["a"],
            id="a retraction taken back",
        ),
        pytest.param(
            [departed("a", source_event_id="E1"), departed("r", None, retracts="E1", is_quarantined=True)],
            ["a"],
            id="a retraction that cannot be believed",
        ),
        pytest.param(
            [
                departed("a", row=1, source_event_id="E1"),
                departed("r", None, row=2, retracts="E1", is_quarantined=True),
                departed("released", None, row=3, retracts="E1", supersedes=2),
            ],
            [],
            id="a retraction that was released",
        ),
        pytest.param(
            [
                departed("a", source_event_id="E1"),
                departed("r", None, retracts="E1", source_event_id="R"),
                departed("rr", None, retracts="R", is_quarantined=True),
            ],
            [],
            id="a retraction taken back by one that cannot be believed",
        ),
        pytest.param([departed("a", row=1), departed("b", row=2, supersedes=1)], ["b"], id="superseded"),
        pytest.param(
            [
                departed("a", row=1, source_event_id="E1"),
                departed("b", row=2, supersedes=1, source_event_id="E1", fingerprint=""),
            ],
            ["b"],
            id="superseded under the same id",
        ),
        pytest.param([departed("a", row=1), departed("b", None, row=2, supersedes=1)], [], id="taken back by hand"),
        pytest.param([departed("a", is_quarantined=True)], [], id="quarantined"),
        pytest.param(
            [departed("a", source_event_id="E1", told_at=ETD), departed("b", source_event_id="E1", told_at=ETD + HOUR)],
            ["b"],
            id="the newest under an id",
        ),
    ],
)
def test_what_counts(events, expected):
    assert kept(events) == expected


def test_an_actual_long_before_the_booking_is_set_aside():
    early, fine = departed("a", BOOKED - 31 * DAY), departed("b", BOOKED - 29 * DAY)
    expected = estimated("DEPARTED", BOOKED - 31 * DAY, ROTTERDAM, id="c")
    counting, aside = active([early, fine, expected], BOOKED, policy())
    assert [e.id for e in counting] == ["b", "c"]
    assert aside == [("a", "It is said to have happened long before the booking.")]


LEGS = (
    LegFact(1, "road", DUISBURG, ROTTERDAM),
    LegFact(2, "ocean", ROTTERDAM, SINGAPORE),
    LegFact(3, "ocean", SINGAPORE, SHANGHAI),
)
WITH_LEGS = {"route": route(DUISBURG, SHANGHAI, LEGS)}
DEPARTURES = [
    line("DEPARTED", 10, PlaceRole.ORIGIN),
    line("DEPARTED", 20, PlaceRole.POL),
    line("DEPARTED", 30, PlaceRole.TRANSIT),
]


def where(given, *lines, **shipment):
    by_line, unplanned = assign([given], plan(*lines, **shipment))
    return [i for i, events in enumerate(by_line) if events] or list(unplanned)


@pytest.mark.parametrize(("place", "index"), [(DUISBURG, 0), (ROTTERDAM, 1), (SINGAPORE, 2)])
def test_the_place_tells_the_line(place, index):
    assert where(event("DEPARTED", ETD, place), *DEPARTURES, **WITH_LEGS) == [index]


@pytest.mark.parametrize(
    ("given", "lines", "expected"),
    [
        pytest.param(event("DEPARTED", ETD), DEPARTURES[1:2], [0], id="no place, one line"),
        pytest.param(event("DEPARTED", ETD), DEPARTURES, [("DEPARTED", "", "", "")], id="no place, several lines"),
        pytest.param(event("DEPARTED", ETD, SHANGHAI), DEPARTURES, [("DEPARTED", "CNSGH", "", "")], id="another place"),
        pytest.param(event("DEPARTED", ETD, SHANGHAI), [*DEPARTURES, line("DEPARTED", 40)], [3], id="a line anywhere"),
        pytest.param(
            event("DEPARTED", ETD, ROTTERDAM), [line("DEPARTED", 5), *DEPARTURES], [2], id="its own line first"
        ),
        pytest.param(
            event("DEPARTED", ETD, ROTTERDAM, attributes={"mode": "TRUCK"}),
            DEPARTURES[1:2],
            [("DEPARTED", "NLRTM", "", "")],
            id="a truck is not the vessel",
        ),
        pytest.param(
            event("DEPARTED", ETD, ROTTERDAM, attributes={"mode": "VESSEL"}), DEPARTURES[1:2], [0], id="the vessel"
        ),
        pytest.param(
            event("DEPARTED", ETD, ROTTERDAM, attributes={"mode": "?"}), DEPARTURES[1:2], [0], id="who knows by what"
        ),
        pytest.param(
            event("DELIVERED", ETD, attributes={"part": "PARTIAL"}),
            [line("DELIVERED")],
            [("DELIVERED", "", "", "")],
            id="a part is not the whole",
        ),
        pytest.param(event("INFO", ETD), [], [], id="information is no milestone"),
        pytest.param(estimated("ARRIVED", ETD), [], [], id="what is expected is not unexpected"),
        pytest.param(
            event("LOADED", ETD, SINGAPORE, unit="MSKU1", journey_number="021W"),
            [],
            [("LOADED", "SGSIN", "MSKU1", "021W")],
            id="not in the plan",
        ),
    ],
)
def test_which_line_an_event_is_about(given, lines, expected):
    assert where(given, *lines, **WITH_LEGS) == expected


def test_without_a_template_everything_is_unplanned():
    bare = type(voyage())(voyage().shipment, None)
    assert assign([event("LOADED", ETD, ROTTERDAM)], bare)[0] == []
