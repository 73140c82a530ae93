"""How messages come in by themselves, and what goes back: connections, their runs, receipts, acknowledgements."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from partners.access import Access, ScopedQuerySet
from partners.enums import Permission
from partners.models import User
from shipments.enums import ConnectionKind, UploadState
from shipments.models.messages import Message, Source

VIA_SOURCE = Access(paths=("source__partner",), view=Permission.MANAGE_MEMBERS, change=Permission.MANAGE_MEMBERS)
_VIA_CONNECTION = Access(paths=("connection__source__partner",), view=Permission.MANAGE_MEMBERS)
_VIA_REPORTER = Access(paths=("source__partner",), view=Permission.REPORT_EVENTS, change=Permission.REPORT_EVENTS)


class ConnectionQuerySet(ScopedQuerySet["Connection"]):
    def active(self) -> ConnectionQuerySet:
        return self.filter(is_active=True, source__is_active=True)


class Connection(models.Model):
    """Where a source's messages come from without a person: a webhook they call, or a place that we look into.

    `settings`: as the kind's module in `shipments/connections/` says. `secret`: encrypted JSON, never shown. `cursor`:
    how far we have got. A place is looked into when `not_before` is past and nobody holds the lease.
    """

    access: ClassVar[Access] = VIA_SOURCE

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    source = models.ForeignKey(Source, on_delete=models.PROTECT, related_name="connections", verbose_name=_("source"))
    kind = models.CharField(_("kind"), max_length=16, choices=ConnectionKind.choices)
    settings = models.JSONField(_("settings"), default=dict, blank=True)
    secret = models.BinaryField(default=b"", db_default=b"", editable=False)
    is_active = models.BooleanField(_("active"), default=True)
    every_seconds = models.PositiveIntegerField(_("every (seconds)"), default=300)
    created_at = models.DateTimeField(_("created"), db_default=Now(), editable=False)

    state = models.CharField(max_length=16, default="due", db_default="due", editable=False)
    cursor = models.JSONField(default=dict, db_default={}, editable=False)
    not_before = models.DateTimeField(_("next"), db_default=Now(), editable=False)
    lease_until = models.DateTimeField(null=True, blank=True, editable=False)
    lease_token = models.UUIDField(null=True, blank=True, editable=False)
    attempts = models.PositiveIntegerField(_("failures in a row"), db_default=0, editable=False)
    last_success_at = models.DateTimeField(_("last success"), null=True, blank=True, editable=False)
    last_error = models.CharField(_("last error"), max_length=500, blank=True, db_default="", editable=False)
    refused = models.PositiveIntegerField(
        _("refused"), db_default=0, editable=False, help_text=_("Calls with a wrong signature or a stale time")
    )

    objects = ConnectionQuerySet.as_manager()

    class Meta:
        verbose_name = _("connection")
        verbose_name_plural = _("connections")
        indexes = [models.Index(fields=["not_before", "id"], condition=Q(is_active=True), name="connection_due")]
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=ConnectionKind.values), name="connection_kind_is_known"),
            models.CheckConstraint(
                condition=Q(every_seconds__gte=5, every_seconds__lte=86_400 * 7),
                name="connection_interval_is_sensible",
                violation_error_message=_("Between 5 seconds and a week."),
            ),
            models.CheckConstraint(condition=Q(state="due"), name="connection_state_is_due"),
        ]

    def __str__(self) -> str:
        return f"{self.source} · {self.get_kind_display()}"


class ConnectionRun(models.Model):
    """One look into a connection's place, or one refused call of a webhook."""

    access: ClassVar[Access] = _VIA_CONNECTION

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="runs")
    started_at = models.DateTimeField(_("started"), db_default=Now(), editable=False)
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)
    received = models.PositiveIntegerField(_("messages"), default=0)
    duplicates = models.PositiveIntegerField(_("duplicates"), default=0)
    error = models.CharField(_("error"), max_length=500, blank=True)

    objects = ScopedQuerySet["ConnectionRun"].as_manager()

    class Meta:
        verbose_name = _("run of a connection")
        verbose_name_plural = _("runs of connections")
        indexes = [models.Index(fields=["connection", "-id"], name="connection_run_newest")]
        constraints = [
            models.CheckConstraint(
                condition=Q(ended_at=None) | Q(ended_at__gte=models.F("started_at")), name="connection_run_ends_after"
            )
        ]

    def __str__(self) -> str:
        return f"{self.connection_id} @ {self.started_at}"


