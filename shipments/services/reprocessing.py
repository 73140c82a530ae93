"""Reading a slice of what came in again: first what would change, then the change. Job steps, resumable anywhere."""

from __future__ import annotations

import dataclasses
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from hashlib import sha256
from typing import Any, Self

from django.db import transaction
from django.db.models import Exists, Max, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _

from core.errors import DomainError
from partners.models import Job, User
from partners.services import advance_job, start_job
from shipments.enums import Format, MessageState, WaitOutcome
from shipments.models import Event, Message, Source
from shipments.normalise import NormalisedEvent
from shipments.services.apart import needs_apart
from shipments.services.comparing import CHANGED, GONE, NEW, Comparison, Difference, Span, by_change, compare
from shipments.services.intake import reprocess
from shipments.services.locks import lock_mappings
from shipments.services.reading import read, read_in_parts
from shipments.services.repairing import end_waits, in_place_of, successors
from shipments.services.storing import Report, lock_for, shipments_of, store

PREVIEW, APPLY = "reprocess_preview", "reprocess_apply"
KEPT = 200
_KINDS = 50
_WINDOW = 100
_WINDOW_BYTES = 1 << 20
# One large message is worked on for so long in a step, and then taken up where it was left.
_SECONDS = 10.0
_READ = (MessageState.PARSED, MessageState.PARTIAL)
_UNREAD = (MessageState.REJECTED, MessageState.PARKED)


@dataclass(frozen=True, slots=True)
class Slice:
    """Which messages. `source` its code, `since`/`until` days of receipt (UTC, both included); "" for any.

    With `raw_code` only messages that have an event with this code (of `code_list`).
    """

    source: str = ""
    format: str = ""
    since: str = ""
    until: str = ""
    code_list: str = ""
    raw_code: str = ""

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Self:
        """From the parameters of a job; other keys are left out."""
        return cls(**{f.name: str(values.get(f.name) or "") for f in dataclasses.fields(cls)})

    def as_json(self) -> dict[str, str]:
        return {name: value for name, value in dataclasses.asdict(self).items() if value}

    def __str__(self) -> str:
        said = [
            self.source and _("source %s") % self.source,
            self.format and str(dict(Format.choices).get(self.format, self.format)),
            self.raw_code and _("code %s") % self.raw_code + (f" ({self.code_list})" if self.code_list else ""),
            self.since and _("received from %s") % self.since,
            self.until and _("received to %s") % self.until,
        ]
        return ", ".join(filter(None, said)) or _("everything")

    def messages(self) -> QuerySet[Message]:
        """Those that were read, or refused. Raises DomainError for a slice that makes no sense."""
        found = Message.objects.filter(state__in=(*_READ, *_UNREAD), undone_at=None)
        if self.source:
            found = found.filter(source=_source(self.source))
        if self.format:
            if self.format not in Format.values:
                raise DomainError("unknown_format", _("There is no format %s.") % self.format, field="format")
            found = found.filter(Q(format=self.format) | Q(format="", source__format=self.format))
        if since := _day(self.since, "since"):
            found = found.filter(received_at__gte=since)
        if until := _day(self.until, "until"):
            found = found.filter(received_at__lt=until + timedelta(days=1))
        if self.raw_code:
            events = Event.objects.filter(message=OuterRef("pk"), raw_code=self.raw_code)
            if self.code_list:
                events = events.filter(code_list=self.code_list)
            found = found.filter(Exists(events))
        return found


@dataclass(slots=True)
class Walk:
    """How far a slice is read. `at`: the message it stands at, `position`: the event in it; `end`: the last message."""

    at: int = 0
    position: int = 0
    end: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)
    differences: list[dict[str, Any]] = field(default_factory=list)

    @classmethod
    def of(cls, job: Job) -> Self:
        said, found = job.cursor, job.result
        return cls(
            said.get("at", 0), said.get("position", 0), said.get("end", 0),
            Counter(found.get("counts", {})), Counter(found.get("kinds", {})), list(found.get("differences", [])),
        )  # fmt: skip

    @property
    def cursor(self) -> dict[str, int]:
        return {"at": self.at, "position": self.position, "end": self.end}

    def result(self) -> dict[str, Any]:
        """{"counts": {"messages", "same", "new", "changed", "gone", "unreadable"}, "kinds", "differences"}."""
        names = ("messages", "same", NEW, CHANGED, GONE, "unreadable")
        return {
            "counts": {name: self.counts[name] for name in names},
            "kinds": dict(self.kinds.most_common(_KINDS)),
            "differences": self.differences,
        }

    def add(self, found: Comparison) -> None:
        differences = found.differences or []
        self.counts += Counter({"same": found.same, "unreadable": found.unreadable})
        self.counts += Counter(one.kind for one in differences)
        self.kinds += Counter(by_change(differences))
        self.differences += [one.as_json() for one in differences[: KEPT - len(self.differences)]]


def start_reprocess(wanted: Slice, *, apply: bool, by: User | None) -> Job:
    """Have a slice read again by the workers: to see what would change, or to change it. Raises as `messages` does."""
    total = wanted.messages().count()
    if not total:
        raise DomainError("nothing_there", _("No message that was read is in this slice."))
    said = _("Read again: %s") if apply else _("What reading again would change: %s")
    return start_job(APPLY if apply else PREVIEW, title=said % wanted, parameters=wanted.as_json(), by=by, total=total)


def preview(job: Job) -> bool:
    """A step of the job that only looks."""
    return _step(job, is_applied=False)


def apply(job: Job) -> bool:
    """A step of the job that changes what differs."""
    return _step(job, is_applied=True)


