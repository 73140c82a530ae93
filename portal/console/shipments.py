"""Shipments: the list, and what can be done to one. Its page stands in shipment_page.py."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django import forms
from django.db.models import Prefetch, Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from milestones.enums import Health, JourneyStatus
from milestones.models import Journey
from partners.models import User
from portal.console import cells, shipment_page
from portal.console.actions import Action
from portal.console.base import ConsoleAdmin, View
from portal.console.documents import FileDocument, file_paper
from portal.console.fields import (
    ActionForm,
    LocalTimeField,
    PartnerField,
    PlaceField,
    Reason,
)
from portal.console.filters import Choice, Days, Many, Text
from portal.console.grid_page import GridPages
from portal.console.listing import Column, Found
from portal.console.record_dialog import RecordEvent, record
from portal.console.shipment_files import FILES
from portal.presentation import strip, times, words
from shipments.drafts import ShipmentDraft
from shipments.enums import Mode, PartyRole, ReferenceType, Service, ShipmentType
from shipments.matching import reference_key
from shipments.models import Reference, Shipment, Unit
from shipments.services import (
    add_party,
    add_references,
    cancel_shipment,
    change_shipment,
    create_shipment,
)

_PASTED = 500
_LATE_MINUTES = 12 * times.HOUR
_VERY_LATE_MINUTES = 2 * times.DAY
_STALE_HOURS = 72


def arriving(days: int, prefix: str = "") -> Q:
    """Journeys that are expected to arrive from now on within `days`; `prefix` leads to the journey."""
    now = timezone.now()
    return Q(
        **{
            f"{prefix}expected_arrival_at__gte": now,
            f"{prefix}expected_arrival_at__lt": now + timedelta(days=days),
            f"{prefix}arrived_at": None,
            f"{prefix}is_closed": False,
        }
    )


# --- columns -------------------------------------------------------------------------------------------------------


def _journey(shipment: Shipment) -> Journey | None:
    return getattr(shipment, "journey", None)


def _reference(shipment: Shipment) -> Any:
    units: list[Unit] = list(shipment.units.all())
    more = f" +{len(units) - 1}" if len(units) > 1 else ""
    return cells.strong(shipment.reference, f"{units[0].number}{more}" if units else shipment.get_type_display())


def _route(shipment: Shipment) -> Any:
    lane = format_html(
        '{}{} <span aria-hidden="true">→</span><span class="sr-only">{}</span> {}',
        cells.icon(cells.MODE_ICONS[shipment.mode], shipment.get_mode_display()),
        shipment.origin.name,
        _("to"),
        shipment.destination.name,
    )
    return cells.two(shipment.customer, lane)


def _milestones(shipment: Shipment) -> Any:
    journey = _journey(shipment)
    if journey is None or not journey.strip:
        return cells.nothing(_("no milestones yet"))
    following = _("next: %(name)s") % {"name": journey.next_name} if journey.next_name else ""
    if journey.done == journey.total:
        following = _("complete")
    counts = format_html("<b>{}/{}</b> {}", journey.done, journey.total, f"· {following}" if following else "")
    return cells.two(strip.svg(journey.strip, journey.next_name), counts)


def _eta(shipment: Shipment) -> Any:
    journey = _journey(shipment)
    if journey is None:
        return cells.nothing(_("no date"))
    at = journey.arrived_at or journey.expected_arrival_at or journey.planned_arrival_at
    if at is None:
        return cells.nothing(_("no date"))
    return cells.two(cells.at_place(at, shipment.destination.time_zone), delta(journey.planned_arrival_at, at))


def delta(planned: Any, at: Any) -> Any:
    """The signed difference, marked from twelve hours and again from two days late."""
    minutes = times.minutes_between(planned, at) if planned and at else 0
    late = "is-warn" if minutes >= _LATE_MINUTES else ""
    tone = "is-bad" if minutes >= _VERY_LATE_MINUTES else late
    return format_html('<span class="wm-delta {}">{}</span>', tone, times.variance(planned, at))


def _health(shipment: Shipment) -> Any:
    journey = _journey(shipment)
    if journey is None:
        return cells.nothing(_("not looked at yet"))
    return cells.pill(words.status(journey.status) if journey.is_closed else words.health(journey.health))


def _exceptions(shipment: Shipment) -> Any:
    journey = _journey(shipment)
    if journey is None or not journey.open_cases:
        return cells.nothing()
    worst = words.severity(journey.worst_severity)
    return format_html('<span class="wm-pill is-{}">{} {} {}</span>', worst.tone, worst.svg, journey.open_cases, worst)


def _updated(shipment: Shipment) -> Any:
    journey = _journey(shipment)
    if journey is None:
        return cells.nothing(_("nothing heard"))
    return cells.ago(journey.last_event_at, stale_after_hours=0 if journey.is_closed else _STALE_HOURS)


# --- dialogs -------------------------------------------------------------------------------------------------------


class AddReference(ActionForm):
    answers_for = {"references": "value"}

    type = forms.ChoiceField(label=gettext_lazy("Kind"), choices=ReferenceType.choices)
    value = forms.CharField(label=gettext_lazy("Number"), max_length=64)


class AddParty(ActionForm):
    partner = PartnerField(label=gettext_lazy("Partner"))
    role = forms.ChoiceField(label=gettext_lazy("Role"), choices=PartyRole.choices)


class ChangeDates(ActionForm):
    service = forms.ChoiceField(
        label=gettext_lazy("Service"), choices=[("", gettext_lazy("Not said")), *Service.choices], required=False
    )
    etd = LocalTimeField(label=gettext_lazy("Planned departure (ETD), your time"), required=False)
    eta = LocalTimeField(label=gettext_lazy("Planned arrival (ETA), your time"), required=False)

    def starting_values(self) -> Mapping[str, Any]:
        return {name: getattr(self.row, name) for name in ("service", "etd", "eta")} if self.row else {}


class NewShipment(ActionForm):
    reference = forms.CharField(label=gettext_lazy("Reference"), max_length=64)
    customer = PartnerField(label=gettext_lazy("Customer"))
    mode = forms.ChoiceField(label=gettext_lazy("Mode"), choices=Mode.choices)
    type = forms.ChoiceField(
        label=gettext_lazy("Type"),
        choices=[("", gettext_lazy("Told from the route")), *ShipmentType.choices],
        required=False,
    )
    service = forms.ChoiceField(
        label=gettext_lazy("Service"), choices=[("", gettext_lazy("Not said")), *Service.choices], required=False
    )
    origin = PlaceField(label=gettext_lazy("From (UN/LOCODE)"))
    destination = PlaceField(label=gettext_lazy("To (UN/LOCODE)"))
    etd = LocalTimeField(label=gettext_lazy("Planned departure, your time"), required=False)
    eta = LocalTimeField(label=gettext_lazy("Planned arrival, your time"), required=False)


def _create(row: None, values: Mapping[str, Any], by: User) -> Shipment:
    return create_shipment(ShipmentDraft(**values), by=by)


def _is_live(shipment: Shipment) -> bool:
    return shipment.cancelled_at is None


class ShipmentRoom(GridPages, ConsoleAdmin):
    related = ("customer", "origin", "destination", "journey")
    search_hint = gettext_lazy("Reference, container, bill, order… or paste a list")
    empty = gettext_lazy("Shipments appear here when they are booked, by the API or by hand.")
    page_template = "console/shipment.html"
    columns = (
        Column("reference", gettext_lazy("Shipment"), _reference, "reference"),
        Column("route", gettext_lazy("Customer and route"), _route, "customer__name"),
        Column("milestones", gettext_lazy("Milestones"), _milestones),
        Column("eta", gettext_lazy("Arrival"), _eta, "journey__expected_arrival_at", "c-pair"),
        Column("health", gettext_lazy("Health"), _health, "journey__health", "c-corner"),
        Column("exceptions", gettext_lazy("Exceptions"), _exceptions, "journey__open_cases", "c-pair"),
        Column("updated", gettext_lazy("Updated"), _updated, "journey__last_event_at", "c-hide"),
    )
    filters = (
        Choice(
            "open",
            gettext_lazy("Open"),
            [
                ("yes", gettext_lazy("Under way"), lambda: Q(journey__is_closed=False)),
                ("no", gettext_lazy("Closed"), lambda: Q(journey__is_closed=True)),
            ],
        ),
        Choice(
            "arriving",
            gettext_lazy("Arriving within"),
            [
                ("1", gettext_lazy("1 day"), lambda: arriving(1, "journey__")),
                ("3", gettext_lazy("3 days"), lambda: arriving(3, "journey__")),
                ("7", gettext_lazy("7 days"), lambda: arriving(7, "journey__")),
                ("14", gettext_lazy("14 days"), lambda: arriving(14, "journey__")),
            ],
        ),
        Choice(
            "cases",
            gettext_lazy("Exceptions"),
            [
                ("some", gettext_lazy("Has open exceptions"), lambda: Q(journey__open_cases__gt=0)),
                ("none", gettext_lazy("Has none"), lambda: Q(journey__open_cases=0)),
            ],
        ),
        Text("customer", gettext_lazy("Customer"), ("customer__code", "customer__name"), "partners_partner"),
        Text(
            "place",
            gettext_lazy("From or to (UN/LOCODE)"),
            ("origin__unlocode", "destination__unlocode"),
            "shipments_location",
        ),
        Many("status", gettext_lazy("Status"), "journey__status", JourneyStatus.choices),
        Many("health", gettext_lazy("Health"), "journey__health", Health.choices),
        Many("mode", gettext_lazy("Mode"), "mode", Mode.choices),
        Many("service", gettext_lazy("Service"), "service", Service.choices),
        Days("eta", gettext_lazy("Arrival"), "journey__expected_arrival_at"),
    )
    views = (
        View(gettext_lazy("Under way"), "open=yes"),
        View(gettext_lazy("Needs attention"), "open=yes&cases=some"),
        View(gettext_lazy("Arriving in 7 days"), "arriving=7"),
        View(gettext_lazy("Late"), "open=yes&health=late"),
        View(gettext_lazy("No update"), "open=yes&health=no_update"),
        View(gettext_lazy("Delivered"), "status=delivered"),
        View(gettext_lazy("Everything"), ""),
    )
    files = FILES
    operations = (
        Action(
            name="record",
            label=gettext_lazy("Record event…"),
            permission="shipments.change_shipment",
            form=RecordEvent,
            explain=gettext_lazy("Nothing is overwritten: what you record stands beside what others reported."),
            submit=gettext_lazy("Record"),
            icon="add_task",
            perform=record,
            done=gettext_lazy("Event recorded."),
            fits=_is_live,
            is_main=True,
        ),
        Action(
            name="add_reference",
            label=gettext_lazy("Add reference…"),
            permission="shipments.change_shipment",
            form=AddReference,
            done=gettext_lazy("Reference added; events that waited for it were taken up."),
            fits=_is_live,
            perform=lambda row, values, by: add_references(row, [(values["type"], values["value"])], by=by),
        ),
        Action(
            name="add_party",
            label=gettext_lazy("Add party…"),
            permission="shipments.change_shipment",
            form=AddParty,
            explain=gettext_lazy("The partner will see this shipment from now on."),
            fits=_is_live,
            perform=lambda row, values, by: add_party(row, values["partner"], role=values["role"], by=by),
            done=gettext_lazy("Party added."),
        ),
        Action(
            name="file",
            label=gettext_lazy("File document…"),
            permission="shipments.change_shipment",
            form=FileDocument,
            submit=gettext_lazy("File the document"),
            perform=file_paper,
            done=gettext_lazy("Document filed."),
        ),
        Action(
            name="dates",
            label=gettext_lazy("Change dates, service…"),
            permission="shipments.change_shipment",
            form=ChangeDates,
            explain=gettext_lazy("The first plan is kept as the baseline, and what it was before stays to be seen."),
            fits=_is_live,
            perform=lambda row, values, by: change_shipment(row, changes=values, by=by),
            done=gettext_lazy("Shipment changed."),
        ),
        Action(
            name="cancel",
            label=gettext_lazy("Cancel shipment…"),
            permission="shipments.change_shipment",
            form=Reason,
            explain=gettext_lazy("Nothing is deleted; the shipment is closed with your reason."),
            is_danger=True,
            perform=lambda row, values, by: cancel_shipment(row, reason=values["reason"], by=by),
            fits=_is_live,
            done=gettext_lazy("Shipment cancelled."),
        ),
        Action(
            name="create",
            label=gettext_lazy("New shipment…"),
            permission="shipments.add_shipment",
            form=NewShipment,
            submit=gettext_lazy("Create shipment"),
            icon="add",
            on_list=True,
            is_main=True,
            perform=_create,
            done=gettext_lazy("Shipment created."),
            then=lambda made: reverse("admin:shipments_shipment_change", args=[made.pk]),
        ),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        units = Prefetch("units", queryset=Unit.objects.order_by("pk"))
        return super().get_queryset(request).prefetch_related(units)

    def search(self, rows: QuerySet[Any], text: str) -> Found:
        """By any reference: the beginning of one, or exactly the numbers of a pasted list."""
        whole = reference_key(text)
        known = Reference.objects.filter(key__startswith=whole) if whole else Reference.objects.none()
        pasted = [part for part in re.split(r"[\s,;]+", text) if part][:_PASTED]
        if len(pasted) < 2 or known.exists():
            return Found(rows.filter(pk__in=known.values("shipment_id")))
        keys = {reference_key(part): part for part in pasted if reference_key(part)}
        matching = Reference.objects.filter(key__in=keys, shipment__in=rows)
        missing = [keys[key] for key in sorted(keys.keys() - set(matching.values_list("key", flat=True)))]
        note = _("%(found)d of %(asked)d found.") % {"found": len(keys) - len(missing), "asked": len(keys)}
        if missing:
            note += " " + _("Not found: %(list)s") % {"list": ", ".join(missing[:20])}
        return Found(rows.filter(pk__in=matching.values("shipment_id")), note)

    def suggestions(self, rows: QuerySet[Any], text: str) -> list[tuple[str, str]]:
        key = reference_key(text)
        known = Reference.objects.filter(key__startswith=key).values("shipment_id") if key else []
        found = rows.filter(pk__in=known).order_by("-pk")[:10]
        return [(s.reference, f"{s.reference} · {s.customer} · {s.origin.name} → {s.destination.name}") for s in found]

    def page_context(self, request: HttpRequest, row: Any) -> dict[str, Any]:
        return shipment_page.context(request, row)
