from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, transaction

from core.errors import DomainError
from shipments.enums import WaitOutcome, WaitReason
from shipments.matching import match_key
from shipments.models import CodeMapping, Event, EventMatch, WaitingEvent
from shipments.services import (
    dismiss_event,
    ingest_waiting,
    mappings,
    match_event,
    match_waiting,
    receive,
    release_event,
    retract_event,
    save_mapping,
)
from shipments.services.locks import lock_references
from tests.factories.partners import internal
from tests.factories.shipments import ShipmentFactory, SourceFactory, native, payload

pytestmark = pytest.mark.django_db


def heard(source, *events: dict[str, object]) -> None:
    receive(source, payload(*events))
    ingest_waiting()


def foreign(raw_code: str, *references: tuple[str, str], **fields: object) -> dict[str, object]:
    event = native("", *references, raw_code=raw_code, **fields)
    del event["code"]
    return event


def mapped(raw_code: str, code: str, **fields: object) -> CodeMapping:
    return save_mapping(format="native", code_list="native", raw_code=raw_code, code=code, **{"by": None, **fields})


def test_a_mapping_has_waiting_events_read_again_and_the_old_ones_stay():
    shipment, by = ShipmentFactory(references=[("mbl", "M1")]), internal("operations")
    heard(SourceFactory(), foreign("GONE", ("mbl", "M1")), foreign("OTHER", ("mbl", "M1")))
    mapping = mapped("GONE", "DEPARTED", attributes={"mode": "ocean"}, by=by)
    old, new = Event.objects.filter(raw_code="GONE").order_by("pk")
    assert (mapping.version, mapping.created_by) == (1, by)
    assert (old.code_id, new.code_id, new.supersedes) == ("INFO", "DEPARTED", old.pk)
    assert new.attributes == {"mode": "ocean"}
    assert list(EventMatch.objects.filter(event=new).values_list("shipment", flat=True)) == [shipment.pk]
    closed = WaitingEvent.objects.get(event=old)
    assert (closed.outcome, closed.closed_by) == (WaitOutcome.MAPPED, by)
    assert WaitingEvent.objects.open().values_list("event__raw_code", flat=True).get() == "OTHER"


def test_an_event_that_is_mapped_before_its_shipment_comes_still_waits_for_it():
    heard(SourceFactory(), foreign("GONE", ("mbl", "M1")))
    mapped("GONE", "DEPARTED")
    waiting = WaitingEvent.objects.open().get()
    assert (waiting.reason, waiting.event.code_id) == (WaitReason.UNMATCHED, "DEPARTED")


def test_a_mapping_for_one_source_leaves_the_others_waiting():
    one, other = SourceFactory(), SourceFactory()
    heard(one, foreign("GONE", ("mbl", "M1")))
    heard(other, foreign("GONE", ("mbl", "M1")))
    mapped("GONE", "DEPARTED", source=one)
    assert WaitingEvent.objects.unmapped().get().source == other
    mapped("GONE", "ARRIVED")
    heard(one, foreign("GONE", ("mbl", "M2")))
    heard(other, foreign("GONE", ("mbl", "M2")))
    codes = Event.objects.filter(references__0__value="M2").order_by("pk").values_list("code", flat=True)
    assert list(codes) == ["DEPARTED", "ARRIVED"]


def test_a_changed_mapping_is_a_new_version():
    mapped("GONE", "DEPARTED")
    assert mapped("GONE", "ARRIVED").version == 2
    rows = CodeMapping.objects.filter(raw_code="GONE").order_by("version")
    assert [(row.code_id, row.replaced_at is None) for row in rows] == [("DEPARTED", False), ("ARRIVED", True)]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"code": "NOPE"}, "unknown_code"),
        ({"classifier": "NON"}, "unknown_classifier"),
        ({"raw_code": ""}, "raw_code_missing"),
        ({"format": "telex"}, "unknown_format"),
    ],
)
def test_a_mapping_that_makes_no_sense_is_refused(changes, code):
    values = {"format": "native", "code_list": "native", "raw_code": "X", "code": "DEPARTED", "by": None}
    with pytest.raises(DomainError) as refusal:
        save_mapping(**{**values, **changes})
    assert refusal.value.code == code


def test_the_sweep_reads_again_what_was_mapped_past_the_service():
    heard(SourceFactory(), foreign("GONE", ("mbl", "M1")))
    CodeMapping.objects.create(format="native", code_list="native", raw_code="GONE", code_id="DEPARTED")
    assert match_waiting() == 1
    assert WaitingEvent.objects.unmapped().count() == 0


def test_the_sweep_finds_shipments_that_came_past_the_service():
    heard(SourceFactory(), native("DEPARTED", ("mbl", "M1"), source_event_id="E1"), native("DEPARTED", ("mbl", "M2")))
    heard(SourceFactory(), native("ARRIVED", ("po", "M1")))
    shipment = ShipmentFactory(references=[("mbl", "M1")])
    assert match_waiting() == 1
    assert EventMatch.objects.get().shipment == shipment
    assert match_waiting() == 0


