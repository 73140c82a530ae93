import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shipments.formats.base import ParsedEvent, ParsedPlace
from shipments.formats.one_record import parse
from tests.shipments.test_formats_samples import collected, needs_collected

OBJECTS = "https://1r.example/logistics-objects/"
EVENT = {
    "@type": "cargo:LogisticsEvent", "cargo:eventCode": {"@id": "https://onerecord.iata.org/ns/code-lists/StatusCode#DEP"},
    "cargo:eventDate": "2025-11-04T22:55:00+01:00", "cargo:eventTimeType": {"@id": "cargo:ACTUAL"},
    "cargo:eventFor": {"@id": OBJECTS + "shp-7731", "@type": "cargo:Shipment"},
}  # fmt: skip


def read(document):
    return parse(json.dumps(document).encode(), {})


def only(*others, **changes):
    kept = {name: v for name, v in {**EVENT, **{f"cargo:{k}": v for k, v in changes.items()}}.items() if v is not None}
    (event,) = read({"@graph": [kept, *others]}).events
    return event


@needs_collected
@pytest.mark.parametrize(
    ("name", "codes", "issues"),
    [
        ("LogisticsEvent.json", ["DEP"], []),
        ("LogisticsEvents_list.json", ["DEP", "MAN"], []),
        ("LogisticsEvents_empty_list.json", [], []),
        ("MultipleEvents_example1.json", ["DEP"], []),
        ("MultipleEvents_example3.json", ["DEP"], []),
        ("MultipleEventsResponse_example2.json", [], ["not_an_event"]),
        ("Change_example7.json", [], ["not_an_event"]),
        ("chi_apple_event.json", ["code"], []),
        ("legacy_Event.json", [], ["not_json"]),
    ],
)
def test_the_collected_documents_are_read_or_refused_for_what_they_are(name, codes, issues):
    parsed = parse(collected(f"one_record/{name}"), {})
    assert [event.raw_code for event in parsed.events] == codes
    assert [issue.code for issue in parsed.issues] == issues
    assert parsed.is_quiet == (not codes and not issues)


def test_an_event_that_stands_alone():
    assert only() == ParsedEvent(
        0, "DEP", "fsu", "2025-11-04T22:55:00", classifier="ACT", zone="+01:00",
        references=(("tracking", "shp-7731"),), attributes={"objects": OBJECTS + "shp-7731"}, segment="event 1",
    )  # fmt: skip


@pytest.mark.parametrize(
    "spelt",
    [
        {"https://onerecord.iata.org/ns/cargo#eventCode": "DEP", "https://onerecord.iata.org/ns/cargo#eventDate": "T"},
        {"eventCode": {"code": "DEP"}, "eventDate": {"@type": "xsd:dateTime", "@value": "T"}},
        {"cargo:eventCode": [{"@id": "StatusCode#DEP"}], "cargo:eventDate": {"@value": "T"}},
    ],
)
def test_a_term_may_be_spelt_in_several_ways(spelt):
    text = json.dumps(spelt).replace('"T"', '"2025-11-04T21:55:00Z"')
    (event,) = parse(text.encode(), {}).events
    assert (event.raw_code, event.wall_time, event.zone) == ("DEP", "2025-11-04T21:55:00", "+00:00")


@pytest.mark.parametrize(
    ("kind", "classifier"),
    [("ACTUAL", "ACT"), ("ESTIMATED", "EST"), ("EXPECTED", "EST"), ("PLANNED", "PLN"), ("SCHEDULED", "PLN"),
     ("REQUESTED", "REQ")],
)  # fmt: skip
def test_the_time_type_is_the_classifier(kind, classifier):
    assert only(eventTimeType=f"cargo:{kind}").classifier == classifier
    assert only(eventTimeType={"@id": f"https://onerecord.iata.org/ns/cargo#{kind}"}).classifier == classifier


def test_the_air_waybill_is_found_by_the_links_of_the_document():
    waybill = {
        "@type": "cargo:Waybill",
        "@id": OBJECTS + "w1",
        "cargo:waybillPrefix": "160",
        "cargo:waybillNumber": "12345675",
    }
    shipment = {"@id": OBJECTS + "shp-7731", "cargo:waybill": {"@id": OBJECTS + "w1"}}
    expected = (("mawb", "160-12345675"), ("tracking", "shp-7731"))
    assert only(shipment, waybill).references == expected
    back = {**waybill, "cargo:shipment": {"@id": OBJECTS + "shp-7731"}}
    assert only(back).references == expected
    house = {"@id": OBJECTS + "shp-7731", "cargo:waybill": {
        "cargo:waybillType": {"@id": "cargo:HOUSE"}, "cargo:waybillNumber": "H77", "cargo:masterWaybill": waybill,
    }}  # fmt: skip
    assert only(house).references == (("hawb", "H77"), *expected)
    whole = {"@type": "Shipment", "waybill": waybill, "events": [EVENT], "@id": OBJECTS + "shp-7731"}
    (event,) = read(whole).events
    assert event.references == expected


def test_an_object_that_is_called_by_its_air_waybill_needs_no_link():
    assert only(eventFor={"@id": OBJECTS + "160-12345675"}).references == (("mawb", "160-12345675"),)


