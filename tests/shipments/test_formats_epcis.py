import json

import pytest

from shipments.formats.auto import read_as
from shipments.formats.base import ParsedEvent, ParsedPlace
from shipments.formats.epcis import parse
from shipments.formats.epcis_document import STEPS
from shipments.formats.gs1 import Key, read_key, word
from shipments.formats.registry import READERS
from shipments.tables import read_table
from tests.expected_values import OWN

SSCC, OTHER = "140123451122233341", "340123450000000017"
SHIPPED = {
    "type": "ObjectEvent", "eventID": "e1", "eventTime": "2026-03-02T13:15:00Z", "eventTimeZoneOffset": "+01:00",
    "action": "OBSERVE", "bizStep": "shipping", "epcList": ["urn:epc:id:sscc:4012345.1112223334"],
    "readPoint": {"id": "urn:epc:id:sgln:4012345.00022.0"},
}  # fmt: skip


def changed(**changes):
    return {name: value for name, value in {**SHIPPED, **changes}.items() if value is not None}


def read(*events):
    return parse(json.dumps(list(events)).encode(), {})


def only(**changes):
    (event,) = read(changed(**changes)).events
    return event


def fault(**changes):
    (issue,) = read(changed(**changes)).issues
    return issue.code, issue.element


def test_an_event_alone_says_all_it_has():
    raw = json.dumps(changed(recordTime="2026-03-02T13:20:00Z")).encode()
    assert parse(raw, {}).events == (
        ParsedEvent(
            0, "shipping", "cbv", "2026-03-02T14:15:00", zone="+01:00", reported_at="2026-03-02T13:20:00+00:00",
            place=ParsedPlace(code="4012345000221", code_kind="gln", text="4012345000221"), equipment=SSCC,
            references=(("sscc", SSCC),), source_event_id="e1", segment="event 1",
        ),
    )  # fmt: skip


@pytest.mark.parametrize(
    "document",
    [
        [SHIPPED],
        {"@context": "x", "type": "EPCISDocument", "epcisBody": {"eventList": [SHIPPED]}},
        {"@context": "x", "@type": "EPCISDocument", "epcis:epcisBody": {"epcis:eventList": [SHIPPED]}},
        {"@context": "x", "type": "EPCISDocument", "epcisBody": {"event": SHIPPED}},
        {
            "@context": "x", "type": "EPCISQueryDocument",
            "epcisBody": {"queryResults": {"queryName": "q", "resultsBody": {"eventList": [SHIPPED]}}},
        },
        {"eventList": [SHIPPED]},
        {**{name: value for name, value in SHIPPED.items() if name != "type"}, "isA": "ObjectEvent"},
        {f"epcis:{name}" if name != "type" else "@type": value for name, value in SHIPPED.items()},
        {f"https://ref.gs1.org/epcis/{name}" if name != "type" else name: value for name, value in SHIPPED.items()},
        changed(readPoint="urn:epc:id:sgln:4012345.00022.0", eventTime={"@value": "2026-03-02T13:15:00Z"}),
        changed(readPoint={"@id": "urn:epc:id:sgln:4012345.00022.0"}, bizStep={"id": "cbv:BizStep-shipping"}),
    ],
)  # fmt: skip
def test_every_layout_of_a_document_gives_the_same_event(document):
    assert parse(json.dumps(document).encode(), {}).events == read(SHIPPED).events


SPELLINGS = ("{word}", "cbv:{kind}-{word}", "https://ref.gs1.org/cbv/{kind}-{word}", "urn:epcglobal:cbv:{urn}:{word}")


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_each_spelling_of_a_term_is_the_same_term(spelling):
    def said(kind, term):
        return spelling.format(kind=kind, urn=kind.lower(), word=term)

    event = only(
        bizStep=said("BizStep", "receiving"),
        disposition=said("Disp", "in_progress"),
        bizTransactionList=[{"type": said("BTT", "po"), "bizTransaction": "4711"}],
        destinationList=[{"type": said("SDT", "location"), "destination": "urn:epc:id:sgln:4012345.00022.0"}],
    )
    assert (event.raw_code, event.fallback_codes, event.references, event.attributes) == (
        "receiving+at_destination", ("receiving",), (("sscc", SSCC), ("po", "4711")),
        {"disposition": "in_progress", "to": "4012345000221"},
    )  # fmt: skip
    wrong = read(changed(errorDeclaration={"reason": said("ER", "did_not_occur")})).events[0]
    assert wrong.reason == "did_not_occur"


def test_a_word_of_one_list_is_none_of_another():
    assert word("cbv:Disp-damaged", "bizstep") == "cbv:Disp-damaged"


