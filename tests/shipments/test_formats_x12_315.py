import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum import iso6346

from shipments.formats.base import ParsedPlace
from shipments.formats.x12_315 import parse
from shipments.formats.x12_ports import _ENDINGS, _LETTERS, _TIMES
from shipments.formats.x12_values import has_valid_check_digit, whole_container
from shipments.normalise import normalise
from shipments.tables import read_table
from tests.shipments.test_formats_total import ORIGIN
from tests.shipments.test_formats_x12_envelopes import a_set, file, group

B4 = "B4***VD*20260401*2215**WAYU*123456*L*45G1*SGSIN*UN*7"


def interchange(*segments):
    return file(group(a_set("315", "0001", *segments), kind="QO"))


def read(*segments):
    return parse(interchange(*segments), {})


def only(*segments):
    (event,) = read(*segments).events
    return event


def issues(*segments):
    return [(issue.code, issue.element, issue.position) for issue in read(*segments).issues]


@pytest.mark.parametrize(
    ("eleven", "twelve", "place"),
    [
        ("SGSIN", "UN", ParsedPlace(unlocode="SGSIN", text="SGSIN")),
        ("TANJUNG PELEPAS", "UN", ParsedPlace(name="TANJUNG PELEPAS", text="TANJUNG PELEPAS")),
        ("IDJKT45", "UN", ParsedPlace(unlocode="IDJKT", facility="IDJKT45", text="IDJKT45")),
        ("LOCKBOURNE", "CI", ParsedPlace(name="LOCKBOURNE", text="LOCKBOURNE")),
        ("Z123", "FR", ParsedPlace(code="Z123", code_kind="firms", text="Z123")),
        ("JFK", "IA", ParsedPlace(iata="JFK", text="JFK")),
        ("218317", "SL", ParsedPlace(code="SL:218317", code_kind="other", text="218317")),
        ("2704", "D", ParsedPlace(code="D:2704", code_kind="other", text="2704")),
        ("", "", ParsedPlace()),
    ],
)
def test_the_place_is_what_its_shape_says_whatever_the_qualifier_promises(eleven, twelve, place):
    assert only(f"B4***VD*20260401*2215**WAYU*123456*L*45G1*{eleven}*{twelve}").place == place


def test_a_place_in_b4_06_counts_when_there_is_no_other():
    assert only("B4***VD*20260401*2215*SGSIN*WAYU*123456").place.unlocode == "SGSIN"


def test_a_status_without_a_place_happened_at_the_activity_location():
    event = only("B4***VD*20260401*2215**WAYU*123456", "R4*L*UN*CNSGH*SHANGHAI*CN", "R4*5*UN*SGSIN*SINGAPORE*SG")
    assert (event.place.unlocode, event.place.name, event.attributes.get("loc_role")) == ("SGSIN", "SINGAPORE", None)


def test_a_transshipment_happens_where_b4_says_not_where_the_cargo_was_loaded():
    event = read(B4, "R4*L*UN*CNSGH*SHANGHAI*CN", "R4*Y*UN*SGSIN*SINGAPORE*SG", "R4*D*UN*NLRTM*ROTTERDAM*NL").events[0]
    assert (event.place.unlocode, event.attributes["loc_role"]) == ("SGSIN", "TRANSSHIPMENT")


@pytest.mark.parametrize(
    ("role", "qualifier", "said"),
    [
        ("L", "139", ("ETD", "EST", "POL", "VESSEL")),
        ("L", "140", ("ATD", "ACT", "POL", "VESSEL")),
        ("D", "139", ("ETA", "EST", "POD", "VESSEL")),
        ("D", "140", ("ATA", "ACT", "POD", "VESSEL")),
        ("Y", "369", ("ETD", "EST", "TRANSSHIPMENT", "VESSEL")),
        ("T", "372", ("ATA", "ACT", "TRANSSHIPMENT", "VESSEL")),
        ("T", "139", ("ETT", "EST", "TRANSSHIPMENT", "VESSEL")),
        ("E", "139", ("ETA", "EST", "DELIVERY", None)),
        ("E", "017", ("EDD", "EST", "DELIVERY", None)),
        ("R", "140", ("ATT", "ACT", "RECEIPT", None)),
        ("D", "830", ("PTA", "PLN", "POD", "VESSEL")),
        ("L", "161", ("ALD", "ACT", "POL", "VESSEL")),
        ("L", "999", ("999", "", "POL", "VESSEL")),
        ("?", "139", ("ETT", "EST", None, None)),
    ],
)
def test_a_time_at_a_port_is_an_event_of_its_own(role, qualifier, said):
    event = read(B4, f"R4*{role}*UN*NLRTM*ROTTERDAM*NL", f"DTM*{qualifier}*20260425*1010*LT").events[1]
    attributes = event.attributes
    assert (event.raw_code, event.classifier, attributes.get("loc_role"), attributes.get("mode")) == said
    assert (event.code_list, event.wall_time, event.segment) == ("r4", "2026-04-25T10:10:00", "DTM #6")
    assert (event.place.unlocode, event.equipment) == ("NLRTM", "WAYU1234567")


def test_a_time_that_only_repeats_the_status_is_no_event():
    assert len(read(B4, "R4*5*UN*SGSIN*SINGAPORE*SG", "DTM*140*20260401*221500*LT").events) == 1
    assert len(read(B4, "R4*5*UN*SGSIN*SINGAPORE*SG", "DTM*140*20260401*221600*LT").events) == 2


