"""What a parser gives back. Pure: bytes in, these out; the words are still the sender's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from shipments.enums import TimePrecision


@dataclass(frozen=True, slots=True)
class ParsedPlace:
    """A place as the message names it. Every field may be empty; `text` is what to show a person."""

    unlocode: str = ""
    facility: str = ""
    iata: str = ""
    name: str = ""
    subdivision: str = ""
    country: str = ""
    latitude: float | None = None
    longitude: float | None = None
    text: str = ""


@dataclass(frozen=True, slots=True)
class ParsedEvent:
    """One report, read but not yet understood.

    `wall_time`: local ISO 8601 to the second without offset; empty only on a bare retraction. `zone`: an IANA name or a
    fixed offset "+08:00" when the message gave one, else empty. `zone_code`: verbatim ("PT", "LT"). `code`: our
    vocabulary code when the sender speaks it (native), else empty and `raw_code` decides through CodeMapping.
    `classifier`: PLN/EST/ACT/REQ when the message says it, else empty. `references`: (ReferenceType value, raw value),
    most specific first. `attributes`: mode, laden, stop, doc, agency, pieces ...
    """

    position: int
    raw_code: str
    code_list: str
    wall_time: str
    code: str = ""
    classifier: str = ""
    zone: str = ""
    zone_code: str = ""
    precision: str = TimePrecision.MINUTE
    reported_at: str = ""
    place: ParsedPlace = ParsedPlace()
    equipment: str = ""
    vessel_imo: str = ""
    voyage: str = ""
    flight: str = ""
    references: tuple[tuple[str, str], ...] = ()
    source_event_id: str = ""
    retracts: str = ""
    reason: str = ""
    remarks: str = ""
    attributes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ParseIssue:
    """Something that could not be read. `position`: of the event (from 0), or -1 for the whole message.

    `is_warning`: nothing was lost by it (a wrong count in an envelope), so the message still counts as parsed.
    """

    code: str
    message: str
    segment: str = ""
    element: str = ""
    position: int = -1
    snippet: str = ""
    is_warning: bool = False


@dataclass(frozen=True, slots=True)
class Parsed:
    """All that could be read, and all that could not. No events and at least one issue: the message is rejected."""

    events: tuple[ParsedEvent, ...] = ()
    issues: tuple[ParseIssue, ...] = ()


class Parse(Protocol):
    """A parser: total (never raises on any bytes); `options` is the source's column mapping (CSV only)."""

    def __call__(self, raw: bytes, options: Mapping[str, Any]) -> Parsed: ...


def rejected(code: str, message: str, **where: Any) -> Parsed:
    """The whole message cannot be read."""
    return Parsed(issues=(ParseIssue(code=code, message=message, **where),))
