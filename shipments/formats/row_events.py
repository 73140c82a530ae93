"""One row of a table → one event. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, time, timedelta

from shipments.enums import Classifier, ReferenceType, TimePrecision
from shipments.formats.base import ParsedEvent, ParsedPlace
from shipments.formats.columns import Columns, bare
from shipments.formats.json_text import Unreadable
from shipments.formats.native import CODES
from shipments.formats.times import WallTime, checked, read_iso
from shipments.outgoing.cells import restored
from shipments.references import reference_type
from shipments.zones import load_zone

# What a cell of a workbook can hold; a cell of a CSV is a text.
Cell = str | int | float | bool | date | datetime | time | timedelta | None
CODE_LIST = "csv"
# What Excel takes as a cell at most.
LONGEST_CELL = 32_767
_LIMITS = {"unit": 35, "code": 64, "source_event_id": 100, "retracts": 100, "facility": 16}
_WRITTEN_DAY = re.compile(r"(\d{1,2})[./-](\d{1,2})[./-](\d{4})(?:[ T]+(.+))?\Z", re.ASCII)
_CLOCK = re.compile(r"(\d{1,2}):?(\d{2})(?::?(\d{2}))?\Z", re.ASCII)
_SERIAL = re.compile(r"\d{4,6}(?:\.\d{1,12})?\Z", re.ASCII)
_CONTAINER = re.compile(r"[A-Z]{3}[UJZ] ?\d{6}-? ?\d\Z", re.ASCII)
# Day 0 of Excel's calendar, in which 1900 has a 29 February.
_DAY_ZERO = datetime(1899, 12, 30)  # noqa: DTZ001 a wall time
_MIDNIGHT = time(0)
_Cells = Mapping[str, str]


def read_row(row: Sequence[Cell], columns: Columns, position: int, number: int) -> ParsedEvent:
    """The event of row `number`. Raises Unreadable, whose element is our name of the column."""
    if len(row) > columns.width and any(cell not in ("", None) for cell in row[columns.width :]):
        raise Unreadable("too_many_cells", f"The row has {len(row)} cells; the heading has {columns.width}.")
    cells = _cells(row, columns)
    said, retracts = cells.get("code", ""), cells.get("retracts", "")
    if not said and not retracts:
        raise Unreadable("no_code", "The row has no code.", "code")
    known = columns.codes.get(bare(said), said) if said else ""
    wall = _time(cells, columns) if said or cells.get("occurred_at") else WallTime("")
    return ParsedEvent(
        position=position,
        raw_code=said[:64],
        code_list=CODE_LIST,
        wall_time=wall.wall,
        code=known.upper() if known.upper() in CODES else "",
        classifier=_classifier(cells.get("classifier", "")),
        zone=wall.zone,
        zone_code=cells.get("time_zone", "")[:64],
        precision=wall.precision,
        place=_place(cells),
        equipment=cells.get("unit", ""),
        vessel_imo=_imo(cells.get("vessel_imo", "")),
        voyage=cells.get("voyage", "")[:50],
        flight=cells.get("flight", "")[:16],
        references=_references(row, cells, columns, is_needed=not retracts),
        source_event_id=cells.get("source_event_id", ""),
        retracts=retracts,
        reason=cells.get("reason", ""),
        remarks=cells.get("remarks", ""),
        segment=f"row {number}",
    )


def as_text(cell: Cell) -> str:
    """A cell as a person reads it: whole numbers without a fraction, times in ISO 8601, a formula without our '."""
    if isinstance(cell, str):
        return restored(cell).strip()
    if cell is None or isinstance(cell, timedelta):
        return "" if cell is None else str(cell)
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 1e15 else repr(cell)
    if isinstance(cell, datetime):
        return cell.isoformat(" ", "seconds") if cell.time() != _MIDNIGHT else cell.date().isoformat()
    return cell.isoformat() if isinstance(cell, date | time) else str(cell)


def _cells(row: Sequence[Cell], columns: Columns) -> dict[str, str]:
    cells = {name: as_text(row[index]) for name, index in columns.fields.items() if index < len(row)}
    for name, value in columns.constants.items():
        cells[name] = cells.get(name) or value
    for name, value in cells.items():
        longest = _LIMITS.get(name, LONGEST_CELL)
        if len(value) > longest:
            raise Unreadable("too_long", f"{name} is longer than {longest} characters.", name)
    return cells


def _classifier(said: str) -> str:
    classifier = said.upper()[:3]
    classifier = {"PLA": "PLN"}.get(classifier, classifier)
    if classifier and classifier not in Classifier.values:
        raise Unreadable("bad_value", f"The classifier is not PLN, EST, ACT or REQ: {said[:40]}.", "classifier")
    return classifier


