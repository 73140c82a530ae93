"""A REST API that is asked from time to time. Each page of its answer is one message.

What the cursor holds: `since`, from when on the next look asks; while a look is under way also `next` (the page after
the last one that was stored) and `until` (what `since` will be at its end).
"""

from __future__ import annotations

import base64
import json
import re
import time
from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, ClassVar
from urllib.parse import parse_qsl, quote, urlencode, urljoin, urlsplit, urlunsplit

import requests

from shipments.connections.base import Bounds, Collected, Cursor, Item, Passed, Pause, Seen, Trouble
from shipments.connections.http import Ask, Reply, browser, fetch, origin, retry_after
from shipments.connections.options import Problem, choice, integer, line, pairs, text
from shipments.connections.paths import is_path, value_at

_PLACEHOLDER = re.compile(r"\{(\w*)\}")
_HEADER = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}")
_LINK = re.compile(r'<([^>]*)>\s*;[^,]*?\brel="?([^",;]*)"?')
# A pause between two pages that is worth keeping the connection for.
_SHORT_PAUSE = 2.0
_QUIET = {204, 304}
_RETRIED = {408, 425, 429}


@dataclass(frozen=True, slots=True, kw_only=True)
class PollSettings:
    """`url` may hold {since}. Paths lead into the JSON of a page, such as `meta.next` or `events[-1].createdAt`.

    `since_path`: where a page says up to when it goes; without it we go by our clock, less `overlap_seconds`.
    `items_path`: where the list of a page is; a page whose list is empty is not stored.
    """

    SECRETS: ClassVar[tuple[str, ...]] = ("password", "token", "key", "client_secret")

    url: str = line(most=2000)
    headers: dict[str, str] = pairs()  # noqa: RUF009 a field, not a value
    auth: str = choice("none", "basic", "bearer", "api_key", "oauth2")
    username: str = line("", most=200)
    key_header: str = line("X-API-Key", most=64)
    token_url: str = line("", most=2000)
    client_id: str = line("", most=200)
    scope: str = line("", most=500)
    paging: str = choice("none", "cursor", "link", "page")
    cursor_path: str = line("", most=200)
    cursor_parameter: str = line("cursor", most=64)
    page_parameter: str = line("page", most=64)
    first_page: int = integer(1, least=0, most=1)
    items_path: str = line("", most=200)
    since_parameter: str = line("", most=64)
    since_path: str = line("", most=200)
    since_format: str = choice("iso", "epoch", "epoch_ms")
    first_days: int = integer(7, least=0, most=3650)
    overlap_seconds: int = integer(300, least=0, most=86_400)
    requests_per_minute: int = integer(60, least=1, most=6000)
    most_pages: int = integer(100, least=1, most=1000)
    most_bytes: int = integer(8 << 20, least=1 << 10, most=64 << 20)
    certificate: str = text()

    def doubts(self) -> list[Problem]:
        found = [Problem(name, "An address that begins with https://.") for name in _addresses(self)]
        found += [
            Problem(name, "No user name and password in the address: there are fields for them.")
            for name in ("url", "token_url")
            if "@" in _host_of(getattr(self, name))
        ]
        if unknown := set(_PLACEHOLDER.findall(self.url)) - {"since"}:
            found.append(Problem("url", f"There is no placeholder {{{min(unknown)}}}, only {{since}}."))
        for name in ("cursor_path", "items_path", "since_path"):
            if not is_path(getattr(self, name)):
                found.append(Problem(name, "A path such as meta.next or events[-1].createdAt."))
        for name, value in (("key_header", self.key_header), *(("headers", each) for each in self.headers)):
            if not _HEADER.fullmatch(value):
                found.append(Problem(name, f"{value[:40]!r} cannot be the name of a header."))
        return found + _missing(self)


def _host_of(address: str) -> str:
    """Host, port and what stands before an @; an address is shown to everybody who may see the connection."""
    try:
        return urlsplit(address).netloc
    except ValueError:
        return ""


def _addresses(settings: PollSettings) -> Iterator[str]:
    for name in ("url", "token_url"):
        value = getattr(settings, name)
        try:
            parts = urlsplit(value)
            is_address = parts.scheme in ("https", "http") and bool(parts.hostname) and (parts.port or 1) > 0
        except ValueError:
            is_address = False
        if not (is_address or (name == "token_url" and not value)):
            yield name


