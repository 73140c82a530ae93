"""The console in a real browser: on a desk and on a phone, by day and by night, by mouse and by keyboard."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.core.cache import cache
from playwright.sync_api import expect

from milestones.enums import Severity
from milestones.models import ShipmentException
from partners.models import User
from shipments.models import Event, Shipment
from tests.browser.conftest import Window
from tests.factories.milestones import CaseFactory, RuleFactory
from tests.factories.partners import PASSWORD, PartnerFactory
from tests.portal.journeys import shipment_of, with_journey

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)

Open = Callable[..., Window]


@pytest.fixture
def colleague() -> User:
    cache.clear()
    customer = PartnerFactory(name="Lumen Lighting BV", code="LUMEN")
    for late_days in (0, 2):
        shipment = with_journey(shipment_of(customer, reference=f"SHIP-{late_days}"), late_days=late_days)
    CaseFactory(shipment=shipment, rule=RuleFactory(severity=Severity.HIGH), summary="Vessel arrived: overdue")
    CaseFactory(shipment=shipment, rule=RuleFactory(severity=Severity.LOW), summary="Gate-out: late")
    return User.objects.create_superuser("maria@waymark.test", PASSWORD, name="Maria Okafor")


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
def test_pages_are_sound(window: Open, colleague: User, width: int, dark: bool) -> None:
    seen, ground = window(width, dark=dark), "dark" if dark else "light"
    seen.sign_in(colleague.email, PASSWORD)
    shipment = Shipment.objects.get(reference="SHIP-2")
    pages = {
        "home": "/admin/",
        "shipments": "/admin/shipments/shipment/?open=yes",
        "shipment": f"/admin/shipments/shipment/{shipment.pk}/change/",
        "exceptions": "/admin/milestones/shipmentexception/",
        "inbox": "/admin/shipments/message/",
        "unbilled": "/admin/billing/charge/unbilled/",
        "template": "/admin/milestones/milestonetemplate/",
        "partner": f"/admin/partners/partner/{shipment.customer_id}/change/",
        "dialog": f"/admin/shipments/shipment/{shipment.pk}/do/record/",
    }
    for name, path in pages.items():
        page = seen.open(path)
        page.wait_for_load_state("networkidle")
        assert page.locator("#nav-sidebar").count() == 1, name
        seen.must_be_sound(f"console-{name}-{width}-{ground}")


@pytest.mark.parametrize("width", [1440, 390])
def test_a_case_is_resolved_from_the_queue(window: Open, colleague: User, width: int) -> None:
    seen = window(width)
    seen.sign_in(colleague.email, PASSWORD)
    page = seen.open("/admin/milestones/shipmentexception/?assigned=queue&state=open,acknowledged")
    expect(page.locator("tbody tr")).to_have_count(2)
    opener = page.get_by_role("link", name="Resolve… Vessel arrived: overdue")
    opener.click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    for _ in range(12):
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement === document.body || !!document.activeElement.closest('dialog')")
    page.keyboard.press("Escape")
    expect(opener).to_be_focused()
    opener.click()
    dialog.get_by_role("button", name="Resolve").click()
    expect(dialog.get_by_text("This field is required.")).to_be_visible()
    dialog.get_by_label("Reason").fill("The carrier confirmed the arrival")
    dialog.get_by_role("button", name="Resolve").click()
    expect(page.locator(".wm-messages")).to_contain_text("Resolved.")
    expect(page.locator("tbody tr")).to_have_count(1)
    seen.must_be_sound(f"console-resolved-{width}")
    assert ShipmentException.objects.get(state="resolved").resolution == "The carrier confirmed the arrival"


def test_an_event_is_recorded_with_the_keyboard_alone(window: Open, colleague: User) -> None:
    seen = window(1440)
    seen.sign_in(colleague.email, PASSWORD)
    shipment = Shipment.objects.get(reference="SHIP-0")
    page = seen.open(f"/admin/shipments/shipment/{shipment.pk}/change/")
    page.keyboard.press("e")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_label("What happened")).to_be_focused()
    page.keyboard.type("ARRIVED")
    dialog.get_by_label("Time at the place").fill("2026-11-07T08:30")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text("Event recorded.")).to_be_visible()
    event = Event.objects.of_shipment(shipment).get()
    assert (event.code_id, event.time_zone, event.wall_time[:16]) == ("ARRIVED", "Europe/Amsterdam", "2026-11-07T08:30")
    assert (seen.complaints, seen.strangers) == ([], [])


def test_rows_are_chosen_with_the_keyboard_and_done_together(window: Open, colleague: User) -> None:
    seen = window(1440)
    seen.sign_in(colleague.email, PASSWORD)
    page = seen.open("/admin/milestones/shipmentexception/?state=open")
    for key in "jxjx":
        page.keyboard.press(key)
    expect(page.locator("[data-count]")).to_have_text("2 / 2")
    page.get_by_role("button", name="Acknowledge").click()
    expect(page.locator("h1")).to_have_text("Acknowledge")
    page.locator("main").get_by_role("button", name="Acknowledge").click()
    page.wait_for_load_state()
    assert ShipmentException.objects.filter(state="acknowledged").count() == 2
    seen.must_be_sound("console-bulk")


def test_the_zone_switch_holds_and_search_and_filters_work(window: Open, colleague: User) -> None:
    seen = window(1440)
    seen.sign_in(colleague.email, PASSWORD)
    shipment = Shipment.objects.get(reference="SHIP-0")
    page = seen.open(f"/admin/shipments/shipment/{shipment.pk}/change/")
    page.get_by_role("button", name="UTC").click()
    page.wait_for_load_state()
    page.reload()
    expect(page.get_by_role("button", name="UTC")).to_have_attribute("aria-pressed", "true")
    assert {text.strip() for text in page.locator("#timeline td time i").all_inner_texts()} == {"UTC"}
    page = seen.open("/admin/shipments/shipment/")
    page.keyboard.press("/")
    page.keyboard.type("ship-2")
    page.keyboard.press("Enter")
    expect(page.locator("tbody tr")).to_have_count(1)
    page = seen.open("/admin/shipments/shipment/")
    page.locator("summary", has_text="Filters").click()
    page.get_by_label("On time").check()
    page.get_by_role("button", name="Show").click()
    expect(page.locator(".wm-chips li").first).to_contain_text("Health: On time")
    seen.must_be_sound("console-filters")


def test_the_console_answers_without_scripts_too(window: Open, colleague: User) -> None:
    seen = window(1440, scripts=False)
    page = seen.sign_in(colleague.email, PASSWORD)
    case = ShipmentException.objects.get(summary="Gate-out: late")
    page.goto(f"{seen.address}/admin/milestones/shipmentexception/{case.pk}/do/resolve/")
    assert page.locator("form textarea[name=reason]").count() == 1
