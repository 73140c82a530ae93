"""What exactly one hears of: kinds, thresholds, one shipment, on screen; and what a person may wish for whom."""

from __future__ import annotations

import uuid
from datetime import time, timedelta

import pytest
from django.utils import timezone

from core.errors import DomainError, NotVisible
from partners.enums import FOLLOWED_TOPICS, Channel, DeliveryState, Digest, Role, Topic
from partners.models import Delivery, Subscription, WebhookEndpoint
from partners.services import (
    Wish,
    add_endpoint,
    choose_topics,
    count_unread,
    disable_endpoint,
    enable_endpoint,
    endpoints,
    follow,
    mark_read,
    notify,
    remove_member,
    replay_failed,
    retry_delivery,
    rotate_endpoint_secret,
    save_preferences,
    save_user,
    subscribe,
    subscriptions,
    unfollow,
    unsubscribe,
    withdraw_deliveries,
)
from partners.stories import Story
from tests.factories.partners import NotificationFactory, PartnerFactory, heard_by, internal, member, subscribed
from tests.partners.test_notices import story, wake_ups

pytestmark = pytest.mark.django_db
ONE, TWO = (f"shipment:{uuid.UUID(int=n)}" for n in (1, 2))


def told(*partners, key="m:1", **more):
    given = {"topic": Topic.EXCEPTION_OPENED, "subject": ONE, "facts": {}} | more
    notify([Story(key=key, partner_ids=frozenset(p.pk for p in partners), **given)])


# --- who hears ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wishes", "said", "heard"),
    [
        ({}, {}, True),
        ({"kinds": ["late", "overdue"]}, {"kind": "late"}, True),
        ({"kinds": ["late"]}, {"kind": "hold"}, False),
        ({"kinds": ["late"]}, {}, False),
        ({"threshold": 3}, {"size": 3}, True),
        ({"threshold": 3}, {"size": 2}, False),
        # Half a day earlier is as much of a change as half a day later.
        ({"threshold": 720}, {"size": -720, "topic": Topic.ETA_CHANGED}, True),
        ({"kinds": ["late"], "threshold": 3}, {"kind": "late", "size": 1}, False),
        ({"subject": ONE}, {}, True),
        ({"subject": TWO}, {}, False),
    ],
)
def test_subscription_asks_for_kinds_sizes_and_one_subject(wishes, said, heard):
    partner = PartnerFactory()
    subscribed(member(partner), partner, said.get("topic", Topic.EXCEPTION_OPENED), **wishes)
    told(partner, **said)
    assert Delivery.objects.exists() is heard


def test_story_for_partners_only_is_not_for_who_hears_of_all():
    ops, partner = internal("operations"), PartnerFactory()
    subscribed(ops, None, Topic.EXCEPTION_OPENED)
    told(partner, is_internal=False)
    assert not Delivery.objects.exists()
    told(partner, key="m:2")
    assert Delivery.objects.get().user == ops


def test_followed_shipment_of_which_the_partner_is_no_party_is_not_heard():
    partner = PartnerFactory()
    subscribed(member(partner), partner, Topic.EXCEPTION_OPENED, subject=ONE)
    told(PartnerFactory())
    assert not Delivery.objects.exists()


def test_person_hears_once_a_way_as_soon_as_any_wish_asks():
    partner = PartnerFactory()
    user = member(partner)
    subscribed(user, partner, Topic.EXCEPTION_OPENED, digest=Digest.DAILY)
    subscribed(user, partner, Topic.EXCEPTION_OPENED, subject=ONE)
    subscribed(user, partner, Topic.EXCEPTION_OPENED, channel=Channel.IN_APP)
    told(partner)
    told(partner, key="m:2", subject=TWO)
    found = Delivery.objects.order_by("pk").values_list("notification__key", "channel", "window_at")
    assert sorted((key, channel, window is not None) for key, channel, window in found) == [
        ("m:1", "email", False), ("m:1", "in_app", False), ("m:2", "email", True), ("m:2", "in_app", False),
    ]  # fmt: skip


def test_queries_do_not_grow_with_what_is_followed(django_assert_num_queries):
    partner = PartnerFactory()
    user = member(partner)
    for n in range(30):
        subscribed(user, partner, subject=f"shipment:{uuid.UUID(int=n)}", threshold=1)
    notify([story(key="warm up")])
    for size in (1, 30):
        stories = [story(partner, key=f"{size}:{n}", subject=f"shipment:{uuid.UUID(int=n)}") for n in range(size)]
        # As without: see test_notices. Nobody hears, so nothing is queued and nobody is woken.
        with django_assert_num_queries(9):
            assert notify(stories) == size


