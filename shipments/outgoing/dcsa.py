"""A shipment's events as DCSA Track & Trace 2.2, the answer of `GET /events`. Pure.

What the standard has no word for goes out as a shipment event with the code INFO, which it does not have either: a
foreign reader leaves it aside and takes it for nothing else. Members named "waymark:…" say the rest.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from shipments.enums import ReferenceType
from shipments.formats.dcsa import parse_2
from shipments.formats.extension import extension_of
from shipments.outgoing.events import OutgoingEvent

_Fields = dict[str, Any]
# Our code → event type, code, document. The empty indicator stands in `_EMPTY`.
_WORDS = {
    "BOOKED": ("SHIPMENT", "CONF", "BKG"), "CANCELLED": ("SHIPMENT", "VOID", "BKG"),
    "ARRIVAL_NOTIFIED": ("SHIPMENT", "ISSU", "ARN"), "CUSTOMS_HOLD": ("SHIPMENT", "HOLD", "CUS"),
    "CUSTOMS_RELEASED": ("SHIPMENT", "RELS", "CUS"), "ON_HOLD": ("SHIPMENT", "HOLD", "SRM"),
    "CARRIER_RELEASED": ("SHIPMENT", "RELS", "SRM"),
    "ARRIVED": ("TRANSPORT", "ARRI", ""), "DEPARTED": ("TRANSPORT", "DEPA", ""),
    "EMPTY_OUT": ("EQUIPMENT", "GTOT", ""), "STUFFED": ("EQUIPMENT", "STUF", ""), "GATE_IN": ("EQUIPMENT", "GTIN", ""),
    "LOADED": ("EQUIPMENT", "LOAD", ""), "DISCHARGED": ("EQUIPMENT", "DISC", ""),
    "GATE_OUT": ("EQUIPMENT", "GTOT", ""), "STRIPPED": ("EQUIPMENT", "STRP", ""),
    "EMPTY_RETURNED": ("EQUIPMENT", "GTIN", ""), "PICKED_UP": ("EQUIPMENT", "PICK", ""),
    "DELIVERED": ("EQUIPMENT", "DROP", ""), "EQUIPMENT_CHECKED": ("EQUIPMENT", "INSP", ""),
}  # fmt: skip
_BY_DOCUMENT = {
    ("DOCS_RECEIVED", "SI"): ("SHIPMENT", "RECE", "SHI"), ("DOCS_RECEIVED", "VGM"): ("SHIPMENT", "RECE", "VGM"),
    ("DOCS_RELEASED", "BL"): ("SHIPMENT", "ISSU", "TRD"),
}  # fmt: skip
_NO_WORD = ("SHIPMENT", "INFO", "")
_EMPTY = frozenset({"EMPTY_OUT", "EMPTY_RETURNED"})
_MODES = {"VESSEL": "VESSEL", "RAIL": "RAIL", "ROAD": "TRUCK", "BARGE": "BARGE"}
_DOCUMENTS = {ReferenceType.BOOKING.value: "BKG", ReferenceType.MBL.value: "TRD"}
_REFERENCES = {ReferenceType.PO.value: "PO", ReferenceType.CUSTOMER.value: "CR", ReferenceType.SHIPMENT.value: "FF"}


def render(events: Iterable[OutgoingEvent]) -> list[dict[str, Any]]:
    """The events as JSON objects, in the order given."""
    return [_extended(event, _retraction(event) if event.is_bare_retraction else _event(event)) for event in events]


def _extended(event: OutgoingEvent, fields: _Fields) -> _Fields:
    """With what our own reader does not find in the members of the standard."""
    (found,) = parse_2(json.dumps([fields]).encode(), {}).events
    return {**fields, **extension_of(event.said(), found)}


def _retraction(event: OutgoingEvent) -> _Fields:
    return {"eventID": event.retracts_id or event.retracts, "isRetracted": True, "eventCreatedDateTime": event.told_at}


def _event(event: OutgoingEvent) -> _Fields:
    said = _BY_DOCUMENT.get((event.code, str(event.attributes.get("doc", ""))))
    kind, code, document = said or _WORDS.get(event.code, _NO_WORD)
    fields: _Fields = {
        "eventID": event.id,
        "eventType": kind,
        "eventCreatedDateTime": event.told_at,
        "eventClassifierCode": event.classifier,
        "eventDateTime": event.local_time,
        f"{kind.lower()}EventTypeCode": code,
    }
    if kind == "EQUIPMENT":
        fields["emptyIndicatorCode"] = _laden(event)
    if document:
        fields |= {"documentTypeCode": document, "documentID": _document_id(event, document)}
    more = {
        "equipmentReference": event.equipment,
        "eventLocation": _location(event),
        "transportCall": _call(event),
        "documentReferences": _listed(event, _DOCUMENTS, "documentReference"),
        "references": _listed(event, _REFERENCES, "reference"),
        "changeRemark": event.remarks,
    }
    return fields | {name: value for name, value in more.items() if value}


def _laden(event: OutgoingEvent) -> str:
    laden = event.attributes.get("laden")
    return str(laden) if laden in ("LADEN", "EMPTY") else "EMPTY" if event.code in _EMPTY else "LADEN"


def _document_id(event: OutgoingEvent, document: str) -> str:
    """The number of the document: the first reference of its kind, else the first of any, else the event's own id."""
    same = [value for kind, value in event.references if _DOCUMENTS.get(kind) == document]
    return next(iter([*same, *(value for _kind, value in event.references)]), event.id)


def _location(event: OutgoingEvent) -> _Fields:
    place = event.place
    said: _Fields = {"locationName": place.text or place.name, "UNLocationCode": place.unlocode}
    if place.facility:
        said |= {"facilityCode": place.facility, "facilityCodeListProvider": "SMDG"}
    if place.latitude is not None and place.longitude is not None:
        said |= {"latitude": str(place.latitude), "longitude": str(place.longitude)}
    return {name: value for name, value in said.items() if value}


def _call(event: OutgoingEvent) -> _Fields:
    said: _Fields = {
        "modeOfTransport": _MODES.get(str(event.attributes.get("mode", ""))),
        "exportVoyageNumber": event.voyage,
        "vessel": {"vesselIMONumber": event.vessel_imo} if event.vessel_imo else None,
        "UNLocationCode": event.place.unlocode,
    }
    return {name: value for name, value in said.items() if value}


def _listed(event: OutgoingEvent, types: dict[str, str], name: str) -> list[_Fields]:
    return [
        {f"{name}Type": types[kind], f"{name}Value": value} for kind, value in event.references if kind in types
    ]  # fmt: skip