def test_the_place_and_the_flight_are_followed_too():
    place = {
        "@id": OBJECTS + "fra",
        "cargo:locationName": "Frankfurt",
        "cargo:locationCodes": [{"cargo:code": "DEFRA"}, "FRA"],
    }
    event = only(
        place, eventLocation={"@id": OBJECTS + "fra"}, transportMovementReference={"transportIdentifier": "LH0009"}
    )
    assert event.place == ParsedPlace(iata="FRA", unlocode="DEFRA", text="Frankfurt")
    assert event.flight == "LH9"


def test_pieces_of_a_status_update():
    event = only(
        partialEventIndicator=True, recordedPieceCount=9, recordedWeight={"numericalValue": 360.5, "unit": "KGM"},
        eventFor=None,
    )  # fmt: skip
    assert event.attributes == {"part": "PARTIAL", "pieces": 9, "weight": "360.5", "weight_unit": "KGM"}
    assert only(partialEventIndicator=False).attributes["part"] == "TOTAL"


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"eventDate": None}, ("no_time", "eventDate")),
        ({"eventDate": "yesterday"}, ("bad_time", "eventDate")),
        ({"eventDate": "2025-11-04"}, ("bad_time", "eventDate")),
        ({"eventCode": None}, ("bad_value", "eventCode")),
        ({"eventTimeType": "cargo:MAYBE"}, ("bad_value", "eventTimeType")),
        ({"eventName": "n" * 501}, ("too_long", "eventName")),
    ],
)
def test_a_wrong_value_costs_its_own_event_only(changes, fault):
    broken = {**EVENT, **{f"cargo:{name}": value for name, value in changes.items()}}
    parsed = read([broken, EVENT])
    assert [(issue.code, issue.element, issue.position) for issue in parsed.issues] == [(*fault, 0)]
    assert [event.position for event in parsed.events] == [1]


def change(op, **operation):
    return {
        "@type": "api:Change",
        "api:hasOperation": {"api:op": {"@id": f"api:{op}"}, **{f"api:{k}": v for k, v in operation.items()}},
    }


GONE = OBJECTS + "shp-7731/logistics-events/e-1"
LINK = {"hasDatatype": "https://onerecord.iata.org/ns/cargo#LogisticsEvent", "hasValue": GONE}


def test_rule_29_a_change_that_deletes_an_event_takes_it_back():
    for operation in (
        {"s": OBJECTS + "shp-7731", "p": "https://onerecord.iata.org/ns/cargo#events", "o": [LINK]},
        {"s": GONE},
        {"s": GONE, "p": "http://www.w3.org/1999/02/22-rdf-syntax-ns#type", "o": [{"hasValue": "LogisticsEvent"}]},
    ):
        (event,) = read(change("DELETE", **operation)).events
        assert event == ParsedEvent(0, "", "fsu", "", retracts=GONE, segment="event 1")
    assert only(eventFor=None) != read({**EVENT, "@id": GONE}).events[0]
    assert read({**EVENT, "@id": GONE}).events[0].source_event_id == GONE


@pytest.mark.parametrize(
    "other",
    [
        change("ADD", s=OBJECTS + "shp-7731", p="cargo:events", o=[LINK]),
        change("DELETE", s=GONE, p="cargo:eventDate", o=[{"hasValue": "2025-11-04T00:00:00Z"}]),
        change("DELETE", s=OBJECTS + "shp-7731"),
        change("DELETE"),
    ],
)  # fmt: skip
def test_rule_29_a_change_that_says_no_event_as_a_whole_is_refused(other):
    parsed = read(other)
    assert (parsed.events, [issue.code for issue in parsed.issues]) == ((), ["not_an_event"])


def test_a_long_address_is_known_by_its_last_part():
    address = OBJECTS + "x" * 80 + "/logistics-events/afb4b8cf"
    assert read({**EVENT, "@id": address}).events[0].source_event_id == "afb4b8cf"
    assert read(change("DELETE", s=address)).events[0].retracts == "afb4b8cf"
    assert read({**EVENT, "@id": "_:b1"}).events[0].source_event_id == ""


TERMS = st.sampled_from(
    ["@id", "@type", "@value", "@graph", "@list", "cargo:eventCode", "eventDate", "eventFor", "waybill", "shipment",
     "waybillNumber", "hasOperation", "op", "o", "s", "p", "hasDatatype", "hasValue", "eventLocation", "code"]
)  # fmt: skip
VALUES = st.sampled_from(
    ["DEP", "LogisticsEvent", "Change", "DELETE", GONE, "2025-11-04T00:00:00Z", "", 7, None, True, "\ud800", "Waybill"]
)
DOCUMENTS = st.recursive(
    VALUES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TERMS, inner, max_size=6), max_leaves=20
)


@given(document=DOCUMENTS)
def test_any_document_of_its_terms_is_answered(document):
    parsed = read(document)
    assert parsed.events or parsed.issues or parsed.is_quiet


@given(name=st.sampled_from(sorted(EVENT)), value=DOCUMENTS)
def test_any_value_in_a_field_of_an_event_is_answered(name, value):
    parsed = read([{**EVENT, name: value}, EVENT])
    assert parsed.events[-1].raw_code == "DEP"
