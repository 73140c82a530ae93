"""Connections: how a source's messages come in without a person, tried out, paused, and what each look brought."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from django import forms
from django.conf import settings
from django.db.models import Q
from django.http import HttpRequest
from django.urls import reverse
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from partners.models import User
from portal.console import cells
from portal.console.actions import Action
from portal.console.base import ConsoleAdmin, View
from portal.console.connection_words import HELP, LABELS
from portal.console.fields import ActionForm, RowField
from portal.console.filters import Choice, Many, Text
from portal.console.listing import Column
from portal.console.record import Fact, Section, facts_of
from shipments.connections.options import Option, options_of
from shipments.connections.registry import KINDS
from shipments.enums import ConnectionKind
from shipments.models import Connection, ConnectionRun, Source
from shipments.services import (
    Saved,
    pause_connection,
    resume_connection,
    rotate_secret,
    save_connection,
    try_connection,
)
from shipments.services.connections import NEVER

_CHANGE, _ADD = "shipments.change_connection", "shipments.add_connection"
_SHOWN_RUNS = 20
_LONG = {"private_key", "certificate"}


class SourceField(RowField):
    model, lookups, room = Source, ("code",), "shipments_source"


# --- Forms that follow the settings of a kind -------------------------------------------------------------------------


def fields_of(kind: str, *, is_new: bool = False) -> dict[str, forms.Field]:
    """A field for everything that the settings and the secret of a kind hold; a new one has no secret before."""
    found = {name: _field(name, option) for name, (option, _default) in options_of(KINDS[kind].settings).items()}
    if KINDS[kind].collect is not None:
        found["every_seconds"] = forms.IntegerField(
            label=gettext_lazy("Every (seconds)"), min_value=5, max_value=86_400 * 7, initial=300
        )
    for name in KINDS[kind].settings.SECRETS:
        if is_new and name == "previous":
            continue
        found[f"secret_{name}"] = forms.CharField(
            label=LABELS[name],
            required=False,
            strip=False,
            widget=forms.Textarea(attrs={"rows": 4}) if name in _LONG else forms.PasswordInput,
            help_text=_help_of_secret(kind, is_new=is_new),
        )
    return found


def _help_of_secret(kind: str, *, is_new: bool) -> Any:
    if not is_new:
        return gettext_lazy("Stored encrypted and never shown. Empty: as it is.")
    if kind == ConnectionKind.WEBHOOK:
        return gettext_lazy("Stored encrypted. Empty: we make one for Standard Webhooks and show it once.")
    return gettext_lazy("Stored encrypted and never shown.")


def _field(name: str, option: Option) -> forms.Field:
    said: dict[str, Any] = {
        "label": LABELS[name], "help_text": HELP.get(name, ""), "required": option.is_required,
    }  # fmt: skip
    if option.kind == "integer":
        return forms.IntegerField(min_value=option.least, max_value=option.most, **said | {"required": True})
    if option.kind == "flag":
        return forms.BooleanField(**said)
    if option.kind == "choice":
        choices = [(each, LABELS.get(each, each)) for each in option.choices]
        return forms.ChoiceField(choices=choices, **said | {"required": True})
    if option.kind == "line":
        return forms.CharField(max_length=option.most, **said)
    return forms.CharField(widget=forms.Textarea(attrs={"rows": 3}), **said)


def _shown(option: Option, value: Any) -> Any:
    """A value of the settings as the form holds it."""
    if option.kind == "lines":
        return "\n".join(value)
    return "\n".join(f"{name}: {text}" for name, text in value.items()) if option.kind == "pairs" else value


def _typed(option: Option, value: Any) -> Any:
    """And back."""
    if option.kind == "lines":
        return [line.strip() for line in value.splitlines() if line.strip()]
    if option.kind == "pairs":
        parts = [line.partition(":") for line in value.splitlines() if line.strip()]
        return {name.strip(): text.strip() for name, _colon, text in parts}
    return value


class ConnectionForm(ActionForm):
    """Its fields are those of `kind`, or of the row's kind."""

    kind = ""

    def starting_values(self) -> Mapping[str, Any]:
        kind = self.row.kind if self.row else self.kind
        self.fields.update(fields_of(kind, is_new=self.row is None))
        stored = self.row.settings if self.row else {}
        options = options_of(KINDS[kind].settings)
        values = {name: _shown(option, stored.get(name, default)) for name, (option, default) in options.items()}
        if self.row and "every_seconds" in self.fields:
            values["every_seconds"] = self.row.every_seconds
        return values


