from __future__ import annotations

from datetime import timedelta

import pytest

from core.errors import DomainError, NotVisible
from partners.enums import Role
from shipments.drafts import LegDraft, ShipmentDraft
from shipments.enums import WaitOutcome
from shipments.models import EventMatch, Reference, Shipment, ShipmentParty, ShipmentStream, WaitingEvent
from shipments.services import (
    add_party,
    add_references,
    add_units,
    cancel_shipment,
    change_shipment,
    create_shipment,
    ingest_waiting,
    receive,
    remove_party,
)
from tests.factories.partners import PartnerFactory, internal, member
from tests.factories.shipments import NOON, LocationFactory, ShipmentFactory, SourceFactory, native, payload

pytestmark = pytest.mark.django_db


def draft(customer, **fields: object) -> ShipmentDraft:
    singapore = LocationFactory(unlocode="SGSIN", name="Singapore", time_zone="Asia/Singapore")
    values = {"reference": "ORDER 1", "mode": "ocean", "origin": LocationFactory(), "destination": singapore}
    return ShipmentDraft(customer=customer, **{**values, **fields})


def refusal(call, *args: object, **fields: object) -> DomainError:
    with pytest.raises(DomainError) as caught:
        call(*args, **fields)
    return caught.value


def heard(*references: tuple[str, str]) -> None:
    receive(SourceFactory(), payload(native("DEPARTED", *references)))
    ingest_waiting()


def test_a_shipment_is_made_with_everything_it_is_known_by():
    customer, carrier, by = PartnerFactory(), PartnerFactory(), internal("operations")
    shipment = create_shipment(
        draft(
            customer,
            parties=((carrier, "carrier"),),
            references=(("MBL", "MAEU-1"), ("bill_of_lading", "MAEU 1"), ("po", "4711")),
            units=(("container", "MSKU 123456-5", "22G1"), ("package", "1Z-9", ""), ("pallet", "P1", "")),
            legs=(LegDraft(mode="ocean", origin=LocationFactory(), destination=LocationFactory(), voyage="V1"),),
        ),
        by=by,
    )
    assert (shipment.type, shipment.created_by) == ("export", by)
    assert set(shipment.references.values_list("type", "key")) == {
        ("shipment", "ORDER1"), ("mbl", "MAEU1"), ("po", "4711"), ("container", "MSKU1234565"), ("tracking", "1Z9"),
        ("sscc", "P1"),
    }  # fmt: skip
    assert set(shipment.parties.values_list("partner", "role")) == {(customer.pk, "customer"), (carrier.pk, "carrier")}
    assert list(shipment.legs.values_list("sequence", "voyage")) == [(1, "V1")]
    assert ShipmentStream.objects.get(shipment=shipment).revision == 1


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        ({}, "export"),
        ({"mode": "parcel"}, "ecommerce"),
        ({"mode": "road", "destination": "NLAMS"}, "domestic"),
        ({"type": "cross_trade"}, "cross_trade"),
    ],
)
def test_a_type_that_is_not_given_is_told_from_mode_and_countries(fields, kind):
    if "destination" in fields:
        fields = {**fields, "destination": LocationFactory(unlocode=fields["destination"], name="Amsterdam")}
    assert create_shipment(draft(PartnerFactory(), **fields), by=None).type == kind


def test_events_that_waited_are_taken_up():
    heard(("mbl", "M1"))
    heard(("mbl", "ANOTHER"))
    shipment = create_shipment(draft(PartnerFactory(), references=(("mbl", "m-1"),)), by=None)
    assert EventMatch.objects.get().shipment == shipment
    assert list(WaitingEvent.objects.order_by("pk").values_list("outcome", flat=True)) == [WaitOutcome.MATCHED, ""]


def test_a_house_that_comes_later_gets_what_its_sisters_have_by_the_shared_bill():
    customer = PartnerFactory()
    create_shipment(draft(customer, references=(("mbl", "M1"), ("hbl", "H1"))), by=None)
    heard(("mbl", "M1"))
    heard(("hbl", "H1"), ("mbl", "M1"))
    second = create_shipment(draft(customer, reference="B", references=(("mbl", "M1"), ("hbl", "H2"))), by=None)
    assert list(EventMatch.objects.filter(shipment=second).values_list("matched_by", flat=True)) == ["mbl M1"]


def test_a_reference_is_one_shipment_per_customer():
    customer = PartnerFactory()
    create_shipment(draft(customer), by=None)
    error = refusal(create_shipment, draft(customer), by=None)
    assert (error.code, error.field, error.conflict) == ("reference_taken", "reference", True)
    create_shipment(draft(PartnerFactory()), by=None)
    assert Shipment.objects.count() == 2


@pytest.mark.parametrize(
    ("fields", "code", "field"),
    [
        ({"reference": " -/ "}, "unusable_reference", "reference"),
        ({"reference": "x" * 65}, "unusable_reference", "reference"),
        ({"references": (("mbl", "!!"),)}, "unusable_reference", "references"),
        ({"references": (("nonsense", "1"),)}, "unknown_reference_type", "references"),
        ({"mode": "teleport"}, "invalid", "mode"),
        ({"type": "nonsense"}, "invalid", "type"),
        ({"units": (("box", "A1", ""),)}, "invalid", "kind"),
        ({"units": (("package", "A1", ""), ("package", "a-1", ""))}, "unit_twice", "units"),
        ({"etd": NOON, "eta": NOON - timedelta(days=1)}, "invalid", ""),
    ],
)
def test_what_makes_no_sense_is_refused_and_leaves_nothing(fields, code, field):
    error = refusal(create_shipment, draft(PartnerFactory(), **fields), by=None)
    assert (error.code, error.field) == (code, field)
    assert Shipment.objects.count() == 0


