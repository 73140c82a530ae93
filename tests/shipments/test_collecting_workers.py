"""Collecting from the command line, and by several workers at once, for real."""

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
from django.test import override_settings
from django.utils import timezone

from shipments.models import Connection, ConnectionRun, Message
from shipments.services import (
    save_connection,
)
from tests.factories.shipments import SourceFactory
from tests.shipments.connected import folder, poll, waits

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def opened(tmp_path) -> Iterator[None]:
    with override_settings(WAYMARK_FOLDERS=[tmp_path], WAYMARK_INTERNAL_HOSTS=["127.0.0.1"], WAYMARK_COLLECTORS=1):
        yield


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


# --- Several at once, for real ---------------------------------------------------------------------------------------


def worker(url: str, tmp_path: Path, connection: Connection, *before: str, claim: int = 1) -> subprocess.Popen[bytes]:
    """A process that looks into one connection. `before`: statements to run first; `claim`: seconds a file is kept."""
    code = "\n".join(
        ["import django; django.setup()", "from shipments.models import Connection",
         "from shipments.services import collect_now", *before,
         f"collect_now(Connection.objects.get(pk={connection.pk}), by=None)"]
    )  # fmt: skip
    environment = {
        **os.environ, "DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "config.settings",
        "WAYMARK_FOLDERS": str(tmp_path), "WAYMARK_CLAIM_SECONDS": str(claim),
    }  # fmt: skip
    return subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, env=environment)


def test_two_workers_at_one_folder_take_each_file_once(database_url, tmp_path):
    drop = tmp_path / "drop"
    drop.mkdir()
    for number in range(200):
        (drop / f"{number:03d}.edi").write_bytes(b"%d" % number)
    source = SourceFactory()
    # Two connections, so that no lease keeps them apart; the claim of each file does, however slow the machine is.
    running = [worker(database_url, tmp_path, folder(drop, source), claim=300) for _ in range(2)]
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
