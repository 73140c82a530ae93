"""Waymark's own events in JSON, as docs/api.md and the API schema describe them. Pure.

Strict: a key or a value that is not in the contract is reported, so that a sender notices a slip of the pen at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from shipments.enums import Classifier, ReferenceType, TimePrecision
from shipments.formats.base import Parsed, ParsedEvent, ParsedPlace
from shipments.formats.json_text import Unreadable, items, load_events, mapping, read_each, text
from shipments.formats.recognise import recognise, wrong_format
from shipments.formats.times import WallTime, read_iso
from shipments.matching import reference_key
from shipments.references import reference_type
from shipments.tables import read_table
from shipments.zones import load_zone

CODE_LIST = "native"
CODES = frozenset(row["code"] for row in read_table("vocabulary"))
_EXPECTED = "Waymark events (JSON)"
_KEYS = frozenset(
    {
        "code", "raw_code", "classifier", "occurred_at", "time_zone", "location", "unit", "leg", "references",
        "source_event_id", "retracts", "reason", "remarks",
    }
)  # fmt: skip
_LOCATION_KEYS = frozenset({"unlocode", "facility", "iata", "name", "subdivision", "country"})
_LEG_KEYS = frozenset({"vessel_imo", "voyage", "flight"})
_REFERENCE_KEYS = frozenset({"type", "value"})
_MOST_REFERENCES = 50
_Fields = dict[str, Any]


def parse(raw: bytes, options: Mapping[str, Any]) -> Parsed:
    """One event, a list of events or {"events": [...]}."""
    loaded = load_events(raw, _EXPECTED)
    if isinstance(loaded, Parsed):
        return loaded
    parsed = read_each(loaded, _event)
    if not parsed.events and recognise(raw) in ("dcsa_2", "dcsa_3", "one_record"):
        return wrong_format(raw, _EXPECTED)
    return parsed


def _event(value: object, position: int) -> ParsedEvent:
    fields = _known(mapping(value, "event"), _KEYS, "event")
    retracts = text(fields.get("retracts"), "retracts")
    code, raw_code = _codes(fields)
    if not code and not raw_code and not retracts:
        raise Unreadable("no_code", "code or raw_code is missing.", "code")
    wall = _time(fields, is_needed=bool(code or raw_code))
    leg = _known(mapping(fields.get("leg"), "leg"), _LEG_KEYS, "leg")
    unit = text(fields.get("unit"), "unit", 35)
    references = _references(fields)
    if not (unit or references or retracts):
        raise Unreadable("no_reference", "The event names neither a reference nor a unit.", "references")
    return ParsedEvent(
        position=position,
        raw_code=raw_code,
        segment=f"event {position + 1}",
        code_list=CODE_LIST,
        wall_time=wall.wall,
        code=code,
        classifier=_classifier(fields),
        zone=wall.zone,
        zone_code=text(fields.get("time_zone"), "time_zone", 64),
        precision=wall.precision,
        place=_place(fields),
        equipment=unit,
        vessel_imo=_imo(leg),
        voyage=text(leg.get("voyage"), "leg.voyage", 50),
        flight=text(leg.get("flight"), "leg.flight", 16),
        references=references,
        source_event_id=text(fields.get("source_event_id"), "source_event_id"),
        retracts=retracts,
        reason=text(fields.get("reason"), "reason", 300),
        remarks=text(fields.get("remarks"), "remarks", 500),
    )


def _known(fields: _Fields, keys: frozenset[str], element: str) -> _Fields:
    unknown = sorted(fields.keys() - keys)
    if unknown:
        # Escaped: a key may hold what a database cannot.
        names = ", ".join(ascii(name[:40]) for name in unknown[:5])
        raise Unreadable("unknown_key", f"{element} has keys that are not in the contract: {names}.", element)
    return fields


def _codes(fields: _Fields) -> tuple[str, str]:
    code, raw_code = text(fields.get("code"), "code", 24), text(fields.get("raw_code"), "raw_code", 64)
    if code and code not in CODES:
        raise Unreadable("unknown_code", f"code is not one of the vocabulary: {code}. Send others as raw_code.", "code")
    return code, raw_code


def _classifier(fields: _Fields) -> str:
    classifier = text(fields.get("classifier"), "classifier")
    if classifier and classifier not in Classifier.values:
        raise Unreadable("bad_value", f"classifier is not PLN, EST, ACT or REQ: {classifier}.", "classifier")
    return classifier


def _time(fields: _Fields, *, is_needed: bool) -> WallTime:
    """The wall time with the zone the sender means: his offset, which says it all, or his zone's name."""
    said, zone = text(fields.get("occurred_at"), "occurred_at"), text(fields.get("time_zone"), "time_zone", 64)
    if zone and load_zone(zone) is None:
        raise Unreadable("bad_zone", f"time_zone is no IANA time zone: {zone}.", "time_zone")
    if not said and not is_needed:
        return WallTime("", zone, TimePrecision.MINUTE.value)
    found = read_iso(said)
    if found is None:
        told = f"occurred_at is no ISO 8601 date and time: {said}." if said else "occurred_at is missing."
        raise Unreadable("bad_time" if said else "no_time", told, "occurred_at")
    if zone and (not found.zone or _agree(found, zone)):
        return WallTime(found.wall, zone, found.precision)
    return found


def _agree(found: WallTime, zone: str) -> bool:
    """Is the offset that of the zone at that time? (The clock may show an hour twice: then the offset tells which.)"""
    wall, offset, named = datetime.fromisoformat(found.wall), load_zone(found.zone), load_zone(zone)
    return bool(offset and named) and wall.replace(tzinfo=offset).utcoffset() == wall.replace(tzinfo=named).utcoffset()


def _place(fields: _Fields) -> ParsedPlace:
    said = _known(mapping(fields.get("location"), "location"), _LOCATION_KEYS, "location")

    def code(name: str, longest: int = 16) -> str:
        return text(said.get(name), f"location.{name}", longest).upper()

    return ParsedPlace(
        unlocode=code("unlocode"),
        facility=code("facility"),
        iata=code("iata", 3),
        name=text(said.get("name"), "location.name", 200),
        subdivision=code("subdivision", 3),
        country=code("country", 2),
    )


def _imo(leg: _Fields) -> str:
    imo = text(leg.get("vessel_imo"), "leg.vessel_imo")
    if imo and not (len(imo) == 7 and imo.isascii() and imo.isdigit()):
        raise Unreadable("bad_value", f"leg.vessel_imo is not seven digits: {imo}.", "leg.vessel_imo")
    return imo


def _references(fields: _Fields) -> tuple[tuple[str, str], ...]:
    listed = items(fields.get("references"), "references")
    if len(listed) > _MOST_REFERENCES:
        raise Unreadable("too_many", f"references has more than {_MOST_REFERENCES} entries.", "references")
    return tuple(dict.fromkeys(_reference(entry) for entry in listed))


def _reference(entry: object) -> tuple[str, str]:
    said = _known(mapping(entry, "references"), _REFERENCE_KEYS, "references")
    name, value = text(said.get("type"), "references.type", 64), text(said.get("value"), "references.value", 64)
    type_ = reference_type(name)
    if type_ is None:
        known = ", ".join(ReferenceType.values)
        raise Unreadable("unknown_reference", f"references.type is none of {known}: {name}.", "references.type")
    if not reference_key(value):
        raise Unreadable("bad_value", "references.value holds neither a letter nor a digit.", "references.value")
    return type_.value, value
