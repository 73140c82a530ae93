"""DHL: Shipment Tracking Unified, and MyDHL API (DHL Express). Pure. Field names after DHL's published API schemas."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import partial
from typing import Any

from shipments.formats.base import Parsed, ParsedEvent, ParsedPlace
from shipments.formats.json_text import Unreadable, items, mapping, text
from shipments.formats.parcel import Answer, first_of, number, place, read_answers, references, wall_time
from shipments.formats.times import read_offset

CODE_LIST = "dhl"
_EXPECTED = "a DHL tracking answer"
_Said = dict[str, Any]
_Numbers = tuple[tuple[str, str], ...]
# The status of Unified is coarse; some words of its description say which kind of it. The first that fits.
_KINDS = (
    ("RETURN", re.compile(r"\breturn", re.IGNORECASE)),
    ("DAMAGE", re.compile(r"\bdamage", re.IGNORECASE)),
    ("COURIER", re.compile(r"out for delivery|with (?:the )?(?:delivery )?courier|delivery vehicle", re.IGNORECASE)),
    ("PICKUP", re.compile(r"picked up|has been collected", re.IGNORECASE)),
)
_AREA = re.compile(r"(?P<city>[^,]+?)\s*(?:,\s*(?P<state>[A-Z]{2}))?\s*-\s*(?P<country>[A-Z]{2})\Z")


def parse(raw: bytes, options: Mapping[str, Any]) -> Parsed:
    """Every event of every shipment and piece, and the time it is expected."""
    return read_answers(raw, _EXPECTED, _read_answer)


def _read_answer(said: object, answer: Answer) -> bool:
    if isinstance(said, dict) and _is_problem(said):
        answer.warn("carrier_warning", f"DHL says: {first_of(said, 'detail', 'title')}")
        return True
    shipments = _shipments(said)
    for index, shipment in enumerate(shipments or (), 1):
        _read(shipment, answer, f"shipment {index}")
    return shipments is not None


def _shipments(said: object) -> list[Any] | None:
    if not isinstance(said, dict):
        return None
    if isinstance(said.get("shipments"), list):
        return list(said["shipments"])
    return [said] if "events" in said and ("id" in said or "shipmentTrackingNumber" in said) else None


def _is_problem(said: object) -> bool:
    """How DHL says that it knows no such shipment (RFC 7807)."""
    return isinstance(said, dict) and "shipments" not in said and "title" in said and "status" in said


def _read(shipment: object, answer: Answer, where: str) -> None:
    try:
        said = mapping(shipment, "shipments")
        if "shipmentTrackingNumber" in said or "shipperReferences" in said:
            _read_express(said, answer, where)
        else:
            _read_unified(said, answer, where)
    except Unreadable as error:
        answer.refused(error, shipment, where)


def _read_unified(shipment: _Said, answer: Answer, where: str) -> None:
    details = mapping(shipment.get("details"), "details")
    named = [first_of(entry, "number") for entry in items(details.get("references"), "references") if _is_named(entry)]
    numbers = references(first_of(shipment, "id"), *named)
    events = items(shipment.get("events"), "events")
    if not events and isinstance(shipment.get("status"), dict):
        events = [shipment["status"]]
    for index, event in enumerate(events, 1):
        answer.add(partial(_unified, event, numbers), event, f"{where}, event {index}")
    if expected := shipment.get("estimatedTimeOfDelivery"):
        answer.add(partial(_expected, expected, shipment, numbers), expected, f"{where}, estimate")


def _is_named(entry: object) -> bool:
    """The customer's own numbers; what the carriers use among themselves is passed over."""
    return isinstance(entry, dict) and "customer" in str(entry.get("type", "")).lower()


def _unified(event: object, numbers: _Numbers, position: int) -> ParsedEvent:
    said = mapping(event, "events")
    status = first_of(said, "statusCode").lower()
    if not status:
        raise Unreadable("no_code", "The event has no statusCode.", "statusCode")
    when = wall_time(text(said.get("timestamp"), "timestamp"), "timestamp")
    words = text(said.get("description"), "description", 1000) or text(said.get("status"), "status", 1000)
    kind = next((name for name, pattern in _KINDS if pattern.search(words)), "")
    coarse = f"unified:{status}"[:48]
    return ParsedEvent(
        position=position,
        raw_code=f"{coarse}+{kind}" if kind else coarse,
        fallback_codes=(coarse,) if kind else (),
        code_list=CODE_LIST,
        wall_time=when.wall,
        zone=when.zone,
        precision=when.precision,
        place=_place(said.get("location")),
        references=numbers,
        remarks=words[:500],
    )


def _expected(expected: object, shipment: _Said, numbers: _Numbers, position: int) -> ParsedEvent:
    when = wall_time(text(expected, "estimatedTimeOfDelivery"), "estimatedTimeOfDelivery")
    return ParsedEvent(
        position=position,
        raw_code="unified:estimatedTimeOfDelivery",
        code_list=CODE_LIST,
        wall_time=when.wall,
        classifier="EST",
        zone=when.zone,
        precision=when.precision,
        place=_place(shipment.get("destination")),
        references=numbers,
    )


def _place(location: object) -> ParsedPlace:
    address = mapping(mapping(location, "location").get("address"), "location.address")
    # Some answers write "BONN - GERMANY" or the country alone as the locality.
    return place(first_of(address, "addressLocality"), "", first_of(address, "countryCode"))


def _read_express(shipment: _Said, answer: Answer, where: str) -> None:
    named = [
        first_of(entry, "value")
        for entry in items(shipment.get("shipperReferences"), "shipperReferences")
        if isinstance(entry, dict)
    ]
    numbers = references(first_of(shipment, "shipmentTrackingNumber"), *named)
    for index, event in enumerate(items(shipment.get("events"), "events"), 1):
        answer.add(partial(_express, event, numbers, ""), event, f"{where}, event {index}")
    for piece in items(shipment.get("pieces"), "pieces"):
        if not isinstance(piece, dict):
            continue
        unit = first_of(piece, "trackingNumber")[:35]
        for index, event in enumerate(items(piece.get("events"), "pieces.events"), 1):
            answer.add(partial(_express, event, numbers, unit), event, f"piece, event {index}")


def _express(event: object, numbers: _Numbers, unit: str, position: int) -> ParsedEvent:
    said = mapping(event, "events")
    code = first_of(said, "typeCode").upper()
    if not code:
        raise Unreadable("no_code", "The event has no typeCode.", "typeCode")
    day, clock = text(said.get("date"), "date"), text(said.get("time"), "time")
    when = wall_time(f"{day}T{clock}" if clock else day, "date")
    return ParsedEvent(
        position=position,
        raw_code=f"express:{code}"[:64],
        code_list=CODE_LIST,
        wall_time=when.wall,
        zone=when.zone or read_offset(number(said.get("GMTOffset"))) or "",
        precision=when.precision,
        place=_area(said.get("serviceArea")),
        equipment=unit,
        references=numbers,
        remarks=text(said.get("description"), "description", 1000)[:500],
    )


def _area(areas: object) -> ParsedPlace:
    """DHL's own area codes are those of airports, nearly all; the words say where it is."""
    first = next(iter(items(areas, "serviceArea")), None)
    said = mapping(first, "serviceArea")
    code, words = first_of(said, "code").upper(), first_of(said, "description")
    iata = code if len(code) == 3 and code.isascii() and code.isalpha() else ""
    found = _AREA.match(words)
    return ParsedPlace(
        iata=iata,
        name=found["city"][:200] if found else "",
        subdivision=(found["state"] or "") if found else "",
        country=found["country"] if found else "",
        text=(words or code)[:200],
    )
