"""From the sender's words to ours: code, place, instant. Pure; everything it looks up is handed in."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

from shipments.enums import AliasKind, Classifier, TimePrecision, ZoneCertainty
from shipments.formats.base import NOWHERE, ParsedEvent, ParsedPlace, bare_text
from shipments.matching import reference_key
from shipments.zones import instant, load_zone, zone_of

INFO = "INFO"
# An actual may be ahead of our clock by a wrong zone, not by more; an estimate may be far off, not this far.
_ACTUAL_AHEAD = timedelta(hours=24)
_OTHERS_AHEAD = timedelta(days=3 * 365)
# 1 January 1970 is what an empty date of many programs turns into.
_FIRST_YEAR, _LAST_YEAR = 1971, 2200
_EARLIEST, _LATEST = datetime(1900, 1, 1, tzinfo=UTC), datetime(_LAST_YEAR, 12, 31, tzinfo=UTC)
_UNLOCODE = re.compile(r"[A-Z]{2}[A-Z2-9]{3}(?![A-Za-z])")
_SENT_AS_ESTIMATE = frozenset({Classifier.PLANNED.value, Classifier.ESTIMATED.value})
_ACTUAL = Classifier.ACTUAL.value
_BY_NAME = f"{AliasKind.NAME.value}:"
_GIVEN, _DERIVED, _ASSUMED = (certainty.value for certainty in ZoneCertainty)


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a foreign code means (a CodeMapping row, `mapping_id` its key)."""

    code: str
    classifier: str = ""
    attributes: Mapping[str, Any] = field(default_factory=dict)
    mapping_id: int = 0


@dataclass(frozen=True, slots=True)
class KnownPlace:
    """A Location row as far as an event needs it. `time_zone` and `subdivision` are empty when not known.

    For an alias (CNSHA for CNSGH) the caller hands in the place that it is the same as.
    """

    id: int
    unlocode: str
    time_zone: str
    subdivision: str = ""


@dataclass(frozen=True, slots=True)
class KnownAlias:
    """Another name of a place (a LocationAlias row): for one source or all, by one means of transport or any."""

    place: KnownPlace
    source_id: int | None = None
    mode: str = ""


@dataclass(frozen=True, slots=True)
class PlaceBook:
    """The places a batch may need. `by_code`: 'NLRTM', 'NLRTM/APM2' and 'IATA:AMS'; `by_name`: (country, name upper).

    A name that two places of a country have does not stand in `by_name`; which is meant, `by_state` may say: (country,
    state, name upper). `aliases`: by `place_keys` without their "place:" ('gln:4012345000009').
    """

    by_code: Mapping[str, KnownPlace] = field(default_factory=dict)
    by_name: Mapping[tuple[str, str], KnownPlace] = field(default_factory=dict)
    by_state: Mapping[tuple[str, str, str], KnownPlace] = field(default_factory=dict)
    aliases: Mapping[str, Sequence[KnownAlias]] = field(default_factory=dict)


@dataclass(slots=True)
class Origin:
    """Who reported, when we received it, and how their words are read. `meanings`: (code_list, raw_code) → Meaning."""

    source_id: int
    source_code: str
    trust: int
    time_zone: str
    received_at: datetime
    meanings: Mapping[tuple[str, str], Meaning]
    places: PlaceBook


# Not frozen, as ParsedEvent: making one costs a third.
@dataclass(slots=True)
class NormalisedEvent:
    """An Event row to be, in our words. Times are aware (UTC). `is_mapped` False: code is INFO and waits for a mapping.

    `quarantine`: empty, or the reason why it cannot be believed. `place_keys`: of a place that was named and is not
    known, empty otherwise.
    """

    position: int
    fingerprint: str
    code: str
    raw_code: str
    code_list: str
    classifier: str
    attributes: Mapping[str, Any]
    occurred_at: datetime | None
    wall_time: str
    time_zone: str
    zone_certainty: str
    precision: str
    reported_at: datetime | None
    location_id: int | None
    location_text: str
    equipment: str
    vessel_imo: str
    voyage: str
    flight: str
    references: tuple[tuple[str, str], ...]
    source_event_id: str
    retracts: str
    quarantine: str
    reason: str
    remarks: str
    is_mapped: bool
    segment: str = ""
    fallback_codes: tuple[str, ...] = ()
    place_keys: tuple[str, ...] = ()


