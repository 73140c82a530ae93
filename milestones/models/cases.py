"""When what happens is not what should: rules, their cases, and the work they open."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.db import models
from django.db.models import Case, Q, Value, When
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from milestones.enums import UNRESOLVED, CaseState, ExceptionKind, Severity, TaskState, WorkRole
from milestones.models.journeys import Milestone
from partners.access import INTERNAL, Access, ScopedQuerySet
from partners.models import User
from shipments.enums import Mode
from shipments.models import MilestoneType, Shipment


class ExceptionRule(models.Model):
    """A condition that opens a case. Empty `mode` and `type` mean any."""

    access: ClassVar[Access] = INTERNAL

    code = models.CharField(_("code"), max_length=40, unique=True)
    kind = models.CharField(_("kind"), max_length=16, choices=ExceptionKind.choices)
    severity = models.CharField(_("severity"), max_length=16, choices=Severity.choices)
    owner = models.CharField(_("owner"), max_length=16, choices=WorkRole.choices, default=WorkRole.OPERATIONS)
    mode = models.CharField(_("mode"), max_length=16, choices=Mode.choices, blank=True)
    type = models.ForeignKey(
        MilestoneType, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("milestone")
    )
    minimum_minutes = models.PositiveIntegerField(
        _("from minutes"), default=0, help_text=_("Only when the deviation is at least this long")
    )
    due_minutes = models.PositiveIntegerField(_("due in minutes"), default=4 * 60)
    task = models.CharField(_("task to open"), max_length=200, blank=True)
    is_active = models.BooleanField(_("active"), default=True)

    objects = ScopedQuerySet["ExceptionRule"].as_manager()

    class Meta:
        verbose_name = _("exception rule")
        verbose_name_plural = _("exception rules")
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=ExceptionKind.values), name="rule_kind_is_known"),
            models.CheckConstraint(condition=Q(severity__in=Severity.values), name="rule_severity_is_known"),
        ]

    def __str__(self) -> str:
        return self.code


class ShipmentExceptionQuerySet(ScopedQuerySet["ShipmentException"]):
    def unresolved(self) -> ShipmentExceptionQuerySet:
        return self.filter(state__in=UNRESOLVED)

    def worst_first(self) -> ShipmentExceptionQuerySet:
        ranks = [When(severity=s, then=Value(rank)) for rank, s in enumerate(Severity.values)]
        return self.annotate(rank=Case(*ranks, default=Value(9))).order_by("rank", "due_at", "id")


class ShipmentException(models.Model):
    """One case of a rule. At most one unresolved per rule and slot; it closes by itself when its cause is gone."""

    access: ClassVar[Access] = Access(paths=("shipment__parties__partner",))

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    shipment = models.ForeignKey(
        Shipment, on_delete=models.PROTECT, related_name="exceptions", verbose_name=_("shipment")
    )
    rule = models.ForeignKey(ExceptionRule, on_delete=models.PROTECT, related_name="cases", verbose_name=_("rule"))
    milestone = models.ForeignKey(
        Milestone, on_delete=models.SET_NULL, null=True, blank=True, related_name="cases", verbose_name=_("milestone")
    )
    slot = models.CharField(max_length=80, editable=False, help_text=_("Of the milestone, or of the hold"))
    kind = models.CharField(_("kind"), max_length=16, choices=ExceptionKind.choices)
    severity = models.CharField(_("severity"), max_length=16, choices=Severity.choices)
    summary = models.CharField(_("what happened"), max_length=300)
    facts = models.JSONField(
        _("facts"), default=dict, blank=True, help_text=_("cause, evidence (event ids), next action")
    )
    owner = models.CharField(_("team"), max_length=16, choices=WorkRole.choices)
    assignee = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("assigned to")
    )
    state = models.CharField(_("state"), max_length=16, choices=CaseState.choices, default=CaseState.OPEN)
    opened_at = models.DateTimeField(_("opened"))
    due_at = models.DateTimeField(_("due"))
    acknowledged_at = models.DateTimeField(_("acknowledged"), null=True, blank=True)
    acknowledged_by = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("acknowledged by")
    )
    snoozed_until = models.DateTimeField(_("snoozed until"), null=True, blank=True)
    resolved_at = models.DateTimeField(_("resolved"), null=True, blank=True)
    resolved_by = models.ForeignKey(
        User,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("resolved by"),
        help_text=_("Empty: it closed by itself"),
    )
    resolution = models.CharField(_("how it was resolved"), max_length=300, blank=True)

    objects = ShipmentExceptionQuerySet.as_manager()

    class Meta:
        verbose_name = _("exception")
        verbose_name_plural = _("exceptions")
        indexes = [
            models.Index(fields=["severity", "due_at"], condition=Q(state__in=UNRESOLVED), name="exception_unresolved")
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["shipment", "rule", "slot"], condition=Q(state__in=UNRESOLVED), name="exception_is_open_once"
            ),
            models.CheckConstraint(condition=Q(state__in=CaseState.values), name="exception_state_is_known"),
            models.CheckConstraint(
                condition=~Q(state=CaseState.RESOLVED) | (Q(resolved_at__isnull=False) & ~Q(resolution="")),
                name="exception_resolved_says_how",
            ),
            models.CheckConstraint(
                condition=~Q(state=CaseState.ACKNOWLEDGED)
                | Q(acknowledged_by__isnull=False, acknowledged_at__isnull=False),
                name="exception_acknowledged_says_who",
            ),
            models.CheckConstraint(
                condition=~Q(state=CaseState.SNOOZED) | Q(snoozed_until__isnull=False),
                name="exception_snoozed_says_until",
            ),
        ]

    def __str__(self) -> str:
        return self.summary


class WorkTask(models.Model):
    """A piece of work for a role or a person; closed by hand, or by the milestone or case it waits for."""

    access: ClassVar[Access] = INTERNAL

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    shipment = models.ForeignKey(Shipment, on_delete=models.PROTECT, related_name="tasks", verbose_name=_("shipment"))
    key = models.CharField(max_length=120, editable=False, help_text=_("What opened it: line:<slot> or case:<id>"))
    title = models.CharField(_("task"), max_length=200)
    role = models.CharField(_("for"), max_length=16, choices=WorkRole.choices)
    assignee = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("assigned to")
    )
    exception = models.ForeignKey(
        ShipmentException,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="tasks",
        verbose_name=_("exception"),
    )
    milestone = models.ForeignKey(
        Milestone, on_delete=models.SET_NULL, null=True, blank=True, related_name="tasks", verbose_name=_("milestone")
    )
    state = models.CharField(_("state"), max_length=16, choices=TaskState.choices, default=TaskState.OPEN)
    due_at = models.DateTimeField(_("due"), null=True, blank=True)
    opened_at = models.DateTimeField(_("opened"), db_default=Now())
    closed_at = models.DateTimeField(_("closed"), null=True, blank=True)
    closed_by = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("closed by")
    )

    objects = ScopedQuerySet["WorkTask"].as_manager()

    class Meta:
        verbose_name = _("task")
        verbose_name_plural = _("tasks")
        indexes = [models.Index(fields=["role", "due_at"], condition=Q(state=TaskState.OPEN), name="task_open")]
        constraints = [
            models.UniqueConstraint(
                fields=["shipment", "key"], condition=Q(state=TaskState.OPEN), name="task_is_open_once"
            ),
            models.CheckConstraint(condition=Q(state__in=TaskState.values), name="task_state_is_known"),
            models.CheckConstraint(
                condition=Q(state=TaskState.OPEN) | Q(closed_at__isnull=False), name="task_closed_says_when"
            ),
        ]

    def __str__(self) -> str:
        return self.title
