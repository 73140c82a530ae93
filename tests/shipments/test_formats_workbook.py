"""Excel workbooks: cells as they are, and archives that are traps."""

import io
import struct
import zipfile
from datetime import date, datetime

import pytest
import xlsxwriter

from shipments.formats import workbook
from shipments.formats.child import parts
from shipments.formats.error_file import error_rows
from shipments.formats.json_text import Unreadable
from shipments.formats.table import WITH_ROWS, parse, parse_parts
from shipments.formats.workbook import check_archive

HEADING = ["code", "occurred_at", "hbl", "remarks"]


def book(*rows, sheets=("Sheet1",), **options):
    """An XLSX as Excel writes it, with these rows in its last sheet; dates in cells formatted as dates."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True, "default_date_format": "yyyy-mm-dd hh:mm", **options}) as made:
        for name in sheets:
            sheet = made.add_worksheet(name)
        for number, row in enumerate(rows):
            sheet.write_row(number, 0, row)
    return out.getvalue()


def archive(**entries):
    """An archive with the parts of a workbook that are looked at, and these instead."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        parts_ = {
            "xl/workbook.xml": b"<workbook/>",
            **{name.replace("__", "/"): said for name, said in entries.items()},
        }
        for name, said in parts_.items():
            made.writestr(name, said)
    return out.getvalue()


def sheet(said):
    return archive(**{"xl__worksheets__s.xml": said})


def refused(raw):
    with pytest.raises(Unreadable) as refusal:
        check_archive(raw)
    return refusal.value.code, refusal.value.message


def only(raw, options=None):
    parsed = parse(raw, options or {})
    assert parsed.issues == ()
    (event,) = parsed.events
    return event


@pytest.mark.parametrize(
    ("cell", "wall", "precision"),
    [
        (datetime.fromisoformat("2026-02-04T06:30"), "2026-02-04T06:30:00", "minute"),
        (date(2026, 2, 4), "2026-02-04T00:00:00", "day"),
        ("2026-02-04 06:30", "2026-02-04T06:30:00", "minute"),
    ],
)
def test_a_date_cell_is_taken_as_it_is(cell, wall, precision):
    event = only(book(HEADING, ["ARRIVED", cell, "H1", ""]))
    assert (event.wall_time, event.precision, event.segment) == (wall, precision, "row 2")


def test_numbers_stand_without_a_fraction_and_texts_keep_their_zeros():
    parsed = parse(
        book(HEADING, ["ARRIVED", date(2026, 2, 4), 4711, ""], ["ARRIVED", date(2026, 2, 4), "00815", ""]), {}
    )
    assert [event.references for event in parsed.events] == [(("hbl", "4711"),), (("hbl", "00815"),)]


@pytest.mark.parametrize("cell", [46057.25, "46057.25"])
def test_a_serial_number_is_a_date_only_where_the_template_says_so(cell):
    raw = book(HEADING, ["ARRIVED", cell, "H1", ""])
    assert [(issue.code, issue.snippet) for issue in parse(raw, {}).issues] == [("serial_date", "46057.25")]
    assert only(raw, {"serial_dates": True}).wall_time == "2026-02-04T06:00:00"


def test_a_sheet_is_chosen_by_name_or_number_and_the_first_that_is_shown_otherwise():
    raw = book(HEADING, ["ARRIVED", date(2026, 2, 4), "H1", ""], sheets=("Cover", "Moves"))
    assert only(raw, {"sheet": "Moves"}).code == only(raw, {"sheet": 2}).code == "ARRIVED"
    assert [issue.code for issue in parse(raw, {}).issues] == ["columns_missing"]
    (issue,) = parse(raw, {"sheet": "Other"}).issues
    assert issue.message == "The workbook has no sheet Other; it has Cover, Moves."


def test_rows_above_the_heading_and_columns_before_it_are_passed_over():
    raw = book(["Report"], [], ["", *HEADING], ["", "ARRIVED", date(2026, 2, 4), "H1", ""])
    assert only(raw, {"header_row": 3}).segment == "row 4"


def test_a_workbook_comes_in_parts_and_with_its_refused_rows():
    raw = book(HEADING, *(["ARRIVED", "soon" if n % 2 else date(2026, 2, 4), f"H{n}", ""] for n in range(5)))
    found = list(parse_parts(raw, {}, 2))
    assert [(len(part.events), len(part.issues)) for part in found] == [(1, 1), (1, 1), (1, 0)]
    rows = list(error_rows(parts("csv", raw, {WITH_ROWS: True}, 1000)))
    assert [row[2] for row in rows] == ["hbl", "H1", "H3"]


