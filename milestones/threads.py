"""What comes before and after what, where lines stand several times: one container is not behind another. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Generic, Protocol, TypeVar

from milestones.enums import UnitRule
from milestones.facts import LineFact, MilestoneValue

_ANY = UnitRule.ANY.value


class Row(Protocol):
    """A line with its value (`valuing.Valued`)."""

    line: LineFact
    value: MilestoneValue


R = TypeVar("R", bound=Row)


def is_later(one: LineFact, other: LineFact) -> bool:
    """Whether `one` comes after `other` on the way of the same freight."""
    if one.unit and other.unit and one.unit != other.unit:
        return False
    if one.along and other.along:
        return (one.along, one.position) > (other.along, other.position)
    return one.position > other.position


class Threads(Generic[R]):
    """The rows that are reached, by what they are about.

    What one unit did says nothing of another. Of a line that stands once it says something when all units did it, or,
    where the line is reached by any of them, when one did.
    """

    def __init__(self, rows: Iterable[R]) -> None:
        self._whole: list[R] = []
        self._by_unit: dict[str, list[R]] = defaultdict(list)
        groups: dict[int, list[R]] = defaultdict(list)
        for row in rows:
            if row.value.actual_at is None:
                continue
            if row.line.unit:
                self._by_unit[row.line.unit].append(row)
                groups[row.line.position].append(row)
            else:
                self._whole.append(row)
        self._of_units = [row for group in groups.values() for row in group]
        done = [group for group in groups.values() if len(group) == group[0].line.share]
        self._of_all_units = [max(group, key=_happened) for group in done]

    def later(self, row: R) -> list[R]:
        """The reached rows that come after it."""
        line = row.line
        if line.unit:
            beside = self._by_unit.get(line.unit, [])
        else:
            beside = self._of_units if line.unit_rule == _ANY else self._of_all_units
        return [other for rows in (self._whole, beside) for other in rows if is_later(other.line, line)]

    def earlier(self, row: R) -> list[R]:
        """The reached rows that come before it: none of the units' when it is reached by any of them."""
        line = row.line
        of_units = [] if line.unit_rule == _ANY else self._of_units
        beside = self._by_unit.get(line.unit, []) if line.unit else of_units
        return [other for rows in (self._whole, beside) for other in rows if is_later(line, other.line)]


def passed(rows: Sequence[R], *, is_spread: bool) -> Callable[[R], bool]:
    """Whether something mandatory is reached that comes after a row."""
    if is_spread:
        threads = Threads(row for row in rows if row.line.is_mandatory)
        return lambda row: bool(threads.later(row))
    furthest = max((r.line.position for r in rows if r.line.is_mandatory and r.value.actual_at), default=-1)
    return lambda row: row.line.position < furthest


def _happened(row: Row) -> tuple[datetime, str]:
    at = row.value.actual_at
    if at is None:
        raise ValueError("only what is reached is asked when")
    return at, row.line.slot


def whole(rows: Sequence[R]) -> Sequence[R]:
    """One row a line for the shipment as a whole, in plan order; rows per leg and stop stand for themselves.

    Of a line per unit the row that decides: when all units are to have it, the last of them; when any is enough, the
    first. While it is not reached, the one of which it is expected so.
    """
    if not any(row.line.unit for row in rows):
        return rows
    groups: dict[str, list[R]] = {}
    for row in rows:
        groups.setdefault(f"{row.line.position}" if row.line.unit else row.line.slot, []).append(row)
    return [_deciding(group) if group[0].line.unit else group[0] for group in groups.values()]


def _deciding(group: Sequence[R]) -> R:
    if group[0].line.unit_rule == _ANY:
        reached = [row for row in group if row.value.actual_at is not None]
        return min(reached or group, key=_due)
    waiting = [row for row in group if row.value.actual_at is None]
    return max(waiting or group, key=_due)


def _due(row: Row) -> tuple[bool, float, str]:
    """When it happened or should; what nobody knows is last."""
    at = row.value.actual_at or row.value.expected_at
    return at is None, at.timestamp() if at else 0.0, row.line.slot