@dataclass(slots=True)
class _When:
    """The instant, and all that is said about it."""

    occurred_at: datetime | None = None
    time_zone: str = ""
    certainty: str = ""
    precision: str = TimePrecision.MINUTE.value
    is_ambiguous: bool = False
    doubt: str = ""


@dataclass(frozen=True, slots=True)
class WantedPlaces:
    """What to load a PlaceBook with: codes, (country, name) pairs and keys of aliases."""

    codes: frozenset[str]
    names: frozenset[tuple[str, str]]
    aliases: frozenset[str]


def wanted_places(events: Iterable[ParsedEvent]) -> WantedPlaces:
    """Everything `normalise` may look up for these events."""
    codes: set[str] = set()
    names: set[tuple[str, str]] = set()
    aliases: set[str] = set()
    for place in {event.place for event in events}:
        codes.update(_codes(place))
        aliases.update(_aliases(place))
        if place.country and place.name:
            names.add((place.country, place.name.upper()))
    return WantedPlaces(frozenset(codes), frozenset(names), frozenset(aliases))


def place_keys(place: ParsedPlace) -> tuple[str, ...]:
    """What an event waits under whose place nobody knows: everything that place could be found by."""
    return tuple(f"place:{key}" for key in _aliases(place))


def alias_value(kind: str, said: str, country: str = "", state: str = "") -> str:
    """As aliases are compared: capitals, blanks single; names as 'NL|ROTTERDAM', 'US-IL|SPRINGFIELD', '|HARBOUR'."""
    bare = " ".join(said.upper().split())[:110]
    if kind != AliasKind.NAME:
        return bare.replace(" ", "")
    within = country.upper()[:2] + (f"-{state.upper()[:3]}" if country and state else "")
    return f"{within}|{bare}"


def normalise(event: ParsedEvent, origin: Origin) -> NormalisedEvent:
    """The event in our words. Total: what is not known stays open (INFO, no place, an assumed zone), never an error."""
    meaning = _meaning(event, origin.meanings) if not event.code else None
    classifier = event.classifier or (meaning.classifier if meaning else "") or _ACTUAL
    attributes = {**meaning.attributes, **event.attributes} if meaning else dict(event.attributes)
    place = _resolve(event.place, _means(event, attributes), origin) if event.place is not NOWHERE else None
    when = _when(event, place, origin, classifier)
    if when.is_ambiguous:
        attributes["ambiguous_local_time"] = True
    return NormalisedEvent(
        position=event.position,
        fingerprint=fingerprint(event, origin.source_id),
        code=event.code or (meaning.code if meaning else INFO),
        raw_code=(event.raw_code or event.code)[:64],
        code_list=event.code_list[:32],
        classifier=classifier,
        attributes=attributes,
        occurred_at=when.occurred_at,
        wall_time=event.wall_time,
        time_zone=when.time_zone,
        zone_certainty=when.certainty,
        precision=when.precision,
        reported_at=_reported_at(event.reported_at),
        location_id=place.id if place else None,
        location_text=_text(event.place)[:200],
        equipment=event.equipment[:35],
        vessel_imo=event.vessel_imo[:7],
        voyage=event.voyage[:50],
        flight=event.flight[:16],
        references=event.references,
        source_event_id=event.source_event_id,
        retracts=event.retracts,
        quarantine=when.doubt,
        reason=event.reason[:300],
        remarks=event.remarks[:500],
        is_mapped=bool(event.code or meaning or (event.retracts and not event.raw_code)),
        segment=event.segment[:40],
        fallback_codes=event.fallback_codes,
        place_keys=place_keys(event.place) if place is None and event.place is not NOWHERE else (),
    )


