"""Setting up the ways in: saved, tried out, paused, given a new secret."""

from __future__ import annotations

import ftplib
import imaplib
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NamedTuple, TypedDict, Unpack

import paramiko
import requests
from django.conf import settings as django_settings
from django.db import transaction
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from core.errors import DomainError
from core.queue import nudge
from partners.channels.network import Dialler
from partners.models import User
from partners.services.checking import checked
from partners.services.secrets import seal, unseal
from partners.signing import new_secret
from shipments.connections.base import Bounds, Seen, Trouble
from shipments.connections.folder import FolderSettings, within
from shipments.connections.http import origin
from shipments.connections.options import Settings, Unfit, as_json, read_secret, read_settings
from shipments.connections.registry import KINDS
from shipments.connections.webhook import WebhookSettings, doubts_of_secret
from shipments.enums import ConnectionKind
from shipments.models import Connection, Source

# What is not due by itself: it calls us, or it is paused.
NEVER = datetime(9999, 1, 1, tzinfo=UTC)
# What libraries raise when a network, a server or a disk does not do what it should.
OUTSIDE = (OSError, EOFError, requests.RequestException, paramiko.SSHException, imaplib.IMAP4.error, ftplib.Error)
# A person waits for the answer of a test.
_TEST_SECONDS = 15.0
_SHOWN = 20
# Settings that say where and from when on is looked, and those that say which page comes after which.
_WHERE = ("host", "port", "username", "folder", "client_id", "since_parameter", "since_path", "since_format")
_PAGES = ("url", "paging", "cursor_path", "cursor_parameter", "page_parameter", "first_page")


class Saved(NamedTuple):
    """`shown_once`: the secret of a webhook when it was made here, else empty."""

    connection: Connection
    shown_once: str


class ConnectionDetails(TypedDict, total=False):
    """`connection`: the one to change; without it a new one is made."""

    connection: Connection
    every_seconds: int


@dataclass(frozen=True, slots=True)
class Trial:
    """What a test found: `would_take`, at most a few; or what went wrong in `error`."""

    would_take: list[Seen] = field(default_factory=list)
    total: int = 0
    error: str = ""

    def __str__(self) -> str:
        if self.error:
            return self.error
        if not self.total:
            return _("It works. There is nothing to take now.")
        names = ", ".join(
            f"{seen.name} ({seen.size} B)" if seen.size is not None else seen.name for seen in self.would_take
        )
        return _("It works. It would take %(total)d: %(names)s") % {"total": self.total, "names": names}


@transaction.atomic
def save_connection(
    source: Source,
    *,
    kind: str,
    settings: Mapping[str, Any],
    secret: Mapping[str, str] | None = None,
    by: User | None,
    **details: Unpack[ConnectionDetails],
) -> Saved:
    """Make a way in for `source`, or change one. Of `secret`, what is not given or empty stays as it was.

    A webhook without a secret gets one. Raises DomainError `unknown_kind`, `kind_is_fixed`, `invalid` (its `field` is a
    name of the settings or of the secret).
    """
    connection = details.get("connection") or Connection(source=source, kind=kind)
    if connection.kind != kind or connection.source_id != source.pk:
        raise DomainError("kind_is_fixed", _("A connection keeps its kind and its source. Make another one."))
    if kind not in KINDS:
        raise DomainError("unknown_kind", _("The kind is one of %s.") % ", ".join(KINDS), field="kind")
    read = _read(kind, settings)
    kept = unseal(connection.secret) if connection.pk and not _replaces_all(kind, secret) else {}
    sealed, shown_once = _secret_of(read, kept, secret or {})
    before = connection.settings
    connection.settings, connection.secret = as_json(read), seal(sealed)
    connection.every_seconds = details.get("every_seconds", connection.every_seconds)
    checked(connection, exclude=("source", "public_id", "cursor", "settings", "not_before"))
    if connection._state.adding:
        connection.save()
        _begin_anew(connection)
        return Saved(connection, shown_once)
    # What a worker has noted since the row was read stays.
    connection.save(update_fields=["settings", "secret", "every_seconds"])
    connection.refresh_from_db(fields=["cursor", "is_active"])
    _begin_anew(connection, cursor=_going_on(before, connection.settings, connection.cursor))
    return Saved(connection, shown_once)


def _going_on(before: Mapping[str, Any], now: Mapping[str, Any], cursor: dict[str, Any]) -> dict[str, Any]:
    """How far we have got, after a change. What was counted at one place says nothing of another: there would be mails
    or pages that are never taken, and the page to go on from would be asked of the host from before."""
    changed = {name for name in (*_WHERE, *_PAGES) if before.get(name) != now.get(name)}
    if not changed:
        return cursor
    is_same_host = not changed - set(_PAGES) and origin(str(before.get("url"))) == origin(str(now.get("url")))
    return {"since": cursor["since"]} if is_same_host and cursor.get("since") else {}


def _replaces_all(kind: str, secret: Mapping[str, str] | None) -> bool:
    """Whether every secret of the kind is given: then what was stored need not be opened."""
    return bool(secret) and set(KINDS[kind].settings.SECRETS) <= {
        name for name, value in (secret or {}).items() if value
    }


