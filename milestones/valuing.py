"""The values of the planned milestones: planned, estimated, actual, state and deviation. Pure.

In this order: what was reported (and what moves with it), what a later milestone implies, what is missing or overdue,
and how far it is from the plan (domain.md, deviation classes).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from milestones.deciding import Decision, decide_actual, first_told, stand
from milestones.enums import AnchorKind, DecisionRule, PlaceRole, ValueField
from milestones.evidencing import RETRACTED, evidence_of
from milestones.facts import EventFact, LineFact, MilestoneValue, Plan, Policy, RoutePoint, TemplateFact
from milestones.judging import IMPLIED, compare, infer, set_deviations, set_states
from milestones.planning import due_times
from milestones.rippling import arrival_by_history, foresee, ripple, set_estimate
from milestones.selecting import leg_sequence
from milestones.valued import (
    EARLY,
    ESTIMATED,
    LATE,
    MISSING,
    ON_TIME,
    OVERDUE,
    PLANNED,
    REACHED,
    SKIPPED,
    Valued,
)
from shipments.enums import Classifier

__all__ = [
    "EARLY",
    "ESTIMATED",
    "IMPLIED",
    "LATE",
    "MISSING",
    "ON_TIME",
    "OVERDUE",
    "PLANNED",
    "REACHED",
    "SKIPPED",
    "Valued",
    "compare",
    "value_lines",
]
_SILENCE: dict[str, list[EventFact]] = {}
_AT_THE_END = frozenset({AnchorKind.ETA.value, AnchorKind.LEG_ETA.value})
_FIRST_PLAN = DecisionRule.FIRST_PLAN.value
_ORIGIN, _DESTINATION = PlaceRole.ORIGIN.value, PlaceRole.DESTINATION.value
_PLN, _EST, _ACT = Classifier.PLANNED.value, Classifier.ESTIMATED.value, Classifier.ACTUAL.value

_FOR_PLANNED, _FOR_ESTIMATED, _FOR_ACTUAL = (
    ValueField.PLANNED.value,
    ValueField.ESTIMATED.value,
    ValueField.ACTUAL.value,
)


def value_lines(
    plan: Plan, by_line: list[list[EventFact]], policy: Policy, now: datetime, taken: frozenset[int] = frozenset()
) -> list[Valued]:
    """All lines of the plan that apply, in plan order, with the values that follow from the events assigned to each.

    `taken`: indexes of lines that were reported and taken back since.
    """
    template = plan.template
    if template is None:
        return []
    reports = [_by_classifier(events) if events else _SILENCE for events in by_line]
    plans = _reported_plans(reports, template, policy)
    planned = due_times(plan, {index: decision.at for index, decision in plans.items()})
    # The first plan follows from the dates of the shipment alone, so that the order of later plans cannot matter.
    first = due_times(plan, {}) if plans else planned
    arrival, own = arrival_by_history(plan, reports, planned, policy)
    valued: list[Valued] = [None] * len(template.lines)  # type: ignore[list-item]  # each index is filled below
    baselines = plan.baselines
    for index in template.order:
        line, split = template.lines[index], reports[index]
        row = valued[index] = _row(line, plan, valued)
        row.value.planned_at = planned[index]
        row.value.baseline_at = baselines.get(line.slot) or _as_whole(row, plan) or first[index]
        if split:
            _set_reported(row, split, plans.get(index), plan, policy)
        elif row.anchors or row.afters:
            ripple(row, plan)
        if index == arrival and own is not None:
            foresee(row, own, plan, policy, now)
        if index in taken and row.value.actual_at is None:
            row.value.evidence = RETRACTED
    if not template.is_plain:
        valued = [row for row in valued if row.line.applies]
    infer(valued, is_spread=template.is_spread)
    set_states(valued, now, is_cancelled=plan.shipment.is_cancelled, is_spread=template.is_spread)
    set_deviations(valued, is_spread=template.is_spread)
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


def _row(line: LineFact, plan: Plan, valued: Sequence[Valued]) -> Valued:
    """A line without reports; `valued`: those it counts from and follows are there already."""
    point = line.point or plan.shipment.route.points.get(line.place_role)
    row = Valued(line, _blank(line, point))
    if line.anchor_index is not None:
        row.anchors = (valued[line.anchor_index],)
        if line.other_anchors:
            row.anchors += tuple(valued[index] for index in line.other_anchors)
    if line.after_indexes:
        row.afters = tuple([valued[index] for index in line.after_indexes])
    if point is None:
        row.value.time_zone = _zone_anywhere(row, plan)
    return row


def _blank(line: LineFact, point: RoutePoint | None) -> MilestoneValue:
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
    return points[_DESTINATION if row.line.anchor in _AT_THE_END else _ORIGIN].place.time_zone


def _set_reported(
    row: Valued, split: Mapping[str, list[EventFact]], planned: Decision | None, plan: Plan, policy: Policy
) -> None:
    """What was reported for the line itself, by classifier. `planned`: the one of its plans that stands."""
    value = row.value
    if planned is not None:
        if value.baseline_at is None:
            event = first_told(split[_PLN])
            value.baseline_at = event.occurred_at
            value.decisions["baseline"] = Decision(event, _FIRST_PLAN).record()
        value.decisions["planned"] = planned.record()
    if _ACT in split:
        _set_actual(row, split[_ACT], plan, policy)
    set_estimate(row, split.get(_EST, ()), plan, policy)


def _as_whole(row: Valued, plan: Plan) -> datetime | None:
    """Of a line of one unit the first plan that it had before the units were known: what was promised stays so."""
    return plan.baselines.get(row.line.slot.partition(":")[0]) if row.line.unit else None


def _set_actual(row: Valued, reports: Sequence[EventFact], plan: Plan, policy: Policy) -> None:
    # Of a line of one unit there are reports of that unit, and of the whole that are about it as well.
    units = frozenset() if row.line.unit else plan.shipment.units
    order = policy.order_of(row.line.code, _FOR_ACTUAL)
    decision = decide_actual(reports, units, policy.agreement, row.line.unit_rule, order)
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
