"""Messages that wait → parsed, stored, matched, milestones written. Two processes, small X12 214 and DCSA messages."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time

import django
from django.db import connection

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()


from benchmarks import floor, naive  # noqa: E402
from benchmarks.world import book, deliver  # noqa: E402
from milestones.services import evaluate_due  # noqa: E402
from shipments.models import (  # noqa: E402
    EventMatch,
    Message,
)
from shipments.services import ingest_waiting  # noqa: E402

PROCESSES = 2
BATCH = 1_000
WARM_UP = 20_000
# What the design asks for at the least.
LEAST_PER_SECOND, LEAST_RATIO = 2_500, 25


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


def measure(shipments: int, events: int, reference_events: int, *, has_floor: bool) -> dict[str, object]:
    book(shipments)
    deliver(0, reference_events, shipments)
    naively = reference_events / timed("naive")
    settle()
    # As in the middle of a day: caches are warm, and the first touch of pages after the checkpoint is over.
    deliver(500_000, WARM_UP, shipments)
    timed("product")
    matched = EventMatch.objects.count()
    deliver(1_000_000, events, shipments)
    if has_floor:
        floor.prepare()
    figure = events / timed("product")
    ratio = figure / naively
    result: dict[str, object] = {
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
    if has_floor:
        at_best = floor.stage() / floor.timed()
        result |= {"floor": round(at_best), "of_floor": round(figure / at_best, 2)}
    return result


def settle() -> None:
    """Everything that waits is worked off, and nothing of the making of the world is left to the measuring."""
    while ingest_waiting(BATCH) + evaluate_due(BATCH):
        pass
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")
        cursor.execute("VACUUM (ANALYZE)")
        cursor.execute("CHECKPOINT")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--shipments", type=int, default=100_000)
    parser.add_argument("--events", type=int, default=40_000)
    parser.add_argument("--reference-events", type=int, default=400)
    parser.add_argument("--without-floor", action="store_true", help="for worlds whose tables are too large to copy")
    parser.add_argument("--work", choices=("product", "naive"))
    parser.add_argument("--part", type=int, default=0)
    arguments = parser.parse_args()
    if arguments.work:
        work(arguments.work, arguments.part)
        return
    has_floor = not arguments.without_floor
    print(json.dumps(measure(arguments.shipments, arguments.events, arguments.reference_events, has_floor=has_floor)))


if __name__ == "__main__":
    main()
