"""The queue of exceptions: worst first, one row a common root, each with what can be done about it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from django.db.models import Count, F, Q, QuerySet, Window
from django.db.models.functions import Coalesce, RowNumber
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from milestones.enums import UNRESOLVED, CaseStage, CaseState, ExceptionKind, Severity, WorkRole
from milestones.models import CaseGroup, ShipmentException, WorkTask
from partners.models import User
from portal.console import case_page, cells
from portal.console.actions import BULK, Action, person, run
from portal.console.base import ConsoleAdmin, View
from portal.console.case_actions import OF_ROOT, OPERATIONS, is_open
from portal.console.filters import Choice, Filter, Many, Text
from portal.console.listing import Column, Found, by_reference
from portal.console.record import facts_of
from portal.presentation import cases, words
from shipments.enums import Mode

_RANK = "rank"
_ROOT = "root-"


def assigned(by: User) -> Sequence[Filter]:
    """Filters that speak of "me" need to know who that is."""
    return (
        Choice(
            "assigned",
            gettext_lazy("Assigned to"),
            [
                ("queue", gettext_lazy("Me or nobody"), lambda: Q(assignee=by) | Q(assignee=None)),
                ("me", gettext_lazy("Me"), lambda: Q(assignee=by)),
                ("none", gettext_lazy("Nobody"), lambda: Q(assignee=None)),
            ],
        ),
    )


def _due_within(days: int) -> Q:
    return Q(due_at__lte=timezone.now() + timedelta(days=days))


DUE = Choice(
    "due",
    gettext_lazy("Due"),
    [
        ("0", gettext_lazy("Overdue"), lambda: _due_within(0)),
        ("1", gettext_lazy("Within a day"), lambda: _due_within(1)),
        ("3", gettext_lazy("Within 3 days"), lambda: _due_within(3)),
    ],
)


def assignee(row: ShipmentException | WorkTask) -> Any:
    return cells.avatar(str(row.assignee)) if row.assignee else cells.nothing(_("nobody"))


def root_size(case: ShipmentException) -> int:
    """How many cases this row of the list stands for."""
    return int(getattr(case, "root_size", 1)) if case.group_id else 1


def _what(case: ShipmentException) -> Any:
    kind = case.get_kind_display()
    if root_size(case) > 1 and case.group is not None:
        return cells.strong(f"{cases.root_title(case.group)}: {kind}", cases.summary(case))
    return cells.strong(cases.summary(case), cases.next_action(case) or kind)


def _shipment(case: ShipmentException) -> Any:
    size = root_size(case)
    if size > 1:
        return cells.two(cases.shipments(size), _("the worst: %(reference)s") % {"reference": case.shipment.reference})
    return cells.shipment(case.shipment)


def _severity(case: ShipmentException) -> Any:
    stage = case.stage
    word = cells.tag(words.severity(case.severity))
    return cells.two(word, case.get_stage_display()) if stage != CaseStage.BREACH else word


class ExceptionRoom(ConsoleAdmin):
    related = ("shipment__customer", "shipment__origin", "shipment__destination", "assignee", "rule", "group")
    search_hint = gettext_lazy("Reference or container")
    empty = gettext_lazy("Nothing waits for you. New problems show up here by themselves.")
    order = (_RANK, "due_at")
    columns = (
        Column("what", gettext_lazy("What happened"), _what, "kind"),
        Column("severity", gettext_lazy("Severity"), _severity, _RANK, "c-corner"),
        Column("shipment", gettext_lazy("Shipment"), _shipment),
        Column(
            "due",
            gettext_lazy("Due"),
            lambda c: cells.due(c.due_at) if is_open(c) else cells.nothing(),
            "due_at",
            "c-pair",
        ),
        Column("state", gettext_lazy("State"), lambda c: cells.tag(words.case_state(c.state)), "state", "c-pair"),
        Column("assignee", gettext_lazy("Assigned to"), assignee, "assignee__name", "c-hide"),
        Column("team", gettext_lazy("Team"), lambda c: c.get_owner_display(), "owner", "c-hide"),
    )
    views = (
        View(gettext_lazy("Mine and unassigned"), "assigned=queue&state=open,acknowledged"),
        View(gettext_lazy("Due today"), "due=1&state=open,acknowledged"),
        View(gettext_lazy("Escalated"), "stage=escalated&state=open,acknowledged"),
        View(gettext_lazy("On hold"), "kind=hold&state=open,acknowledged"),
        View(gettext_lazy("All open"), "state=open,acknowledged,snoozed"),
        View(gettext_lazy("Snoozed"), "state=snoozed"),
        View(gettext_lazy("Resolved"), "state=resolved&each=1"),
    )
    operations = OPERATIONS
    facts = (
        "state", "opened_at", "due_at", "acknowledged_at", "acknowledged_by", "snoozed_until", "resolved_at",
        "resolved_by", "resolution",
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: QuerySet[Any] = super().get_queryset(request).worst_first()  # type: ignore[attr-defined]
        return rows

    def filters_for(self, request: HttpRequest) -> Sequence[Filter]:
        return (
            *assigned(person(request)),
            DUE,
            Text(
                "customer",
                gettext_lazy("Customer"),
                ("shipment__customer__code", "shipment__customer__name"),
                "partners_partner",
            ),
            Many("state", gettext_lazy("State"), "state", CaseState.choices),
            Many("severity", gettext_lazy("Severity"), "severity", Severity.choices),
            Many("stage", gettext_lazy("Stage"), "stage", CaseStage.choices),
            Many("kind", gettext_lazy("Kind"), "kind", ExceptionKind.choices),
            Many("team", gettext_lazy("Team"), "owner", WorkRole.choices),
            Many("mode", gettext_lazy("Mode"), "shipment__mode", Mode.choices),
            Choice("each", gettext_lazy("Common roots"), [("1", gettext_lazy("Each case by itself"), Q)]),
        )

    def search(self, rows: QuerySet[Any], text: str) -> Found:
        return by_reference(rows, text)

    def fold_for(self, request: HttpRequest) -> Callable[[QuerySet[Any]], QuerySet[Any]] | None:
        """One row a root: its worst case, of those that the filters have left."""
        return None if request.GET.get("each") == "1" else one_a_root

    def _line(self, request: HttpRequest, row: Any) -> dict[str, Any]:
        """A row that stands for several leads to their root, and what is done to it is done to all of them."""
        line = super()._line(request, row)
        if root_size(row) > 1:
            line["key"] = f"{_ROOT}{row.group_id}"
            line["href"] = case_page.root_address(row.group)
            line["actions"] = self._root_actions(request, row.group, [a for a in OF_ROOT if a.in_row])
        return line

    def _targets(self, request: HttpRequest, action: Action, key: str | None) -> list[Any]:
        rows = super()._targets(request, action, key)
        asked = (request.POST if request.method == "POST" else request.GET).getlist("rows") if key is None else []
        roots = [k.removeprefix(_ROOT) for k in asked if k.startswith(_ROOT)][:BULK]
        groups = [k for k in roots if k.isdecimal() and len(k) < 19]
        if groups and action.on_rows:
            members = self.get_queryset(request).filter(group__in=groups, state__in=UNRESOLVED).order_by("pk")
            rows = list({row.pk: row for row in [*rows, *members[:BULK]]}.values())[:BULK]
        return rows

    def page_context(self, request: HttpRequest, row: Any) -> dict[str, Any]:
        rest = [f for f in facts_of(row, self.facts) if f.value != "–"]
        return {
            "facts": case_page.top_facts(request, row) + rest,
            "sections": case_page.sections(request, row),
            "subtitle": cases.summary(row),
        }

    # --- The page of a root ----------------------------------------------------------------------------------------

    def get_urls(self) -> list[URLPattern]:
        stem = f"{self.opts.app_label}_{self.opts.model_name}"
        view = self.admin_site.admin_view
        return [
            path("root/<int:key>/", view(self.root_page), name=f"{stem}_root"),
            path("root/<int:key>/do/<slug:name>/", view(self.do_root), name=f"{stem}_do_root"),
            *super().get_urls(),
        ]

    def root_page(self, request: HttpRequest, key: int) -> HttpResponse:
        self._require_view(request)
        group = self._root(request, key)
        rows = case_page.cases_of(group, request)
        context: Mapping[str, Any] = {
            "row": group,
            "subtitle": cases.root_title(group),
            "row_actions": self._root_actions(request, group, OF_ROOT),
            "facts": case_page.root_facts(group, rows),
            "sections": case_page.root_sections(group, rows),
        }
        return self._render(request, self.page_template, context)

    def do_root(self, request: HttpRequest, key: int, name: str) -> HttpResponse:
        self._require_view(request)
        action = next((a for a in OF_ROOT if a.name == name), None)
        if action is None:
            raise Http404
        return run(request, action, [self._root(request, key)], self._frame(request))

    def _root(self, request: HttpRequest, key: int) -> CaseGroup:
        found = CaseGroup.objects.for_user(request.user).select_related("rule").filter(pk=min(key, 2**63 - 1)).first()
        if found is None:
            raise Http404
        return found

    def _root_actions(
        self, request: HttpRequest, group: CaseGroup, actions: Sequence[Action]
    ) -> list[tuple[Action, str]]:
        return [
            (a, reverse("admin:milestones_shipmentexception_do_root", args=[group.pk, a.name]))
            for a in actions
            if a.fits(group) and request.user.has_perm(a.permission)
        ]


def one_a_root(rows: QuerySet[Any]) -> QuerySet[Any]:
    of_root = [Coalesce(F("group_id"), -F("id"))]
    worst = [F(_RANK).asc(), F("due_at").asc(), F("id").asc()]
    folded: QuerySet[Any] = rows.annotate(
        root_size=Window(Count("id"), partition_by=of_root),
        in_root=Window(RowNumber(), partition_by=of_root, order_by=worst),
    ).filter(in_root=1)
    return folded
