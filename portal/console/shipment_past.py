"""What of a shipment was changed, by whom, when, from what to what."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from partners.models import User
from portal.console import cells
from portal.console.record import Section
from shipments.changes import Change, changes
from shipments.enums import Mode, Service, ShipmentType
from shipments.models import Location, Shipment, ShipmentPast
from shipments.services import present_facts

_SHOWN = 50
_NAMES: dict[str, Any] = {
    "booked_at": gettext_lazy("Booked"),
    "cargo_ready_at": gettext_lazy("Cargo ready"),
    "cut_off_at": gettext_lazy("Cut-off"),
    "etd": gettext_lazy("Planned departure"),
    "eta": gettext_lazy("Planned arrival"),
    "type": gettext_lazy("Type"),
    "mode": gettext_lazy("Mode"),
    "service": gettext_lazy("Service"),
    "origin": gettext_lazy("From"),
    "destination": gettext_lazy("To"),
    "cancelled": gettext_lazy("Cancelled"),
}
_CODES: dict[str, dict[Any, Any]] = {
    "type": dict(ShipmentType.choices),
    "mode": dict(Mode.choices),
    "service": dict(Service.choices),
    "cancelled": {True: gettext_lazy("yes"), False: gettext_lazy("no")},
}
_DATES = frozenset({"booked_at", "cargo_ready_at", "cut_off_at", "etd", "eta"})


@dataclass(frozen=True, slots=True)
class _Step:
    """One change of the shipment: when, by whom, and what differed from then on."""

    at: datetime
    by: User | None
    changes: Sequence[Change]


def section(shipment: Shipment, user: User) -> Section:
    """The newest changes first. Two queries when there are none, four otherwise."""
    steps = _steps(shipment, user)
    places = Location.objects.in_bulk(_places_of(steps)) if steps else {}
    lines = [
        [cells.moment(step.at), step.by or _("by the system"), _name(change), _said(change, shipment, places)]
        for step in steps
        for change in step.changes
    ]
    return Section(_("Changes"), [_("When"), _("By"), _("What"), _("From what to what")], lines)


def _steps(shipment: Shipment, user: User) -> list[_Step]:
    rows = ShipmentPast.objects.for_user(user).filter(shipment=shipment).select_related("changed_by")
    pasts = list(rows.order_by("-until", "-pk")[:_SHOWN])
    if not pasts:
        return []
    after = [present_facts([shipment.pk])[shipment.pk], *(past.facts for past in pasts)]
    return [
        _Step(past.until, past.changed_by, changes(past.facts, then)) for past, then in zip(pasts, after, strict=False)
    ]


def _places_of(steps: Iterable[_Step]) -> set[int]:
    """Ids of all places that the changes name."""
    found: set[int] = set()
    for change in (change for step in steps for change in step.changes):
        if change.what in ("origin", "destination"):
            found |= {change.before, change.after}
        elif change.what == "leg":
            found |= {leg[end] for leg in (change.before, change.after) if leg for end in ("origin", "destination")}
    return found


def _name(change: Change) -> str:
    if change.what == "leg":
        return _("Leg %(number)s") % {"number": change.about}
    return _("Unit") if change.what == "unit" else str(_NAMES[change.what])


def _said(change: Change, shipment: Shipment, places: Mapping[int, Location]) -> Any:
    return cells.changed(*(_value(change, value, shipment, places) for value in (change.before, change.after)))


def _value(change: Change, value: Any, shipment: Shipment, places: Mapping[int, Location]) -> Any:
    if value in (None, ""):
        return cells.nothing()
    if change.what in _DATES:
        place = shipment.destination if change.what == "eta" else shipment.origin
        return cells.at_place(datetime.fromisoformat(value), place.time_zone)
    if change.what == "unit":
        return value["number"]
    if change.what == "leg":
        return _leg(value, places)
    if change.what in _CODES:
        return _CODES[change.what].get(value, value)
    return str(places.get(value, value))


def _leg(leg: Mapping[str, Any], places: Mapping[int, Location]) -> Any:
    ends = " → ".join(str(places.get(leg[end], leg[end])) for end in ("origin", "destination"))
    moved_by = " ".join(filter(None, (leg[name] for name in ("vessel_name", "voyage", "flight", "vehicle"))))
    times = [
        cells.at_place(datetime.fromisoformat(leg[name]), places[leg[end]].time_zone)
        for name, end in (("etd", "origin"), ("eta", "destination"))
        if leg[name] and leg[end] in places
    ]
    return cells.lines([ends, *filter(None, [moved_by]), *times])
