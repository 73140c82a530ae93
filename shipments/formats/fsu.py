"""The status line of a Cargo-IMP FSU: its fields by kind, quantities, and days without a year. Pure.

The lines after the IATA Cargo-IMP manual as docs/formats.md sums it up; times are the local time of the airport.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from shipments.enums import Classifier

# What stands in the line, in this order; "?" may be absent.
_FLIGHT = ("flight", "day", "route", "quantity?")
_RECEIVED = ("flight?", "day", "airport", "quantity?")
_PLACE = ("day", "airport", "quantity?")
_TRANSFER = ("carrier", "day", "airport", "quantity?")
# Not of the standard: whoever sends them adds a flight or a carrier, or does not.
_OWN = ("flight?", "carrier?", "day", "airport", "quantity?")
_DISCREPANCY = ("flight?", "day", "airport", "discrepancy", "quantity?")
_ANY = ("flight?", "carrier?", "day?", "place?", "quantity?")
_KINDS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("BKD", "MAN", "DEP", "PRE", "CLD"), _FLIGHT),
    **dict.fromkeys(("RCF", "ARR", "AWR"), _RECEIVED),
    **dict.fromkeys(
        ("RCS", "FOH", "NFD", "AWD", "CCD", "DLV", "DDL", "TGC", "CRC", "DPU", "DOC", "FIW", "FOW", "OFD", "POD"),
        _PLACE,
    ),
    **dict.fromkeys(("FIW", "FOW", "OFD", "POD"), _OWN),
    **dict.fromkeys(("RCT", "TFD"), _TRANSFER),
    "TRM": ("carrier", "day?", "airport", "day?", "quantity?"),
    "DIS": _DISCREPANCY,
}
_SHAPES = {
    "flight": re.compile(r"([A-Z][A-Z0-9]|[0-9][A-Z]|[A-Z]{3})(\d{1,4})([A-Z]?)\Z", re.ASCII),
    "carrier": re.compile(r"(?:[A-Z][A-Z0-9]|[0-9][A-Z]|[A-Z]{3})\Z", re.ASCII),
    "day": re.compile(r"(\d{2})([A-Z]{3})(\d{4})?(?:-([NPST]))?\Z", re.ASCII),
    "airport": re.compile(r"[A-Z]{3}\Z"),
    "route": re.compile(r"([A-Z]{3})([A-Z]{3})\Z"),
    "place": re.compile(r"([A-Z]{3})([A-Z]{3})?\Z"),
    "discrepancy": re.compile(r"[A-Z]{4}\Z"),
    "quantity": re.compile(
        r"([TPSDM])(\d{1,5})(?:([KL])(\d{1,9}(?:\.\d{1,4})?))?(?:(CC|CF|CI|MC)(\d{1,9}(?:\.\d{1,4})?))?(?:DG\d{0,6})?"
        r"(?:T(\d{1,5}))?\Z",
        re.ASCII,
    ),
}
_CLOCK = re.compile(r"([AES])([01]\d|2[0-3])([0-5]\d)(?:-([NPST]))?\Z", re.ASCII)
_VOLUME = re.compile(r"(CC|CF|CI|MC)(\d{1,9}(?:\.\d{1,4})?)\Z", re.ASCII)
_MONTHS = {
    "JAN": 1, "FEB": 2, "MAR": 3, "APR": 4, "MAY": 5, "JUN": 6, "JUL": 7, "AUG": 8, "SEP": 9, "OCT": 10, "NOV": 11,
    "DEC": 12,
}  # fmt: skip
# Next, previous, second and third following day.
_SHIFTS = {"N": 1, "P": -1, "S": 2, "T": 3, "": 0}
CLASSIFIERS = {
    "A": Classifier.ACTUAL.value, "E": Classifier.ESTIMATED.value, "S": Classifier.PLANNED.value,
}  # fmt: skip
# How far a report may lie ahead of the message that makes it: what happened, and what is expected.
_AHEAD, _FAR_AHEAD = timedelta(days=2), timedelta(days=335)


class BadField(ValueError):
    """A field of a status line is not what should stand there: `code`, in words, and which field it is."""

    def __init__(self, code: str, message: str, element: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.element = element


@dataclass(frozen=True, slots=True)
class Clock:
    """A time of a flight: 'A', 'E' or 'S', 'HH:MM', and by how many days it is off the flight's day."""

    kind: str
    clock: str
    shift: int


@dataclass(frozen=True, slots=True)
class Day:
    """Day and month without a year, the time 'HH:MM' or '', and by how many days the time is off the day."""

    day: int
    month: int
    clock: str = ""
    shift: int = 0


@dataclass(frozen=True, slots=True)
class Quantity:
    """`is_part`: fewer pieces than the whole consignment, or said to be a part. `total`: 0 when it is not said."""

    is_part: bool
    pieces: int
    weight: str = ""
    weight_unit: str = ""
    volume: str = ""
    volume_unit: str = ""
    total: int = 0


@dataclass(slots=True)
class StatusLine:
    """A status as it was written. `clocks`: of the departure, and of the arrival when it is given too.

    `rest`: fields that have no shape of their own (names, manifest numbers, the other carrier).
    """

    code: str
    flight: str = ""
    carrier: str = ""
    day: Day | None = None
    airport: str = ""
    destination: str = ""
    discrepancy: str = ""
    quantity: Quantity | None = None
    clocks: list[Clock] = field(default_factory=list)
    volume: tuple[str, str] = ("", "")
    rest: list[str] = field(default_factory=list)


