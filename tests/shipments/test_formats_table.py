import pytest

from shipments.formats.base import Parsed, ParsedPlace
from shipments.formats.error_file import csv_table
from shipments.formats.proposing import propose
from shipments.formats.table import FROM_POSITION, MAX_ROWS, parse, parse_parts

HEADING = "code,occurred_at,hbl"


def only(text, options=None):
    parsed = parse(text.encode(), options or {})
    assert parsed.issues == ()
    (event,) = parsed.events
    return event


def faults(text, options=None):
    return [(issue.code, issue.segment, issue.element) for issue in parse(text.encode(), options or {}).issues]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_delimiter_and_line_ends_are_found_out(delimiter, end):
    event = only(f"{HEADING}{end}ARRIVED,2026-02-04 06:00,H1{end}".replace(",", delimiter))
    assert (event.code, event.wall_time, event.references) == ("ARRIVED", "2026-02-04T06:00:00", (("hbl", "H1"),))


@pytest.mark.parametrize("charset", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_the_charset_is_found_out(charset):
    text = f"{HEADING},remarks\nARRIVED,2026-02-04,H1,Zürich – 5 €\n"
    assert parse(text.encode(charset), {}).events[0].remarks == "Zürich – 5 €"


def test_a_mapping_of_the_source_goes_before_the_usual_headings():
    text = "Was,Wann,Kiste,code\nARRIVED,2026-02-04,OCLU1234565,X\n"
    event = only(text, {"code": "Was", "occurred_at": "Wann", "unit": "Kiste"})
    assert (event.code, event.equipment) == ("ARRIVED", "OCLU1234565")


@pytest.mark.parametrize(
    ("written", "order", "wall"),
    [
        ("2026-02-04T06:00:00+08:00", "", "2026-02-04T06:00:00"),
        ("04.02.2026 06:00", "DMY", "2026-02-04T06:00:00"),
        ("02/04/2026 0600", "MDY", "2026-02-04T06:00:00"),
        ("31.12.2026 6:00", "", "2026-12-31T06:00:00"),
        ("12/31/2026 06:00:30", "", "2026-12-31T06:00:30"),
        ("02.02.2026", "", "2026-02-02T00:00:00"),
    ],
)
def test_dates_are_read_as_people_write_them(written, order, wall):
    assert only(f"{HEADING}\nARRIVED,{written},H1\n", {"date_order": order}).wall_time == wall


@pytest.mark.parametrize(
    ("row", "code", "element"),
    [
        ("ARRIVED,04.02.2026,H1", "ambiguous_date", "occurred_at"),
        ("ARRIVED,31.02.2026,H1", "bad_time", "occurred_at"),
        ("ARRIVED,soon,H1", "bad_time", "occurred_at"),
        ("ARRIVED,46057,H1", "serial_date", "occurred_at"),
        ("ARRIVED,,H1", "no_time", "occurred_at"),
        (",2026-02-04,H1", "no_code", "code"),
        ("ARRIVED,2026-02-04,", "no_reference", "reference"),
        ("ARRIVED,2026-02-04," + "H" * 65, "too_long", "reference"),
        ("ARRIVED,2026-02-04,H1,4,5", "too_many_cells", ""),
    ],
)
def test_a_row_that_cannot_be_read_is_reported_alone(row, code, element):
    text = f"{HEADING}\nARRIVED,2026-02-04,H1\n{row}\nLOADED,2026-02-04,H1\n"
    assert faults(text) == [(code, "row 3", element)]
    assert [event.position for event in parse(text.encode(), {}).events] == [0, 2]


@pytest.mark.parametrize(
    ("column", "value", "code"),
    [
        ("classifier", "MAYBE", "bad_value"),
        ("time_zone", "Mars/Phobos", "bad_zone"),
        ("reference_type", "colour", "unknown_reference"),
        ("unit", "U" * 36, "too_long"),
        ("source_event_id", "e" * 101, "too_long"),
    ],
)
def test_a_value_that_is_none_of_its_kind_is_reported(column, value, code):
    text = f"code,occurred_at,reference,{column}\nARRIVED,2026-02-04,R1,{value}\n"
    assert [found[0] for found in faults(text)] == [code]


@pytest.mark.parametrize(
    ("type_", "value", "reference"),
    [
        ("PRO", "77", ("pro", "77")),
        ("", "OCLU1234565", ("container", "OCLU1234565")),
        ("", "A-17", ("shipment", "A-17")),
    ],
)
def test_a_bare_reference_is_what_the_row_says_or_looks_like(type_, value, reference):
    event = only(f"code,date,reference type,reference\nARRIVED,2026-02-04,{type_},{value}\n")
    assert event.references == (reference,)


def test_a_code_of_another_language_waits_for_a_mapping():
    event = only(f"{HEADING}\nAngekommen,2026-02-04,H1\n")
    assert (event.code, event.raw_code, event.code_list) == ("", "Angekommen", "csv")


def test_place_columns_are_read():
    event = only("code,date,hbl,location,city,state,country\nARRIVED,2026-02-04,H1,idjkt45,Jakarta,,id\n")
    assert event.place == ParsedPlace(unlocode="IDJKT45", name="Jakarta", country="ID", text="Jakarta")


def test_what_looks_like_a_formula_is_text():
    assert only(f"{HEADING},remarks\nARRIVED,2026-02-04,H1,=cmd()\n").remarks == "=cmd()"


def test_a_retraction_needs_no_code():
    event = only("code,date,hbl,retracts\n,,,e1\n")
    assert (event.retracts, event.wall_time, event.raw_code) == ("e1", "", "")


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"", "empty"),
        (b"PK\x03\x04", "not_a_workbook"),
        (b"[1]", "wrong_format"),
        (b"hello\nworld", "columns_missing"),
        (b"code,date\nA,2026-01-01", "columns_missing"),
        (b"code,date,hbl\n", "no_events"),
        (b'code,date,hbl\nA,2026-01-01,"' + b"x" * 200_000, "not_a_table"),
    ],
)
def test_what_is_no_table_is_rejected(raw, code):
    parsed = parse(raw, {})
    assert (parsed.events, [issue.code for issue in parsed.issues]) == ((), [code])


