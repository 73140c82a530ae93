"""A rule replayed on one shipment, and what is counted of many."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from milestones.facts import EventFact, Plan, Policy
from milestones.replaying import MOST_LOOKS, Hit, Replay, Window, replay
from milestones.tallying import EXAMPLES, Tally, Tried
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

START, END = ETD - 10 * DAY, ETA + 30 * DAY
MINUTE = timedelta(minutes=1)


def told(*events: EventFact) -> list[tuple[datetime, EventFact]]:
    return sorted(((each.told_at, each) for each in events), key=lambda pair: pair[0])


def hits(made: Replay) -> list[tuple[str, datetime, datetime | None]]:
    return [(hit.slot, hit.opened_at, hit.closed_at) for hit in made.hits]


def run(made: Plan, known: Sequence[tuple[datetime, EventFact]], rules: Policy, **window: Any) -> Replay:
    return replay(made, known, rules, Window(**{"since": START, "until": END, **window}))


def test_a_case_opens_when_time_alone_makes_it_and_closes_with_the_report() -> None:
    departed = event("DEPARTED", ETD + 2 * DAY, ROTTERDAM, told_at=ETD + 3 * DAY)
    made = run(plan(line("DEPARTED")), told(departed), policy(rule("overdue")))
    assert hits(made) == [("L10", ETD + DAY + MINUTE, ETD + 3 * DAY)]
    assert (made.is_cut, made.looks) == (False, 4)  # begin, overdue, report, end


def test_a_report_is_not_known_before_it_is_told() -> None:
    early = event("DEPARTED", ETD, ROTTERDAM, told_at=END + DAY)
    made = run(plan(line("DEPARTED")), told(early), policy(rule("overdue")))
    assert hits(made) == [("L10", ETD + DAY + MINUTE, None)]


def test_what_was_open_before_the_window_stands() -> None:
    made = run(plan(line("DEPARTED")), [], policy(rule("overdue")), since=ETD + 5 * DAY, began_before=True)
    assert [(hit.opened_at, hit.is_standing) for hit in made.hits] == [(ETD + 5 * DAY, True)]
    fresh = run(plan(line("DEPARTED")), [], policy(rule("overdue")), since=ETD + 5 * DAY)
    assert [hit.is_standing for hit in fresh.hits] == [False]


def test_a_case_that_comes_again_is_another_hit() -> None:
    late, soon, again = (
        estimated("ARRIVED", ETA + days * DAY, SHANGHAI, told_at=ETD + told_on * DAY)
        for days, told_on in ((5, 1), (0, 2), (6, 3))
    )
    made = run(voyage(), told(late, soon, again), policy(rule("late", code="ARRIVED")), until=ETD + 4 * DAY)
    assert hits(made) == [("L40", ETD + DAY, ETD + 2 * DAY), ("L40", ETD + 3 * DAY, None)]


def test_the_first_plan_is_kept_through_a_replay() -> None:
    made = plan(line("DEPARTED"))
    run(made, [], policy(rule("overdue")))
    assert made.baselines == {"L10": ETD}


def test_a_window_that_is_empty_is_one_look() -> None:
    made = run(plan(line("DEPARTED")), [], policy(), since=END)
    assert (made.looks, made.hits) == (1, [])


def test_a_shipment_that_is_looked_at_for_ever_is_cut_short() -> None:
    many = [event("IN_TRANSIT", ETD + n * MINUTE, told_at=ETD + n * MINUTE) for n in range(MOST_LOOKS + 50)]
    made = run(plan(line("DELIVERED", anchor="eta")), told(*many), policy())
    assert (made.is_cut, made.looks) == (True, MOST_LOOKS)


# --- Counting --------------------------------------------------------------------------------------------------------


def tried(*made: Hit, reports: Sequence[EventFact] = (), is_acted_on: bool = False, **more: Any) -> Tried:
    """A shipment with these hits, that ended as the reports say."""
    replayed = run(voyage(), told(*reports), policy())
    return Tried("id-1", "S-1", is_acted_on, Replay(replayed.end, list(made), **more))


def ended(days_late: int) -> list[EventFact]:
    return [
        event("ARRIVED", ETA + days_late * DAY, SHANGHAI),
        event("DELIVERED", ETA + (4 + days_late) * DAY, SHANGHAI),
    ]


def tally(*shipments: Tried) -> Tally:
    made = Tally()
    for each in shipments:
        made = Tally.of(made.stored())
        made.add(each, END)
    return made


def test_hits_are_counted_by_week_and_length() -> None:
    monday = datetime.fromisoformat("2026-11-02T00:00:00+00:00")
    made = tally(
        tried(
            Hit("L10", "Late", monday, monday + HOUR),
            Hit("L10", "Late", monday + 6 * DAY, monday + 6 * DAY + 125 * MINUTE),
            Hit("L20", "Late", monday + 7 * DAY),
        ),
        tried(Hit("L10", "Late", monday, None, is_standing=True)),
        tried(),
    )
    assert (made.shipments, made.hit_shipments, made.opened, made.standing, made.still_open) == (3, 2, 3, 1, 2)
    assert made.weeks == {"2026-11-02": 2, "2026-11-09": 1}
    # 125 minutes and what is open to the end, in two digits.
    assert made.spans == {"60": 1, "120": 1, "78000": 1}
    assert made.median_minutes == 120
    assert tally().median_minutes is None


def test_a_late_end_without_a_case_is_missed_and_a_case_on_a_good_one_is_noise() -> None:
    hit = Hit("L10", "Late", ETD, ETD + HOUR)
    made = tally(
        tried(reports=ended(0)),
        tried(hit, reports=ended(0)),
        tried(hit, reports=ended(0), is_acted_on=True),
        tried(hit, hit, reports=ended(9)),
        tried(reports=ended(9)),
        tried(hit),
    )
    assert (made.ended, made.late, made.missed) == (5, 2, 1)
    assert (made.settled, made.noise, made.acted_on) == (4, 1, 1)
    assert made.missed_examples == [{"id": "id-1", "reference": "S-1"}]


def test_examples_are_few_and_say_what_happened() -> None:
    made = tally(*[tried(Hit("L10", "Late", ETD, ETD + HOUR), reports=ended(9)) for _ in range(EXAMPLES + 1)])
    assert len(made.examples) == EXAMPLES
    assert made.examples[0] == {
        "id": "id-1", "reference": "S-1", "summary": "Late", "opened_at": ETD.isoformat(),
        "closed_at": (ETD + HOUR).isoformat(),
    }  # fmt: skip
    still = tally(tried(Hit("L10", "Late", ETD), is_cut=True))
    assert (still.examples[0]["closed_at"], still.cut_short) == (None, 1)
    missed = tally(*[tried(reports=ended(9)) for _ in range(EXAMPLES + 1)])
    assert (missed.missed, len(missed.missed_examples)) == (EXAMPLES + 1, EXAMPLES)
