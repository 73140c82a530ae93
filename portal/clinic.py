"""The ingest clinic: what would become of a payload, found out by the real services and taken back."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Max
from django.utils.translation import gettext as _

from core.errors import DomainError
from partners.access import sees_all
from partners.models import User
from portal.trial import Effect, Trial, try_out
from shipments.enums import MessageState, WaitReason
from shipments.formats.base import Envelope
from shipments.formats.registry import FORMATS
from shipments.models import CodeMapping, Event, EventMatch, Message, Shipment, Source, WaitingEvent
from shipments.services import ingest_messages, manual_source, receive, reprocess, save_source
from shipments.services.mappings import mappings_of
from shipments.services.reading import Reading, read, reports_of
from shipments.services.storing import Report

MOST_BYTES = 5 << 20
MOST_EVENTS = 500
NEW, DUPLICATE, REPEATED = "new", "duplicate", "repeated"
# Whether another's shipment is known is no business of a partner's.
_ABOUT_SHIPMENTS = frozenset({WaitReason.UNMATCHED.value, WaitReason.AMBIGUOUS.value})


@dataclass(frozen=True, slots=True)
class Found:
    """One event of the payload, in our words. `event`: the row as it would be stored, or as it stands already.

    `standing`: new, duplicate (stored before, `event` is that one) or repeated (in this payload). `mapping` None: the
    code is our own, or nobody mapped it. `waits`: why it would wait, of shipments.enums.WaitReason.
    """

    event: Event
    segment: str
    position: int
    standing: str
    is_mapped: bool
    mapping: CodeMapping | None
    waits: tuple[str, ...]
    shipments: tuple[Shipment, ...]


@dataclass(frozen=True, slots=True)
class Finding:
    """What would become of the payload. `errors` as a message keeps them; `left_out`: events beyond the first 500."""

    source: str
    format: str
    state: str
    is_known: bool
    errors: list[dict[str, Any]] = field(default_factory=list)
    envelopes: tuple[Envelope, ...] = ()
    events: list[Found] = field(default_factory=list)
    left_out: int = 0
    trial: Trial = field(default_factory=Trial)

    @property
    def effects(self) -> list[Effect]:
        return self.trial.effects

    def count(self, standing: str) -> int:
        return sum(one.standing == standing for one in self.events)


def examine(payload: bytes, *, by: User, source: Source | None = None, format: str = "auto") -> Finding:
    """Read, map, match and evaluate `payload` as if it had come from `source`, or from the house in this `format`.

    Nothing is stored. A partner's person names a source of his own, and learns of no shipment but those he may see.
    Raises DomainError `empty`, `too_large`, `unknown_format`, `source_missing`, `source_inactive`, `too_slow`.
    """
    if not payload.strip():
        raise DomainError("empty", _("Paste a message, or choose a file."), field="payload")
    if len(payload) > MOST_BYTES:
        raise DomainError("too_large", _("The clinic takes 5 MiB at most. Try a part of it."), field="payload")
    if source is None and not sees_all(by):
        raise DomainError("source_missing", _("Name one of your sources."), field="source")
    if (source.format if source else format) not in FORMATS:
        raise DomainError("unknown_format", _("Nothing reads this format yet."), field="format")
    finding, trial = try_out(lambda: _taken(payload, source or _passer_by(format), by), by=by)
    return Finding(
        source.code if source else "", finding.format, finding.state, finding.is_known, finding.errors,
        finding.envelopes, finding.events, finding.left_out, trial,
    )  # fmt: skip


def _passer_by(format_: str) -> Source:
    """A source for this once."""
    partner = manual_source(None).partner
    return save_source(f"CLINIC-{uuid.uuid4().hex[:20]}", partner=partner, format=format_)


def _taken(payload: bytes, source: Source, by: User) -> tuple[Finding, set[int]]:
    before = Event.objects.aggregate(last=Max("pk"))["last"] or 0
    receipt = receive(source, payload, by=by)
    if receipt.is_duplicate and receipt.message.state != MessageState.RECEIVED:
        reprocess(receipt.message, by=by)
    ingest_messages([receipt.message.pk])
    message = Message.objects.select_related("source").get(pk=receipt.message.pk)
    reading = read(message)
    reports = reports_of([reading])
    found = _found(reading, reports[:MOST_EVENTS], before, by)
    touched = EventMatch.objects.filter(event_id__gt=before, event__message=message).values_list("shipment", flat=True)
    return Finding(
        source.code, reading.format, message.state, receipt.is_duplicate, message.errors or reading.errors,
        reading.parsed.envelopes, found, max(0, len(reports) - MOST_EVENTS),
    ), set(touched)  # fmt: skip


def _found(reading: Reading, reports: Sequence[Report], before: int, by: User) -> list[Found]:
    prints = [report.event.fingerprint for report in reports]
    rows = Event.objects.filter(fingerprint__in=prints).select_related("code", "location", "source")
    events = {event.fingerprint: event for event in rows}
    ids = [event.pk for event in events.values()]
    shipments, waits = _shipments(ids, by), _waits(ids, by)
    mappings = mappings_of(reading)
    seen: set[str] = set()
    found = []
    for report in reports:
        event = events.get(report.event.fingerprint)
        if event is None:
            continue
        standing = DUPLICATE if event.pk <= before else REPEATED if event.fingerprint in seen else NEW
        seen.add(event.fingerprint)
        mapping = None if not report.event.is_mapped else _mapping(report, mappings)
        found.append(
            Found(
                event, report.event.segment, report.event.position, standing, report.event.is_mapped, mapping,
                waits.get(event.pk, ()), shipments.get(event.pk, ()),
            )
        )  # fmt: skip
    return found


def _mapping(report: Report, mappings: Mapping[tuple[str, str], CodeMapping]) -> CodeMapping | None:
    said = report.event
    known = (mappings.get((said.code_list, code)) for code in (said.raw_code, *said.fallback_codes))
    return next((mapping for mapping in known if mapping is not None and mapping.code_id == said.code), None)


def _shipments(event_ids: Sequence[int], by: User) -> dict[int, tuple[Shipment, ...]]:
    pairs = list(
        EventMatch.objects.filter(event_id__in=event_ids).order_by("shipment_id").values_list("event_id", "shipment_id")
    )
    visible = Shipment.objects.for_user(by).filter(pk__in={shipment for _event, shipment in pairs})
    rows = {row.pk: row for row in visible.select_related("customer", "origin", "destination")}
    found: dict[int, tuple[Shipment, ...]] = {}
    for event, shipment in pairs:
        if shipment in rows:
            found[event] = (*found.get(event, ()), rows[shipment])
    return found


def _waits(event_ids: Sequence[int], by: User) -> dict[int, tuple[str, ...]]:
    rows = WaitingEvent.objects.open().filter(event_id__in=event_ids).order_by("reason")
    hidden = frozenset() if sees_all(by) else _ABOUT_SHIPMENTS
    found: dict[int, tuple[str, ...]] = {}
    for event, reason in rows.values_list("event_id", "reason"):
        if reason not in hidden:
            found[event] = (*found.get(event, ()), reason)
    return found
