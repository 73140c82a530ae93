"""Organisations, the people who act for them, and the keys of their systems."""

from __future__ import annotations

import uuid
from datetime import time
from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower, Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from partners.access import INTERNAL, Access, GroupGrantBase, ScopedQuerySet, UserGrantBase
from partners.enums import (
    Clock,
    IdentifierScheme,
    PartnerKind,
    Permission,
    Role,
    Scope,
    UserKind,
)

MORNING = time(7)


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
    quiet_from = models.TimeField(_("no mail from"), null=True, blank=True)
    quiet_until = models.TimeField(_("until"), null=True, blank=True, help_text=_("By the person's own clock"))
    hears_critical = models.BooleanField(
        _("critical problems come in quiet hours too"), default=False, db_default=False
    )
    digest_at = models.TimeField(_("daily digest at"), default=MORNING, db_default=MORNING)
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
            models.CheckConstraint(
                condition=Q(quiet_from=None, quiet_until=None)
                | (Q(quiet_from__isnull=False, quiet_until__isnull=False) & ~Q(quiet_from=F("quiet_until"))),
                name="user_quiet_hours_begin_and_end",
                violation_error_message=_("Quiet hours need a beginning and another end, or neither."),
            ),
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
