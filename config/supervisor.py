"""Keeps a django-q2 cluster alive, which it does not do by itself.

Killing one idle worker leaves the others waiting for a lock that nobody holds; killing the monitor leaves every task
unacknowledged; and both look alive from outside (reliability.md 4.1). So two things are watched: the members of the
cluster, of which none may go missing, and its pulse, a task that has to come back through the queue, a worker and the
monitor. When either fails, the whole cluster is killed and started again: what it was working on stands in rows whose
lease runs out.
"""

from __future__ import annotations

import logging
import sys
import time
import uuid
from dataclasses import dataclass, field
from pathlib import Path

from django.conf import settings
from django.db import Error, connection

from config.models import Heartbeat
from config.processes import Child, all_processes
from core.queue import ask_for_beat, beats_under_way, busy_workers, hand_out_again, nudge

logger = logging.getLogger("waymark.supervisor")

LOOK_EVERY = 1.0
BEAT_EVERY = 5.0
# A lease that runs out wakes nobody: what a killed worker held is looked for so often.
NUDGE_EVERY = 10.0
# Seconds without a pulse: for a cluster that has nothing to do, for one whose workers are all running a task (a task
# has to end within its timeout), and for one that is just starting.
SILENCE = 20.0
SILENCE_BUSY: float = settings.Q_CLUSTER["timeout"] + SILENCE
SILENCE_STARTING = 60.0


def members_of(main: int) -> set[int]:
    """The cluster's own processes: main, its sentinel, and the sentinel's children. Not what a task starts."""
    processes = all_processes()
    sentinels = {status.pid for status in processes if status.parent == main}
    return {
        status.pid for status in processes if status.pid == main or status.parent == main or status.parent in sentinels
    }


@dataclass
class Pulse:
    """Asks for one beat at a time, remembers when the last one came back, and wakes the stream now and then."""

    cluster: str
    token: str = ""
    asked_at: float = 0.0
    felt_at: float = 0.0
    limit: float = SILENCE_STARTING
    nudged_at: float = 0.0

    def restart(self, now: float) -> None:
        self.token, self.asked_at, self.felt_at, self.limit = "", now, now, SILENCE_STARTING

    def feel(self, now: float) -> None:
        """Take note of a beat that came back, ask for the next when it is time."""
        if self.token and self._came_back():
            self.token, self.felt_at, self.limit = "", now, SILENCE
        if not self.token and now - self.asked_at >= BEAT_EVERY:
            self.token, self.asked_at = str(uuid.uuid4()), now
            ask_for_beat(self.cluster, self.token)
        if now - self.nudged_at >= NUDGE_EVERY:
            self.nudged_at = now
            nudge("advance")

    def lost(self, now: float) -> bool:
        silent = now - self.felt_at
        if silent <= self.limit:
            return False
        return silent > SILENCE_BUSY or busy_workers() < int(settings.Q_CLUSTER["workers"])

    def _came_back(self) -> bool:
        ran = Heartbeat.objects.filter(name=self.cluster, beat_token=self.token).exists()
        return ran and not beats_under_way(self.cluster)


@dataclass
class Supervisor:
    """Runs one cluster until `stop` is set from a signal."""

    cluster: str
    record: Path
    stopping: bool = False
    _full: set[int] = field(default_factory=set, init=False)

    def __post_init__(self) -> None:
        command = [sys.executable, str(settings.BASE_DIR / "manage.py"), "worker", "--cluster"]
        environment = {"WAYMARK_ROLE": "worker", "WAYMARK_CLUSTER": self.cluster}
        self._child = Child("cluster", command, environment, self.record)
        self._pulse = Pulse(self.cluster)

    def stop(self, *_signal: object) -> None:
        self.stopping = True

    def run(self) -> None:
        while not self.stopping:
            if self._child.keep_alive():
                self._begin()
            if self._child.alive():
                self._look()
            time.sleep(LOOK_EVERY)
        self._child.stop()

    def _begin(self) -> None:
        self._full = set()
        self._pulse.restart(time.monotonic())
        try:
            # What the last life was working on is taken up at once.
            hand_out_again(self.cluster)
            nudge("advance")
        except Error as error:
            self._without_database(error)

    def _look(self) -> None:
        reason = self._missing() or self._silent()
        if reason:
            logger.error("the workers are started again: %s", reason)
            self._child.grace = 0
            self._child.stop()
            self._child.grace = 10
            self._full = set()

    def _missing(self) -> str:
        present = members_of(self._child.pid)
        whole = settings.Q_CLUSTER["workers"] + 4
        if not self._full and len(present) >= whole:
            self._full = present
        gone = self._full - present
        return f"process {min(gone)} is gone" if gone else ""

    def _silent(self) -> str:
        now = time.monotonic()
        try:
            self._pulse.feel(now)
            return "no sign of life" if self._pulse.lost(now) else ""
        except Error as error:
            # Without the database there is no pulse to feel; that is not the workers' fault.
            self._without_database(error)
            self._pulse.restart(now)
            return ""

    def _without_database(self, error: Error) -> None:
        logger.warning(
            "the database does not answer: %s", str(error).splitlines()[0] if str(error) else type(error).__name__
        )
        connection.close()
