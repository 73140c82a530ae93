"""The figures of a source's day, and its silences."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from shipments.delays import CLASSES
from shipments.enums import MessageState
from shipments.models import Message, SourceDay, SourceSilence
from shipments.services import note_silences, refresh_health
from shipments.services.health import health_of
from tests.factories.shipments import EventFactory, MessageFactory, SourceFactory

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 4, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)


def heard_every(step: timedelta, times: int, until: datetime, **fields):
    source = SourceFactory(**fields)
    for number in reversed(range(times)):
        at = until - number * step
        MessageFactory(source=source, received_at=at, last_delivered_at=at)
    return source


def test_a_day_is_counted_by_source_and_counted_again_the_same():
    source, other = SourceFactory(), SourceFactory()
    MessageFactory(
        source=source, received_at=NOW, deliveries=3, events_found=5, events_unmatched=2, events_unmapped=1,
        events_quarantined=1,
    )  # fmt: skip
    MessageFactory(source=source, received_at=NOW, state=MessageState.REJECTED, errors=[{"code": "x"}], events_found=0)
    MessageFactory(source=source, received_at=NOW, state=MessageState.PARTIAL, errors=[{"code": "x"}])
    MessageFactory(source=other, received_at=NOW - timedelta(days=1))
    MessageFactory(source=other, received_at=NOW - timedelta(days=3))
    assert (refresh_health(NOW), refresh_health(NOW)) == (2, 1)
    rows = SourceDay.objects.order_by("day").values_list(
        "source", "day", "messages", "duplicates", "rejected", "partial", "events", "unmatched", "unmapped",
        "quarantined",
    )  # fmt: skip
    assert list(rows) == [
        (other.pk, date(2026, 11, 3), 1, 0, 0, 0, 1, 0, 0, 0),
        (source.pk, date(2026, 11, 4), 3, 2, 1, 1, 6, 2, 1, 1),
    ]


def test_the_messages_of_a_day_are_counted_by_the_hour_in_utc():
    source, other = SourceFactory(), SourceFactory()
    midnight = NOW.replace(hour=0)
    MessageFactory(source=source, received_at=midnight)
    MessageFactory(source=other, received_at=midnight - timedelta(seconds=1))
    for minutes in (60, 119, 120):
        MessageFactory(source=source, received_at=midnight + timedelta(minutes=minutes))
    refresh_health(NOW)
    assert list(SourceDay.objects.order_by("day").values_list("source", "day", "hours")) == [
        (other.pk, date(2026, 11, 3), [0] * 23 + [1]),
        (source.pk, date(2026, 11, 4), [1, 2, 1, *[0] * 21]),
    ]
    MessageFactory(source=source, received_at=midnight + timedelta(minutes=61))
    refresh_health(NOW)
    assert source.days.get().hours[:3] == [1, 3, 1]


def test_yesterday_is_left_alone_once_it_is_settled():
    MessageFactory(received_at=NOW - timedelta(days=1))
    refresh_health(NOW.replace(hour=1))
    assert refresh_health(NOW.replace(hour=3)) == 2
    assert refresh_health(NOW.replace(hour=4)) == 1


def test_delays_of_actual_events_are_counted_by_class():
    message = MessageFactory(received_at=NOW)
    for minutes, fields in [
        (-5, {}), (14, {}), (15, {}), (59, {}), (20_000, {}), (10, {"classifier": "EST"}), (10, {"quarantine": "no"}),
        (10, {"supersedes": 1}),
    ]:  # fmt: skip
        EventFactory(message=message, received_at=NOW, occurred_at=NOW - timedelta(minutes=minutes), **fields)
    refresh_health(NOW)
    counts = SourceDay.objects.get().latencies
    assert (len(counts), counts[:3], counts[-1], sum(counts)) == (CLASSES, [2, 1, 1], 1, 5)


def test_the_last_30_days_of_a_source_are_told():
    source, quiet = SourceFactory(), SourceFactory()
    today = date(2026, 11, 4)
    SourceDay.objects.create(source=source, day=today, messages=8, rejected=1, partial=1, latencies=[10, 0, 10])
    SourceDay.objects.create(source=source, day=today - timedelta(days=29), messages=2)
    SourceDay.objects.create(source=source, day=today - timedelta(days=30), messages=99)
    told = health_of([source, quiet], NOW)
    health = told[source.pk]
    assert (health.messages, health.error_rate, health.delay_half, health.delay_most) == (10, 0.2, 15, 60)
    assert (len(health.days), health.days[0][0], health.days[-1][1].messages) == (30, today - timedelta(days=29), 8)
    assert (told[quiet.pk].messages, told[quiet.pk].error_rate, told[quiet.pk].delay_half) == (0, None, None)


def test_a_source_that_should_have_sent_is_silent_once_until_it_sends():
    source = heard_every(HOUR, 30, NOW - 3 * HOUR)
    assert note_silences(NOW) == (0, 0)
    later = NOW + timedelta(minutes=1)
    assert note_silences(later) == (1, 0)
    silence = SourceSilence.objects.open().get()
    assert (silence.source, silence.last_message_at, silence.expected_by) == (source, NOW - 3 * HOUR, NOW)
    assert note_silences(later + HOUR) == (0, 0)
    MessageFactory(source=source, received_at=later + 2 * HOUR, last_delivered_at=later + 2 * HOUR)
    assert note_silences(later + 2 * HOUR) == (0, 1)
    silence.refresh_from_db()
    assert silence.ended_at == later + 2 * HOUR


def test_the_same_message_again_is_a_sign_of_life():
    source = heard_every(HOUR, 30, NOW - 4 * HOUR)
    assert note_silences(NOW) == (1, 0)
    source.messages.filter(received_at=NOW - 4 * HOUR).update(deliveries=2, last_delivered_at=NOW - HOUR)
    assert note_silences(NOW) == (0, 1)


def test_a_source_without_history_or_that_is_off_is_never_silent():
    heard_every(HOUR, 20, NOW - timedelta(days=30))
    off = heard_every(HOUR, 30, NOW - timedelta(days=30))
    assert note_silences(NOW) == (1, 0)
    off.is_active = False
    off.save()
    assert note_silences(NOW) == (0, 1)
    assert note_silences(NOW) == (0, 0)


def test_a_weekend_is_no_silence_for_a_source_that_rests_on_it():
    saturday = datetime(2026, 11, 7, 15, tzinfo=UTC)
    resting = heard_every(3 * HOUR, 30, saturday - 18 * HOUR)
    heard_every(3 * HOUR, 30, saturday - 18 * HOUR)
    for number in range(1, 36):
        day = saturday.date() - timedelta(days=number)
        if day.weekday() < 5:
            SourceDay.objects.create(source=resting, day=day, messages=24, hours=[1] * 24)
    assert note_silences(saturday) == (1, 0)
    assert SourceSilence.objects.open().exclude(source=resting).count() == 1


def heard_by_day(until: datetime, zone: str = ""):
    """Every quarter of an hour from 8 to 18 UTC on every day of four weeks, the last at `until`; counted."""
    source = heard_every(timedelta(minutes=15), 30, until, time_zone=zone)
    for number in range(28):
        hours = [4 if 8 <= hour < 18 else 0 for hour in range(24)]
        day = until.date() - timedelta(days=number)
        SourceDay.objects.create(source=source, day=day, messages=sum(hours), hours=hours)
    return source


@pytest.mark.parametrize("zone", ["", "Asia/Kolkata", "America/Chicago"])
def test_a_night_is_no_silence_for_a_source_that_sends_by_day(zone: str):
    evening = datetime(2026, 10, 31, 17, 45, tzinfo=UTC)
    source = heard_by_day(evening, zone)
    # Chicago puts its clocks back in this night: its morning comes an hour later.
    morning = datetime(2026, 11, 1, 10 if zone == "America/Chicago" else 9, 45, tzinfo=UTC)
    assert note_silences(evening + 12 * HOUR) == (0, 0)
    assert note_silences(morning) == (0, 0)
    assert note_silences(morning + timedelta(minutes=1)) == (1, 0)
    assert source.silences.get().expected_by == morning


def test_a_day_without_a_word_is_a_silence_for_a_source_that_sends_by_day():
    noon = datetime(2026, 10, 31, 12, tzinfo=UTC)
    heard_by_day(noon)
    assert note_silences(noon + 2 * HOUR) == (0, 0)
    assert note_silences(noon + 2 * HOUR + timedelta(minutes=1)) == (1, 0)


def test_a_long_silence_does_not_become_a_habit():
    """A month later all the hours have passed without a message often enough; it was expected when it was."""
    noon = datetime(2026, 10, 31, 12, tzinfo=UTC)
    source = heard_by_day(noon)
    assert note_silences(noon + timedelta(days=30)) == (1, 0)
    assert source.silences.get().expected_by == noon + 2 * HOUR


def copy_messages(times: int) -> None:
    """Each message so often again, as if others had been received."""
    own = ("id", "public_id", "digest")
    columns = ", ".join(f'"{field.column}"' for field in Message._meta.concrete_fields if field.column not in own)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO shipments_message (public_id, digest, {columns}) SELECT gen_random_uuid(), m.id || '-' || n,"
            f" {columns} FROM shipments_message m, generate_series(1, %s) n",
            [times],
        )
        cursor.execute("ANALYZE shipments_message")


def test_the_last_messages_of_a_source_are_read_by_their_index():
    """Of its 1000, beside 9000 of another. The planner judges by what it was told of the table, and by its size."""
    with connection.cursor() as cursor:
        # What earlier tests have rolled back still fills pages.
        cursor.execute("TRUNCATE shipments_message")
    source = MessageFactory(received_at=NOW, last_delivered_at=NOW).source
    MessageFactory.create_batch(9, source=SourceFactory())
    copy_messages(1000)
    with CaptureQueriesContext(connection) as queries:
        note_silences(NOW)
    (statement,) = [query["sql"] for query in queries if f'"source_id" <= {source.pk})' in query["sql"]]
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN {statement}")
        plan = "\n".join(row[0] for row in cursor.fetchall())
    assert "Index Scan using message_by_source" in plan
    assert "Sort" not in plan


def test_silence_is_a_metric_by_source(client: Client):
    silent = heard_every(HOUR, 30, timezone.now() - timedelta(days=2), code="SILENT")
    SourceFactory(code="FINE")
    assert note_silences() == (1, 0)
    lines = client.get("/metrics").content.decode().splitlines()
    assert 'waymark_source_silent{source="SILENT"} 1.0' in lines
    assert 'waymark_source_silent{source="FINE"} 0.0' in lines
    assert silent.silences.open().count() == 1
