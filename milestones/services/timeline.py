"""The plan and what had become of it at a past instant, from what was known then."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from milestones.evaluate import evaluate
from milestones.facts import MilestoneValue, Summary
from milestones.models import Journey
from milestones.planning import choose
from milestones.services import loading
from milestones.services.writing import baselines_of, load_stored
from shipments.models import Shipment


@dataclass(frozen=True, slots=True)
class Timeline:
    """`milestones` in plan order. `set_aside`: (event id, why it did not count)."""

    as_of: datetime
    milestones: tuple[MilestoneValue, ...]
    summary: Summary
    set_aside: tuple[tuple[str, str], ...]


def timeline_as_of(shipment: Shipment, as_of: datetime) -> Timeline:
    """What the timeline showed at `as_of`: computed from the events processed and matched by then. Nothing is written.

    The dates and the route are those of the shipment as it stands, the template is the one it is pinned to.
    """
    row = loading.load_shipments([shipment.pk])[shipment.pk]
    pinned = Journey.objects.filter(pk=shipment.pk).values_list("template_id", flat=True).first()
    templates = loading.load_templates([pinned] if pinned else [])
    policy = loading.load_policy()
    loading.name_facts({shipment.pk: row}, policy, templates)
    template = templates.by_id[pinned] if pinned else choose(templates.active, row.fact)[0]
    baselines = baselines_of(load_stored([shipment.pk]).get(shipment.pk, {}))
    plan = loading.plan_of(row.fact, template, baselines, as_of)
    events = loading.load_events([shipment.pk], as_of=as_of).get(shipment.pk, [])
    outcome = evaluate(plan, events, policy, as_of)
    return Timeline(as_of, outcome.milestones, outcome.summary, tuple(outcome.set_aside))
