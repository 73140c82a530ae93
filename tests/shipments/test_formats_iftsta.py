from __future__ import annotations

import pytest

from shipments.formats.base import content_id
from shipments.formats.edifact import segment_of
from shipments.formats.edifact_values import moment, place
from shipments.formats.message_content import MAX_EVENTS
from shipments.formats.registry import FORMATS
from shipments.tables import read_table
from tests.shipments.test_formats_edifact import interchange, message, status
from tests.shipments.test_formats_samples import collected, needs_collected

BGM, SENT = "BGM+23+X+9", "DTM+137:202603120915:203"
HERE = ("DTM+334:202603111840:203", "LOC+175+NLRTM:139:6")


def read(*body: str):
    """The message, its segments as they stand."""
    return FORMATS["iftsta"](interchange(message("1", BGM, SENT, *body)), {})


def one(*body: str):
    (event,) = read(*body).events
    return event


@pytest.mark.parametrize(
    ("sts", "code", "code_list"),
    [
        ("STS+1+24", "24", "rec24"),
        ("STS+1+024::6", "24", "rec24"),
        ("STS++21", "21", "rec24"),
        ("STS+1+P::HS:Rail departed", "P", "HS"),
        ("STS+1+24::9", "24", "9"),
        ("STS+1+15E:ABC:ZZZ", "15E", "ABC"),
        ("STS+1+15E::87", "15E", "87"),
        ("STS++Z1+5", "Z1", "iftsta"),
        ("STS+1:D2:21", "D2", "C601"),
    ],
)
def test_rule_12_a_code_belongs_to_the_list_that_the_sender_names(sts, code, code_list):
    event = one(sts, *HERE)
    assert (event.raw_code, event.code_list) == (code, code_list)


def test_rule_12_a_code_in_the_components_of_the_category_is_of_the_carriers_list():
    event = one("NAD+CA+UPSX:172", "STS+1:D2:21", *HERE)
    assert (event.raw_code, event.code_list, event.attributes["reason_code"]) == ("D2", "UPSX", "21")


def test_reasons_and_words_are_kept_beside_the_status():
    event = one("STS+1+P::HS:Rail departed+5:::Nobody there+8", "FTX+AHN+++gate 2:closed", *HERE)
    assert (event.attributes, event.remarks) == ({"reason_code": "5,8"}, "Rail departed; Nobody there; gate 2 closed")


@pytest.mark.parametrize(
    ("dtm", "wall", "zone", "precision"),
    [
        ("334:20150820:203", "2015-08-20T00:00:00", "", "day"),
        ("334:201508201020:203", "2015-08-20T10:20:00", "", "minute"),
        ("334:20150820102030:203", "2015-08-20T10:20:30", "", "second"),
        ("334:201508201020:102", "2015-08-20T10:20:00", "", "minute"),
        ("334:150820:101", "2015-08-20T00:00:00", "", "day"),
        ("334:1508201020:201", "2015-08-20T10:20:00", "", "minute"),
        ("334:150820102030:202", "2015-08-20T10:20:30", "", "minute"),
        ("334:201508201020?+0200:205", "2015-08-20T10:20:00", "+02:00", "minute"),
        ("334:201508201020+0200:205", "2015-08-20T10:20:00", "+02:00", "minute"),
        ("334:201508201020-0500:205", "2015-08-20T10:20:00", "-05:00", "minute"),
        ("334:201508201020UTC:303", "2015-08-20T10:20:00", "+00:00", "minute"),
        ("334:20150820102030CET:304", "2015-08-20T10:20:30", "+01:00", "second"),
        ("334:201508201020XYZ:303", "2015-08-20T10:20:00", "", "minute"),
        ("334:20150820-20150822:718", "2015-08-20T00:00:00", "", "day"),
        ("334:2015082020150822:718", "2015-08-20T00:00:00", "", "day"),
        ("334:970331:101", "1997-03-31T00:00:00", "", "day"),
    ],
)
def test_rule_22_the_length_of_a_date_is_believed_before_its_format(dtm, wall, zone, precision):
    said = moment(segment_of(f"DTM+{dtm}"), 1)
    assert (said.wall, said.zone, said.precision) == (wall, zone, precision)


