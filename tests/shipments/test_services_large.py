"""Large messages: read part by part in a process of its own, whatever ends the worker in the middle."""

from __future__ import annotations

import subprocess

import pytest

from shipments.enums import Format, MessageState
from shipments.formats.base import ParseIssue
from shipments.models import Event, Message
from shipments.services import apart, ingest, ingest_waiting, receive, reprocess
from shipments.services.reading import kept
from tests.factories.shipments import ShipmentFactory, SourceFactory

pytestmark = pytest.mark.django_db

HEADING = b"code,occurred_at,hbl\n"


def table(rows: int) -> bytes:
    """Rows of which each is another event; the hours go by."""
    lines = (f"ARRIVED,2026-02-{1 + number // 24:02} {number % 24:02}:00,H1\n" for number in range(rows))
    return HEADING + "".join(lines).encode()


@pytest.fixture
def parts_of_two(monkeypatch):
    monkeypatch.setattr(apart, "LARGE", 100)
    monkeypatch.setattr(apart, "PART", 2)


def counts(message: Message) -> tuple[int, ...]:
    message.refresh_from_db()
    return (message.events_found, message.events_matched, message.events_duplicate, message.events_read)


@pytest.mark.usefixtures("parts_of_two")
def test_a_slice_that_only_skips_what_is_stored_is_not_the_first_of_endlessly_many(monkeypatch):
    ShipmentFactory(references=[("hbl", "H1")])
    message = receive(SourceFactory(format=Format.CSV), table(7)).message
    monkeypatch.setattr(ingest, "_LONG_SLICE", -1.0)
    read = []
    for _slice in range(4):
        assert ingest_waiting() == 1
        message.refresh_from_db()
        read.append((message.events_read, message.state, message.attempts))
    received, parsed = MessageState.RECEIVED, MessageState.PARSED
    assert read == [(2, received, 0), (4, received, 0), (6, received, 0), (7, parsed, 1)]
    assert counts(message) == (7, 7, 0, 7)


class Killed(BaseException):
    """What no service catches, as nothing catches a SIGKILL."""


@pytest.mark.usefixtures("parts_of_two")
def test_a_worker_killed_in_the_middle_leaves_nothing_out_and_nothing_twice(monkeypatch):
    ShipmentFactory(references=[("hbl", "H1")])
    message = receive(SourceFactory(format=Format.CSV), table(7)).message
    stored = []

    def store(readings):
        if len(stored) == 2:
            raise Killed
        stored.append(readings)
        return real(readings)

    real = ingest._store
    monkeypatch.setattr(ingest, "_store", store)
    with pytest.raises(Killed):
        ingest_waiting()
    assert counts(message) == (0, 0, 0, 4)
    monkeypatch.undo()
    monkeypatch.setattr(apart, "LARGE", 100)
    # The parts need not be the same ones.
    monkeypatch.setattr(apart, "PART", 3)
    Message.objects.filter(pk=message.pk).update(lease_until=None)
    ingest_waiting()
    assert counts(message) == (7, 7, 0, 7)
    assert sorted(Event.objects.values_list("position", flat=True)) == list(range(7))
    assert message.state == MessageState.PARSED


@pytest.mark.usefixtures("parts_of_two")
def test_a_large_message_that_is_read_again_adds_what_is_new():
    message = receive(SourceFactory(format=Format.CSV), table(7)).message
    ingest_waiting()
    message.refresh_from_db()
    reprocess(message, by=None)
    message.refresh_from_db()
    assert (message.events_read, message.progress) == (0, 0)
    ingest_waiting()
    assert counts(message) == (7, 0, 0, 7)
    assert message.state == MessageState.PARSED


def test_an_archive_is_read_alone_and_held_for_long_however_small_it_is():
    raws = (b"code", b"PK\x03\x04", b"PK\x03\x04", b"code", b"code")
    messages = [Message(pk=n, raw=raw, size=len(raw), attempts=1) for n, raw in enumerate(raws)]
    assert [[message.pk for message in batch] for batch in ingest._batches(messages)] == [[0], [1], [2], [3, 4]]
    assert [ingest._takes_long(message) for message in messages] == [False, True, True, False, False]


def test_what_was_lost_is_never_hidden_behind_warnings():
    warnings = [ParseIssue("check_digit", "wrong", position=n, is_warning=True) for n in range(250)]
    said = kept([*warnings, ParseIssue("bad_date", "no such day", position=250)])
    assert (len(said), said[0]["code"], said[0]["position"], said[1]["position"]) == (200, "bad_date", 250, 0)
    assert ingest._state(251, said, is_quiet=False) == MessageState.PARTIAL


def test_a_child_that_says_nothing_is_ended(monkeypatch):
    monkeypatch.setattr(apart, "_SECONDS", 0.2)
    with subprocess.Popen(["/bin/sleep", "600"], stdout=subprocess.PIPE) as child:
        assert apart._line(child, child.stdout) == b""
        assert child.wait() == -9
