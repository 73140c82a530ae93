"""What the rules of this app are given and what they give back. Plain values; times are aware datetimes in UTC."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from milestones.case_facts import Asked as Asked
from milestones.case_facts import CaseWanted as CaseWanted
from milestones.case_facts import Hold as Hold
from milestones.case_facts import MoneyFact as MoneyFact
from milestones.case_facts import Release as Release
from milestones.case_facts import RuleFact as RuleFact
from milestones.case_facts import TaskWanted as TaskWanted
from milestones.case_facts import asked_of as asked_of
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
    `partner`: whose source it is; `is_manual`: a person entered it; `is_zone_assumed`: nobody knows its time zone.
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
    partner: int = 0
    is_manual: bool = False
    is_zone_assumed: bool = False


@dataclass(frozen=True, slots=True)
class TypeFact:
    """A code of the vocabulary: its name and its typical sequence."""

    name: str
    sequence: int


# Codes of the places between which a lane runs, its mode, and the carrier (None: any).
Lane = tuple[str, str, str, int | None]


@dataclass(frozen=True, slots=True)
class TransitFact:
    """How long it took on a lane, from departure to arrival: quantiles of what our own shipments did."""

    samples: int
    p10: timedelta
    p50: timedelta
    p80: timedelta


@dataclass(frozen=True, slots=True)
class ScoreFact:
    """How far off arrivals were, that were foretold `horizon` days before; None where nobody foretold."""

    horizon: int
    samples: int
    carrier_error: timedelta | None
    own_error: timedelta | None


@dataclass(frozen=True, slots=True)
class Policy:
    """What is the same for all shipments. `latency`: source id → how late it usually reports; `silences`: source id →
    since when one is silent that its own history expects to be heard of; `sources`: source id → its code and transport;
    `asked`: the rules by kind.

    `booking_tolerance`: an ACT longer than this before the booking cannot be true (domain.md, "No date from the
    future"). `agreement`: two reports closer than this confirm each other. `task_lead`: a task opens this long before
    its line is due. `preferences`: (milestone code or "*", ValueField) → what decides between reports that differ.
    `trusted`: a report of a source that is trusted less disputes nothing.

    `steps`: (horizon, smallest change): how far an estimate must move to move others, when it is told longer before
    than that; `least_step` for those told later still. `transit` and `scores`: what our own history says of a lane;
    from `enough_scores` journeys on it may be shown instead of the carrier's.
    """

    rules: tuple[RuleFact, ...] = ()
    latency: Mapping[int, timedelta] = field(default_factory=dict)
    vocabulary: Mapping[str, TypeFact] = field(default_factory=dict)
    usual_latency: timedelta = timedelta(hours=4)
    booking_tolerance: timedelta = timedelta(days=30)
    agreement: timedelta = timedelta(hours=1)
    task_lead: timedelta = timedelta(days=2)
    sources: Mapping[int, tuple[str, str]] = field(default_factory=dict)
    preferences: Mapping[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)
    trusted: int = 30
    steps: tuple[tuple[timedelta, timedelta], ...] = (
        (timedelta(days=7), timedelta(hours=24)),
        (timedelta(days=2), timedelta(hours=6)),
    )
    least_step: timedelta = timedelta(hours=2)
    transit: Mapping[Lane, TransitFact] = field(default_factory=dict)
    scores: Mapping[Lane, tuple[ScoreFact, ...]] = field(default_factory=dict)
    enough_scores: int = 20
    silences: Mapping[int, datetime] = field(default_factory=dict)
    asked: Mapping[str, Asked] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "asked", asked_of(self.rules))

    def order_of(self, code: str, value: str) -> tuple[str, ...] | None:
        """What decides between reports about this value (a ValueField) of a milestone; None: the usual order."""
        if not self.preferences:
            return None
        return self.preferences.get((code, value)) or self.preferences.get(("*", value))


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
    evidence: str = ""
    decisions: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def expected_at(self) -> datetime | None:
        """When it should happen by what is known now."""
        return self.estimated_at or self.planned_at


@dataclass(slots=True)
class Summary:
    """The roll-up of a journey: the fields of the model `Journey`.

    Not stored: `steady_arrival_at`, the expected arrival without its small changes, and `arrival_slot`, its line.
    """

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
    arrival_by: str = ""
    own_arrival_at: datetime | None = None
    own_low_at: datetime | None = None
    own_high_at: datetime | None = None
    completeness: int = 0
    next_fix: dict[str, Any] | None = None
    steady_arrival_at: datetime | None = None
    arrival_slot: str = ""


@dataclass(slots=True)
class ArrivalHeard:
    """One expected arrival as it was told once (the model `EtaVersion`). `kind`: EtaKind."""

    kind: str
    told_at: datetime
    expected_at: datetime
    event: str
    source: int


@dataclass(slots=True)
class Evaluation:
    """All that follows from (plan, events, policy, now). `set_aside`: (event id, why it does not count).

    `releases`: what ended holds; `row`: makes what a condition is asked about, of a milestone or (None) the shipment.
    `arrivals`: every expected arrival that was ever told, also what was taken back or replaced since.
    """

    milestones: tuple[MilestoneValue, ...]
    cases: tuple[CaseWanted, ...]
    tasks: tuple[TaskWanted, ...]
    holds: tuple[Hold, ...]
    summary: Summary
    is_finished: bool
    next_check_at: datetime | None
    set_aside: Sequence[tuple[str, str]] = ()
    releases: Sequence[Release] = ()
    row: Callable[[MilestoneValue | None, Iterable[str]], dict[str, Any]] | None = field(
        default=None, compare=False, repr=False
    )
    arrivals: Sequence[ArrivalHeard] = ()
