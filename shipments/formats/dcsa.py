"""DCSA Track & Trace 2.2, 3.0 and its betas: told apart by structure, not by a version number. Pure.

An event with a wrong value is reported and left out alone; its siblings are read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from hashlib import sha256
from typing import Any

from shipments.enums import Classifier, TimePrecision
from shipments.formats.base import Parsed, ParsedEvent, ParsedPlace
from shipments.formats.extension import extended
from shipments.formats.json_text import Unreadable, items, load_events, mapping, read_each, text
from shipments.formats.recognise import recognise, wrong_format
from shipments.formats.times import WallTime, read_iso
from shipments.references import reference_type

CODE_LIST = "dcsa"
_TYPES = frozenset({"TRANSPORT", "EQUIPMENT", "SHIPMENT", "IOT", "REEFER"})
_CODE = re.compile(r"[A-Z][A-Z0-9]{1,7}\Z")
_UNLOCODE = re.compile(r"[A-Z]{2}[A-Z2-9]{3}\Z")
_UUID = re.compile(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}\Z")
# What `recognise` calls them.
_DCSA = frozenset({"dcsa_2", "dcsa_3", "json"})
_IMO = re.compile(r"\d{7}\Z", re.ASCII)
# At a gate and at the customer's door it matters whether the box is full: the mapping has a row for each.
_TOLD_BY_CONTENTS = frozenset({"GTIN", "GTOT", "PICK", "DROP"})
_MODES = {
    "VESSEL": "VESSEL", "RAIL": "RAIL", "TRUCK": "ROAD", "ROAD": "ROAD", "BARGE": "BARGE", "AIR": "AIR",
    "1": "VESSEL", "2": "RAIL", "3": "ROAD", "8": "BARGE", "": "",
}  # fmt: skip
_Fields = dict[str, Any]


def parse_2(raw: bytes, options: Mapping[str, Any]) -> Parsed:
    """The events of `GET /v2/events` (a list or {"events": []}) or of one pushed event."""
    return _parse(raw, "DCSA Track & Trace 2")


def parse_3(raw: bytes, options: Mapping[str, Any]) -> Parsed:
    """The events of `GET /v3/events` (any page of it) or of a push."""
    return _parse(raw, "DCSA Track & Trace 3")


def _parse(raw: bytes, expected: str) -> Parsed:
    loaded = load_events(raw, expected)
    if isinstance(loaded, Parsed):
        return loaded
    parsed = read_each(loaded, _read)
    return parsed if parsed.events or recognise(raw) in _DCSA else wrong_format(raw, expected)


def _read(value: Any, position: int) -> ParsedEvent:
    return extended(_retraction(value, position) or _event(value, position), value)


def _retraction(value: object, position: int) -> ParsedEvent | None:
    """An event that is taken back, of which nothing but its id needs to be there or right; None for any other."""
    given = dict(mapping(value, "event"))
    fields = {**given, **_group(given, "metadata")}
    if fields.get("isRetracted") is True:
        retracts = event_id = _identity(fields)
        if not event_id:
            raise Unreadable("no_id", "The event is retracted, but it has no eventID.", "eventID")
    else:
        retracts, event_id = text(fields.get("retractedEventID"), "retractedEventID"), _identity(fields)
    if not retracts:
        return None
    try:
        whole = _flat(value)
        reported_at, references = _reported_at(whole), _references(whole)
    except Unreadable:
        reported_at, references = "", ()
    # An id that retracts itself is gone for good; only another id may be retracted again.
    own_id = "" if retracts == event_id else event_id
    return ParsedEvent(position, "", CODE_LIST, "", retracts=retracts, source_event_id=own_id, reported_at=reported_at,
                       references=references, segment=f"event {position + 1}")  # fmt: skip


def _group(fields: _Fields, name: str) -> _Fields:
    group = fields.get(name)
    return group if isinstance(group, dict) else {}


def _identity(fields: _Fields) -> str:
    """The eventID; in 3.0 together with the party it comes from, unless it is unique by itself (a UUID)."""
    event_id = text(fields.get("eventID"), "eventID")
    party = _group(_group(fields, "eventRouting"), "originatingParty")
    names = [str(party.get(name) or "") for name in ("partyCode", "codeListProvider", "codeListName")]
    if not event_id or not any(names) or _UUID.match(event_id):
        return event_id
    whole = "/".join((*names, event_id))
    # Our column has 100 characters.
    return whole if len(whole) <= 100 and whole.isprintable() else sha256(whole.encode("utf-8", "replace")).hexdigest()


def _event(value: object, position: int) -> ParsedEvent:
    fields = _flat(value)
    wall = _time(fields, "eventDateTime")
    call = mapping(fields.get("transportCall"), "transportCall")
    raw_code = _raw_code(fields)
    return ParsedEvent(
        position=position,
        raw_code=raw_code,
        code_list=CODE_LIST,
        wall_time=wall.wall,
        classifier=_classifier(fields),
        zone=wall.zone,
        precision=wall.precision,
        reported_at=_reported_at(fields),
        place=_place(mapping(fields.get("eventLocation"), "eventLocation"), call),
        equipment=text(fields.get("equipmentReference"), "equipmentReference", 35),
        vessel_imo=_imo(call),
        voyage=_voyage(call),
        references=_references(fields),
        source_event_id=_identity(fields),
        reason=_reason(fields),
        remarks=text(fields.get("changeRemark"), "changeRemark", 500),
        attributes=_attributes(fields, call),
        fallback_codes=tuple(code for code in re.split(r"[+/]", raw_code)[:1] if code != raw_code),
        segment=f"event {position + 1}",
    )


def _flat(value: object) -> _Fields:
    """The fields of an event side by side, wherever 2.2, 3.0 and the betas nest them."""
    fields = dict(mapping(value, "event"))
    for group in (
        "metadata", "payload", "eventClassification", "equipmentDetails", "transportDetails", "shipmentDetails",
        "iotDetails",
    ):  # fmt: skip
        fields.update(mapping(fields.get(group), group))
    if not ({"eventID", "eventType", "eventTypeCode", "retractedEventID"} & fields.keys()):
        raise Unreadable("not_an_event", "This is not a DCSA event: it has no eventID and no eventType.", "eventType")
    return fields


def _time(fields: _Fields, name: str) -> WallTime:
    said = text(fields.get(name), name)
    if not said:
        raise Unreadable("no_time", f"{name} is missing.", name)
    found = read_iso(said)
    if found is None or found.precision == TimePrecision.DAY:
        raise Unreadable("bad_time", f"{name} is no date and time: {said}.", name)
    return found


def _reported_at(fields: _Fields) -> str:
    """When the sender made or last changed the report, as ISO with its offset; '' when not said."""
    name = next((name for name in ("eventUpdatedDateTime", "eventCreatedDateTime") if fields.get(name)), "")
    if not name:
        return ""
    found = _time(fields, name)
    return found.wall + (found.zone or "+00:00")


def _kind(fields: _Fields) -> str:
    kind = text(fields.get("eventType") or fields.get("eventTypeCode"), "eventType")
    if kind not in _TYPES:
        raise Unreadable("bad_value", f"eventType is not known: {kind or 'missing'}.", "eventType")
    return kind


def _code(fields: _Fields, name: str) -> str:
    code = text(fields.get(name), name)
    if not _CODE.match(code):
        raise Unreadable("bad_value", f"{name} is not a code: {code or 'missing'}.", name)
    return code


def _raw_code(fields: _Fields) -> str:
    """The code as the mapping lists it: 'TRANSPORT.ARRI', 'EQUIPMENT.GTIN+LADEN', 'SHIPMENT.CONF/BKG'."""
    kind = _kind(fields)
    code = f"{kind}.{_code(fields, f'{kind.lower()}EventTypeCode')}"
    if kind == "EQUIPMENT" and code.partition(".")[2] in _TOLD_BY_CONTENTS and (laden := _laden(fields)):
        return f"{code}+{laden}"
    if kind == "SHIPMENT":
        document = _document(fields)[0]
        return f"{code}/{document}" if document else code
    return f"{code}/{_code(fields, 'iotEventCode')}" if kind == "IOT" else code


def _laden(fields: _Fields) -> str:
    laden = text(fields.get("emptyIndicatorCode"), "emptyIndicatorCode")
    if laden not in ("", "LADEN", "EMPTY"):
        raise Unreadable("bad_value", f"emptyIndicatorCode is neither LADEN nor EMPTY: {laden}.", "emptyIndicatorCode")
    return laden


def _document(fields: _Fields) -> tuple[str, str]:
    """(type, number) of the document that a SHIPMENT event is about."""
    newer = mapping(fields.get("documentReference"), "documentReference")
    if newer:
        return text(newer.get("typeCode"), "typeCode", 8), text(newer.get("reference"), "reference")
    return text(fields.get("documentTypeCode"), "documentTypeCode", 8), text(fields.get("documentID"), "documentID")


def _classifier(fields: _Fields) -> str:
    classifier = text(fields.get("eventClassifierCode"), "eventClassifierCode")
    if classifier in Classifier.values:
        return classifier
    if not classifier and _kind(fields) in ("SHIPMENT", "IOT", "REEFER"):
        # What happens to documents and what a sensor measures is never planned.
        return Classifier.ACTUAL.value
    raise Unreadable(
        "bad_value", f"eventClassifierCode is not known: {classifier or 'missing'}.", "eventClassifierCode"
    )


def _place(location: _Fields, call: _Fields) -> ParsedPlace:
    """Where it happened: the event's own place first, else the place of the transport call."""
    at_call = mapping(call.get("location"), "location")
    where = location or {**call, **{key: value for key, value in at_call.items() if value is not None}}
    code = text(where.get("UNLocationCode") or call.get("UNLocationCode"), "UNLocationCode")
    name = text(where.get("locationName"), "locationName", 200)
    address = mapping(where.get("address"), "address")
    if not _UNLOCODE.match(code):
        name, code = name or code, ""
    point = mapping(where.get("geoCoordinate"), "geoCoordinate") or where
    latitude, longitude = _degrees(point.get("latitude"), 90), _degrees(point.get("longitude"), 180)
    return ParsedPlace(
        unlocode=code,
        facility=text(where.get("facilityCode"), "facilityCode", 16) if code else "",
        name=text(address.get("city"), "city") if not code else "",
        country=_country(address) if not code else "",
        latitude=latitude if longitude is not None else None,
        longitude=longitude if latitude is not None else None,
        text=name or code,
    )


