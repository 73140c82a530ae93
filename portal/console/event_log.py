"""Events as they stand in logs: append-only, with what became of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from partners.models import User
from portal.console import cells
from portal.console.actions import Action
from portal.console.base import ConsoleAdmin
from portal.console.fields import Reason
from portal.console.filters import Days, Many, Text
from portal.console.listing import Column, Found
from portal.console.record import Fact, Section, facts_of
from shipments.enums import Classifier
from shipments.matching import reference_key
from shipments.models import Event, EventMatch, Reference, WaitingEvent
from shipments.services import retract_event


def fates(events: Sequence[Event]) -> dict[int, str]:
    """What became of each event, by id: "" while it counts. Two queries."""
    named = {(e.source_id, e.source_event_id): e.pk for e in events if e.source_event_id}
    retracting = Event.objects.filter(
        source__in={source for source, _id in named}, retracts__in={name for _source, name in named}
    ).values_list("source_id", "retracts")
    gone = {named[pair] for pair in retracting if pair in named}
    replacing = Event.objects.filter(supersedes__in=[e.pk for e in events]).values_list("supersedes", "retracts")
    # A retraction by hand takes the place of the event itself.
    gone |= {pk for pk, retracts in replacing if pk and retracts}
    replaced = {pk for pk, _retracts in replacing if pk}
    return {e.pk: _fate(e, gone, replaced) for e in events}


def _fate(event: Event, gone: set[int], replaced: set[int]) -> str:
    if event.pk in gone:
        return _("retracted")
    if event.pk in replaced:
        return _("read again, replaced")
    if event.retracts:
        return _("retracts another")
    return _("quarantined: %(why)s") % {"why": event.quarantine} if event.quarantine else ""


def happened(event: Event) -> Any:
    zone = event.time_zone or (event.location.time_zone if event.location else "")
    if event.occurred_at is None:
        return cells.nothing(_("no time"))
    return cells.at_place(event.occurred_at, zone)


def place(event: Event) -> str:
    return event.location.name if event.location else event.location_text or "–"


def message_link(event: Event) -> Any:
    """To the message, where it says this."""
    address = reverse("admin:shipments_message_change", args=[event.message_id])
    return cells.link(f"{address}?event={event.pk}#hit", event.segment or _("Open"))


def section(request: HttpRequest, events: Sequence[Event]) -> Section:
    """The log of a shipment, newest first; what no longer counts is struck through."""
    became = fates(events)
    may = request.user.has_perm("shipments.change_shipment")
    lines = [_line(request, event, became[event.pk], may=may) for event in events]
    head = [_("Event"), _("How sure"), _("Happened"), _("Place"), _("From"), _("Received"), _("State"), ""]
    return Section(_("Events"), head, lines, empty=_("Nothing has been reported yet."))


def _line(request: HttpRequest, event: Event, fate: str, *, may: bool) -> list[Any]:
    name = cells.row_link("shipments_event", event.pk, event.code.name)
    retract: Any = ""
    if may and not fate:
        href = reverse("admin:shipments_event_do_row", args=[event.pk, "retract"])
        button = {"action": RETRACT, "href": href, "request": request, "of": str(event.code.name)}
        retract = render_to_string("console/button.html", button)
    return [
        format_html("<s>{}</s>", name) if fate else name,
        event.get_classifier_display(),
        happened(event),
        place(event),
        str(event.source.partner),
        cells.moment(event.received_at),
        fate or _("counts"),
        retract,
    ]


def _retract(event: Event, values: Mapping[str, Any], by: User) -> None:
    retract_event(event, reason=values["reason"], by=by)


RETRACT = Action(
    name="retract",
    label=gettext_lazy("Retract…"),
    permission="shipments.change_shipment",
    form=Reason,
    explain=gettext_lazy("The event stays in the log and stops counting."),
    submit=gettext_lazy("Retract event"),
    perform=_retract,
    done=gettext_lazy("Event retracted."),
    is_danger=True,
    fits=lambda event: not event.retracts,
)


class EventRoom(ConsoleAdmin):
    related = ("source__partner", "location", "code", "message")
    search_hint = gettext_lazy("A reference or container")
    empty = gettext_lazy("Events appear here as soon as a message has been read.")
    columns = (
        Column("event", gettext_lazy("Event"), lambda e: cells.strong(e.code.name, e.get_classifier_display())),
        Column("happened", gettext_lazy("Happened"), happened, "", "c-pair"),
        Column("place", gettext_lazy("Place"), place, "", "c-pair"),
        Column("unit", gettext_lazy("Unit"), lambda e: e.equipment or cells.nothing(), "", "c-pair"),
        Column("source", gettext_lazy("From"), lambda e: cells.two(e.source.partner, e.source.code), "", "c-pair"),
        Column("received", gettext_lazy("Received"), lambda e: cells.ago(e.received_at), "", "c-pair"),
    )
    filters = (
        Text("source", gettext_lazy("Source"), ("source__code",), "shipments_source"),
        Text("code", gettext_lazy("Milestone type"), ("code__code",), "shipments_milestonetype"),
        Many("classifier", gettext_lazy("How sure"), "classifier", Classifier.choices),
        Days("received", gettext_lazy("Received"), "received_at"),
    )
    operations = (RETRACT,)
    facts = (
        "code",
        "classifier",
        "raw_code",
        "code_list",
        "occurred_at",
        "wall_time",
        "time_zone",
        "zone_certainty",
        "precision",
        "reported_at",
        "received_at",
        "location",
        "location_text",
        "equipment",
        "vessel_imo",
        "voyage",
        "flight",
        "trust",
        "source_event_id",
        "retracts",
        "quarantine",
        "reason",
        "remarks",
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).defer("message__raw")

    def search(self, rows: QuerySet[Any], text: str) -> Found:
        key = reference_key(text)
        known = Reference.objects.filter(key=key).values("shipment_id")
        matched = EventMatch.objects.filter(shipment__in=known).values("event_id")
        waiting = WaitingEvent.objects.filter(keys__contains=[f"carrier:{key}"]).values("event_id")
        return Found(rows.filter(Q(pk__in=matched) | Q(pk__in=waiting)))

    def page_context(self, request: HttpRequest, row: Any) -> dict[str, Any]:
        facts = [f for f in facts_of(row, self.facts) if f.value != "–"]
        came = [
            Fact(_("Message"), message_link(row), row.message),
            Fact(_("What became of it"), fates([row])[row.pk] or _("it counts")),
        ]
        return {"facts": came + facts, "sections": self.sections(request, row)}

    def sections(self, request: HttpRequest, row: Any) -> list[Section]:
        matches = (
            EventMatch.objects.for_user(request.user)
            .filter(event=row)
            .select_related("shipment__customer", "shipment__origin", "shipment__destination")
        )
        lines = [[cells.shipment(m.shipment), m.matched_by, cells.moment(m.matched_at)] for m in matches]
        named = [[r.get("type", ""), r.get("value", "")] for r in row.references]
        return [
            Section(
                _("Shipments"), [_("Shipment"), _("Matched by"), _("Since")], lines, empty=_("It waits for a shipment.")
            ),
            Section(_("References as reported"), [_("Kind"), _("Number")], named, empty=_("None was given.")),
        ]
