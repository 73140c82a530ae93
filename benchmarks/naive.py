"""The reference for `ingest`: the same work as most projects would first write it, one event and one save at a time.

Parsing, normalising, matching and evaluating are the product's own pure rules, so that only the way of reading and
writing differs.
"""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from milestones.services import evaluate_shipments
from shipments.formats.registry import FORMATS
from shipments.matching import match_keys, reference_key
from shipments.models import (
    CodeMapping,
    Event,
    EventMatch,
    Location,
    Message,
    Reference,
    ShipmentStream,
    WaitingEvent,
)
from shipments.normalise import KnownPlace, Meaning, NormalisedEvent, Origin, PlaceBook, normalise, wanted_places


def ingest(message: Message) -> int:
    """Read one message and store, match and evaluate its events, each in a transaction of its own."""
    parsed = FORMATS[message.source.format](bytes(message.raw), message.source.options)
    for found in parsed.events:
        with transaction.atomic():
            _store(message, normalise(found, _origin(message, found)))
    message.state = "parsed"
    message.processed_at = timezone.now()
    message.events_found = len(parsed.events)
    message.save()
    return len(parsed.events)


def _origin(message: Message, found: object) -> Origin:
    source = message.source
    mapping = (
        CodeMapping.objects.current()
        .filter(format=source.format, source=None, code_list=found.code_list, raw_code=found.raw_code)
        .first()
    )
    meanings = {}
    if mapping is not None:
        key = (mapping.code_list, mapping.raw_code)
        meanings[key] = Meaning(mapping.code_id, mapping.classifier, mapping.attributes)
    codes = wanted_places([found]).codes
    places = Location.objects.filter(unlocode__in=codes, facility_code="")
    book = PlaceBook({p.unlocode: KnownPlace(p.pk, p.unlocode, p.time_zone, p.subdivision) for p in places})
    return Origin(source.pk, source.code, source.trust, source.time_zone, message.received_at, meanings, book)


def _store(message: Message, said: NormalisedEvent) -> None:
    names = {field for field in said.__dataclass_fields__} - {
        "code", "references", "is_mapped", "fingerprint", "location_id", "attributes", "fallback_codes", "place_keys",
    }  # fmt: skip
    event, is_new = Event.objects.get_or_create(
        fingerprint=said.fingerprint,
        defaults={
            **{name: getattr(said, name) for name in names},
            "code_id": said.code,
            "location_id": said.location_id,
            "attributes": dict(said.attributes),
            "references": [{"type": kind, "value": value} for kind, value in said.references],
            "source": message.source,
            "message": message,
            "trust": message.source.trust,
            "received_at": message.received_at,
        },
    )
    if not is_new:
        return
    for _, value in said.references:
        reference = Reference.objects.filter(key=reference_key(value)).select_related("shipment").first()
        if reference is None:
            continue
        EventMatch.objects.get_or_create(
            event=event, shipment=reference.shipment, defaults={"matched_by": str(reference)}
        )
        stream = ShipmentStream.objects.select_for_update().get(shipment=reference.shipment)
        stream.revision += 1
        stream.touched_at = timezone.now()
        stream.save()
        evaluate_shipments([reference.shipment_id], now=timezone.now())
        return
    WaitingEvent.objects.create(
        event=event, source=message.source, reason="unmatched", keys=list(match_keys(said.references, said.equipment))
    )
