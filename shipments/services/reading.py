"""Steps two and three for a message: its bytes, the vocabulary and the places it needs, handed to the pure rules."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db.models import F, Q
from django.db.models.functions import Upper

from shipments.formats.base import Parsed, ParsedEvent, rejected
from shipments.formats.registry import FORMATS
from shipments.models import CodeMapping, Location, Message, MilestoneType, Source
from shipments.normalise import KnownPlace, Meaning, Origin, PlaceBook, normalise, wanted_places
from shipments.services.intake import printable
from shipments.services.storing import Report

_MOST_ISSUES = 200


@dataclass(frozen=True, slots=True)
class Reading:
    """A message and what was found in it."""

    message: Message
    source: Source
    parsed: Parsed

    @property
    def errors(self) -> str:
        """As the message keeps them, in JSON: the first 200 of {"code", "message", "segment", "element", ...}."""
        issues = [dataclasses.asdict(issue) for issue in self.parsed.issues[:_MOST_ISSUES]]
        return json.dumps(
            [{name: printable(v) if isinstance(v, str) else v for name, v in issue.items()} for issue in issues]
        )


def read(message: Message) -> Reading:
    """Parse the message's bytes. Above WAYMARK_PARSE_LIMIT bytes it is rejected unread."""
    raw = bytes(message.raw)
    if len(raw) > settings.WAYMARK_PARSE_LIMIT:
        limit = settings.WAYMARK_PARSE_LIMIT >> 20
        parsed = rejected("too_large", f"The message is kept, but only {limit} MiB at most are read. Send it in parts.")
    else:
        parsed = FORMATS[message.source.format](raw, message.source.column_mapping)
    if b"\x00" in raw or b"\\u" in raw:
        parsed = Parsed(tuple(map(_printable, parsed.events)), parsed.issues)
    if not parsed.events and not parsed.issues:
        parsed = rejected("no_events", "The message could be read, and there is no event in it.")
    return Reading(message, message.source, parsed)


def only(reading: Reading, positions: Collection[int]) -> Reading:
    """The reading with the events at these positions alone."""
    events = tuple(event for event in reading.parsed.events if event.position in positions)
    return Reading(reading.message, reading.source, Parsed(events, reading.parsed.issues))


def reports_of(readings: Sequence[Reading]) -> list[Report]:
    """Everything reported in `readings`, in our words. Seven queries at most, however many messages."""
    codes, names = wanted_places(event for reading in readings for event in reading.parsed.events)
    places = _load_places(codes, names)
    vocabulary = set(MilestoneType.objects.values_list("code", flat=True))
    meanings = _load_meanings({reading.source.pk: reading.source for reading in readings}, readings)
    reports = []
    for reading in readings:
        source, message = reading.source, reading.message
        origin = Origin(
            source_id=source.pk,
            source_code=source.code,
            trust=source.trust,
            time_zone=source.time_zone,
            received_at=message.received_at,
            meanings=meanings[source.pk],
            places=places,
        )
        for event in reading.parsed.events:
            known = event if not event.code or event.code in vocabulary else _as_foreign(event)
            reports.append(Report(normalise(known, origin), source, message.pk, message.received_at))
    return reports


def _as_foreign(event: ParsedEvent) -> ParsedEvent:
    """A code that is not in our vocabulary is the sender's own and needs a mapping."""
    return dataclasses.replace(event, code="", raw_code=event.raw_code or event.code)


def _printable(event: ParsedEvent) -> ParsedEvent:
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
    changes["references"] = tuple((kind, printable(value)) for kind, value in event.references)
    changes["attributes"] = {
        printable(name): printable(value) if isinstance(value, str) else value
        for name, value in event.attributes.items()
    }
    return dataclasses.replace(event, **changes)


def _load_meanings(
    sources: Mapping[int, Source], readings: Iterable[Reading]
) -> dict[int, dict[tuple[str, str], Meaning]]:
    """By source: (code list, raw code) → meaning. What was mapped for one source only goes before the rest."""
    raw_codes = {event.raw_code or event.code for reading in readings for event in reading.parsed.events}
    rows = (
        CodeMapping.objects.current()
        .filter(Q(source=None) | Q(source_id__in=list(sources)), raw_code__in=raw_codes)
        .order_by(F("source_id").asc(nulls_first=True))
        .values_list("format", "source_id", "code_list", "raw_code", "code_id", "classifier", "attributes")
    )
    found: dict[int, dict[tuple[str, str], Meaning]] = {pk: {} for pk in sources}
    for format_, only_for, code_list, raw_code, *meaning in rows:
        for pk, source in sources.items():
            if source.format == format_ and only_for in (None, pk):
                found[pk][code_list, raw_code] = Meaning(*meaning)
    return found


def _load_places(codes: set[str], names: set[tuple[str, str]]) -> PlaceBook:
    by_code: dict[str, KnownPlace] = {}
    unlocodes = {code.partition("/")[0] for code in codes if not code.startswith("IATA:")}
    airports = {code.removeprefix("IATA:") for code in codes if code.startswith("IATA:")}
    if codes:
        # Read from the end: of two places with one airport code the first by code counts.
        rows = Location.objects.filter(Q(unlocode__in=unlocodes) | Q(iata__in=airports, iata__gt=""))
        for place in rows.select_related("same_as").order_by("-unlocode"):
            known = _known(place)
            by_code[place.code] = known
            if place.iata and not place.facility_code:
                by_code[f"IATA:{place.iata}"] = known
    return PlaceBook(by_code, _places_by_name(names))


def _places_by_name(names: set[tuple[str, str]]) -> dict[tuple[str, str], KnownPlace]:
    if not names:
        return {}
    rows = Location.objects.places().annotate(capitals=Upper("name"))
    rows = rows.filter(country__in={country for country, _ in names}, capitals__in={name for _, name in names})
    found: dict[tuple[str, str], KnownPlace] = {}
    twice: set[tuple[str, str]] = set()
    for place in rows.select_related("same_as").order_by("unlocode"):
        name, known = (place.country, place.name.upper()), _known(place)
        if name in found and found[name].id != known.id:
            twice.add(name)
        found.setdefault(name, known)
    # Two places of one name in a country: which one is meant is not guessed.
    return {name: known for name, known in found.items() if name not in twice}


def _known(place: Location) -> KnownPlace:
    meant = place.same_as or place
    return KnownPlace(meant.pk, meant.unlocode, meant.time_zone or place.time_zone, meant.subdivision)
