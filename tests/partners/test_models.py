"""Every constraint of the partners app, broken once."""

from datetime import time, timedelta

import pytest
from django.db import DataError, IntegrityError, connection, transaction
from django.utils import timezone

from partners.enums import Channel, DeliveryState, Topic, UserKind
from partners.models import (
    ApiKey,
    Delivery,
    Job,
    Membership,
    Notification,
    NotificationAudience,
    Partner,
    PartnerIdentifier,
    Subscription,
    User,
    WebhookEndpoint,
)
from tests.factories.partners import NotificationFactory, PartnerFactory, UserFactory, api_key, member

pytestmark = pytest.mark.django_db


def two_users_of_one_address():
    UserFactory(email="ann@example.com")
    UserFactory(email="Ann@Example.com")


def same_identifier_twice():
    for _ in range(2):
        PartnerIdentifier.objects.create(partner=PartnerFactory(), scheme="scac", value="MAEU")


def same_membership_twice():
    partner = PartnerFactory()
    Membership.objects.create(user=member(partner), partner=partner, role="editor")


def same_key_name_twice():
    partner = PartnerFactory()
    api_key(partner, name="First")
    api_key(partner, name="Second")
    ApiKey.objects.filter(partner=partner).update(name="Same")


def key_with(**values):
    api_key(PartnerFactory())
    ApiKey.objects.update(**values)


def endpoint_with(**values):
    user = values.pop("user", None) or UserFactory()
    return WebhookEndpoint.objects.create(**{"user": user, "url": "https://a.example/", "secret": b"x"} | values)


def same_endpoint_twice():
    user = UserFactory()
    for _ in range(2):
        endpoint_with(user=user)


def same_subscription_twice():
    user = UserFactory()
    for _ in range(2):
        Subscription.objects.create(user=user, partner=None, topic=Topic.ETA_CHANGED, channel=Channel.EMAIL)


def subscription_with(**values):
    wanted = {"topic": Topic.ETA_CHANGED, "channel": Channel.EMAIL} | values
    Subscription.objects.create(user=UserFactory(), partner=PartnerFactory(), **wanted)


def same_audience_twice():
    notification, partner = NotificationFactory(), PartnerFactory()
    for _ in range(2):
        NotificationAudience.objects.create(notification=notification, partner=partner)


def delivery_with(**values):
    given = {"channel": "email"} | values
    return Delivery.objects.create(notification=NotificationFactory(), user=UserFactory(), **given)


def same_delivery_twice():
    first = delivery_with()
    Delivery.objects.create(notification=first.notification, user=first.user, channel=first.channel)


def job_with(**values):
    Job.objects.create(kind="k", title="t", **values)


BREAKERS = {
    "user_email_is_unique_in_any_case": two_users_of_one_address,
    "user_in_console_is_internal": lambda: UserFactory(is_staff=True),
    "user_with_all_rights_is_internal": lambda: UserFactory(is_superuser=True),
    "user_kind_is_known": lambda: UserFactory(kind="robot"),
    "user_clock_is_known": lambda: UserFactory(clock="moon"),
    "partner_has_known_kinds": lambda: PartnerFactory(kinds=["pirate"]),
    "partner_code_is_plain": lambda: PartnerFactory(code="no spaces"),
    "partner_country_is_iso_3166": lambda: PartnerFactory(country="nl"),
    "identifier_names_one_partner": same_identifier_twice,
    "identifier_scheme_is_known": lambda: PartnerIdentifier.objects.create(
        partner=PartnerFactory(), scheme="duns", value="1"
    ),
    "membership_is_one_per_partner": same_membership_twice,
    "membership_role_is_known": lambda: Membership.objects.create(
        user=UserFactory(), partner=PartnerFactory(), role="owner"
    ),
    "api_key_has_known_scopes": lambda: key_with(scopes=["root"]),
    "api_key_name_is_unique_per_partner": same_key_name_twice,
    "user_quiet_hours_begin_and_end": lambda: UserFactory(quiet_from=time(22)),
    "subscription_is_one_per_topic_and_way": same_subscription_twice,
    "subscription_topic_is_known": lambda: subscription_with(topic="weather"),
    "subscription_channel_is_known": lambda: subscription_with(channel="fax"),
    "subscription_digest_is_by_mail": lambda: subscription_with(channel=Channel.IN_APP, digest="daily"),
    "subscription_of_webhook_names_endpoint": lambda: subscription_with(channel=Channel.WEBHOOK),
    "subscription_follows_a_shipment": lambda: subscription_with(subject="invoice:1"),
    "endpoint_is_entered_once": same_endpoint_twice,
    "endpoint_disabled_says_why": lambda: endpoint_with(is_active=False),
    "notification_topic_is_known": lambda: NotificationFactory(topic="weather"),
    "audience_is_named_once": same_audience_twice,
    "delivery_is_one_per_recipient_and_way": same_delivery_twice,
    "delivery_channel_is_known": lambda: delivery_with(channel="fax"),
    "delivery_by_webhook_names_endpoint": lambda: delivery_with(channel="webhook"),
    "delivery_read_stands_on_screen": lambda: delivery_with(read_at=timezone.now()),
    "delivery_state_is_known": lambda: delivery_with(state="lost"),
    "delivery_sent_says_when": lambda: delivery_with(state=DeliveryState.SENT),
    "delivery_failed_says_why": lambda: delivery_with(state=DeliveryState.FAILED),
    "job_state_is_known": lambda: job_with(state="asleep", ended_at=timezone.now()),
    "job_does_no_more_than_all": lambda: job_with(done=3, total=2),
    "job_ended_says_when": lambda: job_with(state="done"),
    "job_failed_says_why": lambda: job_with(state="failed", ended_at=timezone.now()),
}


