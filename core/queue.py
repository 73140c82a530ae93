"""The one door to the queue. Rows are the truth, a queued task says "look": losing or doubling one changes nothing.

What may run stands in `settings.WAYMARK_TASKS` (name -> dotted path), so a row of the queue can never name a function.
"""

from __future__ import annotations

import logging

from django.conf import settings
from django.db import connection
from django.db.models.functions import Now
from django.utils.module_loading import import_string
from django_q.models import OrmQ  # noqa: TID251 this is the door
from django_q.tasks import async_task  # noqa: TID251

from core.broker import SkipLockedBroker, beat_key, wake_up_key

logger = logging.getLogger("waymark.queue")

# Shared by every process that runs a task, so that the supervisor can tell "all are busy" from "nobody answers".
BUSY_LOCK = 0x57415942


def enqueue(name: str, *ids: int | str) -> None:
    """Have the workers run the task `name` with `ids`, if and when the caller's transaction commits.

    Raises LookupError for a name that is not registered and TypeError for anything but ids: an argument travels as a
    pickle and may be read by a newer version of the code.
    """
    _put(name, ids, SkipLockedBroker())


def nudge(name: str) -> None:
    """Wake the task `name` when the caller's transaction commits.

    Cheap to call often: one row a transaction, and all that wait are taken by one run. A nudge during a run leads to
    another run.
    """
    key = wake_up_key(name)
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM django_q_ormq WHERE key = %s AND xmin = pg_current_xact_id()::xid LIMIT 1", [key])
        already = cursor.fetchone() is not None
    if not already:
        _put(name, (), SkipLockedBroker(list_key=key))


def ask_for_beat(cluster: str, token: str) -> None:
    """Send a sign of life that only the workers of `cluster` take: another host's would vouch for the wrong ones."""
    _put("beat", (cluster, token), SkipLockedBroker(list_key=beat_key(cluster)))


def beats_under_way(cluster: str) -> int:
    """Beats that were asked for and are not done and acknowledged."""
    under_way: int = OrmQ.objects.filter(key=beat_key(cluster)).count()
    return under_way


def hand_out_again(cluster: str) -> None:
    """Drop the beats of a cluster that was ended and free what it took, and what others run: doubling does no harm."""
    OrmQ.objects.filter(key=beat_key(cluster)).delete()
    OrmQ.objects.filter(lock__gt=Now()).update(lock=Now())


def busy_workers() -> int:
    """How many workers, of all hosts, are running a task at this moment."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = %s AND granted", [BUSY_LOCK]
        )
        return int(cursor.fetchone()[0])


def run(name: str, *ids: int | str) -> None:
    """What the workers call: look the task up and run it, marked as busy."""
    path = settings.WAYMARK_TASKS.get(name)
    if path is None:
        # Another version of the code queued it. The rows it was about stay, and the sweeps find them.
        logger.error("no task is registered as %r", name)
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock_shared(%s)", [BUSY_LOCK])
    try:
        import_string(path)(*ids)
    finally:
        # A lost connection has given the lock back already.
        if connection.connection is not None and not connection.connection.closed:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock_shared(%s)", [BUSY_LOCK])


def _put(name: str, ids: tuple[int | str, ...], broker: SkipLockedBroker) -> None:
    if name not in settings.WAYMARK_TASKS:
        raise LookupError(f"no task is registered as {name!r}")
    for value in ids:
        if type(value) not in (int, str):
            raise TypeError(f"a task takes ids only, not {type(value).__name__}")
    async_task("core.queue.run", name, *ids, task_name=name, broker=broker)