def test_a_curie_is_the_uri_that_its_document_declares():
    curie = {"@context": [{"y": "https://y.example/"}], "type": "EPCISDocument",
             "epcisBody": {"eventList": [changed(bizStep="y:weighing")]}}  # fmt: skip
    (event,) = parse(json.dumps(curie).encode(), {}).events
    assert event.raw_code == only(bizStep="https://y.example/weighing").raw_code == "https://y.example/weighing"


@pytest.mark.parametrize(
    ("urn", "link", "key"),
    [
        ("urn:epc:id:sscc:4012345.1112223334", f"https://id.gs1.org/00/{SSCC}", Key("sscc", SSCC)),
        ("urn:epc:id:sgtin:0614141.107346.2017", "https://id.gs1.org/01/10614141073464/21/2017",
         Key("gtin", "10614141073464", "2017")),
        ("urn:epc:class:lgtin:4012345.012345.998877", "http://x.example/a/b/01/04012345123456/10/998877?s=1",
         Key("gtin", "04012345123456", "998877")),
        ("urn:epc:id:grai:4012345.55555.987", "https://id.gs1.org/8003/04012345555554987",
         Key("grai", "04012345555554", "987")),
        ("urn:epc:id:sgln:4012345.00022.0", "https://id.gs1.org/414/4012345000221", Key("gln", "4012345000221")),
        ("urn:epc:id:sgln:4012345.00022.D4", "https://id.gs1.org/414/4012345000221/254/D4",
         Key("gln", "4012345000221", "D4")),
        ("urn:epc:id:pgln:4012345.00022", "https://id.gs1.org/417/4012345000221", Key("gln", "4012345000221")),
        ("urn:epc:id:gdti:0614141.00001.1618034", "https://id.gs1.org/253/06141410000121618034",
         Key("gdti", "0614141000012", "1618034")),
        ("urn:epc:id:gsin:4012345.111222333", "https://id.gs1.org/402/40123451112223331",
         Key("gsin", "40123451112223331")),
        ("urn:epc:id:ginc:4012345.XYZ", "https://id.gs1.org/401/4012345XYZ", Key("ginc", "4012345XYZ")),
        ("urn:epc:id:giai:4000001.111", "https://id.gs1.org/8004/4000001111", Key("giai", "4000001111")),
        ("urn:epc:id:gsrn:4012345.0000010253", "https://id.gs1.org/8018/401234500000102532",
         Key("gsrn", "401234500000102532")),
    ],
)  # fmt: skip
def test_the_urn_and_the_digital_link_of_a_thing_are_one(urn, link, key):
    assert (read_key(urn), read_key(link)) == (key, key)


def test_containers_and_ships_have_urns_of_their_own():
    assert read_key("urn:epc:id:bic:CSQU3054383") == Key("bic", "CSQU3054383")
    assert read_key("urn:epc:id:imovn:9176187") == Key("imo", "9176187")


@pytest.mark.parametrize(
    "uri",
    [
        "", "x", "urn:epc:id:sscc:4012345.1", "urn:epc:id:sscc:4012345", "urn:epc:id:sscc:٤012345.1112223334",
        "urn:epc:id:none:4012345.1", "urn:epc:id:bic:X", "urn:epc:id:imovn:1", "urn:epc:id:giai:4012345",
        "http://transaction.acme.com/po/12345678", "https://x.example/00/12", "https://x.example/414/x",
    ],
)  # fmt: skip
def test_other_uris_name_no_gs1_key(uri):
    assert read_key(uri) is None


@pytest.mark.parametrize(
    ("time", "offset", "wall"),
    [
        ("2005-04-05T02:33:31.116Z", "-06:00", "2005-04-04T20:33:31"),
        ("2005-04-04T20:33:31.116-06:00", "-06:00", "2005-04-04T20:33:31"),
        ("2026-03-02T23:30:00+00:00", "+05:30", "2026-03-03T05:00:00"),
    ],
)
def test_the_clock_is_the_local_one_however_the_instant_is_written(time, offset, wall):
    event = only(eventTime=time, eventTimeZoneOffset=offset)
    assert (event.wall_time, event.zone) == (wall, offset)


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"eventTime": None}, ("missing", "eventTime")),
        ({"eventTimeZoneOffset": None}, ("missing", "eventTimeZoneOffset")),
        ({"action": None}, ("missing", "action")),
        ({"type": None}, ("missing", "type")),
        ({"type": "Event"}, ("bad_value", "type")),
        ({"action": "READ"}, ("bad_value", "action")),
        ({"eventTime": "2026-03-02T13:15:00"}, ("bad_time", "eventTime")),
        ({"eventTime": "2026-03-02"}, ("bad_time", "eventTime")),
        ({"eventTime": "0001-01-01T00:00:00Z", "eventTimeZoneOffset": "-06:00"}, ("bad_time", "eventTime")),
        ({"eventTimeZoneOffset": "Europe/Paris"}, ("bad_zone", "eventTimeZoneOffset")),
        ({"eventTimeZoneOffset": "Z"}, ("bad_zone", "eventTimeZoneOffset")),
        ({"eventTimeZoneOffset": "+25:00"}, ("bad_zone", "eventTimeZoneOffset")),
        ({"epcList": "x"}, ("bad_value", "epcList")),
        ({"epcList": [1]}, ("bad_value", "epcList")),
        ({"bizTransactionList": ["x"]}, ("bad_value", "bizTransactionList")),
        ({"errorDeclaration": "x"}, ("bad_value", "errorDeclaration")),
        ({"eventID": None, "errorDeclaration": {"reason": "x"}, "action": None}, ("missing", "action")),
    ],
)
def test_a_value_that_is_missing_or_wrong_costs_its_event_and_is_named(changes, found):
    assert fault(**changes) == found