def _read(kind: str, settings: Mapping[str, Any]) -> Settings:
    try:
        read = read_settings(KINDS[kind].settings, settings)
    except Unfit as unfit:
        raise _refusal(unfit) from unfit
    if isinstance(read, FolderSettings) and within(read.path, django_settings.WAYMARK_FOLDERS) is None:
        opened = ", ".join(str(folder) for folder in django_settings.WAYMARK_FOLDERS)
        text = _("The folder has to lie in one that the operator has opened: %s") % opened
        raise DomainError("invalid", text, field="path")
    return read


def _refusal(unfit: Unfit) -> DomainError:
    """The first problem, and all of them in words."""
    first = unfit.problems[0]
    if len(unfit.problems) == 1:
        return DomainError("invalid", _(first.message), field=first.field)
    return DomainError("invalid", str(unfit), field="")


def _secret_of(read: Settings, kept: dict[str, str], given: Mapping[str, str]) -> tuple[dict[str, str], str]:
    """(what to store, what to show once)."""
    try:
        secret = {**kept, **read_secret(type(read), given)}
        if not isinstance(read, WebhookSettings):
            return secret, ""
        shown_once = "" if secret.get("current") else new_secret()
        secret = {**secret, "current": secret.get("current") or shown_once}
        if problems := doubts_of_secret(read, secret):
            raise Unfit(problems)
    except Unfit as unfit:
        raise _refusal(unfit) from unfit
    return secret, shown_once


def _begin_anew(connection: Connection, **changes: Any) -> None:
    """Have it looked into at once. Who holds the lease finds it lost, and writes nothing over what was changed."""
    is_due = changes.get("is_active", connection.is_active) and KINDS[connection.kind].collect is not None
    fresh: dict[str, Any] = {"lease_until": None, "lease_token": None, "attempts": 0, "last_error": ""}
    Connection.objects.filter(pk=connection.pk).update(**fresh, not_before=Now() if is_due else NEVER, **changes)
    connection.refresh_from_db()
    if is_due:
        nudge("collect_due")


@transaction.atomic
def pause_connection(connection: Connection, *, by: User | None) -> None:
    """Look no more, and answer its calls like a stranger's, until it is resumed."""
    Connection.objects.filter(pk=connection.pk).update(
        is_active=False, not_before=NEVER, lease_until=None, lease_token=None
    )


@transaction.atomic
def resume_connection(connection: Connection, *, by: User | None) -> None:
    """Go on from where it stood."""
    _begin_anew(connection, is_active=True)


@transaction.atomic
def rotate_secret(connection: Connection, *, by: User | None) -> str:
    """A new secret for a webhook; the one before stays good until the next rotation. Returns it, this once.

    Raises DomainError `not_a_webhook`.
    """
    if connection.kind != ConnectionKind.WEBHOOK:
        raise DomainError("not_a_webhook", _("Only the secret of a webhook is made here."))
    held = Connection.objects.select_for_update().get(pk=connection.pk)
    made = new_secret()
    secret = {"current": made, "previous": unseal(held.secret).get("current", "")}
    Connection.objects.filter(pk=held.pk).update(secret=seal({k: v for k, v in secret.items() if v}))
    return made


def try_connection(connection: Connection, *, by: User | None) -> Trial:
    """Sign in, look, and say what would be taken. Nothing is taken, moved or noted."""
    look = KINDS[connection.kind].look
    if look is None:
        return Trial(error=_("There is nothing to try: they call us."))
    try:
        settings, secret = opened(connection)
        with dialler(_TEST_SECONDS) as dial:
            found = look(settings, secret, connection.cursor, bounds_of(dial, _TEST_SECONDS))
    except (Trouble, DomainError, *OUTSIDE) as error:
        return Trial(error=said(error))
    return Trial(found[:_SHOWN], len(found))


def opened(connection: Connection) -> tuple[Settings, dict[str, str]]:
    """The settings and the secret, as the kind's module takes them. Raises DomainError."""
    return _read(connection.kind, connection.settings), unseal(connection.secret)


def dialler(seconds: float) -> Dialler:
    return Dialler(tuple(django_settings.WAYMARK_INTERNAL_HOSTS), seconds)


def bounds_of(dial: Dialler, seconds: float) -> Bounds:
    """What one look may use in these seconds."""
    return Bounds(
        dial,
        django_settings.WAYMARK_MESSAGE_LIMIT,
        time.monotonic() + seconds,
        tuple(django_settings.WAYMARK_FOLDERS),
        django_settings.WAYMARK_CLAIM_SECONDS,
    )


def said(error: Exception) -> str:
    """A failure as a person reads it, and as the database can hold it."""
    if isinstance(error, DomainError):
        text = error.message
    elif isinstance(error, TimeoutError):
        text = _("It did not answer in time.")
    elif isinstance(error, OSError) and error.strerror:
        text = error.strerror
    else:
        text = str(error) or type(error).__name__
    return " ".join(text.replace("\x00", "").encode("utf-8", "replace").decode().split())[:500]
