"""GET and POST to hosts that settings name: addresses checked, size and time bounded, redirects looked at."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urljoin, urlsplit

import requests
from urllib3.exceptions import HTTPError

from partners.channels import network
from partners.channels.network import Dialler, reason
from shipments.connections.base import Bounds, Trouble

_MOST_REDIRECTS = 3
_REDIRECTS = {301, 302, 303, 307, 308}
_CHUNK = 64 << 10
_LONGEST_WAIT = 86_400.0


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back. `body` unpacked."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    url: str


@contextmanager
def browser(bounds: Bounds, certificate: str = "") -> Iterator[requests.Session]:
    """A session of partners.channels.network for this look."""
    with network.browser(bounds.dialler, certificate) as session:
        yield session


@dataclass(frozen=True, slots=True)
class Ask:
    """A request. `headers` with credentials go to the host that they are for, and to no other."""

    url: str
    headers: Mapping[str, str]
    form: Mapping[str, str] | None = None


def fetch(session: requests.Session, ask: Ask, bounds: Bounds, *, most: int) -> Reply:
    """The reply, after redirects of a GET. Raises Trouble with what went wrong."""
    try:
        return _followed(session, ask, bounds, most)
    except (requests.RequestException, HTTPError, OSError, zlib.error) as error:
        said = reason(error)
        host = urlsplit(ask.url).hostname or ""
        raise Trouble(said if said.startswith(host) else f"{host}: {said}") from error


def _followed(session: requests.Session, ask: Ask, bounds: Bounds, most: int) -> Reply:
    url, headers = ask.url, dict(ask.headers)
    for _ in range(_MOST_REDIRECTS + 1):
        check_address(url, bounds.dialler)
        reply = _once(session, Ask(url, headers, ask.form), bounds, most)
        if reply.status not in _REDIRECTS or "location" not in reply.headers:
            return reply
        if ask.form is not None:
            raise Trouble("The host answers with a redirect where none is followed.")
        target = urljoin(url, reply.headers["location"])
        if origin(target) != origin(url):
            headers = {"Accept": headers.get("Accept", "*/*")}
        if urlsplit(url).scheme == "https" and urlsplit(target).scheme != "https":
            raise Trouble("The host redirects to an address without TLS.")
        url = target
    raise Trouble(f"The host redirects more than {_MOST_REDIRECTS} times.")


def _once(session: requests.Session, ask: Ask, bounds: Bounds, most: int) -> Reply:
    timeout = bounds.dialler.timeout
    method = "GET" if ask.form is None else "POST"
    with session.request(
        method, ask.url, headers=dict(ask.headers), data=ask.form, timeout=timeout, stream=True, allow_redirects=False
    ) as answer:
        raw = b"".join(_pieces(answer, most))
        packed = answer.headers.get("Content-Encoding", "identity").lower().strip()
        body = _unpacked(raw, packed, most)
        headers = {name.lower(): value for name, value in answer.headers.items()}
        session.cookies.clear()
        return Reply(answer.status_code, headers, body, ask.url)


def _pieces(answer: requests.Response, most: int) -> Iterator[bytes]:
    size = 0
    while piece := answer.raw.read1(_CHUNK, decode_content=False):
        size += len(piece)
        if size > most:
            raise Trouble(f"The answer is larger than {most >> 10} KiB, the most that is taken.")
        yield piece


def _unpacked(raw: bytes, packed: str, most: int) -> bytes:
    """A few bytes may unpack to very many: no more than `most` of them ever come to be."""
    if packed in ("", "identity") or not raw:
        return raw
    if packed not in ("gzip", "x-gzip", "deflate"):
        raise Trouble(f"The answer is packed in a way that is not known: {packed[:40]}")
    unpacker = zlib.decompressobj(47)
    body = unpacker.decompress(raw, most + 1)
    if len(body) > most:
        raise Trouble(f"The answer is larger than {most >> 10} KiB, the most that is taken.")
    if not unpacker.eof:
        raise Trouble("The answer broke off.")
    return body


def check_address(url: str, dialler: Dialler) -> None:
    """Raises Trouble for what is no address of the web, and for one without TLS outside of the house."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise Trouble("Only addresses that begin with https:// are asked.")
    if parts.scheme == "http" and not dialler.may_be_private(parts.hostname):
        raise Trouble(f"{parts.hostname} would be asked without TLS: only hosts inside the house may be.")


def origin(url: str) -> tuple[str, str, int]:
    parts = urlsplit(url)
    return parts.scheme, (parts.hostname or "").lower(), parts.port or {"https": 443}.get(parts.scheme, 80)


def retry_after(headers: Mapping[str, str], now: float) -> float:
    """Seconds of a Retry-After header (RFC 9110 10.2.3), a day at most; 0 when there is none."""
    given = headers.get("retry-after", "").strip()
    if given.isdecimal():
        return min(float(given[:9]), _LONGEST_WAIT)
    try:
        moment = parsedate_to_datetime(given)
    except (ValueError, TypeError):
        return 0.0
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return min(max(0.0, (moment - datetime.fromtimestamp(now, UTC)).total_seconds()), _LONGEST_WAIT)
