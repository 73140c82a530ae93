from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shipments.formats.base import ParsedPlace
from shipments.formats.cargo_imp import parse
from shipments.formats.fsu import Day, date_of, read_flight
from shipments.normalise import Meaning, Origin, PlaceBook, normalise
from tests.expected_values import COLLECTED, compare, meant, options_for
from tests.shipments.test_formats_samples import needs_collected

RECEIVED = "2025-11-06T12:00:00+00:00"
HEAD = "FSU/15\n160-12345675HKGFRA/T10K250.0\n"


def read(text, received_at=RECEIVED):
    return parse(text.encode(), {"received_at": received_at})


def only(line, **options):
    (event,) = read(HEAD + line, **options).events
    return event


def faults(text):
    return [(issue.code, issue.element, issue.segment) for issue in read(text).issues]


@needs_collected
@pytest.mark.parametrize("path", sorted(COLLECTED.glob("cargo_imp*/*.expected.json")), ids=lambda path: path.stem)
def test_every_field_that_a_collected_sample_expects_is_met(path):
    file = path.with_name(path.name.replace(".expected.json", ".txt"))
    parsed = parse(file.read_bytes(), options_for(file.name))
    read, expected = compare(file, parsed)
    assert read == expected
    assert parsed.issues == ()


@pytest.mark.parametrize(
    ("line", "wall_time", "classifier"),
    [
        ("DEP/CX289/04NOV/HKGFRA/T10K250.0/A0012", "2025-11-04T00:12:00", "ACT"),
        ("DEP/CX289/04NOV/HKGFRA/T10K250.0/E0012", "2025-11-04T00:12:00", "EST"),
        ("DEP/CX289/04NOV/HKGFRA/T10K250.0/S0012", "2025-11-04T00:12:00", "PLN"),
        ("DEP/CX289/04NOV/HKGFRA/T10K250.0/A0012-N", "2025-11-05T00:12:00", "ACT"),
        ("DEP/CX289/04NOV/HKGFRA/T10K250.0/A2312-P", "2025-11-03T23:12:00", "ACT"),
        ("DEP/CX289/04NOV/HKGFRA/T10K250.0/E0012-S", "2025-11-06T00:12:00", "EST"),
        ("DEP/CX289/04NOV/HKGFRA/T10K250.0/E0012-T", "2025-11-07T00:12:00", "EST"),
        ("MAN/CX289/04NOV/HKGFRA/T10K250.0/S0012", "2025-11-04T00:12:00", ""),
        ("BKD/CX289/04DEC/HKGFRA/T10K250.0/S0012", "2025-12-04T00:12:00", "PLN"),
        ("RCF/CX289/04NOV0815/FRA/T10K250.0", "2025-11-04T08:15:00", ""),
        ("RCF/CX289/04NOV0815-N/FRA/T10K250.0", "2025-11-05T08:15:00", ""),
        ("ARR/CX289/04NOV/FRA/T10K250.0/A0815", "2025-11-04T08:15:00", "ACT"),
    ],
)
def test_the_letter_before_a_time_says_whether_it_happened(line, wall_time, classifier):
    event = only(line)
    assert (event.wall_time, event.classifier) == (wall_time, classifier)


def test_a_day_without_a_time_is_known_to_the_day():
    event = only("DEP/CX289/04NOV/HKGFRA/T10K250.0")
    assert (event.wall_time, event.precision) == ("2025-11-04T00:00:00", "day")
    assert only("DEP/CX289/04NOV/HKGFRA/T10K250.0/A0012").precision == "minute"


@pytest.mark.parametrize(
    ("quantity", "expected"),
    [
        ("T10K250.0", {"part": "TOTAL", "pieces": 10, "total_pieces": 10, "weight": "250.0", "weight_unit": "K"}),
        ("P4K100", {"part": "PARTIAL", "pieces": 4, "total_pieces": 10, "weight": "100", "weight_unit": "K"}),
        ("S4L220.5", {"part": "PARTIAL", "pieces": 4, "total_pieces": 10, "weight": "220.5", "weight_unit": "L"}),
        ("D4", {"part": "PARTIAL", "pieces": 4, "total_pieces": 10}),
        ("P2K50.0T12", {"part": "PARTIAL", "pieces": 2, "total_pieces": 12, "weight": "50.0", "weight_unit": "K"}),
        ("T2K50.0", {"part": "PARTIAL", "pieces": 2, "total_pieces": 10, "weight": "50.0", "weight_unit": "K"}),
        (
            "T10K250.0MC4.761",
            {"part": "TOTAL", "pieces": 10, "total_pieces": 10, "weight": "250.0", "weight_unit": "K",
             "volume": "4.761", "volume_unit": "MC"},
        ),
        ("", {}),
    ],
)  # fmt: skip
def test_how_much_of_the_consignment_it_is(quantity, expected):
    assert dict(only(f"NFD/05NOV0930/FRA/{quantity}").attributes) == expected


