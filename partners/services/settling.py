"""What is written down after an attempt, if the lease is still ours; and whether a row may be told at this moment."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now
from django.utils import timezone

from core.leases import LeaseLost, fence
from partners import access
from partners.enums import TOPIC_PERMISSIONS, DeliveryState
from partners.models import Delivery, NotificationAudience
from partners.retrying import next_wait

logger = logging.getLogger("waymark.outbox")

Audience = set[tuple[int, int]]


def audience_of(rows: Iterable[Delivery]) -> Audience:
    """(notification, partner) of everybody who may hear one of the rows."""
    audiences = NotificationAudience.objects.filter(notification_id__in={row.notification_id for row in rows})
    return set(audiences.values_list("notification_id", "partner_id"))


def heard(rows: Sequence[Delivery], audience: Audience) -> list[Delivery]:
    """Those of the rows that their recipient may know at this moment: rights may have gone since the story was told.

    The others are withdrawn. A constant number of queries however many rows.
    """
    permissions = {TOPIC_PERMISSIONS[row.notification.topic] for row in rows}
    partners = {row.partner_id for row in rows if row.partner_id}
    seeing = {permission: access.all_seeing(permission) for permission in permissions}
    granted = {permission: access.holders(permission, partners) if partners else set() for permission in permissions}
    kept: list[Delivery] = []
    gone: list[Delivery] = []
    for row in rows:
        permission = TOPIC_PERMISSIONS[row.notification.topic]
        is_in_reach = row.partner_id is None or (row.notification_id, row.partner_id) in audience
        holds = row.user_id in seeing[permission] or (row.user_id, row.partner_id) in granted[permission]
        (kept if is_in_reach and holds else gone).append(row)
    if gone:
        settle(gone, to=DeliveryState.WITHDRAWN)
    return kept


def settle(rows: Sequence[Delivery], *, to: str, **changes: Any) -> bool:
    """Move all rows from queued to `to`. False, and nothing is written, when another worker has one of them."""
    try:
        with transaction.atomic():
            fence(rows)
            queued = Delivery.objects.waiting().filter(pk__in=[row.pk for row in rows])
            queued.update(state=to, lease_token=None, lease_until=None, **changes)
    except LeaseLost:
        logger.warning("delivery %s was taken over while it was being sent", rows[0].pk)
        return False
    return True


def put_off(rows: Sequence[Delivery], reason: str, *, not_before: datetime | None = None) -> None:
    """The attempt came to nothing: each waits longer than last time and until `not_before` at least, or has failed."""
    alike: dict[timedelta | None, list[Delivery]] = {}
    for row in rows:
        alike.setdefault(next_wait(row.channel, row.attempts, row.pk), []).append(row)
    now = timezone.now()
    for wait, some in alike.items():
        if wait is None:
            settle(some, to=DeliveryState.FAILED, error=reason)
        else:
            _put_back(some, not_before=max(now + wait, not_before or now), error=reason)


def give_back(rows: Sequence[Delivery], *, after: timedelta | None = None, until: datetime | None = None) -> None:
    """Not begun, so the attempt that the claim counted is not one. Due again at once, `after` a while or at `until`."""
    changes: dict[str, Any] = {"attempts": F("attempts") - 1}
    if until is not None:
        changes["not_before"] = until
    elif after is not None:
        changes["not_before"] = Now() + after
    _put_back(rows, **changes)


@transaction.atomic
def _put_back(rows: Sequence[Delivery], **changes: Any) -> None:
    ours = Delivery.objects.waiting().filter(pk__in=[row.pk for row in rows], lease_token=rows[0].lease_token)
    if len(rows) > 1:
        # In the order in which another worker gathers a digest: neither waits for the other for ever.
        list(ours.select_for_update().order_by("pk").values_list("pk"))
    ours.update(lease_token=None, lease_until=None, **changes)
