"""How late a source reports, from counts by class of delay. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from shipments.enums import LATENCY_BUCKETS

CLASSES = len(LATENCY_BUCKETS) + 1


def added(days: Iterable[Sequence[int]]) -> list[int]:
    """The counts of several days together; a day without counts is an empty list."""
    total = [0] * CLASSES
    for counts in days:
        for number, count in enumerate(counts[:CLASSES]):
            total[number] += count
    return total


def within(counts: Sequence[int], share: float) -> int | None:
    """The minutes within which `share` (0 to 1) of the reports came, as the upper edge of their class.

    None when there was no report, and where the share lies beyond the last class.
    """
    total = sum(counts)
    reached = 0
    for edge, count in zip(LATENCY_BUCKETS, counts, strict=False):
        reached += count
        if total and reached >= share * total:
            return edge
    return None
