"""The values of the planned milestones: planned, estimated, actual, state and deviation. Pure.

In this order: what was reported (and what moves with it), what a later milestone implies, what is missing or overdue,
and how far it is from the plan (domain.md, deviation classes).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from milestones.deciding import Decision, decide_actual, first_told, stand
from milestones.enums import AnchorKind, DecisionRule, Deviation, MilestoneState, PlaceRole, ValueField
from milestones.evidencing import INFERRED, RETRACTED, evidence_of
from milestones.facts import EventFact, LineFact, MilestoneValue, Plan, Policy, TemplateFact
from milestones.foreseeing import OwnArrival, arrival_index, departure_index, is_own_better, own_arrival, transit_of
from milestones.planning import due_at, due_times
from milestones.selecting import leg_sequence
from milestones.steadying import steady
from shipments.enums import Classifier

PLANNED, ESTIMATED, OVERDUE, MISSING, REACHED, SKIPPED = (
    MilestoneState.PLANNED.value,
    MilestoneState.ESTIMATED.value,
    MilestoneState.OVERDUE.value,
    MilestoneState.MISSING.value,
    MilestoneState.REACHED.value,
    MilestoneState.SKIPPED.value,
)
EARLY, ON_TIME, LATE = Deviation.EARLY.value, Deviation.ON_TIME.value, Deviation.LATE.value
_PLN, _EST, _ACT = Classifier.PLANNED.value, Classifier.ESTIMATED.value, Classifier.ACTUAL.value

_FOR_PLANNED, _FOR_ESTIMATED, _FOR_ACTUAL = (
    ValueField.PLANNED.value,
    ValueField.ESTIMATED.value,
    ValueField.ACTUAL.value,
)
# Estimates that nobody reported.
_OURS = frozenset({DecisionRule.RIPPLE.value, DecisionRule.OWN_HISTORY.value})

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

    `steady_at`: its estimate without the small changes, which is what others count from. `own`: of the arrival, what
    our own history says.
    """

    line: LineFact
    value: MilestoneValue
    told_at: datetime | None = None
    is_day: bool = False
    steady_at: datetime | None = None
    own: OwnArrival | None = None


def value_lines(
    plan: Plan, by_line: list[list[EventFact]], policy: Policy, now: datetime, taken: frozenset[int] = frozenset()
) -> list[Valued]:
    """All lines of the plan, in plan order, with the values that follow from the events assigned to each.

    `taken`: indexes of lines that were reported and taken back since.
    """
    template = plan.template
    if template is None:
        return []
    reports = [_by_classifier(events) for events in by_line]
    plans = _reported_plans(reports, template, policy)
    planned = due_times(plan, {index: decision.at for index, decision in plans.items()})
    # The first plan follows from the dates of the shipment alone, so that the order of later plans cannot matter.
    first = due_times(plan, {}) if plans else planned
    arrival, own = _own_arrival(plan, reports, planned, policy)
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
        _set_estimate(row, reports[index].get(_EST, ()), plan, valued, policy)
        if index == arrival and own is not None:
            _foresee(row, own, plan, policy, now)
        if index in taken and row.value.actual_at is None:
            row.value.evidence = RETRACTED
    _infer(valued)
    _set_states(valued, now, is_cancelled=plan.shipment.is_cancelled)
    _set_deviations(valued)
    return valued


def _reported_plans(
    reports: Sequence[dict[str, list[EventFact]]], template: TemplateFact, policy: Policy
) -> dict[int, Decision]:
    """Line → the plan that was reported for it."""
    plans: dict[int, Decision] = {}
    for index, split in enumerate(reports):
        if _PLN not in split:
            continue
        order = policy.order_of(template.lines[index].code, _FOR_PLANNED)
        plans[index] = stand(split[_PLN], order=order)
    return plans


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
    if not reports:
        return
    units = plan.shipment.units
    decision = decide_actual(reports, units, policy.agreement, policy.order_of(row.line.code, _FOR_ACTUAL))
    if decision is None:
        return
    event, value = decision.event, row.value
    value.evidence = evidence_of(event, reports, units, policy, max(row.line.early, row.line.late))
    value.actual_at = event.occurred_at
    value.state = REACHED
    value.decisions["actual"] = decision.record()
    row.told_at, row.is_day = event.received_at, event.is_day
    if value.leg_sequence is None:
        value.leg_sequence = leg_sequence(event, plan.shipment.route)
    if value.location_id is None:
        value.location_id = event.location_id
        value.time_zone = event.time_zone


