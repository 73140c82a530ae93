from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from config.postgres import FORGETFUL, Server, shared_megabytes
from config.postgres_files import PostgresError, programs, reachable, socket_folder

ROOT = Path(__file__).resolve().parents[2]
SMALL = (*FORGETFUL, "shared_buffers=16MB")


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    # Not under pytest's folders, which nobody but their owner may enter: as root the server runs as another user.
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        started = Server(Path(folder) / "postgres", SMALL)
        started.ensure_running()
        yield started
        started.stop()


def one(server: Server, query: str) -> object:
    with psycopg.connect(server.url()) as connection:
        row = connection.execute(query).fetchone()
    assert row is not None
    return row[0]


def postmaster(server: Server) -> int:
    return int((server.data / "postmaster.pid").read_text().split()[0])


def test_it_speaks_utf8_and_sorts_alike_everywhere(server: Server) -> None:
    assert one(server, "SELECT current_setting('server_encoding')") == "UTF8"
    assert one(server, "SELECT datcollate FROM pg_database WHERE datname = 'waymark'") == "C.UTF-8"


def test_it_listens_on_no_network(server: Server) -> None:
    assert one(server, "SELECT current_setting('listen_addresses')") == ""


def test_a_wrong_password_is_refused(server: Server) -> None:
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(server.url().replace(server.password(), "wrong"))


def test_the_password_and_the_socket_are_private(server: Server) -> None:
    assert stat.S_IMODE((server.folder / "password").stat().st_mode) == 0o600
    assert stat.S_IMODE(server.socket.stat().st_mode) == 0o700


def test_what_was_written_survives_a_kill(server: Server) -> None:
    with psycopg.connect(server.url(), autocommit=True) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 7 AS seven")
        connection.execute("CHECKPOINT")
    os.kill(postmaster(server), signal.SIGKILL)
    server.ensure_running()
    assert one(server, "SELECT seven FROM kept") == 7


def test_it_starts_again_after_a_stop_and_a_second_start_changes_nothing(server: Server) -> None:
    server.stop()
    assert not server.ready()
    server.ensure_running()
    first = postmaster(server)
    server.ensure_running()
    assert postmaster(server) == first


def test_the_pid_of_a_stranger_is_not_taken_for_the_server(server: Server) -> None:
    server.stop()
    (server.data / "postmaster.pid").write_text(f"{os.getpid()}\n{server.data}\n")
    server.ensure_running()
    assert postmaster(server) != os.getpid()


HOLDER = """
import sys
from pathlib import Path
from config.postgres import FORGETFUL, Server, shared_megabytes
Server(Path(sys.argv[1]), (*FORGETFUL, "shared_buffers=16MB")).hold()
print("held", flush=True)
sys.stdin.read()
"""


def holder(home: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(home)], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def release(process: subprocess.Popen[str]) -> None:
    process.communicate()
    assert process.returncode == 0


def test_the_last_one_to_leave_stops_it(server: Server) -> None:
    first, second = holder(server.home), holder(server.home)
    release(first)
    assert server.ready()
    release(second)
    assert not server.ready()
    server.ensure_running()


def test_a_killed_holder_does_not_count(server: Server) -> None:
    killed, last = holder(server.home), holder(server.home)
    killed.kill()
    killed.communicate()
    release(last)
    assert not server.ready()
    server.ensure_running()


def test_starts_at_the_same_moment_make_one_server() -> None:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        home = Path(folder) / "postgres"
        processes = [
            subprocess.Popen(
                [sys.executable, "-c", HOLDER, str(home)],
                cwd=ROOT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            for _ in range(3)
        ]
        assert [process.stdout.readline() for process in processes if process.stdout] == ["held\n"] * 3
        for process in processes:
            release(process)


def test_a_long_path_gets_a_short_private_socket(tmp_path: Path) -> None:
    uid = os.geteuid()
    long = tmp_path / ("x" * 120)
    short = socket_folder(long, uid)
    assert len(str(short)) < 60
    assert stat.S_IMODE(short.stat().st_mode) == 0o700
    assert socket_folder(long, uid) == short
    short.chmod(0o755)
    with pytest.raises(PostgresError, match="not a private folder"):
        socket_folder(long, uid)
    short.rmdir()


def test_a_folder_closed_to_others_is_not_reachable(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    assert reachable(closed / "file", os.geteuid())
    assert not reachable(closed / "file", 65_533)


def test_the_programs_may_be_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("WAYMARK_PG_BIN", str(tmp_path))
    with pytest.raises(PostgresError, match="holds no initdb"):
        programs(os.geteuid())


def test_a_start_that_fails_says_where_to_look() -> None:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        broken = Server(Path(folder) / "postgres", ("no_such_setting=1",), patience=1)
        begun = time.monotonic()
        with pytest.raises(PostgresError, match=r"did not start; see .*server\.log"):
            broken.ensure_running()
        assert time.monotonic() - begun < 30


def test_the_server_takes_a_part_of_the_memory_there_is(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = {"SC_PAGE_SIZE": 4096, "SC_PHYS_PAGES": 0}
    monkeypatch.setattr("os.sysconf", sizes.__getitem__)
    taken = []
    for gigabytes in (0.5, 4, 64):
        sizes["SC_PHYS_PAGES"] = int(gigabytes * 2**30 / 4096)
        taken.append(shared_megabytes())
    assert taken == [128, 512, 1024]
