"""Tokeniser of EDIFACT interchanges (ISO 9735, syntax versions 1 to 4): separators, charset, messages, what is wrong.

Pure. A wrong count is reported and the message is still read; only a message that is cut off is lost, never its
siblings. Segments are split when somebody asks for them: a message that nobody reads costs nearly nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256

from shipments.formats.base import ParseIssue
from shipments.formats.recognise import decode

# The tag first, then the elements; each a list of its components. part(segment, 1, 2) is the second of the first.
Segment = list[list[str]]
MAX_SEGMENTS = 200_000
_SNIPPET = 120
# Between segments; not what str.strip() takes for blank: 1C to 1F are separators to some.
_BLANKS = " \t\r\n"
# UNB S001 → the charset of what follows (ISO 9735, code list 0001).
_CHARSETS = {
    "UNOA": "ascii", "UNOB": "ascii", "UNOC": "iso8859-1", "UNOD": "iso8859-2", "UNOE": "iso8859-5",
    "UNOF": "iso8859-7", "UNOG": "iso8859-3", "UNOH": "iso8859-4", "UNOI": "iso8859-6", "UNOJ": "iso8859-8",
    "UNOK": "iso8859-9", "UNOW": "utf-8", "UNOY": "utf-8",
}  # fmt: skip
_SYNTAX = re.compile(rb"UNB[^\w\s](UNO[A-Z])")
_BOMS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")
# Service string advice: the six signs, right before the UNB that is written with them.
_ADVICE = re.compile(r"UNA(.)(.)(.)(.)(.)(.)[ \t\r\n]*(?=UNB\2)", re.DOTALL)
# Senders get their envelopes wrong; what stands between them is whole all the same (formats.md 9.1, rule 4).
_HARMLESS = frozenset({"wrong_count", "wrong_number", "group_not_closed", "stray_segment", "wrong_charset"})


@dataclass(frozen=True, slots=True)
class Signs:
    """The separators. `release` is empty when the sender has none."""

    component: str = ":"
    element: str = "+"
    release: str = "?"
    terminator: str = "'"


DEFAULT = Signs()
# What UNOB stands for without an advice: separators that cannot be printed.
_UNPRINTED = Signs("\x1f", "\x1d", "", "\x1c")


@dataclass(slots=True)
class EdifactMessage:
    """UNH to UNT. `kind`: 'IFTSTA'; `version`: 'D:00B:UN'; `first`: number of UNH among the file's segments, from 1.

    `lines`: its segments as they stand in the file, without their terminators.
    """

    kind: str
    version: str
    number: str
    group: str
    group_kind: str
    first: int
    lines: list[str]
    signs: Signs = DEFAULT
    issues: tuple[str, ...] = ()

    @property
    def segments(self) -> list[Segment]:
        component, element, release = self.signs.component, self.signs.element, self.signs.release
        # segment_of, without calling it for what is plain: nearly everything.
        return [
            segment_of(line, self.signs)
            if (release and release in line) or "\n" in line or "\r" in line
            else [piece.split(component) for piece in line.split(element)]
            for line in self.lines
        ]

    @property
    def body(self) -> str:
        """What stands between UNH and UNT, for messages whose content is no EDIFACT (Cargo-IMP in CIMFSU)."""
        return self.signs.terminator.join(self.lines[1:-1])


@dataclass(slots=True)
class Interchange:
    """UNB to UNZ. `prepared`: date and time as written (0017, 0019). `cut_off`: messages without an end."""

    sender: str = ""
    receiver: str = ""
    sender_qualifier: str = ""
    receiver_qualifier: str = ""
    number: str = ""
    prepared: tuple[str, str] = ("", "")
    is_test: bool = False
    digest: str = ""
    messages: list[EdifactMessage] = field(default_factory=list)
    cut_off: list[EdifactMessage] = field(default_factory=list)


@dataclass(slots=True)
class EdifactFile:
    """All that was read. `is_edifact` False: not an interchange at all."""

    interchanges: list[Interchange] = field(default_factory=list)
    issues: list[ParseIssue] = field(default_factory=list)
    is_edifact: bool = True

    @property
    def messages(self) -> list[EdifactMessage]:
        return [message for interchange in self.interchanges for message in interchange.messages]


def part(segment: Segment, element: int, component: int = 1) -> str:
    """A component, both counted from 1, without padding; '' when the segment is shorter."""
    if element < len(segment) and component <= len(segment[element]):
        return segment[element][component - 1].strip()
    return ""


def segment_of(line: str, signs: Signs = DEFAULT) -> Segment:
    """A segment split into elements and components; line breaks in it were only made for the eye."""
    if "\n" in line or "\r" in line:
        line = line.replace("\r", "").replace("\n", "")
    if not signs.release or signs.release not in line:
        component = signs.component
        return [element.split(component) for element in line.split(signs.element)]
    return [
        [_released(piece, signs.release) for piece in _split(element, signs.component, signs.release)]
        for element in _split(line, signs.element, signs.release)
    ]


def _split(text: str, separator: str, release: str) -> list[str]:
    """At each separator before which an even number of release characters stands."""
    pieces = text.split(separator)
    if not release or release not in text:
        return pieces
    joined: list[str] = []
    held: list[str] = []
    for piece in pieces:
        held.append(piece)
        if (len(piece) - len(piece.rstrip(release))) % 2 == 0:
            joined.append(separator.join(held))
            held = []
    if held:
        joined.append(separator.join(held))
    return joined


def _released(text: str, release: str) -> str:
    if release not in text:
        return text
    halves = text.split(release + release)
    return release.join(half.replace(release, "") for half in halves)


def read(raw: bytes) -> EdifactFile:
    """Read a file of one or more interchanges, each with separators of its own if it says so."""
    text, issue = _decoded(raw)
    text = text.lstrip(_BLANKS)
    chunks = _chunks(text)
    if not chunks:
        return _without_unb(text)
    result = EdifactFile(issues=[issue] if issue else [])
    if len(text) > MAX_SEGMENTS and sum(chunk.count(signs.terminator) for signs, chunk in chunks) > MAX_SEGMENTS:
        result.issues.append(ParseIssue("too_many_segments", f"The interchange has more than {MAX_SEGMENTS} segments."))
        return result
    count = 0
    for signs, chunk in chunks:
        lines = [line for piece in _split(chunk, signs.terminator, signs.release) if (line := piece.lstrip(_BLANKS))]
        _Reader(lines, signs, count, result).read()
        count += len(lines)
    return result


def _decoded(raw: bytes) -> tuple[str, ParseIssue | None]:
    """By byte order mark, else the charset of the first UNB; what does not fit it is reported and read all the same."""
    found = None if raw.startswith(_BOMS) else _SYNTAX.search(raw, 0, 400)
    charset = _CHARSETS.get(found[1].decode(), "") if found else ""
    if not charset:
        return decode(raw), None
    try:
        return raw.decode(charset), None
    except UnicodeDecodeError as error:
        said = f"Not all of it is written in the charset that UNB names ({found[1].decode() if found else ''})."
        around = decode(raw[max(0, error.start - 20) : error.start + 20])
        return decode(raw), ParseIssue("wrong_charset", said, "UNB #1", "UNB-01", snippet=around, is_warning=True)


def _chunks(text: str) -> list[tuple[Signs, str]]:
    """The text by the separators it is written with; a new service string advice begins a new chunk."""
    found = _ADVICE.finditer(text) if "UNA" in text else ()
    advices = [advice for advice in found if not text[advice.start() - 1 : advice.start()].isalnum()]
    starts = [advice.start() for advice in advices]
    chunks = []
    head = text[: starts[0]] if starts else text
    if head.startswith("UNB") and len(head) > 3 and not head[3].isalnum():
        chunks.append((_UNPRINTED if head[3] == "\x1d" else DEFAULT, head))
    for advice, end in zip(advices, [*starts[1:], len(text)], strict=False):
        component, element, _, release, _, terminator = advice.groups()
        signs = Signs(component, element, "" if release == " " else release, terminator)
        if len({component, element, terminator}) == 3 and not (component + element + terminator).isalnum():
            chunks.append((signs, text[advice.end() : end]))
    return chunks


def _without_unb(text: str) -> EdifactFile:
    """A message alone is EDIFACT all the same, but nothing says who sent it."""
    if text[:3] in ("UNH", "UNG", "UNA") and len(text) > 3 and not text[3].isalnum() and not text[3].isspace():
        said = "The interchange does not begin with UNB."
        return EdifactFile(issues=[ParseIssue("no_unb", said, f"{text[:3]} #1", snippet=text[:_SNIPPET])])
    return EdifactFile(is_edifact=False)


class _Reader:
    """Walks over the segments once; only envelope segments cost anything."""

    def __init__(self, lines: list[str], signs: Signs, offset: int, result: EdifactFile) -> None:
        self.lines = lines
        self.signs = signs
        self.offset = offset
        self.result = result
        self.interchange = Interchange()
        self.begun = -1
        self.start = -1
        self.opening: Segment = []
        self.group: Segment = []
        self.groups = 0
        self.messages_of_group = 0
        self.found: list[str] = []

    def read(self) -> None:
        for index, line in enumerate(self.lines):
            if line[:2] == "UN" and (handler := _HANDLERS.get(line[:3])):
                handler(self, index, segment_of(line, self.signs))
        self._cut_message()
        if self.begun >= 0:
            self._warn("truncated", "The interchange is cut off: UNZ is missing.", len(self.lines) - 1)
            self._close(len(self.lines))

    def _unb(self, index: int, segment: Segment) -> None:
        self._cut_message()
        if self.begun >= 0:
            self._warn("interchange_not_closed", "An interchange begins before the one before has ended.", index)
            self._close(index)
        self.interchange = Interchange(
            sender=part(segment, 2)[:35],
            receiver=part(segment, 3)[:35],
            sender_qualifier=part(segment, 2, 2)[:4],
            receiver_qualifier=part(segment, 3, 2)[:4],
            number=part(segment, 5)[:14],
            prepared=(part(segment, 4)[:8], part(segment, 4, 2)[:4]),
            is_test=part(segment, 11) == "1",
        )
        self.begun, self.group, self.groups, self.messages_of_group = index, [], 0, 0

    def _ung(self, index: int, segment: Segment) -> None:
        self._cut_message()
        if self.group:
            self._warn("group_not_closed", "A group begins before the one before has ended.", index)
        self.group, self.messages_of_group = segment, 0
        self.groups += 1

    def _unh(self, index: int, segment: Segment) -> None:
        self._cut_message()
        if self.begun < 0:
            self._warn("no_unb", "The message stands in no interchange (UNB) and was not read.", index)
            return
        self.start, self.opening = index, segment
        self.messages_of_group += 1
        self.found = []

    def _unt(self, index: int, segment: Segment) -> None:
        if self.start < 0:
            self._warn("stray_segment", "UNT ends a message that never began.", index)
            return
        count = index - self.start + 1
        if not _says(segment, 1, count):
            said = part(segment, 1)[:16]
            self._warn("wrong_count", f"UNT counts {said or 'no'} segments; there are {count}.", index, "UNT-01")
        number = part(self.opening, 1)[:14]
        if part(segment, 2)[:14] != number:
            self._warn("wrong_number", f"The number of UNT is not that of UNH ({number}).", index, "UNT-02")
        self.interchange.messages.append(self._message(index + 1))
        self.start = -1

    def _une(self, index: int, segment: Segment) -> None:
        self._cut_message()
        if not self.group:
            self._warn("stray_segment", "UNE ends a group that never began.", index)
            return
        self._counted(index, segment, self.messages_of_group, "messages")
        if part(segment, 2) != part(self.group, 5):
            self._warn("wrong_number", "The number of UNE is not that of UNG.", index, "UNE-02")
        self.group = []

    def _unz(self, index: int, segment: Segment) -> None:
        self._cut_message()
        if self.begun < 0:
            self._warn("stray_segment", "UNZ ends an interchange that never began.", index)
            return
        if self.groups:
            self._counted(index, segment, self.groups, "groups")
        else:
            self._counted(index, segment, self.messages_of_group, "messages")
        if part(segment, 2)[:14] != self.interchange.number:
            self._warn("wrong_number", "The number of UNZ is not that of UNB.", index, "UNZ-02")
        self._close(index)

    def _counted(self, index: int, segment: Segment, count: int, what: str) -> None:
        if not _says(segment, 1, count):
            said = f"{segment[0][0]} counts {part(segment, 1)[:16] or 'no'} {what}; there are {count}."
            self._warn("wrong_count", said, index, f"{segment[0][0]}-01")

    def _close(self, end: int) -> None:
        self.interchange.digest = self._digest(self.lines[self.begun + 1 : end])
        self.result.interchanges.append(self.interchange)
        self.begun = -1

    def _digest(self, lines: list[str]) -> str:
        """Of the segments between UNB and UNZ: the same whatever separators and line breaks they are written with."""
        release = self.signs.release
        text = "\x1c".join(lines)
        if not release or release not in text:
            return sha256(self._canonical(text)).hexdigest()
        canonical = (
            "\x1d".join("\x1f".join(element) for element in segment_of(line, self.signs)).encode("utf-8", "replace")
            if release in line
            else self._canonical(line)
            for line in lines
        )
        return sha256(b"\x1c".join(canonical)).hexdigest()

    def _canonical(self, text: str) -> bytes:
        """Text without a release character, its separators those that nobody writes."""
        text = text.replace(self.signs.component, "\x1f").replace(self.signs.element, "\x1d")
        return text.replace("\r", "").replace("\n", "").encode("utf-8", "replace")

    def _message(self, end: int) -> EdifactMessage:
        opening = self.opening
        version = f"{part(opening, 2, 2)[:6]}:{part(opening, 2, 3)[:6]}:{part(opening, 2, 4)[:6]}"
        return EdifactMessage(
            kind=part(opening, 2)[:6],
            version=version,
            number=part(opening, 1)[:14],
            group=part(self.group, 5)[:14],
            group_kind=part(self.group, 1)[:6],
            first=self.offset + self.start + 1,
            lines=self.lines[self.start : end],
            signs=self.signs,
            issues=tuple(self.found),
        )

    def _cut_message(self) -> None:
        """The message that is open has no UNT: its last segments may be missing, so none of it is taken."""
        if self.start >= 0:
            number = part(self.opening, 1)[:14]
            self._warn("message_cut_off", f"Message {number} has no end (UNT) and was not read.", self.start)
            self.interchange.cut_off.append(self._message(self.start + 1))
            self.start = -1

    def _warn(self, code: str, message: str, index: int, where: str = "") -> None:
        line, harmless = self.lines[index], code in _HARMLESS
        self.found.append(code)
        place = f"{line[:3]} #{self.offset + index + 1}"
        issue = ParseIssue(code, message, place, where, snippet=line[:_SNIPPET], is_warning=harmless)
        self.result.issues.append(issue)


_HANDLERS: dict[str, Callable[[_Reader, int, Segment], None]] = {
    "UNB": _Reader._unb, "UNG": _Reader._ung, "UNH": _Reader._unh,
    "UNT": _Reader._unt, "UNE": _Reader._une, "UNZ": _Reader._unz,
}  # fmt: skip


def _says(segment: Segment, number: int, count: int) -> bool:
    said = part(segment, number)
    return said.isascii() and said.isdigit() and len(said) <= 10 and int(said) == count
