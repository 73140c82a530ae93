"""The stream: messages that wait are read, and their events stored and matched, a batch in one transaction."""

from __future__ import annotations

import json
import time
import uuid
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import accumulate, takewhile
from typing import Any

from django.db import connection, transaction
from django.db.models import F
from django.db.models.functions import Now
from django.utils import timezone

from core.bulk import array_of, fetch_rows, update_rows
from core.leases import LeaseLost, claim, fence, in_halves
from core.queue import nudge
from shipments.enums import MessageState
from shipments.formats.base import ParseIssue
from shipments.models import Event, Message, Source
from shipments.services.acknowledging import acknowledge
from shipments.services.apart import needs_apart
from shipments.services.envelopes import doubted, doubts_of
from shipments.services.locks import lock_mappings
from shipments.services.reading import Reading, kept, read, read_in_parts, reports_of, worst
from shipments.services.reviving import revived
from shipments.services.storing import Report, Stored, Tally, lock_for, store

# Short, because what a killed worker held waits so long; renewed before each batch of a claim. One large message is
# one batch, and takes its time.
_LEASE = timedelta(seconds=30)
_LONG_LEASE = timedelta(minutes=5)
_ATTEMPTS = 5
# Seconds after which a claim is not worked on further: well before the queue would end its worker for being stuck.
_SLICE = 10.0
# The same for one large message, which begins anew from its bytes after each.
_LONG_SLICE = 25.0
# Attempts → messages of one transaction at most.
_TOGETHER = {1: 1000, 2: 50}
# After an error: one minute, then twice as long each time.
_PAUSE = timedelta(minutes=1)
# One transaction reads this much at most: about 1,000 to 4,000 events. One larger message is a transaction of its own.
_BATCH_BYTES = 512 << 10
# One claim holds this much in memory at most, or one message.
_CLAIM_BYTES = 64 << 20
_CLAIM_THESE = """
    UPDATE shipments_message SET attempts = attempts + 1, lease_token = %s, lease_until = statement_timestamp() + %s
    WHERE id IN (
        SELECT id FROM shipments_message
        WHERE id = ANY(%s) AND state = 'received' AND (lease_until IS NULL OR lease_until < statement_timestamp())
        ORDER BY id FOR UPDATE SKIP LOCKED
    ) RETURNING id
"""
_DONE = "SELECT 1 FROM shipments_message WHERE id = ANY(%s::bigint[]) AND state <> 'received' LIMIT 1"
_COUNTS = """
    SELECT e.message_id, count(*), count(*) FILTER (WHERE EXISTS (
               SELECT 1 FROM shipments_eventmatch m WHERE m.event_id = e.id)),
           count(*) FILTER (WHERE w.reasons && '{unmatched,ambiguous}'),
           count(*) FILTER (WHERE 'unmapped' = ANY(w.reasons)),
           count(*) FILTER (WHERE 'quarantined' = ANY(w.reasons))
    FROM shipments_event e LEFT JOIN LATERAL (
        SELECT array_agg(reason::text) AS reasons FROM shipments_waitingevent
        WHERE event_id = e.id AND closed_at IS NULL
    ) w ON true
    WHERE e.message_id = ANY(%s) AND e.supersedes IS NULL GROUP BY e.message_id
"""


def ingest_waiting(limit: int = 1000) -> int:
    """Read up to `limit` messages that wait, oldest first; any number of workers may do so at once.

    Returns the messages claimed: 0 when none is due.
    """
    claimed = claim(Message, where_state=MessageState.RECEIVED, limit=_fitting(limit), lease_for=_LEASE)
    _ingest(claimed)
    return len(claimed)


def ingest_messages(message_ids: Sequence[int]) -> int:
    """Read these messages now, as far as they wait and no worker has them. Returns the messages that were read."""
    with transaction.atomic(), connection.cursor() as cursor:
        values: list[Any] = [uuid.uuid4(), _LEASE, list(message_ids)]
        cursor.execute(_CLAIM_THESE, values)
        claimed = [row[0] for row in cursor.fetchall()]
    return _ingest(list(Message.objects.filter(pk__in=claimed).order_by("pk")))


@dataclass(frozen=True, slots=True)
class Decision:
    """What a person has decided of an event, whatever its references say."""

    shipment_ids: tuple[int, ...] = ()
    decided_by: str = ""
    supersedes: int | None = None


def ingest_decided(reading: Reading, decision: Decision | Mapping[int, Decision]) -> Stored:
    """Store what a person enters, in the transaction that received it: nobody else has seen the message yet.

    `decision`: of its one event, or of each by its position.
    """
    lock_mappings()
    by_position = decision if isinstance(decision, Mapping) else defaultdict(lambda: decision)
    reports = [_decided(report, by_position[report.event.position]) for report in reports_of([reading])]
    lock_for(reports)
    stored = store(reports)
    _finish([reading], stored.tallies)
    return stored


