"""From a story to deliveries: who hears it, once, in a constant number of queries; and who may ask to hear."""

import pytest
from django.db import transaction
from django_q.models import OrmQ

from core.broker import wake_up_key
from core.errors import DomainError, NotVisible
from partners.enums import Channel, DeliveryState, Role, Topic
from partners.models import Delivery, Notification, Subscription
from partners.services import notify, remove_member, subscribe, unsubscribe, withdraw_deliveries
from partners.stories import Story
from tests.factories.partners import PartnerFactory, UserFactory, internal, member, subscribed

pytestmark = pytest.mark.django_db


def wake_ups():
    return OrmQ.objects.filter(key=wake_up_key("advance")).count()


def story(*partners, key="milestone:1", topic=Topic.MILESTONE_REACHED, subject="shipment:1"):
    return Story(
        topic=topic,
        key=key,
        subject=subject,
        facts={"reference": "S-1"},
        partner_ids=frozenset(partner.pk for partner in partners),
    )


def hearing():
    rows = Delivery.objects.order_by("user_id").values_list("user__email", "partner__code", "channel", "state")
    return set(rows)


def test_story_reaches_who_subscribed_for_a_partner_of_the_audience():
    mine, theirs = PartnerFactory(), PartnerFactory()
    ann, bob, carl = member(mine), member(theirs), member(mine)
    subscribed(ann, mine)
    subscribed(bob, theirs)
    subscribed(carl, mine, Topic.ETA_CHANGED)
    assert notify([story(mine)]) == 1
    assert hearing() == {(ann.email, mine.code, "email", "queued")}
    notification = Notification.objects.get()
    assert (notification.topic, notification.key, notification.subject, notification.facts) == (
        "milestone_reached", "milestone:1", "shipment:1", {"reference": "S-1"},
    )  # fmt: skip
    assert [audience.partner for audience in notification.audiences.all()] == [mine]


def test_internal_people_hear_of_all_partners():
    ops, sales = internal("operations"), internal("sales")
    subscribed(ops, None)
    subscribed(sales, None)
    subscribed(internal("operations", is_active=False), None)
    notify([story()])
    assert hearing() == {(ops.email, None, "email", "queued"), (sales.email, None, "email", "queued")}


def test_story_without_audience_is_not_for_partners():
    partner = PartnerFactory()
    subscribed(member(partner, Role.ADMINISTRATOR), partner)
    notify([story()])
    assert hearing() == set()
    assert Notification.objects.count() == 1


def test_standing_subscription_of_who_lost_the_right_is_not_heard():
    partner = PartnerFactory()
    gone, inactive = member(partner), member(partner, is_active=False)
    left_the_house = UserFactory()
    for user in (gone, inactive):
        subscribed(user, partner)
    subscribed(left_the_house, None)
    remove_member(gone, partner, by=None)
    notify([story(partner)])
    assert hearing() == set()


@pytest.mark.parametrize(("role", "heard"), [(Role.VIEWER, False), (Role.ADMINISTRATOR, True)])
def test_invoices_are_told_to_who_may_see_invoices(role, heard):
    partner = PartnerFactory()
    user = member(partner, role)
    subscribed(user, partner, Topic.INVOICE_ISSUED)
    notify([story(partner, topic=Topic.INVOICE_ISSUED)])
    assert hearing() == ({(user.email, partner.code, "email", "queued")} if heard else set())


def test_person_of_two_partners_hears_once_on_behalf_of_the_first():
    first, second = PartnerFactory(), PartnerFactory()
    user = internal("operations")
    for partner in (None, second, first):
        subscribed(user, partner)
    notify([story(second, first)])
    assert hearing() == {(user.email, first.code, "email", "queued")}


def test_story_is_told_once_however_often_it_is_handed_over():
    partner = PartnerFactory()
    subscribed(member(partner), partner)
    assert notify([story(partner), story(partner), story(partner, key="milestone:2")]) == 2
    assert notify([story(partner)]) == 0
    assert notify([]) == 0
    assert (Notification.objects.count(), Delivery.objects.count()) == (2, 2)


def test_who_subscribes_later_hears_no_old_story():
    partner = PartnerFactory()
    user = member(partner)
    notify([story(partner)])
    subscribed(user, partner)
    notify([story(partner)])
    assert hearing() == set()


def test_queries_do_not_grow_with_the_stories(django_assert_num_queries):
    partners = [PartnerFactory() for _ in range(3)]
    for partner in partners:
        subscribed(member(partner), partner)
    subscribed(internal("operations"), None)
    notify([story(key="warm up")])
    for size in (1, 30):
        stories = [story(*partners, key=f"{size}:{number}") for number in range(size)]
        # Savepoint and release, notifications, audiences, subscriptions, two of grants, two of the house, deliveries,
        # and two of the wake-up.
        with django_assert_num_queries(12):
            assert notify(stories) == size


