"""Our own samples, each with its expected events beside it, and the collected real ones where they are at hand."""

import dataclasses
import json
import os
from datetime import datetime
from pathlib import Path

import pytest

from shipments.formats.base import ParsedEvent, ParsedPlace
from shipments.formats.registry import FORMATS
from shipments.zones import load_zone

OWN = Path(__file__).parent.parent / "samples"
COLLECTED = Path(os.environ.get("WAYMARK_SAMPLES", Path(__file__).parents[3] / "shared" / "samples"))
needs_collected = pytest.mark.skipif(
    not COLLECTED.is_dir(), reason="the collected samples are absent (WAYMARK_SAMPLES)"
)
OWN_SAMPLES = {
    "x12_214_road_two_stops.edi": "x12_214",
    "x12_315_transshipment.edi": "x12_315",
    "x12_322_ramp.edi": "x12_322",
    "cbp_350.edi": "cbp",
    "auto_mixed_x12.edi": "auto",
    "dcsa_2_ocean.json": "dcsa_2",
    "dcsa_3_ocean.json": "dcsa_3",
    "cargo_imp_air.txt": "cargo_imp",
    "one_record_air.json": "one_record",
    "epcis_pallets.json": "epcis",
    "native_air.json": "native",
    "csv_warehouse.csv": "csv",
    "iftsta_ocean_container.edi": "iftsta",
    "iftsta_road_partner_codes.edi": "iftsta",
    "iftsta_cancelled.edi": "iftsta",
    "coarri_discharge.edi": "coarri",
    "codeco_gate.edi": "codeco",
    "ups_track_air_parcel.json": "ups",
    "ups_alert_out_for_delivery.json": "ups",
    "fedex_track_two_numbers.json": "fedex",
    "dhl_unified_return.json": "dhl",
    "dhl_express_pieces.json": "dhl",
}
# When our samples came in: what gives the days of Cargo-IMP their year.
RECEIVED = {"received_at": "2025-11-06T12:00:00+00:00"}


def said(row):
    """What a place or an event says: the fields that are not as empty as a new one."""
    values = ((field, getattr(row, field.name)) for field in dataclasses.fields(row))
    return {field.name: value for field, value in values if value != field.default}


def as_expected(event):
    shown = said(event)
    shown.pop("position")
    shown.pop("attributes") if not event.attributes else None
    if event.place != ParsedPlace():
        shown["place"] = said(event.place)
    return json.loads(json.dumps(shown))


def collected(name):
    return (COLLECTED / name).read_bytes()


@pytest.mark.parametrize("name", OWN_SAMPLES)
def test_a_sample_gives_the_events_written_beside_it(name):
    expected = json.loads((OWN / name).with_suffix(".expected.json").read_text("utf-8"))
    parsed = FORMATS[OWN_SAMPLES[name]]((OWN / name).read_bytes(), RECEIVED)
    assert [as_expected(event) for event in parsed.events] == expected["events"]
    assert [[issue.code, issue.position] for issue in parsed.issues] == expected["issues"]


@needs_collected
def test_all_sets_of_a_long_interchange_are_read_with_the_instants_their_sender_meant():
    parsed = FORMATS["x12_214"](collected("x12_214/214_canadapost_multi_st.edi"), {})
    rows = [row["TransformedRecord"] for row in json.loads(collected("x12_214/214_canadapost_multi_st.expected.json"))]
    assert [(instant(event), event.references[0][1]) for event in parsed.events] == [
        (row["events"][0]["date"], row["tracking_number"]) for row in rows
    ]
    assert [(event.place.name, event.place.subdivision, event.place.country) for event in parsed.events] == [
        (place["city"], place["state"], place["country"]) for place in (row["events"][0]["location"] for row in rows)
    ]
    assert parsed.issues == ()


def instant(event: ParsedEvent) -> str:
    """With the offset where the sender gave a zone."""
    wall = datetime.fromisoformat(event.wall_time)
    return (wall.replace(tzinfo=load_zone(event.zone)) if event.zone else wall).isoformat()


@needs_collected
def test_every_status_of_several_loops_is_an_event_with_the_numbers_of_its_own_loop():
    parsed = FORMATS["x12_214"](collected("x12_214/214_x12types_01.edi"), {})
    assert [event.raw_code for event in parsed.events] == ["AA", "X3", "CP", "AB", "X1", "D1"] * 3
    assert [event.references[2] for event in parsed.events[::6]] == [
        ("delivery_order", "99997666"), ("delivery_order", "99990835"), ("delivery_order", "99991280"),
    ]  # fmt: skip
    assert [(i.code, i.element, i.is_warning) for i in parsed.issues] == [("wrong_number", "IEA-02", True)]


