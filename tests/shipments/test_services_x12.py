"""X12 through the services: what the tables make of its codes, what waits, what is answered."""

import pytest

from shipments.enums import MessageState, WaitReason
from shipments.formats.x12 import read as read_file
from shipments.models import Acknowledgement, CodeMapping, ControlNumber, Event, EventMatch, WaitingEvent
from shipments.services import ingest_messages, receive
from shipments.services.acknowledging import WRITERS
from shipments.tables import read_table
from tests.expected_values import OWN
from tests.factories.shipments import ShipmentFactory, SourceFactory
from tests.shipments.test_formats_x12_envelopes import STATUS, a_set, file, group

pytestmark = pytest.mark.django_db
# Codes that two lists have and that mean different things in them (formats.md 4.4).
DIFFERENT = (
    "A1", "A3", "AN", "AP", "AW", "BA", "BR", "C1", "C2", "CD", "DO", "PA", "PD", "PU", "RA", "RD", "SN", "UC", "X9",
)  # fmt: skip


def ingest(source, raw):
    message = receive(source, raw).message
    assert ingest_messages([message.pk]) == 1
    message.refresh_from_db()
    return message


def meaning(code_list, raw_code):
    found = CodeMapping.objects.current().get(code_list=code_list, raw_code=raw_code, source=None)
    return found.code_id, found.classifier


def road(*codes):
    return file(group(a_set("214", "0001", "B10*P1*C1*ROCO", *(f"AT7*{code}*NS***20260309*0805*UT" for code in codes))))


def ocean(*codes, day="20260309"):
    return file(group(*(a_set("315", f"{n:04d}", f"B4***{code}*{day}*0805**WAYU*123456*L*45G1*SGSIN*UN*7", "N9*BM*M1")
                        for n, code in enumerate(codes)), kind="QO"))  # fmt: skip


@pytest.mark.parametrize("code", DIFFERENT)
def test_rule_10_one_code_of_two_lists_has_two_meanings(code):
    assert meaning("1650", code) != meaning("157", code)


def test_rule_10_no_other_code_of_both_lists_is_left_to_chance():
    lists = {}
    for row in (*read_table("code_mappings"), *read_table("codes_157")):
        lists.setdefault(row["code_list"], {})[row["raw_code"]] = row["code"]
    both = lists["1650"].keys() & lists["157"].keys()
    assert {code for code in both if lists["1650"][code] != lists["157"][code]} == set(DIFFERENT)


def test_rule_11_arrivals_are_not_swapped_and_an_estimate_is_no_delivery():
    ingest(SourceFactory(format="x12_214"), road("X1", "X3", "AG", "D1"))
    assert list(Event.objects.order_by("position").values_list("code_id", "classifier")) == [
        ("DELIVERY_ARRIVED", "ACT"), ("PICKUP_ARRIVED", "ACT"), ("DELIVERED", "EST"), ("DELIVERED", "ACT"),
    ]  # fmt: skip


@pytest.mark.parametrize("code", ["CB", "ZZ"])
def test_rule_11_what_needs_a_rule_of_the_partner_moves_nothing_until_there_is_one(code):
    source = SourceFactory(format="x12_214")
    ingest(source, road(code))
    CodeMapping.objects.create(format="x12_214", code_list="1650", raw_code=code, code_id="DELIVERED", source=source)
    ingest(source, road(code).replace(b"0805", b"0806"))
    assert list(Event.objects.order_by("pk").values_list("code_id", flat=True)) == ["INFO", "DELIVERED"]


@pytest.mark.parametrize(("format_", "raw"), [("x12_214", road("QQ")), ("x12_315", ocean("QQ")), ("auto", ocean("QQ"))])
def test_rule_13_an_unknown_code_is_kept_as_information_and_waits_for_a_mapping(format_, raw):
    message = ingest(SourceFactory(format=format_), raw)
    event = Event.objects.get()
    assert (event.code_id, event.raw_code, message.state, message.events_unmapped) == ("INFO", "QQ", "parsed", 1)
    reasons = WaitingEvent.objects.order_by("reason").values_list("reason", flat=True)
    assert list(reasons) == [WaitReason.UNMAPPED, WaitReason.UNMATCHED]


def test_rule_24_an_actual_of_the_future_is_quarantined():
    message = ingest(SourceFactory(format="x12_315"), ocean("VD", day="21000101"))
    assert message.events_quarantined == 1
    reasons = WaitingEvent.objects.order_by("reason").values_list("reason", flat=True)
    assert list(reasons) == [WaitReason.QUARANTINED, WaitReason.UNMATCHED]


