"""What stands in the segments that EDIFACT status messages share: DTM, LOC, RFF, TDT, EQD. Pure.

Positions after the UN/EDIFACT segment directory; code lists 2005, 2379, 3227, 1153, 8067, 8169 and 8249.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

from shipments.enums import AliasKind, ReferenceType, TimePrecision
from shipments.formats.base import ParsedEvent, ParsedPlace, content_id
from shipments.formats.edifact import Segment, part
from shipments.formats.times import checked, read_offset

_Said = TypeVar("_Said")

CANCELLATION = "1"
MOST_REFERENCES = 100
_LONGEST = 64
_DIGITS_AND_ZONE = re.compile(r"(\d{6,14})([+-]\d{2}(?::?\d{2})?|Z?[A-Z]{0,5})\Z", re.ASCII)
# What the three letters of DTM 303 and 304 mean where they mean one thing only; the others stand for the place's zone.
_ZONES = {
    "UTC": "+00:00", "GMT": "+00:00", "Z": "+00:00", "ZZZ": "", "WET": "+00:00", "CET": "+01:00", "MEZ": "+01:00",
    "EET": "+02:00", "MSK": "+03:00", "HKT": "+08:00", "SGT": "+08:00", "JST": "+09:00", "KST": "+09:00",
    "EST": "-05:00", "EDT": "-04:00", "MST": "-07:00", "MDT": "-06:00", "PST": "-08:00", "PDT": "-07:00",
}  # fmt: skip
# 2379 → how many digits it promises; a length that is another one is believed instead, and reported.
_PROMISED = {"101": 6, "102": 8, "201": 10, "202": 12, "203": 12, "204": 14, "205": 12, "303": 12, "304": 14}
_SHORT_YEAR_TO_SECONDS = "202"
_UNLOCODE = re.compile(r"[A-Z]{2}[A-Z2-9]{3}(?![A-Za-z])\w{0,6}\Z", re.ASCII)
_UN_LISTS, _UN_AGENCY = frozenset({"139", "16", "25"}), "6"
_COUNTRY_LISTS, _STATE_LISTS = frozenset({"162", "53"}), frozenset({"163"})
_IATA_AGENCY, _GS1_AGENCY = "3", "9"
_MODES = {"1": "VESSEL", "2": "RAIL", "3": "ROAD", "4": "AIR", "5": "PARCEL", "8": "BARGE"}
_LADEN = {"4": "EMPTY", "5": "LADEN", "7": "LADEN", "8": "LADEN"}
_DIRECTIONS = {"2": "EXPORT", "3": "IMPORT", "6": "TRANSSHIPMENT"}
# 1153 → what we file it under. A list of its own: letters of X12 (AS, CN) mean something else here.
_REFERENCES: dict[str, ReferenceType] = {
    "BM": ReferenceType.MBL, "MB": ReferenceType.MBL, "AAS": ReferenceType.MBL,
    "BH": ReferenceType.HBL, "HB": ReferenceType.HBL,
    "AWB": ReferenceType.MAWB, "MWB": ReferenceType.MAWB, "HWB": ReferenceType.HAWB,
    "BN": ReferenceType.BOOKING,
    "EQ": ReferenceType.CONTAINER, "AAQ": ReferenceType.CONTAINER,
    "ON": ReferenceType.PO, "CO": ReferenceType.PO, "VN": ReferenceType.PO,
    "CN": ReferenceType.PRO, "AAM": ReferenceType.PRO,
    "CU": ReferenceType.CUSTOMER, "FF": ReferenceType.CUSTOMER, "CR": ReferenceType.CUSTOMER,
    "UCN": ReferenceType.CUSTOMER, "AAO": ReferenceType.CUSTOMER, "SI": ReferenceType.CUSTOMER,
    "SRN": ReferenceType.SHIPMENT, "DQ": ReferenceType.DELIVERY_ORDER, "AAJ": ReferenceType.DELIVERY_ORDER,
    "ABT": ReferenceType.MRN, "AAE": ReferenceType.MRN, "MRN": ReferenceType.MRN,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Moment:
    """A DTM: `wall` ISO without offset, `zone` a fixed offset or ''. `is_odd`: its length is not that of its format."""

    qualifier: str
    wall: str
    zone: str = ""
    zone_code: str = ""
    precision: str = TimePrecision.MINUTE.value
    is_odd: bool = False
    said: str = ""
    number: int = 0

    @property
    def iso(self) -> str:
        """With its offset, where it has one."""
        return self.wall + self.zone


@dataclass(frozen=True, slots=True)
class Carriage:
    """A TDT: `stage` 20 is the main carriage. `plate`: the licence plate of a truck."""

    stage: str
    mode: str = ""
    voyage: str = ""
    vessel_imo: str = ""
    vessel: str = ""
    carrier: str = ""
    plate: str = ""


def moment(segment: Segment, number: int) -> Moment:
    """The instant of a DTM. `wall` is empty when there is no such day or time."""
    qualifier, value, format_ = part(segment, 1), part(segment, 1, 2), part(segment, 1, 3)
    if not format_ and part(segment, 2).isdigit():
        # The sign of an offset east of Greenwich, sent without the release character it needs.
        value, format_ = f"{value}+{part(segment, 2)}", part(segment, 2, 2)
    found = _DIGITS_AND_ZONE.match(_first_of_period(value, format_))
    if not found:
        return Moment(qualifier, "", said=value[:35], number=number)
    digits, letters = found.groups()
    wall = _wall(digits, format_)
    zone, zone_code = _zone(letters)
    return Moment(
        qualifier, wall, zone, zone_code,
        precision=_precision(len(digits)),
        is_odd=_PROMISED.get(format_, len(digits)) != len(digits),
        said=value[:35],
        number=number,
    )  # fmt: skip


def _first_of_period(value: str, format_: str) -> str:
    """Formats 711 to 719 say from when to when; what happened has begun at the first of them."""
    if not format_.startswith("71"):
        return value
    first, dash, last = value.partition("-")
    if dash and len(first) == len(last):
        return first
    return value[: len(value) // 2] if len(value) in (16, 24) else value


def _wall(digits: str, format_: str) -> str:
    """By the number of digits: formats and lengths disagree in real messages, and the length is what was written."""
    if len(digits) in (6, 10) or (len(digits) == 12 and format_ == _SHORT_YEAR_TO_SECONDS):
        digits = ("19" if digits[0] >= "7" else "20") + digits
    if len(digits) not in (8, 12, 14):
        return ""
    clock = digits[8:].ljust(6, "0")
    return checked(f"{digits[:4]}-{digits[4:6]}-{digits[6:8]}T{clock[:2]}:{clock[2:4]}:{clock[4:]}")


def _precision(digits: int) -> str:
    if digits in (6, 8):
        return TimePrecision.DAY.value
    return TimePrecision.SECOND.value if digits == 14 else TimePrecision.MINUTE.value


def _zone(letters: str) -> tuple[str, str]:
    """The offset, and the zone as it was written."""
    if letters[:1] in ("+", "-") and letters:
        return read_offset(letters) or "", letters
    return _ZONES.get(letters, ""), letters[:8]


def prepared_at(day: str, clock: str) -> str:
    """UNB S004 as ISO: YYMMDD or CCYYMMDD (both occur in every syntax version), padded to eight digits by some."""
    if len(day) == 8 and day.startswith("00"):
        day = day[2:]
    digits = day + (clock if len(clock) == 4 else "0000")
    return _wall(digits, "") if digits.isascii() and digits.isdigit() else ""


def place(segment: Segment) -> ParsedPlace:
    """The place of a LOC: C517 names it; C519 and C553 may name a terminal in it, its state or its country."""
    code, list_, agency, name = (part(segment, 2, number) for number in (1, 2, 3, 4))
    terminal = subdivision = country = ""
    for element in (3, 4):
        related, its_list, its_agency = (part(segment, element, number) for number in (1, 2, 3))
        if its_list in _COUNTRY_LISTS or (len(related) == 2 and not its_list and not its_agency):
            country = related[:2]
        elif its_list in _STATE_LISTS:
            subdivision = related[:6]
        elif related and not terminal:
            terminal = related[:17]
    spoken = _squeezed(name)
    if _is_unlocode(code, list_, agency):
        return ParsedPlace(
            unlocode=code[:11], facility=terminal, name=spoken[:100], subdivision=subdivision,
            country=country or code[:2], text=spoken[:200],
        )  # fmt: skip
    near = ParsedPlace(name=spoken[:100], subdivision=subdivision, country=country, text=(spoken or code)[:200])
    return _otherwise(near, code, agency, terminal)


def _otherwise(near: ParsedPlace, code: str, agency: str, terminal: str) -> ParsedPlace:
    """A place that no UN/LOCODE names: an airport, a GLN, a terminal alone, or a name."""
    if agency == _IATA_AGENCY and len(code) == 3 and code.isalpha():
        return replace(near, iata=code)
    if agency == _GS1_AGENCY and len(code) == 13 and code.isdigit():
        return replace(near, code=code, code_kind=AliasKind.GLN.value)
    if terminal:
        return replace(near, code=terminal, code_kind=AliasKind.TERMINAL.value)
    if near.name or not code:
        return replace(near, code=code[:35], code_kind=AliasKind.OTHER.value) if code else near
    # A code of nobody's list, or a name that stands where the code belongs.
    return replace(near, name=code[:100]) if not agency else replace(near, code=code[:35], code_kind="other")


def _is_unlocode(code: str, list_: str, agency: str) -> bool:
    if not _UNLOCODE.match(code) or agency in (_IATA_AGENCY, _GS1_AGENCY):
        return False
    # Five letters without a list are a code as senders write it; more are one only where the list says so: IDJKT45.
    return len(code) == 5 or list_ in _UN_LISTS or agency == _UN_AGENCY


def _squeezed(name: str) -> str:
    """'SOCIEDAD PORTUARIA, , CO' without the empty parts."""
    return ", ".join(piece for part_ in name.split(",") if (piece := part_.strip()))


def reference(segment: Segment) -> tuple[str, str] | None:
    """(ReferenceType value, number) of an RFF whose qualifier is one of ours; None for the others."""
    type_, value = _REFERENCES.get(part(segment, 1)), part(segment, 1, 2)
    return (type_.value, value) if type_ and value and len(value) <= _LONGEST else None


def scac(segment: Segment) -> str:
    """Carriers put their SCAC into RFF+AAZ."""
    code = part(segment, 1, 2)
    return code if part(segment, 1) == "AAZ" and 2 <= len(code) <= 4 and code.isalpha() else ""


def carriage(segment: Segment) -> Carriage:
    """A TDT. C222 holds an IMO number (list 146), a call sign (103) or, for a truck, its plate."""
    mode = _MODES.get(part(segment, 3), "")
    craft, list_ = part(segment, 8), part(segment, 8, 2)
    is_vessel = mode in ("VESSEL", "BARGE", "") and part(segment, 1) in ("20", "")
    digits = craft.upper().removeprefix("IMO").strip()
    is_imo = is_vessel and len(digits) == 7 and digits.isdigit() and list_ in ("", "146", "11")
    return Carriage(
        stage=part(segment, 1)[:3],
        mode=mode,
        voyage=part(segment, 2)[:50],
        vessel_imo=digits if is_imo else "",
        vessel=part(segment, 8, 4)[:70] if is_vessel else "",
        carrier=(part(segment, 5) or part(segment, 5, 4))[:17],
        plate=craft[:17] if mode == "ROAD" else "",
    )


def laden(segment: Segment) -> str:
    """EMPTY or LADEN of an EQD (8169), or ''."""
    return _LADEN.get(part(segment, 6), "")


def direction(segment: Segment) -> str:
    """EXPORT, IMPORT or TRANSSHIPMENT of an EQD (8249), or ''."""
    return _DIRECTIONS.get(part(segment, 5), "")


def first_of(said: Mapping[str, _Said], qualifiers: Iterable[str]) -> _Said | None:
    """What is said under the qualifier that stands first in `qualifiers`; however much is said, this is quick."""
    return next((said[qualifier] for qualifier in qualifiers if qualifier in said), None)


def as_function(events: Iterable[ParsedEvent], function: str) -> Iterator[ParsedEvent]:
    """The events under the message's function (BGM 1225): a cancellation takes each of them back by what it says.

    EDIFACT gives a status no id, so an event's id is its content; the retraction of it may come first. Changes and
    replacements (4, 5) are reports like others, of which the later one wins; 7 and 31 say the same once more.
    """
    for event in events:
        identity = content_id(event)
        if function != CANCELLATION:
            yield replace(event, source_event_id=identity)
            continue
        yield ParsedEvent(
            position=event.position,
            raw_code="",
            code_list=event.code_list,
            wall_time="",
            reported_at=event.reported_at,
            equipment=event.equipment,
            references=event.references,
            retracts=identity,
            attributes={"cancels": event.raw_code[:64]},
            segment=event.segment,
        )