@needs_collected
@pytest.mark.parametrize(
    ("name", "codes"),
    [
        ("gozer_x12.base.no.line.breaks.txt", ["other_set"] * 4 + ["wrong_count"] * 5),
        ("gozer_x12.missing.ISA.txt", ["no_isa"]),
        ("gozer_x12.wrong.GS.txt", ["no_group"] * 2 + ["other_set"] * 3 + ["stray_segment"] + ["wrong_count"] * 4),
    ],
)
def test_malformed_interchanges_say_what_is_wrong(name, codes):
    parsed = FORMATS["x12_214"](collected(f"x12_malformed/{name}"), {})
    assert parsed.events == ()
    assert sorted(issue.code for issue in parsed.issues) == codes


@needs_collected
def test_a_file_of_other_transaction_sets_gives_no_event_and_names_each_set():
    for file in sorted((COLLECTED / "x12_other").glob("*.edi")):
        parsed = FORMATS["x12_214"](file.read_bytes(), {})
        kinds = {issue.message.split()[2] for issue in parsed.issues if issue.code == "other_set"}
        assert (parsed.events, kinds) == ((), {file.name[:3]})


@needs_collected
@pytest.mark.parametrize(
    ("name", "codes"),
    [
        ("tnt-220-response.json", ["TRANSPORT.ARRI", "SHIPMENT.DRFT/SHI", "EQUIPMENT.LOAD", "TRANSPORT.ARRI",
                                   "SHIPMENT.DRFT/BKG", "EQUIPMENT.LOAD", "SHIPMENT.DRFT/TRD"]),
        ("tnt-300-response.json", ["SHIPMENT.CONF/BKG", "TRANSPORT.DEPA", "EQUIPMENT.GTIN+EMPTY", "IOT.DETC/LOC",
                                   "REEFER.MEAS"]),
        ("tnt-300-request-iot.json", ["IOT.DETC/DRO"]),
    ],
)  # fmt: skip
def test_both_generations_of_dcsa_are_read(name, codes):
    parsed = FORMATS["dcsa_2"](collected(f"dcsa_tnt/{name}"), {})
    assert ([event.raw_code for event in parsed.events], parsed.issues) == (codes, ())


@needs_collected
@pytest.mark.parametrize(
    ("name", "read", "issues"),
    [
        ("tnt-220-response-wrong-event-ids.json", 6, [("bad_value", 0)]),
        ("tnt-220-response-wrong-date-times.json", 4, [("no_time", 2), ("bad_time", 3), ("bad_time", 4)]),
        ("tnt-220-response-wrong-structure.json", 0, [("not_an_event", 0), ("not_an_event", 1)]),
    ],
)
def test_a_wrong_value_costs_its_own_event_only(name, read, issues):
    parsed = FORMATS["dcsa_2"](collected(f"dcsa_tnt/{name}"), {})
    assert len(parsed.events) == read
    assert [(issue.code, issue.position) for issue in parsed.issues][: len(issues)] == issues


@needs_collected
@pytest.mark.parametrize(
    ("name", "codes", "issues"),
    [
        ("Documents__AggregationEvent.json", ["receiving"], []),
        (
            "Documents__Combination_of_different_event.json",
            ["sensor_reporting", "unpacking", "http://example.com/ext1/summarising_discharge",
             "disposition:completeness_verified", "", "disassembling"],
            [],
        ),
        ("Documents__Namespaces_at_different_level.json", ["event:ObjectEvent"] * 5, []),
        ("Documents__ObjectEvent_all_possible_fields.json", [""], []),
        ("Documents__ObjectEvent_with_digitalLink.json", ["receiving+at_destination"], []),
        ("Documents__ObjectEvent_with_persistentDisposition.json", ["receiving", "inspecting"], []),
        (
            "Documents__TransactionEvent.json",
            ["http://epcis.example.org/hc/bizstep/summarising_discharge", "transporting"], [],
        ),
        ("Events__ObjectEvent.json", ["receiving"], []),
        ("hash_epcisDocWithShippingAndTransportingEvent.jsonld", ["departing", "transporting"], []),
        ("hash_epcisDocWithXMLstartTagAndErrorDeclaration.jsonld", [""], []),
        (
            "Invalid__Combination_of_events_with_missing_mandatory_fields.json", [],
            ["action is missing.", "eventTimeZoneOffset and action are missing."],
        ),
        (
            "Invalid__EPCISDocument_without_context.json", [],
            ["@context is missing: without it an EPCISDocument says nothing."],
        ),
        (
            "Invalid__ObjectEvent_with_non_standard_bizStep.json", ["transforming"],
            ["bizStep is no word of the CBV: transforming. A step of another vocabulary is written as a URI."],
        ),
    ],
)  # fmt: skip
def test_every_sample_of_epcis_is_read_or_refused_for_the_right_reason(name, codes, issues):
    parsed = FORMATS["epcis"](collected(f"epcis/{name}"), {})
    assert [event.raw_code for event in parsed.events] == codes
    assert [issue.message for issue in parsed.issues] == issues


@needs_collected
def test_the_list_of_epcis_samples_is_complete():
    assert len(list((COLLECTED / "epcis").iterdir())) == 13
