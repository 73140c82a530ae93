"""Sources: who sends what, in which format, and how much it is trusted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from partners.models import User
from portal.console import cells, source_health
from portal.console.actions import Action
from portal.console.base import ConsoleAdmin
from portal.console.fields import ActionForm, PartnerField
from portal.console.filters import Many, Text
from portal.console.listing import Column, Found
from portal.console.record import Section
from portal.presentation import words
from shipments.enums import Format, Transport
from shipments.models import Connection, Message, Source
from shipments.services import save_source

# --- sources -------------------------------------------------------------------------------------------------------


class EditSource(ActionForm):
    format = forms.ChoiceField(label=gettext_lazy("Format"), choices=Format.choices)
    transport = forms.ChoiceField(label=gettext_lazy("How it comes"), choices=Transport.choices)
    time_zone = forms.CharField(
        label=gettext_lazy("Zone of bare local times"),
        max_length=64,
        required=False,
        help_text=gettext_lazy("For places that are not known; empty: UTC, marked as assumed."),
    )
    trust = forms.IntegerField(label=gettext_lazy("Trust, 0 to 100"), min_value=0, max_value=100, initial=50)

    def starting_values(self) -> Mapping[str, Any]:
        return {name: getattr(self.row, name) for name in self.base_fields if self.row and hasattr(self.row, name)}


class NewSource(EditSource):
    code = forms.CharField(label=gettext_lazy("Code"), max_length=32)
    partner = PartnerField(label=gettext_lazy("Partner"))
    field_order = ("code", "partner")


def _save_source(source: Source, values: Mapping[str, Any], by: User) -> Source:
    return save_source(source.code, partner=source.partner, by=by, **values)


def _new_source(row: Any, values: Mapping[str, Any], by: User) -> Source:
    return save_source(by=by, **values)


def _connections(request: HttpRequest, source: Source) -> list[Section]:
    """By which ways its messages come in by themselves, and how they do."""
    if not request.user.has_perm("shipments.view_connection"):
        return []
    lines = [
        [
            cells.row_link("shipments_connection", c.pk, c.get_kind_display()),
            _("paused") if not c.is_active else (c.last_error or _("works")),
            cells.ago(c.last_success_at),
        ]
        for c in Connection.objects.for_user(request.user).filter(source=source).order_by("pk")[:10]
    ]
    return [Section(_("Connections"), [_("Kind"), _("State"), _("Last success")], lines)] if lines else []


class SourceRoom(ConsoleAdmin):
    related = ("partner",)
    order = ("code",)
    search_hint = gettext_lazy("Code")
    columns = (
        Column("code", gettext_lazy("Source"), lambda s: cells.strong(s.code, s.partner), "code"),
        Column("format", gettext_lazy("Format"), lambda s: s.get_format_display(), "format", "c-pair"),
        Column("transport", gettext_lazy("How it comes"), lambda s: s.get_transport_display(), "transport", "c-pair"),
        Column("heard", gettext_lazy("Last message"), source_health.last_heard, "last_heard", "c-pair"),
        Column("month", gettext_lazy("30 days"), source_health.bars, "", "c-pair"),
        Column("delay", gettext_lazy("Delay"), source_health.delays, "", "c-pair"),
        Column("errors", gettext_lazy("Errors"), source_health.errors, "", "c-pair is-number"),
        Column("zone", gettext_lazy("Zone"), lambda s: s.time_zone or cells.nothing(_("UTC, assumed")), "", "c-pair"),
        Column("trust", gettext_lazy("Trust"), lambda s: s.trust, "trust", "c-pair is-number"),
        Column("active", gettext_lazy("Active"), lambda s: _("yes") if s.is_active else _("no"), "is_active", "c-pair"),
    )
    filters = (
        Many("format", gettext_lazy("Format"), "format", Format.choices),
        Text("partner", gettext_lazy("Partner"), ("partner__code", "partner__name"), "partners_partner"),
    )
    operations = (
        Action(
            name="edit",
            label=gettext_lazy("Edit…"),
            permission="shipments.change_source",
            form=EditSource,
            is_main=True,
            perform=_save_source,
            done=gettext_lazy("Saved."),
            submit=gettext_lazy("Save"),
            icon="edit",
        ),
        Action(
            name="create",
            label=gettext_lazy("New source…"),
            permission="shipments.add_source",
            form=NewSource,
            on_list=True,
            is_main=True,
            icon="add",
            perform=_new_source,
            done=gettext_lazy("Source created."),
            then=lambda made: reverse("admin:shipments_source_change", args=[made.pk]),
            submit=gettext_lazy("Create"),
        ),
    )
    facts = ("partner", "format", "transport", "time_zone", "trust", "latency_minutes", "is_active", "created_at")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return source_health.with_health(super().get_queryset(request))

    def page_context(self, request: HttpRequest, row: Any) -> dict[str, Any]:
        return {**super().page_context(request, row), "banner": source_health.banner(row)}

    def search(self, rows: QuerySet[Any], text: str) -> Found:
        return Found(rows.filter(code__istartswith=text.replace("\x00", "")))

    def suggestions(self, rows: QuerySet[Any], text: str) -> list[tuple[str, str]]:
        return [(s.code, f"{s.code} · {s.partner}") for s in rows.filter(code__istartswith=text).order_by("code")[:10]]

    def sections(self, request: HttpRequest, row: Any) -> list[Section]:
        mapped = [[key, value] for key, value in sorted(row.column_mapping.items())]
        columns = [source_health.section(row)]
        columns += [Section(_("Columns"), [_("Our field"), _("Their column")], mapped)] if mapped else []
        columns += _connections(request, row)
        if not request.user.has_perm("shipments.view_message"):
            return columns
        last = Message.objects.for_user(request.user).without_raw().filter(source=row).order_by("-pk")[:10]
        lines = [
            [
                cells.row_link("shipments_message", m.pk, m.filename or str(m.public_id)[:13]),
                cells.tag(words.message_state(m.state)),
                cells.moment(m.received_at),
            ]
            for m in last
        ]
        more = reverse("admin:shipments_message_changelist") + f"?source={row.code}"
        return [
            *columns,
            Section(
                _("Last messages"),
                [_("Message"), _("State"), _("Received")],
                lines,
                empty=_("It has sent nothing yet."),
                more=more,
            ),
        ]
