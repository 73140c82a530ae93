"""The forms that say what a foreign code means: with suggestions, and with a look at what it would do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.utils.functional import cached_property
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.errors import DomainError
from partners.models import User
from portal.console.effects import mapping_preview
from portal.console.fields import ActionForm, MilestoneTypeField, SourceField
from portal.previews import preview_mapping
from shipments.enums import Classifier, Format
from shipments.models import CodeMapping, MilestoneType, WaitingEvent
from shipments.services import Suggestion, save_mapping, suggest_meanings
from shipments.services.mapping_files import attributes_of, attributes_text
from shipments.services.mappings import ForeignCode, MappingValues, foreign_of

# A suggestion that stands in the fields from the start.
_SURE = 80
FORMATS = [("", gettext_lazy("Every format that uses the list")), *Format.choices]


class MeaningForm(ActionForm):
    """What a code means; the forms below say which code."""

    has_preview = True
    code = MilestoneTypeField(label=gettext_lazy("Our milestone type"))
    classifier = forms.ChoiceField(
        label=gettext_lazy("How sure"),
        choices=[("", gettext_lazy("As the message says")), *Classifier.choices],
        required=False,
    )
    attributes = forms.CharField(
        label=gettext_lazy("Attributes"),
        max_length=500,
        required=False,
        help_text=gettext_lazy("Such as mode=ROAD;stop=ORIGIN."),
    )
    note = forms.CharField(label=gettext_lazy("Note"), max_length=200, required=False)

    def foreign(self, values: Mapping[str, Any]) -> ForeignCode:
        """The code this is about."""
        raise NotImplementedError

    def clean_attributes(self) -> dict[str, Any]:
        try:
            return attributes_of(self.cleaned_data["attributes"])
        except DomainError as error:
            raise forms.ValidationError(error.message, code=error.code) from error

    def said(self, values: Mapping[str, Any]) -> MappingValues:
        """All that the mapping says but our code."""
        return {
            **self.foreign(values),
            "classifier": values["classifier"],
            "attributes": values["attributes"],
            "note": values["note"],
        }

    def clean(self) -> dict[str, Any]:
        values = super().clean() or self.cleaned_data
        return {**values, "said": self.said(values)} if not self.errors else values

    def preview(self) -> SafeString:
        values = self.cleaned_data
        return mapping_preview(preview_mapping(code=values["code"].pk, by=self.by, **values["said"]))


def save(row: Any, values: Mapping[str, Any], by: User) -> CodeMapping:
    """What the action of any of these forms performs."""
    return save_mapping(code=values["code"].pk, by=by, **values["said"])


class MapCode(MeaningForm):
    """Of an event that waits. The code, its list and its format are those of the event."""

    holds_for = forms.ChoiceField(label=gettext_lazy("For"), required=False)
    field_order = ("code", "classifier", "holds_for", "attributes", "note")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if isinstance(self.row, WaitingEvent):
            foreign = foreign_of_event(self.row)
            names = {"format": Format(foreign["format"]).label, "list": foreign["code_list"] or "–"}
            self.fields["holds_for"].choices = [  # type: ignore[attr-defined]
                ("format", _("Everybody who sends %(format)s") % names),
                ("source", _("Only the source %s") % self.row.source),
                ("list", _("Every format that uses the list %(list)s") % names),
            ]

    @cached_property
    def suggestions(self) -> list[Suggestion]:
        return suggest_meanings(**foreign_of_event(self.row)) if isinstance(self.row, WaitingEvent) else []

    def starting_values(self) -> Mapping[str, Any]:
        best = None if self.is_bound else next((s for s in self.suggestions if s.score >= _SURE), None)
        if best is None:
            return {}
        return {"code": best.code, "classifier": best.classifier, "attributes": attributes_text(best.attributes)}

    def advice(self) -> SafeString:
        return proposals(self.suggestions)

    def foreign(self, values: Mapping[str, Any]) -> ForeignCode:
        foreign = foreign_of_event(self.row)
        if values.get("holds_for") == "source":
            return {**foreign, "source": self.row.source}
        return {**foreign, "format": ""} if values.get("holds_for") == "list" else foreign


class NewMapping(MeaningForm):
    format = forms.ChoiceField(label=gettext_lazy("Format"), choices=FORMATS, required=False)
    code_list = forms.CharField(
        label=gettext_lazy("Code list"), max_length=32, required=False, help_text=gettext_lazy("Such as 1650 of X12.")
    )
    raw_code = forms.CharField(label=gettext_lazy("Their code"), max_length=64)
    source = SourceField(
        label=gettext_lazy("Only for the source"), required=False, help_text=gettext_lazy("Empty: for everybody.")
    )
    field_order = ("format", "code_list", "raw_code", "source", "code", "classifier", "attributes", "note")

    def foreign(self, values: Mapping[str, Any]) -> ForeignCode:
        return {
            "format": values["format"],
            "code_list": values["code_list"],
            "raw_code": values["raw_code"],
            "source": values["source"],
        }


class Remap(MeaningForm):
    """The same code again: only what it means can be changed."""

    def starting_values(self) -> Mapping[str, Any]:
        row = self.row
        if row is None:
            return {}
        attributes = attributes_text(row.attributes)
        return {"code": row.code, "classifier": row.classifier, "attributes": attributes, "note": row.note}

    def foreign(self, values: Mapping[str, Any]) -> ForeignCode:
        return foreign_of(self.row)


def foreign_of_event(waiting: WaitingEvent) -> ForeignCode:
    """The code that an event waits with."""
    event = waiting.event
    read_as = event.message.format or waiting.source.format
    return {"format": read_as, "code_list": event.code_list, "raw_code": event.raw_code}


def proposals(found: Sequence[Suggestion]) -> SafeString:
    """Suggestions that fill the form in at a click."""
    if not found:
        return SafeString("")
    names = dict(MilestoneType.objects.filter(pk__in={s.code for s in found}).values_list("pk", "name"))
    items = format_html_join(
        "",
        '<li><button type="button" class="wm-btn" data-fill="{}">{}{}</button><small>{}</small></li>',
        (
            (
                urlencode({"code": s.code, "classifier": s.classifier, "attributes": attributes_text(s.attributes)}),
                names.get(s.code, s.code),
                f" · {Classifier(s.classifier).label}" if s.classifier else "",
                s.why,
            )
            for s in found
        ),
    )
    return format_html('<div class="wm-proposals"><p>{}</p><ul>{}</ul></div>', _("It may mean:"), items)
