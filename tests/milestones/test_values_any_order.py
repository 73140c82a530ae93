"""Evidence, steady estimates, preferences and heard arrivals: the same for any order of arrival and any repetition."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from milestones.deciding import decide
from milestones.enums import Evidence, Preference
from milestones.evaluate import evaluate
from milestones.facts import ScoreFact, TransitFact
from milestones.steadying import least_change, steady
from tests.factories.milestones import DAY, ETA, ETD, HOUR, ROTTERDAM, SHANGHAI, event, policy, voyage

LANE = ("NLRTM", "CNSGH", "ocean", None)
ORDERS = st.lists(st.sampled_from(Preference.values), min_size=1, max_size=5, unique=True).map(tuple)


@st.composite
def reports(draw):
    """Near each other in time, so that they confirm, dispute and suppress."""
    code, place, base = draw(st.sampled_from([("DEPARTED", ROTTERDAM, ETD), ("ARRIVED", SHANGHAI, ETA)]))
    is_bare = draw(st.integers(0, 7)) == 0
    source = draw(st.integers(1, 4))
    return event(
        code,
        None if is_bare else base + draw(st.integers(-60, 60)) * HOUR / 2,
        place,
        classifier=draw(st.sampled_from(["ACT", "EST", "EST", "PLN"])),
        source=source,
        partner=source // 2,
        trust=draw(st.sampled_from([20, 50, 50, 90])),
        told_at=ETD - draw(st.integers(0, 12)) * DAY,
        is_manual=draw(st.booleans()),
        is_day=draw(st.integers(0, 5)) == 0,
        is_zone_assumed=draw(st.booleans()),
        is_quarantined=draw(st.integers(0, 8)) == 0,
        source_event_id=draw(st.sampled_from(["", "", "1", "2"])),
        retracts=draw(st.sampled_from(["1", "2"])) if is_bare else "",
    )


@st.composite
def policies(draw):
    orders = {("*", field): draw(ORDERS) for field in ("planned", "estimated", "actual") if draw(st.booleans())}
    transit = {LANE: TransitFact(9, 28 * DAY, 30 * DAY, 33 * DAY)} if draw(st.booleans()) else {}
    score = ScoreFact(7, draw(st.sampled_from([19, 20])), 9 * HOUR, draw(st.sampled_from([8, 9])) * HOUR)
    return policy(preferences=orders, transit=transit, scores={LANE: (score,)})


@given(data=st.data(), events=st.lists(reports(), max_size=10), rules=policies())
@settings(max_examples=300, deadline=None)
def test_any_order_gives_the_same(data, events, rules):
    now = ETD + 5 * DAY
    given_plan = voyage()
    assert evaluate(given_plan, data.draw(st.permutations(events)), rules, now) == evaluate(
        given_plan, events, rules, now
    )


@given(events=st.lists(reports(), max_size=10), rules=policies())
@settings(max_examples=200, deadline=None)
def test_evidence_says_what_there_is(events, rules):
    outcome = evaluate(voyage(), events, rules, ETD + 5 * DAY)
    for value in outcome.milestones:
        if value.actual_at is None:
            assert value.evidence in ("", Evidence.RETRACTED)
        elif value.is_inferred:
            assert value.evidence == Evidence.INFERRED
        else:
            assert value.evidence in (Evidence.CONFIRMED, Evidence.SINGLE, Evidence.MANUAL, Evidence.DISPUTED)
        assert value.decisions.get("actual", {}).get("rule") != "own_history"
    assert 0 <= outcome.summary.completeness <= 100
    assert (outcome.summary.completeness == 100) == (outcome.summary.next_fix is None)


@given(
    moves=st.lists(st.integers(-40, 40), min_size=1, max_size=12),
    ahead=st.sampled_from([timedelta(days=20), timedelta(days=4), timedelta(days=1)]),
)
@settings(max_examples=200, deadline=None)
def test_the_steady_estimate_is_never_further_off_than_the_threshold(moves, ahead):
    """Of one source whose estimates are all told at about the same distance."""
    told = [
        event("ARRIVED", ETA + n * HOUR / 4, SHANGHAI, classifier="EST", told_at=ETA + n * HOUR / 4 - ahead)
        for n in moves
    ]
    held = steady(told, policy())
    standing = decide(told).event
    assert held in told
    assert (
        abs(held.occurred_at - standing.occurred_at) < least_change(standing.occurred_at - standing.told_at, policy())
        or held is standing
    )


@given(events=st.lists(reports().filter(lambda e: e.occurred_at is not None), min_size=1, max_size=8), order=ORDERS)
@settings(max_examples=200, deadline=None)
def test_a_preference_leaves_one_report_and_forgets_none(events, order):
    decision = decide(events, agreement=HOUR, order=order)
    assert sorted([decision.event.id, *decision.losing]) == sorted(e.id for e in events)


@given(events=st.lists(reports().filter(lambda e: e.occurred_at is not None), min_size=1, max_size=8))
@settings(max_examples=200, deadline=None)
def test_the_usual_order_written_out_decides_alike(events):
    usual = decide(events, agreement=HOUR)
    written = decide(events, agreement=HOUR, order=("trust", "corroboration", "recency"))
    assert usual.event is written.event
