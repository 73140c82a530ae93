"""What was reported, in our words: the vocabulary, how foreign codes map to it, and the append-only events."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from partners.access import OPEN, Access, ScopedQuerySet
from partners.enums import Permission
from partners.models import User
from shipments.enums import Classifier, TimePrecision, WaitOutcome, WaitReason, ZoneCertainty
from shipments.models.messages import Message, Source
from shipments.models.places import Location
from shipments.models.shipments import VIA_PARTIES, Shipment, Unit


class MilestoneType(models.Model):
    """One code of the controlled vocabulary (formats.md 2.2). From sequence 200 on a code never raises the status."""

    access: ClassVar[Access] = OPEN

    code = models.CharField(_("code"), max_length=24, primary_key=True)
    name = models.CharField(_("name"), max_length=100)
    family = models.CharField(_("family"), max_length=24)
    sequence = models.PositiveSmallIntegerField(_("typical sequence"))
    modes = models.CharField(
        _("modes"), max_length=8, help_text=_("O ocean, A air, R rail, T road, P parcel, W warehouse")
    )
    meaning = models.CharField(_("meaning"), max_length=200, blank=True)

    objects = ScopedQuerySet["MilestoneType"].as_manager()

    class Meta:
        verbose_name = _("milestone type")
        verbose_name_plural = _("milestone types")
        ordering = ["sequence", "code"]

    def __str__(self) -> str:
        return self.name


class CodeMappingQuerySet(ScopedQuerySet["CodeMapping"]):
    def current(self) -> CodeMappingQuerySet:
        return self.filter(replaced_at=None)


class CodeMapping(models.Model):
    """(source or any, format or any, list, raw code) → our code. Versioned: a change replaces, and the old row stays.

    The most specific one counts: of the source before of all, of the format before of every format with the list.

    `classifier` empty: as the message says ("copy"). `attributes`: mode, stop, doc, reason, agency, clears, part ...
    """

    access: ClassVar[Access] = OPEN

    format = models.CharField(
        _("format"), max_length=16, blank=True, help_text=_("Empty: every format that uses this list")
    )
    code_list = models.CharField(_("code list"), max_length=32, help_text=_("Such as 1650 or 1652 of X12"))
    source = models.ForeignKey(
        Source,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="code_mappings",
        verbose_name=_("only for source"),
    )
    raw_code = models.CharField(_("their code"), max_length=64)
    code = models.ForeignKey(
        MilestoneType, on_delete=models.PROTECT, db_column="code", related_name="+", verbose_name=_("our code")
    )
    classifier = models.CharField(_("classifier"), max_length=3, choices=Classifier.choices, blank=True)
    attributes = models.JSONField(_("attributes"), default=dict, blank=True)
    note = models.CharField(_("note"), max_length=200, blank=True, db_default="")
    version = models.PositiveIntegerField(_("version"), default=1)
    created_at = models.DateTimeField(_("created"), db_default=Now(), editable=False)
    created_by = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("created by")
    )
    replaced_at = models.DateTimeField(_("replaced"), null=True, blank=True)

    objects = CodeMappingQuerySet.as_manager()

    class Meta:
        verbose_name = _("code mapping")
        verbose_name_plural = _("code mappings")
        constraints = [
            models.UniqueConstraint(
                fields=["format", "code_list", "source", "raw_code"],
                condition=Q(replaced_at=None),
                nulls_distinct=False,
                name="mapping_is_unambiguous",
                violation_error_message=_("There is already a mapping of this code."),
            ),
            models.UniqueConstraint(
                fields=["format", "code_list", "source", "raw_code", "version"],
                nulls_distinct=False,
                name="mapping_version_is_unique",
            ),
            models.CheckConstraint(
                condition=Q(classifier="") | Q(classifier__in=Classifier.values), name="mapping_classifier_is_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.format or '*'}/{self.code_list}/{self.raw_code} → {self.code_id}"


class EventQuerySet(ScopedQuerySet["Event"]):
    def of_shipment(self, shipment: Shipment) -> EventQuerySet:
        return self.filter(pk__in=EventMatch.objects.filter(shipment=shipment).values("event_id"))


class Event(models.Model):
    """One normalised report taken from a message. Insert only: a trigger refuses UPDATE and DELETE.

    A correction is a new row: it retracts (`retracts` = their event id, same source) or supersedes (`supersedes` =
    our id, after a mapping or a place was repaired). No foreign key of the database points into message or event.
    """

    access: ClassVar[Access] = Access(paths=("source__partner",), view=Permission.REPORT_EVENTS)

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    fingerprint = models.CharField(
        max_length=64, unique=True, editable=False, help_text=_("SHA-256 of what was reported, and by whom")
    )
    source = models.ForeignKey(Source, on_delete=models.PROTECT, related_name="+", verbose_name=_("source"))
    message = models.ForeignKey(
        Message, on_delete=models.DO_NOTHING, db_constraint=False, related_name="events", verbose_name=_("message")
    )
    position = models.PositiveIntegerField(_("position in the message"))
    segment = models.CharField(
        _("where in the message"), max_length=40, blank=True, db_default="", help_text=_("AT7 #12, row 5, event 3")
    )
    trust = models.PositiveSmallIntegerField(_("trust"), help_text=_("Of the source when it was received"))

    code = models.ForeignKey(
        MilestoneType,
        on_delete=models.PROTECT,
        db_column="code",
        db_index=False,
        related_name="+",
        verbose_name=_("code"),
    )
    raw_code = models.CharField(_("their code"), max_length=64)
    code_list = models.CharField(_("code list"), max_length=32, blank=True)
    classifier = models.CharField(_("classifier"), max_length=3, choices=Classifier.choices)
    attributes = models.JSONField(_("attributes"), default=dict, blank=True)

    occurred_at = models.DateTimeField(_("occurred"), null=True, blank=True, help_text=_("Empty on a bare retraction"))
    wall_time = models.CharField(_("wall time"), max_length=32, blank=True, help_text=_("As reported, without offset"))
    time_zone = models.CharField(_("time zone"), max_length=64, blank=True)
    zone_certainty = models.CharField(_("zone"), max_length=8, choices=ZoneCertainty.choices, blank=True)
    precision = models.CharField(
        _("precision"), max_length=8, choices=TimePrecision.choices, default=TimePrecision.MINUTE
    )
    reported_at = models.DateTimeField(_("reported"), null=True, blank=True)
    received_at = models.DateTimeField(_("received"))
    processed_at = models.DateTimeField(_("processed"), db_default=Now(), editable=False)

    location = models.ForeignKey(
        Location,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        db_index=False,
        related_name="+",
        verbose_name=_("place"),
    )
    location_text = models.CharField(_("place as reported"), max_length=200, blank=True)
    equipment = models.CharField(_("unit as reported"), max_length=35, blank=True)
    vessel_imo = models.CharField(_("IMO number"), max_length=7, blank=True)
    voyage = models.CharField(_("voyage"), max_length=50, blank=True)
    flight = models.CharField(_("flight"), max_length=16, blank=True)
    references = models.JSONField(_("references"), default=list, help_text=_("[{type, value}]"))

    source_event_id = models.CharField(_("their event id"), max_length=100, blank=True)
    retracts = models.CharField(_("retracts their event"), max_length=100, blank=True)
    supersedes = models.BigIntegerField(_("supersedes event"), null=True, blank=True)
    quarantine = models.CharField(_("quarantined because"), max_length=200, blank=True)
    reason = models.CharField(_("reason"), max_length=300, blank=True)
    remarks = models.CharField(_("remarks"), max_length=500, blank=True)

    objects = EventQuerySet.as_manager()

    class Meta:
        verbose_name = _("event")
        verbose_name_plural = _("events")
        indexes = [
            models.Index(fields=["message"], name="event_by_message"),
            # How a retraction finds what it retracts, and the other way round.
            models.Index(
                fields=["source", "source_event_id"], condition=~Q(source_event_id=""), name="event_by_their_id"
            ),
            models.Index(fields=["source", "retracts"], condition=~Q(retracts=""), name="event_by_what_it_retracts"),
            models.Index(
                fields=["supersedes"], condition=Q(supersedes__isnull=False), name="event_by_what_it_supersedes"
            ),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(classifier__in=Classifier.values), name="event_classifier_is_known"),
            models.CheckConstraint(condition=Q(occurred_at__isnull=False) | ~Q(retracts=""), name="event_says_when"),
            models.CheckConstraint(
                condition=Q(occurred_at=None) | Q(zone_certainty__in=ZoneCertainty.values),
                name="event_says_how_sure_the_zone_is",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.code_id} {self.classifier} {self.wall_time}"


class EventMatch(models.Model):
    """This event is about this shipment (and unit). Insert only, so that the past can be shown as it was known."""

    access: ClassVar[Access] = VIA_PARTIES

    event = models.ForeignKey(Event, on_delete=models.DO_NOTHING, db_constraint=False, related_name="matches")
    shipment = models.ForeignKey(Shipment, on_delete=models.PROTECT, db_index=False, related_name="event_matches")
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, null=True, blank=True, db_index=False, related_name="+")
    matched_by = models.CharField(max_length=100, help_text=_("The reference that decided, or the person"))
    matched_at = models.DateTimeField(db_default=Now(), editable=False)

    objects = ScopedQuerySet["EventMatch"].as_manager()

    class Meta:
        verbose_name = _("event match")
        constraints = [models.UniqueConstraint(fields=["shipment", "event"], name="event_is_matched_once_per_shipment")]

    def __str__(self) -> str:
        return f"{self.event_id} → {self.shipment_id}"


class WaitingEventQuerySet(ScopedQuerySet["WaitingEvent"]):
    def open(self) -> WaitingEventQuerySet:
        return self.filter(closed_at=None)

    def unmatched(self) -> WaitingEventQuerySet:
        return self.open().filter(reason__in=[WaitReason.UNMATCHED, WaitReason.AMBIGUOUS])

    def unmapped(self) -> WaitingEventQuerySet:
        return self.open().filter(reason=WaitReason.UNMAPPED)

    def quarantined(self) -> WaitingEventQuerySet:
        return self.open().filter(reason=WaitReason.QUARANTINED)

    def unplaced(self) -> WaitingEventQuerySet:
        return self.open().filter(reason=WaitReason.UNPLACED)


class WaitingEvent(models.Model):
    """A row of the queues "unmatched", "unmapped" and "quarantined": what an event lacks, and how it got it.

    `keys`: what it can be found by. For unmatched: "type-family:key" strings (shipments.matching.match_keys); for
    unmapped: "format|list|raw code"; for unplaced: "place:…" (shipments.normalise.place_keys).
    """

    access: ClassVar[Access] = Access(paths=("source__partner",), view=Permission.REPORT_EVENTS)

    event = models.ForeignKey(
        Event, on_delete=models.DO_NOTHING, db_constraint=False, related_name="waits", verbose_name=_("event")
    )
    source = models.ForeignKey(Source, on_delete=models.PROTECT, related_name="+", verbose_name=_("source"))
    reason = models.CharField(_("why it waits"), max_length=16, choices=WaitReason.choices)
    detail = models.CharField(_("detail"), max_length=300, blank=True)
    keys = ArrayField(models.CharField(max_length=140), default=list, verbose_name=_("keys"))
    opened_at = models.DateTimeField(_("since"), db_default=Now(), editable=False)
    closed_at = models.DateTimeField(_("until"), null=True, blank=True)
    closed_by = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("closed by")
    )
    outcome = models.CharField(_("outcome"), max_length=16, choices=WaitOutcome.choices, blank=True)

    objects = WaitingEventQuerySet.as_manager()

    class Meta:
        verbose_name = _("waiting event")
        verbose_name_plural = _("waiting events")
        indexes = [
            GinIndex(fields=["keys"], condition=Q(closed_at=None), name="waiting_event_by_key"),
            models.Index(fields=["reason", "-id"], condition=Q(closed_at=None), name="waiting_event_open"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["event", "reason"], name="event_waits_once_per_reason"),
            models.CheckConstraint(condition=Q(reason__in=WaitReason.values), name="waiting_event_reason_is_known"),
            models.CheckConstraint(
                condition=Q(closed_at=None, outcome="") | (Q(closed_at__isnull=False) & ~Q(outcome="")),
                name="waiting_event_closed_says_how",
            ),
        ]

    def __str__(self) -> str:
        said = self.detail if len(self.detail) <= 60 else f"{self.detail[:59]}…"
        return f"{self.get_reason_display()}: {said}" if said else self.get_reason_display()