class WebhookReceipt(models.Model):
    """A signed call that was taken: the same id again is answered the same, and with another body it is refused."""

    access: ClassVar[Access] = _VIA_CONNECTION

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="receipts")
    call_id = models.CharField(_("id of the call"), max_length=255)
    digest = models.CharField(_("SHA-256"), max_length=64)
    message = models.ForeignKey(Message, on_delete=models.DO_NOTHING, db_constraint=False, related_name="+")
    received_at = models.DateTimeField(_("received"), db_default=Now(), editable=False)

    objects = ScopedQuerySet["WebhookReceipt"].as_manager()

    class Meta:
        verbose_name = _("receipt of a webhook")
        indexes = [models.Index(fields=["received_at"], name="webhook_receipt_by_age")]
        constraints = [
            models.UniqueConstraint(fields=["connection", "call_id"], name="webhook_call_is_taken_once"),
            models.CheckConstraint(condition=~Q(call_id=""), name="webhook_receipt_names_its_call"),
        ]

    def __str__(self) -> str:
        return self.call_id


class ControlNumber(models.Model):
    """A number of a sender, and the first interchange that it stands for. Other content under it is doubtful."""

    access: ClassVar[Access] = VIA_SOURCE

    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="+")
    standard = models.CharField(max_length=8, help_text="x12 or edifact")
    sender = models.CharField(max_length=35)
    number = models.CharField(max_length=14)
    digest = models.CharField(max_length=64, help_text="SHA-256 of the interchange's segments")
    message = models.ForeignKey(Message, on_delete=models.DO_NOTHING, db_constraint=False, related_name="+")
    seen_at = models.DateTimeField(db_default=Now(), editable=False)

    objects = ScopedQuerySet["ControlNumber"].as_manager()

    class Meta:
        verbose_name = _("control number")
        constraints = [
            models.UniqueConstraint(
                fields=["source", "standard", "sender", "number"],
                name="control_number_is_noted_once",
            ),
            models.CheckConstraint(
                condition=Q(standard__in=["x12", "edifact"]), name="control_number_standard_is_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.standard} {self.sender} {self.number}"


class Acknowledgement(models.Model):
    """What we answer to an interchange: a 997 or CONTRL, made once, kept, and fetched or put where they look."""

    access: ClassVar[Access] = Access(paths=("message__source__partner",), view=Permission.REPORT_EVENTS)

    message = models.OneToOneField(
        Message, on_delete=models.DO_NOTHING, db_constraint=False, related_name="acknowledgement"
    )
    kind = models.CharField(_("kind"), max_length=8, help_text=_("997 or CONTRL"))
    body = models.BinaryField(_("content"), editable=False)
    is_accepted = models.BooleanField(_("accepts"))
    created_at = models.DateTimeField(_("created"), db_default=Now(), editable=False)
    handed_over_at = models.DateTimeField(_("handed over"), null=True, blank=True)

    objects = ScopedQuerySet["Acknowledgement"].as_manager()

    class Meta:
        verbose_name = _("acknowledgement")
        verbose_name_plural = _("acknowledgements")
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=["997", "CONTRL"]), name="acknowledgement_kind_is_known")
        ]

    def __str__(self) -> str:
        return f"{self.kind} → {self.message_id}"


class Upload(models.Model):
    """A table that a person has handed in and looks at before it is imported. Nothing is reported by it until then.

    `report`: what the check found, {"rows", "ready", "problems": [{"row", "field", "value", "message"}], ...}.
    """

    access: ClassVar[Access] = _VIA_REPORTER

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    source = models.ForeignKey(Source, on_delete=models.PROTECT, related_name="uploads", verbose_name=_("source"))
    filename = models.CharField(_("file name"), max_length=255, blank=True)
    raw = models.BinaryField(_("content"), editable=False)
    column_mapping = models.JSONField(_("column mapping"), default=dict, blank=True)
    report = models.JSONField(_("report"), default=dict, blank=True)
    state = models.CharField(_("state"), max_length=16, choices=UploadState.choices, default=UploadState.CHECKED)
    message = models.ForeignKey(
        Message, on_delete=models.DO_NOTHING, db_constraint=False, null=True, blank=True, related_name="uploads"
    )
    created_at = models.DateTimeField(_("created"), db_default=Now(), editable=False)
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", verbose_name=_("created by"))

    objects = ScopedQuerySet["Upload"].as_manager()

    class Meta:
        verbose_name = _("upload")
        verbose_name_plural = _("uploads")
        indexes = [models.Index(fields=["source", "-id"], name="upload_newest")]
        constraints = [
            models.CheckConstraint(condition=Q(state__in=UploadState.values), name="upload_state_is_known"),
            models.CheckConstraint(
                condition=Q(state__in=[UploadState.CHECKING, UploadState.CHECKED, UploadState.DISCARDED])
                | Q(message__isnull=False),
                name="upload_imported_names_its_message",
            ),
        ]

    def __str__(self) -> str:
        return self.filename or str(self.public_id)
