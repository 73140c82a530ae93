"""Rule 32 (formats.md 9.4): a milestone of parts is reached when the pieces of distinct reports add up to all."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from milestones.evaluate import evaluate
from milestones.pieces import completed_codes, completing, total_of
from tests.factories.milestones import DAY, ETA, ETD, HOUR, ROTTERDAM, SHANGHAI, SINGAPORE, event, line, plan, policy

NOW = ETA + 20 * DAY


def part(pieces, hours=0, total=12, code="DELIVERED", place=SHANGHAI, **changes):
    said = {"part": "PARTIAL", "pieces": pieces, **({"total_pieces": total} if total else {})}
    return event(code, ETA + hours * HOUR, place, attributes=said, **changes)


def last_of(parts, total=12):
    """The one that completes them, the same in any order."""
    found = {getattr(completing(order, total), "id", None) for order in itertools.permutations(parts)}
    assert len(found) == 1
    return found.pop()


def delivered(events, *lines):
    given_plan = plan(*(lines or [line("DELIVERED", 60)]))
    (outcome, *others) = [evaluate(given_plan, order, policy(), NOW) for order in itertools.permutations(events)]
    assert all(other == outcome for other in others)
    return outcome


def test_rule_32_ten_of_twelve_delivered_is_not_delivered():
    outcome = delivered([part(6), part(4, 5)])
    assert outcome.summary.status == "booked"
    assert [(v.slot, v.state) for v in outcome.milestones] == [("L60", "overdue"), ("X:DELIVERED:CNSGH:1", "reached")]


def test_rule_32_the_last_of_the_pieces_delivers_the_shipment():
    parts = [part(6, id="a"), part(4, 5, id="b"), part(2, 30, id="c")]
    outcome = delivered(parts)
    (value,) = outcome.milestones
    assert (value.actual_at, value.decisions["actual"]) == (
        ETA + 30 * HOUR, {"event": "c", "rule": "all_pieces", "losing": ["a", "b"]},
    )  # fmt: skip
    assert outcome.summary.status == "delivered"


def test_rule_32_the_same_part_sent_again_counts_once():
    sent = part(6, id="a", told_at=ETA)
    again = part(6, id="a2", told_at=ETA + DAY)
    assert last_of([sent, again], 12) is None
    assert last_of([sent, again, part(6, 9, id="b")], 12) == "b"
    # By the same flight at another time: the time was put right.
    by_flight = [part(6, n, id=f"f{n}", journey_number="CX289", told_at=ETA + n * HOUR) for n in (1, 2)]
    assert last_of(by_flight) is None
    assert last_of([*by_flight, part(6, 20, id="g", journey_number="CX291")]) == "g"


def test_rule_32_two_lines_of_one_message_in_one_minute_are_two_parts():
    lines = [part(8, id="a", position=0, told_at=ETA), part(4, id="b", position=1, told_at=ETA)]
    assert last_of(lines) in ("a", "b")
    corrected = [part(8, told_at=ETA), part(4, told_at=ETA + HOUR)]
    assert last_of(corrected) is None


def test_rule_32_two_sources_that_tell_the_same_parts_do_not_make_more_of_them():
    ours = [part(6, id="a"), part(3, 5, id="b")]
    theirs = [part(6, 1, id="c", source=2), part(3, 6, id="d", source=2)]
    assert last_of([*ours, *theirs]) is None
    assert last_of([*ours, *theirs, part(3, 9, id="e", source=2)]) == "e"


def test_rule_32_parts_by_different_flights_add_up_whoever_tells_them():
    first = part(6, id="a", code="RECEIVED_TRANSIT", journey_number="CX289")
    second = part(6, 20, id="b", code="RECEIVED_TRANSIT", journey_number="CX291", source=2)
    assert last_of([first, second]) == "b"


def test_rule_32_a_piece_that_passes_two_places_is_one_piece():
    parts = [part(6, code="RECEIVED_TRANSIT", place=SINGAPORE, id="a"),
             part(6, 9, code="RECEIVED_TRANSIT", place=SHANGHAI, id="b")]  # fmt: skip
    assert last_of(parts) is None
    assert last_of([*parts, part(6, 5, code="RECEIVED_TRANSIT", place=SINGAPORE, id="c")]) == "c"
    # But it is delivered once, wherever that is.
    assert last_of([part(6, place=SINGAPORE, id="a"), part(6, 9, place=SHANGHAI, id="b")]) == "b"


def test_rule_32_without_a_total_of_its_own_the_shipments_counts():
    parts = [part(5, total=0, id="a"), part(7, 5, total=0, id="b")]
    assert delivered(parts).summary.status == "booked"
    whole = event("LOADED", ETD, ROTTERDAM, attributes={"pieces": 12})
    assert delivered([*parts, whole]).summary.status == "delivered"
    assert delivered([parts[0], whole]).summary.status != "delivered"


def test_rule_32_a_report_of_the_whole_goes_before_its_parts():
    whole = event("DELIVERED", ETA + 50 * HOUR, SHANGHAI, id="w", attributes={"part": "TOTAL", "pieces": 12})
    (value,) = delivered([part(6, id="a"), part(6, 5, id="b"), whole]).milestones
    assert value.decisions["actual"] == {"event": "w", "rule": "only", "losing": ["a", "b"]}


def test_rule_32_what_comes_when_all_are_there_stands_beside_the_plan():
    outcome = delivered([part(6), part(6, 5), part(2, 9)])
    assert [(v.slot, v.actual_at) for v in outcome.milestones] == [
        ("L60", ETA + 5 * HOUR), ("X:DELIVERED:CNSGH:1", ETA + 9 * HOUR),
    ]  # fmt: skip


def test_rule_32_without_a_line_all_parts_deliver_the_shipment_too():
    only = line("LOADED", 10)
    assert delivered([part(6), part(6, 5)], only).summary.status == "delivered"
    assert delivered([part(6), part(4, 5)], only).summary.status == "booked"


@pytest.mark.parametrize(
    ("attributes", "total"),
    [
        ({"pieces": 12}, 12),
        ({"pieces": "12"}, 12),
        ({"part": "PARTIAL", "pieces": 12}, 0),
        ({"part": "PARTIAL", "pieces": 2, "total_pieces": 12}, 12),
        ({"pieces": -3}, 0),
        ({"pieces": True}, 0),
        ({"pieces": "many"}, 0),
        ({}, 0),
    ],
)
def test_how_many_pieces_there_are(attributes, total):
    assert total_of([event("LOADED", ETD, attributes=attributes)]) == total
    assert total_of([event("LOADED", ETD, attributes={"pieces": 5}, unit="MSKU1")]) == 0


def test_nothing_is_complete_without_a_total_or_without_pieces():
    assert completing([part(12)], 0) is None
    assert completing([event("DELIVERED", ETA, attributes={"part": "PARTIAL"})], 1) is None
    assert completed_codes([event("DELIVERED", ETA)]) == set()


@given(data=st.data(), pieces=st.lists(st.integers(1, 9), min_size=1, max_size=7))
def test_rule_32_any_split_is_whole_with_its_last_part_and_not_before(data, pieces):
    total = sum(pieces)
    parts = [part(count, hours, total=total, id=str(hours)) for hours, count in enumerate(pieces)]
    again = [part(count, hours, total=total, told_at=ETA + 9 * DAY) for hours, count in enumerate(pieces)]
    sent = data.draw(st.permutations(parts + again[: data.draw(st.integers(0, len(again)))]))
    found = completing(sent, total)
    assert found.occurred_at == ETA + (len(pieces) - 1) * HOUR
    missing = data.draw(st.integers(0, len(pieces) - 1))
    left = [report for report in sent if report.occurred_at != ETA + missing * HOUR]
    assert completing(left, total) is None
