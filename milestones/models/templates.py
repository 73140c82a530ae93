"""The standard workflow of a kind of shipment: which milestones, when due, who answers for them, who may see them."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from milestones.enums import (
    AnchorKind,
    Audience,
    DayBasis,
    LineScope,
    PlaceRole,
    Requirement,
    Roll,
    TemplateState,
    UnitRule,
    WorkRole,
)
from partners.access import INTERNAL, Access, ScopedQuerySet
from partners.models import Partner, User
from shipments.enums import Mode, Service, ShipmentType
from shipments.models import MilestoneType


class MilestoneTemplateQuerySet(ScopedQuerySet["MilestoneTemplate"]):
    def active(self) -> MilestoneTemplateQuerySet:
        return self.filter(state=TemplateState.ACTIVE)


class MilestoneTemplate(models.Model):
    """One version of a template. Empty criteria match anything; more criteria win (milestones.planning.choose)."""

    access: ClassVar[Access] = INTERNAL

    code = models.CharField(_("code"), max_length=40)
    version = models.PositiveIntegerField(_("version"), default=1)
    name = models.CharField(_("name"), max_length=100)
    state = models.CharField(_("state"), max_length=16, choices=TemplateState.choices, default=TemplateState.DRAFT)
    mode = models.CharField(_("mode"), max_length=16, choices=Mode.choices, blank=True)
    shipment_type = models.CharField(_("shipment type"), max_length=16, choices=ShipmentType.choices, blank=True)
    customer = models.ForeignKey(
        Partner, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("customer")
    )
    origin_country = models.CharField(_("country of origin"), max_length=2, blank=True)
    destination_country = models.CharField(_("country of destination"), max_length=2, blank=True)
    service = models.CharField(_("service"), max_length=16, choices=Service.choices, blank=True, db_default="")
    origin_place = models.CharField(
        _("place of origin"), max_length=5, blank=True, db_default="", help_text=_("UN/LOCODE")
    )
    destination_place = models.CharField(
        _("place of destination"), max_length=5, blank=True, db_default="", help_text=_("UN/LOCODE")
    )
    note = models.CharField(_("what is new in it"), max_length=300, blank=True, db_default="")
    created_by = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("created by")
    )
    created_at = models.DateTimeField(_("created"), db_default=Now(), editable=False)

    objects = MilestoneTemplateQuerySet.as_manager()

    class Meta:
        verbose_name = _("milestone template")
        verbose_name_plural = _("milestone templates")
        constraints = [
            models.UniqueConstraint(fields=["code", "version"], name="template_version_is_unique"),
            models.UniqueConstraint(
                fields=["code"], condition=Q(state=TemplateState.ACTIVE), name="template_has_one_active_version"
            ),
            models.UniqueConstraint(
                fields=[
                    "mode",
                    "shipment_type",
                    "service",
                    "customer",
                    "origin_country",
                    "destination_country",
                    "origin_place",
                    "destination_place",
                ],
                condition=Q(state=TemplateState.ACTIVE),
                nulls_distinct=False,
                name="template_criteria_do_not_tie",
                violation_error_message=_("Another active template is chosen by exactly these criteria."),
            ),
            models.CheckConstraint(condition=Q(state__in=TemplateState.values), name="template_state_is_known"),
            models.CheckConstraint(
                condition=Q(service="") | Q(service__in=Service.values), name="template_service_is_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} v{self.version}"


class TemplateLine(models.Model):
    """One milestone of the template: due at anchor + offset, with tolerances in minutes."""

    access: ClassVar[Access] = INTERNAL

    template = models.ForeignKey(
        MilestoneTemplate, on_delete=models.CASCADE, related_name="lines", verbose_name=_("template")
    )
    position = models.PositiveSmallIntegerField(_("position"))
    type = models.ForeignKey(MilestoneType, on_delete=models.PROTECT, related_name="+", verbose_name=_("milestone"))
    place_role = models.CharField(_("place"), max_length=16, choices=PlaceRole.choices, default=PlaceRole.ANY)
    scope = models.CharField(
        _("how often"), max_length=8, choices=LineScope.choices, default=LineScope.SHIPMENT, db_default="shipment"
    )
    unit_rule = models.CharField(
        _("reached"), max_length=8, choices=UnitRule.choices, default=UnitRule.ALL, db_default="all"
    )
    name = models.CharField(
        _("name"), max_length=100, help_text=_("As people should read it, such as “Vessel departed”")
    )
    requirement = models.CharField(
        _("requirement"), max_length=16, choices=Requirement.choices, default=Requirement.MANDATORY
    )
    condition = models.JSONField(
        _("condition"),
        null=True,
        blank=True,
        help_text=_("On facts of the shipment, as milestones.conditions reads it"),
    )
    after_line = models.ForeignKey(
        "self",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="followers",
        verbose_name=_("not before"),
        help_text=_("The line that has to be reached before this one can be"),
    )
    anchor = models.CharField(_("due counts from"), max_length=16, choices=AnchorKind.choices)
    anchor_line = models.ForeignKey(
        "self",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="dependents",
        verbose_name=_("line it counts from"),
    )
    offset_minutes = models.IntegerField(_("offset in minutes"), default=0)
    day_basis = models.CharField(_("days"), max_length=16, choices=DayBasis.choices, default=DayBasis.CALENDAR)
    roll = models.CharField(
        _("on a day off"), max_length=8, choices=Roll.choices, blank=True, default=Roll.NONE, db_default=""
    )
    time_of_day = models.TimeField(_("time of day at the place"), null=True, blank=True)
    early_tolerance_minutes = models.PositiveIntegerField(_("early tolerance in minutes"), default=24 * 60)
    late_tolerance_minutes = models.PositiveIntegerField(_("late tolerance in minutes"), default=12 * 60)
    responsible = models.CharField(
        _("responsible"), max_length=16, choices=WorkRole.choices, default=WorkRole.OPERATIONS
    )
    audience = models.CharField(_("who may see it"), max_length=16, choices=Audience.choices, default=Audience.CUSTOMER)
    weight = models.PositiveSmallIntegerField(_("weight"), default=1)
    task = models.CharField(
        _("task to open"), max_length=200, blank=True, help_text=_("What the responsible role must do for it")
    )
    documents = ArrayField(
        models.CharField(max_length=24),
        verbose_name=_("documents that have to be there"),
        default=list,
        blank=True,
        db_default=models.Value("{}"),
    )
    charges = ArrayField(
        models.CharField(max_length=24),
        verbose_name=_("charge codes that it triggers"),
        default=list,
        blank=True,
        db_default=models.Value("{}"),
    )

    objects = ScopedQuerySet["TemplateLine"].as_manager()

    class Meta:
        verbose_name = _("template line")
        verbose_name_plural = _("template lines")
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["template", "position"], name="line_position_is_unique"),
            models.UniqueConstraint(fields=["template", "type", "place_role", "scope"], name="line_is_listed_once"),
            models.CheckConstraint(
                condition=Q(anchor=AnchorKind.LINE, anchor_line__isnull=False)
                | (~Q(anchor=AnchorKind.LINE) & Q(anchor_line=None)),
                name="line_anchor_names_its_line",
            ),
            models.CheckConstraint(condition=Q(anchor__in=AnchorKind.values), name="line_anchor_is_known"),
            models.CheckConstraint(condition=Q(place_role__in=PlaceRole.values), name="line_place_role_is_known"),
            models.CheckConstraint(condition=Q(scope__in=LineScope.values), name="line_scope_is_known"),
            models.CheckConstraint(condition=Q(unit_rule__in=UnitRule.values), name="line_unit_rule_is_known"),
            models.CheckConstraint(condition=Q(roll__in=Roll.values), name="line_roll_is_known"),
            models.CheckConstraint(
                condition=Q(requirement=Requirement.CONDITIONAL, condition__isnull=False)
                | (~Q(requirement=Requirement.CONDITIONAL) & Q(condition=None)),
                name="line_conditional_says_on_what",
                violation_error_message=_("A conditional line has a condition, and no other line has one."),
            ),
        ]

    def __str__(self) -> str:
        return self.name
