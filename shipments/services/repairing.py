"""What a person does about events that wait: release, dismiss, match by hand; and how events are read anew."""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from core.errors import DomainError
from partners.models import User
from shipments.enums import WaitOutcome, WaitReason
from shipments.models import Event, Message, Shipment, WaitingEvent
from shipments.normalise import NormalisedEvent, successor_fingerprint
from shipments.services.envelopes import DOUBT
from shipments.services.intake import printable
from shipments.services.locks import lock_event_ids, lock_references
from shipments.services.pairing import Pair, with_units
from shipments.services.reading import Reading, only, read, reports_of
from shipments.services.storing import Report, lock_for, shipments_of, store
from shipments.services.taking_up import findables, write_with_retractions

_REREAD_AT_ONCE = 5000
_PAYLOADS_AT_ONCE = 50
# What was read of messages, by their ids.
Readings = Mapping[int, Reading]
AS_BEFORE = "as before"


def read_again(event_ids: Sequence[int], *, by: User | None = None, readings: Readings | None = None) -> int:
    """Read unmapped events from their messages again, in the caller's transaction, which has locked the mappings.

    Each that is understood now is superseded by a new event; the old one stays. Returns how many were.
    """
    done = 0
    for start in range(0, len(event_ids), _REREAD_AT_ONCE):
        again = read_anew(event_ids[start : start + _REREAD_AT_ONCE], readings)
        done += supersede([pair for pair in again if pair[1].is_mapped], outcome=WaitOutcome.MAPPED, by=by)
    return done


def place_again(event_ids: Sequence[int], *, by: User | None = None, readings: Readings | None = None) -> int:
    """Read events whose place was not known, or is known better now, again. Returns how many changed.

    The instant of a local time follows the place. In the caller's transaction, which has locked the mappings.
    """
    done = 0
    for start in range(0, len(event_ids), _REREAD_AT_ONCE):
        moved = moved_events(event_ids[start : start + _REREAD_AT_ONCE], readings)
        done += supersede(moved, outcome=WaitOutcome.PLACED, by=by)
    return done


def moved_events(event_ids: Sequence[int], readings: Readings | None = None) -> list[tuple[Event, NormalisedEvent]]:
    """Those of the events that stand at another place or time by what is known now, each beside its new reading.

    What a person released from quarantine stays released.
    """
    moved = [(old, new) for old, new in read_anew(event_ids, readings) if _has_moved(old, new)]
    doubted = [old.supersedes for old, new in moved if old.supersedes and new.quarantine and not old.quarantine]
    released = WaitingEvent.objects.filter(event_id__in=doubted, outcome=WaitOutcome.RELEASED)
    trusted = set(released.values_list("event_id", flat=True)) if doubted else set()
    return [(old, dataclasses.replace(new, quarantine="") if old.supersedes in trusted else new) for old, new in moved]


def _has_moved(old: Event, new: NormalisedEvent) -> bool:
    return (old.location_id, old.occurred_at, old.zone_certainty) != (
        new.location_id,
        new.occurred_at,
        new.zone_certainty,
    )


@transaction.atomic
def release_event(waiting: WaitingEvent, *, by: User | None) -> None:
    """Let a quarantined event count after all: a copy without the doubt takes its place. Raises `not_waiting`."""
    _lock_event(waiting.event_id)
    _lock_open(waiting, WaitReason.QUARANTINED)
    waits = WaitingEvent.objects.open().filter(event_id=waiting.event_id)
    lacks = {reason: tuple(keys) for reason, keys in waits.values_list("reason", "keys")}
    again = [(event, _released(event, lacks)) for event in _events([waiting.event_id])]
    supersede(again, outcome=WaitOutcome.RELEASED, by=by)


@transaction.atomic
def dismiss_event(waiting: WaitingEvent, *, reason: str, by: User | None) -> None:
    """Have the event wait no longer. It stays on record. Raises DomainError `reason_missing`, `not_waiting`."""
    said = printable(reason).strip()
    if not said:
        raise DomainError("reason_missing", _("Say why, for those who read it later."), field="reason")
    _lock_open(waiting)
    detail = f"{waiting.detail}: {said}" if waiting.detail else said
    WaitingEvent.objects.filter(pk=waiting.pk).update(
        closed_at=timezone.now(), closed_by=by, outcome=WaitOutcome.DISMISSED, detail=detail[:300]
    )


@transaction.atomic
def match_event(waiting: WaitingEvent, shipment: Shipment, *, by: User | None) -> None:
    """Give an event that waits for a shipment to this one, whatever its references say."""
    _lock_event(waiting.event_id)
    _lock_open(waiting, WaitReason.UNMATCHED, WaitReason.AMBIGUOUS)
    match_by_hand([waiting.event_id], shipment, by=by)


def match_by_hand(event_ids: Collection[int], shipment: Shipment, *, by: User | None) -> None:
    """Match these events to the shipment, inside the caller's transaction."""
    events = findables(event_ids)
    lock_references({key for event in events for key in event.keys})
    lock_event_ids((event.source_id, event.source_event_id) for event in events if event.source_event_id)
    pairs = [Pair(event.event_id, shipment.pk, str(by) if by else "") for event in events]
    write_with_retractions(events, with_units(events, pairs), by_id=by.pk if by else None)


def supersede(replaced: Sequence[tuple[Event, NormalisedEvent]], *, outcome: WaitOutcome, by: User | None) -> int:
    """Store each new event in the place of the old one, with its shipments, and end what the old one waited for."""
    reports = successors(replaced)
    lock_for(reports)
    store(reports)
    end_waits([old.pk for old, _ in replaced], outcome=outcome, by=by)
    return len(reports)


