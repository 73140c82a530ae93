"""Numbers that can be wrong by themselves: their shape and their check digit. Pure.

`problem_of` says what is wrong with a number of a kind that a person types: he is asked to look again. `doubt_of` says
it of a number in a feed, where only a check digit that does not fit is worth a word: carriers put all sorts of numbers
under a name, and what they sent is kept in any case.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache

from stdnum import ean, imo

from shipments.enums import ReferenceType, UnitKind
from shipments.formats.base import ParsedEvent

_CONTAINER = re.compile(r"[A-Z]{4}\d{7}\Z", re.ASCII)
# ISO 6346: U freight container, J detachable equipment, Z trailer or chassis; other letters are an owner's own numbers.
_CHECKED_CONTAINER = re.compile(r"[A-Z]{3}[UJZ]\d{7}\Z", re.ASCII)
_AWB = re.compile(r"\d{11}\Z", re.ASCII)
_IMO = re.compile(r"\d{7}\Z", re.ASCII)
_SSCC = re.compile(r"\d{18}\Z", re.ASCII)
_GLN = re.compile(r"\d{13}\Z", re.ASCII)
_GTIN = re.compile(r"(?:\d{8}|\d{12,14})\Z", re.ASCII)
_GRAI = re.compile(r"0?(\d{13})[!-z]{0,16}\Z", re.ASCII)
_UPS = re.compile(r"1Z[0-9A-Z]{16}\Z", re.ASCII)
_S10 = re.compile(r"[A-Z]{2}\d{9}[A-Z]{2}\Z", re.ASCII)
_SCAC = re.compile(r"[A-Z]{2,4}\Z", re.ASCII)
_EU_MRN = re.compile(r"\d{2}[A-Z]{2}[A-Z0-9]{13}\d\Z", re.ASCII)
# A US entry: filer, seven digits and a check digit; a US in-bond number: nine digits.
_US_ENTRY = re.compile(r"(?:[A-Z0-9]{3}\d{8}|\d{9})\Z", re.ASCII)
_BILL = re.compile(r"[A-Z0-9/-]{4,35}\Z", re.ASCII)
_RAIL_CAR = re.compile(r"[A-Z]{2,4}\d{1,6}\Z", re.ASCII)
# IATA: type and prefix of a unit load device, its serial number, its owner.
_ULD = re.compile(r"[A-Z][A-Z0-9]{2}\d{4,5}[A-Z0-9]{2}\Z", re.ASCII)
# ISO 6346 annex A: letters count from 10 on, without the multiples of 11.
_VALUES = {str(digit): digit for digit in range(10)}
_VALUES |= dict(zip("ABCDEFGHIJKLMNOPQRSTUVWXYZ", (value for value in range(10, 39) if value % 11), strict=True))
_BLANKS = re.compile(r"[\s.\-]+")
_S10_WEIGHTS = (8, 6, 4, 2, 3, 5, 9, 7)

Check = Callable[[str], str]


def problem_of(kind: str, value: str) -> str:
    """What is wrong with `value`, in a sentence for a person that names the digit that would fit; '' when it is fine.

    `kind`: a ReferenceType, or vessel_imo, gln, gtin, grai, scac, uld, rail_car, ups, s10. Other kinds have no rule.
    """
    check = _CHECKS.get(kind)
    return check(value.strip()) if check else ""


def problem_of_unit(kind: str, number: str) -> str:
    """The same for the number of a unit (UnitKind). Packages have no rule, and a pallet need not have an SSCC."""
    if kind == UnitKind.PALLET:
        return doubt_of(ReferenceType.SSCC, number)
    return problem_of(_UNITS.get(kind, ""), number)


def doubts_of(event: ParsedEvent) -> Iterator[tuple[str, str, str]]:
    """(kind, number, what is wrong) of the numbers in a report whose check digit does not fit."""
    named = [*event.references, (ReferenceType.CONTAINER.value, event.equipment), ("vessel_imo", event.vessel_imo)]
    for kind, value in named:
        if value and (said := doubt_of(kind, value)):
            yield kind, value, said
    if event.place.code_kind == "gln" and (said := doubt_of("gln", event.place.code)):
        yield "gln", event.place.code, said


# A report names its unit twice, and a feed the same units and ships for weeks.
@lru_cache(maxsize=8192)
def doubt_of(kind: str, value: str) -> str:
    """What is wrong with a check digit of a number that has the shape to have one; '' otherwise."""
    shape = _IN_A_FEED.get(kind)
    if kind == ReferenceType.TRACKING:
        return _tracking(value.strip())
    return problem_of(kind, value) if shape and shape.match(_bare(value)) else ""


def gs1_check_digit(digits: str) -> str:
    """The digit that completes a GTIN, GLN, SSCC or GRAI (GS1 General Specifications 7.9: mod 10, weights 3 and 1)."""
    return ean.calc_check_digit(digits)


def _bare(value: str) -> str:
    return _BLANKS.sub("", value).upper()


def _wrong_digit(value: str, right: str) -> str:
    return f"{value} has a wrong check digit: with {right} at the end it would be right."


def container_check_digit(body: str) -> str:
    """By ISO 6346, of four letters and six digits."""
    # Not stdnum's: every report of a feed about a container comes by here, and its way of cleaning takes long.
    return str(sum(_VALUES[sign] << place for place, sign in enumerate(body)) % 11 % 10)


def _container(value: str) -> str:
    number = _bare(value)
    if _CHECKED_CONTAINER.match(number):
        right = container_check_digit(number[:10])
        return "" if number[-1] == right else _wrong_digit(value, right)
    if _CONTAINER.match(number) or _ULD.match(number):
        return ""
    if re.fullmatch(r"[A-Z]{4}\d{6}", number, re.ASCII):
        return f"{value} lacks its check digit: {container_check_digit(number)} at the end would be right."
    return f"{value} is no container number: it has four letters and seven digits, such as MSKU1234565."


def _awb(value: str) -> str:
    number = _bare(value)
    if not _AWB.match(number):
        return f"{value} is no air waybill number: it has eleven digits, such as 020-12345675."
    # IATA Resolution 600a: the first seven digits of the serial number, modulo 7.
    right = str(int(number[3:10]) % 7)
    return "" if number[-1] == right else _wrong_digit(value, right)


def _imo(value: str) -> str:
    number = re.sub(r"\AIMO", "", _bare(value))
    if not _IMO.match(number):
        return f"{value} is no IMO number: it has seven digits."
    right = imo.calc_check_digit(number[:6])
    return "" if number[-1] == right else _wrong_digit(value, right)


def _sscc(value: str) -> str:
    number = _bare(value).removeprefix("(00)")
    number = number[2:] if len(number) == 20 and number.startswith("00") else number
    return _gs1(value, number, _SSCC, "SSCC: it has 18 digits")


def _gln(value: str) -> str:
    return _gs1(value, _bare(value), _GLN, "GLN: it has 13 digits")


def _gtin(value: str) -> str:
    return _gs1(value, _bare(value), _GTIN, "GTIN: it has 8, 12, 13 or 14 digits")


def _grai(value: str) -> str:
    found = _GRAI.match(value.strip())
    if not found:
        return f"{value} is no GRAI: it has 14 digits, the first of them 0, and a serial number."
    right = gs1_check_digit(found[1][:-1])
    said = f"{value} has a wrong check digit: its 14th digit would be {right}."
    return "" if found[1][-1] == right else said


def _gs1(value: str, number: str, shape: re.Pattern[str], name: str) -> str:
    if not shape.match(number):
        return f"{value} is no {name}."
    right = gs1_check_digit(number[:-1])
    return "" if number[-1] == right else _wrong_digit(value, right)


def _ups(value: str) -> str:
    number = _bare(value)
    if not _UPS.match(number):
        return f"{value} is no UPS tracking number: it has 1Z and 16 letters and digits."
    values = [int(sign) if sign.isdigit() else (ord(sign) - 63) % 10 for sign in number[2:17]]
    right = str(-sum(digit * (2 if place % 2 else 1) for place, digit in enumerate(values)) % 10)
    return "" if number[-1] == right else _wrong_digit(value, right)


def _s10(value: str) -> str:
    number = _bare(value)
    if not _S10.match(number):
        return f"{value} is no postal number: it has two letters, nine digits and two letters (UPU S10)."
    rest = 11 - sum(int(digit) * weight for digit, weight in zip(number[2:10], _S10_WEIGHTS, strict=True)) % 11
    right = str({10: 0, 11: 5}.get(rest, rest))
    said = f"{value} has a wrong check digit: its ninth digit would be {right}."
    return "" if number[10] == right else said


def _tracking(value: str) -> str:
    """Each carrier has its own numbers; two kinds show by themselves what they are."""
    number = _bare(value)
    if _UPS.match(number):
        return _ups(value)
    return _s10(value) if _S10.match(number) else ""


def _shaped(shape: re.Pattern[str], said: str) -> Check:
    def check(value: str) -> str:
        return "" if shape.match(_bare(value)) else f"{value} is no {said}."

    return check


def _mrn(value: str) -> str:
    # The check digit of an MRN is not looked at: newer ones carry a letter of the procedure before it.
    number = _bare(value)
    if _EU_MRN.match(number) or _US_ENTRY.match(number):
        return ""
    return f"{value} is no MRN: it has 18 characters, year, country and a number, such as 24DE586600123456B7."


def _bill(value: str) -> str:
    bare = "".join(value.split()).upper()
    said = f"{value} is no bill of lading number: it has 4 to 35 letters and digits."
    return "" if _BILL.match(bare) else said


# What a person is asked to look at again. Tracking numbers are no part of it: their check digits are a hint only.
_CHECKS: Mapping[str, Check] = {
    ReferenceType.CONTAINER: _container,
    ReferenceType.MAWB: _awb,
    ReferenceType.MBL: _bill,
    ReferenceType.HBL: _bill,
    ReferenceType.MRN: _mrn,
    ReferenceType.SSCC: _sscc,
    "vessel_imo": _imo,
    "gln": _gln,
    "gtin": _gtin,
    "grai": _grai,
    "ups": _ups,
    "s10": _s10,
    "scac": _shaped(_SCAC, "SCAC: it has two to four letters"),
    "uld": _shaped(_ULD, "number of a unit load device: it is written as AKE12345LH"),
    "rail_car": _shaped(_RAIL_CAR, "number of a rail car: it has up to four letters and up to six digits"),
}
_UNITS: Mapping[str, str] = {
    UnitKind.CONTAINER: ReferenceType.CONTAINER.value,
    UnitKind.ULD: "uld",
}
# What in a feed has a check digit at all.
_IN_A_FEED: Mapping[str, re.Pattern[str]] = {
    ReferenceType.CONTAINER: _CHECKED_CONTAINER,
    ReferenceType.MAWB: _AWB,
    ReferenceType.SSCC: _SSCC,
    "vessel_imo": _IMO,
    "gln": _GLN,
}
