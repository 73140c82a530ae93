"""Long work that a person asked for: begun, carried on step by step by any worker, shown, cancelled, taken up again."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any, TypedDict, Unpack

from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.module_loading import import_string

from core.errors import DomainError
from core.leases import LeaseLost, claim, fence, in_halves
from core.queue import nudge
from core.states import move
from partners.enums import JOB_MOVES, JobState
from partners.models import Job, Partner, User

# A step: does a bounded piece of `job` (a second or so) and says where it stands. `True`: that was the last.
Step = Callable[[Job], bool]

_LEASE = timedelta(minutes=2)
_ATTEMPTS = 5
_PAUSE = timedelta(seconds=30)
# Seconds after which a run makes room for other tasks of the queue.
_SLICE = 20.0


class Circumstances(TypedDict, total=False):
    """`partner`: whose people may see it beside ours. `total`: pieces, as far as they are known."""

    partner: Partner | None
    total: int


@transaction.atomic
def start_job(
    kind: str, *, title: str, parameters: dict[str, Any], by: User | None, **more: Unpack[Circumstances]
) -> Job:
    """Have the workers do `kind` (a name in settings.WAYMARK_JOBS). Raises LookupError for one that is not there."""
    if kind not in settings.WAYMARK_JOBS:
        raise LookupError(f"no job is registered as {kind!r}")
    job = Job.objects.create(kind=kind, title=title[:200], parameters=parameters, created_by=by, **more)
    nudge("work_jobs")
    return job


def advance_job(job: Job, *, cursor: dict[str, Any] | None = None, **changes: Any) -> None:
    """Note where the job stands: `done`, `total`, `result` and the `cursor` that the next step begins from.

    Called in the transaction of the step, so that what was done and what is noted agree. Raises LeaseLost when another
    worker has the job, or when it was cancelled.
    """
    values = {**changes, "lease_until": Now() + _LEASE}
    if cursor is not None:
        values["cursor"] = cursor
    if not Job.objects.filter(pk=job.pk, lease_token=job.lease_token, state=JobState.RUNNING).update(**values):
        raise LeaseLost
    for name, value in {**changes, **({"cursor": cursor} if cursor is not None else {})}.items():
        setattr(job, name, value)


def cancel_job(job: Job, *, by: User | None) -> None:
    """Stop it after the step that is under way. What was done stays."""
    move(job, JOB_MOVES, to=JobState.CANCELLED, ended_at=timezone.now())


@transaction.atomic
def resume_job(job: Job, *, by: User | None) -> None:
    """Go on with what failed or was cancelled, from where it stood."""
    fresh: dict[str, Any] = {
        "error": "",
        "ended_at": None,
        "attempts": 0,
        "not_before": timezone.now(),
        "lease_until": None,
    }
    move(job, JOB_MOVES, to=JobState.RUNNING, **fresh)
    nudge("work_jobs")


def work_jobs() -> int:
    """Carry on with jobs that wait, one after the other. Returns how many were worked on."""
    end, worked = time.monotonic() + _SLICE, 0
    while time.monotonic() < end:
        claimed = claim(Job, where_state=JobState.RUNNING, limit=1, lease_for=_LEASE)
        if not claimed:
            return worked
        in_halves(claimed, lambda jobs: _work(jobs, end), _put_off)
        worked += 1
    nudge("work_jobs")
    return worked


def _work(jobs: Sequence[Job], end: float) -> None:
    (job,) = jobs
    step: Step = import_string(settings.WAYMARK_JOBS[job.kind])
    try:
        while not step(job):
            if time.monotonic() > end:
                # It was not tried in vain: the next run goes on.
                Job.objects.filter(pk=job.pk, lease_token=job.lease_token).update(lease_until=None, attempts=0)
                return
    except DomainError as refused:
        _end(job, JobState.FAILED, error=refused.message[:500])
        return
    _end(job, JobState.DONE)


@transaction.atomic
def _end(job: Job, state: JobState, **changes: Any) -> None:
    fence([job])
    Job.objects.filter(pk=job.pk, state=JobState.RUNNING).update(
        state=state, ended_at=timezone.now(), lease_until=None, **changes
    )


def _put_off(job: Job, error: Exception) -> None:
    """A step met a bug of ours: try again later, and after five attempts leave it to a person."""
    said = f"{type(error).__name__}: {error}"[:500].replace("\x00", "")
    changes: dict[str, Any] = {"error": said, "lease_until": None}
    if job.attempts >= _ATTEMPTS:
        changes |= {"state": JobState.FAILED, "ended_at": timezone.now()}
    else:
        changes["not_before"] = timezone.now() + _PAUSE * 2 ** (job.attempts - 1)
    Job.objects.filter(pk=job.pk, state=JobState.RUNNING, lease_token=job.lease_token).update(**changes)
