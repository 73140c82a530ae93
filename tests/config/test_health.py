from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from config.health import HEARTBEAT_LIMIT, heartbeat_age
from config.models import Heartbeat


def beat(seconds_ago: float) -> None:
    Heartbeat.objects.create(
        name=str(seconds_ago), beaten_at=timezone.now() - timedelta(seconds=seconds_ago), beat_token=uuid.uuid4()
    )


def test_the_process_answers_without_a_database(client: Client) -> None:
    answer = client.get("/healthz")
    assert (answer.status_code, answer.content) == (200, b"ok\n")


@pytest.mark.django_db
def test_ready_when_the_workers_beat(client: Client) -> None:
    beat(seconds_ago=1)
    answer = client.get("/readyz")
    body = answer.json()
    age = body.pop("heartbeat_age_seconds")
    assert (answer.status_code, body) == (200, {"ready": True, "database": True, "migrations": True, "worker": True})
    assert 1 <= age < 30


@pytest.mark.django_db
@pytest.mark.parametrize("beats", [(), (HEARTBEAT_LIMIT + 1,)])
def test_not_ready_without_a_recent_beat(client: Client, beats: tuple[float, ...]) -> None:
    for seconds_ago in beats:
        beat(seconds_ago)
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["worker"], answer.json()["ready"]) == (503, False, False)


@pytest.mark.django_db
def test_the_youngest_beat_of_all_hosts_counts() -> None:
    beat(seconds_ago=100)
    beat(seconds_ago=10)
    age = heartbeat_age(timezone.now())
    assert age is not None
    assert 10 <= age < 40


@pytest.mark.django_db
def test_metrics_are_prometheus_text(client: Client) -> None:
    beat(seconds_ago=1)
    answer = client.get("/metrics")
    lines = answer.content.decode().splitlines()
    assert answer.headers["Content-Type"].startswith("text/plain")
    assert 'waymark_messages{state="received"} 0.0' in lines
    assert "waymark_queue_depth 0.0" in lines


def test_strangers_are_sent_to_the_portal(client: Client) -> None:
    answer = client.get("/")
    assert (answer.status_code, answer.headers["Location"]) == (302, "/portal/")
