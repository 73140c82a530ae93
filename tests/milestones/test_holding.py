from __future__ import annotations

import itertools

import pytest

from milestones.enums import PlaceRole
from milestones.evaluate import evaluate
from milestones.holding import effective, holds
from shipments.tables import read_table
from tests.factories.milestones import DAY, ETD, HOUR, estimated, event, line, plan, policy


def hold(code="CUSTOMS_HOLD", at=ETD, **attributes):
    return event(code, at, attributes=attributes)


@pytest.mark.parametrize(
    ("events", "standing"),
    [
        ([hold()], [("CUSTOMS_HOLD", "")]),
        ([hold(), hold("CUSTOMS_RELEASED", ETD + HOUR)], []),
        ([hold(), hold("CUSTOMS_EXAM"), hold("CUSTOMS_RELEASED", ETD + HOUR)], []),
        ([hold(), hold("CUSTOMS_RELEASED", ETD)], []),
        ([hold(), hold("CUSTOMS_RELEASED", ETD - HOUR)], [("CUSTOMS_HOLD", "")]),
        ([hold(agency="CBP"), hold("CUSTOMS_RELEASED", ETD + HOUR, agency="FDA")], [("CUSTOMS_HOLD", "CBP")]),
        ([hold(agency="CBP"), hold("CUSTOMS_RELEASED", ETD + HOUR, agency="CBP")], []),
        ([hold(agency="CBP"), hold("CUSTOMS_RELEASED", ETD + HOUR)], []),
        ([hold(), hold("CUSTOMS_RELEASED", ETD + HOUR), hold(at=ETD + DAY)], [("CUSTOMS_HOLD", "")]),
        ([hold("ON_HOLD"), hold("CUSTOMS_RELEASED", ETD + HOUR)], [("ON_HOLD", "")]),
        ([hold("ON_HOLD"), hold("CARRIER_RELEASED", ETD + HOUR)], []),
        ([hold("ON_HOLD"), hold("INFO", ETD + HOUR, clears="ON_HOLD")], []),
        ([hold("ON_HOLD"), hold("INFO", ETD + HOUR, clears="DELAYED(BAD_ORDER)")], [("ON_HOLD", "")]),
        ([estimated("CUSTOMS_HOLD", ETD)], []),
    ],
)
def test_the_holds_in_force(events, standing):
    for order in itertools.permutations(events):
        assert [(h.code, h.agency) for h in holds(order)] == standing


def test_reports_of_one_hold_are_one_hold():
    first, second = hold(agency="CBP", reason="DOCS"), hold(agency="CBP", at=ETD + HOUR, reason="SCAN")
    (one,) = holds([second, first])
    assert (one.slot, one.since, one.reason) == ("H:CUSTOMS_HOLD:CBP", ETD, "DOCS")
    assert one.evidence == tuple(sorted([first.id, second.id]))


CBP = {row["raw_code"]: row for row in read_table("codes_cbp")}


def said(code, hours, **changes):
    """A disposition of customs as its mapping reads it, so many hours after the departure."""
    row = CBP[code]
    attributes = dict(pair.split("=", 1) for pair in row["attributes"].split(";") if pair)
    attributes |= changes.pop("attributes", {})
    return event(row["code"], ETD + hours * HOUR, attributes=attributes, told_at=ETD + DAY, **changes)


@pytest.mark.parametrize(
    ("story", "released", "held"),
    [
        ("1C", ["1C"], []),
        ("1A", [], ["CUSTOMS_EXAM"]),
        ("1A 1B", ["1B"], []),
        ("1C 4A", [], ["CUSTOMS_EXAM"]),
        ("1C 4A 1B", ["1B"], []),
        ("1C 4A 1C", ["1C"], []),
        ("4A 1C", ["1C"], []),
        ("1H 1C", [], ["CUSTOMS_HOLD"]),
        ("1C 1H", [], ["CUSTOMS_HOLD"]),
        ("1H 1C 1I", ["1C"], []),
        ("1H 1I 1C", ["1C"], []),
        ("1H 1C 1F", [], ["CUSTOMS_HOLD"]),
        ("2H 1C 1I", [], ["CUSTOMS_HOLD"]),
        ("2H 1C 2I", ["1C"], []),
        ("5H 1C 5I", ["1C"], []),
        ("7H 1C", [], ["CUSTOMS_EXAM"]),
        ("7H 1C 7I", ["1C"], []),
        ("1A 1H 1B 1I", ["1B"], []),
        ("1C 14", [], []),
        ("1C 15", [], []),
        ("1C 16", [], []),
        ("1C 16 1C", ["1C"], []),
        ("16 1C", ["1C"], []),
        ("1A 14", [], []),
        ("1A 15", [], ["CUSTOMS_EXAM"]),
        ("1A 1B 15", [], ["CUSTOMS_EXAM"]),
        ("1Z", ["1Z"], []),
        ("1Z 4Z", [], ["CUSTOMS_HOLD"]),
        ("1Z 4Z 1Z", ["1Z"], []),
        ("1Z 4Z 1I", [], ["CUSTOMS_HOLD"]),
        ("1C 4Z", [], ["CUSTOMS_HOLD"]),
    ],
)
def test_rule_15_customs_status_is_of_the_holds_in_force_not_of_the_last_message(story, released, held):
    events = [said(code, hours, fingerprint=code) for hours, code in enumerate(story.split())]
    for order in itertools.permutations(events):
        kept, aside = effective(order)
        found = [e.fingerprint for e in kept if e.code in ("CUSTOMS_RELEASED", "CARRIER_RELEASED")]
        assert (found, [hold.code for hold in holds(order)]) == (released, held)
        assert sorted([e.id for e in kept] + [id_ for id_, _ in aside]) == [e.id for e in events]


def test_rule_15_a_hold_of_another_bill_or_unit_stops_nothing():
    about = {"attributes": {"bill": "B1"}, "unit": "A"}
    for other in ({"attributes": {"bill": "B2"}}, {"unit": "B"}):
        events = [said("1C", 1, **about), said("1H", 2, **other)]
        assert (len(effective(events)[0]), len(holds(events))) == (2, 1)
        assert len(effective([said("1C", 1, **about), said("4A", 2, **other)])[0]) == 2
        assert len(holds([said("1H", 1, **about), said("1I", 2, **other)])) == 1
    for same in ({"attributes": {"bill": "B1"}}, {"unit": "A"}, {}):
        assert [e.code for e in effective([said("1C", 1, **about), said("1H", 2, **same)])[0]] == ["CUSTOMS_HOLD"]


def test_rule_15_a_release_that_does_not_count_reaches_no_milestone_and_says_why():
    given = plan(line("CUSTOMS_RELEASED", 10, PlaceRole.ANY))
    release, hold, override = said("1C", 1, id="release"), said("1H", 2), said("4A", 3)
    by_story = {
        "released": [release], "held": [release, hold], "freed": [release, hold, said("1I", 4)],
        "taken back": [release, override],
    }  # fmt: skip
    outcomes = {name: evaluate(given, events, policy(), ETD + DAY) for name, events in by_story.items()}
    assert {name: outcome.milestones[0].actual_at for name, outcome in outcomes.items()} == {
        "released": ETD + HOUR, "held": None, "freed": ETD + HOUR, "taken back": None,
    }  # fmt: skip
    assert {name: outcome.set_aside for name, outcome in outcomes.items()} == {
        "released": [], "held": [("release", "A customs hold is in force.")], "freed": [],
        "taken back": [("release", "Customs took it back.")],
    }  # fmt: skip
    assert outcomes["held"].summary.last_event_at == ETD + DAY
