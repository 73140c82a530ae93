"""The consignment and what it is known by."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from partners.access import Access, ScopedQuerySet
from partners.models import Partner, User
from shipments.enums import Mode, PartyRole, ReferenceType, Service, ShipmentType, UnitKind
from shipments.models.places import Location

VIA_PARTIES = Access(paths=("shipment__parties__partner",))


class ShipmentQuerySet(ScopedQuerySet["Shipment"]):
    def open(self) -> ShipmentQuerySet:
        return self.filter(closed_at=None, cancelled_at=None)

    def known_as(self, key: str) -> ShipmentQuerySet:
        """By any of its references, normalised."""
        return self.filter(pk__in=Reference.objects.filter(key=key).values("shipment_id"))


class Shipment(models.Model):
    """One consignment from origin to destination. What changes with every event stands in `ShipmentStream`."""

    access: ClassVar[Access] = Access(paths=("parties__partner",))

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    reference = models.CharField(_("reference"), max_length=64)
    type = models.CharField(_("type"), max_length=16, choices=ShipmentType.choices)
    mode = models.CharField(_("mode"), max_length=16, choices=Mode.choices)
    service = models.CharField(_("service"), max_length=16, choices=Service.choices, blank=True, db_default="")
    customer = models.ForeignKey(Partner, on_delete=models.PROTECT, related_name="+", verbose_name=_("customer"))
    origin = models.ForeignKey(Location, on_delete=models.PROTECT, related_name="+", verbose_name=_("origin"))
    destination = models.ForeignKey(Location, on_delete=models.PROTECT, related_name="+", verbose_name=_("destination"))
    booked_at = models.DateTimeField(_("booked"), null=True, blank=True)
    cargo_ready_at = models.DateTimeField(_("cargo ready"), null=True, blank=True)
    cut_off_at = models.DateTimeField(_("cut-off"), null=True, blank=True)
    etd = models.DateTimeField(_("planned departure (ETD)"), null=True, blank=True)
    eta = models.DateTimeField(_("planned arrival (ETA)"), null=True, blank=True)
    created_at = models.DateTimeField(_("created"), db_default=Now(), editable=False)
    created_by = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("created by")
    )
    closed_at = models.DateTimeField(_("closed"), null=True, blank=True)
    cancelled_at = models.DateTimeField(_("cancelled"), null=True, blank=True)
    cancel_reason = models.CharField(_("reason"), max_length=300, blank=True)

    objects = ShipmentQuerySet.as_manager()

    class Meta:
        verbose_name = _("shipment")
        verbose_name_plural = _("shipments")
        indexes = [models.Index(fields=["customer", "-id"], name="shipment_by_customer")]
        constraints = [
            models.UniqueConstraint(
                fields=["customer", "reference"],
                name="shipment_reference_is_unique_per_customer",
                violation_error_message=_("This customer already has a shipment with this reference."),
            ),
            models.CheckConstraint(condition=Q(type__in=ShipmentType.values), name="shipment_type_is_known"),
            models.CheckConstraint(condition=Q(mode__in=Mode.values), name="shipment_mode_is_known"),
            models.CheckConstraint(
                condition=Q(service="") | Q(service__in=Service.values), name="shipment_service_is_known"
            ),
            models.CheckConstraint(condition=~Q(reference=""), name="shipment_has_a_reference"),
            models.CheckConstraint(
                condition=Q(etd=None) | Q(eta=None) | Q(eta__gte=F("etd")),
                name="shipment_arrives_after_it_departs",
                violation_error_message=_("The planned arrival is before the planned departure."),
            ),
            models.CheckConstraint(
                condition=Q(cancelled_at=None) | ~Q(cancel_reason=""), name="shipment_cancelled_says_why"
            ),
        ]

    def __str__(self) -> str:
        return self.reference


class ShipmentStream(models.Model):
    """The narrow, hot row beside the shipment: `revision` counts what happened to it, and upper apps remember it."""

    access: ClassVar[Access] = VIA_PARTIES

    shipment = models.OneToOneField(Shipment, on_delete=models.CASCADE, primary_key=True, related_name="stream")
    revision = models.BigIntegerField(default=1)
    touched_at = models.DateTimeField(db_default=Now(), db_index=True)

    objects = ScopedQuerySet["ShipmentStream"].as_manager()

    class Meta:
        verbose_name = _("shipment stream")

    def __str__(self) -> str:
        return f"{self.shipment_id}@{self.revision}"


class ShipmentParty(models.Model):
    """Who plays what on this shipment. It is what scopes visibility."""

    access: ClassVar[Access] = VIA_PARTIES

    shipment = models.ForeignKey(Shipment, on_delete=models.CASCADE, related_name="parties", verbose_name=_("shipment"))
    partner = models.ForeignKey(Partner, on_delete=models.PROTECT, related_name="roles", verbose_name=_("partner"))
    role = models.CharField(_("role"), max_length=24, choices=PartyRole.choices)

    objects = ScopedQuerySet["ShipmentParty"].as_manager()

    class Meta:
        verbose_name = _("party")
        verbose_name_plural = _("parties")
        constraints = [
            models.UniqueConstraint(fields=["shipment", "partner", "role"], name="party_plays_a_role_once"),
            models.CheckConstraint(condition=Q(role__in=PartyRole.values), name="party_role_is_known"),
        ]
        indexes = [models.Index(fields=["partner", "-shipment"], name="party_by_partner")]

    def __str__(self) -> str:
        return f"{self.partner} · {self.get_role_display()}"


class Leg(models.Model):
    """One movement of the shipment."""

    access: ClassVar[Access] = VIA_PARTIES

    shipment = models.ForeignKey(Shipment, on_delete=models.CASCADE, related_name="legs", verbose_name=_("shipment"))
    sequence = models.PositiveSmallIntegerField(_("sequence"))
    mode = models.CharField(_("mode"), max_length=16, choices=Mode.choices)
    carrier = models.ForeignKey(
        Partner, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("carrier")
    )
    origin = models.ForeignKey(Location, on_delete=models.PROTECT, related_name="+", verbose_name=_("from"))
    destination = models.ForeignKey(Location, on_delete=models.PROTECT, related_name="+", verbose_name=_("to"))
    vessel_name = models.CharField(_("vessel"), max_length=100, blank=True)
    vessel_imo = models.CharField(_("IMO number"), max_length=7, blank=True)
    voyage = models.CharField(_("voyage"), max_length=50, blank=True)
    flight = models.CharField(_("flight"), max_length=16, blank=True)
    vehicle = models.CharField(_("train or truck"), max_length=50, blank=True)
    etd = models.DateTimeField(_("planned departure"), null=True, blank=True)
    eta = models.DateTimeField(_("planned arrival"), null=True, blank=True)

    objects = ScopedQuerySet["Leg"].as_manager()

    class Meta:
        verbose_name = _("leg")
        verbose_name_plural = _("legs")
        ordering = ["sequence"]
        constraints = [
            models.UniqueConstraint(fields=["shipment", "sequence"], name="leg_sequence_is_unique"),
            models.CheckConstraint(condition=Q(mode__in=Mode.values), name="leg_mode_is_known"),
        ]

    def __str__(self) -> str:
        return f"{self.sequence}: {self.origin_id} → {self.destination_id}"


class Unit(models.Model):
    """What moves and is reported on by itself: container (ISO 6346), ULD, package, pallet."""

    access: ClassVar[Access] = VIA_PARTIES

    shipment = models.ForeignKey(Shipment, on_delete=models.CASCADE, related_name="units", verbose_name=_("shipment"))
    kind = models.CharField(_("kind"), max_length=16, choices=UnitKind.choices)
    number = models.CharField(_("number"), max_length=35)
    key = models.CharField(max_length=35, editable=False)
    iso_type = models.CharField(_("ISO type"), max_length=4, blank=True)

    objects = ScopedQuerySet["Unit"].as_manager()

    class Meta:
        verbose_name = _("unit")
        verbose_name_plural = _("units")
        constraints = [
            models.UniqueConstraint(fields=["shipment", "key"], name="unit_is_listed_once"),
            models.CheckConstraint(condition=Q(kind__in=UnitKind.values), name="unit_kind_is_known"),
            models.CheckConstraint(condition=Q(key__regex=r"^[A-Z0-9]+$"), name="unit_key_is_normalised"),
        ]

    def __str__(self) -> str:
        return self.number


class Reference(models.Model):
    """A (type, value) the shipment is known by; `key` is the value upper case without blanks, dashes and slashes.

    The shipment's own reference and its units stand here too, so that matching looks in one place.
    """

    access: ClassVar[Access] = VIA_PARTIES

    shipment = models.ForeignKey(
        Shipment, on_delete=models.CASCADE, related_name="references", verbose_name=_("shipment")
    )
    type = models.CharField(_("type"), max_length=24, choices=ReferenceType.choices)
    value = models.CharField(_("value"), max_length=64)
    key = models.CharField(max_length=64, editable=False)

    objects = ScopedQuerySet["Reference"].as_manager()

    class Meta:
        verbose_name = _("reference")
        verbose_name_plural = _("references")
        indexes = [models.Index(fields=["key"], name="reference_by_key")]
        constraints = [
            models.UniqueConstraint(fields=["shipment", "type", "key"], name="reference_is_listed_once"),
            models.CheckConstraint(condition=Q(type__in=ReferenceType.values), name="reference_type_is_known"),
            models.CheckConstraint(condition=Q(key__regex=r"^[A-Z0-9._]+$"), name="reference_key_is_normalised"),
        ]

    def __str__(self) -> str:
        return f"{self.get_type_display()} {self.value}"
