"""What the queue may call. A run looks for work in the rows; the queue only says when to look."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable

from django.db.models.functions import Now

import billing.services
import milestones.services
import partners.services
import shipments.services
from config.models import Heartbeat
from core.queue import nudge

# Seconds after which a run makes room for other tasks of the queue, the heartbeat among them.
_SLICE = 5.0

# In the order of the data's way: what a stage leaves behind is the next one's work.
STAGES: tuple[Callable[[], int], ...] = (
    shipments.services.ingest_waiting,
    milestones.services.evaluate_due,
    billing.services.rate_due,
    partners.services.send_deliveries,
)


def advance() -> None:
    """Drain all stages in order until a whole round finds nothing, or until the slice is over: then wake again."""
    end = time.monotonic() + _SLICE
    while sum(stage() for stage in STAGES):
        if time.monotonic() > end:
            nudge("advance")
            return


def sweep_waiting() -> None:
    """Match the events that wait for a shipment, a mapping or a place, and rate what lags behind."""
    if shipments.services.match_waiting() + shipments.services.sweep_places():
        nudge("advance")
    billing.services.rate_behind()


def work_jobs() -> None:
    """Carry on with the long work that people asked for."""
    if partners.services.work_jobs():
        nudge("advance")


def collect_due() -> None:
    """Look into the connections that are due: APIs, directories, mailboxes. What they give is read by `advance`."""
    shipments.services.collect_due()


def watch_sources() -> None:
    """Count the day of each source, and note which have fallen silent or speak again."""
    shipments.services.refresh_health()
    shipments.services.note_silences()


def refresh_foresight() -> None:
    """Learn from the journeys of the last year how long the lanes take, and who foretold the arrivals better."""
    milestones.services.refresh_transit_times()


def beat(name: str, token: str) -> None:
    """A sign of life of the cluster whose supervisor sent `token` (a UUID) through the queue."""
    now = {"beaten_at": Now(), "beat_token": uuid.UUID(token)}
    Heartbeat.objects.update_or_create(name=name, defaults=now)
    # The schedules know minutes only; this comes every few seconds.
    shipments.services.wake_collectors()
