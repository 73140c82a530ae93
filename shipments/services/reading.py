"""Steps two and three for a message: its bytes, the vocabulary and the places it needs, handed to the pure rules."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from django.conf import settings
from django.db.models import F, Q
from django.db.models.functions import Upper

from shipments.enums import Format
from shipments.formats.base import Parsed, ParsedEvent, ParseIssue, rejected
from shipments.formats.registry import FORMATS
from shipments.identifiers import doubts_of
from shipments.models import CodeMapping, Location, LocationAlias, Message, MilestoneType, Source, Upload
from shipments.normalise import (
    KnownAlias,
    KnownPlace,
    Meaning,
    Origin,
    PlaceBook,
    WantedPlaces,
    normalise,
    wanted_places,
)
from shipments.services.apart import joined, needs_apart, parse_apart
from shipments.services.intake import printable
from shipments.services.storing import Report

MOST_ISSUES = 200
# Wrong check digits that one message is told of.
_MOST_DOUBTS = 50
K = TypeVar("K")


@dataclass(frozen=True, slots=True)
class Reading:
    """A message and what was found in it. `format`: what it was read as, where the source leaves that open."""

    message: Message
    source: Source
    parsed: Parsed

    @property
    def format(self) -> str:
        return self.parsed.format or self.source.format

    @property
    def errors(self) -> list[dict[str, Any]]:
        """As the message keeps them: 200 of {"code", "message", "segment", "element", ...} at most."""
        return kept(self.parsed.issues)


def worst(issues: Sequence[ParseIssue]) -> list[ParseIssue]:
    """The first 200, as many as a message keeps; of more than that, what was lost goes before warnings."""
    if len(issues) <= MOST_ISSUES:
        return list(issues)
    return sorted(issues, key=lambda issue: issue.is_warning)[:MOST_ISSUES]


def kept(issues: Sequence[ParseIssue]) -> list[dict[str, Any]]:
    """The worst of the issues as a message keeps them."""
    return [
        {name: printable(v) if isinstance(v, str) else v for name, v in dataclasses.asdict(issue).items()}
        for issue in worst(issues)
    ]


def read(message: Message) -> Reading:
    """Parse the message's bytes as a whole. Above WAYMARK_PARSE_LIMIT bytes it is rejected unread."""
    raw = bytes(message.raw)
    source = message.source
    if refused := _too_large(raw):
        return Reading(message, source, refused)
    options = options_of(message)
    if needs_apart(raw):
        parsed = joined(parse_apart(source.format, raw, options))
    else:
        parsed = FORMATS[source.format](raw, options)
    return Reading(message, source, _checked(_tidy(parsed, raw), set()))


def read_in_parts(message: Message) -> Generator[Reading, None, None]:
    """The same part by part, read in a process of its own whose memory and time are limited."""
    raw = bytes(message.raw)
    source = message.source
    if refused := _too_large(raw):
        yield Reading(message, source, refused)
        return
    is_empty = True
    told: set[tuple[str, str]] = set()
    for parsed in parse_apart(source.format, raw, options_of(message)):
        is_empty = is_empty and not parsed.events and not parsed.issues and not parsed.is_quiet
        yield Reading(message, source, _checked(_printed(parsed, raw), told))
    if is_empty:
        yield Reading(message, source, _tidy(Parsed(), raw))


def options_of(message: Message) -> dict[str, Any]:
    """What the parser is told beside the bytes: by the source, and for an upload by the person who checked it."""
    options = {**message.source.options, "received_at": message.received_at.isoformat()}
    if message.received_by_id and message.source.format in (Format.CSV, Format.AUTO):
        uploads = Upload.objects.filter(message_id=message.pk).order_by("-pk")
        options |= uploads.values_list("column_mapping", flat=True).first() or {}
    return options


