"""Real servers on the loopback address that connections are pointed at: a carrier's API, FTP, SFTP."""

from __future__ import annotations

import json
import os
import socket
import ssl
import subprocess
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import paramiko

with warnings.catch_warnings():
    # It uses modules that Python 3.12 dropped; of our own use of them there is none.
    warnings.simplefilter("ignore", DeprecationWarning)
    from pyftpdlib.authorizers import DummyAuthorizer
    from pyftpdlib.handlers import FTPHandler
    from pyftpdlib.servers import FTPServer

# --- A carrier's REST API ------------------------------------------------------------------------------------------


@dataclass
class Asked:
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes = b""


@dataclass
class Said:
    """What the API answers. `pause`: seconds between two halves of the body."""

    body: bytes = b"{}"
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    pause: float = 0


@dataclass
class Api:
    """`answer(asked)` says what comes back; `asked` is what was asked for."""

    port: int
    asked: list[Asked] = field(default_factory=list)
    answer: Callable[[Asked], Said] = lambda asked: Said()

    def url(self, path: str, host: str = "127.0.0.1") -> str:
        return f"http://{host}:{self.port}{path}"


def as_page(document: object, **headers: str) -> Said:
    return Said(json.dumps(document).encode(), headers={"Content-Type": "application/json", **headers})


@contextmanager
def carrier_api(context: ssl.SSLContext | None = None) -> Iterator[Api]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            address = urlsplit(self.path)
            query = {name: values[-1] for name, values in parse_qs(address.query).items()}
            asked = Asked(address.path, query, dict(self.headers), self.rfile.read(length))
            api.asked.append(asked)
            said = api.answer(asked)
            self.send_response(said.status)
            for name, value in {"Content-Length": str(len(said.body)), **said.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            half = len(said.body) // 2
            try:
                self.wfile.write(said.body[:half])
                if said.pause:
                    self.wfile.flush()
                    ended.wait(said.pause)
                self.wfile.write(said.body[half:])
            except OSError:
                self.close_connection = True

        do_POST = do_GET

        def log_message(self, *args: object) -> None:
            return

    ended = threading.Event()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    if context is not None:
        # The handshake is made by the thread of the request, so that one that fails is not in the way of others.
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    api = Api(server.server_address[1])
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield api
    finally:
        ended.set()
        server.shutdown()
        server.server_close()
        thread.join()


# --- FTP -----------------------------------------------------------------------------------------------------------


@contextmanager
def ftp_server(root: Path) -> Iterator[int]:
    """The port of a server with the user carrier/secret over `root`."""
    authorizer = DummyAuthorizer()
    authorizer.add_user("carrier", "secret", str(root), perm="elradfmw")
    handler = type("Handler", (FTPHandler,), {"authorizer": authorizer, "banner": "ready", "use_sendfile": False})
    server = FTPServer(("127.0.0.1", 0), handler)
    ended = threading.Event()

    def serve() -> None:
        while not ended.is_set():
            server.serve_forever(timeout=0.02, blocking=False)
        server.close_all()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield server.address[1]
    finally:
        ended.set()
        thread.join()


def certificate_for(folder: Path, name: str = "127.0.0.1") -> Path:
    """A certificate that its own key signed, with the key, in one PEM file."""
    key, certificate, both = folder / "key.pem", folder / "cert.pem", folder / "both.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={name}",
         "-addext", f"subjectAltName=IP:{name}", "-keyout", str(key), "-out", str(certificate)],
        check=True, capture_output=True,
    )  # fmt: skip
    both.write_bytes(key.read_bytes() + certificate.read_bytes())
    return both


def server_context(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


# --- SFTP ----------------------------------------------------------------------------------------------------------


class _Door(paramiko.ServerInterface):
    def __init__(self, keys: list[paramiko.PKey]) -> None:
        self.keys = keys

    def check_auth_password(self, username: str, password: str) -> int:
        is_right = (username, password) == ("carrier", "secret")
        return paramiko.AUTH_SUCCESSFUL if is_right else paramiko.AUTH_FAILED

    def check_auth_publickey(self, username: str, key: paramiko.PKey) -> int:
        is_right = username == "carrier" and key in self.keys
        return paramiko.AUTH_SUCCESSFUL if is_right else paramiko.AUTH_FAILED

    def check_channel_request(self, kind: str, chanid: int) -> int:
        return paramiko.OPEN_SUCCEEDED

    def get_allowed_auths(self, username: str) -> str:
        return "password,publickey"


class _Handle(paramiko.SFTPHandle):
    def stat(self) -> paramiko.SFTPAttributes:
        return paramiko.SFTPAttributes.from_stat(os.fstat(self.readfile.fileno()))


def _refusable(method: Callable[..., object]) -> Callable[..., object]:
    def call(*args: object) -> object:
        try:
            return method(*args)
        except OSError as error:
            return paramiko.SFTPServer.convert_errno(error.errno)

    return call


class _Files(paramiko.SFTPServerInterface):
    root: Path

    def _at(self, path: str) -> Path:
        return self.root / self.canonicalize(path).lstrip("/")

    @_refusable
    def list_folder(self, path: str) -> object:
        found = []
        for each in self._at(path).iterdir():
            attributes = paramiko.SFTPAttributes.from_stat(each.lstat())
            attributes.filename = each.name
            found.append(attributes)
        return found

    @_refusable
    def stat(self, path: str) -> object:
        return paramiko.SFTPAttributes.from_stat(self._at(path).stat())

    lstat = stat

    @_refusable
    def open(self, path: str, flags: int, attr: object) -> object:
        handle = _Handle(flags)
        descriptor = os.open(self._at(path), flags, 0o600)
        mode = "wb" if flags & os.O_WRONLY else "r+b" if flags & os.O_RDWR else "rb"
        handle.readfile = handle.writefile = os.fdopen(descriptor, mode)
        return handle

    @_refusable
    def remove(self, path: str) -> object:
        self._at(path).unlink()
        return paramiko.SFTP_OK

    @_refusable
    def rename(self, oldpath: str, newpath: str) -> object:
        if self._at(newpath).exists():
            return paramiko.SFTP_FAILURE
        self._at(oldpath).rename(self._at(newpath))
        return paramiko.SFTP_OK

    @_refusable
    def mkdir(self, path: str, attr: object) -> object:
        self._at(path).mkdir()
        return paramiko.SFTP_OK


@dataclass
class Sftp:
    port: int
    host_key: str


@contextmanager
def sftp_server(root: Path, *keys: paramiko.PKey) -> Iterator[Sftp]:
    """A server with the user carrier, by the password secret or by one of `keys`, over `root`."""
    host_key = paramiko.RSAKey.generate(2048)
    listener = socket.create_server(("127.0.0.1", 0))
    transports: list[paramiko.Transport] = []
    files = type("Files", (_Files,), {"root": root})

    def serve() -> None:
        while True:
            try:
                made, _address = listener.accept()
            except OSError:
                return
            transport = paramiko.Transport(made)
            transport.add_server_key(host_key)
            transport.set_subsystem_handler("sftp", paramiko.SFTPServer, files)
            transports.append(transport)
            try:
                transport.start_server(server=_Door(list(keys)))
            except (paramiko.SSHException, EOFError):
                # They hung up when they saw our key.
                transport.close()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield Sftp(listener.getsockname()[1], f"ssh-rsa {host_key.get_base64()}")
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()
        for transport in transports:
            transport.close()
        deadline = time.monotonic() + 5
        while any(t.is_alive() for t in transports) and time.monotonic() < deadline:
            time.sleep(0.01)
