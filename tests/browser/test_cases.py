"""The queue in the morning: one row a root, the worst first, and what to do about each; on a desk and on a phone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.utils import timezone
from playwright.sync_api import expect

from milestones.models import CaseGroup, ShipmentException, WorkTask
from milestones.services import evaluate_shipments
from partners.models import User
from shipments.models import ShipmentParty
from tests.browser.conftest import Window
from tests.factories.partners import PASSWORD, PartnerFactory, member
from tests.factories.shipments import EventFactory
from tests.portal.journeys import shipment_of

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)

Open = Callable[..., Window]
DAY = timedelta(days=1)
WHY = {"reason": "Port congestion"}


@pytest.fixture
def colleague() -> User:
    """Six shipments on one late vessel, one on hold, two that are overdue for themselves."""
    cache.clear()
    now = timezone.now()
    customers = [PartnerFactory(name="Lumen Lighting BV", code="LUMEN"), PartnerFactory(name="Arc", code="ARC")]
    carrier = PartnerFactory(name="Pearl Line", code="PEARL", kinds=["carrier"])
    member(carrier, email="desk@pearl.example")
    ships = []
    for number in range(6):
        one = shipment_of(customers[number % 2], reference=f"SEA-{number}", etd=now - 20 * DAY, eta=now + 5 * DAY)
        ShipmentParty.objects.create(shipment=one, partner=carrier, role="carrier")
        for code, days in (("GATE_IN", 22), ("LOADED", 21), ("DEPARTED", 20)):
            EventFactory(shipments=[one], code_id=code, occurred_at=now - days * DAY, location=one.origin,
                         received_at=now - days * DAY)  # fmt: skip
        EventFactory(shipments=[one], code_id="ARRIVED", classifier="EST", occurred_at=now + 9 * DAY,
                     location=one.destination, received_at=now - DAY, attributes=WHY)  # fmt: skip
        ships.append(one)
    held = shipment_of(customers[0], reference="SEA-HELD", etd=now - 20 * DAY, eta=now + 5 * DAY)
    for code, days in (("GATE_IN", 22), ("LOADED", 21), ("DEPARTED", 20), ("CUSTOMS_HOLD", 1)):
        EventFactory(shipments=[held], code_id=code, occurred_at=now - days * DAY, location=held.origin,
                     received_at=now - days * DAY)  # fmt: skip
    rest = [shipment_of(customers[1], reference=f"SEA-QUIET-{n}", etd=now - n * DAY, eta=now + 9 * DAY) for n in (3, 4)]
    evaluate_shipments([s.pk for s in (*ships, held, *rest)], now=now)
    return User.objects.create_superuser("maria@waymark.test", PASSWORD, name="Maria Okafor")


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
def test_the_pages_of_cases_are_sound(window: Open, colleague: User, width: int, dark: bool) -> None:
    seen, ground = window(width, dark=dark), "dark" if dark else "light"
    seen.sign_in(colleague.email, PASSWORD)
    root = CaseGroup.objects.get(key__endswith=":ARRIVED")
    case, task = root.cases.first(), WorkTask.objects.filter(exception__group=root).first()
    assert case is not None and task is not None
    held = ShipmentException.objects.get(kind="hold")
    room = "/admin/milestones/shipmentexception"
    pages = {
        "home": "/admin/",
        "queue": f"{room}/?state=open,acknowledged,snoozed",
        "each": f"{room}/?state=open,acknowledged,snoozed&each=1",
        "root": f"{room}/root/{root.pk}/",
        "case": f"{room}/{case.pk}/change/",
        "hold": f"{room}/{held.pk}/change/",
        "snooze": f"{room}/{case.pk}/do/snooze/",
        "tasks": "/admin/milestones/worktask/?state=open",
        "task": f"/admin/milestones/worktask/{task.pk}/change/",
    }
    for name, path in pages.items():
        page = seen.open(path)
        page.wait_for_load_state("networkidle")
        seen.must_be_sound(f"cases-{name}-{width}-{ground}")


def test_a_root_is_one_row_and_is_resolved_at_once(window: Open, colleague: User) -> None:
    seen = window(1440)
    seen.sign_in(colleague.email, PASSWORD)
    page = seen.open("/admin/milestones/shipmentexception/?state=open,acknowledged,snoozed&kind=late")
    # The arrival and the delivery that moves along with it.
    expect(page.locator("tr[data-row]")).to_have_count(2)
    row = page.locator("tr[data-row]", has_text="Vessel arrived")
    expect(row).to_contain_text("6 shipments")
    row.get_by_role("link", name="Resolve").click()
    page.get_by_label("Reason").fill("All customers told")
    page.get_by_role("button", name="Resolve", exact=True).click()
    expect(page.get_by_text("6 cases done.")).to_be_visible()
    assert not CaseGroup.objects.filter(key__contains=":ARRIVED", closed_at=None).exists()