def _meaning(event: ParsedEvent, meanings: Mapping[tuple[str, str], Meaning]) -> Meaning | None:
    """Of the code itself, else of the first of its fallbacks that means something."""
    found = meanings.get((event.code_list, event.raw_code))
    if found is None and event.fallback_codes:
        known = (meanings.get((event.code_list, code)) for code in event.fallback_codes)
        return next((meaning for meaning in known if meaning), None)
    return found


def _means(event: ParsedEvent, attributes: Mapping[str, Any]) -> str:
    """By what it moved, as far as the report says so."""
    if mode := attributes.get("mode"):
        return str(mode)
    if event.vessel_imo or event.voyage:
        return "VESSEL"
    return "AIR" if event.flight else ""


def fingerprint(event: ParsedEvent, source_id: int) -> str:
    """SHA-256 of what was reported, and by whom: the same for the same report in another message.

    Free texts, quantities and seconds do not count: carriers vary them when they send a status again. The words for a
    place do where nothing else says which it is: two places are two reports.
    """
    place = event.place
    identity = event.source_event_id or event.retracts
    parts = (
        str(source_id), event.code_list, event.raw_code, event.code, event.classifier, event.wall_time[:16],
        event.zone or event.zone_code, place.unlocode, place.facility, place.iata,
        place.country, place.subdivision, place.name.upper(),
        reference_key(event.equipment), event.vessel_imo, event.voyage, event.flight,
        event.source_event_id, event.retracts, event.reported_at if identity and not identity.startswith("=") else "",
        *sorted({f"{type_}:{reference_key(value)}" for type_, value in event.references}),
        *((place.code,) if place.code else ()), *(f"text:{said}" for said in bare_text(place)),
        # Two parts of one consignment in one minute are two reports (formats.md 9.4, rule 32).
        *((f"part:{event.attributes.get('pieces')}",) if event.attributes.get("part") == "PARTIAL" else ()),
    )  # fmt: skip
    return sha256("\x1f".join(parts).encode("utf-8", "replace")).hexdigest()


def successor_fingerprint(fingerprint: str) -> str:
    """Of the one event that may take the place of another: what was reported is the same, so the old one decides it."""
    return sha256(f"{fingerprint} superseded".encode()).hexdigest()


def _codes(place: ParsedPlace) -> list[str]:
    """The codes a place may be found by, best first."""
    codes = []
    if place.unlocode:
        if place.facility:
            codes.append(f"{place.unlocode}/{place.facility}")
        codes.append(place.unlocode)
    if place.iata:
        codes.append(f"IATA:{place.iata}")
    # Terminals are often written as the place and a number: IDJKT45. A name is not taken for a code: PARIS, TX.
    for text in (place.unlocode, "" if place.name else place.text):
        if (found := _UNLOCODE.match(text)) and place.country in ("", found[0][:2]) and found[0] not in codes:
            codes.append(found[0])
    return codes


def _aliases(place: ParsedPlace) -> Iterator[str]:
    """The keys of aliases a place may be found by, best first."""
    if place.code:
        yield f"{place.code_kind}:{alias_value(place.code_kind, place.code)}"
    if place.facility:
        yield f"terminal:{alias_value('terminal', f'{place.unlocode}/{place.facility}')}"
    if place.unlocode:
        yield f"unlocode:{alias_value('unlocode', place.unlocode)}"
    for code in _codes(place):
        # The first five characters of IDJKT45, and a bare text that is a code.
        if len(code) == 5 and code != place.unlocode:
            yield f"unlocode:{code}"
    if place.iata:
        yield f"iata:{alias_value('iata', place.iata)}"
    yield from _name_keys(place)


def _name_keys(place: ParsedPlace) -> Iterator[str]:
    """Of its name, within the state first; else of the bare text."""
    if said := place.name or ("" if place.unlocode or place.code else place.text):
        for state in dict.fromkeys((place.subdivision if place.country else "", "")):
            yield f"{_BY_NAME}{alias_value('name', said, place.country, state)}"


