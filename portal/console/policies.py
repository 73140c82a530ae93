"""What decides between reports that differ, and how near the truth arrivals were foretold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.errors import DomainError
from milestones.enums import Preference, ValueField
from milestones.models import ConflictPolicy, EtaScore
from milestones.services import drop_conflict_policy, set_conflict_policy
from partners.models import User
from portal.console import cells
from portal.console.actions import Action
from portal.console.base import ConsoleAdmin, View
from portal.console.fields import ActionForm, MilestoneTypeField
from portal.console.filters import Choice, Many, Text
from portal.console.listing import Column
from portal.presentation import times
from shipments.enums import Mode

_PLACES = 5
_STEPS = tuple(f"step_{number}" for number in range(1, _PLACES + 1))


class EditPolicy(ActionForm):
    """The preferences one after the other; a blank one ends nothing, it is left out."""

    answers_for = {"order": "step_1"}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        order = list(self.row.order) if self.row else []
        for number, name in enumerate(_STEPS):
            self.fields[name] = forms.ChoiceField(
                label=_("What decides first") if number == 0 else _("then"),
                choices=[("", "–"), *Preference.choices],
                required=number == 0,
                initial=order[number] if number < len(order) else "",
            )


class NewPolicy(EditPolicy):
    milestone = MilestoneTypeField(
        label=gettext_lazy("Milestone"),
        required=False,
        help_text=gettext_lazy("Empty: all milestones that have no order of their own."),
    )
    value = forms.ChoiceField(label=gettext_lazy("Value"), choices=ValueField.choices, initial=ValueField.ACTUAL)
    answers_for = {**EditPolicy.answers_for, "field": "value"}


def _order(values: Mapping[str, Any]) -> list[str]:
    return [values[name] for name in _STEPS if values[name]]


def _edit(policy: ConflictPolicy, values: Mapping[str, Any], by: User) -> ConflictPolicy:
    return set_conflict_policy(policy.type, field=policy.field, order=_order(values), by=by)


def _create(row: Any, values: Mapping[str, Any], by: User) -> ConflictPolicy:
    milestone, value = values["milestone"], values["value"]
    if ConflictPolicy.objects.filter(type=milestone, field=value).exists():
        raise DomainError("policy_exists", _("There is an order for this already: change that one."), field="field")
    return set_conflict_policy(milestone, field=value, order=_order(values), by=by)


def _words(policy: ConflictPolicy) -> str:
    labels = dict(Preference.choices)
    return " → ".join(str(labels[name]) for name in policy.order)


_WEIGHED = gettext_lazy("The open shipments with the milestone are evaluated again, without haste.")


class PolicyRoom(ConsoleAdmin):
    title = gettext_lazy("Conflicting reports")
    related = ("type",)
    has_page = False
    order = ("type__sequence", "field")
    empty = gettext_lazy("The most trusted source decides, then what another one confirms, then the latest report.")
    columns = (
        Column(
            "milestone",
            gettext_lazy("Milestone"),
            lambda p: cells.strong(p.type.name, p.type_id) if p.type else _("all others"),
            "type__sequence",
        ),
        Column("value", gettext_lazy("Value"), lambda p: p.get_field_display(), "field", "c-pair"),
        Column("order", gettext_lazy("What decides, in this order"), _words, "", ""),
    )
    filters = (Many("value", gettext_lazy("Value"), "field", ValueField.choices),)
    operations = (
        Action(
            name="edit",
            label=gettext_lazy("Edit…"),
            permission="milestones.change_conflictpolicy",
            form=EditPolicy,
            explain=_WEIGHED,
            in_row=True,
            perform=_edit,
            done=gettext_lazy("Saved."),
            submit=gettext_lazy("Save"),
            icon="edit",
        ),
        Action(
            name="drop",
            label=gettext_lazy("Remove…"),
            permission="milestones.delete_conflictpolicy",
            explain=_WEIGHED,
            in_row=True,
            is_danger=True,
            perform=lambda policy, values, by: drop_conflict_policy(policy, by=by),
            done=gettext_lazy("Removed."),
            submit=gettext_lazy("Remove"),
        ),
        Action(
            name="create",
            label=gettext_lazy("New order…"),
            permission="milestones.add_conflictpolicy",
            form=NewPolicy,
            explain=_WEIGHED,
            on_list=True,
            is_main=True,
            icon="add",
            perform=_create,
            done=gettext_lazy("Saved."),
            submit=gettext_lazy("Save"),
        ),
    )


# --- accuracy ------------------------------------------------------------------------------------------------------


def _off(minutes: int | None) -> Any:
    return cells.nothing() if minutes is None else times.span(minutes)


def _bias(minutes: int | None) -> Any:
    """ "2h later", when it came later than was said."""
    if not minutes:
        return cells.nothing() if minutes is None else _("none")
    return (_("%(span)s later") if minutes > 0 else _("%(span)s earlier")) % {"span": times.span(minutes)}


def _better(score: EtaScore) -> str:
    if score.carrier_error is None or score.own_error is None:
        return ""
    if score.carrier_error == score.own_error:
        return _("alike")
    return _("our history") if score.own_error < score.carrier_error else _("the carrier")


class AccuracyRoom(ConsoleAdmin):
    title = gettext_lazy("Accuracy of arrivals")
    related = ("origin", "destination", "carrier")
    has_page = False
    order = ("origin__unlocode", "destination__unlocode", "mode", "carrier__code", "horizon")
    empty = gettext_lazy("Nothing to compare yet: it is worked out once a day from journeys that have ended.")
    columns = (
        Column(
            "lane",
            gettext_lazy("Lane"),
            lambda s: cells.strong(f"{s.origin.code} → {s.destination.code}", s.get_mode_display()),
            "origin__unlocode",
        ),
        Column("carrier", gettext_lazy("Carrier"), lambda s: s.carrier or _("all"), "carrier__code", "c-pair"),
        Column(
            "horizon",
            gettext_lazy("Foretold"),
            lambda s: _("%(days)d d before") % {"days": s.horizon},
            "horizon",
            "c-pair",
        ),
        Column("samples", gettext_lazy("Journeys"), lambda s: s.samples, "samples", "c-pair is-number"),
        Column("theirs", gettext_lazy("Carrier off by"), lambda s: _off(s.carrier_error), "carrier_error", "c-pair"),
        Column(
            "their_bias", gettext_lazy("By the carrier's word it came"), lambda s: _bias(s.carrier_bias), "", "c-pair"
        ),
        Column("ours", gettext_lazy("History off by"), lambda s: _off(s.own_error), "own_error", "c-pair"),
        Column("our_bias", gettext_lazy("By our history it came"), lambda s: _bias(s.own_bias), "", "c-pair"),
        Column("better", gettext_lazy("Nearer the truth"), _better, "", "c-pair"),
    )
    filters = (
        Text("from", gettext_lazy("From"), ("origin__unlocode",), "shipments_location"),
        Text("to", gettext_lazy("To"), ("destination__unlocode",), "shipments_location"),
        Text("carrier", gettext_lazy("Carrier"), ("carrier__code", "carrier__name"), "partners_partner"),
        Many("mode", gettext_lazy("Mode"), "mode", Mode.choices),
        Choice(
            "horizon",
            gettext_lazy("Foretold"),
            [
                ("1", gettext_lazy("1 day before"), lambda: Q(horizon=1)),
                ("3", gettext_lazy("3 days before"), lambda: Q(horizon=3)),
                ("7", gettext_lazy("7 days before"), lambda: Q(horizon=7)),
                ("14", gettext_lazy("14 days before"), lambda: Q(horizon=14)),
            ],
        ),
    )
    views = (View(gettext_lazy("A week before"), "horizon=7"), View(gettext_lazy("Everything"), ""))
