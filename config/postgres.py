"""The embedded PostgreSQL server: started when DATABASE_URL is not set, on a unix socket only, with a random password.

Whoever uses the server holds a shared lock on `in-use`; the last one to leave stops it. The kernel releases the lock of
a killed process, so no count can be wrong. Standard library only: it runs before Django is configured.
"""

from __future__ import annotations

import atexit
import fcntl
import os
import pwd
import secrets
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from config.postgres_files import PostgresError, placed, programs, server_uid, socket_folder

NAME = "waymark"
# Not durable, for tests: their data is thrown away anyway.
FORGETFUL = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")


def shared_megabytes() -> int:
    """What the server keeps of the data in its own memory: an eighth of the machine's, from 128 MB to 1 GB."""
    whole = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") >> 20
    return min(1024, max(128, whole // 8))


@dataclass(frozen=True)
class Server:
    """One database cluster and its server. `home` holds the data, the password, the log and the socket."""

    home: Path
    options: tuple[str, ...] = ()
    # Seconds to wait for a start: recovery after a crash may take a while.
    patience: int = 60

    @cached_property
    def folder(self) -> Path:
        return placed(self.home)

    @cached_property
    def uid(self) -> int:
        return server_uid(self.folder)

    @cached_property
    def socket(self) -> Path:
        return socket_folder(self.folder, self.uid)

    @cached_property
    def programs(self) -> Path:
        return programs(self.uid)

    @property
    def data(self) -> Path:
        return self.folder / "data"

    def password(self) -> str:
        """The password of the one role, made at the first call and readable by the server's user alone."""
        file = self.folder / "password"
        if not file.exists():
            with self._locked("password.lock"):
                if not file.exists():
                    half = file.with_suffix(".new")
                    half.touch(mode=0o600)
                    self._give(half)
                    half.write_text(secrets.token_hex(24))
                    half.rename(file)
        return file.read_text()

    def url(self, name: str = NAME) -> str:
        """The address for DATABASE_URL: `postgresql://user:password@/name?host=<folder of the socket>`."""
        return f"postgresql://{NAME}:{self.password()}@/{name}?host={self.socket}"

    def ready(self) -> bool:
        return self._run("pg_isready", "-q", "-h", str(self.socket), check=False).returncode == 0

    def alive(self) -> bool:
        """Whether the server's process lives; cheaper than `ready`, which asks it."""
        pid_file = self.data / "postmaster.pid"
        return pid_file.exists() and _is_postgres(pid_file.read_text().split("\n")[0])

    def hold(self) -> None:
        """Make sure the server runs for as long as this process does; the last process to end stops it."""
        held = (self.folder / "in-use").open("a")
        fcntl.flock(held, fcntl.LOCK_SH)
        owner = os.getpid()
        # A forked child inherits the exit handlers; only the process that holds may let go.
        atexit.register(lambda: self._let_go(held.fileno()) if os.getpid() == owner else None)
        self.ensure_running()

    def ensure_running(self) -> None:
        """Start the server unless it answers. Raises PostgresError when it does not come up."""
        if self.data.exists() and self.ready():
            return
        with self._locked("start.lock"):
            if not self.data.exists():
                self._create()
            if not self.ready() and not self._coming_up():
                self._start()
            self._create_database()

    def stop(self) -> None:
        if self.data.exists() and (self.data / "postmaster.pid").exists():
            self._run("pg_ctl", "-D", str(self.data), "-m", "fast", "-w", "-t", "30", "stop", check=False)

    def _let_go(self, held: int) -> None:
        fcntl.flock(held, fcntl.LOCK_UN)
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return
        self.stop()

    def _create(self) -> None:
        """Create the cluster beside its place and move it there, so that a half-made one is never taken for whole."""
        self.password()
        half = self.folder / f"data.{secrets.token_hex(4)}"
        version = self._run("initdb", "--version").stdout.split()[-1]
        # The builtin provider (17+) sorts alike on every machine; before that the C library's C.UTF-8 comes closest.
        builtin = int(version.split(".")[0]) >= 17
        locale = ("--locale-provider=builtin", "--builtin-locale=C.UTF-8") if builtin else ("--locale=C.UTF-8",)
        access = ("-U", NAME, "-A", "scram-sha-256", f"--pwfile={self.folder / 'password'}")
        self._run("initdb", "-D", str(half), "-E", "UTF8", *locale, *access, "--no-instructions")
        half.rename(self.data)

    def _start(self) -> None:
        settings = (
            "listen_addresses=",
            f"unix_socket_directories={self.socket}",
            "unix_socket_permissions=0700",
            f"shared_buffers={shared_megabytes()}MB",
            # Every page is written whole once after a checkpoint: the fewer, the less is written.
            "max_wal_size=4GB",
            "checkpoint_timeout=15min",
            # The stream's statements are over before a compiled plan would pay.
            "jit=off",
            "work_mem=16MB",
            *self.options,
        )
        options = " ".join(f"-c '{setting}'" for setting in settings)
        log = str(self.folder / "server.log")
        start = ("-D", str(self.data), "-w", "-t", str(self.patience), "-l", log, "-o", options, "start")
        deadline = time.monotonic() + self.patience
        # After kill -9 the old server's children keep the shared memory for a moment: try until they are gone.
        while self._run("pg_ctl", *start, check=False).returncode:
            if time.monotonic() > deadline:
                raise PostgresError(f"PostgreSQL did not start; see {log}")
            time.sleep(0.5)

    def _coming_up(self) -> bool:
        """Wait for a server that lives but does not answer yet; clear what a dead one left behind."""
        deadline = time.monotonic() + self.patience
        while self.alive():
            if self.ready():
                return True
            if time.monotonic() > deadline:
                raise PostgresError(f"PostgreSQL lives but does not answer; see {self.folder / 'server.log'}")
            time.sleep(0.1)
        for left in (self.data / "postmaster.pid", self.socket / ".s.PGSQL.5432", self.socket / ".s.PGSQL.5432.lock"):
            left.unlink(missing_ok=True)
        return False

    def _create_database(self) -> None:
        access = ("-h", str(self.socket), "-U", NAME)
        made = self._run("createdb", *access, NAME, check=False, env={**os.environ, "PGPASSWORD": self.password()})
        if made.returncode and "already exists" not in made.stderr:
            raise PostgresError(f"the database could not be created: {made.stderr.strip()}")

    def _run(
        self, program: str, *arguments: str, check: bool = True, env: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        dropped: dict[str, Any] = {}
        if os.geteuid() == 0:
            dropped = {"user": self.uid, "group": pwd.getpwuid(self.uid).pw_gid, "extra_groups": []}
        # pg_ctl's child inherits its outputs: a pipe would stay open as long as the server lives.
        output = subprocess.DEVNULL if program == "pg_ctl" else subprocess.PIPE
        done: subprocess.CompletedProcess[str] = subprocess.run(
            [str(self.programs / program), *arguments],
            stdin=subprocess.DEVNULL, stdout=output, stderr=output, cwd=self.folder, text=True, env=env, **dropped,
        )  # fmt: skip
        if check and done.returncode:
            raise PostgresError(f"{program} failed: {' '.join((done.stderr or '').split())}")
        return done

    @contextmanager
    def _locked(self, name: str) -> Iterator[None]:
        with (self.folder / name).open("a") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def _give(self, file: Path) -> None:
        if os.geteuid() == 0:
            os.chown(file, self.uid, -1)


def _is_postgres(pid: str) -> bool:
    """Whether the process lives (a zombie does not: pg_ctl is fooled by one) and is a PostgreSQL server."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    name, rest = status.split("(", 1)[1].rsplit(")", 1)
    return name == "postgres" and rest.split()[0] not in ("Z", "X")
