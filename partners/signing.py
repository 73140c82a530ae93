"""Signatures of what we call others with: Standard Webhooks 1.0, "Signature scheme". Pure."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Iterable

PREFIX = "whsec_"


def new_secret() -> str:
    """32 random bytes as Standard Webhooks writes them."""
    return PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def signature(keys: Iterable[str], call_id: str, moment: int, body: bytes) -> str:
    """The value of `webhook-signature`: one `v1,<base64>` for each secret, separated by blanks.

    `moment`: the seconds since 1970 of `webhook-timestamp`. During a rotation the old and the new secret sign both, so
    that the receiver may change over at a time of its own.
    """
    signed = f"{call_id}.{moment}.".encode() + body
    digests = (hmac.digest(base64.b64decode(key.removeprefix(PREFIX)), signed, hashlib.sha256) for key in keys)
    return " ".join(f"v1,{base64.b64encode(digest).decode()}" for digest in digests)
