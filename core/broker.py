"""django-q2's queue on our database, taken from with SKIP LOCKED, wake-ups folded when they are taken.

A queue row is an order (`key` = the cluster's name) or a wake-up of one task (`key` = `<cluster>/<task>`). However many
wake-ups of a task wait, taking one takes them all: the run that follows sees everything their transactions committed.
Folding at the take and not at the insert is what makes it safe: a writer that trusted a wake-up of somebody else's
could see it run before its own rows are committed.
"""

from __future__ import annotations

from time import sleep

from django.conf import settings
from django.db import connections
from django_q.brokers.orm import ORM  # noqa: TID251 the queue's own door
from django_q.conf import Conf  # noqa: TID251

_TAKE = """
    WITH picked AS (
        SELECT id, key FROM django_q_ormq WHERE key = ANY(%(keys)s) AND lock <= now()
        ORDER BY lock, id FOR UPDATE SKIP LOCKED LIMIT %(limit)s
    ), folded AS (
        SELECT q.id FROM django_q_ormq q
        WHERE q.key IN (SELECT key FROM picked WHERE key <> %(orders)s) AND q.lock <= now()
        AND q.id NOT IN (SELECT min(id) FROM picked GROUP BY key)
        FOR UPDATE SKIP LOCKED
    ), dropped AS (
        DELETE FROM django_q_ormq WHERE id IN (SELECT id FROM folded)
    )
    UPDATE django_q_ormq SET lock = now() + make_interval(secs => %(retry)s)
    WHERE id IN (SELECT id FROM picked) AND id NOT IN (SELECT id FROM folded)
    RETURNING id, payload
"""


def wake_up_key(name: str) -> str:
    """The queue key of the wake-ups of the task `name`."""
    return f"{Conf.CLUSTER_NAME}/{name}"


def beat_key(cluster: str) -> str:
    """The queue key of the signs of life that `cluster` alone may give."""
    return wake_up_key(f"beat@{cluster}")


class SkipLockedBroker(ORM):
    """Takes rows without waiting for other takers, oldest first; waits `poll` seconds when there is none."""

    def dequeue(self) -> list[tuple[int, str]] | None:
        keys = [self.list_key, *map(wake_up_key, settings.WAYMARK_TASKS), beat_key(settings.WAYMARK_CLUSTER)]
        values = {"keys": keys, "orders": self.list_key, "limit": Conf.BULK, "retry": Conf.RETRY}
        with connections[Conf.ORM].cursor() as cursor:
            cursor.execute(_TAKE, values)
            taken: list[tuple[int, str]] = cursor.fetchall()
        if taken:
            return sorted(taken)
        sleep(Conf.POLL)
        return None

    def enqueue(self, task: str) -> int:
        # On the database's clock, as the taking is: a host whose clock runs ahead would hide its own work.
        with connections[Conf.ORM].cursor() as cursor:
            cursor.execute(
                "INSERT INTO django_q_ormq (key, payload, lock) VALUES (%s, %s, now()) RETURNING id",
                [self.list_key, task],
            )
            return int(cursor.fetchone()[0])

    def queue_size(self) -> int:
        """Rows that wait, orders and wake-ups alike."""
        with connections[Conf.ORM].cursor() as cursor:
            cursor.execute("SELECT count(*) FROM django_q_ormq WHERE lock <= now()")
            return int(cursor.fetchone()[0])
