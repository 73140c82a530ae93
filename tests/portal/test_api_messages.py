"""`/messages/` and `/events/`: what senders hand in."""

from __future__ import annotations

import pytest
from django.test import Client

from partners.enums import InternalGroup, PartnerKind, Role, Scope
from partners.models import Partner
from partners.services import save_partner
from shipments.enums import Format
from shipments.models import Acknowledgement, Event, Message, Source
from shipments.services import ingest_waiting, save_source
from tests.factories.partners import api_key, internal, member
from tests.factories.shipments import LocationFactory, native, payload
from tests.portal.api_world import MISSING, ask

pytestmark = pytest.mark.django_db


@pytest.fixture
def carrier() -> Partner:
    LocationFactory()
    return save_partner("LINE", name="Ocean Line", kinds=[PartnerKind.CARRIER])


@pytest.fixture
def feed(carrier: Partner) -> Source:
    return save_source("LINE-FEED", partner=carrier, format=Format.NATIVE)


@pytest.fixture
def secret(carrier: Partner) -> str:
    return api_key(carrier, Scope.READ, Scope.INGEST)[1]


def test_a_message_is_stored_as_it_came_and_told_again_by_its_id(feed, secret):
    raw = payload(native("DEPARTED", ("mbl", "MAEU1")))
    first = ask("messages/?source=LINE-FEED", "POST", secret=secret, body=raw, Content_Type="application/edi-x12; a=b")
    again = ask("messages/?source=LINE-FEED", "POST", secret=secret, body=raw)
    stored = Message.objects.get()
    assert (bytes(stored.raw), stored.content_type, stored.deliveries) == (raw, "application/edi-x12; a=b", 2)
    identity = str(stored.public_id)
    assert (first.status_code, first.json()) == (202, {"id": identity, "state": "received", "duplicate_of": None})
    assert (again.status_code, again.json()) == (202, {"id": identity, "state": "received", "duplicate_of": identity})
    ingest_waiting()
    shown = ask(f"messages/{identity}/", secret=secret).json()
    assert {name: shown[name] for name in ("source", "state", "size", "deliveries", "errors", "counts", "events")} == {
        "source": "LINE-FEED", "state": "parsed", "size": len(raw), "deliveries": 2, "errors": [],
        "counts": {"events": 1, "matched": 0, "unmatched": 1, "unmapped": 0, "quarantined": 0, "duplicates": 0},
        "events": [str(Event.objects.get().public_id)],
    }  # fmt: skip


def test_a_message_that_cannot_be_read_says_why_and_is_read_again(feed, secret):
    sent = ask("messages/?source=LINE-FEED", "POST", secret=secret, body=b"\xff\x00 no JSON").json()
    ingest_waiting()
    shown = ask(f"messages/{sent['id']}/", secret=secret).json()
    assert (shown["state"], len(shown["errors"]), shown["events"]) == ("rejected", 1, [])
    answer = ask(f"messages/{sent['id']}/reprocess/", "POST", secret=secret)
    assert (answer.status_code, answer.json()["state"]) == (202, "received")
    again = ask(f"messages/{sent['id']}/reprocess/", "POST", secret=secret)
    assert (again.status_code, again.json()["code"]) == (409, "state_not_allowed")


@pytest.mark.parametrize(
    "content_type",
    [
        "text/plain",
        "application/octet-stream",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=b",
        "x",
    ],
)
def test_any_content_type_is_taken_with_a_key(feed, secret, content_type):
    body = b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--b--\r\n'
    answer = ask("messages/?source=LINE-FEED", "POST", secret=secret, body=body, Content_Type=content_type)
    assert (answer.status_code, bytes(Message.objects.get().raw)) == (202, body)


def test_a_form_is_bytes_like_any_other_also_from_a_browser(feed):
    client = Client(enforce_csrf_checks=True)
    client.force_login(member(feed.partner, Role.EDITOR))
    token = "t" * 32
    client.cookies["csrftoken"] = token
    form = b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--b--\r\n'
    statuses = [
        client.post(
            "/api/v1/messages/?source=LINE-FEED",
            form,
            content_type="multipart/form-data; boundary=b",
            headers=headers,
        ).status_code
        for headers in ({}, {"X-CSRFToken": token})
    ]
    assert (statuses, bytes(Message.objects.get().raw)) == ([403, 202], form)


@pytest.mark.parametrize("query", ["", "?source="])
def test_the_source_has_to_be_named(feed, secret, query):
    answer = ask("messages/" + query, "POST", secret=secret, body=b"x")
    assert (answer.status_code, [error["field"] for error in answer.json()["errors"]]) == (400, ["source"])


def test_an_empty_message_is_kept_too_and_says_what_is_wrong_with_it(feed, secret):
    answer = ask("messages/?source=LINE-FEED", "POST", secret=secret)
    assert answer.status_code == 202
    ingest_waiting()
    read = ask(f"messages/{answer.json()['id']}/", secret=secret).json()
    assert (read["state"], read["size"], [error["code"] for error in read["errors"]]) == ("rejected", 0, ["empty"])


@pytest.mark.parametrize("path", ["messages/", "events/"])
def test_a_foreign_source_reads_like_a_missing_one_and_like_one_switched_off(feed, secret, path):
    theirs = save_source("THEIRS", partner=save_partner("B", name="B", kinds=["carrier"]), format=Format.NATIVE)
    off = save_source("OFF", partner=feed.partner, format=Format.NATIVE)
    Source.objects.filter(pk=off.pk).update(is_active=False)
    answers = {
        ask(f"{path}?source={code}", "POST", secret=secret, body=[native("DEPARTED")]).content
        for code in (theirs.code, "NOSUCH", off.code)
    }
    assert (len(answers), Message.objects.count()) == (1, 0)


