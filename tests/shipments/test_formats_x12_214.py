from dataclasses import replace

import pytest

from shipments.formats.base import ParsedPlace
from shipments.formats.x12_214 import parse
from shipments.formats.x12_values import envelope_day
from shipments.normalise import Meaning, normalise
from tests.shipments.test_formats_total import ORIGIN
from tests.shipments.test_formats_x12 import ISA


def interchange(*segments, kind="214"):
    inner = [f"ST*{kind}*0001", "B10*P1*C1*ROCO", *segments]
    lines = [ISA, "GS*QM*S*R*20260310*0910*71*X*004010", *inner, f"SE*{len(inner) + 1}*0001", "GE*1*71"]
    return "~".join([*lines, "IEA*1*000000071", ""]).encode()


def only(*segments):
    (event,) = parse(interchange(*segments), {}).events
    return event


def issues(*segments):
    return [(issue.code, issue.element, issue.position) for issue in parse(interchange(*segments), {}).issues]


def test_a_status_and_an_appointment_come_from_lists_of_their_own():
    parsed = parse(interchange("LX*1", "AT7*X9*NS***20260309*0805", "AT7***X9*NA*20260309*0805"), {})
    assert [(event.raw_code, event.code_list) for event in parsed.events] == [("X9", "1650"), ("X9", "1652")]


@pytest.mark.parametrize(
    ("clock", "wall", "precision"),
    [
        ("0805", "2026-03-09T08:05:00", "minute"),
        ("080559", "2026-03-09T08:05:59", "minute"),
        ("08055999", "2026-03-09T08:05:59", "minute"),
        ("", "2026-03-09T00:00:00", "day"),
    ],
)
def test_times_of_four_six_and_eight_digits_are_read(clock, wall, precision):
    event = only(f"AT7*X3*NS***20260309*{clock}*LT")
    assert (event.wall_time, event.precision, event.zone, event.zone_code) == (wall, precision, "", "LT")


@pytest.mark.parametrize(
    ("code", "zone"),
    [("PT", "America/Los_Angeles"), ("ES", "-05:00"), ("UT", "+00:00"), ("20", "-05:00"), ("08", "+08:00"),
     ("13", "-12:00"), ("NS", "-03:30"), ("LT", ""), ("", ""), ("??", "")],
)  # fmt: skip
def test_the_time_code_gives_a_zone_or_a_fixed_offset(code, zone):
    assert only(f"AT7*X3*NS***20260309*0805*{code}").zone == zone


@pytest.mark.parametrize(
    ("day", "clock"),
    [
        ("20260229", "0805"),
        ("2026030", "0805"),
        ("20260309", "2460"),
        ("20260309", "805"),
        ("", ""),
        ("٢٠٢٦٠٣٠٩", "0805"),
    ],
)
def test_a_time_that_does_not_exist_costs_its_own_event_only(day, clock):
    parsed = parse(interchange(f"AT7*X3*NS***{day}*{clock}", "AT7*AF*NS***20260309*0917"), {})
    assert [(issue.code, issue.segment, issue.element, issue.position) for issue in parsed.issues] == [
        ("bad_time", "AT7 #5", "AT7-05", 0)
    ]
    assert [(event.raw_code, event.position) for event in parsed.events] == [("AF", 1)]


def test_a_status_without_a_code_is_reported():
    assert issues("AT7*****20260309*0805") == [("no_code", "AT7-01", 0)]


def test_a_set_without_a_status_is_reported():
    assert issues("LX*1") == [("no_status", "", -1)]


@pytest.mark.parametrize(
    ("ms1", "latitude", "longitude"),
    [
        ("MS1****0914726*0431836*W*N", 43.31, -91.79056),
        ("MS1****-100.51*25.7252*W*N", 25.7252, -100.51),
        ("MS1****-100.51*25.7252", 25.7252, -100.51),
        ("MS1****100.51*25.7252*E*S", -25.7252, 100.51),
        ("MS1****100.51*95.0*E*N", None, None),
        ("MS1****abc*25.7252*E*N", None, None),
    ],
)
def test_coordinates_are_read_in_both_spellings_and_the_letter_gives_the_sign(ms1, latitude, longitude):
    place = only("AT7*X6*NS***20260309*0805", ms1).place
    assert (place.latitude, place.longitude) == (latitude, longitude)


def test_the_place_belongs_to_the_status_before_it():
    parsed = parse(
        interchange("AT7*X3*NS***20260309*0805", "AT7*AF*NS***20260309*0917", "MS1*LAREDO*TX", "MS2*MSKU*123456*CN*5"),
        {},
    )
    assert parsed.events[0].place == ParsedPlace()
    assert parsed.events[1].place == ParsedPlace(name="LAREDO", subdivision="TX", country="US", text="LAREDO, TX")
    assert [event.equipment for event in parsed.events] == ["", "MSKU1234565"]


