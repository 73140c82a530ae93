"""Reading what the rules need for a batch of shipments: a constant number of queries, whatever the batch."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any

import holidays
import orjson
from django.db.models import Q

from core.bulk import array_of, fetch_rows
from milestones.compiling import compile_draft
from milestones.conditions import ConditionError, compile_condition, fields_of
from milestones.drafts import LineDraft, TemplateDraft
from milestones.enums import AnchorKind, TemplateState
from milestones.facts import (
    WEEKEND,
    EventFact,
    LegFact,
    PlaceFact,
    Plan,
    Policy,
    RuleFact,
    ShipmentFact,
    TemplateFact,
    TypeFact,
)
from milestones.models import ConflictPolicy, ExceptionRule, MilestoneTemplate, TemplateLine
from milestones.planning import CircularPlan, route
from milestones.services.condition_sql import load_named
from shipments.enums import CARRIER_REFERENCES
from shipments.matching import journey_key
from shipments.models import MilestoneType, Source, SourceSilence

logger = logging.getLogger("waymark.milestones")

# The fields of a draft that the rows of a template and of its lines have by the same name.
_HEAD = tuple(f.name for f in fields(TemplateDraft) if f.name != "lines")
_PLAIN = tuple(f.name for f in fields(LineDraft) if f.name not in ("type", "anchor_line", "after_line"))
_DATES = (AnchorKind.BOOKED, AnchorKind.CARGO_READY, AnchorKind.CUT_OFF, AnchorKind.ETD, AnchorKind.ETA)


@dataclass(slots=True)
class ShipmentRow:
    """What stories and cases show of a shipment, beside what the rules need."""

    id: int
    public_id: str
    reference: str
    places: Mapping[str, str]
    fact: ShipmentFact


def load_policy() -> Policy:
    """Rules, vocabulary, the usual delay of the sources, and what decides between reports that differ."""
    rules = ExceptionRule.objects.filter(is_active=True).order_by("id")
    sources = list(Source.objects.values_list("id", "latency_minutes", "code", "transport"))
    return Policy(
        rules=tuple(fact for rule in rules if (fact := _readable(rule)) is not None),
        latency={pk: timedelta(minutes=minutes) for pk, minutes, _, _ in sources},
        sources={pk: (code, transport) for pk, _, code, transport in sources},
        vocabulary={
            code: TypeFact(name, sequence)
            for code, name, sequence in MilestoneType.objects.values_list("code", "name", "sequence")
        },
        silences=dict(SourceSilence.objects.open().values_list("source_id", "last_message_at")),
        preferences={
            (code or "*", field): tuple(order)
            for code, field, order in ConflictPolicy.objects.values_list("type_id", "field", "order")
        },
    )


def _readable(rule: ExceptionRule) -> RuleFact | None:
    """None for a rule whose condition cannot be read: it must not stop the evaluation of every shipment."""
    try:
        return rule_fact(rule)
    except ConditionError as error:
        logger.error("rule %s is left out: its condition cannot be read: %s", rule.code, error)
        return None


def rule_fact(rule: ExceptionRule) -> RuleFact:
    """A rule as evaluation takes it, saved or not. Raises conditions.ConditionError."""
    tree = rule.condition
    return RuleFact(
        id=rule.pk,
        name=rule.code,
        kind=rule.kind,
        severity=rule.severity,
        owner=rule.owner,
        mode=rule.mode,
        code=rule.type_id or "",
        minimum=timedelta(minutes=rule.minimum_minutes),
        due_in=timedelta(minutes=rule.due_minutes),
        task=rule.task,
        version=rule.version,
        minimum_percent=rule.minimum_percent,
        warn=_span(rule.warn_minutes),
        escalate=_span(rule.escalate_minutes),
        escalate_to=rule.escalate_to,
        condition=compile_condition(tree) if tree else None,
        tree=tree,
        names=fields_of(tree) if tree else frozenset(),
        group_by=rule.group_by,
        closes_itself=rule.closes_itself,
    )


def _span(minutes: int | None) -> timedelta | None:
    return None if minutes is None else timedelta(minutes=minutes)


@dataclass(slots=True)
class Templates:
    """`by_id`: every version that a journey of the batch is pinned to or could be; `active`: those to choose from;
    `names`: the fields that conditions of their lines ask for."""

    by_id: Mapping[int, TemplateFact]
    active: Sequence[TemplateFact]
    names: frozenset[str] = frozenset()


def load_templates(pinned: Iterable[int], *, with_active: bool = True) -> Templates:
    """The active templates, where one is to be chosen, and those that are `pinned` (ids), with their lines.

    An active one that cannot be used is left out: it must not stop the plans of every shipment. Raises
    planning.CircularPlan and conditions.ConditionError where a shipment is pinned to it.
    """
    kept = set(pinned)
    wanted = Q(pk__in=kept)
    if with_active:
        wanted |= Q(state=TemplateState.ACTIVE)
    rows = list(MilestoneTemplate.objects.filter(wanted).order_by("id"))
    lines: dict[int, list[TemplateLine]] = defaultdict(list)
    for line in TemplateLine.objects.filter(template__in=rows).order_by("template_id", "position"):
        lines[line.template_id].append(line)
    by_id: dict[int, TemplateFact] = {}
    for row in rows:
        try:
            by_id[row.pk] = template_fact(row, lines[row.pk])
        except (CircularPlan, ConditionError) as error:
            if row.pk in kept:
                raise
            logger.error("template %s is left out: %s", row, error)
    trees = [line.condition for pk in by_id for line in lines[pk] if line.condition]
    names = frozenset().union(*(fields_of(tree) for tree in trees))
    active = [by_id[row.pk] for row in rows if row.state == TemplateState.ACTIVE and row.pk in by_id]
    return Templates(by_id, active, names)


def name_facts(shipments: Mapping[int, ShipmentRow], policy: Policy, templates: Templates) -> None:
    """Add to each shipment what the conditions of rules and lines ask for beyond the plan; one query, if any do."""
    named = load_named(shipments, templates.names.union(*(rule.names for rule in policy.rules)))
    for pk, facts in named.items():
        shipments[pk].fact.named = facts


def template_fact(row: MilestoneTemplate, lines: Sequence[TemplateLine]) -> TemplateFact:
    """A template with its `lines` for the rules. Raises planning.CircularPlan and conditions.ConditionError."""
    positions = {line.pk: line.position for line in lines}
    head = {name: getattr(row, name) for name in _HEAD}
    draft = TemplateDraft(**head, lines=tuple(_line(line, positions) for line in lines))
    return compile_draft(draft, row.pk, {line.position: line.pk for line in lines})


def _line(line: TemplateLine, positions: Mapping[int, int]) -> LineDraft:
    """A line that counts from or follows a line of another template refers to position -1, which is nowhere."""
    values = {name: getattr(line, name) for name in _PLAIN}
    values |= {"documents": tuple(line.documents), "charges": tuple(line.charges)}
    return LineDraft(
        type=line.type_id,
        anchor_line=positions.get(line.anchor_line_id, -1) if line.anchor_line_id else None,
        after_line=positions.get(line.after_line_id, -1) if line.after_line_id else None,
        **values,
    )


_SHIPMENTS = """
    SELECT id, public_id::text, reference, mode, type, customer_id, cancelled_at IS NOT NULL,
           EXISTS (SELECT FROM shipments_reference r
                   WHERE r.shipment_id = s.id AND r.type = ANY(%s::text[])),
           service, booked_at, cargo_ready_at, cut_off_at, etd, eta, origin_id, destination_id
    FROM shipments_shipment s WHERE id = ANY(%s::bigint[])
