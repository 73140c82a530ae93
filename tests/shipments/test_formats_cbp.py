import json

import pytest

from shipments.formats.cbp import parse
from shipments.formats.recognise import recognise
from shipments.formats.registry import FORMATS
from tests.shipments.test_formats_x12_envelopes import a_set, file, group


def read(*segments):
    return parse(file(group(a_set("350", "0001", *segments), kind="CT")), {})


def only(*segments):
    (event,) = read(*segments).events
    return event


def dispositions(*rows):
    return json.dumps({"dispositions": list(rows)}).encode()


@pytest.mark.parametrize(
    ("x4", "code", "wall", "precision"),
    [
        ("X4*1C*20260427*1004", "1C", "2026-04-27T10:04:00", "minute"),
        ("X4*01*1C*20260427*100459*20", "1C", "2026-04-27T10:04:59", "minute"),
        ("X4*20260427*1004*11", "11", "2026-04-27T10:04:00", "minute"),
        ("X4*11*1C*20260427*1004", "1C", "2026-04-27T10:04:00", "minute"),
        ("X4*01*02*20260427*1004", "02", "2026-04-27T10:04:00", "minute"),
        ("X4*1H*260427*1004", "1H", "2026-04-27T10:04:00", "minute"),
        ("X4*1H*20260427", "1H", "2026-04-27T00:00:00", "day"),
        ("X4*1H*20260427*9999*BLUE260088", "1H", "2026-04-27T00:00:00", "day"),
        ("X4*1H*20260427*AB*1004", "1H", "2026-04-27T10:04:00", "minute"),
    ],
)
def test_code_and_time_are_found_by_their_shape(x4, code, wall, precision):
    event = only(x4)
    assert (event.raw_code, event.code_list, event.wall_time, event.precision) == (code, "cbp", wall, precision)


@pytest.mark.parametrize(
    ("x4", "references", "in_bond"),
    [
        ("X4*1C*20260427*1004*BLUE260089", (("mbl", "BLUE260089"),), None),
        ("X4*1C*20260427*1004*BLUE*260089", (("mbl", "BLUE260089"),), None),
        ("X4*1C*20260427*1004*ABC-1234567-8", (("mrn", "ABC12345678"),), None),
        ("X4*1C*20260427*1004*ABC12345678*BLUE260089", (("mbl", "BLUE260089"), ("mrn", "ABC12345678")), None),
        ("X4*1J*20260427*1004*123456789", (), "123456789"),
        ("X4*1C*20260427*1004*20*01", (), None),
    ],
)
def test_numbers_are_found_by_their_shape(x4, references, in_bond):
    event = only(x4)
    assert (event.references, event.attributes.get("in_bond")) == (references, in_bond)


def test_what_stands_before_the_dispositions_of_a_port_is_about_all_of_them():
    parsed = read(
        "M10*BLUE*O*LR*9074729*BLUE HORIZON*118W", "P4*2704*20260425**Z123", "N9*BM*BLUE260088", "X4*1H*20260426*1002",
        "VID*CN*WAYU*123456", "X4*1I*20260427*1002", "N9*EQ*WAYU7788123", "P4*5301", "X4*1C*20260427*1003",
    )  # fmt: skip
    assert [(e.raw_code, e.references, e.equipment, e.place.code, e.voyage) for e in parsed.events] == [
        ("1H", (("mbl", "BLUE260088"),), "WAYU1234567", "D:2704", "118W"),
        ("1I", (("mbl", "BLUE260088"),), "WAYU7788123", "D:2704", "118W"),
        ("1C", (), "", "D:5301", "118W"),
    ]
    assert parsed.events[0].place.text == "Schedule D 2704, FIRMS Z123"
    assert parsed.events[0].attributes == {"scac": "BLUE", "vessel": "BLUE HORIZON", "bill": "BLUE260088"}