def test_a_transformation_has_no_action():
    assert only(type="TransformationEvent", action=None).raw_code == "shipping"


@pytest.mark.parametrize(
    ("changes", "codes"),
    [
        ({"disposition": "in_transit"}, ["shipping"]),
        ({"disposition": "damaged"}, ["disposition:damaged", "shipping"]),
        ({"persistentDisposition": {"set": ["cbv:Disp-stolen"]}}, ["disposition:stolen", "shipping"]),
        ({"bizStep": None, "disposition": "in_transit"}, ["disposition:in_transit", "event:ObjectEvent"]),
        ({"bizStep": None}, ["event:ObjectEvent"]),
        ({"bizStep": "entering_exiting"}, ["entering_exiting+leaving", "entering_exiting"]),
        ({"bizStep": "entering_exiting", "bizLocation": {"id": "x:y"}}, ["entering_exiting"]),
        (
            {"bizStep": "entering_exiting", "bizLocation": {"id": "x:y"}, "disposition": "in_transit"},
            ["entering_exiting+leaving", "entering_exiting"],
        ),
        ({"bizStep": "packing"}, ["packing"]),
    ],
)
def test_what_the_mapping_is_asked_for(changes, codes):
    event = only(**changes)
    assert [event.raw_code, *event.fallback_codes] == codes


def test_every_step_of_the_vocabulary_is_mapped():
    mapped = {row["raw_code"] for row in read_table("codes_cbv") if row["code_list"] == "cbv"}
    assert STEPS - mapped == set()
    assert len(STEPS) == 41


def test_an_event_about_several_units_is_one_report_for_each():
    several = changed(epcList=["urn:epc:id:sscc:4012345.1112223334", f"https://id.gs1.org/00/{OTHER}", SSCC])
    first, second = read(several).events
    assert [(e.position, e.segment, e.equipment, e.references, e.source_event_id) for e in (first, second)] == [
        (0, "event 1, unit 1", SSCC, (("sscc", SSCC),), f"e1#{SSCC}"),
        (1, "event 1, unit 2", OTHER, (("sscc", OTHER),), f"e1#{OTHER}"),
    ]


def test_what_lies_in_a_container_is_reported_with_its_number():
    event = only(
        type="AggregationEvent", parentID="urn:epc:id:bic:OCLU1234565",
        childEPCs=["urn:epc:id:sscc:4012345.1112223334"], epcList=None,
    )  # fmt: skip
    assert (event.equipment, event.references) == (SSCC, (("sscc", SSCC), ("container", "OCLU1234565")))


def test_a_parent_whose_children_are_goods_is_the_unit_itself():
    event = only(parentID="urn:epc:id:bic:OCLU1234565", epcList=["urn:epc:id:sgtin:0614141.107346.2017"])
    assert (event.equipment, event.attributes) == ("OCLU1234565", {"items": "10614141073464.2017"})


@pytest.mark.parametrize(
    ("kind", "uri", "reference"),
    [
        ("po", "urn:epcglobal:cbv:bt:4012345000009:PO-7", ("po", "PO-7")),
        ("bol", "https://x.example/bl/MAEU123?v=1", ("mbl", "MAEU123")),
        ("desadv", "urn:epc:id:gdti:0614141.00001.1618034", ("customer", "1618034")),
        ("inv", "INV-9", ("customer", "INV-9")),
    ],
)
def test_business_transactions_are_references(kind, uri, reference):
    event = only(epcList=None, bizTransactionList=[{"type": kind, "bizTransaction": uri}])
    assert event.references == (reference,)


@pytest.mark.parametrize("kind", ["pedigree", "prodorder", "x", None])
def test_other_transactions_are_none(kind):
    assert only(epcList=None, bizTransactionList=[{"type": kind, "bizTransaction": "1"}]).references == ()