def _country(address: _Fields) -> str:
    country = text(address.get("countryCode"), "countryCode")
    return country if len(country) == 2 and country.isupper() else ""


def _degrees(value: object, most: int) -> float | None:
    """Degrees written as a number or as text; None when it is no such place on earth."""
    try:
        degrees = float(value) if isinstance(value, (str, int, float)) and not isinstance(value, bool) else None
    except (ValueError, OverflowError):
        return None
    return round(degrees, 5) if degrees is not None and abs(degrees) <= most else None


def _imo(call: _Fields) -> str:
    vessel = mapping(call.get("vessel") or call.get("vesselTransport"), "vessel")
    number = vessel.get("vesselIMONumber")
    return number if isinstance(number, str) and _IMO.match(number) else ""


def _voyage(call: _Fields) -> str:
    for name in ("exportVoyageNumber", "importVoyageNumber", "carrierVoyageNumber", "carrierExportVoyageNumber"):
        if value := call.get(name):
            return text(value, name, 50)
    for name in ("exportVoyageNumberOrReference", "importVoyageNumberOrReference"):
        if value := mapping(call.get(name), name).get("carrierVoyageNumber"):
            return text(value, "carrierVoyageNumber", 50)
    return ""


def _reason(fields: _Fields) -> str:
    reasons = [text(fields.get(name), name, 5_000) for name in ("reason", "delayReasonCode")]
    return ", ".join(reason for reason in reasons if reason)


