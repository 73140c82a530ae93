"""Where in a JSON document a value stands: "meta.next", "events[-1].createdAt", "" for the whole."""

from __future__ import annotations

import re
from typing import Any

_STEP = re.compile(r"([^.\[\]]+)|\[(-?\d{1,9})\]")
_PATH = re.compile(r"(?:[^.\[\]]+|\[-?\d{1,9}\])(?:\.[^.\[\]]+|\[-?\d{1,9}\])*")


def is_path(text: str) -> bool:
    return not text or _PATH.fullmatch(text) is not None


def value_at(document: Any, path: str) -> Any:
    """The value there, None when there is none."""
    for name, place in _STEP.findall(path):
        if place:
            number = int(place)
            is_there = isinstance(document, list) and -len(document) <= number < len(document)
            document = document[number] if is_there else None
        else:
            document = document.get(name) if isinstance(document, dict) else None
    return document
