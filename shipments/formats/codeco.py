"""EDIFACT CODECO, container gate-in and gate-out report: what passed the gate of a terminal or depot. Pure.

Whether the unit is empty decides what it means: an empty one that comes in was returned, unless it comes to be
exported; an empty one that goes out was released for stuffing.
"""

from __future__ import annotations

from collections.abc import Sequence

from shipments.formats.edifact import EdifactMessage
from shipments.formats.message_content import Content
from shipments.formats.unit_report import Reading, read_units

_IN, _OUT = "34", "36"


def _code(document: str, laden: str, direction: str) -> tuple[str, ...]:
    """'34+EMPTY+EXPORT', '34+EMPTY', '34': the most exact first."""
    if not laden:
        return (document,)
    by_load = (f"{document}+{laden}", document)
    return (f"{document}+{laden}+{direction}", *by_load) if laden == "EMPTY" and direction else by_load


def _where(document: str, laden: str, direction: str) -> Sequence[str]:
    """The gate's own place; else, of a laden unit, the port it comes to be loaded at or was discharged at."""
    own = ("165", "175", "89")
    if direction == "EXPORT" or (not direction and laden == "LADEN" and document == _IN):
        return (*own, "9")
    if direction == "IMPORT" or (not direction and laden == "LADEN" and document == _OUT):
        return (*own, "11")
    return own


_READING = Reading("codeco", ("7", "203"), _code, _where)


def read_message(message: EdifactMessage, content: Content) -> None:
    """Add every unit that came in (BGM 34) or went out (36)."""
    read_units(message, content, _READING)
