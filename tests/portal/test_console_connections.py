"""The room of connections: made, tried, paused and given a new secret by people; secrets are never shown again."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client, override_settings
from django.urls import reverse

from partners.services.secrets import unseal
from portal.console.connection_words import LABELS
from portal.console.connections import ConnectionForm, fields_of
from shipments.connections.options import options_of
from shipments.connections.registry import KINDS
from shipments.models import Connection
from shipments.services import collect_now, save_connection
from tests.factories.partners import internal
from tests.factories.shipments import SourceFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def client() -> Client:
    cache.clear()
    made = Client()
    made.force_login(internal("operations"))
    return made


def dialog(client: Client, address: str, **changes: Any) -> Any:
    """Send the form of a dialog as it came, with these changes."""
    form = client.get(address).context["form"]
    values = {name: bound.initial for name, bound in form.fields.items() if bound.initial not in (None, False)}
    return client.post(address, {**values, **changes})


def create(kind: str) -> str:
    return reverse("admin:shipments_connection_do", args=[f"create_{kind}"])


def do(connection: Connection, action: str) -> str:
    return reverse("admin:shipments_connection_do_row", args=[connection.pk, action])


LEAST = {
    "webhook": {},
    "poll": {"url": "https://api.carrier.example/events", "headers": "Accept-Version: 2\nX-A: b"},
    "folder": {"path": "carrier"},
    "sftp": {"host": "h", "username": "u", "host_key": "ssh-rsa QUFBQQ==", "secret_password": "p"},
    "ftp": {"host": "h", "secret_password": "p"},
    "imap": {"host": "h", "username": "u", "secret_password": "p", "senders": "a@b.example\n@c.example"},
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_setting_has_a_name_on_screen(kind):
    options = options_of(KINDS[kind].settings)
    words = {*options, *KINDS[kind].settings.SECRETS}
    words |= {choice for option, _default in options.values() for choice in option.choices}
    plain = {"hex", "base64", "sha256", "sha1", "sha512"}
    assert words - set(LABELS) - plain == set()
    assert set(options) <= set(fields_of(kind))


@pytest.mark.parametrize("kind", LEAST)
def test_each_kind_is_made_and_edited_by_its_own_dialog(client, kind):
    source = SourceFactory()
    answer = dialog(client, create(kind), source=source.code, **LEAST[kind])
    made = Connection.objects.get()
    assert (made.source, made.kind, answer.status_code) == (source, kind, 200 if kind == "webhook" else 302)
    secret, before = unseal(made.secret), made.settings
    edited = dialog(client, do(made, "edit"))
    made.refresh_from_db()
    assert (edited.status_code, made.settings, unseal(made.secret)) == (302, before, secret)
    page = client.get(reverse("admin:shipments_connection_change", args=[made.pk]))
    assert page.status_code == 200
    if kind == "poll":
        assert made.settings["headers"] == {"Accept-Version": "2", "X-A": "b"}
    if kind == "imap":
        assert made.settings["senders"] == ["a@b.example", "@c.example"]


def test_a_refusal_stays_in_the_dialog_at_its_field(client):
    answer = dialog(client, create("sftp"), source=SourceFactory().code, **LEAST["sftp"] | {"host_key": "nonsense"})
    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == ["host_key"]
    assert Connection.objects.count() == 0


def test_a_secret_is_written_and_never_read_back(client):
    source = SourceFactory()
    dialog(client, create("imap"), source=source.code, **LEAST["imap"] | {"secret_password": "ganz-geheim"})
    made = Connection.objects.get()
    pages = [client.get(do(made, "edit")), client.get(reverse("admin:shipments_connection_change", args=[made.pk]))]
    assert [b"ganz-geheim" in page.content for page in pages] == [False, False]
    dialog(client, do(made, "edit"), secret_password="anders")
    made.refresh_from_db()
    assert unseal(made.secret) == {"password": "anders"}


def test_a_webhooks_secret_is_shown_once_and_its_address_always(client):
    answer = dialog(client, create("webhook"), source=SourceFactory().code)
    made = Connection.objects.get()
    secret = unseal(made.secret)["current"]
    assert re.findall(r'value="(whsec_[^"]+)"', answer.content.decode()) == [secret.replace("+", "+")]
    page = client.get(reverse("admin:shipments_connection_change", args=[made.pk])).content.decode()
    assert (secret in page, f"/api/v1/inbound/{made.public_id}/" in page) == (False, True)
    rotated = client.post(do(made, "rotate"), {}).content.decode()
    made.refresh_from_db()
    assert unseal(made.secret)["previous"] == secret
    assert unseal(made.secret)["current"] in rotated


def test_a_test_says_what_would_be_taken_and_takes_nothing(client, tmp_path):
    with override_settings(WAYMARK_FOLDERS=[tmp_path]):
        values = {"path": str(tmp_path), "stable_seconds": 0}
        made = save_connection(SourceFactory(), kind="folder", settings=values, by=None).connection
        (tmp_path / "a.edi").write_bytes(b"ISA*")
        answer = client.post(do(made, "test"), {}).content.decode()
        assert "It works. It would take 1: a.edi (4 B)" in answer
        assert "Copy it now" not in answer
        assert (tmp_path / "a.edi").exists()


def test_pausing_resuming_and_what_the_looks_brought(client, tmp_path):
    with override_settings(WAYMARK_FOLDERS=[tmp_path]):
        values = {"path": str(tmp_path / "missing")}
        made = save_connection(SourceFactory(), kind="folder", settings=values, by=None).connection
        collect_now(made, by=None)
        page = client.get(reverse("admin:shipments_connection_change", args=[made.pk])).content.decode()
        assert page.count("There is no folder") == 2
        failing = client.get(reverse("admin:shipments_connection_changelist") + "?state=failing").content.decode()
        assert made.source.code in failing
        client.post(do(made, "pause"), {})
        assert not Connection.objects.get().is_active
        assert client.post(do(made, "pause"), {}).status_code == 409
        source = client.get(reverse("admin:shipments_source_change", args=[made.source_id])).content.decode()
        assert "Folder that we watch" in source
        client.post(do(made, "resume"), {})
        assert Connection.objects.get().is_active


def test_the_form_of_a_row_has_the_fields_of_its_kind():
    made = save_connection(SourceFactory(), kind="webhook", settings={}, by=None).connection
    form = ConnectionForm(by=internal("operations"), row=made)
    assert "every_seconds" not in form.fields
    assert form.fields["secret_current"].widget.input_type == "password"


def test_a_new_connection_is_asked_for_no_secret_before_and_told_what_empty_means(client):
    new = client.get(create("webhook")).context["form"].fields
    assert "secret_previous" not in new
    assert new["secret_current"].help_text == (
        "Stored encrypted. Empty: we make one for Standard Webhooks and show it once."
    )
    saved = save_connection(SourceFactory(), kind="webhook", settings={}, secret={}, by=None)
    edited = client.get(do(saved.connection, "edit")).context["form"].fields
    assert "secret_previous" in edited
    assert edited["secret_current"].help_text == "Stored encrypted and never shown. Empty: as it is."


def test_a_webhooks_page_speaks_of_no_looks_and_names_choices_in_words(client):
    saved = save_connection(SourceFactory(), kind="webhook", settings={}, secret={}, by=None)
    page = client.get(reverse("admin:shipments_connection_change", args=[saved.connection.pk]))
    assert "Every (seconds)" not in [str(fact.label) for fact in page.context["facts"]]
    assert page.context["sections"][0].lines[0] == ["How calls are signed", "Standard Webhooks"]


def test_a_password_in_an_address_is_refused_and_not_stored(client):
    source = SourceFactory()
    said = {"source": source.code, "url": "https://ann:hush@api.carrier.example/events"}
    refused = dialog(client, create("poll"), **said)
    assert (refused.status_code, list(refused.context["form"].errors)) == (422, ["url"])
    assert Connection.objects.count() == 0
