"""Finding what is due: of N active shipments with ten milestones each one in a thousand has a deadline behind it.

Timed is the product's own look (`milestones.services.evaluation.claim_due`: find and lock) at N = 10,000, 100,000 and
1,000,000 in one database that grows, and in turn with it the reference: the same question asked of the milestones
themselves, as it would be without `Journey.next_check_at`. Then all that is due is evaluated. Prints JSON.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from statistics import median

import django

django.setup()

from django.db import connection, transaction  # noqa: E402 Django has to be set up first
from django.utils import timezone  # noqa: E402

from benchmarks import world  # noqa: E402
from milestones.services import evaluate_due, evaluation  # noqa: E402
from milestones.services.evaluation import claim_due  # noqa: E402

SIZES = (10_000, 100_000, 1_000_000)
ROUNDS = 5
ONE_IN = 1_000
# So many, whatever the size: what a due row costs, apart from what a look costs.
SAME = 1_000
# What the issue asks for at the most.
MOST_SECONDS, MOST_GROWTH = 1.0, 2.0
_AHEAD = timedelta(days=5)
_NAIVE = """
    SELECT DISTINCT m.shipment_id FROM milestones_milestone m
    JOIN milestones_journey j ON j.shipment_id = m.shipment_id
    JOIN milestones_templateline l ON l.id = m.line_id
    WHERE NOT j.is_closed AND l.requirement = 'mandatory' AND m.actual_at IS NULL AND m.state <> 'overdue'
      AND COALESCE(m.estimated_at, m.planned_at) + l.late_tolerance_minutes * interval '1 minute' < %s
"""
_MAKE_DUE = """
    UPDATE milestones_journey SET next_check_at = %s::timestamptz - shipment_id %% 3600 * interval '1 second'
    WHERE shipment_id %% %s = 0
"""
# Their first open milestone lies behind its tolerance.
_MAKE_LATE = """
    UPDATE milestones_milestone m SET estimated_at = NULL,
        planned_at = %s::timestamptz - (l.late_tolerance_minutes + 1) * interval '1 minute'
    FROM milestones_templateline l
    WHERE l.id = m.line_id AND l.requirement = 'mandatory' AND m.shipment_id %% %s = 0 AND m.actual_at IS NULL
"""


def make_due(one_in: int, now: datetime) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")
        cursor.execute(_MAKE_DUE, [now, one_in])
        cursor.execute(_MAKE_LATE, [now, one_in])
        cursor.execute("VACUUM (ANALYZE) milestones_journey")
        cursor.execute("VACUUM (ANALYZE) milestones_milestone")


def claimed(now: datetime) -> int:
    return len(claim_due(1_000_000, now))


def scanned(now: datetime) -> int:
    with connection.cursor() as cursor:
        cursor.execute(_NAIVE, [now])
        return len(cursor.fetchall())


def timed(look: Callable[[datetime], int], now: datetime) -> tuple[float, int]:
    """Seconds of one look, and what it found; what it locked is let go."""
    with transaction.atomic():
        begun = time.perf_counter()
        found = look(now)
        seconds = time.perf_counter() - begun
        transaction.set_rollback(True)
    return seconds, found


def settle(now: datetime) -> float:
    """Seconds until everything that is due is evaluated."""
    begun = time.perf_counter()
    while evaluate_due(1_000, now=now):
        pass
    return time.perf_counter() - begun


def whole_look() -> float:
    """Seconds of the look over everything ever touched that each process takes every ten minutes; nothing is due."""
    evaluation._Sweep.finished_at = None
    begun = time.perf_counter()
    evaluate_due(1_000)
    return time.perf_counter() - begun


def look(one_in: int, rounds: int) -> dict[str, float]:
    """One in so many is made due and looked for, `rounds` times in turn with the reference."""
    now = timezone.now()
    settle(now)
    make_due(one_in, now)
    ours, theirs, found, seen = [], [], 0, 0
    for _ in range(rounds):
        seconds, found = timed(claimed, now)
        ours.append(seconds)
        seconds, seen = timed(scanned, now)
        theirs.append(seconds)
    return {
        "due": found,
        "due_by_reference": seen,
        "seconds": round(median(ours), 5),
        "worst_seconds": round(max(ours), 5),
        "us_per_due": round(median(ours) / max(found, 1) * 1e6, 1),
        "reference_seconds": round(median(theirs), 4),
        "ratio": round(median(theirs) / median(ours), 1),
        "evaluated_seconds": round(settle(now), 3),
    }


def measure(sizes: list[int], rounds: int) -> dict[str, object]:
    block = world.book(min(world.BLOCK, sizes[0]), ahead=_AHEAD)
    seen = {}
    for size in sizes:
        block = block.grown(size)
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM milestones_journey WHERE NOT is_closed")
            active = cursor.fetchone()[0]
            cursor.execute("SELECT avg(total) FROM milestones_journey")
            milestones = float(cursor.fetchone()[0])
        seen[size] = {
            "active": active,
            "milestones_each": round(milestones, 1),
            **look(min(ONE_IN, size), rounds),
            "same_due": look(max(1, size // SAME), rounds),
            "whole_look_seconds": round(whole_look(), 3),
        }
    small, large = seen[sizes[0]], seen[sizes[-1]]
    growth = large["same_due"]["us_per_due"] / small["same_due"]["us_per_due"]
    return {
        "name": "sweep",
        "unit": "s",
        "figure": large["seconds"],
        "reference": large["reference_seconds"],
        "ratio": large["ratio"],
        "growth_per_due": round(large["us_per_due"] / small["us_per_due"], 2),
        "growth_per_due_of_as_many": round(growth, 2),
        "sizes": seen,
        "most": {"figure": MOST_SECONDS, "growth": MOST_GROWTH},
        "is_enough": large["worst_seconds"] < MOST_SECONDS and large["us_per_due"] <= small["us_per_due"] * MOST_GROWTH,
        "is_enough_of_as_many": growth <= MOST_GROWTH,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, help="each a multiple of the block of 2,000")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    arguments = parser.parse_args()
    print(json.dumps(measure(sorted(arguments.sizes), arguments.rounds), indent=1))


if __name__ == "__main__":
    main()
