"""How many times a second one core answers a condition of four clauses, in a group, over rows that differ.

References in the same run: the same comparisons written by hand as one Python expression (no condition can be faster),
and an interpreter that walks the tree for each row (the plain way). The clauses are such that most rows need more than
the first: half of the rows pass each of them.
"""

from __future__ import annotations

import json
import random
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

import django

django.setup()

from milestones.conditions import compile_condition  # noqa: E402 needs the settings

TREE: dict[str, Any] = {
    "all": [
        {"field": "shipment.mode", "op": "in", "value": ["ocean", "air"]},
        {"field": "milestone.minutes_late", "op": "at_least", "value": 120},
        {"field": "milestone.code", "op": "is_not", "value": "DELIVERED"},
        {"field": "money.margin", "op": "less", "value": "500.00"},
    ]
}
_MODES, _LIMIT = frozenset({"ocean", "air"}), Decimal("500.00")
LEAST_PER_SECOND, ROWS, ROUNDS = 1_000_000, 10_000, 30


def by_hand(row: Mapping[str, Any]) -> bool:
    return (
        row.get("shipment.mode") in _MODES
        and (late := row.get("milestone.minutes_late")) is not None
        and late >= 120
        and (code := row.get("milestone.code")) is not None
        and code != "DELIVERED"
        and (margin := row.get("money.margin")) is not None
        and margin < _LIMIT
    )


_TESTS: Mapping[str, Callable[[Any, Any], bool]] = {
    "in": lambda value, wanted: value in wanted,
    "at_least": lambda value, wanted: value >= wanted,
    "is_not": lambda value, wanted: value != wanted,
    "less": lambda value, wanted: value < Decimal(wanted),
}


def interpreted(tree: Mapping[str, Any], row: Mapping[str, Any]) -> bool:
    """The plain way: the tree is walked again for each row."""
    if "field" in tree:
        value = row.get(tree["field"])
        return value is not None and _TESTS[tree["op"]](value, tree["value"])
    ((kind, inner),) = tree.items()
    if kind == "not":
        return not interpreted(inner, row)
    return (all if kind == "all" else any)(interpreted(branch, row) for branch in inner)


def rows() -> list[dict[str, Any]]:
    """Half of them pass each clause; every tenth value is empty."""
    draw = random.Random(4)

    def one_of(*values: Any) -> Any:
        return None if draw.random() < 0.1 else draw.choice(values)

    return [
        {
            "shipment.mode": one_of("ocean", "air", "road", "rail"),
            "milestone.minutes_late": one_of(0, 60, 180, 600),
            "milestone.code": one_of("DEPARTED", "DELIVERED"),
            "money.margin": one_of(Decimal("100.00"), Decimal("900.00")),
        }
        for _ in range(ROWS)
    ]


def per_second(test: Callable[[Mapping[str, Any]], bool], given: Sequence[Mapping[str, Any]]) -> float:
    """The best round of thirty, of evaluations a second; the loop around the call is part of it."""
    best = float("inf")
    for _ in range(ROUNDS):
        begun = time.process_time()
        for row in given:
            test(row)
        best = min(best, time.process_time() - begun)
    return len(given) / best


def main() -> int:
    given = rows()
    # The dearest case: every clause is asked.
    passing = {
        "shipment.mode": "air",
        "milestone.minutes_late": 120,
        "milestone.code": "DEPARTED",
        "money.margin": Decimal(1),
    }
    compiled = compile_condition(TREE)

    def walked(row: Mapping[str, Any]) -> bool:
        return interpreted(TREE, row)

    tests = {"compiled": compiled, "by_hand": by_hand, "walked": walked}
    is_same = [compiled(row) for row in given] == [by_hand(row) for row in given] == [walked(row) for row in given]
    dearest = {name: per_second(test, [passing] * ROWS) for name, test in tests.items()}
    said = {
        "benchmark": "conditions",
        "unit": "evaluations/s of one core, four clauses, all of them asked",
        "figure": round(dearest["compiled"]),
        "reference": round(dearest["by_hand"]),
        "ratio": round(dearest["compiled"] / dearest["by_hand"], 2),
        "walked": round(dearest["walked"]),
        "ratio_to_walked": round(dearest["compiled"] / dearest["walked"], 1),
        "mixed_rows": {name: round(per_second(test, given)) for name, test in tests.items()},
        "least": {"figure": LEAST_PER_SECOND},
        "is_met": dearest["compiled"] >= LEAST_PER_SECOND and is_same,
    }
    print(json.dumps(said))
    return 0 if said["is_met"] else 1


if __name__ == "__main__":
    sys.exit(main())