def test_rule_26_loaded_and_departed_in_one_minute_are_both_there_whichever_is_first():
    ingest(SourceFactory(format="x12_315"), ocean("VD", "AE"))
    found = Event.objects.order_by("occurred_at", "code__sequence")
    assert list(found.values_list("code_id", "raw_code")) == [("LOADED", "AE"), ("DEPARTED", "VD")]
    assert len({event.occurred_at for event in found}) == 1


def test_events_link_to_the_segment_they_came_from():
    ingest(SourceFactory(format="x12_214"), road("X1", "X3"))
    assert list(Event.objects.order_by("position").values_list("segment", flat=True)) == ["AT7 #5", "AT7 #6"]


def test_every_list_of_ours_is_understood_in_a_mixed_interchange():
    raw = (OWN / "auto_mixed_x12.edi").read_bytes()
    message = ingest(SourceFactory(format="auto"), raw)
    assert list(Event.objects.order_by("position").values_list("code_id", flat=True)) == ["LOADED", "DELIVERY_ARRIVED"]
    assert (message.format, message.state, message.events_unmapped) == ("x12_214", MessageState.PARTIAL, 0)


def test_ports_and_customs_have_their_codes_in_the_vocabulary():
    for name, format_ in (("x12_315_transshipment.edi", "x12_315"), ("cbp_350.edi", "cbp")):
        message = ingest(SourceFactory(format=format_), (OWN / name).read_bytes())
        assert message.events_unmapped == 0
    customs = Event.objects.filter(code_list="cbp").order_by("position")
    assert [(event.code_id, event.attributes.get("agency")) for event in customs] == [
        ("CUSTOMS_EXAM", "CBP"), ("CUSTOMS_HOLD", "CBP"), ("CUSTOMS_RELEASED", "CBP"), ("INFO", "CBP"),
        ("CUSTOMS_HOLD", "USDA"),
    ]  # fmt: skip


def test_rule_15_the_attributes_that_decide_come_from_the_mapping():
    ShipmentFactory(references=[("mbl", "BLUE260088")])
    ingest(SourceFactory(format="cbp"), (OWN / "cbp_350.edi").read_bytes())
    assert EventMatch.objects.count() == 3
    release = Event.objects.get(raw_code="1C").attributes
    assert (release["grants"], release["unless_held"], release["bill"]) == ("1C+ENTERED+RELEASED", "1", "BLUE260089")


def test_rule_05_a_control_number_that_comes_with_other_content_is_quarantined():
    source = SourceFactory(format="x12_214")
    ingest(source, road("X1"))
    again = ingest(source, road("X1").replace(b"~", b"~\n"))
    other = ingest(source, road("X3"))
    assert (again.events_duplicate, again.events_quarantined, other.events_quarantined) == (1, 0, 1)
    assert (
        Event.objects.get(raw_code="X3").quarantine == "Interchange 000000071 of ROADCO came before with other content."
    )


def test_rule_06_an_interchange_is_answered_once_and_an_acknowledgement_never():
    source = SourceFactory(format="x12_214", acknowledges=True)
    message = ingest(source, road("X1"))
    answer = Acknowledgement.objects.get()
    assert (answer.message, answer.kind, answer.is_accepted) == (message, "997", True)
    assert b"AK2*214*0001~\nAK5*A~" in bytes(answer.body)
    assert [found.kind for found in read_file(bytes(answer.body)).sets] == ["997"]
    quiet = ingest(source, bytes(answer.body))
    assert (quiet.state, quiet.events_found, Acknowledgement.objects.count()) == (MessageState.PARSED, 0, 1)
    assert [error["code"] for error in quiet.errors] == ["accepted", "accepted"]
    assert ControlNumber.objects.count() == 1


def test_rule_06_who_does_not_ask_for_answers_gets_none():
    ingest(SourceFactory(format="x12_214"), road("X1"))
    assert (Acknowledgement.objects.count(), WRITERS["x12"][0]) == (0, "997")


def test_a_large_interchange_that_is_read_in_parts_is_answered_too():
    sets = [a_set("214", f"{n:04d}", "B10*P1*C1*ROCO", STATUS, f"K1*{'x' * 200}") for n in range(2_500)]
    message = ingest(SourceFactory(format="x12_214", acknowledges=True), file(group(*sets)))
    assert (message.size > 512 << 10, message.state) == (True, MessageState.PARSED)
    assert bytes(Acknowledgement.objects.get().body).count(b"AK2*214") == 2_500
