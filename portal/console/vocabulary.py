"""Milestone types, and what foreign codes mean."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from partners.models import User
from portal.console import cells
from portal.console.actions import Action
from portal.console.base import ConsoleAdmin, View
from portal.console.fields import ActionForm, MilestoneTypeField
from portal.console.filters import Choice, Many, Text
from portal.console.listing import Column, Found
from shipments.enums import Classifier, Format
from shipments.models import CodeMapping
from shipments.services import save_mapping


class MilestoneTypeRoom(ConsoleAdmin):
    has_page = False
    order = ("sequence", "code")
    search_hint = gettext_lazy("Code or name")
    columns = (
        Column("name", gettext_lazy("Milestone"), lambda t: cells.strong(t.name, t.code), "name"),
        Column("family", gettext_lazy("Family"), lambda t: t.family, "family", "c-pair"),
        Column("sequence", gettext_lazy("Typical order"), lambda t: t.sequence, "sequence", "c-pair is-number"),
        Column("modes", gettext_lazy("Modes"), lambda t: t.modes, "", "c-pair"),
        Column("meaning", gettext_lazy("Meaning"), lambda t: t.meaning or cells.nothing()),
    )

    def search(self, rows: QuerySet[Any], text: str) -> Found:
        clean = text.replace("\x00", "")
        return Found(rows.filter(Q(code__icontains=clean) | Q(name__icontains=clean)))

    def suggestions(self, rows: QuerySet[Any], text: str) -> list[tuple[str, str]]:
        found = rows.filter(Q(code__icontains=text) | Q(name__icontains=text)).order_by("sequence")[:15]
        return [(t.code, f"{t.name} ({t.code})") for t in found]


# --- mappings ------------------------------------------------------------------------------------------------------


class NewMapping(ActionForm):
    format = forms.ChoiceField(label=gettext_lazy("Format"), choices=Format.choices)
    code_list = forms.CharField(
        label=gettext_lazy("Code list"), max_length=32, required=False, help_text=gettext_lazy("Such as 1650 of X12.")
    )
    raw_code = forms.CharField(label=gettext_lazy("Their code"), max_length=64)
    code = MilestoneTypeField(label=gettext_lazy("Our milestone type"))
    classifier = forms.ChoiceField(
        label=gettext_lazy("How sure"),
        choices=[("", gettext_lazy("As the message says")), *Classifier.choices],
        required=False,
    )

    def starting_values(self) -> Mapping[str, Any]:
        row = self.row
        return (
            {
                "format": row.format,
                "code_list": row.code_list,
                "raw_code": row.raw_code,
                "code": row.code,
                "classifier": row.classifier,
            }
            if row
            else {}
        )


class Remap(NewMapping):
    """The same code again: only what it means can be changed."""

    format = None  # type: ignore[assignment]
    code_list = None  # type: ignore[assignment]
    raw_code = None  # type: ignore[assignment]

    def starting_values(self) -> Mapping[str, Any]:
        return {"code": self.row.code, "classifier": self.row.classifier} if self.row else {}


def _new_mapping(row: Any, values: Mapping[str, Any], by: User) -> CodeMapping:
    return save_mapping(**{**values, "code": values["code"].pk}, by=by)


def _remap(mapping: CodeMapping, values: Mapping[str, Any], by: User) -> CodeMapping:
    return save_mapping(
        format=mapping.format,
        code_list=mapping.code_list,
        raw_code=mapping.raw_code,
        source=mapping.source,
        attributes=mapping.attributes,
        code=values["code"].pk,
        classifier=values["classifier"],
        by=by,
    )


class MappingRoom(ConsoleAdmin):
    related = ("code", "source", "created_by")
    has_page = False
    order = ("format", "code_list", "raw_code", "version")
    search_hint = gettext_lazy("Their code or ours")
    columns = (
        Column(
            "raw",
            gettext_lazy("Their code"),
            lambda m: cells.strong(
                m.raw_code, f"{Format(m.format).label if m.format else _('Every format with the list')} {m.code_list}"
            ),
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
        Column(
            "version",
            gettext_lazy("Version"),
            lambda m: f"{m.version}" if m.replaced_at is None else _("%(n)d, replaced") % {"n": m.version},
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
                ("no", gettext_lazy("Replaced"), lambda: Q(replaced_at__isnull=False)),
            ],
        ),
        Many("format", gettext_lazy("Format"), "format", Format.choices),
        Text("code", gettext_lazy("Our milestone type"), ("code__code",), "shipments_milestonetype"),
    )
    views = (View(gettext_lazy("In force"), "current=yes"), View(gettext_lazy("With old versions"), ""))
    operations = (
        Action(
            name="remap",
            label=gettext_lazy("Change…"),
            permission="shipments.add_codemapping",
            form=Remap,
            in_row=True,
            explain=gettext_lazy("A new version; the old one stays. Events that wait with this code are read again."),
            fits=lambda mapping: mapping.replaced_at is None,
            perform=_remap,
            done=gettext_lazy("New version saved."),
            submit=gettext_lazy("Save"),
        ),
        Action(
            name="create",
            label=gettext_lazy("New mapping…"),
            permission="shipments.add_codemapping",
            form=NewMapping,
            on_list=True,
            is_main=True,
            icon="add",
            perform=_new_mapping,
            done=gettext_lazy("Mapping saved."),
            submit=gettext_lazy("Save mapping"),
        ),
    )

    def search(self, rows: QuerySet[Any], text: str) -> Found:
        clean = text.replace("\x00", "")
        return Found(
            rows.filter(Q(raw_code__iexact=clean) | Q(code__code__icontains=clean) | Q(code__name__icontains=clean))
        )
