"""Organisations, the people who act for them, and what those want to hear."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower, Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from partners.access import INTERNAL, Access, GroupGrantBase, ScopedQuerySet, UserGrantBase
from partners.enums import (
    Channel,
    Clock,
    DeliveryState,
    IdentifierScheme,
    PartnerKind,
    Permission,
    Role,
    Scope,
    Topic,
    UserKind,
)


class UserQuerySet(ScopedQuerySet["User"]):
    def people(self) -> UserQuerySet:
        return self.exclude(kind=UserKind.SERVICE)


class UserManager(BaseUserManager.from_queryset(UserQuerySet)):  # type: ignore[misc]
    def get_by_natural_key(self, username: str | None) -> User:
        user: User = self.get(email__iexact=username)
        return user

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> User:
        user: User = self.model(email=self.normalize_email(email), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> User:
        return self.create_user(email, password, kind=UserKind.INTERNAL, is_staff=True, is_superuser=True, **fields)


class User(AbstractBaseUser, PermissionsMixin):
    """A person, or the account an API key acts as (kind `service`), so that grants and audit work alike for both."""

    access: ClassVar[Access] = Access(paths=("memberships__partner",), view=Permission.MANAGE_MEMBERS)

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    email = models.EmailField(_("e-mail"), max_length=254, unique=True)
    name = models.CharField(_("name"), max_length=150, blank=True)
    kind = models.CharField(_("kind"), max_length=16, choices=UserKind.choices, default=UserKind.PARTNER)
    language = models.CharField(_("language"), max_length=16, default="en")
    time_zone = models.CharField(
        _("time zone"), max_length=64, default="UTC", help_text=_("IANA name, such as Europe/Berlin")
    )
    clock = models.CharField(_("times are shown in"), max_length=8, choices=Clock.choices, default=Clock.PLACE)
    is_staff = models.BooleanField(_("may use the console"), default=False)
    is_active = models.BooleanField(_("active"), default=True)
    joined_at = models.DateTimeField(_("joined"), default=timezone.now, editable=False)

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        verbose_name = _("user")
        verbose_name_plural = _("users")
        constraints = [
            models.UniqueConstraint(
                Lower("email"),
                name="user_email_is_unique_in_any_case",
                violation_error_message=_("This e-mail address is already in use."),
            ),
            models.CheckConstraint(
                condition=Q(is_staff=False) | Q(kind=UserKind.INTERNAL),
                name="user_in_console_is_internal",
                violation_error_message=_("Only internal people may use the console."),
            ),
            models.CheckConstraint(
                condition=Q(is_superuser=False) | Q(kind=UserKind.INTERNAL),
                name="user_with_all_rights_is_internal",
                violation_error_message=_("Only internal people may hold all rights."),
            ),
            models.CheckConstraint(condition=Q(kind__in=UserKind.values), name="user_kind_is_known"),
            models.CheckConstraint(condition=Q(clock__in=Clock.values), name="user_clock_is_known"),
        ]

    def __str__(self) -> str:
        return self.name or self.email

    def get_full_name(self) -> str:
        return self.name or self.email


class PartnerQuerySet(ScopedQuerySet["Partner"]):
    def active(self) -> PartnerQuerySet:
        return self.filter(is_active=True)


class Partner(models.Model):
    """An organisation in the chain. One partner can play several roles on different shipments."""

    access: ClassVar[Access] = Access(paths=("self",), view=Permission.VIEW_PARTNER, change=Permission.MANAGE_MEMBERS)

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    code = models.CharField(_("code"), max_length=32, unique=True)
    name = models.CharField(_("name"), max_length=200)
    kinds = ArrayField(models.CharField(max_length=24, choices=PartnerKind.choices), verbose_name=_("kinds"))
    country = models.CharField(_("country"), max_length=2, blank=True, help_text=_("ISO 3166-1 alpha-2"))
    time_zone = models.CharField(_("time zone"), max_length=64, blank=True)
    language = models.CharField(_("language"), max_length=16, default="en")
    billing_currency = models.CharField(_("billing currency"), max_length=3, default="EUR")
    billing_address = models.TextField(_("billing address"), blank=True, max_length=1000)
    payment_days = models.PositiveSmallIntegerField(_("payment days"), default=30)
    is_active = models.BooleanField(_("active"), default=True)
    created_at = models.DateTimeField(_("created"), db_default=Now(), editable=False)

    objects = PartnerQuerySet.as_manager()

    class Meta:
        verbose_name = _("partner")
        verbose_name_plural = _("partners")
        permissions = [
            *((p.value, p.label) for p in Permission if p != Permission.VIEW_PARTNER),
            ("see_all_partners", _("May see the rows of all partners")),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(kinds__contained_by=PartnerKind.values) & Q(kinds__len__gt=0),
                name="partner_has_known_kinds",
                violation_error_message=_("A partner needs at least one kind from the list."),
            ),
            models.CheckConstraint(
                condition=Q(code__regex=r"^[A-Z0-9][A-Z0-9_.-]{0,31}$"),
                name="partner_code_is_plain",
                violation_error_message=_("A code has capital letters, digits, dots, dashes and underscores only."),
            ),
            models.CheckConstraint(
                condition=Q(country="") | Q(country__regex=r"^[A-Z]{2}$"),
                name="partner_country_is_iso_3166",
                violation_error_message=_("A country is two capital letters (ISO 3166)."),
            ),
        ]

    def __str__(self) -> str:
        return self.name


class PartnerUserGrant(UserGrantBase):
    """Guardian's direct-key grant of a person on a partner: it dies with the partner."""

    access: ClassVar[Access] = INTERNAL
    content_object = models.ForeignKey(Partner, on_delete=models.CASCADE)


