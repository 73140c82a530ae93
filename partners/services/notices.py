"""From a story to the people who asked for it. Part of the stream: many stories, a constant number of queries."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from core.bulk import insert_rows
from core.queue import nudge
from partners import access
from partners.enums import TOPIC_PERMISSIONS, Channel, DeliveryState
from partners.hearing import Listener, due, hearing
from partners.models import Delivery, Notification, NotificationAudience, Partner, Subscription
from partners.quiet import Rule
from partners.stories import Story

# (topic, subject; "" where every subject is heard) -> who asked for it.
_Listeners = Mapping[tuple[str, str], Sequence[Listener]]


@transaction.atomic
def notify(stories: Sequence[Story], *, now: datetime | None = None) -> int:
    """Record the stories that were not told before and queue one delivery per listener and way.

    A listener is who subscribed to the topic for a partner of the audience and may still see such things there, or who
    subscribed for all partners and still sees all. What is for the screen stands there from this moment on. Returns the
    number of stories that were new.
    """
    told = _record(stories)
    if not told:
        return 0
    insert_rows(
        NotificationAudience,
        ("notification", "partner"),
        [(pk, partner) for pk, story in told.items() for partner in sorted(story.partner_ids)],
        on_conflict="DO NOTHING",
    )
    if _queue(told, now or timezone.now()):
        nudge("advance")
    return len(told)


def _record(stories: Sequence[Story]) -> dict[int, Story]:
    by_key = {story.key: story for story in reversed(stories)}
    rows = [
        (uuid.uuid4(), s.topic, s.key, s.subject, json.dumps(dict(s.facts)), s.kind, s.size)
        for s in sorted(by_key.values(), key=lambda story: story.key)  # one order for all: no deadlock
    ]
    names = ("public_id", "topic", "key", "subject", "facts", "kind", "size")
    new = insert_rows(Notification, names, rows, on_conflict="(key) DO NOTHING", returning="id, key")
    return {pk: by_key[key] for pk, key in new}


def _queue(told: Mapping[int, Story], now: datetime) -> bool:
    """Whether something has to go out."""
    listeners = _listeners(list(told.values()))
    rows = [
        _row(pk, story, heard, now)
        for pk, story in told.items()
        for heard in hearing(story, [*listeners.get((story.topic, ""), ()), *_following(story, listeners)])
    ]
    names = (
        "notification", "user", "partner", "channel", "endpoint", "state", "sent_at", "message_id", "attempts", "error",
        "not_before", "window_at",
    )  # fmt: skip
    made = insert_rows(Delivery, names, rows, on_conflict="DO NOTHING", returning="state")
    return any(state == DeliveryState.QUEUED for (state,) in made)


def _following(story: Story, listeners: _Listeners) -> Sequence[Listener]:
    return listeners.get((story.topic, story.subject), ()) if story.subject else ()


def _row(notification: int, story: Story, heard: Listener, now: datetime) -> tuple[Any, ...]:
    on_screen = heard.channel == Channel.IN_APP
    when = due(heard, story, now)
    return (
        notification, heard.user_id, heard.partner_id, heard.channel, heard.endpoint_id,
        DeliveryState.SENT if on_screen else DeliveryState.QUEUED, now if on_screen else None, uuid.uuid4(), 0, "",
        when.not_before, when.window_at,
    )  # fmt: skip


_ASKED = (
    "topic", "subject", "user_id", "partner_id", "channel", "endpoint_id", "digest", "kinds", "threshold",
    "user__hears_critical", "user__time_zone", "user__quiet_from", "user__quiet_until", "user__digest_at",
)  # fmt: skip


def _listeners(stories: Sequence[Story]) -> dict[tuple[str, str], list[Listener]]:
    partner_ids = frozenset[int]().union(*(story.partner_ids for story in stories))
    wanted = Subscription.objects.filter(
        Q(partner_id__in=partner_ids) | Q(partner=None),
        Q(endpoint=None) | Q(endpoint__is_active=True),
        subject__in={"", *(story.subject for story in stories)},
        topic__in={story.topic for story in stories},
    )
    found = list(wanted.values_list(*_ASKED))
    permissions = {TOPIC_PERMISSIONS[topic] for topic, *_rest in found}
    granted = {permission: access.holders(permission, partner_ids) for permission in permissions}
    seeing = {permission: access.all_seeing(permission) for permission in permissions}
    listeners: dict[tuple[str, str], list[Listener]] = {}
    for topic, subject, user, partner, channel, endpoint, digest, kinds, threshold, critical, *clock in found:
        permission = TOPIC_PERMISSIONS[topic]
        if user in seeing[permission] or (user, partner) in granted[permission]:
            listener = Listener(
                user, partner, channel, endpoint, digest, frozenset(kinds), threshold, critical, Rule(*clock)
            )  # fmt: skip
            listeners.setdefault((topic, subject), []).append(listener)
    return listeners


@transaction.atomic
def withdraw_deliveries(subject: str, partner: Partner) -> int:
    """Tell `partner` no more of `subject`: it leaves the audience, and what is still queued on its behalf is withdrawn.

    Returns the number of deliveries withdrawn.
    """
    NotificationAudience.objects.filter(notification__subject=subject, partner=partner).delete()
    queued = Delivery.objects.waiting().filter(notification__subject=subject, partner=partner)
    return queued.update(state=DeliveryState.WITHDRAWN, lease_token=None, lease_until=None)
