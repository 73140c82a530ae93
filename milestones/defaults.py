"""The workflows and the exception rules that a new installation begins with. People change them in the console.

They are sensible starting points, not promises: offsets and tolerances are in hours, and every line counts from a date
of the shipment or from another line (by position).
"""

from __future__ import annotations

from dataclasses import dataclass

from milestones.enums import (
    AnchorKind,
    Audience,
    DayBasis,
    ExceptionKind,
    PlaceRole,
    Severity,
    WorkRole,
)
from shipments.enums import Mode, ShipmentType

_ANY, _ORIGIN, _POL, _POD, _END = (
    PlaceRole.ANY,
    PlaceRole.ORIGIN,
    PlaceRole.POL,
    PlaceRole.POD,
    PlaceRole.DESTINATION,
)
_DAY = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class DefaultLine:
    """`anchor`: an AnchorKind, or the position of the line it counts from. Hours, not minutes."""

    position: int
    code: str
    role: str
    name: str
    anchor: str | int
    hours: int = 0
    early: int = _DAY
    late: int = 12
    weight: int = 1
    is_optional: bool = False
    audience: str = Audience.CUSTOMER
    responsible: str = WorkRole.OPERATIONS
    day_basis: str = DayBasis.CALENDAR
    task: str = ""


@dataclass(frozen=True, slots=True)
class DefaultTemplate:
    code: str
    name: str
    mode: str
    shipment_type: str
    lines: tuple[DefaultLine, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DefaultRule:
    code: str
    kind: str
    severity: str
    milestone: str = ""
    owner: str = WorkRole.OPERATIONS
    minimum_hours: int = 0
    due_hours: int = 4
    task: str = ""


_BOOKED = DefaultLine(
    position=10, code="BOOKED", role=_ANY, name="Booking confirmed", anchor=AnchorKind.BOOKED, hours=_DAY,
    late=2 * _DAY, is_optional=True,
)  # fmt: skip
_DECLARE = DefaultLine(
    position=40, code="CUSTOMS_DECLARED", role=_ANY, name="Export declaration lodged", anchor=60, hours=-2 * _DAY,
    responsible=WorkRole.CUSTOMS, task="Lodge the export declaration", audience=Audience.INTERNAL, is_optional=True,
)  # fmt: skip

_OCEAN_OUT = (
    _BOOKED,
    DefaultLine(position=20, code="EMPTY_OUT", role=_ANY, name="Empty container out", anchor=60, hours=-7 * _DAY,
                early=7 * _DAY, late=3 * _DAY, is_optional=True, audience=Audience.PARTNER),
    DefaultLine(position=25, code="PICKED_UP", role=_ANY, name="Picked up", anchor=60, hours=-4 * _DAY,
                early=7 * _DAY, late=_DAY, is_optional=True),
    DefaultLine(position=30, code="GATE_IN", role=_POL, name="Gate in at port of loading", anchor=60, hours=-2 * _DAY,
                early=7 * _DAY, late=_DAY, weight=2),
)  # fmt: skip
_OCEAN_VESSEL = (
    DefaultLine(position=50, code="LOADED", role=_POL, name="Loaded on vessel", anchor=60, hours=-8, weight=2),
    DefaultLine(position=60, code="DEPARTED", role=_POL, name="Vessel departed", anchor=AnchorKind.ETD, weight=3),
    DefaultLine(position=70, code="ARRIVED", role=_POD, name="Vessel arrived", anchor=AnchorKind.ETA, weight=3,
                early=2 * _DAY),
    DefaultLine(position=80, code="DISCHARGED", role=_POD, name="Discharged from vessel", anchor=70, hours=_DAY,
                early=2 * _DAY, late=_DAY, weight=2),
)  # fmt: skip
_NOTICE = DefaultLine(
    position=75, code="ARRIVAL_NOTIFIED", role=_ANY, name="Consignee notified", anchor=70, hours=-2 * _DAY,
    task="Send the arrival notice", is_optional=True, audience=Audience.PARTNER,
)  # fmt: skip
_IMPORT_RELEASE = DefaultLine(
    position=90, code="CUSTOMS_RELEASED", role=_ANY, name="Import customs released", anchor=80, hours=2 * _DAY,
    day_basis=DayBasis.WORKING, early=7 * _DAY, late=_DAY, weight=2, responsible=WorkRole.CUSTOMS,
    task="Clear the import customs",
)  # fmt: skip
_OCEAN_IN = (
    DefaultLine(position=100, code="GATE_OUT", role=_POD, name="Gate out of port of discharge", anchor=80,
                hours=3 * _DAY, early=3 * _DAY, late=_DAY, weight=2),
    DefaultLine(position=110, code="OUT_FOR_DELIVERY", role=_ANY, name="Out for delivery", anchor=120, hours=-4,
                is_optional=True),
    DefaultLine(position=120, code="DELIVERED", role=_ANY, name="Delivered", anchor=100, hours=_DAY, early=3 * _DAY,
                late=_DAY, weight=3),
    DefaultLine(position=130, code="EMPTY_RETURNED", role=_ANY, name="Empty container returned", anchor=120,
                hours=4 * _DAY, early=4 * _DAY, late=2 * _DAY, is_optional=True, audience=Audience.PARTNER),
)  # fmt: skip

_AIR = (
    _BOOKED,
    DefaultLine(position=20, code="PICKED_UP", role=_ANY, name="Picked up", anchor=60, hours=-2 * _DAY, late=_DAY,
                early=2 * _DAY, is_optional=True),
    DefaultLine(position=30, code="RECEIVED_ORIGIN", role=_ANY, name="Received by the airline", anchor=60, hours=-12,
                early=2 * _DAY, late=6, weight=2),
    _DECLARE,
    DefaultLine(position=50, code="MANIFESTED", role=_ANY, name="Manifested on the flight", anchor=60, hours=-3,
                is_optional=True, audience=Audience.PARTNER),
    DefaultLine(position=60, code="DEPARTED", role=_POL, name="Flight departed", anchor=AnchorKind.ETD, weight=3,
                early=12, late=3),
    DefaultLine(position=70, code="ARRIVED", role=_POD, name="Flight arrived", anchor=AnchorKind.ETA, weight=3,
                early=12, late=3),
    DefaultLine(position=80, code="RECEIVED_TRANSIT", role=_POD, name="Received from the flight", anchor=70, hours=6,
                early=6, late=6, is_optional=True),
    DefaultLine(position=85, code="ARRIVAL_NOTIFIED", role=_ANY, name="Consignee notified", anchor=70, hours=8,
                task="Send the arrival notice", is_optional=True, audience=Audience.PARTNER),
    DefaultLine(position=90, code="CUSTOMS_RELEASED", role=_ANY, name="Import customs released", anchor=70,
                hours=_DAY, day_basis=DayBasis.WORKING, early=2 * _DAY, late=12, weight=2,
                responsible=WorkRole.CUSTOMS, task="Clear the import customs", is_optional=True),
    DefaultLine(position=110, code="OUT_FOR_DELIVERY", role=_ANY, name="Out for delivery", anchor=120, hours=-4,
                is_optional=True),
    DefaultLine(position=120, code="DELIVERED", role=_ANY, name="Delivered", anchor=70, hours=2 * _DAY, weight=3,
                early=2 * _DAY),
)  # fmt: skip

_ROAD = (
    _BOOKED,
    DefaultLine(position=20, code="PICKUP_ARRIVED", role=_ANY, name="Truck at pickup", anchor=30, hours=-1, early=4,
                late=2, is_optional=True, audience=Audience.PARTNER),
    DefaultLine(position=30, code="PICKED_UP", role=_ANY, name="Picked up", anchor=AnchorKind.ETD, weight=3, early=4,
                late=2),
    DefaultLine(position=40, code="DEPARTED", role=_ORIGIN, name="Departed origin", anchor=30, hours=1, early=4,
                late=3, is_optional=True),
    DefaultLine(position=60, code="ARRIVED", role=_END, name="Arrived at destination terminal", anchor=100,
                hours=-3, early=_DAY, late=3, is_optional=True),
    DefaultLine(position=80, code="OUT_FOR_DELIVERY", role=_ANY, name="Out for delivery", anchor=100, hours=-2,
                early=12, late=2, is_optional=True),
    DefaultLine(position=90, code="DELIVERY_ARRIVED", role=_ANY, name="Truck at delivery", anchor=100, hours=-1,
                early=12, late=2, is_optional=True),
    DefaultLine(position=100, code="DELIVERED", role=_ANY, name="Delivered", anchor=AnchorKind.ETA, weight=3,
                early=12, late=2),
)  # fmt: skip

_RAIL = (
    _BOOKED,
    DefaultLine(position=20, code="PICKED_UP", role=_ANY, name="Picked up", anchor=60, hours=-2 * _DAY,
                early=3 * _DAY, late=_DAY, is_optional=True),
    DefaultLine(position=30, code="GATE_IN", role=_POL, name="Gate in at rail ramp", anchor=60, hours=-_DAY,
                early=3 * _DAY, late=12, weight=2),
    DefaultLine(position=50, code="LOADED", role=_POL, name="Loaded on train", anchor=60, hours=-6),
    DefaultLine(position=60, code="DEPARTED", role=_POL, name="Train departed", anchor=AnchorKind.ETD, weight=3,
                late=6),
    DefaultLine(position=65, code="BORDER_CROSSED", role=_ANY, name="Border crossed", anchor=70, hours=-3 * _DAY,
                early=7 * _DAY, late=2 * _DAY, is_optional=True),
    DefaultLine(position=70, code="ARRIVED", role=_POD, name="Train arrived", anchor=AnchorKind.ETA, weight=3),
    DefaultLine(position=80, code="DISCHARGED", role=_POD, name="Unloaded from train", anchor=70, hours=12, early=12),
    DefaultLine(position=100, code="GATE_OUT", role=_POD, name="Gate out of rail ramp", anchor=70, hours=_DAY,
                late=_DAY, weight=2),
    DefaultLine(position=120, code="DELIVERED", role=_ANY, name="Delivered", anchor=100, hours=_DAY,
                early=2 * _DAY, late=_DAY, weight=3),
)  # fmt: skip

_PARCEL = (
    _BOOKED,
    DefaultLine(position=20, code="PICKED_UP", role=_ANY, name="Picked up", anchor=AnchorKind.ETD, weight=2,
                late=6),
    DefaultLine(position=30, code="DEPARTED", role=_ORIGIN, name="Left the origin depot", anchor=20, hours=8,
                is_optional=True),
    DefaultLine(position=40, code="IN_TRANSIT", role=_ANY, name="On the way", anchor=20, hours=12, is_optional=True),
    DefaultLine(position=50, code="CUSTOMS_RELEASED", role=_ANY, name="Customs released", anchor=60, hours=-12,
                responsible=WorkRole.CUSTOMS, is_optional=True),
    DefaultLine(position=60, code="ARRIVED", role=_END, name="At the delivery depot", anchor=80, hours=-10,
                is_optional=True),
    DefaultLine(position=70, code="OUT_FOR_DELIVERY", role=_ANY, name="Out for delivery", anchor=80, hours=-6,
                weight=2, early=2 * _DAY, late=6),
    DefaultLine(position=80, code="DELIVERED", role=_ANY, name="Delivered", anchor=AnchorKind.ETA, weight=3,
                early=2 * _DAY, late=6, audience=Audience.PUBLIC),
)  # fmt: skip


def _in_order(*lines: DefaultLine) -> tuple[DefaultLine, ...]:
    return tuple(sorted(lines, key=lambda line: line.position))


TEMPLATES: tuple[DefaultTemplate, ...] = (
    DefaultTemplate("OCEAN", "Ocean", Mode.OCEAN, "",
                    _in_order(*_OCEAN_OUT, *_OCEAN_VESSEL, _NOTICE, *_OCEAN_IN)),
    DefaultTemplate("OCEAN-EXPORT", "Ocean export", Mode.OCEAN, ShipmentType.EXPORT,
                    _in_order(*_OCEAN_OUT, _DECLARE, *_OCEAN_VESSEL, *_OCEAN_IN)),
    DefaultTemplate("OCEAN-IMPORT", "Ocean import", Mode.OCEAN, ShipmentType.IMPORT,
                    _in_order(_BOOKED, *_OCEAN_VESSEL, _NOTICE, _IMPORT_RELEASE, *_OCEAN_IN)),
    DefaultTemplate("AIR", "Air", Mode.AIR, "", _AIR),
    DefaultTemplate("ROAD", "Road", Mode.ROAD, "", _ROAD),
    DefaultTemplate("RAIL", "Rail", Mode.RAIL, "", _RAIL),
    DefaultTemplate("PARCEL", "Parcel", Mode.PARCEL, "", _PARCEL),
)  # fmt: skip

_ASK = "Ask the carrier for the status"
_TELL = "Tell the customer the new date and why"
RULES: tuple[DefaultRule, ...] = (
    DefaultRule(code="overdue", kind=ExceptionKind.OVERDUE, severity=Severity.MEDIUM, due_hours=8, task=_ASK),
    DefaultRule(code="overdue-departure", kind=ExceptionKind.OVERDUE, severity=Severity.HIGH, milestone="DEPARTED",
                task=_ASK),
    DefaultRule(code="overdue-arrival", kind=ExceptionKind.OVERDUE, severity=Severity.HIGH, milestone="ARRIVED",
                task=_ASK),
    DefaultRule(code="overdue-delivery", kind=ExceptionKind.OVERDUE, severity=Severity.CRITICAL,
                milestone="DELIVERED", due_hours=2, task=_ASK),
    DefaultRule(code="late-departure", kind=ExceptionKind.LATE, severity=Severity.MEDIUM, milestone="DEPARTED",
                due_hours=24, task="Check the connection and the arrival date"),
    DefaultRule(code="late-arrival", kind=ExceptionKind.LATE, severity=Severity.HIGH, milestone="ARRIVED",
                due_hours=8, task=_TELL),
    DefaultRule(code="late-delivery", kind=ExceptionKind.LATE, severity=Severity.HIGH, milestone="DELIVERED",
                due_hours=8, task=_TELL),
    DefaultRule(code="missing", kind=ExceptionKind.MISSING, severity=Severity.LOW, due_hours=24,
                task="Get the missing report or enter it"),
    DefaultRule(code="hold", kind=ExceptionKind.HOLD, severity=Severity.HIGH, task="Find out what the hold needs"),
    DefaultRule(code="hold-customs", kind=ExceptionKind.HOLD, severity=Severity.CRITICAL, milestone="CUSTOMS_HOLD",
                owner=WorkRole.CUSTOMS, due_hours=2, task="Answer the customs office"),
    DefaultRule(code="exam-customs", kind=ExceptionKind.HOLD, severity=Severity.HIGH, milestone="CUSTOMS_EXAM",
                owner=WorkRole.CUSTOMS, task="Follow the examination"),
)  # fmt: skip
