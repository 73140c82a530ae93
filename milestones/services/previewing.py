"""The plan that a template makes of a sample shipment, while the template is still being written. Nothing is stored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from milestones.compiling import compile_draft
from milestones.drafts import TemplateDraft
from milestones.enums import AnchorKind
from milestones.evaluate import evaluate
from milestones.facts import LegFact, MilestoneValue, PlaceFact, Policy, ShipmentFact
from milestones.planning import route, zone_of
from milestones.services import loading
from milestones.services.template_checks import check
from shipments.enums import Mode, ShipmentType
from shipments.models import Location

MOST_UNITS, MOST_LEGS = 20, 10
# The dates of a shipment whose clock is that of its destination; the others are of its origin.
AT_DESTINATION = frozenset({AnchorKind.ETA.value})
_SOME_DAY = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Sample:
    """A shipment to try a template on. `dates`: AnchorKind value → wall time, at the origin but for the ETA.

    `via`: the places between, so that there is one leg more than these.
    """

    origin: Location
    destination: Location
    dates: dict[str, datetime]
    via: Sequence[Location] = ()
    units: int = 1


@dataclass(frozen=True, slots=True)
class PreviewLine:
    """One milestone of the plan. `time_zone` of its place, or of the line it counts from."""

    value: MilestoneValue
    place: str
    time_zone: str


def preview_plan(draft: TemplateDraft, sample: Sample) -> list[PreviewLine]:
    """What the plan of the sample would be, in plan order. Raises TemplateRefused as saving the draft would."""
    check(draft)
    template = compile_draft(draft)
    fact = _fact(draft, sample)
    # Before anything can be due (an offset is at most five years), so that nothing is late.
    now = min(filter(None, fact.dates.values()), default=_SOME_DAY) - timedelta(days=6 * 366)
    plan = loading.plan_of(fact, template, {}, now)
    outcome = evaluate(plan, (), Policy(), now)
    known = {place.pk: place for place in (sample.origin, *sample.via, sample.destination)}
    return [_line(value, known) for value in outcome.milestones]


def _line(value: MilestoneValue, known: dict[int, Location]) -> PreviewLine:
    place = known.get(value.location_id or 0)
    if place is None:
        return PreviewLine(value, "", value.time_zone)
    return PreviewLine(value, place.name, place.time_zone)


def _fact(draft: TemplateDraft, sample: Sample) -> ShipmentFact:
    places = [_place(each) for each in (sample.origin, *sample.via, sample.destination)]
    mode = draft.mode or Mode.OCEAN.value
    legs = [LegFact(number, mode, *ends) for number, ends in enumerate(pairwise(places), 1)]
    dates = {kind: _instant(kind, wall, sample) for kind, wall in sample.dates.items()}
    # Of the legs only where the way begins and ends is known.
    legs[0] = replace(legs[0], etd=dates.get(AnchorKind.ETD.value))
    legs[-1] = replace(legs[-1], eta=dates.get(AnchorKind.ETA.value))
    return ShipmentFact(
        mode=mode,
        type=draft.shipment_type or ShipmentType.EXPORT.value,
        customer_id=draft.customer_id or 0,
        route=route(places[0], places[-1], legs),
        dates=dates,
        units=frozenset(f"UNIT-{number}" for number in range(1, sample.units + 1)),
        service=draft.service,
    )


def _instant(kind: str, wall: datetime, sample: Sample) -> datetime:
    place = sample.destination if kind in AT_DESTINATION else sample.origin
    return wall.replace(tzinfo=zone_of(place.time_zone)).astimezone(UTC)


def _place(row: Location) -> PlaceFact:
    return PlaceFact(row.pk, row.unlocode, row.country, row.time_zone)
