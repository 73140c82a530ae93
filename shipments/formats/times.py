"""Times as senders write them. Pure: the wall time stays as it was said, and the zone stands beside it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from shipments.enums import TimePrecision
from shipments.zones import load_zone

_ISO = re.compile(
    r"(\d{4}-\d{2}-\d{2})"
    r"(?:[T ](\d{2}:\d{2})(?::(\d{2})(?:[.,]\d{1,9})?)?"
    r"\s?(Z|z|[+-]\d{2}(?::?\d{2})?)?)?\Z",
    re.ASCII,
)
_MIDNIGHT = "00:00"


@dataclass(frozen=True, slots=True)
class WallTime:
    """`wall`: ISO to the second, without offset. `zone`: a fixed offset such as '+08:00', or ''."""

    wall: str
    zone: str = ""
    precision: str = TimePrecision.MINUTE.value


def read_iso(text: str) -> WallTime | None:
    """ISO 8601 date, or date and time, with or without offset; None when it is none or no day of the calendar."""
    found = _ISO.match(text)
    if not found:
        return None
    day, clock, seconds, offset = found.groups()
    zone = read_offset(offset or "")
    wall = checked(f"{day}T{clock or _MIDNIGHT}:{seconds or '00'}")
    if not wall or zone is None:
        return None
    return WallTime(wall, zone, _precision(clock, seconds))


def _precision(clock: str | None, seconds: str | None) -> str:
    if not clock:
        return TimePrecision.DAY.value
    # Seconds of zero are how programs write a time they have to the minute.
    return TimePrecision.SECOND.value if seconds and seconds != "00" else TimePrecision.MINUTE.value


def read_offset(text: str) -> str | None:
    """'Z', '+08', '+0800' and '+08:00' as '+08:00'; '' for none; None for an offset that is nowhere on earth."""
    if not text:
        return ""
    if text in "Zz":
        return "+00:00"
    digits = text[1:].replace(":", "").ljust(4, "0")
    zone = f"{text[0]}{digits[:2]}:{digits[2:]}"
    return zone if load_zone(zone) else None


def checked(wall: str) -> str:
    """`wall` when such a day and time exist, else ''."""
    try:
        datetime.fromisoformat(wall)
    except ValueError:
        return ""
    return wall
