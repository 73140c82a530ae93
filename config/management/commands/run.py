from __future__ import annotations

import fcntl
import hashlib
import signal
import socket
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from config import environment
from config.database import embedded
from config.demo import load_demo_world, logins
from config.processes import Child, alone

_ADDRESS = "127.0.0.1"
_LOOK_EVERY = 1.0
_ANSWER_SECONDS = 60.0
_PORT_SECONDS = 3.0


def _static_digest() -> str:
    """What the collected files depend on: the libraries' versions, and our own files."""
    digest = hashlib.sha256((settings.BASE_DIR / "requirements" / "base.txt").read_bytes())
    for file in sorted((settings.BASE_DIR / "portal" / "static").rglob("*")):
        digest.update(f"{file} {file.stat().st_size} {file.stat().st_mtime_ns}".encode())
    return digest.hexdigest()


class Command(BaseCommand):
    help = (
        "Runs everything in the foreground: database, web server and workers, with a demo world in an empty database."
    )
    requires_system_checks = []

    def handle(self, *args: Any, **options: Any) -> None:
        begun = time.monotonic()
        self.stopping, self.preparing = False, True
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self.stop)
        self.address = environment.text("WAYMARK_BIND", _ADDRESS)
        run = Path(settings.VAR) / "run"
        run.mkdir(exist_ok=True)
        if not alone(run / f"run-{settings.PORT}.lock"):
            environment.refuse(
                "PORT", f"{settings.PORT} is served by a Waymark already; choose another, as in PORT=8001"
            )
        children = [self.web(run), self.workers(run)]
        self.prepare(run)
        self.preparing = False
        self.place.close()
        for child in children:
            if not self.stopping:
                child.start()
        try:
            self.wait_for_answer(children[0])
            self.introduce(time.monotonic() - begun)
            self.watch(children)
        finally:
            for child in children:
                child.stop()

    def stop(self, *_signal: object) -> None:
        self.stopping = True
        if self.preparing:
            # Nothing was started yet that has to be ended, and a step may take long.
            raise SystemExit(0)

    def say(self, text: str) -> None:
        self.stdout.write(text)
        self.stdout.flush()

    def prepare(self, run: Path) -> None:
        """Everything that two instances must not do at the same time. What stands already is not done again."""
        with (run / "prepare.lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            for text, step in (
                ("3/5 bringing the database up to date", self.migrate),
                ("4/5 collecting the static files", lambda: self.collect(run / "static.digest")),
                ("5/5 loading the demo world, if the database is empty", load_demo_world),
            ):
                self.say(text)
                step()

    def migrate(self) -> None:
        executor = MigrationExecutor(connection)
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            call_command("migrate", verbosity=0)

    def collect(self, stamp: Path) -> None:
        digest = _static_digest()
        if not stamp.exists() or stamp.read_text() != digest:
            call_command("collectstatic", verbosity=0, interactive=False)
            stamp.write_text(digest)

    def web(self, run: Path) -> Child:
        """The web server. What a killed one left on the port is ended first; a port somebody else has is refused."""
        record = run / f"web-{settings.PORT}.json"
        command = [
            sys.executable, "-m", "granian", "--interface", "wsgi", "--http", "1", "--no-ws",
            "--host", self.address, "--port", str(settings.PORT), "--backlog", "1024",
            "--workers", "2", "--blocking-threads", "4", "--respawn-failed-workers", "--workers-kill-timeout", "5",
            "--log-level", "warning", "config.wsgi:application",
        ]  # fmt: skip
        child = Child("web", command, {"WAYMARK_ROLE": "web"}, record)
        child.end_leftovers()
        self.take_place()
        return child

    def take_place(self) -> None:
        """Hold the port until the server takes it, so that nobody else does while the database is made."""
        self.place = socket.socket()
        self.place.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        end = time.monotonic() + _PORT_SECONDS
        while True:
            try:
                self.place.bind((self.address, settings.PORT))
                return
            except OSError as error:
                # The threads of a server that was just killed may hold it for a moment longer.
                if time.monotonic() > end:
                    reason = f"{settings.PORT} cannot be used ({error.strerror}); choose another, as in PORT=8001"
                    environment.refuse("PORT", reason)
            time.sleep(0.1)

    def workers(self, run: Path) -> Child:
        command = [sys.executable, str(settings.BASE_DIR / "manage.py"), "worker"]
        environ = {"WAYMARK_ROLE": "worker", "WAYMARK_CLUSTER": settings.WAYMARK_CLUSTER}
        return Child("workers", command, environ, run / f"workers-{settings.PORT}.json", grace=20)

    def wait_for_answer(self, web: Child) -> None:
        end = time.monotonic() + _ANSWER_SECONDS
        while not self.stopping:
            if not web.alive():
                raise CommandError("the web server ended at once; see above")
            try:
                with urllib.request.urlopen(f"http://{self.address}:{settings.PORT}/healthz", timeout=5):
                    return
            except urllib.error.HTTPError as error:
                raise CommandError(f"the web server answers {error.code}; see above") from error
            except OSError as error:
                if time.monotonic() > end:
                    raise CommandError("the web server does not answer; see above") from error
            time.sleep(0.1)

    def introduce(self, seconds: float) -> None:
        if self.stopping:
            return
        address = f"http://{self.address}:{settings.PORT}"
        self.say(f"\nWaymark answers at {address}/\n")
        for person in logins():
            self.say(f"  {person.email:<28} {person.password:<14} {address}{person.place}  {person.says}")
        self.say(f"\nready in {seconds:.1f} s; Ctrl-C stops everything")

    def watch(self, children: list[Child]) -> None:
        server = embedded(Path(settings.VAR))
        while not self.stopping:
            if server and not server.alive():
                server.ensure_running()
            for child in children:
                if child.keep_alive():
                    self.stderr.write(f"the {child.name} stopped and was started again")
            time.sleep(_LOOK_EVERY)
