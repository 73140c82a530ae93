"""Step four: normalised reports become event rows, meet their shipments, or wait. By set, in one transaction."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson

from core.bulk import insert_rows
from shipments.enums import WaitReason
from shipments.matching import NOBODY, Choice, match_keys, wanted_references
from shipments.models import Event, EventMatch, Source, WaitingEvent
from shipments.normalise import NormalisedEvent
from shipments.services import pairing
from shipments.services.locks import lock_event_ids, lock_references
from shipments.services.pairing import Findable, Pair

_COLUMNS = [
    "fingerprint", "public_id", "source", "message", "position", "trust", "code", "raw_code", "code_list", "classifier",
    "attributes", "occurred_at", "wall_time", "time_zone", "zone_certainty", "precision", "reported_at", "received_at",
    "location", "location_text", "equipment", "vessel_imo", "voyage", "flight", "references", "source_event_id",
    "retracts", "supersedes", "quarantine", "reason", "remarks", "segment",
]  # fmt: skip


@dataclass(slots=True)
class Report:
    """One report to be stored. `supersedes`: our id of the event it takes the place of.

    `shipment_ids`: shipments it is about whatever its references say, decided by `decided_by`.
    """

    event: NormalisedEvent
    source: Source
    message_id: int
    received_at: datetime
    supersedes: int | None = None
    shipment_ids: tuple[int, ...] = ()
    decided_by: str = ""
    format: str = ""


@dataclass(slots=True)
class Tally:
    """What became of the reports of one message."""

    found: int = 0
    matched: int = 0
    unmatched: int = 0
    unmapped: int = 0
    quarantined: int = 0
    duplicate: int = 0


@dataclass(slots=True)
class Stored:
    """`event_ids`: of the new events by fingerprint. `tallies`: by message."""

    event_ids: dict[str, int] = field(default_factory=dict)
    tallies: dict[int, Tally] = field(default_factory=dict)


def lock_for(reports: Sequence[Report]) -> None:
    """Take every lock that storing `reports` needs. Before anything is read or written."""
    lock_references({key for report in reports for key in match_keys(report.event.references, report.event.equipment)})
    lock_event_ids(
        ((report.source.pk, report.event.source_event_id) for report in reports if report.event.source_event_id),
        ((report.source.pk, report.event.retracts) for report in reports if report.event.retracts),
    )


def store(reports: Sequence[Report]) -> Stored:
    """Write what is new, match it, and have what lacks something wait. `lock_for` comes before."""
    fresh, stored = _insert(reports)
    events = [_findable(report, stored.event_ids[report.event.fingerprint]) for report in fresh]
    choices = pairing.choose_all(events)
    pairs = pairing.pairs_of(events, choices) + _decided(fresh, events) + pairing.pairs_of_retractions(events)
    pairs += pairing.pairs_following(pairs, events)
    pairing.write_pairs(pairs)
    matched = {pair.event_id for pair in pairs}
    waits = [
        row for report, event in zip(fresh, events, strict=True) for row in _waits(report, event, choices, matched)
    ]
    insert_rows(
        WaitingEvent,
        ["event", "source", "reason", "detail", "keys", "outcome"],
        [(*wait, array_literal(keys), "") for *wait, keys in waits],
        on_conflict="DO NOTHING",
    )
    _count(stored, fresh, matched, waits)
    return stored


def array_literal(keys: Iterable[str]) -> str:
    """A PostgreSQL array of text as core.bulk takes it."""
    quoted = ('"' + key[:140].replace("\\", "\\\\").replace('"', '\\"') + '"' for key in keys)
    return "{" + ",".join(quoted) + "}"


def unmapped_key(format_: str, code_list: str, raw_code: str) -> str:
    """What an event waits under whose code is not mapped; without a format: for a mapping of all formats."""
    return f"{format_}|{code_list}|{raw_code}"


def unmapped_keys(format_: str, event: NormalisedEvent) -> tuple[str, ...]:
    """Everything that a mapping could be made for which would give the event a meaning."""
    codes = dict.fromkeys((event.raw_code, *event.fallback_codes))
    return tuple(unmapped_key(kind, event.code_list, code) for code in codes for kind in (format_, ""))


def _insert(reports: Sequence[Report]) -> tuple[list[Report], Stored]:
    # Sorted: two batches with the same reports wait for each other instead of deadlocking.
    firsts: dict[str, Report] = {}
    for report in reports:
        firsts.setdefault(report.event.fingerprint, report)
    rows = [_row(firsts[fingerprint]) for fingerprint in sorted(firsts)]
    returned = insert_rows(Event, _COLUMNS, rows, on_conflict="DO NOTHING", returning="fingerprint, id")
    stored = Stored(dict(returned), {report.message_id: Tally() for report in reports})
    for report in reports:
        if firsts[report.event.fingerprint] is not report or report.event.fingerprint not in stored.event_ids:
            stored.tallies[report.message_id].duplicate += 1
    return [report for key, report in firsts.items() if key in stored.event_ids], stored


def _row(report: Report) -> tuple[Any, ...]:
    event = report.event
    references = [{"type": kind, "value": value} for kind, value in event.references]
    return (
        event.fingerprint, uuid.uuid4(), report.source.pk, report.message_id, event.position, report.source.trust,
        event.code, event.raw_code, event.code_list, event.classifier,
        orjson.dumps(dict(event.attributes)).decode() if event.attributes else "{}",
        event.occurred_at, event.wall_time, event.time_zone, event.zone_certainty, event.precision, event.reported_at,
        report.received_at, event.location_id, event.location_text, event.equipment, event.vessel_imo, event.voyage,
        event.flight, orjson.dumps(references).decode() if references else "[]", event.source_event_id, event.retracts,
        report.supersedes, event.quarantine, event.reason, event.remarks, event.segment,
    )  # fmt: skip


def _findable(report: Report, event_id: int) -> Findable:
    event = report.event
    return Findable(
        event_id=event_id,
        source_id=report.source.pk,
        partner_id=report.source.partner_id,
        wanted=wanted_references(event.references, event.equipment),
        equipment=event.equipment,
        source_event_id=event.source_event_id,
        retracts=event.retracts,
        at=event.occurred_at,
    )


def _decided(reports: Sequence[Report], events: Sequence[Findable]) -> list[Pair]:
    pairs = [
        Pair(event.event_id, shipment_id, report.decided_by)
        for report, event in zip(reports, events, strict=True)
        for shipment_id in report.shipment_ids
    ]
    return pairing.with_units(events, pairs) if pairs else []


def _waits(
    report: Report, event: Findable, choices: dict[int, Choice], matched: set[int]
) -> list[tuple[int, int, str, str, tuple[str, ...]]]:
    said, choice = report.event, choices.get(event.event_id, NOBODY)
    lacks: list[tuple[str, str, tuple[str, ...]]] = []
    if event.event_id not in matched:
        reason = WaitReason.AMBIGUOUS if choice.is_ambiguous else WaitReason.UNMATCHED
        lacks.append((reason.value, choice.decided_by, event.keys))
    if not said.is_mapped:
        keys = unmapped_keys(report.format or report.source.format, said)
        lacks.append((WaitReason.UNMAPPED.value, f"{said.code_list} {said.raw_code}".strip(), keys))
    if said.place_keys:
        lacks.append((WaitReason.UNPLACED.value, said.location_text, said.place_keys))
    if said.quarantine:
        lacks.append((WaitReason.QUARANTINED.value, said.quarantine, ()))
    return [(event.event_id, event.source_id, reason, detail[:300], keys) for reason, detail, keys in lacks]


def _count(
    stored: Stored, fresh: Sequence[Report], matched: set[int], waits: Sequence[tuple[int, int, str, str, Any]]
) -> None:
    messages = {stored.event_ids[report.event.fingerprint]: report.message_id for report in fresh}
    reasons = Counter((messages[event_id], reason) for event_id, _, reason, _, _ in waits)
    found = Counter(messages.values())
    met = Counter(messages[event_id] for event_id in messages if event_id in matched)
    for message_id, tally in stored.tallies.items():
        tally.found = found[message_id]
        tally.matched = met[message_id]
        tally.unmatched = reasons[message_id, WaitReason.UNMATCHED] + reasons[message_id, WaitReason.AMBIGUOUS]
        tally.unmapped = reasons[message_id, WaitReason.UNMAPPED]
        tally.quarantined = reasons[message_id, WaitReason.QUARANTINED]


def shipments_of(event_ids: Sequence[int]) -> dict[int, tuple[int, ...]]:
    """The shipments that events are matched to, by event."""
    found: dict[int, tuple[int, ...]] = {}
    rows = EventMatch.objects.filter(event_id__in=event_ids).order_by("shipment_id")
    for event_id, shipment_id in rows.values_list("event_id", "shipment_id"):
        found[event_id] = (*found.get(event_id, ()), shipment_id)
    return found
