"""The addresses at which a company's own systems are called: entered, chosen for, given a new secret, called again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, ClassVar
from uuid import UUID

from django import forms
from django.contrib import messages
from django.db.models import Q
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from core.errors import DomainError, NotVisible
from partners.access import granted_partners
from partners.enums import Channel, DeliveryState, Permission, Topic
from partners.models import Delivery, Partner, WebhookEndpoint
from partners.services import (
    add_endpoint,
    choose_topics,
    disable_endpoint,
    enable_endpoint,
    replay_failed,
    rotate_endpoint_secret,
)
from portal.notices.preferences import OF_THE_HOUSE
from portal.pages.base import Page
from portal.presentation import times, words

_SHOWN = 20
_MOST_LISTED = 200
SINCE = (("1", gettext_lazy("the last day")), ("7", gettext_lazy("the last 7 days")), ("30", gettext_lazy("30 days")))


class NewEndpoint(forms.Form):
    partner = forms.ModelChoiceField(
        Partner.objects.none(), label=gettext_lazy("For"), empty_label=None, to_field_name="public_id"
    )
    url = forms.CharField(
        label=gettext_lazy("Address"),
        max_length=500,
        widget=forms.URLInput(attrs={"placeholder": "https://", "autocomplete": "off"}),
    )

    def __init__(self, *args: Any, page: Page, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        partners = granted_partners(page.person, Permission.MANAGE_MEMBERS).order_by("name")
        field = self.fields["partner"]
        field.queryset = partners  # type: ignore[attr-defined]
        only = list(partners[:2])
        if len(only) == 1:
            field.initial, field.widget = only[0].public_id, forms.HiddenInput()


class TopicsForm(forms.Form):
    topics = forms.MultipleChoiceField(
        label=gettext_lazy("Called for"),
        required=False,
        choices=[(value, words) for value, words in Topic.choices if value not in OF_THE_HOUSE],
        widget=forms.CheckboxSelectMultiple,
    )


class ReplayForm(forms.Form):
    days = forms.ChoiceField(label=gettext_lazy("What failed in"), choices=SINCE)


class _Webhooks(Page):
    room: ClassVar[str] = "preferences"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.user.is_authenticated:
            self.must(self.may_manage, Permission.MANAGE_MEMBERS)
        response = super().dispatch(request, *args, **kwargs)
        response["Cache-Control"] = "no-store"
        return response


class WebhookList(_Webhooks):
    template_name = "portal/webhooks.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        return self._show(NewEndpoint(page=self))

    def post(self, request: HttpRequest) -> HttpResponse:
        form = NewEndpoint(request.POST, page=self)
        if form.is_valid():
            try:
                said = form.cleaned_data
                made, secret = add_endpoint(self.person, partner=said["partner"], url=said["url"], by=self.person)
                return self._show(NewEndpoint(page=self), made=made, secret=secret)
            except DomainError as refused:
                form.add_error(refused.field if refused.field in form.fields else None, refused.message)
        return self._show(form)

    def _show(self, form: NewEndpoint, **more: Any) -> HttpResponse:
        rows = self.rows(WebhookEndpoint.objects.all()).select_related("partner", "user").order_by("-pk")
        context = self.get_context_data(form=form, endpoints=rows[:_MOST_LISTED], **more)
        return self.render_to_response(context, status=422 if form.errors else 200)


class WebhookPage(_Webhooks):
    template_name = "portal/webhook.html"

    def get(self, request: HttpRequest, public_id: UUID) -> HttpResponse:
        return self._show(self._endpoint(public_id))

    def post(self, request: HttpRequest, public_id: UUID) -> HttpResponse:
        endpoint = self._endpoint(public_id)
        step = _STEPS.get(request.POST.get("step", ""))
        try:
            secret = step(self, endpoint) if step else ""
        except NotVisible:
            messages.error(request, _("The person it hears for may not hear of that."))
            secret = ""
        except DomainError as refused:
            messages.error(request, refused.message)
            secret = ""
        if secret:
            return self._show(endpoint, secret=secret)
        return HttpResponseRedirect(reverse("pages:webhook", args=[public_id]))

    def _endpoint(self, public_id: UUID) -> WebhookEndpoint:
        return self.find(WebhookEndpoint.objects.select_related("partner", "user"), public_id, "change")

    def _show(self, endpoint: WebhookEndpoint, **more: Any) -> HttpResponse:
        chosen = list(endpoint.subscriptions.values_list("topic", flat=True))
        calls = Delivery.objects.filter(endpoint=endpoint, channel=Channel.WEBHOOK).select_related("notification")
        zone = self.person.time_zone or "UTC"
        context = self.get_context_data(
            endpoint=endpoint,
            topics=TopicsForm(initial={"topics": chosen}),
            replay=ReplayForm(),
            has_failed=calls.filter(Q(state=DeliveryState.FAILED)).exists(),
            calls=[
                (call, words.delivery_state(call.state), times.local(call.created_at, zone))
                for call in calls.order_by("-pk")[:_SHOWN]
            ],
            last_success=times.local(endpoint.last_success_at, zone),
            closed_until=times.local(endpoint.closed_until, zone),
            is_resting=endpoint.closed_until is not None and endpoint.closed_until > self.now,
            **more,
        )
        return self.render_to_response(context)

    def choose(self, endpoint: WebhookEndpoint) -> str:
        form = TopicsForm(self.request.POST)
        if form.is_valid():
            choose_topics(endpoint, topics=form.cleaned_data["topics"], by=self.person)
            messages.success(self.request, _("Saved."))
        return ""

    def rotate(self, endpoint: WebhookEndpoint) -> str:
        return rotate_endpoint_secret(endpoint, by=self.person)

    def disable(self, endpoint: WebhookEndpoint) -> str:
        disable_endpoint(endpoint, by=self.person)
        messages.success(self.request, _("It is not called any more."))
        return ""

    def enable(self, endpoint: WebhookEndpoint) -> str:
        enable_endpoint(endpoint, by=self.person)
        messages.success(self.request, _("It is called again."))
        return ""

    def replay_all(self, endpoint: WebhookEndpoint) -> str:
        form = ReplayForm(self.request.POST)
        if form.is_valid():
            since = self.now - timedelta(days=int(form.cleaned_data["days"]))
            count = replay_failed(endpoint, since=since, by=self.person)
            said = ngettext("%(n)d call is made again.", "%(n)d calls are made again.", count)
            messages.success(self.request, said % {"n": count})
        return ""


_STEPS: Mapping[str, Callable[[WebhookPage, WebhookEndpoint], str]] = {
    "topics": WebhookPage.choose,
    "rotate": WebhookPage.rotate,
    "disable": WebhookPage.disable,
    "enable": WebhookPage.enable,
    "replay": WebhookPage.replay_all,
}
