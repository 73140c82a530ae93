"""A directory of an FTP server, plain or with TLS ("explicit", RFC 4217: AUTH TLS on the ordinary port)."""

from __future__ import annotations

import calendar
import ftplib
import io
import secrets
import socket
import ssl
import time
from collections.abc import Generator, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, ClassVar

from partners.channels.network import Dialler, tls_context
from shipments.connections import directories
from shipments.connections.base import Answer, Bounds, Cursor, Item, Seen, Trouble
from shipments.connections.directories import Entry, Gone, Unreadable
from shipments.connections.options import Problem, choice, flag, integer, line, text

_CHUNK = 64 << 10
# RFC 959: the file is unavailable. Servers give it for "not there" and for "not yours" alike.
_UNAVAILABLE = ("550", "450", "551")


@dataclass(frozen=True, slots=True, kw_only=True)
class FtpSettings:
    """`tls`: FTPS, which only the oldest servers lack. `certificate`: PEM of an authority of theirs, if it is own."""

    SECRETS: ClassVar[tuple[str, ...]] = ("password",)

    host: str = line(most=253)
    port: int = integer(21, least=1, most=65_535)
    username: str = line("anonymous", most=200)
    tls: bool = flag(True)
    certificate: str = text()
    directory: str = line(".")
    pattern: str = line("*", most=100)
    afterwards: str = choice("move", "delete")
    stable_seconds: int = integer(2, least=0, most=15)
    most_per_run: int = integer(200, least=1, most=5000)
    out: str = line("", most=100)

    def doubts(self) -> list[Problem]:
        return directories.doubts_of(self)


class _Channel(ssl.SSLSocket):
    """Many servers end a transfer without the farewell of TLS. That all of it came is said by their reply."""

    def unwrap(self) -> socket.socket:
        try:
            return super().unwrap()
        except OSError:
            return self


class _Tied:
    """Both of ftplib's clients open their connections through the dialler, and transfer from where we are connected."""

    dialler: Dialler
    host: str
    sock: Any
    context: ssl.SSLContext

    def dial(self, host: str, port: int) -> str:
        self.host, self.port = host, port
        self.sock = self.dialler.connect(host, port)
        self.af = self.sock.family
        self.file = self.sock.makefile("r", encoding="utf-8", errors="surrogateescape")
        self.welcome = self.getresp()  # type: ignore[attr-defined]
        return str(self.welcome)

    def ntransfercmd(self, cmd: str, rest: int | str | None = None) -> tuple[socket.socket, int | None]:
        """The connection of a transfer. With TLS it continues the session of the first: many servers insist on it."""
        made, size = ftplib.FTP.ntransfercmd(self, cmd, rest)  # type: ignore[arg-type]  # noqa: S321
        self.dialler.watch(made)
        if getattr(self, "_prot_p", False):
            made = self.context.wrap_socket(made, server_hostname=self.host, session=self.sock.session)
        return made, size


class _Ftp(_Tied, ftplib.FTP):
    pass


class _FtpTls(_Tied, ftplib.FTP_TLS):
    pass