class PartnerGroupGrant(GroupGrantBase):
    """Guardian's direct-key grant of a group on a partner."""

    access: ClassVar[Access] = INTERNAL
    content_object = models.ForeignKey(Partner, on_delete=models.CASCADE)


class PartnerIdentifier(models.Model):
    """What the outside calls a partner: SCAC, IATA code, tax number, EORI, GLN."""

    access: ClassVar[Access] = Access(
        paths=("partner",), view=Permission.VIEW_PARTNER, change=Permission.MANAGE_MEMBERS
    )

    partner = models.ForeignKey(
        Partner, on_delete=models.CASCADE, related_name="identifiers", verbose_name=_("partner")
    )
    scheme = models.CharField(_("scheme"), max_length=16, choices=IdentifierScheme.choices)
    value = models.CharField(_("value"), max_length=64)

    objects = ScopedQuerySet["PartnerIdentifier"].as_manager()

    class Meta:
        verbose_name = _("identifier")
        verbose_name_plural = _("identifiers")
        constraints = [
            models.UniqueConstraint(
                fields=["scheme", "value"],
                name="identifier_names_one_partner",
                violation_error_message=_("Another partner has this identifier."),
            ),
            models.CheckConstraint(condition=Q(scheme__in=IdentifierScheme.values), name="identifier_scheme_is_known"),
        ]

    def __str__(self) -> str:
        return f"{self.get_scheme_display()} {self.value}"


class Membership(models.Model):
    """(person, partner, role). The grants on the partner follow it, written by the same service."""

    access: ClassVar[Access] = Access(
        paths=("partner",), view=Permission.MANAGE_MEMBERS, change=Permission.MANAGE_MEMBERS
    )

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships", verbose_name=_("user"))
    partner = models.ForeignKey(
        Partner, on_delete=models.CASCADE, related_name="memberships", verbose_name=_("partner")
    )
    role = models.CharField(_("role"), max_length=16, choices=Role.choices)

    objects = ScopedQuerySet["Membership"].as_manager()

    class Meta:
        verbose_name = _("membership")
        verbose_name_plural = _("memberships")
        constraints = [
            models.UniqueConstraint(fields=["user", "partner"], name="membership_is_one_per_partner"),
            models.CheckConstraint(condition=Q(role__in=Role.values), name="membership_role_is_known"),
        ]

    def __str__(self) -> str:
        return f"{self.user} · {self.partner} · {self.get_role_display()}"


class ApiKeyQuerySet(ScopedQuerySet["ApiKey"]):
    def usable(self) -> ApiKeyQuerySet:
        return self.filter(
            Q(expires_at=None) | Q(expires_at__gt=Now()), revoked_at=None, partner__is_active=True, user__is_active=True
        )


class ApiKey(models.Model):
    """A key of a partner's system. Only its SHA-256 is kept; it acts as its own service user."""

    access: ClassVar[Access] = Access(
        paths=("partner",), view=Permission.MANAGE_MEMBERS, change=Permission.MANAGE_MEMBERS
    )

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    partner = models.ForeignKey(Partner, on_delete=models.CASCADE, related_name="api_keys", verbose_name=_("partner"))
    user = models.OneToOneField(User, on_delete=models.PROTECT, related_name="api_key", verbose_name=_("service user"))
    name = models.CharField(_("name"), max_length=100)
    prefix = models.CharField(_("prefix"), max_length=12, unique=True)
    digest = models.CharField(_("digest"), max_length=64, unique=True, editable=False)
    scopes = ArrayField(models.CharField(max_length=16, choices=Scope.choices), verbose_name=_("scopes"))
    created_at = models.DateTimeField(_("created"), db_default=Now(), editable=False)
    expires_at = models.DateTimeField(_("expires"), null=True, blank=True)
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True)
    last_used_at = models.DateTimeField(_("last used"), null=True, blank=True)

    objects = ApiKeyQuerySet.as_manager()

    class Meta:
        verbose_name = _("API key")
        verbose_name_plural = _("API keys")
        constraints = [
            models.CheckConstraint(
                condition=Q(scopes__contained_by=Scope.values) & Q(scopes__len__gt=0), name="api_key_has_known_scopes"
            ),
            models.UniqueConstraint(fields=["partner", "name"], name="api_key_name_is_unique_per_partner"),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"


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
