from __future__ import annotations

import hashlib

import pytest
from django.db import transaction
from django_q.models import OrmQ

from core.broker import wake_up_key
from core.errors import DomainError
from shipments.enums import MessageState
from shipments.models import Message
from shipments.services import ingest_waiting, receive, reprocess
from tests.factories.partners import internal
from tests.factories.shipments import SourceFactory, native, payload

pytestmark = pytest.mark.django_db


def test_what_comes_in_is_kept_byte_for_byte():
    source, by = SourceFactory(), internal("operations")
    raw = b"\x00\xff ISA* not even text \r\n"
    receipt = receive(source, raw, content_type="application/edi-x12", filename="a.edi", by=by)
    message = Message.objects.get()
    assert receipt.message == message
    assert receipt.is_duplicate is False
    assert bytes(message.raw) == raw
    assert (message.size, message.digest) == (len(raw), hashlib.sha256(raw).hexdigest())
    assert (message.content_type, message.filename, message.received_by) == ("application/edi-x12", "a.edi", by)
    assert (message.state, message.deliveries) == (MessageState.RECEIVED, 1)


def test_the_same_bytes_from_the_same_source_are_the_same_message():
    source = SourceFactory()
    first = receive(source, b"x")
    again = receive(source, b"x")
    assert again.is_duplicate is True
    assert again.message.pk == first.message.pk
    message = Message.objects.get()
    assert message.deliveries == 2
    assert message.last_delivered_at > message.received_at


def test_the_same_bytes_from_another_source_are_another_message():
    receive(SourceFactory(), b"x")
    assert receive(SourceFactory(), b"x").is_duplicate is False
    assert Message.objects.count() == 2


def test_an_empty_payload_is_kept_too():
    assert receive(SourceFactory(), b"").message.size == 0


def test_a_payload_over_the_limit_is_refused(settings):
    settings.WAYMARK_MESSAGE_LIMIT = 1 << 20
    with pytest.raises(DomainError) as refusal:
        receive(SourceFactory(), b"x" * ((1 << 20) + 1))
    assert refusal.value.code == "too_large"
    assert Message.objects.count() == 0


def test_a_source_that_is_switched_off_is_refused():
    with pytest.raises(DomainError) as refusal:
        receive(SourceFactory(is_active=False), b"x")
    assert (refusal.value.code, refusal.value.conflict) == ("source_inactive", True)


def test_names_are_stored_as_far_as_they_can_be():
    message = receive(SourceFactory(), b"x", filename="a\x00\ud800b" + "c" * 300).message
    assert message.filename == "a?b" + "c" * 252


def test_receiving_wakes_the_workers_if_and_when_it_commits():
    source = SourceFactory()
    before = OrmQ.objects.filter(key=wake_up_key("advance")).count()
    with transaction.atomic():
        receive(source, b"x")
        transaction.set_rollback(True)
    assert OrmQ.objects.filter(key=wake_up_key("advance")).count() == before
    receive(source, b"x")
    assert OrmQ.objects.filter(key=wake_up_key("advance")).count() == before + 1


def test_a_message_can_be_read_again_and_its_events_stay():
    source = SourceFactory()
    message = receive(source, payload(native("DEPARTED", ("mbl", "M1")))).message
    ingest_waiting()
    message.refresh_from_db()
    reprocess(message, by=None)
    assert Message.objects.get().state == MessageState.RECEIVED
    ingest_waiting()
    message.refresh_from_db()
    assert (message.state, message.events_found, message.events_unmatched, message.events_duplicate) == (
        MessageState.PARSED, 1, 1, 0,
    )  # fmt: skip
    assert message.events.count() == 1


def test_a_message_that_waits_cannot_be_read_again():
    message = receive(SourceFactory(), b"x").message
    with pytest.raises(DomainError) as refusal:
        reprocess(message, by=None)
    assert refusal.value.code == "state_not_allowed"