# --- on screen ------------------------------------------------------------------------------------------------------


def on_screen(user, partner, key="m:1", topic=Topic.MILESTONE_REACHED):
    subscription, _made = Subscription.objects.get_or_create(
        user=user, partner=partner, topic=topic, channel=Channel.IN_APP
    )
    told(*([partner] if partner else []), key=key, topic=topic)
    return subscription


def test_what_is_for_the_screen_stands_there_at_once_and_wakes_nobody():
    partner = PartnerFactory()
    user = member(partner)
    on_screen(user, partner)
    row = Delivery.objects.get()
    assert (row.state, row.sent_at is not None, row.read_at) == (DeliveryState.SENT, True, None)
    assert (wake_ups(), count_unread(user)) == (0, 1)


def test_read_is_read_once_one_by_one_or_all():
    partner = PartnerFactory()
    user, colleague = member(partner), member(partner)
    for n in range(3):
        on_screen(user, partner, f"m:{n}")
    on_screen(colleague, partner, "m:9")
    first, *_rest = Delivery.objects.filter(user=user)
    foreign = Delivery.objects.get(user=colleague)
    assert mark_read(user, message_ids=[first.message_id, foreign.message_id]) == 1
    assert mark_read(user, message_ids=[first.message_id]) == 0
    assert count_unread(user) == 3
    assert (mark_read(user), mark_read(user)) == (3, 0)
    assert (count_unread(user), count_unread(colleague)) == (0, 1)


def test_unread_is_counted_to_a_hundred():
    partner = PartnerFactory()
    user = member(partner)
    subscribed(user, partner, channel=Channel.IN_APP)
    notify([story(partner, key=f"m:{n}") for n in range(105)])
    assert count_unread(user) == 100


def test_what_one_may_not_know_any_more_is_gone_from_the_screen():
    partner, other = PartnerFactory(), PartnerFactory()
    user = member(partner, Role.ADMINISTRATOR)
    on_screen(user, partner)
    on_screen(user, partner, "i:1", topic=Topic.INVOICE_ISSUED)
    assert count_unread(user) == 2
    withdraw_deliveries(ONE, other)
    assert count_unread(user) == 2
    Delivery.objects.get(notification__key="m:1").notification.audiences.all().delete()
    assert [row.notification.key for row in Delivery.objects.standing_for(user)] == ["i:1"]
    remove_member(user, partner, by=None)
    assert count_unread(user) == 0
    assert mark_read(user) == 0


@pytest.mark.parametrize(("group", "seen"), [("operations", ["m:1"]), ("finance", ["i:1", "m:1"])])
def test_house_sees_on_screen_what_its_rights_allow(group, seen):
    user = internal(group)
    for key, topic in (("m:1", Topic.MILESTONE_REACHED), ("i:1", Topic.INVOICE_ISSUED)):
        Delivery.objects.create(
            notification=NotificationFactory(key=key, topic=topic), user=user, channel=Channel.IN_APP,
            state=DeliveryState.SENT, sent_at=timezone.now(),
        )  # fmt: skip
    assert sorted(row.notification.key for row in Delivery.objects.standing_for(user)) == seen
    user.groups.clear()
    user = type(user).objects.get(pk=user.pk)
    assert not Delivery.objects.standing_for(user).exists()


# --- wishes ---------------------------------------------------------------------------------------------------------


def test_asking_again_changes_how_one_hears():
    partner = PartnerFactory()
    user = member(partner)
    asked = {"partner": partner, "topic": Topic.EXCEPTION_OPENED, "channel": Channel.EMAIL, "by": user}
    subscribe(user, **asked, digest="daily", kinds=["late", "late", "hold"], threshold=2)
    row = Subscription.objects.get()
    assert (row.digest, row.kinds, row.threshold, row.subject) == ("daily", ["late", "hold"], 2, "")
    subscribe(user, **asked)
    row.refresh_from_db()
    assert (row.digest, row.kinds, row.threshold) == ("at_once", [], 0)
    subscribe(user, **asked, subject=ONE)
    unsubscribe(user, partner=partner, topic=Topic.EXCEPTION_OPENED, channel=Channel.EMAIL, by=user)
    assert Subscription.objects.get().subject == ONE


