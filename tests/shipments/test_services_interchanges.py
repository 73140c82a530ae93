"""Interchanges through the services: repeated numbers, foreign senders, answers, many consignments."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, transaction

from shipments.enums import Format, MessageState, WaitReason
from shipments.models import Acknowledgement, ControlNumber, Event, EventMatch, Message, WaitingEvent
from shipments.services import ingest_waiting, receive, reprocess, save_mapping
from shipments.services.acknowledging import hand_over
from shipments.services.envelopes import doubts_of
from shipments.services.reading import read
from tests.factories.shipments import ShipmentFactory, SourceFactory
from tests.shipments.test_formats_contrl import THEIRS
from tests.shipments.test_formats_edifact import interchange, message, status

pytestmark = pytest.mark.django_db


def heard(source, raw: bytes) -> Message:
    row = receive(source, raw).message
    ingest_waiting()
    row.refresh_from_db()
    return row


def counts(row: Message) -> tuple[int, int, int]:
    return row.events_found, row.events_quarantined, row.events_duplicate


def edifact(number: str, reference: str, clock: str = "0915") -> bytes:
    return interchange(message("1", *status(reference)), number=number).replace(b"0915", clock.encode())


def x12(number: str, reference: str, clock: str = "0915") -> bytes:
    return (
        f"ISA*00*{'':10}*00*{'':10}*02*{'CARRIER':15}*ZZ*{'US':15}*260312*{clock}*U*00401*{number:0>9}*0*P*>~"
        f"GS*QM*CARRIER*US*20260312*{clock}*{number}*X*004010~ST*214*0001~B10*{reference}*X*PRFT~LX*1~"
        f"AT7*AF*NS***20260311*1840*UT~MS1*CHICAGO*IL*US~SE*6*0001~GE*1*{number}~IEA*1*{number:0>9}~"
    ).encode()


STANDARDS = pytest.mark.parametrize(("format_", "write"), [(Format.IFTSTA, edifact), (Format.X12_214, x12)])


@STANDARDS
def test_rule_05_the_same_interchange_again_is_a_duplicate(format_, write):
    source = SourceFactory(format=format_)
    assert counts(heard(source, write("7", "B1"))) == (1, 0, 0)
    # Prepared anew a minute later under the same number: other bytes, the same content.
    assert counts(heard(source, write("7", "B1", clock="0916"))) == (0, 0, 1)
    assert Event.objects.count() == 1


@STANDARDS
def test_rule_05_the_same_number_with_other_content_is_quarantined(format_, write):
    source = SourceFactory(format=format_)
    heard(source, write("7", "B1"))
    assert counts(heard(source, write("7", "B2"))) == (1, 1, 0)
    waiting = WaitingEvent.objects.get(reason=WaitReason.QUARANTINED)
    number = "7" if format_ == Format.IFTSTA else "000000007"
    assert waiting.event.quarantine == f"Interchange {number} of CARRIER came before with other content."
    # What comes under a new number is believed again, and so is the same number of another source.
    assert counts(heard(source, write("8", "B3"))) == (1, 0, 0)
    assert counts(heard(SourceFactory(format=format_), write("7", "B2"))) == (1, 0, 0)


@STANDARDS
def test_rule_05_a_source_may_say_that_its_numbers_mean_nothing(format_, write):
    source = SourceFactory(format=format_, checks_control_numbers=False)
    heard(source, write("7", "B1"))
    assert counts(heard(source, write("7", "B2"))) == (1, 0, 0)


@STANDARDS
def test_rule_05_of_several_interchanges_only_the_doubtful_one_is_quarantined(format_, write):
    source = SourceFactory(format=format_)
    heard(source, write("7", "B1"))
    row = heard(source, write("8", "B2") + write("7", "B3") + write("9", "B4"))
    assert counts(row) == (3, 1, 0)
    doubtful = Event.objects.filter(message=row).exclude(quarantine="").get()
    assert (doubtful.position, doubtful.references[0]["value"]) == (1, "B3")


@STANDARDS
def test_a_sender_the_source_does_not_stand_for_is_quarantined(format_, write):
    source = SourceFactory(format=format_, sender_ids=["OTHER"])
    heard(source, write("7", "B1"))
    assert "which this source does not stand for" in Event.objects.get().quarantine
    source.sender_ids = ["OTHER", "CARRIER"]
    source.save()
    assert counts(heard(source, write("8", "B2"))) == (1, 0, 0)


@STANDARDS
def test_a_message_that_is_read_again_is_no_repetition_of_itself(format_, write):
    source = SourceFactory(format=format_)
    row = heard(source, write("7", "B1"))
    reprocess(row, by=None)
    ingest_waiting()
    row.refresh_from_db()
    assert counts(row) == (1, 0, 0)


def test_rule_06_an_interchange_is_answered_once_and_only_where_the_source_asks_for_it():
    silent, asking = SourceFactory(format=Format.IFTSTA), SourceFactory(format=Format.IFTSTA, acknowledges=True)
    heard(silent, edifact("7", "B1"))
    assert Acknowledgement.objects.count() == 0
    row = heard(asking, edifact("7", "B1"))
    answer = Acknowledgement.objects.get()
    assert (answer.message, answer.kind, answer.is_accepted, answer.handed_over_at) == (row, "CONTRL", True, None)
    assert b"UCI+7+CARRIER:14+US+7'" in bytes(answer.body)
    reprocess(row, by=None)
    ingest_waiting()
    assert Acknowledgement.objects.get() == answer
    assert hand_over(answer) == bytes(answer.body)
    answer.refresh_from_db()
    first = answer.handed_over_at
    hand_over(answer)
    answer.refresh_from_db()
    assert first is not None and answer.handed_over_at == first


def test_rule_06_an_acknowledgement_is_never_acknowledged():
    source = SourceFactory(format=Format.IFTSTA, acknowledges=True)
    row = heard(source, interchange(THEIRS))
    assert (row.state, row.events_found, Acknowledgement.objects.count()) == (MessageState.PARSED, 0, 0)
    ours = heard(source, edifact("8", "B1")).acknowledgement
    assert heard(source, bytes(ours.body)).state == MessageState.PARSED
    assert Acknowledgement.objects.get() == ours


def test_what_was_not_read_is_answered_as_rejected():
    source = SourceFactory(format=Format.IFTSTA, acknowledges=True)
    row = heard(source, interchange(message("1", "BGM", kind="BAPLIE")))
    assert (row.state, row.acknowledgement.is_accepted) == (MessageState.REJECTED, False)
    assert b"UCM+1+BAPLIE:D:00B:UN+4+14'" in bytes(row.acknowledgement.body)


def test_rule_09_what_came_in_stands_for_ever_and_each_event_points_to_its_segment():
    source, raw = SourceFactory(format=Format.IFTSTA), interchange(message("1", *status("B1", "P::HS:Rail departed")))
    row = heard(source, raw)
    event = Event.objects.get()
    assert (event.message, event.segment, event.raw_code, event.code_list) == (row, "STS #4", "P", "HS")
    save_mapping(format="iftsta", code_list="HS", raw_code="P", code="DEPARTED", source=source, by=None)
    read_again = Event.objects.get(supersedes=event.pk)
    assert (read_again.code_id, read_again.message, read_again.segment) == ("DEPARTED", row, "STS #4")
    reprocess(row, by=None)
    ingest_waiting()
    row.refresh_from_db()
    assert (Event.objects.count(), bytes(row.raw), row.digest) == (2, raw, row.digest)
    assert (row.received_at, row.events_found) == (event.received_at, 1)


def test_rule_12_a_list_inside_another_standard_is_understood_for_the_partner_who_uses_it():
    one, other = SourceFactory(format=Format.IFTSTA), SourceFactory(format=Format.IFTSTA)
    save_mapping(format="iftsta", code_list="HS", raw_code="P", code="DEPARTED", source=one, by=None)
    raw = interchange(message("1", *status("B1", "P::HS:Rail departed"), *status("B2", "24")))
    heard(one, raw)
    heard(other, raw)
    found = Event.objects.order_by("source_id", "position").values_list("source_id", "code_list", "code")
    assert list(found) == [
        (one.pk, "HS", "DEPARTED"), (one.pk, "rec24", "DEPARTED"),
        (other.pk, "HS", "INFO"), (other.pk, "rec24", "DEPARTED"),
    ]  # fmt: skip


def test_rule_34_one_message_about_many_consignments_reaches_each_by_its_own_numbers():
    first, second = ShipmentFactory(references=[("mbl", "B1")]), ShipmentFactory(references=[("mbl", "B2")])
    for shipment in (first, second):
        shipment.references.create(type="booking", value="K1", key="K1")
    heard(
        SourceFactory(format=Format.IFTSTA),
        interchange(message("1", "RFF+BN:K1", *status("B1"), *status("B2"), *status("B3"))),
    )
    pairs = EventMatch.objects.order_by("event__position", "shipment").values_list("event__position", "shipment")
    assert list(pairs) == [(0, first.pk), (1, second.pk)]
    assert WaitingEvent.objects.filter(reason=WaitReason.UNMATCHED).values_list("event__position", flat=True).get() == 2


def test_rule_34_a_status_of_several_units_reaches_each_unit_of_its_shipment():
    shipment = ShipmentFactory(references=[("mbl", "B1")])
    units = [
        shipment.units.create(kind="container", number=number, key=number) for number in ("MSKU1234565", "CSQU3054383")
    ]
    body = (*status("B1"), "EQD+CN+MSKU1234565", "EQD+CN+CSQU3054383")
    heard(SourceFactory(format=Format.IFTSTA), interchange(message("1", *body)))
    assert list(EventMatch.objects.order_by("event__position").values_list("unit", flat=True)) == [u.pk for u in units]


@STANDARDS
def test_rule_05_of_two_interchanges_of_a_message_with_one_number_the_first_is_believed(format_, write):
    for reference in ("B1", "B2"):
        other = {"B1": "B2", "B2": "B1"}[reference]
        row = heard(SourceFactory(format=format_), write("7", reference) + write("7", other))
        assert counts(row) == (2, 1, 0)
        believed = Event.objects.get(message=row, quarantine="")
        assert (believed.position, believed.references[0]["value"]) == (0, reference)


def _waits_or_is_done(future) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = 'transactionid'")
        return future.done() or cursor.fetchone()[0] > 0


@pytest.mark.django_db(transaction=True)
@STANDARDS
def test_rule_05_two_workers_at_once_do_not_both_believe_one_number(format_, write):
    source = SourceFactory(format=format_)
    first, second = (read(receive(source, write("7", reference)).message) for reference in ("B1", "B2"))

    def doubted():
        try:
            with transaction.atomic():
                return doubts_of([second])
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            assert doubts_of([first]) == []
            future = pool.submit(doubted)
            while not _waits_or_is_done(future):
                time.sleep(0.01)
        assert [doubt.message_id for doubt in future.result()] == [second.message.pk]
    assert list(ControlNumber.objects.values_list("message_id", flat=True)) == [first.message.pk]
