from __future__ import annotations

from datetime import timedelta

import pytest

from milestones.evaluate import evaluate
from milestones.evidencing import evidence_of, taken_back
from tests.factories.milestones import DAY, ETD, HOUR, ROTTERDAM, event, policy, voyage


def said(hours=0, **changes):
    return event("DEPARTED", ETD + hours * HOUR, ROTTERDAM, **changes)


def evidence(winner, *others, units=frozenset(), tolerance=DAY, **rules):
    found = {
        evidence_of(winner, order, units, policy(**rules), tolerance)
        for order in ([winner, *others], [*others, winner], [*others[::-1], winner])
    }
    (only,) = found
    return only


def test_one_that_agrees_and_one_that_does_not_is_a_dispute():
    assert evidence(said(), said(1, source=2), said(30, source=3)) == "disputed"
    assert evidence(said(), said(1, source=2), said(20, source=3)) == "confirmed"
    assert evidence(said(), said(20, source=2), said(30, source=3, trust=29)) == "single"


def test_the_last_word_of_a_source_counts():
    wrong = said(99, source=2, told_at=ETD)
    right = said(0.5, source=2, told_at=ETD + DAY)
    assert evidence(said(), wrong, right) == "confirmed"
    assert evidence(said(), right, said(99, source=2, told_at=ETD + 2 * DAY)) == "disputed"


def test_the_line_may_be_stricter_than_the_agreement():
    assert evidence(said(), said(1, source=2), tolerance=timedelta(0)) == "confirmed"
    assert evidence(said(), said(1.1, source=2), tolerance=timedelta(0)) == "disputed"
    assert evidence(said(), said(3, source=2), tolerance=timedelta(0), agreement=3 * HOUR) == "confirmed"


def test_parts_are_compared_with_parts_and_units_with_the_same_unit():
    part = {"attributes": {"part": "PARTIAL", "pieces": 5}}
    assert evidence(said(), said(source=2, **part)) == "single"
    assert evidence(said(**part), said(source=2, **part)) == "confirmed"
    both = frozenset("AB")
    assert evidence(said(unit="A"), said(source=2, unit="B"), units=both) == "single"
    assert evidence(said(unit="A"), said(source=2, unit="A"), units=both) == "confirmed"
    # With one unit it does not matter who names it.
    assert evidence(said(unit="A"), said(source=2), units=frozenset("A")) == "confirmed"


@pytest.mark.parametrize(("hours", "word"), [(24, "confirmed"), (25, "disputed")])
def test_who_knows_the_day_only_may_be_a_day_off(hours, word):
    assert evidence(said(), said(hours, source=2, is_day=True)) == word


def test_what_stands_beside_the_plan_has_evidence_too():
    reports = [event("IN_TRANSIT", ETD, ROTTERDAM), event("IN_TRANSIT", ETD + HOUR, ROTTERDAM, source=2)]
    values = evaluate(voyage(), reports, policy(), ETD).milestones
    assert [v.evidence for v in values if v.code == "IN_TRANSIT"] == ["confirmed"]


def test_what_counts_was_not_taken_back():
    report = said(source_event_id="1")
    retraction = event("INFO", None, retracts="1", source_event_id="2")
    undone = event("INFO", None, retracts="2")
    assert taken_back([report], [report]) == []
    assert taken_back([report, retraction], []) == [report]
    assert taken_back([report, retraction, undone], [report]) == []
    doubted = event("INFO", None, retracts="1", is_quarantined=True)
    assert taken_back([report, doubted], []) == []
    unbelieved = said(source_event_id="1", is_quarantined=True)
    assert taken_back([unbelieved, retraction], []) == []
