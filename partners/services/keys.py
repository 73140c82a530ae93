"""Keys of partners' systems. A key acts as its own service user, so grants and audit work as for people."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import string
from collections.abc import Iterable

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from core.errors import DomainError
from partners import access
from partners.enums import SCOPE_PERMISSIONS, Scope, UserKind
from partners.models import ApiKey, Partner, User
from partners.services.checking import checked, must_manage

# 43 characters of URL-safe base64 are 256 random bits: a plain SHA-256 of them needs no salt and no stretching.
_FORM = re.compile(r"wm_([a-z0-9]{8})_[A-Za-z0-9_-]{43}")
_ALPHABET = string.ascii_lowercase + string.digits
_NO_DIGEST = "0" * 64


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


@transaction.atomic
def create_api_key(partner: Partner, *, name: str, scopes: Iterable[str], by: User | None = None) -> tuple[ApiKey, str]:
    """Make a key and return it with its secret, which is shown this once: only its SHA-256 is kept.

    Raises NotVisible when `by` does not manage the partner's keys, DomainError `unknown_scope`, and `invalid` for a
    name that the partner uses already.
    """
    must_manage(by, partner)
    wanted = list(dict.fromkeys(scopes))
    if not wanted or not set(wanted) <= set(Scope.values):
        raise DomainError(
            "unknown_scope", _("The scopes are %(names)s.") % {"names": ", ".join(Scope.values)}, field="scopes"
        )
    prefix = "".join(secrets.choice(_ALPHABET) for _place in range(8))
    secret = f"wm_{prefix}_{secrets.token_urlsafe(32)}"
    user = User(email=f"key-{prefix}@keys.invalid", name=name, kind=UserKind.SERVICE)
    user.set_unusable_password()
    key = ApiKey(partner=partner, name=name, prefix=prefix, digest=_digest(secret), scopes=wanted)
    checked(user)
    checked(key, exclude=("user",))
    user.save()
    key.user = user
    key.save()
    access.grant(user, partner, frozenset().union(*(SCOPE_PERMISSIONS[scope] for scope in wanted)))
    return key, secret


@transaction.atomic
def revoke_api_key(key: ApiKey, *, by: User | None) -> None:
    """End the key for good: it is refused from the next request on. Its row stays for the audit."""
    must_manage(by, key.partner)
    now = timezone.now()
    if ApiKey.objects.filter(pk=key.pk, revoked_at=None).update(revoked_at=now):
        key.revoked_at = now
    User.objects.filter(pk=key.user_id).update(is_active=False)
    access.revoke(key.user, key.partner)


def find_api_key(secret: str) -> ApiKey | None:
    """The usable key with this secret. The same work whether the prefix is known or not, compared in constant time."""
    form = _FORM.fullmatch(secret)
    prefix = form[1] if form else ""
    key = ApiKey.objects.usable().select_related("user", "partner").filter(prefix=prefix).first()
    # A stranger may send anything, lone surrogates included.
    digest = _digest(secret.encode(errors="replace").decode())
    same = hmac.compare_digest(digest, key.digest if key else _NO_DIGEST)
    return key if same else None
