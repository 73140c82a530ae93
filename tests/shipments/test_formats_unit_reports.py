"""COARRI and CODECO."""

from __future__ import annotations

import pytest

from shipments.formats.registry import FORMATS
from tests.expected_values import COLLECTED, compare, meant
from tests.shipments.test_formats_edifact import interchange, message
from tests.shipments.test_formats_samples import collected, needs_collected

SENT = "DTM+137:202604100455:203"


def read(kind: str, *body: str):
    return FORMATS[kind.lower()](interchange(message("1", *body, kind=kind)), {})


@pytest.mark.parametrize(
    ("document", "fe", "direction", "raw_code", "code"),
    [
        ("34", "5", "2", "34+LADEN", "GATE_IN"),
        ("34", "", "", "34", "GATE_IN"),
        ("34", "4", "3", "34+EMPTY+IMPORT", "EMPTY_RETURNED"),
        ("34", "4", "", "34+EMPTY", "EMPTY_RETURNED"),
        ("34", "4", "2", "34+EMPTY+EXPORT", "GATE_IN"),
        ("36", "5", "3", "36+LADEN", "GATE_OUT"),
        ("36", "4", "2", "36+EMPTY+EXPORT", "EMPTY_OUT"),
        ("36", "", "3", "36", "GATE_OUT"),
        ("99", "5", "3", "99+LADEN", "INFO"),
    ],
)
def test_a_gate_move_means_what_the_unit_and_its_direction_make_of_it(document, fe, direction, raw_code, code):
    (event,) = read(
        "CODECO", f"BGM+{document}+X+9", f"EQD+CN+MSKU1234565+45G1++{direction}+{fe}", "DTM+7:202604100212:203"
    ).events
    assert (event.raw_code, meant(event)[0]) == (raw_code, code)


@pytest.mark.parametrize(
    ("document", "code", "port"), [("44", "DISCHARGED", "NLRTM"), ("46", "LOADED", "CNSGH"), ("98", "LOADED", "CNSGH")]
)
def test_a_unit_is_discharged_or_loaded_at_its_port(document, code, port):
    (event,) = read(
        "COARRI", f"BGM+{document}+X+9", SENT, "TDT+20+612W+1++BLU:172+++9321483:146::MV EXAMPLE",
        "EQD+CN+MSKU1234565+45G1:102:5++3+5", "DTM+203:202604100212:203", "LOC+9+CNSGH:139:6", "LOC+11+NLRTM:139:6",
    ).events  # fmt: skip
    assert (meant(event)[0], event.place.unlocode, event.wall_time) == (code, port, "2026-04-10T02:12:00")
    assert (event.voyage, event.vessel_imo, event.equipment) == ("612W", "9321483", "MSKU1234565")
    assert (event.attributes["laden"], event.attributes["direction"]) == ("LADEN", "IMPORT")


@pytest.mark.parametrize(
    ("document", "fe", "direction", "port"),
    [("34", "5", "2", "CNSGH"), ("34", "5", "", "CNSGH"), ("36", "5", "3", "NLRTM"), ("36", "5", "", "NLRTM"),
     ("34", "4", "", "")],
)  # fmt: skip
def test_a_gate_that_is_not_named_is_that_of_the_port_the_unit_passes(document, fe, direction, port):
    (event,) = read(
        "CODECO", f"BGM+{document}+X+9", f"EQD+CN+MSKU1234565+45G1++{direction}+{fe}", "DTM+7:202604100212:203",
        "LOC+9+CNSGH:139:6", "LOC+11+NLRTM:139:6",
    ).events  # fmt: skip
    assert event.place.unlocode == port


def test_the_terminal_that_reports_goes_before_the_ports_of_the_voyage():
    (event,) = read(
        "CODECO", "BGM+34+X+9", "EQD+CN+MSKU1234565+++2+5", "DTM+7:202604100212:203", "LOC+9+CNSGH:139:6",
        "LOC+165+ITGOA:139:6+VTE:TER:ZZZ",
    ).events  # fmt: skip
    assert (event.place.unlocode, event.place.facility) == ("ITGOA", "VTE")


def test_rule_34_each_unit_is_an_event_with_its_own_numbers():
    parsed = read(
        "COARRI", "BGM+44+X+9", SENT, "RFF+BM:ALL", "EQD+CN+MSKU1234565", "RFF+BM:B1", "EQD+CN+CSQU3054383",
        "RFF+BN:K2", "CNT+16:2",
    )  # fmt: skip
    assert [(e.equipment, e.references) for e in parsed.events] == [
        ("MSKU1234565", (("mbl", "B1"),)), ("CSQU3054383", (("booking", "K2"), ("mbl", "ALL"))),
    ]  # fmt: skip


def test_rule_21_an_impossible_date_costs_its_own_unit_only():
    parsed = read(
        "CODECO", "BGM+34+X+9", "EQD+CN+MSKU1234565", "DTM+7:20261301:102", "EQD+CN+CSQU3054383", "DTM+7:20261101:102"
    )
    assert [event.equipment for event in parsed.events] == ["CSQU3054383"]
    assert [(i.code, i.segment, i.position) for i in parsed.issues] == [("bad_time", "EQD #4", 0)]


def test_the_date_of_the_truck_is_not_that_of_the_move():
    (event,) = read(
        "CODECO", "BGM+36+X+9", "EQD+CN+MSKU1234565", "DTM+203:202604100212:203", "TDT+1++3+++++26BXKP:146",
        "DTM+7:202601010000:203",
    ).events  # fmt: skip
    assert (event.wall_time, event.attributes["truck"]) == ("2026-04-10T02:12:00", "26BXKP")


def test_rule_29_a_cancelled_move_is_taken_back():
    body = ("EQD+CN+MSKU1234565+45G1++3+5", "DTM+7:202604100212:203")
    original, cancelled = (read("CODECO", f"BGM+36+X+{function}", *body).events[0] for function in ("9", "1"))
    assert (cancelled.retracts, cancelled.raw_code, cancelled.equipment) == (
        original.source_event_id, "", "MSKU1234565",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("body", "code"),
    [(("BGM+34+X+9",), "no_unit"), (("EQD+CN+A1",), "no_code"), (("BGM+34", "EQD+CN"), "no_unit"),
     (("BGM+34", "EQD+CN+A1"), "no_time")],
)  # fmt: skip
def test_what_a_report_lacks_is_named(body, code):
    parsed = read("CODECO", *body)
    assert ([issue.code for issue in parsed.issues], parsed.events) == ([code], ())


@needs_collected
def test_the_expected_values_of_a_real_gate_report_are_met():
    name = "edifact_coarri_codeco/CODECO_D95B_gate_in.edi"
    read, expected = compare(COLLECTED / name, FORMATS["codeco"](collected(name), {}))
    assert read == expected
