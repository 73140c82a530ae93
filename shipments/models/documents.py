"""Papers of a shipment, and what the shipment was before it was changed."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from partners.access import Access, ScopedQuerySet
from partners.models import User
from shipments.enums import DocumentAudience, DocumentType
from shipments.models.shipments import VIA_PARTIES, Shipment


class DocumentQuerySet(ScopedQuerySet["Document"]):
    def standing(self) -> DocumentQuerySet:
        """Those that nobody has withdrawn."""
        return self.filter(withdrawn_at=None)


class Document(models.Model):
    """One paper of a shipment, exactly as it was given. It is withdrawn with a reason, never deleted."""

    access: ClassVar[Access] = VIA_PARTIES

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    shipment = models.ForeignKey(
        Shipment, on_delete=models.PROTECT, related_name="documents", verbose_name=_("shipment")
    )
    type = models.CharField(_("type"), max_length=24, choices=DocumentType.choices)
    name = models.CharField(_("file name"), max_length=200)
    content_type = models.CharField(_("content type"), max_length=100)
    size = models.PositiveIntegerField(_("bytes"))
    digest = models.CharField(_("SHA-256"), max_length=64, editable=False)
    body = models.BinaryField(editable=False)
    audience = models.CharField(
        _("who may see it"), max_length=16, choices=DocumentAudience.choices, default=DocumentAudience.INTERNAL
    )
    received_at = models.DateTimeField(_("received"), db_default=Now(), editable=False)
    received_by = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("received by")
    )
    withdrawn_at = models.DateTimeField(_("withdrawn"), null=True, blank=True)
    withdrawn_by = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("withdrawn by")
    )
    withdraw_reason = models.CharField(_("reason"), max_length=300, blank=True)

    objects = DocumentQuerySet.as_manager()

    class Meta:
        verbose_name = _("document")
        verbose_name_plural = _("documents")
        constraints = [
            models.UniqueConstraint(
                fields=["shipment", "type", "digest"],
                condition=Q(withdrawn_at=None),
                name="document_is_filed_once",
                violation_error_message=_("This file is there already."),
            ),
            models.CheckConstraint(condition=Q(type__in=DocumentType.values), name="document_type_is_known"),
            models.CheckConstraint(
                condition=Q(audience__in=DocumentAudience.values), name="document_audience_is_known"
            ),
            models.CheckConstraint(
                condition=Q(withdrawn_at=None) | ~Q(withdraw_reason=""), name="document_withdrawn_says_why"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class ShipmentPast(models.Model):
    """What the rules knew of a shipment until it was changed. A shipment that was never changed has none.

    `facts`: {"dates": {anchor: ISO instant or null}, "type", "mode", "service", "origin", "destination", "cancelled",
    "legs": [...], "units": [...]} as shipments.services.pasts writes them.
    """

    access: ClassVar[Access] = VIA_PARTIES

    shipment = models.ForeignKey(Shipment, on_delete=models.CASCADE, related_name="pasts", verbose_name=_("shipment"))
    until = models.DateTimeField(_("until"))
    changed_by = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("changed by")
    )
    facts = models.JSONField(_("facts"), default=dict)

    objects = ScopedQuerySet["ShipmentPast"].as_manager()

    class Meta:
        verbose_name = _("earlier state of a shipment")
        verbose_name_plural = _("earlier states of shipments")
        indexes = [models.Index(fields=["shipment", "until"], name="past_by_shipment")]

    def __str__(self) -> str:
        return f"{self.shipment_id} until {self.until:%Y-%m-%d %H:%M}"
