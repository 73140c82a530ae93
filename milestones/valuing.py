"""The values of the planned milestones: planned, estimated, actual, state and deviation. Pure.

In this order: what was reported (and what moves with it), what a later milestone implies, what is missing or overdue,
and how far it is from the plan (domain.md, deviation classes).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from milestones.deciding import Decision, decide_actual, first_told, stand
from milestones.enums import AnchorKind, DecisionRule, PlaceRole, ValueField
from milestones.evidencing import RETRACTED, evidence_of
from milestones.facts import EventFact, LineFact, MilestoneValue, Plan, Policy, TemplateFact
from milestones.judging import IMPLIED, compare, infer, set_deviations, set_states
from milestones.planning import due_times
from milestones.rippling import arrival_by_history, foresee, set_estimate
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
    for index in template.order:
        row = valued[index] = _row(template.lines[index], plan, valued)
        if row.value.location_id is None:
            row.value.time_zone = _zone_anywhere(row, plan)
        row.value.planned_at = planned[index]
        _set_baseline(row, plan, first[index], reports[index].get(_PLN, ()))
        if index in plans:
            row.value.decisions["planned"] = plans[index].record()
        _set_actual(row, reports[index].get(_ACT, ()), plan, policy)
        set_estimate(row, reports[index].get(_EST, ()), plan, policy)
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
    row.value.baseline_at = plan.baselines.get(row.line.slot) or _as_whole(row, plan) or first
    if row.value.baseline_at is None and reports:
        event = first_told(reports)
        row.value.baseline_at = event.occurred_at
        row.value.decisions["baseline"] = Decision(event, DecisionRule.FIRST_PLAN.value).record()


def _as_whole(row: Valued, plan: Plan) -> datetime | None:
    """Of a line of one unit the first plan that it had before the units were known: what was promised stays so."""
    return plan.baselines.get(row.line.slot.partition(":")[0]) if row.line.unit else None


def _set_actual(row: Valued, reports: Sequence[EventFact], plan: Plan, policy: Policy) -> None:
    if not reports:
        return
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
