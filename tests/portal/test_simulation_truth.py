"""The truth of the simulated world itself, by hand: what must be open of a small shipment."""

from __future__ import annotations

from datetime import UTC, datetime, time

import pytest

from milestones.enums import AnchorKind, ExceptionKind, PlaceRole
from portal.simulation.letters import LAST_FREE_DAY, NO_MILESTONE, Letter, standing
from portal.simulation.reckoning import Known, rows_of
from portal.simulation.truth import KINDS, Moment, must_be_open, scores
from tests.factories.milestones import DAY, ETA, ETD, HOUR, ROTTERDAM, SHANGHAI, line, rule

MINUTE = HOUR / 60
GATE_IN = line("GATE_IN", 10, PlaceRole.POL, after=2, offset_minutes=-2 * 1440)
LOADED = line("LOADED", 20, PlaceRole.POL, after=2, offset_minutes=-480)
DEPARTED = line("DEPARTED", 30, PlaceRole.POL, anchor=AnchorKind.LEG_ETD.value)
ARRIVED = line("ARRIVED", 40, PlaceRole.POD, anchor=AnchorKind.LEG_ETA.value)
DELIVERED = line("DELIVERED", 50, after=3, offset_minutes=3 * 1440)
VOYAGE = (GATE_IN, LOADED, DEPARTED, ARRIVED, DELIVERED)


def known(*lines, **changes):
    lines = lines or VOYAGE
    free = [i for i, one in enumerate(lines) if one.anchor_index is None and not one.after_indexes]
    fields = {
        "mode": "ocean",
        "lines": lines,
        "order": [*free, *(i for i in range(len(lines)) if i not in free)],
        "dates": {"etd": ETD, "eta": ETA},
        "places": {"pol": ROTTERDAM, "pod": SHANGHAI, "origin": ROTTERDAM, "destination": SHANGHAI},
        "holidays": {},
        "trust": {"A": 50, "B": 40},
    }
    return Known(**{**fields, **changes})


def letter(code, at, place=ROTTERDAM, **more):
    return Letter(1, more.pop("source", "A"), code, at, place.code, **more)


def found(letters, now, *rules, **changes):
    rules = rules or tuple(map(rule, KINDS))
    lines = changes.pop("lines", ())
    heard_at = changes.pop("heard_at", now)
    return must_be_open(known(*lines, **changes), letters, rules, Moment(now, heard_at))


SAILED = [letter("GATE_IN", ETD - 2 * DAY), letter("LOADED", ETD - 8 * HOUR), letter("DEPARTED", ETD)]
THERE = [*SAILED, letter("ARRIVED", ETA, SHANGHAI)]


def test_of_what_goes_as_planned_nothing_is_open():
    assert found(SAILED, ETD + DAY) == set()


def test_overdue_one_moment_after_the_tolerance():
    assert found(SAILED, ETA + DAY) == set()
    assert found(SAILED, ETA + DAY + MINUTE) == {("overdue", "ARRIVED")}


@pytest.mark.parametrize(
    ("by", "open_"), [(DAY, set()), (DAY + MINUTE, {("late", "ARRIVED")}), (-DAY - MINUTE, {("early", "ARRIVED")})]
)
def test_late_and_early_beyond_the_tolerance(by, open_):
    assert found([*SAILED, letter("ARRIVED", ETA + by, SHANGHAI)], ETA + by, rule("late"), rule("early")) == open_ | (
        # What counts from it moves along by as much.
        {(kind, "DELIVERED") for kind, _ in open_}
    )


def test_missing_is_what_nothing_implies():
    letters = [*SAILED[:2], letter("ARRIVED", ETA, SHANGHAI)]
    assert found(letters, ETA) == {("missing", "DEPARTED"), ("dwell", "ARRIVED")}
    assert found([SAILED[0], *THERE[2:]], ETA, rule("missing")) == set()


def test_the_wrong_order_by_what_was_reported():
    letters = [SAILED[0], letter("LOADED", ETD + 6 * HOUR), SAILED[2]]
    askew = ExceptionKind.OUT_OF_SEQUENCE
    assert found(letters, ETD + DAY, rule(askew, minimum=6 * HOUR)) == {(askew, "DEPARTED")}
    assert found(letters, ETD + DAY, rule(askew, minimum=6 * HOUR + MINUTE)) == set()