def test_rule_22_a_date_of_another_length_is_a_warning():
    parsed = read("STS+1+24", "DTM+334:20150820:203")
    assert [(i.code, i.segment, i.is_warning) for i in parsed.issues] == [("date_format", "DTM #6", True)]
    assert parsed.events[0].precision == "day"


@pytest.mark.parametrize(
    "day", ["20020148:102", "202602301200:203", "20260311:999999", "2026:102", "x:102", ":102", ""]
)
def test_rule_21_an_impossible_date_costs_its_own_event_only(day):
    bad = "20260300" if day.endswith("999999") else day
    parsed = read("STS+1+21", f"DTM+334:{bad}", "STS+1+24", *HERE)
    assert [event.raw_code for event in parsed.events] == ["24"]
    assert [(i.code, i.segment, i.position) for i in parsed.issues if not i.is_warning] == [("bad_time", "STS #5", 0)]
    assert parsed.events[0].position == 1


def test_a_status_without_any_date_is_not_given_one():
    parsed = read("STS+1+24", "LOC+175+NLRTM:139:6")
    assert [(i.code, i.segment, i.element) for i in parsed.issues] == [("no_time", "STS #5", "STS")]


def test_a_date_of_the_consignment_or_the_message_holds_for_its_statuses():
    assert one("DTM+7:202603100000:203", "CNI+1", "STS+1+24").wall_time == "2026-03-10T00:00:00"
    assert (
        one("DTM+7:202603100000:203", "CNI+1", "DTM+7:202603110000:203", "STS+1+24").wall_time == "2026-03-11T00:00:00"
    )


def test_an_estimate_as_the_only_date_makes_an_estimate():
    event = one("STS+1+1", "DTM+132:202603200600:203")
    assert (event.classifier, event.wall_time) == ("EST", "2026-03-20T06:00:00")


@pytest.mark.parametrize(
    ("loc", "expected"),
    [
        ("175+USSYR:227::SYRACUSE+US:162", {"unlocode": "USSYR", "name": "SYRACUSE", "country": "US"}),
        ("9+CNSGH:139:6+WGQ5:TER:ZZZ", {"unlocode": "CNSGH", "country": "CN", "facility": "WGQ5"}),
        ("9+CNSGH", {"unlocode": "CNSGH", "country": "CN"}),
        ("5+AMS:145:3", {"iata": "AMS"}),
        ("7+4012345000009::9", {"code": "4012345000009", "code_kind": "gln"}),
        ("165+:::+DEPOT7:TER:ZZZ", {"code": "DEPOT7", "code_kind": "terminal"}),
        ("18+WH7::92:Warehouse 7", {"code": "WH7", "code_kind": "other", "name": "Warehouse 7"}),
        ("7+:::KOLDING, , DK", {"name": "KOLDING, DK"}),
    ],
)
def test_a_place_is_what_the_lists_and_agencies_say(loc, expected):
    said = place(segment_of(f"LOC+{loc}"))
    fields = ("unlocode", "facility", "iata", "name", "country", "code", "code_kind")
    assert {name: value for name in fields if (value := getattr(said, name))} == expected


def test_rule_38_a_text_that_is_no_code_stays_a_text():
    assert (place(segment_of("LOC+14+LANDSKRONA")).unlocode, place(segment_of("LOC+14+LANDSKRONA")).name) == (
        "",
        "LANDSKRONA",
    )
    # A port with its terminal behind it, where the list says that it is a port.
    assert place(segment_of("LOC+9+IDJKT45:139:6")).unlocode == "IDJKT45"
    assert place(segment_of("LOC+9+IDJKT45")).unlocode == ""


def test_where_it_happened_is_the_activity_place_before_all_others():
    assert one("STS+1+24", HERE[0], "LOC+9+DEHAM:139:6", "LOC+175+NLRTM:139:6").place.unlocode == "NLRTM"


