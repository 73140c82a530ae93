"""Documents by the API: two ways in, one way out, and nothing of anybody else's."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart

from partners.enums import Role
from shipments.enums import PartyRole
from shipments.models import Document, ShipmentParty
from tests.factories.partners import PartnerFactory, api_key, internal, member
from tests.factories.shipments import DocumentFactory, ShipmentFactory
from tests.portal.api_world import MISSING, ask, bearer

pytestmark = pytest.mark.django_db

PDF = b"%PDF-1.7 \xe2\xe3 of ours"


@pytest.fixture
def partner():
    return PartnerFactory(code="ACME")


@pytest.fixture
def secret(partner):
    return api_key(partner, "read", "write")[1]


@pytest.fixture
def shipment(partner):
    return ShipmentFactory(customer=partner, reference="S-100")


def as_json(of, **said: Any) -> dict[str, Any]:
    content = base64.b64encode(PDF).decode()
    kept = {"shipment": str(of.public_id), "type": "commercial_invoice", "name": "Rechnung Nº 7.pdf"}
    return {name: value for name, value in {**kept, "content": content, **said}.items() if value is not None}


def form(shipment, body: bytes = PDF, **said: str) -> dict[str, Any]:
    fields = {"shipment": str(shipment.public_id), "type": "POD", "audience": "customer", **said}
    return {**fields, "file": SimpleUploadedFile("proof.pdf", body, content_type="text/html")}


def post_form(secret: str, fields: dict[str, Any], boundary: str = BOUNDARY, **headers: str):
    content_type = MULTIPART_CONTENT if boundary == BOUNDARY else f"multipart/form-data; boundary={boundary}"
    sent = {**bearer(secret), **{name.replace("_", "-"): value for name, value in headers.items()}}
    return Client().generic(
        "POST", "/api/v1/documents/", encode_multipart(boundary, fields), content_type=content_type, headers=sent
    )


def test_a_document_is_filed_as_json_and_read_again(secret, shipment):
    answer = ask("documents/", "POST", secret=secret, body=as_json(shipment))
    made = answer.json()
    document = Document.objects.get()
    assert answer.status_code == 201
    assert made == {
        "id": str(document.public_id), "shipment": str(shipment.public_id), "reference": "S-100",
        "type": "commercial_invoice", "name": "Rechnung Nº 7.pdf", "content_type": "application/pdf",
        "size": len(PDF), "sha256": hashlib.sha256(PDF).hexdigest(), "audience": "internal",
        "received_at": made["received_at"], "withdrawn_at": None, "withdraw_reason": "",
    }  # fmt: skip
    assert ask(f"documents/{made['id']}/", secret=secret).json() == made
    assert ask("documents/", secret=secret).json()["results"] == [made]
    assert ask("documents/", "POST", secret=secret, body=as_json(shipment)).status_code == 200


def test_a_document_is_downloaded_as_it_is_and_never_shown(secret, shipment):
    made = ask("documents/", "POST", secret=secret, body=as_json(shipment)).json()
    answer = ask(f"documents/{made['id']}/file/", secret=secret, Accept="text/html")
    assert (answer.status_code, answer.content, answer["Content-Type"]) == (200, PDF, "application/pdf")
    assert answer["Content-Disposition"] == "attachment; filename*=utf-8''Rechnung%20N%C2%BA%207.pdf"
    assert (answer["X-Content-Type-Options"], answer["Cache-Control"]) == ("nosniff", "private, no-store")
    policy = dict(part.strip().partition(" ")[::2] for part in answer["Content-Security-Policy"].split(";"))
    assert policy == {"default-src": "'none'", "frame-ancestors": "'none'", "sandbox": ""}


def test_a_document_is_filed_as_a_form_whatever_its_sender_calls_it(secret, shipment):
    answer = post_form(secret, form(shipment))
    assert answer.status_code == 201
    made = answer.json()
    assert (made["name"], made["content_type"], made["type"], made["audience"]) == (
        "proof.pdf", "application/pdf", "pod", "customer",
    )  # fmt: skip
    assert post_form(secret, form(shipment, name="other.pdf")).json() == made


def test_a_person_files_by_a_form_with_the_token_of_the_page(partner, shipment):
    client = Client(enforce_csrf_checks=True)
    client.force_login(member(partner, Role.EDITOR))
    assert client.post("/api/v1/documents/", form(shipment)).status_code == 403
    client.get("/portal/")
    token = client.get(f"/portal/shipments/{shipment.public_id}/report/").cookies["csrftoken"].value
    answer = client.post("/api/v1/documents/", form(shipment), headers={"X-CSRFToken": token, "Idempotency-Key": "1"})
    again = client.post("/api/v1/documents/", form(shipment), headers={"X-CSRFToken": token, "Idempotency-Key": "1"})
    assert (answer.status_code, again.status_code, again["Idempotent-Replayed"]) == (201, 201, "true")


def test_an_idempotency_key_means_the_bytes_not_how_they_are_wrapped(secret, shipment):
    first = post_form(secret, form(shipment), Idempotency_Key="a")
    same = post_form(secret, form(shipment), boundary="other-boundary", Idempotency_Key="a")
    other = post_form(secret, form(shipment, b"%PDF-1.7 other"), Idempotency_Key="a")
    assert (first.status_code, same.status_code, same.json()) == (201, 201, first.json())
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_key_reused")
    by_json = ask("documents/", "POST", secret=secret, body=as_json(shipment), Idempotency_Key="b")
    changed = ask("documents/", "POST", secret=secret, body=as_json(shipment, name="b"), Idempotency_Key="b")
    assert (by_json.status_code, changed.status_code) == (201, 409)


@pytest.mark.parametrize(
    ("said", "status", "code"),
    [
        ({"content": None}, 400, "invalid"),
        ({"content": "not base64!"}, 400, "invalid"),
        ({"content": "ä" * 8}, 400, "invalid"),
        ({"content": ""}, 400, "invalid"),
        ({"type": "selfie"}, 400, "invalid"),
        ({"audience": "world"}, 400, "invalid"),
        ({"colour": "red"}, 400, "invalid"),
        ({"name": "x" * 256}, 400, "invalid"),
        ({"shipment": "7"}, 400, "invalid"),
        ({"shipment": MISSING}, 404, "not_found"),
        ({"content": base64.b64encode(b"MZ\x90\x00").decode()}, 400, "wrong_content"),
    ],
)
def test_what_is_no_document_is_refused(secret, shipment, said, status, code):
    answer = ask("documents/", "POST", secret=secret, body=as_json(shipment, **said))
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert not Document.objects.exists()


@pytest.mark.parametrize("body", ["[]", "7", "null", '"x"', "{", ""])
def test_a_body_of_another_shape_is_refused(secret, body):
    for key in ({}, {"Idempotency_Key": "k"}):
        assert ask("documents/", "POST", secret=secret, body=body, **key).status_code == 400


def test_a_form_is_refused_like_json_is(secret, shipment):
    assert post_form(secret, {**form(shipment), "content": "eA=="}).status_code == 400
    assert post_form(secret, {"shipment": str(shipment.public_id), "type": "pod"}).status_code == 400
    empty = post_form(secret, form(shipment, b""))
    assert (empty.status_code, empty.json()["code"]) == (400, "empty")
    broken = Client().generic(
        "POST", "/api/v1/documents/", b"--x\r\n", content_type="multipart/form-data", headers=bearer(secret)
    )
    assert broken.status_code == 400
    assert ask("documents/", "POST", secret=secret, body="x", Content_Type="application/pdf").status_code == 415


def test_a_document_has_its_largest_size(secret, shipment, settings):
    settings.WAYMARK_DOCUMENT_BYTES = 1024
    too_large, fits = b"%PDF-" + b"x" * 1020, b"%PDF-" + b"x" * 1019
    answers = [
        post_form(secret, form(shipment, too_large)),
        ask("documents/", "POST", secret=secret, body=as_json(shipment, content=base64.b64encode(too_large).decode())),
        # Refused by its length, before it is read.
        post_form(secret, form(shipment, b"%PDF-" + b"x" * 90_000)),
        ask("documents/", "POST", secret=secret, body=as_json(shipment, content="x" * 90_000)),
    ]
    assert [(answer.status_code, answer.json()["code"]) for answer in answers] == [(413, "too_large")] * 4
    assert post_form(secret, form(shipment, fits)).status_code == 201


def test_the_list_is_narrowed_to_a_shipment_and_a_type(secret, partner, shipment):
    other = ShipmentFactory(customer=partner)
    DocumentFactory(shipment=shipment, audience="customer")
    pod = DocumentFactory(shipment=shipment, audience="customer", type="pod")
    DocumentFactory(shipment=other, audience="customer", type="pod")
    found = ask(f"documents/?shipment={shipment.public_id}&type=pod", secret=secret).json()["results"]
    assert [one["id"] for one in found] == [str(pod.public_id)]
    assert ask(f"documents/?shipment={MISSING}", secret=secret).json()["results"] == []
    assert ask("documents/?shipment=7", secret=secret).status_code == 400
    assert ask("documents/?updated_since=2099-01-01T00:00:00Z", secret=secret).json()["results"] == []


def test_what_is_not_for_a_party_is_not_there_for_it(secret, partner, shipment):
    internal_one = DocumentFactory(shipment=shipment)
    for_partners = DocumentFactory(shipment=shipment, audience="partner", type="cmr")
    for path in ("", "file/"):
        assert ask(f"documents/{internal_one.public_id}/{path}", secret=secret).status_code == 404
        assert ask(f"documents/{for_partners.public_id}/{path}", secret=secret).status_code == 404
    ShipmentParty.objects.create(shipment=shipment, partner=partner, role=PartyRole.SHIPPER)
    assert ask(f"documents/{for_partners.public_id}/", secret=secret).status_code == 200
    assert ask("documents/", "POST", secret=secret, body=as_json(ShipmentFactory())).status_code == 404


def test_who_filed_it_withdraws_it_and_then_only_the_house_sees_it(secret, shipment):
    made = ask("documents/", "POST", secret=secret, body=as_json(shipment)).json()
    path = f"documents/{made['id']}/withdraw/"
    assert ask(path, "POST", secret=secret, body={"reason": " "}).status_code == 400
    answer = ask(path, "POST", secret=secret, body={"reason": "Of another shipment"})
    assert (answer.status_code, answer.json()["withdraw_reason"]) == (200, "Of another shipment")
    assert ask(path, "POST", secret=secret, body={"reason": "Again"}).status_code == 404
    assert ask(f"documents/{made['id']}/", secret=secret).status_code == 404
    house = internal("operations")
    Document.objects.update(received_at="2020-01-01T00:00:00Z")
    changed = ask("documents/?updated_since=2021-01-01T00:00:00Z", user=house).json()["results"]
    assert [one["id"] for one in changed] == [made["id"]]
    seen = ask(f"documents/{made['id']}/", user=house).json()
    assert (seen["withdraw_reason"], bool(seen["withdrawn_at"])) == ("Of another shipment", True)
    answer = ask(path, "POST", user=house, body={"reason": "Again"})
    assert (answer.status_code, answer.json()["code"]) == (409, "withdrawn_before")


def test_a_page_of_documents_takes_the_same_number_of_queries(secret, shipment, django_assert_num_queries):
    DocumentFactory(shipment=shipment, audience="customer")
    ask("documents/", secret=secret)
    counts = []
    for kind in ("pod", "cmr"):
        with django_assert_num_queries(8, exact=False) as queries:
            assert ask("documents/", secret=secret).status_code == 200
        counts.append(len(queries))
        DocumentFactory(shipment=shipment, audience="customer", type=kind)
    assert counts[0] == counts[1]
