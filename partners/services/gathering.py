"""The deliveries of one digest, held together: however many workers there are, one of them sends one letter."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import BooleanField, ExpressionWrapper, F, Q
from django.db.models.functions import Now

from partners.models import Delivery

# More than so many of one window make another letter.
_MOST = 1000


@transaction.atomic
def gather(row: Delivery, *, lease_for: timedelta) -> list[Delivery]:
    """All that wait for the same person, way and window as `row`, leased as it is; the oldest first.

    Who holds the oldest holds the window: when that is another worker, the answer is empty.
    """
    alike = Delivery.objects.waiting().filter(
        user_id=row.user_id, channel=row.channel, window_at=row.window_at
    )  # fmt: skip
    is_held = ExpressionWrapper(Q(lease_until__gt=Now()), output_field=BooleanField())
    rows: list[Any] = list(
        alike.annotate(is_held=is_held)
        .select_related("notification", "user", "partner")
        .select_for_update(of=("self",))
        .order_by("pk")[:_MOST]
    )
    token = row.lease_token
    if not rows or (rows[0].lease_token != token and rows[0].is_held):
        return []
    fresh = [one for one in rows if one.lease_token != token]
    held = Delivery.objects.filter(pk__in=[one.pk for one in rows])
    held.exclude(lease_token=token).update(attempts=F("attempts") + 1)
    held.update(lease_token=token, lease_until=Now() + lease_for)
    for one in fresh:
        one.lease_token = token
        one.attempts += 1
    return rows