def _set_estimate(row: Valued, reports: Sequence[EventFact], plan: Plan, valued: list[Valued], policy: Policy) -> None:
    """What was reported; else, while it has not happened, the plan moved by as much as the line it counts from."""
    value, line = row.value, row.line
    if not reports:
        if line.anchor_index is not None and value.actual_at is None:
            _ripple(row, valued[line.anchor_index], plan)
        return
    order = policy.order_of(line.code, _FOR_ESTIMATED)
    decision = stand(reports, order=order)
    held = steady(reports, policy, order)
    value.estimated_at, row.steady_at = decision.at, held.occurred_at
    value.decisions["estimated"] = decision.record()
    if held.occurred_at is not None and held.occurred_at != decision.at:
        # Too small a change for others to move: they count from here still.
        value.decisions["estimated"]["steady_at"] = held.occurred_at.isoformat()


def _ripple(row: Valued, before: Valued, plan: Plan) -> None:
    """An actual moves what counts from it exactly, an estimate by its steady part."""
    value, anchor = row.value, before.value
    moved = anchor.actual_at or before.steady_at
    # A planned time that was reported for this very line does not hang on the anchor any more.
    if moved is None or moved == anchor.planned_at or "planned" in value.decisions:
        return
    row.steady_at = value.estimated_at = due_at(row.line, plan, moved)
    cause = anchor.decisions.get("actual") or anchor.decisions.get("estimated") or {}
    value.decisions["estimated"] = {"event": cause.get("event"), "rule": DecisionRule.RIPPLE.value, "losing": []}


def _own_arrival(
    plan: Plan, reports: Sequence[dict[str, list[EventFact]]], planned: Sequence[datetime | None], policy: Policy
) -> tuple[int | None, OwnArrival | None]:
    """Index of the arrival, and when it is by our own history: from its departure, as reported or as expected."""
    transit = transit_of(plan, policy)
    if transit is None:
        return None, None
    lines = plan.template.lines if plan.template else ()
    arrival, departure = arrival_index(lines), departure_index(lines)
    if arrival is None or departure is None:
        return None, None
    if lines[arrival].code != "ARRIVED" or lines[arrival].place_role != PlaceRole.POD:
        return None, None
    split, units = reports[departure], plan.shipment.units
    left = decide_actual(split.get(_ACT, ()), units, policy.agreement, policy.order_of("DEPARTED", _FOR_ACTUAL))
    if left is not None:
        return arrival, own_arrival(transit, left.at, has_left=True)
    told = split.get(_EST)
    held = steady(told, policy, policy.order_of("DEPARTED", _FOR_ESTIMATED)) if told else None
    departs = held.occurred_at if held else planned[departure]
    return arrival, own_arrival(transit, departs, has_left=False) if departs else None


def _foresee(row: Valued, own: OwnArrival, plan: Plan, policy: Policy, now: datetime) -> None:
    """Our own arrival beside the carrier's, and in its place where it is the better one. It never makes an actual.

    When the carrier says nothing, ours stands once the departure is reported; before that only where no plan is known.
    """
    value = row.value
    if value.actual_at is not None:
        return
    row.own = own
    told = value.decisions.get("estimated")
    said = told is not None and told["rule"] not in _OURS
    is_best = is_own_better(own, plan, policy, now) if said else own.has_left or value.planned_at is None
    if not is_best:
        return
    losing = [told["event"], *told["losing"]] if told and said else []
    row.steady_at = value.estimated_at = own.at
    value.decisions["estimated"] = {
        "event": None,
        "rule": DecisionRule.OWN_HISTORY.value,
        "losing": sorted(losing),
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
    value.evidence = INFERRED
    event = later.decisions["actual"]["event"]
    value.decisions["actual"] = {"event": event, "rule": DecisionRule.INFERRED.value, "losing": []}
    told = value.decisions.get("estimated")
    if told is not None and told["rule"] in _OURS:
        value.estimated_at = None
        del value.decisions["estimated"]


def _set_states(valued: list[Valued], now: datetime, *, is_cancelled: bool) -> None:
    furthest = max((r.line.position for r in valued if r.line.is_mandatory and r.value.state == REACHED), default=-1)
    for row in valued:
        value, line = row.value, row.line
        if value.state == REACHED:
            continue
        expected = value.expected_at
        if is_cancelled:
            value.state = ESTIMATED if value.estimated_at else PLANNED
        elif not line.is_mandatory:
            value.state = _state_of_optional(value, is_passed=line.position < furthest)
        elif line.position < furthest:
            value.state = MISSING
        elif expected is not None and now > expected + line.late:
            value.state = OVERDUE
        else:
            value.state = ESTIMATED if value.estimated_at else PLANNED


def _state_of_optional(value: MilestoneValue, *, is_passed: bool) -> str:
    """Passed over once a later mandatory line is reached, unless somebody still expects it."""
    told = value.decisions.get("estimated")
    if is_passed and (told is None or told["rule"] in _OURS):
        return SKIPPED
    return ESTIMATED if value.estimated_at else PLANNED


def _set_deviations(valued: list[Valued]) -> None:
    latest: datetime | None = None
    for row in valued:
        value, line = row.value, row.line
        if value.is_inferred or value.state == SKIPPED:
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