def test_an_unknown_role_is_refused():
    customer = PartnerFactory()
    assert refusal(create_shipment, draft(customer, parties=((customer, "king"),)), by=None).code == "unknown_role"


def test_a_partner_makes_shipments_for_itself_only():
    customer, other = PartnerFactory(), PartnerFactory()
    editor = member(customer, Role.EDITOR)
    assert create_shipment(draft(customer), by=editor).created_by == editor
    with pytest.raises(NotVisible):
        create_shipment(draft(other), by=editor)
    with pytest.raises(NotVisible):
        create_shipment(draft(customer, reference="B"), by=member(customer, Role.VIEWER))


def test_dates_can_be_changed_and_the_stream_hears_of_it():
    shipment = ShipmentFactory()
    change_shipment(shipment, changes={"eta": NOON + timedelta(days=40)}, by=None)
    shipment.refresh_from_db()
    assert shipment.eta == NOON + timedelta(days=40)
    assert shipment.stream.revision == 2


def test_not_everything_can_be_changed():
    shipment = ShipmentFactory()
    assert refusal(change_shipment, shipment, changes={"customer": PartnerFactory()}, by=None).code == "not_changeable"
    assert refusal(change_shipment, shipment, changes={"eta": NOON - timedelta(days=90)}, by=None).code == "invalid"
    shipment.refresh_from_db()
    assert shipment.stream.revision == 1


def test_who_sees_a_shipment_may_not_change_it_unless_it_is_his():
    carrier = PartnerFactory()
    shipment = ShipmentFactory(parties=[(carrier, "carrier")])
    change = {"changes": {"eta": NOON + timedelta(days=1)}}
    assert refusal(change_shipment, shipment, **change, by=member(carrier, Role.EDITOR)).code == "not_allowed"
    assert refusal(change_shipment, shipment, **change, by=member(PartnerFactory(), Role.EDITOR)).code == "not_found"
    change_shipment(shipment, **change, by=member(shipment.customer, Role.EDITOR))


def test_a_new_reference_takes_up_what_waited_for_it():
    shipment = ShipmentFactory()
    heard(("tracking", "1Z9"))
    add_references(shipment, [("tracking", "1z-9"), ("tracking", "1Z9")], by=None)
    assert EventMatch.objects.get().shipment == shipment
    assert Reference.objects.filter(key="1Z9").count() == 1
    add_references(shipment, [("tracking", "1Z9")], by=None)
    assert Reference.objects.filter(key="1Z9").count() == 1


def test_a_unit_that_becomes_known_later_takes_up_what_waited_for_it():
    shipment = create_shipment(draft(PartnerFactory()), by=None)
    heard(("container", "MSKU1234565"))
    before = ShipmentStream.objects.get().revision
    add_units(shipment, [("container", "MSKU 123456-5", "22G1"), ("package", "1Z-9", "")], by=None)
    assert EventMatch.objects.get().shipment == shipment
    assert ShipmentStream.objects.get().revision > before
    add_units(shipment, [("container", "msku1234565", "")], by=None)
    assert set(shipment.units.values_list("kind", "key", "iso_type")) == {
        ("container", "MSKU1234565", "22G1"), ("package", "1Z9", ""),
    }  # fmt: skip
    assert set(shipment.references.values_list("type", "key")) == {
        ("shipment", "ORDER1"), ("container", "MSKU1234565"), ("tracking", "1Z9"),
    }  # fmt: skip
    twice = [("container", "A1", ""), ("container", "a-1", "")]
    assert refusal(add_units, shipment, twice, by=None).code == "unit_twice"
    assert refusal(add_units, shipment, twice, by=member(PartnerFactory(), Role.EDITOR)).code == "not_found"


def test_parties_come_and_go_but_the_customer_stays():
    shipment, broker = ShipmentFactory(), PartnerFactory()
    add_party(shipment, broker, role="customs_broker", by=None)
    add_party(shipment, broker, role="customs_broker", by=None)
    assert ShipmentParty.objects.filter(shipment=shipment, partner=broker).count() == 1
    remove_party(shipment, broker, role="customs_broker", by=None)
    assert ShipmentParty.objects.filter(shipment=shipment).count() == 1
    error = refusal(remove_party, shipment, shipment.customer, role="customer", by=None)
    assert error.code == "customer_stays"


def test_a_shipment_is_cancelled_once_and_with_a_reason():
    shipment = ShipmentFactory()
    assert refusal(cancel_shipment, shipment, reason=" ", by=None).code == "reason_missing"
    cancel_shipment(shipment, reason="not ordered", by=None)
    shipment.refresh_from_db()
    assert (shipment.cancel_reason, shipment.stream.revision) == ("not ordered", 2)
    assert refusal(cancel_shipment, shipment, reason="again", by=None).code == "shipment_cancelled"
    assert refusal(change_shipment, shipment, changes={"eta": NOON}, by=None).code == "shipment_cancelled"
