"""What the rules are given of a template and a shipment. Plain values; times are aware datetimes in UTC.

The other rules take them from `milestones.facts`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

# Whether the facts of a shipment (`condition_facts.shipment_facts`) meet a condition: `conditions.compile_condition`.
Condition = Callable[[Mapping[str, Any]], bool]
WEEKEND = frozenset({5, 6})


@dataclass(frozen=True, slots=True)
class PlaceFact:
    """`code` is the UN/LOCODE that stands for the place: of the place it is the same as, when it has one."""

    id: int
    code: str
    country: str
    time_zone: str


@dataclass(frozen=True, slots=True)
class RoutePoint:
    """The place that plays a role on the way, and the leg it belongs to (None: the shipment's own end)."""

    place: PlaceFact
    leg_sequence: int | None = None


@dataclass(frozen=True, slots=True)
class LineFact:
    """One line of a template, or of a plan that was made of it (`expanding.expand`).

    `anchor_index`: index of the line it counts from, or None for a date of the shipment; `other_anchors`: more of them,
    of which the latest counts. `after_indexes`: of the lines it has to follow. `scope` is LineScope.SHIPMENT for a line
    that stands once, also where it could stand several times and nothing is known yet.

    Of a plan: `applies` is false for a line whose condition does not hold; it stays as a link between due times only.
    `unit`, `leg`, `stop`: what this line of several is about (`leg`: a sequence; `stop`: 1 for the first); `along`: the
    how-manieth on the way it is; `point`: its place; `share`: how many of the line there are.
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
    scope: str = "shipment"
    unit_rule: str = "all"
    condition: Condition | None = None
    after_indexes: tuple[int, ...] = ()
    roll: str = ""
    documents: tuple[str, ...] = ()
    other_anchors: tuple[int, ...] = ()
    applies: bool = True
    unit: str = ""
    leg: int | None = None
    stop: int | None = None
    along: int = 0
    point: RoutePoint | None = None
    share: int = 1

    @property
    def anchors(self) -> tuple[int, ...]:
        """Indexes of the lines it counts from."""
        return () if self.anchor_index is None else (self.anchor_index, *self.other_anchors)


@dataclass(frozen=True, slots=True)
class Criteria:
    """What a template is for. An empty field matches anything. Places are UN/LOCODEs."""

    mode: str = ""
    shipment_type: str = ""
    customer_id: int | None = None
    origin_country: str = ""
    destination_country: str = ""
    service: str = ""
    origin_place: str = ""
    destination_place: str = ""


@dataclass(frozen=True, slots=True)
class TemplateFact:
    """A template made ready by `planning.compile_template`.

    `order`: indexes of lines such that a line comes after those it counts from and those it has to follow. `by_code`:
    indexes by milestone code, of the lines that apply. `is_plain`: no line stands several times or under a condition.
    `is_spread`: lines of it do stand several times, in this plan. `needs_calendar`: working days play a part.
    """

    id: int
    code: str
    version: int
    name: str
    criteria: Criteria
    lines: tuple[LineFact, ...]
    order: tuple[int, ...]
    by_code: Mapping[str, tuple[int, ...]]
    is_plain: bool = True
    is_spread: bool = False
    needs_calendar: bool = False


@dataclass(frozen=True, slots=True)
class LegFact:
    """`numbers`: what its journey is called: voyage or flight (`matching.journey_key`), and the vessel's IMO number."""

    sequence: int
    mode: str
    origin: PlaceFact
    destination: PlaceFact
    numbers: frozenset[str] = frozenset()
    carrier_id: int | None = None
    etd: datetime | None = None
    eta: datetime | None = None


@dataclass(slots=True)
class Route:
    """The way made ready by `planning.route`: its points by place role, the codes of the places between, the legs
    whose voyage, flight or vessel is known, and the whole way, leg by leg.

    `dates`: place role → (ETD, ETA) of the leg that plays it, for the roles of which a leg says one. `carrier_id`: of
    who carries the first leg of the main carriage.
    """

    points: Mapping[str, RoutePoint]
    transit: frozenset[str]
    legs: tuple[LegFact, ...] = ()
    way: tuple[LegFact, ...] = ()
    dates: Mapping[str, tuple[datetime | None, datetime | None]] = field(default_factory=dict)
    carrier_id: int | None = None


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
    service: str = ""
    # Whether it has a number that a carrier or an authority gave out, by which others can report on it.
    has_outside_reference: bool = True
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
    """A shipment and its template. `baselines`: slot → the first plan, which is kept; by country, `holidays`: days,
    `weekends`: numbers of weekdays (Monday is 0), Saturday and Sunday where it is not said. `documents`: the types of
    the papers that are there; `money`: what it costs, where somebody recorded it."""

    shipment: ShipmentFact
    template: TemplateFact | None
    baselines: Mapping[str, datetime] = field(default_factory=dict)
    holidays: Mapping[str, frozenset[date]] = field(default_factory=dict)
    weekends: Mapping[str, frozenset[int]] = field(default_factory=dict)
    documents: frozenset[str] = frozenset()
    money: MoneyFact | None = None