def _time(cells: _Cells, columns: Columns) -> WallTime:
    said = cells.get("occurred_at") or f"{cells.get('date', '')} {cells.get('time', '')}".strip()
    where = "occurred_at" if "occurred_at" in columns.fields else "date"
    if not said:
        raise Unreadable("no_time", "The row has no date.", where)
    found = read_iso(said) or _serial(said, columns, where) or _written(said, columns.date_order, where)
    zone = cells.get("time_zone", "")
    if zone and load_zone(zone) is None:
        raise Unreadable("bad_zone", f"The time zone is no IANA name and no offset: {zone[:64]}.", "time_zone")
    return WallTime(found.wall, found.zone or zone or columns.zone, found.precision)


def _serial(said: str, columns: Columns, where: str) -> WallTime | None:
    """A number of days since 1900: a date that lost its format on the way. Taken only where the template says so."""
    if not _SERIAL.match(said):
        return None
    try:
        at = _DAY_ZERO + timedelta(seconds=round(float(said) * 86_400))
    except OverflowError:
        return None
    if not 1990 <= at.year <= 2100:
        return None
    if not columns.has_serial_dates:
        told = f"{said} is a number, which Excel would show as {at:%Y-%m-%d}; format the column as a date."
        raise Unreadable("serial_date", told, where)
    is_day = at.time() == _MIDNIGHT
    precision = TimePrecision.DAY.value if is_day else TimePrecision.MINUTE.value
    return WallTime(at.isoformat(timespec="seconds"), precision=precision)


def _written(said: str, order: str, where: str) -> WallTime:
    """'31.12.2026 14:05', '12/31/2026 1405' or '2026-11-03 1405': a day that could be two days is refused."""
    iso_day, _, iso_clock = said.partition(" ")
    if found := _WRITTEN_DAY.match(said):
        first, second, year, clock = found.groups()
        day, month = (second, first) if _is_month_first(first, second, order, where) else (first, second)
        iso_day, iso_clock = f"{year}-{month.zfill(2)}-{day.zfill(2)}", clock or ""
    clock = _CLOCK.match(iso_clock.strip()) if iso_clock else None
    tail = f"T{clock[1].zfill(2)}:{clock[2]}:{clock[3] or '00'}" if clock else ""
    wall = read_iso(iso_day + tail) if clock or not iso_clock else None
    if wall is None or not checked(wall.wall):
        raise Unreadable("bad_time", f"There is no such date and time: {said[:40]}.", where)
    return wall


def _is_month_first(first: str, second: str, order: str, where: str) -> bool:
    if order in ("DMY", "MDY"):
        return order == "MDY"
    if int(first) <= 12 and int(second) <= 12 and first != second:
        said = "The date can be read in two ways; set date_order of the source to DMY or MDY."
        raise Unreadable("ambiguous_date", said, where)
    return int(second) > 12


def _place(cells: _Cells) -> ParsedPlace:
    unlocode, name = cells.get("unlocode", "").upper().replace(" ", ""), cells.get("place", "")
    return ParsedPlace(
        unlocode=unlocode[:16],
        facility=cells.get("facility", "").upper(),
        iata=cells.get("iata", "").upper()[:3],
        name=name[:200],
        subdivision=cells.get("subdivision", "").upper()[:3],
        country=cells.get("country", "").upper()[:2],
        text=(name or cells.get("unlocode", ""))[:200],
    )


def _imo(said: str) -> str:
    return said if len(said) == 7 and said.isascii() and said.isdigit() else ""


def _references(
    row: Sequence[Cell], cells: _Cells, columns: Columns, *, is_needed: bool
) -> tuple[tuple[str, str], ...]:
    kept = tuple(dict.fromkeys((type_, value) for type_, value in _said(row, cells, columns) if value))
    if any(len(value) > 64 for _, value in kept):
        raise Unreadable("too_long", "A reference is longer than 64 characters.", "reference")
    if is_needed and not kept and not cells.get("unit"):
        raise Unreadable("no_reference", "The row names neither a reference nor a unit.", "reference")
    return kept


def _said(row: Sequence[Cell], cells: _Cells, columns: Columns) -> Iterator[tuple[str, str]]:
    if value := cells.get("reference", ""):
        yield _type(cells.get("reference_type", ""), value), value
    for type_, index in columns.references:
        if index < len(row):
            yield type_, as_text(row[index])


def _type(said: str, value: str) -> str:
    """The type of a bare reference: what the row says, else what the number looks like, else the shipment's own."""
    if said:
        type_ = reference_type(said)
        if type_ is None:
            raise Unreadable("unknown_reference", f"The reference type is not known: {said[:40]}.", "reference_type")
        return type_.value
    return (ReferenceType.CONTAINER if _CONTAINER.match(value.upper()) else ReferenceType.SHIPMENT).value
