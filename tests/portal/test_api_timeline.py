"""The timeline as JSON, now and as it was known, and the way of an event from the door into it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from milestones.models import Journey
from milestones.services import evaluate_due
from partners.enums import InternalGroup, PartnerKind, Scope
from partners.services import save_partner
from shipments.enums import Format, ZoneCertainty
from shipments.models import EventMatch
from shipments.services import ingest_waiting, save_source
from tests.factories.milestones import CaseFactory, EtaVersionFactory, JourneyFactory, LineFactory, TemplateFactory
from tests.factories.partners import api_key, internal
from tests.factories.shipments import (
    NOON,
    EventFactory,
    LocationFactory,
    MessageFactory,
    MilestoneTypeFactory,
    ShipmentFactory,
    SourceFactory,
    native,
    payload,
)
from tests.portal.api_world import ask, shipment

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def story():
    """Planned to leave Rotterdam two days before the departure that was reported, corrected a day later."""
    customer = save_partner("ALPHA", name="Alpha", kinds=[PartnerKind.CUSTOMER, PartnerKind.CARRIER])
    made = ShipmentFactory(customer=customer, reference="S-STORY")
    template = TemplateFactory(customer=customer)
    LineFactory(template=template, position=10, place_role="pol", type=MilestoneTypeFactory(code="DEPARTED"))
    LineFactory(
        template=template, position=20, place_role="pol", type=MilestoneTypeFactory(code="CUSTOMS_HOLD"),
        name="Duty disputed", audience="internal",
    )  # fmt: skip
    JourneyFactory(shipment=made, template=template)
    source = SourceFactory(code="ALPHA-FEED", partner=customer)
    for number, (told, occurred) in enumerate(((NOON, NOON - timedelta(hours=1)), (NOON + DAY, NOON))):
        reported(made, source, number, told=told, occurred=occurred)
    return made


def reported(made, source, number, *, told, occurred):
    event = EventFactory(
        message=MessageFactory(source=source), code=MilestoneTypeFactory(code="DEPARTED"), location=LocationFactory(),
        occurred_at=occurred, reported_at=told, received_at=told, processed_at=told, raw_code=f"D{number}",
        wall_time=f"2026-11-03T{occurred.hour + 1}:00:00", references=[{"type": "shipment", "value": "S-STORY"}],
    )  # fmt: skip
    EventMatch.objects.create(event=event, shipment=made, matched_by="shipment S-STORY", matched_at=told)


def events_of(made):
    return [match.event for match in EventMatch.objects.filter(shipment=made).order_by("pk").select_related("event")]


def timeline(made, *, as_of=None, **caller):
    query = f"?as_of={as_of.strftime('%Y-%m-%dT%H:%M:%SZ')}" if as_of else ""
    answer = ask(f"shipments/{made.public_id}/timeline/{query}", **caller)
    assert answer.status_code == 200, answer.content
    return answer.json()


# No line of the plan is an arrival: it is expected by the date of the shipment.
PLANNED_ETA = {"shown_by": "plan", "expected_at": "2026-12-01T20:00:00+08:00", "own": None, "versions": []}


def an_event(event, hour, received):
    return {
        "id": str(event.public_id), "code": "DEPARTED", "raw_code": event.raw_code, "classifier": "ACT",
        "occurred_at": f"2026-11-03T{hour}:00:00+01:00", "wall_time": f"2026-11-03T{hour}:00:00",
        "time_zone": "Europe/Amsterdam", "zone_certainty": ZoneCertainty.DERIVED, "reported_at": received,
        "received_at": received, "location": "NLRTM", "unit": "",
        "references": [{"type": "shipment", "value": "S-STORY"}], "source": "ALPHA-FEED",
        "message": str(event.message.public_id), "state": "active",
    }  # fmt: skip


def a_departure(winner, losers, hour, rule):
    return {
        "code": "DEPARTED", "name": "Departed", "location": "NLRTM", "leg": None, "unit": None, "occurrence": 1,
        "baseline_at": "2026-11-01T13:00:00+01:00", "planned_at": "2026-11-01T13:00:00+01:00", "estimated_at": None,
        "actual_at": f"2026-11-03T{hour}:00:00+01:00", "state": "reached", "deviation": "late", "inferred": False,
        "evidence": "single",
        "decided_by": {"event": winner, "rule": rule, "losing_events": losers},
        "visible_to": ["internal", "partner", "customer"],
    }  # fmt: skip


def test_the_timeline_of_a_known_case_as_it_was_known_and_as_it_stands(story):
    secret = api_key(story.customer, Scope.READ, Scope.INGEST)[1]
    first, second = events_of(story)
    early = an_event(first, 12, "2026-11-03T12:00:00+00:00")
    late = an_event(second, 13, "2026-11-04T12:00:00+00:00")
    then = timeline(story, as_of=NOON, secret=secret)
    assert then == {
        "shipment": str(story.public_id),
        "as_of": "2026-11-03T12:00:00+00:00",
        "eta": PLANNED_ETA,
        "milestones": [a_departure(str(first.public_id), [], 12, "only")],
        "events": [early],
        "exceptions": [],
    }
    before = timeline(story, as_of=NOON - DAY, secret=secret)
    assert [(m["actual_at"], m["decided_by"]) for m in before["milestones"]] == [(None, None)]
    assert (before["events"], before["exceptions"]) == ([], [])
    evaluate_due()
    now = timeline(story, secret=secret)
    assert {name: now[name] for name in ("shipment", "as_of", "milestones", "events")} == {
        "shipment": str(story.public_id),
        "as_of": None,
        "milestones": [a_departure(str(second.public_id), [str(first.public_id)], 13, "latest")],
        "events": [early, late],
    }
    later = timeline(story, as_of=timezone.now() + DAY, secret=secret)
    assert (later["milestones"], later["events"]) == (now["milestones"], now["events"])


def test_the_arrival_says_who_foretells_it_and_how_it_has_moved(story):
    EtaVersionFactory(shipment=story, told_at=NOON, expected_at=NOON + 30 * DAY)
    EtaVersionFactory(
        shipment=story, kind="own", told_at=NOON + DAY, expected_at=NOON + 29 * DAY, low_at=NOON + 28 * DAY,
        high_at=NOON + 31 * DAY,
    )  # fmt: skip
    evaluate_due()
    Journey.objects.filter(pk=story.pk).update(
        arrival_by="own", expected_arrival_at=NOON + 29 * DAY, own_arrival_at=NOON + 29 * DAY,
        own_low_at=NOON + 28 * DAY, own_high_at=NOON + 31 * DAY,
    )  # fmt: skip
    secret = api_key(story.customer, Scope.READ)[1]
    told = {
        "by": "carrier", "told_at": "2026-11-03T12:00:00+00:00", "expected_at": "2026-12-03T20:00:00+08:00",
        "low": None, "high": None,
    }  # fmt: skip
    assert timeline(story, secret=secret)["eta"] == {
        "shown_by": "own",
        "expected_at": "2026-12-02T20:00:00+08:00",
        "own": {
            "p50": "2026-12-02T20:00:00+08:00", "low": "2026-12-01T20:00:00+08:00",
            "high": "2026-12-04T20:00:00+08:00",
        },
        "versions": [
            told,
            {
                "by": "own", "told_at": "2026-11-04T12:00:00+00:00", "expected_at": "2026-12-02T20:00:00+08:00",
                "low": "2026-12-01T20:00:00+08:00", "high": "2026-12-04T20:00:00+08:00",
            },
        ],
    }  # fmt: skip
    assert timeline(story, as_of=NOON, secret=secret)["eta"]["versions"] == [told]


def test_the_arrival_of_a_shipment_without_a_plan_is_not_known_yet():
    made = ShipmentFactory()
    assert timeline(made, user=internal(InternalGroup.OPERATIONS))["eta"] == {
        "shown_by": None, "expected_at": None, "own": None, "versions": [],
    }  # fmt: skip


def test_rule_26_of_one_minute_the_usual_order_decides_and_a_late_report_stands_where_it_happened():
    made = ShipmentFactory()
    for code, occurred in (("DEPARTED", NOON), ("LOADED", NOON), ("GATE_IN", NOON - DAY)):
        # The vocabulary that ships with us: LOADED has 50, DEPARTED 65.
        EventFactory(code=MilestoneTypeFactory(code=code), occurred_at=occurred, shipments=[made])
    shown = timeline(made, user=internal(InternalGroup.OPERATIONS))["events"]
    assert [event["code"] for event in shown] == ["GATE_IN", "LOADED", "DEPARTED"]


def test_people_of_the_house_see_what_is_internal_and_partners_do_not(story):
    evaluate_due()
    secret = api_key(story.customer, Scope.READ)[1]
    names = {
        "ours": [m["name"] for m in timeline(story, user=internal(InternalGroup.OPERATIONS))["milestones"]],
        "theirs": [m["name"] for m in timeline(story, secret=secret)["milestones"]],
        "theirs then": [m["name"] for m in timeline(story, as_of=NOON, secret=secret)["milestones"]],
    }
    assert names == {"ours": ["Departed", "Duty disputed"], "theirs": ["Departed"], "theirs then": ["Departed"]}


def test_a_retraction_is_known_from_the_day_it_came(story):
    first = events_of(story)[0]
    EventFactory(message=first.message, retracts="x", supersedes=first.pk, processed_at=NOON + 2 * DAY)
    user = internal(InternalGroup.OPERATIONS)
    states = {
        day: [event["state"] for event in timeline(story, as_of=NOON + day * DAY, user=user)["events"]]
        for day in (1, 2)
    }
    assert states == {1: ["active", "active"], 2: ["retracted", "active"]}


def test_an_exception_is_shown_as_it_stood(story):
    user = internal(InternalGroup.OPERATIONS)
    CaseFactory(
        shipment=story, state="resolved", opened_at=NOON, acknowledged_at=NOON + DAY, acknowledged_by=user,
        resolved_at=NOON + 2 * DAY, resolution="Settled",
    )  # fmt: skip
    stood = {
        hours: [
            (case["state"], case["resolved_at"], case["resolution"])
            for case in timeline(story, as_of=NOON + timedelta(hours=hours), user=user)["exceptions"]
        ]
        for hours in (-1, 1, 25, 49)
    }
    assert stood == {
        -1: [], 1: [("open", None, "")], 25: [("acknowledged", None, "")], 49: [],
    }  # fmt: skip
    assert [case["state"] for case in timeline(story, user=user)["exceptions"]] == ["resolved"]


@pytest.mark.parametrize("as_of", ["x", "", "%00", "2027-02-29T00:00:00Z", "99999-01-01T00:00:00Z"])
def test_an_instant_that_is_none_is_refused(story, as_of):
    secret = api_key(story.customer, Scope.READ)[1]
    answer = ask(f"shipments/{story.public_id}/timeline/?as_of={as_of}", secret=secret)
    assert (answer.status_code, [error["field"] for error in answer.json()["errors"]]) == (400, ["as_of"])


@pytest.mark.parametrize("as_of", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "2026-11-03"])
def test_an_instant_at_the_edge_is_taken(story, as_of):
    secret = api_key(story.customer, Scope.READ)[1]
    assert ask(f"shipments/{story.public_id}/timeline/?as_of={as_of}", secret=secret).status_code == 200


def test_the_timeline_takes_a_fixed_number_of_queries(story):
    secret = api_key(story.customer, Scope.READ, Scope.INGEST)[1]
    evaluate_due()
    for number in range(5):
        reported(story, events_of(story)[0].source, number, told=NOON, occurred=NOON - timedelta(hours=1))
    with CaptureQueriesContext(connection) as queries:
        timeline(story, secret=secret)
    assert len([query for query in queries if "portal_requestcount" not in query["sql"]]) == 13


def test_a_message_waits_for_its_shipment_and_is_seen_in_its_timeline():
    LocationFactory()
    save_partner("ALPHA", name="Alpha", kinds=[PartnerKind.CUSTOMER])
    line = save_partner("LINE", name="Ocean Line", kinds=[PartnerKind.CARRIER])
    save_source("LINE-FEED", partner=line, format=Format.NATIVE)
    sends = api_key(line, Scope.INGEST, Scope.READ)[1]
    alpha = save_partner("ALPHA", name="Alpha", kinds=[PartnerKind.CUSTOMER])
    books = api_key(alpha, Scope.READ, Scope.WRITE)[1]

    named = (("bill_of_lading", "maeu 123456"), ("booking", "OTHERS-77"))
    raw = payload(native("DEPARTED", *named, location={"unlocode": "NLRTM"}))
    message = ask("messages/?source=LINE-FEED", "POST", secret=sends, body=raw).json()["id"]
    ingest_waiting()
    assert ask(f"messages/{message}/", secret=sends).json()["counts"]["unmatched"] == 1
    assert [e["state"] for e in ask("events/", secret=sends).json()["results"]] == ["unmatched"]

    booking = shipment(
        "ALPHA",
        references=[{"type": "mbl", "value": "MAEU-123456"}],
        parties=[{"partner": "LINE", "role": "carrier"}],
        etd="2026-11-03T10:00:00Z",
        eta="2026-12-03T10:00:00Z",
    )
    made = ask("shipments/", "POST", secret=books, body=booking).json()
    evaluate_due()
    seen = ask(f"shipments/{made['id']}/timeline/", secret=books).json()
    assert [(e["code"], e["state"], e["source"], e["message"]) for e in seen["events"]] == [
        ("DEPARTED", "active", "Ocean Line", None)
    ]
    # The carrier's other numbers are not the customer's business.
    assert [r["value"] for r in seen["events"][0]["references"]] == ["maeu 123456"]
    departed = [m for m in seen["milestones"] if m["code"] == "DEPARTED"]
    assert [(m["state"], m["actual_at"], m["decided_by"]["event"]) for m in departed] == [
        ("reached", "2026-11-03T13:00:00+01:00", seen["events"][0]["id"])
    ]
    again = ask(f"shipments/{made['id']}/", secret=books).json()
    assert (again["status"], again["references"][1]) == ("in_transit", {"type": "mbl", "value": "MAEU-123456"})
    assert [e["state"] for e in ask("events/", secret=sends).json()["results"]] == ["active"]


def test_rule_26_events_of_one_minute_stand_in_the_order_of_the_vocabulary():
    made = ShipmentFactory(reference="S-MINUTE")
    JourneyFactory(shipment=made)
    for number, code in enumerate(("DEPARTED", "LOADED")):
        event = EventFactory(
            message=MessageFactory(), code=MilestoneTypeFactory(code=code, sequence={"LOADED": 50}.get(code, 65)),
            occurred_at=NOON, received_at=NOON + number * DAY,
        )  # fmt: skip
        EventMatch.objects.create(event=event, shipment=made, matched_by="test")
    user = internal(InternalGroup.OPERATIONS)
    assert [event["code"] for event in timeline(made, user=user)["events"]] == ["LOADED", "DEPARTED"]
