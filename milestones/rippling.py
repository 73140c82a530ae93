"""When a line is expected that has not happened: by report, by what it counts from, or by our own history. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from milestones.deciding import decide_actual, stand
from milestones.enums import DecisionRule, PlaceRole, ValueField
from milestones.facts import EventFact, Plan, Policy
from milestones.foreseeing import OwnArrival, arrival_index, departure_index, is_own_better, own_arrival, transit_of
from milestones.planning import due_at, latest
from milestones.steadying import steady
from milestones.valued import OURS, Valued
from shipments.enums import Classifier

_EST, _ACT = Classifier.ESTIMATED.value, Classifier.ACTUAL.value
_RIPPLE = DecisionRule.RIPPLE.value
_FOR_ESTIMATED, _FOR_ACTUAL = ValueField.ESTIMATED.value, ValueField.ACTUAL.value


def set_estimate(row: Valued, reports: Sequence[EventFact], plan: Plan, policy: Policy) -> None:
    """What was reported; else, while it has not happened, the plan moved by as much as the lines it counts from."""
    value = row.value
    if not reports:
        # A planned time that was reported for this very line does not hang on others any more.
        if (row.anchors or row.afters) and value.actual_at is None and "planned" not in value.decisions:
            ripple(row, plan)
        return
    order = policy.order_of(row.line.code, _FOR_ESTIMATED)
    decision = stand(reports, order=order)
    held = steady(reports, policy, order)
    value.estimated_at, row.steady_at = decision.at, held.occurred_at
    value.decisions["estimated"] = decision.record()
    if held.occurred_at is not None and held.occurred_at != decision.at:
        # Too small a change for others to move: they count from here still.
        value.decisions["estimated"]["steady_at"] = held.occurred_at.isoformat()


def ripple(row: Valued, plan: Plan) -> None:
    """The plan moved by as much as the lines it counts from, and not before those that it has to follow."""
    value = row.value
    at, before = value.planned_at, None
    if any([anchor.moved_to is not None for anchor in row.anchors]):
        before = _last(row.anchors)
        at = due_at(row.line, plan, before.stands_at)
    for after in row.afters:
        if at is not None and latest((at, after.stands_at)) != at:
            at, before = after.stands_at, after
    if at is None or before is None:
        return
    row.steady_at = value.estimated_at = at
    cause = before.value.decisions.get("actual") or before.value.decisions.get("estimated") or {}
    value.decisions["estimated"] = {"event": cause.get("event"), "rule": _RIPPLE, "losing": []}


def _last(rows: Sequence[Valued]) -> Valued:
    if len(rows) == 1:
        return rows[0]
    known = [(at, row.line.slot, row) for row in rows if (at := row.stands_at)]
    return max(known, key=lambda triple: triple[:2])[2] if known else rows[0]


def arrival_by_history(
    plan: Plan, reports: Sequence[Mapping[str, list[EventFact]]], planned: Sequence[datetime | None], policy: Policy
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
    left = decide_actual(split.get(_ACT, ()), units, policy.agreement, order=policy.order_of("DEPARTED", _FOR_ACTUAL))
    if left is not None:
        return arrival, own_arrival(transit, left.at, has_left=True)
    told = split.get(_EST)
    held = steady(told, policy, policy.order_of("DEPARTED", _FOR_ESTIMATED)) if told else None
    departs = held.occurred_at if held else planned[departure]
    return arrival, own_arrival(transit, departs, has_left=False) if departs else None


def foresee(row: Valued, own: OwnArrival, plan: Plan, policy: Policy, now: datetime) -> None:
    """Our own arrival beside the carrier's, and in its place where it is the better one. It never makes an actual.

    When the carrier says nothing, ours stands once the departure is reported; before that only where no plan is known.
    """
    value = row.value
    if value.actual_at is not None:
        return
    row.own = own
    told = value.decisions.get("estimated")
    said = told is not None and told["rule"] not in OURS
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
