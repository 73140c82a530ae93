"""Reading again: what would change is said first, then changed, and the second time nothing does."""

from __future__ import annotations

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from core.errors import DomainError
from partners.models import Job
from partners.services import work_jobs
from shipments.enums import MessageState, WaitReason
from shipments.models import CodeMapping, Event, EventMatch, Message, WaitingEvent
from shipments.services import (
    Slice,
    ingest_waiting,
    receive,
    release_event,
    reprocess,
    retract_event,
    save_mapping,
    start_reprocess,
)
from shipments.services.comparing import Span, compare
from shipments.services.locks import lock_mappings
from shipments.services.reading import read
from shipments.services.repairing import place_again, read_anew
from tests.factories.partners import internal
from tests.factories.shipments import LocationFactory, MessageFactory, ShipmentFactory, SourceFactory, native, payload

pytestmark = pytest.mark.django_db
NOTHING = {"messages": 0, "same": 0, "new": 0, "changed": 0, "gone": 0, "unreadable": 0}


def heard(source, *events: dict[str, object]) -> Message:
    receipt = receive(source, payload(*events))
    ingest_waiting()
    receipt.message.refresh_from_db()
    return receipt.message


def foreign(raw_code: str, *references: tuple[str, str], **fields: object) -> dict[str, object]:
    event = native("", *references, raw_code=raw_code, **fields)
    del event["code"]
    return event


def mapped(raw_code: str, code: str, **fields: object) -> CodeMapping:
    values = {"format": "native", "code_list": "native", "raw_code": raw_code, "by": None}
    return save_mapping(code=code, **{**values, **fields})


def walked(apply: bool = False, **wanted: str) -> dict[str, object]:
    """The result of the job that the workers did."""
    job = start_reprocess(Slice(**wanted), apply=apply, by=None)
    work_jobs()
    job.refresh_from_db()
    assert (job.state, job.error, job.done) == ("done", "", job.total)
    return job.result


def counts(result: dict[str, object]) -> dict[str, int]:
    return {name: value for name, value in result["counts"].items() if value}


def current() -> list[Event]:
    """What stands: not superseded."""
    return list(
        Event.objects.exclude(pk__in=Event.objects.exclude(supersedes=None).values("supersedes")).order_by("pk")
    )


def test_rule_09_after_a_mapping_changed_the_raw_message_is_read_again_and_every_event_points_to_it():
    shipment, source = ShipmentFactory(references=[("mbl", "M1")]), SourceFactory()
    mapped("GONE", "DEPARTED")
    message = heard(source, foreign("GONE", ("mbl", "M1")), native("ARRIVED", ("mbl", "M1")))
    raw, received = bytes(message.raw), message.received_at
    mapped("GONE", "LOADED", classifier="")
    looked = walked(raw_code="GONE")
    assert counts(looked) == {"messages": 1, "same": 1, "changed": 1}
    assert looked["kinds"] == {"code: DEPARTED → LOADED": 1}
    (one,) = looked["differences"]
    old = Event.objects.get(raw_code="GONE")
    assert one == {
        "kind": "changed", "message": message.pk, "position": 0, "segment": old.segment, "raw_code": "GONE",
        "event": old.pk, "fields": {"code": ["DEPARTED", "LOADED"]},
    }  # fmt: skip
    assert Event.objects.count() == 2
    assert walked(apply=True, raw_code="GONE") == looked
    new = Event.objects.get(supersedes=old.pk)
    assert (new.code_id, new.message_id, new.position, new.segment) == ("LOADED", message.pk, 0, old.segment)
    assert list(EventMatch.objects.filter(event=new).values_list("shipment", flat=True)) == [shipment.pk]
    message.refresh_from_db()
    assert (bytes(message.raw), message.received_at) == (raw, received)
    assert counts(walked(apply=True, raw_code="GONE")) == {"messages": 1, "same": 2}
    assert Event.objects.count() == 3


