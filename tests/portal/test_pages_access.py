"""Every address of the portal: who gets in, who is sent away, and with which answer."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from billing.models import Invoice
from partners.enums import InternalGroup, Role
from partners.models import Partner, Subscription, User, WebhookEndpoint
from partners.services import add_endpoint
from portal.pages.urls import urlpatterns
from shipments.models import Document, Shipment, Upload
from shipments.services import check_upload, table_source
from tests.factories.billing import handling, issued
from tests.factories.partners import PartnerFactory, UserFactory, internal, member
from tests.factories.shipments import DocumentFactory
from tests.portal.journeys import shipment_of, with_journey

pytestmark = pytest.mark.django_db


TABLE = b"code,occurred_at,po\nDEPARTED,2026-11-07,45-1\nDEPARTED,soon,45-1\n"


@dataclass
class World:
    """A company with people of every role, its shipment and its invoice; and another company's person."""

    partner: Partner
    shipment: Shipment
    invoice: Invoice
    upload: Upload
    endpoint: WebhookEndpoint
    document: Document
    viewer: User
    editor: User
    administrator: User
    outsider: User
    nobody: User


@pytest.fixture
def world() -> World:
    partner = PartnerFactory(billing_address="Quay 1\nRotterdam")
    handling()
    editor, administrator = member(partner, Role.EDITOR), member(partner, Role.ADMINISTRATOR)
    shipment = with_journey(shipment_of(partner))
    return World(
        partner=partner,
        shipment=shipment,
        document=DocumentFactory(shipment=shipment, audience="customer"),
        invoice=issued("S-INVOICED", customer=partner),
        viewer=member(partner, Role.VIEWER),
        editor=editor,
        upload=check_upload(table_source(partner), TABLE, filename="dates.csv", column_mapping=None, by=editor),
        administrator=administrator,
        endpoint=add_endpoint(administrator, partner=partner, url="https://example.org/", by=None)[0],
        outsider=member(PartnerFactory(), Role.ADMINISTRATOR),
        nobody=UserFactory(),
    )


def signed_in(user: User | None) -> Client:
    client = Client()
    if user is not None:
        client.force_login(user)
    return client


# For every name: what the anonymous, a viewer, an editor and an administrator of the owner, an administrator of another
# company and a person of no company get.
OPEN = (200, 302, 302, 302, 302, 302)
EVERYBODY = (302, 200, 200, 200, 200, 200)
OWN_SHIPMENT = (302, 200, 200, 200, 404, 404)
OWN_SHIPMENT_TO_EDIT = (302, 403, 200, 200, 404, 404)
ALL_WHO_REPORT = (302, 403, 200, 200, 200, 403)
OWN_UPLOAD = (302, 403, 200, 200, 404, 403)
ALL_WHO_SEE_INVOICES = (302, 403, 403, 200, 200, 403)
OWN_INVOICE = (302, 403, 403, 200, 404, 403)
ALL_WHO_MANAGE = (302, 403, 403, 200, 200, 403)
OWN_ENDPOINT = (302, 403, 403, 200, 404, 403)
POST_ONLY_SIGNED_IN = (302, 405, 405, 405, 405, 405)
POST_ONLY = (405, 405, 405, 405, 405, 405)
ANSWERS: dict[str, tuple[int, ...]] = {
    "login": OPEN,
    "logout": POST_ONLY,
    "choices": POST_ONLY,
    "shipments": EVERYBODY,
    "shipment": OWN_SHIPMENT,
    "report": OWN_SHIPMENT_TO_EDIT,
    "follow": POST_ONLY_SIGNED_IN,
    "notices": EVERYBODY,
    "preferences": EVERYBODY,
    "webhooks": ALL_WHO_MANAGE,
    "webhook": OWN_ENDPOINT,
    "file_document": OWN_SHIPMENT_TO_EDIT,
    "document": OWN_SHIPMENT,
    "grid": ALL_WHO_REPORT,
    "uploads": ALL_WHO_REPORT,
    "upload": OWN_UPLOAD,
    "upload_errors": OWN_UPLOAD,
    "invoices": ALL_WHO_SEE_INVOICES,
    "invoice": OWN_INVOICE,
    "invoice_pdf": OWN_INVOICE,
    "invoice_csv": OWN_INVOICE,
}


def address(name: str, world: World) -> str:
    rows: dict[str, Any] = {
        "shipment": world.shipment, "report": world.shipment, "follow": world.shipment, "webhook": world.endpoint,
        "file_document": world.shipment, "document": world.document,
    }  # fmt: skip
    if name.startswith("upload_") or name == "upload":
        rows[name] = world.upload
    if name.startswith("invoice_") or name == "invoice":
        rows[name] = world.invoice
    return reverse(f"pages:{name}", args=[rows[name].public_id] if name in rows else [])


def test_the_table_names_every_address_of_the_portal() -> None:
    assert sorted(ANSWERS) == sorted(pattern.name for pattern in urlpatterns)


@pytest.mark.parametrize("name", ANSWERS)
def test_an_address_answers_each_person_as_the_table_says(world: World, name: str) -> None:
    people = (None, world.viewer, world.editor, world.administrator, world.outsider, world.nobody)
    got = tuple(signed_in(person).get(address(name, world)).status_code for person in people)
    assert got == ANSWERS[name]


