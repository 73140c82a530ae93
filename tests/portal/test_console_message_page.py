"""The page of a message says what was answered, who handed it in, how far it is and that it was undone."""

from __future__ import annotations

import pytest
from django.test import Client
from django.utils import timezone

from shipments.enums import Format, MessageState
from shipments.models import Acknowledgement, Message
from shipments.services import check_upload, import_upload
from tests.factories.partners import internal
from tests.factories.shipments import MessageFactory, SourceFactory

pytestmark = pytest.mark.django_db


def page(message: Message) -> str:
    client = Client()
    client.force_login(internal("operations"))
    return client.get(f"/admin/shipments/message/{message.pk}/change/").content.decode()


def test_an_acknowledgement_is_named_and_can_be_fetched() -> None:
    message = MessageFactory()
    assert "file/acknowledgement/" not in page(message)
    Acknowledgement.objects.create(message=message, kind="CONTRL", body=b"UNB+UNOA:1'", is_accepted=False)
    text = page(message)
    assert ("CONTRL · reports errors" in text, "file/acknowledgement/" in text) == (True, True)
    client = Client()
    client.force_login(internal("operations"))
    answer = client.get(f"/admin/shipments/message/{message.pk}/file/acknowledgement/")
    assert (answer.content, answer.headers["Content-Type"]) == (b"UNB+UNOA:1'", "application/octet-stream")


def test_a_message_without_an_acknowledgement_has_none_to_fetch() -> None:
    client = Client()
    client.force_login(internal("operations"))
    assert client.get(f"/admin/shipments/message/{MessageFactory().pk}/file/acknowledgement/").status_code == 404


def test_the_progress_of_a_large_message_and_its_undoing_are_shown() -> None:
    reading = MessageFactory(state=MessageState.RECEIVED, processed_at=None, progress=42, events_read=42_000)
    text = page(reading)
    assert ("42 %" in text, "42000 events stored so far" in text, "Undone" in text) == (True, True, False)
    assert "Its events count no more; they stay on record." in page(MessageFactory(undone_at=timezone.now()))


def test_the_uploads_that_brought_it_in_are_linked() -> None:
    by = internal("operations")
    source = SourceFactory(format=Format.CSV)
    raw = b"code,occurred_at,po\nDEPARTED,2026-11-07,45-1\n"
    upload = check_upload(source, raw, filename="week45.csv", column_mapping=None, by=by)
    message = import_upload(upload, by=by)
    text = page(message)
    assert (f"/admin/shipments/upload/{upload.pk}/change/" in text, "Handed in by upload" in text) == (True, True)
