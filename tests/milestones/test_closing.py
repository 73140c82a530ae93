"""Why the cause of a case is gone: the code, the words, and what the presentation needs to say it."""

from __future__ import annotations

import dataclasses

import pytest

from milestones.closing import GoneCase, why_gone
from milestones.enums import ExceptionKind, PlaceRole
from milestones.evaluate import evaluate
from milestones.waking import is_awake, snooze_of, wakes_at
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

DEPARTED = event("DEPARTED", ETD, ROTTERDAM)
LATE = estimated("ARRIVED", ETA + 3 * DAY, SHANGHAI, told_at=ETD)
HELD = event("CUSTOMS_HOLD", ETD, SHANGHAI, attributes={"agency": "CBP"})
EARLY = event("ARRIVED", ETD + DAY, SHANGHAI)
LFD = event("INFO", ETA, SHANGHAI, attributes={"deadline": "LFD_DEMURRAGE"})


def ended(kind, before, after, *, now=ETD + 2 * DAY, given=None, **asked):
    """(code, words) of the first case that `before` opens and `after` ends."""
    given = given or voyage()
    opened = evaluate(given, before, policy(rule(kind, **asked)), now).cases[0]
    outcome = evaluate(given, after, policy(rule(kind, **asked)), now)
    assert opened.slot not in {case.slot for case in outcome.cases}
    closing = why_gone(GoneCase(kind, opened.slot, opened.facts), outcome)
    assert closing.record()["gone"] == closing.gone
    return closing.gone, closing.words


OVERDUE, MISSING, HOLD = ExceptionKind.OVERDUE, ExceptionKind.MISSING, ExceptionKind.HOLD
DELIVERED = event("DELIVERED", ETA + 4 * DAY)


@pytest.mark.parametrize(
    ("kind", "code", "before", "after", "gone", "words"),
    [
        (OVERDUE, "DEPARTED", [], [DEPARTED], "reported",
         "Departed was reported: it happened on 2026-11-03 08:00 UTC."),
        (OVERDUE, "LOADED", [], [DEPARTED], "inferred", "Loaded is implied by a later milestone."),
        (OVERDUE, "DEPARTED", [], [event("ARRIVED", ETA, SHANGHAI)], "missing_now",
         "A later milestone was reached; it counts as missing now."),
        (OVERDUE, "DEPARTED", [], [estimated("DEPARTED", ETD + 9 * DAY, ROTTERDAM, told_at=ETD)], "expected_later",
         "Departed is expected later now: 2026-11-12 08:00 UTC."),
        ("late", "ARRIVED", [LATE], [estimated("ARRIVED", ETA, SHANGHAI, told_at=ETD)], "in_tolerance",
         "The new estimate is within tolerance: 2026-12-03 08:00 UTC."),
        ("late", "ARRIVED", [LATE], [event("ARRIVED", ETA, SHANGHAI)], "in_tolerance",
         "The new time is within tolerance: 2026-12-03 08:00 UTC."),
        ("late", "ARRIVED", [LATE], [], "taken_back", "The report was taken back."),
        ("late", "ARRIVED", [event("ARRIVED", ETA + 3 * DAY, SHANGHAI)], [estimated("ARRIVED", ETA, SHANGHAI)],
         "taken_back", "The report was taken back."),
        ("late", "ARRIVED", [LATE], [LATE, DELIVERED], "delivered", "The shipment was delivered."),
        ("eta_slip", "ARRIVED", [LATE], [event("ARRIVED", ETA, SHANGHAI)], "arrived",
         "It has arrived: 2026-12-03 08:00 UTC."),
        (MISSING, "DEPARTED", [EARLY], [EARLY, DEPARTED], "reported",
         "Departed was reported: it happened on 2026-11-03 08:00 UTC."),
        (MISSING, "DEPARTED", [EARLY], [], "taken_back",
         "The report of the later milestone was taken back."),
        (HOLD, "", [HELD], [HELD, event("CUSTOMS_RELEASED", ETD + DAY, SHANGHAI, attributes={"agency": "CBP"})],
         "released", "The hold was released by CBP on 2026-11-04 08:00 UTC."),
        (HOLD, "", [HELD], [], "taken_back", "The report of the hold was taken back."),
        (HOLD, "", [HELD], [HELD, DELIVERED], "delivered", "The shipment was delivered."),
        ("dwell", "", [DEPARTED, event("ARRIVED", ETD + HOUR, SHANGHAI)],
         [DEPARTED, event("ARRIVED", ETD + HOUR, SHANGHAI), event("GATE_OUT", ETD + 2 * HOUR, SHANGHAI)], "moved_on",
         "It has moved on."),
        ("dwell", "", [event("ARRIVED", ETD, SHANGHAI)], [event("ARRIVED", ETD, SHANGHAI), DELIVERED], "delivered",
         "The shipment was delivered."),
        ("no_news", "", [event("BOOKED", ETD - 9 * DAY)], [event("BOOKED", ETD - 9 * DAY), DEPARTED, DELIVERED],
         "delivered", "The shipment was delivered."),
        ("no_news", "", [event("BOOKED", ETD - 9 * DAY)], [event("BOOKED", ETD + 2 * DAY)], "heard",
         "Nothing is overdue without a word any more, last on 2026-11-05 08:00 UTC."),
        ("unexpected", "", [event("OFFLOADED", ETD, ROTTERDAM)], [], "taken_back", "The report was taken back."),
        ("duplicate", "", [DEPARTED, event("DEPARTED", ETD + DAY, ROTTERDAM)], [DEPARTED], "agreed",
         "The reports agree now."),
    ],
)  # fmt: skip
def test_what_ended_it(kind, code, before, after, gone, words):
    assert ended(kind, before, after, code=code) == (gone, words)