"""
_LEGS = """
    SELECT shipment_id, sequence, mode, carrier_id, etd, eta, voyage, flight, vessel_imo, origin_id, destination_id
    FROM shipments_leg WHERE shipment_id = ANY(%s::bigint[])
"""
_UNITS = "SELECT shipment_id, key FROM shipments_unit WHERE shipment_id = ANY(%s::bigint[])"
_PLACES = """
    SELECT l.id, COALESCE(NULLIF(s.unlocode, ''), l.unlocode), l.country, l.time_zone, l.name, l.unlocode
    FROM shipments_location l LEFT JOIN shipments_location s ON s.id = l.same_as_id WHERE l.id = ANY(%s::bigint[])
"""


def load_shipments(ids: Sequence[int]) -> dict[int, ShipmentRow]:
    """Shipments with their way, dates and units, by id."""
    rows = fetch_rows(_SHIPMENTS, [array_of(sorted(CARRIER_REFERENCES)), array_of(ids)])
    legs = fetch_rows(_LEGS, [array_of(ids)])
    places = {
        pk: (PlaceFact(pk, code, country, zone), f"{name} ({unlocode})")
        for pk, code, country, zone, name, unlocode in fetch_rows(
            _PLACES, [array_of({pk for row in (*rows, *legs) for pk in row[-2:]})]
        )
    }
    ways: dict[int, list[LegFact]] = defaultdict(list)
    for shipment_id, sequence, mode, carrier_id, etd, eta, *numbers, origin, destination in legs:
        called = frozenset(key for number in numbers if (key := journey_key(number)))
        ends = (places[origin][0], places[destination][0])
        ways[shipment_id].append(LegFact(sequence, mode, *ends, called, carrier_id, etd, eta))
    units: dict[int, set[str]] = defaultdict(set)
    for shipment_id, key in fetch_rows(_UNITS, [array_of(ids)]):
        units[shipment_id].add(key)
    return {row[0]: _shipment(row, places, ways.get(row[0], ()), units.get(row[0], ())) for row in rows}


def load_places(ids: Iterable[int]) -> dict[int, PlaceFact]:
    """Places by id."""
    rows = fetch_rows(_PLACES, [array_of(sorted(set(ids)))])
    return {pk: PlaceFact(pk, code, country, zone) for pk, code, country, zone, *_names in rows}


def _shipment(
    row: tuple[Any, ...],
    places: Mapping[int, tuple[PlaceFact, str]],
    legs: Sequence[LegFact],
    units: Iterable[str],
) -> ShipmentRow:
    pk, public_id, reference, mode, type_, customer_id, is_cancelled, is_known, service, *dates, origin, destination = (
        row
    )
    fact = ShipmentFact(
        mode=mode,
        type=type_,
        customer_id=customer_id,
        route=route(places[origin][0], places[destination][0], legs),
        dates=dict(zip(_DATES, dates, strict=True)),
        units=frozenset(units),
        is_cancelled=is_cancelled,
        service=service,
        has_outside_reference=is_known,
    )
    ends = {"origin": places[origin][1], "destination": places[destination][1]}
    return ShipmentRow(pk, public_id, reference, ends, fact)


# Each event is looked up by its key, and the match of a successor by its index, whatever the planner takes the tables
# for: OFFSET 0 keeps it from reading all events, or all matches, for the few of a batch.
_EVENTS = """
    SELECT x.shipment_id, e.reason, e.public_id::text, e.id, e.fingerprint, e.source_id, e.trust, e.code,
           e.classifier, e.occurred_at, COALESCE(e.reported_at, e.received_at), e.received_at, e.position,
           COALESCE(NULLIF(s.unlocode, ''), l.unlocode, ''), e.location_id, COALESCE(u.key, ''),
           COALESCE(NULLIF(e.voyage, ''), e.flight), NULLIF(e.attributes, '{}'),
           e.precision = 'day', e.source_event_id, e.retracts, e.supersedes, e.quarantine <> '', e.time_zone,
           e.vessel_imo, f.partner_id, f.transport = 'manual', e.zone_certainty = 'assumed'
    FROM shipments_eventmatch x CROSS JOIN LATERAL (SELECT * FROM shipments_event WHERE id = x.event_id OFFSET 0) e
    JOIN shipments_source f ON f.id = e.source_id
    LEFT JOIN shipments_unit u ON u.id = x.unit_id
    LEFT JOIN shipments_location l ON l.id = e.location_id LEFT JOIN shipments_location s ON s.id = l.same_as_id
    WHERE x.shipment_id = ANY(%s::bigint[])
        -- What took its place belongs to another shipment, or waits for one.
        AND NOT EXISTS (SELECT 1 FROM shipments_event n WHERE n.supersedes = e.id AND n.processed_at <= %s
            AND NOT EXISTS (
                SELECT 1 FROM shipments_eventmatch y WHERE y.shipment_id = x.shipment_id AND y.event_id = n.id
                OFFSET 0))