def test_what_is_a_part_by_the_air_waybill_line_is_a_part_of_the_whole():
    (event,) = read("FSU/15\n160-12345675HKGFRA/P2K505.0T10\nRCS/05NOV0930/HKG/T2K505.0\n").events
    assert (event.attributes["part"], event.attributes["pieces"], event.attributes["total_pieces"]) == (
        "PARTIAL",
        2,
        10,
    )


def test_a_line_that_begins_with_a_slash_belongs_to_the_status_before():
    parsed = read(
        HEAD
        + "RCT/LH/05NOV1510/FRA/T10K250.0\n/CX\nULD/AKE12345CX\n/PMC41233SQ\nOCI/DE/ISS/RA/1\nOSI/HANDLE WITH CARE\n"
        "DLV/06NOV0900/FRA/T10K250.0/ACME\n"
    )
    first, second = parsed.events
    assert {name: first.attributes[name] for name in ("carrier", "from_carrier", "uld", "oci", "osi")} == {
        "carrier": "LH", "from_carrier": "CX", "uld": "AKE12345CX PMC41233SQ", "oci": "DE/ISS/RA/1",
        "osi": "HANDLE WITH CARE",
    }  # fmt: skip
    assert (second.raw_code, second.remarks, second.segment) == ("DLV", "ACME", "DLV, line 9")


def test_the_place_is_the_airport_and_the_number_the_air_waybill():
    event = only("RCS/05NOV0930/HKG/T10K250.0")
    assert (event.place, event.references) == (ParsedPlace(iata="HKG", text="HKG"), (("mawb", "160-12345675"),))


@pytest.mark.parametrize(
    ("said", "read_as"),
    [("QR008", "QR8"), ("QR8", "QR8"), ("5X0123A", "5X123A"), ("ABC12", "ABC12"), ("cx 289", "CX289"), ("289", "")],
)
def test_a_flight_number_has_no_leading_zeros(said, read_as):
    assert read_flight(said) == read_as


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("DEP/CX289/O4NOV/HKGFRA/T10K250.0", ("bad_field", "day", "DEP, line 4")),
        ("DEP/CX289/31NOV/HKGFRA/T10K250.0", ("bad_time", "day", "DEP, line 4")),
        ("DEP/CX289/04NVO/HKGFRA/T10K250.0", ("bad_time", "day", "DEP, line 4")),
        ("RCF/CX289/04NOV2515/FRA/T10K250.0", ("bad_time", "day", "RCF, line 4")),
        ("DEP/CX289/04NOV/HKG/T10K250.0", ("bad_field", "route", "DEP, line 4")),
        ("RCS/05NOV0930/HKG/T1OK250.0", ("bad_quantity", "quantity", "RCS, line 4")),
        ("RCS/05NOV0930", ("bad_field", "airport", "RCS, line 4")),
        ("DIS/CX289/05NOV0930/HKG/T10K250.0", ("bad_field", "discrepancy", "DIS, line 4")),
        ("TRM/BA/LHR/T10K250.0", ("no_time", "day", "TRM, line 4")),
        ("XYZ", ("stray_line", "", "line 4")),
    ],
)
def test_a_broken_line_costs_itself_only(line, fault):
    parsed = read(f"{HEAD}FOH/05NOV0900/HKG/T10K250.0\n{line}\nRCS/05NOV0930/HKG/T10K250.0\n")
    assert [event.raw_code for event in parsed.events] == ["FOH", "RCS"]
    assert [(issue.code, issue.element, issue.segment) for issue in parsed.issues] == [fault]


def test_a_transfer_to_another_carrier_that_names_the_day_is_planned():
    event = only("TRM/BA/05NOV1300/FRA/T10K250.0")
    assert (event.raw_code, event.wall_time, meant(event)) == ("TRM", "2025-11-05T13:00:00", ("HANDED_OVER", "PLN"))


