"""Deliveries out of the house: at least once, with the same message id, and only to who may still know.

Three steps, each with its own transaction: claim under a lease, send with no transaction open, write down what came of
it if the lease is still ours. A worker that dies in between leaves rows whose lease runs out.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone

from core.leases import claim
from core.queue import nudge
from core.states import move
from partners.channels.base import Refused, Send, TryLater, Unreachable
from partners.channels.registry import CHANNELS
from partners.enums import DELIVERY_MOVES, Channel, DeliveryState
from partners.hearing import is_critical
from partners.models import Delivery, User, WebhookEndpoint
from partners.quiet import next_allowed
from partners.services.calling import send_calls
from partners.services.checking import must_manage
from partners.services.gathering import gather
from partners.services.letters import letter_of, rule_of
from partners.services.settling import Audience, audience_of, give_back, heard, put_off, settle

_BATCH = 50
# Seconds after which a batch begins no more letters: the queue ends a task after 60, a server may take 15 for one.
# Calls come first and have a part of it, so that neither can starve the other.
_SLICE, _SLICE_OF_CALLS = 20.0, 8.0
_LEASE = timedelta(minutes=2)
# What another worker is about to send is looked at again after this.
_ANOTHERS = timedelta(seconds=30)


def send_deliveries() -> int:
    """Send what waits and is due, oldest first. Returns the number of rows dealt with, whatever came of them."""
    begun = time.monotonic()
    claimed = claim(Delivery, where_state=DeliveryState.QUEUED, limit=_BATCH, lease_for=_LEASE)
    if not claimed:
        return 0
    rows = list(
        Delivery.objects.waiting()
        .filter(lease_token=claimed[0].lease_token)
        .select_related("notification", "user", "partner", "endpoint")
        .order_by("not_before", "pk")
    )
    audience = audience_of(rows)
    calls = [row for row in rows if row.channel == Channel.WEBHOOK]
    if calls:
        send_calls(calls, audience, begun + min(_SLICE, _SLICE_OF_CALLS))
    mails = [row for row in rows if row.channel == Channel.EMAIL]
    if mails:
        _send_mails(mails, audience, begun + _SLICE)
    return len(claimed)


@transaction.atomic
def retry_delivery(delivery: Delivery, *, by: User | None) -> None:
    """Queue a failed delivery again, with all its attempts before it. Raises DomainError when it has not failed."""
    if delivery.partner:
        must_manage(by, delivery.partner)
    move(delivery, DELIVERY_MOVES, to=DeliveryState.QUEUED, attempts=0, not_before=Now())
    if delivery.endpoint_id:
        WebhookEndpoint.objects.filter(pk=delivery.endpoint_id).update(failures=0, closed_until=None)
    nudge("advance")


def _send_mails(rows: Sequence[Delivery], audience: Audience, end: float) -> None:
    closed = ""
    digests: set[tuple[int, datetime]] = set()
    with CHANNELS[Channel.EMAIL]() as send:
        for row in rows:
            if row.window_at is None:
                closed = _post(heard([row], audience), send, closed, end)
            elif (row.user_id, row.window_at) not in digests:
                digests.add((row.user_id, row.window_at))
                closed = _post(_digest(row, rows), send, closed, end)


def _digest(row: Delivery, claimed: Sequence[Delivery]) -> list[Delivery]:
    """What of a digest may be told; nothing while another worker has it."""
    gathered = gather(row, lease_for=_LEASE)
    if not gathered:
        give_back(
            [one for one in claimed if one.window_at == row.window_at and one.user_id == row.user_id], after=_ANOTHERS
        )
        return []
    return heard(gathered, audience_of(gathered))


def _post(rows: Sequence[Delivery], send: Send, closed: str, end: float) -> str:
    """Send `rows` as one letter, if this is the time; the answer is why no other letter can be sent now, or nothing."""
    if not rows:
        return closed
    if closed:
        put_off(rows, closed)
    elif time.monotonic() > end:
        give_back(rows)
    elif (allowed := _allowed(rows, timezone.now())) is not None:
        give_back(rows, until=allowed)
    else:
        return _send(rows, send)
    return closed


def _allowed(rows: Sequence[Delivery], now: datetime) -> datetime | None:
    """When the quiet hours of the recipient end, which may have begun while it waited; None: it may go now."""
    user, told = rows[0].user, rows[0].notification
    if user.hears_critical and rows[0].window_at is None and is_critical(told.topic, told.size):
        return None
    at = next_allowed(now, rule_of(user))
    return at if at > now else None


def _send(rows: Sequence[Delivery], send: Send) -> str:
    """Send one letter; the answer is why no other can be sent now, or nothing."""
    try:
        send(letter_of(rows))
    except Refused as refusal:
        settle(rows, to=DeliveryState.FAILED, error=str(refusal))
    except Unreachable as failure:
        put_off(rows, str(failure))
        return str(failure)
    except TryLater as failure:
        put_off(rows, str(failure))
    else:
        settle(rows, to=DeliveryState.SENT, sent_at=Now(), error="")
    return ""
