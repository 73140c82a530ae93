"""What a back-test counts, shipment by shipment, in a form that a job can carry from step to step. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any

from milestones.enums import Health, JourneyStatus
from milestones.replaying import Hit, Replay

EXAMPLES = 20
_MINUTE = timedelta(minutes=1)
_ENDED = frozenset({JourneyStatus.ARRIVED.value, JourneyStatus.DELIVERED.value})


@dataclass(frozen=True, slots=True)
class Tried:
    """One shipment with what the rule would have done there. `is_acted_on`: a person took up such a case."""

    public_id: str
    reference: str
    is_acted_on: bool
    replay: Replay


@dataclass(slots=True)
class Tally:
    """`opened`: cases that would have opened; `standing`: open already when the time began; both by day of their week's
    Monday in `weeks` and by length in `spans` (minutes in two digits → how many). `ended`, `late`: shipments; `missed`:
    those that ended late and had no case. `noise`: cases on shipments that ended on time and that nobody took up, of
    `settled` ones on ended shipments."""

    shipments: int = 0
    hit_shipments: int = 0
    opened: int = 0
    standing: int = 0
    still_open: int = 0
    acted_on: int = 0
    ended: int = 0
    late: int = 0
    missed: int = 0
    noise: int = 0
    settled: int = 0
    cut_short: int = 0
    failed: int = 0
    weeks: dict[str, int] = field(default_factory=dict)
    spans: dict[str, int] = field(default_factory=dict)
    examples: list[dict[str, Any]] = field(default_factory=list)
    missed_examples: list[dict[str, Any]] = field(default_factory=list)

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> Tally:
        """As a step before has left it."""
        return cls(**stored)

    def stored(self) -> dict[str, Any]:
        return asdict(self)

    def add(self, tried: Tried, until: datetime) -> None:
        """Count one more shipment, looked at until `until`."""
        hits = tried.replay.hits
        self.shipments += 1
        self.cut_short += tried.replay.is_cut
        self.hit_shipments += bool(hits)
        for hit in hits:
            self._add_hit(hit, until)
        self.acted_on += len(hits) * tried.is_acted_on
        self._judge(tried)
        if hits and len(self.examples) < EXAMPLES:
            self.examples.append(_example(tried, hits[-1]))

    def _add_hit(self, hit: Hit, until: datetime) -> None:
        self.still_open += hit.closed_at is None
        if hit.is_standing:
            self.standing += 1
            return
        self.opened += 1
        monday = (hit.opened_at - timedelta(days=hit.opened_at.weekday())).date().isoformat()
        self.weeks[monday] = self.weeks.get(monday, 0) + 1
        minutes = str(_two_digits(int(((hit.closed_at or until) - hit.opened_at) / _MINUTE)))
        self.spans[minutes] = self.spans.get(minutes, 0) + 1

    def _judge(self, tried: Tried) -> None:
        """Whether it was right, of a shipment that has come to its end."""
        summary, hits = tried.replay.end.summary, tried.replay.hits
        if summary.status not in _ENDED:
            return
        self.ended += 1
        self.settled += len(hits)
        if summary.health == Health.LATE:
            self.late += 1
            if not hits:
                self.missed += 1
                if len(self.missed_examples) < EXAMPLES:
                    self.missed_examples.append({"id": tried.public_id, "reference": tried.reference})
        elif not tried.is_acted_on:
            self.noise += len(hits)

    @property
    def median_minutes(self) -> int | None:
        """How long a case was open in the middle; those that still are, until the end. None: there was none."""
        counts = sorted((int(minutes), count) for minutes, count in self.spans.items())
        middle, passed = sum(count for _, count in counts) / 2, 0
        for minutes, count in counts:
            passed += count
            if passed >= middle:
                return minutes
        return None


def _example(tried: Tried, hit: Hit) -> dict[str, Any]:
    return {
        "id": tried.public_id,
        "reference": tried.reference,
        "summary": hit.summary,
        "opened_at": hit.opened_at.isoformat(),
        "closed_at": hit.closed_at.isoformat() if hit.closed_at else None,
    }


def _two_digits(minutes: int) -> int:
    """Rounded down to two digits, so that a few hundred numbers hold any history."""
    unit = int("1" + "0" * max(0, len(str(minutes)) - 2))
    return minutes // unit * unit
