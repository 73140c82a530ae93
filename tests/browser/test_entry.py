"""What people enter and hand in, in a real browser: pasted dates, tables, and taking them back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from django.core.cache import cache
from django.utils import timezone
from playwright.sync_api import Page, expect

from milestones.services import evaluate_shipments
from partners.enums import Role
from partners.models import User
from shipments.enums import Format
from shipments.models import Event, Shipment, Upload
from shipments.services import ingest_waiting
from tests.browser.conftest import Window
from tests.factories.partners import PASSWORD, PartnerFactory, member
from tests.factories.shipments import SourceFactory
from tests.portal.journeys import shipment_of, with_journey, with_party

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)

Open = Callable[..., Window]
CONTROLS = "a:not(.skip), button:not([aria-hidden]), select, summary, textarea, input:not([type=hidden])"
TABLE = (
    "code,occurred_at,reference,unlocode\n"
    "DEPARTED,2026-11-07 18:30,SHIP-1,CNSGH\n"
    "DEPARTED,2026-11-08 06:10,SHIP-2,CNSGH\n"
    "ARRIVED,31/02/2026 14:00,SHIP-1,NLRTM\n"
    "ARRIVED,2026-11-21 14:00,UNKNOWN-7,NLRTM\n"
)


@pytest.fixture
def shipments() -> list[Shipment]:
    cache.clear()
    customer = PartnerFactory(name="Lumen Lighting BV", code="LUMEN")
    carrier = PartnerFactory(name="Rotterdam Drayage BV", code="RDRAY", kinds=["carrier"])
    made = [with_journey(shipment_of(customer, reference=f"SHIP-{n}"), done=2) for n in (1, 2, 3)]
    for one in made:
        with_party(one, carrier)
    return made


@pytest.fixture
def colleague(shipments: list[Shipment]) -> User:
    SourceFactory(code="DRAYAGE-TABLES", format=Format.CSV, partner=shipments[0].parties.last().partner)
    return User.objects.create_superuser("maria@waymark.test", PASSWORD, name="Maria Okafor")


@pytest.fixture
def driver(shipments: list[Shipment]) -> User:
    return member(shipments[0].parties.last().partner, Role.EDITOR, email="piet@drayage.example", name="Piet de Wit")


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "arrivals.csv"
    path.write_text(TABLE, "utf-8")
    return path


def paste(page: Page, selector: str, text: str) -> None:
    """What the browser tells a page when somebody presses Ctrl+V there."""
    page.locator(selector).focus()
    page.evaluate(
        """([selector, text]) => {
            const data = new DataTransfer();
            data.setData("text/plain", text);
            document.querySelector(selector).dispatchEvent(
                new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
        }""",
        [selector, text],
    )


def picture(seen: Window, name: str, width: int, dark: bool) -> None:
    seen.must_be_sound(f"console-{name}-{width}-{'dark' if dark else 'light'}")


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
def test_dates_are_pasted_put_right_and_recorded(window: Open, colleague: User, width: int, dark: bool) -> None:
    seen = window(width, dark=dark)
    seen.sign_in(colleague.email, PASSWORD)
    page = seen.open("/admin/shipments/shipment/grid/")
    picture(seen, "grid-empty", width, dark)
    page.locator("select[name=c0]").select_option("DEPARTED")
    page.locator("select[name=c1]").select_option("ARRIVED")
    page.locator("select[name=k1]").select_option("EST")
    paste(
        page,
        "input[name=r0]",
        "SHIP-1\t07.11.2026 18:30\t2026-12-07 08:00\nSHIP-2\t31.02.2026\t\nSHIP-3\t\t9.12.2026\n",
    )
    assert page.locator("input[name=x1_0]").input_value() == "31.02.2026"
    page.get_by_role("button", name="Check").last.click()
    bad = page.locator("input[name=x1_0]")
    expect(bad).to_have_attribute("aria-invalid", "true")
    expect(page.locator("#eg-e-x1_0")).to_contain_text("There is no such date and time.")
    picture(seen, "grid-error", width, dark)
    assert Event.objects.count() == 0
    bad.fill("2026-11-08 06:10")
    page.get_by_role("button", name="Check").last.click()
    expect(page.get_by_role("button", name="Record 4 dates")).to_be_visible()
    picture(seen, "grid-preview", width, dark)
    page.get_by_role("button", name="Record 4 dates").click()
    expect(page.get_by_text("4 dates were recorded.")).to_be_visible()
    picture(seen, "grid-done", width, dark)
    shipment = Shipment.objects.get(reference="SHIP-2")
    evaluate_shipments([shipment.pk], now=timezone.now())
    page = seen.open(f"/admin/shipments/shipment/{shipment.pk}/change/")
    expect(page.locator("#timeline")).to_contain_text("8 Nov 06:10")


def test_keys_move_in_the_grid_and_a_long_paste_makes_rows(window: Open, colleague: User) -> None:
    seen = window(1440)
    seen.sign_in(colleague.email, PASSWORD)
    page = seen.open("/admin/shipments/shipment/grid/")
    page.locator("input[name=r0]").focus()
    for key, name in (
        ("ArrowDown", "r1"),
        ("ArrowRight", "x1_0"),
        ("Enter", "x2_0"),
        ("ArrowUp", "x1_0"),
        ("ArrowLeft", "r1"),
    ):
        page.keyboard.press(key)
        assert page.evaluate("document.activeElement.name") == name
    paste(page, "input[name=r1]", "\n".join(f"SHIP-{n}" for n in range(12)))
    assert page.locator("tbody tr").count() == 13
    assert page.locator("input[name=r12]").input_value() == "SHIP-11"
    assert (seen.complaints, seen.strangers) == ([], [])


def test_selected_shipments_lead_to_their_grid(window: Open, colleague: User) -> None:
    seen = window(1440)
    seen.sign_in(colleague.email, PASSWORD)
    page = seen.open("/admin/shipments/shipment/?o=reference")
    for key in "jxjx":
        page.keyboard.press(key)
    page.get_by_role("button", name="Enter dates…").click()
    page.wait_for_url("**/grid/**")
    assert len([v for v in (page.locator(f"input[name=r{n}]").input_value() for n in range(5)) if v]) == 2


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
def test_a_table_is_checked_imported_and_undone(
    window: Open, colleague: User, table: Path, width: int, dark: bool
) -> None:
    """INB-4 and INB-5."""
    seen = window(width, dark=dark)
    seen.sign_in(colleague.email, PASSWORD)
    page = seen.open("/admin/shipments/upload/new/")
    picture(seen, "upload-new", width, dark)
    page.get_by_label("File").set_input_files(table)
    page.get_by_role("button", name="Check the file").click()
    expect(page.get_by_text("3 ready")).to_be_visible()
    picture(seen, "upload-check", width, dark)
    with page.expect_download() as begun:
        page.get_by_role("link", name="Download the rows with problems").click()
    assert "31/02/2026 14:00" in Path(begun.value.path()).read_text("utf-8-sig")
    page.get_by_role("button", name="Import 3 rows").click()
    expect(page.get_by_role("progressbar")).to_be_visible()
    picture(seen, "upload-progress", width, dark)
    ingest_waiting()
    expect(page.get_by_text("2 matched")).to_be_visible(timeout=10_000)
    assert page.locator('meta[http-equiv="refresh"]').count() == 0
    picture(seen, "upload-result", width, dark)
    page.get_by_role("link", name="Undo the import…").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("3 events are taken back.")
    dialog.get_by_label("Reason").fill("The dates were of last year")
    dialog.get_by_role("button", name="Take back").click()
    expect(page.get_by_text("The events of this import count no more.")).to_be_visible()
    picture(seen, "upload-undone", width, dark)
    assert Upload.objects.get().state == "undone"


def test_columns_are_confirmed_when_headings_are_unknown(window: Open, colleague: User, tmp_path: Path) -> None:
    path = tmp_path / "foreign.csv"
    path.write_text("Event Cod;Event Timestmp;Booking Numbr\nDEPARTED;2026-11-07;SHIP-1\n", "utf-8")
    seen = window(1440)
    seen.sign_in(colleague.email, PASSWORD)
    page = seen.open("/admin/shipments/upload/new/")
    page.get_by_label("File").set_input_files(path)
    page.get_by_role("button", name="Check the file").click()
    expect(page.get_by_label("Milestone or status code")).to_have_value("Event Cod")
    seen.must_be_sound("console-upload-columns-1440-light")
    page.get_by_role("button", name="Check with these columns").click()
    expect(page.get_by_role("button", name="Import 1 row")).to_be_visible()
    expect(page.get_by_label("Remember the columns for this source")).to_be_visible()


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_a_driver_fills_his_grid_on_a_phone_without_a_script(window: Open, driver: User, dark: bool) -> None:
    seen = window(390, dark=dark, scripts=False)
    seen.sign_in(driver.email, PASSWORD)
    page = seen.open("/portal/report/grid/")
    picture(seen, "portal-grid-empty", 390, dark)
    page.get_by_label("Cells").fill(
        "Shipment\tDeparted\tArrived (expected)\nSHIP-1\t07.11.2026 18:30\tsoon\nSHIP-9\t\t\n"
    )
    page.get_by_role("button", name="Read and check").click()
    expect(page.locator("#eg-e-x0_1")).to_contain_text("There is no such date and time.")
    expect(page.locator("#eg-e-r1")).to_contain_text("No shipment of yours has this reference.")
    picture(seen, "portal-grid-error", 390, dark)
    page.locator("input[name=x0_1]").fill("2026-12-09")
    page.locator("input[name=r1]").fill("")
    page.get_by_role("button", name="Check").last.click()
    picture(seen, "portal-grid-preview", 390, dark)
    page.get_by_role("button", name="Record 2 dates").click()
    expect(page.get_by_text("2 dates were recorded.")).to_be_visible()
    picture(seen, "portal-grid-done", 390, dark)
    assert Event.objects.count() == 2


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
def test_a_partner_hands_in_a_table(window: Open, driver: User, table: Path, width: int, dark: bool) -> None:
    seen = window(width, dark=dark, scripts=False)
    seen.sign_in(driver.email, PASSWORD)
    page = seen.open("/portal/uploads/")
    picture(seen, "portal-uploads", width, dark)
    page.get_by_label("File").set_input_files(table)
    page.get_by_role("button", name="Check the file").click()
    expect(page.get_by_text("3 ready")).to_be_visible()
    picture(seen, "portal-upload-check", width, dark)
    page.get_by_role("button", name="Import 3 rows").click()
    picture(seen, "portal-upload-progress", width, dark)
    ingest_waiting()
    expect(page.get_by_text("2 matched")).to_be_visible(timeout=10_000)
    picture(seen, "portal-upload-result", width, dark)
    page.locator("summary", has_text="Undo the import").click()
    page.get_by_label("Reason").fill("Wrong week")
    page.get_by_role("button", name="Take back").click()
    expect(page.get_by_text("The events of this import count no more.")).to_be_visible()
    page = seen.open("/portal/uploads/")
    picture(seen, "portal-uploads-listed", width, dark)


def test_fingers_hit_every_control_of_the_grid_and_the_uploads(window: Open, driver: User) -> None:
    seen = window(390)
    seen.sign_in(driver.email, PASSWORD)
    small: list[str] = []
    for path in ("/portal/report/grid/", "/portal/uploads/"):
        small += seen.open(path).evaluate(
            f"() => [...document.querySelectorAll('{CONTROLS}')]"
            ".filter(one => one.getBoundingClientRect().height < 44).map(one => one.outerHTML)"
        )
    assert small == []
