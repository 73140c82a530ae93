"""Evaluations worked out by hand, to the minute. All instants are UTC; nothing here is computed by what is tested.

ETD 3 November 2026 08:00 (a Tuesday), ETA 3 December 08:00, booked on 20 October; tolerances are a day either way.
Rotterdam is at +01:00 in winter and +02:00 until 25 October 2026, Shanghai at +08:00 always.
"""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

import pytest

from milestones.enums import AnchorKind, PlaceRole
from milestones.evaluate import evaluate
from milestones.facts import ScoreFact, TransitFact
from tests.factories.milestones import (
    BOOKED,
    DAY,
    ETA,
    ETD,
    ROTTERDAM,
    SHANGHAI,
    estimated,
    event,
    line,
    plan,
    planned,
    policy,
)

ACT, EST, PLN = event, estimated, planned
LANE = ("NLRTM", "CNSGH", "ocean", None)
TRANSIT = {LANE: TransitFact(9, 28 * DAY, 30 * DAY, 33 * DAY)}


def at(text):
    return datetime.strptime(text, "%Y-%m-%d %H:%M").replace(tzinfo=UTC)


def departed(text, **changes):
    changes.setdefault("told_at", at(text))
    return ACT("DEPARTED", at(text), ROTTERDAM, **changes)


def departs(text, told, **changes):
    return EST("DEPARTED", at(text), ROTTERDAM, told_at=at(told), **changes)


def taken_back(name, **changes):
    return ACT("INFO", None, source_event_id=f"not-{name}", retracts=name, told_at=at("2026-11-09 08:00"), **changes)


def dates(etd, eta=ETA):
    return {AnchorKind.BOOKED.value: BOOKED, AnchorKind.ETD.value: etd, AnchorKind.ETA.value: eta,
            AnchorKind.CARGO_READY.value: None, AnchorKind.CUT_OFF.value: None}  # fmt: skip


ONE = plan(line("DEPARTED", 30, PlaceRole.POL))
# The arrival counts thirty days from the departure; there is no summer time in Shanghai.
TWO = plan(
    line("DEPARTED", 30, PlaceRole.POL),
    line("ARRIVED", 40, PlaceRole.POD, after=0, offset_minutes=30 * 1440),
)
WAY = plan(line("DEPARTED", 30, PlaceRole.POL), line("ARRIVED", 40, PlaceRole.POD, anchor="eta"))
HIS = "2026-11-03 08:00"
DUE = at(HIS)
EARLY_ON = at("2026-11-01 08:00")


def by_history(**score):
    """Thirty days on the lane; with `score`, as it was tried a week before."""
    one = ScoreFact(7, score["samples"], timedelta(hours=40), score["own"]) if score else None
    return policy(transit=TRANSIT, scores={LANE: (one,)} if one else {})


