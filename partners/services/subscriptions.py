"""Who wants to hear of what."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext as _

from core.errors import DomainError, NotVisible
from partners.access import all_seeing, granted_partners, may
from partners.enums import TOPIC_PERMISSIONS, Permission
from partners.models import Partner, Subscription, User
from partners.services.checking import checked


@transaction.atomic
def subscribe(user: User, *, partner: Partner | None, topic: str, channel: str, by: User | None) -> Subscription:
    """Have `user` hear of `topic` for `partner` (None: for all partners, internal people only). Asking twice is once.

    Raises NotVisible when `by` may not decide for `user` or `user` may not see what it is about; DomainError
    `subscription_needs_partner`, `invalid`.
    """
    _must_decide(by, user, partner)
    subscription = Subscription(user=user, partner=partner, topic=topic, channel=channel)
    standing = Subscription.objects.filter(user=user, partner=partner, topic=topic, channel=channel).first()
    if standing:
        return standing
    checked(subscription)
    _must_be_allowed(user, partner, TOPIC_PERMISSIONS[topic])
    subscription.save()
    return subscription


@transaction.atomic
def unsubscribe(user: User, *, partner: Partner | None, topic: str, channel: str, by: User | None) -> None:
    """Stop telling `user`. Nothing happens when there is no such subscription."""
    _must_decide(by, user, partner)
    Subscription.objects.filter(user=user, partner=partner, topic=topic, channel=channel).delete()


def _must_be_allowed(user: User, partner: Partner | None, permission: str) -> None:
    if partner is None:
        if user.pk not in all_seeing(permission):
            raise DomainError("subscription_needs_partner", _("Choose the partner to hear about."), field="partner")
    elif not granted_partners(user, permission).filter(pk=partner.pk).exists():
        raise NotVisible(str(Partner._meta.verbose_name))


def _must_decide(by: User | None, user: User, partner: Partner | None) -> None:
    """People decide for themselves; who manages a partner's people decides for them there."""
    if by is None or by.pk == user.pk:
        return
    if partner is None:
        if by.pk not in all_seeing(Permission.MANAGE_MEMBERS):
            raise NotVisible(str(User._meta.verbose_name))
    elif not may(by, Permission.MANAGE_MEMBERS, partner):
        raise NotVisible(str(Partner._meta.verbose_name))