def _too_large(raw: bytes) -> Parsed | None:
    if len(raw) <= settings.WAYMARK_PARSE_LIMIT:
        return None
    limit = settings.WAYMARK_PARSE_LIMIT >> 20
    return rejected("too_large", f"The message is kept, but only {limit} MiB at most are read. Send it in parts.")


def _tidy(parsed: Parsed, raw: bytes) -> Parsed:
    if parsed.events or parsed.issues or parsed.is_quiet:
        return _printed(parsed, raw)
    return rejected("no_events", "The message could be read, and there is no event in it.")


def _checked(parsed: Parsed, told: set[tuple[str, str]]) -> Parsed:
    """With a warning for each number whose check digit does not fit; `told`: those that the message has warnings for.

    A wrong number is kept and matched as it came: carriers send what was typed into their own systems.
    """
    found: list[ParseIssue] = []
    for event in parsed.events:
        for kind, value, said in doubts_of(event):
            if (kind, value) not in told and len(told) < _MOST_DOUBTS:
                told.add((kind, value))
                found.append(ParseIssue("check_digit", said, event.segment, kind, event.position, is_warning=True))
    return dataclasses.replace(parsed, issues=(*parsed.issues, *found)) if found else parsed


def _printed(parsed: Parsed, raw: bytes) -> Parsed:
    if b"\x00" not in raw and b"\\u" not in raw:
        return parsed
    return dataclasses.replace(parsed, events=tuple(map(printable_event, parsed.events)))


def only(reading: Reading, positions: Collection[int]) -> Reading:
    """The reading with the events at these positions alone."""
    events = tuple(event for event in reading.parsed.events if event.position in positions)
    return dataclasses.replace(reading, parsed=dataclasses.replace(reading.parsed, events=events))


def reports_of(readings: Sequence[Reading]) -> list[Report]:
    """Everything reported in `readings`, in our words. Eight queries at most, however many messages."""
    places = load_places(wanted_places(event for reading in readings for event in reading.parsed.events))
    vocabulary = set(MilestoneType.objects.values_list("code", flat=True))
    meanings = load_meanings(readings)
    reports = []
    for reading in readings:
        source, message = reading.source, reading.message
        origin = Origin(
            source_id=source.pk,
            source_code=source.code,
            trust=source.trust,
            time_zone=source.time_zone,
            received_at=message.received_at,
            meanings=meanings[source.pk, reading.format],
            places=places,
        )
        for event in reading.parsed.events:
            known = event if not event.code or event.code in vocabulary else _as_foreign(event)
            said = normalise(known, origin)
            reports.append(Report(said, source, message.pk, message.received_at, format=reading.format))
    return reports


def _as_foreign(event: ParsedEvent) -> ParsedEvent:
    """A code that is not in our vocabulary is the sender's own and needs a mapping."""
    return dataclasses.replace(event, code="", raw_code=event.raw_code or event.code)


def printable_event(event: ParsedEvent) -> ParsedEvent:
    """The event with texts that the database can hold."""
    changes: dict[str, Any] = {
        field.name: printable(value)
        for field in dataclasses.fields(event)
        if isinstance(value := getattr(event, field.name), str)
    }
    texts: dict[str, Any] = {
        field.name: printable(value)
        for field in dataclasses.fields(event.place)
        if isinstance(value := getattr(event.place, field.name), str)
    }
    changes["place"] = dataclasses.replace(event.place, **texts)
    changes["fallback_codes"] = tuple(map(printable, event.fallback_codes))
    changes["references"] = tuple((kind, printable(value)) for kind, value in event.references)
    changes["attributes"] = {
        printable(name): printable(value) if isinstance(value, str) else value
        for name, value in event.attributes.items()
    }
    return dataclasses.replace(event, **changes)