@pytest.mark.parametrize("name", [name for name, answers in ANSWERS.items() if answers[0] == 302])
def test_without_a_login_the_way_leads_over_the_login_back_to_the_page(world: World, name: str) -> None:
    asked = address(name, world)
    assert Client().get(asked).headers["Location"] == f"/portal/login/?next={asked}"


@pytest.mark.parametrize(
    "name",
    [
        "shipment",
        "report",
        "file_document",
        "document",
        "upload",
        "upload_errors",
        "invoice",
        "invoice_pdf",
        "invoice_csv",
        "webhook",
    ],
)
def test_what_is_anothers_is_answered_like_what_does_not_exist(world: World, name: str) -> None:
    client = signed_in(world.outsider)
    foreign = client.get(address(name, world))
    missing = client.get(reverse(f"pages:{name}", args=[uuid4()]))
    assert (foreign.status_code, _words(foreign)) == (404, _words(missing))


def _words(response: HttpResponse) -> str:
    return response.content.decode().partition("<main")[2]


def test_a_foreign_shipment_takes_no_report(world: World) -> None:
    assert signed_in(world.outsider).post(address("report", world), {"code": "DEPARTED"}).status_code == 404
    assert signed_in(world.viewer).post(address("report", world), {"code": "DEPARTED"}).status_code == 403


def test_a_missing_right_is_named(world: World) -> None:
    page = signed_in(world.viewer).get(address("invoices", world))
    assert "You need the right “May see the partner&#x27;s invoices”." in page.content.decode()


def test_a_closed_account_is_nobody(world: World) -> None:
    client = signed_in(world.administrator)
    world.administrator.is_active = False
    world.administrator.save()
    assert client.get(address("shipment", world)).status_code == 302


def test_a_person_who_left_the_company_loses_its_shipments_at_once(world: World) -> None:
    from_before = signed_in(world.viewer)
    assert from_before.get(address("shipment", world)).status_code == 200
    world.shipment.parties.all().delete()
    assert from_before.get(address("shipment", world)).status_code == 404


@pytest.mark.parametrize(
    ("groups", "answers"),
    [([InternalGroup.OPERATIONS], (200, 403)), ([InternalGroup.FINANCE], (200, 200)), ([], (404, 403))],
)
def test_people_of_the_house_see_shipments_of_all_and_money_only_by_right(
    world: World, groups: list[str], answers: tuple[int, int]
) -> None:
    client = signed_in(internal(*groups))
    got = tuple(client.get(address(name, world)).status_code for name in ("shipment", "invoices"))
    assert got == answers


@pytest.mark.parametrize(
    "name",
    [
        "shipments",
        "shipment",
        "invoices",
        "invoice",
        "report",
        "file_document",
        "notices",
        "preferences",
        "webhooks",
        "webhook",
    ],
)
def test_a_page_runs_under_the_strict_policy_without_inline_style_or_script(world: World, name: str) -> None:
    response = signed_in(world.administrator).get(address(name, world))
    text = response.content.decode()
    policy = response.headers["Content-Security-Policy"]
    assert ("unsafe" in policy, "default-src 'none'" in policy) == (False, True)
    assert [mark for mark in ("<script", "<style", " style=", " onclick=") if mark in text] == []


@pytest.mark.parametrize("name", ["grid", "uploads", "upload"])
def test_a_page_to_enter_data_has_no_inline_script_or_style(world: World, name: str) -> None:
    text = signed_in(world.editor).get(address(name, world)).content.decode()
    scripts = re.findall(r"<script[^>]*>", text)
    assert [script for script in scripts if 'src="/static/entry/' not in script or "defer" not in script] == []
    assert [mark for mark in ("<style", " style=", " onclick=", " onchange=") if mark in text] == []


def test_a_foreign_shipment_is_not_followed(world: World) -> None:
    asked = {"follow": "yes"}
    assert signed_in(None).post(address("follow", world), asked).status_code == 302
    assert signed_in(world.outsider).post(address("follow", world), asked).status_code == 404
    assert not Subscription.objects.exists()
    assert signed_in(world.viewer).post(address("follow", world), asked).status_code == 302
    assert Subscription.objects.filter(user=world.viewer, partner=world.partner).exists()


def test_a_foreign_endpoint_is_neither_changed_nor_called(world: World) -> None:
    for person, status in ((world.outsider, 404), (world.editor, 403), (world.nobody, 403)):
        for step in ("topics", "rotate", "disable", "enable", "replay"):
            sent = {"step": step, "topics": "eta_changed", "days": "7"}
            assert signed_in(person).post(address("webhook", world), sent).status_code == status
    before = bytes(world.endpoint.secret)
    world.endpoint.refresh_from_db()
    assert (world.endpoint.is_active, bytes(world.endpoint.secret)) == (True, before)


def test_a_foreign_upload_is_neither_imported_nor_undone(world: World) -> None:
    for person, status in ((world.outsider, 404), (world.viewer, 403), (world.nobody, 403)):
        for step in ("import", "discard", "columns", "undo"):
            answer = signed_in(person).post(address("upload", world), {"step": step, "reason": "x"})
            assert answer.status_code == status
    world.upload.refresh_from_db()
    assert world.upload.state == "checked"


def test_a_draft_is_not_for_customers(world: World) -> None:
    draft = Invoice.objects.create(customer=world.partner, currency="EUR")
    got = signed_in(world.administrator).get(reverse("pages:invoice", args=[draft.public_id]))
    assert got.status_code == 404
