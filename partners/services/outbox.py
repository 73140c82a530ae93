"""Deliveries out of the house: at least once, with the same message id, and only to who may still know.

Three steps, each with its own transaction: claim under a lease, send with no transaction open, write down what came of
it if the lease is still ours. A worker that dies in between leaves rows whose lease runs out.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Sequence
from datetime import timedelta
from itertools import groupby
from typing import Any

from django.db import transaction
from django.db.models.functions import Now

from core.leases import LeaseLost, claim, fence
from core.queue import nudge
from core.states import move
from partners import access
from partners.channels.base import Letter, Refused, Send, TryLater, Unreachable
from partners.channels.registry import CHANNELS
from partners.enums import DELIVERY_MOVES, TOPIC_PERMISSIONS, DeliveryState
from partners.models import Delivery, NotificationAudience, User
from partners.services.checking import must_manage

logger = logging.getLogger("waymark.outbox")

# The wait after the first, second, ... attempt that came to nothing; after the last wait and one more attempt: failed.
WAITS = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=30), timedelta(hours=2))
_BATCH = 50
# Seconds after which a batch begins no more letters: the queue ends a task after 60, a server may take 15 for one.
_SLICE = 20.0
_LEASE = timedelta(minutes=2)


def send_deliveries() -> int:
    """Send what waits and is due, oldest first. Returns the number of rows dealt with, whatever came of them."""
    end = time.monotonic() + _SLICE
    claimed = claim(Delivery, where_state=DeliveryState.QUEUED, limit=_BATCH, lease_for=_LEASE)
    if not claimed:
        return 0
    rows = list(
        Delivery.objects.waiting()
        .filter(lease_token=claimed[0].lease_token)
        .select_related("notification", "user", "partner")
        .order_by("channel", "not_before", "pk")
    )
    audience = _audience(rows)
    for channel, batch in groupby(rows, key=lambda row: row.channel):
        _send_batch(channel, list(batch), audience, end)
    return len(claimed)


@transaction.atomic
def retry_delivery(delivery: Delivery, *, by: User | None) -> None:
    """Queue a failed delivery again, with all its attempts before it. Raises DomainError when it has not failed."""
    if delivery.partner:
        must_manage(by, delivery.partner)
    move(delivery, DELIVERY_MOVES, to=DeliveryState.QUEUED, attempts=0, not_before=Now())
    nudge("advance")


def _audience(rows: Sequence[Delivery]) -> set[tuple[int, int]]:
    audiences = NotificationAudience.objects.filter(notification_id__in={row.notification_id for row in rows})
    return set(audiences.values_list("notification_id", "partner_id"))


def _send_batch(channel: str, rows: Iterable[Delivery], audience: set[tuple[int, int]], end: float) -> None:
    closed = ""
    with CHANNELS[channel]() as send:
        for row in rows:
            if not _may_hear(row, audience):
                _settle(row, to=DeliveryState.WITHDRAWN)
            elif closed:
                _try_later(row, closed)
            elif time.monotonic() > end:
                _give_back(row)
            else:
                closed = _send(row, send)


def _may_hear(row: Delivery, audience: set[tuple[int, int]]) -> bool:
    """Asked again at the moment of sending: rights may have gone since the story was told."""
    permission = TOPIC_PERMISSIONS[row.notification.topic]
    if row.partner is None:
        return row.user_id in access.all_seeing(permission)
    if (row.notification_id, row.partner.pk) not in audience:
        return False
    return access.granted_partners(row.user, permission).filter(pk=row.partner.pk).exists()


def _send(row: Delivery, send: Send) -> str:
    """Send one; the answer is why no other letter can be sent now, or nothing."""
    try:
        send(_letter(row))
    except Refused as refusal:
        _settle(row, to=DeliveryState.FAILED, error=str(refusal))
    except Unreachable as failure:
        _try_later(row, str(failure))
        return str(failure)
    except TryLater as failure:
        _try_later(row, str(failure))
    else:
        _settle(row, to=DeliveryState.SENT, sent_at=Now(), error="")
    return ""


def _letter(row: Delivery) -> Letter:
    return Letter(
        message_id=row.message_id,
        topic=row.notification.topic,
        facts=row.notification.facts,
        address=row.user.email,
        name=row.user.name,
        language=row.user.language,
        time_zone=row.user.time_zone,
        behalf=row.partner.name if row.partner else "",
    )


def _try_later(row: Delivery, reason: str) -> None:
    if row.attempts > len(WAITS):
        _settle(row, to=DeliveryState.FAILED, error=reason)
    else:
        _put_back(row, not_before=Now() + WAITS[row.attempts - 1], error=reason)


def _give_back(row: Delivery) -> None:
    """Not begun for want of time, so the attempt that the claim counted is not one."""
    _put_back(row, attempts=row.attempts - 1)


def _settle(row: Delivery, *, to: str, **changes: Any) -> None:
    try:
        with transaction.atomic():
            fence([row])
            move(row, DELIVERY_MOVES, to=to, lease_token=None, lease_until=None, **changes)
    except LeaseLost:
        logger.warning("delivery %s was taken over while it was being sent", row.pk)


def _put_back(row: Delivery, **changes: Any) -> None:
    ours = Delivery.objects.waiting().filter(pk=row.pk, lease_token=row.lease_token)
    ours.update(lease_token=None, lease_until=None, **changes)
