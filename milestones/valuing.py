"""The values of the planned milestones: planned, estimated, actual, state and deviation. Pure.

In this order: what was reported (and what moves with it), what a later milestone implies, what is missing or overdue,
and how far it is from the plan (domain.md, deviation classes).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from milestones.deciding import Decision, decide, decide_actual, first_told
from milestones.enums import AnchorKind, DecisionRule, Deviation, MilestoneState, PlaceRole
from milestones.facts import EventFact, LineFact, MilestoneValue, Plan, Policy
from milestones.planning import due_at, due_times
from milestones.selecting import leg_sequence
from shipments.enums import Classifier

PLANNED, ESTIMATED, OVERDUE, MISSING, REACHED = (
    MilestoneState.PLANNED.value,
    MilestoneState.ESTIMATED.value,
    MilestoneState.OVERDUE.value,
    MilestoneState.MISSING.value,
    MilestoneState.REACHED.value,
)
EARLY, ON_TIME, LATE = Deviation.EARLY.value, Deviation.ON_TIME.value, Deviation.LATE.value
_PLN, _EST, _ACT = Classifier.PLANNED.value, Classifier.ESTIMATED.value, Classifier.ACTUAL.value

_BEFORE_LOADING = frozenset({"BOOKED", "EMPTY_OUT", "PICKUP_ARRIVED", "STUFFED", "RECEIVED_ORIGIN", "GATE_IN"})
# What cannot have happened without these, when they stand before it in the plan. Departure, arrival of the goods at the
# carrier, customs and documents are never taken for granted: when they are skipped, they are missing.
IMPLIED: dict[str, frozenset[str]] = {
    "PICKED_UP": frozenset({"BOOKED", "PICKUP_ARRIVED"}),
    "RECEIVED_ORIGIN": frozenset({"BOOKED"}),
    "GATE_IN": frozenset({"BOOKED", "EMPTY_OUT", "STUFFED"}),
    "LOADED": _BEFORE_LOADING,
    "DEPARTED": _BEFORE_LOADING | {"LOADED", "MANIFESTED"},
    "ARRIVED": _BEFORE_LOADING | {"LOADED", "MANIFESTED"},
    "DISCHARGED": frozenset({"BOOKED", "ARRIVED"}),
    "GATE_OUT": frozenset({"BOOKED", "ARRIVED", "DISCHARGED", "AVAILABLE"}),
    "OUT_FOR_DELIVERY": frozenset({"BOOKED", "ARRIVED", "DISCHARGED", "AVAILABLE"}),
    "DELIVERED": frozenset(
        {"BOOKED", "ARRIVED", "DISCHARGED", "AVAILABLE", "GATE_OUT", "OUT_FOR_DELIVERY", "DELIVERY_ARRIVED"}
    ),
}


@dataclass(slots=True)
class Valued:
    """A line with its value. `told_at`: when the report of its actual reached us; `is_day`: it knows the day only."""

    line: LineFact
    value: MilestoneValue
    told_at: datetime | None = None
    is_day: bool = False


def value_lines(plan: Plan, by_line: list[list[EventFact]], policy: Policy, now: datetime) -> list[Valued]:
    """All lines of the plan, in plan order, with the values that follow from the events assigned to each."""
    template = plan.template
    if template is None:
        return []
    reports = [_by_classifier(events) for events in by_line]
    plans: dict[int, Decision] = {}
    for index, split in enumerate(reports):
        if _PLN in split and (decision := decide(split[_PLN])):
            plans[index] = decision
    planned = due_times(plan, {index: decision.at for index, decision in plans.items()})
    # The first plan follows from the dates of the shipment alone, so that the order of later plans cannot matter.
    first = due_times(plan, {}) if plans else planned
    valued: list[Valued] = [None] * len(template.lines)  # type: ignore[list-item]  # each index is filled below
    for index in template.order:
        row = Valued(template.lines[index], _blank(template.lines[index], plan))
        valued[index] = row
        if row.value.location_id is None:
            row.value.time_zone = _zone_anywhere(row.line, plan, valued)
        row.value.planned_at = planned[index]
        _set_baseline(row, plan, first[index], reports[index].get(_PLN, ()))
        if index in plans:
            row.value.decisions["planned"] = plans[index].record()
        _set_actual(row, reports[index].get(_ACT, ()), plan, policy)
        _set_estimate(row, reports[index].get(_EST, ()), plan, valued)
    _infer(valued)
    _set_states(valued, now, is_cancelled=plan.shipment.is_cancelled)
    _set_deviations(valued)
    return valued


def _by_classifier(events: Iterable[EventFact]) -> dict[str, list[EventFact]]:
    split: dict[str, list[EventFact]] = {}
    for event in events:
        split.setdefault(event.classifier, []).append(event)
    return split


def _blank(line: LineFact, plan: Plan) -> MilestoneValue:
    point = plan.shipment.route.points.get(line.place_role)
    return MilestoneValue(
        line.slot,
        line.id,
        line.position,
        line.code,
        line.name,
        line.place_role,
        point.place.id if point else None,
        point.leg_sequence if point else None,
        line.audience,
        line.responsible,
    )


def _zone_anywhere(line: LineFact, plan: Plan, valued: Sequence[Valued]) -> str:
    """Whose time a line that may happen anywhere is shown in: of the line it counts from, else of the nearer end."""
    points = plan.shipment.route.points
    if line.anchor_index is not None:
        before = valued[line.anchor_index]
        point = points.get(before.line.place_role)
        return point.place.time_zone if point else before.value.time_zone
    end = PlaceRole.DESTINATION if line.anchor == AnchorKind.ETA else PlaceRole.ORIGIN
    return points[end.value].place.time_zone


def _set_baseline(row: Valued, plan: Plan, first: datetime | None, reports: Sequence[EventFact]) -> None:
    row.value.baseline_at = plan.baselines.get(row.line.slot) or first
    if row.value.baseline_at is None and reports:
        event = first_told(reports)
        row.value.baseline_at = event.occurred_at
        row.value.decisions["baseline"] = Decision(event, DecisionRule.FIRST_PLAN.value).record()


def _set_actual(row: Valued, reports: Sequence[EventFact], plan: Plan, policy: Policy) -> None:
    decision = decide_actual(reports, plan.shipment.units, policy.agreement) if reports else None
    if decision is None:
        return
    event, value = decision.event, row.value
    value.actual_at = event.occurred_at
    value.state = REACHED
    value.decisions["actual"] = decision.record()
    row.told_at, row.is_day = event.received_at, event.is_day
    if value.leg_sequence is None:
        value.leg_sequence = leg_sequence(event, plan.shipment.route)
    if value.location_id is None:
        value.location_id = event.location_id
        value.time_zone = event.time_zone


def _set_estimate(row: Valued, reports: Sequence[EventFact], plan: Plan, valued: list[Valued]) -> None:
    """What was reported; else, while it has not happened, the plan moved by as much as the line it counts from."""
    decision = decide(reports) if reports else None
    value, line = row.value, row.line
    if decision is not None:
        value.estimated_at = decision.event.occurred_at
        value.decisions["estimated"] = decision.record()
    elif line.anchor_index is not None and value.actual_at is None:
        anchor = valued[line.anchor_index].value
        moved = anchor.actual_at or anchor.estimated_at
        # A planned time that was reported for this very line does not hang on the anchor any more.
        if moved is not None and moved != anchor.planned_at and "planned" not in value.decisions:
            value.estimated_at = due_at(line, plan, moved)
            cause = anchor.decisions.get("actual") or anchor.decisions.get("estimated") or {}
            value.decisions["estimated"] = {
                "event": cause.get("event"),
                "rule": DecisionRule.RIPPLE.value,
                "losing": [],
            }


def _infer(valued: list[Valued]) -> None:
    """Mark what must have happened before something that was reported; its time is the earliest upper bound."""
    reported = [(row, IMPLIED[row.line.code]) for row in valued if row.value.actual_at and row.line.code in IMPLIED]
    if not reported:
        return
    for row in valued:
        if row.value.actual_at is not None:
            continue
        position, code = row.line.position, row.line.code
        later = [r for r, implied in reported if code in implied and r.line.position > position]
        if later:
            _take_from(row.value, min(later, key=lambda r: (r.value.actual_at, r.line.position)).value)


def _take_from(value: MilestoneValue, later: MilestoneValue) -> None:
    value.actual_at, value.state, value.is_inferred = later.actual_at, REACHED, True
    event = later.decisions["actual"]["event"]
    value.decisions["actual"] = {"event": event, "rule": DecisionRule.INFERRED.value, "losing": []}
    ripple = value.decisions.get("estimated")
    if ripple is not None and ripple["rule"] == DecisionRule.RIPPLE.value:
        value.estimated_at = None
        del value.decisions["estimated"]


def _set_states(valued: list[Valued], now: datetime, *, is_cancelled: bool) -> None:
    furthest = max((r.line.position for r in valued if r.line.is_mandatory and r.value.state == REACHED), default=-1)
    for row in valued:
        value, line = row.value, row.line
        if value.state == REACHED:
            continue
        expected = value.expected_at
        if is_cancelled or not line.is_mandatory:
            value.state = ESTIMATED if value.estimated_at else PLANNED
        elif line.position < furthest:
            value.state = MISSING
        elif expected is not None and now > expected + line.late:
            value.state = OVERDUE
        else:
            value.state = ESTIMATED if value.estimated_at else PLANNED


def _set_deviations(valued: list[Valued]) -> None:
    latest: datetime | None = None
    for row in valued:
        value, line = row.value, row.line
        if value.is_inferred:
            continue
        if value.state == MISSING:
            value.deviation = Deviation.MISSING.value
        elif value.state == OVERDUE:
            value.deviation = Deviation.OVERDUE.value
        else:
            value.deviation = compare(value.actual_at or value.estimated_at, value.planned_at, line.early, line.late)
        if value.actual_at is None:
            continue
        slack = timedelta(days=1) if row.is_day else timedelta(0)
        if latest is not None and value.actual_at + slack < latest and value.deviation != LATE:
            value.deviation = Deviation.OUT_OF_SEQUENCE.value
        if line.is_mandatory and not row.is_day and (latest is None or value.actual_at > latest):
            latest = value.actual_at


def compare(at: datetime | None, planned: datetime | None, early: timedelta, late: timedelta) -> str:
    """Early, on time or late; empty when either time is not known. Exactly on the tolerance is on time."""
    if at is None or planned is None:
        return ""
    if at > planned + late:
        return LATE
    return EARLY if at < planned - early else ON_TIME
