"""Of a shipment's page: what is known of its arrival, how complete its picture is, and the page of an earlier day."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.dateparse import parse_datetime
from django.utils.html import format_html
from django.utils.translation import gettext as _

from milestones.models import Journey, Milestone
from milestones.services import slip_curve, timeline_as_of
from portal.console import cells
from portal.console.record import Fact
from portal.presentation import arrivals, fixes, words
from portal.presentation.times import ClockFace
from shipments.models import Location, Shipment
from shipments.zones import load_zone

# Fix → the dialog of the shipment in which it is made.
_DIALOGS = {"report": "record", "reference": "add_reference", "dates": "dates"}
_CHANGE = "shipments.change_shipment"


def arrival_view(shipment: Shipment, face: ClockFace, as_of: datetime | None) -> arrivals.ArrivalView | None:
    """Who foretells the arrival, our own range, and every version that was told (by `as_of`); None when nobody did."""
    return arrivals.build(
        slip_curve(shipment, as_of=as_of),
        getattr(shipment, "journey", None),
        zone=shipment.destination.time_zone,
        face=face,
        is_outside=False,
    )


def completeness(request: HttpRequest, shipment: Shipment, journey: Journey) -> Fact:
    """ "82 %", and below it what would raise it most, with the way there for those who may."""
    fix: Mapping[str, Any] | None = journey.next_fix
    note: Any = fixes.text(fix)
    address = _address(request, shipment, str(fix["code"])) if fix else ""
    if fix and address:
        note = format_html('<a class="wm-link" data-dialog href="{}">{}</a>', address, note)
    if fix and fix.get("gain"):
        note = format_html("{} (+{})", note, fix["gain"])
    return Fact(_("Completeness"), f"{journey.completeness} %", note, "")


def _address(request: HttpRequest, shipment: Shipment, code: str) -> str:
    if code == "zone":
        may = request.user.has_perm("shipments.view_location")
        return reverse("admin:shipments_location_unplaced") if may else ""
    name = "dates" if code.startswith("date_") else _DIALOGS.get(code, "")
    if not name or not request.user.has_perm(_CHANGE):
        return ""
    return reverse("admin:shipments_shipment_do_row", args=[shipment.pk, name])


def evidence(milestone: Milestone) -> str:
    """How well its time is vouched for, in the words of the vocabulary."""
    return words.evidence(milestone.evidence) if milestone.evidence else ""


# --- an earlier day ------------------------------------------------------------------------------------------------


def asked_instant(request: HttpRequest) -> datetime | None:
    """`?as_of=2026-11-03T12:00`, in the person's own time zone where none is given. What is no instant is not asked."""
    text = request.GET.get("as_of", "").strip()
    try:
        at = parse_datetime(text)
    except ValueError:
        return None
    if at is None:
        return None
    try:
        if at.tzinfo is None:
            at = at.replace(tzinfo=load_zone(getattr(request.user, "time_zone", "")) or UTC)
        return at.astimezone(UTC)
    except OverflowError:
        return None


def milestones_at(shipment: Shipment, as_of: datetime) -> list[Milestone]:
    """The milestones as they were known then, and on `shipment` its journey of then. Neither is to be stored."""
    known = timeline_as_of(shipment, as_of)
    places = Location.objects.in_bulk({value.location_id for value in known.milestones if value.location_id})
    summary = known.summary
    shipment.journey = Journey(
        shipment=shipment,
        **{name: getattr(summary, name) for name in _SHOWN},
        template_reason=_("As it was known then."),
    )
    return [
        Milestone(
            shipment=shipment,
            type_id=value.code,
            location=places.get(value.location_id or 0),
            **{name: getattr(value, name) for name in _VALUES},
        )
        for value in known.milestones
    ]


_SHOWN = (
    "status", "health", "done", "total", "progress", "next_name", "planned_arrival_at", "expected_arrival_at",
    "arrived_at", "last_event_at", "arrival_by", "own_arrival_at", "own_low_at", "own_high_at", "completeness",
    "next_fix",
)  # fmt: skip
_VALUES = (
    "slot", "position", "name", "place_role", "leg_sequence", "unit_number", "occurrence", "time_zone", "audience",
    "responsible", "baseline_at", "planned_at", "estimated_at", "actual_at", "state", "deviation", "is_inferred",
    "evidence", "decisions",
)  # fmt: skip


def as_of_note(as_of: datetime | None) -> Any:
    """What stands above the timeline of an earlier day."""
    return cells.moment(as_of) if as_of else ""
