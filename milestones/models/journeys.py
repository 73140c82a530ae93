"""The plan of one shipment, and what became of it."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from milestones.enums import (
    Audience,
    Deviation,
    EtaKind,
    Evidence,
    Health,
    JourneyStatus,
    MilestoneState,
    Severity,
    WorkRole,
)
from milestones.models.templates import MilestoneTemplate, TemplateLine
from partners.access import Access, ScopedQuerySet
from shipments.models import Location, MilestoneType, Shipment
from shipments.models.shipments import VIA_PARTIES


class JourneyQuerySet(ScopedQuerySet["Journey"]):
    def open(self) -> JourneyQuerySet:
        return self.filter(is_closed=False)

    def due_for_a_look(self) -> JourneyQuerySet:
        """Nothing came until now: the next deadline has passed."""
        return self.filter(is_closed=False, next_check_at__lte=Now())

    def behind(self) -> JourneyQuerySet:
        """Something came: the stream has counted further than we have seen."""
        return self.filter(shipment__stream__revision__gt=F("seen_revision"))


class Journey(models.Model):
    """The plan of one shipment pinned to a template version, and its roll-up: the narrow row that lists read.

    `revision` counts changes of its milestones; billing remembers it. `strip`: one letter a milestone in plan order:
    D done, L done late, E expected, S expected late, O overdue, M missing, P planned, N not needed. `completeness`: how
    much of what should be known is (milestones.completeness), `next_fix` what would raise it most: {"code", ...}.
    `arrival_by`: whose expected arrival is shown; the own one stands in `own_arrival_at` between its P10 and P80.
    """

    access: ClassVar[Access] = VIA_PARTIES

    shipment = models.OneToOneField(
        Shipment, on_delete=models.PROTECT, primary_key=True, related_name="journey", verbose_name=_("shipment")
    )
    template = models.ForeignKey(
        MilestoneTemplate,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="journeys",
        verbose_name=_("template"),
    )
    template_reason = models.CharField(_("why this template"), max_length=300, blank=True)
    seen_revision = models.BigIntegerField(default=0)
    revision = models.BigIntegerField(default=0)
    next_check_at = models.DateTimeField(_("next check"), null=True, blank=True)
    evaluated_at = models.DateTimeField(_("evaluated"), null=True, blank=True)
    is_closed = models.BooleanField(_("closed"), default=False)

    status = models.CharField(_("status"), max_length=16, choices=JourneyStatus.choices, default=JourneyStatus.BOOKED)
    health = models.CharField(_("health"), max_length=16, choices=Health.choices, default=Health.NO_UPDATE)
    strip = models.CharField(_("milestones"), max_length=60, blank=True)
    done = models.PositiveSmallIntegerField(_("done"), default=0)
    total = models.PositiveSmallIntegerField(_("of"), default=0)
    progress = models.PositiveSmallIntegerField(_("progress in percent"), default=0)
    next_name = models.CharField(_("next milestone"), max_length=100, blank=True)
    planned_arrival_at = models.DateTimeField(_("planned arrival"), null=True, blank=True)
    expected_arrival_at = models.DateTimeField(_("expected arrival"), null=True, blank=True)
    arrived_at = models.DateTimeField(_("arrived"), null=True, blank=True)
    arrival_by = models.CharField(_("expected by"), max_length=8, choices=EtaKind.choices, blank=True, db_default="")
    own_arrival_at = models.DateTimeField(_("arrival by our own history"), null=True, blank=True)
    own_low_at = models.DateTimeField(_("at the earliest"), null=True, blank=True)
    own_high_at = models.DateTimeField(_("at the latest"), null=True, blank=True)
    completeness = models.PositiveSmallIntegerField(_("completeness in percent"), default=0, db_default=0)
    next_fix = models.JSONField(_("next best fix"), null=True, blank=True)
    last_event_at = models.DateTimeField(_("last event received"), null=True, blank=True)
    open_cases = models.PositiveSmallIntegerField(_("open exceptions"), default=0)
    worst_severity = models.CharField(_("worst severity"), max_length=16, choices=Severity.choices, blank=True)

    objects = JourneyQuerySet.as_manager()

    class Meta:
        verbose_name = _("journey")
        verbose_name_plural = _("journeys")
        indexes = [
            models.Index(fields=["next_check_at"], condition=Q(is_closed=False), name="journey_due_for_a_look"),
            models.Index(fields=["status", "-shipment"], name="journey_by_status"),
            models.Index(fields=["expected_arrival_at"], condition=Q(is_closed=False), name="journey_by_arrival"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(done__lte=F("total")), name="journey_done_is_within_total"),
            models.CheckConstraint(condition=Q(progress__lte=100), name="journey_progress_is_a_percentage"),
            models.CheckConstraint(condition=Q(completeness__lte=100), name="journey_completeness_is_a_percentage"),
            models.CheckConstraint(condition=Q(status__in=JourneyStatus.values), name="journey_status_is_known"),
            models.CheckConstraint(condition=Q(health__in=Health.values), name="journey_health_is_known"),
        ]

    def __str__(self) -> str:
        return f"{self.shipment} · {self.get_status_display()}"


class MilestoneQuerySet(ScopedQuerySet["Milestone"]):
    def visible_as(self, audiences: tuple[str, ...]) -> MilestoneQuerySet:
        return self.filter(audience__in=audiences)

    def reached(self) -> MilestoneQuerySet:
        return self.filter(actual_at__isnull=False)


class Milestone(models.Model):
    """What should happen, and what did. `slot` is its identity within the shipment, the same in any order of arrival:
    L<position> of a line, with :U<unit>, :G<leg> or :S<stop> where it stands several times, X:<code>:<place>:<n> for
    what was not planned.

    `decisions`: {"actual"|"estimated"|"planned"|"baseline": {"event": id, "rule": DecisionRule, "losing": [ids]}}; the
    ids are Event.public_id.
    """

    access: ClassVar[Access] = VIA_PARTIES

    shipment = models.ForeignKey(
        Shipment, on_delete=models.PROTECT, related_name="milestones", verbose_name=_("shipment")
    )
    line = models.ForeignKey(
        TemplateLine,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        db_index=False,
        related_name="+",
        verbose_name=_("template line"),
    )
    slot = models.CharField(
        max_length=80,
        editable=False,
        help_text=_("L<position>[:U<unit>|:G<leg>|:S<stop>] for a line, X:<code>:<place>:<n> for what was not planned"),
    )
    position = models.PositiveSmallIntegerField(_("position"))
    type = models.ForeignKey(
        MilestoneType, on_delete=models.PROTECT, db_index=False, related_name="+", verbose_name=_("milestone")
    )
    name = models.CharField(_("name"), max_length=100)
    place_role = models.CharField(_("place role"), max_length=16)
    location = models.ForeignKey(
        Location,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        db_index=False,
        related_name="+",
        verbose_name=_("place"),
    )
    leg_sequence = models.PositiveSmallIntegerField(_("leg"), null=True, blank=True)
    unit_number = models.CharField(_("unit"), max_length=35, blank=True)
    occurrence = models.PositiveSmallIntegerField(_("occurrence"), default=1)
    time_zone = models.CharField(
        _("time zone"), max_length=64, blank=True, help_text=_("Of the report, for a place that is not known")
    )
    audience = models.CharField(_("who may see it"), max_length=16, choices=Audience.choices)
    responsible = models.CharField(_("responsible"), max_length=16, choices=WorkRole.choices)

    baseline_at = models.DateTimeField(_("baseline"), null=True, blank=True)
    planned_at = models.DateTimeField(_("planned"), null=True, blank=True)
    estimated_at = models.DateTimeField(_("estimated"), null=True, blank=True)
    actual_at = models.DateTimeField(_("actual"), null=True, blank=True)
    state = models.CharField(_("state"), max_length=16, choices=MilestoneState.choices, default=MilestoneState.PLANNED)
    deviation = models.CharField(_("deviation"), max_length=20, choices=Deviation.choices, blank=True)
    is_inferred = models.BooleanField(_("inferred"), default=False)
    evidence = models.CharField(_("evidence"), max_length=12, choices=Evidence.choices, blank=True, db_default="")
    decisions = models.JSONField(_("decided by"), default=dict, blank=True)

    objects = MilestoneQuerySet.as_manager()

    class Meta:
        verbose_name = _("milestone")
        verbose_name_plural = _("milestones")
        ordering = ["position", "id"]
        constraints = [
            models.UniqueConstraint(fields=["shipment", "slot"], name="milestone_is_one_per_slot"),
            models.CheckConstraint(condition=Q(state__in=MilestoneState.values), name="milestone_state_is_known"),
            models.CheckConstraint(
                condition=Q(deviation="") | Q(deviation__in=Deviation.values), name="milestone_deviation_is_known"
            ),
            models.CheckConstraint(
                condition=(Q(state=MilestoneState.REACHED) & Q(actual_at__isnull=False))
                | (~Q(state=MilestoneState.REACHED) & Q(actual_at=None)),
                name="milestone_is_reached_when_actual",
            ),
            models.CheckConstraint(condition=Q(audience__in=Audience.values), name="milestone_audience_is_known"),
        ]

    def __str__(self) -> str:
        return self.name
