from __future__ import annotations

import csv
import io

import pytest

from core.errors import DomainError, NotVisible
from partners.enums import InternalGroup, Role
from partners.models import Job
from partners.services import work_jobs
from shipments.enums import Format, MessageState, UploadState
from shipments.models import Event, EventMatch, Message, Upload, WaitingEvent
from shipments.services import (
    check_upload,
    discard_upload,
    error_file,
    import_upload,
    ingest_waiting,
    receive,
    reprocess,
    retract_event,
    undo_upload,
    undoing,
)
from tests.factories.partners import PartnerFactory, internal, member
from tests.factories.shipments import ShipmentFactory, SourceFactory

pytestmark = pytest.mark.django_db

HEADING = "code,occurred_at,hbl\n"
GOOD = HEADING + "ARRIVED,2026-02-04 06:00,H1\nDEPARTED,2026-02-05 06:00,H1\n"


def table(**fields: object):
    return SourceFactory(format=Format.CSV, **fields)


def checked(source, text: str, mapping=None, by=None, filename="table.csv") -> Upload:
    by = by or internal(InternalGroup.OPERATIONS)
    return check_upload(source, text.encode(), filename=filename, column_mapping=mapping, by=by)


def imported(source, text: str, mapping=None) -> Upload:
    upload = checked(source, text, mapping)
    import_upload(upload, by=upload.created_by)
    ingest_waiting()
    return upload


def refused(call, *args: object, **fields: object) -> str:
    with pytest.raises(DomainError) as refusal:
        call(*args, **fields)
    return refusal.value.code


def counting() -> list[str]:
    """The codes of events that no other event has taken the place of."""
    replaced = Event.objects.filter(supersedes__isnull=False).values("supersedes")
    rows = Event.objects.filter(occurred_at__isnull=False).exclude(pk__in=replaced)
    return sorted(rows.values_list("code_id", flat=True))


def test_a_check_reports_and_stores_no_event():
    shipment = ShipmentFactory(reference="S-1", references=[("hbl", "H1")])
    text = GOOD + "Angekommen,2026-02-06 06:00,H1\nARRIVED,soon,H1\nARRIVED,2026-02-06,H2\n"
    upload = checked(table(), text)
    report = upload.report
    assert (report["rows"], report["ready"], report["refused"]) == (5, 4, 1)
    assert report["problems"] == [
        {
            "row": 5,
            "field": "occurred_at",
            "value": "soon",
            "code": "bad_time",
            "message": "There is no such date and time: soon.",
        }
    ]
    shown = [(row["row"], row["code"], row["shipment"], row["status"]) for row in report["preview"]]
    assert shown == [
        (2, "ARRIVED", "S-1", "new"), (3, "DEPARTED", "S-1", "new"), (4, "", "S-1", "new"),
        (6, "ARRIVED", "", "unmatched"),
    ]  # fmt: skip
    assert report["preview"][0]["shipment_id"] == str(shipment.public_id)
    assert report["preview"][0]["occurred_at"] == "2026-02-04T06:00:00+00:00"
    assert (report["unmapped"], report["proposed"]) == ({"Angekommen": 1}, {})
    assert (Event.objects.count(), Message.objects.count(), upload.state) == (0, 0, UploadState.CHECKED)


def test_what_columns_could_be_is_proposed():
    report = checked(
        table(), "Event Status;Event Timestamp;House B/L Number;Colour\nARRIVED;2026-02-04;H1;red\n"
    ).report
    assert report["headings"] == ["Event Status", "Event Timestamp", "House B/L Number", "Colour"]
    assert report["proposed"] == {
        "code": "Event Status", "occurred_at": "Event Timestamp", "hbl": "House B/L Number",
    }  # fmt: skip
    assert [problem["code"] for problem in report["problems"]] == ["columns_missing"]


def test_a_partner_sees_no_shipment_that_is_not_his():
    ShipmentFactory(references=[("hbl", "H1")])
    source = table()
    report = checked(source, GOOD, by=member(source.partner, Role.EDITOR)).report
    assert [(row["shipment"], row["status"], row["detail"]) for row in report["preview"]] == [("", "unmatched", "")] * 2


@pytest.mark.parametrize(
    ("format_", "raw", "code"),
    [
        (Format.NATIVE, b"x", "wrong_format"),
        (Format.CSV, b"", "empty"),
        (Format.CSV, b"x" * (20 << 20) + b"xx", "too_large"),
    ],
)
def test_a_table_for_nobody_or_without_content_or_too_large_is_refused(format_, raw, code):
    by = internal(InternalGroup.OPERATIONS)
    source = SourceFactory(format=format_)
    assert refused(check_upload, source, raw, filename="t", column_mapping=None, by=by) == code


