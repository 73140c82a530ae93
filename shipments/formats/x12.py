"""Tokeniser of X12 interchanges of any version: delimiters, segments, transaction sets, and what is wrong with them.

Pure. A wrong count is reported and the set is still read; only a set that is cut off is lost, never its siblings.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from shipments.formats.base import ParseIssue
from shipments.formats.recognise import decode

Segment = list[str]
MAX_SEGMENTS = 200_000
_ISA_ELEMENTS = 16
_SNIPPET = 120
# Senders get their envelopes wrong; what stands between them is whole all the same (formats.md 9.1, rule 4).
_HARMLESS = frozenset({"wrong_count", "wrong_number", "no_group", "group_not_closed", "stray_segment"})


@dataclass(frozen=True, slots=True)
class TransactionSet:
    """`segments` from ST to SE. `first`: number of the ST segment in the interchange, from 1. `kind`: '214'."""

    kind: str
    number: str
    first: int
    segments: list[Segment]


@dataclass(slots=True)
class Interchange:
    """All that was read. `is_x12` False: not an interchange at all."""

    sets: list[TransactionSet] = field(default_factory=list)
    issues: list[ParseIssue] = field(default_factory=list)
    is_x12: bool = True


def element(segment: Segment, number: int) -> str:
    """Element `number` from 1, without padding; '' when the segment is shorter."""
    return segment[number].strip() if number < len(segment) else ""


def read(raw: bytes) -> Interchange:
    """Read a file of one or more interchanges with the same delimiters."""
    text = decode(raw).lstrip()
    delimiters = _delimiters(text)
    if delimiters is None:
        return _without_isa(text)
    separator, terminator = delimiters
    if text.count(terminator) > MAX_SEGMENTS:
        issue = ParseIssue("too_many_segments", f"The interchange has more than {MAX_SEGMENTS} segments.")
        return Interchange(issues=[issue])
    segments = [piece.split(separator) for line in text.split(terminator) if (piece := line.strip())]
    return _Reader(segments, separator).read()


def _without_isa(text: str) -> Interchange:
    """Segments of a group or a set alone are X12 all the same, but nothing says who sent them."""
    if len(text) > 2 and text[:2] in ("GS", "ST") and not text[2].isalnum() and not text[2].isspace():
        issue = ParseIssue(
            "no_isa", "The interchange does not begin with ISA.", f"{text[:2]} #1", snippet=text[:_SNIPPET]
        )
        return Interchange(issues=[issue])
    return Interchange(is_x12=False)


def _delimiters(text: str) -> tuple[str, str] | None:
    """Element separator and segment terminator. Counted, not measured: many senders do not pad the ISA to its width."""
    if not text.startswith("ISA") or len(text) < 4 or text[3].isalnum():
        return None
    separator = text[3]
    parts = text[:2_000].split(separator, _ISA_ELEMENTS)
    if len(parts) <= _ISA_ELEMENTS or not parts[_ISA_ELEMENTS]:
        return None
    # Element 16 is the component separator, and the terminator follows; without the former the terminator is alone.
    last = parts[_ISA_ELEMENTS]
    terminator = last[0] if len(last) == 1 or last[1].isalnum() else last[1]
    if terminator == "\r" and "\n" in last[:4]:
        terminator = "\n"
    return None if terminator.isalnum() or terminator == separator else (separator, terminator)


class _Reader:
    """Walks over the segments once; only envelope segments cost anything."""

    def __init__(self, segments: list[Segment], separator: str) -> None:
        self.segments = segments
        self.separator = separator
        self.result = Interchange()
        self.interchange: Segment | None = None
        self.group: Segment | None = None
        self.start = -1
        self.groups = 0
        self.sets_of_group = 0

    def read(self) -> Interchange:
        handlers: dict[str, Callable[[int, Segment], None]] = {
            "ISA": self._isa, "GS": self._gs, "ST": self._st, "SE": self._se, "GE": self._ge, "IEA": self._iea,
        }  # fmt: skip
        for index, segment in enumerate(self.segments):
            handler = handlers.get(segment[0])
            if handler:
                handler(index, segment)
        self._end()
        return self.result

    def _isa(self, index: int, segment: Segment) -> None:
        self._cut_set()
        if self.interchange:
            self._warn("interchange_not_closed", "An interchange begins before the one before has ended.", index)
        self.interchange, self.group, self.groups = segment, None, 0

    def _gs(self, index: int, segment: Segment) -> None:
        self._cut_set()
        if self.group:
            self._warn("group_not_closed", "A group begins before the one before has ended.", index)
        self.group, self.sets_of_group = segment, 0
        self.groups += 1

    def _st(self, index: int, segment: Segment) -> None:
        self._cut_set()
        if self.group is None:
            self._warn("no_group", "The transaction set stands in no group (GS).", index)
        self.start = index
        self.sets_of_group += 1

    def _se(self, index: int, segment: Segment) -> None:
        if self.start < 0:
            self._warn("stray_segment", "SE ends a transaction set that never began.", index)
            return
        opening = self.segments[self.start]
        kind, number = element(opening, 1)[:8], element(opening, 2)[:16]
        count = index - self.start + 1
        if not _says(segment, 1, count):
            said = element(segment, 1)[:16]
            self._warn("wrong_count", f"SE counts {said or 'no'} segments; there are {count}.", index, "SE-01")
        if element(segment, 2)[:16] != number:
            self._warn("wrong_number", f"The number of SE is not that of ST ({number}).", index, "SE-02")
        self.result.sets.append(TransactionSet(kind, number, self.start + 1, self.segments[self.start : index + 1]))
        self.start = -1

    def _ge(self, index: int, segment: Segment) -> None:
        self._cut_set()
        if self.group is None:
            self._warn("stray_segment", "GE ends a group that never began.", index)
            return
        if not _says(segment, 1, self.sets_of_group):
            said = f"GE counts {element(segment, 1)[:16] or 'no'} transaction sets; there are {self.sets_of_group}."
            self._warn("wrong_count", said, index, "GE-01")
        if element(segment, 2) != element(self.group, 6):
            self._warn("wrong_number", "The number of GE is not that of GS.", index, "GE-02")
        self.group = None

    def _iea(self, index: int, segment: Segment) -> None:
        self._cut_set()
        if self.interchange is None:
            self._warn("stray_segment", "IEA ends an interchange that never began.", index)
            return
        if not _says(segment, 1, self.groups):
            said = f"IEA counts {element(segment, 1)[:16] or 'no'} groups; there are {self.groups}."
            self._warn("wrong_count", said, index, "IEA-01")
        if element(segment, 2) != element(self.interchange, 13):
            self._warn("wrong_number", "The number of IEA is not that of ISA.", index, "IEA-02")
        self.interchange = self.group = None

    def _end(self) -> None:
        self._cut_set()
        if self.interchange is not None:
            self._warn("truncated", "The interchange is cut off: IEA is missing.", len(self.segments) - 1)

    def _cut_set(self) -> None:
        """The set that is open has no SE: its last segments may be missing, so none of it is taken."""
        if self.start >= 0:
            number = element(self.segments[self.start], 2)[:16]
            self._warn("set_cut_off", f"Transaction set {number} has no end (SE) and was not read.", self.start)
            self.start = -1

    def _warn(self, code: str, message: str, index: int, where: str = "") -> None:
        segment = self.segments[index]
        snippet = self.separator.join(segment)[:_SNIPPET]
        place, harmless = f"{segment[0][:3]} #{index + 1}", code in _HARMLESS
        self.result.issues.append(ParseIssue(code, message, place, where, snippet=snippet, is_warning=harmless))


def _says(segment: Segment, number: int, count: int) -> bool:
    said = element(segment, number)
    return said.isascii() and said.isdigit() and len(said) <= 10 and int(said) == count
