"""A world to measure in: shipments on their way, with journeys and a history that the product itself has made.

The product books and reads a block of shipments; further blocks are copies of its rows, made in SQL with numbers, keys
and ids of their own. A million shipments would take the product the better part of an hour.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import islice
from random import Random

from django.db import connection
from django.utils import timezone

from milestones.services import evaluate_due, evaluate_shipments
from partners.enums import PartnerKind
from partners.models import Partner
from partners.services import save_partner
from shipments.models import Location, Message, Reference, Shipment, ShipmentParty, ShipmentStream, Source
from shipments.services import ingest_waiting, receive, save_source

BLOCK = 2_000
# In the order of their foreign keys. What is copied with a shipment, and which columns point to copied rows.
_TABLES = (
    "shipments_shipment", "shipments_shipmentstream", "shipments_shipmentparty", "shipments_reference",
    "shipments_event", "shipments_eventmatch", "milestones_journey", "milestones_milestone",
    "milestones_shipmentexception", "milestones_worktask",
)  # fmt: skip
_POINTERS = {
    "shipment_id": "shipments_shipment",
    "event_id": "shipments_event",
    "milestone_id": "milestones_milestone",
    "exception_id": "milestones_shipmentexception",
}
_UUID = "[0-9a-f]{8}(-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})"


@dataclass(frozen=True, slots=True)
class Block:
    """What all further shipments are copies of: its size, the greatest id of each table, and how many copies stand."""

    size: int
    strides: dict[str, int]
    copies: int = 0

    def grown(self, count: int) -> Block:
        """The world made as large as `count` (a multiple of the block) by further copies."""
        copies = count // self.size - 1
        if copies > self.copies:
            _copy(self, copies)
            _settle_statistics()
        return replace(self, copies=max(copies, self.copies))


def book(count: int, *, ahead: timedelta = timedelta(0)) -> Block:
    """`count` shipments (a multiple of the block, or less than one): half by road with a PRO, half by sea with a bill.

    Their departures lie between 6 hours ago and 30 hours ahead, and so much more `ahead`; all that should have happened
    was reported.
    """
    global _ahead
    _ahead = ahead
    customer = save_partner("CUSTOMER", name="Customer", kinds=[PartnerKind.CUSTOMER])
    carrier = save_partner("CARRIER", name="Carrier", kinds=[PartnerKind.CARRIER])
    save_source("X12", partner=carrier, format="x12_214")
    save_source("DCSA", partner=carrier, format="dcsa_2")
    history = save_source("HISTORY", partner=carrier, format="native")
    block = min(count, BLOCK)
    _book(range(block), customer)
    for numbers in _chunks(block, 500):
        receive(history, json.dumps([event for number in numbers for event in _past(number)]).encode())
    while ingest_waiting(1_000):
        pass
    evaluate_shipments(list(Shipment.objects.values_list("pk", flat=True)), now=timezone.now())
    while evaluate_due(1_000):
        pass
    booked = Block(block, _strides())
    if count > block:
        return booked.grown(count)
    _settle_statistics()
    return booked


def _settle_statistics() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")
        cursor.execute("VACUUM (ANALYZE)" if not connection.in_atomic_block else "ANALYZE")


_ahead = timedelta(0)


def departure(number: int) -> datetime:
    """When shipment `number` is to depart, to the minute; the same for its copies."""
    start = timezone.now().replace(minute=0, second=0, microsecond=0)
    return start + _ahead + timedelta(minutes=number % BLOCK % 2_160 - 360)


def deliver(first: int, count: int, shipments: int) -> None:
    """`count` messages of one event each, numbered from `first`, stored as `receive` would have stored them."""
    random = Random(first)
    _deliver([(first + number, random.randrange(shipments)) for number in range(count)])


def deliver_each(first: int, shipments: Iterable[int]) -> None:
    """As `deliver`: one message for each of these shipments, numbered from `first`."""
    _deliver([(first + number, shipment) for number, shipment in enumerate(shipments)])


def _deliver(numbered: Sequence[tuple[int, int]]) -> None:
    sources = {source.code: source for source in Source.objects.all()}
    for start in range(0, len(numbered), 5_000):
        Message.objects.bulk_create(
            _message(number, shipment, sources) for number, shipment in numbered[start : start + 5_000]
        )


def _chunks(count: int, size: int) -> Iterator[list[int]]:
    numbers = iter(range(count))
    while chunk := list(islice(numbers, size)):
        yield chunk


def _book(numbers: range, customer: Partner) -> None:
    rotterdam = Location.objects.get(unlocode="NLRTM", facility_code="")
    shanghai = Location.objects.get(unlocode="CNSGH", facility_code="")
    shipments = Shipment.objects.bulk_create(
        Shipment(
            reference=f"S{number}",
            type="export",
            mode="road" if number % 2 else "ocean",
            customer=customer,
            origin=shanghai,
            destination=rotterdam,
            booked_at=departure(number) - timedelta(days=10),
            etd=departure(number),
            eta=departure(number) + timedelta(days=2 if number % 2 else 28),
        )
        for number in numbers
    )
    ShipmentStream.objects.bulk_create(ShipmentStream(shipment=shipment) for shipment in shipments)
    ShipmentParty.objects.bulk_create(
        ShipmentParty(shipment=shipment, partner=customer, role="customer") for shipment in shipments
    )
    Reference.objects.bulk_create(
        reference
        for number, shipment in zip(numbers, shipments, strict=True)
        for reference in (
            Reference(shipment=shipment, type="shipment", value=f"S{number}", key=f"S{number}"),
            Reference(shipment=shipment, type="pro" if number % 2 else "mbl", value=f"R{number}", key=f"R{number}"),
        )
    )


def _past(number: int) -> list[dict[str, object]]:
    """What was reported of a shipment before: all that its plan asked for until now, on time."""
    etd = departure(number)
    steps = [("BOOKED", -9 * 24), ("EMPTY_OUT", -7 * 24), ("PICKED_UP", -4 * 24), ("GATE_IN", -48)]
    if number % 2:
        steps = [("BOOKED", -9 * 24), ("PICKUP_ARRIVED", -1), ("PICKED_UP", 0)]
    return [
        {
            "code": code,
            "classifier": "ACT",
            "occurred_at": (etd + timedelta(hours=hours)).isoformat(),
            "references": [{"type": "pro" if number % 2 else "mbl", "value": f"R{number}"}],
            **({"location": {"unlocode": "CNSGH"}} if code == "GATE_IN" else {}),
        }
        for code, hours in steps
        if etd + timedelta(hours=hours) < timezone.now()
    ]


def _message(number: int, shipment: int, sources: dict[str, Source]) -> Message:
    raw = _x12(number, shipment) if shipment % 2 else _dcsa(number, shipment)
    source = sources["X12" if shipment % 2 else "DCSA"]
    return Message(source=source, raw=raw, digest=uuid.uuid4().hex * 2, size=len(raw))


_X12 = (
    "ISA*00*          *00*          *02*ROADCO         *ZZ*WAYMARK        *{day}*{clock}*U*00401*{number:09d}*0*P*>~"
    "GS*QM*ROADCO*WAYMARK*20{day}*{clock}*{number}*X*004010~ST*214*0001~B10*R{shipment}*X*ROCO~LX*1~"
    "AT7*{code}*NS***20{day}*{clock}*UT~MS1*SHANGHAI**CN~SE*6*0001~GE*1*{number}~IEA*1*{number:09d}~"
)


def _x12(number: int, shipment: int) -> bytes:
    """A check call, the truck at the shipper, picked up, or a new estimate of the delivery; give or take two hours."""
    etd = departure(shipment) + timedelta(minutes=number % 240 - 120)
    code, after = (("X6", 2), ("X3", -1), ("AF", 0), ("AG", 48))[number % 4]
    at = etd + timedelta(hours=after)
    if code != "AG" and at > timezone.now():
        code, at = "AG", etd + timedelta(hours=48)
    day, clock = at.astimezone(UTC).strftime("%y%m%d %H%M").split()
    return _X12.format(day=day, clock=clock, number=number, shipment=shipment, code=code).encode()


def _dcsa(number: int, shipment: int) -> bytes:
    """Loaded or departed, estimated while it lies ahead; or a new estimate of the arrival; give or take two hours."""
    etd = departure(shipment) + timedelta(minutes=number % 240 - 120)
    kind, code, hours, place = (
        ("EQUIPMENT", "LOAD", -8, "CNSGH"),
        ("TRANSPORT", "DEPA", 0, "CNSGH"),
        ("TRANSPORT", "ARRI", 28 * 24, "NLRTM"),
    )[number % 3]
    at = etd + timedelta(hours=hours)
    event = {
        "eventID": str(uuid.UUID(int=number)),
        "eventType": kind,
        "eventCreatedDateTime": timezone.now().isoformat(),
        "eventClassifierCode": "ACT" if at < timezone.now() else "EST",
        "eventDateTime": at.isoformat(timespec="seconds"),
        f"{kind.lower()}EventTypeCode": code,
        "transportCall": {"UNLocationCode": place, "modeOfTransport": "VESSEL"},
        "documentReferences": [{"documentReferenceType": "TRD", "documentReferenceValue": f"R{shipment}"}],
    }
    return json.dumps([event]).encode()


def _strides() -> dict[str, int]:
    """The greatest id of each table."""
    with connection.cursor() as cursor:
        strides = {}
        for table in _TABLES:
            cursor.execute(f"SELECT max({_key(table)}) FROM {table}")
            strides[table] = cursor.fetchone()[0] or 0
    return strides


def _copy(block: Block, last: int) -> None:
    """Copies of all rows of the block up to the `last`, with their own ids and numbers."""
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")
        # The rows are copies of checked ones: foreign keys need no second look.
        cursor.execute("SET session_replication_role = replica")
        for table in _TABLES:
            cursor.execute(
                "SELECT column_name FROM information_schema.columns WHERE table_name = %s ORDER BY ordinal_position",
                [table],
            )
            names = [row[0] for row in cursor.fetchall()]
            values = ", ".join(_copied(table, name, block.strides, block.size) for name in names)
            columns = ", ".join(f'"{name}"' for name in names)
            cursor.execute(
                f"INSERT INTO {table} ({columns}) SELECT {values}"
                f" FROM generate_series({block.copies + 1}, {last}) k, {table} t"
                f" WHERE t.{_key(table)} <= {block.strides[table]} ORDER BY k, t.{_key(table)}"
            )
            if _key(table) == "id":
                cursor.execute(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT max(id) FROM {table}))")
        cursor.execute("SET session_replication_role = origin")


def _key(table: str) -> str:
    return "shipment_id" if table in ("shipments_shipmentstream", "milestones_journey") else "id"


def _copied(table: str, name: str, strides: dict[str, int], block: int) -> str:
    """The SQL of a column's value in copy `k`."""
    if name == "id" or name in _POINTERS:
        return f't."{name}" + k * {strides[_POINTERS.get(name, table)]}'
    if name == "public_id":
        return "overlay(t.public_id::text placing lpad(to_hex(k), 8, '0') from 1 for 8)::uuid"
    if name == "fingerprint":
        return "overlay(t.fingerprint placing lpad(to_hex(k), 8, '0') from 1 for 8)"
    if name in ("decisions", "facts"):
        return f"regexp_replace(t.{name}::text, '{_UUID}', lpad(to_hex(k), 8, '0') || '\\1', 'g')::jsonb"
    if (table, name) == ("shipments_shipment", "reference") or (table == "shipments_reference" and name != "type"):
        return f'left(t."{name}", 1) || (substr(t."{name}", 2)::bigint + k * {block})'
    return f't."{name}"'
