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
from milestones.planning import due_at, due_times, latest
from milestones.selecting import leg_sequence
from milestones.threads import Threads, passed
from shipments.enums import Classifier

PLANNED, ESTIMATED, OVERDUE, MISSING, REACHED = (
    MilestoneState.PLANNED.value,
    MilestoneState.ESTIMATED.value,
    MilestoneState.OVERDUE.value,
    MilestoneState.MISSING.value,
    MilestoneState.REACHED.value,
)
_SILENCE: dict[str, list[EventFact]] = {}
_AT_THE_END = frozenset({AnchorKind.ETA.value, AnchorKind.LEG_ETA.value})
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
    """A line with its value. `told_at`: when the report of its actual reached us; `is_day`: it knows the day only.

    `anchors`, `afters`: the rows it counts from, and those it has to follow; they may be lines that do not apply.
    """

    line: LineFact
    value: MilestoneValue
    told_at: datetime | None = None
    is_day: bool = False
    anchors: tuple[Valued, ...] = ()
    afters: tuple[Valued, ...] = ()


def value_lines(plan: Plan, by_line: list[list[EventFact]], policy: Policy, now: datetime) -> list[Valued]:
    """All lines of the plan that apply, in plan order, with the values that follow from the events assigned to each."""
    template = plan.template
    if template is None:
        return []
    reports = [_by_classifier(events) if events else _SILENCE for events in by_line]
    plans: dict[int, Decision] = {}
    for index, split in enumerate(reports):
        if _PLN in split and (decision := decide(split[_PLN])):
            plans[index] = decision
    planned = due_times(plan, {index: decision.at for index, decision in plans.items()})
    # The first plan follows from the dates of the shipment alone, so that the order of later plans cannot matter.
    first = due_times(plan, {}) if plans else planned
    valued: list[Valued] = [None] * len(template.lines)  # type: ignore[list-item]  # each index is filled below
    for index in template.order:
        row = valued[index] = _row(template.lines[index], plan, valued)
        if row.value.location_id is None:
            row.value.time_zone = _zone_anywhere(row, plan)
        row.value.planned_at = planned[index]
        _set_baseline(row, plan, first[index], reports[index].get(_PLN, ()))
        if index in plans:
            row.value.decisions["planned"] = plans[index].record()
        _set_actual(row, reports[index].get(_ACT, ()), plan, policy)
        _set_estimate(row, reports[index].get(_EST, ()), plan)
    if not template.is_plain:
        valued = [row for row in valued if row.line.applies]
    _infer(valued, is_spread=template.is_spread)
    _set_states(valued, now, is_cancelled=plan.shipment.is_cancelled, is_spread=template.is_spread)
    _set_deviations(valued, is_spread=template.is_spread)
    return valued


def _by_classifier(events: Iterable[EventFact]) -> dict[str, list[EventFact]]:
    split: dict[str, list[EventFact]] = {}
    for event in events:
        split.setdefault(event.classifier, []).append(event)
    return split


def _row(line: LineFact, plan: Plan, valued: Sequence[Valued]) -> Valued:
    """A line without reports; `valued`: those it counts from and follows are there already."""
    row = Valued(line, _blank(line, plan))
    if line.anchor_index is not None:
        row.anchors = (valued[line.anchor_index],)
        if line.other_anchors:
            row.anchors += tuple(valued[index] for index in line.other_anchors)
    if line.after_indexes:
        row.afters = tuple(valued[index] for index in line.after_indexes)
    return row


def _blank(line: LineFact, plan: Plan) -> MilestoneValue:
    point = line.point or plan.shipment.route.points.get(line.place_role)
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
        line.unit,
        line.stop or 1,
    )


def _zone_anywhere(row: Valued, plan: Plan) -> str:
    """Whose time a line that may happen anywhere is shown in: of the line it counts from, else of the nearer end."""
    points = plan.shipment.route.points
    if row.anchors:
        before = row.anchors[0]
        point = before.line.point or points.get(before.line.place_role)
        return point.place.time_zone if point else before.value.time_zone
    end = PlaceRole.DESTINATION if row.line.anchor in _AT_THE_END else PlaceRole.ORIGIN
    return points[end.value].place.time_zone


def _set_baseline(row: Valued, plan: Plan, first: datetime | None, reports: Sequence[EventFact]) -> None:
    row.value.baseline_at = plan.baselines.get(row.line.slot) or first
    if row.value.baseline_at is None and reports:
        event = first_told(reports)
        row.value.baseline_at = event.occurred_at
        row.value.decisions["baseline"] = Decision(event, DecisionRule.FIRST_PLAN.value).record()


def _set_actual(row: Valued, reports: Sequence[EventFact], plan: Plan, policy: Policy) -> None:
    if not reports:
        return
    # Of a line of one unit there are reports of that unit, and of the whole that are about it as well.
    units = frozenset() if row.line.unit else plan.shipment.units
    decision = decide_actual(reports, units, policy.agreement, row.line.unit_rule)
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


