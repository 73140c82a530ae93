"""What a parser gives back. Pure: bytes in, these out; the words are still the sender's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Protocol

from shipments.enums import TimePrecision


# Not frozen: a million of them are made, and freezing costs as much as all else. Nobody changes one.
@dataclass(slots=True, unsafe_hash=True)
class ParsedPlace:
    """A place as the message names it. Every field may be empty; `text` is what to show a person.

    `code` of `code_kind` (AliasKind: gln, terminal, firms, other): a code that is no UN/LOCODE and no airport.
    """

    unlocode: str = ""
    facility: str = ""
    iata: str = ""
    name: str = ""
    subdivision: str = ""
    country: str = ""
    latitude: float | None = None
    longitude: float | None = None
    text: str = ""
    code: str = ""
    code_kind: str = ""


NOWHERE = ParsedPlace()


@dataclass(slots=True)
class ParsedEvent:
    """One report, read but not yet understood.

    `wall_time`: local ISO 8601 to the second without offset; empty only on a bare retraction. `zone`: an IANA name or a
    fixed offset "+08:00" when the message gave one, else empty. `zone_code`: verbatim ("PT", "LT"). `code`: our
    vocabulary code when the sender speaks it (native), else empty and `raw_code` decides through CodeMapping.
    `classifier`: PLN/EST/ACT/REQ when the message says it, else empty. `references`: (ReferenceType value, raw value),
    most specific first. `attributes`: mode, laden, stop, doc, agency, pieces ...
    `fallback_codes`: what to look up when `raw_code` is not mapped, best first ("EQUIPMENT.GTIN" after
    "EQUIPMENT.GTIN+EMPTY"). `segment`: where it stands, for a person ("AT7 #12", "row 5", "event 3").
    `source_event_id`, `retracts`: the sender's own id; or `content_id(...)` where a format takes reports back by
    repeating them (it begins with "=").
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
    place: ParsedPlace = NOWHERE
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
    fallback_codes: tuple[str, ...] = ()
    segment: str = ""


def bare_text(place: ParsedPlace) -> tuple[str, ...]:
    """The words for a place, as they are compared, where nothing else says which one it is; else nothing."""
    if place.unlocode or place.iata or place.name or place.code or not place.text:
        return ()
    return (" ".join(place.text.upper().split()),)


def content_id(event: ParsedEvent) -> str:
    """An id made of what the report says, for senders that give none: the same status, place, unit and time."""
    place = event.place
    parts = (
        event.code_list, event.raw_code, event.classifier, event.wall_time[:16], place.unlocode, place.facility,
        place.iata, place.code, place.name.upper(), event.equipment, event.voyage, event.flight,
        *sorted(f"{type_}:{value.upper()}" for type_, value in event.references),
        *((f"{place.country}-{place.subdivision}",) if place.subdivision else ()), *bare_text(place),
    )  # fmt: skip
    return "=" + sha256("\x1f".join(parts).encode("utf-8", "replace")).hexdigest()[:40]


@dataclass(slots=True)
class EnvelopeSet:
    """A transaction set or message of an interchange, as an acknowledgement names it.

    `group`: number of its functional group (GS06, UNG), `group_kind`: GS01. `issues`: codes of what was wrong in it.
    `group_sender`, `group_receiver`: the application ids of the group (GS02, GS03).
    """

    kind: str
    number: str
    group: str = ""
    group_kind: str = ""
    is_accepted: bool = True
    issues: tuple[str, ...] = ()
    group_sender: str = ""
    group_receiver: str = ""


@dataclass(slots=True)
class Envelope:
    """An interchange: `standard` "x12" or "edifact", who sent it to whom under which number, what was in it.

    `digest`: SHA-256 of its segments, whatever stands round them. `first`, `last`: positions of its events (last is
    one past). `is_acknowledgement`: it holds acknowledgements only, and is never acknowledged itself.
    `sender_qualifier`, `receiver_qualifier`: what kind of id that is (ISA05, ISA07). `is_test`: sent as a test (ISA15).
    """

    standard: str
    sender: str
    receiver: str
    number: str
    digest: str
    first: int = 0
    last: int = 0
    sets: tuple[EnvelopeSet, ...] = ()
    is_acknowledgement: bool = False
    sender_qualifier: str = ""
    receiver_qualifier: str = ""
    is_test: bool = False


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
    """All that could be read, and all that could not. No events and a real issue: the message is rejected.

    `is_quiet`: that it holds no events is as it should be (acknowledgements). `format`: what it was read as, said by
    the `auto` parser. `progress`: percent of the message that is read with this part of it. `headings`: of a table.
    """

    events: tuple[ParsedEvent, ...] = ()
    issues: tuple[ParseIssue, ...] = ()
    envelopes: tuple[Envelope, ...] = ()
    is_quiet: bool = False
    format: str = ""
    progress: int = 100
    headings: tuple[str, ...] = ()


class Parse(Protocol):
    """A parser: total (never raises on any bytes).

    `options`: Source.options, and "received_at" (ISO 8601 with offset) when we received it, for formats whose dates
    lack the year.
    """

    def __call__(self, raw: bytes, options: Mapping[str, Any]) -> Parsed: ...


class ParseParts(Protocol):
    """A parser of large messages: the same events part by part, `size` at most in each, without holding them all."""

    def __call__(self, raw: bytes, options: Mapping[str, Any], size: int) -> Iterator[Parsed]: ...


def rejected(code: str, message: str, **where: Any) -> Parsed:
    """The whole message cannot be read."""
    return Parsed(issues=(ParseIssue(code=code, message=message, **where),))
