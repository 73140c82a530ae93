"""The list of shipments and the page of one."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from milestones.models import Journey
from partners.enums import InternalGroup, Role
from partners.models import Partner
from portal.pages import base
from shipments.enums import PartyRole
from shipments.models import Shipment
from tests.factories.partners import PartnerFactory, internal, member
from tests.portal.journeys import INTERNAL_STEP, PARTNER_STEP, shipment_of, with_journey, with_party

pytestmark = pytest.mark.django_db

LIST = "/portal/"
# Session, person, rights, counts, shipments with three kinds of rows, roles, money, the bell, and on the page whether
# it is followed, its arrivals and its papers: the same for any number of rows.
LIST_QUERIES = 11
PAGE_QUERIES = 15


@pytest.fixture
def customer() -> Partner:
    return PartnerFactory()


@pytest.fixture
def client(customer: Partner) -> Client:
    return of(customer)


def of(partner: Partner) -> Client:
    client = Client()
    client.force_login(member(partner))
    return client


def titles(client: Client, **asked: str) -> list[str]:
    """What the cards are called, in the order of the page."""
    text = client.get(LIST, asked).content.decode()
    return re.findall(r'<div class="known"><a [^>]*>([^<]*)</a>', text)


def po(shipment: Shipment) -> str:
    return f"PO {shipment.references.get(type='po').value}"


def page_of(client: Client, shipment: Shipment) -> str:
    return client.get(reverse("pages:shipment", args=[shipment.public_id])).content.decode()


def test_the_list_holds_the_shipments_of_the_company_alone_newest_first(client: Client, customer: Partner) -> None:
    first, second = shipment_of(customer), with_journey(shipment_of(customer))
    shipment_of(PartnerFactory())
    assert titles(client) == [po(second), po(first)]


def test_tabs_part_the_shipments_and_count_what_they_show(client: Client, customer: Partner) -> None:
    moving = with_journey(shipment_of(customer))
    late = with_journey(shipment_of(customer), late_days=2)
    done = with_journey(shipment_of(customer), done=6)
    new = shipment_of(customer)
    shown = {tab: titles(client, tab=tab) for tab in ("moving", "delayed", "delivered", "all")}
    assert shown == {
        "moving": [po(new), po(late), po(moving)],
        "delayed": [po(late)],
        "delivered": [po(done)],
        "all": [po(new), po(done), po(late), po(moving)],
    }
    text = client.get(LIST).content.decode()
    assert re.findall(r">([A-Z][^<]*) <b>(\d+)</b>", text) == [
        ("On the way", "3"), ("Delayed", "1"), ("Delivered", "1"), ("All", "4"),
    ]  # fmt: skip


def test_the_delayed_are_those_with_words_of_lateness(client: Client, customer: Partner) -> None:
    with_journey(shipment_of(customer), late_days=2)
    with_journey(shipment_of(customer), overdue=True)
    text = client.get(LIST).content.decode()
    assert re.findall(r'class="words tone-\w+">.*?</svg> ([^<]+)</span>', text) == [
        "Waiting for confirmation", "2d later than planned",
    ]  # fmt: skip


@pytest.mark.parametrize("written", ["{po}", "PO {po}", "{container}", "{small}", " {spaced} ", "{start}"])
def test_a_shipment_is_found_by_any_number_however_it_is_written(
    client: Client, customer: Partner, written: str
) -> None:
    shipment_of(customer)
    sought = with_journey(shipment_of(customer, reference="ZZ-4711"), done=6)
    number, container = sought.references.get(type="po").value, sought.references.get(type="container").value
    text = written.format(
        po=number, container=container, small=container.lower(), spaced=" ".join(container), start="zz-47"
    )
    assert titles(client, q=text) == [po(sought)]
    assert 'class="chip"' not in client.get(LIST, {"q": text}).content.decode()


def test_a_pasted_column_finds_each_and_names_what_is_missing(client: Client, customer: Partner) -> None:
    first, second = shipment_of(customer), shipment_of(customer)
    shipment_of(customer)
    response = client.get(LIST, {"q": f"{first.reference}\n{second.reference},UNKNOWN-1"})
    text = response.content.decode()
    assert re.findall(r'<span class="chip">([^<]*)</span>', text) == ["UNKNOWN-1"]
    assert titles(client, q=f"{first.reference} {second.reference}") == [po(second), po(first)]


def test_a_search_never_reaches_beyond_the_company(client: Client) -> None:
    foreign = shipment_of(PartnerFactory())
    assert titles(client, q=foreign.reference) == []
    assert titles(client, q=f"{foreign.reference} OTHER") == []


@pytest.mark.parametrize("text", ["\x00", "%", "'--", "😀", "x" * 5000, "<script>"])
def test_a_search_for_nonsense_finds_nothing_and_harms_nothing(client: Client, customer: Partner, text: str) -> None:
    shipment_of(customer)
    response = client.get(LIST, {"q": text, "tab": "nonsense", "after": "nonsense"})
    assert (response.status_code, "<script>" in response.content.decode()) == (200, False)


def test_pages_follow_one_another_by_cursor(client: Client, customer: Partner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(base, "PAGE_SIZE", 2)
    shipments = [shipment_of(customer) for _ in range(3)]
    text = client.get(LIST).content.decode()
    (following,) = re.findall(r"after=([0-9a-f-]+)", text)
    assert following == str(shipments[1].public_id)
    assert titles(client, after=following) == [po(shipments[0])]


def test_a_cursor_of_another_company_tells_nothing(client: Client, customer: Partner) -> None:
    own, foreign = shipment_of(customer), shipment_of(PartnerFactory())
    assert titles(client, after=str(foreign.public_id)) == [po(own)]


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({}, "No shipments yet"),
        ({"q": "NOWHERE"}, "Nothing found"),
        ({"tab": "delayed"}, "No shipments yet"),
    ],
)
def test_an_empty_list_says_why(client: Client, asked: dict[str, str], said: str) -> None:
    assert f"<h2>{said}</h2>" in client.get(LIST, asked).content.decode()


def test_a_tab_without_shipments_says_so(client: Client, customer: Partner) -> None:
    with_journey(shipment_of(customer))
    assert "<h2>Nothing is delayed</h2>" in client.get(LIST, {"tab": "delayed"}).content.decode()


@pytest.mark.parametrize("shipments", [1, 3])
def test_the_list_asks_the_database_alike_for_one_and_for_many(
    client: Client, customer: Partner, shipments: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(shipments):
        with_journey(shipment_of(customer))
    client.get(LIST)
    with django_assert_num_queries(LIST_QUERIES):
        client.get(LIST)


@pytest.mark.parametrize("parties", [1, 3])
def test_a_page_asks_the_database_alike_whatever_it_shows(
    client: Client, customer: Partner, parties: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    shipment = with_journey(shipment_of(customer))
    for _ in range(parties):
        with_party(shipment, PartnerFactory())
    page_of(client, shipment)
    with django_assert_num_queries(PAGE_QUERIES):
        page_of(client, shipment)


def test_the_page_tells_the_journey(client: Client, customer: Partner) -> None:
    shipment = with_journey(shipment_of(customer), done=3, late_days=2)
    text = page_of(client, shipment)
    assert re.findall(r"<h1>(.*)</h1>", text) == ["Expected in Rotterdam on Wed 9 Dec"]
    assert "3 of 6 steps done" in text
    assert re.findall(r'<span class="away">([^<]*): </span></span>\s*<div class="what"><b>([^<]*)</b>', text) == [
        ("Reached", "Picked up at shipper"),
        ("Reached", "Loaded on vessel"),
        ("Reached", "Vessel departed"),
        ("Expected late", "Vessel arrived"),
        ("Expected late", "Discharged"),
        ("Expected late", "Delivered to consignee"),
    ]
    # The six steps, then the arrival beside them as planned and as expected.
    assert re.findall(r"<small>([^<]*)</small>", text) == ["+08"] * 3 + ["+01"] * 3 + ["+01"] * 2


@pytest.mark.parametrize(
    ("role", "seen"),
    [(PartyRole.CUSTOMER, (False, False)), (PartyRole.CARRIER, (False, True)), (PartyRole.WAREHOUSE, (False, True))],
)
def test_what_is_internal_is_in_no_page_and_what_is_for_partners_not_in_the_customers(
    customer: Partner, role: str, seen: tuple[bool, bool]
) -> None:
    shipment, reader = with_journey(shipment_of(customer)), PartnerFactory()
    with_party(shipment, reader, role)
    client = of(reader)
    for text in (page_of(client, shipment), client.get(LIST).content.decode()):
        assert INTERNAL_STEP not in text
    text = page_of(client, shipment)
    assert (INTERNAL_STEP in text, PARTNER_STEP in text) == seen


def test_people_of_the_house_see_here_what_partners_see() -> None:
    shipment = with_journey(shipment_of(PartnerFactory()))
    client = Client()
    client.force_login(internal(InternalGroup.OPERATIONS))
    text = page_of(client, shipment)
    assert (INTERNAL_STEP in text, PARTNER_STEP in text) == (False, True)


def test_a_shipment_without_a_plan_is_shown_before_it_has_one(client: Client, customer: Partner) -> None:
    text = page_of(client, shipment_of(customer))
    assert re.findall(r"<h1>(.*)</h1>", text) == ["Booked to Rotterdam"]
    assert "No milestones are planned yet." in text


def test_what_people_write_is_text_and_never_markup(client: Client, customer: Partner) -> None:
    shipment = with_journey(shipment_of(customer, reference="<b>bold</b>"))
    Journey.objects.filter(shipment=shipment).update(next_name="<b>bold</b>")
    shipment.milestones.update(name="<i>leaning</i>")
    for text in (page_of(client, shipment), client.get(LIST).content.decode()):
        assert [mark for mark in ("<b>bold", "<i>leaning") if mark in text] == []


def test_only_editors_are_offered_to_report(customer: Partner) -> None:
    shipment, editor = with_journey(shipment_of(customer)), Client()
    editor.force_login(member(customer, Role.EDITOR))
    offered = ["Report an event" in page_of(client, shipment) for client in (of(customer), editor)]
    assert offered == [False, True]