@transaction.atomic
def _step(job: Job, *, is_applied: bool) -> bool:
    walk = Walk.of(job)
    is_last = advance(Slice.of(job.parameters), walk, is_applied=is_applied, by=job.created_by)
    total = max(job.total, walk.counts["messages"])
    advance_job(job, cursor=walk.cursor, done=walk.counts["messages"], total=total, result=walk.result())
    return is_last


def advance(wanted: Slice, walk: Walk, *, is_applied: bool, by: User | None) -> bool:
    """Read the next messages of the slice, in the caller's transaction. Returns whether these were the last."""
    rows = wanted.messages()
    if not walk.end:
        walk.end = rows.aggregate(last=Max("pk"))["last"] or 0
    window = _window(rows.filter(pk__gt=walk.at, pk__lte=walk.end))
    if not window:
        return True
    if is_applied:
        lock_mappings()
    if len(window) == 1 and needs_apart(bytes(window[0].raw)):
        is_through = _large(window[0], walk, is_applied=is_applied, by=by)
    else:
        _take(compare([Span(read(message)) for message in window]), walk, is_applied=is_applied, by=by)
        is_through = True
    if is_through:
        walk.at, walk.position = window[-1].pk, 0
        walk.counts["messages"] += len(window)
    return False


def _window(rows: QuerySet[Message]) -> list[Message]:
    """The next few messages that fit together; a large one alone."""
    sizes = list(rows.order_by("pk").values_list("pk", "size")[:_WINDOW])
    taken, total = 0, 0
    for _pk, size in sizes:
        total += size
        if taken and total > _WINDOW_BYTES:
            break
        taken += 1
    messages = Message.objects.filter(pk__in=[pk for pk, _size in sizes[:taken]])
    found = list(messages.select_related("source").order_by("pk"))
    large = next((place for place, message in enumerate(found) if needs_apart(bytes(message.raw))), None)
    if large is None:
        return found
    return found[:large] or found[:1]


def _large(message: Message, walk: Walk, *, is_applied: bool, by: User | None) -> bool:
    """As many parts as fit into a step. Returns whether the message is through."""
    end, begun_at = time.monotonic() + _SECONDS, walk.position
    for reading in read_in_parts(message):
        is_last = reading.parsed.progress >= 100
        upto = reading.parsed.events[-1].position + 1 if reading.parsed.events else walk.position
        if upto > walk.position or is_last:
            span = Span(reading, walk.position, None if is_last else upto)
            _take(compare([span]), walk, is_applied=is_applied, by=by)
            walk.position = upto
        # A step that is only skipping what was done would never come to an end.
        if walk.position > begun_at and not is_last and time.monotonic() > end:
            return False
    return True


def _take(found: Comparison, walk: Walk, *, is_applied: bool, by: User | None) -> None:
    walk.add(found)
    if is_applied and found.differences:
        _write(found.differences, by=by)


def _write(differences: Sequence[Difference], *, by: User | None) -> None:
    """Supersede what changed, store what is new, take back what is gone; what was refused goes back to the stream."""
    ids = {one.message_id for one in differences}
    refused = {message.pk: message for message in Message.objects.filter(pk__in=ids, state__in=_UNREAD)}
    for message in refused.values():
        reprocess(message, by=by)
    ours = [one for one in differences if one.message_id not in refused]
    changed = [(one.old, one.report.event) for one in ours if one.kind == CHANGED and one.old and one.report]
    gone = [one.old for one in ours if one.kind == GONE and one.old]
    new = [one.report for one in ours if one.kind == NEW and one.report]
    reports = [*successors(changed), *new, *_retractions(gone)]
    lock_for(reports)
    store(reports)
    replaced = [*(old.pk for old, _ in changed), *(old.pk for old in gone)]
    taken_back = Event.objects.filter(supersedes__in=[old.pk for old in gone]).values_list("pk", flat=True)
    end_waits([*replaced, *taken_back], outcome=WaitOutcome.MAPPED, by=by)


def _retractions(gone: Sequence[Event]) -> list[Report]:
    """What takes back an event that its message does not report any more. It names our id, which no sender uses."""
    shipments = shipments_of([old.pk for old in gone])
    return [in_place_of(old, _retraction(old), shipments.get(old.pk, ())) for old in gone]


def _retraction(old: Event) -> NormalisedEvent:
    empty: dict[str, Any] = {
        f.name: ""
        for f in dataclasses.fields(NormalisedEvent)
        if f.default is dataclasses.MISSING and f.default_factory is dataclasses.MISSING
    }
    return NormalisedEvent(
        **{
            **empty,
            "position": old.position, "segment": old.segment, "precision": old.precision,
            "fingerprint": sha256(f"{old.fingerprint} gone".encode()).hexdigest(),
            "code": old.code_id, "raw_code": old.raw_code, "code_list": old.code_list, "classifier": old.classifier,
            "attributes": {}, "occurred_at": None, "reported_at": None, "location_id": None, "references": (),
            "retracts": str(old.public_id), "is_mapped": True,
            "reason": "The message, read again, does not report this any more.",
        }
    )  # fmt: skip


def _source(code: str) -> Source:
    source = Source.objects.filter(code=code).first()
    if source is None:
        raise DomainError("unknown_source", _("There is no source %s.") % code, field="source")
    return source


def _day(text: str, name: str) -> datetime | None:
    if not text:
        return None
    try:
        day: date | None = parse_date(text)
    except ValueError:
        day = None
    if day is None:
        raise DomainError("unknown_day", _("Write a day such as 2026-11-24."), field=name)
    return datetime(day.year, day.month, day.day, tzinfo=timezone.get_default_timezone())