def _attributes(fields: _Fields, call: _Fields) -> dict[str, Any]:
    mode = text(call.get("modeOfTransport"), "modeOfTransport")
    if mode not in _MODES:
        raise Unreadable("bad_value", f"modeOfTransport is not known: {mode}.", "modeOfTransport")
    said = {
        "mode": _MODES[mode],
        "laden": _laden(fields),
        "equipment_type": text(fields.get("ISOEquipmentCode"), "ISOEquipmentCode", 4),
        "facility_type": text(call.get("facilityTypeCode"), "facilityTypeCode", 4),
        # IMPORT, EXPORT or TRANSSHIPMENT; a beta says the last as a flag.
        "movement": text(fields.get("movementType"), "movementType", 16)
        or ("TRANSSHIPMENT" if fields.get("isTransshipmentMove") is True else ""),
    }
    return {name: value for name, value in said.items() if value}


def _references(fields: _Fields) -> tuple[tuple[str, str], ...]:
    pairs = [_document(fields), *_listed(fields)]
    typed = ((reference_type(kind), value) for kind, value in pairs if value and len(value) <= 64)
    return tuple(dict.fromkeys((type_.value, value) for type_, value in typed if type_))


def _listed(fields: _Fields) -> Iterator[tuple[str, str]]:
    for group in ("documentReferences", "additionalDocumentReferences", "references"):
        for entry in items(fields.get(group), group):
            said = mapping(entry, group)
            kind = _first(said, "documentReferenceType", "referenceType", "typeCode", "type")
            yield kind, _first(said, "documentReferenceValue", "referenceValue", "reference", "value")


def _first(said: _Fields, *names: str) -> str:
    return next((text(said[name], name) for name in names if said.get(name)), "")
