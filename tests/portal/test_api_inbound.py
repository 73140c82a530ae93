"""Calls of webhooks: signed ones are taken once, all others are strangers (cases 30, 31, 32 of reliability.md)."""

from __future__ import annotations

import base64
import hmac
import json
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from django.core.cache import cache
from django.db import connection as database
from django.http import HttpResponse
from django.test import Client, override_settings
from django.utils import timezone

from shipments.enums import WaitReason
from shipments.models import Connection, ConnectionRun, Message, Source, WaitingEvent, WebhookReceipt
from shipments.services import pause_connection, read_now, rotate_secret, save_connection
from tests.factories.partners import PartnerFactory, internal
from tests.factories.shipments import MilestoneTypeFactory, ShipmentFactory, SourceFactory, native, payload
from tests.portal.api_world import ask

pytestmark = pytest.mark.django_db
BODY = b'{"code":"DEPARTED"}'
REFUSED = (401, "authentication_failed", "The call is not signed as agreed, or it is too old.")


@pytest.fixture(autouse=True)
def fresh_counts() -> None:
    cache.clear()


@pytest.fixture
def webhook() -> tuple[Connection, str]:
    return save_connection(SourceFactory(), kind="webhook", settings={"most_bytes": 2048}, by=None)


def signed(secret: str, body: bytes = BODY, call_id: str = "msg_1", seconds_ago: float = 0) -> dict[str, str]:
    moment = str(int(time.time() - seconds_ago))
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signature = base64.b64encode(hmac.digest(key, f"{call_id}.{moment}.".encode() + body, "sha256")).decode()
    return {"webhook-id": call_id, "webhook-timestamp": moment, "webhook-signature": "v1," + signature}


def call(where: Connection | uuid.UUID, headers: dict[str, str], body: bytes = BODY) -> HttpResponse:
    public_id = where.public_id if isinstance(where, Connection) else where
    return Client().post(f"/api/v1/inbound/{public_id}/", body, content_type="application/json", headers=headers)


def told(answer: HttpResponse) -> tuple[int, str, str]:
    body = answer.json()
    return answer.status_code, body["code"], body["detail"]


def test_a_signed_call_is_stored_as_it_is(webhook):
    connection, secret = webhook
    answer = call(connection, signed(secret))
    message = Message.objects.get()
    assert (answer.status_code, answer.json()) == (202, {"id": str(message.public_id)})
    assert (bytes(message.raw), message.source, message.content_type) == (BODY, connection.source, "application/json")
    connection.refresh_from_db()
    assert (connection.refused, connection.last_error, connection.last_success_at is not None) == (0, "", True)


def test_case_30_without_a_signature_nothing_is_stored_but_the_count(webhook):
    connection, secret = webhook
    other = save_connection(SourceFactory(), kind="webhook", settings={}, by=None)
    bad = [
        {},
        signed(secret) | {"webhook-signature": "v1,AAAA"},
        {name: value[:-4] if name == "webhook-signature" else value for name, value in signed(secret).items()},
        signed(other.shown_once),
        signed(secret, b'{"code": "DEPARTED"}'),
    ]
    answers = [call(connection, headers) for headers in bad]
    assert [told(answer) for answer in answers] == [REFUSED] * 5
    assert {answer["WWW-Authenticate"] for answer in answers} == {'Signature realm="waymark"'}
    assert {answer["Content-Type"] for answer in answers} == {"application/problem+json"}
    connection.refresh_from_db()
    assert (connection.refused, connection.last_error) == (5, "A call with a wrong signature.")
    stored = [model.objects.count() for model in (Message, WebhookReceipt, ConnectionRun)]
    assert stored == [0, 0, 0]


def test_case_31_a_call_of_six_minutes_ago_is_stale(webhook):
    connection, secret = webhook
    assert told(call(connection, signed(secret, seconds_ago=360))) == REFUSED
    assert told(call(connection, signed(secret, seconds_ago=-360))) == REFUSED
    assert call(connection, signed(secret, seconds_ago=240)).status_code == 202
    connection.refresh_from_db()
    assert (connection.refused, Message.objects.count()) == (2, 1)


def test_case_31_the_same_call_again_is_answered_the_same(webhook):
    connection, secret = webhook
    headers = signed(secret)
    first, second = call(connection, headers), call(connection, headers)
    assert (first.status_code, second.status_code, first.content == second.content) == (202, 200, True)
    # A retry has a time and a signature of its own, and the same id.
    assert call(connection, signed(secret, seconds_ago=100)).content == first.content
    assert (Message.objects.get().deliveries, WebhookReceipt.objects.count()) == (1, 1)


def test_case_31_the_same_id_with_another_body_is_refused_and_noted(webhook):
    connection, secret = webhook
    call(connection, signed(secret))
    answer = call(connection, signed(secret, b"{}"), b"{}")
    assert told(answer) == (409, "call_reused", "A call with this id was taken before, with another body.")
    assert (Message.objects.count(), WebhookReceipt.objects.count()) == (1, 1)
    assert ConnectionRun.objects.get().error == "The call msg_1 came again with another content."


def test_the_same_id_of_another_connection_is_another_call(webhook):
    other, secret = save_connection(SourceFactory(), kind="webhook", settings={}, by=None)
    assert [call(*pair).status_code for pair in ((webhook[0], signed(webhook[1])), (other, signed(secret)))] == [
        202,
        202,
    ]
    assert WebhookReceipt.objects.count() == 2


