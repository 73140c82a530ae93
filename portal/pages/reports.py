"""A partner's person reports what happened, or will happen, to a shipment."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.errors import DomainError
from milestones.models import Milestone
from partners.access import may
from partners.enums import Permission
from portal.pages.base import Page
from portal.pages.shipments import named, reader_of
from portal.presentation import timeline, times
from portal.presentation.audiences import audiences_of
from portal.presentation.timeline import TimelineView
from shipments.enums import Classifier
from shipments.models import Location, MilestoneType, Shipment
from shipments.services import record_event

# Clocks of people and ours differ a little; more than this ahead of us has not happened yet.
_CLOCK_SKEW = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Asked:
    """What the form offers: the codes of this journey first, and the places the shipment passes."""

    codes: tuple[tuple[str, str], ...]
    others: tuple[tuple[str, str], ...]
    places: dict[str, Location]
    first_code: str
    first_place: str


class ReportForm(forms.Form):
    code = forms.ChoiceField(label=gettext_lazy("What"))
    classifier = forms.ChoiceField(
        label=gettext_lazy("Has it happened?"),
        choices=[
            (Classifier.ACTUAL.value, gettext_lazy("It happened")),
            (Classifier.ESTIMATED.value, gettext_lazy("It is expected")),
        ],
        initial=Classifier.ACTUAL.value,
        widget=forms.RadioSelect,
    )
    place = forms.ChoiceField(label=gettext_lazy("Where"))
    wall_time = forms.DateTimeField(
        label=gettext_lazy("When, in the time of the place"),
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )
    note = forms.CharField(label=gettext_lazy("Note or reason"), required=False, max_length=300)
    # Pressed twice, or sent again by a browser that got no answer: still one report.
    entry_id = forms.UUIDField(initial=uuid4, required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, asked: Asked, now: datetime, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.now, self.places = now, asked.places
        groups = [(_("This journey"), asked.codes), (_("Other events"), asked.others)]
        self.fields["code"].choices = [group for group in groups if group[1]]  # type: ignore[attr-defined]
        self.fields["code"].initial = asked.first_code
        self.fields["place"].choices = [(code, _place_label(place, now)) for code, place in asked.places.items()]  # type: ignore[attr-defined]
        self.fields["place"].initial = asked.first_place

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if "wall_time" in cleaned and "place" in cleaned:
            # What was typed is the time on the wall there; Django has read it in UTC.
            cleaned["wall_time"] = cleaned["wall_time"].replace(tzinfo=None)
            self._must_be_true(cleaned["wall_time"], self.places[cleaned["place"]], cleaned.get("classifier", ""))
        return cleaned

    def _must_be_true(self, wall_time: datetime, place: Location, classifier: str) -> None:
        at = wall_time.replace(tzinfo=ZoneInfo(place.time_zone or "UTC"))
        if at.astimezone(UTC).astimezone(at.tzinfo).replace(tzinfo=None) != wall_time:
            self.add_error(
                "wall_time",
                _("There is no such time at %(place)s: the clocks go forward in that hour.") % {"place": place.name},
            )
        if classifier == Classifier.ACTUAL and at > self.now + _CLOCK_SKEW:
            self.add_error("wall_time", _("This lies ahead. Choose “It is expected” for what has not happened yet."))


class ReportEvent(Page):
    template_name = "portal/report.html"
    room: ClassVar[str] = "shipments"

    def get(self, request: HttpRequest, public_id: UUID) -> HttpResponse:
        shipment, asked = self._asked(public_id)
        return self._form(shipment, ReportForm(asked=asked, now=self.now))

    def post(self, request: HttpRequest, public_id: UUID) -> HttpResponse:
        shipment, asked = self._asked(public_id)
        form = ReportForm(request.POST, asked=asked, now=self.now)
        if form.is_valid() and self._record(shipment, form):
            messages.success(request, _("Thank you. The journey shows it in a moment."))
            return HttpResponseRedirect(reverse("pages:shipment", args=[shipment.public_id]))
        return self._form(shipment, form)

    def _record(self, shipment: Shipment, form: ReportForm) -> bool:
        """Whether the service took it; its refusal becomes an error of the form."""
        said = form.cleaned_data
        try:
            record_event(
                shipment,
                code=said["code"],
                classifier=said["classifier"],
                wall_time=said["wall_time"].isoformat(timespec="minutes"),
                location=form.places[said["place"]],
                by=self.person,
                note=said["note"],
                entry_id=str(said["entry_id"] or ""),
            )
        except DomainError as refusal:
            form.add_error(refusal.field if refusal.field in form.fields else None, refusal.message)
            return False
        return True

    def _asked(self, public_id: UUID) -> tuple[Shipment, Asked]:
        shipments = Shipment.objects.select_related("origin", "destination")
        shipment = self.find(shipments.prefetch_related("legs__origin", "legs__destination"), public_id)
        self.must(may(self.person, Permission.REPORT_EVENTS, shipment), Permission.REPORT_EVENTS)
        reader = reader_of(self, audiences_of(self.person, shipment))
        # Any: mypy finds that Milestone is a MilestoneLike everywhere but as an argument of a type.
        rows: Iterable[Any] = Milestone.objects.filter(shipment=shipment).select_related("location")
        return shipment, _offer(shipment, timeline.build(rows, reader))

    def _form(self, shipment: Shipment, form: ReportForm) -> HttpResponse:
        title, _others = named(shipment)
        status = 400 if form.is_bound else 200
        return self.render_to_response(self.get_context_data(shipment=shipment, title=title, form=form), status=status)


def _offer(shipment: Shipment, view: TimelineView[Any]) -> Asked:
    names: dict[str, str] = {}
    for row in view.rows:
        names.setdefault(row.milestone.type_id, row.name)
    others = tuple(MilestoneType.objects.exclude(code__in=names).values_list("code", "name"))
    coming = next((row.milestone for row in view.rows if row.is_next), None)
    places = _places(shipment, (row.milestone.location for row in view.rows))
    first_place = coming.location if coming and coming.location else shipment.origin
    return Asked(tuple(names.items()), others, places, coming.type_id if coming else "", first_place.code)


def _places(shipment: Shipment, reached: Iterable[Location | None]) -> dict[str, Location]:
    legs = [place for leg in shipment.legs.all() for place in (leg.origin, leg.destination)]
    every = [shipment.origin, *legs, *reached, shipment.destination]
    return {place.code: place for place in every if place is not None}


def _place_label(place: Location, now: datetime) -> str:
    """ "Rotterdam +01": whose clock is on the wall there."""
    there = times.local(now, place.time_zone)
    return f"{place.name} {there.offset}" if there else place.name
