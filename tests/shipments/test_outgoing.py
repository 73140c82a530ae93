"""What goes out in a standard comes back through our own reader as it was, and says nothing false to a foreign one."""

import json
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shipments.enums import Classifier, ReferenceType, TimePrecision
from shipments.formats.base import ParsedPlace
from shipments.formats.registry import FORMATS
from shipments.normalise import KnownAlias, KnownPlace, Origin, PlaceBook, normalise
from shipments.outgoing import dcsa, epcis
from shipments.outgoing.events import OutgoingEvent
from shipments.tables import read_table
from shipments.zones import instant, load_zone

NOON = datetime(2026, 11, 3, 12, tzinfo=UTC)
SHIPMENT = "6b3e8a1c-7f58-4d7c-9a41-0f3c2d1e5b60"
CODES = [row["code"] for row in read_table("vocabulary")]
RTM, APM = KnownPlace(1, "NLRTM", "Europe/Amsterdam"), KnownPlace(2, "NLRTM", "Europe/Amsterdam")
BOOK = PlaceBook({"NLRTM": RTM, "NLRTM/APM2": APM}, {}, {"gln:4012345000009": [KnownAlias(APM)]})
ORIGIN = Origin(1, "S", 50, "", datetime(2199, 1, 1, tzinfo=UTC), {}, BOOK)
WRITTEN = {
    "dcsa_2": lambda events: dcsa.render(events),
    "epcis": lambda events: epcis.render(events, shipment=SHIPMENT, created_at=NOON),
}
OURS = (
    "code", "classifier", "occurred_at", "wall_time", "time_zone", "zone_certainty", "precision", "reported_at",
    "location_id", "location_text", "equipment", "vessel_imo", "voyage", "flight", "references", "source_event_id",
    "retracts", "reason", "remarks", "attributes", "quarantine", "is_mapped", "place_keys",
)  # fmt: skip


def texts(longest):
    signs = st.characters(codec="utf-8", exclude_characters="\x00")
    return st.text(signs, max_size=longest).map(str.strip)


PLACES = st.one_of(
    st.just(ParsedPlace()),
    st.sampled_from(
        [
            ParsedPlace(unlocode="NLRTM", text="Rotterdam"), ParsedPlace(unlocode="NLRTM", facility="APM2", text="APM"),
            ParsedPlace(code="4012345000009", code_kind="gln", text="4012345000009"),
            ParsedPlace(iata="AMS", country="NL"), ParsedPlace(name="ROTTERDAM", country="NL", subdivision="ZH"),
        ]
    ),
    st.builds(
        ParsedPlace, unlocode=texts(8), name=texts(20), text=texts(20), code=texts(13), code_kind=st.just("other"),
        latitude=st.floats(-90, 90), longitude=st.floats(-180, 180),
    ),
)  # fmt: skip
SCALARS = st.none() | st.booleans() | st.integers(-(2**50), 2**50) | texts(20)


@st.composite
def events(draw):
    seconds = draw(st.integers(0, 180 * 365 * 24 * 3600))
    wall = datetime.fromisoformat("1971-01-02T00:00:00") + timedelta(seconds=seconds)
    zone = draw(st.sampled_from(["Europe/Amsterdam", "Asia/Kolkata", "America/New_York", "UTC", "+08:00", "-03:30"]))
    kinds = st.tuples(st.sampled_from(ReferenceType.values), texts(30).filter(bool))
    units = st.sampled_from(["", "MSKU1234565", "140123451122233341", "TRAILER 7"]) | texts(20)
    names = st.sampled_from(["laden", "mode", "doc", "disposition"]) | texts(12).filter(bool)
    return OutgoingEvent(
        id=str(draw(st.uuids())),
        code=draw(st.sampled_from(CODES)),
        classifier=draw(st.sampled_from(Classifier.values)),
        received_at=NOON,
        occurred_at=instant(wall, load_zone(zone))[0],
        wall_time=wall.isoformat(),
        time_zone=zone,
        precision=draw(st.sampled_from(TimePrecision.values)),
        reported_at=draw(st.none() | st.just(NOON)),
        place=draw(PLACES),
        equipment=draw(units),
        vessel_imo=draw(st.sampled_from(["", "9074729"])),
        voyage=draw(texts(20)),
        flight=draw(texts(8)),
        references=tuple(dict.fromkeys(draw(st.lists(kinds, max_size=4)))),
        source_event_id=draw(texts(40)),
        retracts=draw(st.just("") | texts(40)),
        reason=draw(texts(40)),
        remarks=draw(texts(40)),
        attributes=draw(st.dictionaries(names, SCALARS | st.lists(SCALARS, max_size=3), max_size=4)),
    )


def sent(format_, *listed):
    return json.dumps(WRITTEN[format_](listed)).encode()