def test_what_lacks_is_named():
    (issue,) = parse(b"status,colour\nA,red\n", {}).issues
    assert issue.message == "The table has no column for a date, a reference or unit."


def test_rows_past_the_limit_are_reported():
    # Rows with too many cells: they count, and are read fast.
    *rows, last = parse(b"code,date,hbl\n" + b",,,x\n" * (MAX_ROWS + 1), {}).issues
    assert (len(rows), last.code, last.segment) == (MAX_ROWS, "too_many", f"row {MAX_ROWS + 2}")


def test_a_template_names_columns_by_field_or_by_type_of_reference():
    options = {"code": "Was", "occurred_at": "Wann", "hbl": "Frachtbrief", "remarks": ""}
    event = only("Was;Wann;Frachtbrief;remarks\nARRIVED;2026-02-04;H1;so\n", options)
    assert (event.references, event.remarks) == ((("hbl", "H1"),), "so")


def test_a_column_that_the_template_gives_away_is_not_taken_from_the_usual_heading():
    event = only("date,real date,code,hbl\n2026-01-01,2026-02-04,ARRIVED,H1\n", {"date": "real date"})
    assert event.wall_time == "2026-02-04T00:00:00"


def test_constants_hold_where_a_cell_is_empty_or_missing():
    options = {"constants": {"classifier": "EST", "reference_type": "po", "unlocode": "NLRTM"}}
    text = "code,date,reference,classifier\nARRIVED,2026-02-04,4711,\nARRIVED,2026-02-04,4711,ACT\n"
    events = parse(text.encode(), options).events
    assert [(event.classifier, event.references, event.place.unlocode) for event in events] == [
        ("EST", (("po", "4711"),), "NLRTM"), ("ACT", (("po", "4711"),), "NLRTM"),
    ]  # fmt: skip


def test_a_constant_code_makes_a_table_of_one_milestone():
    assert only("date,hbl\n2026-02-04,H1\n", {"constants": {"code": "DELIVERED"}}).code == "DELIVERED"


def test_a_reference_type_for_all_rows_may_stand_beside_the_columns():
    event = only("code,date,reference\nARRIVED,2026-02-04,4711\n", {"reference_type": "po"})
    assert event.references == (("po", "4711"),)


@pytest.mark.parametrize("theirs", ["Angekommen", "ANGEKOMMEN", " angekommen "])
def test_codes_are_translated_and_the_senders_own_is_kept(theirs):
    event = only(f"{HEADING}\n{theirs},2026-02-04,H1\n", {"codes": {"Angekommen": "ARRIVED"}})
    assert (event.code, event.raw_code) == ("ARRIVED", theirs.strip())


