"""Our own samples, each with its expected events beside it, and the collected real ones where they are at hand."""

import pytest

from shipments.formats.registry import FORMATS
from tests.expected_values import COLLECTED, OWN, OWN_SAMPLES, RECEIVED, compare

needs_collected = pytest.mark.skipif(
    not COLLECTED.is_dir(), reason="the collected samples are absent (WAYMARK_SAMPLES)"
)


def collected(name):
    return (COLLECTED / name).read_bytes()


@pytest.mark.parametrize("name", OWN_SAMPLES)
def test_a_sample_gives_the_events_written_beside_it(name):
    read, expected = compare(OWN / name, FORMATS[OWN_SAMPLES[name]]((OWN / name).read_bytes(), RECEIVED))
    assert read == expected


@needs_collected
def test_all_sets_of_a_long_interchange_are_read_with_the_instants_their_sender_meant():
    name = "x12_214/214_canadapost_multi_st.edi"
    parsed = FORMATS["x12_214"](collected(name), {})
    read, expected = compare(COLLECTED / name, parsed)
    assert read == expected
    assert parsed.issues == ()


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


@pytest.mark.parametrize("name", OWN_SAMPLES)
def test_rule_09_each_event_of_a_sample_says_where_it_stands_in_its_message(name):
    parsed = FORMATS[OWN_SAMPLES[name]]((OWN / name).read_bytes(), RECEIVED)
    assert [event.position for event in parsed.events if not event.segment] == []
