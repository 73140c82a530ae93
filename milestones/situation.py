"""What is known of a shipment at one moment: the ground on which cases and the roll-up are decided. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from milestones.enums import Cause
from milestones.facts import EventFact, Hold, MilestoneValue, Policy
from milestones.valuing import Valued


@dataclass(slots=True)
class Silence:
    """Whether anything was heard lately. `silent_from`: when the usual delay is used up (None: there is no event)."""

    last_event_at: datetime | None
    silent_from: datetime | None

    def cause(self, now: datetime) -> str:
        """Why something is overdue: the freight is late, or the source is silent."""
        silent = self.silent_from is None or now > self.silent_from
        return (Cause.SOURCE_SILENT if silent else Cause.FREIGHT_LATE).value


@dataclass(slots=True)
class Situation:
    """The lines with their values, the events that count, the holds in force, how silent it is, and what happened
    outside the plan."""

    valued: Sequence[Valued]
    events: Sequence[EventFact]
    holds: Sequence[Hold]
    quiet: Silence
    unplanned: Sequence[MilestoneValue] = ()


def silence(events: Iterable[EventFact], policy: Policy) -> Silence:
    """Measured by the usual delay of the slowest source that has reported on this shipment."""
    last: datetime | None = None
    latency = timedelta(0)
    for event in events:
        if last is None or event.received_at > last:
            last = event.received_at
        latency = max(latency, policy.latency.get(event.source, policy.usual_latency))
    return Silence(last, last + latency if last else None)