def read_status(code: str, text: str) -> StatusLine:
    """The line `code`/`text`. Raises BadField, naming the first field that is not what it should be."""
    status = StatusLine(code)
    fields = [part.strip() for part in text.split("/")]
    while fields and not fields[-1]:
        fields.pop()
    at = 0
    for name in _KINDS.get(code, _ANY):
        at = _take(status, name, fields, at)
    for said in fields[at:]:
        _add(status, said)
    return status


def _take(status: StatusLine, name: str, fields: list[str], at: int) -> int:
    """Read the field `name` at `at`; returns where the next one stands."""
    bare, is_optional = name.rstrip("?"), name.endswith("?")
    said = fields[at] if at < len(fields) else ""
    if found := _SHAPES[bare].match(said):
        _SET[bare](status, found)
        return at + 1
    if bare == "quantity" and said and status.code in _KINDS:
        raise BadField("bad_quantity", f"This is no quantity: {said[:24]}.", bare)
    if not is_optional:
        raise BadField(
            "bad_field", f"{status.code} should name its {_SPOKEN[bare]} here: {said[:24] or 'nothing'}.", bare
        )
    return at + 1 if at < len(fields) and not said else at


def _add(status: StatusLine, said: str) -> None:
    """What follows the quantity: times of the flight, a volume, or words."""
    if found := _CLOCK.match(said):
        kind, hour, minute, shift = found.groups()
        status.clocks.append(Clock(kind, f"{hour}:{minute}", _SHIFTS[shift or ""]))
    elif volume := _VOLUME.match(said):
        status.volume = (volume[2], volume[1])
    elif said:
        status.rest.append(said)


def read_flight(text: str) -> str:
    """A flight number as it is compared: QR008 is QR8; '' when it is none."""
    found = _SHAPES["flight"].match(text.replace(" ", "").upper())
    return f"{found[1]}{int(found[2])}{found[3]}" if found else ""


def _set_flight(status: StatusLine, found: re.Match[str]) -> None:
    status.flight = read_flight(found[0])


def _set_carrier(status: StatusLine, found: re.Match[str]) -> None:
    status.carrier = found[0]


def _set_day(status: StatusLine, found: re.Match[str]) -> None:
    day, name, clock, shift = found.groups()
    month = _MONTHS.get(name)
    hour, minute = (int(clock[:2]), int(clock[2:])) if clock else (0, 0)
    # 2000 had a 29 February.
    if month is None or not _exists(2000, month, int(day)) or hour > 23 or minute > 59:
        raise BadField("bad_time", f"There is no such day and time: {found[0]}.", "day")
    status.day = Day(int(day), month, f"{hour:02}:{minute:02}" if clock else "", _SHIFTS[shift or ""])


def _set_airport(status: StatusLine, found: re.Match[str]) -> None:
    status.airport = found[0]


def _set_route(status: StatusLine, found: re.Match[str]) -> None:
    status.airport, status.destination = found[1], found[2] or ""


def _set_discrepancy(status: StatusLine, found: re.Match[str]) -> None:
    status.discrepancy = found[0]


def _set_quantity(status: StatusLine, found: re.Match[str]) -> None:
    status.quantity = quantity_of(found)


_SET = {
    "flight": _set_flight, "carrier": _set_carrier, "day": _set_day, "airport": _set_airport, "route": _set_route,
    "place": _set_route, "discrepancy": _set_discrepancy, "quantity": _set_quantity,
}  # fmt: skip
_SPOKEN = {
    "flight": "flight", "carrier": "carrier", "day": "day", "airport": "airport", "route": "airports",
    "place": "airport", "discrepancy": "discrepancy code", "quantity": "quantity",
}  # fmt: skip


def read_quantity(text: str) -> Quantity | None:
    """'T10K250.0', 'P2K505.0T10'; None when it is none."""
    found = _SHAPES["quantity"].match(text.strip())
    return quantity_of(found) if found else None


def quantity_of(found: re.Match[str]) -> Quantity:
    kind, pieces, unit, weight, volume_unit, volume, total = found.groups()
    return Quantity(
        is_part=kind in "PSD",
        pieces=int(pieces),
        weight=weight or "",
        weight_unit=unit or "",
        volume=volume or "",
        volume_unit=volume_unit or "",
        total=int(total or (pieces if kind == "T" else 0)),
    )


def date_of(day: Day, message_at: datetime, *, is_ahead: bool) -> date | None:
    """The day with its year: of those not too far ahead of the message the nearest (formats.md 9.3, rule 23).

    `is_ahead`: it is planned or expected, and may lie up to eleven months ahead instead of two days. `day.shift` is
    not applied. None when there is none near (29 February).
    """
    said = message_at.date()
    most = _FAR_AHEAD if is_ahead else _AHEAD
    # Nine years: 29 February is missing in 2100, as it is in every other year without a leap day.
    years = range(max(1, said.year - 9), min(9998, said.year + 1) + 1)
    dates = [date(year, day.month, day.day) for year in years if _exists(year, day.month, day.day)]
    return min((d for d in dates if d - said <= most), key=lambda d: abs(d - said), default=None)


def _exists(year: int, month: int, day: int) -> bool:
    try:
        date(year, month, day)
    except ValueError:
        return False
    return True


def wall_time(on: date, clock: str, shift: int) -> str:
    """ISO to the second; '' when the day is out of any calendar."""
    try:
        return f"{(on + timedelta(days=shift)).isoformat()}T{clock or '00:00'}:00"
    except OverflowError:
        return ""


def words(rest: Iterable[str]) -> Iterator[str]:
    """What is left, as far as it can be shown."""
    return (said[:65] for said in rest if said)
