"""Claiming rows of an inbox or outbox, and getting a batch through although one of its rows is poison.

A model that is worked on this way has the columns `state`, `lease_until`, `lease_token`, `attempts` and `not_before`.
The attempt is counted when the row is claimed, so that a row which kills its worker is counted too. Leases run on the
database's clock: the clocks of two hosts need not agree.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any, TypeVar

from django.db import OperationalError, connection, models, transaction

M = TypeVar("M", bound=models.Model)
# A row, or its key.
R = TypeVar("R")

# SQLSTATE of what goes away when the same transaction is tried again: serialization failure, deadlock, lock timeout.
_PASSING = frozenset({"40001", "40P01", "55P03"})
_TRIES = 3


class LeaseLost(Exception):
    """Another worker has the row by now. What was done to it in this transaction must not be committed."""


def claim(model: type[M], *, where_state: str | Sequence[str], limit: int, lease_for: timedelta) -> list[M]:
    """Take up to `limit` rows in `where_state` that are due and held by nobody, oldest first, for `lease_for`.

    They come back with a fresh `lease_token` (one a claim) and one attempt more. Rows that other workers are claiming
    at this moment are passed over, so any number may claim at once.
    """
    table = connection.ops.quote_name(model._meta.db_table)
    states = [where_state] if isinstance(where_state, str) else list(where_state)
    sql = f"""
        WITH due AS MATERIALIZED ( -- else a plan may look again for each row, and claim more than the limit
            SELECT id FROM {table}
            WHERE state = ANY(%s) AND not_before <= statement_timestamp()
            AND (lease_until IS NULL OR lease_until < statement_timestamp())
            ORDER BY not_before, id FOR UPDATE SKIP LOCKED LIMIT %s
        )
        UPDATE {table} SET attempts = attempts + 1, lease_token = %s, lease_until = statement_timestamp() + %s
        WHERE id IN (SELECT id FROM due) RETURNING id
    """  # noqa: S608 the table's name comes from the model
    values: list[Any] = [states, limit, uuid.uuid4(), lease_for]
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(sql, values)
            ids = [row[0] for row in cursor.fetchall()]
        return list(model._default_manager.filter(pk__in=ids).order_by("pk"))


def fence(rows: Sequence[models.Model]) -> None:
    """Lock the claimed `rows` for this transaction. Raises LeaseLost when any is no longer ours.

    Called first (or last) in the transaction that writes the effect: a worker that was frozen past its lease wakes up
    here instead of writing over its successor.
    """
    model = type(rows[0])
    tokens = {row.pk: _token(row) for row in rows}
    held = (
        model._default_manager.select_for_update().filter(pk__in=tokens).order_by("pk").values_list("pk", "lease_token")
    )
    if dict(held) != tokens:
        raise LeaseLost


def in_halves(rows: Sequence[R], work: Callable[[Sequence[R]], Any], park: Callable[[R, Exception], Any]) -> int:
    """Do `work` on all `rows` at once; when it fails, on each half, down to the one row that is `park`ed

    `work` is one transaction and leaves nothing behind when it raises. Returns the number of rows that went through. A
    row whose lease was lost is left to its new holder. What the database says is passing is tried again as a whole.
    """
    if not rows:
        return 0
    try:
        _persistently(work, rows)
        return len(rows)
    except LeaseLost as lost:
        failure: Exception = lost
    except OperationalError:
        # The database itself: no row's fault, so no row is parked. The lease runs out and another run takes them.
        raise
    except Exception as error:
        failure = error
    if len(rows) > 1:
        middle = len(rows) // 2
        return in_halves(rows[:middle], work, park) + in_halves(rows[middle:], work, park)
    if not isinstance(failure, LeaseLost):
        park(rows[0], failure)
    return 0


def _persistently(work: Callable[[Sequence[R]], Any], rows: Sequence[R]) -> None:
    for _ in range(_TRIES - 1):
        try:
            work(rows)
            return
        except OperationalError as error:
            if getattr(error.__cause__, "sqlstate", None) not in _PASSING:
                raise
    work(rows)


def _token(row: models.Model) -> Any:
    return getattr(row, "lease_token", None)
