"""GS1 EPCIS 2.0 as JSON and JSON-LD: documents, query documents, lists of events and single ones. Pure.

An event about several logistic units becomes one report for each of them, because each may be another shipment's. An
event with a wrong value is reported and left out alone; its siblings are read. XML is not read at all.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from hashlib import sha256
from typing import Any
from urllib.parse import unquote

from shipments.enums import AliasKind, ReferenceType
from shipments.formats.base import NOWHERE, Parsed, ParsedEvent, ParsedPlace, ParseIssue, content_id, rejected
from shipments.formats.epcis_document import STEPS, UNITS, EventFields, list_events, plain, prefixes_of, uri_of
from shipments.formats.extension import extended, is_extended
from shipments.formats.gs1 import Key, read_key
from shipments.formats.json_text import MAX_EVENTS, Unreadable, issue, items, load_json, mapping
from shipments.formats.recognise import recognise, wrong_format
from shipments.formats.times import WallTime, read_iso, read_offset
from shipments.zones import load_zone

CODE_LIST = "cbv"
_EXPECTED = "GS1 EPCIS 2.0 as JSON"
# EPCIS 2.0, 7.4: `action` says what became of the objects; a transformation has none.
_TYPES = {
    "ObjectEvent": ("action",), "AggregationEvent": ("action",), "TransactionEvent": ("action",),
    "AssociationEvent": ("action",), "TransformationEvent": (),
}  # fmt: skip
# A state that says more than the step in which it was found.
_TELLING = frozenset(
    {"damaged", "stolen", "returned", "mismatch_quantity", "mismatch_class", "mismatch_instance"}
)  # fmt: skip
_TRANSACTIONS = {
    "po": ReferenceType.PO.value, "bol": ReferenceType.MBL.value, "desadv": ReferenceType.CUSTOMER.value,
    "inv": ReferenceType.CUSTOMER.value, "recadv": ReferenceType.CUSTOMER.value, "rma": ReferenceType.CUSTOMER.value,
}  # fmt: skip
_CONSIGNMENTS = {"ginc": ReferenceType.HBL.value, "gsin": ReferenceType.CUSTOMER.value}
_GEO = re.compile(r"geo:(-?\d{1,3}(?:\.\d{1,15})?),(-?\d{1,3}(?:\.\d{1,15})?)(?:[,;].*)?\Z", re.ASCII)
_BOX = re.compile(r"[A-Z]{4}\d{7}\Z", re.ASCII)
_LOTS = ("quantityList", "childQuantityList", "inputQuantityList", "outputQuantityList")
# How we name a reference in a document of our own: its type and its number.
_OUR_REFERENCE = re.compile(r"urn:waymark:reference:([a-z_]+):(.+)\Z")
_LONGEST_ID = 100
_LONGEST_CODE = 64
_MOST_REFERENCES = 50
_MOST_UNITS = 10_000


def parse(raw: bytes, options: Mapping[str, Any]) -> Parsed:
    """The events of an EPCISDocument, an EPCISQueryDocument, a list, or of one event alone."""
    loaded = load_json(raw, _EXPECTED)
    found = loaded if isinstance(loaded, Parsed) else list_events(loaded)
    if isinstance(found, Parsed):
        return found
    prefixes = prefixes_of(loaded)
    events: list[ParsedEvent] = []
    issues: list[ParseIssue] = []
    position = 0
    for number, value in enumerate(found, start=1):
        try:
            said = EventFields(plain(value), number, prefixes)
            reports = [replace(report, position=position + n) for n, report in enumerate(_reports(said))]
            issues += _unknown_words(said, position)
            events += reports
            position += len(reports)
        except Unreadable as error:
            issues.append(replace(issue(error, value, position), segment=f"event {number}"))
            position += 1
        if position > MAX_EVENTS:
            return rejected("too_many", f"The message holds more than {MAX_EVENTS} events.")
    if not events and recognise(raw) in ("native", "dcsa_2"):
        return wrong_format(raw, _EXPECTED)
    return Parsed(tuple(events), tuple(issues))


def _reports(said: EventFields) -> list[ParsedEvent]:
    """One report for each logistic unit, or one in all."""
    event_id = _short_id(said.text("eventID"))
    is_wrong = bool(said.fields.get("errorDeclaration"))
    if is_extended(said.fields):
        return [_ours(said, event_id, is_wrong=is_wrong)]
    units = _tracked(said)
    if is_wrong and event_id:
        # What was said of several units was reported under an id for each.
        several = units if len(units) > 1 else []
        return _retractions(said, [event_id, *(_short_id(f"{event_id}#{_number(unit)}") for unit in several)])
    whole = _whole(said)
    reports = [_about(whole, unit) for unit in units] or [whole]
    if len(units) > 1:
        reports = [replace(r, segment=f"{r.segment}, unit {n}") for n, r in enumerate(reports, start=1)]
    ids = _ids(said, reports, event_id)
    if is_wrong:
        return _retractions(said, ids)
    return [replace(report, source_event_id=own) for report, own in zip(reports, ids, strict=True)]


def _ours(said: EventFields, event_id: str, *, is_wrong: bool) -> ParsedEvent:
    """An event that we wrote ourselves: what the standard cannot say stands beside it."""
    if is_wrong and event_id:
        return extended(_retractions(said, [event_id])[0], said.fields)
    unit = next((_number(key) for key in said.things if key.kind in UNITS), "")
    return extended(replace(_whole(said), equipment=unit, source_event_id=event_id), said.fields)


def _ids(said: EventFields, reports: Sequence[ParsedEvent], event_id: str) -> list[str]:
    """What each report can be taken back by: an event without an id is declared wrong by repeating it."""
    if event_id:
        is_one = len(reports) == 1
        return [event_id if is_one else _short_id(f"{event_id}#{report.equipment}") for report in reports]
    lots = [json.dumps(said.fields.get(name), sort_keys=True) for name in _LOTS]
    things = _digest("\x1f".join([*sorted(f"{key.kind}:{key.text}" for key in said.things), *lots]))
    return ["=" + _digest(content_id(report) + things)[:40] for report in reports]


def _digest(said: str) -> str:
    return sha256(said.encode("utf-8", "replace")).hexdigest()


def _short_id(said: str) -> str:
    return said if len(said) <= _LONGEST_ID else f"sha-256:{_digest(said)}"


def _retractions(said: EventFields, ids: Sequence[str]) -> list[ParsedEvent]:
    declared = mapping(said.fields.get("errorDeclaration"), "errorDeclaration")
    first = ParsedEvent(
        position=0,
        raw_code="",
        code_list=CODE_LIST,
        wall_time="",
        reported_at=_instant(declared, "declarationTime"),
        references=tuple(_references(said)),
        reason=said.term(declared.get("reason"), "reason", "er")[:300],
        segment=f"event {said.number}",
    )
    return [replace(first, retracts=retracted) for retracted in ids]


def _whole(said: EventFields) -> ParsedEvent:
    """What the event says, whatever units it is about. Raises Unreadable for a value that is missing or wrong."""
    kind = said.text("type")
    if kind not in _TYPES:
        told = f"type is none of {', '.join(_TYPES)}: {kind[:100]}." if kind else "type is missing."
        raise Unreadable("bad_value" if kind else "missing", told, "type")
    missing = [name for name in ("eventTime", "eventTimeZoneOffset", *_TYPES[kind]) if not said.fields.get(name)]
    if missing:
        verb = "is" if len(missing) == 1 else "are"
        raise Unreadable("missing", f"{' and '.join(missing)} {verb} missing.", missing[0])
    if _TYPES[kind] and said.text("action") not in ("ADD", "OBSERVE", "DELETE"):
        raise Unreadable("bad_value", "action is neither ADD nor OBSERVE nor DELETE.", "action")
    when = _time(said.fields)
    raw_code, *further = _codes(said, kind)
    ship = next((key.code for key in said.things if key.kind == "imo"), "")
    return ParsedEvent(
        position=0,
        raw_code=raw_code,
        code_list=CODE_LIST,
        wall_time=when.wall,
        zone=when.zone,
        precision=when.precision,
        reported_at=_instant(said.fields, "recordTime"),
        place=_place(said),
        vessel_imo=ship,
        references=tuple(_references(said)),
        attributes=_attributes(said),
        fallback_codes=tuple(further),
        segment=f"event {said.number}",
    )


def _time(fields: Mapping[str, Any]) -> WallTime:
    """The clock where it happened: eventTime is the instant, eventTimeZoneOffset tells how clocks were set there."""
    said, offset = (
        uri_of(fields["eventTime"], "eventTime"),
        uri_of(fields["eventTimeZoneOffset"], "eventTimeZoneOffset"),
    )
    found, zone = read_iso(said), read_offset(offset)
    here = load_zone(zone) if zone and len(offset) > 3 else None
    if here is None or zone is None:
        raise Unreadable("bad_zone", f"eventTimeZoneOffset is no offset: {offset[:40]}.", "eventTimeZoneOffset")
    if found is None or not found.zone:
        raise Unreadable("bad_time", f"eventTime is no date and time with its offset: {said[:40]}.", "eventTime")
    try:
        there = datetime.fromisoformat(found.wall + found.zone).astimezone(here)
    except (ValueError, OverflowError) as error:
        raise Unreadable("bad_time", f"eventTime cannot be true: {said[:40]}.", "eventTime") from error
    return WallTime(there.replace(tzinfo=None).isoformat(), zone, found.precision)


def _instant(fields: Mapping[str, Any], name: str) -> str:
    """A time at which something was said, as ISO with its offset; '' when it is not told or is none."""
    found = read_iso(uri_of(fields.get(name), name))
    return found.wall + (found.zone or "+00:00") if found else ""


def _codes(said: EventFields, kind: str) -> list[str]:
    """What the mapping is asked for, best first: a state that tells more than the step, the step, what it was like."""
    step, states = said.step, said.dispositions
    codes = [f"disposition:{state}" for state in states if state in _TELLING]
    if step:
        codes += [f"{step}+{hint}" for hint in _hints(said, step, states)] + [step]
    else:
        codes += [*(f"disposition:{state}" for state in states), f"event:{kind}"]
    # The end of a URI tells more than its beginning.
    return [code[-_LONGEST_CODE:] for code in dict.fromkeys(codes)]


def _hints(said: EventFields, step: str, states: Sequence[str]) -> Iterator[str]:
    """What the rest of the event tells about a step that alone may be one thing or another."""
    if step == "packing" and "container_closed" in states:
        yield "container_closed"
    if step == "entering_exiting" and ("in_transit" in states or not said.text("bizLocation")):
        yield "leaving"
    if step == "receiving" and (target := _destination(said)):
        here = [read_key(said.text(name)) for name in ("readPoint", "bizLocation")]
        if target in [key.code for key in here if key]:
            yield "at_destination"


def _destination(said: EventFields) -> str:
    """GLN of the location in the destinationList."""
    for entry in items(said.fields.get("destinationList"), "destinationList"):
        fields = mapping(entry, "destinationList")
        if said.term(fields.get("type"), "destinationList", "sdt") == "location":
            key = read_key(uri_of(fields.get("destination"), "destinationList"))
            return key.code if key and key.kind == "gln" else ""
    return ""


def _unknown_words(said: EventFields, position: int) -> list[ParseIssue]:
    """A bare word that is no step of the CBV: the event is kept and waits for a mapping, but the sender is told."""
    step = said.step
    if not step or step in STEPS or ":" in step:
        return []
    told = f"bizStep is no word of the CBV: {step[:100]}. A step of another vocabulary is written as a URI."
    return [ParseIssue("unknown_word", told, f"event {said.number}", "bizStep", position, step[:100])]


def _place(said: EventFields) -> ParsedPlace:
    """Where it was read; else where it was afterwards."""
    for name in ("readPoint", "bizLocation"):
        if uri := said.text(name):
            return _place_of(uri)
    return NOWHERE


def _place_of(uri: str) -> ParsedPlace:
    if (key := read_key(uri)) and key.kind == "gln":
        return ParsedPlace(code=key.code, code_kind=AliasKind.GLN.value, text=key.text[:200])
    if found := _GEO.match(uri):
        latitude, longitude = float(found[1]), float(found[2])
        if abs(latitude) <= 90 and abs(longitude) <= 180:
            return ParsedPlace(latitude=round(latitude, 5), longitude=round(longitude, 5), text=uri[:200])
    return ParsedPlace(text=uri[:200])


def _tracked(said: EventFields) -> list[Key]:
    """The logistic units it is about: what lies in the parent if that is one or more, else the parent."""
    units = [key for key in said.things if key.kind in UNITS]
    inner = [key for key in units if key != said.parent]
    if len(inner) > _MOST_UNITS:
        raise Unreadable("too_many", f"The event is about more than {_MOST_UNITS} units.", "epcList")
    return inner or units


def _number(key: Key) -> str:
    """The number of a unit: a container's own where its GRAI holds it."""
    number = key.serial if key.kind == "grai" and _BOX.match(key.serial) else key.text
    return number[:35]