class NewConnection(ConnectionForm):
    source = SourceField(label=gettext_lazy("Source"))


def _form_for(kind: str) -> type[ActionForm]:
    return type(f"New{kind.title()}", (NewConnection,), {"kind": kind})


def _save(source: Source, kind: str, values: Mapping[str, Any], by: User, **more: Any) -> Saved:
    options = options_of(KINDS[kind].settings)
    said = {name: _typed(option, values[name]) for name, (option, _default) in options.items()}
    secret = {name: values[f"secret_{name}"] for name in KINDS[kind].settings.SECRETS if values.get(f"secret_{name}")}
    if "every_seconds" in values:
        more["every_seconds"] = values["every_seconds"]
    return save_connection(source, kind=kind, settings=said, secret=secret, by=by, **more)


def _edit(connection: Connection, values: Mapping[str, Any], by: User) -> Saved:
    return _save(connection.source, connection.kind, values, by, connection=connection)


def webhook_address(connection: Connection) -> str:
    return settings.WAYMARK_URL.rstrip("/") + reverse("api:inbound", args=[connection.public_id])


def _new(kind: str, label: Any) -> Action:
    """The dialog that makes a connection of a kind. A webhook's secret is shown at its end, and only then."""

    def perform(row: Any, values: Mapping[str, Any], by: User) -> Saved:
        return _save(values["source"], kind, values, by)

    is_webhook = kind == ConnectionKind.WEBHOOK
    return Action(
        name=f"create_{kind}",
        label=label,
        permission=_ADD,
        form=_form_for(kind),
        on_list=True,
        icon="add",
        perform=perform,
        done=gettext_lazy("The secret of the new webhook") if is_webhook else gettext_lazy("Connection created."),
        then=lambda saved: reverse("admin:shipments_connection_change", args=[saved.connection.pk]),
        reveal=(lambda saved: saved.shown_once or _("(the one you entered)")) if is_webhook else None,
        submit=gettext_lazy("Create"),
    )


def _state(connection: Connection) -> Any:
    if not connection.is_active:
        return cells.nothing(_("paused"))
    if connection.attempts and connection.last_error:
        return _("failing")
    return _("works") if connection.last_success_at else cells.nothing(_("not used yet"))