@pytest.mark.parametrize(("code", "port"), [("24", "CNSGH"), ("1", "NLRTM")])
def test_a_status_without_a_place_happened_where_its_leg_begins_or_ends(code, port):
    event = read(f"STS+1+{code}", HERE[0], "TDT+20+1W+1", "LOC+9+CNSGH:139:6", "LOC+11+NLRTM:139:6").events[0]
    assert event.place.unlocode == port


def test_a_date_of_a_leg_means_an_arrival_or_a_departure():
    assert {row["raw_code"]: (row["code"], row["classifier"]) for row in read_table("codes_tdt")} == {
        "132": ("ARRIVED", "EST"), "178": ("ARRIVED", "ACT"), "232": ("ARRIVED", "PLN"),
        "133": ("DEPARTED", "EST"), "136": ("DEPARTED", "ACT"), "186": ("DEPARTED", "ACT"), "189": ("DEPARTED", "PLN"),
    }  # fmt: skip


def test_legs_give_their_own_arrivals_and_departures():
    parsed = read(
        "CNI+1", "STS+1+24", *HERE, "TDT+20+612W+1++BLUE+++9321483:146::MV EXAMPLE",
        "LOC+9+CNSGH:139:6", "DTM+186:202603120600:203", "LOC+11+NLRTM:139:6", "DTM+132:202604090000:203",
        "TDT+30++2", "DTM+133:202604101200:203", "LOC+5+NLRTM:139:6", "LOC+8+DEDUI:139:6",
    )  # fmt: skip
    legs = [(e.raw_code, e.place.unlocode, e.voyage, e.vessel_imo, e.attributes["mode"]) for e in parsed.events[1:]]
    assert legs == [
        ("186", "CNSGH", "612W", "9321483", "VESSEL"),
        ("132", "NLRTM", "612W", "9321483", "VESSEL"),
        ("133", "NLRTM", "", "", "RAIL"),
    ]
    assert {event.code_list for event in parsed.events[1:]} == {"tdt"}


def test_an_impossible_date_of_a_leg_costs_that_date_only():
    parsed = read("STS+1+24", *HERE, "TDT+20+1+1", "LOC+11+NLRTM", "DTM+132:20261301:102", "DTM+178:20260401:102")
    assert [event.raw_code for event in parsed.events] == ["24", "178"]
    assert [(i.code, i.segment, i.position) for i in parsed.issues] == [("bad_time", "DTM #10", 1)]


def test_rule_36_what_stands_nearest_to_the_status_counts_and_the_difference_is_reported():
    parsed = read(
        "RFF+BM:HEAD",
        "RFF+BN:BK1",
        "RFF+EQ:TRHU4307252",
        "CNI+1",
        "STS+1+24",
        "RFF+BM:NEAR",
        "RFF+EQ:TRHU4561222",
        *HERE,
    )
    (event,) = parsed.events
    assert (event.references, event.equipment) == ((("mbl", "NEAR"), ("booking", "BK1")), "TRHU4561222")
    assert [(i.code, i.segment, i.is_warning) for i in parsed.issues] == [("discrepancy", "STS #9", True)]


def test_rule_36_the_same_number_in_header_and_detail_is_no_difference():
    parsed = read(
        "RFF+BM:B1", "RFF+EQ:TRHU4307252", "STS+1+24", "RFF+BM:B1", *HERE, "EQD+CN+TRHU4307252+45G1:102:5+++4"
    )
    assert (parsed.issues, parsed.events[0].attributes) == ((), {"laden": "EMPTY"})


