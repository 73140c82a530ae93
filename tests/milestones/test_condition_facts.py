"""The row that a condition is asked about, made of plain facts."""

from __future__ import annotations

from datetime import timedelta

from milestones.condition_facts import NAMED, Ground, row_facts, shipment_facts
from milestones.condition_fields import FIELDS, LINE_FIELDS
from milestones.evaluate import evaluate
from milestones.facts import Policy
from tests.factories.milestones import (
    BOOKED,
    DAY,
    DUISBURG,
    ETA,
    ETD,
    HOUR,
    ROTTERDAM,
    SHANGHAI,
    estimated,
    event,
    policy,
    shipment_fact,
    voyage,
)

NOW = ETD + 2 * DAY
SOURCES = {1: ("BLUELINE", "api")}


def ground(*events, sources=SOURCES, **shipment):
    made, rules = voyage(**shipment), policy(sources=sources)
    outcome = evaluate(made, events, rules, NOW)
    return Ground(made, outcome.summary, events, rules, NOW), {value.code: value for value in outcome.milestones}


def facts(made, value, *names):
    row = row_facts(made, value, names)
    assert row.pop("now") == NOW
    return row


def test_a_line_is_asked_about_the_plan_and_what_was_loaded_by_name():
    shipment = shipment_fact(
        named={"partner.carrier": "BLUE", "shipment.customer": "ACME"}, units=frozenset({"A", "B"})
    )
    found = shipment_facts(shipment)
    assert set(found) <= set(LINE_FIELDS)
    assert set(LINE_FIELDS) - set(found) <= NAMED
    assert (found["shipment.origin"], found["shipment.origin_country"]) == ("NLRTM", "NL")
    assert (found["shipment.destination"], found["shipment.destination_country"]) == ("CNSGH", "CN")
    assert (found["shipment.booked_at"], found["shipment.cargo_ready_at"]) == (BOOKED, None)
    assert (found["shipment.units"], found["shipment.legs"], found["shipment.is_cancelled"]) == (2, 0, False)
    assert (found["partner.carrier"], found["shipment.customer"]) == ("BLUE", "ACME")
    assert shipment_facts(voyage(named={"partner.carrier": "BLUE"}))["partner.carrier"] == "BLUE"


def test_only_what_is_asked_for_is_made():
    made, values = ground()
    assert facts(made, values["DEPARTED"]) == {}
    assert facts(made, values["DEPARTED"], "milestone.code") == {"milestone.code": "DEPARTED"}


def test_a_milestone_that_is_due_says_for_how_long():
    made, values = ground()
    assert facts(
        made, values["DEPARTED"], "milestone.state", "milestone.minutes_overdue", "milestone.minutes_to_due",
        "milestone.minutes_late", "milestone.slip_minutes", "milestone.is_mandatory", "milestone.place",
        "milestone.evidence", "event.source",
    ) == {
        "milestone.state": "overdue", "milestone.minutes_overdue": 2 * 24 * 60,
        "milestone.minutes_to_due": -2 * 24 * 60, "milestone.minutes_late": None, "milestone.slip_minutes": 0,
        "milestone.is_mandatory": True, "milestone.place": "NLRTM", "milestone.evidence": None, "event.source": None,
    }  # fmt: skip


def test_a_milestone_that_is_reached_is_late_by_what_decided():
    late = event("DEPARTED", ETD + HOUR, ROTTERDAM, trust=70)
    made, values = ground(late)
    assert facts(
        made, values["DEPARTED"], "milestone.minutes_late", "milestone.minutes_overdue", "milestone.slip_minutes",
        "event.source", "event.source_kind", "event.trust", "event.classifier", "event.received_at",
    ) == {
        "milestone.minutes_late": 60, "milestone.minutes_overdue": None, "milestone.slip_minutes": 60,
        "event.source": "BLUELINE", "event.source_kind": "api", "event.trust": 70, "event.classifier": "ACT",
        "event.received_at": late.received_at,
    }  # fmt: skip


def test_the_place_of_a_report_that_is_not_on_the_way_is_known():
    made, values = ground(event("IN_TRANSIT", ETD + HOUR, DUISBURG))
    assert facts(made, values["IN_TRANSIT"], "milestone.place", "milestone.is_mandatory") == {
        "milestone.place": "DEDUI", "milestone.is_mandatory": False,
    }  # fmt: skip


def test_an_estimate_that_moved_decides_while_nothing_happened():
    slipped = estimated("ARRIVED", ETA + DAY, SHANGHAI, told_at=ETD, trust=40)
    made, values = ground(slipped)
    assert facts(made, values["ARRIVED"], "event.trust", "milestone.minutes_late", "milestone.expected_at") == {
        "event.trust": 40, "milestone.minutes_late": 24 * 60, "milestone.expected_at": ETA + DAY,
    }  # fmt: skip


def test_of_a_shipment_as_a_whole_milestones_and_events_are_empty():
    made, _values = ground(event("DEPARTED", ETD + HOUR, ROTTERDAM), named={"partner.carrier": "BLUE"})
    row = row_facts(made, None, FIELDS)
    assert all(row[name] is None for name, field in FIELDS.items() if field.is_about in ("milestone", "event"))
    assert (row["shipment.status"], row["shipment.mode"], row["partner.carrier"]) == ("in_transit", "ocean", "BLUE")
    assert row["shipment.days_since_last_event"] == (NOW - (ETD + HOUR)) // timedelta(days=1) == 1


def test_before_anything_is_evaluated_the_roll_up_is_empty():
    made = Ground(voyage(), None, (), Policy(), NOW)
    assert facts(made, None, "shipment.status", "shipment.mode") == {"shipment.status": None, "shipment.mode": "ocean"}
    made.plan.template = None
    assert made.mandatory == frozenset()
