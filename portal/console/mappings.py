"""What foreign codes mean: the list, the page of one with its versions, and tables taken away and brought back."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from core.errors import DomainError
from partners.models import Job, User
from portal.console import cells
from portal.console.actions import Action, person
from portal.console.base import ConsoleAdmin, View
from portal.console.effects import arrow
from portal.console.filters import Choice, Many, Text
from portal.console.listing import Column, Found
from portal.console.meanings import NewMapping, Remap, save
from portal.console.record import Fact, Section
from shipments.enums import Format
from shipments.models import CodeMapping
from shipments.services import (
    Slice,
    check_mappings,
    export_mappings,
    import_mappings,
    start_reprocess,
    withdraw_mapping,
)
from shipments.services.mapping_files import CHANGED, ERROR, MOST_BYTES, NEW, MappingRow, attributes_text
from shipments.services.mappings import foreign_of, waiting_with

_ADD = "shipments.add_codemapping"
_SHOWN_ROWS = 500


def format_name(value: str) -> str:
    return str(Format(value).label) if value else _("every format")


def _is_current(mapping: CodeMapping) -> bool:
    return mapping.replaced_at is None


def _rerun(mapping: CodeMapping, values: Mapping[str, Any], by: User) -> Job:
    wanted = Slice(
        source=mapping.source.code if mapping.source else "",
        format=mapping.format,
        code_list=mapping.code_list,
        raw_code=mapping.raw_code,
    )
    return start_reprocess(wanted, apply=False, by=by)


def page_of(mapping: CodeMapping) -> str:
    return reverse("admin:shipments_codemapping_change", args=[mapping.pk])


class MappingRoom(ConsoleAdmin):
    related = ("code", "source", "created_by")
    order = ("code_list", "raw_code", "format", "-version")
    search_hint = gettext_lazy("Their code or ours")
    empty = gettext_lazy("The mappings of the standards come with the product.")
    columns = (
        Column(
            "raw",
            gettext_lazy("Their code"),
            lambda m: cells.strong(m.raw_code, f"{format_name(m.format)} · {m.code_list}"),
            "raw_code",
        ),
        Column("ours", gettext_lazy("Our milestone type"), lambda m: cells.two(m.code.name, m.code_id), "code", ""),
        Column(
            "how",
            gettext_lazy("How sure"),
            lambda m: m.get_classifier_display() or _("as the message says"),
            "",
            "c-pair",
        ),
        Column("source", gettext_lazy("For"), lambda m: m.source or _("everybody"), "", "c-pair"),
        Column("note", gettext_lazy("Note"), lambda m: m.note or cells.nothing(), "", "c-hide"),
        Column(
            "version",
            gettext_lazy("Version"),
            lambda m: f"{m.version}" if _is_current(m) else _("%(n)d, replaced") % {"n": m.version},
            "",
            "c-pair",
        ),
        Column(
            "by",
            gettext_lazy("Made"),
            lambda m: cells.two(cells.moment(m.created_at), m.created_by or _("with the product")),
            "",
            "c-pair",
        ),
    )
    filters = (
        Choice(
            "current",
            gettext_lazy("In force"),
            [
                ("yes", gettext_lazy("In force"), lambda: Q(replaced_at=None)),
                ("no", gettext_lazy("Replaced or withdrawn"), lambda: Q(replaced_at__isnull=False)),
            ],
        ),
        Choice(
            "scope",
            gettext_lazy("Holds for"),
            [
                ("list", gettext_lazy("Every format with the list"), lambda: Q(format="")),
                ("source", gettext_lazy("One source only"), lambda: Q(source__isnull=False)),
                ("own", gettext_lazy("Made by people"), lambda: Q(created_by__isnull=False)),
            ],
        ),
        Many("format", gettext_lazy("Format"), "format", Format.choices),
        Text("list", gettext_lazy("Code list"), ("code_list",)),
        Text("source", gettext_lazy("Source"), ("source__code",), "shipments_source"),
        Text("code", gettext_lazy("Our milestone type"), ("code__code",), "shipments_milestonetype"),
    )
    views = (
        View(gettext_lazy("In force"), "current=yes"),
        View(gettext_lazy("Made by people"), "current=yes&scope=own"),
        View(gettext_lazy("For one source"), "current=yes&scope=source"),
        View(gettext_lazy("With old versions"), ""),
    )
    operations = (
        Action(
            name="remap",
            label=gettext_lazy("Change…"),
            permission=_ADD,
            form=Remap,
            in_row=True,
            explain=gettext_lazy("A new version; the old one stays. Events that wait with this code are read again."),
            fits=_is_current,
            perform=save,
            done=gettext_lazy(
                "New version saved. What was read with the old one stands until you read it again from here."
            ),
            then=page_of,
            submit=gettext_lazy("Save"),
        ),
        Action(
            name="rerun",
            label=gettext_lazy("Read again…"),
            permission="shipments.change_message",
            explain=gettext_lazy(
                "Messages with this code are read again, and what would change is shown before anything does."
            ),
            perform=_rerun,
            done=gettext_lazy("Looking for what would change."),
            then=lambda job: reverse("admin:partners_job_change", args=[job.pk]),
            submit=gettext_lazy("Show what would change"),
            icon="replay",
        ),
        Action(
            name="withdraw",
            label=gettext_lazy("Withdraw…"),
            permission=_ADD,
            explain=gettext_lazy(
                "From now on the code means what a less specific mapping says, or waits. The mapping stays on record."
            ),
            fits=_is_current,
            perform=lambda mapping, values, by: withdraw_mapping(mapping, by=by),
            done=gettext_lazy("Withdrawn. What was read with it stands until you read it again from here."),
            is_danger=True,
        ),
        Action(
            name="create",
            label=gettext_lazy("New mapping…"),
            permission=_ADD,
            form=NewMapping,
            on_list=True,
            is_main=True,
            icon="add",
            perform=save,
            done=gettext_lazy("Mapping saved."),
            submit=gettext_lazy("Save mapping"),
        ),
    )

    # --- Pages ---------------------------------------------------------------------------------------------------

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("export/", view(self.export), name="shipments_codemapping_export"),
            path("import/", view(self.bring_back), name="shipments_codemapping_import"),
            *super().get_urls(),
        ]

    def links_for(self, request: HttpRequest) -> list[tuple[Any, str]]:
        kept = request.GET.urlencode()
        links = [
            (_("Codes nobody mapped"), reverse("admin:shipments_waitingevent_unmapped")),
            (_("Export"), self.address("export") + (f"?{kept}" if kept else "")),
        ]
        return [*links, (_("Import…"), self.address("import"))] if request.user.has_perm(_ADD) else links

    def search(self, rows: QuerySet[Any], text: str) -> Found:
        clean = text.replace("\x00", "")
        return Found(
            rows.filter(Q(raw_code__iexact=clean) | Q(code__code__icontains=clean) | Q(code__name__icontains=clean))
        )

    def page_context(self, request: HttpRequest, row: Any) -> dict[str, Any]:
        waiting = waiting_with(**foreign_of(row)).count() if _is_current(row) else 0
        facts = [
            Fact(_("Their code"), row.raw_code, _("list %s") % row.code_list if row.code_list else ""),
            Fact(_("Format"), format_name(row.format)),
            Fact(_("For"), row.source or _("everybody")),
            Fact(_("Our milestone type"), row.code.name, row.code_id),
            Fact(_("How sure"), row.get_classifier_display() or _("as the message says")),
            Fact(_("Attributes"), attributes_text(row.attributes) or "–"),
            Fact(_("Note"), row.note or "–"),
            Fact(_("Events that wait for it"), waiting),
        ]
        return {"facts": facts, "sections": self.sections(request, row)}

    def sections(self, request: HttpRequest, row: Any) -> list[Section]:
        """Every version there was, the newest first."""
        foreign: dict[str, Any] = {**foreign_of(row)}
        versions = CodeMapping.objects.filter(**foreign).select_related("code", "created_by").order_by("-version")
        lines = [
            [
                cells.link(page_of(one), one.version) if one.pk != row.pk else one.version,
                cells.two(one.code.name, one.code_id),
                one.get_classifier_display() or _("as the message says"),
                attributes_text(one.attributes) or cells.nothing(),
                one.note or cells.nothing(),
                cells.two(cells.moment(one.created_at), one.created_by or _("with the product")),
                cells.moment(one.replaced_at) if one.replaced_at else _("in force"),
            ]
            for one in versions
        ]
        head = [
            _("Version"), _("Means"), _("How sure"), _("Attributes"), _("Note"), _("Made"), _("Until, your time"),
        ]  # fmt: skip
        return [Section(_("Versions"), head, lines)]

    def export(self, request: HttpRequest) -> HttpResponse:
        """What the list shows, as a table; without a filter all that is in force."""
        self._require_view(request)
        rows = self.get_queryset(request)
        rows = rows.filter(replaced_at=None) if "current" not in request.GET else rows
        for each in self.filters_for(request):
            rows = each.apply(rows, request.GET)
        response = HttpResponse(export_mappings(rows.order_by(*self.order)), content_type="text/csv; charset=utf-8")
        response["Content-Disposition"] = 'attachment; filename="code-mappings.csv"'
        response["X-Content-Type-Options"] = "nosniff"
        return response

    def bring_back(self, request: HttpRequest) -> HttpResponse:
        """A table is checked first; what was checked is what is saved."""
        self._require_view(request)
        if not request.user.has_perm(_ADD):
            raise PermissionDenied
        context: dict[str, Any] = {"title": _("Import mappings"), "most": MOST_BYTES >> 20}
        if request.method != "POST":
            return self._render(request, "console/mapping_import.html", context)
        try:
            raw = _sent(request)
            if "confirmed" in request.POST:
                saved = sum(row.outcome in (NEW, CHANGED) for row in import_mappings(raw, by=person(request)))
                said = ngettext("%(n)d mapping saved.", "%(n)d mappings saved.", saved) % {"n": saved}
                messages.success(request, said)
                return HttpResponseRedirect(self.address("changelist"))
            context |= _checked(raw)
        except DomainError as error:
            context["problem"] = error.message
        return self._render(request, "console/mapping_import.html", context)


def _sent(request: HttpRequest) -> bytes:
    """The file, or what was checked a moment ago."""
    if "confirmed" in request.POST:
        try:
            return base64.b64decode(request.POST.get("checked", ""), validate=True)
        except (ValueError, binascii.Error) as error:
            raise DomainError("not_a_table", _("Choose the file once more.")) from error
    file = request.FILES.get("file")
    if file is None:
        raise DomainError("no_file", _("Choose a file."))
    if (file.size or 0) > MOST_BYTES:
        raise DomainError("too_large", _("A table of mappings may have 2 MiB at most."))
    content: bytes = file.read()
    return content


def _checked(raw: bytes) -> dict[str, Any]:
    rows = check_mappings(raw)
    counts = {name: sum(row.outcome == name for row in rows) for name in (NEW, CHANGED, "same", ERROR)}
    shown = [row for row in rows if row.outcome != "same"]
    return {
        "counts": counts,
        "ready": counts[NEW] + counts[CHANGED],
        "lines": [_row(row) for row in shown[:_SHOWN_ROWS]],
        "more": max(0, len(shown) - _SHOWN_ROWS),
        "checked": base64.b64encode(raw).decode(),
    }


_OUTCOMES = {
    NEW: ("info", gettext_lazy("new")),
    CHANGED: ("warn", gettext_lazy("changed")),
    ERROR: ("bad", gettext_lazy("error")),
}


def _row(row: MappingRow) -> dict[str, Any]:
    values, before = row.values, row.before
    tone, word = _OUTCOMES[row.outcome]

    def cell(name: str) -> Any:
        return arrow(before[name] or "–", values[name] or "–") if before else values[name]

    def pairs(said: Mapping[str, Any]) -> str:
        attributes = said.get("attributes")
        return attributes_text(attributes) if isinstance(attributes, dict) else str(attributes or "")

    attributes = arrow(pairs(before) or "–", pairs(values) or "–") if before else pairs(values)
    return {
        "line": row.line,
        "tone": tone,
        "word": word,
        "message": row.message,
        "cells": [
            format_name(values["format"]) if values["format"] in ("", *Format.values) else values["format"],
            values["code_list"], values["raw_code"], values["source"], cell("code"), cell("classifier"), attributes,
            cell("note"),
        ],
    }  # fmt: skip