def _missing(settings: PollSettings) -> list[Problem]:
    needed = {
        "cursor_path": settings.paging == "cursor",
        "username": settings.auth == "basic",
        "token_url": settings.auth == "oauth2",
        "client_id": settings.auth == "oauth2",
    }
    return [
        Problem(n, "This is needed here.") for n, is_needed in needed.items() if is_needed and not getattr(settings, n)
    ]


@dataclass
class _Visit:
    """One look under way."""

    settings: PollSettings
    secret: Mapping[str, str]
    session: requests.Session
    bounds: Bounds
    headers: dict[str, str] = field(default_factory=dict)
    asked_at: float = 0.0

    def sign_in(self) -> None:
        said = {"Accept": "application/json", **self.settings.headers}
        self.headers = {**said, **_credentials(self)}

    def get(self, url: str) -> Reply:
        """A page, at the agreed pace. Raises Pause when that means a longer wait, Trouble when there is no page."""
        wait = self.asked_at + 60 / self.settings.requests_per_minute - time.monotonic() if self.asked_at else 0
        if wait > _SHORT_PAUSE:
            raise Pause(wait)
        time.sleep(max(0, wait))
        self.asked_at = time.monotonic()
        return fetch(self.session, Ask(url, self.headers), self.bounds, most=self.settings.most_bytes)


def collect(
    settings: PollSettings, secret: Mapping[str, str], cursor: Cursor, bounds: Bounds
) -> Generator[Item, None, None]:
    with browser(bounds, settings.certificate) as session:
        visit = _Visit(settings, secret, session, bounds)
        visit.sign_in()
        yield from _pages(visit, dict(cursor))


def look(settings: PollSettings, secret: Mapping[str, str], cursor: Cursor, bounds: Bounds) -> list[Seen]:
    """The first page, asked for and dropped."""
    with browser(bounds, settings.certificate) as session:
        visit = _Visit(settings, secret, session, bounds)
        visit.sign_in()
        reply = visit.get(_first(settings, dict(cursor), bounds.now()))
        _check(reply, bounds)
        return [] if _is_empty(reply, settings) else [Seen(_name(1, reply), len(reply.body))]


def _pages(visit: _Visit, cursor: dict[str, Any]) -> Iterator[Item]:
    settings, bounds = visit.settings, visit.bounds
    url = str(cursor.get("next") or _first(settings, cursor, bounds.now()))
    page = int(cursor.get("page", settings.first_page))
    cursor.setdefault("until", _moment(bounds.now() - settings.overlap_seconds))
    for number in range(1, settings.most_pages + 1):
        reply = visit.get(url)
        if reply.status in (400, 404, 410, 422) and cursor.get("next"):
            # The place where we stopped is not known there any more: begin again from the same moment.
            yield Passed(cursor={"since": cursor.get("since", "")} if cursor.get("since") else {})
            raise Trouble(f"The page we stopped at is gone ({reply.status}); the next look begins anew.")
        _check(reply, bounds)
        document = _document(reply)
        following = _following(settings, reply, document, page)
        if following == url:
            raise Trouble("The host names the same page as the next one, for ever.")
        page += 1
        cursor = _advanced(settings, cursor, document, following, page)
        if _is_empty(reply, settings):
            yield Passed(cursor=cursor)
        else:
            yield Collected(reply.body, _name(number, reply), reply.headers.get("content-type", "")[:100], cursor)
        if not following or bounds.is_over():
            return
        url = following


def _advanced(
    settings: PollSettings, cursor: dict[str, Any], document: Any, following: str, page: int
) -> dict[str, Any]:
    """Where we stand once this page is stored."""
    until = cursor["until"]
    if settings.since_path:
        said = value_at(document, settings.since_path)
        before = until if "next" in cursor else cursor.get("since", "")
        until = str(said) if isinstance(said, str | int | float) else before
    if not following:
        return {"since": until} if until else {}
    return {**{k: v for k, v in cursor.items() if k == "since"}, "until": until, "next": following, "page": page}


def _first(settings: PollSettings, cursor: Mapping[str, Any], now: float) -> str:
    since = _since(settings, cursor, now)
    url = settings.url.replace("{since}", quote(since, safe=""))
    added = {settings.since_parameter: since} if settings.since_parameter else {}
    if settings.paging == "page":
        added[settings.page_parameter] = str(settings.first_page)
    return _with(url, added)


