"""Undo an import: every event of it is retracted, by set, and what others have reported too is left alone."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone
from django.utils.translation import gettext as _

from core.errors import DomainError, NotVisible
from core.states import move
from partners.access import may
from partners.models import Job, User
from partners.services import advance_job, start_job
from shipments.enums import UPLOAD_MOVES, MessageState, UploadState, WaitOutcome
from shipments.models import Event, Message, Source, Upload, WaitingEvent
from shipments.services.apart import needs_apart
from shipments.services.chains import UNDO, tips_of
from shipments.services.ingest import Decision, ingest_decided
from shipments.services.intake import printable, receive
from shipments.services.reading import Reading, read, read_in_parts, reports_of
from shipments.services.sources import is_internal, manual_source
from shipments.services.storing import shipments_of

KIND = "undo_upload"
# Events that are retracted in one transaction; an import with more is undone by the workers.
AT_ONCE = 500


@transaction.atomic
def undo_upload(upload: Upload, *, reason: str, by: User) -> Job | None:
    """Retract all that the import of `upload` brought in, with a reason. The message and its events stay on record.

    Returns the job that does it when that takes long, None when it is done. What another message of the source has
    reported as well is left alone. Raises DomainError `reason_missing`, `still_reading` (conflict),
    `state_not_allowed` (conflict) and NotVisible.
    """
    said = printable(reason).strip()[:300]
    if not said:
        raise DomainError("reason_missing", _("Say why, for those who read it later."), field="reason")
    if not is_internal(by) and not may(by, "change", upload):
        raise NotVisible(str(Upload._meta.verbose_name))
    move(upload, UPLOAD_MOVES, to=UploadState.UNDONE)
    locked = Message.objects.select_for_update(of=("self",)).select_related("source")
    message = locked.get(uploads=upload)
    if message.state == MessageState.RECEIVED:
        raise DomainError("still_reading", _("The import is still being read. Wait for its end."), conflict=True)
    Message.objects.filter(pk=message.pk).update(undone_at=timezone.now())
    if message.events_found <= AT_ONCE and not message.events_duplicate and not _others(message).exists():
        _retract(_own(message), _source(message.source, by), said, by)
        return None
    return start_job(
        KIND,
        title=_("Undo the import of %s") % (upload.filename or message.public_id),
        parameters={"upload": upload.pk, "message": message.pk, "reason": said},
        by=by,
        partner=message.source.partner,
        total=message.events_found,
    )


def undo_step(job: Job) -> bool:
    """A piece of the job: first what is shared with other messages is found out, then the rest is retracted.

    `cursor`: {"adopted": events of imports undone before that stood because of this one, "kept": events that stand
    because of others, "other": the last of them looked at, "after": the last event retracted}.
    """
    message = Message.objects.select_related("source").get(pk=job.parameters["message"])
    cursor = dict(job.cursor)
    if "adopted" not in cursor:
        cursor["adopted"] = sorted(_adopted(message))
        advance_job(job, cursor=cursor)
        return False
    if (other := _others(message).filter(pk__gt=cursor.get("other", 0)).order_by("pk").first()) is not None:
        kept = {*cursor.get("kept", ()), *_stand_by(other, message, set(cursor["adopted"]))}
        advance_job(job, cursor={**cursor, "kept": sorted(kept), "other": other.pk})
        return False
    with transaction.atomic():
        return _retract_some(job, message, cursor)


def _retract_some(job: Job, message: Message, cursor: dict[str, Any]) -> bool:
    kept, adopted = set(cursor.get("kept", ())), list(cursor["adopted"])
    batch = _own(message, cursor.get("after", 0))
    if batch:
        cursor["after"] = batch[-1]
    else:
        batch, cursor["adopted"] = adopted[:AT_ONCE], adopted[AT_ONCE:]
    if not batch:
        return True
    by = job.created_by
    retracted = [event_id for event_id in batch if event_id not in kept]
    _retract(retracted, _source(message.source, by), str(job.parameters["reason"]), by)
    total = max(job.total, job.done + len(batch))
    result = {
        "retracted": int(job.result.get("retracted", 0)) + len(retracted),
        "left": int(job.result.get("left", 0)) + len(batch) - len(retracted),
    }
    advance_job(job, cursor=cursor, done=min(total, job.done + len(batch)), total=total, result=result)
    return False


def _own(message: Message, after: int = 0) -> list[int]:
    """The first events of the message that count: neither corrected nor taken back since."""
    own = Event.objects.filter(message_id=message.pk, occurred_at__isnull=False, pk__gt=after)
    standing = own.exclude(Exists(Event.objects.filter(supersedes=OuterRef("pk"))))
    return list(standing.order_by("pk").values_list("pk", flat=True)[:AT_ONCE])


def _others(message: Message) -> Any:
    """Messages of the source that could have reported the same: they brought duplicates after this one came."""
    rows = Message.objects.filter(source_id=message.source_id, events_duplicate__gt=0, undone_at=None)
    return rows.filter(processed_at__gte=message.received_at).exclude(pk=message.pk).select_related("source")


def _adopted(message: Message) -> set[int]:
    """Events of imports undone before which were left alone because this message had reported them too."""
    if not message.events_duplicate:
        return set()
    found = {tip.event_id: tip.message_id for tip in _reported(message) if not tip.is_retraction}
    undone = Message.objects.filter(pk__in=set(found.values()), undone_at__isnull=False).exclude(pk=message.pk)
    gone = set(undone.values_list("pk", flat=True))
    return {event_id for event_id, message_id in found.items() if message_id in gone}


def _stand_by(other: Message, message: Message, adopted: Collection[int]) -> set[int]:
    """The events of `message`, and those it adopted, that `other` has reported as well."""
    return {tip.event_id for tip in _reported(other) if tip.message_id == message.pk or tip.event_id in adopted}


def _reported(message: Message) -> Iterable[Any]:
    readings: Iterable[Reading] = read_in_parts(message) if needs_apart(bytes(message.raw)) else [read(message)]
    for reading in readings:
        yield from tips_of({report.event.fingerprint for report in reports_of([reading])})


def _source(source: Source, by: User | None) -> Source:
    return manual_source(None if is_internal(by) else source.partner)


def _retract(event_ids: Sequence[int], source: Source, reason: str, by: User | None) -> None:
    """A message of retractions, stored and read in the caller's transaction."""
    rows = list(Event.objects.filter(pk__in=event_ids).order_by("pk").values_list("pk", "source_event_id", "public_id"))
    if not rows:
        return
    said = [
        {"retracts": their_id or str(public_id), "source_event_id": f"{UNDO}{pk}", "reason": reason}
        for pk, their_id, public_id in rows
    ]
    payload = json.dumps(said, separators=(",", ":")).encode()
    reading = read(receive(source, payload, content_type="application/json", by=by).message)
    shipments = shipments_of(event_ids)
    decisions = {
        position: Decision(shipments.get(pk, ()), str(by) if by else "undone", pk)
        for position, (pk, *_) in enumerate(rows)
    }
    stored = ingest_decided(reading, decisions)
    # Neither the retracted nor their retractions wait for a shipment or a mapping any more.
    waits = WaitingEvent.objects.open().filter(event_id__in=[*event_ids, *stored.event_ids.values()])
    waits.update(closed_at=timezone.now(), closed_by=by, outcome=WaitOutcome.DISMISSED)
