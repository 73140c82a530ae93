"""Events as a table (CSV or an Excel workbook): one row, one event. Pure.

The source's template (shipments.formats.columns) decides what a column is; without it our own and the usual headings
are understood. A row that cannot be read is reported and left out alone.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

import orjson

from shipments.formats.base import Parsed, ParsedEvent, ParseIssue, rejected
from shipments.formats.columns import MAX_COLUMNS, Columns, find_columns
from shipments.formats.delimited import Delimited
from shipments.formats.json_text import Unreadable
from shipments.formats.recognise import recognise, refusal, wrong_format
from shipments.formats.row_events import CODE_LIST, Cell, as_text, read_row
from shipments.formats.workbook import Workbook, check_cells, is_workbook

__all__ = ["CODE_LIST", "FROM_POSITION", "MAX_ROWS", "WITH_ROWS", "parse", "parse_parts"]

MAX_ROWS = 100_000
# An option of ours: the snippet of a refused row is the whole row as a JSON list (shipments.formats.error_file).
WITH_ROWS = "with_rows"
# Another: rows before this position (from 0) were read before, and are passed over.
FROM_POSITION = "from_position"
_EXPECTED = "a table (CSV)"
_SNIPPET = 200


def parse(raw: bytes, options: Mapping[str, Any]) -> Parsed:
    """All of it. `options`: the template, see shipments.formats.columns."""
    parts = list(parse_parts(raw, options, MAX_ROWS))
    if len(parts) == 1:
        return parts[0]
    return Parsed(
        tuple(chain.from_iterable(part.events for part in parts)),
        tuple(chain.from_iterable(part.issues for part in parts)),
        headings=next((part.headings for part in parts if part.headings), ()),
    )


def parse_parts(raw: bytes, options: Mapping[str, Any], size: int) -> Iterator[Parsed]:
    """The same part by part, `size` rows at most in each. Nothing but the bytes and one part is held."""
    if refused := _refusal(raw):
        yield refused
        return
    table = Workbook(raw, options) if is_workbook(raw) else Delimited(raw, options)
    part = _Part(with_rows=bool(options.get(WITH_ROWS)))
    try:
        for _ in _fill(part, table, options, size):
            yield part.taken(table.percent)
    except Unreadable as error:
        part.issues.append(ParseIssue(error.code, error.message))
    except csv.Error as error:
        after = f" past row {part.number}" if part.number else ""
        part.issues.append(ParseIssue("not_a_table", f"The table cannot be read{after}: {error}."))
    yield part.taken(100)


@dataclass(slots=True)
class _Part:
    """The rows read since the last part. `rows`: how many. `number`: of the last one, as spreadsheets count."""

    with_rows: bool
    headings: tuple[str, ...] = ()
    events: list[ParsedEvent] = field(default_factory=list)
    issues: list[ParseIssue] = field(default_factory=list)
    rows: int = 0
    number: int = 0

    def taken(self, percent: int) -> Parsed:
        """The part, which begins anew."""
        parsed = Parsed(tuple(self.events), tuple(self.issues), progress=percent, headings=self.headings)
        self.events, self.issues, self.rows = [], [], 0
        return parsed

    def read(self, row: Sequence[Cell], columns: Columns, position: int) -> None:
        self.rows += 1
        try:
            check_cells(row)
            self.events.append(read_row(row, columns, position, self.number))
        except Unreadable as error:
            snippet = self._snippet(row, columns, error.element)
            where = f"row {self.number}"
            self.issues.append(ParseIssue(error.code, error.message, where, error.element, position, snippet))

    def _snippet(self, row: Sequence[Cell], columns: Columns, element: str) -> str:
        """The value that is wrong, or the row where no one value is."""
        if self.with_rows:
            return orjson.dumps([as_text(cell) for cell in row]).decode()
        index = columns.fields.get(element, len(row))
        return as_text(row[index])[:_SNIPPET] if index < len(row) else ", ".join(map(as_text, row))[:_SNIPPET]


def _fill(part: _Part, table: Workbook | Delimited, options: Mapping[str, Any], size: int) -> Iterator[None]:
    """Read row after row into `part`; yields when it is full and another row comes."""
    rows: Iterator[tuple[int, Sequence[Cell]]] = iter(table.rows())
    columns = _heading(rows, options)
    part.headings = columns.headings
    if isinstance(columns, Parsed):
        part.issues.extend(columns.issues)
        return
    position, begin = -1, _begin(options)
    for position, (number, row) in enumerate(_filled(rows)):
        if position >= MAX_ROWS:
            said = f"Only the first {MAX_ROWS} rows were read."
            part.issues.append(ParseIssue("too_many", said, f"row {number}"))
            return
        if part.rows >= size:
            yield
        part.number = number
        if position >= begin:
            part.read(row, columns, position)
    if position < 0:
        part.issues.append(ParseIssue("no_events", "The table has a heading and no rows."))


def _begin(options: Mapping[str, Any]) -> int:
    said = options.get(FROM_POSITION)
    return said if isinstance(said, int) else 0


def _heading(rows: Iterator[tuple[int, Sequence[Cell]]], options: Mapping[str, Any]) -> Columns | Parsed:
    """The columns by the first row that is not empty, or by the row that the template names."""
    named = options.get("header_row")
    for number, row in _filled(rows):
        if not isinstance(named, int) or number >= named:
            headings = [as_text(cell) for cell in row[: MAX_COLUMNS + 1]]
            while headings and not headings[-1]:
                headings.pop()
            return find_columns(headings, options, number)
    return rejected("columns_missing", "The table has no row of headings.")


def _filled(rows: Iterator[tuple[int, Sequence[Cell]]]) -> Iterator[tuple[int, Sequence[Cell]]]:
    """The rows that say something."""
    for number, row in rows:
        if any(not (cell is None or (isinstance(cell, str) and not cell.strip())) for cell in row):
            yield number, row


def _refusal(raw: bytes) -> Parsed | None:
    if is_workbook(raw):
        return None
    if refused := refusal(raw):
        return refused
    return wrong_format(raw, _EXPECTED) if recognise(raw) not in ("csv", "") else None
