"""A long piece of work that a person asked for: how far it is, what came of it, and where it goes on."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from partners.access import Access, ScopedQuerySet
from partners.enums import JobState, Permission
from partners.models.people import Partner, User


class JobQuerySet(ScopedQuerySet["Job"]):
    def running(self) -> JobQuerySet:
        return self.filter(state=JobState.RUNNING)


class Job(models.Model):
    """Work in steps: each step is a transaction of its own and moves `cursor`, so that a killed worker loses one step.

    `kind`: a name in settings.WAYMARK_JOBS. `parameters`: what was asked. `result`: what came of it, for the page.
    """

    access: ClassVar[Access] = Access(paths=("partner",), view=Permission.REPORT_EVENTS)

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    kind = models.CharField(_("kind"), max_length=32)
    title = models.CharField(_("title"), max_length=200)
    partner = models.ForeignKey(
        Partner, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("partner")
    )
    parameters = models.JSONField(default=dict, blank=True)
    cursor = models.JSONField(default=dict, blank=True)
    done = models.PositiveIntegerField(_("done"), default=0)
    total = models.PositiveIntegerField(_("of"), default=0, help_text=_("0: not known"))
    result = models.JSONField(_("result"), default=dict, blank=True)
    error = models.CharField(_("error"), max_length=500, blank=True)
    created_at = models.DateTimeField(_("asked"), db_default=Now(), editable=False)
    created_by = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("asked by")
    )
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)

    state = models.CharField(_("state"), max_length=16, choices=JobState.choices, default=JobState.RUNNING)
    attempts = models.PositiveSmallIntegerField(default=0)
    not_before = models.DateTimeField(db_default=Now(), editable=False)
    lease_until = models.DateTimeField(null=True, blank=True, editable=False)
    lease_token = models.UUIDField(null=True, blank=True, editable=False)

    objects = JobQuerySet.as_manager()

    class Meta:
        verbose_name = _("job")
        verbose_name_plural = _("jobs")
        indexes = [
            models.Index(fields=["not_before", "id"], condition=Q(state=JobState.RUNNING), name="job_running"),
            models.Index(fields=["created_by", "-id"], name="job_of_person"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(state__in=JobState.values), name="job_state_is_known"),
            models.CheckConstraint(condition=Q(total=0) | Q(done__lte=F("total")), name="job_does_no_more_than_all"),
            models.CheckConstraint(
                condition=Q(state=JobState.RUNNING, ended_at=None)
                | (~Q(state=JobState.RUNNING) & Q(ended_at__isnull=False)),
                name="job_ended_says_when",
            ),
            models.CheckConstraint(condition=~Q(state=JobState.FAILED) | ~Q(error=""), name="job_failed_says_why"),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def percent(self) -> int | None:
        """How far it is; None when the whole is not known."""
        return min(100, self.done * 100 // self.total) if self.total else None