def test_rule_34_a_status_of_several_units_is_an_event_of_each():
    parsed = read("CNI+1+C1", "STS+1+24", "RFF+BM:B1", *HERE, "EQD+CN+MSKU1234565+++++5", "EQD+CN+CSQU3054383+++++4",
                  "CNI+2+C2", "STS+1+24", "RFF+BM:B2", *HERE)  # fmt: skip
    assert [(e.equipment, e.references, e.segment) for e in parsed.events] == [
        ("MSKU1234565", (("mbl", "B1"), ("pro", "C1")), "STS #6"),
        ("CSQU3054383", (("mbl", "B1"), ("pro", "C1")), "STS #6"),
        ("", (("mbl", "B2"), ("pro", "C2")), "STS #13"),
    ]
    assert len({event.source_event_id for event in parsed.events}) == 3


@pytest.mark.parametrize("function", ["9", "4", "5", "7", "31", ""])
def test_every_function_but_cancellation_reports(function):
    parsed = FORMATS["iftsta"](interchange(message("1", f"BGM+23+X+{function}", SENT, *status())), {})
    (event,) = parsed.events
    assert (event.raw_code, event.retracts, event.source_event_id) == ("24", "", content_id(event))


def test_rule_29_a_cancellation_takes_back_what_it_repeats():
    original = FORMATS["iftsta"](interchange(message("1", "BGM+23+X+9", SENT, *status())), {}).events[0]
    later = "DTM+137:202603130915:203"
    cancelled = FORMATS["iftsta"](interchange(message("2", "BGM+23+Y+1", later, *status()), number="78"), {}).events[0]
    assert (cancelled.retracts, cancelled.wall_time, cancelled.source_event_id) == (original.source_event_id, "", "")
    assert (cancelled.references, cancelled.attributes) == (original.references, {"cancels": "24"})
    other = FORMATS["iftsta"](interchange(message("2", "BGM+23+Y+1", SENT, *status(at="202603111841"))), {}).events[0]
    assert other.retracts != original.source_event_id


def test_when_it_was_reported_is_the_message_date_or_that_of_the_interchange():
    assert one("STS+1+24", *HERE).reported_at == "2026-03-12T09:15:00"
    bare = FORMATS["iftsta"](interchange(message("1", "DTM+137:20260311:102", "STS+1+24", *HERE)), {}).events[0]
    assert bare.reported_at == "2026-03-12T09:15:00"


def test_rule_41_a_message_gives_so_many_events_at_most():
    units = [f"EQD+CN+U{number}" for number in range(MAX_EVENTS // 100)]
    parsed = FORMATS["iftsta"](
        interchange(message("1", *[f"RFF+EQ:U{number:03}" for number in range(100)], *["STS+1+24", HERE[0]] * 1_001)),
        {},
    )
    assert (len(parsed.events), parsed.issues[-1].code) == (MAX_EVENTS, "too_many_events")
    assert len(read("STS+1+24", *HERE, *units).events) == len(units)


def test_a_message_without_a_status_says_so():
    assert [(i.code, i.segment) for i in read("CNI+1").issues] == [("no_status", "UNH #2")]


@needs_collected
def test_a_carriers_own_list_and_the_units_of_a_real_message():
    parsed = FORMATS["iftsta"](collected("edifact_iftsta/IFTSTA_D00B_ocean_rail.edi"), {})
    assert [(e.code_list, e.raw_code, e.place.unlocode, e.attributes.get("mode")) for e in parsed.events] == [
        ("HS", "P", "USSYR", "RAIL"), ("tdt", "186", "COCTG", None), ("tdt", "178", "USNYC", None),
        ("tdt", "133", "USNYC", None), ("tdt", "132", "USCHI", "RAIL"), ("tdt", "133", "USCHI", "RAIL"),
        ("tdt", "132", "USWOQ", "RAIL"),
    ]  # fmt: skip
    assert {event.equipment for event in parsed.events} == {"TRHU4561222"}


@needs_collected
def test_rule_08_a_real_message_in_latin_1():
    parsed = FORMATS["iftsta"](collected("edifact_iftsta/IFTSTA_D10B_road_latin1.edi"), {})
    (event,) = parsed.events
    assert (event.raw_code, event.code_list, event.place.unlocode) == ("Z1", "iftsta", "SELAA")
    assert event.attributes == {"reason_code": "5,8,38,108"}
