"""Live shipments moved to another version of their template: what would change, who comes along, done, taken back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.urls import URLPattern, path
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from core.errors import DomainError
from milestones.enums import UpgradeState
from milestones.models import PlanUpgrade, PlanUpgradeItem
from milestones.services.upgrade_sets import PREVIEW, choose_all, choose_items, is_under_way
from milestones.services.upgrades import apply_upgrade, undo_upgrade
from partners.models import Job, User
from portal.console import cells
from portal.console.actions import Action, person
from portal.console.base import ConsoleAdmin, View
from portal.console.fields import Reason
from portal.console.filters import Many
from portal.console.listing import Column
from portal.console.record import Fact, Section, facts_of
from portal.presentation import words
from shipments.models import Location

CHANGE = "milestones.change_planupgrade"
_PAGE = 50
_TOTALS = (
    ("shipments", gettext_lazy("Shipments looked at")),
    ("changed", gettext_lazy("With another plan")),
    ("moved", gettext_lazy("Milestones that move")),
    ("added", gettext_lazy("Milestones that come")),
    ("removed", gettext_lazy("Milestones that go")),
    ("opens", gettext_lazy("Exceptions that open")),
    ("closes", gettext_lazy("Exceptions that close")),
    ("renumbered", gettext_lazy("With milestones numbered otherwise")),
    ("misfits", gettext_lazy("That the version is not meant for")),
    ("errors", gettext_lazy("That cannot be worked out")),
)
_LEFT = {
    "closed": gettext_lazy("left out: it was closed meanwhile"),
    "elsewhere": gettext_lazy("left out: it follows another version by now"),
    "error": gettext_lazy("left out: it cannot be worked out"),
}
_CHANGED = (
    Q(effect__moved__0__isnull=False)
    | Q(effect__added__0__isnull=False)
    | Q(effect__removed__0__isnull=False)
    | Q(effect__cases__opens__0__isnull=False)
    | Q(effect__cases__closes__0__isnull=False)
)
_SHOWN: dict[str, tuple[Any, Q]] = {
    "": (gettext_lazy("All"), Q()),
    "changed": (gettext_lazy("With another plan"), _CHANGED),
    "cases": (
        gettext_lazy("With exceptions that open or close"),
        Q(effect__cases__opens__0__isnull=False) | Q(effect__cases__closes__0__isnull=False),
    ),
    "left": (gettext_lazy("Left out"), Q(effect__has_any_keys=["left_out", "kept", "error"])),
}


def _by(row: PlanUpgrade) -> Any:
    return cells.two(row.created_by or _("the system"), cells.ago(row.created_at))


def _may_apply(row: PlanUpgrade) -> bool:
    return row.state == UpgradeState.PREVIEWED and not is_under_way(row)


def _may_undo(row: PlanUpgrade) -> bool:
    return row.state == UpgradeState.APPLIED and not is_under_way(row)


def _apply(row: PlanUpgrade, values: Mapping[str, Any], by: User) -> Job:
    return apply_upgrade(row, reason=values["reason"], by=by)


class UpgradeRoom(ConsoleAdmin):
    related = ("template", "job", "created_by")
    order = ("-id",)
    page_template = "console/upgrade.html"
    empty = gettext_lazy("Live shipments are moved to another version of their template from the page of that version.")
    columns = (
        Column("template", gettext_lazy("To"), lambda u: cells.strong(u.template, u.reason or "–")),
        Column("state", gettext_lazy("State"), lambda u: u.get_state_display(), "state", "c-pair"),
        Column("by", gettext_lazy("Asked by"), _by, "", "c-pair"),
        Column("applied", gettext_lazy("Applied"), lambda u: _when(u.applied_at), "applied_at", "c-pair"),
        Column("undone", gettext_lazy("Undone"), lambda u: _when(u.undone_at), "undone_at", "c-pair"),
    )
    filters = (Many("state", gettext_lazy("State"), "state", UpgradeState.choices),)
    views = (View(gettext_lazy("Everything"), ""),)
    operations = (
        Action(
            name="apply",
            label=gettext_lazy("Move the chosen…"),
            permission=CHANGE,
            form=Reason,
            explain=gettext_lazy(
                "The chosen shipments follow the new version. First plans, reports and exceptions stay with their "
                "milestones; it can be undone."
            ),
            fits=_may_apply,
            perform=_apply,
            done=gettext_lazy("The shipments are being moved."),
            submit=gettext_lazy("Move"),
            is_main=True,
            icon="move_up",
        ),
        Action(
            name="undo",
            label=gettext_lazy("Undo…"),
            permission=CHANGE,
            explain=gettext_lazy(
                "The moved shipments follow the version before again, with their first plans. "
                "What has moved on since is left where it is."
            ),
            fits=_may_undo,
            perform=lambda row, values, by: undo_upgrade(row, by=by),
            done=gettext_lazy("The shipments are being brought back."),
            is_danger=True,
            icon="undo",
        ),
    )
    facts = ("state", "created_by", "created_at", "reason", "applied_at", "undone_at")

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.choose)
        return [path("<int:key>/choose/", view, name="milestones_planupgrade_choose"), *super().get_urls()]

    def choose(self, request: HttpRequest, key: int) -> HttpResponse:
        """Which of the rows on the page come along; or all, or none of the whole set."""
        self._require_view(request)
        if not request.user.has_perm(CHANGE):
            raise PermissionDenied
        upgrade = self._row(request, str(key))
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        by, all_or_none = person(request), request.POST.get("all", "")
        try:
            if all_or_none in ("yes", "no"):
                choose_all(upgrade, chosen=all_or_none == "yes", by=by)
            else:
                choose_items(upgrade, shown=_keys(request, "shown"), chosen=_keys(request, "chosen"), by=by)
            messages.success(request, _("The choice is kept."))
        except DomainError as error:
            messages.error(request, error.message)
        kept = {name: request.POST[name] for name in ("show", "after") if request.POST.get(name)}
        return HttpResponseRedirect(f"{self.address('change', upgrade.pk)}?{urlencode(kept)}#items")

    def page_context(self, request: HttpRequest, row: Any) -> dict[str, Any]:
        jobs = list(Job.objects.filter(parameters__upgrade=row.pk).select_related("created_by").order_by("pk"))
        totals: dict[str, Any] = next((job.result for job in jobs if job.kind == PREVIEW), {})
        shown = request.GET.get("show", "")
        shown = shown if shown in _SHOWN else ""
        items, after = _items(row, shown, request.GET.get("after", ""))
        running = row.job if is_under_way(row) else None
        return {
            "facts": [
                Fact(_("To"), cells.row_link("milestones_milestonetemplate", row.template_id, row.template)),
                *[fact for fact in facts_of(row, self.facts) if fact.value != "–"],
            ],
            "totals": [Fact(str(label), totals[name]) for name, label in _TOTALS if totals.get(name)],
            "sections": [_jobs(jobs)],
            "is_running": running is not None,
            "bar": cells.progress(running.done, running.total, _("Progress")) if running else "",
            "items": items,
            "after": after,
            "show": shown,
            "here": request.GET.get("after", "") if request.GET.get("after", "").isdecimal() else "",
            "tabs": [(name, label) for name, (label, _q) in _SHOWN.items()],
            "choose_url": self.address("choose", row.pk),
            "may_choose": _may_apply(row) and request.user.has_perm(CHANGE),
        }


def _when(at: datetime | None) -> Any:
    return cells.moment(at) if at else cells.nothing(_("not yet"))


def _keys(request: HttpRequest, name: str) -> list[int]:
    return [int(key) for key in request.POST.getlist(name)[:_PAGE] if key.isdecimal() and len(key) < 19]


def _items(row: PlanUpgrade, show: str, after: str) -> tuple[list[dict[str, Any]], int | None]:
    """The next items after a key, and the key that the page after them begins after."""
    found: QuerySet[PlanUpgradeItem] = row.items.filter(_SHOWN[show][1]).order_by("pk")
    if after.isdecimal() and len(after) < 19:
        found = found.filter(pk__gt=int(after))
    related = ("shipment__customer", "shipment__origin", "shipment__destination", "from_template")
    page = list(found.select_related(*related)[: _PAGE + 1])
    rows = page[:_PAGE]
    zones = _zones(rows)
    return [_item(item, zones) for item in rows], rows[-1].pk if len(page) > _PAGE else None


def _zones(items: list[PlanUpgradeItem]) -> dict[int, str]:
    """Place → time zone, of all places that the effects name."""
    named = (one for item in items for kind in ("moved", "added", "removed") for one in item.effect.get(kind, ()))
    places = {one["location"] for one in named if one.get("location")}
    return dict(Location.objects.filter(pk__in=places).values_list("pk", "time_zone")) if places else {}


def _item(item: PlanUpgradeItem, zones: Mapping[int, str]) -> dict[str, Any]:
    effect = item.effect
    cases = effect.get("cases", {})
    left = effect.get("kept") or effect.get("left_out") or ("error" if "error" in effect else "")
    return {
        "key": item.pk,
        "reference": item.shipment.reference,
        "gist": _gist(effect),
        "shipment": cells.shipment(item.shipment),
        "before": item.from_template or "–",
        "is_chosen": item.is_chosen,
        "moved": [(m["name"], _at(m, "before", zones), _at(m, "after", zones)) for m in effect.get("moved", ())],
        "added": [(m["name"], _at(m, "at", zones)) for m in effect.get("added", ())],
        "removed": [(m["name"], _at(m, "at", zones)) for m in effect.get("removed", ())],
        "opens": [case["summary"] for case in cases.get("opens", ())],
        "closes": [case["summary"] for case in cases.get("closes", ())],
        "is_misfit": effect.get("fits") is False,
        "fate": _fate(item, left),
    }


def _gist(effect: Mapping[str, Any]) -> str:
    """ "6 move, 1 comes"."""
    counts = {name: len(effect.get(name, ())) for name in ("moved", "added", "removed")}
    words = (
        ngettext("%(n)d moves", "%(n)d move", counts["moved"]) % {"n": counts["moved"]},
        ngettext("%(n)d comes", "%(n)d come", counts["added"]) % {"n": counts["added"]},
        ngettext("%(n)d goes", "%(n)d go", counts["removed"]) % {"n": counts["removed"]},
    )
    return ", ".join(text for text, count in zip(words, counts.values(), strict=True) if count)


def _fate(item: PlanUpgradeItem, left: str) -> Any:
    if item.undone_at:
        return _("brought back")
    if left:
        return _LEFT.get(left, left)
    return _("moved") if item.applied_at else ""


def _at(one: Mapping[str, Any], name: str, zones: Mapping[int, str]) -> Any:
    at = datetime.fromisoformat(one[name]) if one.get(name) else None
    zone = zones.get(one.get("location") or 0) or one.get("time_zone") or ""
    return cells.at_place(at, zone) if at else cells.nothing(_("no date"))


def _jobs(jobs: list[Job]) -> Section:
    """Who asked for what, and what came of it."""
    lines = [
        [
            cells.row_link("partners_job", job.pk, job.title),
            cells.pill(words.job_state(job.state)),
            cells.two(job.created_by or _("the system"), cells.moment(job.created_at)),
            ", ".join(f"{name}: {count}" for name, count in job.result.items()) if job.kind != PREVIEW else "",
        ]
        for job in jobs
    ]
    return Section(_("Jobs"), [_("Job"), _("State"), _("Asked, your time"), _("What came of it")], lines)