@pytest.mark.parametrize(
    ("l11", "reference"),
    [("L11*B1*BM", ("mbl", "B1")), ("L11*T1*2I", ("tracking", "T1")), ("L11*4711*PO", ("po", "4711")),
     ("L11*R9*CN", ("pro", "R9")), ("L11*D1*DO", ("delivery_order", "D1")), ("L11*S1*SI", ("customer", "S1"))],
)  # fmt: skip
def test_reference_qualifiers_are_filed_under_our_types(l11, reference):
    event = only("LX*1", "AT7*X3*NS***20260309*0805", l11)
    assert event.references == (("pro", "P1"), ("customer", "C1"), reference)


def test_numbers_of_an_unknown_kind_and_empty_ones_are_no_references():
    event = only("AT7*X3*NS***20260309*0805", "L11*X*ZZZ", "L11**BM", "L11*3*QN")
    assert event.references == (("pro", "P1"), ("customer", "C1"))
    assert event.attributes["stop_sequence"] == "3"


def test_the_reason_explains_and_changes_nothing_else():
    assert only("AT7*SD*AJ***20260309*0805").attributes == {"scac": "ROCO", "reason_code": "AJ"}


def test_the_group_may_name_another_kind_of_set():
    raw = interchange("AT7*X3*NS***20260309*0805").replace(b"GS*QM", b"GS*IN")
    assert [event.raw_code for event in parse(raw, {}).events] == ["X3"]


def test_acknowledgements_are_no_events_and_no_fault():
    parsed = parse(interchange("AK9*A*1*1*1", kind="997"), {})
    assert (parsed.events, parsed.is_quiet) == ((), True)
    assert [(issue.code, issue.is_warning) for issue in parsed.issues] == [("accepted", True)]


def test_sets_of_another_kind_beside_a_214_are_passed_over_and_reported():
    other = interchange("L3*1", kind="210")
    parsed = parse(interchange("AT7*X3*NS***20260309*0805") + other, {})
    assert len(parsed.events) == 1
    assert [(issue.code, issue.element) for issue in parsed.issues] == [("other_set", "ST-01")]


