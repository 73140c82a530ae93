"""The first page: what waits, how the open shipments stand, the worst cases, and whether the feeds are alive."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.db.models import Count, F, Min, OuterRef, Q, Subquery, Sum
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from billing.enums import ChargeState
from billing.models import Charge
from milestones.enums import Health, Severity
from milestones.models import Journey, ShipmentException
from portal.console import cells, nav, source_health
from portal.console.actions import person
from portal.console.case_page import root_address
from portal.console.exceptions import one_a_root, root_size
from portal.presentation import cases as case_words
from portal.presentation import times, words
from portal.presentation.words import Word
from shipments.enums import MessageState
from shipments.models import Message, Source, WaitingEvent

_QUEUE = 8
_SOURCES = 12
_SILENT_HOURS = 24


@dataclass(frozen=True, slots=True)
class Tile:
    label: str
    value: str
    href: str
    notes: list[Any] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Share:
    """One part of the health bar; `width` in whole percent of the open shipments."""

    word: Word
    count: int
    width: int
    href: str


def dashboard(request: HttpRequest, context: Mapping[str, Any]) -> dict[str, Any]:
    """The context of the page: everything is counted now, in a fixed number of queries."""
    now = timezone.now()
    here = times.local(now, timezone.get_current_timezone_name())
    return {
        **context,
        "title": _("Today, %(day)s") % {"day": here.weekday if here else ""},
        "is_fullwidth": "1",
        "tiles": [*_cases(request), *_journeys(request), *_inbox(request), *_unbilled(request)],
        "shares": _shares(request),
        "queue": _queue(request),
        "queue_url": reverse("admin:milestones_shipmentexception_changelist") + nav.QUEUE,
        "sources": _sources(request),
        "silences": source_health.silences(request),
    }


def _number(value: int) -> str:
    return number_format(value, force_grouping=True)


def _list(room: str, query: str = "") -> str:
    return reverse(f"admin:{room}_changelist") + query


def _cases(request: HttpRequest) -> list[Tile]:
    if not request.user.has_perm("milestones.view_shipmentexception"):
        return []
    rows = ShipmentException.objects.for_user(request.user).unresolved()
    counts = dict(rows.values_list("severity").annotate(n=Count("pk")).order_by())
    notes = [
        format_html('<span class="wm-tag">{}{} {}</span>', words.severity(s).svg, counts[s], words.severity(s).text)
        for s in Severity.values
        if counts.get(s)
    ]
    href = _list("milestones_shipmentexception", "?state=open,acknowledged,snoozed")
    return [Tile(_("Open exceptions"), _number(sum(counts.values())), href, notes)]


def _journeys(request: HttpRequest) -> list[Tile]:
    if not request.user.has_perm("shipments.view_shipment"):
        return []
    now = timezone.now()
    arriving = Q(expected_arrival_at__gte=now, expected_arrival_at__lt=now + timedelta(days=7), arrived_at=None)
    rows = Journey.objects.for_user(request.user).open()
    counts = rows.aggregate(
        arriving=Count("pk", filter=arriving),
        late=Count("pk", filter=arriving & Q(health=Health.LATE)),
        silent=Count("pk", filter=Q(health=Health.NO_UPDATE)),
    )
    late = ngettext("%(n)d of them late", "%(n)d of them late", counts["late"]) % {"n": counts["late"]}
    return [
        Tile(_("Arriving in 7 days"), _number(counts["arriving"]), _list("shipments_shipment", "?arriving=7"), [late]),
        Tile(
            _("No update"),
            _number(counts["silent"]),
            _list("shipments_shipment", "?health=no_update&status=booked,in_transit,arrived"),
            [_("nothing heard for longer than usual")],
        ),
    ]


def _inbox(request: HttpRequest) -> list[Tile]:
    if not request.user.has_perm("shipments.view_waitingevent"):
        return []
    rows = WaitingEvent.objects.for_user(request.user).open()
    counts = dict(rows.values_list("reason").annotate(n=Count("pk")).order_by())
    rejected = (
        Message.objects.for_user(request.user).filter(state__in=[MessageState.REJECTED, MessageState.PARKED]).count()
    )
    notes = [f"{count} {words.wait_reason(reason).text.lower()}" for reason, count in sorted(counts.items())]
    tiles = [
        Tile(_("Events that wait"), _number(sum(counts.values())), _list("shipments_waitingevent", "?open=yes"), notes)
    ]
    if rejected:
        tiles.append(
            Tile(
                _("Messages nobody could read"),
                _number(rejected),
                _list("shipments_message", "?state=rejected,parked"),
                [],
            )
        )
    return tiles


def _unbilled(request: HttpRequest) -> list[Tile]:
    if not request.user.has_perm("billing.view_charge"):
        return []
    rows = Charge.objects.for_user(request.user).filter(state=ChargeState.UNBILLED, side="sell")
    sums = list(rows.values("currency").annotate(total=Sum("amount"), oldest=Min("earned_at")).order_by("-total"))
    value = format_html_join(" ", "{}", ((cells.amount(s["total"], s["currency"]),) for s in sums[:1]))
    notes: list[Any] = [format_html("+ {}", cells.amount(s["total"], s["currency"])) for s in sums[1:]]
    if sums:
        notes.append(_("oldest %(ago)s") % {"ago": times.ago(min(s["oldest"] for s in sums), timezone.now())})
    return [Tile(_("Unbilled"), value or "0", reverse("admin:billing_charge_unbilled"), notes)]


def _shares(request: HttpRequest) -> list[Share]:
    if not request.user.has_perm("shipments.view_shipment"):
        return []
    counts = dict(
        Journey.objects.for_user(request.user).open().values_list("health").annotate(n=Count("pk")).order_by()
    )
    total = sum(counts.values()) or 1
    return [
        Share(
            words.health(health),
            counts.get(health, 0),
            round(100 * counts.get(health, 0) / total),
            _list("shipments_shipment", f"?health={health}&status=booked,in_transit,arrived"),
        )
        for health in Health.values
    ]


def _queue(request: HttpRequest) -> list[dict[str, Any]]:
    if not request.user.has_perm("milestones.view_shipmentexception"):
        return []
    mine = Q(assignee=person(request)) | Q(assignee=None)
    rows = ShipmentException.objects.for_user(request.user).filter(mine, state__in=["open", "acknowledged"])
    related = ("shipment__customer", "shipment__origin", "shipment__destination", "group")
    worst = one_a_root(rows.worst_first()).select_related(*related)[:_QUEUE]
    may_resolve = request.user.has_perm("milestones.change_shipmentexception")
    return [
        {
            "case": case,
            **_of_case(case),
            "severity": cells.tag(words.severity(case.severity)),
            "shipment_href": reverse("admin:shipments_shipment_change", args=[case.shipment_id]),
            "mode_icon": cells.icon(cells.MODE_ICONS[case.shipment.mode], case.shipment.get_mode_display()),
            "due": cells.due(case.due_at),
            "resolve": _resolve(case) if may_resolve else "",
        }
        for case in worst
    ]


def _of_case(case: ShipmentException) -> dict[str, Any]:
    """What a row of the queue says and where it leads: a case, or the root that it stands for."""
    size = root_size(case)
    if size > 1 and case.group is not None:
        title = f"{case_words.root_title(case.group)}: {case_words.summary(case)}"
        return {"title": title, "href": root_address(case.group), "size": case_words.shipments(size)}
    href = reverse("admin:milestones_shipmentexception_change", args=[case.pk])
    return {"title": case_words.summary(case), "href": href, "size": ""}


def _resolve(case: ShipmentException) -> str:
    if root_size(case) > 1:
        return reverse("admin:milestones_shipmentexception_do_root", args=[case.group_id, "resolve"])
    return reverse("admin:milestones_shipmentexception_do_row", args=[case.pk, "resolve"])


def _sources(request: HttpRequest) -> list[dict[str, Any]]:
    if not request.user.has_perm("shipments.view_source"):
        return []
    last = Message.objects.filter(source=OuterRef("pk")).order_by("-pk").values("last_delivered_at")[:1]
    found = Source.objects.for_user(request.user).active().select_related("partner")
    rows = found.annotate(last=Subquery(last)).order_by(F("last").desc(nulls_last=True), "code")[:_SOURCES]
    return [
        {
            "source": row,
            "href": _list("shipments_message", f"?source={row.code}"),
            "last": cells.ago(getattr(row, "last", None), stale_after_hours=_SILENT_HOURS),
        }
        for row in rows
    ]
