"""Shipments with the plan and the roll-up that the evaluation leaves, for tests of what the doors show of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from milestones.enums import Audience, Deviation, Health, JourneyStatus, MilestoneState
from milestones.models import Milestone
from partners.models import Partner
from portal.presentation import strip
from shipments.enums import Mode, PartyRole, ReferenceType, UnitKind
from shipments.models import Leg, Shipment, ShipmentParty, Unit
from tests.factories.milestones import JourneyFactory, MilestoneFactory
from tests.factories.shipments import LocationFactory, MilestoneTypeFactory, ShipmentFactory

PLANNED = datetime(2026, 11, 2, 8, 0, tzinfo=UTC)
_NUMBERS = count(1)

# code, name, place, days after the first one.
STEPS = (
    ("PICKED_UP", "Picked up at shipper", "CNSGH", 0),
    ("LOADED", "Loaded on vessel", "CNSGH", 4),
    ("DEPARTED", "Vessel departed", "CNSGH", 5),
    ("ARRIVED", "Vessel arrived", "NLRTM", 35),
    ("DISCHARGED", "Discharged", "NLRTM", 36),
    ("DELIVERED", "Delivered to consignee", "NLRTM", 40),
)
ARRIVAL_DAYS = 35
INTERNAL_STEP = "Margin agreed with the carrier"
PARTNER_STEP = "Slot confirmed at the terminal"


def shipment_of(customer: Partner, **fields: Any) -> Shipment:
    """From Shanghai to Rotterdam by sea, with a purchase order and a container."""
    number = next(_NUMBERS)
    references = [(ReferenceType.PO, f"45-{number:04}"), (ReferenceType.CONTAINER, f"MSKU{number:07}")]
    shanghai = {"origin__unlocode": "CNSGH", "origin__name": "Shanghai", "origin__time_zone": "Asia/Shanghai"}
    rotterdam = {"destination__unlocode": "NLRTM", "destination__time_zone": "Europe/Amsterdam"}
    shipment: Shipment = ShipmentFactory(
        customer=customer, references=references, **shanghai, **rotterdam, destination__name="Rotterdam", **fields
    )
    Unit.objects.create(shipment=shipment, kind=UnitKind.CONTAINER, number=f"MSKU{number:07}", key=f"MSKU{number:07}")
    Leg.objects.create(
        shipment=shipment, sequence=1, mode=Mode.OCEAN, origin=shipment.origin, destination=shipment.destination,
        vessel_name="ORIENT PEARL", voyage="077W",
    )  # fmt: skip
    return shipment


def with_party(shipment: Shipment, partner: Partner, role: str = PartyRole.CARRIER) -> Shipment:
    ShipmentParty.objects.create(shipment=shipment, partner=partner, role=role)
    return shipment


def with_journey(shipment: Shipment, *, done: int = 3, late_days: int = 0, overdue: bool = False) -> Shipment:
    """`done` steps reached, the rest expected `late_days` after their plan; with `overdue` the next one is.

    One step more is internal, and one is for partners only.
    """
    late = timedelta(days=late_days)
    milestones = [
        milestone(
            shipment, position, step, reached=position <= done, late=late, overdue=overdue and position == done + 1
        )
        for position, step in enumerate(STEPS, 1)
    ]
    arrival = PLANNED + timedelta(days=ARRIVAL_DAYS)
    JourneyFactory(
        shipment=shipment,
        status=_status(done),
        health=Health.LATE if late_days else Health.ON_TIME,
        strip="".join(map(strip.letter, milestones)),
        done=done,
        total=len(milestones),
        planned_arrival_at=arrival,
        expected_arrival_at=arrival if done >= 4 else arrival + late,
        arrived_at=arrival if done >= 4 else None,
        last_event_at=PLANNED + timedelta(days=5),
        is_closed=done == len(STEPS),
    )
    milestone(shipment, 90, ("CARGO_READY", INTERNAL_STEP, "CNSGH", 1), audience=Audience.INTERNAL)
    milestone(shipment, 91, ("GATE_IN", PARTNER_STEP, "CNSGH", 2), audience=Audience.PARTNER)
    return shipment


def milestone(
    shipment: Shipment,
    position: int,
    step: tuple[str, str, str, int],
    *,
    audience: str = Audience.PUBLIC,
    reached: bool = False,
    late: timedelta = timedelta(0),
    overdue: bool = False,
) -> Milestone:
    code, name, unlocode, days = step
    planned = PLANNED + timedelta(days=days)
    is_late = late and not reached
    one: Milestone = MilestoneFactory(
        shipment=shipment,
        slot=f"L{position}",
        position=position,
        type=MilestoneTypeFactory(code=code),
        name=name,
        location=LocationFactory(unlocode=unlocode),
        audience=audience,
        baseline_at=planned,
        planned_at=planned,
        estimated_at=None if overdue else planned + late,
        actual_at=planned if reached else None,
        state=MilestoneState.REACHED if reached else MilestoneState.OVERDUE if overdue else MilestoneState.ESTIMATED,
        deviation=Deviation.OVERDUE if overdue else Deviation.LATE if is_late else Deviation.ON_TIME,
    )
    return one


def _status(done: int) -> str:
    if done == len(STEPS):
        return JourneyStatus.DELIVERED
    if done >= 4:
        return JourneyStatus.ARRIVED
    return JourneyStatus.IN_TRANSIT if done else JourneyStatus.BOOKED