def load_meanings(readings: Sequence[Reading]) -> dict[tuple[int, str], dict[tuple[str, str], Meaning]]:
    """By source and format: (code list, raw code) → meaning; the most specific mapping of each."""
    pairs = {(reading.source.pk, reading.format) for reading in readings}
    raw_codes = {
        code
        for reading in readings
        for event in reading.parsed.events
        for code in (event.raw_code or event.code, *event.fallback_codes)
    }
    rows = (
        CodeMapping.objects.current()
        .filter(
            Q(source=None) | Q(source_id__in={source for source, _ in pairs}),
            format__in={"", *(format_ for _, format_ in pairs)},
            raw_code__in=raw_codes,
        )
        # The least specific first, so that what is more specific takes its place.
        .order_by(F("source_id").asc(nulls_first=True), "format")
        .values_list("format", "source_id", "code_list", "raw_code", "code_id", "classifier", "attributes", "pk")
    )
    found: dict[tuple[int, str], dict[tuple[str, str], Meaning]] = {pair: {} for pair in pairs}
    for format_, only_for, code_list, raw_code, *meaning in rows:
        for source, read_as in pairs:
            if format_ in ("", read_as) and only_for in (None, source):
                found[source, read_as][code_list, raw_code] = Meaning(*meaning)
    return found


def load_places(wanted: WantedPlaces) -> PlaceBook:
    """The places that are `wanted`, as far as they are known."""
    by_code: dict[str, KnownPlace] = {}
    unlocodes = {code.partition("/")[0] for code in wanted.codes if not code.startswith("IATA:")}
    airports = {code.removeprefix("IATA:") for code in wanted.codes if code.startswith("IATA:")}
    if wanted.codes:
        # Read from the end: of two places with one airport code the first by code counts.
        rows = Location.objects.filter(Q(unlocode__in=unlocodes) | Q(iata__in=airports, iata__gt=""))
        for place in rows.select_related("same_as").order_by("-unlocode"):
            known = _known(place)
            by_code[place.code] = known
            if place.iata and not place.facility_code:
                by_code[f"IATA:{place.iata}"] = known
    by_name, by_state = _places_by_name(wanted.names)
    return PlaceBook(by_code, by_name, by_state, _aliases(wanted.aliases))


def _aliases(keys: Iterable[str]) -> dict[str, list[KnownAlias]]:
    found: dict[str, list[KnownAlias]] = {}
    values = {key.partition(":")[2] for key in keys}
    if values:
        rows = LocationAlias.objects.filter(value__in=values).select_related("location", "location__same_as")
        for alias in rows:
            entry = KnownAlias(_known(alias.location), alias.source_id, alias.mode)
            found.setdefault(f"{alias.kind}:{alias.value}", []).append(entry)
    return found


def _places_by_name(
    names: Collection[tuple[str, str]],
) -> tuple[dict[tuple[str, str], KnownPlace], dict[tuple[str, str, str], KnownPlace]]:
    """By country and name, and by country, state and name: what one place alone has. Which of two is not guessed."""
    if not names:
        return {}, {}
    rows = Location.objects.places().annotate(capitals=Upper("name"))
    rows = rows.filter(country__in={country for country, _ in names}, capitals__in={name for _, name in names})
    by_name: dict[tuple[str, str], dict[int, KnownPlace]] = {}
    by_state: dict[tuple[str, str, str], dict[int, KnownPlace]] = {}
    for place in rows.select_related("same_as").order_by("unlocode"):
        name, known = place.name.upper(), _known(place)
        by_name.setdefault((place.country, name), {})[known.id] = known
        if place.subdivision:
            by_state.setdefault((place.country, place.subdivision, name), {})[known.id] = known
    return _alone(by_name), _alone(by_state)


def _alone(found: Mapping[K, Mapping[int, KnownPlace]]) -> dict[K, KnownPlace]:
    return {name: next(iter(places.values())) for name, places in found.items() if len(places) == 1}


def _known(place: Location) -> KnownPlace:
    meant = place.same_as or place
    return KnownPlace(meant.pk, meant.unlocode, meant.time_zone or place.time_zone, meant.subdivision)
