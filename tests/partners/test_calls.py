"""Calls of endpoints over real HTTP: signed, tried again, given up, and none that holds up the others."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from django.db.models.functions import Now
from django.test import override_settings
from django.utils import timezone

from partners.channels import webhook
from partners.channels.base import Door, Item, Refused, TryLater, Unreachable
from partners.enums import Channel, DeliveryState, Role, Topic
from partners.models import Delivery, WebhookEndpoint
from partners.services import (
    add_endpoint,
    calling,
    notify,
    outbox,
    remove_member,
    rotate_endpoint_secret,
    send_deliveries,
)
from partners.services.secrets import seal
from partners.signing import new_secret, signature
from partners.stories import Story
from shipments.connections.webhook import WebhookSettings, verify
from tests.factories.partners import NotificationFactory, PartnerFactory, heard_by, internal, member, subscribed
from tests.partners.calling import web_server
from tests.partners.mailing import free_port
from tests.partners.test_email import letter

pytestmark = pytest.mark.django_db


@pytest.fixture
def server():
    with web_server() as listening:
        yield listening


def endpoint_at(url, partner=None):
    """An endpoint of a partner's administrator, and its secret."""
    partner = partner or PartnerFactory()
    return add_endpoint(member(partner, Role.ADMINISTRATOR), partner=partner, url=url, by=None)


def delivery(endpoint, **values):
    notification = heard_by(NotificationFactory(**values.pop("notification", {})), endpoint.partner)
    return Delivery.objects.create(
        notification=notification, user=endpoint.user, partner=endpoint.partner, channel=Channel.WEBHOOK,
        endpoint=endpoint, **values,
    )  # fmt: skip


def state_of(row):
    row.refresh_from_db()
    return row.state, row.attempts, row.error


def due_again(*rows):
    Delivery.objects.filter(pk__in=[row.pk for row in rows]).update(not_before=Now())


def wait_of(row):
    row.refresh_from_db()
    return row.not_before - timezone.now()


def is_genuine(call, *secrets):
    """Whether our own receiver of webhooks takes it: it was written for what others send."""
    held = dict(zip(("current", "previous"), secrets, strict=False))
    return verify(WebhookSettings(), held, call.headers, call.body, timezone.now()).id


def test_story_becomes_a_signed_call(server):
    endpoint, secret = endpoint_at(f"{server.url}hook?x=1")
    subscribed(endpoint.user, endpoint.partner, Topic.ETA_CHANGED, channel=Channel.WEBHOOK, endpoint=endpoint)
    facts = {"reference": "S-9", "place": "Łódź", "new_at": "2026-12-03T23:30:00+00:00"}
    partners = frozenset({endpoint.partner.pk})
    notify([Story(Topic.ETA_CHANGED, "eta:1", "shipment:9", facts, partners, kind="eta", size=900)])
    assert send_deliveries() == 1
    (call,) = server.calls
    row = Delivery.objects.select_related("notification").get()
    assert is_genuine(call, secret) == str(row.message_id)
    assert json.loads(call.body) == {
        "type": "eta_changed",
        "timestamp": row.notification.created_at.isoformat(),
        "data": {**facts, "subject": "shipment:9", "kind": "eta", "size": 900},
    }
    assert (call.path, call.headers["content-type"]) == ("/hook?x=1", "application/json")
    assert state_of(row) == (DeliveryState.SENT, 1, "")
    endpoint.refresh_from_db()
    assert (endpoint.delivered, endpoint.failures, endpoint.last_success_at is not None) == (1, 0, True)


