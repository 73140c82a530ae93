"""Papers in a real browser: filed, kept and withdrawn in the console, handed in by a partner; what was changed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.core.cache import cache
from playwright.sync_api import expect

from partners.enums import Role
from partners.models import User
from shipments.models import Document, Shipment
from shipments.services import add_units, change_shipment
from tests.browser.conftest import Window
from tests.factories.partners import PASSWORD, PartnerFactory, member
from tests.factories.shipments import DocumentFactory
from tests.portal.journeys import shipment_of, with_journey

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)

Open = Callable[..., Window]


@pytest.fixture
def shipment() -> Shipment:
    cache.clear()
    customer = PartnerFactory(name="Lumen Lighting BV", code="LUMEN")
    shipment = with_journey(shipment_of(customer, reference="SHIP-1", service="fcl"))
    DocumentFactory(shipment=shipment, audience="customer", name="Commercial invoice 4711 of Lumen Lighting BV.pdf")
    DocumentFactory(shipment=shipment, audience="partner", type="mbl", name="bill.pdf")
    gone = {"withdrawn_at": datetime(2026, 11, 3, tzinfo=UTC), "withdraw_reason": "Of another shipment"}
    DocumentFactory(shipment=shipment, type="packing_list", name="packing.xlsx", **gone)
    return shipment


@pytest.fixture
def colleague() -> User:
    return User.objects.create_superuser("maria@waymark.test", PASSWORD, name="Maria Okafor")


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
def test_the_sections_and_the_room_are_sound(
    window: Open, shipment: Shipment, colleague: User, width: int, dark: bool
) -> None:
    change_shipment(shipment, changes={"eta": datetime(2026, 12, 24, 8, tzinfo=UTC), "service": "lcl"}, by=colleague)
    add_units(shipment, [("container", "MSKU0000007", "")], by=None)
    seen, ground = window(width, dark=dark), "dark" if dark else "light"
    seen.sign_in(colleague.email, PASSWORD)
    document = Document.objects.order_by("pk").first()
    pages = {
        "shipment": f"/admin/shipments/shipment/{shipment.pk}/change/",
        "list": "/admin/shipments/document/",
        "one": f"/admin/shipments/document/{document.pk}/change/",
        "dialog": f"/admin/shipments/shipment/{shipment.pk}/do/file/",
    }
    for name, path in pages.items():
        page = seen.open(path)
        page.wait_for_load_state("networkidle")
        seen.must_be_sound(f"documents-{name}-{width}-{ground}")


@pytest.mark.parametrize("width", [1440, 390])
def test_a_document_is_filed_kept_and_withdrawn_in_dialogs(
    window: Open, shipment: Shipment, colleague: User, width: int, tmp_path: Path
) -> None:
    paper = tmp_path / "proof.pdf"
    paper.write_bytes(b"%PDF-1.7 proof")
    seen = window(width)
    seen.sign_in(colleague.email, PASSWORD)
    page = seen.open(f"/admin/shipments/shipment/{shipment.pk}/change/")
    page.get_by_role("link", name="File document…").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("What it is").select_option("pod")
    dialog.get_by_label("File").set_input_files(paper)
    dialog.get_by_role("button", name="File the document").click()
    expect(page.locator(".wm-messages")).to_contain_text("Document filed.")
    with page.expect_download() as download:
        page.get_by_role("link", name="proof.pdf", exact=True).click()
    assert Path(download.value.path()).read_bytes() == b"%PDF-1.7 proof"
    page.get_by_role("link", name="Withdraw proof.pdf").click()
    dialog.get_by_label("Reason").fill("Wrong file")
    dialog.get_by_role("button", name="Withdraw").click()
    expect(page.locator(".wm-messages")).to_contain_text("Document withdrawn.")
    expect(page.get_by_text("Wrong file")).to_be_visible()
    assert (seen.complaints, seen.strangers) == ([], [])


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
def test_a_partner_hands_a_document_in_without_a_script(
    window: Open, shipment: Shipment, width: int, dark: bool, tmp_path: Path
) -> None:
    paper = tmp_path / "Lieferschein.pdf"
    paper.write_bytes(b"%PDF-1.7 ours")
    person = member(shipment.customer, Role.EDITOR, email="anna@lumen.example", name="Anna Visser")
    seen, ground = window(width, dark=dark, scripts=False), "dark" if dark else "light"
    page = seen.sign_in(person.email, PASSWORD)
    page.goto(f"{seen.address}/portal/shipments/{shipment.public_id}/")
    page.get_by_role("link", name="Hand in a document …").click()
    seen.must_be_sound(f"portal-document-form-{width}-{ground}")
    page.get_by_label("What it is").select_option("delivery_order")
    page.get_by_label("File").set_input_files(paper)
    page.get_by_role("button", name="Hand in").click()
    seen.must_be_sound(f"portal-documents-{width}-{ground}")
    assert page.locator(".papers li a").all_inner_texts() == [
        "Lieferschein.pdf", "Commercial invoice 4711 of Lumen Lighting BV.pdf",
    ]  # fmt: skip
    with page.expect_download() as download:
        page.locator(".papers li a").first.click()
    assert download.value.suggested_filename == "Lieferschein.pdf"
