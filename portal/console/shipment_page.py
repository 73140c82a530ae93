"""The page of a shipment: read first. Facts, open exceptions, the timeline with its reasons, and the log below."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Sum
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _

from billing.enums import Side
from billing.models import Charge
from milestones.enums import DecisionRule
from milestones.models import Journey, Milestone, ShipmentException, WorkTask
from partners.enums import Clock
from portal.console import cells, event_log
from portal.console.actions import person
from portal.console.record import Fact, Section
from portal.console.track import Mark, Track, scale
from portal.presentation import cases as case_words
from portal.presentation import timeline, times, words
from shipments.models import Event, Message, Shipment

_EVENTS = 200
_FIELDS = (("actual", "actual_at"), ("estimated", "estimated_at"), ("planned", "planned_at"))


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a value of a milestone stands: "Actual: the most trusted source", the report that won, those that lost."""

    what: str
    rule: str
    winner: str
    losers: list[str]


@dataclass(frozen=True, slots=True)
class Line:
    row: timeline.Row[Any]
    mark: Mark
    delta: Any
    source: str
    reasons: list[Reason]

    @property
    def where(self) -> str:
        return " · ".join(filter(None, (self.row.place, self.row.unit, self.row.note)))


def context(request: HttpRequest, shipment: Shipment) -> dict[str, Any]:
    """What templates/console/shipment.html shows."""
    user = person(request)
    reader = timeline.Reader(face=times.ClockFace(user.clock, user.time_zone))
    # Any: mypy finds that Milestone is a MilestoneLike everywhere but as an argument of a type.
    milestones: list[Any] = list(Milestone.objects.filter(shipment=shipment).select_related("location"))
    events = _events(shipment)
    view = timeline.build(milestones, reader)
    track = scale(milestones, timezone.now())
    named = {str(event.public_id): event for event in events}
    return {
        "facts": _facts(shipment),
        "mode_icon": cells.MODE_ICONS[shipment.mode],
        "cases": _cases(request, shipment),
        "view": view,
        "track": track,
        "lines": [_line(row, track, named) for row in view.rows],
        "clocks": [(value, label, value == user.clock) for value, label in Clock.choices],
        "sections": _sections(request, shipment, events),
        "explanation": _journey_words(shipment),
    }


def _events(shipment: Shipment) -> list[Event]:
    related = ("source__partner", "location", "code")
    return list(Event.objects.of_shipment(shipment).select_related(*related).order_by("-received_at", "-pk")[:_EVENTS])


# --- top -----------------------------------------------------------------------------------------------------------


def _facts(shipment: Shipment) -> list[Fact]:
    journey: Journey | None = getattr(shipment, "journey", None)
    units = list(shipment.units.all())
    references = [r for r in shipment.references.all() if r.type not in ("shipment", "container")]
    facts = [
        Fact(_("Customer"), cells.partner(shipment.customer), references[0] if references else ""),
        Fact(_("Status"), cells.tag(words.status(journey.status)) if journey else _("Booked"), _journey_note(journey)),
        *_carriage(shipment),
    ]
    if units:
        more = _("and %(n)d more") % {"n": len(units) - 1} if len(units) > 1 else units[0].get_kind_display()
        facts.append(Fact(_("Unit"), units[0].number, more))
    if journey is not None:
        facts += [_arrival(shipment, journey), Fact(_("Updated"), cells.ago(journey.last_event_at))]
    return facts


def _journey_note(journey: Journey | None) -> str:
    if journey is None or journey.is_closed:
        return ""
    return words.health(journey.health).text


def _carriage(shipment: Shipment) -> list[Fact]:
    legs = [leg for leg in shipment.legs.all() if leg.carrier]
    if not legs:
        return []
    main = next((leg for leg in legs if leg.mode == shipment.mode), legs[0])
    moved_by = " ".join(filter(None, (main.vessel_name, main.voyage, main.flight, main.vehicle)))
    return [Fact(_("Carrier"), cells.partner(main.carrier), moved_by)]


