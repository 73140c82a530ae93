"""The histories of `reported` as rows: many shipments at once, each with a twin that is told everything at once.

Both have the same events (`EventMatch`), so that all that stands on them must be the same to the last decision.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import connection, transaction

from core.bulk import array_of
from milestones.models import EtaVersion, ExceptionRule, Journey, Milestone, ShipmentException, WorkTask
from partners.enums import PartnerKind
from partners.services import save_partner
from shipments.models import (
    Event,
    EventMatch,
    Leg,
    Location,
    Reference,
    Shipment,
    ShipmentParty,
    ShipmentStream,
    Unit,
)
from shipments.services import save_source
from tests.factories.milestones import BOOKED, ETA, ETD
from tests.factories.shipments import MessageFactory
from tests.flows.reported import PLACES, TRUST, UNITS, VOYAGES, Report

# What tells when and how it was done, not what stands; and the keys of the rows themselves.
KEYS = {"id", "shipment_id", "public_id"}
# `revision` counts how often something changed on the way, `evaluated_at` is the last look; what was noticed in a look
# at an earlier instant was opened then, and is due so much later.
ON_THE_WAY = {"seen_revision", "revision", "evaluated_at", "opened_at", "due_at"}
_TOUCH = """
    WITH held AS (
        SELECT shipment_id FROM shipments_shipmentstream WHERE shipment_id = ANY(%s::bigint[])
        ORDER BY shipment_id FOR UPDATE
    )
    UPDATE shipments_shipmentstream s SET revision = revision + 1, touched_at = statement_timestamp()
    FROM held WHERE held.shipment_id = s.shipment_id
