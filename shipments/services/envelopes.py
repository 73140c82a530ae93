"""Interchanges: who sent them under which number, what is doubtful about that, and what is answered."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from django.db import connection

from core.bulk import insert_rows
from shipments.formats.base import Envelope
from shipments.models import ControlNumber
from shipments.services.reading import Reading
from shipments.services.storing import Report

# Control numbers run over at 999,999,999 and some senders begin anew each year: an older one is no repetition.
_REMEMBERED = timedelta(days=90)
DOUBT = "Interchange"
_Key = tuple[int, str, str, str, str]
# Each number is looked up by all columns of the index: a source may have sent millions.
_THESE = """unnest(%s::bigint[], %s::text[], %s::text[], %s::text[]) AS x(source_id, standard, sender, number)
    WHERE c.source_id = x.source_id AND c.standard = x.standard AND c.sender = x.sender AND c.number = x.number"""
_KNOWN = f"""
    SELECT DISTINCT c.id, c.source_id, c.standard, c.sender, c.number, c.digest FROM shipments_controlnumber c, {_THESE}
    AND c.seen_at > statement_timestamp() - %s AND c.digest <> '' ORDER BY c.id
"""  # noqa: S608 our own text
_FREE = f"DELETE FROM shipments_controlnumber c USING {_THESE} AND c.digest = ''"  # noqa: S608 our own text


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
    rows: dict[_Key, int] = {}
    for reading, envelope in sorted(sent, key=lambda pair: (pair[0].message.pk, pair[1].first)):
        rows.setdefault(_key(reading, envelope), reading.message.pk)
    if not rows:
        return set()
    with _one_after_the_other(rows):
        _note([(*key, message) for key, message in rows.items()])
    values: list[Any] = [*_columns(rows), _REMEMBERED]
    with connection.cursor() as cursor:
        cursor.execute(_KNOWN, values)
        known = cursor.fetchall()
    believed: dict[tuple[int, str, str, str], str] = {}
    for _id, source, standard, sender, number, digest in known:
        believed.setdefault((source, standard, sender, number), digest)
    return {key for key in rows if believed.get(key[:4], key[4]) != key[4]}


def _note(rows: Sequence[tuple[Any, ...]]) -> None:
    names = ["source", "standard", "sender", "number", "digest", "message"]
    insert_rows(ControlNumber, names, rows, on_conflict="DO NOTHING")


@contextmanager
def _one_after_the_other(rows: Mapping[_Key, int]) -> Iterator[None]:
    """Who notes one of these numbers at the same time with other content waits here until we are committed.

    Two workers would not see each other's rows, and both contents would be believed. A row without a digest stands for
    the number alone, so that the second to write it waits for the first; it is gone again with the transaction. Always
    in the order of the keys, so that nobody waits in a circle.
    """
    numbers = {(*key[:4], ""): message for key, message in rows.items()}
    _note([(*key, message) for key, message in sorted(numbers.items())])
    yield
    with connection.cursor() as cursor:
        cursor.execute(_FREE, _columns(numbers))


def _columns(keys: Iterable[_Key]) -> list[Any]:
    """The keys without their digest, as four arrays."""
    return [list(column) for column in list(zip(*keys, strict=True))[:4]]


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
