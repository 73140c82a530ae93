"""The sidebar, its counts and the command palette. What a person may not open does not stand there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.core.cache import cache
from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from billing.enums import ChargeState
from billing.models import Charge
from milestones.models import ShipmentException
from partners.models import Delivery, Job, Partner, User
from portal.console.actions import person
from portal.console.listing import COUNTED
from shipments.matching import reference_key
from shipments.models import Message, Reference, Shipment, WaitingEvent

_BADGES_FOR = 30


@dataclass(frozen=True, slots=True)
class Entry:
    title: Any
    icon: str
    room: str
    query: str = ""
    badge: str = ""
    variant: str = "primary"
    # Of a page that is not the list of a room: its address, and what one needs for it.
    page: str = ""
    needs: str = ""

    @property
    def permission(self) -> str:
        if self.needs:
            return self.needs
        app, _underscore, model = self.room.partition("_")
        return f"{app}.view_{model}"

    @property
    def href(self) -> str:
        return reverse(f"admin:{self.page or self.room + '_changelist'}") + self.query


QUEUE = "?assigned=queue&state=open,acknowledged"
GROUPS: tuple[tuple[Any, tuple[Entry, ...]], ...] = (
    (
        "",
        (
            Entry(_("Exceptions"), "notification_important", "milestones_shipmentexception", QUEUE, "cases", "danger"),
            Entry(_("Tasks"), "task_alt", "milestones_worktask", "?state=open"),
            Entry(_("Shipments"), "conveyor_belt", "shipments_shipment", "?status=booked,in_transit,arrived"),
        ),
    ),
    (
        _("Inbox"),
        (
            Entry(_("Waiting events"), "pending_actions", "shipments_waitingevent", "?open=yes", "waiting", "warning"),
            Entry(_("Messages"), "move_to_inbox", "shipments_message", "", "messages", "warning"),
            Entry(_("Uploads"), "upload_file", "shipments_upload"),
            Entry(
                _("Unmapped codes"),
                "translate",
                "shipments_waitingevent",
                badge="unmapped",
                variant="warning",
                page="shipments_waitingevent_unmapped",
            ),
            Entry(_("Unknown places"), "wrong_location", "shipments_location", page="shipments_location_unplaced"),
            Entry(_("Events"), "fact_check", "shipments_event"),
            Entry(_("Documents"), "description", "shipments_document", "?stands=yes", needs="shipments.view_shipment"),
            Entry(_("Clinic"), "stethoscope", "", page="clinic", needs="shipments.change_message"),
            Entry(_("Jobs"), "progress_activity", "partners_job", "?who=me", "jobs", "info"),
        ),
    ),
    (
        _("Billing"),
        (
            Entry(_("Charges"), "receipt_long", "billing_charge", "?state=unbilled", "charges", "info"),
            Entry(_("Invoices"), "request_quote", "billing_invoice"),
            Entry(_("Exports"), "output", "billing_exportbatch"),
            Entry(_("Tariffs"), "sell", "billing_tariff"),
            Entry(_("Charge rules"), "rule", "billing_chargerule"),
        ),
    ),
    (
        _("Set-up"),
        (
            Entry(_("Partners"), "handshake", "partners_partner"),
            Entry(_("Users"), "group", "partners_user"),
            Entry(_("API keys"), "key", "partners_apikey"),
            Entry(_("Sources"), "sensors", "shipments_source"),
            Entry(_("Connections"), "cable", "shipments_connection"),
            Entry(_("Code mappings"), "dictionary", "shipments_codemapping", "?current=yes"),
            Entry(_("Places"), "location_on", "shipments_location"),
            Entry(_("Aliases of places"), "label", "shipments_locationalias"),
            Entry(_("Milestone templates"), "checklist", "milestones_milestonetemplate"),
            Entry(_("Exception rules"), "crisis_alert", "milestones_exceptionrule"),
            Entry(_("Conflicting reports"), "balance", "milestones_conflictpolicy"),
            Entry(_("Accuracy of arrivals"), "query_stats", "milestones_etascore"),
            Entry(_("Deliveries"), "outgoing_mail", "partners_delivery", "?state=failed", "failed", "danger"),
            Entry(_("Webhooks"), "webhook", "partners_webhookendpoint"),
        ),
    ),
)


def sidebar(request: HttpRequest) -> list[dict[str, Any]]:
    """What unfold draws; entries without the right are left out here already."""
    counts = badges(person(request))
    home = {"title": _("Home"), "icon": "home", "link": reverse("admin:index")}
    groups = []
    here = _here(request)
    for title, entries in GROUPS:
        items = [_item(e, counts) | {"active": e is here} for e in entries if request.user.has_perm(e.permission)]
        if not title:
            items.insert(0, home)
        if items:
            groups.append({"title": title, "separator": bool(title), "items": items})
    return groups


def _here(request: HttpRequest) -> Entry | None:
    """The entry that the page belongs to: the one with the longest address that the page's begins with."""
    entries = [entry for _title, group in GROUPS for entry in group]
    found = [entry for entry in entries if request.path.startswith(entry.href.partition("?")[0])]
    return max(found, key=lambda entry: len(entry.href.partition("?")[0]), default=None)