def test_the_last_free_day_ends_when_it_is_collected():
    out = [LFD, event("GATE_OUT", ETA, SHANGHAI)]
    assert ended("last_free_day", [LFD], out, now=ETA + DAY)[0] == "moved_on"


def test_a_paper_that_came_is_named():
    given = plan(line("DEPARTED", 30, documents=("mbl",)))
    now, asked = ETD, rule(ExceptionKind.DOCUMENT)
    (case,) = evaluate(given, [], policy(asked), now).cases
    there = dataclasses.replace(given, documents=frozenset({"mbl"}))
    outcome = evaluate(there, [], policy(asked), now)
    closing = why_gone(GoneCase("document_missing", case.slot, case.facts), outcome)
    assert (closing.gone, closing.words, closing.facts) == ("filed", "Mbl is there.", {"document": "mbl"})


@pytest.mark.parametrize(
    ("case", "gone"),
    [
        (GoneCase("overdue", "L99", {}), "not_in_plan"),
        (GoneCase("late", "L99", {}), "not_in_plan"),
        (GoneCase("overdue", "X:OFFLOADED:NLRTM:1", {}), "taken_back"),
        (GoneCase("overdue", "L30", {}, is_rule_on=False), "rule_off"),
        (GoneCase("overdue", "L30", {}, is_taken_over=True), "other_rule"),
        (GoneCase("something else", "L30", {}), "changed"),
        (GoneCase("cost_overrun", "M:cost", {}), "costs_fit"),
        (GoneCase("condition", "C", {}), "condition_over"),
        (GoneCase("conflict", "L30", {}), "agreed"),
    ],
)
def test_what_ended_it_beside_reports(case, gone):
    assert why_gone(case, evaluate(voyage(), [], policy(), ETD - 20 * DAY)).gone == gone


def test_of_a_cancelled_shipment_everything_ends_with_it():
    outcome = evaluate(voyage(is_cancelled=True), [], policy(), ETD)
    assert why_gone(GoneCase("overdue", "L30", {}, is_rule_on=False), outcome).gone == "cancelled"


# --- What ends a snooze ---


def test_what_wakes_a_case():
    given = plan(line("DEPARTED", 30, PlaceRole.POL), line("ARRIVED", 40, PlaceRole.POD, anchor="eta"))
    before = evaluate(given, [DEPARTED], policy(), ETD)
    after = evaluate(given, [DEPARTED, dataclasses.replace(LATE, received_at=ETD + DAY)], policy(), ETD + DAY)
    assert not is_awake(None, "L30", after)
    news = snooze_of("news", before.summary.expected_arrival_at, before.summary.last_event_at)
    assert (is_awake(news, "L40", before), is_awake(news, "L40", after)) == (False, True)
    moved = snooze_of("arrival", before.summary.expected_arrival_at, None)
    assert (is_awake(moved, "L40", before), is_awake(moved, "L40", after)) == (False, True)
    unknown = snooze_of("arrival", None, None)
    assert is_awake(unknown, "L40", before)
    reached = snooze_of("reached", None, None)
    assert (is_awake(reached, "L30", before), is_awake(reached, "L40", before)) == (True, False)
    assert is_awake(reached, "gone", before) is False
    tree = {"field": "milestone.minutes_overdue", "op": "at_least", "value": 60}
    assert wakes_at(tree, "L40", before, ETD) == [ETA + HOUR]
    assert wakes_at(news, "L40", before, ETD) == wakes_at(None, "L40", before, ETD) == []