def test_what_is_gone_is_taken_back_and_what_is_new_is_stored_and_twice_is_once():
    source = SourceFactory()
    shipment = ShipmentFactory(references=[("mbl", "M1")])
    message = heard(source, native("DEPARTED", ("mbl", "M1")), native("ARRIVED", ("mbl", "M1")))
    # As another version of the reader would have left it: one event too few, and one that the message does not hold.
    lost, kept = Event.objects.order_by("pk")
    stray = Event.objects.get(pk=kept.pk)
    stray.pk, stray.public_id, stray.position, stray.fingerprint = None, "7" * 32, 7, "f" * 64
    stray.save(force_insert=True)
    stray.refresh_from_db()
    EventMatch.objects.create(event=stray, shipment=shipment, matched_by="test")
    result = walked()
    assert counts(result) == {"messages": 1, "same": 2, "gone": 1}
    assert [(d["kind"], d["event"]) for d in result["differences"]] == [("gone", stray.pk)]
    assert walked(apply=True) == result
    taken_back = Event.objects.get(supersedes=stray.pk)
    assert (taken_back.occurred_at, taken_back.retracts, taken_back.message_id) == (
        None,
        str(stray.public_id),
        message.pk,
    )
    assert list(taken_back.matches.values_list("shipment", flat=True)) == [shipment.pk]
    assert counts(walked(apply=True)) == {"messages": 1, "same": 3}
    assert WaitingEvent.objects.open().count() == 0
    assert lost in current()


def test_a_message_that_was_refused_and_can_be_read_now_goes_back_to_the_stream():
    source = SourceFactory()
    good = payload(native("DEPARTED", ("mbl", "M1")))
    errors = [{"code": "unknown_format", "message": "No reader knows this."}]
    waiting = MessageFactory(source=source, raw=good, state=MessageState.REJECTED, errors=errors)
    MessageFactory(source=source, raw=b"{", state=MessageState.REJECTED, errors=errors)
    assert counts(walked()) == {"messages": 2, "new": 1, "unreadable": 1}
    assert Event.objects.count() == 0
    assert counts(walked(apply=True)) == {"messages": 2, "new": 1, "unreadable": 1}
    ingest_waiting()
    waiting.refresh_from_db()
    assert (waiting.state, waiting.events_found) == (MessageState.PARSED, 1)
    assert counts(walked()) == {"messages": 2, "same": 1, "unreadable": 1}


def test_events_of_a_message_that_cannot_be_read_any_more_stand():
    message = heard(SourceFactory(), native("DEPARTED", ("mbl", "M1")))
    source = message.source
    type(source).objects.filter(pk=source.pk).update(format="x12_214")
    assert counts(walked()) == {"messages": 1, "unreadable": 1}
    walked(apply=True)
    assert Event.objects.count() == 1


def test_a_duplicate_in_another_message_is_no_new_event():
    source, event = SourceFactory(), native("DEPARTED", ("mbl", "M1"))
    heard(source, event)
    heard(source, event, native("ARRIVED", ("mbl", "M1")))
    assert counts(walked()) == {"messages": 2, "same": 3}


def test_what_a_person_took_back_stays_taken_back():
    shipment = ShipmentFactory(references=[("mbl", "M1")])
    mapped("GONE", "DEPARTED")
    heard(SourceFactory(), foreign("GONE", ("mbl", "M1")))
    retract_event(Event.objects.get(), reason="wrong vessel", by=internal("operations"))
    mapped("GONE", "ARRIVED")
    assert counts(walked(apply=True)) == {"messages": 2, "same": 2}
    assert not Event.objects.filter(code="ARRIVED").exists()
    assert shipment.event_matches.count() == 2


def test_what_a_person_released_stays_released_as_long_as_it_says_the_same():
    mapped("LATER", "ARRIVED")
    heard(SourceFactory(), foreign("LATER", ("mbl", "M1"), occurred_at="2199-01-01T00:00:00Z"))
    release_event(WaitingEvent.objects.quarantined().get(), by=None)
    mapped("LATER", "DISCHARGED")
    result = walked(apply=True)
    assert [d["fields"] for d in result["differences"]] == [{"code": ["ARRIVED", "DISCHARGED"]}]
    assert [(e.code_id, e.quarantine) for e in current()] == [("DISCHARGED", "")]
    assert not WaitingEvent.objects.quarantined().exists()


