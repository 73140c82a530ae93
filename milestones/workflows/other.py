"""Cross-border parcels, warehouses, and customs without carriage."""

from __future__ import annotations

from typing import Any

from milestones.drafts import TemplateDraft
from milestones.enums import Audience, WorkRole
from milestones.workflows.parts import (
    BOOKED,
    CROSSES_CUSTOMS,
    DAY,
    END,
    ETA,
    ETD,
    OPTIONAL,
    ORIGIN,
    WORKING,
    WORKING_BEFORE,
    line,
    only_where,
)
from shipments.enums import DocumentType, Mode, Service, ShipmentType

_PAPERS = (DocumentType.COMMERCIAL_INVOICE.value, DocumentType.PACKING_LIST.value)
_BY_CUSTOMS: dict[str, Any] = {"responsible": WorkRole.CUSTOMS.value}
_FOR_PARTNERS: dict[str, Any] = {"audience": Audience.PARTNER.value}
_FOR_ALL: dict[str, Any] = {"audience": Audience.PUBLIC.value}

_PARCEL = (
    line(10, "BOOKED", "Order announced", BOOKED, DAY, late=2 * DAY, **OPTIONAL),
    line(20, "PICKED_UP", "Picked up", ETD, weight=2, late=6, **_FOR_ALL),
    line(30, "DEPARTED", "Left the origin depot", 20, 8, role=ORIGIN, **OPTIONAL),
    line(35, "CUSTOMS_DECLARED", "Customs data sent", 20, 12, early=3 * DAY, late=DAY, documents=_PAPERS[:1],
         task="Send the customs data of the goods", audience=Audience.INTERNAL.value,
         **_BY_CUSTOMS, **only_where(CROSSES_CUSTOMS)),
    line(40, "IN_TRANSIT", "On the way", 20, 12, **OPTIONAL),
    line(50, "CUSTOMS_RELEASED", "Customs released", 80, -DAY, early=7 * DAY, after_line=35, weight=2,
         **_BY_CUSTOMS, **only_where(CROSSES_CUSTOMS)),
    line(55, "HANDED_OVER", "Handed over to the last-mile carrier", 80, -18, early=3 * DAY, **OPTIONAL),
    line(60, "ARRIVED", "At the delivery depot", 80, -10, role=END, early=2 * DAY, **OPTIONAL),
    line(70, "OUT_FOR_DELIVERY", "Out for delivery", 80, -6, weight=2, early=2 * DAY, late=6, **_FOR_ALL),
    line(80, "DELIVERED", "Delivered", ETA, weight=3, early=2 * DAY, late=6, **_FOR_ALL),
)  # fmt: skip
_INTO_WAREHOUSE = (
    line(10, "BOOKED", "Delivery announced", BOOKED, DAY, late=2 * DAY, **OPTIONAL),
    line(20, "APPOINTMENT_SET", "Dock appointment made", ETA, -DAY, early=7 * DAY, task="Make a dock appointment",
         **OPTIONAL, **WORKING_BEFORE),
    line(30, "DELIVERY_ARRIVED", "Truck at the warehouse", ETA, early=4, late=2, weight=2),
    line(40, "STRIPPED", "Unloaded", 30, 4, early=4, late=4, **OPTIONAL),
    line(50, "WH_RECEIVED", "Goods booked in", 30, DAY, late=DAY, weight=3, after_line=30,
         documents=_PAPERS[1:], task="Count and book in the goods", **WORKING),
)  # fmt: skip
_OUT_OF_WAREHOUSE = (
    line(10, "BOOKED", "Order released", BOOKED, 4, late=DAY, **OPTIONAL),
    line(20, "APPOINTMENT_SET", "Pickup appointment made", ETD, -DAY, early=7 * DAY, task="Book the truck",
         **OPTIONAL, **WORKING_BEFORE),
    line(30, "PICKUP_ARRIVED", "Truck at the dock", 40, -1, early=4, late=2, **OPTIONAL, **_FOR_PARTNERS),
    line(40, "WH_DISPATCHED", "Goods shipped out", ETD, weight=3, early=8, late=4, task="Pick and pack the order"),
    line(50, "OUT_FOR_DELIVERY", "Out for delivery", 60, -4, early=12, late=4, **OPTIONAL),
    line(60, "DELIVERED", "Delivered", ETA, weight=3, early=12, late=4, documents=(DocumentType.POD.value,)),
)  # fmt: skip
_CUSTOMS_IMPORT = (
    line(10, "BOOKED", "Clearance ordered", BOOKED, 4, late=DAY, **OPTIONAL),
    line(20, "DOCS_RECEIVED", "Documents received", BOOKED, DAY, early=30 * DAY, late=DAY, documents=_PAPERS,
         task="Get the documents for the clearance", **_BY_CUSTOMS, **WORKING),
    line(30, "CUSTOMS_DECLARED", "Import declaration lodged", ETA, -DAY, early=14 * DAY, late=DAY, after_line=20,
         weight=2, task="Lodge the import declaration", **_BY_CUSTOMS, **WORKING_BEFORE),
    line(40, "CUSTOMS_RELEASED", "Customs released", ETA, DAY, early=14 * DAY, late=DAY, after_line=30, weight=3,
         documents=(DocumentType.IMPORT_DECLARATION.value,), **_BY_CUSTOMS, **WORKING),
    line(50, "DOCS_RELEASED", "Clearance papers handed over", 40, DAY, early=7 * DAY, late=DAY, after_line=40,
         task="Send the clearance papers to the customer", **_BY_CUSTOMS, **WORKING),
)  # fmt: skip

OTHER: tuple[TemplateDraft, ...] = (
    TemplateDraft(
        code="PARCEL-ECOMMERCE", name="E-commerce parcel", mode=Mode.PARCEL.value,
        shipment_type=ShipmentType.ECOMMERCE.value, lines=_PARCEL,
    ),
    TemplateDraft(
        code="WAREHOUSE-IN", name="Into the warehouse", service=Service.WAREHOUSE_IN.value, lines=_INTO_WAREHOUSE
    ),
    TemplateDraft(
        code="WAREHOUSE-OUT", name="Out of the warehouse", service=Service.WAREHOUSE_OUT.value,
        lines=_OUT_OF_WAREHOUSE,
    ),
    TemplateDraft(
        code="CUSTOMS-IMPORT", name="Customs clearance import", service=Service.CUSTOMS.value,
        shipment_type=ShipmentType.IMPORT.value, lines=_CUSTOMS_IMPORT,
    ),
)  # fmt: skip
