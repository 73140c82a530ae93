"""How well the sources report: the figures of a day, and silences that their own history does not explain."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from django.db import connection, transaction
from django.utils import timezone

from shipments.delays import CLASSES, added, within
from shipments.enums import LATENCY_BUCKETS
from shipments.models import Message, Source, SourceDay, SourceSilence
from shipments.silence import AT_LEAST, MOST_GAPS, expected_by, quiet_hours
from shipments.zones import load_zone

SHOWN_DAYS = 30
# So long a look back says in which hours of the week a source sends.
_HOURS_FROM = timedelta(days=70)
# A day that is over is counted again until then: what came in its last minutes is read later.
_SETTLED_AFTER = timedelta(hours=2)
# Ids are given out before the time of receipt is written: a little before the first of the day.
_SLACK = 10_000

# The newest message before the day: read backwards by the key, which stops at once after the day's own.
_BEFORE = "SELECT id FROM shipments_message WHERE received_at < %s ORDER BY id DESC LIMIT 1"
_COUNT = """
    INSERT INTO shipments_sourceday (source_id, day, messages, duplicates, rejected, partial, events, unmatched,
        unmapped, quarantined, latencies, refreshed_at)
    SELECT m.source_id, %(day)s, count(*), sum(m.deliveries - 1),
        count(*) FILTER (WHERE m.state IN ('rejected', 'parked')), count(*) FILTER (WHERE m.state = 'partial'),
        sum(m.events_found), sum(m.events_unmatched), sum(m.events_unmapped), sum(m.events_quarantined), '{}', %(now)s
    FROM shipments_message m WHERE m.id > %(after)s AND m.received_at >= %(start)s AND m.received_at < %(end)s
    GROUP BY m.source_id ORDER BY m.source_id
    ON CONFLICT (source_id, day) DO UPDATE SET messages = excluded.messages, duplicates = excluded.duplicates,
        rejected = excluded.rejected, partial = excluded.partial, events = excluded.events,
        unmatched = excluded.unmatched, unmapped = excluded.unmapped, quarantined = excluded.quarantined,
        refreshed_at = excluded.refreshed_at
"""
# Messages by the hour in which they were received.
_HOURS = """
    SELECT m.source_id, extract(hour FROM m.received_at AT TIME ZONE 'UTC')::int, count(*)
    FROM shipments_message m WHERE m.id > %(after)s AND m.received_at >= %(start)s AND m.received_at < %(end)s
    GROUP BY 1, 2
"""
# Actual events as they were first read, by how long after the fact they were received.
_DELAYS = """
    SELECT e.source_id,
        width_bucket((extract(epoch FROM e.received_at - e.occurred_at) / 60)::float8, %(edges)s::float8[]), count(*)
    FROM shipments_message m JOIN shipments_event e ON e.message_id = m.id
    WHERE m.id > %(after)s AND m.received_at >= %(start)s AND m.received_at < %(end)s
        AND e.classifier = 'ACT' AND e.occurred_at IS NOT NULL AND e.quarantine = '' AND e.supersedes IS NULL
    GROUP BY 1, 2