@pytest.mark.parametrize(
    "wishes",
    [
        {"digest": "weekly"},
        {"channel": Channel.IN_APP, "digest": Digest.DAILY},
        {"channel": Channel.WEBHOOK},
        {"subject": "invoice:1"},
        {"kinds": ["x" * 65]},
        {"threshold": -1},
    ],
)
def test_wish_is_refused(wishes):
    partner = PartnerFactory()
    given = {"channel": Channel.EMAIL} | wishes
    with pytest.raises(DomainError) as refusal:
        subscribe(member(partner), partner=partner, topic=Topic.ETA_CHANGED, by=None, **given)
    assert refusal.value.code == "invalid"


def test_preferences_replace_what_was_wished_and_leave_what_is_followed():
    partner = PartnerFactory()
    user = member(partner)
    subscribed(user, partner, Topic.ETA_CHANGED)
    subscribed(user, partner, Topic.MILESTONE_REACHED)
    subscribed(user, partner, Topic.ETA_CHANGED, subject=ONE)
    wishes = [Wish(Topic.ETA_CHANGED, Channel.EMAIL, Digest.DAILY, (), 60), Wish(Topic.ETA_CHANGED, Channel.IN_APP)]
    save_preferences(user, partner=partner, wishes=wishes, by=user)
    found = Subscription.objects.order_by("pk").values_list("topic", "channel", "digest", "threshold", "subject")
    assert list(found) == [
        ("eta_changed", "email", "daily", 60, ""), ("eta_changed", "email", "at_once", 0, ONE),
        ("eta_changed", "in_app", "at_once", 0, ""),
    ]  # fmt: skip
    with pytest.raises(NotVisible):
        save_preferences(user, partner=partner, wishes=[], by=member(partner))


def test_following_is_on_screen_and_by_mail_and_ends():
    partner = PartnerFactory()
    user = member(partner)
    for _ in range(2):
        follow(user, subject=ONE, partner=partner, by=user)
    assert Subscription.objects.filter(subject=ONE).count() == 2 * len(FOLLOWED_TOPICS)
    told(partner, size=1)
    assert Delivery.objects.count() == 2
    subscribed(user, partner)
    unfollow(user, subject="")
    unfollow(user, subject=ONE)
    unfollow(user, subject=ONE)
    assert Subscription.objects.get().subject == ""


def test_one_follows_so_many_shipments_and_no_more(monkeypatch):
    monkeypatch.setattr(subscriptions, "MOST_FOLLOWED", 1)
    partner = PartnerFactory()
    user = member(partner)
    for subject in (ONE, ONE):
        follow(user, subject=subject, partner=partner, by=user)
    with pytest.raises(DomainError) as refusal:
        follow(user, subject=TWO, partner=partner, by=user)
    assert refusal.value.code == "too_many_followed"
    with pytest.raises(NotVisible):
        follow(member(PartnerFactory()), subject=ONE, partner=partner, by=None)


def test_person_sets_the_quiet_hours():
    user = member(PartnerFactory())
    save_user(user.email, quiet_from=time(22), quiet_until=time(6), hears_critical=True, digest_at=time(8, 30))
    user.refresh_from_db()
    assert (user.quiet_from, user.quiet_until, user.hears_critical, user.digest_at) == (
        time(22), time(6), True, time(8, 30),
    )  # fmt: skip
    with pytest.raises(DomainError) as refusal:
        save_user(user.email, quiet_until=None)
    assert refusal.value.message == "Quiet hours need a beginning and another end, or neither."


# --- endpoints ------------------------------------------------------------------------------------------------------


def endpoint(partner=None, **values):
    partner = partner or PartnerFactory()
    owner = values.pop("user", None) or member(partner, Role.ADMINISTRATOR)
    made, _secret = add_endpoint(owner, partner=partner, url=values.pop("url", "https://example.org/hook"), by=owner)
    return made


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("http://example.org/", "address_refused"),
        ("https://user:secret@example.org/", "address_refused"),
        ("javascript:alert(1)", "address_refused"),
        ("https://example.org/" + "x" * 500, "invalid"),
        ("https://exa mple.org/", "invalid"),
    ],
)
def test_address_is_refused(url, code):
    with pytest.raises(DomainError) as refusal:
        endpoint(url=url)
    assert (refusal.value.code, refusal.value.field) == (code, "url")