def test_a_doubtful_interchange_stays_doubtful_when_its_events_are_read_anew():
    doubt = "Interchange 7 of ACME came before with other content."
    source = SourceFactory()
    heard(source, foreign("GONE", ("mbl", "M1"), location={"name": "Springfield", "country": "US"}))
    old = Event.objects.get()
    # An event that the envelope made doubtful: rows are only added, so it is added beside.
    again = Event.objects.get(pk=old.pk)
    again.pk, again.public_id, again.quarantine, again.supersedes = None, "7" * 32, doubt, old.pk
    again.fingerprint = "d" * 64
    again.save(force_insert=True)
    WaitingEvent.objects.create(event=again, source=source, reason=WaitReason.UNMAPPED, keys=["native|native|GONE"])
    mapped("GONE", "DEPARTED")
    (new,) = current()
    assert (new.code_id, new.quarantine) == ("DEPARTED", doubt)
    assert counts(walked(apply=True)) == {"messages": 1, "same": 1}


def test_a_place_that_moves_the_instant_leaves_the_doubt_about_the_interchange_and_takes_any_other():
    doubt = "Interchange 7 is of ACME, which this source does not stand for."
    source = SourceFactory(time_zone="Etc/GMT+12")
    event = native("DEPARTED", ("mbl", "M1"), occurred_at="2026-11-03T12:00:00", location={"unlocode": "ZZQQQ"})
    heard(source, event)
    old = Event.objects.get()
    for number, reason in enumerate((doubt, "The time is 2 days after we received the message.")):
        doubtful = Event.objects.get(pk=old.pk)
        doubtful.pk, doubtful.public_id, doubtful.quarantine = None, str(number) * 32, reason
        doubtful.fingerprint, doubtful.position, doubtful.message = (
            str(number) * 64,
            0,
            heard(source, {**event, "remarks": str(number)}),
        )
        doubtful.save(force_insert=True)
    LocationFactory(unlocode="ZZQQQ", time_zone="Pacific/Kiritimati", country="ZZ")
    ids = list(Event.objects.exclude(pk=old.pk).order_by("pk").values_list("pk", flat=True))
    said = {o.quarantine: (n.quarantine, n.occurred_at != o.occurred_at) for o, n in read_anew(ids)}
    assert said == {doubt: (doubt, True), "The time is 2 days after we received the message.": ("", True)}
    lock_mappings()
    assert place_again(ids) == 2
    assert sorted(e.quarantine for e in Event.objects.filter(supersedes__in=ids)) == ["", doubt]


def test_a_slice_is_narrowed_by_source_format_days_and_code():
    one, other = SourceFactory(code="ONE"), SourceFactory(code="TWO", format="csv")
    heard(one, foreign("A", ("mbl", "M1")), foreign("B", ("mbl", "M1")))
    heard(one, native("ARRIVED", ("mbl", "M2")))
    receive(other, b"code;time;mbl\nDEPA;2026-11-03 12:00;M1\n")
    ingest_waiting()
    day = Message.objects.first().received_at.date().isoformat()
    found = {
        name: Slice(**wanted).messages().count()
        for name, wanted in {
            "all": {}, "source": {"source": "ONE"}, "format": {"format": "csv"}, "code": {"raw_code": "A"},
            "other list": {"raw_code": "A", "code_list": "x"}, "since": {"since": day}, "until": {"until": day},
            "before": {"until": "2020-01-01"}, "after": {"since": "2100-01-01"},
        }.items()
    }  # fmt: skip
    assert found == {
        "all": 3, "source": 2, "format": 1, "code": 1, "other list": 0, "since": 3, "until": 3, "before": 0, "after": 0,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("wanted", "code"),
    [
        ({"source": "NOBODY"}, "unknown_source"),
        ({"format": "telex"}, "unknown_format"),
        ({"since": "soon"}, "unknown_day"),
        ({"until": "2026-02-31"}, "unknown_day"),
        ({}, "nothing_there"),
    ],
)
def test_a_slice_that_makes_no_sense_is_refused(wanted, code):
    with pytest.raises(DomainError) as refusal:
        start_reprocess(Slice(**wanted), apply=False, by=None)
    assert refusal.value.code == code
    assert Job.objects.count() == 0


