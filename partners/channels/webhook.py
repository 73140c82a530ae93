"""Calls of other systems by Standard Webhooks 1.0: signed, not redirected, to addresses of the open network only."""

from __future__ import annotations

import json
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

import requests
from django.conf import settings
from urllib3.exceptions import HTTPError

from partners.channels.base import Gone, Item, Letter, Refused, Send, TryLater, Unreachable
from partners.channels.network import Dialler, browser, is_internal, reason
from partners.signing import signature

# For one call: to be connected, and for all of it.
_CONNECT_SECONDS, _CALL_SECONDS = 4.0, 8.0
# Answers that say something of the house and not of this call.
_OVERLOADED = {
    HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.GATEWAY_TIMEOUT,
}  # fmt: skip


@contextmanager
def session() -> Iterator[Send]:
    yield call


def fault_of(url: str, internal_hosts: Collection[str]) -> str:
    """Why this address is not called; empty where it is. Its host is looked up at each call."""
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname or "", parts.port
    except ValueError:
        return "it is no address"
    if parts.scheme not in ("https", "http") or not host:
        return "it does not begin with https://"
    if parts.username or parts.password:
        return "it holds a name or a password"
    if parts.scheme == "http" and not is_internal(host, internal_hosts):
        return "it is without TLS"
    return ""


def body_of(item: Item) -> bytes:
    """The JSON that is signed and sent: `type`, `timestamp` (of the notification) and `data`."""
    content: dict[str, Any] = {
        "type": item.topic,
        "timestamp": item.at.isoformat() if item.at else None,
        "data": {**item.facts, "subject": item.subject, "kind": item.kind, "size": item.size},
    }
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()


def call(letter: Letter) -> None:
    """Call the door of the letter once. The body of the answer is not read: its status is the answer."""
    (item,), door = letter.items, letter.door
    if door is None or (fault := fault_of(door.url, settings.WAYMARK_WEBHOOK_HOSTS)):
        raise Refused(f"the address is not called: {fault}" if door else "there is no address")
    body, moment = body_of(item), int(time.time())
    headers = {
        "Content-Type": "application/json",
        "webhook-id": str(letter.message_id),
        "webhook-timestamp": str(moment),
        "webhook-signature": signature(door.keys, str(letter.message_id), moment, body),
    }
    try:
        status = _post(door.url, headers, body)
    except (requests.RequestException, HTTPError, OSError) as error:
        raise Unreachable(f"{urlsplit(door.url).hostname}: {reason(error)}") from error
    _judge(status)


def _post(url: str, headers: dict[str, str], body: bytes) -> int:
    with (
        Dialler(settings.WAYMARK_WEBHOOK_HOSTS, _CALL_SECONDS, _CONNECT_SECONDS) as dialler,
        browser(dialler) as session,
        session.post(
            url, data=body, headers=headers, timeout=_CALL_SECONDS, stream=True, allow_redirects=False
        ) as answer,
    ):  # fmt: skip
        return answer.status_code


def _judge(status: int) -> None:
    if 200 <= status < 300:
        return
    if status == HTTPStatus.GONE:
        raise Gone("the endpoint answered 410: it wants no more calls")
    note = ", and no redirect is followed" if 300 <= status < 400 else ""
    raise (Unreachable if status in _OVERLOADED else TryLater)(f"the endpoint answered {status}{note}")
