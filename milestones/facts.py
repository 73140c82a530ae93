"""What the rules of this app are given and what they give back. Plain values; times are aware datetimes in UTC."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any


@dataclass(frozen=True, slots=True)
class LineFact:
    """One line of a template. `anchor_index`: index of the line it counts from, or None for a date of the shipment.

    `documents`: types of papers (shipments.enums.DocumentType) that have to be there when it is due.
    """

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
    documents: tuple[str, ...] = ()


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


@dataclass(slots=True)
class RoutePoint:
    """The place that plays a role on the way, and the leg it belongs to (None: the shipment's own end)."""

    place: PlaceFact
    leg_sequence: int | None = None


@dataclass(slots=True)
class Route:
    """The way made ready by `planning.route`: its points by place role, the codes of the places between, and the legs
    whose voyage, flight or vessel is known."""

    points: Mapping[str, RoutePoint]
    transit: frozenset[str]
    legs: tuple[LegFact, ...] = ()


@dataclass(slots=True)
class ShipmentFact:
    """`dates`: AnchorKind value → instant or None. `units`: keys of the units that are listed. `named`: what conditions
    ask for beyond that (`condition_facts.NAMED`), by field name."""

    mode: str
    type: str
    customer_id: int
    route: Route
    dates: Mapping[str, datetime | None]
    units: frozenset[str] = frozenset()
    is_cancelled: bool = False
    named: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class MoneyFact:
    """What a shipment costs and earns, in one currency; None: not known."""

    currency: str
    expected_cost: Decimal | None = None
    cost: Decimal | None = None
    revenue: Decimal | None = None


@dataclass(slots=True)
class Plan:
    """A shipment and its template. `baselines`: slot → the first plan, which is kept; `holidays`: country → days.

    `documents`: the types of the papers that are there; `money`: what it costs, where somebody recorded it.
    """

    shipment: ShipmentFact
    template: TemplateFact | None
    baselines: Mapping[str, datetime] = field(default_factory=dict)
    holidays: Mapping[str, frozenset[date]] = field(default_factory=dict)
    documents: frozenset[str] = frozenset()
    money: MoneyFact | None = None


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
    """An exception rule. Empty `mode` and `code` match any.

    `warn`, `minimum`, `escalate`: lengths of the trouble from which on it warns (None: never), is breached, and goes
    to `escalate_to` (None: never). `condition`: compiled from `tree` by `conditions.compile_condition`, None: always;
    `names`: the fields its row has to have.
    """

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
    version: int = 1
    minimum_percent: int = 0
    warn: timedelta | None = None
    escalate: timedelta | None = None
    escalate_to: str = ""
    condition: Callable[[Mapping[str, Any]], bool] | None = field(default=None, compare=False)
    tree: Mapping[str, Any] | None = field(default=None, compare=False)
    names: frozenset[str] = frozenset()
    group_by: str = ""
    closes_itself: bool = True


@dataclass(frozen=True, slots=True)
class Asked:
    """What the rules of one kind ask for. `codes`: milestones, "" among them when any; `ahead`: how long before the
    moment itself the first of them warns (negative: after it; None: none warns)."""

    rules: tuple[RuleFact, ...]
    codes: frozenset[str]
    ahead: timedelta | None

    def wants(self, code: str) -> bool:
        return "" in self.codes or code in self.codes


def asked_of(rules: Sequence[RuleFact]) -> dict[str, Asked]:
    """The rules by kind (ExceptionKind), in the order in which the kinds come."""
    by_kind: dict[str, list[RuleFact]] = {}
    for rule in rules:
        by_kind.setdefault(rule.kind, []).append(rule)
    return {
        kind: Asked(
            tuple(of_kind),
            frozenset(rule.code for rule in of_kind),
            max((-rule.warn for rule in of_kind if rule.warn is not None), default=None),
        )
        for kind, of_kind in by_kind.items()
    }


@dataclass(frozen=True, slots=True)
class TypeFact:
    """A code of the vocabulary: its name and its typical sequence."""

    name: str
    sequence: int


@dataclass(frozen=True, slots=True)
class Policy:
    """What is the same for all shipments. `latency`: source id → how late it usually reports; `silences`: source id →
    since when one is silent that its own history expects to be heard of; `sources`: source id → its code and transport;
    `asked`: the rules by kind.

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
    sources: Mapping[int, tuple[str, str]] = field(default_factory=dict)
    silences: Mapping[int, datetime] = field(default_factory=dict)
    asked: Mapping[str, Asked] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "asked", asked_of(self.rules))


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
    """A case that should be open. `facts["about"]` is its cause: once a person resolved it, it is not opened again.

    `stage`: CaseStage. `breach_at`: of a warning, when time alone makes a breach of it. `group_key`: its common root
    (`rooting`), empty: it stands for itself; `group_facts`: what is shown of the root.
    """

    rule: RuleFact
    slot: str
    summary: str
    facts: dict[str, Any]
    audience: str
    stage: str = "breach"
    breach_at: datetime | None = None
    group_key: str = ""
    group_facts: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Release:
    """What ended a hold. `slot`: of the hold."""

    slot: str
    code: str
    agency: str
    at: datetime
    event: str


@dataclass(frozen=True, slots=True)
class TaskWanted:
    """A task that should be open for a line."""

    slot: str
    title: str
    role: str
    due_at: datetime | None
    severity: str = "medium"


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
    """All that follows from (plan, events, policy, now). `set_aside`: (event id, why it does not count).

    `releases`: what ended holds; `row`: makes what a condition is asked about, of a milestone or (None) the shipment.
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