@pytest.mark.parametrize("name", BREAKERS)
def test_constraint_refuses(name):
    with pytest.raises(IntegrityError) as refusal, transaction.atomic():
        BREAKERS[name]()
    assert refusal.value.__cause__.diag.constraint_name == name


def test_every_constraint_is_broken_by_a_test():
    models = (
        Partner,
        PartnerIdentifier,
        Membership,
        ApiKey,
        Subscription,
        Notification,
        NotificationAudience,
        WebhookEndpoint,
    )
    stated = {constraint.name for model in (*models, User, Delivery, Job) for constraint in model._meta.constraints}
    assert set(BREAKERS) == stated


@pytest.mark.parametrize(
    "values",
    [
        {"quiet_from": time(8), "quiet_until": time(8)},
        {"quiet_until": time(8)},
    ],
)
def test_quiet_hours_at_their_edges(values):
    with pytest.raises(IntegrityError), transaction.atomic():
        UserFactory(**values)


@pytest.mark.parametrize("values", [{"kinds": []}, {"code": ""}, {"code": "-X"}, {"country": "NLD"}])
def test_partner_constraints_at_their_edges(values):
    with pytest.raises((IntegrityError, DataError)), transaction.atomic():
        PartnerFactory(**values)


def test_public_ids_and_digests_are_unique_columns():
    unique = {
        (model, field.name)
        for model in (User, Partner, ApiKey, Notification, Delivery, WebhookEndpoint)
        for field in model._meta.get_fields()
        if getattr(field, "unique", False) and not field.primary_key
    }
    assert unique == {
        (User, "public_id"), (User, "email"), (Partner, "public_id"), (Partner, "code"), (ApiKey, "public_id"),
        (ApiKey, "user"), (ApiKey, "prefix"), (ApiKey, "digest"), (Notification, "public_id"), (Notification, "key"),
        (Delivery, "message_id"), (WebhookEndpoint, "public_id"),
    }  # fmt: skip


def test_waiting_deliveries_are_found_by_their_partial_index():
    with connection.cursor() as cursor:
        cursor.execute("SELECT indexdef FROM pg_indexes WHERE indexname = 'delivery_waiting'")
        (definition,) = cursor.fetchone()
    assert "(not_before, id) WHERE ((state)::text = 'queued'::text)" in definition


def test_usable_keys():
    key, _secret = api_key(PartnerFactory())
    assert list(ApiKey.objects.usable()) == [key]
    for table, values in (
        (ApiKey, {"expires_at": timezone.now() - timedelta(hours=1)}),
        (ApiKey, {"revoked_at": timezone.now()}),
        (Partner, {"is_active": False}),
        (User, {"is_active": False}),
    ):
        sid = transaction.savepoint()
        table.objects.update(**values)
        assert list(ApiKey.objects.usable()) == []
        transaction.savepoint_rollback(sid)
    ApiKey.objects.update(expires_at=timezone.now() + timedelta(hours=1))
    assert list(ApiKey.objects.usable()) == [key]


def test_rows_say_what_they_are():
    partner = PartnerFactory(name="Acme")
    user = member(partner, name="Ann")
    key, _secret = api_key(partner, name="TMS")
    assert str(partner) == "Acme"
    assert str(user) == user.get_full_name() == "Ann"
    assert str(User(email="x@example.com")) == "x@example.com"
    assert str(user.memberships.get()) == "Ann · Acme · Viewer"
    assert str(key) == f"TMS ({key.prefix}…)"
    assert str(PartnerIdentifier(scheme="scac", value="MAEU")) == "SCAC MAEU"
    assert str(Subscription(user=user, topic=Topic.ETA_CHANGED)) == "Ann: The expected arrival changed"
    notification = Notification(topic=Topic.ETA_CHANGED, subject="shipment:1")
    assert str(notification) == "The expected arrival changed · shipment:1"
    audience = NotificationAudience(notification=notification, partner=partner)
    assert str(audience) == "The expected arrival changed · shipment:1 → Acme"
    assert str(WebhookEndpoint(url="https://a.example/")) == "https://a.example/"
    assert str(Delivery(user=user, channel="email")) == "Ann · E-mail · Queued"


def test_people_are_not_service_users():
    partner = PartnerFactory()
    person = member(partner)
    api_key(partner)
    assert list(User.objects.people()) == [person]
    assert User.objects.filter(kind=UserKind.SERVICE).count() == 1


def test_sign_in_name_is_found_in_any_case():
    user = UserFactory(email="Ann@example.com")
    assert User.objects.get_by_natural_key("aNN@Example.COM") == user


def test_superuser_is_internal():
    user = User.objects.create_superuser("root@example.com", "a good password")
    assert (user.kind, user.is_staff, user.is_superuser) == (UserKind.INTERNAL, True, True)
    assert user.check_password("a good password")


def test_active_partners():
    active, _closed = PartnerFactory(), PartnerFactory(is_active=False)
    assert list(Partner.objects.active()) == [active]
