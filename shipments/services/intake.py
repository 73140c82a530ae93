"""Step one: what comes in is stored before anybody tries to understand it."""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import connection, transaction

from core.errors import DomainError
from core.queue import nudge
from core.states import move
from partners.models import User
from shipments.enums import MESSAGE_MOVES, MessageState
from shipments.models import Message, Source

# The same bytes from the same source again are the same message: only the counter moves.
_STORE = """
    INSERT INTO shipments_message
        (public_id, source_id, digest, raw, size, content_type, filename, received_by_id, state, deliveries, attempts,
         errors, events_found, events_matched, events_unmatched, events_unmapped, events_quarantined, events_duplicate)
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, 1, 0, '[]', 0, 0, 0, 0, 0, 0)
    ON CONFLICT (source_id, digest) DO UPDATE
        SET deliveries = shipments_message.deliveries + 1, last_delivered_at = statement_timestamp()
    RETURNING id, deliveries
"""


@dataclass(frozen=True, slots=True)
class Receipt:
    """The stored message. `is_duplicate`: these bytes had come from this source before."""

    message: Message
    is_duplicate: bool


@transaction.atomic
def receive(
    source: Source, payload: bytes, *, content_type: str = "", filename: str = "", by: User | None = None
) -> Receipt:
    """Store `payload` exactly as it is. When this returns (and the transaction is committed) nothing can lose it.

    Raises DomainError `too_large` above WAYMARK_MESSAGE_LIMIT bytes and `source_inactive`.
    """
    if len(payload) > settings.WAYMARK_MESSAGE_LIMIT:
        limit = settings.WAYMARK_MESSAGE_LIMIT >> 20
        raise DomainError("too_large", f"A message may have {limit} MiB at most. Send it in parts.")
    if not source.is_active:
        raise DomainError("source_inactive", f"The source {source.code} is switched off.", conflict=True)
    values: list[Any] = [
        uuid.uuid4(),
        source.pk,
        hashlib.sha256(payload).hexdigest(),
        payload,
        len(payload),
        printable(content_type)[:100],
        file_name(filename),
        by.pk if by else None,
        MessageState.RECEIVED.value,
    ]
    with connection.cursor() as cursor:
        cursor.execute(_STORE, values)
        pk, deliveries = cursor.fetchone()
    message = Message.objects.select_related("source").get(pk=pk)
    if message.state == MessageState.RECEIVED:
        nudge("advance")
    return Receipt(message, is_duplicate=deliveries > 1)


@transaction.atomic
def reprocess(message: Message, *, by: User | None) -> None:
    """Have the message read again from its bytes. Its events stand; only what is new is added.

    Raises DomainError `state_not_allowed` while it still waits to be read, `message_undone` (conflict).
    """
    if message.undone_at:
        raise DomainError("message_undone", "This import was undone. Import the file again instead.", conflict=True)
    move(
        message,
        MESSAGE_MOVES,
        to=MessageState.RECEIVED,
        attempts=0,
        lease_until=None,
        lease_token=None,
        processed_at=None,
        events_read=0,
        progress=0,
    )
    nudge("advance")


def printable(text: str) -> str:
    """`text` as the database can hold it: without NUL and without halves of surrogate pairs."""
    return text.replace("\x00", "").encode("utf-8", "replace").decode()


def file_name(said: str) -> str:
    """The last part of what a sender calls a file, without signs that nobody sees or that turn the writing round."""
    last = printable(said).replace("\\", "/").rpartition("/")[2]
    return "".join(sign for sign in last if sign.isprintable())[:255]
