from shipments.models.channels import (
    Acknowledgement,
    Connection,
    ConnectionRun,
    ControlNumber,
    Upload,
    WebhookReceipt,
)
from shipments.models.documents import Document, ShipmentPast
from shipments.models.events import CodeMapping, Event, EventMatch, MilestoneType, WaitingEvent
from shipments.models.health import SourceDay, SourceSilence
from shipments.models.messages import Message, Source
from shipments.models.places import Location, LocationAlias
from shipments.models.shipments import Leg, Reference, Shipment, ShipmentParty, ShipmentStream, Unit

__all__ = [
    "Acknowledgement",
    "CodeMapping",
    "Connection",
    "ConnectionRun",
    "ControlNumber",
    "Document",
    "Event",
    "EventMatch",
    "Leg",
    "Location",
    "LocationAlias",
    "Message",
    "MilestoneType",
    "Reference",
    "Shipment",
    "ShipmentParty",
    "ShipmentPast",
    "ShipmentStream",
    "Source",
    "SourceDay",
    "SourceSilence",
    "Unit",
    "Upload",
    "WaitingEvent",
    "WebhookReceipt",
]