def back(format_, *listed):
    parsed = FORMATS[format_](sent(format_, *listed), {})
    assert (parsed.issues, len(parsed.events)) == ((), len(listed))
    return [normalise(event, ORIGIN) for event in parsed.events]


def ours(normalised):
    return {name: value for name, value in asdict(normalised).items() if name in OURS}


@pytest.mark.parametrize("format_", sorted(WRITTEN))
@given(event=events())
def test_an_event_comes_back_as_it_went_out(format_, event):
    (found,) = back(format_, event)
    assert ours(found) == ours(normalise(event.said(), ORIGIN))
    # And that is the event itself, field by field.
    assert {name: getattr(found, name) for name in ("code", "classifier", "occurred_at", "wall_time", "time_zone")} == {
        "code": event.code, "classifier": event.classifier, "occurred_at": event.occurred_at,
        "wall_time": event.wall_time, "time_zone": event.time_zone,
    }  # fmt: skip
    assert (found.equipment, found.vessel_imo, found.voyage, found.flight, found.references) == (
        event.equipment, event.vessel_imo, event.voyage, event.flight, event.references
    )  # fmt: skip
    assert (found.source_event_id, found.retracts, found.reported_at) == (
        event.source_event_id, event.retracts, event.reported_at
    )  # fmt: skip
    assert (found.reason, found.remarks) == (event.reason, event.remarks)


DEPARTED = OutgoingEvent(
    id="0e3d8d5e-2a58-4c31-8f5b-5f7a0f1f2c11", code="DEPARTED", classifier="ACT", received_at=NOON,
    occurred_at=NOON - timedelta(hours=1), wall_time="2026-11-03T12:00:00", time_zone="Europe/Amsterdam",
    reported_at=NOON, place=ParsedPlace(unlocode="NLRTM", facility="APM2", text="NLRTM"), equipment="MSKU1234565",
    vessel_imo="9074729", voyage="12W", references=(("mbl", "MAEU123"), ("po", "4711")), source_event_id="D-1",
    attributes={"mode": "VESSEL"},
)  # fmt: skip


def test_a_departure_as_dcsa_writes_it():
    assert dcsa.render([DEPARTED]) == [
        {
            "eventID": DEPARTED.id, "eventType": "TRANSPORT", "eventCreatedDateTime": "2026-11-03T12:00:00+00:00",
            "eventClassifierCode": "ACT", "eventDateTime": "2026-11-03T12:00:00+01:00",
            "transportEventTypeCode": "DEPA", "equipmentReference": "MSKU1234565",
            "eventLocation": {
                "locationName": "NLRTM", "UNLocationCode": "NLRTM", "facilityCode": "APM2",
                "facilityCodeListProvider": "SMDG",
            },
            "transportCall": {
                "modeOfTransport": "VESSEL", "exportVoyageNumber": "12W", "vessel": {"vesselIMONumber": "9074729"},
                "UNLocationCode": "NLRTM",
            },
            "documentReferences": [{"documentReferenceType": "TRD", "documentReferenceValue": "MAEU123"}],
            "references": [{"referenceType": "PO", "referenceValue": "4711"}],
            "waymark:code": "DEPARTED", "waymark:zone": "Europe/Amsterdam", "waymark:sourceEventId": "D-1",
        }
    ]  # fmt: skip


def test_a_departure_as_epcis_writes_it():
    document = epcis.render([DEPARTED], shipment=SHIPMENT, created_at=NOON)
    assert document == {
        "@context": [
            "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld", {"waymark": "urn:waymark:"},
        ],
        "type": "EPCISDocument", "schemaVersion": "2.0", "creationDate": "2026-11-03T12:00:00+00:00",
        "epcisBody": {"eventList": [{
            "type": "ObjectEvent", "eventID": f"urn:uuid:{DEPARTED.id}", "eventTime": "2026-11-03T12:00:00+01:00",
            "eventTimeZoneOffset": "+01:00", "recordTime": "2026-11-03T12:00:00+00:00",
            "epcList": ["urn:epc:id:bic:MSKU1234565"], "action": "OBSERVE", "bizStep": "departing",
            "disposition": "in_transit", "readPoint": {"id": "urn:waymark:place:NLRTM/APM2"},
            "bizTransactionList": [
                {"type": "bol", "bizTransaction": "urn:waymark:reference:mbl:MAEU123"},
                {"type": "po", "bizTransaction": "urn:waymark:reference:po:4711"},
            ],
            "waymark:code": "DEPARTED", "waymark:classifier": "ACT", "waymark:zone": "Europe/Amsterdam",
            "waymark:place": {"waymark:unlocode": "NLRTM", "waymark:facility": "APM2", "waymark:text": "NLRTM"},
            "waymark:vesselImo": "9074729", "waymark:voyage": "12W", "waymark:sourceEventId": "D-1",
            "waymark:attributes": {"waymark:mode": "VESSEL"},
        }]},
    }  # fmt: skip


