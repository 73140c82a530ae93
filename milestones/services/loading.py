"""Reading what the rules need for a batch of shipments: a constant number of queries, whatever the batch."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any

import holidays
from django.db.models import Q

from milestones.enums import AnchorKind, DayBasis, Requirement, TemplateState
from milestones.facts import (
    Criteria,
    EventFact,
    LegFact,
    LineFact,
    PlaceFact,
    Plan,
    Policy,
    RuleFact,
    ShipmentFact,
    TemplateFact,
    TypeFact,
)
from milestones.models import ExceptionRule, MilestoneTemplate, TemplateLine
from milestones.planning import compile_template, route
from shipments.enums import TimePrecision
from shipments.models import EventMatch, Leg, MilestoneType, Shipment, Source, Unit

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
    """Rules, vocabulary and the usual delay of the sources."""
    rules = ExceptionRule.objects.filter(is_active=True).order_by("id")
    return Policy(
        rules=tuple(_rule(rule) for rule in rules),
        latency={pk: timedelta(minutes=m) for pk, m in Source.objects.values_list("id", "latency_minutes")},
        vocabulary={
            code: TypeFact(name, sequence)
            for code, name, sequence in MilestoneType.objects.values_list("code", "name", "sequence")
        },
    )


def _rule(rule: ExceptionRule) -> RuleFact:
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
    )


@dataclass(slots=True)
class Templates:
    """`by_id`: every version that a journey of the batch is pinned to or could be; `active`: those to choose from."""

    by_id: Mapping[int, TemplateFact]
    active: Sequence[TemplateFact]


def load_templates(pinned: Iterable[int]) -> Templates:
    """The active templates and those that are `pinned` (ids), with their lines."""
    rows = list(MilestoneTemplate.objects.filter(Q(state=TemplateState.ACTIVE) | Q(pk__in=set(pinned))).order_by("id"))
    lines: dict[int, list[TemplateLine]] = defaultdict(list)
    for line in TemplateLine.objects.filter(template__in=rows).order_by("template_id", "position"):
        lines[line.template_id].append(line)
    by_id = {row.pk: template_fact(row, lines[row.pk]) for row in rows}
    return Templates(by_id, [by_id[row.pk] for row in rows if row.state == TemplateState.ACTIVE])


def template_fact(row: MilestoneTemplate, lines: Sequence[TemplateLine]) -> TemplateFact:
    """A template with its `lines` (in order of position) for the rules. Raises planning.CircularPlan."""
    index = {line.pk: i for i, line in enumerate(lines)}
    criteria = Criteria(
        row.mode, row.shipment_type, row.customer_id, row.origin_country, row.destination_country
    )  # fmt: skip
    return compile_template((row.pk, row.code, row.version, row.name), criteria, [_line(line, index) for line in lines])


def _line(line: TemplateLine, index: Mapping[int, int]) -> LineFact:
    return LineFact(
        id=line.pk,
        slot=f"L{line.position}",
        position=line.position,
        code=line.type_id,
        name=line.name,
        place_role=line.place_role,
        is_mandatory=line.requirement == Requirement.MANDATORY,
        anchor=line.anchor,
        anchor_index=index.get(line.anchor_line_id, -1) if line.anchor_line_id else None,
        offset_minutes=line.offset_minutes,
        is_working=line.day_basis == DayBasis.WORKING,
        time_of_day=line.time_of_day,
        early=timedelta(minutes=line.early_tolerance_minutes),
        late=timedelta(minutes=line.late_tolerance_minutes),
        responsible=line.responsible,
        audience=line.audience,
        weight=line.weight,
        task=line.task,
    )


def _place_columns(name: str) -> list[str]:
    return [
        f"{name}_id",
        f"{name}__unlocode",
        f"{name}__same_as__unlocode",
        f"{name}__country",
        f"{name}__time_zone",
        f"{name}__name",
    ]


def _place(row: Mapping[str, Any], name: str) -> PlaceFact:
    pk, code, same_as, country, zone, _ = (row[column] for column in _place_columns(name))
    return PlaceFact(pk, same_as or code, country, zone)


def load_shipments(ids: Sequence[int]) -> dict[int, ShipmentRow]:
    """Shipments with their way, dates and units, by id."""
    legs: dict[int, list[LegFact]] = defaultdict(list)
    leg_columns = ["shipment_id", "sequence", "mode", *_place_columns("origin"), *_place_columns("destination")]
    for leg in Leg.objects.filter(shipment__in=ids).values(*leg_columns):
        ends = _place(leg, "origin"), _place(leg, "destination")
        legs[leg["shipment_id"]].append(LegFact(leg["sequence"], leg["mode"], *ends))
    units: dict[int, set[str]] = defaultdict(set)
    for shipment_id, key in Unit.objects.filter(shipment__in=ids).values_list("shipment_id", "key"):
        units[shipment_id].add(key)
    columns = ["id", "public_id", "reference", "mode", "type", "customer_id", "cancelled_at", *_DATES]
    rows = Shipment.objects.filter(pk__in=ids).values(
        *columns, *_place_columns("origin"), *_place_columns("destination")
    )
    return {row["id"]: _shipment(row, legs[row["id"]], units[row["id"]]) for row in rows}


def _shipment(row: Mapping[str, Any], legs: Sequence[LegFact], units: Iterable[str]) -> ShipmentRow:
    fact = ShipmentFact(
        mode=row["mode"],
        type=row["type"],
        customer_id=row["customer_id"],
        route=route(_place(row, "origin"), _place(row, "destination"), legs),
        dates={name: row[name] for name in _DATES},
        units=frozenset(units),
        is_cancelled=row["cancelled_at"] is not None,
    )
    places = {end: f"{row[f'{end}__name']} ({row[f'{end}__unlocode']})" for end in ("origin", "destination")}
    return ShipmentRow(row["id"], str(row["public_id"]), row["reference"], places, fact)


_EVENT_COLUMNS = (
    "shipment_id", "unit__key", "event_id", "event__public_id", "event__fingerprint", "event__source_id",
    "event__trust", "event__code_id", "event__classifier", "event__occurred_at", "event__reported_at",
    "event__received_at", "event__position", "event__location_id", "event__location__unlocode",
    "event__location__same_as__unlocode", "event__voyage", "event__flight", "event__attributes", "event__reason",
    "event__precision", "event__source_event_id", "event__retracts", "event__supersedes", "event__quarantine", "event__time_zone",
)  # fmt: skip


def load_events(ids: Sequence[int], *, as_of: datetime | None = None) -> dict[int, list[EventFact]]:
    """The events matched to each shipment; with `as_of`, only what was received and matched by then."""
    matches = EventMatch.objects.filter(shipment__in=ids)
    if as_of is not None:
        matches = matches.filter(matched_at__lte=as_of, event__processed_at__lte=as_of)
    events: dict[int, list[EventFact]] = defaultdict(list)
    for row in matches.values_list(*_EVENT_COLUMNS):
        events[row[0]].append(_event(row))
    return events


def _event(row: tuple[Any, ...]) -> EventFact:
    (
        _, unit, pk, public_id, fingerprint, source, trust, code, classifier, occurred_at, reported_at,
        received_at, position, location_id, unlocode, same_as, voyage, flight, attributes, reason,
        precision, source_event_id, retracts, supersedes, quarantine, time_zone,
    ) = row  # fmt: skip
    return EventFact(
        str(public_id),
        pk,
        fingerprint,
        source,
        trust,
        code,
        classifier,
        occurred_at,
        reported_at or received_at,
        received_at,
        position,
        same_as or unlocode or "",
        location_id,
        unit or "",
        voyage or flight,
        {**attributes, "reason": reason} if reason and "reason" not in attributes else attributes,
        precision == TimePrecision.DAY,
        source_event_id,
        retracts,
        supersedes,
        bool(quarantine),
        time_zone,
    )


def plan_of(
    shipment: ShipmentFact, template: TemplateFact | None, baselines: Mapping[str, datetime], now: datetime
) -> Plan:
    """The plan with the public holidays that its working days need."""
    days: dict[str, frozenset[date]] = {}
    if template is not None and any(line.is_working for line in template.lines):
        years = {now.year} | {at.year for at in shipment.dates.values() if at}
        span = tuple(range(min(years) - 1, max(years) + 2))
        days = {p.place.country: holidays_of(p.place.country, span) for p in shipment.route.points.values()}
    return Plan(shipment, template, baselines, days)


@lru_cache(maxsize=512)
def holidays_of(country: str, years: tuple[int, ...]) -> frozenset[date]:
    """Public holidays of the whole country; empty for one that is not known."""
    try:
        return frozenset(holidays.country_holidays(country, years=years).keys())
    except NotImplementedError:
        return frozenset()