def _resolve(place: ParsedPlace, means: str, origin: Origin) -> KnownPlace | None:
    """The place meant, or None. What a person said of a code goes before the code itself, every code before a name."""
    book = origin.places
    keys = list(_aliases(place)) if book.aliases else []
    for key in keys:
        if not key.startswith(_BY_NAME) and (known := _alias(book.aliases.get(key, ()), means, origin.source_id)):
            return known
    for code in _codes(place):
        if known := book.by_code.get(code):
            return known
    for key in keys:
        if key.startswith(_BY_NAME) and (known := _alias(book.aliases.get(key, ()), means, origin.source_id)):
            return known
    return _by_name(place, book) if place.country and place.name else None


def _by_name(place: ParsedPlace, book: PlaceBook) -> KnownPlace | None:
    """The only place of the country with that name, or the only one of the state."""
    if place.subdivision and (known := book.by_state.get((place.country, place.subdivision, place.name.upper()))):
        return known
    known = book.by_name.get((place.country, place.name.upper()))
    if known and place.subdivision and known.subdivision and place.subdivision != known.subdivision:
        return None
    return known


def _alias(entries: Sequence[KnownAlias], means: str, source_id: int) -> KnownPlace | None:
    """The most specific of the aliases that hold here: of the source before of all, of the mode before of any."""
    fitting = [e for e in entries if e.source_id in (None, source_id) and e.mode in ("", means)]
    if not fitting:
        return None
    return max(fitting, key=lambda e: (e.source_id is not None, e.mode != "")).place


def _zone(event: ParsedEvent, place: KnownPlace | None, origin: Origin) -> tuple[str, str]:
    """The zone of the wall time, and how sure that is: said by the sender, known of the place, or assumed."""
    if event.zone:
        return event.zone, _GIVEN
    if place and place.time_zone:
        return place.time_zone, _DERIVED
    country = event.place.country or event.place.unlocode[:2]
    if country and (zone := zone_of(country, event.place.subdivision)):
        return zone, _DERIVED
    return origin.time_zone or "UTC", _ASSUMED


def _when(event: ParsedEvent, place: KnownPlace | None, origin: Origin, classifier: str) -> _When:
    if not event.wall_time:
        return _When(precision=event.precision)
    try:
        wall = datetime.fromisoformat(event.wall_time)
    except ValueError:
        return _When(occurred_at=_EARLIEST, certainty=_ASSUMED, doubt="The date does not exist.")
    name, certainty = _zone(event, place, origin)
    precision = event.precision
    if classifier in _SENT_AS_ESTIMATE and precision == TimePrecision.MINUTE and wall.hour == wall.minute == 0:
        # Midnight is how an unknown time of an estimated day is written.
        precision = TimePrecision.DAY.value
    if not _FIRST_YEAR <= wall.year <= _LAST_YEAR:
        occurred_at = _EARLIEST if wall.year < _FIRST_YEAR else _LATEST
        return _When(occurred_at, name, certainty, precision, doubt=f"The year {wall.year} cannot be true.")
    zone = load_zone(name)
    if zone is None:
        name, certainty, zone = "UTC", _ASSUMED, UTC
    occurred_at, is_ambiguous = instant(wall, zone)
    doubt = _doubt(occurred_at, classifier, origin.received_at)
    return _When(occurred_at, name, certainty, precision, is_ambiguous, doubt)


def _doubt(occurred_at: datetime, classifier: str, received_at: datetime) -> str:
    """Why the time cannot be true; '' when it can. Old dates can: feeds send their history."""
    ahead = occurred_at - received_at
    if ahead <= (_ACTUAL_AHEAD if classifier == _ACTUAL else _OTHERS_AHEAD):
        return ""
    said = "1 day" if ahead.days == 1 else f"{ahead.days} days"
    return f"The time is {said} after we received the message."


def _reported_at(text: str) -> datetime | None:
    """An ISO time as UTC (without an offset: UTC); None when it is none."""
    if not text:
        return None
    try:
        read = datetime.fromisoformat(text)
        return (read if read.tzinfo else read.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _text(place: ParsedPlace) -> str:
    """What a person reads: the sender's own words, or his codes."""
    if place.text:
        return place.text
    if place.name:
        return ", ".join(part for part in (place.name, place.subdivision, place.country) if part)
    return place.unlocode + (f"/{place.facility}" if place.facility else "") or place.iata
