"""When what happens is not what should: rules, their cases, and the work they open."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.db import models
from django.db.models import Case, F, Q, Value, When
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from milestones.enums import (
    UNRESOLVED,
    CaseStage,
    CaseState,
    ExceptionKind,
    GroupBy,
    Severity,
    TaskState,
    WorkRole,
)
from milestones.models.journeys import Milestone
from partners.access import INTERNAL, Access, ScopedQuerySet
from partners.models import User
from shipments.enums import Mode
from shipments.models import MilestoneType, Shipment


class ExceptionRule(models.Model):
    """A condition that opens a case. Empty `mode` and `type` mean any. Each change makes a version (RuleVersion).

    `warn_minutes`, `minimum_minutes` and `escalate_minutes` are measured in how long (overdue, hold, ...) or how much
    (late, early, slip) the trouble is: the case opens with a warning at the first, is breached at the second, and
    escalated to `escalate_to` at the third. Empty: not at all (the first and the third).
    """

    access: ClassVar[Access] = INTERNAL

    code = models.CharField(_("code"), max_length=40, unique=True)
    name = models.CharField(_("name"), max_length=100, blank=True, db_default="")
    version = models.PositiveIntegerField(_("version"), default=1, db_default=1)
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
    minimum_percent = models.PositiveSmallIntegerField(
        _("from percent"), default=0, db_default=0, help_text=_("Of money: how much more than expected")
    )
    warn_minutes = models.IntegerField(
        _("warn from minutes"), null=True, blank=True, help_text=_("Before the moment itself when negative")
    )
    escalate_minutes = models.PositiveIntegerField(_("escalate from minutes"), null=True, blank=True)
    escalate_to = models.CharField(_("escalate to"), max_length=16, choices=WorkRole.choices, blank=True, db_default="")
    condition = models.JSONField(
        _("condition"), null=True, blank=True, help_text=_("As milestones.conditions reads it; empty: always")
    )
    group_by = models.CharField(
        _("common root"), max_length=8, choices=GroupBy.choices, blank=True, default=GroupBy.NONE, db_default=""
    )
    closes_itself = models.BooleanField(_("closes by itself"), default=True, db_default=True)
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
            models.CheckConstraint(condition=Q(group_by__in=GroupBy.values), name="rule_group_is_known"),
            models.CheckConstraint(
                condition=~Q(kind=ExceptionKind.CONDITION) | Q(condition__isnull=False),
                name="rule_of_a_condition_has_one",
                violation_error_message=_("Say when the rule holds."),
            ),
            models.CheckConstraint(
                condition=Q(warn_minutes=None) | Q(warn_minutes__lte=F("minimum_minutes")),
                name="rule_warns_before_the_breach",
                violation_error_message=_("The warning comes before the breach."),
            ),
            models.CheckConstraint(
                condition=Q(escalate_minutes=None) | Q(escalate_minutes__gte=F("minimum_minutes")),
                name="rule_escalates_after_the_breach",
                violation_error_message=_("The escalation comes after the breach."),
            ),
        ]

    def __str__(self) -> str:
        return self.code


class RuleVersion(models.Model):
    """A rule as it was from a moment on. Added with every change, never changed itself."""

    access: ClassVar[Access] = INTERNAL

    rule = models.ForeignKey(
        ExceptionRule, on_delete=models.PROTECT, related_name="versions", verbose_name=_("exception rule")
    )
    version = models.PositiveIntegerField(_("version"))
    definition = models.JSONField(_("definition"), help_text=_("The fields of the rule"))
    note = models.CharField(_("why"), max_length=300, blank=True)
    created_at = models.DateTimeField(_("created"), db_default=Now(), editable=False)
    created_by = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("created by")
    )

    objects = ScopedQuerySet["RuleVersion"].as_manager()

    class Meta:
        verbose_name = _("version of a rule")
        verbose_name_plural = _("versions of rules")
        constraints = [models.UniqueConstraint(fields=["rule", "version"], name="rule_version_is_unique")]

    def __str__(self) -> str:
        return f"{self.rule_id} v{self.version}"


class CaseGroup(models.Model):
    """The common root of several cases: one vessel is late, and with it all that is on board.

    `key`: names the root among the groups of a rule, such as "journey:9811000:023W:NLRTM"; at most one group is open
    for it. `facts`: what is shown of the root.
    """

    access: ClassVar[Access] = INTERNAL

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    rule = models.ForeignKey(ExceptionRule, on_delete=models.PROTECT, related_name="groups", verbose_name=_("rule"))
    key = models.CharField(max_length=120, editable=False)
    facts = models.JSONField(_("facts"), default=dict, blank=True)
    opened_at = models.DateTimeField(_("opened"))
    closed_at = models.DateTimeField(_("closed"), null=True, blank=True)

    objects = ScopedQuerySet["CaseGroup"].as_manager()

    class Meta:
        verbose_name = _("common root")
        verbose_name_plural = _("common roots")
        constraints = [
            models.UniqueConstraint(fields=["rule", "key"], condition=Q(closed_at=None), name="case_group_is_open_once")
        ]

    def __str__(self) -> str:
        return self.key


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
    stage = models.CharField(
        _("stage"), max_length=12, choices=CaseStage.choices, default=CaseStage.BREACH, db_default="breach"
    )
    rule_version = models.PositiveIntegerField(_("version of the rule"), default=1, db_default=1)
    group = models.ForeignKey(
        CaseGroup,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        db_index=False,
        related_name="cases",
        verbose_name=_("common root"),
    )
    cause_gone_at = models.DateTimeField(
        _("cause gone"), null=True, blank=True, help_text=_("Of a case that waits for a person to close it")
    )
    opened_at = models.DateTimeField(_("opened"))
    due_at = models.DateTimeField(_("due"))
    acknowledged_at = models.DateTimeField(_("acknowledged"), null=True, blank=True)
    acknowledged_by = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("acknowledged by")
    )
    snoozed_until = models.DateTimeField(_("snoozed until"), null=True, blank=True)
    wake_when = models.JSONField(
        _("or until"), null=True, blank=True, help_text=_("A condition, as milestones.conditions reads it")
    )
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
            models.Index(fields=["severity", "due_at"], condition=Q(state__in=UNRESOLVED), name="exception_unresolved"),
            models.Index(fields=["group"], condition=Q(group__isnull=False), name="exception_by_group"),
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
                condition=~Q(state=CaseState.SNOOZED) | Q(snoozed_until__isnull=False) | Q(wake_when__isnull=False),
                name="exception_snoozed_says_until_when",
            ),
            models.CheckConstraint(condition=Q(stage__in=CaseStage.values), name="exception_stage_is_known"),
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
    severity = models.CharField(
        _("severity"), max_length=16, choices=Severity.choices, default=Severity.MEDIUM, db_default="medium"
    )
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
