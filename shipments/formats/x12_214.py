"""X12 214, transportation carrier shipment status: every AT7 is an event. Pure.

Positions after the published implementation guides of versions 4010 to 5010 (docs/formats.md has the table).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from shipments.enums import ReferenceType
from shipments.formats.base import Parsed, ParsedEvent, ParsedPlace, ParseIssue
from shipments.formats.x12 import Segment, TransactionSet, element
from shipments.formats.x12_sets import Findings, parse_sets
from shipments.formats.x12_values import LONGEST, country, moment, references, whole_container

STATUS, APPOINTMENT = "1650", "1652"
EXPECTED = "X12 214"
# "NS" and "NA" say that there is nothing to explain.
_NO_REASON = frozenset({"", "NS", "NA"})


@dataclass(slots=True)
class _Status:
    """An AT7 and what follows it. `number`: of the segment in the interchange."""

    at7: Segment
    number: int
    place: Segment = field(default_factory=list)
    equipment: Segment = field(default_factory=list)


@dataclass(slots=True)
class _Loop:
    """The header, or one LX loop: its statuses, and what is said of all of them."""

    statuses: list[_Status] = field(default_factory=list)
    numbers: list[Segment] = field(default_factory=list)
    weight: Segment = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Context:
    """What every status of a loop shares."""

    references: tuple[tuple[str, str], ...]
    attributes: dict[str, Any]


def parse(raw: bytes, options: Mapping[str, Any]) -> Parsed:
    """All statuses of all 214 sets of the file; sets of other kinds are reported and passed over.

    Options: `treat_standard_as_local` (see `x12_values.moment`).
    """
    return parse_sets(raw, options, {"214": read_set}, EXPECTED)


def read_set(transaction: TransactionSet, findings: Findings) -> None:
    """Every AT7 of one 214."""
    header, *loops = _loops(transaction)
    opening = next((segment for segment in transaction.segments if segment[0] == "B10"), [])
    first = findings.position
    for loop in (header, *loops):
        if not loop.statuses:
            continue
        context = _context(opening, header, loop, transaction.repetition)
        for status in loop.statuses:
            findings.add(_event(status, context, findings))
    if findings.position == first:
        said = f"Transaction set {transaction.number} reports no status (AT7)."
        findings.issues.append(ParseIssue("no_status", said, f"ST #{transaction.first}"))


def _loops(transaction: TransactionSet) -> list[_Loop]:
    """The header first, then every LX loop. MS1 and MS2 belong to the AT7 before them, L11 and AT8 to the loop."""
    loop = _Loop()
    loops = [loop]
    for offset, segment in enumerate(transaction.segments):
        tag = segment[0]
        if tag == "LX":
            loop = _Loop()
            loops.append(loop)
        elif tag == "AT7":
            loop.statuses.append(_Status(segment, transaction.first + offset))
        elif tag == "L11":
            loop.numbers.append(segment)
        elif tag == "AT8":
            loop.weight = segment
        elif loop.statuses:
            _add(loop.statuses[-1], segment)
    return loops


def _add(status: _Status, segment: Segment) -> None:
    if segment[0] == "MS1":
        status.place = segment
    elif segment[0] == "MS2":
        status.equipment = segment


def _context(opening: Segment, header: _Loop, loop: _Loop, repetition: str) -> _Context:
    numbers = loop.numbers if loop is header else [*loop.numbers, *header.numbers]
    found = dict.fromkeys((*_b10(opening), *references(numbers, 1, 2, repetition)))
    attributes: dict[str, Any] = {}
    if scac := element(opening, 3):
        attributes["scac"] = scac[:4]
    if stop := next((element(segment, 1) for segment in numbers if element(segment, 2) == "QN"), ""):
        attributes["stop_sequence"] = stop[:16]
    attributes.update(_quantities(loop.weight or header.weight))
    return _Context(tuple(found), attributes)


def _b10(opening: Segment) -> Iterator[tuple[str, str]]:
    """The carrier's number (PRO) and the shipper's number of the shipment."""
    for number, type_ in ((1, ReferenceType.PRO), (2, ReferenceType.CUSTOMER)):
        value = element(opening, number)
        if value and len(value) <= LONGEST:
            yield type_.value, value


def _quantities(weight: Segment) -> Iterator[tuple[str, Any]]:
    """AT8: unit, weight and number of pieces; a zero says that nobody weighed."""
    if _is_positive(element(weight, 3)):
        yield "weight", element(weight, 3)[:16]
        yield "weight_unit", element(weight, 2)[:2]
    if _is_positive(pieces := element(weight, 4)) and pieces.isdigit():
        yield "pieces", int(pieces[:9])


def _is_positive(number: str) -> bool:
    return number.isascii() and number.replace(".", "", 1).isdigit() and number.strip("0.") != ""


def _event(status: _Status, context: _Context, findings: Findings) -> ParsedEvent | ParseIssue:
    at7, segment = status.at7, f"AT7 #{status.number}"
    code, code_list, reason = element(at7, 1), STATUS, element(at7, 2)
    if not code:
        code, code_list, reason = element(at7, 3), APPOINTMENT, element(at7, 4)
    if not code:
        said = "AT7 names neither a status nor an appointment."
        return findings.wrong("no_code", said, at7, segment, "AT7-01")
    place = _place(status.place) if status.place else ParsedPlace()
    when = moment(element(at7, 5), element(at7, 6), element(at7, 7), place, findings.options)
    if not when.wall:
        said = f"{element(at7, 5)[:16] or 'nothing'} {element(at7, 6)[:16]}".strip()
        said = f"There is no such date and time: {said}."
        return findings.wrong("bad_time", said, at7, segment, "AT7-05")
    findings.doubt(when, segment)
    attributes = context.attributes
    if reason not in _NO_REASON:
        attributes = {**attributes, "reason_code": reason[:8]}
    return ParsedEvent(
        position=findings.position,
        raw_code=code,
        code_list=code_list,
        wall_time=when.wall,
        zone=when.zone,
        zone_code=when.zone_code,
        precision=when.precision,
        place=place,
        equipment=_equipment(status.equipment),
        references=context.references,
        attributes=attributes,
        segment=segment,
    )


def _place(ms1: Segment) -> ParsedPlace:
    city, state = element(ms1, 1)[:100], element(ms1, 2)[:3]
    land = country(element(ms1, 3), state)
    latitude = _coordinate(element(ms1, 5), element(ms1, 7), 90)
    longitude = _coordinate(element(ms1, 4), element(ms1, 6), 180)
    text = ", ".join(part for part in (city, state, element(ms1, 3)[:3]) if part)
    if latitude is None or longitude is None:
        return ParsedPlace(name=city, subdivision=state, country=land, text=text)
    return ParsedPlace(
        name=city, subdivision=state, country=land, text=text or f"{latitude}, {longitude}",
        latitude=latitude, longitude=longitude,
    )  # fmt: skip


def _coordinate(value: str, letter: str, most: int) -> float | None:
    """Decimal degrees, or DDDMMSS without a dot. The letter decides the sign: some senders write a minus and a W."""
    digits = value.lstrip("+-")
    if not _is_number(digits):
        return None
    if "." in digits:
        degrees = float(digits)
    else:
        whole = int(digits)
        degrees = whole // 10_000 + whole // 100 % 100 / 60 + whole % 100 / 3600
    if degrees > most:
        return None
    is_negative = letter in ("W", "S") or (letter not in ("E", "N") and value.startswith("-"))
    return round(-degrees if is_negative else degrees, 5)


def _is_number(digits: str) -> bool:
    return len(digits) <= 12 and digits.isascii() and digits.replace(".", "", 1).isdigit()


def _equipment(ms2: Segment) -> str:
    number = element(ms2, 2)
    return whole_container(element(ms2, 1), number, element(ms2, 4)) if number else ""