def test_a_status_of_a_warehouse_may_name_the_carrier_or_not():
    for said in ("FIW/05NOV0930/HKG/T10K250.0", "FIW/CX/05NOV0930/HKG/T10K250.0", "FIW/CX289/05NOV0930/HKG/T10K250.0"):
        assert (only(said).wall_time, only(said).place.iata) == ("2025-11-05T09:30:00", "HKG")


def test_a_status_that_nobody_told_us_of_is_kept_with_its_code():
    event = only("XYZ/05NOV0930/HKG/T10K250.0")
    assert (event.raw_code, event.wall_time, event.place.iata) == ("XYZ", "2025-11-05T09:30:00", "HKG")


def test_several_messages_stand_in_one_payload_behind_their_addresses():
    parsed = read(
        "\x01QD SELPRCR\r\n.HDQFMQR 200739\r\n\x02FSU/14\r\n157-66792751ICNVIE/T25K4532.00\r\n"
        "RCS/05NOV0930/ICN/T25K4532.00\r\n\x03\r\nQK SELPRCR\r\n.HDQFMQR 200740\r\nFSA/6\r\n"
        "160-12345675HKGFRA/T10K250.0\r\nDLV/06NOV0900/FRA/T10K250.0\r\nFWB/16\r\n160-12345675HKGFRA/T10K250.0\r\nRTG/FRACX\r\n"
    )
    assert [(event.raw_code, event.references[0][1], event.position) for event in parsed.events] == [
        ("RCS", "157-66792751", 0), ("DLV", "160-12345675", 1),
    ]  # fmt: skip
    assert [(issue.code, issue.segment) for issue in parsed.issues] == [("other_message", "FWB, line 12")]


def test_a_message_inside_edifact_has_the_time_of_its_envelope():
    raw = (
        b"UNB+IATA:1+HDQFMQR+SELPRCR+251104:1200+77'UNH+1+CIMFSU:12'FSU/12\r\n160-12345675HKGFRA/T10K250.0\r\n"
        b"RCS/03NOV1425/HKG/T10K250.0\r\n'UNT+3+1'UNZ+1+77'"
    )
    parsed = parse(raw, {})
    assert [(e.raw_code, e.wall_time) for e in parsed.events] == [("RCS", "2025-11-03T14:25:00")]
    assert parsed.issues == ()
    bare = parse(raw.replace(b"FSU/12\r\n", b""), {})
    assert [(e.raw_code, e.wall_time) for e in bare.events] == [("RCS", "2025-11-03T14:25:00")]


def test_a_wrong_check_digit_is_a_warning():
    parsed = read("FSU/15\n160-12345676HKGFRA/T10K250.0\nRCS/05NOV0930/HKG/T10K250.0\n")
    assert [(i.code, i.is_warning) for i in parsed.issues] == [("bad_check_digit", True)]
    assert [event.raw_code for event in parsed.events] == ["RCS"]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("FFM/8\n1/CX289/04NOV/HKG\n", "other_message"),
        ("FSU/15\n", "no_status"),
        ("FSU/15\nRCS/05NOV0930/HKG/T10\n", "no_reference"),
        ("a,b\n1,2\n", "wrong_format"),
        ("", "empty"),
    ],
)
def test_what_reports_nothing_says_why(text, code):
    parsed = read(text)
    assert (parsed.events, [issue.code for issue in parsed.issues]) == ((), [code])


def test_without_a_time_of_receipt_a_day_has_no_year():
    assert [issue.code for issue in parse((HEAD + "RCS/05NOV0930/HKG/T10").encode(), {}).issues] == ["no_year"]
    assert [i.code for i in read(HEAD + "RCS/05NOV0930/HKG/T10", received_at="yesterday").issues] == ["no_year"]


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("OFLD", ("OFFLOADED", "ACT")),
        ("SSPD", ("OFFLOADED", "ACT")),
        ("MSCA", ("MISSING", "ACT")),
        ("MSAW", ("DISCREPANCY", "ACT")),
        ("FDCA", ("DISCREPANCY", "ACT")),
        ("DFLD", ("INFO", "ACT")),
    ],
)
def test_rule_14_the_second_field_of_a_discrepancy_decides(code, expected):
    event = only(f"DIS/CX289/05NOV0930/HKG/{code}/P2K50.0")
    assert (event.raw_code, event.attributes["discrepancy"], meant(event)) == (f"DIS-{code}", code, expected)
    assert only(f"DIS//05NOV0930/HKG/{code}/P2K50.0").raw_code == f"DIS-{code}"


