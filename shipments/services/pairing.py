"""Events meet shipments: by their references, and a retraction by what it retracts. By set, however many."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from core.bulk import fetch_rows, insert_rows
from core.queue import nudge
from partners.enums import UserKind
from shipments.enums import ReferenceType, WaitOutcome
from shipments.matching import (
    Choice,
    KnownShipment,
    ReferenceBook,
    choose_shipments,
    match_key,
    unit_key,
    window_of,
)
from shipments.models import EventMatch, ShipmentParty, Unit

RETRACTION = "what it retracts"
_Window = tuple[datetime | None, datetime | None]
_BOOK = """
    SELECT r.shipment_id, r.type, r.key, u.kind,
           s.booked_at, s.cargo_ready_at, s.etd, s.eta, s.closed_at, s.cancelled_at
    FROM shipments_reference r JOIN shipments_shipment s ON s.id = r.shipment_id
    LEFT JOIN partners_user u ON u.id = s.created_by_id
    WHERE r.shipment_id IN (SELECT shipment_id FROM shipments_reference WHERE key = ANY(%s))
"""

# An event and a retraction of it may come in any order, each alone or in one batch.
_RETRACTIONS_OF = """
    SELECT r.id, x.shipment_id, x.unit_id
    FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[]) AS x(event_id, shipment_id, unit_id)
    JOIN shipments_event e ON e.id = x.event_id
    JOIN shipments_event r ON r.source_id = e.source_id AND r.retracts = e.source_event_id AND r.retracts <> ''
    WHERE e.source_event_id <> ''
"""
_RETRACTED_BY = """
    SELECT r.id, m.shipment_id, m.unit_id
    FROM unnest(%s::bigint[]) AS x(event_id)
    JOIN shipments_event r ON r.id = x.event_id
    JOIN shipments_event e ON e.source_id = r.source_id AND e.source_event_id = r.retracts AND e.source_event_id <> ''
    JOIN shipments_eventmatch m ON m.event_id = e.id
"""
_KNOWN = """
    SELECT m.shipment_id, m.event_id FROM unnest(%s::bigint[], %s::bigint[]) AS x(shipment_id, event_id)
    JOIN shipments_eventmatch m ON m.shipment_id = x.shipment_id AND m.event_id = x.event_id
"""
# Locked in the order of their ids: two batches that share shipments wait for each other instead of deadlocking.
_TOUCH = """
    WITH locked AS (
        SELECT shipment_id FROM shipments_shipmentstream WHERE shipment_id = ANY(%s) ORDER BY shipment_id FOR UPDATE
    )
    UPDATE shipments_shipmentstream s SET revision = revision + 1, touched_at = statement_timestamp()
    FROM locked WHERE s.shipment_id = locked.shipment_id
"""
_CLOSE = """
    WITH locked AS (
        SELECT id FROM shipments_waitingevent
        WHERE event_id = ANY(%s) AND closed_at IS NULL AND reason IN ('unmatched', 'ambiguous')
        ORDER BY id FOR UPDATE
    )
    UPDATE shipments_waitingevent w SET closed_at = statement_timestamp(), outcome = %s, closed_by_id = %s
    FROM locked WHERE w.id = locked.id
"""


@dataclass(slots=True)
class Findable:
    """A stored event as far as finding its shipments needs it."""

    event_id: int
    source_id: int
    partner_id: int
    wanted: tuple[tuple[str, str], ...]
    equipment: str = ""
    source_event_id: str = ""
    retracts: str = ""
    at: datetime | None = None

    @property
    def unit(self) -> str:
        """The one unit it is about: named as such, or the only container among the references."""
        containers = [key for kind, key in self.wanted if kind == ReferenceType.CONTAINER]
        return unit_key(self.equipment or (containers[0] if len(containers) == 1 else ""))

    @property
    def keys(self) -> tuple[str, ...]:
        """What it waits under when nobody knows it."""
        retracted = (f"event:{self.source_id}:{self.retracts}",) if self.retracts else ()
        return tuple(dict.fromkeys(match_key(kind, key) for kind, key in self.wanted)) + retracted


@dataclass(slots=True)
class Pair:
    """This event is about this shipment, and about this unit of it."""

    event_id: int
    shipment_id: int
    matched_by: str
    unit_id: int | None = None


def load_book(keys: Collection[str]) -> ReferenceBook:
    """All shipments that have a reference with one of the `keys` (without their kind), with all their references."""
    if not keys:
        return ReferenceBook()
    rows = fetch_rows(_BOOK, [list(keys)])
    references: dict[int, set[tuple[str, str]]] = defaultdict(set)
    facts: dict[int, tuple[bool, _Window]] = {}
    for shipment_id, kind, key, made_by, *dates in rows:
        references[shipment_id].add((kind, key))
        if shipment_id not in facts:
            facts[shipment_id] = (made_by in (None, UserKind.INTERNAL), _window(*dates))
    parties = _parties([shipment_id for shipment_id, (is_ours, _) in facts.items() if not is_ours])
    by_key: dict[str, list[tuple[str, KnownShipment]]] = defaultdict(list)
    for shipment_id, (is_ours, window) in facts.items():
        own = frozenset(references[shipment_id])
        known = KnownShipment(shipment_id, own, is_ours, parties.get(shipment_id, frozenset()), *window)
        for kind, key in own:
            by_key[match_key(kind, key)].append((kind, known))
    return ReferenceBook(by_key)


def choose_all(events: Sequence[Findable]) -> dict[int, Choice]:
    """What the references of each event say, by its id. Their keys have to be locked before."""
    book = load_book({key for event in events for _, key in event.wanted})
    return {
        event.event_id: choose_shipments(event.wanted, book, partner_id=event.partner_id, at=event.at)
        for event in events
    }


def pairs_of(events: Sequence[Findable], choices: dict[int, Choice]) -> list[Pair]:
    """The pairs that `choices` mean, with the unit where the event names one of the shipment's."""
    pairs = [
        Pair(event.event_id, shipment_id, choice.decided_by)
        for event in events
        for choice in (choices[event.event_id],)
        for shipment_id in choice.shipment_ids
    ]
    return with_units(events, pairs)