def test_what_is_reported_is_answered_one_by_one(secret):
    good = native("DEPARTED", ("mbl", "MAEU1"), location={"unlocode": "NLRTM"})
    answer = ask("events/", "POST", secret=secret, body=[good, {"code": "DEPARTED"}, good, native("NO_SUCH_CODE")])
    assert answer.status_code == 200, answer.content
    said = answer.json()
    assert {name: said[name] for name in ("accepted", "duplicate", "rejected")} == {
        "accepted": 1, "duplicate": 1, "rejected": 2,
    }  # fmt: skip
    event = Event.objects.get()
    assert [(r["index"], r["status"], r["id"], bool(r["code"]), bool(r["message"])) for r in said["results"]] == [
        (0, "accepted", str(event.public_id), False, False),
        (1, "rejected", None, True, True),
        (2, "duplicate", str(event.public_id), False, False),
        (3, "rejected", None, True, True),
    ]
    assert event.source.code == "LINE-API"


def test_the_same_report_again_is_a_duplicate_from_the_same_source(secret):
    report = [native("DEPARTED", ("mbl", "MAEU1"))]
    first, again = (ask("events/", "POST", secret=secret, body=report).json() for _time in range(2))
    assert (first["accepted"], again["duplicate"], Event.objects.count()) == (1, 1, 1)
    assert first["results"][0]["id"] == again["results"][0]["id"]
    assert Source.objects.get().code == "LINE-API"


def test_one_event_may_come_without_a_list(secret):
    answer = ask("events/", "POST", secret=secret, body=native("DEPARTED", ("mbl", "MAEU1")))
    assert (answer.status_code, answer.json()["accepted"]) == (200, 1)


@pytest.mark.parametrize("events", [[], {}, [{}], [[]], [None], "x", 1, [native("DEPARTED")] * 1001])
def test_events_come_as_one_to_a_thousand_objects(secret, events):
    answer = ask("events/", "POST", secret=secret, body=events if events != "x" else '"x"')
    assert (answer.status_code, Message.objects.count()) == (400, 0)


def test_who_reports_for_many_says_for_which_source(feed, secret):
    save_partner("OTHER", name="Other line", kinds=[PartnerKind.CARRIER])
    answer = ask("events/", "POST", user=internal(InternalGroup.OPERATIONS), body=[native("DEPARTED")])
    assert (answer.status_code, answer.json()["code"]) == (400, "source_needed")
    save_source("LINE-CSV", partner=feed.partner, format=Format.CSV)
    answer = ask("events/?source=LINE-CSV", "POST", secret=secret, body=[native("DEPARTED")])
    assert (answer.status_code, answer.json()["code"]) == (400, "wrong_format")


def test_nothing_is_told_of_shipments_that_are_anothers(feed, secret):
    answer = ask(f"events/?shipment={MISSING}", secret=secret)
    assert answer.json()["results"] == []


EDIFACT = (
    b"UNB+UNOC:3+LINE:ZZZ+WAYMARK+260312:0915+77'UNH+1+IFTSTA:D:00B:UN'CNI+1'STS+1+24'RFF+BM:MAEU1'"
    b"DTM+334:202603111840:203'UNT+6+1'UNZ+1+77'"
)


@pytest.mark.parametrize(("kind", "content_type"), [("CONTRL", "application/EDIFACT"), ("997", "application/EDI-X12")])
def test_an_acknowledgement_is_fetched_as_it_is_and_taken_over_once(carrier, secret, kind, content_type):
    save_source("LINE-EDI", partner=carrier, format=Format.IFTSTA)
    Source.objects.filter(code="LINE-EDI").update(acknowledges=True)
    posted = ask("messages/?source=LINE-EDI", "POST", secret=secret, body=EDIFACT, Content_Type="application/edifact")
    address = f"messages/{posted.json()['id']}/acknowledgement/"
    assert ask(address, secret=secret).status_code == 404
    ingest_waiting()
    answer = Acknowledgement.objects.get()
    Acknowledgement.objects.update(kind=kind)
    fetched = ask(address, secret=secret, Accept="text/html")
    assert (fetched.status_code, fetched.content, fetched["Content-Type"]) == (200, bytes(answer.body), content_type)
    assert (fetched["X-Content-Type-Options"], fetched["Content-Disposition"]) == (
        "nosniff", f'attachment; filename="{kind}-{answer.message_id}.edi"',
    )  # fmt: skip
    assert Acknowledgement.objects.get().handed_over_at is None
    first, again = (ask(address, "POST", secret=secret).json() for _time in range(2))
    assert first == again and first["handed_over_at"] is not None
    assert (first["kind"], first["is_accepted"]) == (kind, True)


def test_a_message_without_an_acknowledgement_has_none_to_fetch(feed, secret):
    posted = ask("messages/?source=LINE-FEED", "POST", secret=secret, body=payload(native("DEPARTED")))
    address = f"messages/{posted.json()['id']}/acknowledgement/"
    ingest_waiting()
    assert [ask(address, method, secret=secret).status_code for method in ("GET", "POST")] == [404, 404]
