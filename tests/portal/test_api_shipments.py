"""`/shipments/`: what a caller may say, and what is made of it."""

from __future__ import annotations

import pytest

from partners.enums import InternalGroup, PartnerKind, Role, Scope
from partners.models import Partner
from partners.services import save_partner
from shipments.models import Shipment, ShipmentParty
from shipments.services import cancel_shipment
from tests.factories.partners import api_key, internal, member
from tests.factories.shipments import LocationFactory
from tests.portal.api_world import ask, shipment

pytestmark = pytest.mark.django_db


@pytest.fixture
def alpha() -> Partner:
    LocationFactory()
    return save_partner("ALPHA", name="Alpha", kinds=[PartnerKind.CUSTOMER])


@pytest.fixture
def secret(alpha: Partner) -> str:
    return api_key(alpha, Scope.READ, Scope.WRITE)[1]


@pytest.fixture
def carrier() -> Partner:
    return save_partner("LINE", name="Ocean Line", kinds=[PartnerKind.CARRIER])


def create(secret: str, **fields: object):
    return ask("shipments/", "POST", secret=secret, body=shipment("ALPHA", **fields))


def test_a_shipment_with_everything_comes_back_as_it_was_said(secret, carrier):
    answer = create(
        secret,
        type="import",
        mode="vessel",
        service="FCL",
        origin="cnsgh",
        destination="NLRTM",
        parties=[{"partner": "LINE", "role": "carrier"}],
        references=[{"type": "BM", "value": "MAEU 123-4"}, {"type": "purchase_order", "value": "4711"}],
        units=[{"number": "MSKU 123456-5", "iso_type": "22G1"}],
        legs=[
            {"mode": "sea", "origin": "CNSGH", "destination": "NLRTM", "carrier": "LINE", "vessel_name": "ORIENT",
             "vessel_imo": "9321483", "voyage": "077W", "etd": "2026-11-07T10:00:00+08:00"}
        ],
        booked_at="2026-10-20T09:00:00Z",
        etd="2026-11-07T02:00:00Z",
        eta="2026-12-07T08:00:00",
    )  # fmt: skip
    assert answer.status_code == 201, answer.content
    made = answer.json()
    row = Shipment.objects.get()
    moments = {name: made.pop(name) for name in ("created_at", "updated_at")}
    assert all(moment.endswith("+00:00") for moment in moments.values())
    assert made == {
        "id": str(row.public_id), "reference": "NEW-1", "type": "import", "mode": "ocean", "service": "fcl",
        "origin": "CNSGH", "destination": "NLRTM", "customer": "ALPHA",
        "parties": [{"partner": "ALPHA", "role": "customer"}, {"partner": "LINE", "role": "carrier"}],
        "references": [
            {"type": "shipment", "value": "NEW-1"}, {"type": "mbl", "value": "MAEU 123-4"},
            {"type": "po", "value": "4711"}, {"type": "container", "value": "MSKU 123456-5"},
        ],
        "units": [{"kind": "container", "number": "MSKU 123456-5", "iso_type": "22G1"}],
        "legs": [
            {"sequence": 1, "mode": "ocean", "carrier": "LINE", "origin": "CNSGH", "destination": "NLRTM",
             "vessel_name": "ORIENT", "vessel_imo": "9321483", "voyage": "077W", "flight": "", "vehicle": "",
             "etd": "2026-11-07T10:00:00+08:00", "eta": None}
        ],
        "booked_at": "2026-10-20T17:00:00+08:00", "cargo_ready_at": None, "cut_off_at": None,
        "etd": "2026-11-07T10:00:00+08:00", "eta": "2026-12-07T09:00:00+01:00", "cancelled_at": None,
        "status": "booked", "health": "no_update", "progress": 0, "expected_arrival_at": None, "arrived_at": None,
        "next_milestone": "", "open_exceptions": 0,
    }  # fmt: skip
    assert ask(f"shipments/{row.public_id}/", secret=secret).json() == made | moments