def test_a_job_goes_on_from_where_a_killed_worker_left_it(monkeypatch):
    monkeypatch.setattr("shipments.services.reprocessing._WINDOW", 2)
    source = SourceFactory()
    mapped("GONE", "DEPARTED")
    for number in range(5):
        heard(source, foreign("GONE", ("mbl", f"M{number}")))
    mapped("GONE", "ARRIVED")
    job = start_reprocess(Slice(source=source.code), apply=True, by=None)
    monkeypatch.setattr("partners.services.jobs._SLICE", 0.001)
    work_jobs()
    job.refresh_from_db()
    assert (job.state, job.done, job.percent) == ("running", 2, 40)
    # What comes meanwhile is not of this walk.
    heard(source, foreign("GONE", ("mbl", "M9")))
    while job.state == "running":
        work_jobs()
        job.refresh_from_db()
    assert counts(job.result) == {"messages": 5, "changed": 5}
    assert [e.code_id for e in current()] == ["ARRIVED"] * 6
    assert Event.objects.count() == 11


def test_a_large_message_is_compared_part_by_part(monkeypatch):
    monkeypatch.setattr("shipments.services.apart.LARGE", 100)
    monkeypatch.setattr("shipments.services.apart.PART", 3)
    monkeypatch.setattr("shipments.services.reprocessing._SECONDS", -1)
    mapped("GONE", "DEPARTED")
    heard(SourceFactory(), *(foreign("GONE", ("mbl", f"M{number}")) for number in range(10)))
    mapped("GONE", "ARRIVED")
    result = walked(apply=True)
    assert counts(result) == {"messages": 1, "changed": 10}
    assert counts(walked(apply=True)) == {"messages": 1, "same": 10}


def test_at_most_200_differences_are_kept_and_all_are_counted():
    mapped("GONE", "DEPARTED")
    heard(SourceFactory(), *(foreign("GONE", ("mbl", f"M{number}")) for number in range(205)))
    mapped("GONE", "ARRIVED")
    result = walked()
    assert (len(result["differences"]), result["kinds"]) == (200, {"code: DEPARTED → ARRIVED": 205})


def test_the_command_prints_what_differs_and_applies_it_when_asked():
    mapped("GONE", "DEPARTED")
    source = SourceFactory(code="FEED")
    heard(source, foreign("GONE", ("mbl", "M1")))
    mapped("GONE", "ARRIVED")
    said = []
    for more in ([], ["--apply"], ["--apply"]):
        out = StringIO()
        call_command("reprocess", "--source", "FEED", *more, stdout=out)
        said.append(json.loads(out.getvalue()))
    assert [(one["applied"], one["counts"]) for one in said] == [
        (False, NOTHING | {"messages": 1, "changed": 1}),
        (True, NOTHING | {"messages": 1, "changed": 1}),
        (True, NOTHING | {"messages": 1, "same": 1}),
    ]
    assert said[0]["slice"] == {"source": "FEED"}
    with pytest.raises(CommandError, match=r"There is no source NOBODY\."):
        call_command("reprocess", "--source", "NOBODY")


def test_reading_a_message_again_by_itself_agrees_with_the_comparison():
    message = heard(SourceFactory(), native("DEPARTED", ("mbl", "M1")))
    reprocess(message, by=None)
    ingest_waiting()
    message.refresh_from_db()
    found = compare([Span(read(message))])
    assert (found.same, found.differences, found.unreadable) == (1, [], 0)
