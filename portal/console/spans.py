"""A field for a length of time as people write it: "2d 4h", "90m", "-6h"."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.utils.translation import gettext as _

_WHOLE = re.compile(r"([+-]?)\s*((?:\d{1,7}\s*[wdhm]?\s*){1,4})", re.IGNORECASE)
_PART = re.compile(r"(\d{1,7})\s*([wdhm]?)", re.IGNORECASE)
_MINUTES = {"w": 7 * 24 * 60, "d": 24 * 60, "h": 60, "m": 1, "": 1}


def minutes_of(text: str) -> int | None:
    """ "2d 4h" → 3120; a number without a unit is minutes. None: this is no length of time."""
    found = _WHOLE.fullmatch(text.strip().replace("−", "-"))
    if found is None:
        return None
    sign, parts = found.groups()
    minutes = sum(int(number) * _MINUTES[unit.lower()] for number, unit in _PART.findall(parts))
    return -minutes if sign == "-" else minutes


def span_text(minutes: int | None) -> str:
    """As the field shows it, with nothing lost: 3121 → "2d 4h 1m"; in letters that it reads in every language."""
    if minutes is None:
        return ""
    rest, parts = abs(minutes), []
    for unit in ("d", "h", "m"):
        count, rest = divmod(rest, _MINUTES[unit])
        parts += [f"{count}{unit}"] if count else []
    return ("-" if minutes < 0 else "") + (" ".join(parts) or "0m")


class SpanField(forms.CharField):
    """Cleaned to minutes, or None where nothing is written."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"max_length": 40, **kwargs})

    def prepare_value(self, value: Any) -> Any:
        return span_text(value) if isinstance(value, int) else value

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        if not text:
            return None
        minutes = minutes_of(text)
        if minutes is None:
            raise forms.ValidationError(_("Write a length of time such as 2d, 6h 30m or 90m."), code="no_span")
        return minutes