@pytest.mark.parametrize(
    ("text", "zone"),
    [
        (f"{HEADING}\nARRIVED,2026-02-04 06:00,H1\n", "Europe/Berlin"),
        (f"{HEADING}\nARRIVED,2026-02-04 06:00+08:00,H1\n", "+08:00"),
        (f"{HEADING},zone\nARRIVED,2026-02-04 06:00,H1,UTC\n", "UTC"),
    ],
)
def test_a_zone_of_the_whole_table_holds_where_a_row_names_none(text, zone):
    assert only(text, {"time_zone": "Europe/Berlin"}).zone == zone


def test_a_zone_column_may_be_named_by_the_template():
    event = only(f"{HEADING},Zeitzone\nARRIVED,2026-02-04 06:00,H1,Asia/Tokyo\n", {"time_zone": "Zeitzone"})
    assert event.zone == "Asia/Tokyo"


def test_rows_are_numbered_as_a_spreadsheet_does():
    text = f"\nReport of March\n\n{HEADING}\n\nARRIVED,2026-02-04,H1\nARRIVED,soon,H1\n"
    parsed = parse(text.encode(), {"header_row": 4})
    assert [event.segment for event in parsed.events] == ["row 6"]
    assert [(issue.segment, issue.element, issue.snippet) for issue in parsed.issues] == [
        ("row 7", "occurred_at", "soon")
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ("sep=;\r\ncode;date;hbl\r\nARRIVED;2026-02-04;H,1\r\n", {}),
        ("code^date^hbl\nARRIVED^2026-02-04^H,1\n", {"delimiter": "^"}),
        ('"code, or status";date;hbl\nARRIVED;2026-02-04;H,1\n', {"code": "code, or status"}),
    ],
)
def test_the_delimiter_may_be_said(text, options):
    assert only(text, options).references == (("hbl", "H,1"),)


def test_a_charset_may_be_said():
    raw = f"{HEADING},remarks\nARRIVED,2026-02-04,H1,Łódź\n".encode("cp1250")
    assert parse(raw, {"charset": "cp1250"}).events[0].remarks == "Łódź"
    assert parse(raw, {"charset": "zip"}).events[0].remarks == "£ódŸ"


@pytest.mark.parametrize("formula", ["=1+1", "+1", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "＝1", "＋1", " =1"])
def test_only_our_own_apostrophe_is_taken_off(formula):
    out = b"".join(csv_table([["code", "occurred_at", "hbl", "remarks"], ["ARRIVED", "2026-02-04", "H1", formula]]))
    assert b"'" + formula.encode() in out
    assert parse(out, {}).events[0].remarks == formula.strip()
    assert only(f"{HEADING},remarks\nARRIVED,2026-02-04,H1,'twas\n").remarks == "'twas"


def test_parts_hold_their_rows_only_and_say_how_far_they_are():
    rows = "".join("ARRIVED,2026-02-04,H1\n" if number % 3 else "ARRIVED,soon,H1\n" for number in range(2_500))
    raw = f"{HEADING}\n{rows}".encode()
    found = list(parse_parts(raw, {}, 1_000))
    assert [len(part.events) + len(part.issues) for part in found] == [1_000, 1_000, 500]
    assert [part.progress for part in found][-1] == 100
    assert [part.headings for part in found] == [("code", "occurred_at", "hbl")] * 3
    assert [event for part in found for event in part.events] == list(parse(raw, {}).events)
    rest = list(parse_parts(raw, {FROM_POSITION: 1_000}, 1_000))
    assert [(part.headings, part.events, part.issues) for part in rest] == [
        (part.headings, part.events, part.issues) for part in found[1:]
    ]


def test_a_table_of_which_every_row_was_read_before_says_nothing_more():
    raw = f"{HEADING}\nARRIVED,2026-02-04,H1\n".encode()
    assert list(parse_parts(raw, {FROM_POSITION: 1}, 1_000)) == [Parsed(headings=("code", "occurred_at", "hbl"))]


@pytest.mark.parametrize(
    ("headings", "proposed"),
    [
        (
            ["Container No.", "ATA Date", "Status Code"],
            {"unit": "Container No.", "date": "ATA Date", "code": "Status Code"},
        ),
        (["AWB Number", "Airport Code"], {"mawb": "AWB Number", "iata": "Airport Code"}),
        (["Colour", "", "Gate"], {}),
    ],
)
def test_columns_are_proposed_by_likeness(headings, proposed):
    assert propose(headings) == proposed
