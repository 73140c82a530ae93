"""What people and systems report in our own words. It is stored as a message like any other, and read at once."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NotRequired, TypedDict, Unpack

from django.db import transaction
from django.utils.translation import gettext as _

from core.errors import DomainError, NotVisible
from partners.access import granted_partners, may
from partners.enums import Permission
from partners.models import Partner, User
from shipments.enums import Format, MessageState, WaitOutcome
from shipments.formats.base import ParseIssue
from shipments.models import Event, Leg, Location, Message, Shipment, Source, Unit
from shipments.services.entering import EntriesRefused, enter_events
from shipments.services.ingest import Decision, ingest_messages
from shipments.services.intake import printable, receive
from shipments.services.locks import lock_mappings
from shipments.services.reading import read, reports_of
from shipments.services.repairing import end_waits
from shipments.services.sources import is_internal, manual_source
from shipments.services.storing import shipments_of

MOST_EVENTS = 1000
# A worker may have taken the message first; it is done with it in a moment.
_PATIENCE = 30.0


@dataclass(frozen=True, slots=True)
class EventResult:
    """What became of the event at `index`. `status`: accepted, duplicate or rejected (`code` and `message` say why).

    `id`: public id of the event, of the first one for a duplicate; empty when rejected.
    """

    index: int
    status: str
    id: str = ""
    code: str = ""
    message: str = ""


class Circumstances(TypedDict):
    """When and where. `wall_time`: ISO 8601, local at `location` unless `time_zone` (IANA) is given.

    `unit`, `leg`: of the shipment, where the event is about one of them only.
    `entry_id`: of the form that was filled in, so that the same form sent twice is one entry.
    """

    wall_time: str
    location: Location | None
    time_zone: NotRequired[str]
    unit: NotRequired[Unit | None]
    leg: NotRequired[Leg | None]
    note: NotRequired[str]
    entry_id: NotRequired[str]


def report_events(source: Source, events: Sequence[Mapping[str, Any]], *, by: User | None) -> list[EventResult]:
    """Take native events (contract.md), store them as one message, read it at once, and answer for each.

    Raises DomainError `wrong_format` for a source of another format, `no_events`, `too_many_events` and `too_large`.
    """
    if source.format != Format.NATIVE:
        raise DomainError("wrong_format", _("The source %s does not send Waymark events.") % source.code)
    if not events:
        raise DomainError("no_events", _("Send one event at least."))
    if len(events) > MOST_EVENTS:
        raise DomainError("too_many_events", _("Send %s events at most at a time.") % MOST_EVENTS)
    payload = json.dumps(list(events), separators=(",", ":")).encode()
    receipt = receive(source, payload, content_type="application/json", by=by)
    message = read_now(receipt.message)
    return _results(message, len(events), is_new=not receipt.is_duplicate)


def read_now(message: Message) -> Message:
    """Have a received message read here, or wait for the worker that has it. Returns it as it stands then."""
    until = time.monotonic() + _PATIENCE
    while True:
        ingest_messages([message.pk])
        message = Message.objects.select_related("source").get(pk=message.pk)
        if message.state != MessageState.RECEIVED or message.errors or time.monotonic() > until:
            return message
        time.sleep(0.05)


@transaction.atomic
def record_event(shipment: Shipment, *, code: str, classifier: str, by: User, **said: Unpack[Circumstances]) -> Event:
    """A person's entry on a shipment: one code of the vocabulary, when, where.

    Raises NotVisible for a shipment out of the person's scope, DomainError `not_allowed` for one who may not report,
    and DomainError with the reader's own code for an entry that makes no sense.
    """
    source = _source_of(by, shipment)
    entry: dict[str, Any] = {
        "code": code,
        "classifier": classifier,
        "occurred_at": said["wall_time"],
        "references": [{"type": "shipment", "value": shipment.reference}],
        "source_event_id": said.get("entry_id") or str(uuid.uuid4()),
    }
    if time_zone := said.get("time_zone"):
        entry["time_zone"] = time_zone
    if location := said["location"]:
        entry["location"] = place_said(location)
    entry |= _part_said(shipment, said.get("unit"), said.get("leg"))
    if note := printable(said.get("note", "")).strip():
        entry["remarks"] = note[:500]
    return _enter(source, entry, Decision(shipment_ids=(shipment.pk,), decided_by=str(by)), by)


def place_said(location: Location) -> dict[str, str]:
    """A place as native events name it."""
    facility = {"facility": location.facility_code} if location.facility_code else {}
    return {"unlocode": location.unlocode, **facility}


def _part_said(shipment: Shipment, unit: Unit | None, leg: Leg | None) -> dict[str, Any]:
    """The unit and the leg of the shipment as native events name them."""
    for part, field in ((unit, "unit"), (leg, "leg")):
        if part is not None and part.shipment_id != shipment.pk:
            raise DomainError("not_of_shipment", _("This is no part of the shipment."), field=field)
    entry: dict[str, Any] = {"unit": unit.number} if unit else {}
    carried = {name: value for name in ("vessel_imo", "voyage", "flight") if leg and (value := getattr(leg, name))}
    return {**entry, "leg": carried} if carried else entry


@transaction.atomic
def retract_event(event: Event, *, reason: str, by: User) -> Event:
    """Take an event back, with a reason. The event stays on record; the retraction stands beside it from now on.

    Our own people may retract any event, others what their own source reported. Raises DomainError `reason_missing`,
    `already_retracted` (conflict) and NotVisible.
    """
    said = printable(reason).strip()[:300]
    if not said:
        raise DomainError("reason_missing", _("Say why, for those who read it later."), field="reason")
    if not is_internal(by) and not may(by, "view", event):
        raise NotVisible(str(Event._meta.verbose_name))
    # Whoever reads the event again at this moment would give it another successor, which would stand.
    lock_mappings(to_write=True)
    if Event.objects.filter(supersedes=event.pk).exists():
        raise DomainError("already_retracted", _("This event was corrected already."), conflict=True)
    source = manual_source(None if is_internal(by) else event.source.partner)
    named = {"retracts": event.source_event_id or str(event.public_id), "source_event_id": str(uuid.uuid4())}
    shipments = shipments_of([event.pk]).get(event.pk, ())
    decision = Decision(shipment_ids=shipments, decided_by=str(by), supersedes=event.pk)
    retraction = _enter(source, {**named, "reason": said}, decision, by)
    end_waits([event.pk, retraction.pk], outcome=WaitOutcome.DISMISSED, by=by)
    return retraction


def _enter(source: Source, said: dict[str, Any], decision: Decision, by: User) -> Event:
    """A message of one event, stored and read in the caller's transaction; refused as a whole if it makes no sense."""
    try:
        return enter_events(source, [said], [decision], by=by)[0]
    except EntriesRefused as refused:
        raise refused.refusals[0] from refused


