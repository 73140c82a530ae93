"""Messages that wait → parsed, stored, matched, milestones written. Two processes, small X12 214 and DCSA messages."""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import subprocess
import sys
import time
import uuid
from datetime import datetime, timedelta
from itertools import islice
from random import Random

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from django.utils import timezone  # noqa: E402 Django has to be there first

from benchmarks import naive  # noqa: E402
from milestones.services import evaluate_due, evaluate_shipments  # noqa: E402
from partners.enums import PartnerKind  # noqa: E402
from partners.models import Partner  # noqa: E402
from partners.services import save_partner  # noqa: E402
from shipments.models import (  # noqa: E402
    EventMatch,
    Location,
    Message,
    Reference,
    Shipment,
    ShipmentParty,
    ShipmentStream,
    Source,
)
from shipments.services import ingest_waiting, save_source  # noqa: E402

PROCESSES = 2
BATCH = 1_000
# What the design asks for at the least.
LEAST_PER_SECOND, LEAST_RATIO = 1_000, 12
_X12 = (
    "ISA*00*          *00*          *02*ROADCO         *ZZ*WAYMARK        *{day}*{clock}*U*00401*{number:09d}*0*P*>~"
    "GS*QM*ROADCO*WAYMARK*20{day}*{clock}*{number}*X*004010~ST*214*0001~B10*{reference}*X*ROCO~LX*1~"
    "AT7*{code}*NS***20{day}*{clock}*UT~MS1*CHICAGO*IL*US~SE*6*0001~GE*1*{number}~IEA*1*{number:09d}~"
)
_ROAD_CODES = ("AA", "AF", "X4", "X6", "X1", "AG")
_OCEAN_CODES = ("DEPA", "ARRI")


def book(count: int) -> None:
    """`count` shipments with their journeys: half by road with a PRO number, half by sea with a bill."""
    customer = save_partner("CUSTOMER", name="Customer", kinds=[PartnerKind.CUSTOMER])
    carrier = save_partner("CARRIER", name="Carrier", kinds=[PartnerKind.CARRIER])
    save_source("X12", partner=carrier, format="x12_214")
    save_source("DCSA", partner=carrier, format="dcsa_2")
    numbers = iter(range(count))
    while chunk := list(islice(numbers, 5_000)):
        _book(chunk, customer)
    pending = iter(Shipment.objects.order_by("pk").values_list("pk", flat=True))
    while ids := list(islice(pending, 500)):
        evaluate_shipments(ids, now=timezone.now())


def _book(numbers: list[int], customer: Partner) -> None:
    rotterdam = Location.objects.get(unlocode="NLRTM", facility_code="")
    shanghai = Location.objects.get(unlocode="CNSGH", facility_code="")
    now = timezone.now()
    shipments = Shipment.objects.bulk_create(
        Shipment(
            reference=f"S{number}",
            type="export",
            mode="road" if number % 2 else "ocean",
            customer=customer,
            origin=shanghai,
            destination=rotterdam,
            booked_at=now - timedelta(days=30),
            etd=now - timedelta(days=20),
            eta=now + timedelta(days=10),
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


def deliver(first: int, count: int, shipments: int) -> None:
    """`count` messages with one event each, stored as `receive` would have stored them."""
    sources = {source.code: source for source in Source.objects.all()}
    random = Random(first)
    now = timezone.now()
    for start in range(first, first + count, 5_000):
        Message.objects.bulk_create(
            _message(number, random.randrange(shipments), sources, now)
            for number in range(start, min(start + 5_000, first + count))
        )


def _message(number: int, shipment: int, sources: dict[str, Source], now: datetime) -> Message:
    at = now - timedelta(minutes=number % 20_000)
    raw = _x12(number, shipment, at) if shipment % 2 else _dcsa(number, shipment, at)
    return Message(
        source=sources["X12" if shipment % 2 else "DCSA"],
        raw=raw,
        digest=hashlib.sha256(raw).hexdigest(),
        size=len(raw),
    )


def _x12(number: int, shipment: int, at: datetime) -> bytes:
    code = _ROAD_CODES[number % len(_ROAD_CODES)]
    fields = {"number": number, "reference": f"R{shipment}", "code": code}
    return _X12.format(day=at.strftime("%y%m%d"), clock=at.strftime("%H%M"), **fields).encode()


def _dcsa(number: int, shipment: int, at: datetime) -> bytes:
    event = {
        "eventID": str(uuid.UUID(int=number)),
        "eventType": "TRANSPORT",
        "eventCreatedDateTime": at.isoformat(),
        "eventClassifierCode": "EST" if number % 3 == 0 else "ACT",
        "eventDateTime": at.isoformat(timespec="seconds"),
        "transportEventTypeCode": _OCEAN_CODES[number % 2],
        "transportCall": {"UNLocationCode": "NLRTM" if number % 2 else "CNSGH", "modeOfTransport": "VESSEL"},
        "documentReferences": [{"documentReferenceType": "TRD", "documentReferenceValue": f"R{shipment}"}],
    }
    return json.dumps([event]).encode()


def work(how: str, part: int) -> None:
    """What one process does once it is told to begin."""
    sys.stdin.readline()
    if how == "product":
        while ingest_waiting(BATCH) + evaluate_due(BATCH):
            pass
        return
    for message in Message.objects.waiting().select_related("source").order_by("pk"):
        if message.pk % PROCESSES == part:
            naive.ingest(message)


def timed(how: str) -> float:
    """Seconds from the start signal until the last process is done."""
    command = [sys.executable, "-m", "benchmarks.ingest", "--work", how, "--part"]
    workers = [
        subprocess.Popen([*command, str(part)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for part in range(PROCESSES)
    ]
    time.sleep(5)
    begun = time.perf_counter()
    ends = [worker.communicate() and worker.returncode for worker in _told(workers)]
    if any(ends):
        sys.exit(f"a process of the {how} version failed")
    return time.perf_counter() - begun


def _told(workers: list[subprocess.Popen[str]]) -> list[subprocess.Popen[str]]:
    for worker in workers:
        if worker.stdin is not None:
            worker.stdin.write("go\n")
            worker.stdin.flush()
    return workers


def measure(shipments: int, events: int, reference_events: int) -> dict[str, object]:
    book(shipments)
    deliver(0, reference_events, shipments)
    naively = reference_events / timed("naive")
    matched = EventMatch.objects.count()
    deliver(1_000_000, events, shipments)
    figure = events / timed("product")
    ratio = figure / naively
    return {
        "name": "ingest",
        "unit": "events/s",
        "figure": round(figure),
        "reference": round(naively, 1),
        "ratio": round(ratio, 1),
        "shipments": shipments,
        "events": events,
        "matched": EventMatch.objects.count() - matched,
        "processes": PROCESSES,
        "batch": BATCH,
        "least": {"figure": LEAST_PER_SECOND, "ratio": LEAST_RATIO},
        "is_enough": figure >= LEAST_PER_SECOND and ratio >= LEAST_RATIO,
    }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--shipments", type=int, default=10_000)
    parser.add_argument("--events", type=int, default=20_000)
    parser.add_argument("--reference-events", type=int, default=400)
    parser.add_argument("--work", choices=("product", "naive"))
    parser.add_argument("--part", type=int, default=0)
    arguments = parser.parse_args()
    if arguments.work:
        work(arguments.work, arguments.part)
    else:
        print(json.dumps(measure(arguments.shipments, arguments.events, arguments.reference_events)))


if __name__ == "__main__":
    main()
