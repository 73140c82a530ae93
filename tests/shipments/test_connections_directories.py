"""Picking up from folders, SFTP and FTP: each file once, none lost, nothing half."""

from __future__ import annotations

import io
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import paramiko
import pytest

from partners.channels.network import Dialler
from shipments.connections import folder, ftp, sftp
from shipments.connections.base import Answer, Bounds, Collected, Passed, Seen, Trouble
from shipments.connections.folder import FolderSettings
from shipments.connections.ftp import FtpSettings
from shipments.connections.options import Unfit, read_settings
from shipments.connections.sftp import SftpSettings
from tests.shipments.ftps_server import ftps_server
from tests.shipments.places import certificate_for, ftp_server, server_context, sftp_server


@contextmanager
def bounds(root: Path | None = None, *, message_bytes: int = 1 << 20, now: float = 0.0) -> Iterator[Bounds]:
    with Dialler(("127.0.0.1",), 30) as dialler:
        clock = (lambda: now) if now else time.time
        yield Bounds(dialler, message_bytes, time.monotonic() + 30, (root,) if root else (), 300, clock)


def put(root: Path, name: str, content: bytes = b"ISA*", *, seconds_old: float = 60) -> Path:
    path = root / name
    path.write_bytes(content)
    at = time.time() - seconds_old
    os.utime(path, (at, at))
    return path


def names(root: Path) -> list[str]:
    """Of all files below, claims without their mark."""
    found = [path.relative_to(root) for path in sorted(root.rglob("*")) if path.is_file()]
    return sorted(
        str(path.parent / path.name.split("-", 2)[-1]) if len(path.parts) > 1 else path.name for path in found
    )


def taken(settings: FolderSettings, root: Path, **more: object) -> list[Collected | Passed]:
    with bounds(root, **more) as limits:
        items = []
        for item in folder.collect(settings, {}, {}, limits):
            item.after()
            items.append(item)
        return items


def of(root: Path, **more: object) -> FolderSettings:
    return read_settings(FolderSettings, {"path": str(root), "stable_seconds": 0, **more})


# --- Folders -------------------------------------------------------------------------------------------------------


def test_files_are_taken_oldest_first_and_moved(tmp_path):
    put(tmp_path, "b.edi", b"first", seconds_old=90)
    put(tmp_path, "a.edi", b"second", seconds_old=60)
    assert [(i.name, i.payload) for i in taken(of(tmp_path), tmp_path)] == [("b.edi", b"first"), ("a.edi", b"second")]
    assert names(tmp_path) == ["done/a.edi", "done/b.edi"]
    assert taken(of(tmp_path), tmp_path) == []


def test_files_may_be_deleted_instead(tmp_path):
    put(tmp_path, "a.edi")
    taken(of(tmp_path, afterwards="delete"), tmp_path)
    assert names(tmp_path) == []


def test_the_same_name_again_is_another_file(tmp_path):
    for content in (b"one", b"two"):
        put(tmp_path, "a.edi", content)
        taken(of(tmp_path), tmp_path)
    assert sorted(path.read_bytes() for path in (tmp_path / "done").iterdir()) == [b"one", b"two"]


def test_case_36_what_is_not_finished_stays(tmp_path):
    for name in ("a.tmp", "a.edi.part", "a.filepart", ".hidden", "a~", "a.PARTIAL"):
        put(tmp_path, name)
    put(tmp_path, "empty.edi", b"", seconds_old=5)
    (tmp_path / "sub").mkdir()
    put(tmp_path / "sub", "deeper.edi")
    (tmp_path / "link.edi").symlink_to(tmp_path / "sub" / "deeper.edi")
    before = names(tmp_path)
    assert taken(of(tmp_path), tmp_path) == []
    assert names(tmp_path) == before


def test_case_36_an_empty_file_is_one_after_a_while(tmp_path):
    put(tmp_path, "empty.edi", b"", seconds_old=700)
    assert [item.payload for item in taken(of(tmp_path), tmp_path)] == [b""]


def test_case_36_a_file_that_grows_is_left_until_it_is_still(tmp_path):
    path = put(tmp_path, "growing.edi", b"IS", seconds_old=0)
    put(tmp_path, "still.edi", b"whole", seconds_old=0)
    put(tmp_path, "old.edi", b"old", seconds_old=60)

    def write_on() -> None:
        time.sleep(0.4)
        path.write_bytes(b"ISA*")

    writer = threading.Thread(target=write_on)
    writer.start()
    items = taken(of(tmp_path, stable_seconds=1), tmp_path)
    writer.join()
    assert sorted(item.name for item in items) == ["old.edi", "still.edi"]
    put(tmp_path, "growing.edi", b"ISA*IEA", seconds_old=60)
    assert [item.payload for item in taken(of(tmp_path, stable_seconds=1), tmp_path)] == [b"ISA*IEA"]


