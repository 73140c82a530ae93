"""What a condition is asked about: one row, made of what stands of a shipment and of one of its milestones. Pure.

Only the fields that are asked for are made. What the rules of evaluation do not need themselves (codes of partners,
money, the service) is loaded by name where something asks for it, and stands in `ShipmentFact.named`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from milestones.condition_fields import FIELDS
from milestones.enums import AnchorKind, MilestoneState, PlaceRole
from milestones.facts import EventFact, MilestoneValue, Plan, Policy, ShipmentFact, Summary

_DAY, _MINUTE = timedelta(days=1), timedelta(minutes=1)
_AHEAD = frozenset({MilestoneState.PLANNED.value, MilestoneState.ESTIMATED.value, MilestoneState.OVERDUE.value})
# The event that decided a milestone: of its actual time, else of its estimate, else of its plan.
DECIDED_BY = ("actual", "estimated", "planned")
_ORIGIN, _DESTINATION = PlaceRole.ORIGIN.value, PlaceRole.DESTINATION.value


def _planned(name: str) -> Callable[[ShipmentFact], Any]:
    return lambda shipment: shipment.dates.get(name)


# Of the plan; the others of the shipment and its partners are loaded by name.
_OF_PLAN: Mapping[str, Callable[[ShipmentFact], Any]] = {
    "shipment.mode": lambda shipment: shipment.mode or None,
    "shipment.type": lambda shipment: shipment.type or None,
    "shipment.origin": lambda shipment: shipment.route.points[_ORIGIN].place.code or None,
    "shipment.origin_country": lambda shipment: shipment.route.points[_ORIGIN].place.country or None,
    "shipment.destination": lambda shipment: shipment.route.points[_DESTINATION].place.code or None,
    "shipment.destination_country": lambda shipment: shipment.route.points[_DESTINATION].place.country or None,
    "shipment.units": lambda shipment: len(shipment.units),
    "shipment.booked_at": _planned(AnchorKind.BOOKED.value),
    "shipment.cargo_ready_at": _planned(AnchorKind.CARGO_READY.value),
    "shipment.cut_off_at": _planned(AnchorKind.CUT_OFF.value),
    "shipment.etd": _planned(AnchorKind.ETD.value),
    "shipment.eta": _planned(AnchorKind.ETA.value),
    "shipment.is_cancelled": lambda shipment: shipment.is_cancelled,
}


def shipment_facts(about: Plan | ShipmentFact) -> dict[str, Any]:
    """The row that the condition of a template's line is asked about (conditions.LINE_FIELDS)."""
    shipment = about.shipment if isinstance(about, Plan) else about
    return {**shipment.named, **{name: read(shipment) for name, read in _OF_PLAN.items()}}


@dataclass
class Ground:
    """All that the rows of one shipment are made of, at `now`. `summary` None: nothing is evaluated yet."""

    plan: Plan
    summary: Summary | None
    events: Sequence[EventFact]
    policy: Policy
    now: datetime

    @cached_property
    def by_event(self) -> Mapping[str, EventFact]:
        return {event.id: event for event in self.events}

    @cached_property
    def mandatory(self) -> frozenset[int]:
        """Ids of the lines that are not optional."""
        template = self.plan.template
        return frozenset(line.id for line in template.lines if line.is_mandatory) if template else frozenset()

    @cached_property
    def places(self) -> Mapping[int, str]:
        """Codes of the places that a milestone of this shipment can have, by id."""
        route = self.plan.shipment.route
        ends = [place for leg in route.legs for place in (leg.origin, leg.destination)]
        known = {place.id: place.code for place in (*ends, *(point.place for point in route.points.values()))}
        return {**{e.location_id: e.place for e in self.events if e.location_id}, **known}


