"""The roll-up of a journey: status, health, strip, progress, next milestone, arrival. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from milestones.completeness import completeness
from milestones.enums import Cause, DecisionRule, EtaKind, Health, JourneyStatus, PlaceRole
from milestones.facts import EventFact, LineFact, MilestoneValue, Plan, Summary
from milestones.foreseeing import arrival_index
from milestones.pieces import completed_codes, is_part
from milestones.selecting import ACTUAL, recency
from milestones.situation import Situation
from milestones.threads import is_later, whole
from milestones.valuing import LATE, MISSING, OVERDUE, REACHED, SKIPPED, Valued

_ENDS = frozenset({PlaceRole.POD.value, PlaceRole.DESTINATION.value})
# From the first of these on the freight is on its way; from the second kind on it has come to the end of the carriage.
_MOVING = frozenset(
    {
        "PICKED_UP", "GATE_IN", "LOADED", "DEPARTED", "IN_TRANSIT", "ARRIVED", "DISCHARGED", "RECEIVED_TRANSIT",
        "HANDED_OVER", "BORDER_CROSSED", "GATE_OUT", "OUT_FOR_DELIVERY", "WH_DISPATCHED", "DELIVERY_FAILED",
    }
)  # fmt: skip
_THERE = frozenset({"AVAILABLE", "DELIVERY_ARRIVED"})
_THERE_AT_THE_END = frozenset({"ARRIVED", "DISCHARGED", "GATE_OUT"})
_OF_THE_ORDER = frozenset({"CANCELLED", "BOOKED"})
_STRIP = {OVERDUE: "O", MISSING: "M", SKIPPED: "N"}
_STRIP_LENGTH = 60
# Divided without a rest by every number up to twelve.
_PARTS = 27_720


def summarise(situation: Situation, plan: Plan, now: datetime) -> Summary:
    """The narrow row that lists read."""
    valued = situation.valued
    # Of a line per unit, the row that decides for the shipment.
    lines = whole(valued)
    status = status_of(lines, situation.events, plan)
    arrival = arrival_line(lines)
    values = [row.value for row in valued]
    done = sum(value.state == REACHED for value in values)
    planned = (arrival.value.planned_at if arrival else None) or plan.shipment.dates.get("eta")
    estimated = arrival.value.estimated_at if arrival else None
    arrived = arrival.value.actual_at if arrival else None
    own = arrival.own if arrival else None
    score, fix = completeness(valued, plan, situation.events)
    return Summary(
        status=status,
        health=health_of(situation, arrival, now) if status != JourneyStatus.CANCELLED else Health.ON_TIME.value,
        strip="".join(map(letter, values))[:_STRIP_LENGTH],
        done=done,
        total=len(values),
        progress=progress(valued),
        next_name=next_name(lines) if status != JourneyStatus.CANCELLED else "",
        planned_arrival_at=planned,
        expected_arrival_at=arrived or estimated or planned,
        arrived_at=arrived,
        last_event_at=situation.quiet.last_event_at,
        arrival_by=arrival_by(arrival, planned),
        own_arrival_at=own.at if own else None,
        own_low_at=own.low if own else None,
        own_high_at=own.high if own else None,
        completeness=score,
        next_fix=fix if status != JourneyStatus.CANCELLED else None,
        arrival_slot=arrival.line.slot if arrival else "",
        steady_arrival_at=arrived or (arrival.steady_at if arrival else None) or planned,
    )


def arrival_by(arrival: Valued | None, planned: datetime | None) -> str:
    """Who says when it arrives (EtaKind); empty once it has arrived, and while nobody says."""
    if arrival is not None and arrival.value.actual_at is not None:
        return ""
    rule = arrival.value.decisions.get("estimated", {}).get("rule", "") if arrival else ""
    if rule == DecisionRule.OWN_HISTORY:
        return EtaKind.OWN.value
    if rule and rule != DecisionRule.RIPPLE:
        return EtaKind.CARRIER.value
    return EtaKind.PLAN.value if rule or planned else ""


def status_of(valued: Sequence[Valued], events: Sequence[EventFact], plan: Plan) -> str:
    """Of the active events, planned or not. Cancelled unless booked again later; a part delivered is not delivered."""
    happened = [e for e in events if e.classifier == ACTUAL]
    if plan.shipment.is_cancelled or is_called_off(happened):
        return JourneyStatus.CANCELLED.value
    reached = {row.line.code for row in valued if row.value.state == REACHED}
    # Of a shipment with several units the line knows when all of them are there; without a line a report is enough.
    lines = {row.line.code for row in valued}
    told = {e.code for e in happened if not is_part(e)} | completed_codes(happened)
    if _is_delivered(valued) or ("DELIVERED" in told and "DELIVERED" not in lines):
        return JourneyStatus.DELIVERED.value
    ends = {plan.shipment.route.points[role].place.code for role in _ENDS}
    there = {e.code for e in happened if e.code in _THERE or (e.code in _THERE_AT_THE_END and e.place in ends)}
    at_the_end = {
        row.line.code
        for row in valued
        if row.value.state == REACHED
        and (row.line.code in _THERE or (row.line.code in _THERE_AT_THE_END and row.line.place_role in _ENDS))
    }
    if at_the_end or there - lines:
        return JourneyStatus.ARRIVED.value
    if (reached | told) & _MOVING:
        return JourneyStatus.IN_TRANSIT.value
    return JourneyStatus.BOOKED.value


def _is_delivered(valued: Sequence[Valued]) -> bool:
    """A line of the delivery is reached; one per stop when it is at every stop."""
    waiting = {row.line.id for row in valued if row.line.code == "DELIVERED" and row.value.state != REACHED}
    return any(row.line.code == "DELIVERED" and row.line.id not in waiting for row in valued)


def is_called_off(happened: Iterable[EventFact]) -> bool:
    """Whether the last word of the actual events on it is that it is cancelled, not that it is booked (again)."""
    told = [e for e in happened if e.code in _OF_THE_ORDER]
    return any([e.code == "CANCELLED" for e in told]) and max(told, key=_happening).code == "CANCELLED"


def _happening(event: EventFact) -> tuple[datetime, bool, tuple[datetime, int, str]]:
    return event.occurred_at or event.told_at, event.code == "CANCELLED", recency(event)


def arrival_line(valued: Sequence[Valued]) -> Valued | None:
    """The line whose time is the arrival: the last arrival at the end of the carriage, else the last delivery."""
    index = arrival_index([row.line for row in valued])
    return None if index is None else valued[index]


def health_of(situation: Situation, arrival: Valued | None, now: datetime) -> str:
    """Late: the arrival or the delivery is, or is expected to be.

    No update: something is overdue and nobody speaks, or nothing was heard and nothing is planned. At risk: another
    line is overdue or expected late, or a hold is in force.
    """
    valued, quiet = situation.valued, situation.quiet
    ends = [r for r in valued if r is arrival or r.line.code == "DELIVERED"]
    overdue = [r for r in valued if r.value.state == OVERDUE]
    if any(r.value.deviation == LATE for r in ends):
        return Health.LATE.value
    if overdue and quiet.cause(now) == Cause.SOURCE_SILENT:
        return Health.NO_UPDATE.value
    if any(r in ends for r in overdue):
        return Health.LATE.value
    if overdue or situation.holds or any(_threatens(row.value) for row in valued):
        return Health.AT_RISK.value
    if quiet.last_event_at is None and not any(row.value.planned_at for row in valued):
        return Health.NO_UPDATE.value
    return Health.ON_TIME.value


def _threatens(value: MilestoneValue) -> bool:
    return value.state != REACHED and value.deviation == LATE


def letter(value: MilestoneValue) -> str:
    """One letter of `Journey.strip`."""
    late = value.deviation == LATE
    if value.state == REACHED:
        return "L" if late else "D"
    if value.estimated_at is not None and value.state not in _STRIP:
        return "S" if late else "E"
    return _STRIP.get(value.state, "P")


def progress(valued: Sequence[Valued]) -> int:
    """Percent by the weights of the lines; where a line stands several times each of them has its share of the weight.

    A reported line gives its whole weight, a mandatory one that only follows from a later report the half of it. An
    optional line counts once it is reported, and not at all before; one that was passed over gives nothing. 100 means
    that every mandatory line was reported.
    """
    done = total = 0
    is_whole = True
    for row in valued:
        weight, is_reached = weight_of(row.line), row.value.state == REACHED
        if is_reached and not row.value.is_inferred:
            done += 2 * weight
            total += 2 * weight
        elif row.line.is_mandatory:
            done += weight if is_reached else 0
            total += 2 * weight
            is_whole = False
    percent = done * 100 // total if total else 0
    return percent if is_whole else min(percent, 99)


def weight_of(line: LineFact) -> int:
    """Its share of the weight, in small parts of it, so that it stays a whole number."""
    return line.weight * _PARTS // line.share


def next_name(valued: Sequence[Valued]) -> str:
    """The first mandatory milestone after the last one reached; empty at the end."""
    reached = [row.line for row in valued if row.value.state == REACHED]
    furthest = max((line.position for line in reached), default=-1)
    for row in valued:
        line = row.line
        # On the second leg it departs after it has arrived on the first.
        is_ahead = line.position > furthest or (line.along and not any(is_later(other, line) for other in reached))
        if is_ahead and line.is_mandatory and row.value.state != REACHED:
            return line.name
    return ""


def is_finished(valued: Sequence[Valued], status: str) -> bool:
    """Nothing more is to come: cancelled, or the last mandatory line is reached; without a plan, delivered."""
    if status == JourneyStatus.CANCELLED:
        return True
    mandatory = [row for row in whole(valued) if row.line.is_mandatory]
    return mandatory[-1].value.state == REACHED if mandatory else status == JourneyStatus.DELIVERED