def test_an_excel_error_or_a_formula_is_read_by_its_value():
    raw = book(HEADING, ["ARRIVED", date(2026, 2, 4), "H1", '=HYPERLINK("http://x.invalid")'])
    assert only(raw).remarks == "0"


def test_auto_finds_a_workbook():
    (part,) = parts("auto", book(HEADING, ["ARRIVED", date(2026, 2, 4), "H1", ""]), {}, 10)
    assert (part.format, len(part.events)) == ("csv", 1)


def test_a_cell_longer_than_excel_allows_costs_its_row(monkeypatch):
    monkeypatch.setattr(workbook, "LONGEST_CELL", 20)
    parsed = parse(
        book(HEADING, ["ARRIVED", date(2026, 2, 4), "H1", "x" * 21], ["ARRIVED", date(2026, 2, 4), "H1", ""]), {}
    )
    assert ([issue.code for issue in parsed.issues], len(parsed.events)) == (["too_long"], 1)


@pytest.mark.parametrize(
    ("raw", "code", "said"),
    [
        (b"\xd0\xcf\x11\xe0" + b"\x00" * 600, "old_workbook", ".xls"),
        (b"\xd0\xcf\x11\xe0" + "EncryptedPackage".encode("utf-16-le"), "workbook_protected", "password"),
        (b"PK\x03\x04 and nothing more", "not_a_workbook", "damaged"),
        (archive(**{"xl__vbaProject.bin": b"x"}), "macros", "macros"),
        (archive(**{"xl__embeddings__a.zip": b"x"}), "workbook_unsafe", "another archive"),
        (archive(**{"..__..__etc__cron": b"x"}), "workbook_unsafe", "outside"),
        (archive(__etc__passwd=b"x"), "workbook_unsafe", "outside"),
        (archive(**{"C:__x": b"x"}), "workbook_unsafe", "outside"),
        (archive(big=b"\x00" * (65 << 20)), "workbook_too_large", "64 MiB"),
        (archive(**{f"p{n}": b"" for n in range(1001)}), "workbook_too_large", "1000 parts"),
        (archive(**{f"xl__worksheets__s{n}.xml": b"" for n in range(201)}), "workbook_too_large", "200 sheets"),
        (sheet(b'<c r="GS1"/>'), "workbook_too_large", "200 columns"),
        (sheet(b'<x:row spans="1:1" r="1048576"/>'), "workbook_too_large", "100,000 rows"),
        (sheet(b"<row/>" * 101_001), "workbook_too_large", "100,000 rows"),
        (sheet(b"<c/>" * 201), "workbook_too_large", "200 columns"),
        (sheet(b"<c r='CV50000'/>"), "workbook_too_large", "2,000,000 cells"),
        (archive(**{"xl__sharedStrings.xml": b"<si/>" * 1_000_001}), "workbook_too_large", "1,000,000 texts"),
    ],
)
def test_a_workbook_that_could_be_a_trap_is_refused_with_its_limit(raw, code, said):
    found, message = refused(raw)
    assert found == code
    assert said in message


def test_an_archive_that_is_no_workbook_is_refused():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as made:
        made.writestr("a.txt", "x")
    assert refused(out.getvalue())[0] == "not_a_workbook"


def test_two_parts_of_one_name_are_refused():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as made, pytest.warns(UserWarning, match="Duplicate name"):
        made.writestr("xl/workbook.xml", "x")
        made.writestr("xl/workbook.xml", "y")
    assert refused(out.getvalue())[0] == "workbook_unsafe"


def test_an_encrypted_part_is_refused():
    raw = bytearray(archive())
    at = raw.rfind(b"PK\x01\x02")
    struct.pack_into("<H", raw, at + 8, 1)
    assert refused(bytes(raw))[0] == "workbook_protected"


def test_a_part_that_is_larger_than_its_directory_says_is_refused():
    raw = bytearray(archive(**{"xl__sharedStrings.xml": b"<si/>" * 1000}))
    at = raw.rfind(b"PK\x01\x02")
    struct.pack_into("<I", raw, at + 24, 10)
    assert refused(bytes(raw))[0] == "not_a_workbook"


def test_cells_that_straddle_two_pieces_are_seen(monkeypatch):
    monkeypatch.setattr(workbook, "_CHUNK", 16)
    assert refused(sheet(b"<row><c>" + b"x" * 21 + b'</c><c r="GS1"/></row>'))[0] == "workbook_too_large"
