"""A directory of an SFTP server. The server's key is pinned: what answers under its name with another key is not it."""

from __future__ import annotations

import base64
import binascii
import io
import itertools
import secrets
import stat
from collections.abc import Generator, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import ClassVar

import paramiko

from shipments.connections import directories
from shipments.connections.base import Answer, Bounds, Cursor, Item, Seen, Trouble
from shipments.connections.directories import Entry, Gone, Unreadable
from shipments.connections.options import Problem, choice, integer, line

_KEYS = (paramiko.Ed25519Key, paramiko.ECDSAKey, paramiko.RSAKey)
# An RSA key signs by these; the key itself is called ssh-rsa.
_SIGNED_BY = {"ssh-rsa": ("rsa-sha2-512", "rsa-sha2-256")}
_CHUNK = 32 << 10


@dataclass(frozen=True, slots=True, kw_only=True)
class SftpSettings:
    """`host_key`: as `ssh-keyscan` prints it, "ssh-ed25519 AAAA…". `directory`: where the files are put for us."""

    SECRETS: ClassVar[tuple[str, ...]] = ("password", "private_key", "passphrase")

    host: str = line(most=253)
    port: int = integer(22, least=1, most=65_535)
    username: str = line(most=200)
    host_key: str = line(most=2000)
    directory: str = line(".")
    pattern: str = line("*", most=100)
    afterwards: str = choice("move", "delete")
    stable_seconds: int = integer(2, least=0, most=15)
    most_per_run: int = integer(200, least=1, most=5000)
    out: str = line("", most=100)

    def doubts(self) -> list[Problem]:
        found = directories.doubts_of(self)
        if pinned(self.host_key) is None:
            found.append(Problem("host_key", "The server's public key: its kind and base64, as ssh-keyscan prints it."))
        return found


def pinned(text: str) -> tuple[str, bytes] | None:
    """(kind, key) of "[host] kind base64 [comment]", or None."""
    words = text.split()
    for kind, encoded in itertools.pairwise(words):
        if kind.startswith(("ssh-", "ecdsa-")):
            try:
                return kind, base64.b64decode(encoded, validate=True)
            except (binascii.Error, ValueError):
                return None
    return None


def private_key(text: str, passphrase: str) -> paramiko.PKey:
    """The key of a PEM or OpenSSH text. Raises Trouble."""
    for kind in _KEYS:
        try:
            return kind.from_private_key(io.StringIO(text), password=passphrase or None)
        except paramiko.PasswordRequiredException as error:
            raise Trouble("The private key is locked, and no passphrase is given.") from error
        except (paramiko.SSHException, ValueError, IndexError, UnicodeError):
            continue
    raise Trouble("The private key cannot be read: an Ed25519, ECDSA or RSA key, and its passphrase if it has one.")


@dataclass
class SftpPlace:
    client: paramiko.SFTPClient
    root: str
    clock_is_ours: bool = False

    def entries(self, directory: str) -> Iterator[Entry]:
        try:
            found = self.client.listdir_attr(self._at(directory))
        except FileNotFoundError:
            if directory:
                return
            raise Trouble(f"There is no directory {self.root} on the server.") from None
        for each in found:
            if stat.S_ISREG(each.st_mode or 0):
                yield Entry(each.filename, each.st_size, each.st_mtime)

    def make(self, directory: str) -> None:
        try:
            self.client.stat(self._at(directory))
        except FileNotFoundError:
            self.client.mkdir(self._at(directory))

    def read(self, name: str, most: int) -> bytes:
        try:
            with self.client.open(self._at(name), "rb") as file:
                file.prefetch(min(most + 1, file.stat().st_size or 0))
                return _all(file, most)
        except FileNotFoundError as error:
            raise Gone from error
        except PermissionError as error:
            raise Unreadable("The server does not let us read it.") from error

    def rename(self, old: str, new: str) -> None:
        try:
            self.client.rename(self._at(old), self._at(new))
        except FileNotFoundError as error:
            raise Gone from error

    def remove(self, name: str) -> None:
        try:
            self.client.remove(self._at(name))
        except FileNotFoundError:
            return

    def write(self, name: str, body: bytes) -> None:
        directory, _slash, last = name.rpartition("/")
        half = self._at(f"{directory}/.{secrets.token_hex(4)}.part")
        with self.client.open(half, "wb") as file:
            file.write(body)
        self.remove(f"{directory}/{last}")
        self.client.rename(half, self._at(name))

    def _at(self, name: str) -> str:
        return f"{self.root.rstrip('/')}/{name}" if name else self.root


def _all(file: paramiko.SFTPFile, most: int) -> bytes:
    parts: list[bytes] = []
    size = 0
    while size <= most and (part := file.read(min(_CHUNK, most + 1 - size))):
        parts.append(part)
        size += len(part)
    return b"".join(parts)


def collect(
    settings: SftpSettings, secret: Mapping[str, str], cursor: Cursor, bounds: Bounds
) -> Generator[Item, None, None]:
    with session(settings, secret, bounds) as place:
        yield from directories.pick_up(place, settings, bounds)


def look(settings: SftpSettings, secret: Mapping[str, str], cursor: Cursor, bounds: Bounds) -> list[Seen]:
    with session(settings, secret, bounds) as place:
        return directories.look_into(place, settings, bounds)


def deliver(settings: SftpSettings, secret: Mapping[str, str], answers: Iterable[Answer], bounds: Bounds) -> int:
    with session(settings, secret, bounds) as place:
        return directories.put_out(place, settings.out, answers, bounds)


@contextmanager
def session(settings: SftpSettings, secret: Mapping[str, str], bounds: Bounds) -> Iterator[SftpPlace]:
    """A place on the server we know. Raises Trouble, OSError, paramiko.SSHException, EOFError."""
    key = private_key(secret["private_key"], secret.get("passphrase", "")) if secret.get("private_key") else None
    timeout = bounds.dialler.timeout
    transport = paramiko.Transport(bounds.dialler.connect(settings.host, settings.port))
    try:
        transport.banner_timeout = transport.handshake_timeout = transport.auth_timeout = timeout
        transport.channel_timeout = timeout
        _meet(transport, settings, timeout)
        try:
            if key is not None:
                transport.auth_publickey(settings.username, key)
            else:
                transport.auth_password(settings.username, secret.get("password", ""))
        except paramiko.AuthenticationException as error:
            raise Trouble("The server does not accept the user name with this password or key.") from error
        client = paramiko.SFTPClient.from_transport(transport)
        if client is None:
            raise Trouble("The server opens no SFTP session.")
        channel = client.get_channel()
        if channel is not None:
            channel.settimeout(timeout)
        yield SftpPlace(client, settings.directory)
    finally:
        transport.close()


def _meet(transport: paramiko.Transport, settings: SftpSettings, timeout: float) -> None:
    """The handshake, and the proof that it is the server of the pinned key."""
    known = pinned(settings.host_key)
    if known is None:
        raise Trouble("The server's key in the settings cannot be read.")
    kind, key = known
    # A server has keys of several kinds: the pinned one is asked for.
    transport.get_security_options().key_types = _SIGNED_BY.get(kind, (kind,))
    try:
        transport.start_client(timeout=timeout)
    except paramiko.ssh_exception.IncompatiblePeer as error:
        raise Trouble(f"The server has no key of the pinned kind {kind}.") from error
    found = transport.get_remote_server_key()
    if found.asbytes() != key:
        raise Trouble("The server shows another key than the pinned one. Ask them before you change the settings.")
