"""By air: export and import."""

from __future__ import annotations

from typing import Any

from milestones.drafts import TemplateDraft
from milestones.enums import Audience, WorkRole
from milestones.workflows.parts import (
    BOOKED,
    DAY,
    LEG_ETA,
    LEG_ETD,
    OPTIONAL,
    PER_STOP,
    POD,
    POL,
    TRANSIT,
    WORKING,
    WORKING_BEFORE,
    line,
)
from shipments.enums import DocumentType, Mode, ShipmentType

_PAPERS = (DocumentType.COMMERCIAL_INVOICE.value, DocumentType.PACKING_LIST.value)
_BY_CUSTOMS: dict[str, Any] = {"responsible": WorkRole.CUSTOMS.value}
_FOR_PARTNERS: dict[str, Any] = {"audience": Audience.PARTNER.value}
_INSIDE: dict[str, Any] = {"audience": Audience.INTERNAL.value}

_AT_ORIGIN = (
    line(10, "BOOKED", "Booking confirmed", BOOKED, DAY, late=2 * DAY, **OPTIONAL),
    line(20, "PICKED_UP", "Picked up", 60, -2 * DAY, early=3 * DAY, late=DAY, **OPTIONAL),
    line(30, "RECEIVED_ORIGIN", "Received by the airline", 60, -12, early=2 * DAY, late=6, weight=2),
)
_DECLARATION = line(40, "CUSTOMS_DECLARED", "Export declaration lodged", 60, -DAY, early=7 * DAY, documents=_PAPERS,
                    task="Lodge the export declaration",
                    **_BY_CUSTOMS, **_INSIDE, **OPTIONAL, **WORKING_BEFORE)  # fmt: skip
_WAYBILL = line(45, "DOCS_RELEASED", "Air waybill issued", 60, -12, early=2 * DAY, late=6,
                task="Issue the house air waybill", documents=(DocumentType.MAWB.value,),
                **_FOR_PARTNERS, **OPTIONAL)  # fmt: skip
# Between the two there is room for four airports on the way.
_FLIGHT = (
    line(50, "MANIFESTED", "Manifested on the flight", 60, -3, **_FOR_PARTNERS, **OPTIONAL),
    line(60, "DEPARTED", "Flight departed", LEG_ETD, role=POL, weight=3, early=12, late=3),
    line(62, "ARRIVED", "Arrived at the transit airport", LEG_ETA, role=TRANSIT, early=12, late=3,
         **PER_STOP, **OPTIONAL),
    line(64, "DEPARTED", "Left the transit airport", LEG_ETD, role=TRANSIT, early=12, late=3, **PER_STOP, **OPTIONAL),
    line(70, "ARRIVED", "Flight arrived", LEG_ETA, role=POD, weight=3, early=12, late=3),
    line(80, "RECEIVED_TRANSIT", "Received from the flight", 70, 6, role=POD, early=6, late=6, **OPTIONAL),
)  # fmt: skip
_NOTICE = line(85, "ARRIVAL_NOTIFIED", "Consignee notified", 70, 8, task="Send the arrival notice",
               documents=(DocumentType.ARRIVAL_NOTICE.value,), **_FOR_PARTNERS, **OPTIONAL)  # fmt: skip
_CLEARED = line(90, "CUSTOMS_RELEASED", "Import customs released", 70, DAY, early=2 * DAY, weight=2,
                task="Clear the import customs", documents=(DocumentType.IMPORT_DECLARATION.value,),
                **_BY_CUSTOMS, **WORKING)  # fmt: skip
_AT_DESTINATION = (
    line(110, "OUT_FOR_DELIVERY", "Out for delivery", 120, -4, **OPTIONAL),
    line(120, "DELIVERED", "Delivered", 70, 2 * DAY, weight=3, early=2 * DAY, documents=(DocumentType.POD.value,)),
)

AIR: tuple[TemplateDraft, ...] = (
    TemplateDraft(
        code="AIR-EXPORT", name="Air export", mode=Mode.AIR.value, shipment_type=ShipmentType.EXPORT.value,
        lines=(*_AT_ORIGIN, _DECLARATION, _WAYBILL, *_FLIGHT, *_AT_DESTINATION),
    ),
    TemplateDraft(
        code="AIR-IMPORT", name="Air import", mode=Mode.AIR.value, shipment_type=ShipmentType.IMPORT.value,
        lines=(*_AT_ORIGIN, *_FLIGHT, _NOTICE, _CLEARED, *_AT_DESTINATION),
    ),
)  # fmt: skip
