"""Text in the cells of a table that leaves the house: no spreadsheet may run it. Pure.

Every CSV or Excel file that goes out writes its texts through `defused`; an import of such a file reads them back
through `restored`, which takes away our own sign and no other.
"""

from __future__ import annotations

import re
import unicodedata

# What spreadsheets take for the beginning of a formula (OWASP, "CSV Injection"), also after blanks that they skip.
_FORMULA_STARTS = frozenset("=+-@\t\r\n")
_SKIPPED = " \u00a0\ufeff\u200b"
_NUMBER = re.compile(r"-\d+(?:\.\d+)?\Z", re.ASCII)
_SIGN = "'"


def defused(text: str) -> str:
    """`text` with an apostrophe before it where a spreadsheet would take it for a formula; a negative number stays."""
    return f"{_SIGN}{text}" if _is_formula(text) else text


def restored(cell: str) -> str:
    """What `defused` made of a text, as it was; any other text as it is, whatever apostrophes it holds."""
    inner = cell[1:]
    return inner if cell.startswith(_SIGN) and _is_formula(inner) else cell


def _is_formula(text: str) -> bool:
    if _NUMBER.match(text):
        return False
    # Full-width signs are folded by some spreadsheets: compatibility decomposition shows what they stand for.
    first = unicodedata.normalize("NFKC", text.lstrip(_SKIPPED)[:1])
    return bool(first) and first in _FORMULA_STARTS
