"""Text that spreadsheets would run as a formula: defused on the way out, and only our own apostrophe taken off again.

After OWASP, "CSV Injection", and the wide forms of the same signs. Pure.
"""

from __future__ import annotations

import csv
import io
import unicodedata
from collections.abc import Iterable, Sequence

_FORMULA_STARTS = frozenset("=+-@\t\r\n")
_PASSED_OVER = " \u00a0\ufeff\u200b"


def is_formula(text: str) -> bool:
    """Whether a spreadsheet could take this for a formula."""
    first = text.lstrip(_PASSED_OVER)[:1]
    return bool(first) and unicodedata.normalize("NFKC", first) in _FORMULA_STARTS


def defused(text: str) -> str:
    """`text` as a cell that is shown and not run."""
    return f"'{text}" if is_formula(text) else text


def undefused(text: str) -> str:
    """The text before `defused`: an apostrophe goes only where we would have put one."""
    return text[1:] if text.startswith("'") and is_formula(text[1:]) else text


def csv_bytes(rows: Iterable[Sequence[str]]) -> bytes:
    """A table for people's spreadsheets: UTF-8 with a mark, lines of RFC 4180, every text defused."""
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator="\r\n").writerows([defused(cell) for cell in row] for row in rows)
    return b"\xef\xbb\xbf" + out.getvalue().encode("utf-8", "replace")