def _arrival(shipment: Shipment, journey: Journey) -> Fact:
    at = journey.arrived_at or journey.expected_arrival_at or journey.planned_arrival_at
    if at is None:
        return Fact(_("Arrival"), cells.nothing(_("no date")))
    slip = times.variance(journey.planned_arrival_at, at)
    is_late = bool(times.later(journey.planned_arrival_at, at))
    label = _("Arrived") if journey.arrived_at else _("Expected")
    here = cells.at_place(at, shipment.destination.time_zone)
    return Fact(label, here, slip, "warn" if is_late else "")


def _journey_words(shipment: Shipment) -> str:
    journey: Journey | None = getattr(shipment, "journey", None)
    if journey is None:
        return _("The milestones are being planned; they show up here within a moment.")
    return journey.template_reason or _("No template fits this shipment.")


def _cases(request: HttpRequest, shipment: Shipment) -> list[dict[str, Any]]:
    if not request.user.has_perm("milestones.view_shipmentexception"):
        return []
    rows = ShipmentException.objects.filter(shipment=shipment).unresolved().worst_first().select_related("assignee")
    may = request.user.has_perm("milestones.change_shipmentexception")
    return [
        {
            "case": case,
            "title": case_words.summary(case),
            "action": case_words.next_action(case),
            "severity": words.severity(case.severity),
            "kind": words.exception_kind(case.kind),
            "state": words.case_state(case.state),
            "due": cells.due(case.due_at),
            "resolve": reverse("admin:milestones_shipmentexception_do_row", args=[case.pk, "resolve"]) if may else "",
            "href": reverse("admin:milestones_shipmentexception_change", args=[case.pk]),
        }
        for case in rows
    ]


# --- timeline ------------------------------------------------------------------------------------------------------


def _line(row: timeline.Row[Any], track: Track, named: Mapping[str, Event]) -> Line:
    milestone = row.milestone
    best = milestone.actual_at or milestone.estimated_at
    reasons = [
        _reason(what, milestone.decisions[what], named)
        for what, field in _FIELDS
        if what in milestone.decisions and getattr(milestone, field)
    ]
    return Line(row, track.mark(milestone), _delta(row, milestone, best), _source(milestone, named), reasons)


def _delta(row: timeline.Row[Any], milestone: Milestone, best: Any) -> Any:
    if best is None and milestone.state in ("overdue", "missing"):
        late = cells.rough(max(times.minutes_between(milestone.planned_at or timezone.now(), timezone.now()), 0))
        return format_html('<span class="wm-delta is-bad">{}</span>', _("overdue %(span)s") % {"span": late})
    tone = "is-warn" if row.is_late else "is-ok" if row.slip.startswith(times.MINUS) else ""
    return format_html('<span class="wm-delta {}">{}</span>', tone, row.slip)


def _winner(milestone: Milestone, named: Mapping[str, Event]) -> Event | None:
    decision = milestone.decisions.get("actual") or milestone.decisions.get("estimated") or {}
    return named.get(str(decision.get("event")))


def _source(milestone: Milestone, named: Mapping[str, Event]) -> str:
    event = _winner(milestone, named)
    return str(event.source.partner) if event and not milestone.is_inferred else ""


def _reason(what: str, decision: Mapping[str, Any], named: Mapping[str, Event]) -> Reason:
    labels = {"actual": _("Actual"), "estimated": _("Estimated"), "planned": _("Planned")}
    rule = decision.get("rule", "")
    return Reason(
        what=labels[what],
        rule=str(DecisionRule(rule).label) if rule in DecisionRule.values else str(rule),
        winner=_report(named.get(str(decision.get("event")))),
        losers=[_report(named.get(str(key))) for key in decision.get("losing", [])],
    )


def _report(event: Event | None) -> str:
    if event is None:
        return _("a report that is not in this list")
    zone = event.time_zone or (event.location.time_zone if event.location else "")
    return f"{event.source.partner}: {event.code_id} {event.classifier} {times.local(event.occurred_at, zone) or '–'}"