def _item(entry: Entry, counts: dict[str, int]) -> dict[str, Any]:
    item: dict[str, Any] = {"title": entry.title, "icon": entry.icon, "link": entry.href}
    count = counts.get(entry.badge, 0)
    if count:
        item |= {"badge": str(count) if count <= COUNTED else "1000+", "badge_variant": entry.variant}
    return item


def badges(user: User) -> dict[str, int]:
    """How much waits, counted to a thousand at most, kept for half a minute per person: every page shows them."""
    counts: dict[str, int] = cache.get_or_set(f"console-badges-{user.pk}", lambda: _count(user), _BADGES_FOR) or {}
    return counts


def _count(user: User) -> dict[str, int]:
    waiting = {
        "cases": ShipmentException.objects.for_user(user).unresolved(),
        "unmapped": WaitingEvent.objects.for_user(user).unmapped(),
        "jobs": Job.objects.for_user(user).running().filter(created_by=user),
        "waiting": WaitingEvent.objects.for_user(user).open(),
        "messages": Message.objects.for_user(user).needing_a_person(),
        "failed": Delivery.objects.for_user(user, "change").failed(),
        "charges": Charge.objects.for_user(user).filter(state=ChargeState.UNBILLED),
    }
    return {name: rows.order_by().values("pk")[: COUNTED + 1].count() for name, rows in waiting.items()}


@dataclass(frozen=True, slots=True)
class Hit:
    title: str
    description: str
    link: str
    icon: str


_HITS = 12


def search(request: HttpRequest, text: str) -> list[Hit]:
    """Rooms by name, shipments by any reference, partners by code or name; within scope and rights."""
    rooms = [
        Hit(str(e.title), str(title or _("Console")), e.href, e.icon)
        for title, entries in GROUPS
        for e in entries
        if text.lower() in str(e.title).lower() and request.user.has_perm(e.permission)
    ]
    if len(text) < 2:
        return rooms[:_HITS]
    return (_shipments(request, text) + _partners(request, text) + rooms)[: 2 * _HITS]


def _shipments(request: HttpRequest, text: str) -> list[Hit]:
    key = reference_key(text)
    if len(key) < 3 or not request.user.has_perm("shipments.view_shipment"):
        return []
    known = Reference.objects.filter(key__startswith=key).values("shipment_id")
    found = Shipment.objects.for_user(request.user).filter(pk__in=known).order_by("-pk")
    return [
        Hit(
            s.reference,
            f"{s.customer} · {s.origin.name} → {s.destination.name}",
            reverse("admin:shipments_shipment_change", args=[s.pk]),
            "conveyor_belt",
        )
        for s in found.select_related("customer", "origin", "destination")[:_HITS]
    ]


def _partners(request: HttpRequest, text: str) -> list[Hit]:
    if not request.user.has_perm("partners.view_partner"):
        return []
    clean = text.replace("\x00", "")
    found = Partner.objects.for_user(request.user).filter(name__istartswith=clean)[:_HITS]
    return [Hit(p.name, p.code, reverse("admin:partners_partner_change", args=[p.pk]), "handshake") for p in found]


def shapes(request: HttpRequest) -> str:
    return static("portal/shapes.css")


def stylesheet(request: HttpRequest) -> str:
    return static("console/console.css")


def script(request: HttpRequest) -> str:
    return static("console/console.js")


def primary_colours(request: HttpRequest) -> dict[str, str]:
    """A calm blue; white text on 600 and 700 has a contrast above 4.5."""
    return {
        "50": "#f0f6ff",
        "100": "#dfeaff",
        "200": "#c2d7ff",
        "300": "#97baff",
        "400": "#6694fb",
        "500": "#3f72f0",
        "600": "#2456db",
        "700": "#1c45b8",
        "800": "#1b3b93",
        "900": "#1a3473",
        "950": "#122149",
    }