def test_case_36_what_disappears_while_it_is_claimed_was_another_workers(tmp_path):
    put(tmp_path, "a.edi", seconds_old=90)
    put(tmp_path, "b.edi", seconds_old=60)
    with bounds(tmp_path) as limits:
        first, second = (folder.collect(of(tmp_path), {}, {}, limits) for _ in range(2))
        assert next(first).name == "a.edi"
        # The second listed after the claim of the first; the first goes on with a listing that is old by then.
        assert next(second).name == "b.edi"
        assert list(first) == []
        assert list(second) == []


def test_case_36_what_is_no_file_any_more_or_too_large_is_put_aside_and_named(tmp_path):
    put(tmp_path, "large.edi", b"x" * 2049, seconds_old=90)
    put(tmp_path, "good.edi", b"x" * 2048, seconds_old=60)
    large, good = taken(of(tmp_path), tmp_path, message_bytes=2048)
    assert (large.name, large.why) == ("large.edi", "It is larger than 0 MiB, the most that is taken.")
    assert good.payload == b"x" * 2048
    assert names(tmp_path) == ["done/good.edi", "failed/large.edi"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_case_36_an_unreadable_file_is_put_aside_and_the_others_are_taken(tmp_path):
    put(tmp_path, "locked.edi", seconds_old=90).chmod(0)
    put(tmp_path, "good.edi", seconds_old=60)
    locked, good = taken(of(tmp_path), tmp_path)
    assert (locked.why, good.name) == ("It cannot be read: Permission denied.", "good.edi")
    assert names(tmp_path) == ["done/good.edi", "failed/locked.edi"]


def test_case_36_a_link_put_in_the_place_of_a_file_is_not_followed(tmp_path):
    put(tmp_path, "a.edi")
    secret = tmp_path.parent / "secret"
    secret.write_bytes(b"key")
    with bounds(tmp_path) as limits:
        place = folder.LocalPlace(tmp_path)
        (tmp_path / "processing").mkdir()
        (tmp_path / "processing" / "x").symlink_to(secret)
        with pytest.raises(folder.Unreadable):
            place.read("processing/x", 100)
        assert [item.name for item in folder.collect(of(tmp_path), {}, {}, limits)] == ["a.edi"]


def test_case_36_ten_thousand_at_once_are_taken_in_bounded_runs(tmp_path):
    for number in range(10_000):
        (tmp_path / f"{number:05d}.edi").write_bytes(b"%d" % number)
    settings = of(tmp_path, most_per_run=3000, afterwards="delete")
    runs = []
    while items := taken(settings, tmp_path):
        runs.append(len(items))
    assert runs == [3000, 3000, 3000, 1000]
    assert names(tmp_path) == []


def test_a_name_that_cannot_be_used_is_told_and_left(tmp_path):
    put(tmp_path, "two\nlines.edi")
    put(tmp_path, "x" * 240 + ".edi")
    items = taken(of(tmp_path), tmp_path)
    assert [item.why for item in items] == ["Its name cannot be used. It stays where it is; rename it."] * 2
    assert len(names(tmp_path)) == 2


def test_what_a_dead_worker_claimed_is_taken_after_a_while(tmp_path):
    put(tmp_path, "a.edi", b"claimed")
    with bounds(tmp_path) as limits:
        assert next(folder.collect(of(tmp_path), {}, {}, limits)).payload == b"claimed"
    # Nobody called `after`: the worker is gone.
    assert names(tmp_path) == ["processing/a.edi"]
    assert taken(of(tmp_path), tmp_path) == []
    (again,) = taken(of(tmp_path), tmp_path, now=time.time() + 301)
    assert (again.name, again.payload, names(tmp_path)) == ("a.edi", b"claimed", ["done/a.edi"])


def test_only_what_fits_the_pattern_is_taken(tmp_path):
    put(tmp_path, "A.EDI")
    put(tmp_path, "a.txt")
    assert [item.name for item in taken(of(tmp_path, pattern="*.edi"), tmp_path)] == ["A.EDI"]


def test_looking_takes_and_makes_nothing(tmp_path):
    put(tmp_path, "a.edi", b"12345")
    with bounds(tmp_path) as limits:
        assert folder.look(of(tmp_path), {}, {}, limits) == [Seen("a.edi", 5)]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.edi"]


def test_answers_stand_in_the_out_directory_as_whole_files(tmp_path):
    noted: list[str] = []
    answers = [Answer(f"997-{n}.edi", b"ISA%d" % n, handed_over=lambda n=n: noted.append(n)) for n in (1, 2)]
    with bounds(tmp_path) as limits:
        assert folder.deliver(of(tmp_path, out="out"), {}, answers, limits) == 2
        assert folder.deliver(of(tmp_path, out="out"), {}, answers[:1], limits) == 1
    assert sorted((p.name, p.read_bytes()) for p in (tmp_path / "out").iterdir()) == [
        ("997-1.edi", b"ISA1"),
        ("997-2.edi", b"ISA2"),
    ]
    assert noted == [1, 2, 1]


@pytest.mark.parametrize("path", ["/etc", "..", "link"])
def test_a_folder_outside_of_the_opened_ones_is_never_looked_into(tmp_path, path):
    opened = tmp_path / "drop"
    opened.mkdir()
    (opened / "link").symlink_to("/etc")
    settings = FolderSettings(path=path)
    with bounds(opened) as limits, pytest.raises(Trouble, match="WAYMARK_FOLDERS"):
        folder.look(settings, {}, {}, limits)


def test_a_folder_that_is_not_there_says_so(tmp_path):
    with bounds(tmp_path) as limits, pytest.raises(Trouble, match="There is no folder"):
        folder.look(of(tmp_path / "missing"), {}, {}, limits)


@pytest.mark.parametrize(
    ("values", "fields"),
    [
        ({}, ["path"]),
        ({"path": "a/../b"}, ["path"]),
        ({"path": "a", "out": "done", "pattern": "x/y"}, ["pattern", "out"]),
        ({"path": "a", "out": "../b"}, ["out"]),
        ({"path": "a", "most_per_run": 0, "afterwards": "keep"}, ["afterwards", "most_per_run"]),
    ],
)
def test_settings_of_a_folder_that_make_no_sense_are_refused(values, fields):
    with pytest.raises(Unfit) as unfit:
        read_settings(FolderSettings, values)
    assert [problem.field for problem in unfit.value.problems] == fields


# --- SFTP and FTP ----------------------------------------------------------------------------------------------------


def drain(module, settings, secret, **more: object) -> list[tuple[str, bytes]]:
    with bounds(**more) as limits:
        items = []
        for item in module.collect(settings, secret, {}, limits):
            item.after()
            items.append(item)
        return [(item.name, getattr(item, "payload", item.why if isinstance(item, Passed) else b"")) for item in items]


def sftp_settings(server, **more: object) -> SftpSettings:
    return read_settings(
        SftpSettings,
        {"host": "127.0.0.1", "port": server.port, "username": "carrier", "host_key": server.host_key,
         "directory": "/in", "stable_seconds": 0, **more},
    )  # fmt: skip


@pytest.fixture
def inbox(tmp_path) -> Path:
    made = tmp_path / "in"
    made.mkdir()
    return made


def test_sftp_takes_each_file_once_and_moves_it(tmp_path, inbox):
    put(inbox, "b.edi", b"x" * 200_000, seconds_old=90)
    put(inbox, "ä.edi", b"second", seconds_old=60)
    put(inbox, "c.part")
    with sftp_server(tmp_path) as server:
        settings, secret = sftp_settings(server), {"password": "secret"}
        assert drain(sftp, settings, secret) == [("b.edi", b"x" * 200_000), ("ä.edi", b"second")]
        assert drain(sftp, settings, secret) == []
        put(inbox, "d.edi")
        assert drain(sftp, sftp_settings(server, afterwards="delete"), secret) == [("d.edi", b"ISA*")]
    assert names(inbox) == ["c.part", "done/b.edi", "done/ä.edi"]


def test_sftp_signs_in_with_a_key_and_its_passphrase(tmp_path, inbox):
    put(inbox, "a.edi")
    key = paramiko.RSAKey.generate(2048)
    text = io.StringIO()
    key.write_private_key(text, password="lock")
    with sftp_server(tmp_path, key) as server:
        settings, secret = sftp_settings(server), {"private_key": text.getvalue(), "passphrase": "lock"}
        with bounds() as limits:
            assert sftp.look(settings, secret, {}, limits) == [Seen("a.edi", 4)]
            with pytest.raises(Trouble, match="locked"):
                sftp.look(settings, {"private_key": text.getvalue()}, {}, limits)
            with pytest.raises(Trouble, match="cannot be read"):
                sftp.look(settings, {"private_key": "-----BEGIN nothing"}, {}, limits)


def test_sftp_does_not_speak_to_a_server_with_another_key_nor_with_a_wrong_password(tmp_path, inbox):
    stranger = f"ssh-rsa {paramiko.RSAKey.generate(2048).get_base64()}"
    with sftp_server(tmp_path) as server, bounds() as limits:
        with pytest.raises(Trouble, match="another key than the pinned one"):
            sftp.look(sftp_settings(server, host_key=stranger), {"password": "secret"}, {}, limits)
        with pytest.raises(Trouble, match="no key of the pinned kind"):
            kind = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJtt0YhJOXbGgRrPmEqMtrVwxqvV0Zu0pnIVAmoVgVQb"
            sftp.look(sftp_settings(server, host_key=kind), {"password": "secret"}, {}, limits)
        with pytest.raises(Trouble, match="does not accept the user name"):
            sftp.look(sftp_settings(server), {"password": "guess"}, {}, limits)


def test_sftp_puts_answers_out_and_writes_them_over(tmp_path, inbox):
    (inbox / "out").mkdir()
    with sftp_server(tmp_path) as server, bounds() as limits:
        settings = sftp_settings(server, out="out")
        for body in (b"first", b"second"):
            assert sftp.deliver(settings, {"password": "secret"}, [Answer("997-1.edi", body)], limits) == 1
    assert [(p.name, p.read_bytes()) for p in (inbox / "out").iterdir()] == [("997-1.edi", b"second")]


def test_sftp_says_when_the_directory_is_not_there(tmp_path):
    with sftp_server(tmp_path) as server, bounds() as limits, pytest.raises(Trouble, match="no directory /in"):
        sftp.look(sftp_settings(server), {"password": "secret"}, {}, limits)


@pytest.mark.parametrize("host_key", ["", "AAAA", "ssh-rsa", "ssh-rsa not/base64!"])
def test_sftp_needs_the_servers_key(host_key):
    with pytest.raises(Unfit) as unfit:
        read_settings(SftpSettings, {"host": "h", "username": "u", "host_key": host_key})
    assert {problem.field for problem in unfit.value.problems} == {"host_key"}


def ftp_settings(port: int, **more: object) -> FtpSettings:
    return read_settings(
        FtpSettings,
        {"host": "127.0.0.1", "port": port, "username": "carrier", "tls": False, "directory": "in",
         "stable_seconds": 0, **more},
    )  # fmt: skip


def test_ftp_takes_each_file_once_and_moves_it(tmp_path, inbox):
    put(inbox, "b.edi", b"x" * 200_000, seconds_old=90)
    put(inbox, "a.edi", b"line\r\nline\n", seconds_old=60)
    put(inbox, "large.edi", b"x" * 300_001, seconds_old=30)
    with ftp_server(tmp_path) as port:
        settings, secret = ftp_settings(port), {"password": "secret"}
        assert drain(ftp, settings, secret, message_bytes=300_000) == [
            ("b.edi", b"x" * 200_000),
            ("a.edi", b"line\r\nline\n"),
            ("large.edi", "It is larger than 0 MiB, the most that is taken."),
        ]
        assert drain(ftp, settings, secret) == []
    assert names(inbox) == ["done/a.edi", "done/b.edi", "failed/large.edi"]


def test_ftp_with_tls_checks_the_certificate_and_continues_its_session(tmp_path, inbox):
    put(inbox, "a.edi")
    context = server_context(certificate_for(tmp_path))
    with ftps_server(tmp_path, context) as (port, reuses):
        known = ftp_settings(port, tls=True, certificate=(tmp_path / "cert.pem").read_text(), out="out")
        with bounds() as limits:
            assert ftp.deliver(known, {"password": "secret"}, [Answer("997.edi", b"ISA")], limits) == 1
            with pytest.raises(OSError, match="certificate verify failed"):
                ftp.look(ftp_settings(port, tls=True), {"password": "secret"}, {}, limits)
            with pytest.raises(Trouble, match="does not let us in"):
                ftp.look(ftp_settings(port), {"password": "secret"}, {}, limits)
        assert drain(ftp, known, {"password": "secret"}) == [("a.edi", b"ISA*")]
    assert names(inbox) == ["done/a.edi", "out/997.edi"]
    assert set(reuses) == {True}


def test_ftp_says_what_is_wrong(tmp_path, inbox):
    with ftp_server(tmp_path) as port, bounds() as limits:
        with pytest.raises(Trouble, match="does not let us in"):
            ftp.look(ftp_settings(port), {"password": "guess"}, {}, limits)
        with pytest.raises(Trouble, match="There is no directory nowhere"):
            ftp.look(ftp_settings(port, directory="nowhere"), {"password": "secret"}, {}, limits)
        with pytest.raises(OSError, match="refused"):
            ftp.look(ftp_settings(1), {}, {}, limits)
