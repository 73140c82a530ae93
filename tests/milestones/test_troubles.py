"""Each kind of exception: it opens, it does not open just below, it closes, the same in any order."""

from __future__ import annotations

import itertools
from decimal import Decimal

import pytest

from milestones.enums import ExceptionKind, PlaceRole
from milestones.evaluate import evaluate
from milestones.facts import MoneyFact
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


# --- Early, out of sequence, unexpected, slip ---


@pytest.mark.parametrize(
    ("before", "found"), [(2 * DAY, [("early", "L40", "breach")]), (2 * DAY - MINUTE, []), (DAY, [])]
)
def test_early_from_so_long_before_the_plan(before, found):
    early = rule(ExceptionKind.EARLY, minimum=2 * DAY, code="ARRIVED")
    assert opened(voyage(), sailed(estimated("ARRIVED", ETA - before, SHANGHAI, told_at=ETD)), ETD, early) == found


def test_out_of_sequence_names_what_comes_first():
    events = [event("GATE_IN", ETD - 2 * DAY, ROTTERDAM), event("LOADED", ETD + 6 * HOUR, ROTTERDAM),
              event("DEPARTED", ETD, ROTTERDAM)]  # fmt: skip
    askew = rule(ExceptionKind.OUT_OF_SEQUENCE, minimum=6 * HOUR)
    assert opened(voyage(), events, ETD + DAY, askew) == [("out_of_sequence", "L30", "breach")]
    case = the_case(voyage(), events, ETD + DAY, askew)
    assert (case.facts["other"], case.facts["cause"], case.audience) == ("Loaded", "wrong_order", "internal")
    assert sorted(case.facts["evidence"]) == sorted(e.id for e in events[1:])
    assert opened(voyage(), events, ETD + DAY, rule(ExceptionKind.OUT_OF_SEQUENCE, minimum=6 * HOUR + MINUTE)) == []


def test_out_of_sequence_is_measured_by_what_was_reported_not_by_what_only_follows():
    at_the_end = plan(line("DISCHARGED", 10), line("STRIPPED", 20), line("CUSTOMS_RELEASED", 30), line("DELIVERED", 40))
    events = [event("STRIPPED", ETD + HOUR), event("CUSTOMS_RELEASED", ETD), event("DELIVERED", ETD + 20 * HOUR)]
    askew = rule(ExceptionKind.OUT_OF_SEQUENCE, minimum=HOUR)
    case = the_case(at_the_end, events, ETD + DAY, askew)
    assert (case.facts["other"], case.slot) == ("Stripped", "L30")
    assert sorted(case.facts["evidence"]) == sorted(e.id for e in events[:2])
    assert opened(at_the_end, events, ETD + DAY, rule(ExceptionKind.OUT_OF_SEQUENCE, minimum=HOUR + MINUTE)) == []


def test_what_is_not_planned_is_asked_for_by_its_code():
    rolled = event("OFFLOADED", ETD, ROTTERDAM, attributes={"reason": "Overbooked"})
    events = [event("GATE_IN", ETD - 2 * DAY, ROTTERDAM), rolled]
    asked = rule(ExceptionKind.UNEXPECTED, code="OFFLOADED")
    slot = "X:OFFLOADED:NLRTM:1"
    assert opened(voyage(), events, ETD + HOUR, asked) == [("unexpected", slot, "breach")]
    case = the_case(voyage(), events, ETD + HOUR, asked)
    assert (case.facts["reason"], case.facts["evidence"], case.audience) == ("Overbooked", [rolled.id], "partner")
    assert opened(voyage(), events, ETD + HOUR, rule(ExceptionKind.UNEXPECTED, code="DAMAGED")) == []


@pytest.mark.parametrize(
    ("later", "stage"),
    [(12 * HOUR - MINUTE, ""), (12 * HOUR, "warning"), (DAY, "breach"), (4 * DAY, "escalated")],
)
def test_an_arrival_slips_from_what_was_first_expected(later, stage):
    slip = rule(ExceptionKind.ETA_SLIP, warn=12 * HOUR, minimum=DAY, escalate=4 * DAY)
    events = sailed(estimated("ARRIVED", ETA + later, SHANGHAI, told_at=ETD))
    assert opened(voyage(), events, ETD, slip) == ([("eta_slip", "L40", stage)] if stage else [])
    arrived = [*events, event("ARRIVED", ETA + later, SHANGHAI)]
    assert opened(voyage(), arrived, ETA + 5 * DAY, slip) == []


