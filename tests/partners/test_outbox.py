"""Deliveries over a real SMTP conversation: sent once, tried again, given up, withdrawn, taken over."""

import logging
import uuid
from datetime import timedelta

import pytest
from django.db.models import F
from django.db.models.functions import Now
from django_q.models import OrmQ

from core.broker import wake_up_key
from core.errors import DomainError, NotVisible
from partners.channels.base import Letter
from partners.channels.registry import CHANNELS
from partners.enums import Channel, DeliveryState, Role, Topic
from partners.models import Delivery
from partners.services import notify, outbox, remove_member, retry_delivery, send_deliveries, withdraw_deliveries
from partners.stories import Story
from tests.factories.partners import (
    NotificationFactory,
    PartnerFactory,
    UserFactory,
    heard_by,
    internal,
    member,
    subscribed,
)
from tests.partners.mailing import free_port, mail_server, mail_through

pytestmark = pytest.mark.django_db


def wake_ups():
    return OrmQ.objects.filter(key=wake_up_key("advance")).count()


@pytest.fixture
def server():
    with mail_server() as keeping:
        yield keeping


def delivery(**values):
    """A queued delivery to a viewer of a partner that is in the audience."""
    partner = PartnerFactory()
    notification = heard_by(NotificationFactory(**values.pop("notification", {})), partner)
    return Delivery.objects.create(
        notification=notification, user=member(partner), partner=partner, channel=Channel.EMAIL, **values
    )


def wait_in_minutes(row):
    row.refresh_from_db()
    waited = Delivery.objects.filter(pk=row.pk).annotate(wait=F("not_before") - Now()).values_list("wait", flat=True)
    return waited.get() / timedelta(minutes=1)


def due_again(row):
    Delivery.objects.filter(pk=row.pk).update(not_before=Now())


def test_delivery_is_sent_once(server):
    row = delivery()
    assert send_deliveries() == 1
    assert send_deliveries() == 0
    row.refresh_from_db()
    assert (row.state, row.attempts, row.error, row.lease_token) == (DeliveryState.SENT, 1, "", None)
    assert row.sent_at is not None
    (message,) = server.received
    assert server.recipients == [row.user.email]
    assert message["Message-ID"] == f"<{row.message_id}@example.org>"
    assert message["Subject"] == "S-1: Departed"


def test_story_becomes_a_mail(server):
    partner = PartnerFactory(name="Acme")
    user = member(partner, language="de", time_zone="Asia/Tokyo")
    subscribed(user, partner, Topic.ETA_CHANGED)
    facts = {"reference": "S-9", "new_at": "2026-12-03T23:30:00+00:00"}
    notify([Story(Topic.ETA_CHANGED, "eta:1", "shipment:9", facts, frozenset({partner.pk}))])
    assert send_deliveries() == 1
    (message,) = server.received
    assert "4. Dezember 2026 08:30" in message.get_content()


def test_one_conversation_carries_the_batch(server):
    rows = [delivery() for _ in range(3)]
    assert send_deliveries() == 3
    assert server.recipients == [row.user.email for row in rows]


def test_passing_refusal_is_tried_again_with_the_same_message_id_and_longer_waits_then_given_up(server):
    row = delivery()
    waits = []
    for _ in range(4):
        server.answers = ["451 4.3.0 greylisted"]
        assert send_deliveries() == 1
        assert send_deliveries() == 0
        waits.append(wait_in_minutes(row))
        assert (row.state, row.error) == (DeliveryState.QUEUED, "the mail server answered 451 4.3.0 greylisted")
        due_again(row)
    assert waits == pytest.approx([1, 5, 30, 120], abs=0.1)
    server.answers = ["451 4.3.0 greylisted"]
    assert send_deliveries() == 1
    row.refresh_from_db()
    assert (row.state, row.attempts) == (DeliveryState.FAILED, 5)
    assert row.error == "the mail server answered 451 4.3.0 greylisted"
    assert server.received == []


def test_second_attempt_carries_the_same_message_id(server):
    row = delivery()
    server.answers = ["451 4.3.0 greylisted"]
    send_deliveries()
    due_again(row)
    send_deliveries()
    row.refresh_from_db()
    assert (row.state, row.attempts, row.error) == (DeliveryState.SENT, 2, "")
    assert [message["Message-ID"] for message in server.received] == [f"<{row.message_id}@example.org>"]


def test_permanent_refusal_fails_at_once_and_the_others_go_on(server):
    refused, sent = delivery(), delivery()
    server.answers = ["550 5.1.1 no such mailbox"]
    assert send_deliveries() == 2
    refused.refresh_from_db()
    sent.refresh_from_db()
    assert (refused.state, refused.error) == (
        DeliveryState.FAILED,
        "the mail server answered 550 5.1.1 no such mailbox",
    )
    assert sent.state == DeliveryState.SENT


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ("421 4.3.2 going down", "the mail server answered 421 4.3.2 going down"),
        ("hang up", "the mail server hung up: Connection unexpectedly closed"),
    ],
)
def test_conversation_that_breaks_off_harms_one_letter_only(server, answer, error):
    broken, sent = delivery(), delivery()
    server.answers = [answer]
    assert send_deliveries() == 2
    assert wait_in_minutes(broken) == pytest.approx(1, abs=0.1)
    assert (broken.state, broken.error) == (DeliveryState.QUEUED, error)
    assert server.recipients == [sent.user.email]


def test_refusal_of_the_text_counts_like_one_of_the_address(server):
    row = delivery()
    server.verdict = "552 5.3.4 too large"
    send_deliveries()
    row.refresh_from_db()
    assert (row.state, row.error) == (DeliveryState.FAILED, "the mail server answered 552 5.3.4 too large")


