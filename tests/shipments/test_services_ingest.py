from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django_q.models import OrmQ

from core.broker import wake_up_key
from shipments.enums import Format, MessageState, WaitReason
from shipments.models import Event, EventMatch, Message, ShipmentStream, WaitingEvent
from shipments.services import ingest, ingest_messages, ingest_waiting, receive
from tests.factories.shipments import LocationFactory, ShipmentFactory, SourceFactory, native, payload

pytestmark = pytest.mark.django_db


def read(source, raw: bytes) -> Message:
    message = receive(source, raw).message
    assert ingest_messages([message.pk]) == 1
    message.refresh_from_db()
    return message


def counts(message: Message) -> tuple[int, ...]:
    return (
        message.events_found,
        message.events_matched,
        message.events_unmatched,
        message.events_unmapped,
        message.events_quarantined,
        message.events_duplicate,
    )


def test_an_event_is_stored_with_who_said_it_and_matched():
    shipment = ShipmentFactory(references=[("mbl", "MAEU-1")])
    source = SourceFactory(trust=70)
    rotterdam = LocationFactory()
    message = read(
        source,
        payload(
            native(
                "DEPARTED",
                ("mbl", "maeu1"),
                occurred_at="2026-11-03T14:05:00",
                location={"unlocode": "NLRTM"},
                source_event_id="E1",
            )
        ),
    )
    event = Event.objects.get()
    assert (event.message, event.source, event.trust, event.position) == (message, source, 70, 0)
    assert (event.code_id, event.classifier, event.source_event_id) == ("DEPARTED", "ACT", "E1")
    assert (event.wall_time, event.time_zone, event.zone_certainty) == (
        "2026-11-03T14:05:00", "Europe/Amsterdam", "derived",
    )  # fmt: skip
    assert event.occurred_at.isoformat() == "2026-11-03T13:05:00+00:00"
    assert (event.location, event.received_at) == (rotterdam, message.received_at)
    assert event.references == [{"type": "mbl", "value": "maeu1"}]
    match = EventMatch.objects.get()
    assert (match.event, match.shipment, match.matched_by) == (event, shipment, "mbl MAEU1")
    assert counts(message) == (1, 1, 0, 0, 0, 0)
    assert message.state == MessageState.PARSED


def test_a_shipment_is_told_once_per_batch_that_something_happened():
    shipment = ShipmentFactory(references=[("mbl", "M1")])
    read(SourceFactory(), payload(native("DEPARTED", ("mbl", "M1")), native("ARRIVED", ("mbl", "M1"))))
    stream = ShipmentStream.objects.get(shipment=shipment)
    assert stream.revision == 2
    assert OrmQ.objects.filter(key=wake_up_key("advance")).count() > 0


def test_what_was_known_before_is_a_duplicate_and_tells_nobody():
    shipment = ShipmentFactory(references=[("mbl", "M1")])
    source = SourceFactory()
    read(source, payload(native("DEPARTED", ("mbl", "M1"))))
    message = read(source, payload(native("DEPARTED", ("mbl", "M1"), remarks="sent again")))
    assert counts(message) == (0, 0, 0, 0, 0, 1)
    assert ShipmentStream.objects.get(shipment=shipment).revision == 2
    assert Event.objects.count() == 1


def test_each_lack_has_its_queue():
    source = SourceFactory()
    ShipmentFactory(references=[("po", "4711")])
    ShipmentFactory(references=[("po", "4711")])
    message = read(
        source,
        payload(
            native("DEPARTED", ("mbl", "NOBODY")),
            native("DEPARTED", ("po", "4711")),
            {**native("", ("mbl", "NOBODY")), "code": "", "raw_code": "XY"},
            native("ARRIVED", ("mbl", "NOBODY"), occurred_at="2199-01-01T00:00:00Z"),
        ),
    )
    assert counts(message) == (4, 0, 4, 1, 1, 0)
    waits = WaitingEvent.objects.order_by("event__position", "reason").values_list(
        "event__position", "reason", "detail", "keys"
    )
    assert [(position, reason, keys) for position, reason, _, keys in waits] == [
        (0, WaitReason.UNMATCHED, ["carrier:NOBODY"]),
        (1, WaitReason.AMBIGUOUS, ["po:4711"]),
        (2, WaitReason.UNMAPPED, ["native|native|XY", "|native|XY"]),
        (2, WaitReason.UNMATCHED, ["carrier:NOBODY"]),
        (3, WaitReason.QUARANTINED, []),
        (3, WaitReason.UNMATCHED, ["carrier:NOBODY"]),
    ]
    assert [detail for _, reason, detail, _ in waits if reason == WaitReason.AMBIGUOUS] == ["po 4711"]