def test_a_stranger_may_neither_check_nor_import_nor_undo():
    source, stranger = table(), member(PartnerFactory(), Role.EDITOR)
    with pytest.raises(NotVisible):
        checked(source, GOOD, by=stranger)
    upload = checked(source, GOOD)
    with pytest.raises(NotVisible):
        import_upload(upload, by=stranger)
    with pytest.raises(NotVisible):
        discard_upload(upload, by=stranger)
    import_upload(upload, by=upload.created_by)
    ingest_waiting()
    with pytest.raises(NotVisible):
        undo_upload(upload, reason="mine now", by=stranger)
    assert counting() == ["ARRIVED", "DEPARTED"]


def test_an_import_is_a_message_read_with_the_mapping_of_the_upload():
    source = table()
    upload = imported(source, "Was;Wann;Nummer\nAn;2026-02-04;H1\n", {
        "code": "Was", "occurred_at": "Wann", "hbl": "Nummer", "codes": {"An": "ARRIVED"},
    })  # fmt: skip
    message = Message.objects.get()
    assert (upload.state, upload.message_id, message.state) == (UploadState.IMPORTED, message.pk, MessageState.PARSED)
    assert (message.filename, message.received_by) == ("table.csv", upload.created_by)
    assert counting() == ["ARRIVED"]
    source.refresh_from_db()
    assert source.column_mapping == {}


def test_the_source_remembers_the_mapping_when_told():
    source = table()
    mapping = {"code": "Was", "occurred_at": "Wann", "hbl": "Nummer"}
    upload = checked(source, "Was;Wann;Nummer\nARRIVED;2026-02-04;H1\n", mapping)
    import_upload(upload, by=upload.created_by, remember=True)
    source.refresh_from_db()
    assert source.column_mapping == mapping
    assert checked(source, "Was;Wann;Nummer\nARRIVED;2026-02-04;H2\n").report["ready"] == 1


def test_a_file_is_imported_once_whatever_its_name():
    source = table()
    imported(source, GOOD)
    again = checked(source, GOOD, filename="other.csv")
    assert [row["status"] for row in again.report["preview"]] == ["duplicate", "duplicate"]
    assert refused(import_upload, again, by=again.created_by) == "imported_before"
    again.refresh_from_db()
    assert again.state == UploadState.CHECKED


@pytest.mark.parametrize("text", ["\ufeff" + GOOD, GOOD + "\r\n", GOOD.replace("\n", "\r\n")])
def test_the_same_table_written_otherwise_brings_no_event_twice(text):
    source = table()
    imported(source, GOOD)
    imported(source, text)
    second = Message.objects.order_by("pk").last()
    assert (second.events_found, second.events_duplicate, len(counting())) == (0, 2, 2)


def test_a_table_without_a_readable_row_is_not_imported():
    upload = checked(table(), HEADING + "ARRIVED,soon,H1\n")
    assert refused(import_upload, upload, by=upload.created_by) == "nothing_ready"


def test_a_discarded_table_is_not_imported():
    upload = checked(table(), GOOD)
    discard_upload(upload, by=upload.created_by)
    assert refused(import_upload, upload, by=upload.created_by) == "state_not_allowed"
    assert Message.objects.count() == 0


def test_the_error_file_holds_the_refused_rows_to_put_right():
    text = "code,occurred_at,hbl,remarks\nARRIVED,2026-02-04,H1,\nARRIVED,soon,H2,'=1+1\nARRIVED,2026-02-04,,x\n"
    rows = list(csv.reader(io.StringIO(b"".join(error_file(checked(table(), text))).decode("utf-8-sig"))))
    assert rows == [
        ["code", "occurred_at", "hbl", "remarks", "problem"],
        ["ARRIVED", "soon", "H2", "'=1+1", "There is no such date and time: soon."],
        ["ARRIVED", "2026-02-04", "", "x", "The row names neither a reference nor a unit."],
    ]


def test_an_error_file_put_right_can_be_handed_in():
    source = table()
    upload = checked(source, HEADING + "ARRIVED,soon,H2\n")
    corrected = b"".join(error_file(upload)).decode("utf-8-sig").replace("soon,", "2026-02-04,", 1)
    assert checked(source, corrected).report["ready"] == 1


