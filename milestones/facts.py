"""What the rules of this app are given and what they give back. Plain values; times are aware datetimes in UTC."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any


@dataclass(frozen=True, slots=True)
class LineFact:
    """One line of a template. `anchor_index`: index of the line it counts from, or None for a date of the shipment."""

    id: int
    slot: str
    position: int
    code: str
    name: str
    place_role: str
    is_mandatory: bool
    anchor: str
    anchor_index: int | None
    offset_minutes: int
    is_working: bool
    time_of_day: time | None
    early: timedelta
    late: timedelta
    responsible: str
    audience: str
    weight: int
    task: str = ""


@dataclass(frozen=True, slots=True)
class Criteria:
    """What a template is for. An empty field matches anything."""

    mode: str = ""
    shipment_type: str = ""
    customer_id: int | None = None
    origin_country: str = ""
    destination_country: str = ""


@dataclass(frozen=True, slots=True)
class TemplateFact:
    """A template made ready by `planning.compile_template`.

    `order`: indexes of lines such that a line comes after the one it counts from. `by_code`: indexes by milestone code.
    """

    id: int
    code: str
    version: int
    name: str
    criteria: Criteria
    lines: tuple[LineFact, ...]
    order: tuple[int, ...]
    by_code: Mapping[str, tuple[int, ...]]


@dataclass(frozen=True, slots=True)
class PlaceFact:
    """`code` is the UN/LOCODE that stands for the place: of the place it is the same as, when it has one."""

    id: int
    code: str
    country: str
    time_zone: str


@dataclass(frozen=True, slots=True)
class LegFact:
    sequence: int
    mode: str
    origin: PlaceFact
    destination: PlaceFact
    # What its journey is called: voyage or flight (`matching.journey_key`), and the vessel's IMO number.
    numbers: frozenset[str] = frozenset()
    carrier_id: int | None = None


@dataclass(slots=True)
class RoutePoint:
    """The place that plays a role on the way, and the leg it belongs to (None: the shipment's own end)."""

    place: PlaceFact
    leg_sequence: int | None = None


@dataclass(slots=True)
class Route:
    """The way made ready by `planning.route`: its points by place role, the codes of the places between, the legs
    whose voyage, flight or vessel is known, and who carries the first of the main carriage."""

    points: Mapping[str, RoutePoint]
    transit: frozenset[str]
    legs: tuple[LegFact, ...] = ()
    carrier_id: int | None = None


@dataclass(slots=True)
class ShipmentFact:
    """`dates`: AnchorKind value → instant or None. `units`: keys of the units that are listed."""

    mode: str
    type: str
    customer_id: int
    route: Route
    dates: Mapping[str, datetime | None]
    units: frozenset[str] = frozenset()
    is_cancelled: bool = False
    # Whether it has a number that a carrier or an authority gave out, by which others can report on it.
    has_outside_reference: bool = True


@dataclass(slots=True)
class Plan:
    """A shipment and its template. `baselines`: slot → the first plan, which is kept; `holidays`: country → days."""

    shipment: ShipmentFact
    template: TemplateFact | None
    baselines: Mapping[str, datetime] = field(default_factory=dict)
    holidays: Mapping[str, frozenset[date]] = field(default_factory=dict)


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
    """What is the same for all shipments. `latency`: source id → how late it usually reports.

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
    arrivals: Sequence[ArrivalHeard] = ()
