"""Papers in the console: filed from the page of a shipment, read, withdrawn; and what was changed of a shipment."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from html import unescape
from typing import Any

import pytest
from django.contrib.messages import get_messages
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from partners.models import User
from portal.console import shipment_past
from portal.console.record import Section
from shipments.models import Document, Leg, Shipment, ShipmentPast
from shipments.services import add_units, cancel_shipment, change_shipment, present_facts
from tests.factories.partners import PartnerFactory, internal
from tests.factories.shipments import DocumentFactory, LocationFactory
from tests.portal.journeys import shipment_of, with_journey

pytestmark = pytest.mark.django_db

PDF = b"%PDF-1.7 invoice"


@pytest.fixture
def person() -> User:
    return internal("operations")


@pytest.fixture
def client(person: User) -> Client:
    client = Client()
    client.force_login(person)
    return client


@pytest.fixture
def shipment() -> Shipment:
    return with_journey(shipment_of(PartnerFactory(), reference="S-100", service="fcl"))


def dialog(shipment: Shipment) -> str:
    return reverse("admin:shipments_shipment_do_row", args=[shipment.pk, "file"])


def page_of(client: Client, shipment: Shipment) -> str:
    return client.get(reverse("admin:shipments_shipment_change", args=[shipment.pk])).content.decode()


def plain(text: Any) -> str:
    """Without tags and what is for the ears only."""
    heard = re.sub(r'<span class="sr-only">[^<]*</span>', "", str(text))
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", heard)).split())


def said(response: HttpResponse) -> list[str]:
    return [str(message) for message in get_messages(response.wsgi_request)]


def a_file(body: bytes = PDF, name: str = "invoice.pdf") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, body, content_type="text/html")


def test_a_document_is_filed_from_the_page_and_stands_on_it(client: Client, shipment: Shipment, person: User) -> None:
    form = client.get(dialog(shipment), headers={"X-Dialog": "1"}).content.decode()
    assert 'enctype="multipart/form-data"' in form
    assert "10 MiB at most" in form
    done = client.post(dialog(shipment), {"type": "pod", "audience": "customer", "file": a_file()})
    assert (done.status_code, said(done)) == (302, ["Document filed."])
    document = Document.objects.get()
    assert (document.type, document.audience, document.received_by) == ("pod", "customer", person)
    text = page_of(client, shipment)
    assert "Proof of delivery" in text
    assert reverse("admin:shipments_document_file", args=[document.pk, "body"]) in text
    assert reverse("admin:shipments_document_do_row", args=[document.pk, "withdraw"]) in text
    assert ("Full container (FCL)" in text, "Export" in text) == (True, True)


@pytest.mark.parametrize(
    ("file", "refusal"),
    [
        (None, "This field is required."),
        (a_file(b"MZ\x90\x00", "a.pdf"), "This file is none of those that are taken: CSV, DOCX, JPG"),
        (a_file(b"%PDF-" + b"x" * 1020), "A document may have 1 KiB at most."),
    ],
)
def test_what_is_no_document_is_refused_in_the_dialog(
    client: Client, shipment: Shipment, settings: Any, file: SimpleUploadedFile | None, refusal: str
) -> None:
    settings.WAYMARK_DOCUMENT_BYTES = 1024
    values = {"type": "pod", "audience": "customer"}
    response = client.post(dialog(shipment), {**values, "file": file} if file else values)
    assert response.status_code == 422
    assert response.context["form"].errors["file"][0].startswith(refusal)
    assert not Document.objects.exists()


def test_a_document_is_downloaded_never_shown(client: Client) -> None:
    document = DocumentFactory(name="Счёт №5.txt", content_type="text/plain", body=b"<script>alert(1)</script>")
    answer = client.get(reverse("admin:shipments_document_file", args=[document.pk, "body"]))
    assert (answer.content, answer["Content-Type"]) == (document.body, "text/plain")
    assert answer["Content-Disposition"].startswith("attachment; filename*=utf-8''%D0%A1")
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer["Content-Security-Policy"]


def test_a_document_is_withdrawn_with_a_reason_once(client: Client, person: User) -> None:
    document = DocumentFactory()
    address = reverse("admin:shipments_document_do_row", args=[document.pk, "withdraw"])
    assert client.post(address, {"reason": ""}).status_code == 422
    assert client.post(address, {"reason": "Wrong shipment"}).status_code == 302
    assert client.post(address, {"reason": "Again"}).status_code == 409
    document.refresh_from_db()
    assert (document.withdrawn_by, document.withdraw_reason) == (person, "Wrong shipment")
    page = client.get(reverse("admin:shipments_document_change", args=[document.pk])).content.decode()
    assert "Wrong shipment" in page
    section = page_of(client, document.shipment)
    assert ("Wrong shipment" in section, address in section) == (True, False)


def test_the_list_finds_documents_by_shipment_and_reads_no_bytes(
    client: Client, shipment: Shipment, django_assert_num_queries: Any
) -> None:
    for kind in ("pod", "cmr", "mbl"):
        DocumentFactory(shipment=shipment, type=kind)
    gone = DocumentFactory(withdrawn_at=timezone.now(), withdraw_reason="Wrong")
    address = reverse("admin:shipments_document_changelist")
    client.get(address)
    counts = []
    for query in ("?stands=no", "?q=s-100"):
        with django_assert_num_queries(12, exact=False) as queries:
            rows = client.get(address + query).context["listing"].rows
        assert [q["sql"] for q in queries.captured_queries if '"body"' in q["sql"]] == []
        counts.append(([row.type for row in rows], len(queries)))
    assert counts[0][0] == [gone.type]
    assert counts[1][0] == ["mbl", "cmr", "pod"]


def test_sales_read_documents_and_file_none(shipment: Shipment) -> None:
    client = Client()
    client.force_login(internal("sales"))
    document = DocumentFactory(shipment=shipment)
    text = page_of(client, shipment)
    assert document.name in text
    assert (dialog(shipment) in text, "do/withdraw/" in text) == (False, False)
    assert client.post(dialog(shipment), {"type": "pod", "file": a_file()}).status_code == 403


# --- what was changed ----------------------------------------------------------------------------------------------


def lines_of(section: Section) -> list[tuple[str, str, str]]:
    return [(str(by), what, plain(change)) for _at, by, what, change in section.lines]


@pytest.mark.django_db(transaction=True)
def test_the_page_says_who_changed_what_from_what_to_what(client: Client, person: User) -> None:
    shipment = shipment_of(PartnerFactory(), eta=None)
    LocationFactory(unlocode="DEHAM", name="Hamburg", time_zone="Europe/Berlin")
    hamburg = LocationFactory(unlocode="DEHAM")
    assert shipment_past.section(shipment, person).lines == []
    change_shipment(shipment, changes={"eta": datetime(2026, 12, 24, 8, tzinfo=UTC), "service": "fcl"}, by=person)
    change_shipment(shipment, changes={"destination": hamburg, "etd": None}, by=None)
    add_units(shipment, [("package", "P-1", "")], by=person)
    cancel_shipment(shipment, reason="Sold out", by=person)
    found = lines_of(shipment_past.section(shipment, person))
    assert found == [
        (str(person), "Cancelled", "no → yes"),
        (str(person), "Unit", "– → P-1"),
        ("by the system", "Planned departure", "1 Nov 20:00 +08 → –"),
        ("by the system", "To", "Rotterdam (NLRTM) → Hamburg (DEHAM)"),
        (str(person), "Planned arrival", "– → 24 Dec 09:00 +01"),
        (str(person), "Service", "– → Full container (FCL)"),
    ]
    assert "From what to what" in page_of(client, shipment)


def test_a_leg_is_told_by_its_ends_its_ship_and_its_times(person: User) -> None:
    shipment = shipment_of(PartnerFactory())
    facts = present_facts([shipment.pk])[shipment.pk]
    ShipmentPast.objects.create(shipment=shipment, until=timezone.now(), facts=facts)
    Leg.objects.update(voyage="078W", etd=datetime(2026, 11, 3, 4, tzinfo=UTC))
    [(by, what, change)] = lines_of(shipment_past.section(shipment, person))
    assert (by, what) == ("by the system", "Leg 1")
    assert change == (
        "Shanghai (CNSGH) → Rotterdam (NLRTM) ORIENT PEARL 077W → "
        "Shanghai (CNSGH) → Rotterdam (NLRTM) ORIENT PEARL 078W 3 Nov 12:00 +08"
    )


def test_a_shipment_that_was_never_changed_shows_no_changes(client: Client, shipment: Shipment) -> None:
    assert "From what to what" not in page_of(client, shipment)


def test_dates_and_service_are_changed_in_one_dialog(client: Client, shipment: Shipment) -> None:
    address = reverse("admin:shipments_shipment_do_row", args=[shipment.pk, "dates"])
    assert 'value="fcl" selected' in client.get(address).content.decode()
    done = client.post(address, {"service": "lcl", "etd": "2026-11-03T12:00", "eta": ""})
    assert (done.status_code, said(done)) == (302, ["Shipment changed."])
    shipment.refresh_from_db()
    assert (shipment.service, shipment.eta) == ("lcl", None)
    assert ShipmentPast.objects.get().facts["service"] == "fcl"
    found = client.get(reverse("admin:shipments_shipment_changelist") + "?service=lcl").context["listing"].rows
    assert found == [shipment]


def test_a_new_shipment_says_its_service(client: Client) -> None:
    LocationFactory(unlocode="CNSGH", name="Shanghai", time_zone="Asia/Shanghai")
    values = {
        "reference": "NEW-1", "customer": PartnerFactory(code="LUMEN").code, "mode": "ocean", "type": "",
        "service": "lcl", "origin": "CNSGH", "destination": LocationFactory().unlocode,
    }  # fmt: skip
    assert client.post(reverse("admin:shipments_shipment_do", args=["create"]), values).status_code == 302
    assert Shipment.objects.get(reference="NEW-1").service == "lcl"