def test_a_quarantined_event_counts_once_a_person_releases_it():
    shipment, by = ShipmentFactory(references=[("mbl", "M1")]), internal("operations")
    heard(SourceFactory(), native("ARRIVED", ("mbl", "M1"), occurred_at="2199-01-01T00:00:00Z"))
    waiting = WaitingEvent.objects.quarantined().get()
    release_event(waiting, by=by)
    old, new = Event.objects.order_by("pk")
    assert old.quarantine.endswith("after we received the message.")
    assert (new.quarantine, new.supersedes, new.occurred_at) == ("", old.pk, old.occurred_at)
    assert list(new.matches.values_list("shipment", flat=True)) == [shipment.pk]
    waiting.refresh_from_db()
    assert (waiting.outcome, waiting.closed_by) == (WaitOutcome.RELEASED, by)
    with pytest.raises(DomainError) as refusal:
        release_event(waiting, by=by)
    assert (refusal.value.code, refusal.value.conflict) == ("not_waiting", True)


def test_a_dismissed_event_stays_on_record_with_the_reason():
    heard(SourceFactory(), native("DEPARTED", ("mbl", "M1")))
    waiting = WaitingEvent.objects.get()
    with pytest.raises(DomainError) as refusal:
        dismiss_event(waiting, reason="\x00 ", by=None)
    assert refusal.value.code == "reason_missing"
    dismiss_event(waiting, reason="not ours", by=None)
    waiting.refresh_from_db()
    assert (waiting.outcome, waiting.detail) == (WaitOutcome.DISMISSED, "not ours")
    assert Event.objects.count() == 1
    ShipmentFactory(references=[("mbl", "M1")])
    assert match_waiting() == 0


def test_an_event_can_be_matched_by_hand_and_its_retraction_follows():
    shipment, by = ShipmentFactory(), internal("operations", name="Ann")
    heard(SourceFactory(), native("DEPARTED", ("mbl", "M1"), source_event_id="E1"), {"retracts": "E1"})
    match_event(WaitingEvent.objects.get(event__source_event_id="E1"), shipment, by=by)
    assert sorted(EventMatch.objects.values_list("matched_by", flat=True)) == [
        "Ann", "what it retracts",
    ]  # fmt: skip
    assert list(WaitingEvent.objects.values_list("closed_by", flat=True)) == [by.pk, by.pk]
    shipment.refresh_from_db()
    assert shipment.stream.revision == 2


def test_a_released_event_still_waits_for_every_mapping_that_would_give_it_a_meaning():
    """Of the format it was read as, which the source leaves open, and of the codes that are tried after its own."""
    scan = {"date": "2026-11-03T12:00:00-06:00", "eventType": "Z9", "derivedStatusCode": "Z8"}
    said = {"trackingNumberInfo": {"trackingNumber": "794600000001"}, "scanEvents": [scan]}
    results = [{"trackingNumber": "794600000001", "trackResults": [said]}]
    heard(SourceFactory(format="auto"), {"output": {"completeTrackResults": results}})
    (keys,) = WaitingEvent.objects.unmapped().values_list("keys", flat=True)
    event = Event.objects.get()
    waiting = WaitingEvent.objects.create(event=event, source=event.source, reason=WaitReason.QUARANTINED)
    release_event(waiting, by=None)
    again = WaitingEvent.objects.unmapped().get()
    assert (again.event.supersedes, sorted(again.keys)) == (event.pk, sorted(keys))
    assert len(keys) > 2


def test_of_very_many_that_wait_for_a_mapping_the_sweep_reads_what_the_person_does_not_wait_for(monkeypatch):
    monkeypatch.setattr(mappings, "AT_ONCE", 1)
    heard(SourceFactory(), *(foreign("GONE", ("mbl", f"M{number}")) for number in range(3)))
    mapped("GONE", "DEPARTED")
    assert WaitingEvent.objects.unmapped().count() == 2
    assert match_waiting() == 2
    assert WaitingEvent.objects.unmapped().count() == 0


def test_an_event_that_was_taken_back_waits_for_nothing_any_more():
    by = internal("operations")
    heard(SourceFactory(), foreign("GONE", ("mbl", "M1")))
    retract_event(Event.objects.get(), reason="a test", by=by)
    assert set(WaitingEvent.objects.values_list("outcome", "closed_by")) == {(WaitOutcome.DISMISSED, by.pk)}
    mapped("GONE", "DEPARTED")
    shipment = ShipmentFactory(references=[("mbl", "M1")])
    assert match_waiting() == 0
    assert (Event.objects.count(), EventMatch.objects.filter(shipment=shipment).count()) == (2, 0)


@pytest.mark.django_db(transaction=True)
def test_a_person_and_a_shipment_may_reach_for_the_same_event_at_once():
    """Both take the references first and then the row of what waits: otherwise they would wait in a circle."""
    heard(SourceFactory(), native("DEPARTED", ("mbl", "M1")))
    waiting, shipment = WaitingEvent.objects.get(), ShipmentFactory()

    def by_hand():
        try:
            match_event(waiting, shipment, by=None)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            lock_references([match_key("mbl", "M1")], to_write=True)
            future = pool.submit(by_hand)
            while not (_somebody_waits() or future.done()):
                time.sleep(0.01)
            free = WaitingEvent.objects.select_for_update(skip_locked=True).filter(pk=waiting.pk)
            assert list(free) == [waiting]
        future.result()
    assert EventMatch.objects.get().shipment == shipment


def _somebody_waits() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = 'advisory'")
        return cursor.fetchone()[0] > 0