def test_an_id_too_long_for_us_still_tells_events_apart():
    ids = [only(eventID="https://x.example/" + sign * 200).source_event_id for sign in "aab"]
    assert ids[0] == ids[1] != ids[2] and len(ids[0]) <= 100


DECLARED = {"declarationTime": "2026-03-03T08:00:00+01:00", "reason": "did_not_occur", "correctiveEventIDs": ["e2"]}


def test_rule_29_an_error_declaration_retracts_the_event_with_its_id():
    wrong, right = read(changed(errorDeclaration=DECLARED), changed(eventID="e2", bizStep="receiving")).events
    assert wrong == ParsedEvent(
        0, "", "cbv", "", retracts="e1", reported_at="2026-03-03T08:00:00+01:00", reason="did_not_occur",
        segment="event 1",
    )  # fmt: skip
    # What corrects it is an event of its own.
    assert (right.source_event_id, right.raw_code, right.retracts) == ("e2", "receiving", "")


def test_rule_29_an_event_without_an_id_is_declared_wrong_by_repeating_it():
    nameless = changed(eventID=None, quantityList=[{"epcClass": "a", "quantity": 1}])
    event, wrong = read(
        nameless, {**nameless, "recordTime": "2026-03-04T00:00:00Z", "errorDeclaration": DECLARED}
    ).events
    assert event.source_event_id.startswith("=") and wrong.retracts == event.source_event_id
    linked = {**nameless, "bizStep": "cbv:BizStep-shipping", "epcList": [f"https://id.gs1.org/00/{SSCC}"]}
    others = [changed(eventID=None), changed(eventID=None, quantityList=[{"epcClass": "b", "quantity": 1}])]
    ids = [event.source_event_id for event in read(linked, *others).events]
    assert (ids[0], len({*ids})) == (event.source_event_id, 3)


def test_rule_29_what_was_said_of_several_units_is_taken_back_of_each():
    several = changed(epcList=["urn:epc:id:sscc:4012345.1112223334", f"https://id.gs1.org/00/{OTHER}"])
    events = read(several, {**several, "errorDeclaration": DECLARED}).events
    assert [event.retracts for event in events[2:]] == ["e1", *(event.source_event_id for event in events[:2])]


@pytest.mark.parametrize(
    "raw",
    [
        b'<?xml version="1.0"?><!DOCTYPE e [<!ENTITY a "x">]><epcis:EPCISDocument>&a;</epcis:EPCISDocument>',
        b"<epcis:EPCISDocument/>",
    ],
)
def test_rule_40_xml_is_refused_unread(raw):
    (issue,) = parse(raw, {}).issues
    assert (issue.code, issue.message) == (
        "wrong_format", "This looks like XML or HTML; the source sends GS1 EPCIS 2.0 as JSON.",
    )  # fmt: skip
    assert read_as(raw, READERS) == ""


@pytest.mark.parametrize(
    ("document", "code", "element"),
    [
        ({"type": "EPCISDocument", "epcisBody": {"eventList": [SHIPPED]}}, "missing", "@context"),
        ({"@context": "x", "type": "EPCISDocument"}, "missing", "epcisBody"),
        ({"@context": "x", "type": "EPCISDocument", "epcisBody": {}}, "missing", "epcisBody.eventList"),
        (
            {"@context": "x", "type": "EPCISQueryDocument", "epcisBody": {"queryResults": {}}},
            "missing", "epcisBody.queryResults.resultsBody",
        ),
        ({"@context": "x", "type": "EPCISDocument", "epcisBody": {"eventList": []}}, "no_events", ""),
        ({"@context": "x", "type": "EPCISDocument", "epcisBody": {"eventList": {}}}, "missing", "epcisBody.eventList"),
        ({"eventList": 1}, "not_events", ""),
        ([], "no_events", ""),
        ("x", "not_events", ""),
    ],
)  # fmt: skip
def test_a_document_that_is_none_is_refused_as_a_whole(document, code, element):
    parsed = parse(json.dumps(document).encode(), {})
    assert ([(issue.code, issue.element) for issue in parsed.issues], parsed.events) == ([(code, element)], ())


def test_a_file_of_another_format_is_named():
    (issue,) = parse((OWN / "dcsa_2_ocean.json").read_bytes(), {}).issues
    assert issue.message == "This looks like DCSA Track & Trace events; the source sends GS1 EPCIS 2.0 as JSON."


def test_an_event_about_too_many_units_is_left_out():
    units = [f"https://id.gs1.org/00/{number:018}" for number in range(10_001)]
    assert fault(epcList=units) == ("too_many", "epcList")
