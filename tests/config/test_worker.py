"""Real workers under the real supervisor, on the test database: whoever is killed, work goes on by itself."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from django.conf import settings
from django_q.models import Schedule

from config.models import Heartbeat
from config.processes import all_processes, die_with_parent, end_group, status_of
from config.schedules import MINUTES, reconcile
from config.supervisor import members_of
from core.queue import enqueue

ROOT = Path(__file__).resolve().parents[2]
WHOLE = settings.Q_CLUSTER["workers"] + 4


def wait_for(true: Callable[[], bool], *, seconds: float) -> float:
    """Seconds until it was true."""
    begun = time.monotonic()
    while not true():
        assert time.monotonic() - begun < seconds, "did not happen in time"
        time.sleep(0.1)
    return time.monotonic() - begun


def marked(name: str) -> bool:
    return Heartbeat.objects.filter(name=name).exists()


@dataclass
class Workers:
    process: subprocess.Popen[bytes]
    cluster: str

    @property
    def main(self) -> int:
        return next((status.pid for status in all_processes() if status.parent == self.process.pid), 0)

    def whole(self) -> bool:
        return bool(self.main) and len(members_of(self.main)) == WHOLE

    def pid_of(self, role: str) -> int:
        """The sentinel starts its children in this order: the workers, the monitor, the pusher."""
        main = self.main
        sentinel = next(status.pid for status in all_processes() if status.parent == main)
        *workers, monitor, pusher = sorted(members_of(main) - {main, sentinel})
        return {"main": main, "sentinel": sentinel, "monitor": monitor, "pusher": pusher, "worker": workers[0]}[role]


def start(database_url: str, var: Path) -> Workers:
    environment = {
        **os.environ,
        "DATABASE_URL": database_url,
        "DJANGO_SETTINGS_MODULE": "tests.config.worker_settings",
        "WAYMARK_VAR": str(var),
        # Tasks are signed with it: what this process queues is for those workers.
        "SECRET_KEY": settings.SECRET_KEY,
        "WAYMARK_CLUSTER": "tested",
        "WAYMARK_ROLE": "worker",
    }
    command = [sys.executable, "manage.py", "worker"]
    # A test run that is killed leaves no workers behind either.
    process = subprocess.Popen(command, cwd=ROOT, env=environment, start_new_session=True, preexec_fn=die_with_parent)
    return Workers(process, "tested")


@pytest.fixture
def workers(database_url: str, tmp_path: Path, settings: object) -> Iterator[Workers]:
    settings.WAYMARK_TASKS = {**settings.WAYMARK_TASKS, "mark": "", "sleep": ""}  # type: ignore[attr-defined]
    started = start(database_url, tmp_path)
    yield started
    main = started.main
    started.process.terminate()
    try:
        started.process.wait(30)
    finally:
        for leader in filter(None, (started.process.pid, main)):
            end_group(leader, grace=0)


@pytest.mark.parametrize("role", ["main", "sentinel", "monitor", "pusher", "worker"])
def test_work_goes_on_after_a_kill_of_any_idle_member(workers: Workers, role: str) -> None:
    wait_for(lambda: workers.whole() and marked("tested"), seconds=60)
    before = members_of(workers.main)
    os.kill(workers.pid_of(role), signal.SIGKILL)
    enqueue("mark", "after")
    assert wait_for(lambda: marked("after"), seconds=60) < 30
    # Where django-q2 replaces the killed one by itself, work may go on before all are started anew.
    wait_for(lambda: workers.whole() and not members_of(workers.main) & before, seconds=60)
    wait_for(lambda: not [pid for pid in before if status_of(pid)], seconds=20)


def test_work_goes_on_after_a_kill_while_all_are_busy(workers: Workers) -> None:
    wait_for(lambda: workers.whole() and marked("tested"), seconds=60)
    for name in ("one", "two"):
        enqueue("sleep", name, 50)
    wait_for(lambda: marked("one") and marked("two"), seconds=30)
    os.kill(workers.pid_of("worker"), signal.SIGKILL)
    enqueue("mark", "after")
    assert wait_for(lambda: marked("after"), seconds=60) < 30


def test_frozen_workers_are_noticed_by_their_silence(workers: Workers) -> None:
    wait_for(lambda: workers.whole() and marked("tested"), seconds=60)
    os.kill(workers.pid_of("monitor"), signal.SIGSTOP)
    first = workers.main
    assert 15 < wait_for(lambda: workers.main not in (0, first), seconds=60) < 40
    enqueue("mark", "after")
    wait_for(lambda: marked("after"), seconds=30)


def test_a_new_supervisor_ends_what_a_killed_one_left(workers: Workers, database_url: str, tmp_path: Path) -> None:
    wait_for(workers.whole, seconds=60)
    before = members_of(workers.main)
    workers.process.kill()
    workers.process.wait()
    wait_for(lambda: not any(status_of(pid) for pid in before), seconds=10)
    workers.process = start(database_url, tmp_path).process
    enqueue("mark", "after")
    wait_for(lambda: marked("after"), seconds=60)


def test_a_stop_leaves_nothing_behind(workers: Workers) -> None:
    wait_for(workers.whole, seconds=60)
    before = members_of(workers.main)
    workers.process.send_signal(signal.SIGTERM)
    assert workers.process.wait(30) == 0
    assert [pid for pid in before if status_of(pid)] == []


@pytest.mark.django_db
def test_the_schedules_are_those_of_the_code_however_often_they_are_brought_up_to_date() -> None:
    Schedule.objects.create(name="by hand", func="os.system")
    reconcile()
    made = set(Schedule.objects.values_list("pk", flat=True))
    reconcile()
    assert set(Schedule.objects.values_list("pk", flat=True)) == made
    assert {row.name: (row.func, row.args, row.minutes) for row in Schedule.objects.all()} == {
        name: ("core.queue.run", repr((name,)), minutes) for name, minutes in MINUTES.items()
    }
