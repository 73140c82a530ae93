"""A wrong number: a person is asked to look again, a feed is warned, a system passes on what it was given."""

import json

import pytest

from core.errors import DomainError
from partners.enums import Role
from shipments.drafts import LegDraft, ShipmentDraft
from shipments.enums import Format, MessageState
from shipments.models import Event, EventMatch, Message
from shipments.services import add_references, add_units, create_shipment, ingest_messages, reading, receive
from tests.factories.partners import PartnerFactory, api_key, internal, member
from tests.factories.shipments import LocationFactory, ShipmentFactory, SourceFactory, native, payload
from tests.shipments.test_formats_epcis import DECLARED, changed

pytestmark = pytest.mark.django_db
WRONG = "MSKU1234566 has a wrong check digit: with 5 at the end it would be right."


def draft(customer, **fields):
    singapore = LocationFactory(unlocode="SGSIN", name="Singapore", time_zone="Asia/Singapore")
    values = {"reference": "ORDER 1", "mode": "ocean", "origin": LocationFactory(), "destination": singapore}
    return ShipmentDraft(customer=customer, **{**values, **fields})


def leg(imo):
    return LegDraft(mode="ocean", origin=LocationFactory(), destination=LocationFactory(), vessel_imo=imo)


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"references": (("container", "MSKU1234566"),)}, "references"),
        ({"references": (("air waybill", "020-12345674"),)}, "references"),
        ({"units": (("container", "MSKU1234566", ""),)}, "units"),
        ({"legs": "9330141"}, "legs"),
    ],
)
@pytest.mark.parametrize("is_ours", [True, False])
def test_a_person_who_types_a_wrong_number_is_asked_to_look_again(fields, field, is_ours):
    customer = PartnerFactory()
    by = internal("operations") if is_ours else member(customer, Role.ADMINISTRATOR)
    given = {name: (leg(value),) if name == "legs" else value for name, value in fields.items()}
    with pytest.raises(DomainError) as caught:
        create_shipment(draft(customer, **given), by=by)
    assert (caught.value.code, caught.value.field) == ("wrong_number", field)


def test_what_is_added_later_is_looked_at_as_well():
    shipment, by = ShipmentFactory(), internal("operations")
    with pytest.raises(DomainError) as typed:
        add_references(shipment, [("container", "MSKU1234566")], by=by)
    with pytest.raises(DomainError) as listed:
        add_units(shipment, [("container", "MSKU1234566", "")], by=by)
    assert (typed.value.message, listed.value.message) == (WRONG, WRONG)
    assert list(shipment.references.values_list("type", flat=True)) == ["shipment"]


def test_a_key_passes_on_what_its_carrier_gave_out():
    customer = PartnerFactory()
    key = api_key(customer, "read", "write")[0].user
    made = create_shipment(draft(customer, units=(("container", "MSKU1234566", ""),), legs=(leg("9330141"),)), by=key)
    assert made.units.get().number == "MSKU1234566"


def read(source, raw: bytes) -> Message:
    message = receive(source, raw).message
    assert ingest_messages([message.pk]) == 1
    message.refresh_from_db()
    return message


def test_a_feed_is_warned_once_of_each_wrong_number_and_loses_nothing():
    shipment = ShipmentFactory(references=[("container", "MSKU1234566")])
    events = [native(code, ("container", "MSKU1234566"), ("mbl", "A1")) for code in ("LOADED", "DEPARTED")]
    message = read(SourceFactory(), payload(*events, native("ARRIVED", ("sscc", "140123451122233344"))))
    assert (message.state, message.events_found, message.events_matched) == (MessageState.PARSED, 3, 2)
    assert [(e["code"], e["element"], e["position"], e["is_warning"], e["message"]) for e in message.errors] == [
        ("check_digit", "container", 0, True, WRONG),
        ("check_digit", "sscc", 2, True,
         "140123451122233344 has a wrong check digit: with 1 at the end it would be right."),
    ]  # fmt: skip
    assert set(EventMatch.objects.values_list("shipment", "event__position")) == {(shipment.pk, 0), (shipment.pk, 1)}


def test_a_feed_is_warned_of_fifty_numbers_at_most():
    wrong = [f"MSKU{number:06}{(digit + 1) % 10}" for number, digit in ((n, _digit(n)) for n in range(60))]
    message = read(SourceFactory(), payload(*(native("LOADED", ("container", number)) for number in wrong)))
    assert (len(message.errors), message.state) == (50, MessageState.PARSED)


def _digit(number):
    values = [24, 30, 21, 32, *(int(sign) for sign in f"{number:06}")]
    return sum(value << place for place, value in enumerate(values)) % 11 % 10


def test_a_message_that_is_read_in_parts_is_warned_once_as_well():
    raw = payload(*(native(code, ("container", "MSKU1234566")) for code in ("LOADED", "DEPARTED")))
    message = receive(SourceFactory(), raw).message
    parts = list(reading.read_in_parts(message))
    assert [[issue.code for issue in part.parsed.issues] for part in parts] == [["check_digit"]]


def document(*events):
    return json.dumps({"@context": "x", "type": "EPCISDocument", "epcisBody": {"eventList": events}}).encode()


def test_rule_29_a_declaration_that_comes_before_its_event_waits_for_it():
    shipment = ShipmentFactory(references=[("sscc", "140123451122233341")])
    source = SourceFactory(format=Format.EPCIS)
    read(source, document(changed(errorDeclaration=DECLARED)))
    tombstone = Event.objects.get()
    assert (tombstone.retracts, tombstone.occurred_at, EventMatch.objects.count()) == ("e1", None, 0)
    message = read(source, document(changed()))
    assert (message.state, message.events_matched, message.errors) == (MessageState.PARSED, 1, [])
    event = Event.objects.exclude(pk=tombstone.pk).get()
    assert (event.code_id, event.source_event_id) == ("WH_DISPATCHED", "e1")
    matched = EventMatch.objects.filter(shipment=shipment).values_list("event", flat=True)
    assert set(matched) == {tombstone.pk, event.pk}


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({}, "WH_DISPATCHED"), ({"disposition": "damaged"}, "DAMAGED"), ({"bizStep": "packing"}, "INFO"),
        ({"bizStep": "packing", "disposition": "container_closed"}, "STUFFED"), ({"bizStep": "commissioning"}, "INFO"),
        ({"bizStep": "entering_exiting"}, "GATE_OUT"), ({"bizStep": None, "disposition": "in_transit"}, "IN_TRANSIT"),
        ({"bizStep": "receiving", "disposition": "returned"}, "RETURNED"), ({"bizStep": None}, "INFO"),
    ],
)  # fmt: skip
def test_what_epcis_says_in_our_vocabulary(changes, code):
    message = read(SourceFactory(format=Format.EPCIS), document(changed(**changes)))
    assert (Event.objects.get().code_id, message.events_unmapped) == (code, 0)


def test_a_step_of_somebody_elses_vocabulary_waits_for_a_mapping():
    message = read(SourceFactory(format=Format.EPCIS), document(changed(bizStep="https://x.example/weighing")))
    assert (message.events_unmapped, Event.objects.get().code_id) == (1, "INFO")
