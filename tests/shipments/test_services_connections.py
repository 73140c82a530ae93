"""Ways in at work: set up, kept secret, looked into when due, and what came of it written down."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction
from django.db import connection as database
from django.test import override_settings
from django.utils import timezone

from core.errors import DomainError
from core.leases import claim
from core.queue import nudge
from partners.services.secrets import seal, unseal
from shipments.models import Acknowledgement, Connection, ConnectionRun, Message, Source, WebhookReceipt
from shipments.services import (
    collect_due,
    collect_now,
    pause_connection,
    resume_connection,
    rotate_secret,
    save_connection,
    try_connection,
    wake_collectors,
)
from shipments.services.connections import NEVER
from tests.factories.shipments import MessageFactory, SourceFactory
from tests.shipments.imap_server import imap_server
from tests.shipments.places import Said, carrier_api, ftp_server, sftp_server

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def opened(tmp_path) -> Iterator[None]:
    with override_settings(WAYMARK_FOLDERS=[tmp_path], WAYMARK_INTERNAL_HOSTS=["127.0.0.1"], WAYMARK_COLLECTORS=1):
        yield


def folder(tmp_path: Path, source: Source | None = None, **more: object) -> Connection:
    values = {"path": str(tmp_path), "stable_seconds": 0, **more}
    return save_connection(source or SourceFactory(), kind="folder", settings=values, by=None).connection


def poll(url: str, **more: object) -> Connection:
    values = {"url": url, "requests_per_minute": 6000, **more}
    return save_connection(SourceFactory(), kind="poll", settings=values, by=None).connection


def waits(connection: Connection) -> float:
    """Seconds until the next look."""
    connection.refresh_from_db()
    return (connection.not_before - timezone.now()).total_seconds()


def due_now(connection: Connection) -> None:
    Connection.objects.filter(pk=connection.pk).update(not_before=timezone.now() - timedelta(seconds=1))


# --- Set up ----------------------------------------------------------------------------------------------------------


def test_a_secret_is_stored_sealed_and_kept_when_none_is_given():
    source = SourceFactory()
    values = {"host": "mail.example", "username": "carrier"}
    made = save_connection(source, kind="imap", settings=values, secret={"password": "geheim"}, by=None).connection
    stored = bytes(Connection.objects.get().secret)
    assert b"geheim" not in stored
    assert unseal(stored) == {"password": "geheim"}
    changed = save_connection(
        source, kind="imap", settings=values | {"folder": "EDI"}, secret={"password": ""}, by=None, connection=made
    ).connection
    assert (unseal(changed.secret), changed.settings["folder"]) == ({"password": "geheim"}, "EDI")
    assert Connection.objects.count() == 1


def test_sealing_goes_on_through_a_rotation_of_the_key():
    with override_settings(SECRET_KEY="old" * 20, SECRET_KEY_FALLBACKS=[]):
        stored = seal({"password": "p"})
    with override_settings(SECRET_KEY="new" * 20, SECRET_KEY_FALLBACKS=["old" * 20]):
        assert unseal(stored) == {"password": "p"}
    with override_settings(SECRET_KEY="new" * 20, SECRET_KEY_FALLBACKS=[]), pytest.raises(DomainError) as lost:
        unseal(stored)
    assert lost.value.code == "secret_unreadable"
    assert (seal({}), unseal(b"")) == (b"", {})


def test_a_secret_that_cannot_be_opened_can_be_entered_again(tmp_path):
    source = SourceFactory()
    values = {"host": "mail.example", "username": "u"}
    made = save_connection(source, kind="imap", settings=values, secret={"password": "a"}, by=None).connection
    with override_settings(SECRET_KEY="other" * 20, SECRET_KEY_FALLBACKS=[]):
        assert "enter it again" in try_connection(made, by=None).error
        save_connection(source, kind="imap", settings=values, secret={"password": "b"}, by=None, connection=made)
        made.refresh_from_db()
        assert unseal(made.secret) == {"password": "b"}


@pytest.mark.parametrize(
    ("kind", "values", "secret", "code", "field"),
    [
        ("telex", {}, {}, "unknown_kind", "kind"),
        ("poll", {}, {}, "invalid", "url"),
        ("poll", {"url": "https://h/"}, {"pin": "1"}, "invalid", "pin"),
        ("webhook", {}, {"current": "whsec_AAAA"}, "invalid", "current"),
        ("folder", {"path": "/etc"}, {}, "invalid", "path"),
        ("poll", {"url": 7, "auth": "magic"}, {}, "invalid", ""),
    ],
)
def test_what_makes_no_sense_is_refused(kind, values, secret, code, field):
    with pytest.raises(DomainError) as refused:
        save_connection(SourceFactory(), kind=kind, settings=values, secret=secret, by=None)
    assert (refused.value.code, refused.value.field) == (code, field)
    assert Connection.objects.count() == 0


def test_the_interval_is_sensible_and_kind_and_source_stay(tmp_path):
    with pytest.raises(DomainError) as refused:
        save_connection(SourceFactory(), kind="folder", settings={"path": str(tmp_path)}, by=None, every_seconds=1)
    assert refused.value.message == "Between 5 seconds and a week."
    made = folder(tmp_path)
    for source, kind in ((SourceFactory(), "folder"), (made.source, "webhook")):
        with pytest.raises(DomainError) as refused:
            save_connection(source, kind=kind, settings={"path": str(tmp_path)}, by=None, connection=made)
        assert refused.value.code == "kind_is_fixed"


def test_a_webhook_gets_a_secret_that_is_shown_once_and_rotated():
    connection, shown = save_connection(SourceFactory(), kind="webhook", settings={}, by=None)
    assert (shown[:6], connection.not_before) == ("whsec_", NEVER)
    again = save_connection(connection.source, kind="webhook", settings={}, by=None, connection=connection)
    assert again.shown_once == ""
    fresh = rotate_secret(connection, by=None)
    connection.refresh_from_db()
    assert unseal(connection.secret) == {"current": fresh, "previous": shown}


def test_only_a_webhook_has_a_secret_of_ours(tmp_path):
    with pytest.raises(DomainError) as refused:
        rotate_secret(folder(tmp_path), by=None)
    assert refused.value.code == "not_a_webhook"


# --- Looked into -----------------------------------------------------------------------------------------------------


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


# --- Commands --------------------------------------------------------------------------------------------------------


def test_the_commands_make_a_connection_and_look_into_it(tmp_path, capsys):
    source = SourceFactory()
    call_command("create_connection", "--source", source.code, "--kind", "folder",
                 "--config", json.dumps({"path": str(tmp_path), "stable_seconds": 0}), "--every", "60")  # fmt: skip
    made = json.loads(capsys.readouterr().out)
    assert (made["source"], made["kind"], Connection.objects.get().every_seconds) == (source.code, "folder", 60)
    (tmp_path / "a.edi").write_bytes(b"ISA*")
    with pytest.raises(SystemExit) as end:
        call_command("collect", "--connection", made["id"])
    assert json.loads(capsys.readouterr().out) == {
        "connection": made["id"], "source": source.code, "received": 1, "duplicates": 0, "answered": 0, "left": [],
        "error": "",
    }  # fmt: skip
    assert end.value.code == 0


def test_the_command_reads_a_secret_from_its_input_and_shows_a_webhooks_once(capsys, monkeypatch):
    source = SourceFactory()
    call_command("create_connection", "--source", source.code, "--kind", "webhook")
    made = json.loads(capsys.readouterr().out)
    assert (made["secret"][:6], made["path"]) == ("whsec_", f"/api/v1/inbound/{made['id']}/")
    with Path(os.devnull).open() as empty:
        monkeypatch.setattr(sys, "stdin", empty)
        with pytest.raises(CommandError, match="has to be JSON"):
            call_command("create_connection", "--source", source.code, "--kind", "webhook", "--secret-stdin")


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["--source", "NOBODY"], "no source NOBODY"),
        (["--config", "{"], "has to be JSON"),
        (["--config", "[]"], "JSON object"),
        (["--config", '{"url": "x"}'], "url: An address"),
    ],
)
def test_the_command_says_what_is_wrong(more, words):
    source = SourceFactory()
    with pytest.raises(CommandError, match=words):
        call_command("create_connection", "--source", source.code, "--kind", "poll", *more)
    with pytest.raises(CommandError, match="no active connection"):
        call_command("collect", "--connection", "00000000-0000-4000-8000-000000000000")


def test_the_command_looks_into_all_and_ends_with_1_when_one_failed(tmp_path, capsys):
    folder(tmp_path)
    poll("http://127.0.0.1:1/")
    save_connection(SourceFactory(), kind="webhook", settings={}, by=None)
    with pytest.raises(SystemExit) as end:
        call_command("collect")
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert ([bool(line["error"]) for line in lines], end.value.code) == ([False, True], 1)


# --- The database says no --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("connection_kind_is_known", {"kind": "telex"}),
        ("connection_interval_is_sensible", {"every_seconds": 4}),
        ("connection_interval_is_sensible", {"every_seconds": 604_801}),
        ("connection_state_is_due", {"state": "done"}),
    ],
)
def test_a_connection_that_cannot_be_is_refused(tmp_path, name, change):
    folder(tmp_path)
    with pytest.raises(IntegrityError, match=name), transaction.atomic():
        Connection.objects.update(**change)


def test_runs_receipts_and_answers_that_cannot_be_are_refused(tmp_path):
    connection, message = folder(tmp_path), MessageFactory()
    early = timezone.now() - timedelta(days=1)
    receipt = {"connection": connection, "digest": "d", "message": message}
    WebhookReceipt.objects.create(call_id="1", **receipt)
    refused = {
        "connection_run_ends_after": lambda: ConnectionRun.objects.create(connection=connection, ended_at=early),
        "webhook_call_is_taken_once": lambda: WebhookReceipt.objects.create(call_id="1", **receipt),
        "webhook_receipt_names_its_call": lambda: WebhookReceipt.objects.create(call_id="", **receipt),
        "acknowledgement_kind_is_known": lambda: Acknowledgement.objects.create(
            message=message, kind="999", body=b"", is_accepted=True
        ),
    }
    for name, break_it in refused.items():
        with pytest.raises(IntegrityError, match=name), transaction.atomic():
            break_it()


# --- Several at once, for real ---------------------------------------------------------------------------------------


def worker(url: str, tmp_path: Path, connection: Connection, *before: str) -> subprocess.Popen[bytes]:
    """A process that looks into one connection. `before`: statements to run first."""
    code = "\n".join(
        ["import django; django.setup()", "from shipments.models import Connection",
         "from shipments.services import collect_now", *before,
         f"collect_now(Connection.objects.get(pk={connection.pk}), by=None)"]
    )  # fmt: skip
    environment = {
        **os.environ, "DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "config.settings",
        "WAYMARK_FOLDERS": str(tmp_path), "WAYMARK_CLAIM_SECONDS": "1",
    }  # fmt: skip
    return subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, env=environment)


def test_two_workers_at_one_folder_take_each_file_once(database_url, tmp_path):
    drop = tmp_path / "drop"
    drop.mkdir()
    for number in range(200):
        (drop / f"{number:03d}.edi").write_bytes(b"%d" % number)
    source = SourceFactory()
    # Two connections, so that no lease keeps them apart; the claim of each file does.
    running = [worker(database_url, tmp_path, folder(drop, source)) for _ in range(2)]
    assert [process.wait(timeout=60) for process in running] == [0, 0]
    assert (Message.objects.count(), list(Message.objects.values_list("deliveries", flat=True).distinct())) == (
        200,
        [1],
    )
    assert sum(ConnectionRun.objects.values_list("received", flat=True)) == 200
    assert len(list((drop / "done").iterdir())) == 200


def test_a_worker_killed_between_claim_and_receipt_loses_nothing(database_url, tmp_path):
    drop = tmp_path / "drop"
    drop.mkdir()
    (drop / "a.edi").write_bytes(b"ISA*")
    connection = folder(drop)
    # It stops for good at the moment when the file is claimed and its message is not stored yet.
    killed = worker(
        database_url, tmp_path, connection,
        "import os, signal, shipments.services.collecting as collecting",
        "collecting.receive = lambda *args, **more: os.kill(os.getpid(), signal.SIGKILL)",
    )  # fmt: skip
    assert killed.wait(timeout=60) == -signal.SIGKILL
    assert Message.objects.count() == 0
    assert len(list((drop / "processing").iterdir())) == 1
    connection.refresh_from_db()
    # It is nobody's turn until the lease is over and the failure was given some time.
    assert (connection.attempts, connection.lease_until > timezone.now(), waits(connection) > 20) == (1, True, True)
    Connection.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    time.sleep(2)
    assert worker(database_url, tmp_path, connection).wait(timeout=60) == 0
    assert [bytes(message.raw) for message in Message.objects.all()] == [b"ISA*"]
    assert [path.name.split("-", 2)[2] for path in (drop / "done").iterdir()] == ["a.edi"]


def test_a_worker_killed_after_the_receipt_and_before_the_move_stores_nothing_twice(database_url, tmp_path):
    drop = tmp_path / "drop"
    drop.mkdir()
    (drop / "a.edi").write_bytes(b"ISA*")
    connection = folder(drop)
    killed = worker(
        database_url, tmp_path, connection,
        "import os, signal, shipments.connections.directories as directories",
        "directories._moved = lambda *args: os.kill(os.getpid(), signal.SIGKILL)",
    )  # fmt: skip
    assert killed.wait(timeout=60) == -signal.SIGKILL
    Connection.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    time.sleep(2)
    assert worker(database_url, tmp_path, connection).wait(timeout=60) == 0
    assert [message.deliveries for message in Message.objects.all()] == [2]
    assert [path.name.split("-", 2)[2] for path in (drop / "done").iterdir()] == ["a.edi"]


def test_the_task_is_one_of_the_queue():
    nudge("collect_due")


def changed(connection: Connection, **settings: object) -> dict[str, object]:
    values = {**connection.settings, **settings}
    save_connection(connection.source, kind=connection.kind, settings=values, by=None, connection=connection)
    connection.refresh_from_db()
    return connection.cursor


def test_where_another_place_is_looked_into_nothing_is_counted_from_the_one_before():
    made = {"host": "mail.example", "username": "u", "folder": "INBOX"}
    connection = save_connection(SourceFactory(), kind="imap", settings=made, secret={"password": "x"}, by=None)[0]
    stale = Connection.objects.select_related("source").get()
    Connection.objects.update(cursor={"uidvalidity": 1, "uid": 7})
    assert changed(stale, most_per_run=5) == {"uidvalidity": 1, "uid": 7}
    assert changed(connection, folder="Status") == {}


@pytest.mark.parametrize(
    ("change", "cursor"),
    [
        ({"most_pages": 3}, {"since": "S", "next": "https://api.example/events?cursor=b", "page": 2}),
        ({"url": "https://api.example/v2/events"}, {"since": "S"}),
        ({"url": "https://other.example/events"}, {}),
        ({"since_path": ""}, {}),
    ],
)
def test_a_poll_goes_on_where_it_stood_only_at_the_same_host_and_in_the_same_words(change, cursor):
    connection = poll("https://api.example/events", paging="cursor", cursor_path="next", since_path="meta.until")
    Connection.objects.update(cursor={"since": "S", "next": "https://api.example/events?cursor=b", "page": 2})
    assert changed(connection, **change) == cursor