def test_signature_as_the_standard_writes_it():
    """The example of the specification, Standard Webhooks 1.0."""
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    body = b'{"test": 2432232314}'
    made = signature([secret], "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body)
    assert made == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_both_secrets_sign_for_a_day_after_a_rotation(server):
    endpoint, old = endpoint_at(server.url)
    new = rotate_endpoint_secret(endpoint, by=None)
    delivery(endpoint)
    send_deliveries()
    (call,) = server.calls
    assert new != old
    assert is_genuine(call, old) == is_genuine(call, new)
    past = {"current": new, "previous": old, "until": (timezone.now() - timedelta(seconds=1)).isoformat()}
    WebhookEndpoint.objects.update(secret=seal(past))
    delivery(endpoint)
    send_deliveries()
    assert len(server.calls[1].headers["webhook-signature"].split()) == 1


def test_failing_call_is_tried_again_with_the_same_id_and_given_up_after_three_days(server):
    endpoint, _secret = endpoint_at(server.url)
    row = delivery(endpoint)
    server.answers = [500] * 13
    waited = timedelta()
    for attempt in range(1, 14):
        WebhookEndpoint.objects.update(closed_until=None)
        assert send_deliveries() == 1
        assert state_of(row)[1] == attempt
        if attempt < 13:
            assert (row.state, row.error) == (DeliveryState.QUEUED, "the endpoint answered 500")
            waited += wait_of(row)
            due_again(row)
    assert state_of(row) == (DeliveryState.FAILED, 13, "the endpoint answered 500")
    assert waited > timedelta(hours=72)
    assert {call.headers["webhook-id"] for call in server.calls} == {str(row.message_id)}


def test_second_attempt_arrives_and_ends_the_count_of_failures(server):
    endpoint, secret = endpoint_at(server.url)
    row = delivery(endpoint)
    server.answers = [503]
    send_deliveries()
    endpoint.refresh_from_db()
    assert (endpoint.failures, endpoint.last_error) == (1, "the endpoint answered 503")
    WebhookEndpoint.objects.update(closed_until=None)
    due_again(row)
    send_deliveries()
    assert state_of(row) == (DeliveryState.SENT, 2, "")
    assert [is_genuine(call, secret) for call in server.calls] == [str(row.message_id)] * 2
    endpoint.refresh_from_db()
    assert (endpoint.failures, endpoint.closed_until, endpoint.delivered) == (0, None, 1)


def test_one_bad_answer_harms_one_call_only(server):
    endpoint, _secret = endpoint_at(server.url)
    first, second = delivery(endpoint), delivery(endpoint)
    server.answers = [400]
    assert send_deliveries() == 2
    assert state_of(first) == (DeliveryState.QUEUED, 1, "the endpoint answered 400")
    assert state_of(second) == (DeliveryState.SENT, 1, "")


def test_redirects_are_not_followed(server):
    endpoint, _secret = endpoint_at(server.url)
    row = delivery(endpoint)
    server.answers = [302]
    send_deliveries()
    assert state_of(row)[2] == "the endpoint answered 302, and no redirect is followed"
    assert len(server.calls) == 1


def test_410_disables_the_endpoint_and_what_waits_fails(server):
    endpoint, _secret = endpoint_at(server.url)
    first, second = delivery(endpoint), delivery(endpoint)
    server.answers = [410]
    assert send_deliveries() == 2
    said = "the endpoint answered 410: it wants no more calls"
    assert state_of(first) == (DeliveryState.FAILED, 1, said)
    assert state_of(second) == (DeliveryState.FAILED, 1, f"The endpoint is disabled: {said}")
    endpoint.refresh_from_db()
    assert (endpoint.is_active, endpoint.disabled_because) == (False, said)
    subscribed(endpoint.user, endpoint.partner, channel=Channel.WEBHOOK, endpoint=endpoint)
    notify([Story(Topic.MILESTONE_REACHED, "m", "shipment:1", {}, frozenset({endpoint.partner.pk}))])
    assert Delivery.objects.count() == 2


def test_endpoint_that_fails_three_times_in_a_row_is_left_alone(server):
    endpoint, _secret = endpoint_at(server.url)
    rows = [delivery(endpoint) for _ in range(5)]
    server.answers = [500] * 3
    assert send_deliveries() == 5
    assert len(server.calls) == 3
    endpoint.refresh_from_db()
    assert endpoint.failures == 3
    for row in rows[3:]:
        assert state_of(row) == (DeliveryState.QUEUED, 1, "the endpoint answered 500")
        assert row.not_before >= endpoint.closed_until > timezone.now()
    # While it is left alone nothing is tried; afterwards one call finds out.
    due_again(*rows)
    send_deliveries()
    assert len(server.calls) == 3
    WebhookEndpoint.objects.update(closed_until=timezone.now())
    due_again(*rows)
    assert send_deliveries() == 5
    assert {state_of(row)[0] for row in rows} == {DeliveryState.SENT}


def test_endpoint_that_hangs_does_not_hold_up_the_others(server, monkeypatch):
    """It is called once a batch, after those that work, and its other calls wait."""
    monkeypatch.setattr(webhook, "_CALL_SECONDS", 0.3)
    partner = PartnerFactory()
    works, _secret = endpoint_at(server.url, partner)
    with web_server() as dead:
        dead.answers = ["hang"] * 10
        hangs, _secret = endpoint_at(dead.url, partner)
        WebhookEndpoint.objects.filter(pk=hangs.pk).update(failures=1)
        waiting = [delivery(hangs) for _ in range(4)]
        sent = [delivery(works) for _ in range(3)]
        assert send_deliveries() == 7
        assert len(dead.calls) == 1
    assert {state_of(row)[0] for row in sent} == {DeliveryState.SENT}
    for row in waiting:
        assert state_of(row)[0] == DeliveryState.QUEUED
        assert row.error.startswith("127.0.0.1: ")


@pytest.mark.parametrize("answer", ["drop"])
def test_hanging_up_closes_the_way_for_this_batch(server, answer):
    endpoint, _secret = endpoint_at(server.url)
    rows = [delivery(endpoint), delivery(endpoint)]
    server.answers = [answer]
    send_deliveries()
    assert len(server.calls) == 1
    assert [state_of(row)[:2] for row in rows] == [(DeliveryState.QUEUED, 1)] * 2


def test_nobody_listens():
    endpoint, _secret = allowed(f"http://127.0.0.1:{free_port()}/")
    row = delivery(endpoint)
    with override_settings(WAYMARK_WEBHOOK_HOSTS=["127.0.0.1"]):
        send_deliveries()
    assert state_of(row) == (DeliveryState.QUEUED, 1, "127.0.0.1: ConnectionRefusedError: Connection refused")


def allowed(url):
    with override_settings(WAYMARK_WEBHOOK_HOSTS=["127.0.0.1"]):
        return endpoint_at(url)


def test_address_that_is_not_allowed_any_more_fails_at_once(server):
    endpoint, _secret = endpoint_at(server.url)
    row = delivery(endpoint)
    with override_settings(WAYMARK_WEBHOOK_HOSTS=[]):
        send_deliveries()
    assert state_of(row)[0] == DeliveryState.FAILED
    assert state_of(row)[2] == "the address is not called: it is without TLS"


def test_what_connections_may_reach_is_not_reached_by_webhooks(server):
    """Partners write the addresses of webhooks, the house those of connections."""
    endpoint, _secret = endpoint_at(server.url)
    row = delivery(endpoint)
    with override_settings(WAYMARK_WEBHOOK_HOSTS=[], WAYMARK_INTERNAL_HOSTS=["127.0.0.1"]):
        send_deliveries()
    assert (state_of(row)[0], server.calls) == (DeliveryState.FAILED, [])


def test_name_that_leads_into_the_house_is_not_connected_to():
    made = letter(items=(Item("x", {}),), door=Door("https://localhost/", (new_secret(),)))
    with pytest.raises(Unreachable, match="localhost leads to an address inside the house"):
        webhook.call(made)


def test_letter_without_a_door_is_refused():
    with pytest.raises(Refused, match="there is no address"):
        webhook.call(letter(items=(Item("x", {}, at=datetime(2026, 1, 1, tzinfo=UTC)),)))


@pytest.mark.parametrize(
    ("url", "fault"),
    [
        ("https://example.org/hook", ""),
        ("https://example.org:8443/hook?a=b", ""),
        ("http://127.0.0.1:8000/", ""),
        ("http://example.org/", "it is without TLS"),
        ("ftp://example.org/", "it does not begin with https://"),
        ("https://", "it does not begin with https://"),
        ("https://user:pass@example.org/", "it holds a name or a password"),
        ("https://example.org:99999/", "it is no address"),
        ("https://[::1", "it is no address"),
    ],
)
def test_addresses(url, fault):
    assert webhook.fault_of(url, ["127.0.0.1"]) == fault


def test_secret_that_cannot_be_read_fails_visibly(server):
    endpoint, _secret = endpoint_at(server.url)
    row = delivery(endpoint)
    WebhookEndpoint.objects.update(secret=b"x")
    send_deliveries()
    assert state_of(row)[0] == DeliveryState.FAILED
    assert "cannot be opened" in row.error
    assert rotate_endpoint_secret(endpoint, by=None).startswith("whsec_")
    due = delivery(endpoint)
    send_deliveries()
    assert state_of(due)[0] == DeliveryState.SENT


def test_who_lost_the_right_is_not_called(server):
    endpoint, _secret = endpoint_at(server.url)
    row = delivery(endpoint)
    remove_member(endpoint.user, endpoint.partner, by=None)
    assert send_deliveries() == 1
    assert state_of(row)[0] == DeliveryState.WITHDRAWN
    assert server.calls == []


def test_endpoint_of_the_house_hears_of_all_partners(server):
    owner = internal("administrator")
    endpoint, _secret = add_endpoint(owner, partner=None, url=server.url, by=None)
    subscribed(owner, None, channel=Channel.WEBHOOK, endpoint=endpoint)
    notify([Story(Topic.MILESTONE_REACHED, "m", "shipment:1", {}, frozenset({PartnerFactory().pk}))])
    assert send_deliveries() == 1
    assert len(server.calls) == 1


def test_person_with_two_endpoints_is_called_at_both(server):
    partner = PartnerFactory()
    owner = member(partner, Role.ADMINISTRATOR)
    for path in ("a", "b"):
        endpoint, _secret = add_endpoint(owner, partner=partner, url=server.url + path, by=None)
        subscribed(owner, partner, channel=Channel.WEBHOOK, endpoint=endpoint)
    notify([Story(Topic.MILESTONE_REACHED, "m", "shipment:1", {}, frozenset({partner.pk}))])
    assert send_deliveries() == 2
    assert sorted(call.path for call in server.calls) == ["/a", "/b"]


def test_calls_that_were_not_begun_for_want_of_time_go_on_later_uncounted(server, monkeypatch):
    endpoint, _secret = endpoint_at(server.url)
    row = delivery(endpoint)
    monkeypatch.setattr(outbox, "_SLICE_OF_CALLS", -1.0)
    assert send_deliveries() == 1
    assert state_of(row) == (DeliveryState.QUEUED, 0, "")
    assert wait_of(row) <= calling._PATIENCE
    assert server.calls == []


def test_call_of_a_worker_that_died_after_sending_is_made_again_with_the_same_id(server, monkeypatch):
    endpoint, _secret = endpoint_at(server.url)
    row = delivery(endpoint)

    class Killed(BaseException):
        pass

    def die(*_args, **_more):
        raise Killed

    monkeypatch.setattr(calling, "settle", die)
    with pytest.raises(Killed):
        send_deliveries()
    monkeypatch.undo()
    assert send_deliveries() == 0
    Delivery.objects.update(lease_until=Now() - timedelta(seconds=1))
    assert send_deliveries() == 1
    assert state_of(row) == (DeliveryState.SENT, 2, "")
    assert [call.headers["webhook-id"] for call in server.calls] == [str(row.message_id)] * 2


def test_call_without_an_endpoint_is_a_bug_of_ours():
    with pytest.raises(LookupError):
        calling.send_calls([Delivery(pk=1)], set(), 0)


def test_meaning_of_answers():
    for status, kind in ((429, Unreachable), (502, Unreachable), (500, TryLater), (404, TryLater), (410, Refused)):
        with pytest.raises(kind):
            webhook._judge(status)
    assert [webhook._judge(status) for status in (200, 202, 204, 299)] == [None] * 4
