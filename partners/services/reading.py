"""What stands on a person's screen, and that it was read."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from django.db.models.functions import Now

from partners.models import Delivery, User

# More than so many are not counted: "99+".
COUNTED = 99


def count_unread(user: User) -> int:
    """How many stand on the screen unread, at most 100."""
    return Delivery.objects.standing_for(user).unread().order_by().values("pk")[: COUNTED + 1].count()


def mark_read(user: User, *, message_ids: Collection[UUID] | None = None) -> int:
    """Note that `user` has read these, or all that stand on the screen. Returns how many were unread."""
    unread = Delivery.objects.standing_for(user).unread()
    if message_ids is not None:
        unread = unread.filter(message_id__in=message_ids)
    return unread.update(read_at=Now())