def test_an_event_says_which_unit_it_is_about():
    shipment = ShipmentFactory(references=[("container", "MSKU1234565")])
    unit = shipment.units.create(kind="container", number="MSKU 123456-5", key="MSKU1234565")
    read(
        SourceFactory(),
        payload(native("GATE_IN", unit="MSKU1234565"), native("GATE_OUT", ("container", "MSKU1234565"))),
    )
    assert list(EventMatch.objects.values_list("unit", flat=True)) == [unit.pk, unit.pk]


def test_a_retraction_goes_where_its_event_went_whichever_came_first():
    shipment = ShipmentFactory(references=[("mbl", "M1")])
    source = SourceFactory()
    read(source, payload({"retracts": "E1"}))
    assert WaitingEvent.objects.get().keys == [f"event:{source.pk}:E1"]
    read(source, payload(native("DEPARTED", ("mbl", "M1"), source_event_id="E1")))
    assert WaitingEvent.objects.open().count() == 0
    read(source, payload({"retracts": "E1", "reason": "again, for another reason", "source_event_id": "R2"}))
    assert EventMatch.objects.filter(shipment=shipment).count() == 3


def test_another_source_cannot_retract_it():
    ShipmentFactory(references=[("mbl", "M1")])
    read(SourceFactory(), payload(native("DEPARTED", ("mbl", "M1"), source_event_id="E1")))
    read(SourceFactory(), payload({"retracts": "E1"}))
    assert EventMatch.objects.count() == 1


BAD = {
    "empty": b"",
    "blank": b" \r\n\t ",
    "binary": bytes(range(256)) * 20,
    "truncated": b'[{"code":"DEPARTED","occurred_at":"2026-11-0',
    "wrong charset": '[{"code":"DEPARTED","remarks":"Größe"}]'.encode("cp1252"),
    "wrong format": b"ISA*00*          *00*          *02*SCAC           *02*US             *260101*1200*U*00401*1*0*P*>~",  # noqa: E501
    "a number": b"42",
    "deep": b"[" * 5000,
    "nothing in it": b"[]",
}


@pytest.mark.parametrize("format_", Format.values)
@pytest.mark.parametrize("raw", BAD.values(), ids=BAD.keys())
def test_what_cannot_be_read_is_rejected_with_the_reason_and_kept(format_, raw):
    if format_ == Format.X12_214 and raw.startswith(b"ISA"):
        raw = b'[{"eventType":"TRANSPORT"}]'
    message = read(SourceFactory(format=format_), raw)
    assert message.state == MessageState.REJECTED
    assert bytes(message.raw) == raw
    assert message.errors[0]["code"] != "internal_error"
    assert message.errors[0]["message"].endswith((".", "…"))
    assert Event.objects.count() == 0


def test_a_message_of_50_megabytes_is_kept_and_rejected_unread():
    message = read(SourceFactory(), b"[" + b" " * (50 << 20) + b"]")
    assert (message.state, message.errors[0]["code"]) == (MessageState.REJECTED, "too_large")
    assert message.size == (50 << 20) + 2


def test_characters_that_the_database_cannot_hold_do_no_harm():
    ShipmentFactory(references=[("mbl", "M1")])
    event = native("DEPARTED", ("mbl", "M1"), remarks="a\x00b\ud800c")
    message = read(SourceFactory(), payload(event, native("ARRIVED", ("mbl", "M1"))))
    assert message.state in (MessageState.PARSED, MessageState.PARTIAL)
    assert Event.objects.filter(code="ARRIVED").count() == 1


def test_what_can_be_read_of_a_message_is_read():
    message = read(SourceFactory(), payload(native("DEPARTED", ("mbl", "M1")), {"code": "NO SUCH CODE"}))
    assert message.state == MessageState.PARTIAL
    assert counts(message) == (1, 0, 1, 0, 0, 0)
    assert [error["position"] for error in message.errors] == [1]


def test_messages_that_wait_are_all_read_in_one_go():
    source = SourceFactory()
    for number in range(5):
        receive(source, payload(native("DEPARTED", ("mbl", f"M{number}"))))
    assert ingest_waiting() == 5
    assert ingest_waiting() == 0
    assert Message.objects.filter(state=MessageState.PARSED).count() == 5


def test_a_batch_takes_as_many_queries_as_one_message():
    source = SourceFactory()
    for number in range(31):
        ShipmentFactory(references=[("mbl", f"M{number}")])
    receive(source, payload(native("DEPARTED", ("mbl", "M30"))))
    with CaptureQueriesContext(
        connection,
    ) as one:
        ingest_waiting()
    for number in range(30):
        receive(source, payload(native("DEPARTED", ("mbl", f"M{number}"))))
    with CaptureQueriesContext(connection) as thirty:
        ingest_waiting()
    assert len(thirty) == len(one)


class Poison:
    """A bug that only meets one message."""

    def __init__(self, word: bytes) -> None:
        self.word = word

    def __call__(self, message: Message) -> ingest.Reading:
        if self.word in bytes(message.raw):
            raise ZeroDivisionError("a bug of ours")
        return READ(message)


