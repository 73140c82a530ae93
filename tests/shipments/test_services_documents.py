"""Papers are filed once, seen by whom they are for, and withdrawn with a reason."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.db.models import QuerySet
from django.test.utils import CaptureQueriesContext

from core.errors import DomainError, NotVisible
from partners.access import grant
from partners.enums import Role
from partners.models import User
from shipments.enums import PartyRole
from shipments.models import Document, Shipment, ShipmentParty
from shipments.services import body_of, file_document, may_file, withdraw_document
from tests.factories.partners import PartnerFactory, UserFactory, api_key, internal, member
from tests.factories.shipments import ShipmentFactory

pytestmark = pytest.mark.django_db

PDF = b"%PDF-1.7 invoice"


def filed(shipment: Shipment, body: bytes = PDF, *, by: User | None = None, **said: Any) -> Document:
    paper = {"type": "commercial_invoice", "name": "invoice.pdf", "audience": "internal", **said}
    return file_document(shipment, body=body, by=by, **paper)[0]


def refusal(ask: Any, *args: Any, **said: Any) -> tuple[str, str, bool]:
    with pytest.raises(DomainError) as refused:
        ask(*args, **said)
    return refused.value.code, refused.value.field, refused.value.conflict


def revision(shipment: Shipment) -> int:
    shipment.stream.refresh_from_db()
    found: int = shipment.stream.revision
    return found


def test_a_paper_is_kept_as_it_is_and_has_the_shipment_looked_at_again():
    shipment, by = ShipmentFactory(), internal("operations")
    document = filed(shipment, by=by, name="/tmp/Invoice 7.PDF", audience="customer")
    document.refresh_from_db()
    assert (document.name, document.content_type, document.size) == ("Invoice 7.pdf", "application/pdf", len(PDF))
    assert (document.received_by, document.audience, document.withdrawn_at) == (by, "customer", None)
    assert body_of(document) == PDF
    assert revision(shipment) == 2


def test_the_same_bytes_again_are_one_paper():
    shipment = ShipmentFactory()
    first, is_new = file_document(shipment, body=PDF, by=None, type="pod", name="a.pdf", audience="internal")
    again, is_new_again = file_document(shipment, body=PDF, by=None, type="pod", name="b.pdf", audience="customer")
    assert (again, is_new, is_new_again) == (first, True, False)
    assert (again.name, again.audience, revision(shipment)) == ("a.pdf", "internal", 2)
    # Of another type, of another shipment, or after a withdrawal it is another paper.
    filed(shipment, type="other")
    filed(ShipmentFactory(), type="pod")
    withdraw_document(first, reason="Wrong file", by=None)
    filed(shipment, type="pod")
    assert Document.objects.count() == 4


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({"type": "selfie"}, ("unknown_type", "type", False)),
        ({"audience": "world"}, ("unknown_audience", "audience", False)),
        ({"body": b""}, ("empty", "file", False)),
        ({"body": b"%PDF-" + b"x" * 1020}, ("too_large", "file", False)),
        ({"body": b"MZ\x90\x00"}, ("wrong_content", "file", False)),
    ],
)
def test_what_is_no_paper_is_refused(settings, said, expected):
    settings.WAYMARK_DOCUMENT_BYTES = 1024
    shipment = ShipmentFactory()
    assert refusal(filed, shipment, **said) == expected
    assert (Document.objects.count(), revision(shipment)) == (0, 1)


def test_a_paper_of_exactly_the_largest_size_is_taken(settings):
    settings.WAYMARK_DOCUMENT_BYTES = 1024
    assert filed(ShipmentFactory(), b"%PDF-" + b"x" * 1019).size == 1024


class Chain:
    """A shipment with its customer, a carrier on it, and strangers; people of each."""

    def __init__(self) -> None:
        self.customer, self.carrier = PartnerFactory(), PartnerFactory()
        self.shipment: Shipment = ShipmentFactory(customer=self.customer, parties=[(self.carrier, PartyRole.CARRIER)])
        self.buyer, self.driver = member(self.customer, Role.EDITOR), member(self.carrier, Role.EDITOR)
        self.reader = member(self.customer, Role.VIEWER)
        self.stranger = member(PartnerFactory(), Role.ADMINISTRATOR)

    def papers(self, by: User | None = None) -> list[Document]:
        return [
            filed(self.shipment, b"%%PDF-%d %s" % (n, str(by).encode()), audience=audience, by=by)
            for n, audience in enumerate(("internal", "partner", "customer"))
        ]


def audiences(rows: QuerySet[Document]) -> list[str]:
    return sorted(rows.values_list("audience", flat=True))


def test_who_sees_a_paper_is_said_by_its_audience_and_the_role_on_the_shipment():
    chain = Chain()
    chain.papers()
    seen = Document.objects.for_user
    assert audiences(seen(internal("sales"))) == ["customer", "internal", "partner"]
    assert audiences(seen(chain.driver)) == ["customer", "partner"]
    assert audiences(seen(chain.buyer)) == audiences(seen(chain.reader)) == ["customer"]
    assert audiences(seen(api_key(chain.carrier, "read")[0].user)) == ["customer", "partner"]
    for nobody in (chain.stranger, UserFactory(), internal(is_active=False)):
        assert audiences(seen(nobody)) == []


def test_a_customer_who_also_carries_sees_what_partners_see():
    chain = Chain()
    chain.papers()
    ShipmentParty.objects.create(shipment=chain.shipment, partner=chain.customer, role=PartyRole.SHIPPER)
    assert audiences(Document.objects.for_user(chain.buyer)) == ["customer", "partner"]


def test_what_another_party_filed_for_the_house_is_not_seen_but_ones_own_is():
    chain = Chain()
    chain.papers(by=chain.driver)
    assert audiences(Document.objects.for_user(chain.driver)) == ["customer", "internal", "partner"]
    assert audiences(Document.objects.for_user(chain.buyer)) == ["customer"]
    # Who leaves the shipment leaves its papers.
    ShipmentParty.objects.filter(partner=chain.carrier).delete()
    assert audiences(Document.objects.for_user(chain.driver)) == []


def test_a_withdrawn_paper_is_gone_for_those_outside_only():
    chain = Chain()
    [*_others, paper] = chain.papers(by=chain.driver)
    withdraw_document(paper, reason="Wrong shipment", by=chain.driver)
    assert audiences(Document.objects.for_user(chain.driver)) == ["internal", "partner"]
    assert audiences(Document.objects.for_user(internal("sales"))) == ["customer", "internal", "partner"]


def test_who_may_report_or_change_may_file():
    chain = Chain()
    viewer_of_carrier = member(chain.carrier, Role.VIEWER)
    keys = {
        scope: api_key(chain.carrier, "read", scope, name=scope)[0].user for scope in ("write", "ingest", "finance")
    }
    assert [may_file(chain.shipment, by) for by in (None, internal("operations"), chain.buyer, chain.driver)] == (
        [True] * 4
    )
    assert {scope: may_file(chain.shipment, user) for scope, user in keys.items()} == {
        "write": True, "ingest": True, "finance": False,
    }  # fmt: skip
    assert refusal(filed, chain.shipment, by=viewer_of_carrier) == ("not_allowed", "", False)
    with pytest.raises(NotVisible):
        filed(chain.shipment, by=chain.stranger)
    assert not Document.objects.exists()


def test_who_may_not_see_the_paper_that_stands_is_told_no_more_than_that():
    chain = Chain()
    filed(chain.shipment)
    assert refusal(filed, chain.shipment, by=chain.driver) == ("filed_before", "file", True)
    mine = filed(chain.shipment, b"%PDF- mine", by=chain.driver)
    assert filed(chain.shipment, b"%PDF- mine", by=chain.driver) == mine


def test_the_house_withdraws_with_a_reason_and_once():
    shipment, by = ShipmentFactory(), internal("operations")
    document = filed(shipment)
    assert refusal(withdraw_document, document, reason=" \x00", by=by) == ("reason_missing", "reason", False)
    withdraw_document(document, reason="Wrong file", by=by)
    assert revision(shipment) == 3
    assert refusal(withdraw_document, document, reason="Again", by=by) == ("withdrawn_before", "", True)
    document.refresh_from_db()
    assert (document.withdrawn_by, document.withdraw_reason, body_of(document)) == (by, "Wrong file", PDF)
    assert list(Document.objects.standing()) == []


def test_outside_only_who_filed_it_withdraws_it_and_only_while_he_may_file():
    chain = Chain()
    *_rest, paper = chain.papers(by=chain.driver)
    colleague = member(chain.carrier, Role.ADMINISTRATOR)
    for other in (chain.buyer, chain.reader, colleague):
        assert refusal(withdraw_document, paper, reason="Mine", by=other) == ("not_allowed", "", False)
    with pytest.raises(NotVisible):
        withdraw_document(paper, reason="Mine", by=chain.stranger)
    demoted = chain.driver
    grant(demoted, chain.carrier, ("view_partner", "view_shipments"))
    assert refusal(withdraw_document, paper, reason="Mine", by=demoted) == ("not_allowed", "", False)
    paper.refresh_from_db()
    assert paper.withdrawn_at is None
    assert list(Document.objects.for_user(demoted, "change")) == []


def test_lists_of_papers_do_not_read_their_bytes():
    filed(ShipmentFactory())
    with CaptureQueriesContext(connection) as queries:
        [document] = Document.objects.without_body().for_user(internal("sales"))
    assert (document.name, '"body"' in queries[-1]["sql"]) == ("invoice.pdf", False)
