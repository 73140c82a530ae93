"""A large table is checked by the workers, part by part: a job that goes on where it stood and can be looked at."""

from __future__ import annotations

import time
from contextlib import closing

from django.db import transaction
from django.utils.translation import gettext as _

from core.states import move
from partners.models import Job, User
from partners.services import advance_job, cancel_job, start_job
from shipments.enums import UPLOAD_MOVES, Format, UploadState
from shipments.formats.table import FROM_POSITION
from shipments.models import Upload
from shipments.services.apart import LARGE, needs_apart, parse_apart
from shipments.services.previewing import Findings

KIND = "check_upload"
# A packed table of this many bytes may hold as many rows as a plain one of LARGE.
_LARGE_PACKED = 64 << 10
# A step reads for so long, and at least one part.
_SECONDS = 10.0
# How often it is noted how far the step is.
_NOTED_EVERY = 1.0


def takes_long(raw: bytes) -> bool:
    """Whether a person would wait for the check of this table: it is the workers' then."""
    return len(raw) > (LARGE if not needs_apart(raw[:8]) else _LARGE_PACKED)


def start_check(upload: Upload, *, by: User) -> Job:
    """Have an upload that is `checking` checked. The job: `done` of `total` percent, `result` {"ready", "refused"}."""
    return start_job(
        KIND,
        title=_("Check %s") % upload,
        parameters={"upload": upload.pk},
        by=by,
        partner=upload.source.partner,
        total=100,
    )


def check_of(upload: Upload) -> Job | None:
    """The job that checks or checked it."""
    jobs = Job.objects.filter(kind=KIND, created_by=upload.created_by_id, parameters__upload=upload.pk)
    return jobs.order_by("-pk").first()


def cancel_check(upload: Upload, *, by: User) -> None:
    """Stop the check of an upload that nobody wants any more."""
    for job in Job.objects.running().filter(kind=KIND, parameters__upload=upload.pk):
        cancel_job(job, by=by)


def check_step(job: Job) -> bool:
    """A piece of the check: as many parts as fit into a step; after the last the upload is `checked`.

    `cursor`: what was found so far (Findings). Rows that are counted there are passed over.
    """
    upload = Upload.objects.select_related("source", "created_by").get(pk=job.parameters["upload"])
    if upload.state != UploadState.CHECKING:
        return True
    found, noted_at = Findings.of(job.cursor), time.monotonic()
    end = noted_at + _SECONDS
    options = {
        **upload.source.reading,
        **upload.column_mapping,
        "received_at": job.created_at.isoformat(),
        FROM_POSITION: found.rows,
    }
    with closing(parse_apart(Format.CSV, bytes(upload.raw), options)) as parts:
        for part in parts:
            found.take(part, upload.source, by=upload.created_by)
            now = time.monotonic()
            if part.progress < 100 and now >= min(end, noted_at + _NOTED_EVERY):
                _note(job, found, part.progress)
                noted_at = now
                if now >= end:
                    return False
    _finish(job, upload, found)
    return True


def _note(job: Job, found: Findings, percent: int) -> None:
    result = {"ready": found.ready, "refused": found.refused}
    advance_job(job, cursor=found.as_json(), done=max(job.done, percent), result=result)


@transaction.atomic
def _finish(job: Job, upload: Upload, found: Findings) -> None:
    move(upload, UPLOAD_MOVES, to=UploadState.CHECKED, report=found.report(upload.source))
    result = {"ready": found.ready, "refused": found.refused}
    # What was carried along stands in the report now.
    advance_job(job, cursor={}, done=100, result=result)
