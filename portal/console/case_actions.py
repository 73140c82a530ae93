"""What is done with cases in the console: one by one, or all of a common root."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from milestones.enums import CASE_MOVES, CaseState, WakeOn
from milestones.models import CaseGroup, ShipmentException
from milestones.services import (
    RootResult,
    acknowledge_case,
    acknowledge_root,
    assign_case,
    assign_root,
    resolve_case,
    resolve_root,
    snooze_case,
    snooze_root,
)
from partners.models import User
from portal.console.actions import Action
from portal.console.fields import ActionForm, LocalTimeField, Reason, UserField

CHANGE = "milestones.change_shipmentexception"
Values = Mapping[str, Any]


def _can_become(state: CaseState) -> Any:
    return lambda case: state in CASE_MOVES.get(case.state, frozenset())


def is_open(case: ShipmentException) -> bool:
    return case.state != CaseState.RESOLVED


class Snooze(ActionForm):
    until = LocalTimeField(label=gettext_lazy("Until, your time"), required=False)
    wake = forms.ChoiceField(
        label=gettext_lazy("Or as soon as"),
        required=False,
        choices=[("", gettext_lazy("nothing else")), *WakeOn.choices],
    )
    condition = forms.CharField(
        label=gettext_lazy("Or as soon as this holds"),
        required=False,
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 2, "class": "is-mono"}),
        help_text=gettext_lazy("A condition as rules have them, for those who write them by hand."),
    )

    def starting_values(self) -> Mapping[str, Any]:
        return {"until": timezone.now() + timedelta(days=1)}

    def clean_condition(self) -> Any:
        said = self.cleaned_data["condition"].strip()
        if not said:
            return None
        try:
            tree = json.loads(said)
        except (ValueError, RecursionError) as error:
            raise forms.ValidationError(_("This is no condition: it is not JSON."), code="not_json") from error
        if not isinstance(tree, dict):
            raise forms.ValidationError(_("This is no condition."), code="not_a_condition")
        return tree

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        values["how"] = values.get("condition") or values.get("wake") or ""
        return values


class Assign(ActionForm):
    to = UserField(label=gettext_lazy("Colleague (e-mail)"))


def _snooze(case: ShipmentException, values: Values, by: User) -> None:
    snooze_case(case, until=values["until"], wake=values["how"], by=by)


OPERATIONS = (
    Action(
        name="resolve",
        label=gettext_lazy("Resolve…"),
        permission=CHANGE,
        form=Reason,
        fits=is_open,
        is_main=True,
        explain=gettext_lazy("What was done? It closes by itself too, when its cause is gone."),
        in_row=True,
        perform=lambda case, values, by: resolve_case(case, reason=values["reason"], by=by),
        on_rows=True,
        done=gettext_lazy("Resolved."),
        submit=gettext_lazy("Resolve"),
    ),
    Action(
        name="acknowledge",
        label=gettext_lazy("Acknowledge"),
        permission=CHANGE,
        on_rows=True,
        explain=gettext_lazy("Colleagues see that you have seen it."),
        done=gettext_lazy("Acknowledged."),
        fits=_can_become(CaseState.ACKNOWLEDGED),
        perform=lambda case, values, by: acknowledge_case(case, by=by),
    ),
    Action(
        name="snooze",
        label=gettext_lazy("Snooze…"),
        permission=CHANGE,
        form=Snooze,
        on_rows=True,
        fits=_can_become(CaseState.SNOOZED),
        explain=gettext_lazy("It comes back at the time, or when something happens, or when it gets worse."),
        done=gettext_lazy("Snoozed; it comes back by itself."),
        perform=_snooze,
    ),
    Action(
        name="take",
        label=gettext_lazy("Assign to me"),
        permission=CHANGE,
        on_rows=True,
        fits=is_open,
        perform=lambda case, values, by: assign_case(case, to=by, by=by),
        done=gettext_lazy("Assigned to you."),
    ),
    Action(
        name="assign",
        label=gettext_lazy("Assign…"),
        permission=CHANGE,
        form=Assign,
        on_rows=True,
        fits=is_open,
        perform=lambda case, values, by: assign_case(case, to=values["to"], by=by),
        done=gettext_lazy("Assigned."),
    ),
)

_TO_ROOT: Mapping[str, Callable[[CaseGroup, Values, User], RootResult]] = {
    "resolve": lambda group, values, by: resolve_root(group, reason=values["reason"], by=by),
    "acknowledge": lambda group, values, by: acknowledge_root(group, by=by),
    "snooze": lambda group, values, by: snooze_root(group, until=values["until"], wake=values["how"], by=by),
    "take": lambda group, values, by: assign_root(group, to=by, by=by),
    "assign": lambda group, values, by: assign_root(group, to=values["to"], by=by),
}


def result_words(result: RootResult) -> str:
    """What came of an action on a root."""
    words = [ngettext("%(count)d case done.", "%(count)d cases done.", result.done) % {"count": result.done}]
    words += [f"{name}: {why}" for name, why in result.refused]
    if result.left:
        words.append(_("%(count)d are left: do it once more.") % {"count": result.left})
    return " ".join(words)


# The same dialogs, for all open cases of a root at once; what came of it is shown.
OF_ROOT = tuple(
    replace(
        action,
        perform=_TO_ROOT[action.name],
        fits=lambda group: group.closed_at is None,
        on_rows=False,
        in_row=action.name == "resolve",
        explain=gettext_lazy("This is done to all open cases of this root."),
        done=gettext_lazy("Done to all of them."),
        reveal=result_words,
        is_report=True,
    )
    for action in OPERATIONS
)
