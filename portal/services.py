"""What the doors themselves write: answers to be replayed, requests counted, views kept."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from core.errors import DomainError, NotVisible
from partners.models import User
from portal.models import IdempotentRequest, RequestCount, SavedView

WINDOW_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Rate:
    """Requests of the caller in this window, and the seconds until it ends."""

    count: int
    reset_in: int


def count_request(user: User, *, now: datetime) -> Rate:
    """Count one request of `user`. One atomic statement, so that parallel processes agree."""
    window, passed = divmod(int(now.timestamp()), WINDOW_SECONDS)
    table = RequestCount._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(
            f'INSERT INTO {table} (user_id, "window", count) VALUES (%s, %s, 1) '  # noqa: S608 our own table name
            f'ON CONFLICT (user_id, "window") DO UPDATE SET count = {table}.count + 1 RETURNING count',
            [user.pk, window],
        )
        count = int(cursor.fetchone()[0])
    if count == 1:
        RequestCount.objects.filter(user=user, window__lt=window).delete()
    return Rate(count=count, reset_in=WINDOW_SECONDS - passed)


def reserve_key(user: User, *, route: str, key: str, body: bytes) -> IdempotentRequest:
    """The row of this Idempotency-Key, new (`status` None) or with the first answer.

    To be called in the transaction that makes the answer: a second request with the key waits for it and then reads
    what was answered; a refusal rolls the row back, so that a corrected request may use the key. Raises DomainError
    `idempotency_key_reused` when the key came with another body before.
    """
    digest = hashlib.sha256(body).hexdigest()
    row, _ = IdempotentRequest.objects.get_or_create(user=user, route=route, key=key, defaults={"body_digest": digest})
    if row.body_digest != digest:
        raise DomainError(
            "idempotency_key_reused", "This Idempotency-Key was used before with another body.", conflict=True
        )
    return row


def first_answer(row: IdempotentRequest) -> Any:
    return json.loads(row.response)


def remember_answer(row: IdempotentRequest, *, status: int, answer: Any) -> None:
    """Keep the answer (plain JSON values) to be replayed for the same request."""
    row.status = status
    row.response = json.dumps(answer)
    row.save(update_fields=["status", "response"])


def save_view(room: str, *, name: str, query: str, is_shared: bool, by: User) -> SavedView:
    """Keep the filters of a console list under a name of `by`; the same name again replaces them."""
    kept = {"query": query[:500], "is_shared": is_shared}
    view, _created = SavedView.objects.update_or_create(owner=by, room=room, name=name, defaults=kept)
    return view


def remove_view(view: SavedView, *, by: User) -> None:
    """Drop a view of one's own. Raises NotVisible for anybody else's."""
    removed, _details = SavedView.objects.filter(pk=view.pk, owner=by).delete()
    if not removed:
        raise NotVisible(str(SavedView._meta.verbose_name))
