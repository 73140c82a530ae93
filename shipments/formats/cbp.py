"""US customs status: the X12 350 of ACE, and the same dispositions as JSON, as they are often relayed. Pure.

No public sample of a 350 exists and its positions differ between guides: an X4 is read by the shape of its elements
(code, date, time, entry or in-bond number, bill), not by their numbers. What the codes mean, and which of them take
back others, stands in `shipments/tables/codes_cbp.csv`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from shipments.enums import AliasKind, ReferenceType, TimePrecision
from shipments.formats.base import NOWHERE, Parsed, ParsedEvent, ParsedPlace, ParseIssue
from shipments.formats.json_text import Unreadable, issue, items, load_events, mapping, text
from shipments.formats.times import read_iso
from shipments.formats.x12 import Segment, TransactionSet, element
from shipments.formats.x12_sets import Findings, parse_sets
from shipments.formats.x12_values import envelope_day, located, references, wall_time, whole_container
from shipments.tables import read_table

CODE_LIST = "cbp"
EXPECTED = "X12 350"
_KNOWN = frozenset(row["raw_code"] for row in read_table("codes_cbp"))
_LETTERED, _CODE = re.compile(r"\d[A-Z]\Z", re.ASCII), re.compile(r"\d[0-9A-Z]\Z", re.ASCII)
# Three of the filer, seven digits, a check digit; an in-bond number is nine digits; a bill begins with its SCAC.
_ENTRY = re.compile(r"([A-Z0-9]{3})-?(\d{7})-?(\d)\Z", re.ASCII)
_IN_BOND = re.compile(r"\d{9}\Z", re.ASCII)
_BILL = re.compile(r"[A-Z]{4}[A-Z0-9]*\d[A-Z0-9]*\Z", re.ASCII)
_SCAC = re.compile(r"[A-Z]{4}\Z", re.ASCII)
_NUMBER = re.compile(r"[A-Z0-9]*\d[A-Z0-9]{3,}\Z", re.ASCII)
_PORT, _FIRMS = re.compile(r"\d{4}\Z", re.ASCII), re.compile(r"[A-Z][A-Z0-9]\d{2}\Z", re.ASCII)
_FIELDS = ("code", "date", "time", "bill", "container", "entry", "port")
_NUMBERS = frozenset({"N9", "REF"})
_YEAR = 2026


@dataclass(slots=True)
class _Release:
    """An X4 and what follows it."""

    number: int
    x4: Segment
    port: Segment
    numbers: list[Segment] = field(default_factory=list)
    equipment: str = ""


@dataclass(frozen=True, slots=True)
class _Said:
    """What an X4 says, by the shape of its elements. Empty: not found."""

    code: str = ""
    wall: str = ""
    precision: str = TimePrecision.MINUTE.value
    entry: str = ""
    in_bond: str = ""
    bill: str = ""


def parse(raw: bytes, options: Mapping[str, Any]) -> Parsed:
    """All dispositions of all 350 sets of the file, or of {"dispositions": [...]} as JSON."""
    if raw[:64].removeprefix(b"\xef\xbb\xbf").lstrip().startswith((b"{", b"[")):
        return _parse_json(raw)
    return parse_sets(raw, options, {"350": read_set}, EXPECTED)


def read_set(transaction: TransactionSet, findings: Findings) -> None:
    """Every X4 of one 350."""
    m10 = next((segment for segment in transaction.segments if segment[0] == "M10"), [])
    carrier = {"scac": element(m10, 1)[:4], "vessel": element(m10, 5)[:50], "voyage": element(m10, 6)[:50]}
    releases = _releases(transaction)
    if not releases:
        said = f"Transaction set {transaction.number} reports no disposition (X4)."
        findings.issues.append(ParseIssue("no_status", said, f"ST #{transaction.first}"))
    for release in releases:
        findings.add(_event(release, carrier, findings))


def _releases(transaction: TransactionSet) -> list[_Release]:
    """Numbers before the first X4 of a port (P4) are about all of them, those that follow an X4 about that one."""
    releases: list[_Release] = []
    port: Segment = []
    shared: list[Segment] = []
    for offset, segment in enumerate(transaction.segments):
        tag = segment[0]
        is_before = not releases or releases[-1].port is not port
        if tag == "P4":
            port, shared = segment, []
        elif tag == "X4":
            releases.append(_Release(transaction.first + offset, segment, port, [*shared]))
        elif tag in _NUMBERS and is_before:
            shared.append(segment)
        elif not is_before:
            _describe(releases[-1], segment)
    return releases


def _describe(release: _Release, segment: Segment) -> None:
    if segment[0] in _NUMBERS:
        release.numbers.append(segment)
    elif segment[0] == "VID":
        release.equipment = whole_container(element(segment, 2), element(segment, 3))
    elif segment[0] == "N7":
        release.equipment = whole_container(element(segment, 1), element(segment, 2), element(segment, 18))


def _event(release: _Release, carrier: Mapping[str, str], findings: Findings) -> ParsedEvent | ParseIssue:
    segment = f"X4 #{release.number}"
    said = _read(release.x4, findings)
    if not said.code:
        wrong = "X4 holds no disposition code."
        return findings.wrong("no_code", wrong, release.x4, segment, "X4-01")
    if not said.wall:
        wrong = "X4 holds no date that exists."
        return findings.wrong("bad_time", wrong, release.x4, segment, "X4-02")
    told = list(dict.fromkeys(references(release.numbers, 2, 1)))
    container = next((value for type_, value in told if type_ == ReferenceType.CONTAINER.value), "")
    bills = [value for type_, value in told if type_ in (ReferenceType.MBL.value, ReferenceType.HBL.value)]
    bill = said.bill or next(iter(bills), "")
    kept = [pair for pair in told if pair[0] != ReferenceType.CONTAINER.value and pair[1] != said.bill]
    return ParsedEvent(
        position=findings.position,
        raw_code=said.code,
        code_list=CODE_LIST,
        wall_time=said.wall,
        precision=said.precision,
        place=_place(release.port),
        equipment=(release.equipment or whole_container("", container))[:35],
        voyage=carrier.get("voyage", ""),
        references=(*_references(said.bill, said.entry), *kept),
        attributes=_attributes(carrier, bill, said.in_bond),
        segment=segment,
    )


def _references(bill: str, entry: str) -> tuple[tuple[str, str], ...]:
    found = ((ReferenceType.MBL.value, bill), (ReferenceType.MRN.value, entry))
    return tuple(pair for pair in found if pair[1])


def _attributes(carrier: Mapping[str, str], bill: str, in_bond: str) -> dict[str, Any]:
    """`bill`: what the disposition is about; a hold of one bill does not stop another (milestones.holding)."""
    said = {"scac": carrier.get("scac"), "vessel": carrier.get("vessel"), "bill": bill, "in_bond": in_bond}
    return {name: value for name, value in said.items() if value}


def _read(x4: Segment, findings: Findings) -> _Said:
    parts = [element(x4, number) for number in range(1, len(x4))]
    day, index = _day(parts, findings)
    clocks = [part for part in parts[index + 1 : index + 3] if len(part) in (4, 6)] if day else []
    clock = next((part for part in clocks if wall_time(day, part)), "")
    entry = next((found for part in parts if (found := _ENTRY.match(part)) and not _BILL.match(part)), None)
    return _Said(
        code=_code(parts),
        wall=wall_time(day, clock) if day else "",
        precision=(TimePrecision.MINUTE if clock else TimePrecision.DAY).value,
        entry="".join(entry.groups()) if entry else "",
        in_bond=next((part for part in parts if _IN_BOND.match(part)), ""),
        bill=_bill(parts),
    )


def _code(parts: Sequence[str]) -> str:
    """A digit and a letter is always a disposition; two digits may also be the type of the entry."""
    fitting = [part for part in parts if _CODE.match(part)]
    lettered = [part for part in fitting if _LETTERED.match(part)]
    known = [part for part in fitting if part in _KNOWN]
    return next(iter((*lettered, *known, *fitting)), "")


def _day(parts: Sequence[str], findings: Findings) -> tuple[str, int]:
    """CCYYMMDD of the first element that is a day, and its index; six digits count from the day of the envelope."""
    for index, part in enumerate(parts):
        if len(part) == 8 and part[:2] in ("19", "20") and wall_time(part, ""):
            return part, index
    year = int(findings.sent[:4] or _YEAR)
    for index, part in enumerate(parts):
        if len(part) == 6 and (day := envelope_day(part, year)):
            return day.replace("-", ""), index
    return "", -1


def _bill(parts: Sequence[str]) -> str:
    """A bill as one element, or its SCAC and number as two that follow each other."""
    for part in parts:
        if 6 <= len(part) <= 20 and _BILL.match(part):
            return part
    for scac, number in pairwise(parts):
        if _SCAC.match(scac) and _NUMBER.match(number) and len(number) <= 16 and not _IN_BOND.match(number):
            return scac + number
    return ""


def _place(p4: Segment) -> ParsedPlace:
    """P4: the port by Schedule D, and the terminal by FIRMS code."""
    parts = [element(p4, number) for number in range(1, len(p4))]
    port = next((part for part in parts if _PORT.match(part)), "")
    firms = next((part for part in parts if _FIRMS.match(part)), "")
    if port:
        text_ = f"Schedule D {port}" + (f", FIRMS {firms}" if firms else "")
        return ParsedPlace(code=f"D:{port}", code_kind=AliasKind.OTHER.value, country="US", text=text_)
    return ParsedPlace(code=firms, code_kind=AliasKind.FIRMS.value, country="US", text=firms) if firms else NOWHERE


def _parse_json(raw: bytes) -> Parsed:
    loaded = load_events(raw, "customs dispositions")
    if isinstance(loaded, Parsed):
        return loaded
    events: list[ParsedEvent] = []
    issues: list[ParseIssue] = []
    try:
        rows = [row for one in loaded for row in _rows(one)]
    except Unreadable as error:
        return Parsed(issues=(ParseIssue(error.code, error.message, element=error.element),))
    for position, row in enumerate(rows):
        try:
            events.append(_disposition(mapping(row, "disposition"), position))
        except Unreadable as error:
            issues.append(issue(error, row, position))
    if not rows:
        issues.append(ParseIssue("no_events", "The message holds no dispositions."))
    return Parsed(tuple(events), tuple(issues))


def _rows(value: Any) -> list[Any]:
    if isinstance(value, dict) and "dispositions" in value:
        return items(value["dispositions"], "dispositions")
    return [value]


def _disposition(row: Mapping[str, Any], position: int) -> ParsedEvent:
    said = {
        name: text(row.get(name), name, 64) for name in ("code", "date", "time", "bill", "container", "entry", "port")
    }
    code = said["code"].upper()
    if not code:
        raise Unreadable("no_code", "The disposition has no code.", "code")
    wall, zone, precision = _when(said["date"], said["time"])
    bare = said["entry"].replace("-", "")
    return ParsedEvent(
        position=position,
        raw_code=code[:8],
        code_list=CODE_LIST,
        wall_time=wall,
        zone=zone,
        precision=precision,
        place=_port(said["port"]),
        equipment=whole_container("", said["container"].upper())[:35],
        references=_references(said["bill"], "" if _IN_BOND.match(bare) else bare),
        attributes=_attributes({}, said["bill"], bare if _IN_BOND.match(bare) else ""),
        segment=f"event {position + 1}",
    )


def _when(day: str, clock: str) -> tuple[str, str, str]:
    """Wall time, zone and precision of CCYYMMDD and HHMM, or of ISO 8601 with or without its offset."""
    if wall := wall_time(day, clock.replace(":", "")):
        return wall, "", (TimePrecision.MINUTE if clock else TimePrecision.DAY).value
    found = read_iso(f"{day}T{clock}" if clock and "T" not in day else day)
    if found is None:
        raise Unreadable("bad_time", f"There is no such date and time: {day[:24]} {clock[:16]}.", "date")
    return found.wall, found.zone, found.precision


def _port(said: str) -> ParsedPlace:
    if _PORT.match(said):
        return _place(["P4", said])
    return _place(["P4", said]) if _FIRMS.match(said) else located("", said)
