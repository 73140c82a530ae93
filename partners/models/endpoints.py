"""Where other systems want to be called when there is something to tell."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from partners.access import Access, ScopedQuerySet
from partners.enums import Permission
from partners.models.people import Partner, User


class WebhookEndpointQuerySet(ScopedQuerySet["WebhookEndpoint"]):
    def active(self) -> WebhookEndpointQuerySet:
        return self.filter(is_active=True)


class WebhookEndpoint(models.Model):
    """An address that is called by Standard Webhooks 1.0. It hears no more than its owner may.

    `secret`: the present one and, during a rotation, the one before, sealed (partners.services.secrets).
    `closed_until`: after some failures in a row it is left alone for a while.
    """

    access: ClassVar[Access] = Access(
        paths=("partner",), view=Permission.MANAGE_MEMBERS, change=Permission.MANAGE_MEMBERS
    )

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="endpoints", verbose_name=_("owner"))
    partner = models.ForeignKey(
        Partner,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="endpoints",
        verbose_name=_("partner"),
        help_text=_("Empty for the house: all partners"),
    )
    url = models.URLField(_("address"), max_length=500)
    secret = models.BinaryField(editable=False)
    is_active = models.BooleanField(_("active"), default=True)
    disabled_because = models.CharField(_("disabled because"), max_length=200, blank=True)
    failures = models.PositiveIntegerField(_("failures in a row"), default=0)
    closed_until = models.DateTimeField(_("left alone until"), null=True, blank=True)
    delivered = models.PositiveBigIntegerField(_("delivered"), default=0)
    last_success_at = models.DateTimeField(_("last success"), null=True, blank=True)
    last_failure_at = models.DateTimeField(_("last failure"), null=True, blank=True)
    last_error = models.CharField(_("last error"), max_length=500, blank=True)
    created_at = models.DateTimeField(_("created"), db_default=Now(), editable=False)

    objects = WebhookEndpointQuerySet.as_manager()

    class Meta:
        verbose_name = _("webhook endpoint")
        verbose_name_plural = _("webhook endpoints")
        constraints = [
            models.UniqueConstraint(
                fields=["user", "partner", "url"],
                nulls_distinct=False,
                name="endpoint_is_entered_once",
                violation_error_message=_("This address is entered already."),
            ),
            models.CheckConstraint(
                condition=Q(is_active=True, disabled_because="") | (Q(is_active=False) & ~Q(disabled_because="")),
                name="endpoint_disabled_says_why",
            ),
        ]

    def __str__(self) -> str:
        return self.url