def test_endpoints_are_limited_and_entered_once(monkeypatch):
    monkeypatch.setattr(endpoints, "MOST_ENDPOINTS", 2)
    partner = PartnerFactory()
    owner = member(partner, Role.ADMINISTRATOR)
    endpoint(partner, user=owner)
    with pytest.raises(DomainError) as twice:
        endpoint(partner, user=owner)
    endpoint(partner, user=owner, url="https://example.org/other")
    with pytest.raises(DomainError) as many:
        endpoint(partner, user=owner, url="https://example.org/third")
    assert (twice.value.code, many.value.code) == ("invalid", "too_many_endpoints")


def test_endpoints_are_for_who_manages_the_partner():
    made = endpoint()
    viewer, stranger = member(made.partner), member(PartnerFactory(), Role.ADMINISTRATOR)
    failed_by = {
        "add": lambda by: add_endpoint(by, partner=made.partner, url="https://example.org/x", by=by),
        "rotate": lambda by: rotate_endpoint_secret(made, by=by),
        "disable": lambda by: disable_endpoint(made, by=by),
        "enable": lambda by: enable_endpoint(made, by=by),
        "topics": lambda by: choose_topics(made, topics=[Topic.ETA_CHANGED], by=by),
        "replay": lambda by: replay_failed(made, since=timezone.now(), by=by),
    }
    for act in failed_by.values():
        for by in (viewer, stranger):
            with pytest.raises(NotVisible):
                act(by)
    assert WebhookEndpoint.objects.get().is_active
    assert not Subscription.objects.exists()


def test_endpoint_of_the_house_is_for_its_administrators():
    ops, admin = internal("operations"), internal("administrator")
    with pytest.raises(NotVisible):
        add_endpoint(ops, partner=None, url="https://example.org/", by=ops)
    made, secret = add_endpoint(admin, partner=None, url="https://example.org/", by=admin)
    assert (made.partner, secret[:6]) == (None, "whsec_")
    assert bytes(made.secret).find(secret.encode()) == -1


def test_endpoint_is_called_for_the_topics_chosen_last():
    made = endpoint()
    choose_topics(made, topics=[Topic.ETA_CHANGED, Topic.INVOICE_ISSUED, Topic.ETA_CHANGED], by=made.user)
    choose_topics(made, topics=[Topic.INVOICE_ISSUED, Topic.TASK_OPENED], by=None)
    assert sorted(made.subscriptions.values_list("topic", flat=True)) == ["invoice_issued", "task_opened"]
    with pytest.raises(DomainError):
        choose_topics(made, topics=["weather"], by=None)


def test_disabled_endpoint_says_by_whom_and_comes_back():
    made = endpoint()
    disable_endpoint(made, by=made.user)
    made.refresh_from_db()
    assert (made.is_active, made.disabled_because) == (False, f"disabled by {made.user}")
    disable_endpoint(made, by=None)
    enable_endpoint(made, by=made.user)
    made.refresh_from_db()
    assert (made.is_active, made.disabled_because) == (True, "")
    assert list(WebhookEndpoint.objects.active()) == [made]


def failed(made, hours, **values):
    row = Delivery.objects.create(
        notification=heard_by(NotificationFactory(), made.partner), user=made.user, partner=made.partner,
        channel=Channel.WEBHOOK, endpoint=made, state=DeliveryState.FAILED, error="500", attempts=13, **values,
    )  # fmt: skip
    Delivery.objects.filter(pk=row.pk).update(created_at=timezone.now() - timedelta(hours=hours))
    return row


def test_what_failed_since_is_called_again(monkeypatch):
    made, other = endpoint(), endpoint()
    WebhookEndpoint.objects.update(failures=9, closed_until=timezone.now() + timedelta(hours=1))
    rows = [failed(made, 30), failed(made, 3), failed(made, 2), failed(other, 1)]
    since = timezone.now() - timedelta(hours=4)
    assert replay_failed(made, since=since, by=made.user) == 2
    assert replay_failed(made, since=since, by=made.user) == 0
    for row in rows:
        row.refresh_from_db()
    assert [row.state for row in rows] == ["failed", "queued", "queued", "failed"]
    assert (rows[1].attempts, wake_ups()) == (0, 1)
    made.refresh_from_db()
    assert (made.failures, made.closed_until) == (0, None)
    monkeypatch.setattr(endpoints, "MOST_REPLAYED", 1)
    assert replay_failed(made, since=timezone.now() - timedelta(days=2), by=None) == 1


def test_one_failed_call_again_opens_the_way():
    made = endpoint()
    WebhookEndpoint.objects.update(failures=9, closed_until=timezone.now() + timedelta(hours=1))
    retry_delivery(failed(made, 1), by=made.user)
    made.refresh_from_db()
    assert (made.failures, made.closed_until) == (0, None)