def _results(message: Message, count: int, *, is_new: bool) -> list[EventResult]:
    """Found by what was reported, so that the answer is the same whoever read the message, and at every repetition."""
    reading = read(message)
    refused = {issue.position: issue for issue in reading.parsed.issues if not issue.is_warning}
    reports = {report.event.position: report.event.fingerprint for report in reports_of([reading])}
    rows = Event.objects.filter(fingerprint__in=list(reports.values()))
    known = {row[0]: row[1:] for row in rows.values_list("fingerprint", "public_id", "message_id", "position")}
    own = (message.pk,) if is_new else ()
    return [
        _refusal(index, refused.get(index, refused.get(-1)))
        or _acceptance(index, known.get(reports.get(index, "")), own)
        for index in range(count)
    ]


def _refusal(index: int, issue: ParseIssue | None) -> EventResult | None:
    return None if issue is None else EventResult(index, "rejected", code=issue.code, message=issue.message)


def _acceptance(index: int, found: tuple[Any, ...] | None, own: tuple[int, ...]) -> EventResult:
    if found is None:
        return EventResult(index, "accepted", message=_("It is stored and will be read in a moment."))
    public_id, message_id, position = found
    is_first = message_id in own and position == index
    return EventResult(index, "accepted" if is_first else "duplicate", id=str(public_id))


def _source_of(by: User, shipment: Shipment) -> Source:
    """The manual source of the house, or of the partner that the person reports for on this shipment."""
    if is_internal(by):
        return manual_source(None)
    if not may(by, "view", shipment):
        raise NotVisible(str(Shipment._meta.verbose_name))
    reporting = granted_partners(by, Permission.REPORT_EVENTS).filter(roles__shipment=shipment).order_by("pk")
    partner: Partner | None = reporting.first()
    if partner is None:
        raise DomainError("not_allowed", _("You may see this shipment, but not report events on it."))
    return manual_source(partner)