"""
_KNOWN_BY = " AND x.matched_at <= %s AND e.processed_at <= %s"


def load_events(ids: Sequence[int], *, as_of: datetime | None = None) -> dict[int, list[EventFact]]:
    """The events matched to each shipment; with `as_of`, only what was received and matched by then."""
    if as_of is None:
        rows = fetch_rows(_EVENTS, [array_of(ids), "infinity"])
    else:
        rows = fetch_rows(_EVENTS + _KNOWN_BY, [array_of(ids), as_of, as_of, as_of])
    events: dict[int, list[EventFact]] = defaultdict(list)
    for row in rows:
        events[row[0]].append(_event(row))
    return events


def _event(row: tuple[Any, ...]) -> EventFact:
    attributes = orjson.loads(row[17]) if row[17] else {}
    if row[1] and "reason" not in attributes:
        attributes["reason"] = row[1]
    values: tuple[Any, ...] = (*row[2:17], attributes, *row[18:])
    return EventFact(*values)


def plan_of(
    shipment: ShipmentFact, template: TemplateFact | None, baselines: Mapping[str, datetime], now: datetime
) -> Plan:
    """The plan with the public holidays and the weekends that its working days need."""
    days: dict[str, frozenset[date]] = {}
    weekends: dict[str, frozenset[int]] = {}
    if template is not None and template.needs_calendar:
        route = shipment.route
        dates = [*shipment.dates.values(), *(at for leg in route.way for at in (leg.etd, leg.eta))]
        years = {now.year} | {at.year for at in dates if at}
        span = tuple(range(min(years) - 1, max(years) + 2))
        places = [*(p.place for p in route.points.values()), *(leg.destination for leg in route.way)]
        for country in {place.country for place in (*places, *(leg.origin for leg in route.way))}:
            days[country] = holidays_of(country, span)
            weekends[country] = weekend_of(country)
    return Plan(shipment, template, baselines, days, weekends)


@lru_cache(maxsize=512)
def holidays_of(country: str, years: tuple[int, ...]) -> frozenset[date]:
    """Public holidays of the whole country; empty for one that is not known."""
    try:
        return frozenset(holidays.country_holidays(country, years=years).keys())
    except NotImplementedError:
        return frozenset()


@lru_cache(maxsize=512)
def weekend_of(country: str) -> frozenset[int]:
    """Numbers of the weekdays that are off in the country today (Monday is 0); Saturday and Sunday where unknown."""
    try:
        return frozenset(holidays.country_holidays(country).weekend)
    except NotImplementedError:
        return WEEKEND