def test_deliveries_wake_the_stream_and_a_rollback_leaves_nothing():
    partner = PartnerFactory()
    notify([story(partner, key="nobody hears")])
    assert wake_ups() == 0
    subscribed(member(partner), partner)
    with pytest.raises(RuntimeError), transaction.atomic():
        notify([story(partner)])
        raise RuntimeError
    assert (wake_ups(), Notification.objects.filter(key="milestone:1").count()) == (0, 0)
    notify([story(partner)])
    assert wake_ups() == 1


def test_withdrawn_partner_hears_no_more_of_the_subject():
    mine, other = PartnerFactory(), PartnerFactory()
    ann, bob = member(mine, Role.ADMINISTRATOR), member(other)
    subscribed(ann, mine)
    subscribed(bob, other)
    notify([story(mine, other), story(mine, key="milestone:2", subject="shipment:2")])
    assert withdraw_deliveries("shipment:1", mine) == 1
    assert withdraw_deliveries("shipment:1", mine) == 0
    states = Delivery.objects.values_list("user__email", "notification__subject", "state")
    assert set(states) == {
        (ann.email, "shipment:1", DeliveryState.WITHDRAWN),
        (ann.email, "shipment:2", DeliveryState.QUEUED),
        (bob.email, "shipment:1", DeliveryState.QUEUED),
    }
    assert list(Notification.objects.for_user(ann).values_list("subject", flat=True)) == ["shipment:2"]


def ask(user, partner, topic=Topic.ETA_CHANGED, by=None, channel=Channel.EMAIL):
    return subscribe(user, partner=partner, topic=topic, channel=channel, by=by)


def test_asking_twice_is_once():
    partner = PartnerFactory()
    user = member(partner)
    assert ask(user, partner, by=user) == ask(user, partner)
    assert Subscription.objects.count() == 1


def test_unsubscribed_is_gone():
    partner = PartnerFactory()
    user = member(partner)
    ask(user, partner)
    ask(user, partner, Topic.MILESTONE_REACHED)
    for _ in range(2):
        unsubscribe(user, partner=partner, topic=Topic.ETA_CHANGED, channel=Channel.EMAIL, by=user)
    assert [row.topic for row in Subscription.objects.all()] == [Topic.MILESTONE_REACHED]


def test_subscription_to_what_one_may_not_see_is_refused():
    mine, theirs = PartnerFactory(), PartnerFactory()
    user = member(mine)
    for partner, topic in ((theirs, Topic.ETA_CHANGED), (mine, Topic.INVOICE_ISSUED)):
        with pytest.raises(NotVisible):
            ask(user, partner, topic)
    assert not Subscription.objects.exists()


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"partner": None}, "subscription_needs_partner"),
        ({"topic": "weather"}, "invalid"),
        ({"channel": "fax"}, "invalid"),
    ],
)
def test_subscription_is_refused(values, code):
    partner = PartnerFactory()
    given = {"partner": partner} | values
    with pytest.raises(DomainError) as refusal:
        ask(member(partner, Role.ADMINISTRATOR), given.pop("partner"), **given)
    assert refusal.value.code == code


@pytest.mark.parametrize(
    ("group", "topic", "allowed"),
    [
        ("operations", Topic.ETA_CHANGED, True),
        ("operations", Topic.INVOICE_ISSUED, False),
        ("finance", Topic.INVOICE_ISSUED, True),
    ],
)
def test_internal_people_subscribe_for_all_partners_within_their_rights(group, topic, allowed):
    user = internal(group)
    if allowed:
        assert ask(user, None, topic).partner is None
    else:
        with pytest.raises(DomainError) as refusal:
            ask(user, None, topic)
        assert refusal.value.code == "subscription_needs_partner"


def test_one_decides_for_oneself_and_administrators_for_theirs():
    partner = PartnerFactory()
    user, colleague = member(partner), member(partner)
    ask(user, partner, by=member(partner, Role.ADMINISTRATOR))
    for by in (colleague, member(PartnerFactory(), Role.ADMINISTRATOR)):
        with pytest.raises(NotVisible):
            ask(user, partner, Topic.MILESTONE_REACHED, by=by)
        with pytest.raises(NotVisible):
            unsubscribe(user, partner=partner, topic=Topic.ETA_CHANGED, channel=Channel.EMAIL, by=by)
    assert Subscription.objects.count() == 1


@pytest.mark.parametrize(("group", "allowed"), [("administrator", True), ("operations", False)])
def test_administrators_of_the_house_decide_for_internal_people(group, allowed):
    user = internal("operations")
    if allowed:
        ask(user, None, by=internal(group))
    else:
        with pytest.raises(NotVisible):
            ask(user, None, by=internal(group))
    assert Subscription.objects.filter(user=user).exists() is allowed
