"""Papers on the partner pages: what is for me, and what I hand in."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from partners.enums import Role
from partners.models import Partner, User
from shipments.models import Document, Shipment
from tests.factories.partners import PartnerFactory, internal, member
from tests.factories.shipments import DocumentFactory
from tests.portal.journeys import shipment_of, with_journey, with_party

pytestmark = pytest.mark.django_db

PDF = b"%PDF-1.7 invoice"


@pytest.fixture
def customer() -> Partner:
    return PartnerFactory()


@pytest.fixture
def carrier() -> Partner:
    return PartnerFactory(kinds=["carrier"])


@pytest.fixture
def shipment(customer: Partner, carrier: Partner) -> Shipment:
    return with_party(with_journey(shipment_of(customer)), carrier)


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def shown(client: Client, shipment: Shipment) -> list[str]:
    text = client.get(f"/portal/shipments/{shipment.public_id}/").content.decode()
    return re.findall(r'<li><a href="/portal/documents/[^"]+">([^<]+)</a>', text)


def hand_in(client: Client, shipment: Shipment, body: bytes = PDF, **said: str) -> Any:
    fields = {"type": "pod", "audience": "internal", **said}
    file = SimpleUploadedFile("proof.pdf", body)
    return client.post(f"/portal/shipments/{shipment.public_id}/documents/", {**fields, "file": file})


def test_a_person_sees_what_is_for_the_role_played(shipment: Shipment, customer: Partner, carrier: Partner) -> None:
    for audience, kind in (("internal", "pod"), ("partner", "cmr"), ("customer", "mbl")):
        DocumentFactory(shipment=shipment, audience=audience, type=kind, name=f"{audience}.pdf")
    gone = {"withdrawn_at": timezone.now(), "withdraw_reason": "Wrong"}
    DocumentFactory(shipment=shipment, audience="customer", name="gone.pdf", **gone)
    assert shown(signed_in(member(customer)), shipment) == ["customer.pdf"]
    assert shown(signed_in(member(carrier)), shipment) == ["customer.pdf", "partner.pdf"]
    # People of the house who look in see what stands.
    assert shown(signed_in(internal("sales")), shipment) == ["customer.pdf", "partner.pdf", "internal.pdf"]


def test_a_document_is_kept_as_a_file_by_whom_it_is_for(shipment: Shipment, customer: Partner) -> None:
    for_all = DocumentFactory(shipment=shipment, audience="customer", name="Größe.pdf")
    client = signed_in(member(customer))
    answer = client.get(f"/portal/documents/{for_all.public_id}/")
    assert (answer.status_code, answer.content, answer["Content-Type"]) == (200, for_all.body, "application/pdf")
    assert answer["Content-Disposition"] == "attachment; filename*=utf-8''Gr%C3%B6%C3%9Fe.pdf"
    assert (answer["X-Content-Type-Options"], answer["Cache-Control"]) == ("nosniff", "private, no-store")
    assert "sandbox" in answer["Content-Security-Policy"]
    others = [
        DocumentFactory(shipment=shipment, audience="partner", type="cmr"),
        DocumentFactory(shipment=shipment, audience="internal", type="mbl"),
        DocumentFactory(
            shipment=shipment, audience="customer", type="pod", withdrawn_at=timezone.now(), withdraw_reason="x"
        ),
    ]
    assert [client.get(f"/portal/documents/{one.public_id}/").status_code for one in others] == [404] * 3


def test_an_editor_hands_a_document_in_and_sees_it(shipment: Shipment, customer: Partner, carrier: Partner) -> None:
    editor = member(carrier, Role.EDITOR)
    client = signed_in(editor)
    answer = hand_in(client, shipment)
    assert (answer.status_code, answer["Location"]) == (302, f"/portal/shipments/{shipment.public_id}/")
    document = Document.objects.get()
    assert (document.type, document.audience, document.received_by) == ("pod", "internal", editor)
    text = client.get(answer["Location"]).content.decode()
    assert "Thank you. The document is filed." in text
    assert shown(client, shipment) == ["proof.pdf"]
    # It is for the house: neither a colleague nor the customer sees it.
    assert shown(signed_in(member(carrier, Role.EDITOR)), shipment) == []
    assert shown(signed_in(member(customer, Role.EDITOR)), shipment) == []


@pytest.mark.parametrize(
    ("body", "said", "complaint"),
    [
        (b"MZ\x90\x00", {}, "This file is none of those that are taken"),
        (b"%PDF-" + b"x" * 1020, {}, "A document may have 1 KiB at most."),
        (b"", {}, "The submitted file is empty."),
        (PDF, {"type": "selfie"}, "Select a valid choice."),
        (PDF, {"audience": "world"}, "Select a valid choice."),
    ],
)
def test_what_is_no_document_comes_back_with_the_reason(
    shipment: Shipment, customer: Partner, settings: Any, body: bytes, said: dict[str, str], complaint: str
) -> None:
    settings.WAYMARK_DOCUMENT_BYTES = 1024
    answer = hand_in(signed_in(member(customer, Role.EDITOR)), shipment, body, **said)
    assert answer.status_code == 400
    assert complaint in answer.content.decode()
    assert not Document.objects.exists()


def test_what_the_house_has_already_is_said_without_showing_it(shipment: Shipment, customer: Partner) -> None:
    DocumentFactory(shipment=shipment, type="pod", body=PDF)
    answer = hand_in(signed_in(member(customer, Role.EDITOR)), shipment)
    assert (answer.status_code, "This file is there already." in answer.content.decode()) == (400, True)


def test_who_only_reads_or_is_a_stranger_hands_nothing_in(shipment: Shipment, customer: Partner) -> None:
    viewer = signed_in(member(customer, Role.VIEWER))
    stranger = signed_in(member(PartnerFactory(), Role.ADMINISTRATOR))
    assert [hand_in(one, shipment).status_code for one in (viewer, stranger)] == [403, 404]
    assert "Hand in a document" not in viewer.get(f"/portal/shipments/{shipment.public_id}/").content.decode()
    assert not Document.objects.exists()


def test_the_page_takes_the_same_number_of_queries_whatever_is_filed(
    shipment: Shipment, customer: Partner, django_assert_num_queries: Any
) -> None:
    client = signed_in(member(customer, Role.EDITOR))
    DocumentFactory(shipment=shipment, audience="customer")
    counts = []
    for kind in ("pod", "cmr", "mbl"):
        with django_assert_num_queries(40, exact=False) as queries:
            client.get(f"/portal/shipments/{shipment.public_id}/")
        assert [q["sql"] for q in queries.captured_queries if '"body"' in q["sql"]] == []
        counts.append(len(queries))
        DocumentFactory(shipment=shipment, audience="customer", type=kind)
    assert counts[1] == counts[2]