def row_facts(ground: Ground, value: MilestoneValue | None, names: Iterable[str]) -> dict[str, Any]:
    """The row of one milestone (None: of the shipment as a whole) with the fields `names` ( `conditions.fields_of`)."""
    row: dict[str, Any] = {"now": ground.now}
    event = _decided_by(ground, value) if value is not None else None
    for name in names:
        about = FIELDS[name].is_about
        if name in _OF_PLAN:
            row[name] = _OF_PLAN[name](ground.plan.shipment)
        elif name in _OF_SUMMARY:
            row[name] = _OF_SUMMARY[name](ground.summary, ground.now) if ground.summary is not None else None
        elif about == "milestone":
            row[name] = _OF_MILESTONE[name](value, ground) if value is not None else None
        elif about == "event":
            row[name] = _OF_EVENT[name](event, ground.policy) if event is not None else None
        else:
            row[name] = ground.plan.shipment.named.get(name)
    return row


def _decided_by(ground: Ground, value: MilestoneValue) -> EventFact | None:
    for part in DECIDED_BY:
        event = value.decisions.get(part, {}).get("event")
        if event:
            return ground.by_event.get(event)
    return None


def _days_since(last: datetime | None, now: datetime) -> int | None:
    return None if last is None else (now - last) // _DAY


_OF_SUMMARY: Mapping[str, Callable[[Summary, datetime], Any]] = {
    "shipment.status": lambda summary, _now: summary.status,
    "shipment.health": lambda summary, _now: summary.health,
    "shipment.progress": lambda summary, _now: summary.progress,
    "shipment.completeness": lambda summary, _now: summary.completeness,
    "shipment.expected_arrival_at": lambda summary, _now: summary.expected_arrival_at,
    "shipment.last_event_at": lambda summary, _now: summary.last_event_at,
    "shipment.days_since_last_event": lambda summary, now: _days_since(summary.last_event_at, now),
}


def _minutes(later: datetime | None, earlier: datetime | None) -> int | None:
    """Whole minutes between, rounded down; None where one of them is not known."""
    return None if later is None or earlier is None else (later - earlier) // _MINUTE


def _due(value: MilestoneValue) -> datetime | None:
    """When it is due, while that can still be met or missed."""
    return value.expected_at if value.state in _AHEAD else None


_OF_MILESTONE: Mapping[str, Callable[[MilestoneValue, Ground], Any]] = {
    "milestone.code": lambda value, _: value.code,
    "milestone.place": lambda value, ground: ground.places.get(value.location_id or 0) or None,
    "milestone.place_role": lambda value, _: value.place_role or None,
    "milestone.unit": lambda value, _: value.unit_number or None,
    "milestone.state": lambda value, _: value.state,
    "milestone.deviation": lambda value, _: value.deviation or None,
    "milestone.evidence": lambda value, _: value.evidence or None,
    "milestone.audience": lambda value, _: value.audience,
    "milestone.responsible": lambda value, _: value.responsible,
    "milestone.is_mandatory": lambda value, ground: value.line_id in ground.mandatory,
    "milestone.is_inferred": lambda value, _: value.is_inferred,
    "milestone.baseline_at": lambda value, _: value.baseline_at,
    "milestone.planned_at": lambda value, _: value.planned_at,
    "milestone.estimated_at": lambda value, _: value.estimated_at,
    "milestone.actual_at": lambda value, _: value.actual_at,
    "milestone.expected_at": lambda value, _: value.expected_at,
    "milestone.minutes_late": lambda value, _: _minutes(value.actual_at or value.estimated_at, value.planned_at),
    "milestone.minutes_overdue": lambda value, ground: _minutes(ground.now, _due(value)),
    "milestone.minutes_to_due": lambda value, ground: _minutes(_due(value), ground.now),
    "milestone.slip_minutes": lambda value, _: _minutes(value.actual_at or value.expected_at, value.baseline_at),
}
_OF_EVENT: Mapping[str, Callable[[EventFact, Policy], Any]] = {
    "event.source": lambda event, policy: policy.sources[event.source][0],
    "event.source_kind": lambda event, policy: policy.sources[event.source][1],
    "event.trust": lambda event, _: event.trust,
    "event.classifier": lambda event, _: event.classifier,
    "event.received_at": lambda event, _: event.received_at,
}
# What has to be loaded by name where it is asked for.
NAMED = frozenset(
    name
    for name, field in FIELDS.items()
    if name not in _OF_PLAN and name not in _OF_SUMMARY and field.is_about not in ("milestone", "event")
)