def test_a_time_that_does_not_exist_costs_its_own_event_only():
    parsed = read(B4, "R4*D*UN*NLRTM*ROTTERDAM*NL", "DTM*139*20260431*1010", "DTM*371*20260425*1010", "DTM*139*")
    assert [(issue.code, issue.segment, issue.position) for issue in parsed.issues] == [("bad_time", "DTM #6", 1)]
    assert [(event.raw_code, event.position) for event in parsed.events] == [("VD", 0), ("ETA", 2)]


@pytest.mark.parametrize(
    ("b4", "code", "element"),
    [("B4***VD*20260230*2215", "bad_time", "B4-04"), ("B4****20260401*2215", "no_code", "B4-03"),
     ("N9*BN*1", "no_status", "")],
)  # fmt: skip
def test_what_is_missing_in_a_status_is_said(b4, code, element):
    assert [(found[0], found[1]) for found in issues(b4)] == [(code, element)]


def test_the_vessel_is_its_imo_number_or_its_call_sign():
    by_imo = only(B4, "Q2*9074729********118W***L*BLUE HORIZON")
    assert (by_imo.vessel_imo, by_imo.voyage, by_imo.attributes["vessel"]) == ("9074729", "118W", "BLUE HORIZON")
    by_sign = only(B4, "Q2*9V8896********118W***C*BLUE HORIZON")
    assert (by_sign.vessel_imo, by_sign.attributes["call_sign"]) == ("", "9V8896")


@pytest.mark.parametrize(("sign", "laden"), [("L", "LADEN"), ("E", "EMPTY"), ("W", None), ("", None)])
def test_b4_09_says_whether_the_container_is_laden(sign, laden):
    assert only(f"B4***I*20260401*2215**WAYU*123456*{sign}").attributes.get("laden") == laden


@pytest.mark.parametrize(
    ("b4", "n9", "container", "said"),
    [
        ("WAYU*123456*L*45G1*SGSIN*UN*7", "WAYU1234567", "WAYU1234567", []),
        ("WAYU*123456*L*45G1*SGSIN*UN*7", "WAYU123456", "WAYU1234567", []),
        ("WAYU*123456*L*45G1*SGSIN*UN*7", "WAYU 123456-7", "WAYU1234567", []),
        ("WAYU*123456*L*45G1*SGSIN*UN", "", "WAYU1234567", []),
        ("WAYU*1234567*L*45G1*SGSIN*UN", "", "WAYU1234567", []),
        ("**L*45G1*SGSIN*UN", "WAYU1234567", "WAYU1234567", []),
        ("WAYU*999999*L*45G1*SGSIN*UN*1", "WAYU1234567", "WAYU1234567", ["equipment_differs"]),
        ("WAYU*123456*L*45G1*SGSIN*UN*7", "WAYU9999991", "WAYU1234567", ["equipment_differs"]),
        ("WAYU*123456*L*45G1*SGSIN*UN*7", "WAYU7788123", "WAYU1234567", ["equipment_differs"]),
        ("WAYU*123456*L*45G1*SGSIN*UN*1", "WAYU9999991", "WAYU1234561", ["equipment_differs"]),
        ("**L*45G1*SGSIN*UN", "", "", []),
    ],
)
def test_rule_36_of_two_container_numbers_the_right_one_counts_and_the_difference_is_told(b4, n9, container, said):
    parsed = read(f"B4***VD*20260401*2215**{b4}", *([f"N9*EQ*{n9}"] if n9 else []))
    assert parsed.events[0].equipment == container
    assert parsed.events[0].references == ()
    assert [(issue.code, issue.is_warning, issue.position) for issue in parsed.issues] == [(c, True, 0) for c in said]


def test_rule_17_the_time_of_a_status_is_local_to_its_place():
    said = normalise(only(B4), ORIGIN)
    assert (said.time_zone, said.zone_certainty, said.occurred_at.hour) == ("Asia/Singapore", "derived", 14)


def test_rule_19_midnight_of_an_estimate_is_a_day():
    estimated = read(B4, "R4*D*UN*NLRTM*ROTTERDAM*NL", "DTM*139*20260425*0000").events[1]
    assert normalise(estimated, ORIGIN).precision == "day"


def test_every_code_of_a_time_means_something():
    codes = {row["raw_code"]: row["classifier"] for row in read_table("codes_r4")}
    made = {
        (_LETTERS[row["classifier"]] + _ENDINGS[happening], row["classifier"])
        for row in _TIMES.values()
        for happening in ([row["moment"]] if row["moment"] else ["departure", "arrival", ""])
    }
    assert made == set(codes.items())


@pytest.mark.parametrize(
    ("container", "is_valid"),
    [("CSQU3054383", True), ("CSQU3054384", False), ("WAYU1234567", True), ("GMCU6094137", False),
     ("WAYU123456", False), ("ABCD1234567", False), ("", False), ("WAYU123456\u0667", False)],
)  # fmt: skip
def test_check_digits_are_those_of_iso_6346(container, is_valid):
    assert has_valid_check_digit(container) is is_valid


@given(st.from_regex(r"[A-Z]{3}[UJZ][0-9]{6}", fullmatch=True))
def test_a_check_digit_that_is_computed_is_the_one_others_compute(number):
    assert whole_container(number[:4], number[4:]) == number + iso6346.calc_check_digit(number)
