"""From the bytes of carriers to the milestones: parts that add up, statuses that come again, polled histories."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from django.db import connection

from milestones.models import Journey, Milestone
from milestones.services import evaluate_shipments
from shipments.enums import Format, MessageState
from shipments.models import Event, EventMatch, Message
from shipments.services import ingest_messages, receive
from tests.factories.milestones import LineFactory, TemplateFactory
from tests.factories.shipments import (
    LocationFactory,
    MessageFactory,
    MilestoneTypeFactory,
    ShipmentFactory,
    SourceFactory,
)

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
RECEIVED = datetime(2026, 11, 6, 12, tzinfo=UTC)


def read(source, raw, received_at=RECEIVED):
    message = MessageFactory(
        source=source, raw=raw, received_at=received_at, state=MessageState.RECEIVED, processed_at=None
    )
    assert ingest_messages([message.pk]) == 1
    message.refresh_from_db()
    return message


def fsu(*lines):
    return "\n".join(("FSU/15", "160-12345675HKGFRA/T12K300.0", *lines, "")).encode()


@pytest.fixture
def by_air(db):
    """A shipment by air whose plan has one line: delivered."""
    frankfurt = LocationFactory(unlocode="DEFRA", name="Frankfurt", iata="FRA", time_zone="Europe/Berlin")
    made = ShipmentFactory(
        mode="air", origin=LocationFactory(unlocode="HKHKG", name="Hong Kong", iata="HKG", time_zone="Asia/Hong_Kong"),
        destination=frankfurt, references=[("mawb", "160-12345675"), ("pro", "P-1")],
    )  # fmt: skip
    template = TemplateFactory(customer=made.customer)
    LineFactory(template=template, position=10, place_role="any", type=MilestoneTypeFactory(code="DELIVERED"))
    return made


def delivered_at(shipment):
    evaluate_shipments([shipment.pk], now=NOW)
    at = Milestone.objects.get(shipment=shipment, line__position=10).actual_at
    return at, Journey.objects.get(shipment=shipment).status


def test_rule_32_ten_of_twelve_pieces_of_an_air_waybill_are_not_delivered(by_air):
    source = SourceFactory(format=Format.CARGO_IMP)
    read(source, fsu("DLV/05NOV0900/FRA/P6K150.0/ACME", "DLV/05NOV1500/FRA/P4K100.0/ACME"))
    assert delivered_at(by_air)[0] is None
    read(source, fsu("DLV/05NOV1500/FRA/P4K100.0/ACME GMBH", "DLV/05NOV0900/FRA/P6K151.0"))
    assert (delivered_at(by_air)[0], Event.objects.count()) == (None, 2)
    read(source, fsu("DLV/06NOV0830/FRA/P2K50.0/ACME"))
    assert delivered_at(by_air) == (datetime(2026, 11, 6, 7, 30, tzinfo=UTC), "delivered")


def test_rule_32_the_parts_of_a_truck_are_measured_by_the_pieces_of_the_shipment(by_air):
    source = SourceFactory(format=Format.X12_214)
    statuses = [("AM", "20261105", 12), ("D2", "20261106", 7), ("D2", "20261107", 5)]
    for number, (status, day, pieces) in enumerate(statuses):
        segments = [
            f"ISA*00*{'':10}*00*{'':10}*ZZ*{'SENDER':15}*ZZ*{'RECEIVER':15}*261107*1200*U*00401*{number:09}*0*P*>",
            "GS*QM*SENDER*RECEIVER*20261107*1200*1*X*004010", f"ST*214*{number:04}", "B10*P-1**ROCO", "LX*1",
            f"AT7*{status}*NS***{day}*0900*UT", f"AT8*G*L*90*{pieces}",
            f"SE*6*{number:04}", "GE*1*1", f"IEA*1*{number:09}",
        ]  # fmt: skip
        read(source, "~".join([*segments, ""]).encode(), datetime(2026, 11, 8, 12, tzinfo=UTC))
        is_reached = delivered_at(by_air)[0] is not None
        assert is_reached == (number == 2)
    assert Event.objects.count() == 3


def test_rule_23_the_year_follows_from_when_we_received_it(by_air):
    source = SourceFactory(format=Format.CARGO_IMP)
    received = datetime(2027, 1, 2, 12, tzinfo=UTC)
    message = read(source, fsu("DLV/31DEC2300/FRA/T12K300.0"), received)
    assert Event.objects.get().occurred_at == datetime(2026, 12, 31, 22, 0, tzinfo=UTC)
    again = read(source, fsu("DLV/31DEC2300/FRA/T12K300.0", "POD/01JAN0900/FRA/T12K300.0"), received)
    assert (again.events_found, again.events_duplicate, message.events_found) == (1, 1, 1)
    assert Event.objects.get(raw_code="POD").occurred_at == datetime(2027, 1, 1, 8, 0, tzinfo=UTC)


def test_rule_27_a_status_that_is_sent_again_is_no_new_event(by_air):
    source = SourceFactory(format=Format.CARGO_IMP)
    read(source, fsu("RCF/CX289/05NOV0815/FRA/T12K300.0"))
    again = read(source, fsu("RCF/CX0289/05NOV0815/FRA/T12K300.5", "NFD/05NOV1000/FRA/T12K300.0"))
    assert (again.events_found, again.events_duplicate) == (1, 1)
    assert list(Event.objects.order_by("pk").values_list("raw_code", flat=True)) == ["RCF", "NFD"]


def history(count):
    """All that a carrier's API knows of a booking, as it gives it back at every poll."""
    return json.dumps({"events": [
        {
            "eventID": f"7b6c1f7e-1f0a-4d0e-9a57-0a6a4d7b1c{number:02}", "eventType": "TRANSPORT",
            "eventClassifierCode": "ACT", "eventDateTime": f"2026-11-05T{number:02}:00:00Z",
            "eventCreatedDateTime": f"2026-11-05T{number:02}:30:00Z", "transportEventTypeCode": "ARRI",
            "documentReferences": [{"documentReferenceType": "BKG", "documentReferenceValue": "BK-39"}],
        }
        for number in range(count)
    ]}).encode()  # fmt: skip


@pytest.mark.django_db
def test_rule_39_a_history_that_is_polled_again_adds_what_is_new():
    source = SourceFactory(format=Format.DCSA_2)
    shipment = ShipmentFactory(references=[("booking", "BK-39")])
    assert read(source, history(5)).events_found == 5
    second = read(source, history(8))
    assert (second.events_found, second.events_duplicate) == (3, 5)
    assert EventMatch.objects.filter(shipment=shipment).count() == 8


def _ingest(message_id):
    try:
        return ingest_messages([message_id])
    finally:
        connection.close()


@pytest.mark.django_db(transaction=True)
def test_rule_39_histories_of_one_shipment_that_are_read_at_once_wait_for_each_other():
    source = SourceFactory(format=Format.DCSA_2)
    shipment = ShipmentFactory(references=[("booking", "BK-39")])
    messages = [receive(source, history(count)).message for count in (9, 10, 11, 12)]
    with ThreadPoolExecutor(4) as workers:
        assert list(workers.map(_ingest, [message.pk for message in messages])) == [1, 1, 1, 1]
    assert Event.objects.count() == 12
    assert EventMatch.objects.filter(shipment=shipment).count() == 12
    told = Message.objects.filter(pk__in=[m.pk for m in messages]).values_list("events_found", "events_duplicate")
    assert sum(found for found, _ in told) == 12
    assert sum(again for _, again in told) == 9 + 10 + 11
