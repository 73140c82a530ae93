"""CSV that a spreadsheet opens without running anything in it. Pure."""

from __future__ import annotations

import csv
import io
import unicodedata
from collections.abc import Iterable, Sequence
from decimal import Decimal

# What spreadsheets take for the beginning of a formula (OWASP, "CSV Injection").
_FORMULA_STARTS = frozenset("=+-@\t\r\n")


def csv_bytes(header: Sequence[str], rows: Iterable[Sequence[str | int | Decimal]]) -> bytes:
    """UTF-8 with RFC 4180 lines (CRLF); numbers with a decimal point. Text that could be a formula begins with '."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(header)
    writer.writerows([_cell(value) for value in row] for row in rows)
    return out.getvalue().encode()


def _cell(value: str | int | Decimal) -> str:
    if not isinstance(value, str):
        return str(value)
    first = unicodedata.normalize("NFKC", value.lstrip(" \u00a0\ufeff\u200b")[:1])
    return f"'{value}" if first and first in _FORMULA_STARTS else value
