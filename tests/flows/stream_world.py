"""A small world for the promise "same result in any order": what is reported, of which shipments, and what must stand.

Every way the stream can go is in it: unknown to known references, a box and a master bill that houses share, units,
retractions with and without references, before and after what they retract, corrections, an unmapped code, a date that
cannot be true, an event nobody ever claims.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from partners.enums import PartnerKind
from partners.models import Partner
from partners.services import save_partner
from shipments.drafts import ShipmentDraft
from shipments.enums import PartyRole
from shipments.models import Event, EventMatch, Location, Message, Shipment, ShipmentStream, Source, WaitingEvent
from shipments.services import create_shipment, ingest_waiting, match_waiting, receive, save_source
from tests.factories.shipments import native

SHIPMENTS = {
    "HOUSE-1": [("hbl", "HB1"), ("mbl", "MB77"), ("container", "MSKU1234565")],
    "HOUSE-2": [("hbl", "HB2"), ("mbl", "MB77"), ("container", "MSKU1234565")],
    "PARCEL-1": [("tracking", "1Z999")],
    "ROAD-1": [("pro", "PRO 55"), ("po", "4711")],
    "AIR-1": [("mawb", "020-12345675")],
}
EVENTS = [
    native("DEPARTED", ("mbl", "MB77")),
    native("DEPARTED", ("hbl", "HB1"), occurred_at="2026-11-03T13:00:00+00:00"),
    native("DISCHARGED", unit="MSKU1234565"),
    native("GATE_OUT", ("hbl", "HB2"), unit="MSKU 123456-5"),
    native("OUT_FOR_DELIVERY", ("tracking", "1z999"), source_event_id="T-1"),
    native("DELIVERED", ("tracking", "1Z999"), source_event_id="T-2"),
    {"retracts": "T-2", "reason": "wrong door"},
    {"retracts": "T-1", "references": [{"type": "tracking", "value": "1Z999"}]},
    native("PICKED_UP", ("tracking", "PRO55"), occurred_at="2026-11-01T08:00", time_zone="America/Chicago"),
    native("ARRIVED", ("mawb", "02012345675"), classifier="EST", source_event_id="A-1"),
    native("ARRIVED", ("mawb", "02012345675"), occurred_at="2026-11-04T12:00:00Z", source_event_id="A-2"),
    native("ARRIVED", ("po", "4711"), occurred_at="2199-01-01T00:00:00Z"),
    native("LOADED", ("booking", "NOBODY-HAS-IT"), source_event_id="N-1"),
    {"retracts": "N-1"},
    {"retracts": "NEVER-SENT"},
    {**native("", ("po", "4711"), raw_code="THEIR-OWN"), "code": ""},
]


def set_up() -> None:
    """The partners and the source. What is reported and booked comes later."""
    save_partner("CARRIER", name="Carrier", kinds=[PartnerKind.CARRIER])
    save_partner("CUSTOMER", name="Customer", kinds=[PartnerKind.CUSTOMER])
    save_source("FEED", partner=Partner.objects.get(code="CARRIER"), format="native")


def book(reference: str) -> Shipment:
    """Make one of SHIPMENTS."""
    references = SHIPMENTS[reference]
    return create_shipment(
        ShipmentDraft(
            reference=reference,
            mode="ocean",
            origin=Location.objects.get(unlocode="NLRTM", facility_code=""),
            destination=Location.objects.get(unlocode="SGSIN", facility_code=""),
            customer=Partner.objects.get(code="CUSTOMER"),
            parties=((Partner.objects.get(code="CARRIER"), PartyRole.CARRIER),),
            references=tuple((kind, value) for kind, value in references if kind != "container"),
            units=tuple(("container", value, "22G1") for kind, value in references if kind == "container"),
        ),
        by=None,
    )


def report(numbers: Sequence[int]) -> None:
    """Receive one message with these of EVENTS."""
    receive(Source.objects.get(code="FEED"), json.dumps([EVENTS[number] for number in numbers]).encode())


def drain() -> None:
    while ingest_waiting():
        pass


def in_order() -> None:
    """The plain way: all shipments first, then every event by itself."""
    for reference in SHIPMENTS:
        book(reference)
    for number in range(len(EVENTS)):
        report([number])
    drain()


def what_stands() -> dict[str, list[tuple[object, ...]]]:
    """Everything that must be the same in the end, by content: no ids, no times of processing, no message."""
    assert match_waiting() == 0
    assert Message.objects.waiting().count() == 0
    assert Message.objects.needing_a_person().count() == 0
    named = dict(Event.objects.values_list("pk", "fingerprint"))
    events = Event.objects.order_by("fingerprint").values_list(
        "fingerprint", "code_id", "classifier", "occurred_at", "time_zone", "zone_certainty", "quarantine", "retracts"
    )
    matches = EventMatch.objects.values_list("event_id", "shipment__reference", "unit__number")
    waits = WaitingEvent.objects.open().values_list("event_id", "reason", "keys")
    return {
        "events": list(events),
        "matches": _sorted((named[event], shipment, unit or "") for event, shipment, unit in matches),
        "waits": _sorted((named[event], reason, tuple(keys)) for event, reason, keys in waits),
        "streams": _sorted(ShipmentStream.objects.values_list("shipment__reference")),
    }


def _sorted(rows: Iterable[tuple[object, ...]]) -> list[tuple[object, ...]]:
    return sorted(rows, key=repr)
