"""The refused rows of a table, each with what is wrong with it, to be put right and handed in again. Pure."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence

import orjson

from shipments.formats.base import Parsed, ParseIssue
from shipments.outgoing.cells import defused

PROBLEM = "problem"
_MARK = b"\xef\xbb\xbf"
# Characters that are written at once.
_CHUNK = 1 << 16


def error_rows(parts: Iterable[Parsed]) -> Iterator[list[str]]:
    """The headings and "problem", then each refused row with its sentence, in the order of the table.

    `parts`: of shipments.formats.table with the option WITH_ROWS, so that the rows come out of the process apart. A
    table whose columns are not understood, or that cannot be read on, gives one row that says so.
    """
    width = -1
    for part in parts:
        if width < 0:
            width = len(part.headings)
            yield [*part.headings, PROBLEM]
        for issue in part.issues:
            yield _row(issue, width)


def _row(issue: ParseIssue, width: int) -> list[str]:
    cells = _cells(issue) if issue.position >= 0 else []
    # A row with more cells than headings keeps them, after the sentence.
    padded = [*cells[:width], *[""] * (width - len(cells))]
    return [*padded, issue.message, *cells[width:]]


def _cells(issue: ParseIssue) -> list[str]:
    return [str(cell) for cell in orjson.loads(issue.snippet)]


def csv_table(rows: Iterable[Sequence[str]]) -> Iterator[bytes]:
    """A table for people's spreadsheets, in pieces: UTF-8 with a mark, lines of RFC 4180, every text defused."""
    yield _MARK
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    for row in rows:
        writer.writerow([defused(cell) for cell in row])
        if out.tell() >= _CHUNK:
            yield _written(out)
    yield _written(out)


def _written(out: io.StringIO) -> bytes:
    """What stands in it, which is emptied."""
    text = out.getvalue()
    out.seek(0)
    out.truncate()
    return text.encode("utf-8", "replace")