def successors(replaced: Sequence[tuple[Event, NormalisedEvent]]) -> list[Report]:
    """The reports that take the place of the old events, to be stored."""
    shipments = shipments_of([old.pk for old, _ in replaced])
    return [
        in_place_of(
            old,
            dataclasses.replace(new, fingerprint=successor_fingerprint(old.fingerprint)),
            shipments.get(old.pk, ()),
        )
        for old, new in replaced
    ]


def in_place_of(old: Event, new: NormalisedEvent, shipment_ids: tuple[int, ...]) -> Report:
    """`new` as the successor of `old`: of the same source and message, about the same shipments."""
    return Report(
        event=new,
        source=old.source,
        message_id=old.message_id,
        received_at=old.received_at,
        supersedes=old.pk,
        shipment_ids=shipment_ids,
        decided_by=AS_BEFORE,
        format=old.message.format,
    )


def end_waits(event_ids: Iterable[int], *, outcome: WaitOutcome, by: User | None) -> None:
    """What these events waited for is settled."""
    waits = WaitingEvent.objects.open().filter(event_id__in=list(event_ids))
    waits.update(closed_at=timezone.now(), closed_by=by, outcome=outcome)


def read_anew(event_ids: Sequence[int], readings: Readings | None = None) -> list[tuple[Event, NormalisedEvent]]:
    """Stored events, each beside what its message says by what is known now. What was superseded is left out.

    `readings`: of their messages, if they were `parsed_before` any lock was taken.
    """
    at: dict[int, dict[int, Event]] = defaultdict(dict)
    for event in _events(event_ids):
        at[event.message_id][event.position] = event
    known = readings or {}
    known = {**known, **_parsed({pk: positions for pk, positions in at.items() if pk not in known})}
    reports = reports_of([only(known[pk], positions=at[pk]) for pk in sorted(at)])
    pairs = [(at[report.message_id][report.event.position], report.event) for report in reports]
    return [(old, believed_as_before(old, new)) for old, new in pairs]


def parsed_before(event_ids: Sequence[int]) -> Readings:
    """What the messages of these events say of them: the long part of reading anew, for which no lock is needed."""
    at: dict[int, set[int]] = defaultdict(set)
    for message_id, position in Event.objects.filter(pk__in=event_ids).values_list("message_id", "position"):
        at[message_id].add(position)
    return _parsed(at)


def _parsed(at: Mapping[int, Collection[int]]) -> dict[int, Reading]:
    """By message; a few payloads at a time are held in memory."""
    ids, found = sorted(at), {}
    for start in range(0, len(ids), _PAYLOADS_AT_ONCE):
        messages = Message.objects.filter(pk__in=ids[start : start + _PAYLOADS_AT_ONCE]).select_related("source")
        for message in messages:
            found[message.pk] = only(read(message), positions=at[message.pk])
            # Its bytes are not needed any more: from here on they are as if they had not been loaded.
            del message.__dict__["raw"]
    return found


def believed_as_before(old: Event, new: NormalisedEvent) -> NormalisedEvent:
    """`new` with the doubt that holds for it.

    While it says the same instant with the same certainty, what was decided stands: an interchange stays doubtful, and
    what a person released stays released. A doubt about the interchange is none about the instant and stays anyhow.
    """
    is_same = (old.occurred_at, old.classifier) == (new.occurred_at, new.classifier)
    if is_same or old.quarantine.startswith(DOUBT):
        return dataclasses.replace(new, quarantine=old.quarantine)
    return new


def _released(event: Event, lacks: Mapping[str, tuple[str, ...]]) -> NormalisedEvent:
    """The event without its doubt. `lacks`: reason → keys of what it waits for beside that, and goes on to."""
    names = {field.name for field in dataclasses.fields(NormalisedEvent)}
    not_stored = {"code", "references", "is_mapped", "quarantine", "fallback_codes", "place_keys"}
    values = {name: getattr(event, name) for name in names - not_stored}
    references = tuple((said["type"], said["value"]) for said in event.references)
    codes = (key.split("|", 2)[2] for key in lacks.get(WaitReason.UNMAPPED, ()))
    return NormalisedEvent(
        **values,
        code=event.code_id,
        references=references,
        is_mapped=WaitReason.UNMAPPED not in lacks,
        quarantine="",
        fallback_codes=tuple(dict.fromkeys(code for code in codes if code != event.raw_code)),
        place_keys=lacks.get(WaitReason.UNPLACED, ()),
    )


def _events(event_ids: Sequence[int]) -> list[Event]:
    taken = Event.objects.filter(supersedes__in=event_ids).values("supersedes")
    rows = Event.objects.filter(pk__in=event_ids).exclude(pk__in=taken)
    return list(rows.select_related("source", "message").defer("message__raw").order_by("pk"))


def _lock_event(event_id: int) -> None:
    """Before the row of what waits: whoever takes up events for a shipment locks the references first as well."""
    events = findables([event_id])
    lock_references({key for event in events for key in event.keys})
    lock_event_ids(
        ((event.source_id, event.source_event_id) for event in events if event.source_event_id),
        ((event.source_id, event.retracts) for event in events if event.retracts),
    )


def _lock_open(waiting: WaitingEvent, *reasons: WaitReason) -> None:
    found = WaitingEvent.objects.open().select_for_update().filter(pk=waiting.pk)
    if not (found.filter(reason__in=reasons) if reasons else found).exists():
        raise DomainError("not_waiting", _("This event does not wait for that any more."), conflict=True)
