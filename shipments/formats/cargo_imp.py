"""IATA Cargo-IMP FSU and FSA, versions 6 to 15: every status line is an event. Pure.

A message is an air waybill line and status lines; what begins with "/" belongs to the line before. It comes bare,
behind a Type-B header, or wrapped in EDIFACT (UNB+IATA, UNH+..+CIMFSU); several may stand in one payload.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from shipments.enums import Classifier, ReferenceType, TimePrecision
from shipments.formats.base import NOWHERE, Parsed, ParsedEvent, ParsedPlace, ParseIssue, rejected
from shipments.formats.fsu import (
    CLASSIFIERS,
    BadField,
    Day,
    Quantity,
    StatusLine,
    date_of,
    read_quantity,
    read_status,
    wall_time,
    words,
)
from shipments.formats.recognise import decode, refusal, wrong_format

CODE_LIST = "fsu"
_EXPECTED = "Cargo-IMP FSU or FSA"
_MOST_LINES = 200_000
_OPENING = re.compile(r"(FSU|FSA)/(\d{1,2})\Z", re.ASCII)
_OTHER = re.compile(r"([A-Z]{3})/(\d{1,2})\Z", re.ASCII)
_AWB = re.compile(r"(\d{3})-(\d{8})(?:([A-Z]{3})([A-Z]{3}))?(?:/(.*))?\Z", re.ASCII)
_STATUS = re.compile(r"([A-Z]{3})/(.*)\Z", re.ASCII)
# Addresses and the sender's line of a Type-B message, between one message and the next.
_HEADER = re.compile(r"(?:Q[A-Z] [A-Z0-9 ]+|\.[A-Z0-9]{5,8}(?: .*)?|=[A-Z]+.*)\Z", re.ASCII)
_SUPPLEMENTS = frozenset({"OCI", "ULD", "OSI", "SRI", "SSR", "SCI"})
_CONTROLS = re.compile(r"[\x00-\x09\x0b\x0c\x0e-\x1f]")
_WRAPPED = re.compile(r"\s*(?:UNA.{6}\s*)?UNB\+", re.DOTALL)
_SERVICE = re.compile(r"(?<![A-Z0-9])UN([ABHTZGE])(?:(?<=UNA).{6}|\+((?:[^'?]|\?.)*)(?:'|\Z))", re.DOTALL)
_SENT = re.compile(r"(\d{2}|\d{4})(\d{2})(\d{2}):(\d{2})(\d{2})\Z", re.ASCII)
# The time that follows is the flight's: being on its manifest is a fact already.
_FLIGHT_CLOCK_ONLY = frozenset({"MAN"})
_AHEAD = frozenset({"BKD", "PRE", "TRM"})


@dataclass(slots=True)
class _Status:
    """A status line with what belongs to it. `number`: of the line in the payload, from 1."""

    code: str
    text: str
    number: int
    more: list[str] = field(default_factory=list)
    supplements: dict[str, list[str]] = field(default_factory=dict)


@dataclass(slots=True)
class _Consignment:
    """An air waybill line and its statuses. `sent_at`: the message's own time, when its envelope gives one."""

    mawb: str = ""
    origin: str = ""
    destination: str = ""
    quantity: Quantity | None = None
    sent_at: datetime | None = None
    statuses: list[_Status] = field(default_factory=list)


def parse(raw: bytes, options: Mapping[str, Any]) -> Parsed:
    """All statuses of all FSU and FSA messages. `options["received_at"]` gives the days their year."""
    if refused := refusal(raw):
        return refused
    text = decode(raw)
    lines = _unwrapped(text) if _WRAPPED.match(text) else text.splitlines()
    if not any(_OPENING.match(_clean(line)) for line in lines):
        return _another_message(raw, lines)
    if len(lines) > _MOST_LINES:
        return rejected("too_many", f"The message has more than {_MOST_LINES} lines.")
    events: list[ParsedEvent] = []
    issues: list[ParseIssue] = []
    received_at = _instant(options.get("received_at"))
    position = 0
    for consignment in _consignments(lines, issues):
        for status in consignment.statuses:
            try:
                events.append(_event(status, consignment, consignment.sent_at or received_at, position))
            except BadField as error:
                issues.append(_issue(error.code, error.message, status, position, error.element))
            position += 1
    if not position:
        issues.append(ParseIssue("no_status", "The message reports no status."))
    return Parsed(tuple(events), tuple(issues))


