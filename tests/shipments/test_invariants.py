"""What `manage.py verify` asks of messages, events and places: each is broken here once, and found."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from core.invariants import check
from shipments.invariants import INVARIANTS
from shipments.models import (
    Acknowledgement,
    Connection,
    ControlNumber,
    Document,
    Location,
    Message,
    ShipmentPast,
    Upload,
    WaitingEvent,
    WebhookReceipt,
)
from shipments.services import present_facts
from tests.factories.partners import internal
from tests.factories.shipments import DocumentFactory, EventFactory, MessageFactory, ShipmentFactory, SourceFactory

pytestmark = pytest.mark.django_db

NAMED = {invariant.name: invariant for invariant in INVARIANTS}
NOBODY = 4_000_000_000


def broken(name: str) -> tuple[str, ...]:
    return check(NAMED[name]).examples


def test_an_empty_house_is_in_order():
    assert [name for name in NAMED if broken(name)] == []


def test_a_superseded_event_that_still_waits_is_found():
    old = EventFactory()
    wait = WaitingEvent.objects.create(event=old, source=old.source, reason="unmapped")
    assert broken("a_superseded_event_waits_for_nothing") == ()
    EventFactory(supersedes=old.pk)
    assert broken("a_superseded_event_waits_for_nothing") == (str(wait.pk),)


def test_two_successors_and_one_of_nothing_are_found():
    old = EventFactory()
    EventFactory(supersedes=old.pk)
    assert broken("an_event_has_one_successor") == broken("an_event_supersedes_an_earlier_one") == ()
    EventFactory(supersedes=old.pk)
    lost = EventFactory(supersedes=NOBODY)
    assert broken("an_event_has_one_successor") == (str(old.pk),)
    assert broken("an_event_supersedes_an_earlier_one") == (str(lost.public_id),)


def test_a_large_message_without_what_was_read_of_it_is_found():
    message = MessageFactory(events_found=3, events_duplicate=2)
    Message.objects.filter(pk=message.pk).update(events_read=5)
    assert broken("a_large_message_is_stored_as_far_as_it_was_read") == ()
    Message.objects.filter(pk=message.pk).update(events_read=6)
    assert broken("a_large_message_is_stored_as_far_as_it_was_read") == (str(message.public_id),)


def test_a_wait_of_no_event_is_found():
    wait = WaitingEvent.objects.create(event_id=NOBODY, source=SourceFactory(), reason="unmapped")
    assert broken("every_wait_has_its_event") == (str(wait.pk),)


def _answers(message_id: int, digest: str) -> list[str]:
    source = SourceFactory()
    webhook = Connection.objects.create(source=source, kind="webhook")
    rows = {
        "acknowledgement": Acknowledgement.objects.create(
            message_id=message_id, kind="997", body=b"ISA", is_accepted=True
        ),
        "control number": ControlNumber.objects.create(
            source=source, standard="x12", sender="A", number="1", digest=digest, message_id=message_id
        ),
        "receipt": WebhookReceipt.objects.create(connection=webhook, call_id="1", digest="d", message_id=message_id),
        "upload": Upload.objects.create(
            source=source, raw=b"x", state="imported", message_id=message_id, created_by=internal("operations")
        ),
    }
    return sorted(f"{kind} {row.pk}" for kind, row in rows.items())


def test_an_answer_to_a_message_that_nobody_received_is_found():
    _answers(MessageFactory().pk, "d")
    assert broken("every_answer_has_its_message") == ()
    wrong = _answers(NOBODY, "d")
    assert sorted(broken("every_answer_has_its_message")) == wrong


def test_a_place_that_is_the_same_as_an_alias_is_found():
    main, other, third = Location.objects.filter(facility_code="", same_as=None).order_by("unlocode")[:3]
    Location.objects.filter(pk=other.pk).update(same_as=main)
    assert broken("another_name_leads_to_a_place_itself") == ()
    Location.objects.filter(pk=third.pk).update(same_as=other)
    assert broken("another_name_leads_to_a_place_itself") == (third.unlocode,)


def test_a_document_of_other_bytes_than_were_filed_is_found():
    document = DocumentFactory()
    assert broken("a_document_is_what_was_filed") == ()
    for wrong in ({"body": b"%PDF-1.7 invoicE"}, {"size": 3}, {"digest": "0" * 64}):
        one = DocumentFactory(**wrong, digest=document.digest) if "body" in wrong else DocumentFactory(**wrong)
        assert broken("a_document_is_what_was_filed") == (str(one.public_id),)
        Document.objects.filter(pk=one.pk).delete()


def test_an_earlier_state_that_is_not_over_or_says_less_is_found():
    shipment, now = ShipmentFactory(), timezone.now() - timedelta(minutes=1)
    facts = present_facts([shipment.pk])[shipment.pk]
    ShipmentPast.objects.create(shipment=shipment, until=now, facts=facts)
    assert broken("an_earlier_state_says_all_that_rules_know") == ()
    coming = ShipmentPast.objects.create(shipment=shipment, until=now + timedelta(days=1), facts=facts)
    poor = ShipmentPast.objects.create(shipment=shipment, until=now, facts={"dates": {}})
    assert broken("an_earlier_state_says_all_that_rules_know") == (str(coming.pk), str(poor.pk))
