"""The text of a file → its X12 interchanges as segments, whatever delimiters each of them uses. Pure and total."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from hashlib import sha256

Segment = list[str]
MAX_SEGMENTS = 200_000
_ISA_ELEMENTS = 16
# An ISA has 106 characters when it is padded; nobody sends one that is much longer.
_ISA_HEAD = 2_000
_ISA = re.compile(r"ISA[^A-Za-z0-9 \r\n]")


@dataclass(frozen=True, slots=True)
class Delimiters:
    """`repetition` is empty where ISA11 is not one (before version 00402), `component` where element 16 is empty."""

    separator: str
    terminator: str
    component: str = ""
    repetition: str = ""


@dataclass(frozen=True, slots=True)
class Piece:
    """One interchange. `offset`: how many segments stand before it in the file."""

    delimiters: Delimiters
    segments: list[Segment] = field(default_factory=list)
    offset: int = 0


def split(text: str) -> list[Piece] | None:
    """The interchanges of a text that begins with one, each by its own delimiters; [] when it does not begin with one.

    None: more than MAX_SEGMENTS segments.
    """
    delimiters = read_delimiters(text, 0)
    if delimiters is None:
        return []
    pieces: list[Piece] = []
    start = offset = count = 0
    while delimiters is not None:
        end, following = _end(text, start, delimiters)
        body = text if end - start == len(text) else text[start:end]
        count += body.count(delimiters.terminator) + 1
        if count > MAX_SEGMENTS:
            return None
        separator = delimiters.separator
        lines = body.split(delimiters.terminator)
        segments = [bare.split(separator) for line in lines if (bare := line.strip())]
        pieces.append(Piece(delimiters, segments, offset))
        offset += len(segments)
        start, delimiters = end, following
    return pieces


def read_delimiters(text: str, start: int) -> Delimiters | None:
    """Of the ISA at `start`. Counted, not measured: many senders do not pad the ISA to its width."""
    head = text[start : start + _ISA_HEAD]
    if not head.startswith("ISA") or len(head) < 4 or head[3].isalnum():
        return None
    separator = head[3]
    parts = head.split(separator, _ISA_ELEMENTS)
    if len(parts) <= _ISA_ELEMENTS or not parts[_ISA_ELEMENTS]:
        return None
    # Element 16 is the component separator, and the terminator follows; without the former the terminator is alone.
    last = parts[_ISA_ELEMENTS]
    is_alone = len(last) == 1 or last[1].isalnum()
    terminator = last[0] if is_alone else last[1]
    if terminator == "\r" and "\n" in last[:4]:
        terminator = "\n"
    if terminator.isalnum() or terminator in (separator, " "):
        return None
    component = "" if is_alone or last[0].isspace() else last[0]
    return Delimiters(separator, terminator, component, _repetition(parts[11], separator, terminator))


def _repetition(isa11: str, separator: str, terminator: str) -> str:
    """ISA11 named the standards body ("U") once; from version 00402 on it is the repetition separator."""
    if len(isa11) != 1 or isa11.isalnum() or isa11.isspace() or isa11 in (separator, terminator):
        return ""
    return isa11


def _end(text: str, start: int, delimiters: Delimiters) -> tuple[int, Delimiters | None]:
    """Where the interchange at `start` ends, and the delimiters of the one that begins there, if one does.

    An ISA stands behind a terminator, or on a new line where the terminator was forgotten.
    """
    for found in _ISA.finditer(text, start + 3):
        before = found.start() - 1
        is_new_line = False
        while before > start and text[before] != delimiters.terminator and text[before].isspace():
            is_new_line = is_new_line or text[before] in "\r\n"
            before -= 1
        if text[before] == delimiters.terminator or is_new_line:
            own = read_delimiters(text, found.start())
            if own or text[before] == delimiters.terminator:
                # An ISA that is broken is read as those before it.
                return found.start(), own or delimiters
    return len(text), None


def digest(segments: list[Segment]) -> str:
    """SHA-256 of what an interchange says: the same for other delimiters, padding of the ISA, marks and line ends."""
    lines = ["\x1d".join(segment) for segment in segments]
    lines[0] = "\x1d".join([part.strip() for part in segments[0][:_ISA_ELEMENTS]])
    return sha256("\x1e".join(lines).encode("utf-8", "replace")).hexdigest()