def test_what_is_expected_is_no_fact_for_a_foreign_reader():
    expected = replace(DEPARTED, classifier="EST")
    (written,) = epcis.render([expected], shipment=SHIPMENT, created_at=NOON)["epcisBody"]["eventList"]
    assert "bizStep" not in written and "disposition" not in written
    assert dcsa.render([expected])[0]["eventClassifierCode"] == "EST"


def test_what_dcsa_has_no_word_for_is_taken_for_nothing_else():
    (written,) = dcsa.render([replace(DEPARTED, code="OUT_FOR_DELIVERY")])
    assert (written["eventType"], written["shipmentEventTypeCode"]) == ("SHIPMENT", "INFO")


RETRACTED = OutgoingEvent(
    id="b51b3b9e-6a0c-4a35-9d53-2f5d3f0a7b22", code="INFO", classifier="ACT", received_at=NOON, reported_at=NOON,
    retracts="D-1", retracts_id=DEPARTED.id, source_event_id="D-2", reason="Typed wrongly",
)  # fmt: skip


@pytest.mark.parametrize("format_", sorted(WRITTEN))
@pytest.mark.parametrize("retraction", [RETRACTED, replace(RETRACTED, retracts_id="", retracts="X 9", reason="")])
def test_a_retraction_comes_back_as_one(format_, retraction):
    first, second = back(format_, DEPARTED, retraction)
    assert ours(first) == ours(normalise(DEPARTED.said(), ORIGIN))
    assert ours(second) == ours(normalise(retraction.said(), ORIGIN))
    assert (second.retracts, second.source_event_id, second.occurred_at) == (retraction.retracts, "D-2", None)


def test_a_foreign_reader_sees_which_event_was_wrong():
    listed = epcis.render([DEPARTED, RETRACTED], shipment=SHIPMENT, created_at=NOON)["epcisBody"]["eventList"]
    assert [event["eventID"] for event in listed] == [f"urn:uuid:{DEPARTED.id}"] * 2
    assert [event.get("errorDeclaration") for event in listed] == [
        None, {"declarationTime": "2026-11-03T12:00:00+00:00", "reason": "did_not_occur"},
    ]  # fmt: skip
    # A declaration repeats the event that it is about.
    assert {name: listed[1][name] for name in ("bizStep", "eventTime", "epcList")} == {
        name: listed[0][name] for name in ("bizStep", "eventTime", "epcList")
    }
    assert [(event["eventID"], event.get("isRetracted")) for event in dcsa.render([DEPARTED, RETRACTED])] == [
        (DEPARTED.id, None), (DEPARTED.id, True),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("member", "value", "code"),
    [
        ("waymark:code", 7, "bad_value"), ("waymark:classifier", "XXX", "bad_value"),
        ("waymark:zone", "Mars/Olympus", "bad_zone"), ("waymark:wallTime", "2026-13-01T00:00:00", "bad_time"),
        ("waymark:place", "NLRTM", "bad_value"), ("waymark:place", {"waymark:codeKind": "x"}, "bad_value"),
        ("waymark:references", [{"waymark:type": "x", "waymark:value": "1"}], "bad_value"),
        ("waymark:attributes", {"waymark:a": {"deep": ["\x00"]}}, "bad_text"),
        ("waymark:attributes", {f"a{n}": 1 for n in range(101)}, "too_many"),
        ("waymark:reportedAt", "yesterday", "bad_time"), ("waymark:remarks", "x" * 501, "too_long"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("format_", sorted(WRITTEN))
def test_a_member_of_ours_with_a_wrong_value_costs_its_event(format_, member, value, code):
    document = json.loads(sent(format_, DEPARTED))
    event = document[0] if format_ == "dcsa_2" else document["epcisBody"]["eventList"][0]
    event[member] = value
    parsed = FORMATS[format_](json.dumps(document).encode(), {})
    assert (parsed.events, [issue.code for issue in parsed.issues]) == ((), [code])


def test_an_instant_that_no_zone_and_no_offset_says_keeps_its_instant():
    odd = replace(DEPARTED, time_zone="Nowhere/At_All", occurred_at=NOON + timedelta(seconds=30))
    found = [back(format_, odd)[0] for format_ in sorted(WRITTEN)]
    assert [event.occurred_at for event in found] == [odd.occurred_at] * 2


def test_the_longest_texts_there_are_go_out_and_come_back():
    long = replace(
        DEPARTED, place=ParsedPlace(text="é" * 200), equipment="é" * 35, remarks="é" * 500, reason="é" * 300,
        references=(("po", "é" * 64),), source_event_id="é" * 100, attributes={"a": {"b": ["é" * 500, 1.5, None]}},
    )  # fmt: skip
    for format_ in sorted(WRITTEN):
        assert ours(back(format_, long)[0]) == ours(normalise(long.said(), ORIGIN))
        assert back(format_, replace(RETRACTED, retracts_id="", retracts="é" * 100))[0].retracts == "é" * 100