"""


@dataclass(frozen=True, slots=True)
class SourceHealth:
    """The last 30 days of a source. Delays in minutes, the upper edge of their class; None: no report, or later still.

    `error_rate`: share of its messages that nobody could read, or only in part. `days`: oldest first, None where it
    sent nothing.
    """

    messages: int
    error_rate: float | None
    delay_half: int | None
    delay_most: int | None
    days: tuple[tuple[date, SourceDay | None], ...]


def refresh_health(now: datetime | None = None) -> int:
    """Count today (UTC) and, until it is settled, yesterday, for every source. Returns the days counted."""
    now = now or timezone.now()
    today = now.astimezone(UTC).date()
    midnight = datetime.combine(today, time(), UTC)
    settled = SourceDay.objects.filter(day=today - timedelta(days=1), refreshed_at__gte=midnight + _SETTLED_AFTER)
    days = [today] if settled.exists() else [today - timedelta(days=1), today]
    for day in days:
        _refresh(day, now)
    return len(days)


def note_silences(now: datetime | None = None) -> tuple[int, int]:
    """Open a silence for each active source that should have sent by now, and end those that are over.

    Returns how many were opened and ended.
    """
    now = now or timezone.now()
    opened = ended = 0
    silences = {silence.source_id: silence for silence in SourceSilence.objects.open()}
    for source in Source.objects.order_by("pk"):
        silence = silences.get(source.pk)
        if not source.is_active:
            ended += _end(silence, now) if silence else 0
            continue
        arrivals = _arrivals(source)
        if silence is not None and arrivals and arrivals[-1] > silence.last_message_at:
            ended += _end(silence, arrivals[-1])
            silence = None
        if silence is None:
            opened += _open(source, arrivals, now)
    return opened, ended


def health_of(sources: Sequence[Source], now: datetime | None = None) -> dict[int, SourceHealth]:
    """The last 30 days of each source, by its id. One query."""
    first = first_shown(now)
    rows: dict[int, list[SourceDay]] = {source.pk: [] for source in sources}
    for row in SourceDay.objects.filter(source__in=list(rows), day__gte=first):
        rows[row.source_id].append(row)
    return {pk: health_from(days, first) for pk, days in rows.items()}


def first_shown(now: datetime | None = None) -> date:
    """The first of the 30 days (UTC) that end today."""
    return (now or timezone.now()).astimezone(UTC).date() - timedelta(days=SHOWN_DAYS - 1)


def health_from(rows: Sequence[SourceDay], first: date) -> SourceHealth:
    """The figures of the days of one source, from `first` on."""
    days = {row.day: row for row in rows}
    messages = sum(row.messages for row in rows)
    wrong = sum(row.rejected + row.partial for row in rows)
    counts = added(row.latencies for row in rows)
    shown = (first + timedelta(days=number) for number in range(SHOWN_DAYS))
    return SourceHealth(
        messages=messages,
        error_rate=wrong / messages if messages else None,
        delay_half=within(counts, 0.5),
        delay_most=within(counts, 0.95),
        days=tuple((day, days.get(day)) for day in shown),
    )


@transaction.atomic
def _refresh(day: date, now: datetime) -> None:
    start = datetime.combine(day, time(), UTC)
    with connection.cursor() as cursor:
        cursor.execute(_BEFORE, [start])
        before = cursor.fetchone()
        values = {
            "day": day,
            "now": now,
            "start": start,
            "end": start + timedelta(days=1),
            "after": before[0] - _SLACK if before else 0,
            "edges": [float(edge) for edge in LATENCY_BUCKETS],
        }
        cursor.execute(_COUNT, values)
        cursor.execute(_HOURS, values)
        hours = _by_source(cursor.fetchall(), 24)
        cursor.execute(_DELAYS, values)
        delays = _by_source(cursor.fetchall(), CLASSES)
    for source_id, counts in sorted(hours.items()):
        rows = SourceDay.objects.filter(source_id=source_id, day=day)
        rows.update(hours=counts, latencies=delays.get(source_id, []))


def _by_source(rows: Iterable[tuple[int, int, int]], length: int) -> dict[int, list[int]]:
    """Rows of source, class and count as `length` counts a source."""
    found: dict[int, list[int]] = {}
    for source_id, number, count in rows:
        found.setdefault(source_id, [0] * length)[number] = count
    return found


def _arrivals(source: Source) -> list[datetime]:
    """When its last messages came, oldest first. The last one counts when the same was delivered again.

    Read by the index `message_by_source`: the cost is the same however much it, and since then others, sent. A range of
    one and the order by source keep PostgreSQL from walking backwards by the key, through all that others sent.
    """
    rows = Message.objects.filter(source__gte=source.pk, source__lte=source.pk).order_by("source_id", "-pk")
    found = list(rows.values_list("received_at", "last_delivered_at")[: MOST_GAPS + 1])
    if not found:
        return []
    arrivals = sorted(received for received, _ in found)
    again = max(delivered for _, delivered in found)
    return [*arrivals, again] if again > arrivals[-1] else arrivals


def _open(source: Source, arrivals: Sequence[datetime], now: datetime) -> int:
    if not arrivals or now - arrivals[-1] <= AT_LEAST:
        return 0
    zone = load_zone(source.time_zone) or UTC
    days = SourceDay.objects.filter(source=source, day__gte=now.astimezone(UTC).date() - _HOURS_FROM)
    quiet = quiet_hours(dict(days.values_list("day", "hours")), arrivals[-1], zone=zone)
    due = expected_by(arrivals, quiet=quiet, zone=zone)
    if due is None or due >= now:
        return 0
    silence = SourceSilence(source=source, last_message_at=arrivals[-1], expected_by=due, opened_at=now)
    # Another worker may have noted it at the same moment.
    SourceSilence.objects.bulk_create([silence], ignore_conflicts=True)
    return 1


def _end(silence: SourceSilence, at: datetime) -> int:
    return SourceSilence.objects.filter(pk=silence.pk, ended_at=None).update(ended_at=at)
