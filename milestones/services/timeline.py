"""The plan and what had become of it at a past instant, from what was known then."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q

from milestones.evaluate import evaluate
from milestones.facts import LegFact, MilestoneValue, PlaceFact, ShipmentFact, Summary
from milestones.models import Journey, PlanUpgradeItem, ShipmentException
from milestones.models.cases import ShipmentExceptionQuerySet
from milestones.planning import choose, route
from milestones.services import loading
from milestones.services.arrivals import with_history
from milestones.services.writing import baselines_of, load_stored
from shipments.matching import journey_key
from shipments.models import Shipment, ShipmentPast


@dataclass(frozen=True, slots=True)
class Timeline:
    """`milestones` in plan order. `set_aside`: (event id, why it did not count)."""

    as_of: datetime
    milestones: tuple[MilestoneValue, ...]
    summary: Summary
    set_aside: tuple[tuple[str, str], ...]


def timeline_as_of(shipment: Shipment, as_of: datetime) -> Timeline:
    """What the timeline showed at `as_of`: computed from what was known then. Nothing is written.

    The events processed and matched by then, the dates, the way and the units of the shipment before it was changed
    since, and the template it was pinned to then. What is not kept as it was is taken as it stands: the policy, the
    sources' usual delays, what history says of the lane, and the contents of a template version (which never change).
    """
    row = loading.load_shipments([shipment.pk])[shipment.pk]
    fact = _as_it_was(shipment, row.fact, as_of)
    pinned, baselines = _pinned(shipment, as_of)
    templates = loading.load_templates([pinned] if pinned else [])
    shown = dataclasses.replace(row, fact=fact)
    policy = with_history(loading.load_policy(), [fact])
    loading.name_facts({shipment.pk: shown}, policy, templates)
    template = templates.by_id[pinned] if pinned else choose(templates.active, fact)[0]
    plan = loading.plan_of(fact, template, baselines, as_of)
    events = loading.load_events([shipment.pk], as_of=as_of).get(shipment.pk, [])
    outcome = evaluate(plan, events, policy, as_of)
    return Timeline(as_of, outcome.milestones, outcome.summary, tuple(outcome.set_aside))


def cases_as_of(shipment: Shipment, as_of: datetime) -> ShipmentExceptionQuerySet:
    """The exceptions that were open at `as_of`, in whatever state they are now."""
    rows = ShipmentException.objects.filter(shipment=shipment, opened_at__lte=as_of)
    return rows.filter(Q(resolved_at=None) | Q(resolved_at__gt=as_of))


def _pinned(shipment: Shipment, as_of: datetime) -> tuple[int | None, Mapping[str, datetime]]:
    """The template that the shipment followed at `as_of`, and the first plans that were kept for it."""
    changes = PlanUpgradeItem.objects.filter(shipment=shipment).select_related("upgrade")
    since = [
        (at, item, at == item.undone_at)
        for item in changes.filter(Q(applied_at__gt=as_of) | Q(undone_at__gt=as_of))
        for at in (item.applied_at, item.undone_at)
        if at is not None and at > as_of
    ]
    if not since:
        pinned = Journey.objects.filter(pk=shipment.pk).values_list("template_id", flat=True).first()
        return pinned, baselines_of(load_stored([shipment.pk]).get(shipment.pk, {}))
    # The first change since says what stood before it.
    _at, item, is_back = min(since, key=lambda change: (change[0], change[1].pk))
    if is_back:
        return item.upgrade.template_id, {}
    return item.from_template_id, {slot: datetime.fromisoformat(at) for slot, at in item.baselines.items()}


def _as_it_was(shipment: Shipment, fact: ShipmentFact, as_of: datetime) -> ShipmentFact:
    """With the dates, the way and the units it had before it was changed since `as_of`."""
    past = ShipmentPast.objects.filter(shipment=shipment, until__gt=as_of).order_by("until", "pk").first()
    if past is None:
        return fact
    said: Mapping[str, Any] = past.facts
    legs: list[Mapping[str, Any]] = said["legs"]
    ends = [said["origin"], said["destination"]]
    places = loading.load_places([*ends, *(leg[end] for leg in legs for end in ("origin", "destination"))])
    return dataclasses.replace(
        fact,
        mode=said["mode"],
        type=said["type"],
        dates={name: datetime.fromisoformat(at) if at else None for name, at in said["dates"].items()},
        route=route(places[ends[0]], places[ends[1]], list(_legs(legs, places))),
        units=frozenset(unit["key"] for unit in said["units"]),
        is_cancelled=said["cancelled"],
    )


def _legs(legs: Iterable[Mapping[str, Any]], places: Mapping[int, PlaceFact]) -> Iterable[LegFact]:
    for leg in legs:
        called = (journey_key(leg[name] or "") for name in ("voyage", "flight", "vessel_imo"))
        yield LegFact(
            sequence=leg["sequence"],
            mode=leg["mode"],
            origin=places[leg["origin"]],
            destination=places[leg["destination"]],
            numbers=frozenset(filter(None, called)),
            carrier_id=leg["carrier"],
        )
