"""A shipment's events as a GS1 EPCIS 2.0 document in JSON-LD. Pure.

EPCIS tells what was observed. What is planned or expected goes out without a bizStep, so that no foreign reader takes
it for a fact; the members of the declared namespace "waymark" say what it is, and what else the standard has no word
for.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from datetime import datetime
from typing import Any
from urllib.parse import quote

from shipments.enums import AliasKind, Classifier, ReferenceType
from shipments.formats.epcis import parse
from shipments.formats.extension import NAMESPACE, PREFIX, extension_of
from shipments.outgoing.events import OutgoingEvent, utc

_Fields = dict[str, Any]
_CONTEXT = ["https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld", {"waymark": NAMESPACE}]
# Our code → bizStep and disposition of the CBV.
_WORDS = {
    "PICKED_UP": ("collecting", "in_transit"), "RECEIVED_ORIGIN": ("accepting", "in_progress"),
    "STUFFED": ("packing", "container_closed"), "STRIPPED": ("unpacking", "container_open"),
    "GATE_IN": ("entering_exiting", "in_progress"), "GATE_OUT": ("entering_exiting", "in_transit"),
    "LOADED": ("loading", "in_transit"), "DISCHARGED": ("unloading", "in_progress"),
    "DEPARTED": ("departing", "in_transit"), "ARRIVED": ("arriving", "in_progress"),
    "IN_TRANSIT": ("transporting", "in_transit"), "WH_RECEIVED": ("receiving", "in_progress"),
    "WH_DISPATCHED": ("shipping", "in_transit"), "DELIVERED": ("receiving", ""), "CANCELLED": ("void_shipping", ""),
    "ON_HOLD": ("holding", ""), "CUSTOMS_HOLD": ("holding", ""), "CUSTOMS_EXAM": ("inspecting", ""),
    "EQUIPMENT_CHECKED": ("inspecting", ""), "DAMAGED": ("inspecting", "damaged"), "RETURNED": ("", "returned"),
    "DISCREPANCY": ("inspecting", "mismatch_quantity"),
}  # fmt: skip
_TRANSACTIONS = {
    ReferenceType.PO.value: "po", ReferenceType.MBL.value: "bol", ReferenceType.HBL.value: "bol",
}  # fmt: skip
_BOX = re.compile(r"[A-Z]{4}\d{7}\Z", re.ASCII)
_SSCC = re.compile(r"\d{18}\Z", re.ASCII)
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\Z")
_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[!-~]+\Z")


def render(events: Iterable[OutgoingEvent], *, shipment: str, created_at: datetime) -> dict[str, Any]:
    """The document. `shipment`: our id of the shipment, which the events without a unit are about."""
    listed = list(events)
    known = {event.id: event for event in listed}
    return {
        "@context": _CONTEXT,
        "type": "EPCISDocument",
        "schemaVersion": "2.0",
        "creationDate": utc(created_at),
        "epcisBody": {"eventList": [_extended(event, _standard(event, known, shipment)) for event in listed]},
    }


def _extended(event: OutgoingEvent, fields: _Fields) -> _Fields:
    """With what our own reader does not find in the members of the standard."""
    fields = {**fields, PREFIX + "code": event.said().code}
    (found,) = parse(json.dumps([fields]).encode(), {}).events
    return {**fields, **extension_of(event.said(), found)}


def _standard(event: OutgoingEvent, known: dict[str, OutgoingEvent], shipment: str) -> _Fields:
    if not event.is_bare_retraction:
        return _event(event, shipment)
    # An event is declared wrong by saying it once more, with the declaration (EPCIS 2.0, 7.4.1.2).
    wrong = known.get(event.retracts_id)
    if wrong is not None and wrong.occurred_at is not None:
        fields = _event(wrong, shipment)
    else:
        fields = {
            "type": "ObjectEvent", "eventTime": event.told_at, "eventTimeZoneOffset": "+00:00",
            "eventID": _event_id(event.retracts_id or event.retracts), "epcList": [f"urn:uuid:{shipment}"],
            "action": "OBSERVE",
        }  # fmt: skip
    return fields | {"errorDeclaration": {"declarationTime": event.told_at, "reason": "did_not_occur"}}


def _event(event: OutgoingEvent, shipment: str) -> _Fields:
    step, disposition = ("", "")
    if event.classifier == Classifier.ACTUAL:
        step, disposition = _WORDS.get(event.code, ("", ""))
    place = _place_id(event)
    fields: _Fields = {
        "type": "ObjectEvent",
        "eventID": _event_id(event.id),
        "eventTime": event.local_time,
        "eventTimeZoneOffset": event.offset,
        "recordTime": event.told_at,
        "epcList": [_unit_id(event.equipment) if event.equipment else f"urn:uuid:{shipment}"],
        "action": "OBSERVE",
        "bizStep": step,
        "disposition": disposition,
        "readPoint": {"id": place} if place else None,
        "bizLocation": {"id": place} if place and event.code == "GATE_IN" else None,
        "bizTransactionList": [_transaction(kind, value) for kind, value in event.references],
    }
    return {name: value for name, value in fields.items() if value}


def _event_id(id: str) -> str:
    if _UUID.match(id):
        return f"urn:uuid:{id}"
    return id if _URI.match(id) else f"{NAMESPACE}event:{quote(id, safe='')}"


def _unit_id(number: str) -> str:
    if _BOX.match(number):
        return f"urn:epc:id:bic:{number}"
    return f"https://id.gs1.org/00/{number}" if _SSCC.match(number) else f"{NAMESPACE}unit:{quote(number, safe='')}"


def _place_id(event: OutgoingEvent) -> str:
    place = event.place
    if place.code_kind == AliasKind.GLN and place.code:
        return f"https://id.gs1.org/414/{quote(place.code, safe='')}"
    if place.unlocode:
        return NAMESPACE + "place:" + quote(f"{place.unlocode}/{place.facility}".rstrip("/"))
    if place.latitude is not None and place.longitude is not None:
        return f"geo:{place.latitude},{place.longitude}"
    # A name only: the whole of it stands beside.
    said = (place.iata or place.name or place.text)[:60]
    return f"{NAMESPACE}place:{quote(said, safe='')}" if said else ""


def _transaction(kind: str, value: str) -> _Fields:
    told = {"bizTransaction": f"{NAMESPACE}reference:{kind}:{quote(value, safe='')}"}
    return {"type": _TRANSACTIONS[kind], **told} if kind in _TRANSACTIONS else told