READ = ingest.read


def test_a_poisonous_message_is_parked_alone_after_five_attempts(monkeypatch):
    monkeypatch.setattr(ingest, "read", Poison(b"POISON"))
    source = SourceFactory()
    for name in ("A", "B", "POISON", "C", "D"):
        receive(source, payload(native("DEPARTED", ("mbl", name))))
    assert ingest_waiting() == 5
    poisonous = Message.objects.get(state=MessageState.RECEIVED)
    assert poisonous.errors == [{"code": "internal_error", "message": "ZeroDivisionError: a bug of ours"}]
    assert Message.objects.filter(state=MessageState.PARSED).count() == 4
    assert poisonous.not_before > timezone.now()
    for _ in range(4):
        Message.objects.filter(pk=poisonous.pk).update(not_before=timezone.now())
        ingest_waiting()
    poisonous.refresh_from_db()
    assert (poisonous.state, poisonous.attempts) == (MessageState.PARKED, 5)


def test_a_message_that_ends_its_worker_is_parked_without_being_read_a_sixth_time():
    message = receive(SourceFactory(), payload(native("DEPARTED", ("mbl", "M1")))).message
    Message.objects.filter(pk=message.pk).update(attempts=5)
    assert ingest_waiting() == 1
    message.refresh_from_db()
    assert message.state == MessageState.PARKED
    assert Event.objects.count() == 0


def test_a_message_that_comes_for_another_time_is_read_alone_and_put_behind_the_others_first():
    message = receive(SourceFactory(), payload(native("DEPARTED", ("mbl", "M1")))).message
    Message.objects.filter(pk=message.pk).update(attempts=1)
    ingest_waiting()
    message.refresh_from_db()
    assert message.state == MessageState.PARSED
    assert message.not_before > timezone.now()


def test_a_worker_that_lost_its_lease_writes_nothing(monkeypatch):
    message = receive(SourceFactory(), payload(native("DEPARTED", ("mbl", "M1")))).message

    def steal(read_message: Message) -> ingest.Reading:
        Message.objects.filter(pk=message.pk).update(lease_token=uuid.uuid4())
        return READ(read_message)

    monkeypatch.setattr(ingest, "read", steal)
    ingest_waiting()
    message.refresh_from_db()
    assert message.state == MessageState.RECEIVED
    assert Event.objects.count() == 0


def test_a_message_that_a_worker_holds_is_left_to_it():
    message = receive(SourceFactory(), payload(native("DEPARTED", ("mbl", "M1")))).message
    Message.objects.filter(pk=message.pk).update(lease_until=timezone.now() + timedelta(minutes=1))
    assert ingest_messages([message.pk]) == 0
    assert ingest_waiting() == 0


def test_a_claim_that_takes_too_long_is_given_back_untried(monkeypatch):
    """Else the queue would end the worker, and messages that nothing is wrong with would count as tried."""
    source = SourceFactory()
    for number in range(3):
        receive(source, payload(native("DEPARTED", ("mbl", f"M{number}"))), by=None)
    monkeypatch.setattr(ingest, "_SLICE", -1.0)
    assert ingest_waiting() == 3
    waiting = list(Message.objects.values_list("state", "attempts", "lease_until"))
    assert waiting == [(MessageState.RECEIVED, 0, None)] * 3
    monkeypatch.undo()
    ingest_waiting()
    assert list(Message.objects.values_list("state", "attempts")) == [(MessageState.PARSED, 1)] * 3


@pytest.mark.parametrize("lengths", [(10, 400), (400,), (10,)])
def test_a_large_message_is_held_for_longer_than_small_ones(monkeypatch, lengths):
    """Seen at the moment when each is read: by then the claim has to hold for as long as the reading may take."""
    held = {}

    def reading(message):
        until = Message.objects.values_list("lease_until", flat=True).get(pk=message.pk)
        held[message.size > 300] = until - timezone.now() > timedelta(minutes=1)
        return READ(message)

    monkeypatch.setattr(ingest, "read", reading)
    monkeypatch.setattr(ingest, "_BATCH_BYTES", 300)
    source = SourceFactory()
    for number, length in enumerate(lengths):
        receive(source, payload(native("DEPARTED", ("mbl", f"M{number}"), remarks="x" * length)), by=None)
    ingest_waiting()
    assert held == {length > 300: length > 300 for length in lengths}


@pytest.mark.parametrize(("attempts", "sizes"), [(0, [60]), (1, [50, 10]), (2, [1] * 60)])
def test_what_comes_again_is_read_a_few_together_and_then_alone(attempts, sizes):
    messages = [Message(pk=number, size=10, attempts=attempts + 1) for number in range(60)]
    assert [len(batch) for batch in ingest._batches(messages)] == sizes
