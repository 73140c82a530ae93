"""Shipments with the plan and the roll-up that the evaluation leaves, for tests of what the doors show of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from milestones.enums import Audience, Deviation, Health, JourneyStatus, MilestoneState
from milestones.models import Journey, Milestone
from partners.models import Partner
from portal.presentation import strip
from shipments.enums import Mode, PartyRole, ReferenceType, ShipmentType, UnitKind
from shipments.matching import reference_key
from shipments.models import Leg, Location, MilestoneType, Reference, Shipment, ShipmentParty, ShipmentStream, Unit

PLANNED = datetime(2026, 11, 2, 8, 0, tzinfo=UTC)
_NUMBERS = count(1)

# code, name, place, days after the first one.
STEPS = (
    ("PICKED_UP", "Picked up at shipper", "CNSHA", 0),
    ("LOADED", "Loaded on vessel", "CNSHA", 4),
    ("DEPARTED", "Vessel departed", "CNSHA", 5),
    ("ARRIVED", "Vessel arrived", "NLRTM", 35),
    ("DISCHARGED", "Discharged", "NLRTM", 36),
    ("DELIVERED", "Delivered to consignee", "NLRTM", 40),
)
INTERNAL_STEP = "Margin agreed with the carrier"
PARTNER_STEP = "Slot confirmed at the terminal"


def place(unlocode: str) -> Location:
    """Shanghai or Rotterdam, as the product's own table of places has them, or made here."""
    names = {"CNSHA": ("Shanghai", "CN", "Asia/Shanghai"), "NLRTM": ("Rotterdam", "NL", "Europe/Amsterdam")}
    name, country, zone = names[unlocode]
    known = Location.objects.filter(unlocode=unlocode, facility_code="").first()
    return known or Location.objects.create(unlocode=unlocode, name=name, country=country, time_zone=zone)


def shipment_of(customer: Partner, **fields: Any) -> Shipment:
    """A shipment with its customer as a party, a purchase order and a container."""
    number = next(_NUMBERS)
    fields = {
        "reference": f"SH-{number:05}",
        "type": ShipmentType.EXPORT,
        "mode": Mode.OCEAN,
        "origin": place("CNSHA"),
        "destination": place("NLRTM"),
    } | fields
    shipment = Shipment.objects.create(customer=customer, **fields)
    ShipmentStream.objects.create(shipment=shipment)
    with_party(shipment, customer, PartyRole.CUSTOMER)
    Unit.objects.create(shipment=shipment, kind=UnitKind.CONTAINER, number=f"MSKU{number:07}", key=f"MSKU{number:07}")
    for kind, value in (
        (ReferenceType.SHIPMENT, shipment.reference),
        (ReferenceType.PO, f"45-{number:04}"),
        (ReferenceType.CONTAINER, f"MSKU{number:07}"),
    ):
        Reference.objects.create(shipment=shipment, type=kind, value=value, key=reference_key(value))
    Leg.objects.create(
        shipment=shipment, sequence=1, mode=Mode.OCEAN, origin=shipment.origin, destination=shipment.destination,
        vessel_name="ORIENT PEARL", voyage="077W",
    )  # fmt: skip
    return shipment


def with_party(shipment: Shipment, partner: Partner, role: str) -> Shipment:
    ShipmentParty.objects.create(shipment=shipment, partner=partner, role=role)
    return shipment


def with_journey(shipment: Shipment, *, done: int = 3, late_days: int = 0, overdue: bool = False) -> Shipment:
    """`done` steps reached, the rest expected `late_days` after their plan; with `overdue` the next one is."""
    late = timedelta(days=late_days)
    milestones = [
        milestone(
            shipment, position, step, audience=Audience.PUBLIC, reached=position <= done, late=late,
            overdue=overdue and position == done + 1,
        )
        for position, step in enumerate(STEPS, 1)
    ]  # fmt: skip
    last = STEPS[-1][3]
    Journey.objects.create(
        shipment=shipment,
        status=_status(done),
        health=Health.LATE if late_days else Health.ON_TIME,
        strip="".join(map(strip.letter, milestones)),
        done=done,
        total=len(milestones),
        progress=100 * done // len(milestones),
        planned_arrival_at=PLANNED + timedelta(days=last),
        expected_arrival_at=PLANNED + timedelta(days=last) + late,
        arrived_at=PLANNED + timedelta(days=last) + late if done == len(STEPS) else None,
        last_event_at=PLANNED + timedelta(days=5),
        is_closed=done == len(STEPS),
    )
    milestone(shipment, 90, ("CARGO_READY", INTERNAL_STEP, "CNSHA", 1), audience=Audience.INTERNAL)
    milestone(shipment, 91, ("GATE_IN", PARTNER_STEP, "CNSHA", 2), audience=Audience.PARTNER)
    return shipment


def milestone(
    shipment: Shipment,
    position: int,
    step: tuple[str, str, str, int],
    *,
    audience: str,
    reached: bool = False,
    late: timedelta = timedelta(0),
    overdue: bool = False,
) -> Milestone:
    code, name, unlocode, days = step
    planned = PLANNED + timedelta(days=days)
    kind = MilestoneType.objects.filter(code=code).first() or MilestoneType.objects.create(
        code=code, name=name, family="journey", sequence=position, modes="O"
    )
    state = MilestoneState.REACHED if reached else MilestoneState.OVERDUE if overdue else MilestoneState.ESTIMATED
    return Milestone.objects.create(
        shipment=shipment,
        slot=f"L{position}",
        position=position,
        type=kind,
        name=name,
        place_role="any",
        location=place(unlocode),
        audience=audience,
        responsible="operations",
        baseline_at=planned,
        planned_at=planned,
        estimated_at=None if overdue else planned + late,
        actual_at=planned if reached else None,
        state=state,
        deviation=Deviation.OVERDUE if overdue else Deviation.LATE if late and not reached else Deviation.ON_TIME,
    )


def _status(done: int) -> str:
    if done == len(STEPS):
        return JourneyStatus.DELIVERED
    return JourneyStatus.IN_TRANSIT if done else JourneyStatus.BOOKED
