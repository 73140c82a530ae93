"""A draft of a template written in a real browser: the plan beside it moves while somebody types."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.core.cache import cache
from playwright.sync_api import Dialog, Page, expect

from milestones.models import MilestoneTemplate
from milestones.services.template_rows import draft_of
from milestones.services.templates import new_version
from partners.models import User
from tests.browser.conftest import Window
from tests.factories.partners import PASSWORD
from tests.factories.shipments import LocationFactory

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)

Open = Callable[..., Window]
CONTROLS = "#te-form :is(a, button:not([aria-hidden]), select, summary, textarea, input:not([type=hidden]))"


@pytest.fixture
def draft() -> MilestoneTemplate:
    cache.clear()
    LocationFactory(unlocode="CNSGH", name="Shanghai", country="CN", time_zone="Asia/Shanghai")
    LocationFactory(unlocode="NLRTM", name="Rotterdam", country="NL", time_zone="Europe/Amsterdam")
    return new_version(MilestoneTemplate.objects.active().get(code="OCEAN-IMPORT"), by=None)


@pytest.fixture
def colleague(draft: MilestoneTemplate) -> User:
    return User.objects.create_superuser("maria@waymark.test", PASSWORD, name="Maria Okafor")


def editor(seen: Window, colleague: User, draft: MilestoneTemplate) -> Page:
    seen.sign_in(colleague.email, PASSWORD)
    page = seen.open(f"/admin/milestones/milestonetemplate/{draft.pk}/edit/")
    page.locator("#te--s_etd").fill("2027-03-01T10:00")
    page.locator("#te--s_eta").fill("2027-04-02T10:00")
    expect(due(page, "Vessel arrived")).to_contain_text("2 Apr 2027 10:00")
    return page


def due(page: Page, name: str) -> object:
    return page.locator("#te-plan tr", has=page.get_by_role("rowheader", name=name)).locator("td")


def field(page: Page, draft: MilestoneTemplate, type: str, name: str) -> object:
    position = next(line.position for line in draft_of(draft).lines if line.type == type)
    return page.locator(f"#te-{position}-{name}")


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
def test_the_plan_moves_while_somebody_types(
    window: Open, colleague: User, draft: MilestoneTemplate, width: int, dark: bool
) -> None:
    seen = window(width, dark=dark)
    page = editor(seen, colleague, draft)
    look = f"{width}-{'dark' if dark else 'light'}"
    seen.must_be_sound(f"console-template-{look}")
    expect(due(page, "Discharged from vessel")).to_contain_text("3 Apr 2027 10:00")
    field(page, draft, "DISCHARGED", "offset").fill("2d 6h")
    expect(due(page, "Discharged from vessel")).to_contain_text("4 Apr 2027 16:00")
    seen.must_be_sound(f"console-template-moved-{look}")
    # What makes no sense is said at its field, and the plan that stood is kept.
    field(page, draft, "DISCHARGED", "offset").fill("soon")
    wrong = field(page, draft, "DISCHARGED", "offset")
    expect(wrong).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_text("Write days, hours and minutes such as 2d 4h 30m.")).to_be_visible()
    seen.must_be_sound(f"console-template-wrong-{look}")
    wrong.fill("1d 12h")
    expect(wrong).not_to_have_attribute("aria-invalid", "true")
    page.get_by_role("button", name="Save draft").click()
    expect(page.get_by_text("Saved. It is still a draft")).to_be_visible()
    expect(due(page, "Discharged from vessel")).to_contain_text("3 Apr 2027 22:00")
    line = next(line for line in draft_of(draft).lines if line.type == "DISCHARGED")
    assert line.offset_minutes == 36 * 60


def test_lines_move_by_keyboard_and_what_is_new_is_written(
    window: Open, colleague: User, draft: MilestoneTemplate
) -> None:
    seen = window(1440)
    page = editor(seen, colleague, draft)
    before = [line.type for line in draft_of(draft).lines]
    place = before.index("DISCHARGED")
    up = page.get_by_role("button", name="Move up: Discharged from vessel")
    up.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#wm-live")).to_contain_text(f"({place}/{len(before)})")
    expect(page.get_by_role("button", name="Move up: Discharged from vessel")).to_be_focused()
    page.get_by_role("button", name="Add a milestone").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#te-n1-type")).to_be_focused()
    page.keyboard.type("STUFFED")
    page.keyboard.press("Tab")
    page.keyboard.type("Stuffed again")
    page.keyboard.press("Tab")
    page.keyboard.press("Control+A")
    page.keyboard.type("1d")
    page.locator("#te-n1-anchor").select_option(label="Delivered")
    expect(due(page, "Stuffed again")).to_contain_text("Apr 2027")
    # A line that is renamed is called so wherever another one counts from it.
    field(page, draft, "ARRIVED", "name").fill("Berthed")
    assert field(page, draft, "DISCHARGED", "anchor").locator("option:checked").inner_text() == "Berthed"
    page.get_by_role("button", name="Save draft").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("Saved. It is still a draft")).to_be_visible()
    after = [line.type for line in draft_of(MilestoneTemplate.objects.get(pk=draft.pk)).lines]
    assert after[place - 1] == "DISCHARGED"
    assert after[-1] == "STUFFED"
    seen.must_be_sound("console-template-saved")


def test_what_is_not_saved_is_not_lost_unasked(window: Open, colleague: User, draft: MilestoneTemplate) -> None:
    seen = window(1440)
    page = editor(seen, colleague, draft)
    asked: list[str] = []

    def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    page.on("dialog", stay)
    # The sample is no part of the draft: changing it is nothing to lose.
    page.get_by_role("link", name="Back to the version").click()
    page.wait_for_url("**/change/")
    page.go_back()
    field(page, draft, "DISCHARGED", "name").fill("Unloaded")
    page.get_by_role("link", name="Back to the version").click()
    expect(page.locator("#te-form")).to_be_visible()
    assert asked == ["beforeunload"]
    page.remove_listener("dialog", stay)
    page.get_by_role("button", name="Save draft").click()
    expect(page.get_by_text("Saved. It is still a draft")).to_be_visible()


def test_without_scripts_the_buttons_do_it(window: Open, colleague: User, draft: MilestoneTemplate) -> None:
    seen = window(1440, scripts=False)
    page = seen.sign_in(colleague.email, PASSWORD)
    seen.open(f"/admin/milestones/milestonetemplate/{draft.pk}/edit/")
    page.locator("#te--s_eta").fill("2027-04-02T10:00")
    field(page, draft, "DISCHARGED", "offset").fill("2d 6h")
    page.get_by_role("button", name="Show plan").press("Enter")
    expect(due(page, "Discharged from vessel")).to_contain_text("4 Apr 2027 16:00")
    page.get_by_role("button", name="Save draft").press("Enter")
    expect(page.get_by_text("Saved. It is still a draft")).to_be_visible()


def test_every_field_and_button_has_a_name(window: Open, colleague: User, draft: MilestoneTemplate) -> None:
    seen = window(390)
    page = editor(seen, colleague, draft)
    for summary in page.locator(".te-details > summary").all():
        summary.click()
    nameless = page.evaluate(
        """(selector) => [...document.querySelectorAll(selector)].filter((each) => !(
            each.getAttribute("aria-label") || (each.labels && each.labels.length) || each.textContent.trim()
        )).map((each) => each.outerHTML.slice(0, 120))""",
        CONTROLS,
    )
    assert nameless == []
    seen.must_be_sound("console-template-open-390")
