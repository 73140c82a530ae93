"""Moving live shipments to another version of their template: what would change, for whom it was done, and back."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from milestones.enums import UpgradeState
from milestones.models.templates import MilestoneTemplate
from partners.access import INTERNAL, Access, ScopedQuerySet
from partners.models import Job, User
from shipments.models import Shipment


class PlanUpgrade(models.Model):
    """A set of shipments that is to follow `template` from now on. Applied and undone by jobs."""

    access: ClassVar[Access] = INTERNAL

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    template = models.ForeignKey(
        MilestoneTemplate, on_delete=models.PROTECT, related_name="upgrades", verbose_name=_("template")
    )
    state = models.CharField(_("state"), max_length=16, choices=UpgradeState.choices, default=UpgradeState.PREVIEWED)
    reason = models.CharField(_("reason"), max_length=300, blank=True)
    job = models.ForeignKey(
        Job, on_delete=models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("job")
    )
    created_by = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("created by")
    )
    created_at = models.DateTimeField(_("created"), db_default=Now(), editable=False)
    applied_at = models.DateTimeField(_("applied"), null=True, blank=True)
    undone_at = models.DateTimeField(_("undone"), null=True, blank=True)

    objects = ScopedQuerySet["PlanUpgrade"].as_manager()

    class Meta:
        verbose_name = _("template upgrade")
        verbose_name_plural = _("template upgrades")
        constraints = [
            models.CheckConstraint(condition=Q(state__in=UpgradeState.values), name="upgrade_state_is_known"),
            models.CheckConstraint(
                condition=~Q(state=UpgradeState.APPLIED) | Q(applied_at__isnull=False), name="upgrade_applied_says_when"
            ),
            models.CheckConstraint(
                condition=~Q(state=UpgradeState.UNDONE) | Q(undone_at__isnull=False), name="upgrade_undone_says_when"
            ),
        ]

    def __str__(self) -> str:
        return str(self.template)


class PlanUpgradeItem(models.Model):
    """One shipment of the set. `effect`: {"moved": [{slot, name, before, after}], "added", "removed", "cases"}."""

    access: ClassVar[Access] = INTERNAL

    upgrade = models.ForeignKey(
        PlanUpgrade, on_delete=models.CASCADE, related_name="items", verbose_name=_("template upgrade")
    )
    shipment = models.ForeignKey(Shipment, on_delete=models.PROTECT, related_name="+", verbose_name=_("shipment"))
    from_template = models.ForeignKey(
        MilestoneTemplate,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("template before"),
    )
    from_reason = models.CharField(_("why that one"), max_length=300, blank=True)
    # The first plans under the old template, so that going back brings them back: {slot: ISO instant}.
    baselines = models.JSONField(default=dict, editable=False)
    effect = models.JSONField(_("what changes"), default=dict)
    is_chosen = models.BooleanField(_("chosen"), default=True)
    applied_at = models.DateTimeField(_("applied"), null=True, blank=True)
    undone_at = models.DateTimeField(_("undone"), null=True, blank=True)

    objects = ScopedQuerySet["PlanUpgradeItem"].as_manager()

    class Meta:
        verbose_name = _("shipment of an upgrade")
        verbose_name_plural = _("shipments of an upgrade")
        constraints = [models.UniqueConstraint(fields=["upgrade", "shipment"], name="upgrade_names_a_shipment_once")]

    def __str__(self) -> str:
        return f"{self.upgrade_id}: {self.shipment_id}"