def _another_message(raw: bytes, lines: list[str]) -> Parsed:
    for line in lines:
        if found := _OTHER.match(_clean(line)):
            return rejected("other_message", f"{found[1]} is not a status message (FSU or FSA).", snippet=found[0])
    return wrong_format(raw, _EXPECTED)


def _clean(line: str) -> str:
    return _CONTROLS.sub("", line).strip()


def _unwrapped(text: str) -> list[str]:
    """The lines inside an EDIFACT envelope; UNH becomes the opening line, UNB a line with the time it was sent."""

    def spoken(found: re.Match[str]) -> str:
        elements = (found[2] or "").split("+")
        if found[1] == "H" and len(elements) > 1:
            name, _, version = elements[1].partition(":")
            return f"\n{name.removeprefix('CIM')}/{version.partition(':')[0]}\n"
        return f"\nUNB={elements[3]}\n" if found[1] == "B" and len(elements) > 3 else "\n"

    return re.split(r"\r\n|[\r\n]|(?<!\?)'", _SERVICE.sub(spoken, text))


@dataclass(slots=True)
class _Reader:
    """Takes the lines one by one. `is_ours`: they stand in a message that reports statuses."""

    issues: list[ParseIssue]
    found: list[_Consignment] = field(default_factory=list)
    current: _Consignment | None = None
    sent_at: datetime | None = None
    is_ours: bool = False

    def take(self, line: str, number: int) -> None:
        if line.startswith("UNB="):
            self.sent_at = _sent(line[4:])
        elif (opening := _OTHER.match(line)) and opening[1] not in _SUPPLEMENTS:
            self._open(opening, number)
        elif self.is_ours and (awb := _AWB.match(line)):
            self._begin(_begin(awb, number, self.sent_at, self.issues))
        elif self.is_ours and line and not _HEADER.match(line):
            _add_line(self.current or self._begin(_Consignment(sent_at=self.sent_at)), line, number, self.issues)

    def _open(self, opening: re.Match[str], number: int) -> None:
        self.current = None
        self.is_ours = bool(_OPENING.match(opening[0]))
        if not self.is_ours:
            said = f"{opening[1]} is not a status message and was passed over."
            self.issues.append(ParseIssue("other_message", said, f"{opening[1]}, line {number}"))

    def _begin(self, consignment: _Consignment) -> _Consignment:
        self.current = consignment
        self.found.append(consignment)
        return consignment


def _consignments(lines: list[str], issues: list[ParseIssue]) -> list[_Consignment]:
    """What stands between one opening and the next, by air waybill line."""
    reader = _Reader(issues)
    for number, line in enumerate(lines, start=1):
        reader.take(_clean(line), number)
    return reader.found


def _begin(awb: re.Match[str], number: int, sent_at: datetime | None, issues: list[ParseIssue]) -> _Consignment:
    prefix, serial, origin, destination, quantity = awb.groups()
    if int(serial[:7]) % 7 != int(serial[7]):
        said = f"The check digit of the air waybill {prefix}-{serial} is wrong."
        issues.append(ParseIssue("bad_check_digit", said, f"AWB, line {number}", snippet=awb[0][:120], is_warning=True))
    found = read_quantity(quantity or "")
    if quantity and found is None:
        said = f"The quantity of the air waybill cannot be read: {quantity[:24]}."
        issues.append(ParseIssue("bad_quantity", said, f"AWB, line {number}", "quantity", snippet=awb[0][:120]))
    return _Consignment(f"{prefix}-{serial}", origin or "", destination or "", found, sent_at)


def _add_line(current: _Consignment, line: str, number: int, issues: list[ParseIssue]) -> None:
    last = current.statuses[-1] if current.statuses else None
    if line.startswith("/") and last:
        kind = next(reversed(last.supplements), "")
        (last.supplements[kind] if kind else last.more).append(line[1:])
        return
    found = _STATUS.match(line)
    if found and found[1] in _SUPPLEMENTS:
        if last:
            last.supplements.setdefault(found[1], []).append(found[2])
    elif found:
        current.statuses.append(_Status(found[1], found[2], number))
    else:
        said = "The line is neither a status nor the continuation of one."
        issues.append(ParseIssue("stray_line", said, f"line {number}", snippet=line[:120]))


