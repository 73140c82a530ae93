"""Lists, the first page and the page of a shipment: what they show, and in how many queries."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.cache import cache
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from milestones.enums import Severity
from milestones.models import Journey
from partners.models import Partner, User
from portal.console.listing import COUNTED, PAGE
from shipments.models import Location
from tests.factories.milestones import CaseFactory, RuleFactory
from tests.factories.partners import PartnerFactory, internal
from tests.factories.shipments import ShipmentFactory
from tests.portal.journeys import INTERNAL_STEP, shipment_of, with_journey

pytestmark = pytest.mark.django_db

SHIPMENTS = "/admin/shipments/shipment/"


@pytest.fixture
def customer() -> Partner:
    return PartnerFactory(code="LUMEN", name="Lumen Lighting BV")


@pytest.fixture
def colleague() -> User:
    cache.clear()
    return internal("operations", time_zone="Europe/Berlin")


@pytest.fixture
def client(colleague: User) -> Client:
    made = Client()
    made.force_login(colleague)
    return made


def references(response: HttpResponse) -> list[str]:
    return [row.reference for row in response.context["listing"].rows]


def queries(client: Client, address: str) -> int:
    client.get(address)  # fills the counts of the sidebar
    with CaptureQueriesContext(connection) as seen:
        assert client.get(address).status_code == 200
    return len(seen)


def test_a_list_takes_as_many_queries_for_three_rows_as_for_one(client: Client, customer: Partner) -> None:
    with_journey(shipment_of(customer))
    assert queries(client, SHIPMENTS) == 8
    with_journey(shipment_of(customer))
    with_journey(shipment_of(customer))
    assert queries(client, SHIPMENTS) == 8


def test_the_queue_takes_as_many_queries_for_three_rows_as_for_one(client: Client, customer: Partner) -> None:
    shipment = with_journey(shipment_of(customer))
    address = reverse("admin:milestones_shipmentexception_changelist")
    CaseFactory(shipment=shipment)
    assert queries(client, address) == 7
    CaseFactory(shipment=shipment)
    CaseFactory(shipment=shipment)
    assert queries(client, address) == 7


def test_the_first_page_takes_few_queries_whatever_waits(client: Client, customer: Partner) -> None:
    CaseFactory(shipment=with_journey(shipment_of(customer)))
    few = queries(client, "/admin/")
    for _ in range(3):
        CaseFactory(shipment=with_journey(shipment_of(customer)))
    assert (few, queries(client, "/admin/")) == (13, 13)


def test_a_shipment_page_takes_as_many_queries_with_more_on_it(client: Client, customer: Partner) -> None:
    shipment = with_journey(shipment_of(customer))
    address = reverse("admin:shipments_shipment_change", args=[shipment.pk])
    few = queries(client, address)
    for _ in range(3):
        CaseFactory(shipment=shipment)
    assert queries(client, address) == few
    assert few <= 25


def test_tiles_count_what_the_lists_behind_them_show(client: Client, customer: Partner) -> None:
    soon = timezone.now() + timedelta(days=2)
    for late_days in (0, 3):
        shipment = with_journey(shipment_of(customer), late_days=late_days)
        Journey.objects.filter(shipment=shipment).update(expected_arrival_at=soon)
        CaseFactory(shipment=shipment)
    with_journey(shipment_of(customer), done=6)
    tiles = client.get("/admin/").context["tiles"]
    counted = {tile.label: tile.value for tile in tiles}
    assert (counted["Open exceptions"], counted["Arriving in 7 days"]) == ("2", "2")
    for tile in tiles:
        assert str(client.get(tile.href).context["listing"].count) == tile.value, tile.label


def test_worst_comes_first_and_the_queue_is_mine_or_nobodys(client: Client, colleague: User, customer: Partner) -> None:
    shipment = with_journey(shipment_of(customer))
    for severity in (Severity.LOW, Severity.CRITICAL, Severity.MEDIUM):
        CaseFactory(shipment=shipment, rule=RuleFactory(severity=severity), summary=severity)
    CaseFactory(shipment=shipment, assignee=internal("operations"), summary="another's")
    CaseFactory(shipment=shipment, assignee=colleague, rule=RuleFactory(severity=Severity.HIGH), summary="mine")
    address = reverse("admin:milestones_shipmentexception_changelist") + "?assigned=queue&state=open,acknowledged"
    rows = client.get(address).context["listing"].rows
    assert [row.summary for row in rows] == ["critical", "mine", "medium", "low"]


def test_a_search_finds_by_any_number_and_says_what_of_a_list_is_missing(client: Client, customer: Partner) -> None:
    first, second = (shipment_of(customer, reference=name) for name in ("ABC-1", "ABC-2"))
    assert references(client.get(SHIPMENTS + "?q=abc")) == ["ABC-2", "ABC-1"]
    container = first.units.get().number
    assert references(client.get(f"{SHIPMENTS}?q={container.lower()}")) == ["ABC-1"]
    pasted = client.get(SHIPMENTS, {"q": f"{container}, abc-2\nNOPE-9; ZZ-1"})
    assert references(pasted) == ["ABC-2", "ABC-1"]
    assert pasted.context["listing"].notes == ["2 of 4 found. Not found: NOPE-9, ZZ-1"]
    assert references(client.get(SHIPMENTS + "?q=%00")) == []
    assert second.reference == "ABC-2"


def test_filters_narrow_and_a_chip_takes_one_away(client: Client, customer: Partner) -> None:
    late = with_journey(shipment_of(customer, reference="LATE"), late_days=3)
    with_journey(shipment_of(customer, reference="FINE"))
    with_journey(shipment_of(PartnerFactory(), reference="OTHER"), late_days=3)
    assert references(client.get(SHIPMENTS + "?customer=lumen&health=late")) == ["LATE"]
    page = client.get(SHIPMENTS + "?customer=lumen&health=late,nonsense&o=eta&q=la")
    assert [(chip.label, chip.value) for chip in page.context["listing"].chips] == [
        ("Customer", "lumen"), ("Health", "Late"),
    ]  # fmt: skip
    assert page.context["listing"].chips[0].href == "?health=late%2Cnonsense&o=eta&q=la"
    assert references(client.get(SHIPMENTS + "?arriving=900")) == references(client.get(SHIPMENTS))
    day = late.journey.expected_arrival_at.date().isoformat()
    assert references(client.get(f"{SHIPMENTS}?eta_from={day}&eta_to={day}&customer=LUMEN")) == ["LATE"]
    assert len(references(client.get(SHIPMENTS + "?eta_from=2026-13-45"))) == 3


def test_a_list_is_sorted_by_what_it_offers_only(client: Client, customer: Partner) -> None:
    for name in ("B", "A", "C"):
        ShipmentFactory(customer=customer, reference=name)
    assert references(client.get(SHIPMENTS + "?o=reference")) == ["A", "B", "C"]
    assert references(client.get(SHIPMENTS + "?o=-reference")) == ["C", "B", "A"]
    assert references(client.get(SHIPMENTS + "?o=customer__billing_address")) == ["C", "A", "B"]
    sorts = {h.column.key: h.sorted for h in client.get(SHIPMENTS + "?o=-reference").context["listing"].headers}
    assert sorts["reference"] == "descending"


def test_a_long_list_is_counted_to_a_thousand_and_no_further(client: Client) -> None:
    codes = [f"{a}{b}{c}" for a in "ABCDEFGHIJ" for b in "ABCDEFGHIJK" for c in "ABCDEFGHIJ"]
    Location.objects.filter(country="QQ").delete()
    Location.objects.bulk_create(Location(unlocode=f"QQ{code}", name=code, country="QQ") for code in codes)
    address = reverse("admin:shipments_location_changelist")
    listing = client.get(address + "?country=qq").context["listing"]
    assert (listing.count, listing.count_words, len(listing.rows)) == (COUNTED + 1, "more than 1,000", PAGE)
    assert [page.number for page in listing.pages] == [1, 2, 3, 21]
    second = client.get(address + "?country=qq&p=2").context["listing"]
    assert not {row.pk for row in second.rows} & {row.pk for row in listing.rows}
    assert client.get(address + "?country=qq&p=9999").context["listing"].number == 21
    assert client.get(address + "?country=qq&p=-1").context["listing"].number == 1


def test_a_page_marks_what_is_internal_and_what_comes_next(client: Client, customer: Partner) -> None:
    shipment = with_journey(shipment_of(customer), done=3, late_days=2)
    page = client.get(reverse("admin:shipments_shipment_change", args=[shipment.pk]))
    lines = {line.row.name: line for line in page.context["lines"]}
    assert lines[INTERNAL_STEP].row.is_internal
    assert page.content.decode().count("internal, not shown to the customer") == 1
    assert [line.row.is_next for line in page.context["lines"]].count(True) == 1


def test_times_are_shown_by_the_clock_the_person_chose(client: Client, colleague: User, customer: Partner) -> None:
    shipment = with_journey(shipment_of(customer), done=3)
    address = reverse("admin:shipments_shipment_change", args=[shipment.pk])
    seen = {}
    for clock in ("place", "mine", "utc"):
        client.post(reverse("admin:clock"), {"clock": clock})
        first = client.get(address).context["lines"][0].row.actual
        seen[clock] = (first.offset, first.iso[-6:])
    assert seen == {"place": ("+08", "+08:00"), "mine": ("+01", "+01:00"), "utc": ("UTC", "+00:00")}


def test_the_palette_finds_rooms_and_shipments_within_the_rights(client: Client, customer: Partner) -> None:
    shipment_of(customer, reference="PALETTE-1")
    found = client.get("/admin/search/?extended=1&s=palette").context["results"]
    assert [(hit.title, hit.icon) for hit in found] == [("PALETTE-1", "conveyor_belt")]
    assert [hit.title for hit in client.get("/admin/search/?extended=1&s=Lumen").context["results"]] == [customer.name]
    assert client.get("/admin/search/?extended=1&s=Invoices").context["results"] == []
    assert [hit.title for hit in client.get("/admin/search/?extended=1&s=Tasks").context["results"]] == ["Tasks"]


def test_suggestions_come_from_what_the_person_may_see(client: Client, customer: Partner) -> None:
    found = client.get(reverse("admin:partners_partner_suggest") + "?q=lum").json()
    assert found == {"results": [{"value": "LUMEN", "words": "Lumen Lighting BV (LUMEN)"}]}
    assert client.get(reverse("admin:partners_partner_suggest") + "?q=l").json() == {"results": []}
