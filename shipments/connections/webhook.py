"""Whether a call to a webhook was signed by who shares a secret with us. Pure: headers and bytes in, a verdict out.

Three ways: Standard Webhooks 1.0 (`webhook-id`, `webhook-timestamp`, `webhook-signature: v1,…`), a plain HMAC header in
its variants, and "t=…,v1=…" in one header.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from partners.signing import PREFIX
from shipments.connections.options import Problem, choice, integer, line

_HEADER = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}")
_MOST_SIGNATURES = 20
_LONGEST_ID = 255
# A moment in seconds or milliseconds.
_MOMENT = re.compile(r"\d{9,13}")


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookSettings:
    """`scheme` standard needs nothing else. An hmac covers the body, with `timestamp_header` "time.body".

    Where no `id_header` names a call, its content does.
    """

    SECRETS: ClassVar[tuple[str, ...]] = ("current", "previous")

    scheme: str = choice("standard", "hmac", "stripe")
    header: str = line("", most=64)
    encoding: str = choice("hex", "base64")
    algorithm: str = choice("sha256", "sha1", "sha512")
    prefix: str = line("", most=20)
    timestamp_header: str = line("", most=64)
    id_header: str = line("", most=64)
    tolerance_seconds: int = integer(300, least=30, most=3600)
    most_bytes: int = integer(1 << 20, least=1 << 10, most=64 << 20)

    def doubts(self) -> list[Problem]:
        found = []
        if self.scheme != "standard" and not self.header:
            found.append(Problem("header", "Name the header that holds the signature."))
        for name in ("header", "timestamp_header", "id_header"):
            value = getattr(self, name)
            if value and not _HEADER.fullmatch(value):
                found.append(Problem(name, "This cannot be the name of a header."))
        return found


@dataclass(frozen=True, slots=True)
class Call:
    """A call that is genuine. `id`: what makes it the same call again."""

    id: str


class Refused(Exception):
    """Not genuine: `code` is missing, wrong or stale."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def doubts_of_secret(settings: WebhookSettings, secret: Mapping[str, str]) -> list[Problem]:
    """What is wrong with the secrets: too short, or not base64 where it has to be."""
    found = []
    for name, value in secret.items():
        try:
            key = _key(settings, value)
        except Refused:
            found.append(Problem(name, "whsec_ and then base64."))
            continue
        if len(key) < 16:
            found.append(Problem(name, "A secret of 16 bytes at least."))
    return found


def verify(
    settings: WebhookSettings, secret: Mapping[str, str], headers: Mapping[str, str], body: bytes, now: datetime
) -> Call:
    """The call, when one of the live secrets signed it not too long ago. Raises Refused.

    `headers`: names in lower case. `now`: aware. All live secrets are tried, in constant time.
    """
    keys = [_key(settings, secret[name]) for name in ("current", "previous") if secret.get(name)]
    return _SCHEMES[settings.scheme](settings, keys, headers, body, now.timestamp())


def _key(settings: WebhookSettings, secret: str) -> bytes:
    """Standard Webhooks: base64 after the prefix. The others use the secret as it is written."""
    if settings.scheme != "standard":
        return secret.encode()
    try:
        return base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError) as error:
        raise Refused("wrong") from error


def _standard(
    settings: WebhookSettings, keys: Sequence[bytes], headers: Mapping[str, str], body: bytes, now: float
) -> Call:
    """Standard Webhooks 1.0, "Signature scheme": HMAC-SHA256 of id.timestamp.body; several, separated by blanks."""
    call_id = headers.get("webhook-id", "")
    moment, given = headers.get("webhook-timestamp", ""), headers.get("webhook-signature", "")
    if not (call_id and moment and given):
        raise Refused("missing")
    if len(call_id) > _LONGEST_ID or not call_id.isprintable():
        raise Refused("wrong")
    signed = f"{call_id}.{moment}.".encode("latin-1", "replace") + body
    offered = [part[3:] for part in given.split(" ")[:_MOST_SIGNATURES] if part.startswith("v1,")]
    _match(keys, signed, [_from_base64(one) for one in offered], "sha256")
    _fresh(moment, now, settings.tolerance_seconds)
    return Call(call_id)


def _stripe(
    settings: WebhookSettings, keys: Sequence[bytes], headers: Mapping[str, str], body: bytes, now: float
) -> Call:
    """One header "t=1614265330,v1=hex,v1=hex": HMAC-SHA256 of t.body. Sent again, it bears another time: the content
    is the id."""
    parts = [part.strip().partition("=") for part in headers.get(settings.header.lower(), "").split(",")]
    moment = next((value for name, _e, value in parts if name == "t"), "")
    offered = [value for name, _e, value in parts[:_MOST_SIGNATURES] if name == "v1"]
    if not (moment and offered):
        raise Refused("missing")
    signed = moment.encode("latin-1", "replace") + b"." + body
    _match(keys, signed, [_from_hex(one) for one in offered], "sha256")
    _fresh(moment, now, settings.tolerance_seconds)
    return Call(_id_of(settings, headers, body))


def _hmac(
    settings: WebhookSettings, keys: Sequence[bytes], headers: Mapping[str, str], body: bytes, now: float
) -> Call:
    """One header with the HMAC of the body, or of timestamp.body when a header holds the time."""
    given = headers.get(settings.header.lower(), "").strip()
    moment = headers.get(settings.timestamp_header.lower(), "") if settings.timestamp_header else ""
    if not given or (settings.timestamp_header and not moment):
        raise Refused("missing")
    if not given.startswith(settings.prefix):
        raise Refused("wrong")
    given = given[len(settings.prefix) :]
    signature = _from_hex(given) if settings.encoding == "hex" else _from_base64(given)
    signed = moment.encode("latin-1", "replace") + b"." + body if settings.timestamp_header else body
    _match(keys, signed, [signature], settings.algorithm)
    if settings.timestamp_header:
        _fresh(moment, now, settings.tolerance_seconds)
    return Call(_id_of(settings, headers, body))


_SCHEMES = {"standard": _standard, "stripe": _stripe, "hmac": _hmac}


def _match(keys: Sequence[bytes], signed: bytes, offered: Sequence[bytes], algorithm: str) -> None:
    """Raises Refused unless one of `offered` is right. Every pair is compared, whatever the ones before said."""
    results = [hmac.compare_digest(hmac.digest(key, signed, algorithm), one) for key, one in _pairs(keys, offered)]
    if not any(results):
        raise Refused("wrong")


def _pairs(keys: Sequence[bytes], offered: Sequence[bytes]) -> Iterator[tuple[bytes, bytes]]:
    return ((key, one) for key in keys for one in offered)


def _fresh(moment: str, now: float, tolerance: int) -> None:
    if not _MOMENT.fullmatch(moment):
        raise Refused("wrong")
    seconds = int(moment) / (1000 if len(moment) > 11 else 1)
    if abs(now - seconds) > tolerance:
        raise Refused("stale")


def _id_of(settings: WebhookSettings, headers: Mapping[str, str], body: bytes) -> str:
    given = headers.get(settings.id_header.lower(), "") if settings.id_header else ""
    if len(given) > _LONGEST_ID or not given.isprintable():
        raise Refused("wrong")
    return given or hashlib.sha256(body).hexdigest()


def _from_hex(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError:
        return b""


def _from_base64(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return b""
