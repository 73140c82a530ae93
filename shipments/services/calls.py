"""Calls of webhooks: genuine or not, and each taken once."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db import connection as database
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from core.errors import DomainError
from shipments.connections.webhook import Call, Refused, WebhookSettings, verify
from shipments.models import Connection, ConnectionRun, Message, WebhookReceipt
from shipments.services.connections import opened
from shipments.services.intake import receive

_WORDS = {
    "missing": "A call without the headers of a signature.",
    "wrong": "A call with a wrong signature.",
    "stale": "A call whose time is too far from ours.",
}


@dataclass(frozen=True, slots=True)
class Taken:
    """The message of a call. `is_replay`: the very same call had been taken before."""

    message: Message
    is_replay: bool


class NotGenuine(DomainError):
    """Whoever called does not share a secret with us, or the call is stale (401). Worded alike for all reasons."""

    def __init__(self) -> None:
        super().__init__("signature_refused", _("The call is not signed as agreed, or it is too old."))


def take_call(connection: Connection, headers: Mapping[str, str], body: bytes, now: datetime) -> Taken:
    """Store the body of a signed call, once for its id. `headers`: names in lower case; `now`: aware.

    Raises NotGenuine (counted, nothing else is stored) and DomainError `call_reused` (conflict): the id came before
    with another body; that stands in the runs of the connection.
    """
    settings, secret = opened(connection)
    if not isinstance(settings, WebhookSettings):
        raise NotGenuine
    try:
        call = verify(settings, secret, headers, body, now)
    except Refused as refused:
        Connection.objects.filter(pk=connection.pk).update(refused=F("refused") + 1, last_error=_WORDS[refused.code])
        raise NotGenuine from refused
    taken = _take(connection, call, headers.get("content-type", ""), body)
    if taken is None:
        words = f"The call {call.id} came again with another content."
        ConnectionRun.objects.create(connection=connection, ended_at=Now(), error=words[:500])
        raise DomainError("call_reused", _("A call with this id was taken before, with another body."), conflict=True)
    return taken


@transaction.atomic
def _take(connection: Connection, call: Call, content_type: str, body: bytes) -> Taken | None:
    """None: the id stands for something else. Of many at once with one id, the others wait here for the first."""
    with database.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, %s))", [call.id, connection.pk])
    digest = hashlib.sha256(body).hexdigest()
    before = WebhookReceipt.objects.filter(connection=connection, call_id=call.id).first()
    if before is not None:
        is_same = before.digest == digest
        return Taken(Message.objects.without_raw().get(pk=before.message_id), is_replay=True) if is_same else None
    receipt = receive(connection.source, body, content_type=content_type)
    WebhookReceipt.objects.create(connection=connection, call_id=call.id, digest=digest, message=receipt.message)
    Connection.objects.filter(pk=connection.pk).update(last_success_at=Now(), last_error="")
    return Taken(receipt.message, is_replay=False)