def refused(answer) -> tuple[int, str, list[str]]:
    problem = answer.json()
    return answer.status_code, problem["code"], [error["field"] for error in problem.get("errors", [])]


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({"origin": "XXXXX"}, (400, "invalid", ["origin"])),
        ({"mode": "rocket"}, (400, "invalid", ["mode"])),
        ({"type": "smuggling"}, (400, "invalid", ["type"])),
        ({"reference": "---"}, (400, "unusable_reference", ["reference"])),
        ({"reference": ""}, (400, "invalid", ["reference"])),
        ({"references": [{"type": "nonsense", "value": "1"}]}, (400, "invalid", ["references.0.type"])),
        ({"parties": [{"partner": "NOBODY", "role": "carrier"}]}, (400, "invalid", ["parties.0.partner"])),
        ({"parties": [{"partner": "ALPHA", "role": "king"}]}, (400, "invalid", ["parties.0.role"])),
        ({"units": [{"number": "A1"}, {"number": "a-1"}]}, (400, "unit_twice", ["units"])),
        ({"legs": [{"mode": "sea", "origin": "NLRTM", "destination": "XX"}]}, (400, "invalid", ["legs.0.destination"])),
        ({"etd": "2026-12-02T00:00:00Z", "eta": "2026-12-01T00:00:00Z"}, (400, "invalid", [])),
        ({"eta": "tomorrow"}, (400, "invalid", ["eta"])),
        ({"id": "1", "created_by": 1, "is_staff": True}, (400, "invalid", ["created_by", "id", "is_staff"])),
        ({"Reference": "x"}, (400, "invalid", ["Reference"])),
        ({"references": [{"type": "po", "value": "1", "shipment": 12}]}, (400, "invalid", ["references.0.shipment"])),
    ],
)
def test_what_cannot_stand_is_refused_with_its_field(secret, said, expected):
    assert refused(create(secret, **said)) == expected
    assert Shipment.objects.count() == 0


def test_a_key_creates_for_its_own_partner_only(secret):
    save_partner("BETA", name="Beta", kinds=[PartnerKind.CUSTOMER])
    foreign, missing = (ask("shipments/", "POST", secret=secret, body=shipment(code)) for code in ("BETA", "NOSUCH"))
    assert (foreign.status_code, foreign.content) == (400, missing.content)
    assert refused(foreign) == (400, "invalid", ["customer"])


def test_customers_are_not_found_out_by_naming_them_as_parties(secret, carrier):
    save_partner("BETA", name="Beta", kinds=[PartnerKind.CUSTOMER])
    answers = [create(secret, parties=[{"partner": code, "role": "consignee"}]).content for code in ("BETA", "NOSUCH")]
    assert answers[0] == answers[1]


def test_a_reference_is_unique_for_a_customer_and_tells_nothing_of_others(secret):
    save_partner("BETA", name="Beta", kinds=[PartnerKind.CUSTOMER])
    theirs = ask("shipments/", "POST", user=internal(InternalGroup.OPERATIONS), body=shipment("BETA"))
    assert (theirs.status_code, create(secret).status_code) == (201, 201)
    assert refused(create(secret)) == (409, "reference_taken", ["reference"])


def test_dates_change_and_references_units_and_parties_are_added(secret, carrier):
    made = create(secret, etd="2026-11-07T00:00:00Z").json()
    changed = ask(
        f"shipments/{made['id']}/",
        "PATCH",
        secret=secret,
        body={
            "etd": None,
            "eta": "2026-12-24T12:00:00+08:00",
            "references": [{"type": "booking", "value": "B-1"}],
            "units": [{"number": "MSKU1234565"}],
            "parties": [{"partner": "LINE", "role": "carrier"}],
        },
    )
    assert changed.status_code == 200, changed.content
    now = changed.json()
    assert {name: now[name] for name in ("etd", "eta", "units", "parties", "references")} == {
        "etd": None,
        "eta": "2026-12-24T12:00:00+08:00",
        "units": [{"kind": "container", "number": "MSKU1234565", "iso_type": ""}],
        "parties": [{"partner": "ALPHA", "role": "customer"}, {"partner": "LINE", "role": "carrier"}],
        "references": [
            {"type": "shipment", "value": "NEW-1"},
            {"type": "booking", "value": "B-1"},
            {"type": "container", "value": "MSKU1234565"},
        ],
    }


