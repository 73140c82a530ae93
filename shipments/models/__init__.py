from shipments.models.events import CodeMapping, Event, EventMatch, MilestoneType, WaitingEvent
from shipments.models.messages import Message, Source
from shipments.models.places import Location
from shipments.models.shipments import Leg, Reference, Shipment, ShipmentParty, ShipmentStream, Unit

__all__ = [
    "CodeMapping",
    "Event",
    "EventMatch",
    "Leg",
    "Location",
    "Message",
    "MilestoneType",
    "Reference",
    "Shipment",
    "ShipmentParty",
    "ShipmentStream",
    "Source",
    "Unit",
    "WaitingEvent",
]
