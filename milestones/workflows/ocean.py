"""By sea: full containers and less than a container, export and import."""

from __future__ import annotations

from typing import Any

from milestones.drafts import LineDraft, TemplateDraft
from milestones.enums import Audience, WorkRole
from milestones.workflows.parts import (
    BOOKED,
    DAY,
    LEG_ETA,
    LEG_ETD,
    OPTIONAL,
    PER_STOP,
    PER_UNIT,
    POD,
    POL,
    TO_USA,
    TRANSIT,
    WORKING,
    WORKING_BEFORE,
    line,
    only_where,
)
from shipments.enums import DocumentType, Mode, Service, ShipmentType

_PAPERS = (DocumentType.COMMERCIAL_INVOICE.value, DocumentType.PACKING_LIST.value)
_BY_CUSTOMS: dict[str, Any] = {"responsible": WorkRole.CUSTOMS.value}
_INSIDE: dict[str, Any] = {"audience": Audience.INTERNAL.value}
_FOR_PARTNERS: dict[str, Any] = {"audience": Audience.PARTNER.value}

_BOOKING = line(10, "BOOKED", "Booking confirmed", BOOKED, DAY, late=2 * DAY,
                documents=(DocumentType.BOOKING_CONFIRMATION.value,))  # fmt: skip
_DECLARATION = line(40, "CUSTOMS_DECLARED", "Export declaration lodged", 60, -2 * DAY, early=7 * DAY, late=DAY,
                    documents=_PAPERS, task="Lodge the export declaration",
                    **_BY_CUSTOMS, **_INSIDE, **OPTIONAL, **WORKING_BEFORE)  # fmt: skip
_SECURITY_FILING = line(45, "DOCS_RECEIVED", "Importer security filing lodged", 50, -DAY, role=POL, early=7 * DAY,
                        late=0, task="Lodge the importer security filing, at least 24 hours before loading",
                        **_BY_CUSTOMS, **_INSIDE, **only_where(TO_USA))  # fmt: skip
_LOADED = line(50, "LOADED", "Loaded on vessel", 60, -8, role=POL, weight=2)
_DEPARTED = line(60, "DEPARTED", "Vessel departed", LEG_ETD, role=POL, weight=3)
_BILL = line(62, "DOCS_RELEASED", "House bill of lading issued", 60, DAY, early=3 * DAY, late=DAY, after_line=60,
             documents=(DocumentType.MBL.value,), task="Issue the house bill of lading",
             **OPTIONAL, **WORKING)  # fmt: skip
# Between the two there is room for the ports of three transshipments.
_TRANSSHIPMENT = (
    line(64, "ARRIVED", "Arrived at the transshipment port", LEG_ETA, role=TRANSIT, **PER_STOP, **OPTIONAL),
    line(66, "DEPARTED", "Left the transshipment port", LEG_ETD, role=TRANSIT, **PER_STOP, **OPTIONAL),
)
_ARRIVED = line(70, "ARRIVED", "Vessel arrived", LEG_ETA, role=POD, weight=3, early=2 * DAY)
_DISCHARGED = line(80, "DISCHARGED", "Discharged from vessel", 70, DAY, role=POD, weight=2, early=2 * DAY, late=DAY)
_DOCUMENTS = line(68, "DOCS_RECEIVED", "Shipping documents received", 70, -5 * DAY, early=30 * DAY, late=DAY,
                  documents=(DocumentType.MBL.value, *_PAPERS), task="Get the documents from the agent",
                  **_INSIDE, **OPTIONAL, **WORKING_BEFORE)  # fmt: skip
_NOTICE = line(72, "ARRIVAL_NOTIFIED", "Consignee notified", 70, -2 * DAY, early=5 * DAY,
               task="Send the arrival notice", documents=(DocumentType.ARRIVAL_NOTICE.value,),
               **_FOR_PARTNERS, **OPTIONAL)  # fmt: skip
_IMPORT_DECLARATION = line(78, "CUSTOMS_DECLARED", "Import declaration lodged", 70, -DAY, role=POD, early=7 * DAY,
                           late=DAY, documents=_PAPERS, task="Lodge the import declaration",
                           **_BY_CUSTOMS, **_INSIDE, **OPTIONAL, **WORKING_BEFORE)  # fmt: skip
_FREIGHT_RELEASE = line(85, "CARRIER_RELEASED", "Released by the carrier", 80, DAY, early=5 * DAY, late=DAY,
                        documents=(DocumentType.DELIVERY_ORDER.value,), task="Get the delivery order",
                        **_FOR_PARTNERS, **OPTIONAL, **WORKING)  # fmt: skip
_CLEARED = line(90, "CUSTOMS_RELEASED", "Import customs released", 80, 2 * DAY, early=7 * DAY, late=DAY, weight=2,
                task="Clear the import customs", documents=(DocumentType.IMPORT_DECLARATION.value,),
                **_BY_CUSTOMS, **WORKING)  # fmt: skip
_OUT_FOR_DELIVERY = line(110, "OUT_FOR_DELIVERY", "Out for delivery", 120, -4, **OPTIONAL)


