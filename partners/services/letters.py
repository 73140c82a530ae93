"""From rows to what a channel sends."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from core.errors import DomainError
from partners.channels.base import DIGEST, Door, Item, Letter, Refused
from partners.models import Delivery, User, WebhookEndpoint
from partners.quiet import Rule
from partners.services.secrets import unseal

# Of a digest: so many are told one by one, the rest is counted.
SHOWN = 200


def letter_of(rows: Sequence[Delivery]) -> Letter:
    """One letter for rows of one person: the notification itself, or a digest of several, the newest first."""
    if rows[0].window_at is None:
        return _letter(rows, topic=rows[0].notification.topic, facts=rows[0].notification.facts)
    newest = sorted(rows, key=lambda row: (row.notification.created_at, row.pk), reverse=True)
    items = tuple(_item(row) for row in newest[:SHOWN])
    return _letter(rows, topic=DIGEST, facts={}, items=items, more=len(rows) - len(items))


def call_of(row: Delivery, endpoint: WebhookEndpoint, now: datetime) -> Letter:
    """A letter to the endpoint. Raises Refused when its secret cannot be read any more."""
    notification = row.notification
    door = Door(endpoint.url, keys_of(endpoint, now))
    return _letter([row], topic=notification.topic, facts=notification.facts, items=(_item(row),), door=door)


def keys_of(endpoint: WebhookEndpoint, now: datetime) -> tuple[str, ...]:
    """The secrets that sign a call now: the present one, and the one before while a rotation lasts."""
    try:
        held = unseal(endpoint.secret)
    except DomainError as error:
        raise Refused(error.message) from error
    until = held.get("until", "")
    previous = held.get("previous", "") if until and datetime.fromisoformat(until) > now else ""
    return tuple(filter(None, (held["current"], previous)))


def rule_of(user: User) -> Rule:
    return Rule(user.time_zone, user.quiet_from, user.quiet_until, user.digest_at)


def _item(row: Delivery) -> Item:
    told = row.notification
    return Item(told.topic, told.facts, told.subject, told.kind, told.size, told.created_at)


def _letter(rows: Sequence[Delivery], **more: Any) -> Letter:
    user = rows[0].user
    return Letter(
        message_id=rows[0].message_id,
        address=user.email,
        name=user.name,
        language=user.language,
        time_zone=user.time_zone,
        behalf=", ".join(dict.fromkeys(row.partner.name for row in rows if row.partner)),
        **more,
    )