@pytest.mark.parametrize(
    ("line", "received_at", "wall_time"),
    [
        ("DLV/31DEC2300/FRA/T10K250.0", "2026-01-02T12:00:00+00:00", "2025-12-31T23:00:00"),
        ("DEP/CX289/31DEC/HKGFRA/T10K250.0/A0030-N", "2026-01-02T12:00:00+00:00", "2026-01-01T00:30:00"),
        ("DLV/02JAN0100/FRA/T10K250.0", "2025-12-31T22:00:00+00:00", "2026-01-02T01:00:00"),
        ("DLV/03JAN0100/FRA/T10K250.0", "2025-12-31T22:00:00+00:00", "2025-01-03T01:00:00"),
        ("DEP/CX289/15JAN/HKGFRA/T10K250.0/S0100", "2025-12-31T22:00:00+00:00", "2026-01-15T01:00:00"),
        ("BKD/CX289/15MAY/HKGFRA/T10K250.0", "2025-12-31T22:00:00+00:00", "2026-05-15T00:00:00"),
        ("DEP/CX289/29FEB/HKGFRA/T10K250.0/A0100", "2025-11-06T12:00:00+00:00", "2024-02-29T01:00:00"),
        ("RCS/05NOV0930/HKG/T10K250.0", "2025-11-06T12:00:00+00:00", "2025-11-05T09:30:00"),
    ],
)
def test_rule_23_a_day_without_a_year_is_the_nearest_that_can_be(line, received_at, wall_time):
    assert only(line, received_at=received_at).wall_time == wall_time


@given(
    on=st.dates(date(1990, 1, 1), date(2090, 1, 1)),
    after=st.integers(-2, 180),
)
def test_rule_23_any_day_of_half_a_year_is_found_again(on, after):
    message_at = datetime(on.year, on.month, on.day, 12, tzinfo=UTC).toordinal() + after
    said = datetime.fromordinal(message_at).replace(tzinfo=UTC)
    assert date_of(Day(on.day, on.month), said, is_ahead=False) == on


AIRPORTS = st.sampled_from(["HKG", "FRA", "SIN", "ANC"])
CLOCKS = st.integers(0, 1439).map(lambda minute: f"{minute // 60:02}{minute % 60:02}")


@given(
    code=st.sampled_from(["RCS", "FOH", "NFD", "AWD", "CCD", "DLV", "DDL", "TGC", "CRC", "DPU", "DOC", "FIW", "FOW"]),
    on=st.dates(date(2025, 6, 1), date(2025, 11, 6)), clock=CLOCKS, airport=AIRPORTS,
    pieces=st.integers(1, 99_999), total=st.integers(1, 99_999), weight=st.decimals("0.1", "9999.9", places=1),
)  # fmt: skip
def test_a_well_formed_status_is_read_as_it_was_written(code, on, clock, airport, pieces, total, weight):
    kind = "T" if pieces >= total else "P"
    line = f"{code}/{on.strftime('%d%b').upper()}{clock}/{airport}/{kind}{pieces}K{weight}"
    (event,) = read(f"FSU/15\n160-12345675HKGFRA/T{total}K1\n{line}\n").events
    assert (event.raw_code, event.place.iata, event.wall_time) == (
        code, airport, f"{on.isoformat()}T{clock[:2]}:{clock[2:]}:00",
    )  # fmt: skip
    assert event.attributes == {
        "part": "TOTAL" if kind == "T" else "PARTIAL", "pieces": pieces, "total_pieces": total, "weight": str(weight),
        "weight_unit": "K",
    }  # fmt: skip


@given(lines=st.lists(st.text(st.sampled_from("/ABDEFNOPRSTKU0123456789.-\n "), max_size=30), max_size=8))
def test_lines_of_the_right_signs_never_raise(lines):
    parsed = read(HEAD + "\n".join(lines))
    assert parsed.events or parsed.issues
    origin = Origin(
        1, "S", 50, "", datetime(2025, 11, 6, tzinfo=UTC), {("fsu", "DEP"): Meaning("DEPARTED")}, PlaceBook()
    )
    assert len({normalise(event, origin).position for event in parsed.events}) == len(parsed.events)
