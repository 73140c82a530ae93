import json

import pytest

from shipments.formats.base import ParsedEvent, ParsedPlace
from shipments.formats.dcsa_2 import parse

LOADED = {
    "eventID": "e1", "eventType": "EQUIPMENT", "eventClassifierCode": "ACT", "equipmentEventTypeCode": "LOAD",
    "eventDateTime": "2026-04-08T10:00:00+08:00", "equipmentReference": "OCLU1234565",
}  # fmt: skip


def read(**changes):
    kept = {name: value for name, value in {**LOADED, **changes}.items() if value is not None}
    return parse(json.dumps([kept]).encode(), {})


def only(**changes):
    (event,) = read(**changes).events
    return event


def fault(**changes):
    (issue,) = read(**changes).issues
    return issue.code, issue.element


@pytest.mark.parametrize(
    ("changes", "raw_code"),
    [
        ({}, "EQUIPMENT.LOAD"),
        ({"emptyIndicatorCode": "EMPTY"}, "EQUIPMENT.LOAD"),
        ({"equipmentEventTypeCode": "GTIN"}, "EQUIPMENT.GTIN"),
        ({"equipmentEventTypeCode": "GTIN", "emptyIndicatorCode": "EMPTY"}, "EQUIPMENT.GTIN+EMPTY"),
        ({"equipmentEventTypeCode": "DROP", "emptyIndicatorCode": "LADEN"}, "EQUIPMENT.DROP+LADEN"),
        ({"eventType": "TRANSPORT", "transportEventTypeCode": "DEPA"}, "TRANSPORT.DEPA"),
        ({"eventType": "SHIPMENT", "shipmentEventTypeCode": "HOLD", "documentTypeCode": "CUS"}, "SHIPMENT.HOLD/CUS"),
        ({"eventType": "SHIPMENT", "shipmentEventTypeCode": "HOLD"}, "SHIPMENT.HOLD"),
        ({"eventType": "IOT", "iotEventTypeCode": "DETC", "iotDetails": {"iotEventCode": "DRO"}}, "IOT.DETC/DRO"),
        ({"equipmentEventTypeCode": "NEWW"}, "EQUIPMENT.NEWW"),
    ],
)
def test_the_raw_code_is_as_the_mapping_lists_it(changes, raw_code):
    assert only(**changes).raw_code == raw_code


def test_fields_nested_as_in_3_0_are_found():
    event = only(
        eventType=None, eventClassifierCode=None, equipmentEventTypeCode=None, equipmentReference=None,
        eventUpdatedDateTime="2026-04-08T12:00:00Z",
        eventClassification={
            "eventTypeCode": "EQUIPMENT", "eventClassifierCode": "EST", "equipmentEventTypeCode": "DISC",
        },
        equipmentDetails={"equipmentReference": "OCLU1234565"},
        shipmentDetails={"documentReference": {"typeCode": "BKG", "reference": "B1"}},
        transportDetails={"transportCall": {
            "modeOfTransport": "TRUCK", "exportVoyageNumberOrReference": {"carrierVoyageNumber": "7W"},
            "vesselTransport": {"vesselIMONumber": "9321483"},
        }},
    )  # fmt: skip
    assert event == ParsedEvent(
        0, "EQUIPMENT.DISC", "dcsa", "2026-04-08T10:00:00", classifier="EST", zone="+08:00",
        reported_at="2026-04-08T12:00:00+00:00", equipment="OCLU1234565", vessel_imo="9321483", voyage="7W",
        references=(("booking", "B1"),), source_event_id="e1", attributes={"mode": "ROAD"},
    )  # fmt: skip


def test_a_retracted_event_needs_its_id_only():
    parsed = parse(b'{"eventID": "e1", "isRetracted": true, "eventDateTime": "rubbish"}', {})
    assert parsed.events == (ParsedEvent(0, "", "dcsa", "", retracts="e1"),)


