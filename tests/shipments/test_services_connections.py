"""Ways in are set up, kept secret, and refused where they make no sense; so does the database."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.test import override_settings
from django.utils import timezone

from core.errors import DomainError
from core.queue import nudge
from partners.services.secrets import seal, unseal
from shipments.models import Acknowledgement, Connection, ConnectionRun, WebhookReceipt
from shipments.services import (
    rotate_secret,
    save_connection,
    try_connection,
)
from shipments.services.connections import NEVER
from tests.factories.shipments import MessageFactory, SourceFactory
from tests.shipments.connected import folder, poll

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def opened(tmp_path) -> Iterator[None]:
    with override_settings(WAYMARK_FOLDERS=[tmp_path], WAYMARK_INTERNAL_HOSTS=["127.0.0.1"], WAYMARK_COLLECTORS=1):
        yield


def test_a_secret_is_stored_sealed_and_kept_when_none_is_given():
    source = SourceFactory()
    values = {"host": "mail.example", "username": "carrier"}
    made = save_connection(source, kind="imap", settings=values, secret={"password": "geheim"}, by=None).connection
    stored = bytes(Connection.objects.get().secret)
    assert b"geheim" not in stored
    assert unseal(stored) == {"password": "geheim"}
    changed = save_connection(
        source, kind="imap", settings=values | {"folder": "EDI"}, secret={"password": ""}, by=None, connection=made
    ).connection
    assert (unseal(changed.secret), changed.settings["folder"]) == ({"password": "geheim"}, "EDI")
    assert Connection.objects.count() == 1


def test_sealing_goes_on_through_a_rotation_of_the_key():
    with override_settings(SECRET_KEY="old" * 20, SECRET_KEY_FALLBACKS=[]):
        stored = seal({"password": "p"})
    with override_settings(SECRET_KEY="new" * 20, SECRET_KEY_FALLBACKS=["old" * 20]):
        assert unseal(stored) == {"password": "p"}
    with override_settings(SECRET_KEY="new" * 20, SECRET_KEY_FALLBACKS=[]), pytest.raises(DomainError) as lost:
        unseal(stored)
    assert lost.value.code == "secret_unreadable"
    assert (seal({}), unseal(b"")) == (b"", {})


def test_a_secret_that_cannot_be_opened_can_be_entered_again(tmp_path):
    source = SourceFactory()
    values = {"host": "mail.example", "username": "u"}
    made = save_connection(source, kind="imap", settings=values, secret={"password": "a"}, by=None).connection
    with override_settings(SECRET_KEY="other" * 20, SECRET_KEY_FALLBACKS=[]):
        assert "enter it again" in try_connection(made, by=None).error
        save_connection(source, kind="imap", settings=values, secret={"password": "b"}, by=None, connection=made)
        made.refresh_from_db()
        assert unseal(made.secret) == {"password": "b"}


@pytest.mark.parametrize(
    ("kind", "values", "secret", "code", "field"),
    [
        ("telex", {}, {}, "unknown_kind", "kind"),
        ("poll", {}, {}, "invalid", "url"),
        ("poll", {"url": "https://h/"}, {"pin": "1"}, "invalid", "pin"),
        ("webhook", {}, {"current": "whsec_AAAA"}, "invalid", "current"),
        ("folder", {"path": "/etc"}, {}, "invalid", "path"),
        ("poll", {"url": 7, "auth": "magic"}, {}, "invalid", ""),
    ],
)
def test_what_makes_no_sense_is_refused(kind, values, secret, code, field):
    with pytest.raises(DomainError) as refused:
        save_connection(SourceFactory(), kind=kind, settings=values, secret=secret, by=None)
    assert (refused.value.code, refused.value.field) == (code, field)
    assert Connection.objects.count() == 0


def test_the_interval_is_sensible_and_kind_and_source_stay(tmp_path):
    with pytest.raises(DomainError) as refused:
        save_connection(SourceFactory(), kind="folder", settings={"path": str(tmp_path)}, by=None, every_seconds=1)
    assert refused.value.message == "Between 5 seconds and a week."
    made = folder(tmp_path)
    for source, kind in ((SourceFactory(), "folder"), (made.source, "webhook")):
        with pytest.raises(DomainError) as refused:
            save_connection(source, kind=kind, settings={"path": str(tmp_path)}, by=None, connection=made)
        assert refused.value.code == "kind_is_fixed"


def test_a_webhook_gets_a_secret_that_is_shown_once_and_rotated():
    connection, shown = save_connection(SourceFactory(), kind="webhook", settings={}, by=None)
    assert (shown[:6], connection.not_before) == ("whsec_", NEVER)
    again = save_connection(connection.source, kind="webhook", settings={}, by=None, connection=connection)
    assert again.shown_once == ""
    fresh = rotate_secret(connection, by=None)
    connection.refresh_from_db()
    assert unseal(connection.secret) == {"current": fresh, "previous": shown}


def test_only_a_webhook_has_a_secret_of_ours(tmp_path):
    with pytest.raises(DomainError) as refused:
        rotate_secret(folder(tmp_path), by=None)
    assert refused.value.code == "not_a_webhook"


def test_the_task_is_one_of_the_queue():
    nudge("collect_due")


def changed(connection: Connection, **settings: object) -> dict[str, object]:
    values = {**connection.settings, **settings}
    save_connection(connection.source, kind=connection.kind, settings=values, by=None, connection=connection)
    connection.refresh_from_db()
    return connection.cursor


def test_where_another_place_is_looked_into_nothing_is_counted_from_the_one_before():
    made = {"host": "mail.example", "username": "u", "folder": "INBOX"}
    connection = save_connection(SourceFactory(), kind="imap", settings=made, secret={"password": "x"}, by=None)[0]
    stale = Connection.objects.select_related("source").get()
    Connection.objects.update(cursor={"uidvalidity": 1, "uid": 7})
    assert changed(stale, most_per_run=5) == {"uidvalidity": 1, "uid": 7}
    assert changed(connection, folder="Status") == {}


@pytest.mark.parametrize(
    ("change", "cursor"),
    [
        ({"most_pages": 3}, {"since": "S", "next": "https://api.example/events?cursor=b", "page": 2}),
        ({"url": "https://api.example/v2/events"}, {"since": "S"}),
        ({"url": "https://other.example/events"}, {}),
        ({"since_path": ""}, {}),
    ],
)
def test_a_poll_goes_on_where_it_stood_only_at_the_same_host_and_in_the_same_words(change, cursor):
    connection = poll("https://api.example/events", paging="cursor", cursor_path="next", since_path="meta.until")
    Connection.objects.update(cursor={"since": "S", "next": "https://api.example/events?cursor=b", "page": 2})
    assert changed(connection, **change) == cursor


# --- The database says no --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("connection_kind_is_known", {"kind": "telex"}),
        ("connection_interval_is_sensible", {"every_seconds": 4}),
        ("connection_interval_is_sensible", {"every_seconds": 604_801}),
        ("connection_state_is_due", {"state": "done"}),
    ],
)
def test_a_connection_that_cannot_be_is_refused(tmp_path, name, change):
    folder(tmp_path)
    with pytest.raises(IntegrityError, match=name), transaction.atomic():
        Connection.objects.update(**change)


def test_runs_receipts_and_answers_that_cannot_be_are_refused(tmp_path):
    connection, message = folder(tmp_path), MessageFactory()
    early = timezone.now() - timedelta(days=1)
    receipt = {"connection": connection, "digest": "d", "message": message}
    WebhookReceipt.objects.create(call_id="1", **receipt)
    refused = {
        "connection_run_ends_after": lambda: ConnectionRun.objects.create(connection=connection, ended_at=early),
        "webhook_call_is_taken_once": lambda: WebhookReceipt.objects.create(call_id="1", **receipt),
        "webhook_receipt_names_its_call": lambda: WebhookReceipt.objects.create(call_id="", **receipt),
        "acknowledgement_kind_is_known": lambda: Acknowledgement.objects.create(
            message=message, kind="999", body=b"", is_accepted=True
        ),
    }
    for name, break_it in refused.items():
        with pytest.raises(IntegrityError, match=name), transaction.atomic():
            break_it()
