"""Places: UN/LOCODE entries and facilities in them, each with its IANA time zone."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Upper
from django.utils.translation import gettext_lazy as _

from partners.access import OPEN, Access, ScopedQuerySet
from shipments.enums import LocationKind


class LocationQuerySet(ScopedQuerySet["Location"]):
    def places(self) -> LocationQuerySet:
        return self.filter(kind=LocationKind.PLACE)


class Location(models.Model):
    """A UN/LOCODE place, or a facility (terminal, warehouse) at `unlocode` with its own `facility_code`."""

    access: ClassVar[Access] = OPEN

    kind = models.CharField(_("kind"), max_length=16, choices=LocationKind.choices, default=LocationKind.PLACE)
    unlocode = models.CharField(_("UN/LOCODE"), max_length=5)
    facility_code = models.CharField(_("facility code"), max_length=16, blank=True)
    name = models.CharField(_("name"), max_length=200)
    country = models.CharField(_("country"), max_length=2)
    subdivision = models.CharField(_("subdivision"), max_length=3, blank=True)
    iata = models.CharField(_("IATA code"), max_length=3, blank=True)
    time_zone = models.CharField(
        _("time zone"), max_length=64, blank=True, help_text=_("IANA name; empty when not known")
    )
    latitude = models.DecimalField(_("latitude"), max_digits=8, decimal_places=5, null=True, blank=True)
    longitude = models.DecimalField(_("longitude"), max_digits=8, decimal_places=5, null=True, blank=True)
    same_as = models.ForeignKey(
        "self",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="aliases",
        verbose_name=_("same place as"),
        help_text=_("For codes used for the same place, such as CNSHA for the port of Shanghai, CNSGH"),
    )

    objects = LocationQuerySet.as_manager()

    class Meta:
        verbose_name = _("place")
        verbose_name_plural = _("places")
        indexes = [
            models.Index(fields=["iata"], condition=~Q(iata=""), name="location_by_iata"),
            models.Index(F("country"), Upper("name"), name="location_by_country_and_name"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["unlocode", "facility_code"],
                name="location_code_is_unique",
                violation_error_message=_("This place is already in the list."),
            ),
            models.CheckConstraint(
                condition=Q(unlocode__regex=r"^[A-Z]{2}[A-Z2-9]{3}$"),
                name="location_unlocode_has_its_form",
                violation_error_message=_(
                    "A UN/LOCODE is two letters and three letters or digits 2 to 9, such as NLRTM."
                ),
            ),
            models.CheckConstraint(
                condition=Q(kind=LocationKind.PLACE, facility_code="")
                | (Q(kind=LocationKind.FACILITY) & ~Q(facility_code="")),
                name="location_facility_has_a_code",
            ),
            models.CheckConstraint(
                condition=Q(latitude=None) | Q(latitude__gte=-90, latitude__lte=90),
                name="location_latitude_is_on_earth",
            ),
            models.CheckConstraint(
                condition=Q(longitude=None) | Q(longitude__gte=-180, longitude__lte=180),
                name="location_longitude_is_on_earth",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.code})"

    @property
    def code(self) -> str:
        """'NLRTM', or 'NLRTM/APM2' for a facility."""
        return f"{self.unlocode}/{self.facility_code}" if self.facility_code else self.unlocode