# --- Standing ---


@pytest.mark.parametrize(
    ("after", "stage"),
    [(5 * DAY - MINUTE, ""), (5 * DAY, "warning"), (7 * DAY - MINUTE, "warning"), (7 * DAY, "breach"),
     (14 * DAY, "escalated")],
)  # fmt: skip
def test_freight_dwells_from_the_last_thing_that_moved_it(after, stage):
    dwell = rule(ExceptionKind.DWELL, warn=5 * DAY, minimum=7 * DAY, escalate=14 * DAY)
    gate = event("GATE_IN", ETD, ROTTERDAM)
    assert opened(voyage(), [gate], ETD + after, dwell) == ([("dwell", "L10", stage)] if stage else [])
    assert opened(voyage(), [gate, event("DEPARTED", ETD + DAY, ROTTERDAM)], ETD + after, dwell) == []


def test_the_next_look_comes_with_each_stage_of_dwelling():
    dwell = rule(ExceptionKind.DWELL, warn=5 * DAY, minimum=7 * DAY, escalate=14 * DAY)
    given = plan(line("DELIVERED", 60, is_mandatory=False))
    gate, moments = event("GATE_IN", ETD, ROTTERDAM), []
    now = ETD
    while (outcome := evaluate(given, [gate], policy(dwell), now)).next_check_at:
        now = outcome.next_check_at
        moments.append((now - ETD, [c.stage for c in evaluate(given, [gate], policy(dwell), now).cases]))
    assert moments == [(5 * DAY, ["warning"]), (7 * DAY, ["breach"]), (14 * DAY, ["escalated"])]


def test_dwelling_where_no_line_is_has_a_slot_of_its_own():
    given = plan(line("DELIVERED", 60))
    case = the_case(
        given, [event("ARRIVED", ETD, SINGAPORE)], ETD + 8 * DAY, rule(ExceptionKind.DWELL, minimum=7 * DAY)
    )
    assert (case.slot, case.summary) == ("D:SGSIN", "ARRIVED: nothing has happened since (SGSIN)")


FREE = rule(ExceptionKind.LAST_FREE_DAY, warn=-2 * DAY, escalate=DAY)
LFD = {"deadline": "LFD_DEMURRAGE"}


def free_until(at, **changes):
    return event("INFO", at, SHANGHAI, classifier="PLN", attributes=LFD, told_at=ETA, **changes)


@pytest.mark.parametrize(
    ("now", "stage"),
    [(-2 * DAY - MINUTE, ""), (-2 * DAY, "warning"), (-MINUTE, "warning"), (0 * DAY, "breach"), (DAY, "escalated")],
)
def test_the_last_free_day_warns_before_it_and_is_breached_after_it(now, stage):
    ends = ETA + 6 * DAY
    events = [event("DISCHARGED", ETA, SHANGHAI), free_until(ends)]
    found = [("last_free_day", "F:demurrage:", stage)] if stage else []
    assert opened(voyage(), events, ends + now, FREE) == found
    assert opened(voyage(), [*events, event("GATE_OUT", ETA + DAY, SHANGHAI)], ends + now, FREE) == []


def test_of_two_last_free_days_the_earlier_counts_and_of_one_source_the_later_word():
    first = free_until(ETA + 6 * DAY)
    other = free_until(ETA + 4 * DAY, source=2)
    events = [event("DISCHARGED", ETA, SHANGHAI), first, other]
    case = the_case(voyage(), events, ETA + 4 * DAY, FREE)
    assert (case.facts["ends_at"], case.facts["evidence"]) == ((ETA + 4 * DAY).isoformat(), [other.id])
    longer = free_until(ETA + 9 * DAY, source=2)
    longer.told_at = ETA + HOUR
    assert the_case(voyage(), [*events, longer], ETA + 5 * DAY, FREE).facts["evidence"] == [first.id]


