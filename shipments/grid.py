"""A grid of dates that a person fills or pastes: a shipment a row, a milestone a column. Pure: text in, facts out.

What is wrong is said by a code; the sentences for people are the service's (milestones.services.grid).
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from shipments.enums import Classifier, TimePrecision
from shipments.formats.times import WallTime, checked, read_iso

MAX_ROWS, MAX_COLUMNS = 200, 20
# Text of a cell at most, and of all that is pasted.
LONGEST_CELL, LONGEST_PASTE = 64, 500_000
DATE_ORDERS = ("DMY", "MDY")
_NOW = frozenset({"now", "jetzt", "nu", "ahora", "maintenant"})
_DAY = re.compile(r"(\d{1,2})([./-])(\d{1,2})\2(\d{4}|\d{2})(?:,?[ T]+(.+))?\Z", re.ASCII)
_CLOCK = re.compile(r"(\d{1,2})(?::?(\d{2}))?(?::\d{2})? ?([AaPp])?\.?[Mm]?\.?\Z", re.ASCII)
_HEADING = re.compile(r"(.*?)(?:@ ?([A-Za-z0-9/]{3,22}))?\Z", re.DOTALL)
_CLASSIFIERS = {
    Classifier.ACTUAL.value: ("act", "actual", "happened", "ata", "atd"),
    Classifier.ESTIMATED.value: ("est", "estimated", "expected", "eta", "etd"),
    Classifier.PLANNED.value: ("pln", "planned", "plan", "pta", "ptd"),
}
_BY_WORD = {word: value for value, words in _CLASSIFIERS.items() for word in words}
_SIGNS = re.compile(r"[^a-z0-9]")


@dataclass(frozen=True, slots=True)
class Column:
    """A milestone `code` with its `classifier` (ACT, EST, PLN); `place` 'NLRTM' or 'NLRTM/APM2' where it is said.

    `code` is empty for a heading nobody knows; `heading` is how it was written.
    """

    code: str
    classifier: str = Classifier.ACTUAL.value
    place: str = ""
    heading: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """A shipment by any of its references, and what was written under each column."""

    reference: str
    cells: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Grid:
    """`date_order`: 'DMY' or 'MDY' for dates such as 03/04/2026; '' when the person has not said."""

    columns: tuple[Column, ...] = ()
    rows: tuple[Row, ...] = ()
    date_order: str = ""

    def trimmed(self) -> Grid:
        """Without rows and columns in which nothing stands, in the same order."""
        used = [
            number
            for number, column in enumerate(self.columns)
            if column.code or any(row.cells[number : number + 1] not in ((), ("",)) for row in self.rows)
        ]
        rows = (
            Row(row.reference, tuple(row.cells[n] if n < len(row.cells) else "" for n in used)) for row in self.rows
        )
        kept = tuple(row for row in rows if row.reference or any(row.cells))
        return Grid(tuple(self.columns[n] for n in used), kept, self.date_order)


@dataclass(frozen=True, slots=True)
class Pasted:
    """`problem`: empty, or too_long, too_many_rows, too_many_columns, no_rows (then the grid is what fits)."""

    grid: Grid
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Said:
    """What stands in a cell: a wall time, or `is_now`, or a `problem` (bad_date, ambiguous_date), or nothing."""

    time: WallTime | None = None
    is_now: bool = False
    problem: str = ""

    @property
    def is_day(self) -> bool:
        return self.time is not None and self.time.precision == TimePrecision.DAY


NOTHING = Said()


def bare(text: str) -> str:
    """As names of milestones are compared: small letters and digits."""
    return _SIGNS.sub("", text.lower())


def read_pasted(text: str, names: Mapping[str, str], date_order: str = "") -> Pasted:
    """The grid in a piece of a spreadsheet: headings first, the reference in front. `names`: `bare` name → code."""
    if len(text) > LONGEST_PASTE:
        return Pasted(Grid(date_order=date_order), "too_long")
    lines = _lines(text.replace("\x00", ""))
    if len(lines) < 2:
        return Pasted(Grid(date_order=date_order), "no_rows")
    head, body = lines[0][1:], lines[1:]
    while head and not head[-1]:
        head.pop()
    problem = "too_many_columns" if len(head) > MAX_COLUMNS else "too_many_rows" if len(body) > MAX_ROWS else ""
    columns = tuple(read_heading(heading, names) for heading in head[:MAX_COLUMNS])
    rows = tuple(
        Row(line[0][:LONGEST_CELL], tuple(_padded(line[1:], len(columns)))) for line in body[:MAX_ROWS] if line
    )
    return Pasted(Grid(columns, rows, date_order), problem)


def read_heading(text: str, names: Mapping[str, str]) -> Column:
    """'DEPARTED', 'Vessel departed (estimated)', 'Discharged EST @SGSIN' → the column."""
    found = _HEADING.match(text)
    said, place = (found[1], found[2] or "") if found else (text, "")
    words = re.split(r"[\s()\[\],:]+", said.strip(" ()[],:"))
    classifier = Classifier.ACTUAL.value
    code = names.get(bare(said), "")
    if not code and len(words) > 1 and (last := _BY_WORD.get(words[-1].lower())):
        classifier, code = last, names.get(bare("".join(words[:-1])), "")
    return Column(code, classifier, place.upper(), text.strip()[:100])


def read_cell(text: str, date_order: str = "") -> Said:
    """ISO 8601, '31.12.2026 14:05', '12/31/2026 2:05 PM' or 'now'. A day that could be two days is a problem."""
    said = " ".join(text.split())
    if not said:
        return NOTHING
    if said.lower() in _NOW:
        return Said(is_now=True)
    if found := read_iso(said):
        return Said(found)
    day, clock = _written_day(said, date_order)
    if day == "?":
        return Said(problem="ambiguous_date")
    wall = _wall(day, clock) if day else None
    return Said(wall) if wall else Said(problem="bad_date")


def _written_day(said: str, date_order: str) -> tuple[str, str]:
    """(ISO day, clock); ('?', '') when it could be two days; ('', '') when it is none."""
    found = _DAY.match(said)
    if not found:
        day, _, clock = said.partition(" ")
        return (day, clock) if read_iso(day) else ("", "")
    first, sign, second, year, clock = found.groups()
    month_first = date_order == "MDY"
    # Dots are written by those who put the day first; everybody else is asked when both ways make a day.
    if sign == "." or not date_order:
        month_first = sign != "." and int(second) > 12
        if sign != "." and int(first) <= 12 and int(second) <= 12 and first.zfill(2) != second.zfill(2):
            return "?", ""
    day, month = (second, first) if month_first else (first, second)
    return f"{year if len(year) == 4 else '20' + year}-{month.zfill(2)}-{day.zfill(2)}", clock or ""


def _wall(day: str, clock: str) -> WallTime | None:
    if not clock:
        return read_iso(day)
    found = _CLOCK.match(clock)
    if not found or not (found[2] or found[3]):
        return None
    hour = int(found[1])
    if half := (found[3] or "").lower():
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if half == "p" else 0)
    wall = f"{day}T{hour:02}:{found[2] or '00'}:00"
    return WallTime(wall) if read_iso(day) and checked(wall) else None


def _lines(text: str) -> list[list[str]]:
    first = text.partition("\n")[0]
    sign = "\t" if "\t" in first else ";" if ";" in first else "\t"
    try:
        lines = list(csv.reader(io.StringIO(text.replace("\r\n", "\n").replace("\r", "\n")), delimiter=sign))
    except csv.Error:
        lines = [line.split(sign) for line in text.splitlines()]
    trimmed = [[" ".join(cell.split())[: LONGEST_CELL * 2] for cell in line] for line in lines]
    return [line for line in trimmed if any(line)]


def _padded(cells: Sequence[str], width: int) -> list[str]:
    return [*(cell[:LONGEST_CELL] for cell in cells[:width]), *[""] * (width - len(cells))]