def test_what_has_to_follow_is_out_of_order_without_what_it_follows():
    lines = (line("STRIPPED", 10), line("AVAILABLE", 20, is_mandatory=False, after_indexes=(0,)))
    letters = [letter("AVAILABLE", ETD)]
    assert found(letters, ETD, rule("out_of_sequence"), lines=lines) == {("out_of_sequence", "AVAILABLE")}
    both = [letter("STRIPPED", ETD - HOUR), *letters]
    assert found(both, ETD, rule("out_of_sequence"), lines=lines) == set()


def test_what_has_to_follow_is_never_expected_before_it():
    lines = (line("STRIPPED", 10), line("AVAILABLE", 20, after_indexes=(0,)))
    rows, _ = rows_of(known(*lines), standing([letter("STRIPPED", ETD + 3 * DAY)], ETD + 3 * DAY))
    assert [(row.planned, row.expected) for row in rows] == [(ETD, ETD), (ETD, ETD + 3 * DAY)]


def test_a_hold_until_a_release_at_its_time_or_later_and_not_once_delivered():
    held = [*THERE, letter("CUSTOMS_HOLD", ETA + HOUR, SHANGHAI)]
    assert found(held, ETA + DAY, rule("hold")) == {("hold", "CUSTOMS_HOLD")}
    assert found([*held, letter("CUSTOMS_RELEASED", ETA, SHANGHAI)], ETA + DAY, rule("hold")) != set()
    assert found([*held, letter("CUSTOMS_RELEASED", ETA + HOUR, SHANGHAI)], ETA + DAY, rule("hold")) == set()
    assert found([*held, letter("DELIVERED", ETA + 2 * DAY, SHANGHAI)], ETA + 2 * DAY, rule("hold")) == set()


def test_once_delivered_only_the_delivery_can_be_late():
    late = [*SAILED, letter("ARRIVED", ETA + 2 * DAY, SHANGHAI), letter("DELIVERED", ETA + 9 * DAY, SHANGHAI)]
    assert found(late, ETA + 9 * DAY) == {("late", "DELIVERED")}


def test_what_no_line_plans_is_unexpected_and_what_nobody_knows_is_nothing():
    letters = [*SAILED, letter("OFFLOADED", ETD), letter(NO_MILESTONE, ETD)]
    assert found(letters, ETD) == {("unexpected", "OFFLOADED")}


@pytest.mark.parametrize(
    ("shift", "told_at", "expected"),
    [
        (23 * HOUR, ETA - 8 * DAY, ETA + 2 * DAY),
        (25 * HOUR, ETA - 8 * DAY, ETA + 2 * DAY + 25 * HOUR),
        (5 * HOUR, ETA - 3 * DAY, ETA + 2 * DAY),
        (3 * HOUR, ETA + 4 * HOUR, ETA + 2 * DAY + 3 * HOUR),
    ],
)
def test_small_changes_of_an_estimate_move_nothing_else(shift, told_at, expected):
    first, second = ETA + 2 * DAY, ETA + 2 * DAY + shift
    letters = [
        letter("ARRIVED", at, SHANGHAI, is_estimate=True, told_at=told)
        for at, told in ((second, told_at), (first, ETD))
    ]
    rows, _ = rows_of(known(), standing([*SAILED, *letters], ETA))
    assert (rows[3].estimate, rows[4].estimate) == (second, expected + 3 * DAY)
    assert found([*SAILED, *letters], ETA, rule("eta_slip")) == {("eta_slip", "ARRIVED")}
    assert found([*SAILED, *letters], ETA, rule("eta_slip", minimum=2 * DAY + shift + MINUTE)) == set()


def test_it_stands_where_the_last_move_left_it():
    week = rule("dwell", minimum=7 * DAY, warn=5 * DAY)
    assert found(THERE, ETA + 5 * DAY, week) == {("dwell", "ARRIVED")}
    assert found(THERE, ETA + 5 * DAY - MINUTE, week) == set()
    assert found([*THERE, letter("GATE_OUT", ETA, SHANGHAI)], ETA + 9 * DAY, week) == set()