def _decided(report: Report, decision: Decision) -> Report:
    return replace(
        report,
        shipment_ids=decision.shipment_ids,
        decided_by=decision.decided_by,
        supersedes=decision.supersedes,
    )


def _ingest(claimed: Sequence[Message]) -> int:
    sources = Source.objects.in_bulk({message.source_id for message in claimed})
    for message in claimed:
        message.source = sources[message.source_id]
    left = [message for message in claimed if not _is_worn_out(message)]
    done, begun = 0, time.monotonic()
    for number, batch in enumerate(list(_batches(left))):
        if time.monotonic() - begun > _SLICE:
            _give_back(left)
            break
        # The lease of a claim that is one batch of small messages, as nearly all are, is fresh enough.
        if number or _takes_long(batch[0]):
            _keep(left)
        done += in_halves(batch, _way_of(batch), _park)
        left = left[len(batch) :]
    return done


def _way_of(batch: Sequence[Message]) -> Callable[[Sequence[Message]], None]:
    if _is_large(batch[0]):
        return _work_in_parts
    return _work_warily if batch[0].attempts > 1 else _work


def _is_large(message: Message) -> bool:
    return needs_apart(bytes(message.raw))


def _takes_long(message: Message) -> bool:
    """Whether it is read for longer than a short lease lasts; an archive may be small and unpack to much."""
    return message.size > _BATCH_BYTES or _is_large(message)


def _give_back(messages: Sequence[Message]) -> None:
    """What was claimed and not begun is anybody's again, and was not tried."""
    ours = Message.objects.filter(pk__in=[message.pk for message in messages], lease_token=messages[0].lease_token)
    ours.update(lease_until=None, attempts=F("attempts") - 1)


def _keep(messages: Sequence[Message]) -> None:
    """Hold what is left of a claim for another while. What was lost meanwhile shows when it is worked on."""
    ours = Message.objects.filter(lease_token=messages[0].lease_token)
    long = [message.pk for message in messages if _takes_long(message)]
    short = [message.pk for message in messages if not _takes_long(message)]
    for ids, lease in ((short, _LEASE), (long, _LONG_LEASE)):
        if ids:
            ours.filter(pk__in=ids).update(lease_until=Now() + lease)


def _work_warily(messages: Sequence[Message]) -> None:
    """One of these may have ended its worker before: if it does again, the others are not to wait behind it."""
    for message in messages:
        later = timezone.now() + _PAUSE * 2 ** (message.attempts - 1)
        Message.objects.filter(pk=message.pk, lease_token=message.lease_token).update(not_before=later)
    _work(messages)


def _work(messages: Sequence[Message]) -> None:
    readings = [read(message) for message in messages]
    with transaction.atomic():
        _hold(messages)
        stored = _store(readings)
        _finish(readings, _recounted(stored.tallies))


def _store(readings: Sequence[Reading]) -> Stored:
    """The events of `readings`, in the caller's transaction."""
    lock_mappings()
    doubts = doubts_of(readings)
    reports = reports_of(readings)
    lock_for(reports)
    return store(revived(doubted(reports, doubts) if doubts else reports))


def _work_in_parts(messages: Sequence[Message]) -> None:
    """A large message: each part is a transaction, and what is stored already is not stored again."""
    (message,) = messages
    end, before = time.monotonic() + _LONG_SLICE, message.events_read
    last: Reading | None = None
    issues: list[ParseIssue] = []
    total = 0
    with closing(read_in_parts(message)) as parts:
        for reading in parts:
            last = reading
            issues = worst([*issues, *reading.parsed.issues])
            total += len(reading.parsed.events)
            if total > message.events_read:
                _work_part(message, reading, total)
            else:
                _keep([message])
            # A slice that only came to where the last one ended would be the first of endlessly many.
            if message.events_read > before and time.monotonic() > end and reading.parsed.progress < 100:
                _give_back([message])
                nudge("advance")
                return
    if last is not None:
        _close(message, last, total, kept(issues))


def _work_part(message: Message, reading: Reading, total: int) -> None:
    with transaction.atomic():
        _hold([message])
        _store([reading])
        Message.objects.filter(pk=message.pk).update(
            events_read=total, progress=reading.parsed.progress, lease_until=Now() + _LONG_LEASE
        )
    message.events_read = total


def _close(message: Message, last: Reading, total: int, errors: list[dict[str, Any]]) -> None:
    """The large message is through: what became of it is counted from the rows."""
    with transaction.atomic():
        _hold([message])
        with connection.cursor() as cursor:
            cursor.execute(_COUNTS, [[message.pk]])
            counted = [Tally(*counts) for _, *counts in cursor.fetchall()]
        tally = counted[0] if counted else Tally()
        tally.duplicate = max(0, total - tally.found)
        state = _state(total, errors, is_quiet=last.parsed.is_quiet)
        _write([_row(message, state, errors, tally, last.format)])
        # Each part names the envelopes of the whole.
        acknowledge([last])


