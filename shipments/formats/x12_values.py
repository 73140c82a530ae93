"""Values that several transaction sets write the same way: times and their zones, places, containers, numbers. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from shipments.enums import AliasKind, TimePrecision
from shipments.formats.base import NOWHERE, ParsedPlace
from shipments.formats.times import checked
from shipments.formats.x12 import Segment, element
from shipments.identifiers import container_check_digit
from shipments.references import reference_type
from shipments.tables import read_table
from shipments.zones import country_of_state, load_zone, zone_of

LONGEST = 64
# Element 623 → IANA zone or fixed offset; "LT" (local time) stays empty.
ZONES = {row["code"]: row["zone"] for row in read_table("x12_time_codes")}
# "ES" says Eastern standard time in summer too; "ET" is the clock on the wall (formats.md 9.3, rule 18).
_LOCAL = {code: ZONES[code[0] + "T"] for code in ("ES", "CS", "MS", "PS", "AS", "HS", "TS", "NS")}
_COUNTRIES = {"USA": "US", "CAN": "CA", "MEX": "MX"}
_CLOCK_LENGTHS = frozenset({4, 6, 8})
_UNLOCODE = re.compile(r"[A-Z]{2}[A-Z2-9]{3}(?:\d{0,6})\Z", re.ASCII)
_CONTAINER = re.compile(r"[A-Z]{3}[UJZ]\d{7}\Z", re.ASCII)
_WITHOUT_DIGIT = re.compile(r"[A-Z]{3}[UJZ]\d{6}\Z", re.ASCII)
_SIGNS = re.compile(r"[\s./-]")


@dataclass(frozen=True, slots=True)
class Moment:
    """`wall` is empty when there is no such date and time. `warning`: the time code is doubtful, in words."""

    wall: str
    precision: str = TimePrecision.MINUTE.value
    zone: str = ""
    zone_code: str = ""
    warning: str = ""


def moment(
    day: str, clock: str, zone_code: str = "", place: ParsedPlace = NOWHERE, options: Mapping[str, Any] | None = None
) -> Moment:
    """Date, time and time code (elements 373, 337, 623) of something that happened at `place`.

    CCYYMMDD and HHMM, HHMMSS or HHMMSSDD (hundredths); no clock: midnight of a day. The option
    `treat_standard_as_local` is for senders that write ES all year and mean the clock on the wall.
    """
    wall = wall_time(day, clock)
    precision = TimePrecision.MINUTE.value if clock else TimePrecision.DAY.value
    zone, warning = ZONES.get(zone_code, ""), ""
    if wall and zone_code in _LOCAL:
        zone, warning = _standard(wall, zone_code, place, is_local=bool((options or {}).get("treat_standard_as_local")))
    return Moment(wall, precision, zone, zone_code[:8], warning)


def wall_time(day: str, clock: str) -> str:
    """ISO 8601 to the second; '' when there is no such time."""
    clock = clock or "0000"
    digits = day + clock
    if len(day) != 8 or len(clock) not in _CLOCK_LENGTHS or not (digits.isascii() and digits.isdigit()):
        return ""
    return checked(f"{day[:4]}-{day[4:6]}-{day[6:]}T{clock[:2]}:{clock[2:4]}:{clock[4:6] or '00'}")


def _standard(wall: str, code: str, place: ParsedPlace, *, is_local: bool) -> tuple[str, str]:
    """Zone, and a warning when the clocks there show summer time at that moment."""
    fixed, there = ZONES[code], zone_of(place.country, place.subdivision) or _LOCAL[code]
    zone = load_zone(there)
    if not isinstance(zone, ZoneInfo):
        return fixed, ""
    if is_local:
        # Saskatchewan and Arizona have standard time all year: there the code is right.
        return (_LOCAL[code] if _has_summer_time(zone, int(wall[:4])) else fixed), ""
    if not datetime.fromisoformat(wall).replace(tzinfo=zone).dst():
        return fixed, ""
    return fixed, f"{code} is standard time ({fixed}), but summer time is in force then in {there}."


def _has_summer_time(zone: ZoneInfo, year: int) -> bool:
    return (
        datetime(year, 1, 1, tzinfo=UTC).astimezone(zone).utcoffset()
        != datetime(year, 7, 1, tzinfo=UTC).astimezone(zone).utcoffset()
    )


def envelope_day(isa09: str, year: int) -> str:
    """YYMMDD of an ISA as ISO: of the century that lies 70 years before to 29 years after `year`; '' when it is none.

    Only for the envelope (formats.md 9.3, rule 20): dates of events have four digits.
    """
    if len(isa09) == 8:
        return wall_time(isa09, "")[:10]
    if len(isa09) != 6 or not (isa09.isascii() and isa09.isdigit()):
        return ""
    first = year - 70
    full = first + (int(isa09[:2]) - first) % 100
    return wall_time(f"{full}{isa09[2:]}", "")[:10]


def is_old(wall: str, sent: str) -> bool:
    """Whether it happened more than two years before the interchange was sent. Both ISO."""
    return bool(sent) and datetime.fromisoformat(wall) < datetime.fromisoformat(sent) - timedelta(days=730)


def country(code: str, state: str = "") -> str:
    """The two letters of a country that is written with two or three, or that a state of North America lies in."""
    return _COUNTRIES.get(code, code[:2]) or country_of_state(state)


def located(qualifier: str, value: str) -> ParsedPlace:
    """A place by location qualifier (element 309) and identifier. What the qualifier promises is tested by its shape.

    UN may stand before a name. A code of a list that is nobody's UN/LOCODE stands with its qualifier: "SL:218317".
    """
    value = value[:80]
    if not value:
        return NOWHERE
    if qualifier in ("UN", "") and _UNLOCODE.match(value):
        return ParsedPlace(unlocode=value[:5], facility=value if len(value) > 5 else "", text=value)
    if qualifier in ("UN", "CI", ""):
        return ParsedPlace(name=value, text=value)
    if qualifier == "IA" and len(value) == 3:
        return ParsedPlace(iata=value, text=value)
    if qualifier == "FR":
        return ParsedPlace(code=value, code_kind=AliasKind.FIRMS.value, text=value)
    return ParsedPlace(code=f"{qualifier}:{value}"[:80], code_kind=AliasKind.OTHER.value, text=value)


def whole_container(prefix: str, number: str, digit: str = "") -> str:
    """Owner's prefix, number and check digit as one; a number that has its prefix already stays as it is.

    A check digit that was left out is computed: the shipment has the number with it.
    """
    number = _SIGNS.sub("", number)
    if prefix and number[:1].isdigit():
        number = prefix + number
    if len(number) == 10 and len(digit) == 1:
        return number + digit
    return number + container_check_digit(number) if _WITHOUT_DIGIT.match(number) else number


def has_valid_check_digit(container: str) -> bool:
    """Four letters, six digits and the check digit that follows from them."""
    return bool(_CONTAINER.match(container)) and container[10] == container_check_digit(container[:10])


def references(
    segments: Iterable[Segment], value_at: int, qualifier_at: int, repetition: str = ""
) -> Iterator[tuple[str, str]]:
    """(ReferenceType, value) of N9 or L11 segments, as far as we know the qualifier. A repeated element is several."""
    for segment in segments:
        type_ = reference_type(element(segment, qualifier_at))
        if type_ is None:
            continue
        said = element(segment, value_at)
        for value in said.split(repetition) if repetition else (said,):
            if (bare := value.strip()) and len(bare) <= LONGEST:
                yield type_.value, bare