def with_units(events: Sequence[Findable], pairs: list[Pair]) -> list[Pair]:
    """The same pairs, each with its unit."""
    named = {event.event_id: unit for event in events if (unit := event.unit)}
    wanted = {(pair.shipment_id, named[pair.event_id]) for pair in pairs if pair.event_id in named}
    if not wanted:
        return pairs
    units = {
        (shipment_id, key): pk
        for pk, shipment_id, key in Unit.objects.filter(
            shipment_id__in={shipment_id for shipment_id, _ in wanted}, key__in={key for _, key in wanted}
        ).values_list("pk", "shipment_id", "key")
    }
    return [
        Pair(p.event_id, p.shipment_id, p.matched_by, units.get((p.shipment_id, named.get(p.event_id, ""))))
        for p in pairs
    ]


def pairs_of_retractions(events: Sequence[Findable]) -> list[Pair]:
    """The shipments of what the retractions among `events` retract, as far as it was matched before."""
    retracting = [event.event_id for event in events if event.retracts]
    return _retraction_pairs(_RETRACTED_BY, [retracting]) if retracting else []


def pairs_following(pairs: Sequence[Pair], events: Sequence[Findable]) -> list[Pair]:
    """The retractions of the events in `pairs` go where those go."""
    retractable = {event.event_id for event in events if event.source_event_id}
    followed = [pair for pair in pairs if pair.event_id in retractable]
    if not followed:
        return []
    columns: list[Any] = [
        [p.event_id for p in followed],
        [p.shipment_id for p in followed],
        [p.unit_id for p in followed],
    ]
    return _retraction_pairs(_RETRACTIONS_OF, columns)


def write_pairs(pairs: Iterable[Pair], *, by_id: int | None = None) -> int:
    """Store what is not stored yet, count the shipments on, and close what waited for it. Returns the new pairs."""
    wanted = {(pair.shipment_id, pair.event_id): pair for pair in reversed(list(pairs))}
    known = _known(wanted)
    fresh = [pair for key, pair in sorted(wanted.items()) if key not in known]
    if not fresh:
        return 0
    touch({pair.shipment_id for pair in fresh})
    insert_rows(
        EventMatch,
        ["event", "shipment", "unit", "matched_by"],
        [(p.event_id, p.shipment_id, p.unit_id, p.matched_by[:100]) for p in fresh],
        on_conflict="DO NOTHING",
    )
    with connection.cursor() as cursor:
        cursor.execute(_CLOSE, [sorted({p.event_id for p in fresh}), WaitOutcome.MATCHED.value, by_id])
    return len(fresh)


def touch(shipment_ids: Iterable[int]) -> None:
    """Tell the apps above that something happened to these shipments."""
    with connection.cursor() as cursor:
        cursor.execute(_TOUCH, [sorted(shipment_ids)])
    nudge("advance")


def _window(
    booked_at: datetime | None,
    cargo_ready_at: datetime | None,
    etd: datetime | None,
    eta: datetime | None,
    *ended: datetime | None,
) -> _Window:
    return window_of((booked_at, cargo_ready_at, etd), eta=eta, ended=min((at for at in ended if at), default=None))


def _known(wanted: Iterable[tuple[int, int]]) -> set[tuple[int, int]]:
    pairs = list(wanted)
    if not pairs:
        return set()
    with connection.cursor() as cursor:
        cursor.execute(_KNOWN, [[shipment_id for shipment_id, _ in pairs], [event_id for _, event_id in pairs]])
        return set(cursor.fetchall())


def _parties(shipment_ids: list[int]) -> dict[int, frozenset[int]]:
    found: dict[int, set[int]] = defaultdict(set)
    if shipment_ids:
        rows = ShipmentParty.objects.filter(shipment_id__in=shipment_ids).values_list("shipment_id", "partner_id")
        for shipment_id, partner_id in rows:
            found[shipment_id].add(partner_id)
    return {shipment_id: frozenset(partners) for shipment_id, partners in found.items()}


def _retraction_pairs(sql: str, columns: list[Any]) -> list[Pair]:
    with connection.cursor() as cursor:
        cursor.execute(sql, columns)
        return [Pair(event_id, shipment_id, RETRACTION, unit_id) for event_id, shipment_id, unit_id in cursor]
