"""Shipments that something came for → milestones, cases, roll-up. Two processes; the events are read before the clock.

The reference does the same shipment by shipment through the ORM (benchmarks/naive_evaluation.py), in the same world and
run. Prints JSON.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time

import django

django.setup()

from django.db import connection  # noqa: E402 Django has to be set up first

from benchmarks import naive_evaluation, world  # noqa: E402
from benchmarks.ingest import settle  # noqa: E402
from milestones.models import Journey  # noqa: E402
from milestones.services import evaluate_due  # noqa: E402
from shipments.models import Shipment  # noqa: E402
from shipments.services import ingest_waiting  # noqa: E402

PROCESSES = 2
BATCH = 500
# What the issue asks for at the least.
LEAST_PER_SECOND = 1_500


def work(how: str, part: int) -> None:
    """What one process does once it is told to begin."""
    behind = list(Journey.objects.behind().order_by("pk").values_list("pk", flat=True)) if how == "naive" else []
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    if how == "product":
        while evaluate_due(BATCH):
            pass
        return
    for shipment_id in behind:
        if shipment_id % PROCESSES == part:
            naive_evaluation.evaluate_one(shipment_id)


def timed(how: str) -> float:
    """Seconds from the start signal until the last process is done."""
    command = [sys.executable, "-m", "benchmarks.reevaluate", "--work", how, "--part"]
    workers = [
        subprocess.Popen([*command, str(part)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for part in range(PROCESSES)
    ]
    for worker in workers:
        assert worker.stdout is not None
        worker.stdout.readline()
    begun = time.perf_counter()
    for worker in workers:
        assert worker.stdin is not None
        worker.stdin.write("go\n")
        worker.stdin.flush()
    if any([worker.wait() for worker in workers]):
        sys.exit(f"a process of the {how} version failed")
    return time.perf_counter() - begun


def touch(first: int, shipments: range) -> None:
    """A new report for each of them, read and matched, not evaluated yet."""
    world.deliver_each(first, shipments)
    while ingest_waiting(1_000):
        pass
    with connection.cursor() as cursor:
        cursor.execute("VACUUM (ANALYZE) milestones_journey, milestones_milestone, shipments_shipmentstream")


def measure(shipments: int, touched: int, reference: int) -> dict[str, object]:
    world.book(shipments)
    settle()
    # The uncounted first: caches are warm as in the middle of a day.
    touch(0, range(min(touched, 2_000)))
    timed("product")
    touch(100_000, range(reference))
    naively = reference / timed("naive")
    left_by_reference = Journey.objects.behind().count()
    settle()
    touch(200_000, range(touched))
    waiting = Journey.objects.behind().count()
    figure = waiting / timed("product")
    return {
        "name": "reevaluate",
        "unit": "shipments/s",
        "figure": round(figure),
        "reference": round(naively, 1),
        "ratio": round(figure / naively, 1),
        "shipments": Shipment.objects.count(),
        "touched": waiting,
        "left": Journey.objects.behind().count() + left_by_reference,
        "processes": PROCESSES,
        "batch": BATCH,
        "least": LEAST_PER_SECOND,
        "is_enough": figure >= LEAST_PER_SECOND,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shipments", type=int, default=10_000)
    parser.add_argument("--touched", type=int, default=10_000)
    parser.add_argument("--reference", type=int, default=300, help="shipments that the reference evaluates")
    parser.add_argument("--work", choices=("product", "naive"))
    parser.add_argument("--part", type=int, default=0)
    arguments = parser.parse_args()
    if arguments.work:
        work(arguments.work, arguments.part)
        return
    print(json.dumps(measure(arguments.shipments, arguments.touched, arguments.reference), indent=1))


if __name__ == "__main__":
    main()
