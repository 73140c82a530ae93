"""Lengths of time as people write them: "2d 4h 30m"."""

from __future__ import annotations

import re

from django.utils.translation import gettext as _

_DAY, _HOUR = 24 * 60, 60
_WRITTEN = re.compile(r"\s*(?:(\d{1,4})\s*d)?\s*(?:(\d{1,5})\s*h)?\s*(?:(\d{1,7})\s*m(?:in)?)?\s*\Z", re.ASCII)


def read_span(text: str) -> int:
    """Minutes. "" and "0" are none. Raises ValueError with words for a person."""
    if text.strip() in ("", "0"):
        return 0
    found = _WRITTEN.match(text.lower())
    if found is None:
        raise ValueError(_("Write days, hours and minutes such as 2d 4h 30m."))
    days, hours, minutes = (int(part or 0) for part in found.groups())
    return days * _DAY + hours * _HOUR + minutes


def write_span(minutes: int) -> str:
    """What `read_span` reads as these minutes, without their sign; "0" for none."""
    days, rest = divmod(abs(minutes), _DAY)
    hours, left = divmod(rest, _HOUR)
    parts = [f"{count}{unit}" for count, unit in ((days, "d"), (hours, "h"), (left, "m")) if count]
    return " ".join(parts) or "0"