def _event(status: _Status, consignment: _Consignment, message_at: datetime | None, position: int) -> ParsedEvent:
    read = read_status(status.code, "/".join((status.text, *filter(None, status.more))))
    if not consignment.mawb:
        raise BadField("no_reference", "No air waybill stands before this status.", "AWB")
    clock = read.clocks[0] if read.clocks else None
    says = clock.kind if clock and status.code not in _FLIGHT_CLOCK_ONLY else ""
    classifier = CLASSIFIERS.get(says, "")
    is_ahead = classifier not in ("", Classifier.ACTUAL) or (not classifier and status.code in _AHEAD)
    on = _date(read.day, message_at, is_ahead=is_ahead)
    shown = clock or read.day or Day(on.day, on.month)
    wall = wall_time(on, shown.clock, shown.shift)
    if not wall:
        raise BadField("bad_time", "There is no such day.", "day")
    return ParsedEvent(
        position=position,
        raw_code=f"DIS-{read.discrepancy}" if status.code == "DIS" else status.code,
        code_list=CODE_LIST,
        wall_time=wall,
        classifier=classifier,
        precision=(TimePrecision.MINUTE if shown.clock else TimePrecision.DAY).value,
        place=ParsedPlace(iata=read.airport, text=read.airport) if read.airport else NOWHERE,
        flight=read.flight,
        references=((ReferenceType.MAWB.value, consignment.mawb),),
        remarks=", ".join(words(read.rest))[:500],
        attributes={**_attributes(read, consignment, on), **_supplements(status)},
        segment=f"{status.code}, line {status.number}",
    )


def _date(day: Day | None, message_at: datetime | None, *, is_ahead: bool) -> date:
    if day is None:
        raise BadField("no_time", "The status names no day.", "day")
    if message_at is None:
        raise BadField("no_year", "The day has no year, and nobody said when the message came.", "day")
    found = date_of(day, message_at, is_ahead=is_ahead)
    if found is None:
        raise BadField("bad_time", "There is no such day near the time of the message.", "day")
    return found


def _attributes(read: StatusLine, consignment: _Consignment, on: date) -> dict[str, Any]:
    said: dict[str, Any] = dict(_quantities(read, consignment.quantity))
    if read.flight:
        said |= {"mode": "AIR", "flight_date": on.isoformat()}
    if len(read.clocks) > 1:
        arrival = read.clocks[1]
        said["arrival"] = wall_time(on, arrival.clock, arrival.shift)[:16]
        said["arrival_classifier"] = CLASSIFIERS[arrival.kind]
    said["to_airport"] = read.destination
    said["discrepancy"] = read.discrepancy
    said["carrier"] = read.carrier
    if read.code in ("TFD", "RCT") and read.rest:
        # The carrier it came from is the last of what follows, after the number of the transfer manifest.
        said["from_carrier"] = read.rest[-1][:3]
    return {name: value for name, value in said.items() if value}


def _quantities(read: StatusLine, whole: Quantity | None) -> Iterator[tuple[str, Any]]:
    found = read.quantity
    if found is None:
        return
    total = found.total if found.total > found.pieces else whole.total if whole else found.total
    is_part = found.is_part or found.pieces < total
    yield "part", "PARTIAL" if is_part else "TOTAL"
    yield "pieces", found.pieces
    yield "total_pieces", total
    yield "weight", found.weight
    yield "weight_unit", found.weight_unit
    yield "volume", found.volume or read.volume[0]
    yield "volume_unit", found.volume_unit or read.volume[1]


def _supplements(status: _Status) -> dict[str, str]:
    return {kind.lower(): " ".join(lines)[:500] for kind, lines in status.supplements.items() if any(lines)}


def _issue(code: str, message: str, status: _Status, position: int, element: str) -> ParseIssue:
    snippet = f"{status.code}/{status.text}"[:120]
    return ParseIssue(code, message, f"{status.code}, line {status.number}", element, position, snippet)


def _instant(value: object) -> datetime | None:
    try:
        return datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None


def _sent(text: str) -> datetime | None:
    """UNB S004: YYMMDD:HHMM, or with the century. Two digits are of 1970 to 2069."""
    found = _SENT.match(text.strip())
    if not found:
        return None
    year, month, day, hour, minute = map(int, found.groups())
    if year < 100:
        year += 2000 if year < 70 else 1900
    try:
        return datetime(year, month, day, hour, minute, tzinfo=UTC)
    except ValueError:
        return None
