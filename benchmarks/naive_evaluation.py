"""The reference for `reevaluate`: one shipment and one row at a time, as most projects would first write it.

The rules and what they are given are the product's own, so that only the way of reading and writing differs.
"""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils import timezone

from milestones.enums import UNRESOLVED
from milestones.evaluate import evaluate
from milestones.facts import Evaluation, MilestoneValue
from milestones.models import Journey, Milestone, ShipmentException, WorkTask
from milestones.services import loading
from milestones.services.writing import baselines_of, load_stored
from shipments.models import ShipmentStream

# Of a value what is a column of the same name.
_SAME = (
    "line_id", "position", "name", "place_role", "location_id", "leg_sequence", "unit_number", "occurrence",
    "time_zone", "audience", "responsible", "baseline_at", "planned_at", "estimated_at", "actual_at", "state",
    "deviation", "is_inferred", "decisions",
)  # fmt: skip
_ROLLED_UP = (
    "status", "health", "strip", "done", "total", "progress", "next_name", "planned_arrival_at",
    "expected_arrival_at", "arrived_at", "last_event_at",
)  # fmt: skip


@transaction.atomic
def evaluate_one(shipment_id: int) -> None:
    """Everything of one shipment, with a query and a save for each thing."""
    journey = Journey.objects.select_for_update().get(pk=shipment_id)
    now = timezone.now()
    seen = ShipmentStream.objects.get(pk=shipment_id).revision
    templates = loading.load_templates([journey.template_id] if journey.template_id else [])
    template = templates.by_id.get(journey.template_id or 0)
    row = loading.load_shipments([shipment_id])[shipment_id]
    baselines = baselines_of(load_stored([shipment_id]).get(shipment_id, {}))
    plan = loading.plan_of(row.fact, template, baselines, now)
    events = loading.load_events([shipment_id]).get(shipment_id, ())
    outcome = evaluate(plan, events, loading.load_policy(), now)
    for value in outcome.milestones:
        _save_milestone(shipment_id, value)
    Milestone.objects.filter(shipment=shipment_id).exclude(slot__in=[v.slot for v in outcome.milestones]).delete()
    _save_cases(shipment_id, outcome, now)
    for name in _ROLLED_UP:
        setattr(journey, name, getattr(outcome.summary, name))
    journey.seen_revision, journey.evaluated_at = seen, now
    journey.next_check_at = outcome.next_check_at
    journey.save()


def _save_milestone(shipment_id: int, value: MilestoneValue) -> None:
    fields: dict[str, Any] = {name: getattr(value, name) for name in _SAME}
    Milestone.objects.update_or_create(
        shipment_id=shipment_id, slot=value.slot, defaults={**fields, "type_id": value.code}
    )


def _save_cases(shipment_id: int, outcome: Evaluation, now: Any) -> None:
    standing = []
    for wanted in outcome.cases:
        case, _ = ShipmentException.objects.update_or_create(
            shipment_id=shipment_id,
            rule_id=wanted.rule.id,
            slot=wanted.slot,
            state__in=UNRESOLVED,
            defaults={"summary": wanted.summary, "facts": wanted.facts, "severity": wanted.rule.severity},
            create_defaults={
                "kind": wanted.rule.kind, "severity": wanted.rule.severity, "summary": wanted.summary,
                "facts": wanted.facts, "owner": wanted.rule.owner, "state": "open", "opened_at": now,
                "due_at": now + wanted.rule.due_in,
            },
        )  # fmt: skip
        standing.append(case.pk)
    gone = ShipmentException.objects.filter(shipment=shipment_id, state__in=UNRESOLVED).exclude(pk__in=standing)
    for case in gone:
        case.state, case.resolved_at, case.resolution = "resolved", now, "The cause is gone."
        case.save()
    for task in outcome.tasks:
        WorkTask.objects.get_or_create(
            shipment_id=shipment_id,
            key=f"line:{task.slot}",
            state="open",
            defaults={"title": task.title, "role": task.role, "due_at": task.due_at},
        )
