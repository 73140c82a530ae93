"""From a story to the people who asked for it. Part of the stream: many stories, a constant number of queries."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Q

from core.bulk import insert_rows
from core.queue import nudge
from partners import access
from partners.enums import TOPIC_PERMISSIONS, DeliveryState
from partners.models import Delivery, Notification, NotificationAudience, Partner, Subscription
from partners.stories import Story


@dataclass(frozen=True, slots=True)
class _Listener:
    user_id: int
    partner_id: int | None
    channel: str


@transaction.atomic
def notify(stories: Sequence[Story]) -> int:
    """Record the stories that were not told before and queue one delivery per listener and channel.

    A listener is who subscribed to the topic for a partner of the audience and may still see such things there, or who
    subscribed for all partners and still sees all. Returns the number of stories that were new.
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
    if _queue(told):
        nudge("advance")
    return len(told)


def _record(stories: Sequence[Story]) -> dict[int, Story]:
    by_key = {story.key: story for story in reversed(stories)}
    rows = [
        (uuid.uuid4(), story.topic, story.key, story.subject, json.dumps(dict(story.facts)))
        for story in sorted(by_key.values(), key=lambda story: story.key)  # one order for all: no deadlock
    ]
    names = ("public_id", "topic", "key", "subject", "facts")
    new = insert_rows(Notification, names, rows, on_conflict="(key) DO NOTHING", returning="id, key")
    return {pk: by_key[key] for pk, key in new}


def _queue(told: Mapping[int, Story]) -> int:
    listeners = _listeners(list(told.values()))
    rows = [
        (pk, heard.user_id, heard.partner_id, heard.channel, DeliveryState.QUEUED, uuid.uuid4(), 0, "")
        for pk, story in told.items()
        for heard in _hearing(story, listeners)
    ]
    names = ("notification", "user", "partner", "channel", "state", "message_id", "attempts", "error")
    return len(insert_rows(Delivery, names, rows, on_conflict="DO NOTHING", returning="id"))


def _hearing(story: Story, listeners: Mapping[str, Sequence[_Listener]]) -> Iterator[_Listener]:
    """One listener per person and channel: on behalf of the partner with the lowest id, of the house last."""
    heard: set[tuple[int, str]] = set()
    for listener in listeners.get(story.topic, ()):
        mine = listener.partner_id is None or listener.partner_id in story.partner_ids
        if mine and (listener.user_id, listener.channel) not in heard:
            heard.add((listener.user_id, listener.channel))
            yield listener


def _listeners(stories: Sequence[Story]) -> dict[str, list[_Listener]]:
    partner_ids = frozenset[int]().union(*(story.partner_ids for story in stories))
    wanted = Subscription.objects.filter(
        Q(partner_id__in=partner_ids) | Q(partner=None), topic__in={story.topic for story in stories}
    )
    found = list(wanted.values_list("topic", "user_id", "partner_id", "channel"))
    permissions = {TOPIC_PERMISSIONS[topic] for topic, *_rest in found}
    granted = {permission: access.holders(permission, partner_ids) for permission in permissions}
    seeing = {permission: access.all_seeing(permission) for permission in permissions}
    listeners: dict[str, list[_Listener]] = {}
    for topic, user, partner, channel in sorted(found, key=lambda row: (row[2] is None, row[2] or 0, row[1])):
        permission = TOPIC_PERMISSIONS[topic]
        if user in seeing[permission] or (user, partner) in granted[permission]:
            listeners.setdefault(topic, []).append(_Listener(user, partner, channel))
    return listeners


@transaction.atomic
def withdraw_deliveries(subject: str, partner: Partner) -> int:
    """Tell `partner` no more of `subject`: it leaves the audience, and what is still queued on its behalf is withdrawn.

    Returns the number of deliveries withdrawn.
    """
    NotificationAudience.objects.filter(notification__subject=subject, partner=partner).delete()
    queued = Delivery.objects.waiting().filter(notification__subject=subject, partner=partner)
    return queued.update(state=DeliveryState.WITHDRAWN, lease_token=None, lease_until=None)
