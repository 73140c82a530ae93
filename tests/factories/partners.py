"""Partners and people. Fixed values in sequence; rights come from the product's own services."""

from __future__ import annotations

import factory
from django.contrib.auth.models import Group

from partners.enums import Channel, PartnerKind, Role, Scope, Topic, UserKind
from partners.models import ApiKey, Notification, NotificationAudience, Partner, Subscription, User
from partners.services import add_member, create_api_key

PASSWORD = "correct horse battery"


class PartnerFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Partner

    code = factory.Sequence(lambda n: f"PARTNER-{n}")
    name = factory.Sequence(lambda n: f"Partner {n}")
    kinds = factory.LazyFunction(lambda: [PartnerKind.CUSTOMER.value])
    country = "NL"


class UserFactory(factory.django.DjangoModelFactory):
    """A person of a partner, without any right yet: see `member`; `internal` for one of the house."""

    class Meta:
        model = User
        skip_postgeneration_save = True

    email = factory.Sequence(lambda n: f"person-{n}@example.com")
    name = factory.Sequence(lambda n: f"Person {n}")
    kind = UserKind.PARTNER
    password = factory.django.Password(PASSWORD)


class NotificationFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Notification

    topic = Topic.MILESTONE_REACHED
    key = factory.Sequence(lambda n: f"milestone:{n}")
    subject = factory.Sequence(lambda n: f"shipment:{n}")
    facts = factory.LazyFunction(lambda: {"reference": "S-1", "milestone": "Departed"})


def member(partner: Partner, role: str = Role.VIEWER, **fields: object) -> User:
    """A person who acts for `partner` in `role`, grants included."""
    user = UserFactory(**fields)
    add_member(user, partner, role=role, by=None)
    return user


def internal(*groups: str, **fields: object) -> User:
    """A person of the house in these groups (partners.enums.InternalGroup)."""
    user = UserFactory(kind=UserKind.INTERNAL, is_staff=True, **fields)
    user.groups.set(Group.objects.filter(name__in=groups))
    return user


def api_key(partner: Partner, *scopes: str, name: str = "System") -> tuple[ApiKey, str]:
    """A key of `partner` and its secret."""
    return create_api_key(partner, name=name, scopes=scopes or (Scope.READ,))


def subscribed(
    user: User, partner: Partner | None, topic: str = Topic.MILESTONE_REACHED, **wishes: object
) -> Subscription:
    given = {"channel": Channel.EMAIL} | wishes
    return Subscription.objects.create(user=user, partner=partner, topic=topic, **given)


def heard_by(notification: Notification, *partners: Partner) -> Notification:
    """The notification with these partners as its audience."""
    NotificationAudience.objects.bulk_create(
        NotificationAudience(notification=notification, partner=partner) for partner in partners
    )
    return notification
