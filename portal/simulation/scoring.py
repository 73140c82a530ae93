"""The engine's exceptions beside the simulator's truth."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from milestones.expanding import expand
from milestones.facts import RuleFact, TemplateFact
from milestones.models import Journey as StoredJourney
from milestones.models import ShipmentException
from milestones.services import loading
from portal.simulation.chaos import Sent
from portal.simulation.letters import Letter
from portal.simulation.messages import FEEDS
from portal.simulation.reckoning import Known
from portal.simulation.truth import KINDS, OF_LINES, Moment, Score, must_be_open, scores
from portal.simulation.world import Journey

_AT_ONCE = 500
_TRUST = {feed.source: feed.trust for feed in FEEDS.values()}
# (reference, kind, what it is about).
Cases = set[tuple[str, str, str]]


def score(world: Sequence[Journey], messages: Iterable[Sent], moment: Moment) -> tuple[list[Score], Cases, Cases]:
    """By kind; then what must be open and is not, and what is open and must not be."""
    wanted = _wanted(world, messages, moment)
    opened = _opened([journey.reference for journey in world])
    return scores(wanted, opened), wanted - opened, opened - wanted


def _wanted(world: Sequence[Journey], messages: Iterable[Sent], moment: Moment) -> Cases:
    letters: dict[int, dict[Letter, None]] = defaultdict(dict)
    for sent in messages:
        if sent.letter is not None:
            letters[sent.letter.number].setdefault(sent.letter)
    rules = loading.load_policy().rules
    found: Cases = set()
    for start in range(0, len(world), _AT_ONCE):
        part = {journey.reference: journey for journey in world[start : start + _AT_ONCE]}
        rows = StoredJourney.objects.filter(shipment__reference__in=part).values_list("shipment_id", "template_id")
        pinned = dict(rows)
        templates = loading.load_templates(pk for pk in pinned.values() if pk).by_id
        for pk, row in loading.load_shipments(list(pinned)).items():
            template = templates.get(pinned[pk] or 0)
            if template is not None:
                journey = part[row.reference]
                found |= _of_one(journey, row, template, (list(letters[journey.number]), rules, moment))
    return found


def _of_one(
    journey: Journey,
    row: loading.ShipmentRow,
    template: TemplateFact,
    told: tuple[Sequence[Letter], Sequence[RuleFact], Moment],
) -> Cases:
    plan = loading.plan_of(row.fact, expand(template, row.fact), {}, told[2].now)
    lines = plan.template or template
    known = Known(
        mode=journey.mode,
        lines=lines.lines,
        order=lines.order,
        dates={"booked_at": journey.booked_at, "etd": journey.etd, "eta": journey.eta},
        places={role: point.place for role, point in row.fact.route.points.items()},
        holidays=plan.holidays,
        trust=_TRUST,
        papers=frozenset(journey.papers),
        overrun=journey.overrun,
        legs=[(leg.etd, leg.eta) for leg in row.fact.route.way],
        units=frozenset(number for _, number, _ in journey.units) if len(journey.units) > 1 else frozenset(),
    )
    return {(journey.reference, *found) for found in must_be_open(known, *told)}


def _opened(references: Sequence[str]) -> Cases:
    cases = ShipmentException.objects.unresolved().filter(kind__in=KINDS, shipment__reference__in=references)
    rows = cases.values_list("shipment__reference", "kind", "slot", "facts")
    return {(reference, kind, _about(kind, slot, facts)) for reference, kind, slot, facts in rows}


def _about(kind: str, slot: str, facts: Mapping[str, Any]) -> str:
    """As the truth calls it: a paper, a clock, the milestone (of which container or stop); else it is the cost."""
    name = facts.get("document") or facts.get("clock") or facts.get("code") or "cost"
    which = slot.partition(":")[2] if kind in OF_LINES else ""
    return f"{name} {which}".strip()
