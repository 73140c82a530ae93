"""EDIFACT COARRI, container discharge and loading report: what the terminal did to each unit of a vessel. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from shipments.formats.edifact import EdifactMessage
from shipments.formats.message_content import Content
from shipments.formats.unit_report import Reading, read_units

_DISCHARGE = "44"


def _code(document: str, laden: str, direction: str) -> tuple[str, ...]:
    return (document,)


def _where(document: str, laden: str, direction: str) -> Sequence[str]:
    """The terminal that reports; else the port the unit was discharged or loaded at."""
    return ("165", "175", "11") if document == _DISCHARGE else ("165", "175", "9")


# DTM 203 is the execution of the move.
_READING = Reading("coarri", ("203", "7"), _code, _where)


def read_message(message: EdifactMessage, content: Content) -> None:
    """Add every unit that was discharged (BGM 44) or loaded (46, 98)."""
    read_units(message, content, _READING)
