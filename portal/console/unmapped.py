"""The codes that nobody mapped: one line for each, with what it may mean."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.db.models import Count, F, Max, Min, QuerySet, Value
from django.db.models.functions import Coalesce, NullIf
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.console import cells
from portal.console.actions import Action
from portal.console.mappings import format_name
from portal.console.meanings import MapCode, save
from shipments.enums import Format, WaitReason
from shipments.models import WaitingEvent
from shipments.services import Suggestion
from shipments.services.suggesting import Adviser

_SHOWN = 50

MAP = Action(
    name="map",
    label=gettext_lazy("Map code…"),
    permission="shipments.add_codemapping",
    form=MapCode,
    in_row=True,
    explain=gettext_lazy("All events that wait with this code are read again."),
    is_main=True,
    fits=lambda waiting: waiting.closed_at is None and waiting.reason == WaitReason.UNMAPPED,
    perform=save,
    done=gettext_lazy("Mapped; the events were read again."),
    submit=gettext_lazy("Save mapping"),
)


def queue(request: HttpRequest, rows: QuerySet[WaitingEvent]) -> dict[str, Any]:
    """What templates/console/unmapped.html shows of these waiting events."""
    source, format_ = request.GET.get("source", "")[:32].replace("\x00", ""), request.GET.get("format", "")
    waiting = rows.open().filter(reason=WaitReason.UNMAPPED)  # type: ignore[attr-defined]
    if source:
        waiting = waiting.filter(source__code__iexact=source)
    groups = _groups(waiting)
    if format_ in Format.values:
        groups = groups.filter(read_as=format_)
    found = list(groups[: _SHOWN + 1])
    return {
        "title": _("Codes nobody mapped"),
        "groups": _lines(request, found[:_SHOWN]),
        "has_more": len(found) > _SHOWN,
        "events": waiting.count(),
        "formats": [(value, words, value == format_) for value, words in Format.choices],
        "source": source,
        "is_narrowed": bool(source or format_),
    }


def _groups(waiting: QuerySet[WaitingEvent]) -> QuerySet[Any, Any]:
    read_as = Coalesce(NullIf(F("event__message__format"), Value("")), F("source__format"))
    return (
        waiting.annotate(read_as=read_as)
        .values("read_as", code_list=F("event__code_list"), raw_code=F("event__raw_code"))
        .annotate(
            events=Count("pk"), sources=Count("source", distinct=True), oldest=Min("opened_at"), first=Min("pk"),
            said=Max("event__remarks"),
        )
        .order_by("-events", "oldest")
    )  # fmt: skip


def _lines(request: HttpRequest, groups: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    adviser = Adviser() if groups else None
    names = {kind.pk: kind.name for kind in adviser.types} if adviser else {}
    may_map = request.user.has_perm(MAP.permission)
    lines = []
    for group in groups:
        foreign = {"format": group["read_as"], "code_list": group["code_list"], "raw_code": group["raw_code"]}
        found = adviser.suggest(**foreign) if adviser else []
        lines.append(
            {
                **group,
                "where": f"{format_name(group['read_as'])} · {group['code_list'] or '–'}",
                "oldest": cells.ago(group["oldest"]),
                "is_suggested": bool(found),
                "suggestion": _suggestion(found, names),
                "map": reverse("admin:shipments_waitingevent_do_row", args=[group["first"], "map"]) if may_map else "",
                "href": reverse("admin:shipments_waitingevent_change", args=[group["first"]]),
            }
        )
    return lines


def _suggestion(found: Sequence[Suggestion], names: Mapping[str, str]) -> Any:
    if not found:
        return cells.nothing(_("no suggestion"))
    best = found[0]
    return cells.two(names.get(best.code, best.code), best.why)