"""


@dataclass(slots=True)
class Told:
    """One shipment with its history: `events`, ids by the numbers of the reports."""

    reports: Sequence[Report]
    shipment: Shipment
    twin: Shipment
    events: dict[int, int] = field(default_factory=dict)


class Rows:
    """The partners, places, sources and rules, made once; then histories, as many as are wanted."""

    def __init__(self) -> None:
        self.customer = save_partner("CUSTOMER", name="Customer", kinds=[PartnerKind.CUSTOMER])
        carrier = save_partner("CARRIER", name="Carrier", kinds=[PartnerKind.CARRIER])
        self.places = {p.unlocode: p for p in Location.objects.places().filter(unlocode__in=[c for c in PLACES if c])}
        self.sources = {
            number: save_source(f"SOURCE-{number}", partner=carrier, format="native", trust=trust)
            for number, trust in TRUST.items()
        }
        self.messages = {number: MessageFactory(source=source) for number, source in self.sources.items()}
        self.made = 0
        ExceptionRule.objects.filter(code="missing").update(minimum_minutes=60)

    def book(self, histories: Sequence[tuple[Sequence[Report], int, bool]]) -> list[Told]:
        """(reports, number of units, whether by two vessels) → their shipments and events; nothing is matched yet."""
        with transaction.atomic():
            told = [Told(reports, *self._twins(units, has_legs)) for reports, units, has_legs in histories]
            self._write_events(told)
        return told

    def _twins(self, units: int, has_legs: bool) -> tuple[Shipment, Shipment]:
        self.made += 1
        return tuple(self._shipment(f"T{self.made}{side}", units, has_legs) for side in "AB")  # type: ignore[return-value]

    def _shipment(self, reference: str, units: int, has_legs: bool) -> Shipment:
        rotterdam, singapore, shanghai = (self.places[code] for code in ("NLRTM", "SGSIN", "CNSGH"))
        shipment = Shipment.objects.create(
            reference=reference, type="export", mode="ocean", customer=self.customer, origin=rotterdam,
            destination=shanghai, booked_at=BOOKED, etd=ETD, eta=ETA,
        )  # fmt: skip
        ShipmentStream.objects.create(shipment=shipment, revision=1)
        ShipmentParty.objects.create(shipment=shipment, partner=self.customer, role="customer")
        Reference.objects.create(shipment=shipment, type="shipment", value=reference, key=reference)
        for number in UNITS[:units]:
            Unit.objects.create(shipment=shipment, kind="container", number=number, key=number)
        if has_legs:
            ends = (rotterdam, singapore, shanghai)
            for sequence, voyage in enumerate(VOYAGES, start=1):
                Leg.objects.create(
                    shipment=shipment, sequence=sequence, mode="ocean", voyage=voyage, origin=ends[sequence - 1],
                    destination=ends[sequence],
                )  # fmt: skip
        return shipment

    def _write_events(self, told: Sequence[Told]) -> None:
        numbered = [(one, report) for one in told for report in one.reports]
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT nextval(pg_get_serial_sequence('shipments_event', 'id')) FROM generate_series(1, %s)",
                [len(numbered)],
            )
            for (one, report), (pk,) in zip(numbered, cursor.fetchall(), strict=True):
                one.events[report.number] = pk
        Event.objects.bulk_create(self._event(one, report) for one, report in numbered)

    def _event(self, one: Told, report: Report) -> Event:
        place = self.places.get(report.place)
        pk = one.events[report.number]
        return Event(
            pk=pk,
            # As long as any, and in the order of the content: ties must not be settled by the order of the ids.
            fingerprint=f"{report.fingerprint[:40]}{pk:024d}",
            source=self.sources[report.source],
            message=self.messages[report.source],
            position=report.position,
            trust=TRUST[report.source],
            code_id=report.code,
            raw_code=report.code,
            classifier=report.classifier,
            attributes=dict(report.attributes),
            occurred_at=report.occurred_at,
            time_zone=place.time_zone if place else "UTC",
            zone_certainty="given" if report.at is not None else "",
            precision="day" if report.is_day else "minute",
            reported_at=report.told_at,
            received_at=report.told_at,
            location=place,
            voyage=report.voyage,
            source_event_id=report.own_id,
            retracts=report.retracts,
            supersedes=one.events[report.supersedes] if report.supersedes else None,
            quarantine="The time cannot be true." if report.is_quarantined else "",
        )


def deliver(parts: Iterable[tuple[Told, Iterable[int]]], *, to_twins: bool = False) -> None:
    """Match these reports (by number) to their shipments in one transaction. What was matched before stays once."""
    matches: list[EventMatch] = []
    touched: set[int] = set()
    for one, numbers in parts:
        shipment = one.twin if to_twins else one.shipment
        units = {unit.key: unit for unit in shipment.units.all()}
        unit_of = {report.number: units.get(report.unit) for report in one.reports}
        for number in numbers:
            matches.append(
                EventMatch(event_id=one.events[number], shipment=shipment, unit=unit_of[number], matched_by="test")
            )
            touched.add(shipment.pk)
    with transaction.atomic():
        # Whoever waits for another's rows here does so in one order.
        matches.sort(key=lambda match: (match.shipment_id, match.event_id))
        EventMatch.objects.bulk_create(matches, ignore_conflicts=True)
        with connection.cursor() as cursor:
            cursor.execute(_TOUCH, [array_of(sorted(touched))])


def what_stands(shipments: Sequence[Shipment]) -> list[dict[str, Any]]:
    """Everything that must not depend on the way it came about, of each shipment.

    Of cases and tasks those that are open: what was opened and closed by itself on the way tells of the way.
    """
    ids = [shipment.pk for shipment in shipments]
    stands: dict[int, dict[str, Any]] = {pk: {"milestones": [], "cases": [], "tasks": [], "etas": []} for pk in ids}
    for row in Journey.objects.filter(shipment__in=ids).values():
        stands[row["shipment_id"]]["journey"] = _plain(row)
    for row in Milestone.objects.filter(shipment__in=ids).order_by("slot").values():
        stands[row["shipment_id"]]["milestones"].append(_plain(row))
    cases = ShipmentException.objects.filter(shipment__in=ids).unresolved()
    slots = {None: ""}
    for row in cases.order_by("rule_id", "slot").values():
        slots[row["id"]] = f"{row['rule_id']} {row['slot']}"
        stands[row["shipment_id"]]["cases"].append(_plain(row, "milestone_id", "group_id"))
    for row in WorkTask.objects.filter(shipment__in=ids, state="open").values():
        of_case = row["exception_id"] is not None
        task = _plain(row, "milestone_id", "exception_id", *(("key",) if of_case else ()))
        task["due_at"] = None if of_case else row["due_at"]
        stands[row["shipment_id"]]["tasks"].append((slots[row["exception_id"]], sorted(task.items(), key=repr)))
    for row in EtaVersion.objects.filter(shipment__in=ids, kind="carrier").order_by("told_at", "expected_at").values():
        stands[row["shipment_id"]]["etas"].append(_plain(row))
    for one in stands.values():
        one["tasks"].sort(key=repr)
    return [stands[pk] for pk in ids]


def _plain(row: dict[str, Any], *without: str) -> dict[str, Any]:
    hidden = KEYS | ON_THE_WAY | set(without)
    return {name: value for name, value in row.items() if name not in hidden}


def difference(one: dict[str, Any], other: dict[str, Any]) -> list[str]:
    """What differs, row by row and value by value, for a person to read."""
    return [line for part in one for line in _unlike(part, one[part], other.get(part))]


def _unlike(name: str, one: Any, other: Any) -> list[str]:
    if one == other:
        return []
    if isinstance(one, dict) and isinstance(other, dict) and one.keys() == other.keys():
        return [line for key in one for line in _unlike(f"{name}.{key}", one[key], other[key])]
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        return [line for i, pair in enumerate(zip(one, other, strict=True)) for line in _unlike(f"{name}.{i}", *pair)]
    return [f"{name}: {one!r} and not {other!r}"]