@pytest.mark.parametrize(
    ("said", "is_day", "ends"),
    [
        ({"deadline": "FREE_TIME"}, True, ETA + DAY),
        ({"deadline": "FREE_TIME expired"}, True, ETA),
        ({"last_free_day": "2026-12-05"}, False, ETA.replace(day=6, hour=0)),
        ({"lfd": "2026-12-05T10:00:00+00:00"}, False, ETA.replace(day=5, hour=10)),
        ({"free_until": "2026-12-05T10:00:00"}, False, ETA.replace(day=5, hour=10)),
    ],
)
def test_how_senders_say_the_last_free_day(said, is_day, ends):
    told = event("INFO", ETA, SHANGHAI, attributes=said, is_day=is_day)
    case = the_case(voyage(), [event("DISCHARGED", ETA, SHANGHAI), told], ends, FREE)
    assert (case.facts["ends_at"], case.facts["cause"]) == (ends.isoformat(), "free_time_over")


@pytest.mark.parametrize("said", [{"last_free_day": "soon"}, {"deadline": "SOMETHING"}, {"agency": "CBP"}])
def test_what_is_no_last_free_day_opens_nothing(said):
    assert opened(voyage(), [event("INFO", ETA, SHANGHAI, attributes=said)], ETA + DAY, FREE) == []


def test_each_container_has_a_last_free_day_of_its_own():
    units = frozenset({"MSKU1", "MSKU2"})
    events = [
        event("DISCHARGED", ETA, SHANGHAI),
        free_until(ETA + DAY, unit="MSKU1"),
        free_until(ETA + DAY, unit="MSKU2"),
        event("GATE_OUT", ETA + HOUR, SHANGHAI, unit="MSKU1"),
    ]
    assert opened(voyage(units=units), events, ETA + DAY, FREE) == [("last_free_day", "F:demurrage:MSKU2", "breach")]
    of_all = [events[0], free_until(ETA + DAY), events[3]]
    assert opened(voyage(units=units), of_all, ETA + DAY, FREE) == [("last_free_day", "F:demurrage:", "breach")]
    both = [*of_all, event("GATE_OUT", ETA + HOUR, SHANGHAI, unit="MSKU2")]
    assert opened(voyage(units=units), both, ETA + DAY, FREE) == []


def test_the_clock_of_the_equipment_runs_until_it_is_returned():
    per_diem = event("INFO", ETA + DAY, classifier="PLN", attributes={"deadline": "LFD_PER_DIEM"}, told_at=ETA)
    events = [event("DISCHARGED", ETA, SHANGHAI), per_diem, event("GATE_OUT", ETA, SHANGHAI)]
    assert opened(voyage(), events, ETA + DAY, FREE) == [("last_free_day", "F:per_diem:", "breach")]
    assert opened(voyage(), [*events, event("EMPTY_RETURNED", ETA)], ETA + DAY, FREE) == []


# --- Reports ---

NEWS = rule(ExceptionKind.NO_NEWS, minimum=DAY)
DEPARTS = plan(line("DEPARTED", 30, PlaceRole.POL))


@pytest.mark.parametrize(
    ("now", "found"),
    [
        (ETD + 2 * DAY + 4 * HOUR, []),
        (ETD + 3 * DAY + 4 * HOUR - MINUTE, []),
        (ETD + 3 * DAY + 4 * HOUR, [("no_news", "N:1", "breach")]),
    ],
)
def test_no_news_counts_from_the_end_of_the_sources_own_delay(now, found):
    # Heard last two days after it was due; usually four hours late.
    events = [event("IN_TRANSIT", ETD, received_at=ETD + 2 * DAY)]
    assert opened(DEPARTS, events, now, NEWS, latency={1: 4 * HOUR}) == found


def test_no_news_is_about_a_source_and_something_that_is_due():
    silent = event("IN_TRANSIT", ETD, received_at=ETD)
    case = the_case(DEPARTS, [silent], ETD + 4 * DAY, NEWS)
    assert (case.facts["cause"], case.facts["source"], case.audience) == ("source_silent", 1, "internal")
    assert opened(DEPARTS, [], ETD + 9 * DAY, NEWS) == []
    assert opened(DEPARTS, [silent, event("DEPARTED", ETD, ROTTERDAM, received_at=ETD)], ETD + 9 * DAY, NEWS) == []


