"""Child processes in groups of their own: started, recorded, ended with everything they started themselves.

A record under var/run names each group by its leader's pid and start time, so that the next start after a kill -9 ends
what is left of the last one, and never a stranger that got the same pid.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import json
import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

_PR_SET_PDEATHSIG = 1  # linux/prctl.h
_libc = ctypes.CDLL(None, use_errno=True)
_LONGEST_PAUSE = 10.0
# A child that lived this long was healthy: its next restart is immediate.
_HEALTHY_SECONDS = 60.0


@dataclass(frozen=True)
class Status:
    """One line of /proc/<pid>/stat: `started` is in clock ticks after boot."""

    pid: int
    state: str
    parent: int
    group: int
    started: int


def status_of(pid: int) -> Status | None:
    """The process, or None when there is none or only its zombie."""
    try:
        rest = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except (OSError, IndexError):
        return None
    found = Status(pid, rest[0], int(rest[1]), int(rest[2]), int(rest[19]))
    return None if found.state in "ZX" else found


def all_processes() -> list[Status]:
    found = (status_of(int(entry.name)) for entry in Path("/proc").iterdir() if entry.name.isdigit())
    return [status for status in found if status]


def group_of(leader: int) -> list[Status]:
    """The living members of the process group that `leader` leads or led."""
    return [status for status in all_processes() if status.group == leader]


def die_with_parent() -> None:
    """Have the kernel kill this process when its parent dies, however that happens."""
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def end_group(leader: int, *, grace: float) -> None:
    """Ask the leader to stop, wait up to `grace` seconds, then kill all of its group that is left."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(leader, signal.SIGTERM)
    deadline = time.monotonic() + grace
    while group_of(leader):
        if time.monotonic() > deadline:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(leader, signal.SIGKILL)
        time.sleep(0.05)
        _reap(leader)


def _reap(pid: int) -> None:
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)


def alone(lock: Path) -> bool:
    """Whether no other process has said so of the same file; true until this process ends, however it ends."""
    lock.parent.mkdir(parents=True, exist_ok=True)
    held = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(held)
        return False
    return True


def end_recorded(record: Path) -> None:
    """Kill what is left of the group in `record`: its leader if it is still the same process, or its orphans."""
    try:
        known = json.loads(record.read_text())
        leader, started, boot = int(known["pid"]), int(known["started"]), str(known["boot"])
    except (OSError, ValueError, KeyError, TypeError):
        return
    status = status_of(leader)
    # A pid is not given out again while a group of that number lives: without a leader, its members are our orphans.
    if boot == _boot() and (status is None or status.started == started):
        end_group(leader, grace=0)
    record.unlink(missing_ok=True)


def _boot() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


@dataclass
class Child:
    """One child that is to live as long as we do. Its output goes where ours goes."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    record: Path
    grace: float = 10.0
    _process: subprocess.Popen[bytes] | None = field(default=None, init=False)
    _started: float = field(default=0.0, init=False)
    _pause: float = field(default=0.0, init=False)

    @property
    def pid(self) -> int:
        return self._process.pid if self._process else 0

    def end_leftovers(self) -> None:
        """End what a life before a kill -9 left behind."""
        end_recorded(self.record)

    def start(self) -> None:
        self.end_leftovers()
        self._process = subprocess.Popen(
            self.command,
            env={**os.environ, **self.environment},
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            preexec_fn=die_with_parent,
        )
        self._started = time.monotonic()
        status = status_of(self._process.pid)
        self.record.parent.mkdir(parents=True, exist_ok=True)
        kept = {"pid": self.pid, "started": status.started if status else 0, "boot": _boot()}
        self.record.write_text(json.dumps(kept))

    def alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def keep_alive(self) -> bool:
        """Start it again when it is dead, later each time it dies young. True when it was started."""
        if self.alive():
            return False
        lived = time.monotonic() - self._started
        if lived > _HEALTHY_SECONDS:
            self._pause = 0.0
        if lived < self._pause:
            return False
        self._pause = min(_LONGEST_PAUSE, self._pause * 2 or 1.0)
        self.start()
        return True

    def stop(self) -> None:
        if self._process is not None:
            end_group(self.pid, grace=self.grace)
            self._process.wait()
            self._process = None
        self.record.unlink(missing_ok=True)
