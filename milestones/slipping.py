"""How the expected arrival of a shipment has moved since it was first told: its slip curve. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Told:
    """One expected arrival. `trust`: of its source, 0 to 100; `kind`: EtaKind; `by`: who said it."""

    kind: str
    told_at: datetime
    expected_at: datetime
    trust: int = 0
    by: str = ""
    low_at: datetime | None = None
    high_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class SlipCurve:
    """`steps`: what stood, each time it changed. `movement`: all changes added up, in either direction.

    `error`: how much later than last expected it arrived; None before it has arrived, and when nobody foretold it.
    `versions`: all that was told, in the order of telling.
    """

    steps: tuple[Told, ...]
    versions: tuple[Told, ...]
    arrived_at: datetime | None = None

    @property
    def first(self) -> Told | None:
        return self.steps[0] if self.steps else None

    @property
    def last(self) -> Told | None:
        return self.steps[-1] if self.steps else None

    @property
    def changes(self) -> int:
        return max(len(self.steps) - 1, 0)

    @property
    def movement(self) -> timedelta:
        pairs = zip(self.steps, self.steps[1:], strict=False)
        return sum((abs(after.expected_at - before.expected_at) for before, after in pairs), timedelta(0))

    @property
    def slip(self) -> timedelta:
        """How much later it is expected now than at first."""
        return self.steps[-1].expected_at - self.steps[0].expected_at if self.steps else timedelta(0)

    @property
    def error(self) -> timedelta | None:
        return self.arrived_at - self.steps[-1].expected_at if self.arrived_at and self.steps else None


def curve(versions: Sequence[Told], arrived_at: datetime | None, kinds: Sequence[str]) -> SlipCurve:
    """The curve by what the first of `kinds` says that said anything.

    A source does not replace what a more trusted one said before; what says the same again is no change. What was told
    after the arrival foretold nothing.
    """
    ordered = sorted(versions, key=lambda one: (one.told_at, one.expected_at, one.kind, one.by))
    before = [one for one in ordered if arrived_at is None or one.told_at < arrived_at]
    spoken = next((kind for kind in kinds if any(one.kind == kind for one in before)), "")
    steps: list[Told] = []
    trust = -1
    for one in before:
        if one.kind != spoken or one.trust < trust:
            continue
        trust = one.trust
        if not steps or steps[-1].expected_at != one.expected_at:
            steps.append(one)
    return SlipCurve(tuple(steps), tuple(ordered), arrived_at)