def test_the_beta_retracts_by_the_id_of_another_event():
    raw = b'{"metadata": {"eventID": "e2", "retractedEventID": "e1"}, "payload": {}}'
    assert parse(raw, {}).events == (ParsedEvent(0, "", "dcsa", "", retracts="e1", source_event_id="e2"),)


def test_the_events_own_place_goes_before_the_place_of_the_call():
    call = {"UNLocationCode": "NLRTM", "facilityCode": "APM2"}
    assert only(transportCall=call).place == ParsedPlace(unlocode="NLRTM", facility="APM2", text="NLRTM")
    place = only(
        transportCall=call, eventLocation={"UNLocationCode": "DEHAM", "latitude": "53.5", "longitude": "9.9"}
    ).place
    assert place == ParsedPlace(unlocode="DEHAM", latitude=53.5, longitude=9.9, text="DEHAM")


def test_a_location_that_is_no_unlocode_stays_a_text():
    place = only(eventLocation={"UNLocationCode": "Yard 7", "address": {"city": "Lyon", "countryCode": "FR"}}).place
    assert place == ParsedPlace(name="Lyon", country="FR", text="Yard 7")


@pytest.mark.parametrize("latitude", ["north", "91", "nan", True, None, -90.1])
def test_coordinates_off_the_earth_are_left_out(latitude):
    place = only(eventLocation={"UNLocationCode": "DEHAM", "latitude": latitude, "longitude": "9.9"}).place
    assert (place.latitude, place.longitude) == (None, None)


def test_references_come_from_every_list():
    event = only(
        documentReferences=[{"documentReferenceType": "TRD", "documentReferenceValue": "T1"}],
        references=[{"referenceType": "PO", "referenceValue": "4711"}, {"referenceType": "??", "referenceValue": "x"}],
    )
    assert event.references == (("mbl", "T1"), ("po", "4711"))


@pytest.mark.parametrize(
    ("changes", "code", "element"),
    [
        ({"eventID": 7}, "bad_value", "eventID"),
        ({"eventID": "e" * 101}, "too_long", "eventID"),
        ({"eventType": "WEATHER"}, "bad_value", "eventType"),
        ({"equipmentEventTypeCode": None}, "bad_value", "equipmentEventTypeCode"),
        ({"equipmentEventTypeCode": "load it"}, "bad_value", "equipmentEventTypeCode"),
        ({"eventClassifierCode": None}, "bad_value", "eventClassifierCode"),
        ({"eventClassifierCode": "MAYBE"}, "bad_value", "eventClassifierCode"),
        ({"eventDateTime": None}, "no_time", "eventDateTime"),
        ({"eventDateTime": "2026/04/08 10:00"}, "bad_time", "eventDateTime"),
        ({"eventDateTime": "2026-04-08"}, "bad_time", "eventDateTime"),
        ({"eventCreatedDateTime": "yesterday"}, "bad_time", "eventCreatedDateTime"),
        ({"emptyIndicatorCode": "HALF"}, "bad_value", "emptyIndicatorCode"),
        ({"transportCall": {"modeOfTransport": "SLEDGE"}}, "bad_value", "modeOfTransport"),
        ({"transportCall": []}, "bad_value", "transportCall"),
        ({"references": {}}, "bad_value", "references"),
        ({"equipmentReference": "a\x00"}, "bad_text", "equipmentReference"),
        ({"isRetracted": True, "eventID": None}, "no_id", "eventID"),
    ],
)
def test_a_wrong_value_is_reported_with_its_name(changes, code, element):
    assert fault(**changes) == (code, element)


def test_an_update_of_an_event_carries_when_it_was_updated():
    event = only(eventCreatedDateTime="2026-04-08T11:00:00Z", eventUpdatedDateTime="2026-04-09T11:00:00+02:00")
    assert event.reported_at == "2026-04-09T11:00:00+02:00"


def test_our_own_events_are_told_to_be_some():
    (issue,) = parse(b'[{"code": "ARRIVED", "occurred_at": "2026-04-08"}]', {}).issues
    assert issue.message == "This looks like Waymark events (JSON); the source sends DCSA Track & Trace 2."
