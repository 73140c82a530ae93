"""The inbox: what came in, what of it waits, and the repairs."""

from __future__ import annotations

import uuid
from typing import Any

from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.console import cells, message_more
from portal.console.actions import Action
from portal.console.base import ConsoleAdmin, File, View
from portal.console.event_log import fates, happened, message_link, place
from portal.console.fields import ActionForm, Reason, ShipmentField
from portal.console.filters import Choice, Days, Many, Text
from portal.console.listing import Column, Found
from portal.console.naming import PLACE
from portal.console.payloads import SHOWN_BYTES, lines_of, marked, places_of
from portal.console.record import Fact, Section, facts_of
from portal.console.unmapped import MAP, queue
from portal.presentation import words
from shipments.enums import Format, MessageState, WaitReason
from shipments.matching import reference_key
from shipments.models import Message, WaitingEvent
from shipments.services import dismiss_event, match_event, release_event, reprocess

_CHANGE = "shipments.change_waitingevent"
_SHOWN_EVENTS = 200
_SENT_AS = {"text/plain", "application/json", "application/edi-x12", "text/csv"}


def _waits_for(*reasons: WaitReason) -> Any:
    return lambda waiting: waiting.closed_at is None and waiting.reason in reasons


class MatchShipment(ActionForm):
    shipment = ShipmentField(label=gettext_lazy("Shipment (reference)"))


def _asked_by(waiting: WaitingEvent) -> str:
    """What it waits with, as they wrote it: the place, the code, or the references it was looked up by."""
    if waiting.reason == WaitReason.UNPLACED and waiting.detail:
        return waiting.detail
    if waiting.reason == WaitReason.UNMAPPED:
        return waiting.event.raw_code
    keys = [key.split(":", 1)[-1] for key in waiting.keys]
    return ", ".join(keys[:4]) or waiting.detail


class WaitingRoom(ConsoleAdmin):
    related = ("event__code", "event__location", "event__message", "source__partner")
    title = gettext_lazy("Waiting events")
    search_hint = gettext_lazy("A reference or container as reported")
    empty = gettext_lazy("Nothing waits: every event found its shipment.")
    links = (
        (gettext_lazy("Codes nobody mapped"), "shipments_waitingevent_unmapped"),
        (gettext_lazy("Places nobody knows"), "shipments_location_unplaced"),
    )
    columns = (
        Column(
            "event",
            gettext_lazy("Event"),
            lambda w: cells.strong(_asked_by(w), f"{w.event.raw_code} · {w.source.partner}"),
        ),
        Column(
            "reason",
            gettext_lazy("Why it waits"),
            lambda w: cells.two(cells.tag(words.wait_reason(w.reason)), w.detail),
        ),
        Column(
            "means",
            gettext_lazy("Read as"),
            lambda w: cells.two(w.event.code.name, w.event.get_classifier_display()),
            "",
            "c-pair",
        ),
        Column(
            "happened", gettext_lazy("Happened"), lambda w: cells.two(happened(w.event), place(w.event)), "", "c-pair"
        ),
        Column("since", gettext_lazy("Since"), lambda w: cells.ago(w.opened_at), "opened_at", "c-pair"),
    )
    filters = (
        Choice(
            "open",
            gettext_lazy("Waiting"),
            [
                ("yes", gettext_lazy("Still waits"), lambda: Q(closed_at=None)),
                ("no", gettext_lazy("Settled"), lambda: Q(closed_at__isnull=False)),
            ],
        ),
        Many("reason", gettext_lazy("Why it waits"), "reason", WaitReason.choices),
        Text("source", gettext_lazy("Source"), ("source__code",), "shipments_source"),
        Many("format", gettext_lazy("Format"), "source__format", Format.choices),
    )
    views = (
        View(gettext_lazy("All waiting"), "open=yes"),
        View(gettext_lazy("Unmatched"), "open=yes&reason=unmatched,ambiguous"),
        View(gettext_lazy("Unmapped"), "open=yes&reason=unmapped"),
        View(gettext_lazy("Quarantined"), "open=yes&reason=quarantined"),
        View(gettext_lazy("Unknown places"), "open=yes&reason=unplaced"),
        View(gettext_lazy("Settled"), "open=no"),
    )
    operations = (
        MAP,
        PLACE,
        Action(
            name="match",
            label=gettext_lazy("Match…"),
            permission=_CHANGE,
            form=MatchShipment,
            in_row=True,
            on_rows=True,
            fits=_waits_for(WaitReason.UNMATCHED, WaitReason.AMBIGUOUS),
            done=gettext_lazy("Matched."),
            is_main=True,
            perform=lambda waiting, values, by: match_event(waiting, values["shipment"], by=by),
            submit=gettext_lazy("Match to this shipment"),
        ),
        Action(
            name="release",
            label=gettext_lazy("Release"),
            permission=_CHANGE,
            in_row=True,
            on_rows=True,
            is_main=True,
            explain=gettext_lazy("The date is right after all: the event counts from now on."),
            fits=_waits_for(WaitReason.QUARANTINED),
            perform=lambda waiting, values, by: release_event(waiting, by=by),
            done=gettext_lazy("Released."),
        ),
        Action(
            name="dismiss",
            label=gettext_lazy("Dismiss…"),
            permission=_CHANGE,
            form=Reason,
            on_rows=True,
            is_danger=True,
            explain=gettext_lazy("It stays on record and waits no longer."),
            fits=_waits_for(*WaitReason),
            perform=lambda waiting, values, by: dismiss_event(waiting, reason=values["reason"], by=by),
            done=gettext_lazy("Dismissed."),
        ),
    )
    facts = ("reason", "detail", "opened_at", "closed_at", "closed_by", "outcome")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).defer("event__message__raw")

    def get_urls(self) -> list[URLPattern]:
        unmapped = self.admin_site.admin_view(self.unmapped)
        return [path("unmapped/", unmapped, name="shipments_waitingevent_unmapped"), *super().get_urls()]

    def unmapped(self, request: HttpRequest) -> HttpResponse:
        """What waits for a mapping, code by code."""
        self._require_view(request)
        return self._render(request, "console/unmapped.html", queue(request, self.get_queryset(request)))

    def search(self, rows: QuerySet[Any], text: str) -> Found:
        key = reference_key(text)
        exact = Q(keys__overlap=[f"carrier:{key}", f"customer:{key}", f"po:{key}", f"shipment:{key}"])
        return Found(rows.filter(exact) if key else rows.none())

    def page_context(self, request: HttpRequest, row: Any) -> dict[str, Any]:
        event = row.event
        facts = [
            Fact(
                _("Event"),
                cells.row_link("shipments_event", row.event_id, event.code.name),
                event.get_classifier_display(),
            ),
            Fact(_("Their code"), event.raw_code, event.code_list),
            Fact(_("Happened"), happened(event), place(event)),
            Fact(_("Message"), message_link(event), row.source),
            *[f for f in facts_of(row, self.facts) if f.value != "–"],
        ]
        named = [[r.get("type", ""), r.get("value", "")] for r in event.references]
        return {
            "facts": facts,
            "sections": [
                Section(_("References as reported"), [_("Kind"), _("Number")], named, empty=_("None was given."))
            ],
        }


