"""How well a source reports: a day in figures, and its silences."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from partners.access import Access, ScopedQuerySet
from partners.enums import Permission
from shipments.models.messages import Source

_VIA_SOURCE = Access(paths=("source__partner",), view=Permission.REPORT_EVENTS)


class SourceDay(models.Model):
    """What came from a source on one day (UTC). `latencies`: events by how late they were reported, one count a bucket
    of `shipments.enums.LATENCY_BUCKETS` and one for all beyond. `hours`: messages by the hour (UTC), 24 counts; empty
    for a day counted before the hours were."""

    access: ClassVar[Access] = _VIA_SOURCE

    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="days", verbose_name=_("source"))
    day = models.DateField(_("day"))
    messages = models.PositiveIntegerField(_("messages"), default=0)
    duplicates = models.PositiveIntegerField(_("duplicates"), default=0)
    rejected = models.PositiveIntegerField(_("rejected"), default=0)
    partial = models.PositiveIntegerField(_("partly parsed"), default=0)
    events = models.PositiveIntegerField(_("events"), default=0)
    unmatched = models.PositiveIntegerField(_("unmatched"), default=0)
    unmapped = models.PositiveIntegerField(_("unmapped"), default=0)
    quarantined = models.PositiveIntegerField(_("quarantined"), default=0)
    latencies = ArrayField(models.PositiveIntegerField(), default=list, verbose_name=_("delays"))
    hours = ArrayField(models.PositiveIntegerField(), default=list, db_default=[], verbose_name=_("messages by hour"))
    refreshed_at = models.DateTimeField(_("refreshed"), db_default=Now())

    objects = ScopedQuerySet["SourceDay"].as_manager()

    class Meta:
        verbose_name = _("day of a source")
        verbose_name_plural = _("days of sources")
        constraints = [models.UniqueConstraint(fields=["source", "day"], name="source_day_is_unique")]

    def __str__(self) -> str:
        return f"{self.source_id} {self.day}"


class SourceSilenceQuerySet(ScopedQuerySet["SourceSilence"]):
    def open(self) -> SourceSilenceQuerySet:
        return self.filter(ended_at=None)


class SourceSilence(models.Model):
    """A source that has been silent for longer than its own history explains. One open a source."""

    access: ClassVar[Access] = _VIA_SOURCE

    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="silences", verbose_name=_("source"))
    last_message_at = models.DateTimeField(_("last message"))
    expected_by = models.DateTimeField(_("expected by"), help_text=_("From the gaps of its own history"))
    opened_at = models.DateTimeField(_("noticed"), db_default=Now())
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)

    objects = SourceSilenceQuerySet.as_manager()

    class Meta:
        verbose_name = _("silence of a source")
        verbose_name_plural = _("silences of sources")
        constraints = [
            models.UniqueConstraint(fields=["source"], condition=Q(ended_at=None), name="source_has_one_open_silence"),
            models.CheckConstraint(
                condition=Q(expected_by__gt=models.F("last_message_at")), name="silence_begins_after_the_last_message"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.source_id} since {self.last_message_at}"