@dataclass
class FtpPlace:
    client: ftplib.FTP
    clock_is_ours: bool = False

    def entries(self, directory: str) -> Iterator[Entry]:
        try:
            found = list(self.client.mlsd(directory))
        except ftplib.error_perm as error:
            if str(error).startswith(_UNAVAILABLE):
                return
            if not str(error).startswith(("500", "501", "502", "504")):
                raise
            yield from self._by_name(directory)
            return
        for name, facts in found:
            if facts.get("type") == "file":
                size = facts.get("size", "")
                yield Entry(name, int(size) if size.isdecimal() else None, _moment(facts.get("modify", "")))

    def _by_name(self, directory: str) -> Iterator[Entry]:
        """A server older than RFC 3659: names only. What has no size is a directory, or cannot be read anyway."""
        try:
            names = self.client.nlst(directory) if directory else self.client.nlst()
        except ftplib.error_perm as error:
            if str(error).startswith(_UNAVAILABLE):
                return
            raise
        self.client.voidcmd("TYPE I")
        for path in names:
            try:
                size = self.client.size(path)
            except ftplib.error_perm:
                continue
            yield Entry(path.rpartition("/")[2], size, None)

    def make(self, directory: str) -> None:
        try:
            self.client.mkd(directory)
        except ftplib.error_perm as error:
            # "It is there" has no code of its own.
            if not str(error).startswith(("550", "521")):
                raise

    def read(self, name: str, most: int) -> bytes:
        parts: list[bytes] = []
        self._check_size(name, most)
        try:
            with self._transfer(f"RETR {name}") as channel:
                size = 0
                while size <= most and (part := channel.recv(_CHUNK)):
                    parts.append(part)
                    size += len(part)
            if size > most:
                self.client.close()
                raise Trouble(f"{name} is larger than what is taken; take it away from there by hand.")
            self.client.voidresp()
        except ftplib.error_perm as error:
            raise Unreadable(f"The server does not give it to us: {_one_line(error)}") from error
        return b"".join(parts)

    def _check_size(self, name: str, most: int) -> None:
        """A transfer that is broken off costs the session: what is too large is not begun."""
        try:
            self.client.voidcmd("TYPE I")
            size = self.client.size(name)
        except ftplib.error_perm:
            return
        if size is not None and size > most:
            raise Unreadable(f"It is larger than {most >> 20} MiB, the most that is taken.")

    def rename(self, old: str, new: str) -> None:
        try:
            self.client.rename(old, new)
        except (ftplib.error_perm, ftplib.error_temp) as error:
            if not str(error).startswith(_UNAVAILABLE) or self._is_there(old):
                raise
            raise Gone from error

    def _is_there(self, name: str) -> bool:
        directory, _slash, last = name.rpartition("/")
        return any(entry.name == last for entry in self.entries(directory))

    def remove(self, name: str) -> None:
        try:
            self.client.delete(name)
        except ftplib.error_perm:
            if self._is_there(name):
                raise

    def write(self, name: str, body: bytes) -> None:
        directory, _slash, _last = name.rpartition("/")
        half = f"{directory}/.{secrets.token_hex(4)}.part"
        self.client.storbinary(f"STOR {half}", io.BytesIO(body))
        self.remove(name)
        self.client.rename(half, name)

    @contextmanager
    def _transfer(self, command: str) -> Iterator[socket.socket]:
        self.client.voidcmd("TYPE I")
        channel = self.client.transfercmd(command)
        try:
            yield channel
        finally:
            channel.close()


def _moment(modify: str) -> float | None:
    """The instant of an MLSD fact: 20261103120000, in UTC (RFC 3659 2.3)."""
    try:
        return calendar.timegm(time.strptime(modify[:14], "%Y%m%d%H%M%S"))
    except ValueError:
        return None


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:200]


def collect(
    settings: FtpSettings, secret: Mapping[str, str], cursor: Cursor, bounds: Bounds
) -> Generator[Item, None, None]:
    with session(settings, secret, bounds) as place:
        yield from directories.pick_up(place, settings, bounds)


def look(settings: FtpSettings, secret: Mapping[str, str], cursor: Cursor, bounds: Bounds) -> list[Seen]:
    with session(settings, secret, bounds) as place:
        return directories.look_into(place, settings, bounds)


def deliver(settings: FtpSettings, secret: Mapping[str, str], answers: Iterable[Answer], bounds: Bounds) -> int:
    with session(settings, secret, bounds) as place:
        return directories.put_out(place, settings.out, answers, bounds)


@contextmanager
def session(settings: FtpSettings, secret: Mapping[str, str], bounds: Bounds) -> Iterator[FtpPlace]:
    """Signed in and in the directory. Raises Trouble, and what ftplib.all_errors lists."""
    client = _opened(settings, bounds)
    try:
        try:
            client.login(settings.username, secret.get("password", ""))
        except ftplib.error_perm as error:
            raise Trouble(f"The server does not let us in: {_one_line(error)}") from error
        if isinstance(client, _FtpTls):
            client.prot_p()
        client.encoding = "utf-8"
        if settings.directory not in ("", "."):
            _enter(client, settings.directory)
        yield FtpPlace(client)
    finally:
        client.close()


def _opened(settings: FtpSettings, bounds: Bounds) -> _Ftp | _FtpTls:
    context = tls_context(settings.certificate) if settings.tls else None
    if context is not None:
        context.sslsocket_class = _Channel
    client = (
        _FtpTls(context=context, timeout=bounds.dialler.timeout) if context else _Ftp(timeout=bounds.dialler.timeout)
    )
    client.dialler = bounds.dialler
    client.dial(settings.host, settings.port)
    return client


def _enter(client: ftplib.FTP, directory: str) -> None:
    try:
        client.cwd(directory)
    except ftplib.error_perm as error:
        raise Trouble(f"There is no directory {directory} on the server: {_one_line(error)}") from error
