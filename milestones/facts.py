"""What the rules of this app are given and what they give back. Plain values; times are aware datetimes in UTC."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from milestones.plan_facts import WEEKEND as WEEKEND
from milestones.plan_facts import Condition as Condition
from milestones.plan_facts import Criteria as Criteria
from milestones.plan_facts import LegFact as LegFact
from milestones.plan_facts import LineFact as LineFact
from milestones.plan_facts import PlaceFact as PlaceFact
from milestones.plan_facts import Plan as Plan
from milestones.plan_facts import Route as Route
from milestones.plan_facts import RoutePoint as RoutePoint
from milestones.plan_facts import ShipmentFact as ShipmentFact
from milestones.plan_facts import TemplateFact as TemplateFact


@dataclass(slots=True)
class EventFact:
    """One event that is matched to the shipment.

    `id` is the public id, `row` the primary key. `told_at`: when the source reported it, else when we received it.
    `place`: as PlaceFact.code, empty when not known. `unit`: key of the unit of the shipment, empty: about all.
    `supersedes`: the row it takes the place of (a repaired mapping, a release from quarantine, a retraction by hand).
    """

    id: str
    row: int
    fingerprint: str
    source: int
    trust: int
    code: str
    classifier: str
    occurred_at: datetime | None
    told_at: datetime
    received_at: datetime
    position: int
    place: str = ""
    location_id: int | None = None
    unit: str = ""
    journey_number: str = ""
    attributes: Mapping[str, Any] = field(default_factory=dict)
    is_day: bool = False
    source_event_id: str = ""
    retracts: str = ""
    supersedes: int | None = None
    is_quarantined: bool = False
    time_zone: str = ""
    vessel: str = ""


@dataclass(frozen=True, slots=True)
class RuleFact:
    """An exception rule. Empty `mode` and `code` match any."""

    id: int
    name: str
    kind: str
    severity: str
    owner: str
    mode: str
    code: str
    minimum: timedelta
    due_in: timedelta
    task: str


@dataclass(frozen=True, slots=True)
class TypeFact:
    """A code of the vocabulary: its name and its typical sequence."""

    name: str
    sequence: int


@dataclass(frozen=True, slots=True)
class Policy:
    """What is the same for all shipments. `latency`: source id → how late it usually reports.

    `booking_tolerance`: an ACT longer than this before the booking cannot be true (domain.md, "No date from the
    future"). `agreement`: two reports closer than this confirm each other. `task_lead`: a task opens this long before
    its line is due.
    """

    rules: tuple[RuleFact, ...] = ()
    latency: Mapping[int, timedelta] = field(default_factory=dict)
    vocabulary: Mapping[str, TypeFact] = field(default_factory=dict)
    usual_latency: timedelta = timedelta(hours=4)
    booking_tolerance: timedelta = timedelta(days=30)
    agreement: timedelta = timedelta(hours=1)
    task_lead: timedelta = timedelta(days=2)


@dataclass(slots=True)
class MilestoneValue:
    """One row of the plan as it stands. The fields are those of the model `Milestone`."""

    slot: str
    line_id: int | None
    position: int
    code: str
    name: str
    place_role: str
    location_id: int | None
    leg_sequence: int | None
    audience: str
    responsible: str
    unit_number: str = ""
    occurrence: int = 1
    time_zone: str = ""
    baseline_at: datetime | None = None
    planned_at: datetime | None = None
    estimated_at: datetime | None = None
    actual_at: datetime | None = None
    state: str = "planned"
    deviation: str = ""
    is_inferred: bool = False
    decisions: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def expected_at(self) -> datetime | None:
        """When it should happen by what is known now."""
        return self.estimated_at or self.planned_at


@dataclass(frozen=True, slots=True)
class Hold:
    """A hold in force. `slot` names it among the cases of the shipment."""

    slot: str
    code: str
    agency: str
    reason: str
    since: datetime
    evidence: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CaseWanted:
    """A case that should be open. `facts["about"]` is its cause: once a person resolved it, it is not opened again."""

    rule: RuleFact
    slot: str
    summary: str
    facts: dict[str, Any]
    audience: str


@dataclass(frozen=True, slots=True)
class TaskWanted:
    """A task that should be open for a line."""

    slot: str
    title: str
    role: str
    due_at: datetime | None


@dataclass(slots=True)
class Summary:
    """The roll-up of a journey: the fields of the model `Journey`."""

    status: str
    health: str
    strip: str
    done: int
    total: int
    progress: int
    next_name: str
    planned_arrival_at: datetime | None
    expected_arrival_at: datetime | None
    arrived_at: datetime | None
    last_event_at: datetime | None


@dataclass(slots=True)
class Evaluation:
    """All that follows from (plan, events, policy, now). `set_aside`: (event id, why it does not count)."""

    milestones: tuple[MilestoneValue, ...]
    cases: tuple[CaseWanted, ...]
    tasks: tuple[TaskWanted, ...]
    holds: tuple[Hold, ...]
    summary: Summary
    is_finished: bool
    next_check_at: datetime | None
    set_aside: Sequence[tuple[str, str]] = ()
