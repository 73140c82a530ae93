"""By truck, and by several means of transport one after the other. By rail alone: milestones/defaults.py."""

from __future__ import annotations

from typing import Any

from milestones.drafts import LineDraft, TemplateDraft
from milestones.enums import Audience, WorkRole
from milestones.workflows.parts import (
    BOOKED,
    CROSSES_CUSTOMS,
    DAY,
    END,
    ETA,
    ETD,
    LEG_ETA,
    LEG_ETD,
    OPTIONAL,
    ORIGIN,
    PER_LEG,
    PER_STOP,
    PER_UNIT,
    POD,
    POL,
    TRANSIT,
    line,
    only_where,
)
from shipments.enums import DocumentType, Mode, Service

_FOR_PARTNERS: dict[str, Any] = {"audience": Audience.PARTNER.value}
_BOOKING = line(10, "BOOKED", "Order confirmed", BOOKED, DAY, late=2 * DAY, **OPTIONAL)


def _cleared(before: int) -> LineDraft:
    return line(58, "CUSTOMS_RELEASED", "Customs released", before, -12, early=7 * DAY, late=6,
                responsible=WorkRole.CUSTOMS.value, task="Clear the customs at the border",
                **only_where(CROSSES_CUSTOMS))  # fmt: skip


_FTL = (
    _BOOKING,
    line(20, "PICKUP_ARRIVED", "Truck at pickup", 30, -1, early=4, late=2, **OPTIONAL, **_FOR_PARTNERS),
    line(30, "PICKED_UP", "Picked up", ETD, weight=3, early=4, late=2, documents=(DocumentType.CMR.value,)),
    line(40, "DEPARTED", "Departed origin", 30, 1, role=ORIGIN, early=4, late=3, **OPTIONAL),
    # Room for the arrival and the departure at five stops.
    line(45, "DELIVERY_ARRIVED", "Truck at the stop", LEG_ETA, role=TRANSIT, early=12, late=2, **PER_STOP, **OPTIONAL),
    line(46, "DEPARTED", "Left the stop", LEG_ETD, role=TRANSIT, early=12, late=3, **PER_STOP, **OPTIONAL),
    line(56, "BORDER_CROSSED", "Border crossed", 100, -DAY, early=5 * DAY, late=DAY, **OPTIONAL),
    _cleared(100),
    line(90, "DELIVERY_ARRIVED", "Truck at delivery", 100, -1, early=12, late=2, **OPTIONAL),
    line(100, "DELIVERED", "Delivered", ETA, weight=3, early=12, late=2, documents=(DocumentType.POD.value,)),
)
_LTL = (
    _BOOKING,
    line(20, "PICKED_UP", "Picked up", ETD, weight=2, early=8, late=4),
    line(30, "RECEIVED_ORIGIN", "Received at the origin terminal", 20, 6, early=6, late=6, **OPTIONAL),
    line(40, "DEPARTED", "Left the origin terminal", 20, 12, role=ORIGIN, early=12, late=6, **OPTIONAL),
    # Room for five hubs.
    line(45, "ARRIVED", "At the hub", LEG_ETA, role=TRANSIT, late=6, **PER_STOP, **OPTIONAL),
    line(46, "DEPARTED", "Left the hub", LEG_ETD, role=TRANSIT, late=6, **PER_STOP, **OPTIONAL),
    _cleared(60),
    line(60, "ARRIVED", "At the destination terminal", 100, -12, role=END, late=6, weight=2),
    line(70, "APPOINTMENT_SET", "Delivery appointment made", 100, -DAY, early=5 * DAY, **OPTIONAL,
         task="Make an appointment for the delivery"),
    line(80, "OUT_FOR_DELIVERY", "Out for delivery", 100, -6, early=12, late=4, **OPTIONAL),
    line(100, "DELIVERED", "Delivered", ETA, weight=3, early=DAY, late=4, roll="next",
         documents=(DocumentType.POD.value,)),
)  # fmt: skip
_INTERMODAL = (
    _BOOKING,
    line(20, "EMPTY_OUT", "Empty unit out", 40, -2 * DAY, early=7 * DAY, late=DAY,
         **PER_UNIT, **OPTIONAL, **_FOR_PARTNERS),
    line(30, "PICKED_UP", "Picked up", 40, -12, early=3 * DAY, late=DAY, **OPTIONAL),
    line(40, "GATE_IN", "Gate in at the first terminal", LEG_ETD, -12, role=POL, early=3 * DAY, late=6, weight=2,
         **PER_UNIT),
    # Room for twelve legs.
    line(50, "LOADED", "Loaded", LEG_ETD, -4, early=DAY, late=6, **PER_LEG, **OPTIONAL),
    line(51, "DEPARTED", "Departed", LEG_ETD, late=6, weight=2, **PER_LEG),
    line(52, "ARRIVED", "Arrived", LEG_ETA, late=6, weight=2, **PER_LEG),
    line(53, "DISCHARGED", "Unloaded", 52, 12, late=12, **PER_LEG, **OPTIONAL),
    line(98, "CUSTOMS_RELEASED", "Customs released", 52, DAY, early=7 * DAY, late=DAY,
         responsible=WorkRole.CUSTOMS.value, task="Clear the customs", day_basis="working",
         **only_where(CROSSES_CUSTOMS)),
    line(100, "GATE_OUT", "Gate out of the last terminal", 52, DAY, role=POD, early=2 * DAY, late=DAY, weight=2,
         **PER_UNIT, **OPTIONAL),
    line(120, "DELIVERED", "Delivered", 52, 2 * DAY, early=2 * DAY, late=DAY, weight=3,
         documents=(DocumentType.POD.value,)),
    line(130, "EMPTY_RETURNED", "Empty unit returned", 100, 4 * DAY, early=4 * DAY, late=2 * DAY, roll="next",
         **PER_UNIT, **OPTIONAL, **_FOR_PARTNERS),
)  # fmt: skip

LAND: tuple[TemplateDraft, ...] = (
    TemplateDraft(code="ROAD-FTL", name="Full truck", mode=Mode.ROAD.value, service=Service.FTL.value, lines=_FTL),
    TemplateDraft(code="ROAD-LTL", name="Part load", mode=Mode.ROAD.value, service=Service.LTL.value, lines=_LTL),
    TemplateDraft(code="INTERMODAL", name="Intermodal", service=Service.INTERMODAL.value, lines=_INTERMODAL),
)
