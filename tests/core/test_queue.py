from __future__ import annotations

import logging
from datetime import timedelta

import pytest
from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone
from django_q.models import OrmQ

from core import queue
from core.broker import SkipLockedBroker, wake_up_key

WAKE = wake_up_key("advance")


def take() -> list[str]:
    """What a worker is handed next, by name; nothing when nothing waits."""
    taken = SkipLockedBroker().dequeue() or []
    return [OrmQ.objects.get(pk=pk).name() for pk, _ in taken]


def test_the_queue_is_on_the_database_of_the_rows() -> None:
    assert settings.Q_CLUSTER["orm"] == "default"


def test_a_task_is_handed_out_again_only_after_its_longest_wait_and_run() -> None:
    cluster = settings.Q_CLUSTER
    longest_wait = cluster["timeout"] * -(-(cluster["queue_limit"] + 1) // cluster["workers"])
    assert cluster["retry"] > longest_wait + cluster["timeout"]


@pytest.mark.django_db(transaction=True)
def test_what_is_rolled_back_queues_nothing() -> None:
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        queue.nudge("advance")
        queue.enqueue("beat", "host", "token")
        _ = 1 / 0
    assert OrmQ.objects.count() == 0


@pytest.mark.django_db(transaction=True)
def test_one_transaction_wakes_once() -> None:
    with transaction.atomic():
        queue.nudge("advance")
        queue.nudge("advance")
    assert OrmQ.objects.filter(key=WAKE).count() == 1


@pytest.mark.django_db(transaction=True)
def test_taking_one_wake_up_takes_all_that_wait() -> None:
    for _ in range(3):
        queue.nudge("advance")
    queue.nudge("sweep_waiting")
    assert take() == ["advance"]
    assert take() == ["sweep_waiting"]
    assert take() == []
    assert OrmQ.objects.filter(key=WAKE).count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_nudge_during_a_run_leads_to_another_run() -> None:
    queue.nudge("advance")
    running = SkipLockedBroker().dequeue()
    queue.nudge("advance")
    assert take() == ["advance"]
    assert running is not None
    assert OrmQ.objects.filter(pk=running[0][0]).exists()


@pytest.mark.django_db(transaction=True)
def test_a_wake_up_that_is_not_committed_is_not_taken_for_anothers() -> None:
    queue.nudge("advance")
    other = connection.copy()
    try:
        other.set_autocommit(False)
        with other.cursor() as cursor:
            # Another transaction's nudge, not committed while the first one is taken.
            cursor.execute(
                "INSERT INTO django_q_ormq (key, payload, lock) SELECT key, payload, now() FROM django_q_ormq"
            )
            assert take() == ["advance"]
        other.commit()
    finally:
        other.close()
    assert take() == ["advance"]


@pytest.mark.django_db(transaction=True)
def test_orders_are_never_folded() -> None:
    queue.enqueue("beat", "host", "1")
    queue.enqueue("beat", "host", "2")
    assert take() == ["beat"]
    assert take() == ["beat"]


@pytest.mark.django_db(transaction=True)
def test_the_oldest_goes_first() -> None:
    queue.nudge("sweep_waiting")
    queue.nudge("advance")
    OrmQ.objects.filter(key=WAKE).update(lock=timezone.now() - timedelta(minutes=1))
    assert take() == ["advance"]


@pytest.mark.django_db(transaction=True)
def test_a_row_that_is_locked_is_passed_over() -> None:
    queue.nudge("advance")
    queue.nudge("sweep_waiting")
    other = connection.copy()
    try:
        other.set_autocommit(False)
        with other.cursor() as cursor:
            cursor.execute("SELECT id FROM django_q_ormq WHERE key = %s FOR UPDATE", [WAKE])
            assert take() == ["sweep_waiting"]
        other.rollback()
    finally:
        other.close()
    assert take() == ["advance"]


@pytest.mark.django_db
def test_a_beat_is_only_for_the_cluster_that_asked(settings: object) -> None:
    queue.ask_for_beat("another:1", "token")
    assert take() == []
    queue.ask_for_beat(settings.WAYMARK_CLUSTER, "token")  # type: ignore[attr-defined]
    assert take() == ["beat"]
    queue.hand_out_again("another:1")
    assert queue.beats_under_way("another:1") == 0


@pytest.mark.django_db(transaction=True)
def test_what_a_dead_cluster_took_is_handed_out_again() -> None:
    queue.enqueue("sweep_waiting")
    assert (take(), take()) == (["sweep_waiting"], [])
    queue.hand_out_again("dead:1")
    assert take() == ["sweep_waiting"]


@pytest.mark.django_db
def test_only_registered_names_and_ids_are_queued() -> None:
    with pytest.raises(LookupError):
        queue.enqueue("os.system", "true")
    with pytest.raises(LookupError):
        queue.nudge("os.system")
    with pytest.raises(TypeError):
        queue.enqueue("beat", {"a": 1})  # type: ignore[arg-type]
    assert OrmQ.objects.count() == 0


@pytest.mark.django_db
def test_a_name_of_another_version_is_logged_and_let_go(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR, logger="waymark.queue"):
        queue.run("gone")
    assert caplog.messages == ["no task is registered as 'gone'"]


@pytest.mark.django_db
def test_a_running_task_counts_as_busy(settings: object) -> None:
    settings.WAYMARK_TASKS = {"count": "tests.core.test_queue.count_busy"}  # type: ignore[attr-defined]
    queue.run("count")
    assert counted == [1]
    assert queue.busy_workers() == 0


counted: list[int] = []


def count_busy() -> None:
    counted.append(queue.busy_workers())
