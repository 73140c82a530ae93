"""What the answers of parcel carriers have in common. Pure.

Their tracking answers hold the whole history at each call: the same scan has to give the same event each time, so an
event is made of what the carrier says of the scan alone, never of what else stands in the answer.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from shipments.enums import ReferenceType, TimePrecision
from shipments.formats.base import Parsed, ParsedEvent, ParsedPlace, ParseIssue
from shipments.formats.json_text import MAX_EVENTS, Unreadable, load_json
from shipments.formats.recognise import wrong_format
from shipments.formats.times import WallTime, read_iso

TRACKING, CUSTOMER = ReferenceType.TRACKING.value, ReferenceType.CUSTOMER.value
_SNIPPET = 200
_MOST_CUSTOMER_REFERENCES = 5
_LONGEST = 64


@dataclass(slots=True)
class Answer:
    """What was read of an answer so far. `where`: "package 1", "result 2 of 3", for a person."""

    events: list[ParsedEvent] = field(default_factory=list)
    issues: list[ParseIssue] = field(default_factory=list)
    position: int = 0

    def add(self, make: Callable[[int], ParsedEvent | None], said: object, where: str) -> None:
        """The event that `make` gives for its position, or the issue it raises; None is nothing to report."""
        if self.position >= MAX_EVENTS:
            return
        try:
            event = make(self.position)
        except Unreadable as error:
            self.fault(error, said, where)
        else:
            if event is None:
                return
            self.events.append(replace(event, segment=where[:40]))
        self.position += 1

    def fault(self, error: Unreadable, said: object, where: str) -> None:
        snippet = json.dumps(said)[:_SNIPPET]
        self.issues.append(ParseIssue(error.code, error.message, where[:40], error.element, self.position, snippet))

    def refused(self, error: Unreadable, said: object, where: str) -> None:
        """A package or shipment that cannot be read at all; it takes a position of its own."""
        self.fault(error, said, where)
        self.position += 1

    def warn(self, code: str, message: str, where: str = "") -> None:
        """What the carrier tells instead of a history: not found, nothing yet."""
        self.issues.append(ParseIssue(code, message[:300], where[:40], is_warning=True))

    def parsed(self) -> Parsed:
        """All of it. An answer without a scan is as it should be: the parcel has not moved yet."""
        is_quiet = not self.events and all(issue.is_warning for issue in self.issues)
        if is_quiet and not self.issues:
            self.warn("no_events_yet", "The carrier reports nothing of it yet.")
        return Parsed(tuple(self.events), tuple(self.issues), is_quiet=is_quiet)


def read_answers(raw: bytes, expected: str, read: Callable[[object, Answer], bool]) -> Parsed:
    """One answer, or a list of them. `read` adds what it finds and says whether it knows this kind of answer.

    `expected` in words, as in "a UPS tracking answer": what a payload is told that `read` knows nothing of.
    """
    loaded = load_json(raw, expected)
    if isinstance(loaded, Parsed):
        return loaded
    answer = Answer()
    known = [read(said, answer) for said in (loaded if isinstance(loaded, list) else [loaded])]
    return answer.parsed() if any(known) else wrong_format(raw, expected)


def wall_time(said: str, element: str) -> WallTime:
    """ISO 8601; without an offset it is local to the event's place. Midnight sharp is a day, whatever zone it is in."""
    found = read_iso(said)
    if found is None:
        told = f"{element} is no ISO 8601 date and time: {said[:40]}." if said else f"{element} is missing."
        raise Unreadable("bad_time" if said else "no_time", told, element)
    if found.wall.endswith("T00:00:00"):
        # "T00:00:00Z" of a day-only value does not mean midnight in London.
        zone = "" if found.zone == "+00:00" else found.zone
        return WallTime(found.wall, zone, TimePrecision.DAY.value)
    return found


def place(city: str, state: str, country: str) -> ParsedPlace:
    country = country.upper() if len(country) == 2 else ""
    shown = ", ".join(part for part in (city, state, country) if part)
    return ParsedPlace(name=city[:200], subdivision=state.upper()[:3], country=country, text=shown[:200])


def references(tracking: str, *others: str) -> tuple[tuple[str, str], ...]:
    """The number of the parcel, and the customer's own numbers behind it."""
    if not tracking:
        raise Unreadable("no_reference", "The tracking number is missing.", "trackingNumber")
    kept = [number for number in dict.fromkeys(others) if number and len(number) <= _LONGEST and number != tracking]
    return ((TRACKING, tracking), *((CUSTOMER, number) for number in kept[:_MOST_CUSTOMER_REFERENCES]))


def number(value: object) -> str:
    """A code or number that some answers write as a JSON number; '' for none."""
    if isinstance(value, bool) or value is None:
        return ""
    if isinstance(value, int):
        return str(value) if abs(value) < 10**18 else ""
    return value.strip()[:_LONGEST] if isinstance(value, str) and value.isprintable() else ""


def first_of(said: Mapping[str, Any], *names: str) -> str:
    """The first of these fields that holds a code or number."""
    return next((found for name in names if (found := number(said.get(name)))), "")
