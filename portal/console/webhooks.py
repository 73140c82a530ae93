"""Where other systems are called: entered, chosen for, given a new secret, disabled; and what failed, called again."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django import forms
from django.db.models import Q
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from partners.enums import Topic
from partners.models import Delivery, User, WebhookEndpoint
from partners.services import (
    add_endpoint,
    choose_topics,
    disable_endpoint,
    enable_endpoint,
    replay_failed,
    rotate_endpoint_secret,
)
from portal.console import cells
from portal.console.actions import Action
from portal.console.base import ConsoleAdmin, View
from portal.console.fields import ActionForm, PartnerField
from portal.console.filters import Choice, Text
from portal.console.listing import Column
from portal.console.record import Section
from portal.presentation import words

_CHANGE = "partners.change_webhookendpoint"
_SHOWN = 20


class NewEndpoint(ActionForm):
    partner = PartnerField(
        label=gettext_lazy("Partner"), required=False, help_text=gettext_lazy("Empty: it hears of all partners.")
    )
    url = forms.CharField(label=gettext_lazy("Address"), max_length=500, widget=forms.URLInput)


class ChooseTopics(ActionForm):
    topics = forms.MultipleChoiceField(
        label=gettext_lazy("Called for"), choices=Topic.choices, required=False, widget=forms.CheckboxSelectMultiple
    )

    def starting_values(self) -> Mapping[str, Any]:
        return {"topics": list(self.row.subscriptions.values_list("topic", flat=True))} if self.row else {}


class Replay(ActionForm):
    hours = forms.IntegerField(
        label=gettext_lazy("What failed in the last hours"), min_value=1, max_value=24 * 90, initial=72
    )


def _add(row: Any, values: Mapping[str, Any], by: User) -> tuple[WebhookEndpoint, str]:
    return add_endpoint(by, partner=values["partner"], url=values["url"], by=by)


def _replay(endpoint: WebhookEndpoint, values: Mapping[str, Any], by: User) -> int:
    return replay_failed(endpoint, since=timezone.now() - timedelta(hours=values["hours"]), by=by)


def _replayed(count: int) -> str:
    return ngettext("%(n)d call is made again.", "%(n)d calls are made again.", count) % {"n": count}


def _state(endpoint: WebhookEndpoint) -> Any:
    if not endpoint.is_active:
        return cells.two(_("disabled"), endpoint.disabled_because)
    if endpoint.closed_until and endpoint.closed_until > timezone.now():
        return cells.two(_("left alone"), cells.due(endpoint.closed_until))
    if endpoint.failures:
        return _("failing")
    return _("works") if endpoint.last_success_at else cells.nothing(_("not called yet"))


class WebhookRoom(ConsoleAdmin):
    related = ("partner", "user")
    empty = gettext_lazy("No other system is called yet.")
    columns = (
        Column("url", gettext_lazy("Address"), lambda e: cells.strong(e.url, e.user), "url"),
        Column(
            "partner",
            gettext_lazy("For"),
            lambda e: cells.partner(e.partner) if e.partner else _("all partners"),
            "partner__name",
            "c-pair",
        ),
        Column("state", gettext_lazy("State"), _state, "", "c-corner"),
        Column(
            "error",
            gettext_lazy("Last error"),
            lambda e: Truncator(e.last_error).chars(120) if e.last_error else cells.nothing(),
            "",
            "c-pair",
        ),
        Column("success", gettext_lazy("Last success"), lambda e: cells.ago(e.last_success_at), "", "c-pair"),
        Column("delivered", gettext_lazy("Arrived"), lambda e: e.delivered, "delivered", "c-pair is-number"),
    )
    filters = (
        Choice(
            "state",
            gettext_lazy("State"),
            [
                ("failing", gettext_lazy("Failing"), lambda: Q(is_active=True, failures__gt=0)),
                ("disabled", gettext_lazy("Disabled"), lambda: Q(is_active=False)),
            ],
        ),
        Text("partner", gettext_lazy("Partner"), ("partner__code", "partner__name"), "partners_partner"),
    )
    views = (View(gettext_lazy("Failing"), "state=failing"), View(gettext_lazy("Everything"), ""))
    operations = (
        Action(
            name="topics",
            label=gettext_lazy("Called for…"),
            permission=_CHANGE,
            form=ChooseTopics,
            is_main=True,
            perform=lambda endpoint, values, by: choose_topics(endpoint, topics=values["topics"], by=by),
            done=gettext_lazy("Saved."),
            submit=gettext_lazy("Save"),
        ),
        Action(
            name="replay",
            label=gettext_lazy("Call again…"),
            permission=_CHANGE,
            form=Replay,
            explain=gettext_lazy("What failed there since is queued again, with all its attempts before it."),
            perform=_replay,
            reveal=_replayed,
            is_report=True,
            done=gettext_lazy("Called again"),
            submit=gettext_lazy("Call again"),
        ),
        Action(
            name="rotate",
            label=gettext_lazy("New secret…"),
            permission=_CHANGE,
            explain=gettext_lazy("The old secret signs beside it for a day."),
            perform=lambda endpoint, values, by: rotate_endpoint_secret(endpoint, by=by),
            reveal=str,
            done=gettext_lazy("The new secret"),
            submit=gettext_lazy("New secret"),
        ),
        Action(
            name="disable",
            label=gettext_lazy("Disable…"),
            permission=_CHANGE,
            is_danger=True,
            explain=gettext_lazy("It is not called any more. What waits for it fails, and may be called again later."),
            fits=lambda endpoint: endpoint.is_active,
            perform=lambda endpoint, values, by: disable_endpoint(endpoint, by=by),
            done=gettext_lazy("It is not called any more."),
        ),
        Action(
            name="enable",
            label=gettext_lazy("Enable"),
            permission=_CHANGE,
            fits=lambda endpoint: not endpoint.is_active,
            perform=lambda endpoint, values, by: enable_endpoint(endpoint, by=by),
            done=gettext_lazy("It is called again."),
        ),
        Action(
            name="create",
            label=gettext_lazy("New endpoint…"),
            permission="partners.add_webhookendpoint",
            form=NewEndpoint,
            explain=gettext_lazy("It hears what you may hear. Calls are signed by Standard Webhooks."),
            on_list=True,
            is_main=True,
            icon="add",
            perform=_add,
            reveal=lambda made: str(made[1]),
            done=gettext_lazy("The secret of the new endpoint"),
            submit=gettext_lazy("Create"),
        ),
    )
    facts = (
        "url", "partner", "user", "is_active", "disabled_because", "failures", "closed_until", "delivered",
        "last_success_at", "last_failure_at", "last_error", "created_at",
    )  # fmt: skip

    def sections(self, request: HttpRequest, row: Any) -> list[Section]:
        topics = [[one.get_topic_display()] for one in row.subscriptions.order_by("topic")]
        calls = Delivery.objects.filter(endpoint=row).select_related("notification").order_by("-pk")[:_SHOWN]
        lines = [
            [
                cells.two(call.notification.get_topic_display(), call.notification.subject),
                cells.pill(words.delivery_state(call.state)),
                call.attempts,
                call.error[:160] or cells.nothing(),
                cells.moment(call.created_at),
            ]
            for call in calls
        ]
        head = [_("Notification"), _("State"), _("Attempts"), _("Error"), _("Told")]
        more = f"{reverse('admin:partners_delivery_changelist')}?endpoint={row.pk}"
        return [
            Section(_("Called for"), [_("Topic")], topics, empty=_("Nothing yet.")),
            Section(_("Last calls"), head, lines, empty=_("It has not been called yet."), more=more),
        ]
