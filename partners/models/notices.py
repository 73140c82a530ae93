"""Who wants to hear of what, what there was to tell, and its way to each of them."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from partners.access import Access, ScopedQuerySet, granted_partners, sees_all
from partners.enums import TOPIC_PERMISSIONS, Channel, DeliveryState, Digest, Permission, Topic
from partners.models.endpoints import WebhookEndpoint
from partners.models.people import Partner, User


class Subscription(models.Model):
    """Who wants to hear of what, for which partner or of which shipment, by which channel.

    `kinds`: only those of the topic (codes of milestones, kinds of exceptions); empty: all. `threshold`: only what is
    at least so large (partners.stories.Story.size); 0: all.
    """

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
    subject = models.CharField(
        _("only of"),
        max_length=100,
        blank=True,
        default="",
        db_default="",
        help_text=_("One shipment that is followed, as shipment:<uuid>; empty: all"),
    )
    topic = models.CharField(_("topic"), max_length=32, choices=Topic.choices)
    channel = models.CharField(_("channel"), max_length=16, choices=Channel.choices, default=Channel.EMAIL)
    endpoint = models.ForeignKey(
        WebhookEndpoint,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="subscriptions",
        verbose_name=_("endpoint"),
    )
    digest = models.CharField(
        _("how often"), max_length=16, choices=Digest.choices, default=Digest.AT_ONCE, db_default=Digest.AT_ONCE
    )
    kinds = ArrayField(
        models.CharField(max_length=64), verbose_name=_("only these kinds"), default=list, blank=True, db_default=[]
    )
    threshold = models.PositiveIntegerField(_("only from this size on"), default=0, db_default=0)
    created_at = models.DateTimeField(_("created"), db_default=Now(), editable=False)

    objects = ScopedQuerySet["Subscription"].as_manager()

    class Meta:
        verbose_name = _("subscription")
        verbose_name_plural = _("subscriptions")
        constraints = [
            models.UniqueConstraint(
                fields=["user", "partner", "subject", "topic", "channel", "endpoint"],
                nulls_distinct=False,
                name="subscription_is_one_per_topic_and_way",
            ),
            models.CheckConstraint(condition=Q(topic__in=Topic.values), name="subscription_topic_is_known"),
            models.CheckConstraint(condition=Q(channel__in=Channel.values), name="subscription_channel_is_known"),
            models.CheckConstraint(
                condition=Q(digest=Digest.AT_ONCE) | Q(channel=Channel.EMAIL, digest__in=Digest.values),
                name="subscription_digest_is_by_mail",
                violation_error_message=_("Only mails are gathered into one letter."),
            ),
            models.CheckConstraint(
                condition=Q(channel=Channel.WEBHOOK, endpoint__isnull=False)
                | (~Q(channel=Channel.WEBHOOK) & Q(endpoint=None)),
                name="subscription_of_webhook_names_endpoint",
                violation_error_message=_("A webhook needs its endpoint, and nothing else has one."),
            ),
            models.CheckConstraint(
                condition=Q(subject="") | Q(subject__regex=r"^shipment:[0-9a-f-]{36}$"),
                name="subscription_follows_a_shipment",
                violation_error_message=_("Only a shipment can be followed."),
            ),
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
    kind = models.CharField(_("kind"), max_length=64, blank=True, default="", db_default="")
    size = models.IntegerField(
        _("size"), default=0, db_default=0, help_text=_("Severity from 1 low to 4 critical, or minutes")
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

    def failed(self) -> DeliveryQuerySet:
        return self.filter(state=DeliveryState.FAILED)

    def standing_for(self, user: User) -> DeliveryQuerySet:
        """What stands on the screen of `user`, of that which the person may still know today."""
        known = Q(pk__in=[])
        for permission in sorted(set(TOPIC_PERMISSIONS.values())):
            topics = [topic for topic, needed in TOPIC_PERMISSIONS.items() if needed == permission]
            mine = Q(partner__in=granted_partners(user, permission).values("pk")) & Exists(
                NotificationAudience.objects.filter(notification=OuterRef("notification"), partner=OuterRef("partner"))
            )
            if sees_all(user) and user.has_perm(f"partners.{permission}"):
                mine |= Q(partner=None)
            known |= Q(notification__topic__in=topics) & mine
        return self.filter(known, user=user, channel=Channel.IN_APP, state=DeliveryState.SENT)

    def unread(self) -> DeliveryQuerySet:
        return self.filter(read_at=None)


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
    endpoint = models.ForeignKey(
        WebhookEndpoint,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="deliveries",
        verbose_name=_("endpoint"),
        db_index=False,
    )
    state = models.CharField(_("state"), max_length=16, choices=DeliveryState.choices, default=DeliveryState.QUEUED)
    message_id = models.UUIDField(
        _("message id"), default=uuid.uuid4, unique=True, editable=False, help_text=_("The same over all attempts")
    )
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    not_before = models.DateTimeField(_("not before"), db_default=Now())
    window_at = models.DateTimeField(
        _("digest of"), null=True, blank=True, help_text=_("What has the same end goes out in one letter")
    )
    lease_until = models.DateTimeField(null=True, blank=True, editable=False)
    lease_token = models.UUIDField(null=True, blank=True, editable=False)
    error = models.TextField(_("error"), blank=True)
    created_at = models.DateTimeField(_("created"), db_default=Now(), editable=False)
    sent_at = models.DateTimeField(_("sent"), null=True, blank=True)
    read_at = models.DateTimeField(_("read"), null=True, blank=True)

    objects = DeliveryQuerySet.as_manager()

    class Meta:
        verbose_name = _("delivery")
        verbose_name_plural = _("deliveries")
        indexes = [
            models.Index(fields=["not_before", "id"], condition=Q(state=DeliveryState.QUEUED), name="delivery_waiting"),
            models.Index(
                fields=["user", "-id"],
                condition=Q(channel=Channel.IN_APP, state=DeliveryState.SENT),
                name="delivery_on_screen",
            ),
            models.Index(
                fields=["user", "id"],
                condition=Q(channel=Channel.IN_APP, state=DeliveryState.SENT, read_at=None),
                name="delivery_unread",
            ),
            models.Index(
                fields=["user", "window_at", "id"],
                condition=Q(state=DeliveryState.QUEUED, window_at__isnull=False),
                name="delivery_of_window",
            ),
            models.Index(fields=["-id"], condition=Q(state=DeliveryState.FAILED), name="delivery_failed"),
            models.Index(fields=["endpoint", "-id"], condition=Q(endpoint__isnull=False), name="delivery_of_endpoint"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["notification", "user", "channel", "endpoint"],
                nulls_distinct=False,
                name="delivery_is_one_per_recipient_and_way",
            ),
            models.CheckConstraint(condition=Q(channel__in=Channel.values), name="delivery_channel_is_known"),
            models.CheckConstraint(
                condition=Q(channel=Channel.WEBHOOK, endpoint__isnull=False)
                | (~Q(channel=Channel.WEBHOOK) & Q(endpoint=None)),
                name="delivery_by_webhook_names_endpoint",
            ),
            models.CheckConstraint(
                condition=Q(read_at=None) | Q(channel=Channel.IN_APP), name="delivery_read_stands_on_screen"
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