@pytest.mark.parametrize(
    ("x4", "code", "element"),
    [
        ("X4*20260427*1004", "no_code", "X4-01"),
        ("X4*1C*20260230*1004", "bad_time", "X4-02"),
        ("X4", "no_code", "X4-01"),
    ],
)
def test_a_disposition_without_code_or_day_costs_itself_only(x4, code, element):
    parsed = read("X4*1C*20260427*1004", x4)
    assert [(issue.code, issue.element, issue.segment, issue.position) for issue in parsed.issues] == [
        (code, element, "X4 #5", 1)
    ]
    assert len(parsed.events) == 1


def test_a_set_without_a_disposition_is_reported():
    assert [issue.code for issue in read("P4*2704").issues] == ["no_status"]


@pytest.mark.parametrize(
    ("day", "clock", "wall", "zone", "precision"),
    [
        ("2026-04-27", "10:04", "2026-04-27T10:04:00", "", "minute"),
        ("20260427", "1004", "2026-04-27T10:04:00", "", "minute"),
        ("2026-04-27T10:04:00-07:00", "", "2026-04-27T10:04:00", "-07:00", "minute"),
        ("2026-04-27", "", "2026-04-27T00:00:00", "", "day"),
    ],
)
def test_dispositions_as_json_are_read(day, clock, wall, zone, precision):
    row = {"code": "1c", "date": day, "time": clock, "bill": "BLUE260089", "container": "wayu 123456", "port": "2704"}
    (event,) = parse(dispositions(row), {}).events
    assert (event.raw_code, event.wall_time, event.zone, event.precision) == ("1C", wall, zone, precision)
    assert (event.references, event.equipment, event.place.code) == ((("mbl", "BLUE260089"),), "WAYU1234567", "D:2704")
    assert (event.attributes, event.segment) == ({"bill": "BLUE260089"}, "event 1")


@pytest.mark.parametrize(
    ("port", "place"),
    [
        ("2704", ("", "D:2704", "other")),
        ("Z123", ("", "Z123", "firms")),
        ("USLAX", ("USLAX", "", "")),
        ("", ("", "", "")),
    ],
)
def test_the_port_of_a_disposition_is_what_it_looks_like(port, place):
    (event,) = parse(dispositions({"code": "1C", "date": "20260427", "port": port}), {}).events
    assert (event.place.unlocode, event.place.code, event.place.code_kind) == place


@pytest.mark.parametrize(
    ("entry", "references", "attributes"),
    [("ABC-1234567-8", (("mrn", "ABC12345678"),), {}), ("123456789", (), {"in_bond": "123456789"})],
)
def test_an_entry_number_is_told_from_an_in_bond_number(entry, references, attributes):
    (event,) = parse(dispositions({"code": "1C", "date": "20260427", "entry": entry}), {}).events
    assert (event.references, event.attributes) == (references, attributes)


def test_a_wrong_disposition_costs_itself_only():
    good = {"code": "1C", "date": "20260427"}
    parsed = parse(dispositions(good, {"code": "1C", "date": "20260230"}, {"date": "20260427"}, 7, good), {})
    assert [(issue.code, issue.position) for issue in parsed.issues] == [
        ("bad_time", 1),
        ("no_code", 2),
        ("bad_value", 3),
    ]
    assert [event.position for event in parsed.events] == [0, 4]


@pytest.mark.parametrize(
    ("raw", "code"),
    [(b'{"dispositions": []}', "no_events"), (b'{"dispositions": 7}', "bad_value"), (b"[]", "no_events"),
     (b'{"dispositions": [', "not_json"), (b"hello", "wrong_format"), (b"", "empty")],
)  # fmt: skip
def test_what_holds_no_dispositions_is_refused(raw, code):
    assert [issue.code for issue in parse(raw, {}).issues] == [code]


def test_both_forms_are_recognised_where_the_format_is_open():
    row = dispositions({"code": "1C", "date": "20260427"})
    x12 = file(group(a_set("350", "0001", "X4*1C*20260427*1004"), kind="CT"))
    assert (recognise(row), recognise(x12)) == ("cbp", "x12_350")
    assert [FORMATS["auto"](raw, {}).format for raw in (row, x12)] == ["cbp", "cbp"]
