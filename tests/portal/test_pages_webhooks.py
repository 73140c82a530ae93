"""Webhooks of a company, through the portal's pages and the console's room."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from partners.enums import Channel, DeliveryState, Role, Topic
from partners.models import Delivery, Partner, Subscription, User, WebhookEndpoint
from partners.services import add_endpoint, follow, notify
from partners.services.letters import keys_of
from partners.stories import Story
from tests.factories.partners import NotificationFactory, PartnerFactory, heard_by, internal, member, subscribed
from tests.portal.journeys import shipment_of, with_journey

pytestmark = pytest.mark.django_db
LIST = "/portal/webhooks/"
URL = "https://example.org/hook"


@pytest.fixture
def partner() -> Partner:
    cache.clear()
    return PartnerFactory(name="Lumen Lighting BV")


@pytest.fixture
def person(partner: Partner) -> User:
    return member(partner, Role.ADMINISTRATOR)


@pytest.fixture
def client(person: User) -> Client:
    return of(person)


def of(person: User) -> Client:
    made = Client()
    made.force_login(person)
    return made


def failed(endpoint: WebhookEndpoint, **values: Any) -> Delivery:
    notification = NotificationFactory()
    if endpoint.partner:
        heard_by(notification, endpoint.partner)
    given = {"state": DeliveryState.FAILED, "error": "the endpoint answered 500"} | values
    return Delivery.objects.create(
        notification=notification, user=endpoint.user, partner=endpoint.partner, channel=Channel.WEBHOOK,
        endpoint=endpoint, **given,
    )  # fmt: skip


def secrets_in(page: str) -> list[str]:
    return re.findall(r"whsec_[A-Za-z0-9+/=]+", page)


def test_an_address_is_added_and_its_secret_shown_once(client: Client, partner: Partner) -> None:
    answer = client.post(LIST, {"partner": str(partner.public_id), "url": URL})
    assert (answer.status_code, answer["Cache-Control"]) == (200, "no-store")
    endpoint = WebhookEndpoint.objects.get()
    assert secrets_in(answer.content.decode()) == list(keys_of(endpoint, timezone.now()))
    page = client.get(LIST).content.decode()
    assert (URL in page, secrets_in(page)) == (True, [])


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"url": "http://example.org/"}, "This address is not called: it is without TLS."),
        ({"url": ""}, "This field is required."),
        ({"partner": "00000000-0000-0000-0000-000000000000"}, "Select a valid choice"),
        ({"partner": "x"}, "is not a valid UUID"),
    ],
)
def test_what_is_wrong_is_said(client: Client, partner: Partner, values: dict[str, str], said: str) -> None:
    answer = client.post(LIST, {"partner": str(partner.public_id), "url": URL} | values)
    assert (answer.status_code, said in answer.content.decode()) == (422, True)
    assert not WebhookEndpoint.objects.exists()


def test_who_manages_two_companies_chooses_one(client: Client, person: User, partner: Partner) -> None:
    assert '<select name="partner"' not in client.get(LIST).content.decode()
    foreign = PartnerFactory()
    assert client.post(LIST, {"partner": str(foreign.public_id), "url": URL}).status_code == 422


def test_topics_secret_and_state_of_an_endpoint(client: Client, person: User, partner: Partner) -> None:
    endpoint, first = add_endpoint(person, partner=partner, url=URL, by=person)
    address = reverse("pages:webhook", args=[endpoint.public_id])
    client.post(address, {"step": "topics", "topics": ["eta_changed", "invoice_issued"]})
    assert sorted(Subscription.objects.values_list("topic", "channel")) == [
        ("eta_changed", "webhook"), ("invoice_issued", "webhook"),
    ]  # fmt: skip
    assert client.post(address, {"step": "topics", "topics": ["task_opened"]}).status_code == 302
    assert Subscription.objects.count() == 2
    (second,) = secrets_in(client.post(address, {"step": "rotate"}).content.decode())
    endpoint.refresh_from_db()
    assert keys_of(endpoint, timezone.now()) == (second, first)
    client.post(address, {"step": "disable"})
    assert "disabled by" in client.get(address).content.decode()
    client.post(address, {"step": "enable"})
    endpoint.refresh_from_db()
    assert endpoint.is_active
    for odd in ({}, {"step": "explode"}, {"step": "replay"}, {"step": "replay", "days": "x"}):
        assert client.post(address, odd).status_code == 302


def test_what_an_endpoint_may_not_hear_is_refused_in_words(client: Client, person: User, partner: Partner) -> None:
    endpoint, _secret = add_endpoint(person, partner=partner, url=URL, by=person)
    weak = member(partner)
    WebhookEndpoint.objects.update(user=weak)
    address = reverse("pages:webhook", args=[endpoint.public_id])
    # The owner may not see invoices, so nobody is told of them there.
    client.post(address, {"step": "topics", "topics": ["invoice_issued"]})
    assert "The person it hears for may not hear of that." in client.get(address).content.decode()
    assert not Subscription.objects.exists()


def test_failed_calls_are_seen_and_made_again(client: Client, person: User, partner: Partner) -> None:
    endpoint, _secret = add_endpoint(person, partner=partner, url=URL, by=person)
    WebhookEndpoint.objects.update(
        failures=4, closed_until=timezone.now() + timedelta(hours=1), last_error="the endpoint answered 500"
    )
    address = reverse("pages:webhook", args=[endpoint.public_id])
    assert "It has not been called yet." in client.get(address).content.decode()
    row = failed(endpoint)
    page = client.get(address).content.decode()
    assert ("left alone until" in page, "Failed: the endpoint answered 500" in page) == (True, True)
    client.post(address, {"step": "replay", "days": "7"})
    row.refresh_from_db()
    assert row.state == DeliveryState.QUEUED
    assert "1 call is made again." in client.get(address).content.decode()


# --- the console ----------------------------------------------------------------------------------------------------


@pytest.fixture
def admin() -> User:
    cache.clear()
    return internal("administrator")


def do(room: str, name: str, key: int | None = None) -> str:
    return reverse(f"admin:{room}_do_row", args=[key, name]) if key else reverse(f"admin:{room}_do", args=[name])


def test_the_house_enters_an_endpoint_and_reads_its_secret_once(admin: User, partner: Partner) -> None:
    client = of(admin)
    address = do("partners_webhookendpoint", "create")
    page = client.post(address, {"partner": "", "url": URL}).content.decode()
    house = WebhookEndpoint.objects.get()
    assert (house.partner, house.user, secrets_in(page)) == (None, admin, list(keys_of(house, timezone.now())))
    client.post(address, {"partner": partner.code, "url": URL})
    assert WebhookEndpoint.objects.filter(partner=partner).exists()
    refused = client.post(address, {"partner": "", "url": "http://example.org/"})
    assert "This address is not called: it is without TLS." in refused.content.decode()


def test_the_page_of_an_endpoint_says_what_it_is_called_for_and_what_failed(admin: User) -> None:
    client = of(admin)
    endpoint, _secret = add_endpoint(admin, partner=None, url=URL, by=admin)
    key = endpoint.pk
    client.post(do("partners_webhookendpoint", "topics", key), {"topics": ["eta_changed", "task_opened"]})
    row = failed(endpoint)
    page = client.get(reverse("admin:partners_webhookendpoint_change", args=[key])).content.decode()
    assert [said in page for said in (URL, "A task was opened", "the endpoint answered 500", "?endpoint=")] == [
        True
    ] * 4
    assert "checked" in client.get(do("partners_webhookendpoint", "topics", key)).content.decode()
    report = client.post(do("partners_webhookendpoint", "replay", key), {"hours": "72"}).content.decode()
    row.refresh_from_db()
    assert ("1 call is made again." in report, row.state) == (True, DeliveryState.QUEUED)
    assert secrets_in(client.post(do("partners_webhookendpoint", "rotate", key)).content.decode()) != []
    client.post(do("partners_webhookendpoint", "disable", key))
    client.post(do("partners_webhookendpoint", "enable", key))
    endpoint.refresh_from_db()
    assert endpoint.is_active


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({}, "not called yet"),
        ({"last_success_at": "now"}, "works"),
        ({"failures": 1}, "failing"),
        ({"failures": 4, "closed_until": "later"}, "left alone"),
        ({"is_active": False, "disabled_because": "410"}, "disabled"),
    ],
)
def test_the_list_of_endpoints_says_how_each_is(admin: User, values: dict[str, Any], said: str) -> None:
    add_endpoint(admin, partner=None, url=URL, by=admin)
    moments = {"now": timezone.now(), "later": timezone.now() + timedelta(hours=1)}
    WebhookEndpoint.objects.update(**{name: moments.get(value, value) for name, value in values.items()})
    page = of(admin).get(reverse("admin:partners_webhookendpoint_changelist")).content.decode()
    assert f">{said}<" in re.sub(r"\s+", " ", page) or said in page


def test_dead_letters_are_found_by_channel_topic_and_endpoint_and_sent_again(admin: User, partner: Partner) -> None:
    endpoint, _secret = add_endpoint(admin, partner=partner, url=URL, by=admin)
    rows = [failed(endpoint), failed(endpoint)]
    mail = Delivery.objects.create(
        notification=NotificationFactory(topic=Topic.ETA_CHANGED), user=admin, channel=Channel.EMAIL,
        state=DeliveryState.FAILED, error="the mail server answered 550",
    )  # fmt: skip
    client = of(admin)
    address = reverse("admin:partners_delivery_changelist")

    def found(query: str) -> list[int]:
        return sorted(row.pk for row in client.get(f"{address}?{query}").context["listing"].rows)

    both = [row.pk for row in rows]
    assert found("state=failed") == sorted([*both, mail.pk])
    assert found("state=failed&channel=webhook") == both
    assert found("topic=eta_changed") == [mail.pk]
    assert found(f"endpoint={endpoint.pk}") == both
    assert found("endpoint=x") == found("endpoint=" + "9" * 30) == sorted([*both, mail.pk])
    assert found(f"to={admin.email}") == sorted([*both, mail.pk])
    client.post(do("partners_delivery", "retry"), {"rows": [str(pk) for pk in both]})
    client.post(do("partners_delivery", "retry", mail.pk))
    assert set(Delivery.objects.values_list("state", flat=True)) == {DeliveryState.QUEUED}


def test_the_sidebar_counts_dead_letters_for_who_may_send_them_again(admin: User) -> None:
    endpoint, _secret = add_endpoint(admin, partner=None, url=URL, by=admin)
    failed(endpoint)
    assert 'href="/admin/partners/delivery/?state=failed"' in of(admin).get("/admin/").content.decode()
    assert "/admin/partners/delivery/" not in of(internal("sales")).get("/admin/").content.decode()


def test_notices_of_the_console_lead_to_pages_of_the_console(admin: User, partner: Partner) -> None:
    ops = internal("operations")
    shipment = with_journey(shipment_of(partner))
    subscribed(ops, None, channel=Channel.IN_APP)
    paths = [f"/portal/shipments/{shipment.public_id}/", "/portal/invoices/1/", "/portal/shipments/x/"]
    notify([
        Story(Topic.MILESTONE_REACHED, path, "s:1", {"path": path, "milestone": "Departed"}) for path in paths
    ])  # fmt: skip
    client = of(ops)
    page = client.get("/admin/notices/").content.decode()
    assert ('aria-label="Notices, 3 unread"' in page, page.count("nt-open")) == (True, 3)
    led = [
        client.post("/admin/notices/", {"open": str(Delivery.objects.get(notification__key=path).message_id)})[
            "Location"
        ]
        for path in paths
    ]
    assert led == [reverse("admin:shipments_shipment_change", args=[shipment.pk]), *paths[1:]]
    assert client.post("/admin/notices/?show=unread", {"all": "1"})["Location"] == "/admin/notices/?show=unread"


def test_a_colleague_sets_preferences_and_follows_in_the_console(admin: User, partner: Partner) -> None:
    ops = internal("operations")
    client = of(ops)
    answer = client.post("/admin/preferences/", {"part": "topics", "for": "all", "task_opened-mail": "hourly"})
    assert (answer.status_code, answer["Location"]) == (302, "/admin/preferences/")
    assert Subscription.objects.get().digest == "hourly"
    assert client.post("/admin/preferences/", {"part": "clock", "digest_at": ""}).status_code == 422
    shipment = with_journey(shipment_of(partner))
    page, address = (
        reverse("admin:shipments_shipment_change", args=[shipment.pk]),
        reverse("admin:follow", args=[shipment.public_id]),
    )
    assert client.post(address, {"follow": "yes"})["Location"] == page
    assert "Following: stop" in client.get(page).content.decode()
    client.post(address, {"follow": "no"})
    assert Subscription.objects.count() == 1


def test_too_many_followed_in_the_console(partner: Partner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("partners.services.subscriptions.MOST_FOLLOWED", 0)
    client = of(internal("operations"))
    shipment = with_journey(shipment_of(partner))
    answer = client.post(reverse("admin:follow", args=[shipment.public_id]), {"follow": "yes"}, follow=True)
    assert "You follow 0 shipments, the most there may be." in answer.content.decode()


def test_a_person_follows_on_behalf_of_the_company_that_is_a_party(partner: Partner) -> None:
    person = member(partner)
    follow(person, subject=f"shipment:{'0' * 8}-0000-4000-8000-{'0' * 12}", partner=partner, by=person)
    assert Subscription.objects.values_list("partner", flat=True).distinct().get() == partner.pk
