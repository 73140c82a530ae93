"""When it will arrive: what was said and when, what our own history says, and who was right."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from milestones.enums import EtaKind, Preference, ValueField
from partners.access import INTERNAL, Access, ScopedQuerySet
from partners.models import Partner
from shipments.enums import Mode
from shipments.models import Location, MilestoneType, Shipment, Source
from shipments.models.shipments import VIA_PARTIES


class ConflictPolicy(models.Model):
    """Which report stands where several differ: the preferences in order, for one milestone code or for all."""

    access: ClassVar[Access] = INTERNAL

    type = models.ForeignKey(
        MilestoneType, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("milestone")
    )
    field = models.CharField(_("value"), max_length=12, choices=ValueField.choices)
    order = ArrayField(
        models.CharField(max_length=16, choices=Preference.choices), verbose_name=_("what decides, in this order")
    )

    objects = ScopedQuerySet["ConflictPolicy"].as_manager()

    class Meta:
        verbose_name = _("conflict policy")
        verbose_name_plural = _("conflict policies")
        constraints = [
            models.UniqueConstraint(fields=["type", "field"], nulls_distinct=False, name="policy_is_one_per_field"),
            models.CheckConstraint(condition=Q(field__in=ValueField.values), name="policy_field_is_known"),
            models.CheckConstraint(
                condition=Q(order__len__gt=0, order__contained_by=Preference.values), name="policy_order_is_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.type_id or '*'}: {self.field}"


class EtaVersion(models.Model):
    """One expected arrival as it was told once: the slip curve of a shipment. Rows are added, never changed.

    `told_at`: when its source said so (of our own: when it was worked out). `event`: Event.public_id.
    """

    access: ClassVar[Access] = VIA_PARTIES

    shipment = models.ForeignKey(
        Shipment, on_delete=models.PROTECT, related_name="eta_versions", verbose_name=_("shipment")
    )
    kind = models.CharField(_("by"), max_length=8, choices=EtaKind.choices)
    told_at = models.DateTimeField(_("told"))
    expected_at = models.DateTimeField(_("expected arrival"))
    low_at = models.DateTimeField(_("at the earliest"), null=True, blank=True)
    high_at = models.DateTimeField(_("at the latest"), null=True, blank=True)
    event = models.UUIDField(null=True, blank=True)
    source = models.ForeignKey(
        Source,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        db_index=False,
        related_name="+",
        verbose_name=_("source"),
    )

    objects = ScopedQuerySet["EtaVersion"].as_manager()

    class Meta:
        verbose_name = _("expected arrival")
        verbose_name_plural = _("expected arrivals")
        constraints = [
            models.UniqueConstraint(
                fields=["shipment", "kind", "told_at", "expected_at", "source"],
                nulls_distinct=False,
                name="eta_version_is_kept_once",
            ),
            models.CheckConstraint(condition=Q(kind__in=EtaKind.values), name="eta_version_kind_is_known"),
            models.CheckConstraint(
                condition=Q(low_at=None) | Q(high_at=None) | Q(high_at__gte=F("low_at")),
                name="eta_version_range_is_one",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.shipment_id}: {self.expected_at:%Y-%m-%d %H:%M}"


class TransitTime(models.Model):
    """How long it took from departure to arrival on a lane: quantiles in minutes of what our own shipments did.

    `carrier` empty: all carriers. Worked out anew by `refresh_transit_times`.
    """

    access: ClassVar[Access] = INTERNAL

    origin = models.ForeignKey(Location, on_delete=models.CASCADE, related_name="+", verbose_name=_("from"))
    destination = models.ForeignKey(Location, on_delete=models.CASCADE, related_name="+", verbose_name=_("to"))
    mode = models.CharField(_("mode"), max_length=16, choices=Mode.choices)
    carrier = models.ForeignKey(
        Partner, on_delete=models.CASCADE, null=True, blank=True, related_name="+", verbose_name=_("carrier")
    )
    samples = models.PositiveIntegerField(_("journeys"))
    p10 = models.PositiveIntegerField(_("P10 in minutes"))
    p50 = models.PositiveIntegerField(_("P50 in minutes"))
    p80 = models.PositiveIntegerField(_("P80 in minutes"))
    p90 = models.PositiveIntegerField(_("P90 in minutes"))
    refreshed_at = models.DateTimeField(_("worked out"), db_default=Now())

    objects = ScopedQuerySet["TransitTime"].as_manager()

    class Meta:
        verbose_name = _("transit time")
        verbose_name_plural = _("transit times")
        constraints = [
            models.UniqueConstraint(
                fields=["origin", "destination", "mode", "carrier"],
                nulls_distinct=False,
                name="transit_time_is_one_per_lane",
            ),
            models.CheckConstraint(
                condition=Q(p50__gte=F("p10"), p80__gte=F("p50"), p90__gte=F("p80")),
                name="transit_time_quantiles_are_in_order",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.origin_id} → {self.destination_id}"


class EtaScore(models.Model):
    """Who was right on a lane: mean absolute error and bias in minutes, of arrivals foretold `horizon` days before.

    Back-tested: our own quantiles are worked out from the journeys before the ones they are tried on. Positive bias:
    it came later than was said.
    """

    access: ClassVar[Access] = INTERNAL

    origin = models.ForeignKey(Location, on_delete=models.CASCADE, related_name="+", verbose_name=_("from"))
    destination = models.ForeignKey(Location, on_delete=models.CASCADE, related_name="+", verbose_name=_("to"))
    mode = models.CharField(_("mode"), max_length=16, choices=Mode.choices)
    carrier = models.ForeignKey(
        Partner, on_delete=models.CASCADE, null=True, blank=True, related_name="+", verbose_name=_("carrier")
    )
    horizon = models.PositiveSmallIntegerField(_("days before"))
    samples = models.PositiveIntegerField(_("journeys"))
    carrier_error = models.PositiveIntegerField(_("error of the carrier"), null=True, blank=True)
    carrier_bias = models.IntegerField(_("bias of the carrier"), null=True, blank=True)
    own_error = models.PositiveIntegerField(_("our own error"), null=True, blank=True)
    own_bias = models.IntegerField(_("our own bias"), null=True, blank=True)
    refreshed_at = models.DateTimeField(_("worked out"), db_default=Now())

    objects = ScopedQuerySet["EtaScore"].as_manager()

    class Meta:
        verbose_name = _("accuracy of arrivals")
        verbose_name_plural = _("accuracy of arrivals")
        constraints = [
            models.UniqueConstraint(
                fields=["origin", "destination", "mode", "carrier", "horizon"],
                nulls_distinct=False,
                name="eta_score_is_one_per_lane_and_horizon",
            )
        ]

    def __str__(self) -> str:
        return f"{self.origin_id} → {self.destination_id}, {self.horizon} d"
