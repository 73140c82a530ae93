"""Who wants to hear of what, how exactly, and by which way."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypedDict, Unpack

from django.db import transaction
from django.utils.translation import gettext as _

from core.errors import DomainError, NotVisible
from partners.access import all_seeing, granted_partners, may
from partners.enums import FOLLOWED_TOPICS, TOPIC_PERMISSIONS, Channel, Digest, Permission
from partners.models import Partner, Subscription, User, WebhookEndpoint
from partners.services.checking import checked

MOST_KINDS = 200
# Shipments that one person follows at a time.
MOST_FOLLOWED = 500


class Wishes(TypedDict, total=False):
    """How exactly. `subject`: one shipment ("shipment:<uuid>"), not all. `endpoint`: of a webhook. `digest`: of mails.
    `kinds`, `threshold`: only these, only from that size on."""

    subject: str
    endpoint: WebhookEndpoint
    digest: str
    kinds: Iterable[str]
    threshold: int


@dataclass(frozen=True, slots=True)
class Wish:
    """One line of a person's preferences: hear of `topic` by `channel`."""

    topic: str
    channel: str
    digest: str = Digest.AT_ONCE
    kinds: tuple[str, ...] = ()
    threshold: int = 0


@transaction.atomic
def subscribe(
    user: User, *, partner: Partner | None, topic: str, channel: str, by: User | None, **wishes: Unpack[Wishes]
) -> Subscription:
    """Have `user` hear of `topic` for `partner` (None: for all partners, internal people only).

    Asking twice is once, with the wishes of the last time. Raises NotVisible when `by` may not decide for `user` or
    `user` may not see what it is about; DomainError `subscription_needs_partner`, `invalid`.
    """
    must_decide(by, user, partner)
    way = {"subject": wishes.get("subject", ""), "endpoint": wishes.get("endpoint")}
    standing = Subscription.objects.filter(user=user, partner=partner, topic=topic, channel=channel, **way).first()
    subscription = standing or Subscription(user=user, partner=partner, topic=topic, channel=channel, **way)
    subscription.digest = wishes.get("digest", Digest.AT_ONCE)
    subscription.kinds = list(dict.fromkeys(wishes.get("kinds", ())))[:MOST_KINDS]
    subscription.threshold = wishes.get("threshold", 0)
    checked(subscription)
    if standing is None:
        _must_be_allowed(user, partner, TOPIC_PERMISSIONS[topic])
    subscription.save()
    return subscription


@transaction.atomic
def unsubscribe(user: User, *, partner: Partner | None, topic: str, channel: str, by: User | None) -> None:
    """Stop telling `user` of all of that. Nothing happens when there is no such subscription."""
    must_decide(by, user, partner)
    Subscription.objects.filter(user=user, partner=partner, topic=topic, channel=channel, subject="").delete()


@transaction.atomic
def save_preferences(user: User, *, partner: Partner | None, wishes: Sequence[Wish], by: User | None) -> None:
    """Make `wishes` all that `user` hears for `partner` by mail and on screen. What is followed, and calls, stay.

    Raises what `subscribe` raises.
    """
    must_decide(by, user, partner)
    mine = Subscription.objects.filter(user=user, partner=partner, subject="", endpoint=None)
    kept = [
        subscribe(
            user, partner=partner, topic=wish.topic, channel=wish.channel, by=by, digest=wish.digest, kinds=wish.kinds,
            threshold=wish.threshold,
        ).pk
        for wish in wishes
    ]  # fmt: skip
    mine.exclude(pk__in=kept).delete()


@transaction.atomic
def follow(user: User, *, subject: str, partner: Partner | None, by: User | None) -> None:
    """Have `user` hear of everything about one shipment, on screen and by mail, on behalf of `partner`.

    Whether the shipment may be seen is for the caller to find out; what is told of it is checked each time. Raises what
    `subscribe` raises, and DomainError `too_many_followed`.
    """
    must_decide(by, user, partner)
    others = Subscription.objects.filter(user=user).exclude(subject__in=("", subject)).values("subject").distinct()
    if others.count() >= MOST_FOLLOWED:
        raise DomainError("too_many_followed", _("You follow %d shipments, the most there may be.") % MOST_FOLLOWED)
    for topic in FOLLOWED_TOPICS:
        for channel in (Channel.IN_APP, Channel.EMAIL):
            subscribe(user, partner=partner, topic=topic, channel=channel, by=by, subject=subject)


@transaction.atomic
def unfollow(user: User, *, subject: str) -> None:
    """Follow it no more, on whomever's behalf. Nothing happens when it is not followed."""
    Subscription.objects.filter(user=user, subject=subject).exclude(subject="").delete()


def _must_be_allowed(user: User, partner: Partner | None, permission: str) -> None:
    if partner is None:
        if user.pk not in all_seeing(permission):
            raise DomainError("subscription_needs_partner", _("Choose the partner to hear about."), field="partner")
    elif not granted_partners(user, permission).filter(pk=partner.pk).exists():
        raise NotVisible(str(Partner._meta.verbose_name))


def must_decide(by: User | None, user: User, partner: Partner | None) -> None:
    """People decide for themselves; who manages a partner's people decides for them there."""
    if by is None or by.pk == user.pk:
        return
    if partner is None:
        if by.pk not in all_seeing(Permission.MANAGE_MEMBERS):
            raise NotVisible(str(User._meta.verbose_name))
    elif not may(by, Permission.MANAGE_MEMBERS, partner):
        raise NotVisible(str(Partner._meta.verbose_name))