def _out_of_port(**more: Any) -> LineDraft:
    return line(100, "GATE_OUT", "Gate out of port of discharge", 80, 3 * DAY, role=POD, early=3 * DAY, late=DAY,
                weight=2, **PER_UNIT, **more)  # fmt: skip


def _delivered(anchor: int, hours: float) -> LineDraft:
    """Once, when all containers are there: what is billed on delivery is billed once."""
    return line(120, "DELIVERED", "Delivered", anchor, hours, early=3 * DAY, late=DAY, weight=3,
                documents=(DocumentType.POD.value,))  # fmt: skip


def _empty_back(**more: Any) -> LineDraft:
    """From the gate out of the same container on, as detention is counted."""
    return line(130, "EMPTY_RETURNED", "Empty container returned", 100, 5 * DAY, early=5 * DAY, late=2 * DAY,
                roll="next", **PER_UNIT, **_FOR_PARTNERS, **more)  # fmt: skip


_FCL_OUT = (
    _BOOKING,
    line(20, "EMPTY_OUT", "Empty container out", 60, -7 * DAY, early=7 * DAY, late=3 * DAY,
         **PER_UNIT, **OPTIONAL, **_FOR_PARTNERS),
    line(25, "STUFFED", "Container stuffed", 60, -4 * DAY, early=7 * DAY, late=DAY, **PER_UNIT, **OPTIONAL),
    line(30, "GATE_IN", "Gate in at port of loading", 60, -2 * DAY, role=POL, early=7 * DAY, late=DAY, weight=2,
         **PER_UNIT),
    _DECLARATION, _SECURITY_FILING, _LOADED, _DEPARTED, _BILL, *_TRANSSHIPMENT, _ARRIVED, _DISCHARGED,
    _out_of_port(**OPTIONAL), _delivered(80, 4 * DAY), _empty_back(**OPTIONAL),
)  # fmt: skip
_FCL_IN = (
    _DEPARTED, *_TRANSSHIPMENT, _DOCUMENTS, _ARRIVED, _NOTICE, _IMPORT_DECLARATION, _DISCHARGED, _FREIGHT_RELEASE,
    _CLEARED, _out_of_port(), _OUT_FOR_DELIVERY, _delivered(100, DAY), _empty_back(),
)  # fmt: skip
_LCL_OUT = (
    _BOOKING,
    line(20, "PICKED_UP", "Picked up", 60, -6 * DAY, early=7 * DAY, late=DAY, **OPTIONAL),
    line(25, "WH_RECEIVED", "Received at the consolidation warehouse", 60, -5 * DAY, early=7 * DAY, late=DAY, weight=2,
         **WORKING_BEFORE),
    line(30, "STUFFED", "Stuffed into the container", 60, -3 * DAY, early=3 * DAY, late=DAY, after_line=25, **OPTIONAL),
    line(35, "GATE_IN", "Gate in at port of loading", 60, -2 * DAY, role=POL, early=7 * DAY, late=DAY, **OPTIONAL),
    _DECLARATION, _SECURITY_FILING, _LOADED, _DEPARTED, _BILL, *_TRANSSHIPMENT, _ARRIVED, _DISCHARGED,
    line(82, "STRIPPED", "Unpacked at destination", 80, 3 * DAY, early=3 * DAY, late=2 * DAY, **OPTIONAL, **WORKING),
    _delivered(80, 7 * DAY),
)  # fmt: skip
_LCL_IN = (
    _DEPARTED, *_TRANSSHIPMENT, _DOCUMENTS, _ARRIVED, _NOTICE, _IMPORT_DECLARATION, _DISCHARGED,
    line(82, "STRIPPED", "Unpacked at the warehouse", 80, 3 * DAY, early=3 * DAY, late=2 * DAY, weight=2, **WORKING),
    _FREIGHT_RELEASE,
    line(88, "AVAILABLE", "Available for collection", 82, DAY, early=2 * DAY, late=DAY, after_line=82,
         **OPTIONAL, **WORKING),
    _CLEARED, _OUT_FOR_DELIVERY, _delivered(82, 3 * DAY),
)  # fmt: skip


def _template(code: str, name: str, type_: str, service: str, lines: tuple[LineDraft, ...]) -> TemplateDraft:
    return TemplateDraft(
        code=code, name=name, mode=Mode.OCEAN.value, shipment_type=type_, service=service, lines=lines
    )  # fmt: skip


_EXPORT, _IMPORT = ShipmentType.EXPORT.value, ShipmentType.IMPORT.value
OCEAN: tuple[TemplateDraft, ...] = (
    _template("OCEAN-FCL-EXPORT", "Ocean FCL export", _EXPORT, Service.FCL.value, _FCL_OUT),
    _template("OCEAN-FCL-IMPORT", "Ocean FCL import", _IMPORT, Service.FCL.value, _FCL_IN),
    _template("OCEAN-LCL-EXPORT", "Ocean LCL export", _EXPORT, Service.LCL.value, _LCL_OUT),
    _template("OCEAN-LCL-IMPORT", "Ocean LCL import", _IMPORT, Service.LCL.value, _LCL_IN),
)
