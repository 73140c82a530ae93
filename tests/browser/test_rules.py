"""A rule is built in a real browser, by keyboard, counted while it grows, tried on the past, saved and enabled."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.utils import timezone
from playwright.sync_api import Locator, Page, expect

from milestones.models import ExceptionRule
from milestones.services import evaluate_shipments
from partners.models import User
from partners.services import work_jobs
from shipments.models import Shipment
from tests.browser.conftest import Window
from tests.factories.partners import PASSWORD, PartnerFactory
from tests.factories.shipments import ShipmentFactory

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)

Open = Callable[..., Window]
NEW = "/admin/milestones/exceptionrule/new/"
# What a person types comes back as text, never as a script.
EVIL = '</script><img src=x onerror="document.title=1">'


@pytest.fixture
def colleague() -> User:
    cache.clear()
    customer = PartnerFactory(name="Lumen Lighting BV", code="LUMEN")
    for number in range(3):
        shipment = ShipmentFactory(reference=f"SHIP-{number}", customer=customer)
        Shipment.objects.filter(pk=shipment.pk).update(created_at=timezone.now() - timedelta(days=40))
        evaluate_shipments([shipment.pk], now=timezone.now())
    return User.objects.create_superuser("maria@waymark.test", PASSWORD, name="Maria Okafor")


def rows(page: Page) -> Locator:
    return page.locator(".rb-row")


def fill_in(page: Page) -> None:
    page.get_by_label("Name", exact=False).first.fill("Slow ones")
    page.get_by_label("Code", exact=False).first.fill("slow")


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
def test_a_rule_is_built_tried_saved_and_enabled(window: Open, colleague: User, width: int, dark: bool) -> None:
    seen, ground = window(width, dark=dark), "dark" if dark else "light"
    seen.sign_in(colleague.email, PASSWORD)
    page = seen.open(NEW)
    fill_in(page)
    counted = page.locator("[data-counted]")
    page.get_by_role("button", name="Add a comparison").click()
    expect(rows(page)).to_have_count(1)
    expect(counted).to_contain_text("Holds now for 3 open shipments.")
    page.get_by_role("button", name="Add a group").first.click()
    expect(rows(page)).to_have_count(2)
    inner = rows(page).nth(1)
    inner.get_by_label("Field").select_option("milestone.state")
    inner.get_by_label("Operator").select_option("in")
    inner.get_by_label("Value").select_option(["overdue", "missing"])
    expect(counted).to_contain_text("open milestones.")
    page.locator(".rb-group .rb-group").get_by_role("button", name="Add a comparison").click()
    third = rows(page).nth(2)
    third.get_by_label("Field").select_option("shipment.etd")
    third.get_by_label("Value").fill("soon")
    expect(counted).to_contain_text("Give an instant")
    expect(third).to_have_class("rb-row is-wrong")
    third.get_by_label("Value").fill("now-1d")
    expect(counted).to_contain_text("open milestones.")
    expect(page.locator(".rb-row.is-wrong")).to_have_count(0)
    seen.must_be_sound(f"rule-builder-{width}-{ground}")

    page.get_by_role("button", name="Try on the last 90 days").click()
    expect(page.locator(".wm-messages")).to_contain_text("nothing is saved yet")
    assert work_jobs() == 1
    page.reload()
    expect(page.get_by_text("Cases it would have opened")).to_be_visible()
    seen.must_be_sound(f"rule-backtest-{width}-{ground}")
    page.get_by_role("link", name="Go on with this draft").click()
    expect(rows(page)).to_have_count(3)
    page.get_by_role("button", name="Save").click()
    expect(page.locator(".wm-messages")).to_contain_text("Saved as version 1.")
    rule = ExceptionRule.objects.get(code="slow")
    assert rule.condition == {
        "all": [
            {"field": "shipment.mode", "op": "is", "value": "ocean"},
            {
                "any": [
                    {"field": "milestone.state", "op": "in", "value": ["overdue", "missing"]},
                    {"field": "shipment.etd", "op": "less", "value": "now-1d"},
                ]
            },
        ]
    }
    seen.must_be_sound(f"rule-page-{width}-{ground}")
    page.get_by_role("link", name="Enable…").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Tried on 3 shipments")
    seen.must_be_sound(f"rule-enable-{width}-{ground}")
    dialog.get_by_role("button", name="Enable").click()
    expect(page.locator(".wm-messages")).to_contain_text("The rule is on")
    rule.refresh_from_db()
    assert rule.is_active


def test_a_condition_is_built_with_the_keyboard_alone(window: Open, colleague: User) -> None:
    seen = window()
    seen.sign_in(colleague.email, PASSWORD)
    page = seen.open(NEW)
    page.get_by_role("button", name="Add a comparison").focus()
    page.keyboard.press("Enter")
    # The field of the new row has the focus; typing chooses, tab goes on.
    page.keyboard.type("Reference")
    page.keyboard.press("Tab")
    page.keyboard.type("starts")
    page.keyboard.press("Tab")
    page.keyboard.type(EVIL)
    page.keyboard.press("Tab")
    written = page.locator("[name=condition]")
    assert json.loads(written.input_value()) == {
        "all": [{"field": "shipment.reference", "op": "starts_with", "value": EVIL}]
    }
    page.keyboard.press("Enter")
    expect(rows(page)).to_have_count(0)
    assert written.input_value() == ""
    assert page.evaluate("document.activeElement.textContent.trim()").endswith("Add a comparison")
    assert (seen.complaints, seen.strangers, page.title() == "1") == ([], [], False)


def test_what_was_refused_comes_back_as_it_was_built(window: Open, colleague: User) -> None:
    seen = window()
    seen.sign_in(colleague.email, PASSWORD)
    page = seen.open(NEW)
    page.get_by_role("button", name="Add a comparison").click()
    rows(page).get_by_label("Field").select_option("shipment.reference")
    rows(page).get_by_label("Value").fill(EVIL)
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("alert")).to_contain_text("Not saved")
    expect(rows(page).get_by_label("Value")).to_have_value(EVIL)
    rows(page).get_by_label("Operator").select_option("is_empty")
    expect(rows(page).get_by_label("Value")).to_have_count(0)
    assert json.loads(page.locator("[name=condition]").input_value()) == {
        "all": [{"field": "shipment.reference", "op": "is_empty"}]
    }
    assert (seen.complaints, page.title() == "1") == ([], False)


def test_a_condition_that_the_script_cannot_show_stays_json(window: Open, colleague: User) -> None:
    rule = ExceptionRule.objects.get(code="overdue")
    ExceptionRule.objects.filter(pk=rule.pk).update(condition={"field": "gone.field", "op": "is", "value": 1})
    seen = window()
    seen.sign_in(colleague.email, PASSWORD)
    page = seen.open(f"/admin/milestones/exceptionrule/{rule.pk}/edit/")
    expect(page.locator("[name=condition]")).to_be_visible()
    expect(page.locator("[data-builder]")).to_be_hidden()


def test_without_a_script_the_form_is_there_with_the_condition_as_json(window: Open, colleague: User) -> None:
    seen = window(scripts=False)
    seen.sign_in(colleague.email, PASSWORD)
    page = seen.open(NEW)
    assert page.locator("form[data-rule] textarea[name=condition]:not([hidden])").count() == 1
    assert page.locator("[data-builder]").get_attribute("hidden") == ""
