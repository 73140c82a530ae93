"""The tasks of the house: what is due first, then what is severe."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.db.models import Case, Q, QuerySet, Value, When
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from milestones.enums import Severity, TaskState, WorkRole
from milestones.models import WorkTask
from milestones.services import assign_task, close_task, reopen_task
from portal.console import cells
from portal.console.actions import Action, person
from portal.console.base import ConsoleAdmin, View
from portal.console.case_actions import Assign
from portal.console.exceptions import DUE, assigned, assignee
from portal.console.filters import Choice, Filter, Many
from portal.console.listing import Column, Found, by_reference
from portal.console.record import Fact, Section
from portal.presentation import cases, words

_CHANGE = "milestones.change_worktask"


def _is_open(task: WorkTask) -> bool:
    return task.state == TaskState.OPEN


class TaskRoom(ConsoleAdmin):
    related = (
        "shipment__customer", "shipment__origin", "shipment__destination", "assignee", "exception", "closed_by",
        "milestone",
    )  # fmt: skip
    search_hint = gettext_lazy("Reference or container")
    empty = gettext_lazy("No task is open. Milestones and exceptions open them.")
    order = ("due_day", "rank", "due_at")
    title = gettext_lazy("Tasks")
    columns = (
        Column("title", gettext_lazy("Task"), lambda t: cells.strong(t.title, _about(t))),
        Column(
            "severity", gettext_lazy("Severity"), lambda t: cells.tag(words.severity(t.severity)), "rank", "c-corner"
        ),
        Column("shipment", gettext_lazy("Shipment"), lambda t: cells.shipment(t.shipment)),
        Column(
            "due",
            gettext_lazy("Due"),
            lambda t: cells.due(t.due_at) if _is_open(t) else cells.moment(t.due_at),
            "due_at",
            "c-pair",
        ),
        Column("state", gettext_lazy("State"), lambda t: cells.tag(words.task_state(t.state)), "state", "c-pair"),
        Column("assignee", gettext_lazy("Assigned to"), assignee, "assignee__name", "c-hide"),
        Column("team", gettext_lazy("For"), lambda t: t.get_role_display(), "role", "c-hide"),
    )
    views = (
        View(gettext_lazy("Mine"), "assigned=me&state=open"),
        View(gettext_lazy("My team"), "mine=team&state=open"),
        View(gettext_lazy("Overdue"), "due=0&state=open"),
        View(gettext_lazy("All open"), "state=open"),
        View(gettext_lazy("Done"), "state=done"),
    )
    operations = (
        Action(
            name="close",
            label=gettext_lazy("Done"),
            permission=_CHANGE,
            in_row=True,
            on_rows=True,
            fits=_is_open,
            perform=lambda task, values, by: close_task(task, by=by),
            done=gettext_lazy("Task closed."),
            is_main=True,
        ),
        Action(
            name="take",
            label=gettext_lazy("Assign to me"),
            permission=_CHANGE,
            on_rows=True,
            fits=_is_open,
            perform=lambda task, values, by: assign_task(task, to=by, by=by),
            done=gettext_lazy("Assigned to you."),
        ),
        Action(
            name="assign",
            label=gettext_lazy("Assign…"),
            permission=_CHANGE,
            form=Assign,
            on_rows=True,
            fits=_is_open,
            perform=lambda task, values, by: assign_task(task, to=values["to"], by=by),
            done=gettext_lazy("Assigned."),
        ),
        Action(
            name="reopen",
            label=gettext_lazy("Open again"),
            permission=_CHANGE,
            fits=lambda task: not _is_open(task),
            explain=gettext_lazy("It is to be done after all. What nothing asks for any more closes by itself again."),
            perform=lambda task, values, by: reopen_task(task, by=by),
            done=gettext_lazy("The task is open again."),
        ),
    )
    facts = ("title", "role", "assignee", "severity", "state", "due_at", "opened_at", "closed_at", "closed_by")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """By the day it is due, the severe ones of a day first; what has no due time comes last."""
        ranks = [When(severity=s, then=Value(rank)) for rank, s in enumerate(Severity.values)]
        rows = super().get_queryset(request)
        ranked: QuerySet[Any] = rows.annotate(rank=Case(*ranks, default=Value(9)), due_day=_due_day())
        return ranked

    def filters_for(self, request: HttpRequest) -> Sequence[Filter]:
        teams = list(person(request).groups.values_list("name", flat=True))
        return (
            *assigned(person(request)),
            Choice("mine", gettext_lazy("Team"), [("team", gettext_lazy("Mine"), lambda: Q(role__in=teams))]),
            DUE,
            Many("state", gettext_lazy("State"), "state", TaskState.choices),
            Many("severity", gettext_lazy("Severity"), "severity", Severity.choices),
            Many("team", gettext_lazy("For"), "role", WorkRole.choices),
        )

    def search(self, rows: QuerySet[Any], text: str) -> Found:
        return by_reference(rows, text)

    def sections(self, request: HttpRequest, row: Any) -> list[Section]:
        about = [Fact(_("Shipment"), cells.row_link("shipments_shipment", row.shipment_id, row.shipment.reference))]
        if row.milestone:
            about.append(Fact(_("Milestone"), row.milestone.name))
        if row.exception:
            link = cells.row_link("milestones_shipmentexception", row.exception_id, cases.summary(row.exception))
            about.append(Fact(_("Exception"), link))
        return [Section(_("What it is about"), facts=about)]


def _due_day() -> Any:
    """Whole days from now on until it is due: today's tasks rank by severity, not by the minute."""
    now = timezone.now()
    days = [When(due_at__lte=now, then=Value(0))]
    days += [When(due_at__lte=now + timedelta(days=n), then=Value(n)) for n in (1, 2, 3, 7)]
    return Case(*days, When(due_at=None, then=Value(99)), default=Value(30))


def _about(task: WorkTask) -> str:
    if task.exception is not None:
        return cases.summary(task.exception)
    return task.milestone.name if task.milestone is not None else str(task.get_role_display())