def test_absent_server_keeps_all_for_later():
    rows = [delivery(), delivery()]
    with mail_through(free_port()):
        assert send_deliveries() == 2
    for row in rows:
        assert wait_in_minutes(row) == pytest.approx(1, abs=0.1)
        assert (row.state, row.attempts, row.lease_token) == (DeliveryState.QUEUED, 1, None)
        assert row.error.startswith("the mail server cannot be used: ")


def test_header_injection_fails_and_says_why(server):
    row = delivery(notification={"facts": {"reference": "S-1\r\nBcc: spy@example.com", "milestone": "Departed"}})
    send_deliveries()
    row.refresh_from_db()
    assert row.state == DeliveryState.FAILED
    assert row.error.startswith("a header would hold a line break")
    assert server.received == []


def left_the_partner(row):
    remove_member(row.user, row.partner, by=None)


def was_deactivated(row):
    type(row.user).objects.filter(pk=row.user_id).update(is_active=False)


def left_the_audience(row):
    row.notification.audiences.all().delete()


@pytest.mark.parametrize("change", [left_the_partner, was_deactivated, left_the_audience])
def test_who_may_not_know_any_more_is_not_told(server, change):
    row, other = delivery(), delivery()
    change(row)
    assert send_deliveries() == 2
    row.refresh_from_db()
    assert (row.state, row.sent_at) == (DeliveryState.WITHDRAWN, None)
    assert server.recipients == [other.user.email]


def test_internal_person_who_left_the_group_is_not_told(server):
    stays, leaves = internal("operations"), internal("operations")
    for user in (stays, leaves):
        subscribed(user, None)
    notify([Story(Topic.MILESTONE_REACHED, "m:1", "shipment:1", {}, frozenset())])
    leaves.groups.clear()
    assert send_deliveries() == 2
    assert server.recipients == [stays.email]


def test_withdrawn_delivery_is_not_sent(server):
    row = delivery()
    withdraw_deliveries(row.notification.subject, row.partner)
    assert send_deliveries() == 0
    assert server.received == []


def test_delivery_under_a_lease_is_left_to_its_holder(server):
    delivery(lease_token=uuid.uuid4(), lease_until=Now() + timedelta(minutes=1))
    assert send_deliveries() == 0
    assert server.received == []


def test_delivery_of_a_worker_that_died_is_taken_over(server):
    row = delivery(lease_token=uuid.uuid4(), lease_until=Now() - timedelta(seconds=1), attempts=1)
    assert send_deliveries() == 1
    row.refresh_from_db()
    assert (row.state, row.attempts) == (DeliveryState.SENT, 2)


def test_delivery_that_keeps_killing_its_worker_is_given_up():
    row = delivery(attempts=5)
    with mail_through(free_port()):
        send_deliveries()
    row.refresh_from_db()
    assert (row.state, row.attempts) == (DeliveryState.FAILED, 6)


@pytest.mark.parametrize("answer", [[], ["451 later"], ["550 never"]])
def test_worker_that_lost_its_lease_writes_nothing(server, monkeypatch, caplog, answer):
    """The successor takes the row while the first worker is inside the SMTP conversation."""
    row, successor = delivery(), uuid.uuid4()
    server.answers = answer
    send = outbox._send

    def frozen(rows, deliver):
        def slow(letter: Letter) -> None:
            Delivery.objects.filter(pk=rows[0].pk).update(lease_token=successor, attempts=2)
            deliver(letter)

        return send(rows, slow)

    monkeypatch.setattr(outbox, "_send", frozen)
    with caplog.at_level(logging.WARNING, logger="waymark.outbox"):
        send_deliveries()
    row.refresh_from_db()
    assert (row.state, row.lease_token, row.attempts, row.error) == (DeliveryState.QUEUED, successor, 2, "")


def test_batch_that_runs_out_of_time_gives_the_rest_back_uncounted(server, monkeypatch):
    rows = [delivery(), delivery()]
    monkeypatch.setattr(outbox, "_SLICE", -1.0)
    assert send_deliveries() == 2
    for row in rows:
        row.refresh_from_db()
        assert (row.state, row.attempts, row.lease_token, row.error) == (DeliveryState.QUEUED, 0, None, "")
    monkeypatch.undo()
    assert send_deliveries() == 2
    assert len(server.received) == 2


def test_failed_delivery_is_queued_again_by_hand(server):
    row = delivery(state=DeliveryState.FAILED, error="no such mailbox", attempts=5)
    retry_delivery(row, by=internal("administrator"))
    assert wake_ups() == 1
    assert send_deliveries() == 1
    row.refresh_from_db()
    assert (row.state, row.attempts, row.error) == (DeliveryState.SENT, 1, "")
    with pytest.raises(DomainError) as refusal:
        retry_delivery(row, by=None)
    assert refusal.value.code == "state_not_allowed"


def test_failed_delivery_of_the_house_is_queued_again(server):
    user = internal("operations")
    row = Delivery.objects.create(
        notification=NotificationFactory(), user=user, channel=Channel.EMAIL, state=DeliveryState.FAILED, error="full"
    )
    retry_delivery(row, by=internal("administrator"))
    send_deliveries()
    assert server.recipients == [user.email]


def test_only_who_manages_the_partner_queues_again():
    row = delivery(state=DeliveryState.FAILED, error="no such mailbox")
    for by in (row.user, UserFactory(), member(PartnerFactory(), Role.ADMINISTRATOR)):
        with pytest.raises(NotVisible):
            retry_delivery(row, by=by)
    row.refresh_from_db()
    assert row.state == DeliveryState.FAILED


def test_every_channel_out_of_the_house_has_a_module():
    assert set(CHANNELS) | {Channel.IN_APP} == set(Channel.values)
