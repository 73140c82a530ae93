"""Events as a table (CSV): one row, one event. Pure.

The source's column mapping ({our field: their heading}) decides what a column is; without it our own and the usual
headings are understood. A row that cannot be read is reported and left out alone.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from shipments.enums import Classifier, ReferenceType
from shipments.formats.base import Parsed, ParsedEvent, ParsedPlace, ParseIssue, rejected
from shipments.formats.json_text import Unreadable
from shipments.formats.native import CODES
from shipments.formats.recognise import decode, recognise, refusal, wrong_format
from shipments.formats.times import WallTime, checked, read_iso
from shipments.references import reference_type
from shipments.zones import load_zone

CODE_LIST = "csv"
MAX_ROWS = 100_000
_EXPECTED = "a table (CSV)"
_DELIMITERS = ",;\t|"
# Our field → headings that mean it, compared without case, blanks and signs.
_HEADINGS: dict[str, str] = {
    "code": "code, event, event code, status, status code, milestone",
    "classifier": "classifier, event classifier, kind of time",
    "occurred_at": "occurred at, occurred, date time, datetime, timestamp, event time, event date time, time stamp",
    "date": "date, event date, status date, day",
    "time": "time, clock, status time, local time",
    "time_zone": "time zone, timezone, zone, tz, utc offset, offset",
    "unlocode": "unlocode, un locode, locode, location code, port code, location, place code",
    "facility": "facility, terminal, facility code, terminal code",
    "iata": "iata, airport, airport code, station",
    "place": "place, location name, city, port, town",
    "subdivision": "state, province, subdivision, region",
    "country": "country, country code",
    "unit": "unit, unit number, container, container number, container no, equipment, trailer",
    "vessel_imo": "vessel imo, imo, imo number",
    "voyage": "voyage, voyage number, voyage no",
    "flight": "flight, flight number, flight no",
    "reference": "reference, ref, reference number, reference no, reference value",
    "reference_type": "reference type, reference kind, ref type, qualifier",
    "source_event_id": "source event id, event id, id",
    "retracts": "retracts, retracts event",
    "reason": "reason, reason text",
    "remarks": "remarks, remark, comment, comments, note, notes",
}
_LIMITS = {"unit": 35, "raw_code": 64, "source_event_id": 100, "retracts": 100, "facility": 16}
_WRITTEN_DAY = re.compile(r"(\d{1,2})[./-](\d{1,2})[./-](\d{4})(?:[ T]+(.+))?\Z", re.ASCII)
_CLOCK = re.compile(r"(\d{1,2}):?(\d{2})(?::?(\d{2}))?\Z", re.ASCII)
_CONTAINER = re.compile(r"[A-Z]{3}[UJZ] ?\d{6}-? ?\d\Z", re.ASCII)
_SIGNS = re.compile(r"[^a-z0-9]")


@dataclass(frozen=True, slots=True)
class _Columns:
    """`fields`: our field → index. `references`: (type, index) of columns that are a kind of reference each."""

    fields: Mapping[str, int]
    references: tuple[tuple[str, int], ...]
    width: int
    date_order: str


def parse(raw: bytes, options: Mapping[str, Any]) -> Parsed:
    """`options`: {our field: their heading}; also "date_order": "DMY" or "MDY", "reference_type" as a constant."""
    if refused := refusal(raw):
        return refused
    if recognise(raw) not in ("csv", ""):
        return wrong_format(raw, _EXPECTED)
    text = decode(raw)
    heading = text.lstrip("\r\n").partition("\n")[0]
    rows = csv.reader(io.StringIO(text.lstrip("\r\n"), newline=""), delimiter=_delimiter(heading))
    try:
        columns = _columns(next(rows, []), options)
        return columns if isinstance(columns, Parsed) else _read(rows, columns)
    except csv.Error as error:
        return rejected("not_a_table", f"The table cannot be read: {error}.")


def _bare(heading: str) -> str:
    return _SIGNS.sub("", heading.lower())


_FIELDS = {_bare(name): field for field, names in _HEADINGS.items() for name in (field, *names.split(","))}


def _delimiter(heading: str) -> str:
    return max(_DELIMITERS, key=heading.count)


def _columns(headings: list[str], options: Mapping[str, Any]) -> _Columns | Parsed:
    """Which column is what; or the rejection of a table that lacks what every event needs."""
    mapped = {_bare(str(theirs)): ours for ours, theirs in options.items() if ours in _HEADINGS}
    fields: dict[str, int] = {}
    references: list[tuple[str, int]] = []
    for index, heading in enumerate(headings):
        bare = _bare(heading)
        if field := mapped.get(bare) or _FIELDS.get(bare):
            fields.setdefault(field, index)
        elif type_ := reference_type(heading.strip()):
            references.append((type_.value, index))
    lacking = [
        words
        for words, is_there in (
            ("a code", "code" in fields or "retracts" in fields),
            ("a date", "occurred_at" in fields or "date" in fields),
            ("a reference or unit", bool(references) or "reference" in fields or "unit" in fields),
        )
        if not is_there
    ]
    if lacking:
        said = f"The table has no column for {', '.join(lacking)}."
        return rejected("columns_missing", said, segment="row 1", snippet=", ".join(headings)[:200].replace("\x00", ""))
    return _Columns(fields, tuple(references), len(headings), str(options.get("date_order", "")))


def _read(rows: Iterable[list[str]], columns: _Columns) -> Parsed:
    events: list[ParsedEvent] = []
    issues: list[ParseIssue] = []
    position = 0
    for number, row in enumerate(rows, start=2):
        if not any(cell.strip() for cell in row):
            continue
        if position >= MAX_ROWS:
            issues.append(ParseIssue("too_many", f"Only the first {MAX_ROWS} rows were read.", f"row {number}"))
            break
        try:
            events.append(_event(row, columns, position))
        except Unreadable as error:
            snippet = ", ".join(row)[:200]
            issues.append(ParseIssue(error.code, error.message, f"row {number}", error.element, position, snippet))
        position += 1
    if not events and not issues:
        return rejected("no_events", "The table has a heading and no rows.")
    return Parsed(tuple(events), tuple(issues))


def _event(row: list[str], columns: _Columns, position: int) -> ParsedEvent:
    if len(row) > columns.width:
        raise Unreadable("too_many_cells", f"The row has {len(row)} cells; the heading has {columns.width}.")
    cells = {field: row[index].strip() for field, index in columns.fields.items() if index < len(row)}
    for field, longest in _LIMITS.items():
        if len(cells.get(field, "")) > longest:
            raise Unreadable("too_long", f"{field} is longer than {longest} characters.", field)
    said, retracts = cells.get("code", ""), cells.get("retracts", "")
    if not said and not retracts:
        raise Unreadable("no_code", "The row has no code.", "code")
    code = said.upper() if said.upper() in CODES else ""
    wall = _time(cells, columns) if said or cells.get("occurred_at") else WallTime("")
    return ParsedEvent(
        position=position,
        raw_code=said[:64],
        code_list=CODE_LIST,
        wall_time=wall.wall,
        code=code,
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
    )


def _classifier(said: str) -> str:
    classifier = said.upper()[:3]
    classifier = {"PLA": "PLN"}.get(classifier, classifier)
    if classifier and classifier not in Classifier.values:
        raise Unreadable("bad_value", f"The classifier is not PLN, EST, ACT or REQ: {said[:40]}.", "classifier")
    return classifier


def _time(cells: Mapping[str, str], columns: _Columns) -> WallTime:
    said = cells.get("occurred_at") or f"{cells.get('date', '')} {cells.get('time', '')}".strip()
    if not said:
        raise Unreadable("no_time", "The row has no date.", "occurred_at")
    found = read_iso(said) or _written(said, columns.date_order)
    zone = cells.get("time_zone", "")
    if zone and load_zone(zone) is None:
        raise Unreadable("bad_zone", f"The time zone is no IANA name and no offset: {zone[:64]}.", "time_zone")
    return WallTime(found.wall, found.zone or zone, found.precision)


def _written(said: str, order: str) -> WallTime:
    """'31.12.2026 14:05', '12/31/2026 1405' or '2026-11-03 1405': a day that could be two days is refused."""
    iso_day, _, iso_clock = said.partition(" ")
    if found := _WRITTEN_DAY.match(said):
        first, second, year, clock = found.groups()
        day, month = (second, first) if _is_month_first(first, second, order) else (first, second)
        iso_day, iso_clock = f"{year}-{month.zfill(2)}-{day.zfill(2)}", clock or ""
    clock = _CLOCK.match(iso_clock.strip()) if iso_clock else None
    tail = f"T{clock[1].zfill(2)}:{clock[2]}:{clock[3] or '00'}" if clock else ""
    wall = read_iso(iso_day + tail) if clock or not iso_clock else None
    if wall is None or not checked(wall.wall):
        raise Unreadable("bad_time", f"There is no such date and time: {said[:40]}.", "occurred_at")
    return wall


def _is_month_first(first: str, second: str, order: str) -> bool:
    if order in ("DMY", "MDY"):
        return order == "MDY"
    if int(first) <= 12 and int(second) <= 12 and first != second:
        said = "The date can be read in two ways; set date_order of the source to DMY or MDY."
        raise Unreadable("ambiguous_date", said, "occurred_at")
    return int(second) > 12


def _place(cells: Mapping[str, str]) -> ParsedPlace:
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
    row: list[str], cells: Mapping[str, str], columns: _Columns, *, is_needed: bool
) -> tuple[tuple[str, str], ...]:
    found = [(type_, row[index].strip()) for type_, index in columns.references if index < len(row)]
    if value := cells.get("reference", ""):
        found.insert(0, (_type(cells.get("reference_type", ""), value), value))
    kept = tuple(dict.fromkeys((type_, value) for type_, value in found if value))
    if any(len(value) > 64 for _, value in kept):
        raise Unreadable("too_long", "A reference is longer than 64 characters.", "reference")
    if is_needed and not kept and not cells.get("unit"):
        raise Unreadable("no_reference", "The row names neither a reference nor a unit.", "reference")
    return kept


def _type(said: str, value: str) -> str:
    """The type of a bare reference: what the row says, else what the number looks like, else the shipment's own."""
    if said:
        type_ = reference_type(said)
        if type_ is None:
            raise Unreadable("unknown_reference", f"The reference type is not known: {said[:40]}.", "reference_type")
        return type_.value
    return (ReferenceType.CONTAINER if _CONTAINER.match(value.upper()) else ReferenceType.SHIPMENT).value