def _set_estimate(row: Valued, reports: Sequence[EventFact], plan: Plan) -> None:
    """What was reported; else, while it has not happened, the plan moved by as much as the line it counts from."""
    decision = decide(reports) if reports else None
    value = row.value
    if decision is not None:
        value.estimated_at = decision.event.occurred_at
        value.decisions["estimated"] = decision.record()
    elif (row.anchors or row.afters) and value.actual_at is None and "planned" not in value.decisions:
        # A planned time that was reported for this very line does not hang on others any more.
        _ripple(row, plan)


def _ripple(row: Valued, plan: Plan) -> None:
    """The plan moved by as much as the lines it counts from, and not before those that it has to follow."""
    value = row.value
    at, before = value.planned_at, None
    for anchor in row.anchors:
        if _is_moved(anchor.value):
            before = _last(row.anchors)
            at = due_at(row.line, plan, _stands_at(before))
            break
    for after in row.afters:
        if at is not None and latest((at, _stands_at(after))) != at:
            at, before = _stands_at(after), after
    if at is None or before is None:
        return
    value.estimated_at = at
    cause = before.value.decisions.get("actual") or before.value.decisions.get("estimated") or {}
    value.decisions["estimated"] = {"event": cause.get("event"), "rule": DecisionRule.RIPPLE.value, "losing": []}


def _is_moved(value: MilestoneValue) -> bool:
    moved = value.actual_at or value.estimated_at
    return moved is not None and moved != value.planned_at


def _stands_at(row: Valued) -> datetime | None:
    """When it happened, or should by what is known now."""
    return row.value.actual_at or row.value.estimated_at or row.value.planned_at


def _last(rows: Sequence[Valued]) -> Valued:
    if len(rows) == 1:
        return rows[0]
    known = [(at, row.line.slot, row) for row in rows if (at := _stands_at(row))]
    return max(known, key=lambda triple: triple[:2])[2] if known else rows[0]


def _infer(valued: list[Valued], *, is_spread: bool) -> None:
    """Mark what must have happened before something that was reported; its time is the earliest upper bound."""
    reported = [(row, IMPLIED[row.line.code]) for row in valued if row.value.actual_at and row.line.code in IMPLIED]
    if not reported:
        return
    threads = Threads(valued) if is_spread else None
    for row in valued:
        if row.value.actual_at is not None:
            continue
        position, code = row.line.position, row.line.code
        if threads is None:
            later = [r for r, implied in reported if code in implied and r.line.position > position]
        else:
            later = [r for r in threads.later(row) if code in IMPLIED.get(r.line.code, ())]
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


def _set_states(valued: list[Valued], now: datetime, *, is_cancelled: bool, is_spread: bool) -> None:
    is_passed = passed(valued, is_spread=is_spread)
    for row in valued:
        value, line = row.value, row.line
        if value.state == REACHED:
            continue
        expected = value.expected_at
        if is_cancelled or not line.is_mandatory:
            value.state = ESTIMATED if value.estimated_at else PLANNED
        elif is_passed(row):
            value.state = MISSING
        elif expected is not None and now > expected + line.late:
            value.state = OVERDUE
        else:
            value.state = ESTIMATED if value.estimated_at else PLANNED


def _set_deviations(valued: list[Valued], *, is_spread: bool) -> None:
    last: datetime | None = None
    threads = Threads(row for row in valued if _counts(row)) if is_spread else None
    for row in valued:
        value = row.value
        if value.is_inferred:
            continue
        value.deviation = _deviation(row)
        if value.actual_at is None:
            continue
        if threads is not None:
            last = latest(other.value.actual_at for other in threads.earlier(row))
        if value.deviation != LATE and (_is_before(row, last) or (row.afters and _is_ahead(row))):
            value.deviation = Deviation.OUT_OF_SEQUENCE.value
        if _counts(row) and (last is None or value.actual_at > last):
            last = value.actual_at


def _counts(row: Valued) -> bool:
    """Whether what comes after it in the plan should have happened after it."""
    return row.line.is_mandatory and not row.is_day and not row.value.is_inferred


def _deviation(row: Valued) -> str:
    value, line = row.value, row.line
    if value.state == MISSING:
        return Deviation.MISSING.value
    if value.state == OVERDUE:
        return Deviation.OVERDUE.value
    return compare(value.actual_at or value.estimated_at, value.planned_at, line.early, line.late)


def _is_before(row: Valued, other: datetime | None) -> bool:
    """Whether it happened before that; a report that knows the day only may be anywhere on it."""
    at = row.value.actual_at
    slack = timedelta(days=1) if row.is_day else timedelta(0)
    return at is not None and other is not None and at + slack < other


def _is_ahead(row: Valued) -> bool:
    """Whether it was reached before a line that it has to follow; an optional one need not be reached at all."""
    return any(
        _is_before(row, after.value.actual_at) or (after.line.is_mandatory and after.value.actual_at is None)
        for after in row.afters
    )


def compare(at: datetime | None, planned: datetime | None, early: timedelta, late: timedelta) -> str:
    """Early, on time or late; empty when either time is not known. Exactly on the tolerance is on time."""
    if at is None or planned is None:
        return ""
    if at > planned + late:
        return LATE
    return EARLY if at < planned - early else ON_TIME