def test_free_time_warns_before_it_ends_and_stops_at_the_gate_of_that_place():
    ends = letter(LAST_FREE_DAY, ETA + 3 * DAY, SHANGHAI, is_estimate=True)
    free = rule("last_free_day", warn=-2 * DAY)
    assert found([*THERE, ends], ETA + DAY, free) == {("last_free_day", "demurrage")}
    assert found([*THERE, ends], ETA + DAY - MINUTE, free) == set()
    assert found([*THERE, ends], ETA + DAY, rule("last_free_day")) == set()
    assert found([*THERE, ends, letter("GATE_OUT", ETA, ROTTERDAM)], ETA + DAY, free) != set()
    assert found([*THERE, ends, letter("GATE_OUT", ETA, SHANGHAI)], ETA + DAY, free) == set()


def test_a_paper_for_the_first_line_that_needs_it():
    lines = (line("DEPARTED", 10, documents=("mbl", "pod")), line("ARRIVED", 20, documents=("mbl",)))
    paper = rule("document_missing", warn=-2 * DAY)
    assert found([], ETD - 2 * DAY, paper, lines=lines) == {("document_missing", "mbl"), ("document_missing", "pod")}
    assert found([], ETD - 2 * DAY - MINUTE, paper, lines=lines) == set()
    assert found([], ETD, paper, lines=lines, papers=frozenset({"mbl"})) == {("document_missing", "pod")}


def test_no_news_when_something_is_overdue_and_nobody_speaks_for_longer_than_usual():
    quiet = rule("no_news", minimum=DAY)
    heard = ETA + 2 * DAY
    assert found(SAILED, heard + 28 * HOUR, quiet, heard_at=heard) == {("no_news", "ARRIVED")}
    assert found(SAILED, heard + 28 * HOUR - MINUTE, quiet, heard_at=heard) == set()
    assert found([], heard + 28 * HOUR, quiet, heard_at=heard) == set()


@pytest.mark.parametrize(("apart", "open_"), [(DAY, set()), (DAY + MINUTE, {("conflict", "DEPARTED")})])
def test_two_sources_disagree_beyond_the_tolerance_and_the_more_trusted_stands(apart, open_):
    letters = [*SAILED, letter("DEPARTED", ETD - apart, source="B")]
    assert found(letters, ETD + HOUR, rule("conflict")) == open_
    assert rows_of(known(), standing(letters, ETD))[0][2].actual == ETD
    assert found(letters, ETD + HOUR, rule("conflict"), trust={"A": 50, "B": 20}) == set()


@pytest.mark.parametrize(("apart", "open_"), [(HOUR, set()), (2 * HOUR, {("duplicate", "DEPARTED")})])
def test_one_source_says_it_again_with_another_time(apart, open_):
    assert found([*SAILED, letter("DEPARTED", ETD + apart)], ETD + DAY, rule("duplicate")) == open_


@pytest.mark.parametrize(("overrun", "open_"), [(0, set()), (9, set()), (10, {("cost_overrun", "cost")})])
def test_costs_by_percent(overrun, open_):
    assert found(SAILED, ETD, rule("cost_overrun", minimum_percent=10), overrun=overrun) == open_


def test_what_was_taken_back_replaced_or_lies_ahead_does_not_stand():
    first = letter("DEPARTED", ETD, own_id="1")
    again = letter("DEPARTED", ETD + HOUR, own_id="1")
    gone = letter("LOADED", ETD, own_id="2")
    ahead = letter("ARRIVED", ETD + 3 * DAY)
    back = letter("LOADED", None, retracts="2")
    assert [told.letter for told in standing([back, first, gone, again, ahead], ETD)] == [again]


def test_rules_of_another_mode_another_milestone_or_under_a_condition_ask_for_nothing():
    now = ETA + 2 * DAY
    others = (rule("overdue", mode="air"), rule("overdue", code="DEPARTED"), rule("overdue", condition=bool))
    assert found(SAILED, now, *others) == set()
    assert found(SAILED, now, *others, rule("overdue", mode="ocean", code="ARRIVED")) == {("overdue", "ARRIVED")}


