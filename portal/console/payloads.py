"""A payload as people read it: one segment, row or value a line, and the one marked that something is about."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable
from typing import Any

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from shipments.formats.recognise import decode, recognise

SHOWN_BYTES = 200_000
_BINARY = frozenset({"pdf", "zip", "xls", "gzip", "image", "binary"})
# "AT7 #12", "row 5", "FSU, line 3", "event 2, unit 1"
_WHERE = re.compile(r"(?:#|\brow |\bline |\bevent )(\d{1,7})")
_ISA_ELEMENTS = 16
_RELEASED = re.compile(r"(?<!\?)'")


def lines_of(raw: bytes) -> list[str]:
    """The payload in lines, as much of it as a page can bear: X12 and EDIFACT by segments, JSON indented."""
    looks_like = recognise(raw)
    if looks_like in _BINARY:
        return [
            _("This is no text: %(size)d bytes that begin with %(head)s.")
            % {"size": len(raw), "head": raw[:8].hex(" ")}
        ]
    text = decode(raw[:SHOWN_BYTES]).replace("\x00", "\N{REPLACEMENT CHARACTER}")
    head = text.lstrip()[:4]
    if head[:3] == "ISA" and not head[3:].isalnum():
        return _x12(text)
    if head[:3] in ("UNA", "UNB") and not head[3:].isalnum():
        return _edifact(text)
    if head[:1] in ("{", "[") and len(raw) <= SHOWN_BYTES:
        return _json(text)
    return text.splitlines()


def places_of(raw: bytes, segments: Iterable[str]) -> set[int]:
    """The lines, from 0, that these places are about ("AT7 #12", "row 5", "event 3")."""
    numbers = {int(found[1]) for segment in segments if (found := _WHERE.search(segment))}
    if not numbers:
        return set()
    head = decode(raw[:SHOWN_BYTES]).lstrip()[:1] if recognise(raw) not in _BINARY else ""
    if head in ("{", "["):
        return _in_json(raw, numbers)
    first = 2 if raw.lstrip().startswith(b"UNA") else 1
    return {number - 1 + first - 1 for number in numbers}


def marked(lines: Iterable[str], hits: Collection[int]) -> SafeString:
    """The lines for a <pre>; those at `hits` marked, the first of them with the id "hit"."""
    first = min(hits, default=-1)
    return format_html_join(
        "\n",
        "{}",
        ((_mark(line, number == first) if number in hits else line,) for number, line in enumerate(lines)),
    )


def _mark(line: str, is_first: bool) -> SafeString:
    return format_html('<mark id="hit">{}</mark>', line) if is_first else format_html("<mark>{}</mark>", line)


def _x12(text: str) -> list[str]:
    text = text.lstrip()
    if len(text) < 4:
        return [text]
    parts = text.split(text[3], _ISA_ELEMENTS)
    last = parts[_ISA_ELEMENTS] if len(parts) > _ISA_ELEMENTS else ""
    if not last:
        return text.splitlines()
    terminator = last[0] if len(last) == 1 or last[1].isalnum() else last[1]
    return _closed([piece.strip() for piece in text.split(terminator)], terminator.strip())


def _edifact(text: str) -> list[str]:
    text = text.lstrip()
    advice = text[:9] if text.startswith("UNA") and len(text) > 9 else ""
    terminator = advice[8:] or "'"
    rest = text.removeprefix(advice)
    pieces = _RELEASED.split(rest) if terminator == "'" else rest.split(terminator)
    return ([advice] if advice else []) + _closed([piece.strip() for piece in pieces], terminator.strip())


def _closed(pieces: list[str], terminator: str) -> list[str]:
    return [f"{piece}{terminator}" for piece in pieces if piece]


def _json(text: str) -> list[str]:
    try:
        return json.dumps(json.loads(text), indent=2, ensure_ascii=False).splitlines()
    except (ValueError, RecursionError):
        return text.splitlines()


def _in_json(raw: bytes, numbers: Collection[int]) -> set[int]:
    """The lines of the events with these numbers: elements of the list, or of the longest list of objects inside."""
    if len(raw) > SHOWN_BYTES:
        return set()
    try:
        document = json.loads(decode(raw))
        events = document if isinstance(document, list) else _longest(document)
        found: set[int] = set()
        for number in numbers:
            if 1 <= number <= len(events):
                found |= _lines_at(document, events, number - 1)
    except (ValueError, RecursionError):
        return set()
    return found


def _lines_at(document: Any, events: list[Any], index: int) -> set[int]:
    """Written with a mark in the place of the event: where the mark stands, the event begins."""
    event, events[index] = events[index], "\x00"
    lines = json.dumps(document, indent=2, ensure_ascii=False).splitlines()
    events[index] = event
    start = next(number for number, line in enumerate(lines) if '"\\u0000"' in line)
    return set(range(start, start + len(json.dumps(event, indent=2, ensure_ascii=False).splitlines())))


def _longest(document: Any) -> list[Any]:
    """Breadth first, three levels deep: carriers put their events into "data", "events", "epcisBody.eventList"."""
    level, lists = [document], []
    for _depth in range(3):
        inner = [value for one in level if isinstance(one, dict) for value in one.values()]
        lists += [value for value in inner if isinstance(value, list) and all(isinstance(e, dict) for e in value)]
        level = inner
    return max(lists, key=len, default=[])
