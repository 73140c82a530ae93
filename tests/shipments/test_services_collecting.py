"""Ways in are looked into when they are due, and what came of it is written down."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.db import connection as database
from django.test import override_settings
from django.utils import timezone

from core.errors import DomainError
from core.leases import claim
from shipments.models import Acknowledgement, Connection, ConnectionRun, Message, Source, WebhookReceipt
from shipments.services import (
    collect_due,
    collect_now,
    pause_connection,
    resume_connection,
    save_connection,
    try_connection,
    wake_collectors,
)
from tests.factories.shipments import MessageFactory, SourceFactory
from tests.shipments.connected import due_now, folder, poll, waits
from tests.shipments.imap_server import imap_server
from tests.shipments.places import Said, carrier_api, ftp_server, sftp_server

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def opened(tmp_path) -> Iterator[None]:
    with override_settings(WAYMARK_FOLDERS=[tmp_path], WAYMARK_INTERNAL_HOSTS=["127.0.0.1"], WAYMARK_COLLECTORS=1):
        yield


def test_what_is_due_is_taken_and_the_next_look_is_noted(tmp_path):
    connection = folder(tmp_path)
    (tmp_path / "a.edi").write_bytes(b"ISA*1")
    (tmp_path / "b.edi").write_bytes(b"ISA*1")
    assert collect_due() == 1
    (message,) = Message.objects.all()
    assert (message.source, bytes(message.raw), message.filename, message.deliveries) == (
        connection.source, b"ISA*1", "a.edi", 2,
    )  # fmt: skip
    run = ConnectionRun.objects.get()
    assert (run.received, run.duplicates, run.error, run.ended_at >= run.started_at) == (1, 1, "", True)
    assert 290 < waits(connection) <= 300
    assert (connection.attempts, connection.last_error, connection.lease_until) == (0, "", None)
    assert connection.last_success_at is not None
    assert collect_due() == 0


def test_a_full_hand_is_followed_by_another_look_at_once(tmp_path):
    connection = folder(tmp_path, most_per_run=3)
    for number in range(7):
        (tmp_path / f"{number}.edi").write_bytes(b"%d" % number)
    # One run of the task goes on until nothing is due.
    assert collect_due() == 3
    assert Message.objects.count() == 7
    assert [run.received for run in ConnectionRun.objects.order_by("pk")] == [3, 3, 1]
    assert waits(connection) > 290


def test_failures_are_told_and_pushed_ever_further_away():
    connection = poll("http://127.0.0.1:1/")
    seen = []
    for _ in range(4):
        due_now(connection)
        assert collect_due() == 1
        seen.append(waits(connection))
    assert (connection.attempts, connection.last_error) == (4, "127.0.0.1: ConnectionRefusedError: Connection refused")
    expected = [30, 60, 120, 240]
    assert [0.7 * e < s < 1.3 * e for s, e in zip(seen, expected, strict=True)] == [True] * 4
    assert [run.error for run in ConnectionRun.objects.all()] == [connection.last_error] * 4


def test_a_host_that_asks_for_patience_gets_it_and_success_forgets_the_failures():
    with carrier_api() as api:
        connection = poll(api.url("/events"), since_parameter="from")
        api.answer = lambda asked: Said(status=429, headers={"Retry-After": "900"})
        collect_due()
        assert 895 < waits(connection) <= 900
        assert (connection.attempts, connection.cursor) == (1, {})
        api.answer = lambda asked: Said(b'{"events": []}')
        due_now(connection)
        collect_due()
        assert 290 < waits(connection) <= 300
    assert (connection.attempts, connection.last_error, list(connection.cursor)) == (0, "", ["since"])
    assert Message.objects.count() == 1


def test_each_page_is_stored_with_where_we_stand_before_the_next_is_asked_for():
    with carrier_api() as api:

        def answer(asked):
            if asked.query.get("cursor") == "c":
                return Said(status=503)
            return Said(json.dumps({"next": {"": "b", "b": "c"}[asked.query.get("cursor", "")]}).encode())

        api.answer = answer
        connection = poll(api.url("/events"), paging="cursor", cursor_path="next")
        collect_due()
        connection.refresh_from_db()
        assert Message.objects.count() == 2
        assert connection.cursor["next"].endswith("cursor=c")
        api.answer = lambda asked: Said(b'{"last": 1}')
        due_now(connection)
        collect_due()
        assert [asked.query.get("cursor") for asked in api.asked] == [None, "b", "c", "c"]
    assert Message.objects.count() == 3


def test_what_is_left_behind_is_told_in_the_run(tmp_path):
    connection = folder(tmp_path)
    (tmp_path / "two\nlines").write_bytes(b"x")
    collect_due()
    connection.refresh_from_db()
    assert connection.last_error == r"'two\nlines': Its name cannot be used. It stays where it is; rename it."
    assert connection.attempts == 0


def test_a_paused_connection_or_source_is_not_looked_into(tmp_path):
    connection = folder(tmp_path)
    (tmp_path / "a.edi").write_bytes(b"x")
    pause_connection(connection, by=None)
    assert collect_due() == 0
    resume_connection(connection, by=None)
    Source.objects.update(is_active=False)
    assert collect_due() == 1
    assert (ConnectionRun.objects.count(), Message.objects.count()) == (0, 0)
    assert waits(connection) > 290
    Source.objects.update(is_active=True)
    resume_connection(connection, by=None)
    assert (collect_due(), Message.objects.count()) == (1, 1)


def test_one_worker_stays_free_of_hosts_that_do_not_answer(tmp_path):
    first, _second = folder(tmp_path), folder(tmp_path)
    (held,) = claim(Connection, where_state="due", limit=1, lease_for=timedelta(minutes=1))
    assert collect_due() == 0
    with override_settings(WAYMARK_COLLECTORS=2):
        assert collect_due() == 1
    with pytest.raises(DomainError) as refused:
        collect_now(held, by=None)
    assert (refused.value.code, refused.value.conflict, held) == ("held", True, first)


def test_what_was_changed_during_a_look_is_not_overwritten_by_it(transactional_db):
    with carrier_api() as api:
        connection = poll(api.url("/events"))

        def answer(asked):
            # The settings are changed by a person while the worker waits for the answer.
            api.answer = lambda asked: Said(b"{}")
            values = {"url": api.url("/other")}
            held = Connection.objects.select_related("source").get()
            save_connection(held.source, kind="poll", settings=values, by=None, connection=held)
            database.close()
            return Said(b"{}")

        api.answer = answer
        look = collect_now(connection, by=None)
    assert look.error == "Another worker has taken over, or the settings were changed meanwhile."
    connection.refresh_from_db()
    assert (connection.settings["url"], connection.cursor, connection.last_error) == (api.url("/other"), {}, "")
    assert (Message.objects.count(), waits(connection) <= 0) == (0, True)


def test_intervals_shorter_than_a_minute_are_woken_by_the_beat(tmp_path):
    assert wake_collectors() is False
    connection = folder(tmp_path)
    assert wake_collectors() is True
    collect_due()
    assert wake_collectors() is False
    due_now(connection)
    assert wake_collectors() is True
    pause_connection(connection, by=None)
    assert wake_collectors() is False


def test_old_runs_and_receipts_go(tmp_path):
    connection = folder(tmp_path)
    ConnectionRun.objects.bulk_create([ConnectionRun(connection=connection) for _ in range(600)])
    message = MessageFactory()
    for call_id, days in (("old", 31), ("new", 29)):
        row = WebhookReceipt.objects.create(connection=connection, call_id=call_id, digest="d", message=message)
        WebhookReceipt.objects.filter(pk=row.pk).update(received_at=timezone.now() - timedelta(days=days))
    collect_due()
    assert ConnectionRun.objects.count() == 500
    assert [row.call_id for row in WebhookReceipt.objects.all()] == ["new"]


def test_answers_are_put_where_they_look_and_noted(tmp_path):
    connection = folder(tmp_path, out="out")
    message = MessageFactory(source=connection.source)
    answer = Acknowledgement.objects.create(message=message, kind="997", body=b"ISA*997", is_accepted=True)
    Acknowledgement.objects.create(message=MessageFactory(), kind="997", body=b"another's", is_accepted=True)
    assert collect_now(connection, by=None).answered == 1
    (file,) = (tmp_path / "out").iterdir()
    assert (file.name, file.read_bytes()) == (f"997-{message.public_id}.edi", b"ISA*997")
    answer.refresh_from_db()
    assert answer.handed_over_at is not None
    assert collect_now(connection, by=None).answered == 0


@pytest.mark.parametrize("kind", ["sftp", "ftp", "imap"])
def test_every_kind_of_place_is_tried_and_then_taken_from(tmp_path, kind):
    inbox = tmp_path / "in"
    inbox.mkdir()
    (inbox / "a.edi").write_bytes(b"ISA*")
    raw = b"From: a@b.example\r\nContent-Disposition: attachment; filename=a.edi\r\nContent-Type: a/b\r\n\r\nISA*"
    with sftp_server(tmp_path) as sftp, ftp_server(tmp_path) as ftp, imap_server() as box:
        box.put(raw)
        values = {
            "sftp": {"port": sftp.port, "host_key": sftp.host_key, "directory": "in", "stable_seconds": 0},
            "ftp": {"port": ftp, "tls": False, "directory": "in", "stable_seconds": 0},
            "imap": {"port": box.port, "security": "none"},
        }[kind]
        values |= {"host": "127.0.0.1", "username": "carrier"}
        secret = {"password": "secret"}
        connection = save_connection(SourceFactory(), kind=kind, settings=values, secret=secret, by=None).connection
        assert str(try_connection(connection, by=None)) == "It works. It would take 1: a.edi (4 B)"
        assert Message.objects.count() == 0
        assert collect_due() == 1
        assert str(try_connection(connection, by=None)) in (
            "It works. There is nothing to take now.",
            "It works. It would take 1: a.edi (4 B)",
        )
    message = Message.objects.get()
    assert (message.filename, bytes(message.raw), ConnectionRun.objects.get().error) == ("a.edi", b"ISA*", "")


def test_a_test_tells_what_is_wrong(tmp_path):
    assert try_connection(folder(tmp_path / "missing"), by=None).error == f"There is no folder {tmp_path / 'missing'}."
    webhook = save_connection(SourceFactory(), kind="webhook", settings={}, by=None).connection
    assert try_connection(webhook, by=None).error == "There is nothing to try: they call us."
    with override_settings(WAYMARK_INTERNAL_HOSTS=[]):
        assert "inside the house" in try_connection(poll("https://127.0.0.1/"), by=None).error
