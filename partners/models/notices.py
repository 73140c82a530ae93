"""Who wants to hear of what, what there was to tell, and its way to each of them."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from partners.access import Access, ScopedQuerySet
from partners.enums import (
    Channel,
    DeliveryState,
    Permission,
    Topic,
)
from partners.models.people import Partner, User


class Subscription(models.Model):
    """Who wants to hear of what, for which partner, by which channel."""

    access: ClassVar[Access] = Access(
        paths=("partner",), view=Permission.MANAGE_MEMBERS, change=Permission.MANAGE_MEMBERS
    )

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="subscriptions", verbose_name=_("user"))
    partner = models.ForeignKey(
        Partner,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="subscriptions",
        verbose_name=_("partner"),
        help_text=_("Empty for internal people: all partners"),
    )
    topic = models.CharField(_("topic"), max_length=32, choices=Topic.choices)
    channel = models.CharField(_("channel"), max_length=16, choices=Channel.choices, default=Channel.EMAIL)
    created_at = models.DateTimeField(_("created"), db_default=Now(), editable=False)

    objects = ScopedQuerySet["Subscription"].as_manager()

    class Meta:
        verbose_name = _("subscription")
        verbose_name_plural = _("subscriptions")
        constraints = [
            models.UniqueConstraint(
                fields=["user", "partner", "topic", "channel"],
                nulls_distinct=False,
                name="subscription_is_one_per_topic_and_channel",
            ),
            models.CheckConstraint(condition=Q(topic__in=Topic.values), name="subscription_topic_is_known"),
            models.CheckConstraint(condition=Q(channel__in=Channel.values), name="subscription_channel_is_known"),
        ]

    def __str__(self) -> str:
        return f"{self.user}: {self.get_topic_display()}"


class Notification(models.Model):
    """One thing to tell. `key` makes the telling happen once however often it is asked for."""

    # Some tell of money: what was told is for those who may see all of the partner's, as its deliveries are.
    access: ClassVar[Access] = Access(paths=("audiences__partner",), view=Permission.MANAGE_MEMBERS)

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    topic = models.CharField(_("topic"), max_length=32, choices=Topic.choices)
    key = models.CharField(_("key"), max_length=200, unique=True)
    subject = models.CharField(_("subject"), max_length=100, help_text=_("What it is about, such as shipment:<uuid>"))
    facts = models.JSONField(
        _("facts"), default=dict, help_text=_("Plain values that the templates of the channels show")
    )
    created_at = models.DateTimeField(_("created"), db_default=Now(), editable=False)

    objects = ScopedQuerySet["Notification"].as_manager()

    class Meta:
        verbose_name = _("notification")
        verbose_name_plural = _("notifications")
        indexes = [models.Index(fields=["subject"], name="notification_by_subject")]
        constraints = [models.CheckConstraint(condition=Q(topic__in=Topic.values), name="notification_topic_is_known")]

    def __str__(self) -> str:
        return f"{self.get_topic_display()} · {self.subject}"


class NotificationAudience(models.Model):
    """The partners on whose behalf a notification may be heard; no row: internal people only."""

    access: ClassVar[Access] = Access(paths=("partner",), view=Permission.MANAGE_MEMBERS)

    notification = models.ForeignKey(Notification, on_delete=models.CASCADE, related_name="audiences")
    partner = models.ForeignKey(Partner, on_delete=models.CASCADE, related_name="+")

    objects = ScopedQuerySet["NotificationAudience"].as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["notification", "partner"], name="audience_is_named_once")]

    def __str__(self) -> str:
        return f"{self.notification} → {self.partner}"


class DeliveryQuerySet(ScopedQuerySet["Delivery"]):
    def waiting(self) -> DeliveryQuerySet:
        return self.filter(state=DeliveryState.QUEUED)


class Delivery(models.Model):
    """The telling of one notification to one person by one channel, with its attempts. A leased outbox row."""

    access: ClassVar[Access] = Access(paths=("partner",), view=Permission.MANAGE_MEMBERS)

    notification = models.ForeignKey(
        Notification, on_delete=models.CASCADE, related_name="deliveries", verbose_name=_("notification")
    )
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="deliveries", verbose_name=_("recipient"))
    partner = models.ForeignKey(
        Partner, on_delete=models.CASCADE, null=True, blank=True, related_name="+", verbose_name=_("on behalf of")
    )
    channel = models.CharField(_("channel"), max_length=16, choices=Channel.choices)
    state = models.CharField(_("state"), max_length=16, choices=DeliveryState.choices, default=DeliveryState.QUEUED)
    message_id = models.UUIDField(
        _("message id"), default=uuid.uuid4, unique=True, editable=False, help_text=_("The same over all attempts")
    )
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    not_before = models.DateTimeField(_("not before"), db_default=Now())
    lease_until = models.DateTimeField(null=True, blank=True, editable=False)
    lease_token = models.UUIDField(null=True, blank=True, editable=False)
    error = models.TextField(_("error"), blank=True)
    created_at = models.DateTimeField(_("created"), db_default=Now(), editable=False)
    sent_at = models.DateTimeField(_("sent"), null=True, blank=True)

    objects = DeliveryQuerySet.as_manager()

    class Meta:
        verbose_name = _("delivery")
        verbose_name_plural = _("deliveries")
        indexes = [
            models.Index(fields=["not_before", "id"], condition=Q(state=DeliveryState.QUEUED), name="delivery_waiting")
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["notification", "user", "channel"], name="delivery_is_one_per_recipient_and_channel"
            ),
            models.CheckConstraint(condition=Q(state__in=DeliveryState.values), name="delivery_state_is_known"),
            models.CheckConstraint(
                condition=~Q(state=DeliveryState.SENT) | Q(sent_at__isnull=False), name="delivery_sent_says_when"
            ),
            models.CheckConstraint(
                condition=~Q(state=DeliveryState.FAILED) | ~Q(error=""), name="delivery_failed_says_why"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} · {self.get_channel_display()} · {self.get_state_display()}"
