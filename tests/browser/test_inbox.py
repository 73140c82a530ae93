"""The inbox in a real browser: a code is mapped after a look at what it does, and a message goes to the clinic."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from django.core.cache import cache
from playwright.sync_api import expect

from milestones.services import evaluate_shipments
from partners.models import User
from partners.services import work_jobs
from shipments.enums import Format
from shipments.models import CodeMapping, Event, Message, Source
from shipments.services import ingest_waiting, receive, save_mapping
from tests.browser.conftest import Window
from tests.factories.partners import PASSWORD, PartnerFactory
from tests.factories.shipments import ShipmentFactory, SourceFactory

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)

Open = Callable[..., Window]
NOW = datetime(2026, 11, 4, 12, 0, tzinfo=UTC)


def interchange(*statuses: str, number: int = 7) -> bytes:
    """A 214 with these AT7 statuses, each at Rotterdam on 3 November 2026."""
    loops = "".join(
        f"LX*{n}~AT7*{code}*NS***20261103*1{n}00*LT~MS1*ROTTERDAM**NL~" for n, code in enumerate(statuses, 1)
    )
    return (
        f"ISA*00*          *00*          *ZZ*BLUELINE       *ZZ*WAYMARK        *261103*1200*U*00401*{number:09}*0*P*>~"
        f"GS*QM*BLUELINE*WAYMARK*20261103*1200*{number}*X*004010~ST*214*0001~B10*PRO-1*SHIP-1*BLUE~L11*MBL-1*MB~"
        f"{loops}SE*{4 + 3 * len(statuses)}*0001~GE*1*{number}~IEA*1*{number:09}~"
    ).encode()


@pytest.fixture
def source() -> Source:
    made: Source = SourceFactory(
        code="BLUELINE", format=Format.X12_214, partner=PartnerFactory(name="Blue Line", code="BLUE")
    )
    return made


@pytest.fixture
def colleague(source: Source) -> User:
    cache.clear()
    customer = PartnerFactory(name="Lumen Lighting BV", code="LUMEN")
    shipment = ShipmentFactory(reference="SHIP-1", customer=customer, references=[("mbl", "MBL-1")])
    evaluate_shipments([shipment.pk], now=NOW)
    other = SourceFactory(code="OTHER", format=Format.X12_214)
    save_mapping(
        format="x12_214", code_list="1650", raw_code="Q9", code="DEPARTED", classifier="ACT", source=other, by=None,
        note="vessel has left the berth",
    )  # fmt: skip
    receive(source, interchange("Q9", "AF", "ZQ"), filename="status-0711.edi")
    receive(source, interchange("Q9", number=8).replace(b"1100*LT", b"1130*LT"), filename="status-0712.edi")
    ingest_waiting()
    return User.objects.create_superuser("maria@waymark.test", PASSWORD, name="Maria Okafor")


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
def test_pages_are_sound(window: Open, colleague: User, width: int, dark: bool) -> None:
    seen, ground = window(width, dark=dark), "dark" if dark else "light"
    seen.sign_in(colleague.email, PASSWORD)
    message, mapping = Message.objects.order_by("pk")[0], CodeMapping.objects.get(raw_code="Q9")
    event = Event.objects.get(message=message, raw_code="AF")
    seen.open("/admin/partners/job/do/reprocess/")
    seen.page.get_by_role("button", name="Show what would change").click()
    seen.page.wait_for_load_state()
    pages = {
        "waiting": "/admin/shipments/waitingevent/?open=yes",
        "unmapped": "/admin/shipments/waitingevent/unmapped/",
        "message": f"/admin/shipments/message/{message.pk}/change/?event={event.pk}",
        "mappings": "/admin/shipments/codemapping/?current=yes&list=1650",
        "mapping": f"/admin/shipments/codemapping/{mapping.pk}/change/",
        "import": "/admin/shipments/codemapping/import/",
        "empty": "/admin/clinic/",
        "jobs": "/admin/partners/job/?who=me",
    }
    for name, path in pages.items():
        page = seen.open(path)
        page.wait_for_load_state("networkidle")
        seen.must_be_sound(f"clinic-{name}-{width}-{ground}")


@pytest.mark.parametrize("width", [1440, 390])
def test_a_code_is_mapped_from_the_queue_after_a_look_at_what_it_does(
    window: Open, colleague: User, source: Source, width: int
) -> None:
    seen = window(width)
    seen.sign_in(colleague.email, PASSWORD)
    page = seen.open("/admin/shipments/waitingevent/unmapped/")
    expect(page.locator("tbody tr")).to_have_count(2)
    expect(page.locator("tbody tr").first).to_contain_text("Q9")
    page.get_by_role("link", name="Map code Q9").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_label("Our milestone type")).to_have_value("DEPARTED")
    expect(dialog).to_contain_text("The source OTHER uses the same code of list 1650 for it.")
    dialog.get_by_label("For", exact=True).select_option("source")
    dialog.get_by_role("button", name="Show what it does").click()
    expect(dialog).to_contain_text("2 events would be read again, 1 shipment changes.")
    expect(dialog.get_by_role("link", name="SHIP-1")).to_be_visible()
    seen.must_be_sound(f"clinic-map-dialog-{width}-light")
    assert Event.objects.filter(code="DEPARTED").count() == 0
    # What was looked at is what is done: another code asks for another look.
    dialog.get_by_label("Our milestone type").fill("LOADED")
    dialog.get_by_role("button", name="Save mapping").click()
    expect(dialog.get_by_role("status")).to_contain_text("Loaded on means of transport")
    assert CodeMapping.objects.filter(raw_code="Q9", source=source).count() == 0
    dialog.get_by_role("button", name="Departed").click()
    expect(dialog.get_by_label("Our milestone type")).to_have_value("DEPARTED")
    dialog.get_by_role("button", name="Save mapping").click()
    expect(dialog.get_by_role("status")).to_contain_text("Departed")
    expect(dialog.get_by_role("status")).not_to_contain_text("Loaded on means of transport")
    dialog.get_by_role("button", name="Save mapping").click()
    expect(page.locator(".wm-messages")).to_contain_text("Mapped; the events were read again.")
    expect(page.locator("tbody tr")).to_have_count(1)
    saved = CodeMapping.objects.get(raw_code="Q9", source=source)
    assert (saved.code_id, saved.classifier, saved.created_by) == ("DEPARTED", "ACT", colleague)
    assert Event.objects.filter(code="DEPARTED").count() == 2
    assert (seen.complaints, seen.strangers) == ([], [])


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
def test_a_pasted_214_goes_to_the_clinic(window: Open, colleague: User, width: int, dark: bool) -> None:
    seen, ground = window(width, dark=dark), "dark" if dark else "light"
    seen.sign_in(colleague.email, PASSWORD)
    before = (Message.objects.count(), Event.objects.count())
    page = seen.open("/admin/clinic/")
    text = interchange("AF", "X6", "ZZ7", number=9).decode().replace("20261103*1200*LT", "20269903*1200*LT")
    page.get_by_label("Message", exact=True).fill(text)
    page.get_by_label("As if it came from the source").fill("BLUELINE")
    page.get_by_role("button", name="Examine").click()
    found = page.locator("#found")
    expect(found).to_contain_text("X12 214")
    expect(found.get_by_role("heading", name="What it would change 1")).to_be_visible()
    expect(found.get_by_role("link", name="SHIP-1").first).to_be_visible()
    expect(found.get_by_role("heading", name="Problems 1")).to_be_visible()
    expect(found.locator("mark#hit")).to_contain_text("AT7*X6")
    expect(found).to_contain_text("nobody mapped it")
    seen.must_be_sound(f"clinic-found-{width}-{ground}")
    assert (Message.objects.count(), Event.objects.count()) == before


def test_a_change_is_read_again_from_the_mapping_and_applied_from_the_difference(
    window: Open, colleague: User, source: Source
) -> None:
    seen = window(1440)
    seen.sign_in(colleague.email, PASSWORD)
    mapping = save_mapping(format="x12_214", code_list="1650", raw_code="Q9", code="DEPARTED", by=None)
    page = seen.open(f"/admin/shipments/codemapping/{mapping.pk}/change/")
    page.get_by_role("link", name="Change…").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Our milestone type").fill("ARRIVED")
    dialog.get_by_role("button", name="Show what it does").click()
    expect(dialog).to_contain_text("0 events would be read again")
    dialog.get_by_role("button", name="Save").click()
    expect(page.locator(".wm-messages")).to_contain_text("New version saved.")
    page.get_by_role("link", name="Read again…").click()
    dialog.get_by_role("button", name="Show what would change").click()
    expect(page.locator("progress")).to_be_visible()
    seen.must_be_sound("clinic-job-running-1440-light")
    work_jobs()
    # The page notices by itself that it has ended.
    expect(page.get_by_role("link", name="Apply…")).to_be_visible(timeout=10_000)
    expect(page.locator("main")).to_contain_text("code: DEPARTED → ARRIVED")
    seen.must_be_sound("clinic-job-1440-light")
    page.get_by_role("link", name="Apply…").click()
    dialog.get_by_role("button", name="Apply").click()
    expect(page.locator(".wm-messages")).to_contain_text("The change is under way.")
    work_jobs()
    expect(page.locator("main")).to_contain_text("What changed", timeout=10_000)
    assert Event.objects.filter(code="ARRIVED").count() == 2
