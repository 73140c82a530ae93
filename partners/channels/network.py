"""The one way out to a network: to addresses that are checked after the name was resolved, and for a limited time.

A connection's settings and a webhook's address name a host, and whoever may write them must not reach what stands
behind our own wall (cloud metadata, the database, a neighbour). The address that was checked is the one that is
connected to, so a name which answers differently the second time gains nothing.
"""

from __future__ import annotations

import ipaddress
import socket
import ssl
import threading
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.poolmanager import PoolManager

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
# Prefixes behind which an IPv4 address hides: NAT64 (RFC 6052, RFC 8215), 6to4 (RFC 3056), Teredo (RFC 4380).
_WRAPPED = [ipaddress.ip_network(n) for n in ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32", "::/96")]
CONNECT_SECONDS = 10.0


class Forbidden(OSError):
    """The host leads to an address that is not of the open network."""


def is_open(address: Address) -> bool:
    """Whether it is an address of the public network: nothing private, shared, local, reserved or wrapped."""
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return is_open(address.ipv4_mapped)
        if address.scope_id or address.is_site_local or any(address in network for network in _WRAPPED):
            return False
    return address.is_global and not address.is_multicast and not address.is_reserved


def is_internal(host: str, internal_hosts: Collection[str]) -> bool:
    """Whether the operator has named `host` as one that may be private."""
    return host.lower().rstrip(".").strip("[]") in {each.lower().strip("[]") for each in internal_hosts}


def resolve(host: str, port: int, internal_hosts: Collection[str]) -> list[tuple[int, str]]:
    """(family, address) of `host`. Raises Forbidden when one of them is not open, OSError when there is none."""
    try:
        found = socket.getaddrinfo(host.rstrip("."), port, type=socket.SOCK_STREAM)
    except UnicodeError as error:
        raise OSError(f"{host!r} is not the name of a host") from error
    addresses = list(dict.fromkeys((int(family), str(where[0])) for family, _t, _p, _n, where in found))
    if not is_internal(host, internal_hosts):
        for _family, address in addresses:
            if not is_open(ipaddress.ip_address(address)):
                raise Forbidden(
                    f"{host} leads to an address inside the house. An operator may allow it (docs/operations.md)."
                )
    return addresses


@dataclass
class Dialler:
    """Opens connections for one look, and ends all of them when its `seconds` are over: a far end that sends a byte
    now and then would hold a worker for ever. To be used in a `with`."""

    internal_hosts: Collection[str] = ()
    seconds: float = 40.0
    timeout: float = CONNECT_SECONDS
    _open: list[socket.socket] = field(default_factory=list)
    _timer: threading.Timer | None = None
    _is_over: bool = False

    def __enter__(self) -> Dialler:
        self._timer = threading.Timer(self.seconds, self._cut)
        self._timer.daemon = True
        self._timer.start()
        return self

    def __exit__(self, *_error: object) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer.join()
        for held in self._open:
            held.close()
        self._open.clear()

    def connect(self, host: str, port: int) -> socket.socket:
        """A connected socket. Raises Forbidden, OSError."""
        failure: OSError = OSError(f"{host} has no address")
        for family, address in resolve(host, port, self.internal_hosts):
            made = socket.socket(family, socket.SOCK_STREAM)
            made.settimeout(self.timeout)
            try:
                made.connect((address, port))
            except OSError as error:
                made.close()
                failure = error
                continue
            self.watch(made)
            return made
        raise failure

    def watch(self, made: socket.socket) -> None:
        """End this one too when the time is over. A copy is held: TLS takes the original apart."""
        if self._is_over:
            made.close()
            raise TimeoutError("the time for this look is over")
        self._open.append(made.dup())

    def may_be_private(self, host: str) -> bool:
        return is_internal(host, self.internal_hosts)

    def _cut(self) -> None:
        self._is_over = True
        for held in list(self._open):
            try:
                held.shutdown(socket.SHUT_RDWR)
            except OSError:
                # It is closed at the other end already.
                continue


class Guarded(HTTPAdapter):
    """Connects through the dialler, which checks the address that it then connects to."""

    def __init__(self, dialler: Dialler, context: ssl.SSLContext) -> None:
        self.dialler, self.context = dialler, context
        super().__init__(max_retries=0)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        dialler = self.dialler

        def dial(connection: HTTPConnection) -> socket.socket:
            return dialler.connect(connection.host, connection.port or connection.default_port)

        plain = type("Plain", (HTTPConnection,), {"_new_conn": dial})
        secure = type("Secure", (HTTPSConnection,), {"_new_conn": dial})
        self.poolmanager = PoolManager(ssl_context=self.context, retries=False)
        self.poolmanager.pool_classes_by_scheme = {
            "http": type("PlainPool", (HTTPConnectionPool,), {"ConnectionCls": plain}),
            "https": type("SecurePool", (HTTPSConnectionPool,), {"ConnectionCls": secure}),
        }


@contextmanager
def browser(dialler: Dialler, certificate: str = "") -> Iterator[requests.Session]:
    """A session that knows nothing of this machine: no proxy, no .netrc, no cookies kept for later."""
    with requests.Session() as session:
        session.trust_env = False
        adapter = Guarded(dialler, tls_context(certificate))
        session.mount("https://", adapter)
        session.mount("http://", adapter)
        session.headers.update({"User-Agent": "Waymark", "Accept-Encoding": "gzip"})
        yield session


def reason(error: BaseException) -> str:
    """What is at the bottom of it, without the address: that may hold a key."""
    while not isinstance(error, Forbidden) and (inner := error.__cause__ or error.__context__) is not None:
        error = inner
    if isinstance(error, Forbidden):
        return str(error)
    if isinstance(error, TimeoutError):
        return "it does not answer in time"
    if isinstance(error, socket.gaierror):
        return "no host of this name was found"
    said = error.strerror if isinstance(error, OSError) else ""
    return f"{type(error).__name__}: {said}" if said else type(error).__name__


def tls_context(certificate: str = "") -> ssl.SSLContext:
    """Checks the host's certificate against the usual authorities, and those of `certificate` (PEM) besides.

    Raises ssl.SSLError (an OSError) when `certificate` holds none.
    """
    context = ssl.create_default_context()
    if certificate.strip():
        context.load_verify_locations(cadata=certificate)
    return context
