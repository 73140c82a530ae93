"""What the queue's clock wakes. The schedules belong to the code: brought up to date at each start of the workers."""

from __future__ import annotations

from django.db import connection, transaction
from django_q.models import Schedule

# Task -> minutes between two wake-ups. They catch what no nudge can: time that passes, and a nudge that was lost.
MINUTES = {
    "advance": 1,
    "sweep_waiting": 1,
    "work_jobs": 1,
    "collect_due": 1,
    "watch_sources": 5,
    "refresh_foresight": 1440,
}
_LOCK = 0x57415943


def reconcile() -> None:
    """Bring the table of schedules to what stands above, once, however many supervisors start at the same moment."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
        Schedule.objects.exclude(name__in=MINUTES).delete()
        for name, minutes in MINUTES.items():
            values = {
                "func": "core.queue.run",
                "args": repr((name,)),
                "kwargs": None,
                "schedule_type": Schedule.MINUTES,
                "minutes": minutes,
                "repeats": -1,
                "cluster": None,
            }
            Schedule.objects.update_or_create(name=name, defaults=values)