def test_a_source_that_was_noticed_to_be_silent_needs_no_delay_of_its_own():
    late = event("IN_TRANSIT", ETD, received_at=ETD + 2 * DAY)
    slow = {"latency": {1: 30 * DAY}}
    assert opened(DEPARTS, [late], ETD + 4 * DAY, NEWS, **slow) == []
    found = opened(DEPARTS, [late], ETD + 4 * DAY, NEWS, silences={1: ETD + 2 * DAY}, **slow)
    assert found == [("no_news", "N:1", "breach")]


CONFLICT = rule(ExceptionKind.CONFLICT, minimum=6 * HOUR)


@pytest.mark.parametrize(
    ("apart", "trust", "found"),
    [
        (2 * DAY, 50, [("conflict", "L30", "breach")]),
        (2 * DAY, 60, [("conflict", "L30", "breach")]),
        (2 * DAY, 10, []),
        (DAY, 50, []),
    ],
)
def test_two_trusted_sources_that_differ_by_more_than_the_tolerance(apart, trust, found):
    one = event("DEPARTED", ETD, ROTTERDAM, told_at=ETD + 3 * DAY)
    other = event("DEPARTED", ETD + apart, ROTTERDAM, source=2, trust=trust, told_at=ETD + 3 * DAY)
    assert opened(DEPARTS, [one, other], ETD + 4 * DAY, CONFLICT) == found


@pytest.mark.parametrize(("units", "found"), [(("MSKU1", "MSKU2"), []), (("MSKU1",), [("conflict", "L30", "breach")])])
def test_of_one_container_it_does_not_matter_whether_a_report_names_it(units, found):
    gone = plan(line("DEPARTED", 30, PlaceRole.POL), units=frozenset(units))
    one = event("DEPARTED", ETD, ROTTERDAM, unit="MSKU1", told_at=ETD + 3 * DAY)
    other = event("DEPARTED", ETD + 2 * DAY, ROTTERDAM, source=2, told_at=ETD + 3 * DAY)
    assert opened(gone, [one, other], ETD + 4 * DAY, CONFLICT) == found


def test_a_conflict_is_for_the_house_and_names_both_reports():
    one = event("DEPARTED", ETD, ROTTERDAM, told_at=ETD + 3 * DAY)
    other = event("DEPARTED", ETD + 2 * DAY, ROTTERDAM, source=2, told_at=ETD + 3 * DAY)
    case = the_case(DEPARTS, [one, other], ETD + 4 * DAY, CONFLICT)
    assert case.audience == "internal"
    assert case.facts["evidence"] == sorted([one.id, other.id])
    assert {case.facts["source"], case.facts["other_source"]} == {1, 2}


@pytest.mark.parametrize(("apart", "found"), [(6 * HOUR, 1), (6 * HOUR - MINUTE, 0), (HOUR, 0)])
def test_one_source_that_reports_it_again_with_another_time(apart, found):
    again = rule(ExceptionKind.DUPLICATE, minimum=6 * HOUR)
    events = [event("DEPARTED", ETD, ROTTERDAM), event("DEPARTED", ETD + apart, ROTTERDAM)]
    assert opened(DEPARTS, events, ETD + DAY, again) == [("duplicate", "L30", "breach")] * found
    # What is said once more in the same words is merged and no case; nor is what another source says.
    assert opened(DEPARTS, [events[0], event("DEPARTED", ETD, ROTTERDAM)], ETD + DAY, again) == []
    others = [events[0], event("DEPARTED", ETD + apart, ROTTERDAM, source=2)]
    assert opened(DEPARTS, others, ETD + DAY, again) == []


def test_a_report_that_corrects_itself_by_its_id_is_no_duplicate():
    events = [event("DEPARTED", ETD, ROTTERDAM, source_event_id="7"),
              event("DEPARTED", ETD + DAY, ROTTERDAM, source_event_id="7", told_at=ETD + 2 * DAY)]  # fmt: skip
    assert opened(DEPARTS, events, ETD + 2 * DAY, rule(ExceptionKind.DUPLICATE)) == []


# --- Papers, money, conditions ---

PAPER = rule(ExceptionKind.DOCUMENT, warn=-2 * DAY, escalate=2 * DAY)


