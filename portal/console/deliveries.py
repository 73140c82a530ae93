"""What was told to whom, and what could not be: the dead letters, with their errors, to be sent again."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from partners.enums import Channel, DeliveryState, Topic
from partners.models import Delivery
from partners.services import retry_delivery
from portal.console import cells
from portal.console.actions import Action
from portal.console.base import ConsoleAdmin, View
from portal.console.filters import Days, Many, Number, Text
from portal.console.listing import Column
from portal.presentation import words


def _receiver(delivery: Delivery) -> Any:
    where = delivery.endpoint.url if delivery.endpoint else delivery.user.email
    return cells.two(where, delivery.partner or _("internal"))


class DeliveryRoom(ConsoleAdmin):
    related = ("notification", "user", "partner", "endpoint")
    has_page = False
    empty = gettext_lazy("Nothing has been sent yet.")
    columns = (
        Column(
            "what",
            gettext_lazy("Notification"),
            lambda d: cells.strong(d.notification.get_topic_display(), d.notification.subject),
        ),
        Column("to", gettext_lazy("To"), _receiver, "", "c-pair"),
        Column("channel", gettext_lazy("Channel"), lambda d: d.get_channel_display(), "", "c-pair"),
        Column(
            "state", gettext_lazy("State"), lambda d: cells.pill(words.delivery_state(d.state)), "state", "c-corner"
        ),
        Column("attempts", gettext_lazy("Attempts"), lambda d: d.attempts, "", "c-pair is-number"),
        Column("error", gettext_lazy("Error"), lambda d: d.error[:120] or cells.nothing()),
        Column(
            "sent",
            gettext_lazy("Sent"),
            lambda d: cells.ago(d.sent_at) if d.sent_at else cells.nothing(_("not yet")),
            "",
            "c-pair",
        ),
    )
    filters = (
        Many("state", gettext_lazy("State"), "state", DeliveryState.choices),
        Many("channel", gettext_lazy("Channel"), "channel", Channel.choices),
        Many("topic", gettext_lazy("Topic"), "notification__topic", Topic.choices),
        Number("endpoint", gettext_lazy("Endpoint (number)"), "endpoint_id"),
        Text("to", gettext_lazy("To"), ("user__email",), "partners_user"),
        Days("told", gettext_lazy("Told"), "created_at"),
    )
    views = (
        View(gettext_lazy("Failed"), "state=failed"),
        View(gettext_lazy("Failed calls"), "state=failed&channel=webhook"),
        View(gettext_lazy("Waiting"), "state=queued"),
        View(gettext_lazy("Everything"), ""),
    )
    operations = (
        Action(
            name="retry",
            label=gettext_lazy("Send again"),
            permission="partners.change_delivery",
            in_row=True,
            on_rows=True,
            fits=lambda d: d.state == DeliveryState.FAILED,
            done=gettext_lazy("Queued again."),
            perform=lambda delivery, values, by: retry_delivery(delivery, by=by),
        ),
    )
