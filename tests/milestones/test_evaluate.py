from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from milestones.enums import ExceptionKind
from milestones.evaluate import evaluate
from milestones.facts import LegFact
from milestones.planning import route
from tests.factories.milestones import (
    BOOKED,
    DAY,
    ETD,
    HOUR,
    ROTTERDAM,
    SHANGHAI,
    SINGAPORE,
    estimated,
    event,
    planned,
    policy,
    rule,
    voyage,
)

BEFORE = ETD - 10 * DAY


KINDS = [rule(kind, task="Ask") for kind in ExceptionKind]
ACT, EST, PLN = event, estimated, planned


def test_what_is_set_aside_says_why():
    outcome = evaluate(voyage(), [ACT("DEPARTED", BOOKED - 40 * DAY, ROTTERDAM, id="old")], policy(), ETD)
    assert outcome.set_aside == [("old", "It is said to have happened long before the booking.")]


PLACES = st.sampled_from([ROTTERDAM, SHANGHAI, SINGAPORE, None])
CODES = st.sampled_from(
    [
        "GATE_IN",
        "LOADED",
        "DEPARTED",
        "ARRIVED",
        "DISCHARGED",
        "DELIVERED",
        "CUSTOMS_HOLD",
        "CUSTOMS_RELEASED",
        "CANCELLED",
        "BOOKED",
        "IN_TRANSIT",
    ]
)
HOURS = st.integers(-40 * 24, 60 * 24)
# Parts of twelve pieces, some of them by a flight, and reports of the whole.
PARTS = st.one_of(
    st.just({}),
    st.builds(
        lambda pieces, total: {"part": "PARTIAL", "pieces": pieces, **({"total_pieces": total} if total else {})},
        st.sampled_from([3, 4, 6, 12]), st.sampled_from([0, 12]),
    ),
    st.just({"part": "TOTAL", "pieces": 12}),
    st.just({"movement": "TRANSSHIPMENT"}),
)  # fmt: skip
LEGS = (
    LegFact(1, "ocean", ROTTERDAM, SINGAPORE, frozenset({"1W", "9321483"})),
    LegFact(2, "ocean", SINGAPORE, SHANGHAI, frozenset({"2E"})),
)
# What customs mappings say of their codes: who, what is granted, taken back or needs that nothing is held.
CUSTOMS = st.sampled_from(
    [
        {},
        {},
        {"agency": "CBP", "grants": "1C+ENTERED+RELEASED", "unless_held": "1"},
        {"agency": "CBP", "reverses": "1C"},
        {"agency": "CBP", "reverses": "ENTERED+RELEASED", "bill": "B1"},
        {"agency": "CBP", "clears": "CUSTOMS_HOLD", "hold": "POD"},
        {"agency": "USDA", "hold": "AGRICULTURE"},
    ]
)


@st.composite
def reports(draw):
    occurred = ETD + draw(HOURS) * HOUR
    is_bare = draw(st.integers(0, 9)) == 0
    return event(
        draw(CODES),
        None if is_bare else occurred,
        draw(PLACES),
        classifier=draw(st.sampled_from(["ACT", "ACT", "EST", "PLN"])),
        source=draw(st.integers(1, 3)),
        trust=draw(st.sampled_from([40, 50])),
        told_at=ETD + draw(st.integers(0, 3)) * HOUR,
        unit=draw(st.sampled_from(["", "A", "B"])),
        attributes={**draw(PARTS), **draw(CUSTOMS)},
        journey_number=draw(st.sampled_from(["", "", "1W", "2E", "9X"])),
        vessel=draw(st.sampled_from(["", "9321483"])),
        source_event_id=draw(st.sampled_from(["", "1", "2", "3"])),
        retracts=draw(st.sampled_from(["1", "2"])) if is_bare else draw(st.sampled_from(["", "", "", "3"])),
    )


@given(
    data=st.data(), events=st.lists(reports(), max_size=12), units=st.sampled_from([frozenset(), frozenset("AB")]),
    legs=st.sampled_from([(), LEGS]),
)  # fmt: skip
@settings(max_examples=300, deadline=None)
def test_any_order_gives_the_same(data, events, units, legs):
    given_plan = voyage(units=units, route=route(ROTTERDAM, SHANGHAI, legs))
    rules = policy(*KINDS)
    now = ETD + data.draw(HOURS) * HOUR
    assert evaluate(given_plan, data.draw(st.permutations(events)), rules, now) == evaluate(
        given_plan, events, rules, now
    )


@given(events=st.lists(reports(), max_size=12), hours=HOURS)
@settings(max_examples=200, deadline=None)
def test_what_comes_out_holds_together(events, hours):
    outcome = evaluate(voyage(), events, policy(*KINDS), ETD + hours * HOUR)
    for value in outcome.milestones:
        assert (value.state == "reached") == (value.actual_at is not None)
        assert value.is_inferred == (value.decisions.get("actual", {}).get("rule") == "inferred")
    assert len({value.slot for value in outcome.milestones}) == len(outcome.milestones)
    assert len({(case.rule.id, case.slot) for case in outcome.cases}) == len(outcome.cases)
    rolled = outcome.summary
    assert 0 <= rolled.done <= rolled.total == len(rolled.strip)
    assert 0 <= rolled.progress <= 100
    assert outcome.next_check_at is None or outcome.next_check_at > ETD + hours * HOUR
