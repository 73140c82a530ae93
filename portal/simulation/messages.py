"""What the reporters of the simulated world send, in the formats they really use. Pure."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import NAMESPACE_URL, uuid5
from zlib import crc32
from zoneinfo import ZoneInfo

from portal.simulation.happenings import Happening
from portal.simulation.letters import LAST_FREE_DAY, NO_MILESTONE, Letter
from portal.simulation.world import Journey
from shipments.enums import Classifier, Format, ReferenceType


@dataclass(frozen=True, slots=True)
class Feed:
    """A reporter: the partner that sends, its source and format. `trust`: 0 to 100."""

    source: str
    partner: str
    name: str
    kind: str
    format: str
    identifier: str = ""
    trust: int = 50


FEEDS: dict[str, Feed] = {
    "carrier": Feed("NORTHSTAR-DCSA", "NORTHSTAR", "Northstar Line", "carrier", Format.DCSA_2, "NSTR"),
    "airline": Feed("AEROFLUX-API", "AEROFLUX", "Aeroflux Cargo", "carrier", Format.NATIVE),
    "trucker": Feed("PRAIRIE-214", "PRAIRIE", "Prairie Freight", "carrier", Format.X12_214, "PRFT"),
    "parcel": Feed("HOPLITE-214", "HOPLITE", "Hoplite Parcel", "last_mile_carrier", Format.X12_214, "HPLT"),
    "broker": Feed("CLEARWAY-API", "CLEARWAY", "Clearway Customs", "customs_broker", Format.NATIVE),
    "consolidator": Feed("HARBOUR-API", "HARBOUR", "Harbour Consolidation", "warehouse", Format.NATIVE),
    "terminal": Feed("QUAYSIDE-214", "QUAYSIDE", "Quayside Terminals", "terminal", Format.X12_214, "QYSD"),
    "watch": Feed("LOOKOUT-API", "LOOKOUT", "Lookout Visibility", "3pl", Format.NATIVE, trust=40),
    "haulier": Feed("DELTA-CSV", "DELTA", "Delta Haulage", "carrier", Format.CSV),
}
Zones = Mapping[str, str]
"""UN/LOCODE → IANA time zone."""
Towns = Mapping[str, tuple[str, str, str]]
"""UN/LOCODE → (city, subdivision, country), as X12 MS1 names a place."""

_DCSA = {
    "BOOKED": ("SHIPMENT", "CONF", ""),
    "EMPTY_OUT": ("EQUIPMENT", "GTOT", "EMPTY"),
    "GATE_IN": ("EQUIPMENT", "GTIN", "LADEN"),
    "LOADED": ("EQUIPMENT", "LOAD", "LADEN"),
    "DEPARTED": ("TRANSPORT", "DEPA", ""),
    "ARRIVED": ("TRANSPORT", "ARRI", ""),
    "DISCHARGED": ("EQUIPMENT", "DISC", "LADEN"),
    "GATE_OUT": ("EQUIPMENT", "GTOT", "LADEN"),
    "EMPTY_RETURNED": ("EQUIPMENT", "GTIN", "EMPTY"),
}
_X12 = {
    "PICKUP_ARRIVED": "X3",
    "PICKED_UP": "AF",
    "DELIVERY_ARRIVED": "X1",
    "DELIVERED": "D1",
    "OUT_FOR_DELIVERY": "AJ",
    "DEPARTED": "P1",
    "ARRIVED": "X4",
    LAST_FREE_DAY: "DE",
}
_CARRIER_REFERENCES = (ReferenceType.MBL, ReferenceType.MAWB, ReferenceType.PRO, ReferenceType.TRACKING)


def _carrier_reference(journey: Journey) -> tuple[str, str]:
    return next((kind, value) for kind, value in journey.references if kind in _CARRIER_REFERENCES)


def _local(at: datetime, zones: Zones, place: str) -> datetime:
    return at.astimezone(ZoneInfo(zones[place]))


def _named(journey: Journey, happening: Happening) -> str:
    """Each estimate of an arrival is an event of its own."""
    said = f"{journey.reference}/{happening.code}/{happening.is_estimate}"
    if happening.place not in (journey.origin, journey.destination):
        said += f"/{happening.place}"
    if happening.unit:
        said += f"/{happening.unit}"
    return f"{said}/{happening.told_at.isoformat()}" if happening.is_estimate else said


def dcsa(journey: Journey, happening: Happening, zones: Zones) -> bytes:
    """One DCSA Track & Trace 2.2 event in a list."""
    kind, code, laden = _DCSA[happening.code]
    local = _local(happening.happens_at, zones, happening.place)
    booking = next(value for name, value in journey.references if name == ReferenceType.BOOKING)
    event: dict[str, object] = {
        "eventID": str(uuid5(NAMESPACE_URL, _named(journey, happening))),
        "eventCreatedDateTime": happening.told_at.isoformat(),
        "eventType": kind,
        "eventClassifierCode": Classifier.ESTIMATED if happening.is_estimate else Classifier.ACTUAL,
        "eventDateTime": local.isoformat(),
        f"{kind.lower()}EventTypeCode": code,
        "documentReferences": [
            {"documentReferenceType": "BKG", "documentReferenceValue": booking},
            {"documentReferenceType": "TRD", "documentReferenceValue": _carrier_reference(journey)[1]},
        ],
    }
    if kind == "SHIPMENT":
        event |= {"documentTypeCode": "BKG", "documentID": booking}
    else:
        event["transportCall"] = {
            "UNLocationCode": happening.place,
            "modeOfTransport": "VESSEL",
            "exportVoyageNumber": journey.voyage,
        }
    if kind == "EQUIPMENT":
        event |= {"equipmentReference": happening.unit or journey.units[0][1], "emptyIndicatorCode": laden}
    return json.dumps([event], indent=1).encode()


def _own_id(journey: Journey, happening: Happening) -> str:
    is_between = happening.place not in (journey.origin, journey.destination)
    return f"{journey.reference}-{happening.code}" + (f"-{happening.place}" if is_between else "")


def native(journey: Journey, happening: Happening, zones: Zones) -> bytes:
    """One event in our own JSON (contract.md)."""
    kind, value = _carrier_reference(journey)
    event = {
        "code": happening.code,
        "classifier": Classifier.ESTIMATED if happening.is_estimate else Classifier.ACTUAL,
        "occurred_at": _local(happening.happens_at, zones, happening.place).isoformat(),
        "location": {"unlocode": happening.place},
        "references": [{"type": kind, "value": value}],
        "source_event_id": _own_id(journey, happening),
    }
    return json.dumps([event]).encode()


def table(journey: Journey, happening: Happening, zones: Zones) -> bytes:
    """A row with its header, the way a haulier mails it: local times, no zone."""
    kind, value = _carrier_reference(journey)
    out = io.StringIO()
    rows = csv.writer(out, delimiter=";")
    rows.writerow(["reference_type", "reference", "code", "occurred_at", "unlocode"])
    local = _local(happening.happens_at, zones, happening.place)
    rows.writerow([kind, value, happening.code, local.strftime("%Y-%m-%d %H:%M"), happening.place])
    return out.getvalue().encode()


def x12_214(journey: Journey, happening: Happening, zones: Zones, towns: Towns) -> bytes:
    """One interchange with one 214; local time, time code LT, and the place by city, as truckers do."""
    # A number that comes again with other content would be quarantined: it follows from what is told.
    told_of = f"{journey.reference} {happening.code} {happening.told_at.isoformat()}"
    number = f"{crc32(told_of.encode()) % 1_000_000_000:09d}"
    local = _local(happening.happens_at, zones, happening.place)
    city, subdivision, country = towns[happening.place]
    scac = FEEDS[happening.reporter].identifier
    kind, value = _carrier_reference(journey)
    bill = [f"L11*{value}*MB"] if kind == ReferenceType.MBL else []
    body = [
        f"B10*{value}*{journey.reference}*{scac}",
        *bill,
        "LX*1",
        f"AT7*{_X12[happening.code]}*NS***{local:%Y%m%d}*{local:%H%M}*LT",
        f"MS1*{city.upper()}*{subdivision}*{country}",
    ]
    told = happening.told_at
    blank, here = " " * 10, f"{'WAYMARK':<15}"
    head = f"ISA*00*{blank}*00*{blank}*02*{scac:<15}*ZZ*{here}*{told:%y%m%d}*{told:%H%M}*U*00401*{number}*0*P*>"
    lines = [
        head,
        f"GS*QM*{scac}*WAYMARK*{told:%Y%m%d}*{told:%H%M}*{number}*X*004010",
        f"ST*214*{number[-4:]}",
        *body,
        f"SE*{len(body) + 2}*{number[-4:]}",
        f"GE*1*{number}",
        f"IEA*1*{number}",
    ]
    return ("~\n".join(lines) + "~\n").encode()


def strays(world: Sequence[Journey], zones: Zones, now: datetime) -> list[tuple[str, bytes, Letter | None]]:
    """(reporter, payload, what it says) of what every real feed has: a parcel nobody told us of, a code nobody mapped,
    a future date. Only the second is about a journey and to be believed.

    One of each for every thirty journeys, so that the queues of the inbox have something to show.
    """
    found: list[tuple[str, bytes, Letter | None]] = []
    reported = [journey for journey in world if journey.happenings[0].told_at <= now]
    for journey in reported[::30]:
        happening = next(h for h in journey.happenings if not h.is_estimate)
        reference = [{"type": "tracking", "value": f"99{journey.number:08d}"}]
        at = _local(happening.happens_at, zones, happening.place)
        local = at.isoformat()
        unknown = {"code": "OUT_FOR_DELIVERY", "occurred_at": local, "references": reference}
        kind, value = _carrier_reference(journey)
        known = [{"type": kind, "value": value}]
        unmapped = {"raw_code": "ZX7", "occurred_at": local, "references": known}
        ahead = (now + timedelta(days=400)).isoformat()
        future = {"code": "IN_TRANSIT", "occurred_at": ahead, "references": known}
        said = Letter(journey.number, FEEDS["broker"].source, NO_MILESTONE, at.astimezone(UTC))
        for event, letter in ((unknown, None), (unmapped, said), (future, None)):
            found.append(("broker", json.dumps([event]).encode(), letter))
    return found


def letter_of(journey: Journey, happening: Happening, zones: Zones) -> Letter:
    """What the message of the happening says: to the minute, and of an hour that comes twice the first, where its
    format has local times without an offset."""
    feed = FEEDS[happening.reporter]
    at = _local(happening.happens_at, zones, happening.place)
    if feed.format in (Format.X12_214, Format.CSV):
        at = at.replace(second=0, microsecond=0, fold=0)
    own_id = _own_id(journey, happening) if feed.format == Format.NATIVE else ""
    told_at = happening.told_at if feed.format == Format.DCSA_2 else None
    return Letter(
        journey.number, feed.source, happening.code, at.astimezone(UTC), happening.place,
        is_estimate=happening.is_estimate, own_id=own_id, told_at=told_at, unit=happening.unit,
    )  # fmt: skip


def render(journey: Journey, happening: Happening, zones: Zones, towns: Towns) -> bytes:
    """The message of the happening in the format of its reporter's feed."""
    feed = FEEDS[happening.reporter]
    if feed.format == Format.X12_214:
        return x12_214(journey, happening, zones, towns)
    writers: dict[str, Callable[[Journey, Happening, Zones], bytes]] = {
        Format.DCSA_2: dcsa,
        Format.NATIVE: native,
        Format.CSV: table,
    }
    return writers[feed.format](journey, happening, zones)
