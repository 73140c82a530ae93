"""Credentials of others at rest: encrypted with keys that come from SECRET_KEY, and never shown again.

The fallbacks of a rotation can still open what was closed with them; what is saved anew is closed with the newest key.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.utils.translation import gettext as _

from core.errors import DomainError

_PURPOSE = b"waymark connections 1"


def seal(secret: Mapping[str, str]) -> bytes:
    """The bytes to store; none for an empty secret."""
    return _box().encrypt(json.dumps(dict(secret)).encode()) if secret else b""


def unseal(stored: bytes | memoryview) -> dict[str, str]:
    """What was sealed. Raises DomainError `secret_unreadable` when SECRET_KEY and its fallbacks are others by now."""
    if not stored:
        return {}
    try:
        opened: dict[str, str] = json.loads(_box().decrypt(bytes(stored)))
    except InvalidToken as error:
        raise DomainError(
            "secret_unreadable", _("The stored password or key cannot be opened any more; enter it again.")
        ) from error
    return opened


def _box() -> MultiFernet:
    return MultiFernet([Fernet(_key(text)) for text in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)])


def _key(text: str) -> bytes:
    derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=_PURPOSE).derive(text.encode())
    return base64.urlsafe_b64encode(derived)
