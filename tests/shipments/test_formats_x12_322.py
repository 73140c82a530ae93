import pytest

from shipments.formats.x12_322 import parse
from tests.shipments.test_formats_x12_envelopes import a_set, file, group

Q5 = "Q5*AL*20260501*2140*CT**CHICAGO*IL*US"


def read(*segments, **options):
    return parse(file(group(a_set("322", "0001", *segments), kind="SO")), options)


def test_each_unit_has_the_status():
    parsed = read(
        Q5, "N7*WAYU*123456*1*G*******CN", "W2*WAYU*123456**CN*L", "N7*WAYU*778812*1*G*******CN******E", "N9*BN*B1"
    )
    assert [(e.raw_code, e.code_list, e.equipment, e.attributes["laden"]) for e in parsed.events] == [
        ("AL", "157", "WAYU1234567", "LADEN"), ("AL", "157", "WAYU7788123", "EMPTY"),
    ]  # fmt: skip
    assert [event.references for event in parsed.events] == [(("booking", "B1"),)] * 2
    assert [event.segment for event in parsed.events] == ["Q5 #4"] * 2


def test_a_status_without_a_unit_is_an_event_and_a_w2_alone_names_one():
    assert [event.equipment for event in read(Q5).events] == [""]
    assert [event.equipment for event in read(Q5, "W2*WAYU*123456**CN*L").events] == ["WAYU1234567"]


def test_the_place_is_the_city_with_the_code_of_the_activity_location():
    (event,) = read(Q5, "R4*5*UN*USCHI*CORWITH RAMP*US***IL", "R4*6*UN*USCHI*CORWITH RAMP*US***IL").events
    place = event.place
    assert (place.unlocode, place.name, place.country, place.text) == ("USCHI", "CHICAGO", "US", "CHICAGO, IL, US")
    assert event.attributes == {"loc_role": "RAMP_ORIGIN"}
    (bare,) = read("Q5*AL*20260501*2140*CT", "R4*5*SL*218317*PITCAIRN****PA").events
    assert (bare.place.code, bare.place.name, bare.place.country) == ("SL:218317", "PITCAIRN", "US")


@pytest.mark.parametrize(
    ("dtm", "code", "place", "mode"),
    [
        ("DTM*371*20260504*0930", "ETA", "USLAX", "RAIL"),
        ("DTM*370*20260504*0930", "ATD", "USCHI", "RAIL"),
        ("DTM*017*20260504*0930", "EDD", "", None),
        ("DTM*830*20260504*0930", "PTT", "", None),
    ],
)
def test_a_time_before_the_ramps_is_about_the_one_it_must_be(dtm, code, place, mode):
    event = read(Q5, dtm, "R4*6*UN*USCHI*CHICAGO*US***IL", "R4*7*UN*USLAX*LOS ANGELES*US***CA").events[1]
    assert (event.raw_code, event.place.unlocode, event.attributes.get("mode")) == (code, place, mode)


def test_several_statuses_have_the_units_that_follow_them():
    parsed = read(Q5, "N7*WAYU*123456", "Q5*RL*20260230*0100*CT", "N7*WAYU*778812", "Q5**20260502*0100*CT")
    assert [(event.raw_code, event.equipment) for event in parsed.events] == [("AL", "WAYU1234567")]
    assert [(issue.code, issue.element, issue.position) for issue in parsed.issues] == [
        ("bad_time", "Q5-02", 1), ("no_code", "Q5-01", 2),
    ]  # fmt: skip


def test_a_set_without_a_status_is_reported():
    assert [issue.code for issue in read("N7*WAYU*123456").issues] == ["no_status"]


def test_rule_18_holds_here_too():
    summer = Q5.replace("CT", "CS")
    assert [(e.zone, i.code) for p in [read(summer)] for e in p.events for i in p.issues] == [
        ("-06:00", "standard_time")
    ]
    assert read(summer, treat_standard_as_local=True).events[0].zone == "America/Chicago"