@pytest.mark.parametrize(
    ("raw", "code", "message"),
    [
        (b"", "empty", "The message is empty."),
        (b" \r\n ", "empty", "The message is empty."),
        (b"\x00\x01\x02", "binary", "This is not text: it looks like a binary file."),
        (b'[{"eventType": "TRANSPORT"}]', "wrong_format",
         "This looks like DCSA Track & Trace events; the source sends X12 214."),
        (b"UNB+UNOA:1+A+B'", "wrong_format", "This looks like an EDIFACT message; the source sends X12 214."),
        (b"hello", "wrong_format", "This is not X12 214."),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_read_is_told_what_it_is(raw, code, message):
    assert [(issue.code, issue.message) for issue in parse(raw, {}).issues] == [(code, message)]


@pytest.mark.parametrize(
    ("day", "ms1", "is_local", "zone", "warns"),
    [
        ("20260709", "MS1*BOSTON*MA*US", False, "-05:00", True),
        ("20260109", "MS1*BOSTON*MA*US", False, "-05:00", False),
        ("20260709", "MS1*BOSTON*MA*US", True, "America/New_York", False),
        ("20260109", "MS1*BOSTON*MA*US", True, "America/New_York", False),
        ("20260709", "", False, "-05:00", True),
        ("20260709", "", True, "America/New_York", False),
    ],
)
def test_rule_18_standard_time_is_a_fixed_offset_unless_the_partner_means_the_clock(day, ms1, is_local, zone, warns):
    options = {"treat_standard_as_local": is_local}
    parsed = parse(interchange(f"AT7*X3*NS***{day}*0805*ES", *([ms1] if ms1 else [])), options)
    assert (parsed.events[0].zone, parsed.events[0].zone_code) == (zone, "ES")
    assert [(issue.code, issue.position, issue.is_warning) for issue in parsed.issues] == (
        [("standard_time", 0, True)] if warns else []
    )


@pytest.mark.parametrize("is_local", [False, True])
@pytest.mark.parametrize(
    ("code", "ms1", "zone"), [("CS", "MS1*REGINA*SK*CA", "-06:00"), ("MS", "MS1*TUCSON*AZ", "-07:00")]
)
def test_rule_18_where_there_is_no_summer_time_standard_time_is_right(code, ms1, zone, is_local):
    parsed = parse(interchange(f"AT7*X3*NS***20260709*0805*{code}", ms1), {"treat_standard_as_local": is_local})
    assert (parsed.events[0].zone, parsed.issues) == (zone, ())


def test_rule_18_the_doubt_is_told_once_for_each_code():
    summer = [f"AT7*X3*NS***2026070{day}*0805*{code}" for day in (1, 2, 3) for code in ("ES", "PS")]
    assert issues(*summer) == [("standard_time", "", 0), ("standard_time", "", 1)]


@pytest.mark.parametrize("code", ["LT", ""])
def test_rule_17_a_time_without_a_zone_is_left_to_the_place(code):
    event = only(f"AT7*X3*NS***20260709*0805*{code}", "MS1*SOMEWHERE**US")
    assert (event.zone, event.wall_time) == ("", "2026-07-09T08:05:00")
    said = normalise(event, ORIGIN)
    assert (said.time_zone, said.zone_certainty) == ("UTC", "assumed")
    ohio = normalise(only(f"AT7*X3*NS***20260709*0805*{code}", "MS1*CLEVELAND*OH*US"), ORIGIN)
    assert (ohio.time_zone, ohio.zone_certainty, ohio.occurred_at.hour) == ("America/New_York", "derived", 12)


def test_rule_17_numeric_zones_count_west_from_thirteen():
    zones = [only(f"AT7*X3*NS***20260709*0805*{code}").zone for code in ("12", "13", "20", "24")]
    assert zones == ["+12:00", "-12:00", "-05:00", "-01:00"]


@pytest.mark.parametrize(
    ("clock", "wall", "classifier", "precision"),
    [
        ("16000000", "2026-07-09T16:00:00", "ACT", "minute"),
        ("160059", "2026-07-09T16:00:59", "ACT", "minute"),
        ("1600", "2026-07-09T16:00:00", "ACT", "minute"),
        ("0000", "2026-07-09T00:00:00", "EST", "day"),
        ("0000", "2026-07-09T00:00:00", "ACT", "minute"),
    ],
)
def test_rule_19_times_of_every_length_and_midnight_as_a_placeholder(clock, wall, classifier, precision):
    event = only(f"AT7*X3*NS***20260709*{clock}*UT")
    meanings = {("1650", "X3"): Meaning("PICKUP_ARRIVED", classifier)}
    said = normalise(event, replace(ORIGIN, meanings=meanings))
    assert (event.wall_time, said.precision) == (wall, precision)


def test_rule_20_two_digits_of_a_year_count_from_the_day_of_receipt():
    years = [envelope_day(f"{year:02d}0310", 2026)[:4] for year in (26, 55, 56, 97)]
    assert years == ["2026", "2055", "1956", "1997"]
    assert envelope_day("970310", 1998) == envelope_day("19970310", 2026) == "1997-03-10"
    assert [envelope_day(said, 2026) for said in ("260230", "2603", "ABCDEF", "")] == [""] * 4


def test_rule_20_an_old_date_is_read_and_warned_about():
    parsed = parse(interchange("AT7*X3*NS***19970309*0805*UT", "AT7*AF*NS***19970310*0805*UT"), {})
    assert [event.wall_time[:10] for event in parsed.events] == ["1997-03-09", "1997-03-10"]
    assert [(issue.code, issue.position, issue.is_warning) for issue in parsed.issues] == [("old_date", 0, True)]
    sent_then = interchange("AT7*X3*NS***19970309*0805*UT").replace(b"*260310*", b"*970310*")
    assert parse(sent_then, {"received_at": "2026-03-10T09:00:00+00:00"}).issues == ()


def test_rule_24_an_actual_of_the_future_waits_in_quarantine():
    late, near = (normalise(only(f"AT7*X3*NS***{day}*0805*UT"), ORIGIN) for day in ("20260709", "20260601"))
    assert (late.quarantine, near.quarantine) == ("The time is 38 days after we received the message.", "")


@pytest.mark.parametrize(
    ("ms1", "latitude", "longitude"),
    [
        ("MS1****0914726*0431836*W*N", 43.31, -91.79056),
        ("MS1****-100.51*25.7252*W*N", 25.7252, -100.51),
        ("MS1****100.51*25.7252*W*S", -25.7252, -100.51),
        ("MS1****100.51*90.0001*W*N", None, None),
        ("MS1****1800001*0431836*W*N", None, None),
    ],
)
def test_rule_37_the_dot_decides_how_a_coordinate_is_read_and_the_letter_its_sign(ms1, latitude, longitude):
    place = only("AT7*X6*NS***20260309*0805", ms1).place
    assert (place.latitude, place.longitude) == (latitude, longitude)


def test_a_repeated_number_is_several_references():
    raw = interchange("LX*1", "AT7*X3*NS***20260309*0805", "L11*B1^B2*BM").replace(b"*U*00401*", b"*^*00501*")
    assert parse(raw, {}).events[0].references[2:] == (("mbl", "B1"), ("mbl", "B2"))


@pytest.mark.parametrize(
    ("ms2", "equipment"),
    [("MS2*MSKU*123456*CN", "MSKU1234565"), ("MS2*MSKU*MSKU123456*CN", "MSKU1234565"),
     ("MS2*ROCO*53114*TL", "ROCO53114"), ("MS2*ROCO", ""), ("MS2*MSKU*123456*CN*9", "MSKU1234569")],
)  # fmt: skip
def test_the_check_digit_of_a_container_is_computed_where_it_is_left_out(ms2, equipment):
    assert only("AT7*X3*NS***20260309*0805", ms2).equipment == equipment


def test_each_event_says_where_it_stands():
    events = parse(interchange("AT7*X3*NS***20260309*0805", "MS1*LAREDO*TX", "AT7*AF*NS***20260309*0917"), {}).events
    assert [event.segment for event in events] == ["AT7 #5", "AT7 #7"]