@pytest.mark.parametrize(
    "said",
    [
        {"reference": "OTHER"}, {"customer": "ALPHA"}, {"mode": "air"}, {"origin": "NLRTM"}, {"legs": []},
        {"status": "delivered"}, {"id": "x"}, {"cancelled_at": "2026-01-01T00:00:00Z"}, {"company": 1},
    ],
)  # fmt: skip
def test_what_identifies_a_shipment_does_not_change(secret, said):
    made = create(secret).json()
    answer = ask(f"shipments/{made['id']}/", "PATCH", secret=secret, body={**said, "eta": "2027-01-01T00:00:00Z"})
    assert refused(answer) == (400, "invalid", list(said))
    assert Shipment.objects.get().eta is None


def test_a_change_is_whole_or_not_at_all(secret, carrier):
    made = create(secret).json()
    body = {"eta": "2027-01-01T00:00:00Z", "parties": [{"partner": "NOBODY", "role": "carrier"}]}
    assert ask(f"shipments/{made['id']}/", "PATCH", secret=secret, body=body).status_code == 400
    assert (Shipment.objects.get().eta, ShipmentParty.objects.count()) == (None, 1)


def test_a_party_that_is_not_the_customer_sees_and_does_not_change(secret, carrier):
    made = create(secret, parties=[{"partner": "LINE", "role": "carrier"}]).json()
    path, editor = f"shipments/{made['id']}/", member(carrier, Role.EDITOR)
    assert ask(path, user=editor).status_code == 200
    answer = ask(path, "PATCH", user=editor, body={"eta": "2027-01-01T00:00:00Z"})
    assert (answer.status_code, answer.json()["code"]) == (403, "permission_denied")


def test_a_cancelled_shipment_stays_as_it_is(secret):
    made = create(secret).json()
    cancel_shipment(Shipment.objects.get(), reason="The order fell through", by=None)
    answer = ask(f"shipments/{made['id']}/", "PATCH", secret=secret, body={"eta": "2027-01-01T00:00:00Z"})
    assert refused(answer) == (409, "shipment_cancelled", [])
    assert ask(f"shipments/{made['id']}/", secret=secret).json()["cancelled_at"].endswith("+00:00")


def test_the_service_is_said_changed_found_and_told_from_the_mode(secret):
    made = [
        create(secret, reference="S-0").json(),
        create(secret, reference="S-1", mode="FCL").json(),
        create(secret, reference="S-2", mode="ltl", service="ftl").json(),
        create(secret, reference="S-3", mode="ocean", service="").json(),
    ]
    assert [(one["mode"], one["service"]) for one in made] == [
        ("ocean", ""), ("ocean", "fcl"), ("road", "ftl"), ("ocean", ""),
    ]  # fmt: skip
    path = f"shipments/{made[3]['id']}/"
    changed = ask(path, "PATCH", secret=secret, body={"service": "LCL"}).json()
    assert (changed["service"], changed["mode"]) == ("lcl", "ocean")
    found = ask("shipments/?service=lcl", secret=secret).json()["results"]
    assert [one["reference"] for one in found] == ["S-3"]
    assert ask(path, "PATCH", secret=secret, body={"service": ""}).json()["service"] == ""
    for wrong in ({"service": "teleport"}, {"service": None}, {"service": 7}):
        assert ask(path, "PATCH", secret=secret, body=wrong).status_code == 400
    assert ask("shipments/?service=teleport", secret=secret).status_code == 400
