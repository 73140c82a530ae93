"""What every X12 parser does with a file: each set to its reader, the rest reported, envelopes noted. Pure and total.

A reader gets one transaction set and a `Findings`, and puts into it what it reads.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from shipments.formats.base import Envelope, EnvelopeSet, Parsed, ParsedEvent, ParseIssue
from shipments.formats.recognise import named, refusal, wrong_format
from shipments.formats.x12 import Interchange, Segment, TransactionSet, X12File, element, read
from shipments.formats.x12_notes import ACKNOWLEDGEMENTS, notes_of
from shipments.formats.x12_values import Moment, envelope_day, is_old

# Sets that some reader of ours knows: a source that gets another one of them has the wrong format.
KNOWN = frozenset({"214", "315", "322", "350"})
_SNIPPET = 120
_YEAR = 2026


@dataclass(slots=True)
class Findings:
    """What is read so far. `position`: of the next event. `sent`: day of the interchange in ISO, or ''."""

    options: Mapping[str, Any] = field(default_factory=dict)
    events: list[ParsedEvent] = field(default_factory=list)
    issues: list[ParseIssue] = field(default_factory=list)
    position: int = 0
    sent: str = ""
    warned: set[str] = field(default_factory=set)

    def add(self, found: ParsedEvent | ParseIssue) -> None:
        """An event, or why there is none. Its position is `self.position`."""
        if isinstance(found, ParsedEvent):
            self.events.append(found)
            self._check_age(found)
        else:
            self.issues.append(found)
        self.position += 1

    def wrong(self, code: str, message: str, segment: Segment, place: str, where: str) -> ParseIssue:
        """Why the next event cannot be read: its segment to look at, where it stands and the element that is wrong."""
        return ParseIssue(code, message, place, where, self.position, "*".join(segment)[:_SNIPPET])

    def doubt(self, when: Moment, segment: str) -> None:
        """Report what is doubtful about the time code: once for each code, or it would stand at every event."""
        if when.warning and when.zone_code not in self.warned:
            self.warned.add(when.zone_code)
            self.warn("standard_time", when.warning, segment)

    def warn(self, code: str, message: str, segment: str = "", where: str = "") -> None:
        """Nothing is lost by it."""
        self.issues.append(ParseIssue(code, message, segment, where, self.position, is_warning=True))

    def _check_age(self, event: ParsedEvent) -> None:
        if "old" not in self.warned and event.wall_time and is_old(event.wall_time, self.sent):
            self.warned.add("old")
            said = f"{event.wall_time[:10]} is long before the interchange was sent ({self.sent})."
            self.issues.append(ParseIssue("old_date", said, event.segment, "", event.position, is_warning=True))


ReadSet = Callable[[TransactionSet, Findings], None]


def parse_sets(raw: bytes, options: Mapping[str, Any], readers: Mapping[str, ReadSet], expected: str) -> Parsed:
    """All sets that `readers` (by ST01) read; `expected` in words, as in 'X12 214'."""
    if refused := refusal(raw):
        return refused
    file = read(raw)
    if not file.is_x12:
        return wrong_format(raw, expected)
    return read_sets(file, options, readers, expected)


def read_sets(file: X12File, options: Mapping[str, Any], readers: Mapping[str, ReadSet], expected: str) -> Parsed:
    """As `parse_sets`, of a file that is in its segments already."""
    findings = Findings(options, issues=file.issues)
    year = _year(options)
    envelopes = []
    for interchange in file.interchanges:
        findings.sent = envelope_day(element(interchange.isa, 9), year)
        envelopes.append(_read_interchange(interchange, readers, findings, expected))
    kinds = {found.kind for found in file.sets}
    if foreign := kinds & KNOWN if not kinds & readers.keys() else set():
        said = f"This looks like {named(f'x12_{min(foreign)}')}; the source sends {expected}."
        findings.issues.insert(0, ParseIssue("wrong_format", said))
    is_quiet = bool(envelopes) and all(envelope.is_acknowledgement for envelope in envelopes)
    if not kinds and not is_quiet and not findings.issues:
        findings.issues.append(ParseIssue("no_sets", "The interchange holds no transaction set."))
    return Parsed(tuple(findings.events), tuple(findings.issues), tuple(envelopes), is_quiet)


def _read_interchange(
    interchange: Interchange, readers: Mapping[str, ReadSet], findings: Findings, expected: str
) -> Envelope:
    first = findings.position
    answered = {}
    for found in interchange.sets:
        read_set = readers.get(found.kind)
        before = len(findings.issues)
        if read_set:
            read_set(found, findings)
        elif found.kind not in ACKNOWLEDGEMENTS:
            findings.issues.append(_other(found, expected))
        codes = [issue.code for issue in findings.issues[before:] if not issue.is_warning]
        answered[found.first] = _answer(found, codes)
    answered |= {lost.first: _answer(lost, []) for lost in interchange.lost}
    findings.issues.extend(notes_of(interchange))
    kinds = {one.kind for one in answered.values()} | ({"TA1"} if interchange.notes else set())
    return replace(
        _envelope(interchange.isa, interchange.digest),
        first=first,
        last=findings.position,
        sets=tuple(answered[number] for number in sorted(answered)),
        is_acknowledgement=bool(kinds) and kinds <= ACKNOWLEDGEMENTS,
    )


def _envelope(isa: Segment, digest: str) -> Envelope:
    return Envelope(
        standard="x12",
        sender=element(isa, 6)[:35],
        receiver=element(isa, 8)[:35],
        number=element(isa, 13)[:14],
        digest=digest,
        sender_qualifier=element(isa, 5)[:2],
        receiver_qualifier=element(isa, 7)[:2],
        is_test=element(isa, 15) == "T",
    )


def _answer(found: TransactionSet, codes: list[str]) -> EnvelopeSet:
    """A set is refused when it is cut off or nobody reads it; faults inside of it are told and it is accepted."""
    issues = tuple(dict.fromkeys((*found.faults, *codes)))
    is_accepted = not {"set_cut_off", "other_set"} & set(issues)
    group = found.group
    return EnvelopeSet(
        found.kind, found.number, element(group, 6)[:16], element(group, 1)[:2], is_accepted, issues,
        element(group, 2)[:15], element(group, 3)[:15],
    )  # fmt: skip


def _other(found: TransactionSet, expected: str) -> ParseIssue:
    said = f"Transaction set {found.kind} {found.number} is not a {expected.removeprefix('X12 ')} and was passed over."
    return ParseIssue("other_set", said, f"ST #{found.first}", "ST-01")


def _year(options: Mapping[str, Any]) -> int:
    said = str(options.get("received_at", ""))[:4]
    return int(said) if len(said) == 4 and said.isascii() and said.isdigit() and int(said) > 1970 else _YEAR
