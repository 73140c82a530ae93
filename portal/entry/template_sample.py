"""The sample shipment on which the editor tries a template: what was typed, and what it says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

from django.db.models import Q
from django.utils.translation import gettext as _

from milestones.drafts import TemplateDraft
from milestones.enums import AnchorKind
from milestones.services.previewing import MOST_LEGS, MOST_UNITS, Sample
from shipments.enums import Mode
from shipments.models import Location

# Field → which date it is, and how many days from today it is at first.
DATES: dict[str, tuple[str, int]] = {
    "s_booked": (AnchorKind.BOOKED.value, 0),
    "s_ready": (AnchorKind.CARGO_READY.value, 7),
    "s_cut_off": (AnchorKind.CUT_OFF.value, 12),
    "s_etd": (AnchorKind.ETD.value, 14),
    "s_eta": (AnchorKind.ETA.value, 0),
}
_WAY: dict[str, int] = {Mode.AIR: 2, Mode.ROAD: 3, Mode.RAIL: 18, Mode.PARCEL: 4}
_BY_SEA = 32
_FIELDS = (*DATES, "s_origin", "s_destination", "s_via", "s_units")
_YEARS = range(2000, 2101)


@dataclass(slots=True)
class SampleForm:
    values: dict[str, str]
    errors: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, given: Mapping[str, str], draft: TemplateDraft, today: date) -> SampleForm:
        """What was typed; what was not asked yet begins with dates from today on and places that fit the template."""
        values = {name: given.get(name, "").replace("\x00", "")[:200].strip() for name in _FIELDS}
        if "s_etd" in given:
            return cls(values)
        travels = _WAY.get(draft.mode, _BY_SEA)
        days = {name: ahead for name, (_kind, ahead) in DATES.items()} | {"s_eta": DATES["s_etd"][1] + travels}
        for name, ahead in days.items():
            values[name] = datetime.combine(today + timedelta(days=ahead), time(9)).isoformat(timespec="minutes")
        values["s_origin"] = _fitting(draft.origin_place, draft.origin_country, "CNSGH", "CNSHA")
        values["s_destination"] = _fitting(draft.destination_place, draft.destination_country, "NLRTM", "DEHAM")
        return cls(values | {"s_units": "2"})

    def sample(self) -> Sample | None:
        """The sample shipment; None when something is wrong, which is then noted."""
        origin, destination = self._place("s_origin"), self._place("s_destination")
        via = self._via()
        dates = {kind: at for name, (kind, _ahead) in DATES.items() if (at := self._date(name))}
        text = self.values["s_units"] or "0"
        units = int(text) if text.isdecimal() and len(text) < 4 else -1
        if not 0 <= units <= MOST_UNITS:
            self.errors["s_units"] = _("A number from 0 to %d.") % MOST_UNITS
        if self.errors or origin is None or destination is None:
            return None
        return Sample(origin, destination, dates, via, units)

    def _date(self, name: str) -> datetime | None:
        text = self.values[name]
        if not text:
            return None
        try:
            found = datetime.fromisoformat(text).replace(tzinfo=None)
        except ValueError:
            found = None
        if found is None or found.year not in _YEARS:
            self.errors[name] = _("Write a day and a time.")
            return None
        return found

    def _place(self, name: str) -> Location | None:
        code = self.values[name].upper()
        found = Location.objects.filter(unlocode=code, facility_code="").first() if code else None
        if found is None:
            self.errors[name] = _("No place has this code. Write a UN/LOCODE such as NLRTM.")
        return found

    def _via(self) -> Sequence[Location]:
        codes = self.values["s_via"].upper().replace(",", " ").split()
        if len(codes) >= MOST_LEGS:
            self.errors["s_via"] = _("At most %d places between.") % (MOST_LEGS - 1)
            return ()
        known = {place.unlocode: place for place in Location.objects.filter(unlocode__in=codes, facility_code="")}
        if unknown := [code for code in codes if code not in known]:
            self.errors["s_via"] = _("No place has the code %s.") % unknown[0]
        return [known[code] for code in codes if code in known]


def _fitting(place: str, country: str, *usual: str) -> str:
    """A place that fits the lane: its own, else one of the usual ones, else the first of the country."""
    if place:
        return place
    here = Location.objects.filter(facility_code="").exclude(unlocode="")
    codes = set(here.filter(unlocode__in=usual).values_list("unlocode", flat=True))
    found = next((code for code in usual if code in codes and code.startswith(country)), "")
    if not found and country:
        found = here.filter(Q(country=country)).order_by("unlocode").values_list("unlocode", flat=True).first() or ""
    return found or next((code for code in usual if code in codes), "")
