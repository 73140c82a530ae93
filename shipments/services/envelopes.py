"""Interchanges: who sent them under which number, what is doubtful about that, and what is answered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from django.db.models.functions import Now

from core.bulk import insert_rows
from shipments.formats.base import Envelope
from shipments.models import ControlNumber
from shipments.services.reading import Reading
from shipments.services.storing import Report

# Control numbers run over at 999,999,999 and some senders begin anew each year: an older one is no repetition.
_REMEMBERED = timedelta(days=90)
DOUBT = "Interchange"
_Key = tuple[int, str, str, str, str]
_KEY = ("source_id", "standard", "sender", "number", "digest")


@dataclass(frozen=True, slots=True)
class Doubt:
    """Why the events of a message at `first` up to `last` (one past) are not believed as they are."""

    message_id: int
    first: int
    last: int
    reason: str


def doubts_of(readings: Sequence[Reading]) -> list[Doubt]:
    """Note the interchanges in `readings`, and say which of them are doubtful (formats.md 9.1, rule 5).

    Doubtful is a sender that the source does not stand for, and a number that came before with other content.
    """
    sent = [(reading, envelope) for reading in readings for envelope in reading.parsed.envelopes]
    if not sent:
        return []
    numbered = [(r, e) for r, e in sent if r.source.checks_control_numbers and e.number and not e.is_acknowledgement]
    reused = _reused(numbered)
    doubts = []
    for reading, envelope in sent:
        reason = _foreign(reading, envelope)
        if not reason and _key(reading, envelope) in reused:
            reason = f"{DOUBT} {envelope.number} of {envelope.sender} came before with other content."
        if reason:
            doubts.append(Doubt(reading.message.pk, envelope.first, envelope.last, reason[:200]))
    return doubts


def _foreign(reading: Reading, envelope: Envelope) -> str:
    allowed = reading.source.sender_ids
    if not allowed or envelope.sender in allowed:
        return ""
    return f"{DOUBT} {envelope.number} is of {envelope.sender or 'nobody'}, which this source does not stand for."


def _key(reading: Reading, envelope: Envelope) -> _Key:
    return (reading.source.pk, envelope.standard, envelope.sender[:35], envelope.number[:14], envelope.digest)


def _reused(sent: Sequence[tuple[Reading, Envelope]]) -> set[_Key]:
    """Those whose number stood for other content before; the first that was noted is believed."""
    rows = {_key(r, e): r.message.pk for r, e in sorted(sent, key=lambda pair: -pair[0].message.pk)}
    if not rows:
        return set()
    insert_rows(
        ControlNumber,
        ["source", "standard", "sender", "number", "digest", "message"],
        [(*key, message) for key, message in sorted(rows.items(), key=lambda row: (row[1], row[0]))],
        on_conflict="DO NOTHING",
    )
    known = ControlNumber.objects.filter(
        source_id__in={key[0] for key in rows}, number__in={key[3] for key in rows}, seen_at__gt=Now() - _REMEMBERED
    ).order_by("pk")
    believed: dict[tuple[int, str, str, str], str] = {}
    for source, standard, sender, number, digest in known.values_list(*_KEY):
        believed.setdefault((source, standard, sender, number), digest)
    return {key for key in rows if believed.get(key[:4], key[4]) != key[4]}


def doubted(reports: Sequence[Report], doubts: Sequence[Doubt]) -> list[Report]:
    """The reports, each with the doubt about the interchange that it came in."""
    by_message: dict[int, list[Doubt]] = {}
    for doubt in doubts:
        by_message.setdefault(doubt.message_id, []).append(doubt)
    return [_with_doubt(report, by_message.get(report.message_id, ())) for report in reports]


def _with_doubt(report: Report, doubts: Sequence[Doubt]) -> Report:
    reason = next((d.reason for d in doubts if d.first <= report.event.position < d.last), "")
    if not reason or report.event.quarantine:
        return report
    return replace(report, event=replace(report.event, quarantine=reason))
