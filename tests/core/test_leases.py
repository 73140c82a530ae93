from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from datetime import timedelta

import psycopg.errors
import pytest
from django.db import OperationalError, connection, models, transaction
from django.utils import timezone
from django.utils.timezone import now

from core.leases import LeaseLost, claim, fence, in_halves

MINUTE = timedelta(minutes=1)


class Job(models.Model):
    """A leased row as inbox and outbox have it, without anything else."""

    state = models.CharField(max_length=16, default="waiting")
    lease_until = models.DateTimeField(null=True)
    lease_token = models.UUIDField(null=True)
    attempts = models.IntegerField(default=0)
    not_before = models.DateTimeField(default=now)

    class Meta:
        app_label = "core"
        managed = False


@pytest.fixture
def jobs(transactional_db: None) -> object:
    with connection.schema_editor() as editor:
        editor.create_model(Job)
    yield
    with connection.schema_editor() as editor:
        editor.delete_model(Job)


def make(count: int) -> list[int]:
    return [Job.objects.create().pk for _ in range(count)]


def pks(rows: Sequence[Job]) -> list[int]:
    return [row.pk for row in rows]


def test_claimed_rows_carry_a_token_and_one_attempt_more(jobs: None) -> None:
    made = make(3)
    rows = claim(Job, where_state="waiting", limit=2, lease_for=MINUTE)
    assert pks(rows) == made[:2]
    assert [row.attempts for row in rows] == [1, 1]
    assert len({row.lease_token for row in rows}) == 1
    assert all(row.lease_until is not None for row in rows)


def test_no_more_than_the_limit_is_claimed_whatever_the_plan(jobs: None) -> None:
    made = make(5)
    with transaction.atomic(), connection.cursor() as cursor:
        # What is left is a nested loop, which would look for the due rows again for each row of the table.
        for way in ("hashjoin", "mergejoin", "hashagg", "sort", "material", "memoize", "indexscan", "bitmapscan"):
            cursor.execute(f"SET LOCAL enable_{way} = off")
        assert pks(claim(Job, where_state="waiting", limit=2, lease_for=MINUTE)) == made[:2]


def test_a_claimed_row_is_not_claimed_again_before_its_lease_ends(jobs: None) -> None:
    made = make(2)
    claim(Job, where_state="waiting", limit=1, lease_for=MINUTE)
    assert pks(claim(Job, where_state="waiting", limit=9, lease_for=MINUTE)) == made[1:]
    Job.objects.update(lease_until=timezone.now() - MINUTE)
    again = claim(Job, where_state="waiting", limit=9, lease_for=MINUTE)
    assert [(row.pk, row.attempts) for row in again] == [(made[0], 2), (made[1], 2)]


def test_rows_that_are_not_due_or_in_another_state_stay(jobs: None) -> None:
    Job.objects.create(not_before=timezone.now() + MINUTE)
    Job.objects.create(state="done")
    failed = Job.objects.create(state="failed")
    assert claim(Job, where_state="waiting", limit=9, lease_for=MINUTE) == []
    assert pks(claim(Job, where_state=["waiting", "failed"], limit=9, lease_for=MINUTE)) == [failed.pk]


def test_the_longest_due_goes_first(jobs: None) -> None:
    make(1)
    older = Job.objects.create(not_before=timezone.now() - MINUTE)
    assert pks(claim(Job, where_state="waiting", limit=1, lease_for=MINUTE)) == [older.pk]


def test_two_claims_at_once_share_nothing(jobs: None) -> None:
    made = make(4)
    other = connection.copy()
    try:
        other.set_autocommit(False)
        with other.cursor() as cursor:
            cursor.execute("SELECT id FROM core_job WHERE id = ANY(%s) FOR UPDATE", [made[:2]])
            assert pks(claim(Job, where_state="waiting", limit=9, lease_for=MINUTE)) == made[2:]
        other.rollback()
    finally:
        other.close()


def test_the_fence_lets_the_holder_through(jobs: None) -> None:
    make(2)
    rows = claim(Job, where_state="waiting", limit=2, lease_for=MINUTE)
    with transaction.atomic():
        fence(rows)


@pytest.mark.parametrize("change", [{"lease_token": uuid.UUID(int=1)}, {"lease_token": None}])
def test_the_fence_stops_who_lost_the_lease(jobs: None, change: dict[str, object]) -> None:
    make(2)
    rows = claim(Job, where_state="waiting", limit=2, lease_for=MINUTE)
    Job.objects.filter(pk=rows[0].pk).update(**change)
    with pytest.raises(LeaseLost), transaction.atomic():
        fence(rows)


def test_the_fence_stops_who_holds_a_row_that_is_gone(jobs: None) -> None:
    make(1)
    rows = claim(Job, where_state="waiting", limit=1, lease_for=MINUTE)
    Job.objects.all().delete()
    with pytest.raises(LeaseLost), transaction.atomic():
        fence(rows)


def working(poison: set[int], done: list[int], error: Callable[[], Exception]) -> Callable[[Sequence[Job]], None]:
    def work(rows: Sequence[Job]) -> None:
        if poison & set(pks(rows)):
            raise error()
        done.extend(pks(rows))

    return work


@pytest.mark.parametrize("poisoned", [[], [0], [4], [1, 6], [0, 1, 2, 3, 4, 5, 6]])
def test_only_the_poison_is_parked(poisoned: list[int]) -> None:
    rows = [Job(pk=pk) for pk in range(7)]
    done: list[int] = []
    parked: list[tuple[int, str]] = []
    through = in_halves(
        rows,
        working(set(poisoned), done, lambda: ValueError("poison")),
        lambda row, error: parked.append((row.pk, str(error))),
    )
    assert parked == [(pk, "poison") for pk in poisoned]
    assert done == [pk for pk in range(7) if pk not in poisoned]
    assert through == len(done)


def test_nothing_is_worked_on_when_there_is_nothing() -> None:
    assert in_halves([], working(set(), [], ValueError), lambda row, error: None) == 0


def test_a_row_whose_lease_is_lost_is_left_to_its_holder() -> None:
    done: list[int] = []
    parked: list[int] = []
    through = in_halves([Job(pk=1), Job(pk=2)], working({2}, done, LeaseLost), lambda row, error: parked.append(row.pk))
    assert (through, done, parked) == (1, [1], [])


def database_error(kind: type[Exception]) -> OperationalError:
    error = OperationalError()
    error.__cause__ = kind()
    return error


def test_a_deadlock_is_tried_again_as_a_whole() -> None:
    tries: list[list[int]] = []

    def work(rows: Sequence[Job]) -> None:
        tries.append(pks(rows))
        if len(tries) < 3:
            raise database_error(psycopg.errors.DeadlockDetected)

    assert in_halves([Job(pk=1), Job(pk=2)], work, lambda row, error: None) == 2
    assert tries == [[1, 2]] * 3


@pytest.mark.parametrize(
    ("kind", "tries"), [(psycopg.errors.SerializationFailure, 3), (psycopg.errors.AdminShutdown, 1)]
)
def test_trouble_of_the_database_parks_no_row(kind: type[Exception], tries: int) -> None:
    tried: list[int] = []
    parked: list[int] = []

    def work(rows: Sequence[Job]) -> None:
        tried.append(len(rows))
        raise database_error(kind)

    with pytest.raises(OperationalError):
        in_halves([Job(pk=1), Job(pk=2)], work, lambda row, error: parked.append(row.pk))
    assert (tried, parked) == ([2] * tries, [])