def _since(settings: PollSettings, cursor: Mapping[str, Any], now: float) -> str:
    """From when on, as they write it. What they told us themselves is given back as it is."""
    given = str(cursor.get("since") or _moment(now - settings.first_days * 86_400))
    if settings.since_path and cursor.get("since"):
        return given
    if settings.since_format == "iso":
        return given
    seconds = datetime.fromisoformat(given).timestamp()
    return str(int(seconds * 1000) if settings.since_format == "epoch_ms" else int(seconds))


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _with(url: str, parameters: Mapping[str, str]) -> str:
    """`url` with these parameters in place of those of the same name."""
    parts = urlsplit(url)
    kept = [(name, value) for name, value in parse_qsl(parts.query, keep_blank_values=True) if name not in parameters]
    return urlunsplit(parts._replace(query=urlencode([*kept, *parameters.items()])))


def _following(settings: PollSettings, reply: Reply, document: Any, page: int) -> str:
    """The address of the next page, "" after the last."""
    if settings.paging == "link":
        links = _LINK.findall(reply.headers.get("link", ""))
        found = next((target for target, rel in links if "next" in rel.lower().split()), "")
        return _same_house(reply.url, found) if found else ""
    if settings.paging == "cursor":
        said = value_at(document, settings.cursor_path)
        if not isinstance(said, str | int) or isinstance(said, bool) or said == "":
            return ""
        if str(said).startswith(("http://", "https://", "/")):
            return _same_house(reply.url, str(said))
        return _with(reply.url, {settings.cursor_parameter: str(said)})
    if settings.paging == "page" and value_at(document, settings.items_path):
        return _with(reply.url, {settings.page_parameter: str(page + 1)})
    return ""


def _same_house(base: str, target: str) -> str:
    """Our credentials go with the next page: so it has to be of the same host."""
    url = urljoin(base, target)
    if origin(url) != origin(base):
        raise Trouble("The next page is said to be on another host; that one is not asked.")
    return url


def _check(reply: Reply, bounds: Bounds) -> None:
    if reply.status in _QUIET or 200 <= reply.status < 300:
        return
    again_in = retry_after(reply.headers, bounds.now())
    if reply.status in _RETRIED or reply.status >= 500:
        raise Trouble(f"The host answers {reply.status}; it is asked again later.", again_in=again_in)
    if reply.status in (401, 403):
        raise Trouble(f"The host does not accept our credentials ({reply.status}).", again_in=again_in)
    raise Trouble(f"The host answers {reply.status}.", again_in=again_in)


def _document(reply: Reply) -> Any:
    try:
        return json.loads(reply.body)
    except (ValueError, RecursionError):
        return None


def _is_empty(reply: Reply, settings: PollSettings) -> bool:
    if reply.status in _QUIET or not reply.body.strip():
        return True
    return bool(settings.items_path) and value_at(_document(reply), settings.items_path) == []


def _name(number: int, reply: Reply) -> str:
    kind = reply.headers.get("content-type", "")
    ending = "json" if "json" in kind else "xml" if "xml" in kind else "csv" if "csv" in kind else "txt"
    return f"page-{number}.{ending}"


def _credentials(visit: _Visit) -> dict[str, str]:
    settings, secret = visit.settings, visit.secret
    if settings.auth == "basic":
        pair = f"{settings.username}:{secret.get('password', '')}".encode()
        return {"Authorization": "Basic " + base64.b64encode(pair).decode()}
    if settings.auth == "bearer":
        return {"Authorization": f"Bearer {_sent(secret.get('token', ''))}"}
    if settings.auth == "api_key":
        return {settings.key_header: _sent(secret.get("key", ""))}
    return {"Authorization": f"Bearer {_token(visit)}"} if settings.auth == "oauth2" else {}


def _sent(value: str) -> str:
    if not value.isascii() or not value.isprintable():
        raise Trouble("The key in the settings has characters that no header can hold.")
    return value


def _token(visit: _Visit) -> str:
    """OAuth 2 client credentials (RFC 6749 4.4), fetched anew for each look: it lives longer than one."""
    settings = visit.settings
    form = {"grant_type": "client_credentials", **({"scope": settings.scope} if settings.scope else {})}
    pair = f"{quote(settings.client_id, safe='')}:{quote(visit.secret.get('client_secret', ''), safe='')}".encode()
    headers = {"Authorization": "Basic " + base64.b64encode(pair).decode(), "Accept": "application/json"}
    reply = fetch(visit.session, Ask(settings.token_url, headers, form), visit.bounds, most=1 << 20)
    document = _document(reply)
    token = value_at(document, "access_token")
    if reply.status != 200 or not isinstance(token, str) or not token:
        again_in = retry_after(reply.headers, visit.bounds.now())
        raise Trouble(f"The token endpoint gives no token ({reply.status}).", again_in=again_in)
    return _sent(token)