# --- sections ------------------------------------------------------------------------------------------------------


def _sections(request: HttpRequest, shipment: Shipment, events: Sequence[Event]) -> list[Section]:
    found = [
        event_log.section(request, events),
        _references(shipment),
        _parties(shipment),
        _legs(shipment),
        *_messages(request, events),
        *_tasks(request, shipment),
        *_charges(request, shipment),
    ]
    return [section for section in found if section.lines or section.empty]


def _references(shipment: Shipment) -> Section:
    lines = [[r.get_type_display(), r.value] for r in shipment.references.all()]
    return Section(_("References"), [_("Kind"), _("Number")], lines, is_half=True)


def _parties(shipment: Shipment) -> Section:
    lines = [[p.get_role_display(), cells.partner(p.partner)] for p in shipment.parties.select_related("partner")]
    return Section(_("Parties"), [_("Role"), _("Partner")], lines, is_half=True)


def _legs(shipment: Shipment) -> Section:
    rows = shipment.legs.select_related("origin", "destination", "carrier")
    lines = [
        [
            leg.sequence,
            leg.get_mode_display(),
            f"{leg.origin} → {leg.destination}",
            cells.partner(leg.carrier),
            " ".join(filter(None, (leg.vessel_name, leg.voyage, leg.flight, leg.vehicle))) or cells.nothing(),
            cells.at_place(leg.etd, leg.origin.time_zone),
            cells.at_place(leg.eta, leg.destination.time_zone),
        ]
        for leg in rows
    ]
    head = ["#", _("Mode"), _("Route"), _("Carrier"), _("Moved by"), _("Planned departure"), _("Planned arrival")]
    return Section(_("Legs"), head, lines)


def _messages(request: HttpRequest, events: Iterable[Event]) -> list[Section]:
    if not request.user.has_perm("shipments.view_message"):
        return []
    keys = {event.message_id for event in events}
    rows = Message.objects.for_user(request.user).without_raw().filter(pk__in=keys).select_related("source__partner")
    lines = [
        [
            cells.row_link("shipments_message", m.pk, m.filename or str(m.public_id)[:8]),
            str(m.source.partner),
            m.source.get_format_display(),
            cells.tag(words.message_state(m.state)),
            cells.moment(m.received_at),
        ]
        for m in rows.order_by("-pk")[:50]
    ]
    head = [_("Message"), _("From"), _("Format"), _("State"), _("Received")]
    return [Section(_("Messages"), head, lines)]


def _tasks(request: HttpRequest, shipment: Shipment) -> list[Section]:
    if not request.user.has_perm("milestones.view_worktask"):
        return []
    rows = WorkTask.objects.for_user(request.user).filter(shipment=shipment).order_by("state", "due_at")[:50]
    lines = [
        [t.title, t.get_role_display(), cells.tag(words.task_state(t.state)), cells.moment(t.due_at)] for t in rows
    ]
    return [Section(_("Tasks"), [_("Task"), _("For"), _("State"), _("Due")], lines)]


def _charges(request: HttpRequest, shipment: Shipment) -> list[Section]:
    if not request.user.has_perm("billing.view_charge"):
        return []
    mine = Charge.objects.for_user(request.user).filter(shipment=shipment)
    rows = mine.order_by("pk")[:100]
    lines: list[Sequence[Any]] = [
        [
            c.description,
            c.get_side_display(),
            cells.tag(words.charge_state(c.state)),
            cells.moment(c.earned_at),
            c.explanation,
            cells.amount(c.amount, c.currency),
        ]
        for c in rows
    ]
    sums = mine.exclude(state="cancelled").values("side", "currency").annotate(total=Sum("amount")).order_by("side")
    if lines:
        lines += [
            [_("Total"), Side(s["side"]).label, "", "", "", cells.amount(s["total"], s["currency"])] for s in sums
        ]
    head = [_("Charge"), _("Side"), _("State"), _("Earned"), _("How it was computed"), _("Amount")]
    return [Section(_("Charges"), head, lines, numeric=frozenset({5}))]