def _about(whole: ParsedEvent, unit: Key) -> ParsedEvent:
    own = ((ReferenceType.SSCC.value, unit.code),) if unit.kind == "sscc" else ()
    references = tuple(dict.fromkeys((*own, *whole.references)))
    return replace(whole, equipment=_number(unit), references=references)


def _references(said: EventFields) -> list[tuple[str, str]]:
    """The parent unit, consignments, and the business transactions that a shipment may be known by."""
    parent = said.parent
    found = [_unit_reference(parent)] if parent and parent.kind in UNITS else []
    found += [(_CONSIGNMENTS[key.kind], key.code) for key in said.things if key.kind in _CONSIGNMENTS]
    for entry in items(said.fields.get("bizTransactionList"), "bizTransactionList"):
        fields = mapping(entry, "bizTransactionList")
        uri = uri_of(fields.get("bizTransaction"), "bizTransactionList")
        kind, number = _our_reference(uri)
        if not kind:
            kind = _TRANSACTIONS.get(said.term(fields.get("type"), "bizTransactionList", "btt"), "")
            number = _transaction(uri)
        if kind and number and len(number) <= 64:
            found.append((kind, number))
    return list(dict.fromkeys(found))[:_MOST_REFERENCES]


def _unit_reference(parent: Key) -> tuple[str, str]:
    kind = ReferenceType.SSCC if parent.kind == "sscc" else ReferenceType.CONTAINER
    return kind.value, _number(parent)


def _our_reference(uri: str) -> tuple[str, str]:
    found = _OUR_REFERENCE.match(uri)
    return (found[1], unquote(found[2])) if found and found[1] in ReferenceType.values else ("", "")


def _transaction(uri: str) -> str:
    """The number of a document, out of the URI that names it (CBV 2.0, 8.5)."""
    if key := read_key(uri):
        return key.serial or key.code
    if uri.startswith("urn:epcglobal:cbv:bt:"):
        return uri.rpartition(":")[2]
    if uri.startswith(("http://", "https://")):
        return uri.split("?")[0].rstrip("/").rpartition("/")[2]
    return uri


def _attributes(said: EventFields) -> dict[str, Any]:
    others = ", ".join(key.text for key in said.things if key.kind not in UNITS)
    told = {"disposition": ", ".join(said.dispositions)[:200], "items": others[:300], "to": _destination(said)}
    return {name: value for name, value in told.items() if value}
