"""The page on which a rule is put together, counted, tried on the past, and saved.

It works without a script: the condition is then written as JSON. The script (static/console/rules.js) shows it as
groups of rows instead, writes the same JSON, and asks how many it holds for.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from core.errors import DomainError
from milestones.condition_fields import FIELDS
from milestones.condition_words import About, operator_words
from milestones.conditions import MAX_DEPTH, ConditionError, check
from milestones.enums import ExceptionKind, GroupBy, Severity, WorkRole
from milestones.services import Holding, RuleDraft, RuleRefused, holding_now
from milestones.services.rule_drafts import refuse_hidden_money
from portal.console.actions import person
from portal.console.fields import ActionForm, MilestoneTypeField
from portal.console.spans import SpanField
from shipments.enums import Mode

# Far more than a hundred rows need.
_MOST_JSON = 40_000
_OPTIONAL = [("", gettext_lazy("nobody"))]


class ConditionField(forms.CharField):
    """JSON, cleaned to a tree (None where nothing is written). What is wrong in it is said by the service."""

    widget = forms.Textarea(attrs={"rows": 8, "spellcheck": "false", "class": "is-mono", "data-condition": ""})

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=_MOST_JSON, **kwargs)

    def prepare_value(self, value: Any) -> Any:
        return orjson.dumps(value, option=orjson.OPT_INDENT_2).decode() if isinstance(value, dict) else value

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        if not text:
            return None
        try:
            return orjson.loads(text)
        except orjson.JSONDecodeError as error:
            raise forms.ValidationError(_("This is no JSON: %s") % error.msg, code="no_json") from error


class RuleForm(ActionForm):
    """`row`: the rule that is changed (None: a new one)."""

    code = forms.CharField(
        label=gettext_lazy("Code"), max_length=40, help_text=gettext_lazy("Small letters, digits and dashes. It stays.")
    )
    name = forms.CharField(label=gettext_lazy("Name"), max_length=100)
    kind = forms.ChoiceField(label=gettext_lazy("What opens a case"), choices=ExceptionKind.choices)
    severity = forms.ChoiceField(label=gettext_lazy("Severity"), choices=Severity.choices, initial=Severity.MEDIUM)
    owner = forms.ChoiceField(label=gettext_lazy("Team"), choices=WorkRole.choices, initial=WorkRole.OPERATIONS)
    mode = forms.ChoiceField(
        label=gettext_lazy("Only of mode"), choices=[("", gettext_lazy("any")), *Mode.choices], required=False
    )
    type = MilestoneTypeField(
        label=gettext_lazy("Only of milestone"), required=False, help_text=gettext_lazy("Empty: any.")
    )
    condition = ConditionField(
        label=gettext_lazy("And only where this holds"), required=False, help_text=gettext_lazy("Empty: always.")
    )
    warn_minutes = SpanField(
        label=gettext_lazy("Warn from"),
        required=False,
        help_text=gettext_lazy("Such as 2h, or -6h: so long before. Empty: no warning."),
    )
    minimum_minutes = SpanField(label=gettext_lazy("Breached from"), required=False, initial=0)
    escalate_minutes = SpanField(
        label=gettext_lazy("Escalated from"), required=False, help_text=gettext_lazy("Empty: never.")
    )
    escalate_to = forms.ChoiceField(
        label=gettext_lazy("Escalated to"), choices=[*_OPTIONAL, *WorkRole.choices], required=False
    )
    minimum_percent = forms.IntegerField(
        label=gettext_lazy("From percent"),
        required=False,
        initial=0,
        help_text=gettext_lazy("Of a cost overrun: how much more than expected."),
    )
    due_minutes = SpanField(label=gettext_lazy("To be dealt with in"), initial=240)
    task = forms.CharField(label=gettext_lazy("Task to open"), max_length=200, required=False)
    group_by = forms.ChoiceField(label=gettext_lazy("Cases have in common"), choices=GroupBy.choices, required=False)
    closes_itself = forms.BooleanField(
        label=gettext_lazy("Closes by itself when its cause is gone"), required=False, initial=True
    )
    note = forms.CharField(
        label=gettext_lazy("Why this change"), max_length=300, required=False, help_text=gettext_lazy("For the record.")
    )
    version = forms.IntegerField(widget=forms.HiddenInput, min_value=0, initial=0, required=False)

    def __init__(self, *args: Any, draft: RuleDraft | None = None, **kwargs: Any) -> None:
        self.draft_shown = draft
        super().__init__(*args, **kwargs)
        if self.row is not None:
            self.fields["code"].widget.attrs["readonly"] = True
        for name, field in self.fields.items():
            field.widget.attrs.setdefault("aria-describedby", f"id_{name}_helptext" if field.help_text else "")

    def starting_values(self) -> Mapping[str, Any]:
        shown = self.draft_shown
        return {**shown.definition, "version": shown.version} if shown is not None else {}

    def draft(self) -> RuleDraft:
        """What is filled in, as the service takes it. Of a rule that is changed the code stays."""
        said = {name: value for name, value in self.cleaned_data.items() if name != "note"}
        said["type"] = said["type"].pk if said["type"] else ""
        for name in ("minimum_minutes", "minimum_percent", "due_minutes", "version"):
            said[name] = said[name] or 0
        if self.row is not None:
            said["code"] = self.row.code
        return RuleDraft(**said)

    def blame(self, error: DomainError) -> None:
        """Show each problem at its field; of a condition with the place in it."""
        for field, message in (
            [(each.field, each.message) for each in error.problems]
            if isinstance(error, RuleRefused)
            else [(error.field, error.message)]
        ):
            name, _dot, path = field.partition(".")
            text = f"{path}: {message}" if path else message
            self.add_error(name if name in self.fields else None, text)


def vocabulary() -> dict[str, Any]:
    """What the script needs to know: the fields in groups, their operators and choices, and its own words."""
    return {
        "groups": [
            {"label": str(label), "fields": [_told(field) for field in FIELDS.values() if field.is_about == about]}
            for about, label in About.choices
        ],
        "depth": MAX_DEPTH,
        "words": {
            "all": _("all of these hold"),
            "any": _("any of these holds"),
            "not": _("this does not hold"),
            "row": _("Add a comparison"),
            "group": _("Add a group"),
            "remove": _("Remove"),
            "field": _("Field"),
            "operator": _("Operator"),
            "value": _("Value"),
            "kind": _("Kind of group"),
            "yes": _("yes"),
            "no": _("no"),
            "several": _("several, with commas"),
            "instant": _("now-3d, now+12h, or 2026-03-01T12:00:00Z"),
            "money": _("such as 1200.50"),
            "added": _("Added"),
            "removed": _("Removed"),
            "empty": _("No condition: the rule always holds."),
            "counting": _("Counting…"),
            "offline": _("Could not be counted."),
        },
    }


def _told(field: Any) -> dict[str, Any]:
    return {
        "name": field.name,
        "label": str(field.label),
        "type": field.type,
        "operators": list(field.operators),
        "said": [operator_words(op, field.type) for op in field.operators],
        "choices": [[value, str(label)] for value, label in field.choices],
    }


def count(request: HttpRequest) -> HttpResponse:
    """How many a condition holds for now, or what is wrong with it: JSON for the script."""
    text = request.POST.get("condition", "")[: _MOST_JSON + 1]
    mode, code = request.POST.get("mode", ""), request.POST.get("type", "").strip().upper()[:24]
    try:
        tree = orjson.loads(text)
        check(tree)
        refuse_hidden_money(tree, person(request))
    except orjson.JSONDecodeError:
        return JsonResponse({"message": _("This is no condition."), "path": ""}, status=422)
    except ConditionError as error:
        return JsonResponse({"message": error.message, "path": error.path}, status=422)
    except DomainError as refused:
        return JsonResponse({"message": refused.message, "path": ""}, status=422)
    if not code.isprintable() or mode not in ("", *Mode.values):
        return JsonResponse({"message": _("Choose one of the list."), "path": ""}, status=422)
    found = holding_now(tree, mode=mode, code=code, now=timezone.now())
    return JsonResponse({"message": counted(found), "count": found.count})


def counted(found: Holding) -> str:
    """ "Holds now for 12 of the open milestones." """
    if found.count is None:
        return _("It takes too long to count for how many it holds.")
    if found.is_more:
        if found.of_milestones:
            return _("Holds now for more than %d of the open milestones.") % found.count
        return _("Holds now for more than %d of the open shipments.") % found.count
    if found.of_milestones:
        text = ngettext("Holds now for %d open milestone.", "Holds now for %d open milestones.", found.count)
    else:
        text = ngettext("Holds now for %d open shipment.", "Holds now for %d open shipments.", found.count)
    return text % found.count


def done(request: HttpRequest, text: str, address: str) -> HttpResponse:
    messages.success(request, text)
    return HttpResponseRedirect(address)