SATURDAY = datetime(2026, 11, 7, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("changes", "due"),
    [
        ({"offset_minutes": 90}, SATURDAY + 90 * MINUTE),
        ({"offset_minutes": 1440, "is_working": True}, SATURDAY + 2 * DAY),
        ({"offset_minutes": -1440, "is_working": True}, SATURDAY - DAY),
        ({"roll": "next"}, SATURDAY + 2 * DAY),
        ({"roll": "previous"}, SATURDAY - DAY),
        ({"offset_minutes": 2 * 1440, "is_working": True, "roll": "next"}, SATURDAY + 3 * DAY),
        ({"time_of_day": time(8)}, SATURDAY - 3 * HOUR),
    ],
)
def test_due_on_the_calendar_of_the_place(changes, due):
    rows, _ = rows_of(known(line("DEPARTED", 10, PlaceRole.POL, **changes), dates={"etd": SATURDAY}), [])
    assert rows[0].planned == due


def test_scores_count_by_kind():
    wanted = {("S1", "late", "ARRIVED"), ("S2", "late", "ARRIVED"), ("S1", "hold", "X")}
    by_kind = {one.kind: one for one in scores(wanted, {("S1", "late", "ARRIVED"), ("S3", "late", "ARRIVED")})}
    late, hold = by_kind["late"], by_kind["hold"]
    assert (late.wanted, late.opened, late.right, late.precision, late.recall) == (2, 2, 1, 0.5, 0.5)
    assert (hold.precision, hold.recall, by_kind["early"].recall) == (None, 0.0, None)


# Two containers: gate in and gate out each for itself, loaded once all are.
BOXES = frozenset({"U1", "U2"})


def per_box(code, position, **more):
    return [line(code, position, unit=unit, share=2, slot=f"L{position}:{unit}", **more) for unit in sorted(BOXES)]


IN_BOXES = (*per_box("GATE_IN", 10), line("LOADED", 20), line("DEPARTED", 30), *per_box("EMPTY_RETURNED", 40))


def box(code, at, unit):
    return letter(code, at, unit=unit)


def test_what_one_container_did_leaves_nothing_of_another_missing():
    letters = [box("GATE_IN", ETD, "U1"), box("EMPTY_RETURNED", ETD + HOUR, "U1")]
    missing = found(letters, ETD + HOUR, rule("missing"), lines=IN_BOXES, units=BOXES)
    assert missing == set()
    both = [*letters, box("EMPTY_RETURNED", ETD + HOUR, "U2")]
    assert found(both, ETD + HOUR, rule("missing"), lines=IN_BOXES, units=BOXES) == {
        ("missing", "GATE_IN U2"), ("missing", "LOADED"), ("missing", "DEPARTED"),
    }  # fmt: skip


def test_what_stands_once_happened_with_the_last_container_or_by_a_report_of_all():
    one, other = box("LOADED", ETD, "U1"), box("LOADED", ETD + HOUR, "U2")

    def loaded(*letters):
        rows, _ = rows_of(known(*IN_BOXES, units=BOXES), standing(letters, ETD + DAY))
        return [row.actual for row in rows if row.line.code == "LOADED"] + [row.is_reached for row in rows[:2]]

    assert loaded(one) == [None, False, False]
    assert loaded(other, one) == [ETD + HOUR, True, True]
    assert loaded(one, letter("LOADED", ETD + 2 * HOUR)) == [ETD + 2 * HOUR, True, True]


def test_a_report_of_all_is_about_each_container():
    rows, beside = rows_of(known(*IN_BOXES, units=BOXES), standing([letter("GATE_IN", ETD)], ETD))
    assert ([row.actual for row in rows[:2]], beside) == ([ETD, ETD], [])


def test_free_time_goes_on_until_all_containers_are_out():
    ends = letter(LAST_FREE_DAY, ETD, is_estimate=True)
    free = rule("last_free_day")
    out = [box("GATE_OUT", ETD, "U1"), box("GATE_OUT", ETD, "U2")]
    assert found([ends, *out[:1]], ETD, free, units=BOXES) == {("last_free_day", "demurrage")}
    assert found([ends, *out], ETD, free, units=BOXES) == set()
