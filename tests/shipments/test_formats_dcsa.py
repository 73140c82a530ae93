import json
from datetime import UTC, datetime

import pytest

from shipments.formats.base import ParsedEvent, ParsedPlace
from shipments.formats.dcsa import parse_2 as parse
from shipments.formats.dcsa import parse_3
from shipments.normalise import Meaning, Origin, PlaceBook, normalise
from shipments.tables import read_table
from tests.shipments.test_formats_samples import collected, needs_collected

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
        segment="event 1",
    )  # fmt: skip


def test_a_retracted_event_needs_its_id_only():
    parsed = parse(b'{"eventID": "e1", "isRetracted": true, "eventDateTime": "rubbish"}', {})
    assert parsed.events == (ParsedEvent(0, "", "dcsa", "", retracts="e1", segment="event 1"),)


def test_the_beta_retracts_by_the_id_of_another_event():
    raw = b'{"metadata": {"eventID": "e2", "retractedEventID": "e1"}, "payload": {}}'
    expected = ParsedEvent(0, "", "dcsa", "", retracts="e1", source_event_id="e2", segment="event 1")
    assert parse(raw, {}).events == (expected,)


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


PARTY = {"originatingParty": {"partyCode": "NAVX", "codeListProvider": "SMDG", "codeListName": "LCL"}}


def read_3(**changes):
    return parse_3(json.dumps({"events": [{**LOADED, **changes}]}).encode(), {})


def test_in_3_0_an_event_is_known_by_its_party_and_its_id():
    (event,) = read_3(eventRouting=PARTY).events
    assert event.source_event_id == "NAVX/SMDG/LCL/e1"
    (gone,) = parse_3(json.dumps([{"eventID": "e1", "isRetracted": True, "eventRouting": PARTY}]).encode(), {}).events
    assert gone.retracts == event.source_event_id
    other = {"originatingParty": {**PARTY["originatingParty"], "partyCode": "OTHR"}}
    assert read_3(eventRouting=other).events[0].source_event_id == "OTHR/SMDG/LCL/e1"


def test_an_id_that_is_unique_by_itself_needs_no_party():
    own = "7b6c1f7e-1f0a-4d0e-9a57-0a6a4d7b1c01"
    assert read_3(eventID=own, eventRouting=PARTY).events[0].source_event_id == own


def test_a_long_id_with_its_party_fits_into_our_column():
    first, second = (read_3(eventID="e" * 99 + last, eventRouting=PARTY).events[0].source_event_id for last in "12")
    assert (len(first), first != second) == (64, True)


@pytest.mark.parametrize(
    "rubbish",
    [{"eventUpdatedDateTime": "soon"}, {"eventClassification": []}, {"shipmentDetails": 7}, {"transportCall": "x"},
     {"references": {}}, {"eventClassifierCode": "MAYBE"}],
)  # fmt: skip
def test_rule_29_of_a_retracted_event_nothing_but_the_id_needs_to_be_right(rubbish):
    parsed = read_3(isRetracted=True, **rubbish)
    assert [(event.retracts, event.wall_time) for event in parsed.events] == [("e1", "")]
    assert parsed.issues == ()


def test_rule_29_a_newer_update_of_an_event_has_its_id_and_a_later_report():
    (event,) = read_3(eventRouting=PARTY, eventUpdatedDateTime="2026-04-09T00:00:00Z").events
    assert (event.source_event_id, event.reported_at) == ("NAVX/SMDG/LCL/e1", "2026-04-09T00:00:00+00:00")


@needs_collected
@pytest.mark.parametrize(
    ("name", "codes"),
    [
        ("tnt-300-response.json", ["SHIPMENT.CONF/BKG", "TRANSPORT.DEPA", "EQUIPMENT.GTIN+EMPTY", "IOT.DETC/LOC",
                                   "REEFER.MEAS"]),
        ("tnt-300-response-nextpage.json", ["SHIPMENT.APPR/BKG", "TRANSPORT.ARRI", "EQUIPMENT.DISC", "IOT.DETC/DRC",
                                            "REEFER.ADJU"]),
        ("tnt-300-request-iot.json", ["IOT.DETC/DRO"]),
        ("tnt-300-request-shipment.json", ["SHIPMENT.CONF/BKG"]),
    ],
)  # fmt: skip
def test_the_collected_3_0_documents_are_read_whole(name, codes):
    parsed = parse_3(collected(f"dcsa_tnt/{name}"), {})
    assert ([event.raw_code for event in parsed.events], parsed.issues) == (codes, ())
    assert [event.segment for event in parsed.events] == [f"event {n + 1}" for n in range(len(codes))]


@needs_collected
def test_the_movement_and_the_voyage_of_3_0_are_read():
    events = parse_3(collected("dcsa_tnt/tnt-300-response-nextpage.json"), {}).events
    assert [event.attributes.get("movement", "") for event in events] == ["", "", "TRANSSHIPMENT", "", ""]
    assert [(event.voyage, event.vessel_imo) for event in events][1] == ("V003E", "2468135")
    assert events[1].source_event_id == "EXCO/SMDG/LCL/evt-resp-trans-002"


@needs_collected
def test_wrong_values_of_the_collected_2_2_documents_are_what_they_should_be():
    parsed = parse(collected("dcsa_tnt/tnt-220-response-wrong-attribute-values.json"), {})
    # A made-up code of a place or a vessel is the sender's word; the place stays open, and the number fails its check.
    assert [event.raw_code for event in parsed.events] == ["TRANSPORT.DEPA", "SHIPMENT.VOID/ARN", "EQUIPMENT.RMVD"]


MEANINGS = {
    (row["code_list"], row["raw_code"]): Meaning(row["code"], row["classifier"]) for row in read_table("code_mappings")
}
ORIGIN = Origin(1, "S", 50, "", datetime(2026, 6, 1, tzinfo=UTC), MEANINGS, PlaceBook())


@pytest.mark.parametrize(
    ("code", "meaning"),
    [("AVPU", "AVAILABLE"), ("AVDO", "AVAILABLE"), ("CUSS", "CUSTOMS_EXAM"), ("CUSI", "CUSTOMS_EXAM"),
     ("CUSR", "CUSTOMS_RELEASED"), ("CROS", "BORDER_CROSSED")],
)  # fmt: skip
def test_the_new_codes_of_3_0_are_mapped(code, meaning):
    assert normalise(read_3(equipmentEventTypeCode=code).events[0], ORIGIN).code == meaning


def test_a_code_with_its_circumstances_falls_back_to_the_code_alone():
    event = only(equipmentEventTypeCode="GTIN", emptyIndicatorCode="EMPTY")
    assert event.fallback_codes == ("EQUIPMENT.GTIN",)
    assert only().fallback_codes == ()
    alone = {("dcsa", "EQUIPMENT.GTIN"): Meaning("GATE_IN")}
    assert normalise(event, Origin(1, "S", 50, "", ORIGIN.received_at, alone, PlaceBook())).code == "GATE_IN"
    assert normalise(event, ORIGIN).code == "EMPTY_RETURNED"
