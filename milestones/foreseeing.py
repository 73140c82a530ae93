"""When it will arrive by our own history of the lane, and whether that is shown instead of the carrier's word. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from milestones.enums import EtaKind, PlaceRole
from milestones.facts import (
    ArrivalHeard,
    EventFact,
    Lane,
    LineFact,
    Plan,
    Policy,
    ScoreFact,
    TransitFact,
)
from milestones.selecting import ACTUAL, lines_of, only_retracts
from shipments.enums import Classifier

_ENDS = frozenset({PlaceRole.POD.value, PlaceRole.DESTINATION.value})
_POL, _POD = PlaceRole.POL.value, PlaceRole.POD.value
_KINDS = {Classifier.ESTIMATED.value: EtaKind.CARRIER.value, Classifier.PLANNED.value: EtaKind.PLAN.value}
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class OwnArrival:
    """`at` by the median of the lane, `low` and `high` by its P10 and P80. `has_left`: the departure is reported."""

    at: datetime
    low: datetime
    high: datetime
    has_left: bool


def arrival_index(lines: Sequence[LineFact]) -> int | None:
    """The line whose time is the arrival: the last arrival at the end of the carriage, else the last delivery."""
    delivery = None
    for index in range(len(lines) - 1, -1, -1):
        line = lines[index]
        if not line.applies:
            continue
        if line.code == "ARRIVED" and line.place_role in _ENDS:
            return index
        if delivery is None and line.code == "DELIVERED":
            delivery = index
    return delivery


def departure_index(lines: Sequence[LineFact]) -> int | None:
    """The line of the departure from the place of loading, from which transit times count."""
    return next((i for i, line in enumerate(lines) if line.code == "DEPARTED" and line.place_role == _POL), None)


def lanes_of(plan: Plan) -> tuple[Lane, Lane]:
    """The lane of the shipment with its carrier, and with any."""
    points, shipment = plan.shipment.route.points, plan.shipment
    between = (points[_POL].place.code, points[_POD].place.code, shipment.mode)
    return (*between, shipment.route.carrier_id), (*between, None)


def transit_of(plan: Plan, policy: Policy) -> TransitFact | None:
    """What our history says of its lane: with its carrier, else with any; None when it says nothing."""
    if not policy.transit:
        return None
    own, anybody = lanes_of(plan)
    return policy.transit.get(own) or policy.transit.get(anybody)


def own_arrival(transit: TransitFact, departed: datetime, *, has_left: bool) -> OwnArrival:
    """Counted from the departure, which is reported (`has_left`) or expected."""
    return OwnArrival(departed + transit.p50, departed + transit.p10, departed + transit.p80, has_left)


def is_own_better(own: OwnArrival, plan: Plan, policy: Policy, now: datetime) -> bool:
    """Whether ours was nearer the truth than the carrier's on enough journeys of the lane.

    Judged at the horizon nearest to the time that is left. Of what is not on its way yet nothing was tried.
    """
    score = _score(plan, policy, own.at - now) if own.has_left else None
    if score is None or score.samples < policy.enough_scores:
        return False
    if score.own_error is None or score.carrier_error is None:
        return False
    return score.own_error < score.carrier_error


def _score(plan: Plan, policy: Policy, left: timedelta) -> ScoreFact | None:
    own, anybody = lanes_of(plan)
    scores = policy.scores.get(own) or policy.scores.get(anybody) or ()
    return min(scores, key=lambda score: (abs(score.horizon * _DAY - left), score.horizon), default=None)


def arrivals_heard(
    events: Sequence[EventFact], counting: Sequence[EventFact], by_line: Sequence[Sequence[EventFact]], plan: Plan
) -> list[ArrivalHeard]:
    """Every plan and estimate of the arrival that anybody told, in the order of telling, taken back or not.

    `counting`: those of `events` that count now, which stand `by_line`. Not those that are quarantined, which nobody
    believes, and not the retractions, which foretell nothing.
    """
    lines = plan.template.lines if plan.template else ()
    index = arrival_index(lines)
    if index is None:
        return []
    told = [e for e in by_line[index] if e.classifier != ACTUAL]
    if len(counting) != len(events):
        told += _gone(events, {e.row for e in counting}, lines[index].code, index, plan)
    heard = [
        ArrivalHeard(_KINDS[e.classifier], e.told_at, e.occurred_at, e.id, e.source)
        for e in told
        if e.occurred_at is not None and e.classifier in _KINDS
    ]
    heard.sort(key=_telling)
    return heard


def _gone(events: Sequence[EventFact], rows: set[int], code: str, index: int, plan: Plan) -> list[EventFact]:
    return [
        e
        for e in events
        if e.code == code
        and e.classifier != ACTUAL
        and e.row not in rows
        and not e.is_quarantined
        and index in lines_of(e, plan)
        and not (e.retracts and only_retracts(e, events))
    ]


def _telling(one: ArrivalHeard) -> tuple[datetime, datetime, str, int, str]:
    return one.told_at, one.expected_at, one.kind, one.source, one.event
