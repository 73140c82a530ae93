"""Tokeniser of X12 files of any version: interchanges, their transaction sets, and what is wrong with them.

Pure. A wrong count is reported and the set is still read; only a set that is cut off is lost, never its siblings.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from shipments.formats.base import ParseIssue
from shipments.formats.recognise import decode
from shipments.formats.x12_split import MAX_SEGMENTS, Delimiters, Piece, Segment, digest, split

__all__ = ["MAX_SEGMENTS", "Interchange", "Segment", "TransactionSet", "X12File", "element", "read"]
_SNIPPET = 120
# Senders get their envelopes wrong; what stands between them is whole all the same (formats.md 9.1, rule 4).
_HARMLESS = frozenset({"wrong_count", "wrong_number", "no_group", "group_not_closed", "stray_segment"})


@dataclass(slots=True)
class TransactionSet:
    """`segments` from ST to SE. `first`: number of the ST segment in the file, from 1. `kind`: '214'.

    `group`: its GS segment, empty where there is none. `faults`: codes of what is wrong with its envelope; a set with
    the fault "set_cut_off" was not read and has its ST only.
    """

    kind: str
    number: str
    first: int
    segments: list[Segment]
    group: Segment = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    repetition: str = ""


@dataclass(slots=True)
class Interchange:
    """From ISA to IEA. `sets`: those that are whole; `lost`: those that are cut off; `notes`: TA1 segments."""

    isa: Segment
    delimiters: Delimiters
    digest: str = ""
    sets: list[TransactionSet] = field(default_factory=list)
    lost: list[TransactionSet] = field(default_factory=list)
    notes: list[tuple[int, Segment]] = field(default_factory=list)


@dataclass(slots=True)
class X12File:
    """All that was read. `is_x12` False: not an interchange at all."""

    interchanges: list[Interchange] = field(default_factory=list)
    issues: list[ParseIssue] = field(default_factory=list)
    is_x12: bool = True

    @property
    def sets(self) -> list[TransactionSet]:
        return [found for interchange in self.interchanges for found in interchange.sets]


def element(segment: Segment, number: int) -> str:
    """Element `number` from 1, without padding; '' when the segment is shorter."""
    return segment[number].strip() if number < len(segment) else ""


def read(raw: bytes) -> X12File:
    """Read a file of one or more interchanges, each with its own delimiters."""
    text = decode(raw).lstrip()
    pieces = split(text)
    if pieces is None:
        issue = ParseIssue("too_many_segments", f"The file has more than {MAX_SEGMENTS} segments.")
        return X12File(issues=[issue])
    if not pieces:
        return _without_isa(text)
    file = X12File()
    for number, piece in enumerate(pieces, 1):
        file.interchanges.append(_Walk(piece, file.issues).walk(is_last=number == len(pieces)))
    return file


def _without_isa(text: str) -> X12File:
    """Segments of a group or a set alone are X12 all the same, but nothing says who sent them."""
    if len(text) > 2 and text[:2] in ("GS", "ST") and not text[2].isalnum() and not text[2].isspace():
        issue = ParseIssue(
            "no_isa", "The interchange does not begin with ISA.", f"{text[:2]} #1", snippet=text[:_SNIPPET]
        )
        return X12File(issues=[issue])
    return X12File(is_x12=False)


class _Walk:
    """Walks over the segments of an interchange once; only envelope segments cost anything."""

    def __init__(self, piece: Piece, issues: list[ParseIssue]) -> None:
        self.segments, self.offset = piece.segments, piece.offset
        self.issues = issues
        self.result = Interchange(piece.segments[0], piece.delimiters)
        self.group: Segment | None = None
        self.start = -1
        self.groups = 0
        self.sets_of_group = 0
        self.is_open = True

    def walk(self, *, is_last: bool) -> Interchange:
        handlers = _HANDLERS
        for index, segment in enumerate(self.segments):
            if segment[0] in handlers:
                handlers[segment[0]](self, index, segment)
        self._end(is_last=is_last)
        self.result.digest = digest(self.segments)
        return self.result

    def _ta1(self, index: int, segment: Segment) -> None:
        self.result.notes.append((self.offset + index + 1, segment))

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
        found = self._found(self.segments[self.start : index + 1])
        count = len(found.segments)
        if not _says(segment, 1, count):
            said = element(segment, 1)[:16]
            self._warn("wrong_count", f"SE counts {said or 'no'} segments; there are {count}.", index, "SE-01")
            found.faults.append("wrong_count")
        if element(segment, 2)[:16] != found.number:
            self._warn("wrong_number", f"The number of SE is not that of ST ({found.number}).", index, "SE-02")
            found.faults.append("wrong_number")
        self.result.sets.append(found)
        self.start = -1

    def _found(self, segments: list[Segment]) -> TransactionSet:
        opening = segments[0]
        return TransactionSet(
            element(opening, 1)[:8], element(opening, 2)[:16], self.offset + self.start + 1, segments,
            self.group or [], repetition=self.result.delimiters.repetition,
        )  # fmt: skip

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
        if not self.is_open:
            self._warn("stray_segment", "IEA ends an interchange that never began.", index)
            return
        if self.group is not None:
            self._warn("group_not_closed", "The interchange ends before its last group has.", index)
        if not _says(segment, 1, self.groups):
            said = f"IEA counts {element(segment, 1)[:16] or 'no'} groups; there are {self.groups}."
            self._warn("wrong_count", said, index, "IEA-01")
        if element(segment, 2) != element(self.result.isa, 13):
            self._warn("wrong_number", "The number of IEA is not that of ISA.", index, "IEA-02")
        self.is_open, self.group = False, None

    def _end(self, *, is_last: bool) -> None:
        self._cut_set()
        if self.is_open and is_last:
            self._warn("truncated", "The interchange is cut off: IEA is missing.", len(self.segments) - 1)
        elif self.is_open:
            said = "An interchange begins before the one before has ended."
            self._warn("interchange_not_closed", said, len(self.segments) - 1)

    def _cut_set(self) -> None:
        """The set that is open has no SE: its last segments may be missing, so none of it is taken."""
        if self.start >= 0:
            lost = self._found(self.segments[self.start : self.start + 1])
            lost.faults.append("set_cut_off")
            self.result.lost.append(lost)
            said = f"Transaction set {lost.number} has no end (SE) and was not read."
            self._warn("set_cut_off", said, self.start)
            self.start = -1

    def _warn(self, code: str, message: str, index: int, where: str = "") -> None:
        segment = self.segments[index]
        snippet = self.result.delimiters.separator.join(segment)[:_SNIPPET]
        place, harmless = f"{segment[0][:3]} #{self.offset + index + 1}", code in _HARMLESS
        self.issues.append(ParseIssue(code, message, place, where, snippet=snippet, is_warning=harmless))


_HANDLERS: dict[str, Callable[[_Walk, int, Segment], None]] = {
    "GS": _Walk._gs, "ST": _Walk._st, "SE": _Walk._se, "GE": _Walk._ge, "IEA": _Walk._iea, "TA1": _Walk._ta1,
}  # fmt: skip


def _says(segment: Segment, number: int, count: int) -> bool:
    said = element(segment, number)
    return said.isascii() and said.isdigit() and len(said) <= 10 and int(said) == count
