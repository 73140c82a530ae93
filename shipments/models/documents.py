"""Papers of a shipment, and what the shipment was before it was changed."""

from __future__ import annotations

import uuid
from typing import ClassVar, Self

from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from partners.access import Access, ScopedQuerySet, granted_partners, sees_all
from partners.enums import Permission
from partners.models import User
from shipments.enums import DocumentAudience, DocumentType, PartyRole
from shipments.models.shipments import VIA_PARTIES, Shipment, ShipmentParty


class DocumentQuerySet(ScopedQuerySet["Document"]):
    """Who sees a paper is decided in `for_user`, for every door alike."""

    def standing(self) -> Self:
        """Those that nobody has withdrawn."""
        return self.filter(withdrawn_at=None)

    def without_body(self) -> Self:
        return self.defer("body")

    def for_user(self, user: User | AnonymousUser, action: str = "view") -> Self:
        """The house sees all. Others see, of shipments within their scope and while it stands, what is for their role
        and what they filed themselves; they may change (withdraw) only the latter, while they may file papers."""
        if not user.is_authenticated or sees_all(user):
            return super().for_user(user, action)
        if action == "view":
            return super().for_user(user).standing().filter(Q(received_by=user) | self._shown_to(user))
        filing = super().for_user(user, Permission.REPORT_EVENTS) | super().for_user(user, Permission.CHANGE_SHIPMENTS)
        return filing.standing().filter(received_by=user)

    def _shown_to(self, user: User) -> Q:
        """PARTNER is for who plays another role on the shipment than its customer."""
        granted = granted_partners(user, Permission.VIEW_SHIPMENTS).values("pk")
        working = ShipmentParty.objects.filter(partner__in=granted).exclude(role=PartyRole.CUSTOMER)
        partly = Q(audience=DocumentAudience.PARTNER, shipment__in=working.values("shipment"))
        return Q(audience=DocumentAudience.CUSTOMER) | partly


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

    `facts`, as shipments.services.pasts writes them, once in a transaction:
    {"dates": {"booked_at", "cargo_ready_at", "cut_off_at", "etd", "eta": ISO 8601 instant or null},
    "type", "mode", "service": their codes ("" for no service), "origin", "destination": ids of Location,
    "cancelled": bool,
    "legs": [{"sequence", "mode", "carrier": id of Partner or null, "origin", "destination": ids of Location,
    "vessel_name", "vessel_imo", "voyage", "flight", "vehicle", "etd", "eta"}] by sequence,
    "units": [{"kind", "number", "key", "iso_type"}] by key}.
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
