"""X12 214, transportation carrier shipment status: every AT7 is an event. Pure.

Positions after the published implementation guides of versions 4010 to 5010 (docs/formats.md has the table).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from shipments.enums import ReferenceType, TimePrecision
from shipments.formats.base import Parsed, ParsedEvent, ParsedPlace, ParseIssue
from shipments.formats.recognise import refusal, wrong_format
from shipments.formats.times import checked
from shipments.formats.x12 import Segment, TransactionSet, element, read
from shipments.references import reference_type
from shipments.tables import read_table
from shipments.zones import country_of_state

STATUS, APPOINTMENT = "1650", "1652"
_EXPECTED = "X12 214"
# Acknowledgements are about messages, not about freight.
_ACKNOWLEDGEMENTS = frozenset({"997", "999", "TA1"})
# Element 623 → IANA zone or fixed offset; "LT" (local time) stays empty.
_ZONES = {row["code"]: row["zone"] for row in read_table("x12_time_codes")}
_COUNTRIES = {"USA": "US", "CAN": "CA", "MEX": "MX"}
# "NS" and "NA" say that there is nothing to explain.
_NO_REASON = frozenset({"", "NS", "NA"})
_CLOCK_LENGTHS = frozenset({4, 6, 8})
_LONGEST = 64


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
    """All statuses of all 214 sets of the interchange; sets of other kinds are reported and passed over."""
    if refused := refusal(raw):
        return refused
    interchange = read(raw)
    if not interchange.is_x12:
        return wrong_format(raw, _EXPECTED)
    events: list[ParsedEvent] = []
    issues = interchange.issues
    position = 0
    for transaction in interchange.sets:
        if transaction.kind == "214":
            position = _read_set(transaction, events, issues, position)
        elif transaction.kind not in _ACKNOWLEDGEMENTS:
            said = f"Transaction set {transaction.kind} {transaction.number} is not a 214 and was passed over."
            issues.append(ParseIssue("other_set", said, f"ST #{transaction.first}", "ST-01"))
    return Parsed(tuple(events), tuple(issues))


def _read_set(transaction: TransactionSet, events: list[ParsedEvent], issues: list[ParseIssue], position: int) -> int:
    """Add what the set says, counting from `position`; returns the position that follows."""
    header, *loops = _loops(transaction)
    opening = next((segment for segment in transaction.segments if segment[0] == "B10"), [])
    first = position
    for loop in (header, *loops):
        if not loop.statuses:
            continue
        context = _context(opening, header, loop)
        for status in loop.statuses:
            found = _event(status, context, position)
            if isinstance(found, ParsedEvent):
                events.append(found)
            else:
                issues.append(found)
            position += 1
    if position == first:
        said = f"Transaction set {transaction.number} reports no status (AT7)."
        issues.append(ParseIssue("no_status", said, f"ST #{transaction.first}"))
    return position


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


def _context(opening: Segment, header: _Loop, loop: _Loop) -> _Context:
    numbers = loop.numbers if loop is header else [*loop.numbers, *header.numbers]
    references = dict.fromkeys((*_b10(opening), *_l11(numbers)))
    attributes: dict[str, Any] = {}
    if scac := element(opening, 3):
        attributes["scac"] = scac[:4]
    if stop := next((element(segment, 1) for segment in numbers if element(segment, 2) == "QN"), ""):
        attributes["stop_sequence"] = stop[:16]
    attributes.update(_quantities(loop.weight or header.weight))
    return _Context(tuple(references), attributes)


def _b10(opening: Segment) -> Iterator[tuple[str, str]]:
    """The carrier's number (PRO) and the shipper's number of the shipment."""
    for number, type_ in ((1, ReferenceType.PRO), (2, ReferenceType.CUSTOMER)):
        value = element(opening, number)
        if value and len(value) <= _LONGEST:
            yield type_.value, value


def _l11(numbers: list[Segment]) -> Iterator[tuple[str, str]]:
    for segment in numbers:
        value, type_ = element(segment, 1), reference_type(element(segment, 2))
        if type_ and value and len(value) <= _LONGEST:
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


def _event(status: _Status, context: _Context, position: int) -> ParsedEvent | ParseIssue:
    at7 = status.at7
    code, code_list, reason = element(at7, 1), STATUS, element(at7, 2)
    if not code:
        code, code_list, reason = element(at7, 3), APPOINTMENT, element(at7, 4)
    if not code:
        return _issue("no_code", "AT7 names neither a status nor an appointment.", status, position, "AT7-01")
    wall = _wall_time(element(at7, 5), element(at7, 6))
    if not wall:
        said = f"{element(at7, 5)[:16] or 'nothing'} {element(at7, 6)[:16]}".strip()
        return _issue("bad_time", f"There is no such date and time: {said}.", status, position, "AT7-05")
    zone_code = element(at7, 7)
    equipment, attributes = element(status.equipment, 2), context.attributes
    if reason not in _NO_REASON:
        attributes = {**attributes, "reason_code": reason[:8]}
    return ParsedEvent(
        position=position,
        raw_code=code,
        code_list=code_list,
        wall_time=wall,
        zone=_ZONES.get(zone_code, ""),
        zone_code=zone_code[:8],
        precision=TimePrecision.MINUTE.value if element(at7, 6) else TimePrecision.DAY.value,
        place=_place(status.place) if status.place else ParsedPlace(),
        equipment=_equipment(status.equipment) if equipment else "",
        references=context.references,
        attributes=attributes,
    )


def _issue(code: str, message: str, status: _Status, position: int, where: str) -> ParseIssue:
    return ParseIssue(code, message, f"AT7 #{status.number}", where, position, "*".join(status.at7)[:120])


def _wall_time(day: str, clock: str) -> str:
    """CCYYMMDD and HHMM, HHMMSS or HHMMSSDD (hundredths) as ISO; no clock: midnight; '' when there is no such time."""
    clock = clock or "0000"
    digits = day + clock
    if len(day) != 8 or len(clock) not in _CLOCK_LENGTHS or not (digits.isascii() and digits.isdigit()):
        return ""
    return checked(f"{day[:4]}-{day[4:6]}-{day[6:]}T{clock[:2]}:{clock[2:4]}:{clock[4:6] or '00'}")


def _place(ms1: Segment) -> ParsedPlace:
    city, state, country = element(ms1, 1)[:100], element(ms1, 2)[:3], element(ms1, 3)
    country = _COUNTRIES.get(country, country[:2]) or country_of_state(state)
    latitude = _coordinate(element(ms1, 5), element(ms1, 7), 90)
    longitude = _coordinate(element(ms1, 4), element(ms1, 6), 180)
    text = ", ".join(part for part in (city, state, element(ms1, 3)[:3]) if part)
    if latitude is None or longitude is None:
        return ParsedPlace(name=city, subdivision=state, country=country, text=text)
    return ParsedPlace(
        name=city, subdivision=state, country=country, text=text or f"{latitude}, {longitude}",
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
    """Owner's prefix, number and check digit as one; a number that has its prefix already stays as it is."""
    prefix, number, digit = element(ms2, 1), element(ms2, 2), element(ms2, 4)
    if prefix and number[0].isdigit():
        number = prefix + number
    return number + digit if len(number) == 10 and len(digit) == 1 else number