def papers(*there):
    given = plan(line("LOADED", 20, documents=("mbl", "packing_list")), line("DEPARTED", 30, documents=("mbl",)))
    given.documents = frozenset(there)
    return given


@pytest.mark.parametrize(
    ("now", "stage"),
    [(-2 * DAY - MINUTE, ""), (-2 * DAY, "warning"), (0 * DAY, "breach"), (2 * DAY, "escalated")],
)
def test_a_document_is_missing_once_for_the_first_line_that_needs_it(now, stage):
    found = opened(papers(), [], ETD + now, PAPER)
    assert found == (
        [("document_missing", "P:mbl", stage), ("document_missing", "P:packing_list", stage)] if stage else []
    )
    assert opened(papers("mbl", "packing_list"), [], ETD + now, PAPER) == []
    assert [slot for _k, slot, _s in opened(papers("mbl"), [], ETD, PAPER)] == ["P:packing_list"]


def test_a_line_that_is_reached_needs_its_documents_at_once():
    case = the_case(papers("packing_list"), [event("LOADED", ETD - 5 * DAY)], ETD - 5 * DAY, PAPER)
    assert (case.stage, case.facts["document"], case.audience) == ("breach", "mbl", "internal")


@pytest.mark.parametrize(
    ("expected", "cost", "found"),
    [
        (Decimal(1000), Decimal("1100.00"), 1),
        (Decimal(1000), Decimal("1099.99"), 0),
        (Decimal(1000), Decimal(900), 0),
        (None, Decimal(900), 0),
        (Decimal(1000), None, 0),
        (Decimal(0), Decimal(900), 0),
    ],
)
def test_a_cost_overrun_from_so_many_percent(expected, cost, found):
    given = plan(line("DEPARTED", 30))
    given.money = MoneyFact("EUR", expected, cost)
    over = rule(ExceptionKind.COST_OVERRUN, minimum_percent=10)
    assert opened(given, [], ETD - 9 * DAY, over) == [("cost_overrun", "M:cost", "breach")] * found


def test_the_words_of_a_cost_overrun_hold_no_money():
    given = plan(line("DEPARTED", 30))
    given.money = MoneyFact("EUR", Decimal(1000), Decimal(2500))
    case = the_case(given, [], ETD - 9 * DAY, rule(ExceptionKind.COST_OVERRUN))
    assert (case.summary, case.audience) == ("It costs more than was reckoned with", "internal")
    assert (case.facts["percent"], case.facts["money"]["cost"]) == (150, "2500")
    assert evaluate(plan(line("DEPARTED", 30)), [], policy(rule(ExceptionKind.COST_OVERRUN)), ETD).cases == ()


def conditional(kind, holds, **changes):
    return rule(kind, condition=lambda row: holds, names=frozenset({"milestone.code"}), **changes)


def test_a_condition_of_ones_own_opens_a_case_of_the_shipment_or_of_its_milestones():
    kind = ExceptionKind.CONDITION
    assert opened(voyage(), [], ETD - 9 * DAY, conditional(kind, True)) == [("condition", "C", "breach")]
    assert opened(voyage(), [], ETD - 9 * DAY, conditional(kind, False)) == []
    of_row = conditional(kind, True, code="LOADED", name="loading")
    assert opened(voyage(), [], ETD - 9 * DAY, of_row) == [("condition", "L20", "breach")]
    assert the_case(voyage(), [], ETD - 9 * DAY, of_row).summary == "loading: Loaded"
    two = [conditional(kind, True, name="a"), conditional(kind, True, name="b")]
    assert len(opened(voyage(), [], ETD - 9 * DAY, *two)) == 2


def test_a_condition_narrows_any_rule_and_is_more_specific_than_a_milestone():
    narrow = conditional(ExceptionKind.OVERDUE, True, name="narrow")
    by_code = rule(ExceptionKind.OVERDUE, code="DEPARTED", mode="ocean", name="by code")
    assert the_case(DEPARTS, [], ETD + 2 * DAY, narrow, by_code).rule.name == "narrow"
    narrow = conditional(ExceptionKind.OVERDUE, False, name="narrow")
    assert the_case(DEPARTS, [], ETD + 2 * DAY, narrow, by_code).rule.name == "by code"
