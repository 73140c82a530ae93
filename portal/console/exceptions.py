"""The queue of exceptions, and the tasks: worst first, each with what can be done about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from milestones.enums import (
    CASE_MOVES,
    CaseState,
    Cause,
    ExceptionKind,
    Severity,
    TaskState,
    WorkRole,
)
from milestones.models import ShipmentException, WorkTask
from milestones.services import acknowledge_case, assign_case, close_task, resolve_case, snooze_case
from partners.models import User
from portal.console import cells
from portal.console.actions import Action, person
from portal.console.base import ConsoleAdmin, View
from portal.console.event_log import happened
from portal.console.fields import ActionForm, LocalTimeField, Reason, UserField
from portal.console.filters import Choice, Filter, Many, Text
from portal.console.listing import Column, Found, by_reference
from portal.console.record import Fact, Section, facts_of
from portal.presentation import words
from shipments.enums import Mode
from shipments.models import Event

_CHANGE = "milestones.change_shipmentexception"
_RANK = "rank"


def _can_become(state: CaseState) -> Any:
    return lambda case: state in CASE_MOVES.get(case.state, frozenset())


def _is_open(case: ShipmentException) -> bool:
    return case.state != CaseState.RESOLVED


class Snooze(ActionForm):
    until = LocalTimeField(label=gettext_lazy("Until, your time"))

    def starting_values(self) -> Mapping[str, Any]:
        return {"until": timezone.now() + timedelta(days=1)}


class Assign(ActionForm):
    to = UserField(label=gettext_lazy("Colleague (e-mail)"))


def _assigned(by: User) -> Sequence[Filter]:
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


_DUE = Choice(
    "due",
    gettext_lazy("Due"),
    [
        ("0", gettext_lazy("Overdue"), lambda: _due_within(0)),
        ("1", gettext_lazy("Within a day"), lambda: _due_within(1)),
        ("3", gettext_lazy("Within 3 days"), lambda: _due_within(3)),
    ],
)


def _assignee(row: ShipmentException | WorkTask) -> Any:
    return cells.avatar(str(row.assignee)) if row.assignee else cells.nothing(_("nobody"))


def _assign_me(case: ShipmentException, values: Mapping[str, Any], by: User) -> None:
    assign_case(case, to=by, by=by)


class ExceptionRoom(ConsoleAdmin):
    related = ("shipment__customer", "shipment__origin", "shipment__destination", "assignee", "rule")
    search_hint = gettext_lazy("Reference or container")
    empty = gettext_lazy("Nothing waits for you. New problems show up here by themselves.")
    order = (_RANK, "due_at")
    columns = (
        Column("what", gettext_lazy("What happened"), lambda c: cells.strong(c.summary, c.get_kind_display()), "kind"),
        Column(
            "severity", gettext_lazy("Severity"), lambda c: cells.tag(words.severity(c.severity)), _RANK, "c-corner"
        ),
        Column("shipment", gettext_lazy("Shipment"), lambda c: cells.shipment(c.shipment)),
        Column(
            "due",
            gettext_lazy("Due"),
            lambda c: cells.due(c.due_at) if _is_open(c) else cells.nothing(),
            "due_at",
            "c-pair",
        ),
        Column("state", gettext_lazy("State"), lambda c: cells.tag(words.case_state(c.state)), "state", "c-pair"),
        Column("assignee", gettext_lazy("Assigned to"), _assignee, "assignee__name", "c-hide"),
        Column("team", gettext_lazy("Team"), lambda c: c.get_owner_display(), "owner", "c-hide"),
    )
    views = (
        View(gettext_lazy("Mine and unassigned"), "assigned=queue&state=open,acknowledged"),
        View(gettext_lazy("Due today"), "due=1&state=open,acknowledged"),
        View(gettext_lazy("On hold"), "kind=hold&state=open,acknowledged"),
        View(gettext_lazy("All open"), "state=open,acknowledged,snoozed"),
        View(gettext_lazy("Snoozed"), "state=snoozed"),
        View(gettext_lazy("Resolved"), "state=resolved"),
    )
    operations = (
        Action(
            name="resolve",
            label=gettext_lazy("Resolve…"),
            permission=_CHANGE,
            form=Reason,
            fits=_is_open,
            is_main=True,
            explain=gettext_lazy("What was done? It closes by itself too, when its cause is gone."),
            in_row=True,
            perform=lambda case, values, by: resolve_case(case, reason=values["reason"], by=by),
            on_rows=True,
            done=gettext_lazy("Resolved."),
            submit=gettext_lazy("Resolve"),
        ),
        Action(
            name="acknowledge",
            label=gettext_lazy("Acknowledge"),
            permission=_CHANGE,
            on_rows=True,
            explain=gettext_lazy("Colleagues see that you have seen it."),
            done=gettext_lazy("Acknowledged."),
            fits=_can_become(CaseState.ACKNOWLEDGED),
            perform=lambda case, values, by: acknowledge_case(case, by=by),
        ),
        Action(
            name="snooze",
            label=gettext_lazy("Snooze…"),
            permission=_CHANGE,
            form=Snooze,
            on_rows=True,
            fits=_can_become(CaseState.SNOOZED),
            done=gettext_lazy("Snoozed; it comes back by itself."),
            perform=lambda case, values, by: snooze_case(case, until=values["until"], by=by),
        ),
        Action(
            name="take",
            label=gettext_lazy("Assign to me"),
            permission=_CHANGE,
            on_rows=True,
            fits=_is_open,
            perform=_assign_me,
            done=gettext_lazy("Assigned to you."),
        ),
        Action(
            name="assign",
            label=gettext_lazy("Assign…"),
            permission=_CHANGE,
            form=Assign,
            on_rows=True,
            fits=_is_open,
            perform=lambda case, values, by: assign_case(case, to=values["to"], by=by),
            done=gettext_lazy("Assigned."),
        ),
    )
    facts = (
        "kind",
        "state",
        "owner",
        "opened_at",
        "due_at",
        "acknowledged_at",
        "acknowledged_by",
        "snoozed_until",
        "resolved_at",
        "resolved_by",
        "resolution",
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: QuerySet[Any] = super().get_queryset(request).worst_first()  # type: ignore[attr-defined]
        return rows

    def filters_for(self, request: HttpRequest) -> Sequence[Filter]:
        return (
            *_assigned(person(request)),
            _DUE,
            Text(
                "customer",
                gettext_lazy("Customer"),
                ("shipment__customer__code", "shipment__customer__name"),
                "partners_partner",
            ),
            Many("state", gettext_lazy("State"), "state", CaseState.choices),
            Many("severity", gettext_lazy("Severity"), "severity", Severity.choices),
            Many("kind", gettext_lazy("Kind"), "kind", ExceptionKind.choices),
            Many("team", gettext_lazy("Team"), "owner", WorkRole.choices),
            Many("mode", gettext_lazy("Mode"), "shipment__mode", Mode.choices),
        )

    def search(self, rows: QuerySet[Any], text: str) -> Found:
        return by_reference(rows, text)

    def page_context(self, request: HttpRequest, row: Any) -> dict[str, Any]:
        top = [
            Fact(
                _("Shipment"),
                cells.row_link("shipments_shipment", row.shipment_id, row.shipment.reference),
                row.shipment.customer,
            ),
            Fact(_("Severity"), cells.tag(words.severity(row.severity))),
            Fact(_("Assigned to"), row.assignee or _("nobody")),
            *_causes(row.facts),
        ]
        return {
            "facts": top + [f for f in facts_of(row, self.facts) if f.value != "–"],
            "sections": self.sections(request, row),
        }

    def sections(self, request: HttpRequest, row: Any) -> list[Section]:
        keys = [key for key in row.facts.get("evidence", []) if isinstance(key, str)]
        events = Event.objects.filter(public_id__in=keys).select_related("source__partner", "code", "location")
        lines = [
            [
                cells.row_link("shipments_event", e.pk, e.code.name),
                e.get_classifier_display(),
                happened(e),
                str(e.source.partner),
            ]
            for e in events
        ]
        tasks = [[t.title, t.get_role_display(), cells.tag(words.task_state(t.state))] for t in row.tasks.all()]
        return [
            Section(
                _("Evidence"),
                [_("Event"), _("How sure"), _("Happened"), _("From")],
                lines,
                empty=_("Nothing was reported: that is the problem."),
            ),
            Section(_("Tasks"), [_("Task"), _("For"), _("State")], tasks, empty=_("No task was opened for it.")),
        ]


def _causes(facts: Mapping[str, Any]) -> list[Fact]:
    cause = str(facts.get("cause", ""))
    found = [Fact(_("Cause"), Cause(cause).label)] if cause in Cause.values else []
    if action := facts.get("next_action"):
        found.append(Fact(_("Next step"), str(action)))
    return found


class TaskRoom(ConsoleAdmin):
    related = ("shipment__customer", "shipment__origin", "shipment__destination", "assignee", "exception", "closed_by")
    search_hint = gettext_lazy("Reference or container")
    empty = gettext_lazy("No task is open. Milestones and exceptions open them.")
    order = ("due_at",)
    title = gettext_lazy("Tasks")
    columns = (
        Column("title", gettext_lazy("Task"), lambda t: cells.strong(t.title, t.get_role_display())),
        Column("shipment", gettext_lazy("Shipment"), lambda t: cells.shipment(t.shipment)),
        Column(
            "due",
            gettext_lazy("Due"),
            lambda t: cells.due(t.due_at) if t.state == TaskState.OPEN else cells.moment(t.due_at),
            "due_at",
            "c-pair",
        ),
        Column("state", gettext_lazy("State"), lambda t: cells.tag(words.task_state(t.state)), "state", "c-corner"),
        Column("assignee", gettext_lazy("Assigned to"), _assignee, "", "c-pair"),
    )
    views = (
        View(gettext_lazy("Open"), "state=open"),
        View(gettext_lazy("Due today"), "state=open&due=1"),
        View(gettext_lazy("Customs"), "state=open&team=customs"),
        View(gettext_lazy("Done"), "state=done"),
    )
    filters = (
        _DUE,
        Many("state", gettext_lazy("State"), "state", TaskState.choices),
        Many("team", gettext_lazy("For"), "role", WorkRole.choices),
    )
    operations = (
        Action(
            name="close",
            label=gettext_lazy("Done"),
            permission="milestones.change_worktask",
            in_row=True,
            on_rows=True,
            fits=lambda task: task.state == TaskState.OPEN,
            perform=lambda task, values, by: close_task(task, by=by),
            done=gettext_lazy("Task closed."),
            is_main=True,
        ),
    )
    facts = ("title", "role", "assignee", "state", "due_at", "opened_at", "closed_at", "closed_by")

    def search(self, rows: QuerySet[Any], text: str) -> Found:
        return by_reference(rows, text)

    def sections(self, request: HttpRequest, row: Any) -> list[Section]:
        about = [Fact(_("Shipment"), cells.row_link("shipments_shipment", row.shipment_id, row.shipment.reference))]
        if row.exception:
            about.append(
                Fact(_("Exception"), cells.row_link("milestones_shipmentexception", row.exception_id, row.exception))
            )
        return [Section(_("What it is about"), facts=about)]
