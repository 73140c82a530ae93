"""Calls of endpoints, one endpoint after the other: what works first, and none that hangs holds up the others."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import timedelta
from itertools import groupby

from django.db.models import F
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext as _

from partners.channels.base import Gone, Refused, Send, TryLater, Unreachable
from partners.channels.registry import CHANNELS
from partners.enums import Channel, DeliveryState
from partners.models import Delivery, WebhookEndpoint
from partners.retrying import rest
from partners.services.letters import call_of
from partners.services.settling import Audience, give_back, heard, put_off, settle

# What was not begun for want of time lets others go before it.
_PATIENCE = timedelta(seconds=10)


def send_calls(rows: Sequence[Delivery], audience: Audience, end: float) -> None:
    """Make the calls that are due. After `end` (of time.monotonic) no other one begins."""
    rows = sorted(rows, key=lambda row: (_endpoint(row).failures, row.endpoint_id or 0, row.not_before, row.pk))
    with CHANNELS[Channel.WEBHOOK]() as send:
        for _failures, batch in groupby(rows, key=lambda row: (_endpoint(row).failures, row.endpoint_id)):
            _send_to(list(batch), audience, send, end)


def _endpoint(row: Delivery) -> WebhookEndpoint:
    if row.endpoint is None:
        raise LookupError(f"delivery {row.pk} is a call and has no endpoint")
    return row.endpoint


def _send_to(rows: list[Delivery], audience: Audience, send: Send, end: float) -> None:
    endpoint, delivered = _endpoint(rows[0]), 0
    while rows:
        if time.monotonic() > end:
            give_back(rows, after=_PATIENCE)
            break
        if _is_closed(endpoint, rows):
            break
        row = rows.pop(0)
        if heard([row], audience):
            delivered += _send(row, endpoint, send)
    if delivered:
        note_success(endpoint, delivered)


def _is_closed(endpoint: WebhookEndpoint, rows: Sequence[Delivery]) -> bool:
    """Whether nothing is sent there now: then all rows are dealt with."""
    if not endpoint.is_active:
        settle(rows, to=DeliveryState.FAILED, error=_("The endpoint is disabled: %s") % endpoint.disabled_because)
        return True
    if endpoint.closed_until is None or endpoint.closed_until <= timezone.now():
        return False
    put_off(rows, endpoint.last_error, not_before=endpoint.closed_until)
    return True


def _send(row: Delivery, endpoint: WebhookEndpoint, send: Send) -> bool:
    """Call once, and write down what came of it. True: it arrived."""
    try:
        send(call_of(row, endpoint, timezone.now()))
    except Refused as refusal:
        settle([row], to=DeliveryState.FAILED, error=str(refusal))
        if isinstance(refusal, Gone):
            shut(endpoint, str(refusal))
    except TryLater as failure:
        put_off([row], str(failure))
        note_failure(endpoint, str(failure), is_unreachable=isinstance(failure, Unreachable))
    else:
        # One that worked ends what was before: the next failure is the first again.
        endpoint.failures, endpoint.closed_until = 0, None
        return settle([row], to=DeliveryState.SENT, sent_at=Now(), error="")
    return False


def note_success(endpoint: WebhookEndpoint, delivered: int) -> None:
    WebhookEndpoint.objects.filter(pk=endpoint.pk).update(
        failures=endpoint.failures,
        closed_until=endpoint.closed_until,
        delivered=F("delivered") + delivered,
        last_success_at=Now(),
    )


def note_failure(endpoint: WebhookEndpoint, reason: str, *, is_unreachable: bool) -> None:
    """Count it. An endpoint that fails again and again, or that cannot be reached, is left alone for a while."""
    now = timezone.now()
    endpoint.failures += 1
    pause = rest(endpoint.failures) or (_PATIENCE if is_unreachable else timedelta())
    endpoint.closed_until = now + pause if pause else None
    endpoint.last_error = reason[:500]
    WebhookEndpoint.objects.filter(pk=endpoint.pk).update(
        failures=endpoint.failures,
        closed_until=endpoint.closed_until,
        last_error=endpoint.last_error,
        last_failure_at=now,
    )


def shut(endpoint: WebhookEndpoint, reason: str) -> None:
    """Call it no more until a person says so."""
    endpoint.is_active, endpoint.disabled_because = False, reason[:200]
    WebhookEndpoint.objects.filter(pk=endpoint.pk).update(
        is_active=False, disabled_because=endpoint.disabled_because, last_error=reason[:500], last_failure_at=Now()
    )
