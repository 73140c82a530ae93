"""The bell, the list behind it, preferences and webhooks in a real browser: console and portal, desk and phone."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.core.cache import cache
from django.utils import timezone

from partners.enums import Channel, DeliveryState, Role, Topic
from partners.models import Delivery, Partner, User
from partners.services import add_endpoint, choose_topics, follow, notify
from partners.stories import Story
from tests.browser.conftest import Window
from tests.factories.partners import (
    PASSWORD,
    NotificationFactory,
    PartnerFactory,
    heard_by,
    internal,
    member,
    subscribed,
)
from tests.portal.journeys import shipment_of, with_journey

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def customer() -> Partner:
    cache.clear()
    return PartnerFactory(name="Lumen Lighting BV")


def told(partner: Partner, path: str) -> None:
    """One of each topic."""
    facts = {"reference": "S-2026-00042", "route": "Shanghai – Rotterdam", "path": path, "place": "Rotterdam"}
    at = "2026-11-27T06:05:00+00:00"
    said: list[tuple[Topic, dict[str, str]]] = [
        (Topic.INVOICE_ISSUED, {"number": "R000123", "amount": "1234.50", "currency": "EUR", "due_on": "2026-12-24"}),
        (Topic.MILESTONE_REACHED, {"milestone": "Vessel departed", "happened_at": at}),
        (Topic.ETA_CHANGED, {"new_at": "2026-12-04T10:00:00+00:00", "old_at": at}),
        (Topic.EXCEPTION_OPENED, {"title": "Discharge is overdue", "milestone": "Discharged", "due_at": at}),
        (Topic.EXCEPTION_ESCALATED, {"title": "Discharge is overdue", "due_at": at}),
        (Topic.TASK_OPENED, {"title": "Ask the terminal for a slot", "due_at": at}),
        (Topic.EXCEPTION_RESOLVED, {"title": "Discharge is overdue", "reason": "reported since", "resolved_at": at}),
    ]
    people = frozenset({partner.pk})
    for topic, more in said:
        notify([Story(topic, f"{topic}:{partner.pk}", "shipment:1", facts | more, people)])
    Delivery.objects.filter(notification__topic=Topic.MILESTONE_REACHED).update(read_at=timezone.now())


@pytest.fixture
def person(customer: Partner) -> User:
    shipment = with_journey(shipment_of(customer), done=3)
    user = member(
        customer, Role.ADMINISTRATOR, email="anna@lumen.example", name="Anna Visser", time_zone="Europe/Amsterdam"
    )
    for topic in Topic.values:
        subscribed(user, customer, topic, channel=Channel.IN_APP)
    subscribed(user, customer, Topic.EXCEPTION_OPENED, digest="daily", kinds=["late", "overdue"], threshold=3)
    follow(user, subject=f"shipment:{shipment.public_id}", partner=customer, by=user)
    told(customer, f"/portal/shipments/{shipment.public_id}/")
    endpoint, _secret = add_endpoint(user, partner=customer, url="https://erp.lumen.example/hooks/waymark", by=user)
    choose_topics(endpoint, topics=[Topic.ETA_CHANGED, Topic.EXCEPTION_OPENED], by=user)
    for state, error in ((DeliveryState.SENT, ""), (DeliveryState.FAILED, "the endpoint answered 500")):
        Delivery.objects.create(
            notification=heard_by(NotificationFactory(), customer), user=user, partner=customer,
            channel=Channel.WEBHOOK, endpoint=endpoint, state=state, error=error, sent_at=timezone.now(),
        )  # fmt: skip
    return user


@pytest.fixture
def colleague(customer: Partner) -> User:
    shipment = with_journey(shipment_of(customer), done=3)
    user = internal("administrator", email="ada@waymark.example", name="Ada Admin", time_zone="Europe/Amsterdam")
    for topic in Topic.values:
        subscribed(user, None, topic, channel=Channel.IN_APP)
    follow(user, subject=f"shipment:{shipment.public_id}", partner=None, by=user)
    told(customer, f"/portal/shipments/{shipment.public_id}/")
    return user


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
def test_a_partner_reads_and_chooses(window: Callable[..., Window], person: User, width: int, dark: bool) -> None:
    seen, ground = window(width, dark=dark), "dark" if dark else "light"
    page = seen.sign_in(person.email, PASSWORD)
    page.goto(f"{seen.address}/portal/notices/")
    seen.must_be_sound(f"portal-notices-{width}-{ground}")
    assert page.get_by_role("link", name="Notices, 6 unread").count() == 1
    page.get_by_role("button", name="Mark “Ask the terminal for a slot” as read").click()
    assert page.get_by_role("link", name="Notices, 5 unread").count() == 1
    page.get_by_role("button", name="Mark all as read").click()
    assert page.locator(".nt-line.is-new").count() == 0
    page.get_by_role("link", name="What I hear of").click()
    seen.must_be_sound(f"portal-preferences-{width}-{ground}")
    page.get_by_label("No mail from").fill("22:00")
    page.get_by_label("until", exact=True).fill("06:30")
    page.locator("section[aria-labelledby=clock-title]").get_by_role("button", name="Save").click()
    assert page.get_by_role("status").inner_text() == "Saved."
    page.get_by_role("link", name="Webhooks").click()
    seen.must_be_sound(f"portal-webhooks-{width}-{ground}")
    page.get_by_role("link", name="https://erp.lumen.example/hooks/waymark").click()
    seen.must_be_sound(f"portal-webhook-{width}-{ground}")


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
def test_a_colleague_reads_and_chooses(window: Callable[..., Window], colleague: User, width: int, dark: bool) -> None:
    seen, ground = window(width, dark=dark), "dark" if dark else "light"
    page = seen.sign_in(colleague.email, PASSWORD)
    page.goto(f"{seen.address}/admin/")
    seen.must_be_sound(f"console-bell-{width}-{ground}")
    page.get_by_role("link", name="Notices, 6 unread").click()
    seen.must_be_sound(f"console-notices-{width}-{ground}")
    if width > 600:
        # By keyboard: down, and read it.
        page.keyboard.press("j")
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        page.get_by_role("link", name="Notices, 5 unread").wait_for()
    page.get_by_role("link", name="What I hear of").click()
    seen.must_be_sound(f"console-preferences-{width}-{ground}")
    page.goto(f"{seen.address}/admin/partners/webhookendpoint/")
    seen.must_be_sound(f"console-webhooks-{width}-{ground}")


def test_everything_works_without_a_script(window: Callable[..., Window], person: User) -> None:
    seen = window(390, scripts=False)
    page = seen.sign_in(person.email, PASSWORD)
    page.goto(f"{seen.address}/portal/notices/")
    page.get_by_role("button", name="Ask the terminal for a slot", exact=True).click()
    page.get_by_role("button", name="Following: stop").or_(page.get_by_role("button", name="Follow")).click()
    assert page.get_by_role("link", name="Notices, 5 unread").count() == 1
    page.goto(f"{seen.address}/portal/preferences/")
    page.locator("section[aria-labelledby=topics-title]").get_by_role("button", name="Save").click()
    assert page.get_by_role("status").inner_text() == "Saved."


def test_fingers_hit_every_control_of_a_phone(window: Callable[..., Window], person: User) -> None:
    seen = window(390)
    page = seen.sign_in(person.email, PASSWORD)
    for path in ("notices/", "preferences/"):
        page.goto(f"{seen.address}/portal/{path}")
        small = page.evaluate(
            """() => [...document.querySelectorAll('a:not(.skip), button, select, summary, .nt-check')]
            .filter(one => one.checkVisibility() && one.getBoundingClientRect().height < 44)
            .map(one => one.outerHTML)"""
        )
        assert small == [], path
