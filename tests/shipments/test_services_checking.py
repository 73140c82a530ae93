"""Large tables are checked by the workers: part by part, from where it stood, and no further than anybody wants it."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

import pytest
import xlsxwriter

from core.errors import DomainError
from partners.enums import InternalGroup, JobState, Role
from partners.models import Job
from partners.services import cancel_job, resume_job, work_jobs
from shipments.enums import Format, UploadState
from shipments.models import Event, Message, Source, Upload
from shipments.services import (
    check_of,
    check_upload,
    checking,
    discard_upload,
    error_file,
    import_upload,
    ingest_waiting,
    undo_upload,
)
from shipments.services.previewing import examine
from shipments.services.undoing import undo_step
from tests.factories.partners import internal, member
from tests.factories.shipments import ShipmentFactory, SourceFactory

pytestmark = pytest.mark.django_db

HEADING = "code,occurred_at,hbl,remarks\n"
PADDING = "x" * 240
STEPS: list[tuple[str, int]] = []


def observed(job: Job) -> bool:
    """The step itself; how far it came is noted."""
    is_last = {"check_upload": checking.check_step, "undo_upload": undo_step}[job.kind](job)
    STEPS.append((job.kind, job.done))
    return is_last


@pytest.fixture
def steps(settings) -> Iterator[list[tuple[str, int]]]:
    names = dict.fromkeys(("check_upload", "undo_upload"), f"{__name__}.observed")
    settings.WAYMARK_JOBS = {**settings.WAYMARK_JOBS, **names}
    STEPS.clear()
    yield STEPS
    STEPS.clear()


@pytest.fixture
def short_steps(monkeypatch) -> None:
    """One part in each step."""
    monkeypatch.setattr(checking, "_SECONDS", 0)


@pytest.fixture
def source() -> Source:
    return SourceFactory(format=Format.CSV)


def lines(count: int) -> Iterator[str]:
    """Every tenth row has no time, every fourth a code of theirs."""
    for number in range(count):
        code = "Angekommen" if number % 4 == 3 else "ARRIVED"
        when = "soon" if number % 10 == 9 else f"2026-02-{number % 28 + 1:02} 06:00"
        yield f"{code},{when},H{number},{PADDING}\n"


def large(count: int = 2500) -> bytes:
    raw = (HEADING + "".join(lines(count))).encode()
    assert len(raw) > 512 << 10
    return raw


def handed_in(source: Source, raw: bytes, by=None, filename: str = "large.csv") -> Upload:
    by = by or internal(InternalGroup.OPERATIONS)
    return check_upload(source, raw, filename=filename, column_mapping=None, by=by)


def fresh(upload: Upload) -> Upload:
    return Upload.objects.get(pk=upload.pk)


def abandoned(upload: Upload) -> Job:
    """The job after one step of a worker that is gone and whose lease has run out."""
    assert checking.check_step(check_of(upload)) is False
    Job.objects.update(lease_until=None)
    return check_of(upload)


def test_a_large_table_is_kept_at_once_and_checked_by_the_workers(source):
    upload = handed_in(source, large())
    assert (upload.state, upload.report) == (UploadState.CHECKING, {})
    job = check_of(upload)
    assert (job.kind, job.title, job.partner, job.percent) == ("check_upload", "Check large.csv", source.partner, 0)
    work_jobs()
    upload, job = fresh(upload), check_of(upload)
    assert (upload.state, job.state, job.percent) == (UploadState.CHECKED, JobState.DONE, 100)
    assert (job.cursor, job.result) == ({}, {"ready": 2250, "refused": 250})
    assert (Event.objects.count(), Message.objects.count()) == (0, 0)


def test_the_workers_find_what_the_request_would_have_found(source, short_steps):
    ShipmentFactory(reference="S-1", references=[("hbl", "H2")])
    upload, raw = handed_in(source, large()), large()
    work_jobs()
    report = fresh(upload).report
    assert report == examine(source, raw, source.reading, by=upload.created_by)
    assert (report["rows"], report["ready"], report["refused"]) == (2500, 2250, 250)
    assert (len(report["problems"]), len(report["preview"])) == (200, 50)
    assert [row["row"] for row in report["preview"] if row["shipment"] == "S-1"] == [4]
    # Of 625 rows with the code, every fifth has no time: those whose number ends in 9.
    assert report["unmapped"] == {"Angekommen": 500}


def test_each_step_reads_on_where_the_last_one_stopped(source, steps, short_steps):
    upload = handed_in(source, large(3500))
    work_jobs()
    done = [percent for _kind, percent in steps]
    assert (len(done), done == sorted(done), done[-1]) == (4, True, 100)
    assert (fresh(upload).state, fresh(upload).report["rows"]) == (UploadState.CHECKED, 3500)


def test_a_worker_that_is_killed_after_a_step_costs_no_row(source, steps, short_steps):
    upload = handed_in(source, large())
    carried = abandoned(upload)
    assert (carried.result, 0 < carried.percent < 100) == ({"ready": 900, "refused": 100}, True)
    work_jobs()
    assert (len(steps), fresh(upload).report["rows"]) == (2, 2500)


def test_a_step_that_is_done_twice_changes_nothing(source):
    upload = handed_in(source, large())
    work_jobs()
    report = fresh(upload).report
    assert checking.check_step(check_of(upload)) is True
    assert fresh(upload).report == report


def test_a_discarded_table_is_checked_no_further(source, short_steps):
    upload = handed_in(source, large())
    checking.check_step(check_of(upload))
    discard_upload(fresh(upload), by=upload.created_by)
    assert (check_of(upload).state, work_jobs()) == (JobState.CANCELLED, 0)
    resume_job(check_of(upload), by=None)
    assert work_jobs() == 1
    assert (fresh(upload).state, fresh(upload).report, check_of(upload).state) == ("discarded", {}, JobState.DONE)


def test_a_check_that_came_to_its_end_meanwhile_is_not_discarded_unseen(source):
    upload = handed_in(source, large())
    work_jobs()
    with pytest.raises(DomainError) as refused:
        discard_upload(upload, by=upload.created_by)
    assert (refused.value.code, fresh(upload).state) == ("state_changed", UploadState.CHECKED)


def test_a_table_that_is_being_checked_is_not_imported(source):
    upload = handed_in(source, large())
    with pytest.raises(DomainError) as refused:
        import_upload(upload, by=upload.created_by)
    assert (refused.value.code, Message.objects.count()) == ("still_checking", 0)


def test_a_large_table_is_imported_as_any_other(source):
    upload = handed_in(source, large())
    work_jobs()
    import_upload(fresh(upload), by=upload.created_by)
    while Message.objects.get().state == "received":
        ingest_waiting()
    assert (Event.objects.count(), fresh(upload).state) == (2250, UploadState.IMPORTED)


def test_a_check_that_was_cancelled_goes_on_where_it_stood(source, short_steps):
    upload = handed_in(source, large())
    job = check_of(upload)
    checking.check_step(job)
    cancel_job(job, by=None)
    assert (work_jobs(), fresh(upload).state) == (0, UploadState.CHECKING)
    resume_job(check_of(upload), by=None)
    work_jobs()
    assert (fresh(upload).state, fresh(upload).report["rows"]) == (UploadState.CHECKED, 2500)


def test_columns_that_are_not_understood_are_proposed_by_the_job_too(source):
    raw = large().replace(b"code,occurred_at,hbl", b"Event Status,Event Timestamp,House B/L Number", 1)
    upload = handed_in(source, raw)
    work_jobs()
    report = fresh(upload).report
    assert (report["rows"], [problem["code"] for problem in report["problems"]]) == (0, ["columns_missing"])
    assert report["proposed"] == {
        "code": "Event Status", "occurred_at": "Event Timestamp", "hbl": "House B/L Number", "remarks": "remarks",
    }  # fmt: skip


def test_a_partner_is_shown_no_shipment_that_is_not_his_by_the_job_either(source):
    ShipmentFactory(references=[("hbl", "H2")])
    upload = handed_in(source, large(), by=member(source.partner, Role.EDITOR))
    work_jobs()
    assert {(row["shipment"], row["status"]) for row in fresh(upload).report["preview"]} == {("", "unmatched")}


def workbook(rows: int) -> bytes:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, HEADING.strip().split(","))
        for number in range(rows):
            # Remarks that differ do not pack well.
            said = f"{number * 7919 % 1_000_003:x}{number * 104_729 % 1_299_709:x}"
            sheet.write_row(number + 1, 0, ["ARRIVED", "2026-02-04 06:00", f"H{number}", said])
    return out.getvalue()


@pytest.mark.parametrize(("rows", "state"), [(100, UploadState.CHECKED), (3500, UploadState.CHECKING)])
def test_a_workbook_is_large_when_it_is_packed_from_much(source, short_steps, rows, state):
    raw = workbook(rows)
    upload = handed_in(source, raw, filename="dates.xlsx")
    assert (upload.state, len(raw) > 64 << 10) == (state, state == UploadState.CHECKING)
    work_jobs()
    report = fresh(upload).report
    assert (report["rows"], report["ready"], fresh(upload).state) == (rows, rows, UploadState.CHECKED)


def test_what_a_check_carries_along_is_bounded(source, short_steps):
    rows = "".join(f"THEIRS{number},2026-02-04,H{number},{PADDING}\n" for number in range(2500))
    upload = handed_in(source, (HEADING + rows).encode())
    abandoned(upload)
    carried = abandoned(upload).cursor
    assert (carried["ready"], len(carried["foreign"]), len(carried["preview"])) == (2000, 1000, 50)
    work_jobs()
    assert len(fresh(upload).report["unmapped"]) == 100


def test_the_error_file_of_a_large_table_comes_in_pieces(source):
    rows = "".join(f"ARRIVED,soon,H{number},{PADDING}\n" for number in range(2500))
    upload = handed_in(source, (HEADING + rows).encode())
    pieces = list(error_file(upload))
    assert (len(pieces) > 5, max(map(len, pieces)) < 100_000) == (True, True)
    table = list(csv.reader(io.StringIO(b"".join(pieces).decode("utf-8-sig"))))
    assert (len(table), table[0][-1], table[-1][2]) == (2501, "problem", "H2499")


def test_the_undo_of_thousands_of_rows_takes_several_steps_and_shows_each(source, steps):
    rows = "".join(f"ARRIVED,2026-02-04,H{number},\n" for number in range(2200))
    upload = handed_in(source, (HEADING + rows).encode())
    import_upload(upload, by=upload.created_by)
    ingest_waiting()
    job = undo_upload(fresh(upload), reason="wrong", by=upload.created_by)
    assert (job.total, work_jobs()) == (2200, 1)
    assert [done for _kind, done in steps] == [0, 500, 1000, 1500, 2000, 2200, 2200]
    job.refresh_from_db()
    assert (job.state, job.result) == (JobState.DONE, {"retracted": 2200, "left": 0})
    replaced = Event.objects.filter(supersedes__isnull=False).values("supersedes")
    assert Event.objects.filter(occurred_at__isnull=False).exclude(pk__in=replaced).count() == 0