def read_as(message: Message) -> str:
    """The format it was read as, or is to be read as."""
    return str(Format(message.format or message.source.format).label)


def _download(message: Message) -> tuple[bytes, str, str]:
    content_type = message.content_type.split(";")[0].strip().lower()
    safe = content_type if content_type in _SENT_AS else "application/octet-stream"
    return bytes(message.raw), safe, message.filename or f"{message.public_id}.txt"


class MessageRoom(ConsoleAdmin):
    related = ("source__partner",)
    links = ((gettext_lazy("Clinic"), "clinic"), (gettext_lazy("Jobs"), "partners_job_changelist"))
    search_hint = gettext_lazy("File name or message id")
    empty = gettext_lazy("Messages appear here as soon as a source sends one.")
    columns = (
        Column(
            "message",
            gettext_lazy("Message"),
            lambda m: cells.strong(m.filename or str(m.public_id)[:13], f"{read_as(m)} · {m.source.partner}"),
        ),
        Column("state", gettext_lazy("State"), lambda m: cells.pill(words.message_state(m.state)), "", "c-corner"),
        Column(
            "problem",
            gettext_lazy("Problem"),
            lambda m: str(m.errors[0].get("message", "")) if m.errors else cells.nothing(),
        ),
        Column("events", gettext_lazy("Events"), lambda m: m.events_found, "", "c-pair is-number"),
        Column(
            "waiting",
            gettext_lazy("Waiting"),
            lambda m: m.events_unmatched + m.events_unmapped + m.events_quarantined or cells.nothing(),
            "",
            "c-pair is-number",
        ),
        Column("deliveries", gettext_lazy("Delivered"), lambda m: f"{m.deliveries} ×", "", "c-pair is-number"),
        Column("received", gettext_lazy("Received"), lambda m: cells.ago(m.received_at), "", "c-pair"),
    )
    filters = (
        Many("state", gettext_lazy("State"), "state", MessageState.choices),
        Choice(
            "waiting",
            gettext_lazy("Has events that wait"),
            [
                ("unmatched", gettext_lazy("Unmatched"), lambda: Q(events_unmatched__gt=0)),
                ("unmapped", gettext_lazy("Unmapped"), lambda: Q(events_unmapped__gt=0)),
                ("quarantined", gettext_lazy("Quarantined"), lambda: Q(events_quarantined__gt=0)),
            ],
        ),
        Text("source", gettext_lazy("Source"), ("source__code",), "shipments_source"),
        Many("format", gettext_lazy("Format"), "source__format", Format.choices),
        Days("received", gettext_lazy("Received"), "received_at"),
    )
    views = (
        View(gettext_lazy("Needs a person"), "state=partial,rejected,parked"),
        View(gettext_lazy("Rejected"), "state=rejected"),
        View(gettext_lazy("Parked"), "state=parked"),
        View(gettext_lazy("Waiting to be read"), "state=received"),
        View(gettext_lazy("Everything"), ""),
    )
    operations = (
        Action(
            name="reprocess",
            label=gettext_lazy("Read again"),
            permission="shipments.change_message",
            on_rows=True,
            explain=gettext_lazy("With today's mappings and places. An event that is known already is not doubled."),
            fits=lambda message: message.state != MessageState.RECEIVED,
            icon="replay",
            perform=lambda message, values, by: reprocess(message, by=by),
            done=gettext_lazy("It will be read in a moment."),
        ),
    )
    files = (File("raw", gettext_lazy("Download"), "shipments.view_message", _download), message_more.ACKNOWLEDGEMENT)
    facts = (
        "state",
        "content_type",
        "size",
        "digest",
        "received_at",
        "received_by",
        "deliveries",
        "last_delivered_at",
        "attempts",
        "processed_at",
        "events_found",
        "events_matched",
        "events_unmatched",
        "events_unmapped",
        "events_quarantined",
        "events_duplicate",
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).defer("raw")

    def search(self, rows: QuerySet[Any], text: str) -> Found:
        clean = text.replace("\x00", "")[:100]
        return Found(rows.filter(Q(filename__istartswith=clean) | Q(digest=clean.lower()) | _public_id(clean)))

    def page_context(self, request: HttpRequest, row: Any) -> dict[str, Any]:
        source = cells.row_link("shipments_source", row.source_id, row.source.code)
        facts = [
            Fact(_("Source"), source, row.source.partner),
            Fact(_("Read as"), read_as(row)),
            *facts_of(row, self.facts),
            *message_more.facts(row),
        ]
        more = message_more.sections(request, row)
        return {"facts": [f for f in facts if f.value != "–"], "sections": [*self.sections(request, row), *more]}

    def sections(self, request: HttpRequest, row: Any) -> list[Section]:
        problems = [
            [e.get("code", ""), e.get("message", ""), e.get("segment", ""), e.get("element", ""), e.get("position", "")]
            for e in row.errors
        ]
        found: list[Section] = []
        if problems:
            head = [_("Problem"), _("What is wrong"), _("Segment"), _("Element"), _("Position")]
            found.append(Section(_("Problems"), head, problems))
        events = list(row.events.select_related("code", "location", "source").order_by("position")[:_SHOWN_EVENTS])
        became = fates(events)
        waits = dict(WaitingEvent.objects.open().filter(event__in=events).values_list("event_id", "reason"))
        lines = [
            [
                cells.row_link("shipments_event", e.pk, e.code.name),
                cells.two(e.raw_code, cells.link(f"?event={e.pk}#hit", e.segment) if e.segment else e.code_list),
                e.get_classifier_display(),
                happened(e),
                place(e),
                e.equipment or cells.nothing(),
                cells.tag(words.wait_reason(waits[e.pk])) if e.pk in waits else became[e.pk] or _("counts"),
            ]
            for e in events
        ]
        head = [_("Event"), _("Their code"), _("How sure"), _("Happened"), _("Place"), _("Unit"), _("State")]
        more = reverse("admin:shipments_waitingevent_changelist") + "?open=yes" if waits else ""
        found.append(Section(_("Events"), head, lines, empty=_("No event was found in it."), more=more))
        found.append(_payload(row, [e.segment for e in events if str(e.pk) == request.GET.get("event")]))
        return found


def _payload(message: Message, segments: list[str]) -> Section:
    """The bytes, and marked in them what the event is about that one comes from, or what is wrong."""
    raw = bytes(message.raw)
    hits = places_of(raw, segments or [str(error.get("segment", "")) for error in message.errors])
    note = _("Only the first part is shown; download the rest.") if message.size > SHOWN_BYTES else ""
    facts = [Fact(_("Note"), note)] if note else []
    return Section(_("Payload as received"), facts=facts, payload=marked(lines_of(raw), hits))


def _public_id(text: str) -> Q:
    try:
        return Q(public_id=uuid.UUID(text.strip()))
    except ValueError:
        return Q(pk__in=[])
