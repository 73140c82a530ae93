"""Interchanges: who sent them under which number, what is doubtful about that, and what is answered."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from core.bulk import fetch_rows, insert_rows
from shipments.formats.base import Envelope
from shipments.models import ControlNumber
from shipments.services.reading import Reading
from shipments.services.storing import Report

# Control numbers run over at 999,999,999 and some senders begin anew each year: an older one is no repetition.
_REMEMBERED = timedelta(days=90)
DOUBT = "Interchange"
_Key = tuple[int, str, str, str, str]
_Number = tuple[int, str, str, str]
# A number that nobody has used for so long stands for the new content.
_AGAIN = f"""(source_id, standard, sender, number) DO UPDATE
    SET digest = EXCLUDED.digest, message_id = EXCLUDED.message_id, seen_at = statement_timestamp()
    WHERE shipments_controlnumber.seen_at < statement_timestamp() - interval '{_REMEMBERED.days} days'"""  # noqa: S608 our own text
# Each is looked up by all columns of the index: a source may have sent millions.
_KNOWN = """
    SELECT c.source_id, c.standard, c.sender, c.number, c.digest FROM shipments_controlnumber c,
    unnest(%s::bigint[], %s::text[], %s::text[], %s::text[]) AS x(source_id, standard, sender, number)
    WHERE c.source_id = x.source_id AND c.standard = x.standard AND c.sender = x.sender AND c.number = x.number
"""


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
    """Those whose number stands for other content; the first that was noted is believed.

    Who notes a number at the same time with other content waits at the unique number until we are committed. Always in
    the order of the numbers, so that nobody waits in a circle.
    """
    keys: dict[_Key, None] = {}
    firsts: dict[_Number, tuple[str, int]] = {}
    for reading, envelope in sorted(sent, key=lambda pair: (pair[0].message.pk, pair[1].first)):
        key = _key(reading, envelope)
        keys[key] = None
        firsts.setdefault(key[:4], (key[4], reading.message.pk))
    believed = {number: digest for number, (digest, _) in firsts.items()}
    rows = [(*number, *said) for number, said in sorted(firsts.items())]
    names = ["source", "standard", "sender", "number", "digest", "message"]
    noted = insert_rows(ControlNumber, names, rows, on_conflict=_AGAIN, returning="source_id, standard, sender, number")
    if known := believed.keys() - set(noted):
        believed.update(_believed(known))
    return {key for key in keys if believed[key[:4]] != key[4]}


def _believed(numbers: Collection[_Number]) -> dict[_Number, str]:
    """The digest that each of these numbers stands for."""
    columns = [list(column) for column in zip(*numbers, strict=True)]
    return {(source, *rest): digest for source, *rest, digest in fetch_rows(_KNOWN, columns)}


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