# Name, plan, events, now, slot, (planned, estimated, actual, state, deviation, evidence, "what decided"), policy.
CASES = [
    # --- tolerances: exactly on them is on time, a minute further is not
    ("nothing yet", ONE, [], EARLY_ON, "L30", (HIS, "", "", "planned", "", "", ""), None),
    ("due, on the tolerance", ONE, [], at("2026-11-04 08:00"), "L30", (HIS, "", "", "planned", "", "", ""), None),
    ("overdue by a minute", ONE, [], at("2026-11-04 08:01"), "L30",
     (HIS, "", "", "overdue", "overdue", "", ""), None),
    ("late, on the tolerance", ONE, [departed("2026-11-04 08:00")], DUE, "L30",
     (HIS, "", "2026-11-04 08:00", "reached", "on_time", "single", "actual only"), None),
    ("late by a minute", ONE, [departed("2026-11-04 08:01")], DUE, "L30",
     (HIS, "", "2026-11-04 08:01", "reached", "late", "single", "actual only"), None),
    ("early, on the tolerance", ONE, [departed("2026-11-02 08:00")], DUE, "L30",
     (HIS, "", "2026-11-02 08:00", "reached", "on_time", "single", "actual only"), None),
    ("early by a minute", ONE, [departed("2026-11-02 07:59")], DUE, "L30",
     (HIS, "", "2026-11-02 07:59", "reached", "early", "single", "actual only"), None),
    # An estimate moves when it is due: 6 November and a day.
    ("overdue by the estimate", ONE, [departs("2026-11-06 08:00", "2026-10-20 08:00")], at("2026-11-07 08:01"), "L30",
     (HIS, "2026-11-06 08:00", "", "overdue", "overdue", "", "estimated only"), None),
    ("not overdue by the estimate", ONE, [departs("2026-11-06 08:00", "2026-10-20 08:00")], at("2026-11-07 08:00"),
     "L30", (HIS, "2026-11-06 08:00", "", "estimated", "late", "", "estimated only"), None),
    # The reported plan is what it is measured by: two days and a bit after the first one, and on time.
    ("measured by the reported plan", ONE,
     [PLN("DEPARTED", at("2026-11-05 08:00"), ROTTERDAM, told_at=BOOKED), departed("2026-11-05 20:00")], DUE, "L30",
     ("2026-11-05 08:00", "", "2026-11-05 20:00", "reached", "on_time", "single", "actual only"), None),
    # --- evidence: an hour confirms, a day disputes
    ("confirmed at 60 minutes", ONE, [departed("2026-11-03 08:00"), departed("2026-11-03 09:00", source=2)], DUE, "L30",
     (HIS, "", "2026-11-03 09:00", "reached", "on_time", "confirmed", "actual latest"), None),
    ("not confirmed at 61", ONE, [departed("2026-11-03 08:00"), departed("2026-11-03 09:01", source=2)], DUE, "L30",
     (HIS, "", "2026-11-03 09:01", "reached", "on_time", "single", "actual latest"), None),
    ("not disputed at 24 hours", ONE, [departed("2026-11-03 08:00"), departed("2026-11-04 08:00", source=2)], DUE,
     "L30", (HIS, "", "2026-11-04 08:00", "reached", "on_time", "single", "actual latest"), None),
    ("disputed at 24 hours and a minute", ONE, [departed("2026-11-03 08:00"), departed("2026-11-04 08:01", source=2)],
     DUE, "L30", (HIS, "", "2026-11-04 08:01", "reached", "late", "disputed", "actual latest"), None),
    ("who is hardly trusted disputes nothing", ONE,
     [departed("2026-11-03 08:00"), departed("2026-11-06 08:00", source=2, trust=29)], DUE, "L30",
     (HIS, "", "2026-11-03 08:00", "reached", "on_time", "single", "actual trust"), None),
    ("trusted enough to dispute, not to win", ONE,
     [departed("2026-11-03 08:00"), departed("2026-11-06 08:00", source=2, trust=30)], DUE, "L30",
     (HIS, "", "2026-11-03 08:00", "reached", "on_time", "disputed", "actual trust"), None),
    ("two feeds of one partner are one word", ONE,
     [departed("2026-11-03 08:00", partner=7), departed("2026-11-03 08:10", source=2, partner=7)], DUE, "L30",
     (HIS, "", "2026-11-03 08:10", "reached", "on_time", "single", "actual latest"), None),
    ("a source that corrects itself disputes nothing", ONE,
     [departed("2026-11-03 08:00"), departed("2026-11-09 08:00")], DUE, "L30",
     (HIS, "", "2026-11-09 08:00", "reached", "late", "single", "actual latest"), None),
    ("entered by hand", ONE, [departed("2026-11-03 08:00", is_manual=True, trust=90)], DUE, "L30",
     (HIS, "", "2026-11-03 08:00", "reached", "on_time", "manual", "actual only"), None),
    ("entered by hand and confirmed", ONE,
     [departed("2026-11-03 08:00", is_manual=True, trust=90), departed("2026-11-03 08:30", source=2)], DUE, "L30",
     (HIS, "", "2026-11-03 08:00", "reached", "on_time", "confirmed", "actual trust"), None),
    # The day only, said as midnight: twenty hours later on that day is the same.
    ("a day confirms a time of that day", ONE,
     [departed("2026-11-03 00:00", is_day=True), departed("2026-11-03 20:00", source=2)], DUE, "L30",
     (HIS, "", "2026-11-03 20:00", "reached", "on_time", "confirmed", "actual latest"), None),
    # --- taken back, replaced
    ("taken back by its source", ONE, [departed(HIS, source_event_id="1"), taken_back("1")], DUE, "L30",
     (HIS, "", "", "planned", "", "retracted", ""), None),
    ("taken back, and overdue since", ONE, [departed(HIS, source_event_id="1"), taken_back("1")],
     at("2026-11-04 08:01"), "L30", (HIS, "", "", "overdue", "overdue", "retracted", ""), None),
    ("taken back by another source: it stands", ONE, [departed(HIS, source_event_id="1"), taken_back("1", source=2)],
     DUE, "L30", (HIS, "", HIS, "reached", "on_time", "single", "actual only"), None),
    ("taken back by hand", ONE,
     [departed(HIS, row=900, id="old"), ACT("DEPARTED", None, supersedes=900, retracts="x", source=9)], DUE, "L30",
     (HIS, "", "", "planned", "", "retracted", ""), None),
    ("one of two taken back", ONE,
     [departed(HIS, source_event_id="1"), departed("2026-11-03 08:30", source=2), taken_back("1")], DUE, "L30",
     (HIS, "", "2026-11-03 08:30", "reached", "on_time", "single", "actual only"), None),
    ("read again by a repaired mapping", ONE,
     [departed(HIS, row=901), departed("2026-11-03 10:00", supersedes=901)], DUE, "L30",
     (HIS, "", "2026-11-03 10:00", "reached", "on_time", "single", "actual only"), None),
    ("a quarantined report was never believed", ONE, [departed("2027-05-01 08:00", is_quarantined=True)], DUE, "L30",
     (HIS, "", "", "planned", "", "", ""), None),
    # --- what follows from later reports
    ("inferred", plan(line("LOADED", 20, PlaceRole.POL), line("DEPARTED", 30, PlaceRole.POL)),
     [departed("2026-11-03 12:00")], DUE, "L20",
     (HIS, "", "2026-11-03 12:00", "reached", "", "inferred", "actual inferred"), None),
    ("missing", WAY, [ACT("ARRIVED", ETA, SHANGHAI)], ETA, "L30",
     (HIS, "", "", "missing", "missing_mandatory", "", ""), None),
    ("passed over", plan(line("CUSTOMS_DECLARED", 20, is_mandatory=False), line("DEPARTED", 30, PlaceRole.POL)),
     [departed(HIS)], DUE, "L20", (HIS, "", "", "skipped", "", "", ""), None),
    ("passed, but still expected by somebody",
     plan(line("CUSTOMS_DECLARED", 20, is_mandatory=False), line("DEPARTED", 30, PlaceRole.POL)),
     [departed(HIS), EST("CUSTOMS_DECLARED", at("2026-11-03 20:00"), told_at=DUE)], DUE, "L20",
     (HIS, "2026-11-03 20:00", "", "estimated", "on_time", "", "estimated only"), None),
    # --- preferences
    ("the earliest of two equally trusted", ONE,
     [departs("2026-11-05 08:00", "2026-10-22 08:00"), departs("2026-11-04 08:00", "2026-10-21 08:00", source=2)],
     EARLY_ON, "L30", (HIS, "2026-11-04 08:00", "", "estimated", "on_time", "", "estimated earliest"),
     policy(preferences={("DEPARTED", "estimated"): ("trust", "earliest")})),
    ("the latest time, told first", ONE,
     [departed("2026-11-03 18:00", told_at=DUE), departed("2026-11-03 10:00", source=2)], DUE, "L30",
     (HIS, "", "2026-11-03 18:00", "reached", "on_time", "single", "actual latest_time"),
     policy(preferences={("DEPARTED", "actual"): ("latest",)})),
    ("recency before trust", ONE,
     [departed("2026-11-03 08:00", trust=90), departed("2026-11-03 12:00", source=2, trust=40)], DUE, "L30",
     (HIS, "", "2026-11-03 12:00", "reached", "on_time", "single", "actual latest"),
     policy(preferences={("DEPARTED", "actual"): ("recency",)})),
    # B and C confirm each other against the more trusted A, 28 h 30 min from C; of the two C was told later.
    ("corroboration before trust", ONE,
     [departed("2026-11-03 08:00", trust=90), departed("2026-11-04 12:00", source=2, trust=40),
      departed("2026-11-04 12:30", source=3, trust=40)], DUE, "L30",
     (HIS, "", "2026-11-04 12:30", "reached", "late", "disputed", "actual latest"),
     policy(preferences={("DEPARTED", "actual"): ("corroboration", "recency")})),
    ("the order for all milestones", ONE, [departed("2026-11-03 09:00"), departed("2026-11-03 07:00", source=2,
     told_at=BOOKED)], DUE, "L30",
     (HIS, "", "2026-11-03 07:00", "reached", "on_time", "single", "actual earliest"),
     policy(preferences={("*", "actual"): ("earliest",)})),
    ("an own order before the one for all", ONE, [departed("2026-11-03 09:00"), departed("2026-11-03 07:00", source=2,
     told_at=BOOKED)], DUE, "L30",
     (HIS, "", "2026-11-03 09:00", "reached", "on_time", "single", "actual latest_time"),
     policy(preferences={("*", "actual"): ("earliest",), ("DEPARTED", "actual"): ("latest",)})),
    ("equal by all that was asked", ONE,
     [departed("2026-11-03 08:00", fingerprint="a"), departed("2026-11-03 08:00", source=2, fingerprint="b")], DUE,
     "L30", (HIS, "", "2026-11-03 08:00", "reached", "on_time", "confirmed", "actual tie"),
     policy(preferences={("DEPARTED", "actual"): ("trust", "earliest")})),
    # --- ripples: exact for actuals, by their steady part for estimates
    ("an estimate moves what counts from it", TWO, [departs("2026-11-05 10:00", "2026-10-20 08:00")], EARLY_ON, "L40",
     ("2026-12-03 08:00", "2026-12-05 10:00", "", "estimated", "late", "", "estimated ripple"), None),
    # Told 16 days ahead: a day counts, a minute less does not.
    ("a small change moves nothing else", TWO,
     [departs("2026-11-05 10:00", "2026-10-20 08:00"), departs("2026-11-06 09:59", "2026-10-21 08:00")], EARLY_ON,
     "L40", ("2026-12-03 08:00", "2026-12-05 10:00", "", "estimated", "late", "", "estimated ripple"), None),
    ("but it is shown where it belongs", TWO,
     [departs("2026-11-05 10:00", "2026-10-20 08:00"), departs("2026-11-06 09:59", "2026-10-21 08:00")], EARLY_ON,
     "L30", (HIS, "2026-11-06 09:59", "", "estimated", "late", "", "estimated latest"), None),
    ("exactly a day moves", TWO,
     [departs("2026-11-05 10:00", "2026-10-20 08:00"), departs("2026-11-06 10:00", "2026-10-21 08:00")], EARLY_ON,
     "L40", ("2026-12-03 08:00", "2026-12-06 10:00", "", "estimated", "late", "", "estimated ripple"), None),
    # Exactly seven days ahead six hours are enough; a minute further ahead a day is asked.
    ("seven days ahead", TWO,
     [departs("2026-11-05 10:00", "2026-10-20 08:00"), departs("2026-11-05 16:00", "2026-10-29 16:00")], EARLY_ON,
     "L40", ("2026-12-03 08:00", "2026-12-05 16:00", "", "estimated", "late", "", "estimated ripple"), None),
    ("seven days and a minute ahead", TWO,
     [departs("2026-11-05 10:00", "2026-10-20 08:00"), departs("2026-11-05 16:00", "2026-10-29 15:59")], EARLY_ON,
     "L40", ("2026-12-03 08:00", "2026-12-05 10:00", "", "estimated", "late", "", "estimated ripple"), None),
    # Exactly two days ahead two hours are enough; a minute further ahead six are asked.
    ("two days ahead", TWO,
     [departs("2026-11-05 10:00", "2026-10-20 08:00"), departs("2026-11-05 12:00", "2026-11-03 12:00")], DUE,
     "L40", ("2026-12-03 08:00", "2026-12-05 12:00", "", "estimated", "late", "", "estimated ripple"), None),
    ("two days and a minute ahead", TWO,
     [departs("2026-11-05 10:00", "2026-10-20 08:00"), departs("2026-11-05 12:00", "2026-11-03 11:59")], DUE,
     "L40", ("2026-12-03 08:00", "2026-12-05 10:00", "", "estimated", "late", "", "estimated ripple"), None),
    # 10 h and 20 h from the steady one move nothing, 24 h do.
    ("small changes add up", TWO,
     [departs("2026-11-05 10:00", "2026-10-20 08:00"), departs("2026-11-05 20:00", "2026-10-21 08:00"),
      departs("2026-11-06 06:00", "2026-10-22 08:00"), departs("2026-11-06 10:00", "2026-10-23 08:00")], EARLY_ON,
     "L40", ("2026-12-03 08:00", "2026-12-06 10:00", "", "estimated", "late", "", "estimated ripple"), None),
    ("a less trusted source moves nothing", TWO,
     [departs("2026-11-05 10:00", "2026-10-20 08:00"), departs("2026-11-09 10:00", "2026-10-21 08:00", source=2,
      trust=40)], EARLY_ON, "L40",
     ("2026-12-03 08:00", "2026-12-05 10:00", "", "estimated", "late", "", "estimated ripple"), None),
    ("an actual moves exactly", TWO,
     [departs("2026-11-05 10:00", "2026-10-20 08:00"), departed("2026-11-05 10:30")], DUE, "L40",
     ("2026-12-03 08:00", "2026-12-05 10:30", "", "estimated", "late", "", "estimated ripple"), None),
    ("a change that was taken back", TWO,
     [departs("2026-11-05 10:00", "2026-10-20 08:00", source_event_id="1"),
      departs("2026-11-08 10:00", "2026-10-21 08:00", source_event_id="2"), taken_back("2")], EARLY_ON, "L40",
     ("2026-12-03 08:00", "2026-12-05 10:00", "", "estimated", "late", "", "estimated ripple"), None),
    # The first version of the same report is gone, so there is nothing to be near to.
    ("the same report told anew", TWO,
     [departs("2026-11-05 10:00", "2026-10-20 08:00", source_event_id="1"),
      departs("2026-11-05 11:00", "2026-10-21 08:00", source_event_id="1")], EARLY_ON, "L40",
     ("2026-12-03 08:00", "2026-12-05 11:00", "", "estimated", "late", "", "estimated ripple"), None),
    # --- zones and clocks
    # 24 October 08:00 is 10:00 in Rotterdam, the next day 10:00 is 09:00 UTC.
    ("a day over the end of summer time",
     plan(line("DEPARTED", 30, PlaceRole.POL, offset_minutes=1440), dates=dates(at("2026-10-24 08:00"))), [],
     at("2026-10-24 08:00"), "L30", ("2026-10-25 09:00", "", "", "planned", "", "", ""), None),
    ("23 hours over the end of summer time",
     plan(line("DEPARTED", 30, PlaceRole.POL, offset_minutes=1380), dates=dates(at("2026-10-24 08:00"))), [],
     at("2026-10-24 08:00"), "L30", ("2026-10-25 07:00", "", "", "planned", "", "", ""), None),
    # 27 March 2027 08:00 is 09:00 in Rotterdam, the next day 09:00 is 07:00 UTC.
    ("a day over the beginning of summer time",
     plan(line("DEPARTED", 30, PlaceRole.POL, offset_minutes=1440), dates=dates(at("2027-03-27 08:00"))), [],
     at("2027-03-27 08:00"), "L30", ("2027-03-28 07:00", "", "", "planned", "", "", ""), None),
    ("16:00 in Rotterdam the day before",
     plan(line("GATE_IN", 10, PlaceRole.POL, offset_minutes=-1440, time_of_day=time(16))), [], EARLY_ON, "L10",
     ("2026-11-02 15:00", "", "", "planned", "", "", ""), None),
    # 3 December 08:00 is 16:00 in Shanghai; the day after at 09:00 there is 01:00 UTC.
    ("09:00 in Shanghai the day after",
     plan(line("DISCHARGED", 50, PlaceRole.POD, anchor="eta", offset_minutes=1440, time_of_day=time(9))), [], EARLY_ON,
     "L50", ("2026-12-04 01:00", "", "", "planned", "", "", ""), None),
    # Friday 6 November 13:00 in Rotterdam; the next working day is Monday.
    ("a working day over a weekend",
     plan(line("DEPARTED", 30, PlaceRole.POL, offset_minutes=1440, is_working=True),
          dates=dates(at("2026-11-06 12:00"))), [], EARLY_ON, "L30",
     ("2026-11-09 12:00", "", "", "planned", "", "", ""), None),
    # --- several units
    ("when the last unit had it", plan(line("DEPARTED", 30, PlaceRole.POL), units=frozenset("AB")),
     [departed("2026-11-03 08:00", unit="A"), departed("2026-11-05 08:00", unit="B")], DUE, "L30",
     (HIS, "", "2026-11-05 08:00", "reached", "late", "single", "actual all_units"), None),
    ("other units dispute nothing", plan(line("DEPARTED", 30, PlaceRole.POL), units=frozenset("AB")),
     [departed("2026-11-03 08:00", unit="A", source=2), departed("2026-11-05 08:00", unit="B")], DUE, "L30",
     (HIS, "", "2026-11-05 08:00", "reached", "late", "single", "actual all_units"), None),
    # --- our own history: thirty days on the lane
    ("history speaks where the carrier does not", WAY, [departed("2026-11-04 08:00")], at("2026-11-05 08:00"), "L40",
     ("2026-12-03 08:00", "2026-12-04 08:00", "", "estimated", "on_time", "", "estimated own_history"), by_history()),
    ("before it left the plan stands", WAY, [], EARLY_ON, "L40",
     ("2026-12-03 08:00", "", "", "planned", "", "", ""), by_history()),
    # Without any plan of the arrival even the planned departure says something: 3 November and thirty days.
    ("before it left, with no plan", plan(*WAY.template.lines, dates=dates(ETD, None)), [], EARLY_ON, "L40",
     ("", "2026-12-03 08:00", "", "estimated", "", "", "estimated own_history"), by_history()),
    ("the carrier speaks and nothing was tried", WAY,
     [departed("2026-11-04 08:00"), EST("ARRIVED", at("2026-12-06 08:00"), SHANGHAI, told_at=DUE)],
     at("2026-11-27 08:00"), "L40",
     ("2026-12-03 08:00", "2026-12-06 08:00", "", "estimated", "late", "", "estimated only"), by_history()),
    ("history was better on 20 journeys", WAY,
     [departed("2026-11-04 08:00"), EST("ARRIVED", at("2026-12-06 08:00"), SHANGHAI, told_at=DUE)],
     at("2026-11-27 08:00"), "L40",
     ("2026-12-03 08:00", "2026-12-04 08:00", "", "estimated", "on_time", "", "estimated own_history"),
     by_history(samples=20, own=timedelta(hours=39))),
    ("history was better on 19 only", WAY,
     [departed("2026-11-04 08:00"), EST("ARRIVED", at("2026-12-06 08:00"), SHANGHAI, told_at=DUE)],
     at("2026-11-27 08:00"), "L40",
     ("2026-12-03 08:00", "2026-12-06 08:00", "", "estimated", "late", "", "estimated only"),
     by_history(samples=19, own=timedelta(hours=39))),
    ("history was as good only", WAY,
     [departed("2026-11-04 08:00"), EST("ARRIVED", at("2026-12-06 08:00"), SHANGHAI, told_at=DUE)],
     at("2026-11-27 08:00"), "L40",
     ("2026-12-03 08:00", "2026-12-06 08:00", "", "estimated", "late", "", "estimated only"),
     by_history(samples=20, own=timedelta(hours=40))),
    ("history makes no actual", WAY, [departed("2026-11-04 08:00")], at("2026-12-05 08:01"), "L40",
     ("2026-12-03 08:00", "2026-12-04 08:00", "", "overdue", "overdue", "", "estimated own_history"), by_history()),
]  # fmt: skip


def shown(value):
    told = next((f"{name} {value.decisions[name]['rule']}" for name in ("actual", "estimated")
                 if name in value.decisions), "")  # fmt: skip
    times = (f"{at:%Y-%m-%d %H:%M}" if at else "" for at in (value.planned_at, value.estimated_at, value.actual_at))
    return (*times, value.state, value.deviation, value.evidence, told)


@pytest.mark.parametrize(
    ("given_plan", "events", "now", "slot", "expected", "rules"),
    [pytest.param(*case[1:], id=case[0]) for case in CASES],
)
def test_met_to_the_minute_in_either_order(given_plan, events, now, slot, expected, rules):
    for order in (events, events[::-1]):
        outcome = evaluate(given_plan, order, rules or policy(), now)
        (value,) = [one for one in outcome.milestones if one.slot == slot]
        assert shown(value) == expected


def test_the_table_is_as_long_as_promised():
    assert len(CASES) >= 35
    assert len({case[0] for case in CASES}) == len(CASES)