class ConnectionRoom(ConsoleAdmin):
    related = ("source", "source__partner")
    order = ("source__code", "pk")
    empty = gettext_lazy("Nothing comes in by itself yet.")
    columns = (
        Column(
            "source", gettext_lazy("Source"), lambda c: cells.strong(c.source.code, c.source.partner), "source__code"
        ),
        Column("kind", gettext_lazy("Kind"), lambda c: c.get_kind_display(), "kind", "c-pair"),
        Column("state", gettext_lazy("State"), _state, "", "c-corner"),
        Column(
            "error",
            gettext_lazy("Last error"),
            lambda c: Truncator(c.last_error).chars(120) if c.last_error else cells.nothing(),
            "",
            "c-pair",
        ),
        Column("success", gettext_lazy("Last success"), lambda c: cells.ago(c.last_success_at), "", "c-pair"),
        Column("refused", gettext_lazy("Refused"), lambda c: c.refused, "", "c-pair is-number"),
    )
    filters = (
        Many("kind", gettext_lazy("Kind"), "kind", ConnectionKind.choices),
        Text("source", gettext_lazy("Source"), ("source__code",), "shipments_source"),
        Choice(
            "state",
            gettext_lazy("State"),
            [
                ("failing", gettext_lazy("Failing"), lambda: Q(is_active=True, attempts__gt=0) & ~Q(last_error="")),
                ("paused", gettext_lazy("Paused"), lambda: Q(is_active=False)),
            ],
        ),
    )
    views = (View(gettext_lazy("Failing"), "state=failing"), View(gettext_lazy("Everything"), ""))
    operations = (
        Action(
            name="edit",
            label=gettext_lazy("Edit…"),
            permission=_CHANGE,
            form=ConnectionForm,
            is_main=True,
            icon="edit",
            perform=_edit,
            done=gettext_lazy("Saved."),
            submit=gettext_lazy("Save"),
        ),
        Action(
            name="test",
            label=gettext_lazy("Test…"),
            permission=_CHANGE,
            icon="network_check",
            explain=gettext_lazy("Signs in and looks, as the workers do. Nothing is taken or moved."),
            fits=lambda c: KINDS[c.kind].look is not None,
            perform=lambda connection, values, by: try_connection(connection, by=by),
            reveal=str,
            is_report=True,
            done=gettext_lazy("Result of the test"),
            submit=gettext_lazy("Test"),
        ),
        Action(
            name="pause",
            label=gettext_lazy("Pause"),
            permission=_CHANGE,
            in_row=True,
            on_rows=True,
            fits=lambda c: c.is_active,
            perform=lambda connection, values, by: pause_connection(connection, by=by),
            done=gettext_lazy("Paused."),
        ),
        Action(
            name="resume",
            label=gettext_lazy("Resume"),
            permission=_CHANGE,
            in_row=True,
            on_rows=True,
            fits=lambda c: not c.is_active,
            perform=lambda connection, values, by: resume_connection(connection, by=by),
            done=gettext_lazy("Goes on."),
        ),
        Action(
            name="rotate",
            label=gettext_lazy("New secret…"),
            permission=_CHANGE,
            explain=gettext_lazy("The present secret stays good beside the new one, until the next rotation."),
            fits=lambda c: c.kind == ConnectionKind.WEBHOOK,
            perform=lambda connection, values, by: rotate_secret(connection, by=by),
            reveal=str,
            done=gettext_lazy("The new secret"),
            submit=gettext_lazy("New secret"),
        ),
        _new(ConnectionKind.WEBHOOK, gettext_lazy("New webhook…")),
        _new(ConnectionKind.POLL, gettext_lazy("New polling…")),
        _new(ConnectionKind.FOLDER, gettext_lazy("New folder…")),
        _new(ConnectionKind.SFTP, gettext_lazy("New SFTP…")),
        _new(ConnectionKind.FTP, gettext_lazy("New FTP…")),
        _new(ConnectionKind.IMAP, gettext_lazy("New mailbox…")),
    )
    facts = ("source", "kind", "is_active", "every_seconds", "last_success_at", "last_error", "attempts", "refused")

    def page_context(self, request: HttpRequest, row: Any) -> dict[str, Any]:
        is_called = row.kind == ConnectionKind.WEBHOOK
        facts = facts_of(row, [name for name in self.facts if not (is_called and name == "every_seconds")])
        facts.append(Fact(_("Secret"), _("stored, encrypted") if row.secret else _("none")))
        if is_called:
            facts.append(Fact(_("Address to call"), webhook_address(row)))
        elif row.not_before < NEVER:
            facts.append(Fact(_("Next look"), cells.moment(row.not_before)))
        return {**super().page_context(request, row), "facts": facts}

    def sections(self, request: HttpRequest, row: Any) -> list[Section]:
        options = options_of(KINDS[row.kind].settings)
        told = [
            [LABELS[name], _plainly(option, row.settings.get(name, default))]
            for name, (option, default) in options.items()
            if row.settings.get(name, default) not in ("", [], {}, ())
        ]
        return [
            Section(_("Settings"), [_("Setting"), _("Value")], told, is_half=True),
            Section(
                _("Last looks"),
                [_("Started"), _("Messages"), _("Duplicates"), _("What was said")],
                [_run(run) for run in row.runs.order_by("-pk")[:_SHOWN_RUNS]],
                empty=_("Nobody has looked yet."),
                numeric=frozenset({1, 2}),
            ),
        ]


def _plainly(option: Option, value: Any) -> str:
    if option.kind == "choice":
        return str(LABELS.get(value, value))
    if option.kind == "flag":
        return _("yes") if value else _("no")
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 200 else text[:200] + "…"


def _run(run: ConnectionRun) -> list[Any]:
    return [cells.moment(run.started_at), run.received, run.duplicates, run.error or cells.nothing(_("all well"))]
