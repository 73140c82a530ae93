from __future__ import annotations

import itertools

import pytest

from milestones.deciding import Decision, decide, decide_actual
from tests.factories.milestones import DAY, ETD, HOUR, event


def departed(name, at=ETD, **changes):
    return event("DEPARTED", at, id=name, **changes)


CASES = [
    pytest.param([departed("a")], "a", "only", (), id="one report"),
    pytest.param(
        [departed("a", told_at=ETD), departed("b", told_at=ETD + HOUR)],
        "b",
        "latest",
        ("a",),
        id="a source corrects itself",
    ),
    pytest.param(
        [departed("a", trust=90, source=2, told_at=ETD), departed("b", told_at=ETD + DAY)],
        "a",
        "trust",
        ("b",),
        id="trust before recency",
    ),
    pytest.param(
        [departed("a", source=2), departed("b", at=ETD + DAY), departed("c", at=ETD + DAY + HOUR, source=3, trust=10)],
        "b",
        "corroboration",
        ("a", "c"),
        id="a less trusted source confirms",
    ),
    pytest.param(
        [
            departed("a", source=2, told_at=ETD),
            departed("b", at=ETD + DAY, told_at=ETD + DAY),
            departed("c", at=ETD + DAY, source=3, told_at=ETD + 2 * DAY),
        ],
        "c",
        "corroboration",
        ("a", "b"),
        id="of those that agree the latest",
    ),
    pytest.param(
        [departed("a", source=2, told_at=ETD), departed("b", at=ETD + DAY, told_at=ETD + DAY)],
        "b",
        "latest",
        ("a",),
        id="the latest report of equals",
    ),
    pytest.param(
        [
            departed("a", source=2, told_at=ETD, fingerprint="1"),
            departed("b", at=ETD + DAY, told_at=ETD, fingerprint="2"),
        ],
        "b",
        "tie",
        ("a",),
        id="a tie is settled by content",
    ),
    pytest.param(
        [departed("a", told_at=ETD, position=0), departed("b", told_at=ETD, position=1)],
        "b",
        "latest",
        ("a",),
        id="the later one in a message",
    ),
]


@pytest.mark.parametrize(("events", "winner", "rule", "losing"), CASES)
def test_the_report_that_stands(events, winner, rule, losing):
    for order in itertools.permutations(events):
        decision = decide(order, agreement=HOUR)
        assert (decision.event.id, decision.rule, decision.losing) == (winner, rule, losing)


def test_without_agreement_confirmation_does_not_count():
    latest = departed("a", told_at=ETD + 3 * DAY)
    agreeing = [departed("b", ETD + DAY, source=2), departed("c", ETD + DAY, source=3, told_at=ETD + 2 * DAY)]
    assert decide([latest, *agreeing]).event.id == "a"
    assert decide([latest, *agreeing], agreement=HOUR).event.id == "c"


def test_nothing_is_decided_about_nothing():
    assert decide([]) is None
    assert decide_actual([], frozenset({"A", "B"}), HOUR) is None


def test_a_bare_retraction_decides_nothing():
    with pytest.raises(ValueError, match="bare retraction"):
        _ = Decision(departed("a", at=None), "only").at


UNITS = frozenset({"MSKU1", "MSKU2"})


def test_all_units_must_have_it_and_the_last_decides():
    first = departed("a", unit="MSKU1")
    second = departed("b", at=ETD + HOUR, unit="MSKU2", told_at=ETD)
    assert decide_actual([first], UNITS, HOUR) is None
    decision = decide_actual([second, first], UNITS, HOUR)
    assert (decision.event.id, decision.rule, decision.losing) == ("b", "all_units", ("a",))


def test_a_report_about_the_whole_shipment_needs_no_units():
    decision = decide_actual(
        [departed("a", unit="MSKU1"), departed("b"), departed("c", unit="OTHER", told_at=ETD - HOUR)], UNITS, HOUR
    )
    assert (decision.event.id, decision.losing) == ("b", ("a", "c"))


def test_of_one_unit_any_report_counts():
    assert decide_actual([departed("a", unit="MSKU1")], frozenset({"MSKU1"}), HOUR).event.id == "a"
