"""Events that wait are taken up by what they waited for: a shipment that appears, or a reference it gets."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from django.db import transaction

from shipments.enums import CONSOLIDATING_REFERENCES
from shipments.matching import match_key, wanted_references
from shipments.models import Event, EventMatch, Reference, Shipment, WaitingEvent
from shipments.services import pairing
from shipments.services.locks import lock_event_ids, lock_references
from shipments.services.pairing import Findable, Pair


@transaction.atomic
def take_up(shipment: Shipment, *, others_too: bool = False) -> int:
    """Match the events that wait for one of the references of `shipment`. Returns the new matches.

    An event that other shipments have by a shared reference (a master bill, a container) is taken up as well.
    `others_too`: its dates changed, so that what it has given way to may find another shipment as well.
    """
    kinds_and_keys = list(shipment.references.values_list("type", "key"))
    keys = {match_key(kind, key) for kind, key in kinds_and_keys}
    lock_references(keys, to_write=True)
    waiting = WaitingEvent.objects.unmatched().filter(keys__overlap=sorted(keys)).values_list("event_id", flat=True)
    shared = {key for kind, key in kinds_and_keys if kind in CONSOLIDATING_REFERENCES}
    return _take_up({*waiting, *_events_of_siblings(shipment, shared)}, only=None if others_too else shipment)


@transaction.atomic
def take_up_events(event_ids: Collection[int]) -> int:
    """Match these waiting events as far as their shipments are known by now. Returns the new matches."""
    lock_references({key for event in findables(event_ids) for key in event.keys})
    return _take_up(event_ids)


def _take_up(event_ids: Collection[int], *, only: Shipment | None = None) -> int:
    events = findables(event_ids)
    if not events:
        return 0
    lock_event_ids((e.source_id, e.source_event_id) for e in events if e.source_event_id)
    pairs = pairing.pairs_of(events, pairing.choose_all(events))
    if only is not None:
        pairs = [pair for pair in pairs if pair.shipment_id == only.pk]
    return write_with_retractions(events, pairs)


def write_with_retractions(events: Sequence[Findable], pairs: list[Pair], *, by_id: int | None = None) -> int:
    """Store `pairs` of `events`, and with them what retractions say. Returns the new matches."""
    pairs = pairs + pairing.pairs_of_retractions(events)
    return pairing.write_pairs(pairs + pairing.pairs_following(pairs, events), by_id=by_id)


def findables(event_ids: Collection[int]) -> list[Findable]:
    """The stored events as matching sees them, in the order of their ids."""
    rows = Event.objects.filter(pk__in=list(event_ids)).order_by("pk")
    fields = (
        "pk",
        "source_id",
        "source__partner_id",
        "references",
        "equipment",
        "source_event_id",
        "retracts",
        "occurred_at",
    )
    return [
        Findable(pk, source_id, partner_id, _wanted(references, equipment), equipment, *rest)
        for pk, source_id, partner_id, references, equipment, *rest in rows.values_list(*fields)
    ]


def _wanted(references: list[dict[str, str]], equipment: str) -> tuple[tuple[str, str], ...]:
    return wanted_references([(said["type"], said["value"]) for said in references], equipment)


def _events_of_siblings(shipment: Shipment, keys: Collection[str]) -> list[int]:
    """What was reported of the other shipments that share one of the consolidating references."""
    if not keys:
        return []
    siblings = Reference.objects.filter(key__in=sorted(keys)).exclude(shipment=shipment).values("shipment_id")
    events = EventMatch.objects.filter(shipment_id__in=siblings).values_list("event_id", flat=True)
    return list(events.distinct())