def _hold(messages: Sequence[Message]) -> None:
    fence(messages)
    ids = array_of(message.pk for message in messages)
    if fetch_rows(
        "SELECT 1 FROM shipments_message WHERE id = ANY(%s::bigint[]) AND state <> 'received' LIMIT 1", [ids]
    ):
        raise LeaseLost


def _finish(readings: Sequence[Reading], tallies: dict[int, Tally]) -> None:
    rows = []
    for reading in sorted(readings, key=lambda reading: reading.message.pk):
        errors = reading.errors
        state = _state(len(reading.parsed.events), errors, is_quiet=reading.parsed.is_quiet)
        tally = tallies.get(reading.message.pk, Tally())
        rows.append(_row(reading.message, state, errors, tally, reading.format))
    _write(rows)
    acknowledge(readings)


def _write(rows: Sequence[tuple[Any, ...]]) -> None:
    names = ["id", "state", "errors", "format", "processed_at", "lease_until", "progress", "events_found"]
    names += ["events_matched", "events_unmatched", "events_unmapped", "events_quarantined", "events_duplicate"]
    update_rows(Message, names, rows)


def _row(message: Message, state: str, errors: list[dict[str, Any]], tally: Tally, format_: str) -> tuple[Any, ...]:
    counts = (tally.found, tally.matched, tally.unmatched, tally.unmapped, tally.quarantined, tally.duplicate)
    return (message.pk, state, json.dumps(errors) if errors else "[]", format_, timezone.now(), None, 100, *counts)


def _state(events: int, errors: Sequence[dict[str, Any]], *, is_quiet: bool) -> str:
    is_partial = not all(error["is_warning"] for error in errors)
    if not events and (is_partial or not is_quiet):
        return MessageState.REJECTED.value
    return MessageState.PARTIAL.value if is_partial else MessageState.PARSED.value


def _recounted(tallies: dict[int, Tally]) -> dict[int, Tally]:
    """A message that is read again finds its own events: those are no duplicates."""
    again = [message_id for message_id, tally in tallies.items() if tally.duplicate]
    if not again or not Event.objects.filter(message_id__in=again).exists():
        return tallies
    with connection.cursor() as cursor:
        cursor.execute(_COUNTS, [again])
        counted = {message_id: Tally(*counts) for message_id, *counts in cursor.fetchall()}
    for message_id, tally in counted.items():
        before = tallies[message_id]
        tally.duplicate = before.found + before.duplicate - tally.found
    return {**tallies, **counted}


def _park(message: Message, error: Exception) -> None:
    """A bug of ours met its message: try again later, and after five attempts leave it to a person."""
    said = {"code": "internal_error", "message": f"{type(error).__name__}: {error}"[:500].replace("\x00", "")}
    changes: dict[str, Any] = {"errors": [said], "lease_until": None}
    if message.attempts >= _ATTEMPTS:
        changes |= {"state": MessageState.PARKED, "processed_at": timezone.now()}
    else:
        changes["not_before"] = timezone.now() + _PAUSE * 2 ** (message.attempts - 1)
    Message.objects.filter(pk=message.pk, state=MessageState.RECEIVED, lease_token=message.lease_token).update(
        **changes
    )


def _is_worn_out(message: Message) -> bool:
    """Whether it was claimed too often without coming to an end: it ends its worker. Then it is parked."""
    if message.attempts <= _ATTEMPTS:
        return False
    _park(message, RuntimeError("Reading this message ended its worker five times."))
    return True


def _fitting(limit: int) -> int:
    """How many of the oldest waiting messages fit into memory together; one at least."""
    sizes = Message.objects.waiting().order_by("not_before", "id").values_list("size", flat=True)[:limit]
    return max(1, sum(1 for _ in takewhile(lambda total: total <= _CLAIM_BYTES, accumulate(sizes))))


def _batches(messages: Sequence[Message]) -> Iterator[list[Message]]:
    """Together what is small and of as many attempts; alone what is large.

    What comes again was mostly in bad company when its worker died: a few together, and alone from the third time on.
    """
    batch: list[Message] = []
    size = 0
    for message in messages:
        is_full = batch and len(batch) >= _TOGETHER.get(batch[0].attempts, 1)
        is_other = batch and (batch[0].attempts != message.attempts or _is_large(batch[0]) or _is_large(message))
        if is_full or is_other or (batch and size + message.size > _BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(message)
        size += message.size
    if batch:
        yield batch