def test_case_31_fifty_at_once_have_one_effect(transactional_db):
    connection, secret = save_connection(SourceFactory(), kind="webhook", settings={}, by=None)
    headers, barrier = signed(secret), Barrier(50)

    def one(_number: int) -> tuple[int, bytes]:
        try:
            barrier.wait(timeout=30)
            answer = call(connection, headers)
            return answer.status_code, answer.content
        finally:
            database.close()

    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(one, range(50)))
    assert sorted(status for status, _content in answers) == [200] * 49 + [202]
    assert len({content for _status, content in answers}) == 1
    assert (Message.objects.get().deliveries, WebhookReceipt.objects.count()) == (1, 1)


def test_case_32_whether_a_reference_exists_is_not_told(webhook):
    connection, secret = webhook
    MilestoneTypeFactory()
    ShipmentFactory(customer=PartnerFactory(), references=[("mbl", "THEIRS1")])
    bodies = [payload(native("DEPARTED", ("mbl", reference))) for reference in ("THEIRS1", "NOBODYS1")]
    answers = [call(connection, signed(secret, body, f"m{n}"), body) for n, body in enumerate(bodies)]
    for message in Message.objects.all():
        read_now(message)
    answers += [call(connection, signed(secret, body, f"m{n}"), body) for n, body in enumerate(bodies)]
    assert [(a.status_code, list(a.json()), len(a.content)) for a in answers] == [
        (202, ["id"], 45), (202, ["id"], 45), (200, ["id"], 45), (200, ["id"], 45),
    ]  # fmt: skip
    assert list(WaitingEvent.objects.values_list("reason", flat=True)) == [WaitReason.UNMATCHED]


def test_who_is_not_there_answers_like_a_wrong_signature(webhook):
    connection, secret = webhook
    assert told(call(uuid.uuid4(), signed(secret))) == REFUSED
    pause_connection(connection, by=None)
    assert told(call(connection, signed(secret))) == REFUSED
    Connection.objects.update(is_active=True)
    Source.objects.update(is_active=False)
    assert told(call(connection, signed(secret))) == REFUSED
    Source.objects.update(is_active=True)
    assert call(connection, signed(secret)).status_code == 202
    polled = save_connection(SourceFactory(), kind="poll", settings={"url": "https://h.example/"}, by=None).connection
    assert told(call(polled, signed(secret))) == REFUSED


def test_neither_a_key_nor_a_session_stands_in_for_a_signature(webhook):
    address = f"inbound/{webhook[0].public_id}/"
    assert ask(address, "POST", user=internal("administrator"), body={}).status_code == 401
    assert ask(address, "POST", secret="wm_abcdefgh_" + "A" * 43, body={}).status_code == 401
    answer = ask(address, "GET", user=internal("administrator"))
    assert (answer.status_code, answer["Allow"], answer.json()["code"]) == (405, "POST", "method_not_allowed")


def test_both_secrets_are_good_during_a_change(webhook):
    connection, first = webhook
    second = rotate_secret(connection, by=None)
    assert [call(connection, signed(s, call_id=s[-5:])).status_code for s in (first, second)] == [202, 202]
    third = rotate_secret(connection, by=None)
    statuses = [call(connection, signed(s, call_id=s[-5:] + "x")).status_code for s in (first, second, third)]
    assert statuses == [401, 202, 202]


def test_case_44_a_body_has_a_size_at_most(webhook):
    connection, secret = webhook
    fits, large = b"x" * 2048, b"x" * 2049
    assert call(connection, signed(secret, fits), fits).status_code == 202
    answer = call(connection, signed(secret, large, "msg_2"), large)
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
    chunked = Client().post(
        f"/api/v1/inbound/{connection.public_id}/", b"", content_type="a/b",
        headers={"Transfer-Encoding": "chunked"}, CONTENT_LENGTH="",
    )  # fmt: skip
    assert chunked.status_code in (401, 411)


@override_settings(WAYMARK_RATE_LIMIT=3)
def test_too_many_calls_are_asked_to_wait_each_connection_for_itself(webhook):
    connection, secret = webhook
    statuses = [call(connection, signed(secret, call_id=str(n))).status_code for n in range(4)]
    assert statuses == [202, 202, 202, 429]
    other, others = save_connection(SourceFactory(), kind="webhook", settings={}, by=None)
    assert call(other, signed(others)).status_code == 202
    unknown = [call(uuid.uuid4(), {}) for _ in range(4)]
    assert [answer.status_code for answer in unknown] == [401, 401, 401, 429]
    assert 0 < int(unknown[3]["Retry-After"]) <= 60


def test_a_plain_header_works_end_to_end():
    values = {"scheme": "hmac", "header": "X-Signature", "prefix": "sha256=", "id_header": "X-Delivery"}
    secret = {"current": "a secret of theirs"}
    connection, shown = save_connection(SourceFactory(), kind="webhook", settings=values, secret=secret, by=None)
    signature = "sha256=" + hmac.digest(b"a secret of theirs", BODY, "sha256").hex()
    answer = call(connection, {"X-Signature": signature, "X-Delivery": "7"})
    assert (answer.status_code, shown, WebhookReceipt.objects.get().call_id) == (202, "", "7")
    assert json.loads(answer.content) == {"id": str(Message.objects.get().public_id)}
    assert WebhookReceipt.objects.get().received_at > timezone.now() - timedelta(minutes=1)
