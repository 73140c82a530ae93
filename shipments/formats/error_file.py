"""The refused rows of a table, each with what is wrong with it, to be put right and handed in again. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import orjson

from shipments.formats.base import Parsed, ParseIssue

PROBLEM = "problem"


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