def test_an_undone_import_counts_no_more_and_stays_on_record():
    shipment = ShipmentFactory(references=[("hbl", "H1")])
    upload = imported(table(), GOOD + "Angekommen,2026-02-04,H9\n")
    assert undo_upload(upload, reason="wrong file", by=upload.created_by) is None
    message = Message.objects.get(pk=upload.message_id)
    assert (counting(), upload.state, message.undone_at is not None) == ([], UploadState.UNDONE, True)
    retractions = Event.objects.filter(source__code="MANUAL")
    assert [(event.reason, event.occurred_at) for event in retractions] == [("wrong file", None)] * 3
    assert EventMatch.objects.filter(shipment=shipment, event__in=retractions).count() == 2
    assert WaitingEvent.objects.open().count() == 0
    assert refused(reprocess, message, by=None) == "message_undone"


def test_undo_needs_a_reason_an_end_of_the_reading_and_is_done_once():
    upload = checked(table(), GOOD)
    assert refused(undo_upload, upload, reason="x", by=upload.created_by) == "state_not_allowed"
    import_upload(upload, by=upload.created_by)
    assert refused(undo_upload, Upload.objects.get(), reason="x", by=upload.created_by) == "still_reading"
    ingest_waiting()
    upload = Upload.objects.get()
    assert refused(undo_upload, upload, reason=" ", by=upload.created_by) == "reason_missing"
    undo_upload(upload, reason="x", by=upload.created_by)
    assert refused(undo_upload, upload, reason="x", by=upload.created_by) == "state_not_allowed"


def test_what_was_undone_and_put_right_counts_when_it_is_imported_again():
    source = table()
    upload = imported(source, GOOD)
    undo_upload(upload, reason="a wrong date", by=upload.created_by)
    imported(source, GOOD.replace("02-05", "02-07"))
    assert counting() == ["ARRIVED", "DEPARTED"]
    newest = Event.objects.filter(message=Message.objects.order_by("pk").last())
    assert sorted(event.wall_time[:10] for event in newest) == ["2026-02-04", "2026-02-07"]


def test_the_very_file_that_was_undone_can_be_imported_again_and_undone_again():
    source = table()
    for _ in range(3):
        upload = imported(source, GOOD)
        assert (upload.message.state, counting()) == (MessageState.PARSED, ["ARRIVED", "DEPARTED"])
        undo_upload(Upload.objects.get(pk=upload.pk), reason="again", by=upload.created_by)
        assert counting() == []
    assert Message.objects.filter(source=source).count() == 1


def test_what_a_person_took_back_by_hand_is_not_brought_back_by_an_import():
    source = table()
    upload = imported(source, GOOD)
    by = internal(InternalGroup.OPERATIONS)
    retract_event(Event.objects.get(code="ARRIVED"), reason="by telephone", by=by)
    undo_upload(upload, reason="wrong", by=upload.created_by)
    imported(source, GOOD + "\n")
    assert counting() == ["DEPARTED"]


def test_what_another_message_has_reported_too_is_left_alone_until_that_is_undone():
    source = table()
    first = imported(source, GOOD)
    second = imported(source, HEADING + "ARRIVED,2026-02-04 06:00,H1\nLOADED,2026-02-05 06:00,H1\n")
    job = undo_upload(first, reason="wrong", by=first.created_by)
    assert (job.kind, counting()) == ("undo_upload", ["ARRIVED", "DEPARTED", "LOADED"])
    work_jobs()
    job.refresh_from_db()
    assert (job.state, job.result) == ("done", {"retracted": 1, "left": 1})
    assert counting() == ["ARRIVED", "LOADED"]
    undo_upload(second, reason="wrong too", by=first.created_by)
    work_jobs()
    assert counting() == []


def test_a_large_import_is_undone_by_the_workers_piece_by_piece(monkeypatch):
    monkeypatch.setattr(undoing, "AT_ONCE", 7)
    rows = "".join(f"ARRIVED,2026-02-04,H{number}\n" for number in range(20))
    upload = imported(table(), HEADING + rows)
    undo_upload(upload, reason="wrong", by=upload.created_by)
    assert len(counting()) == 20
    assert work_jobs() == 1
    job = Job.objects.get()
    assert (job.state, job.done, job.total, job.result) == ("done", 20, 20, {"retracted": 20, "left": 0})
    assert counting() == []


def test_an_import_by_another_door_is_left_to_the_person_who_looks():
    source = table()
    receive(source, GOOD.encode())
    ingest_waiting()
    upload = checked(source, GOOD)
    assert refused(import_upload, upload, by=upload.created_by) == "imported_before"
