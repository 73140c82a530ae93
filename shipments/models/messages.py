"""Feeds, and what came in by them, exactly as it came in."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from partners.access import Access, ScopedQuerySet
from partners.enums import Permission
from partners.models import Partner, User
from shipments.enums import Format, MessageState, Transport


class SourceQuerySet(ScopedQuerySet["Source"]):
    def active(self) -> SourceQuerySet:
        return self.filter(is_active=True)


class Source(models.Model):
    """A feed: who sends, in which format, how much we trust it, what zone its bare local times are in."""

    access: ClassVar[Access] = Access(
        paths=("partner",), view=Permission.REPORT_EVENTS, change=Permission.MANAGE_MEMBERS
    )

    code = models.CharField(_("code"), max_length=32, unique=True)
    partner = models.ForeignKey(Partner, on_delete=models.PROTECT, related_name="sources", verbose_name=_("partner"))
    format = models.CharField(_("format"), max_length=16, choices=Format.choices)
    transport = models.CharField(_("transport"), max_length=16, choices=Transport.choices, default=Transport.API)
    time_zone = models.CharField(
        _("default time zone"),
        max_length=64,
        blank=True,
        help_text=_("For local times of unknown places; empty: assume UTC and say so"),
    )
    trust = models.PositiveSmallIntegerField(
        _("trust"), default=50, help_text=_("0 to 100; the higher one wins a conflict")
    )
    latency_minutes = models.PositiveIntegerField(
        _("usual delay in minutes"), default=240, help_text=_("How long after an event this source usually reports it")
    )
    column_mapping = models.JSONField(
        _("column mapping"), default=dict, blank=True, help_text=_("For tables: our field → their column")
    )
    reading = models.JSONField(
        _("reading options"),
        default=dict,
        db_default={},
        blank=True,
        help_text=_('Such as {"treat_standard_as_local": true}; each format says which it knows'),
    )
    sender_ids = ArrayField(
        models.CharField(max_length=35),
        default=list,
        db_default=[],
        blank=True,
        verbose_name=_("sender ids"),
        help_text=_("Envelope ids (ISA06, UNB) this source may use; what says otherwise is quarantined. Empty: any"),
    )
    checks_control_numbers = models.BooleanField(
        _("checks control numbers"),
        default=True,
        db_default=True,
        help_text=_("Quarantine an interchange whose number came before with other content"),
    )
    acknowledges = models.BooleanField(
        _("acknowledges"),
        default=False,
        db_default=False,
        help_text=_("Answer each interchange with a 997 or CONTRL"),
    )
    is_active = models.BooleanField(_("active"), default=True)
    created_at = models.DateTimeField(_("created"), db_default=Now(), editable=False)

    objects = SourceQuerySet.as_manager()

    class Meta:
        verbose_name = _("source")
        verbose_name_plural = _("sources")
        constraints = [
            models.CheckConstraint(
                condition=Q(trust__lte=100),
                name="source_trust_is_0_to_100",
                violation_error_message=_("Trust is a number from 0 to 100."),
            ),
            models.CheckConstraint(condition=Q(format__in=Format.values), name="source_format_is_known"),
            models.CheckConstraint(condition=Q(transport__in=Transport.values), name="source_transport_is_known"),
            models.CheckConstraint(
                condition=Q(code__regex=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,31}$"), name="source_code_is_plain"
            ),
        ]

    def __str__(self) -> str:
        return self.code

    @property
    def options(self) -> dict[str, Any]:
        """What its parser is told beside the bytes: reading options, and for tables the column mapping."""
        return {**self.reading, **self.column_mapping}


class MessageQuerySet(ScopedQuerySet["Message"]):
    def waiting(self) -> MessageQuerySet:
        return self.filter(state=MessageState.RECEIVED)

    def needing_a_person(self) -> MessageQuerySet:
        return self.filter(state__in=[MessageState.PARTIAL, MessageState.REJECTED, MessageState.PARKED])

    def without_raw(self) -> MessageQuerySet:
        """For lists: the payload stays in the database."""
        return self.defer("raw")


class Message(models.Model):
    """One received payload, exactly as received, and a leased inbox row.

    The bytes are never edited (a trigger refuses it). The same bytes from the same source again are the same message:
    `deliveries` counts them. `errors`: list of {"code", "segment", "element", "message", "position"}.
    """

    access: ClassVar[Access] = Access(
        paths=("source__partner",), view=Permission.REPORT_EVENTS, change=Permission.REPORT_EVENTS
    )

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    # Found by (source, -id) and (source, digest); each further index is written twice more a message.
    source = models.ForeignKey(
        Source, on_delete=models.PROTECT, db_index=False, related_name="messages", verbose_name=_("source")
    )
    digest = models.CharField(_("SHA-256"), max_length=64, editable=False)
    raw = models.BinaryField(_("payload"), editable=False)
    size = models.PositiveIntegerField(_("size in bytes"), editable=False)
    content_type = models.CharField(_("content type"), max_length=100, blank=True)
    filename = models.CharField(_("file name"), max_length=255, blank=True)
    received_at = models.DateTimeField(_("received"), db_default=Now(), editable=False)
    received_by = models.ForeignKey(
        User,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        db_index=False,
        related_name="+",
        verbose_name=_("received from"),
    )
    deliveries = models.PositiveIntegerField(_("times delivered"), default=1)
    last_delivered_at = models.DateTimeField(_("last delivered"), db_default=Now())

    format = models.CharField(
        _("read as"), max_length=16, blank=True, db_default="", help_text=_("The format it was read as; empty before")
    )
    state = models.CharField(_("state"), max_length=16, choices=MessageState.choices, default=MessageState.RECEIVED)
    events_read = models.PositiveIntegerField(
        db_default=0, editable=False, help_text="A large message: the positions below this are stored"
    )
    progress = models.PositiveSmallIntegerField(
        _("progress"), db_default=0, editable=False, help_text=_("A large message: percent that is read")
    )
    undone_at = models.DateTimeField(_("undone"), null=True, blank=True, editable=False)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    not_before = models.DateTimeField(db_default=Now(), editable=False)
    lease_until = models.DateTimeField(null=True, blank=True, editable=False)
    lease_token = models.UUIDField(null=True, blank=True, editable=False)
    processed_at = models.DateTimeField(_("processed"), null=True, blank=True)
    errors = models.JSONField(_("errors"), default=list, blank=True)
    events_found = models.PositiveIntegerField(_("events"), default=0)
    events_matched = models.PositiveIntegerField(_("matched"), default=0)
    events_unmatched = models.PositiveIntegerField(_("unmatched"), default=0)
    events_unmapped = models.PositiveIntegerField(_("unmapped"), default=0)
    events_quarantined = models.PositiveIntegerField(_("quarantined"), default=0)
    events_duplicate = models.PositiveIntegerField(_("duplicates"), default=0)

    objects = MessageQuerySet.as_manager()

    class Meta:
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        indexes = [
            models.Index(fields=["not_before", "id"], condition=Q(state=MessageState.RECEIVED), name="message_waiting"),
            models.Index(
                fields=["state", "-id"],
                condition=Q(state__in=["partial", "rejected", "parked"]),
                name="message_needing_a_person",
            ),
            models.Index(fields=["source", "-id"], name="message_by_source"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["source", "digest"], name="message_is_kept_once_per_source"),
            models.CheckConstraint(condition=Q(state__in=MessageState.values), name="message_state_is_known"),
            models.CheckConstraint(
                condition=~Q(state__in=[MessageState.REJECTED, MessageState.PARKED]) | ~Q(errors=[]),
                name="message_rejected_says_why",
            ),
            models.CheckConstraint(
                condition=Q(state=MessageState.RECEIVED) | Q(processed_at__isnull=False),
                name="message_processed_says_when",
            ),
            models.CheckConstraint(condition=Q(progress__lte=100), name="message_progress_is_a_percentage"),
        ]

    def __str__(self) -> str:
        return f"{self.filename or self.public_id} · {self.get_state_display()}"
