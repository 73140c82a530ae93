"""What reading a message again would change: its events as they stand beside what the bytes say today."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from shipments.models import Event, Location
from shipments.normalise import NormalisedEvent
from shipments.services.envelopes import doubted, doubts_of
from shipments.services.reading import Reading, reports_of
from shipments.services.repairing import believed_as_before
from shipments.services.storing import Report

SAME, NEW, CHANGED, GONE, UNREADABLE = "same", "new", "changed", "gone", "unreadable"
# What an event says. Where it stands and who it is about is not among it.
_FIELDS = (
    "code", "classifier", "attributes", "occurred_at", "wall_time", "time_zone", "zone_certainty", "precision",
    "reported_at", "location", "location_text", "equipment", "vessel_imo", "voyage", "flight", "references",
    "raw_code", "code_list", "source_event_id", "retracts", "quarantine", "reason", "remarks",
)  # fmt: skip
Values = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Span:
    """A message, or a part of a large one: the events at `first` up to `last` (one past; None: to its end)."""

    reading: Reading
    first: int = 0
    last: int | None = None

    def holds(self, position: int) -> bool:
        return self.first <= position and (self.last is None or position < self.last)


@dataclass(frozen=True, slots=True)
class Difference:
    """One event. `old`: as it stands (None when new); `report`: as it reads today (None when gone).

    `fields`: name → (old, new) of what differs, as JSON holds it.
    """

    kind: str
    message_id: int
    position: int
    segment: str
    raw_code: str
    old: Event | None = None
    report: Report | None = None
    fields: Mapping[str, tuple[Any, Any]] | None = None

    def as_json(self) -> Values:
        """For the result of a job."""
        event = self.old.pk if self.old else None
        fields = {name: list(pair) for name, pair in (self.fields or {}).items()}
        return {
            "kind": self.kind, "message": self.message_id, "position": self.position, "segment": self.segment,
            "raw_code": self.raw_code, "event": event, "fields": fields,
        }  # fmt: skip


@dataclass(slots=True)
class Comparison:
    same: int = 0
    unreadable: int = 0
    differences: list[Difference] | None = None


def compare(spans: Sequence[Span]) -> Comparison:
    """The events of these messages, as stored and as read today. Eight queries and a few, however many messages.

    An event is found again by what was reported, or else by where it stands in the message. What a person took back or
    another message corrected is left as it is, and so are the events of a message that cannot be read any more.
    """
    read = [span for span in spans if not _is_refused(span)]
    stored = _stored([span.reading.message.pk for span in read])
    readings = [span.reading for span in read]
    reports = doubted(reports_of(readings), doubts_of(readings))
    by_message: dict[int, list[Report]] = {span.reading.message.pk: [] for span in read}
    for report in reports:
        by_message[report.message_id].append(report)
    known = set(
        Event.objects.filter(fingerprint__in=[r.event.fingerprint for r in reports]).values_list(
            "fingerprint", flat=True
        )
    )
    outcome = Comparison(unreadable=len(spans) - len(read), differences=[])
    for span in read:
        chains = [chain for chain in stored.get(span.reading.message.pk, ()) if span.holds(chain.position)]
        _compare_one(chains, by_message[span.reading.message.pk], known, outcome)
    _name_places(outcome.differences or [])
    return outcome


@dataclass(frozen=True, slots=True)
class _Chain:
    """An event and what took its place. `is_settled`: by another message or a person, or taken back already."""

    root: Event
    tail: Event
    is_settled: bool

    @property
    def position(self) -> int:
        return self.root.position


def _is_refused(span: Span) -> bool:
    parsed = span.reading.parsed
    whole = any(issue.position < 0 and not issue.is_warning for issue in parsed.issues)
    return whole and not parsed.events and not parsed.is_quiet


def _stored(message_ids: Iterable[int]) -> dict[int, list[_Chain]]:
    rows = list(
        Event.objects.filter(message_id__in=list(message_ids)).select_related("source", "message").defer("message__raw")
        .order_by("pk")
    )  # fmt: skip
    own = {event.pk for event in rows}
    after = {event.supersedes: event for event in rows if event.supersedes in own}
    elsewhere = set(Event.objects.filter(supersedes__in=own).exclude(pk__in=own).values_list("supersedes", flat=True))
    found: dict[int, list[_Chain]] = {}
    for root in rows:
        if root.supersedes in own:
            continue
        tail = root
        while tail.pk in after:
            tail = after[tail.pk]
        is_gone = tail is not root and tail.retracts != "" and tail.occurred_at is None
        found.setdefault(root.message_id, []).append(_Chain(root, tail, is_gone or tail.pk in elsewhere))
    return found


def _compare_one(chains: list[_Chain], reports: Sequence[Report], known: set[str], outcome: Comparison) -> None:
    differences = outcome.differences if outcome.differences is not None else []
    by_fingerprint = {chain.root.fingerprint: chain for chain in chains}
    by_position = {chain.position: chain for chain in chains}
    names = {report.event.fingerprint for report in reports}
    met: set[int] = set()
    for report in reports:
        chain = by_fingerprint.get(report.event.fingerprint)
        if chain is None:
            beside = by_position.get(report.event.position)
            chain = beside if beside is not None and beside.root.fingerprint not in names else None
        if chain is not None and chain.root.pk not in met:
            met.add(chain.root.pk)
            difference = None if chain.is_settled else _changed(chain.tail, report)
        else:
            difference = None if report.event.fingerprint in known else _new(report)
            known.add(report.event.fingerprint)
        if difference is None:
            outcome.same += 1
        else:
            differences.append(difference)
    left = [chain for chain in chains if chain.root.pk not in met]
    outcome.same += sum(chain.is_settled for chain in left)
    differences += [_gone(chain.tail) for chain in left if not chain.is_settled]


def _changed(old: Event, report: Report) -> Difference | None:
    event = believed_as_before(old, report.event)
    before, after = _values_of(old), _values_said(event)
    fields = {name: (before[name], after[name]) for name in _FIELDS if before[name] != after[name]}
    if not fields:
        return None
    again = replace(report, event=event)
    return Difference(
        CHANGED, old.message_id, event.position, event.segment or old.segment, event.raw_code, old, again, fields
    )


def _new(report: Report) -> Difference:
    event, said = report.event, _values_said(report.event)
    fields = {name: (None, said[name]) for name in ("code", "classifier", "occurred_at", "location") if said[name]}
    return Difference(NEW, report.message_id, event.position, event.segment, event.raw_code, None, report, fields)


def _gone(old: Event) -> Difference:
    said = _values_of(old)
    fields = {name: (said[name], None) for name in ("code", "classifier", "occurred_at", "location") if said[name]}
    return Difference(GONE, old.message_id, old.position, old.segment, old.raw_code, old, None, fields)


def _values_of(event: Event) -> Values:
    values = {name: getattr(event, name) for name in _FIELDS if name not in ("code", "location")}
    return _plain({**values, "code": event.code_id, "location": event.location_id})


def _values_said(event: NormalisedEvent) -> Values:
    values = {name: getattr(event, name) for name in _FIELDS if name not in ("location", "references")}
    references = [{"type": kind, "value": value} for kind, value in event.references]
    return _plain({**values, "location": event.location_id, "references": references})


def _plain(values: Values) -> Values:
    """As JSON holds it, so that what was stored and what was read compare alike."""
    moments = {
        name: value.astimezone(UTC).isoformat() if isinstance(value, datetime) else value
        for name, value in values.items()
    }
    plain: Values = json.loads(json.dumps({**moments, "attributes": dict(values["attributes"])}))
    return plain


def _name_places(differences: Sequence[Difference]) -> None:
    """People read a place by its code."""
    ids = {value for one in differences for value in (one.fields or {}).get("location", ()) if value}
    names = {place.pk: place.code for place in Location.objects.filter(pk__in=ids)}
    for one in differences:
        if one.fields and "location" in one.fields:
            old, new = one.fields["location"]
            one.fields["location"] = (names.get(old, ""), names.get(new, ""))  # type: ignore[index]


def by_change(differences: Iterable[Difference]) -> Iterator[str]:
    """For each, a line that sums up what differs: "code: INFO → DEPARTED", "new", "gone"."""
    for one in differences:
        if one.kind != CHANGED or not one.fields:
            yield one.kind
            continue
        pairs = one.fields.items()
        said = [f"{name}: {old} → {new}" if name in ("code", "classifier") else name for name, (old, new) in pairs]
        yield ", ".join(said)[:160]
