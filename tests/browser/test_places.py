"""A place that nobody knows, in a real browser: it is named after a look at what moves, and the events move."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from django.core.cache import cache
from playwright.sync_api import expect

from milestones.services import evaluate_shipments
from partners.models import User
from shipments.models import Event, LocationAlias, WaitingEvent
from shipments.services import ingest_waiting, receive
from tests.browser.conftest import Window
from tests.factories.partners import PASSWORD, PartnerFactory
from tests.factories.shipments import ShipmentFactory, SourceFactory, native, payload

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)

Open = Callable[..., Window]
NOW = datetime(2026, 11, 4, 12, 0, tzinfo=UTC)
# Names come from partners: this one would be a script on every page that shows it without care.
QUAY, EVIL = "Ohi Quay 3", '"><img src=x onerror="document.title=1">'


@pytest.fixture
def colleague() -> User:
    cache.clear()
    shipment = ShipmentFactory(
        reference="SHIP-1",
        customer=PartnerFactory(name="Lumen Lighting BV", code="LUMEN"),
        references=[("mbl", "MBL-1")],
    )
    evaluate_shipments([shipment.pk], now=NOW)
    source = SourceFactory(code="BLUELINE", partner=PartnerFactory(name="Blue Line", code="BLUE"))
    for code, name in (("ARRIVED", QUAY), ("DISCHARGED", QUAY), ("GATE_OUT", EVIL)):
        event = native(code, ("mbl", "MBL-1"), occurred_at="2026-11-03T09:00", location={"name": name})
        receive(source, payload(event))
    ingest_waiting()
    return User.objects.create_superuser("maria@waymark.test", PASSWORD, name="Maria Okafor")


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
def test_an_unknown_place_is_named_and_its_events_move(window: Open, colleague: User, width: int, dark: bool) -> None:
    seen, ground = window(width, dark=dark), "dark" if dark else "light"
    seen.sign_in(colleague.email, PASSWORD)
    page = seen.open("/admin/shipments/location/unknown/")
    expect(page.locator("tbody tr")).to_have_count(2)
    expect(page.locator("tbody tr").first).to_contain_text(QUAY)
    expect(page.locator("tbody tr").last).to_contain_text(EVIL)
    seen.must_be_sound(f"places-unknown-{width}-{ground}")
    page.get_by_role("link", name=f"Which place is {QUAY}?").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("heading")).to_contain_text(f"The place is not known: {QUAY}")
    dialog.locator("[name=place]").fill("JPTYO")
    dialog.get_by_role("button", name="Show what it does").click()
    preview = dialog.get_by_role("status")
    expect(preview).to_contain_text("2 events would move")
    expect(preview).to_contain_text("+09")
    # Nothing of what moves is cut off at the side.
    table = preview.locator(".wm-table-wrap")
    assert table.evaluate("e => e.scrollWidth - e.clientWidth") == 0
    assert WaitingEvent.objects.unplaced().count() == 3
    seen.must_be_sound(f"places-dialog-{width}-{ground}")
    dialog.get_by_role("button", name="Save place").click()
    expect(page.locator(".wm-messages")).to_contain_text("Saved; the events were read again.")
    expect(page.locator("tbody tr")).to_have_count(1)
    moved = Event.objects.filter(location__unlocode="JPTYO").values_list("code", "occurred_at")
    assert sorted(moved) == [(code, datetime(2026, 11, 3, 0, tzinfo=UTC)) for code in ("ARRIVED", "DISCHARGED")]
    alias = LocationAlias.objects.get(value__endswith="|OHI QUAY 3")
    assert (alias.location.unlocode, alias.source.code, alias.created_by) == ("JPTYO", "BLUELINE", colleague)
    assert (seen.complaints, seen.strangers, page.title() == "1") == ([], [], False)
