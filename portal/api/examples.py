"""Examples of the description: what is sent and what is answered. Long ones are shortened, the 997 by `…`."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiExample

_ID, _EVENT = "7a231a1f-ac60-49a7-b21d-46e4b458edd1", "652106e3-aa5b-42de-997f-ec0efe1c2e43"
_X12 = (
    "ISA*00*          *00*          *ZZ*PRAIRIE        *ZZ*WAYMARK        *261103*1200*U*00401*000000077*0*P*>~"
    "GS*QM*PRAIRIE*WAYMARK*20261103*1200*77*X*004010~ST*214*0001~B10*PRO-1*SHIP-1*PRAI~L11*MBL-1*MB~LX*1~"
    "AT7*X3*NS***20261103*1100*LT~MS1*ROTTERDAM**NL~SE*7*0001~GE*1*77~IEA*1*000000077~"
)


def _sent(name: str, value: Any) -> OpenApiExample:
    return OpenApiExample(name, value=value, media_type="*/*", request_only=True)


def _answered(name: str, value: Any, status: int = 200, media_type: str = "application/json") -> OpenApiExample:
    return OpenApiExample(
        name, value=value, media_type=media_type, response_only=True, status_codes=[str(status)]
    )  # fmt: skip


PAYLOAD = [_sent("X12 214", _X12)]
RECEIPT = [_answered("Stored", {"id": _ID, "state": "received", "duplicate_of": None}, 202)]
CALL = [_answered("Stored", {"id": _ID}, 202), _answered("The same call again", {"id": _ID}, 200)]
CLINIC = [
    _answered(
        "Not readable",
        {
            "format": "x12_214", "state": "rejected", "is_known": False, "envelopes": [], "events": [],
            "errors": [{
                "code": "binary", "message": "This is not text: it looks like a binary file.", "segment": "",
                "element": "", "position": -1, "snippet": "", "is_warning": False,
            }],
            "events_left_out": 0, "effects": [], "effects_left_out": 0,
        },
    )
]  # fmt: skip
ACKNOWLEDGEMENT = [
    _answered(
        "997",
        "ISA*00*…~GS*FA*…~ST*997*0001~AK1*QM*77~AK9*A*1*1*1~SE*4*0001~GE*1*1~IEA*1*…~",
        200,
        "application/EDI-X12",
    )
]
TAKEN_OVER = [
    _answered(
        "Taken over",
        {
            "kind": "997", "is_accepted": True, "created_at": "2026-11-03T12:00:00+00:00",
            "handed_over_at": "2026-11-03T12:05:00+00:00",
        },
    )
]  # fmt: skip
# One member of the list.
DCSA = [
    _answered(
        "Picked up",
        {
            "eventID": _EVENT, "eventType": "EQUIPMENT", "eventCreatedDateTime": "2026-11-26T16:13:10+00:00",
            "eventClassifierCode": "ACT", "eventDateTime": "2026-11-24T10:45:00-08:00",
            "equipmentEventTypeCode": "PICK", "emptyIndicatorCode": "LADEN",
            "eventLocation": {"locationName": "LOS ANGELES, CA, US", "UNLocationCode": "USLAX"},
        },
    )
]  # fmt: skip
EPCIS = [
    _answered(
        "A shipment without events",
        {
            "@context": [
                "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld", {"waymark": "urn:waymark:"},
            ],
            "type": "EPCISDocument", "schemaVersion": "2.0", "creationDate": "2026-11-26T16:16:14+00:00",
            "epcisBody": {"eventList": []},
        },
    )
]  # fmt: skip
DOCUMENT = [
    OpenApiExample(
        "Base64",
        value={
            "shipment": _ID, "type": "commercial_invoice", "audience": "partner", "name": "invoice.pdf",
            "content": "JVBERi0xLjcK…",
        },
        request_only=True,
        media_type="application/json",
    ),
    _answered(
        "Filed",
        {
            "id": _EVENT, "shipment": _ID, "reference": "S-100", "type": "commercial_invoice", "name": "invoice.pdf",
            "content_type": "application/pdf", "size": 48211, "sha256": "9f86d081…", "audience": "partner",
            "received_at": "2026-11-26T16:13:10Z", "withdrawn_at": None, "withdraw_reason": "",
        },
        201,
    ),
]  # fmt: skip
REASON = [OpenApiExample("Why", value={"reason": "Of another shipment"}, request_only=True)]
SHIPMENT = [
    OpenApiExample(
        "A full container",
        value={
            "reference": "S-100", "mode": "ocean", "service": "fcl", "origin": "CNSGH", "destination": "NLRTM",
            "customer": "ACME", "units": [{"number": "MSKU0000007"}], "etd": "2026-11-03T12:00:00+08:00",
        },
        request_only=True,
    )
]  # fmt: skip
