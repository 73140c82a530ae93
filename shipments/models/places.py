"""Places: UN/LOCODE entries and facilities in them, each with its IANA time zone."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now, Upper
from django.utils.translation import gettext_lazy as _

from partners.access import OPEN, Access, ScopedQuerySet
from partners.models import User
from shipments.enums import AliasKind, LocationKind
from shipments.models.messages import Source


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


class LocationAliasQuerySet(ScopedQuerySet["LocationAlias"]):
    def known_as(self, kind: str, value: str) -> LocationAliasQuerySet:
        return self.filter(kind=kind, value=value)


class LocationAlias(models.Model):
    """What else a place is called: CNSHA by sea is CNSGH, a GLN, a terminal code, a sender's own words.

    `value` is normalised (`shipments.normalise.alias_value`). The most specific one counts: of the source before of
    all, of the mode before of any.
    """

    access: ClassVar[Access] = OPEN

    kind = models.CharField(_("kind"), max_length=16, choices=AliasKind.choices)
    value = models.CharField(_("code or text"), max_length=120)
    mode = models.CharField(
        _("mode"), max_length=8, blank=True, help_text=_("VESSEL, AIR, RAIL, ROAD ... or empty for any")
    )
    source = models.ForeignKey(
        Source,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="location_aliases",
        verbose_name=_("only for source"),
    )
    location = models.ForeignKey(
        Location, on_delete=models.PROTECT, related_name="also_known_as", verbose_name=_("place")
    )
    created_at = models.DateTimeField(_("created"), db_default=Now(), editable=False)
    created_by = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("created by")
    )

    objects = LocationAliasQuerySet.as_manager()

    class Meta:
        verbose_name = _("alias of a place")
        verbose_name_plural = _("aliases of places")
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "value", "mode", "source"],
                nulls_distinct=False,
                name="alias_is_unambiguous",
                violation_error_message=_("There is already a place with this alias."),
            ),
            models.CheckConstraint(condition=Q(kind__in=AliasKind.values), name="alias_kind_is_known"),
            models.CheckConstraint(condition=~Q(value=""), name="alias_has_a_value"),
        ]

    def __str__(self) -> str:
        # Of a name without the country before the bar: people read this.
        return self.value.rpartition("|")[2]
