"""A deterministic world of journeys: what is planned, and what truly happens. Pure: the same seed, the same world."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import Random

from portal.simulation.happenings import Happening, Lane, Step
from portal.simulation.trouble import beset, per_container
from shipments.enums import DocumentType, Mode, ReferenceType, Service, ShipmentType, UnitKind


@dataclass(frozen=True, slots=True)
class Leg:
    origin: str
    destination: str
    etd: datetime
    eta: datetime


@dataclass(frozen=True, slots=True)
class Journey:
    """One simulated shipment with its truth, up to the end of its way.

    `papers`: types of the documents that are filed; `overrun`: by how many percent it costs more than was expected.
    `legs`: none where it goes straight.
    """

    number: int
    reference: str
    mode: str
    service: str
    type: str
    origin: str
    destination: str
    customer: str
    references: tuple[tuple[str, str], ...]
    units: tuple[tuple[str, str, str], ...]
    voyage: str
    booked_at: datetime
    etd: datetime
    eta: datetime
    happenings: tuple[Happening, ...]
    papers: tuple[str, ...] = ()
    overrun: int = 0
    legs: tuple[Leg, ...] = ()


def _steps(text: str) -> tuple[Step, ...]:
    """'BOOKED o-d 96 carrier' = at origin, 96 hours before ETD; 'ARRIVED d+a 0 carrier' = at destination, at ETA."""
    steps = []
    for line in text.strip().splitlines():
        code, where, hours, reporter = line.split()
        sign = -1 if where[1] == "-" else 1
        steps.append(Step(code, where[0] == "o", where[2] == "a", sign * float(hours), reporter))
    return tuple(steps)


STEPS: dict[str, tuple[Step, ...]] = {
    Mode.OCEAN: _steps("""
        BOOKED o-d 240 carrier
        EMPTY_OUT o-d 120 carrier
        GATE_IN o-d 60 carrier
        LOADED o-d 14 carrier
        DEPARTED o+d 0 carrier
        ARRIVED d+a 0 carrier
        DISCHARGED d+a 20 carrier
        CUSTOMS_RELEASED d+a 40 broker
        GATE_OUT d+a 60 carrier
        DELIVERED d+a 72 haulier
        EMPTY_RETURNED d+a 120 carrier
    """),
    Mode.AIR: _steps("""
        BOOKED o-d 72 airline
        PICKED_UP o-d 30 airline
        RECEIVED_ORIGIN o-d 14 airline
        MANIFESTED o-d 3 airline
        DEPARTED o+d 0 airline
        ARRIVED d+a 0 airline
        RECEIVED_TRANSIT d+a 4 airline
        CUSTOMS_RELEASED d+a 10 broker
        DELIVERED d+a 24 haulier
    """),
    Mode.ROAD: _steps("""
        PICKUP_ARRIVED o-d 2 trucker
        PICKED_UP o+d 0 trucker
        DELIVERY_ARRIVED d+a 0 trucker
        DELIVERED d+a 1 trucker
    """),
    Mode.PARCEL: _steps("""
        PICKED_UP o+d 0 parcel
        OUT_FOR_DELIVERY d-a 5 parcel
        DELIVERED d+a 0 parcel
    """),
}

# What happens to a part load beside, and the steps of its mode that are of the whole container.
PART_STEPS: dict[tuple[str, str], tuple[Step, ...]] = {
    (Service.LCL, ShipmentType.EXPORT): _steps("""
        PICKED_UP o-d 144 haulier
        WH_RECEIVED o-d 120 consolidator
        STUFFED o-d 72 consolidator
    """),
    (Service.LCL, ShipmentType.IMPORT): _steps("""
        STRIPPED d+a 44 consolidator
        AVAILABLE d+a 60 consolidator
    """),
    (Service.LTL, ShipmentType.DOMESTIC): _steps("""
        DEPARTED o+d 8 trucker
        ARRIVED d-a 10 trucker
        OUT_FOR_DELIVERY d-a 4 trucker
    """),
}
NOT_OF_PARTS: dict[str, frozenset[str]] = {
    Service.LCL: frozenset({"EMPTY_OUT", "GATE_OUT", "EMPTY_RETURNED"}),
    Service.LTL: frozenset({"PICKUP_ARRIVED", "DELIVERY_ARRIVED"}),
}

LANES: tuple[Lane, ...] = (
    Lane(Mode.OCEAN, Service.FCL, ShipmentType.IMPORT, "CNSGH", "NLRTM", 32 * 24, via="SGSIN"),
    Lane(Mode.OCEAN, Service.LCL, ShipmentType.IMPORT, "SGSIN", "DEHAM", 27 * 24, via="NLRTM"),
    Lane(Mode.OCEAN, Service.FCL, ShipmentType.EXPORT, "NLRTM", "USNYC", 11 * 24),
    Lane(Mode.OCEAN, Service.LCL, ShipmentType.EXPORT, "DEHAM", "BRSSZ", 18 * 24),
    Lane(Mode.AIR, "", ShipmentType.IMPORT, "HKHKG", "DEFRA", 13),
    Lane(Mode.AIR, "", ShipmentType.EXPORT, "NLAMS", "USNYC", 9),
    Lane(Mode.ROAD, Service.FTL, ShipmentType.DOMESTIC, "USLAX", "USCHI", 52),
    Lane(Mode.ROAD, Service.LTL, ShipmentType.DOMESTIC, "USNYC", "USATL", 26),
    Lane(Mode.PARCEL, "", ShipmentType.ECOMMERCE, "USLAX", "USNYC", 72),
)
# Which papers somebody files, most of the time.
PAPERS: dict[str, tuple[str, ...]] = {
    Mode.OCEAN: (DocumentType.BOOKING_CONFIRMATION, DocumentType.IMPORT_DECLARATION, DocumentType.POD),
    Mode.AIR: (DocumentType.IMPORT_DECLARATION, DocumentType.POD),
    Mode.ROAD: (DocumentType.CMR, DocumentType.POD),
    Mode.PARCEL: (),
}
CUSTOMERS = ("KESTREL", "LUMEN", "PAMPA", "OSTRAVA", "BLUEFIN", "ISAR")


def _check_digit(body: str) -> int:
    """ISO 6346 annex A: letters count 10 and up without the multiples of 11, weights are powers of two."""
    letters = [value for value in range(10, 39) if value % 11]
    values = [int(c) if c.isdigit() else letters[ord(c) - ord("A")] for c in body]
    return sum(value << place for place, value in enumerate(values)) % 11 % 10


def _known_as(random: Random, mode: str, number: int) -> tuple[list[tuple[str, str]], list[tuple[str, str, str]]]:
    serial = f"{random.randrange(10**8):08d}{number:05d}"
    references: list[tuple[str, str]] = [(ReferenceType.PO, f"45{random.randrange(10**6):06d}")]
    if mode == Mode.OCEAN:
        body = f"WMKU{serial[-6:]}"
        references += [(ReferenceType.MBL, f"NSTR{serial}"), (ReferenceType.BOOKING, f"NB{serial}")]
        return references, [(UnitKind.CONTAINER, f"{body}{_check_digit(body)}", "45G1")]
    if mode == Mode.AIR:
        seven = f"{int(serial[-7:]):07d}"
        return [*references, (ReferenceType.MAWB, f"988-{seven}{int(seven) % 7}")], []
    kind = ReferenceType.PRO if mode == Mode.ROAD else ReferenceType.TRACKING
    return [*references, (kind, serial)], []


def _second(unit: tuple[str, str, str]) -> tuple[str, str, str]:
    """Another container of the same kind."""
    kind, number, size = unit
    body = f"WMLU{number[4:10]}"
    return kind, f"{body}{_check_digit(body)}", size


@dataclass(frozen=True, slots=True)
class _Way:
    """A lane with the dates of one journey, and how late it truly is at its end."""

    lane: Lane
    etd: datetime
    eta: datetime
    late: timedelta
    units: tuple[str, ...] = ()
    legs: tuple[Leg, ...] = ()


def _happenings(random: Random, way: _Way, beside: Random) -> list[Happening]:
    """In the order in which they happen. `beside` is for what part loads have more of: what is the same for every
    service of a lane stays the same."""
    lane = way.lane
    way = replace(way, late=timedelta(hours=lane.hours * random.choice((0, 0, 0, 0.01, 0.04, 0.12))))
    of_mode = [happening for step in STEPS[lane.mode] for happening in _happening(random, step, way)]
    more = PART_STEPS.get((lane.service, lane.type), ())
    of_parts = [happening for step in more for happening in _happening(beside, step, way)]
    left_out = NOT_OF_PARTS.get(lane.service, frozenset())
    found = [happening for happening in of_mode if happening.code not in left_out]
    found = sorted([*found, *of_parts], key=lambda h: (h.happens_at, h.told_at)) if of_parts else found
    if way.legs:
        found = sorted([*found, *_change(way, beside)], key=lambda h: (h.happens_at, h.told_at))
    if len(way.units) > 1:
        found = per_container(found, way.units, beside)
    return beset(found, lane, beside)


def _legs(lane: Lane, etd: datetime, eta: datetime) -> tuple[Leg, ...]:
    arrives = etd + (eta - etd) * 2 / 5
    return Leg(lane.origin, lane.via, etd, arrives), Leg(lane.via, lane.destination, arrives + timedelta(days=2), eta)


def _change(way: _Way, random: Random) -> Iterator[Happening]:
    """The arrival and the departure where it changes ships."""
    for code, planned in (("ARRIVED", way.legs[0].eta), ("DEPARTED", way.legs[1].etd)):
        at = (planned + way.late / 2 + timedelta(minutes=random.randint(-90, 240))).replace(second=0, microsecond=0)
        yield Happening(code, way.lane.via, at, at + timedelta(minutes=random.randint(5, 200)), "carrier")


def _happening(random: Random, step: Step, way: _Way) -> Iterator[Happening]:
    planned = (way.eta if step.from_eta else way.etd) + timedelta(hours=step.hours)
    jitter = timedelta(minutes=random.randint(-90, 240))
    happens_at = planned + jitter + (way.late if step.from_eta else way.late / 4)
    place = way.lane.origin if step.at_origin else way.lane.destination
    told_at = happens_at + timedelta(minutes=random.randint(5, 200))
    if step.code == "ARRIVED" and way.late > timedelta(hours=6):
        warned_at = way.etd + (way.eta - way.etd) / 2
        yield Happening(step.code, place, happens_at, warned_at, step.reporter, is_estimate=True)
    if step.code == "CUSTOMS_RELEASED" and random.random() < 0.08:
        held_at = happens_at - timedelta(hours=random.randint(2, 30))
        yield Happening("CUSTOMS_HOLD", place, held_at, held_at + timedelta(hours=1), step.reporter)
    yield Happening(step.code, place, happens_at.replace(second=0), told_at, step.reporter)
    if step.code == "MANIFESTED" and random.random() < 0.06:
        off_at = happens_at + timedelta(hours=1)
        yield Happening("OFFLOADED", place, off_at, off_at + timedelta(hours=1), step.reporter)


def journeys(*, count: int, seed: int, now: datetime, days: int) -> Iterator[Journey]:
    """`count` journeys whose departures are spread over `days` days before `now` and a fifth of that after it."""
    random = Random(seed)  # noqa: S311 a world to look at, not a secret
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    for number in range(1, count + 1):
        lane = LANES[(number + random.randrange(3)) % len(LANES)]
        shift = random.uniform(-days, days / 5)
        etd = midnight + timedelta(hours=round(shift * 24))
        eta = etd + timedelta(hours=lane.hours)
        references, units = _known_as(random, lane.mode, number)
        beside = Random(f"{seed} {number}")  # noqa: S311 as above
        if lane.service == Service.FCL and beside.random() < 0.4:
            units.append(_second(units[0]))
        legs = _legs(lane, etd, eta) if lane.via and beside.random() < 0.4 else ()
        way = _Way(lane, etd, eta, timedelta(0), tuple(number for _, number, _ in units), legs)
        yield Journey(
            number=number,
            reference=f"S{seed}-{number:05d}",
            mode=lane.mode,
            service=lane.service,
            type=lane.type,
            origin=lane.origin,
            destination=lane.destination,
            customer=CUSTOMERS[random.randrange(len(CUSTOMERS))],
            references=tuple(references),
            units=tuple(units),
            voyage=f"{random.randrange(100, 999)}{random.choice('EWNS')}",
            booked_at=etd + timedelta(hours=min(0.0, STEPS[lane.mode][0].hours) - 6),
            etd=etd,
            eta=eta,
            happenings=tuple(_happenings(random, way, beside)),
            legs=legs,
            papers=tuple(paper for paper in PAPERS[lane.mode] if beside.random() < 0.75),
            overrun=beside.choice((5, 10, 25)) if beside.random() < 0.1 else 0,
        )
