"""The page of a case, and of a common root: what happened, why, what it rests on, what to do, who."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from milestones.enums import UNRESOLVED, WakeOn
from milestones.models import CaseGroup, ShipmentException, ShipmentMoney
from portal.console import cells
from portal.console.event_log import happened
from portal.console.record import Fact, Section
from portal.presentation import cases, contacts, words
from portal.presentation.money import shown_amount
from shipments.models import Event

SEES_MONEY = "billing.view_charge"
_SHOWN = 200


def top_facts(request: HttpRequest, case: ShipmentException) -> list[Fact]:
    """What one must know first, in the order in which one acts on it."""
    zone = timezone.get_current_timezone_name()
    found = [Fact(_("What happened"), cases.summary(case), case.get_kind_display())]
    if why := cases.cause(case):
        found.append(Fact(_("Cause"), why))
    if gone := cases.gone(case, zone):
        note = _("It waits for you to close it.") if case.cause_gone_at and case.state in UNRESOLVED else ""
        found.append(Fact(_("The cause is gone"), gone, note))
    if action := cases.next_action(case):
        found.append(Fact(_("Next step"), action))
    found += [
        Fact(_("Team"), case.get_owner_display(), case.assignee or _("nobody")),
        *[
            Fact(_("Ask outside"), contact.name, f"{contact.role} {contact.email}".strip())
            for contact in contacts.outside(case)
        ],
        Fact(
            _("Shipment"),
            cells.row_link("shipments_shipment", case.shipment_id, case.shipment.reference),
            case.shipment.customer,
        ),
        Fact(_("Severity"), cells.tag(words.severity(case.severity)), case.get_stage_display()),
    ]
    if case.group is not None:
        found.append(Fact(_("Common root"), cells.link(root_address(case.group), cases.root_title(case.group))))
    if request.user.has_perm(SEES_MONEY):
        found += _at_risk(case)
    if case.wake_when:
        preset = case.wake_when.get("preset")
        found.append(Fact(_("Comes back when"), WakeOn(preset).label if preset else _("a condition of its own holds")))
    return found


def _at_risk(case: ShipmentException) -> list[Fact]:
    money = ShipmentMoney.objects.filter(pk=case.shipment_id).first()
    if money is None or money.revenue is None:
        return []
    return [Fact(_("Money at risk"), shown_amount(money.revenue, money.currency))]


def root_address(group: CaseGroup) -> str:
    return reverse("admin:milestones_shipmentexception_root", args=[group.pk])


def sections(request: HttpRequest, case: ShipmentException) -> list[Section]:
    keys = [key for key in case.facts.get("evidence", []) if isinstance(key, str)]
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
    tasks = [
        [
            cells.row_link("milestones_worktask", t.pk, t.title),
            t.get_role_display(),
            t.assignee or _("nobody"),
            cells.tag(words.task_state(t.state)),
        ]
        for t in case.tasks.select_related("assignee")
    ]
    known = [
        Fact(detail.label, cells.moment(detail.at) if detail.at else detail.text)
        for detail in cases.details(case, with_money=request.user.has_perm(SEES_MONEY))
    ]
    return [
        Section(
            _("Evidence"),
            [_("Event"), _("How sure"), _("Happened"), _("From")],
            lines,
            facts=known,
            empty=_("Nothing was reported: that is the problem."),
        ),
        Section(
            _("Tasks"),
            [_("Task"), _("For"), _("Assigned to"), _("State")],
            tasks,
            empty=_("No task was opened for it."),
        ),
    ]


def root_sections(group: CaseGroup, rows: Sequence[ShipmentException]) -> list[Section]:
    """The shipments of a root: those that are open first."""
    lines: list[Sequence[Any]] = [
        [
            cells.row_link("shipments_shipment", case.shipment_id, case.shipment.reference),
            str(case.shipment.customer),
            cells.row_link("milestones_shipmentexception", case.pk, cases.summary(case)),
            cells.tag(words.severity(case.severity)),
            cells.due(case.due_at) if case.state in UNRESOLVED else cells.nothing(),
            cells.tag(words.case_state(case.state)),
            str(case.assignee or _("nobody")),
        ]
        for case in rows
    ]
    head = [
        _("Shipment"), _("Customer"), _("What happened"), _("Severity"), _("Due"), _("State"), _("Assigned to"),
    ]  # fmt: skip
    return [Section(_("Shipments"), head, lines, empty=_("You may see none of its shipments."))]


def root_facts(group: CaseGroup, rows: Sequence[ShipmentException]) -> list[Fact]:
    waiting = [case for case in rows if case.state in UNRESOLVED]
    first = rows[0] if rows else None
    found = [
        Fact(_("Common root"), cases.root_title(group), group.rule.name or group.rule.code),
        Fact(_("Shipments with an open case"), f"{len(waiting)}{'+' if len(rows) == _SHOWN else ''}"),
        Fact(_("Since"), cells.moment(group.opened_at)),
    ]
    if group.closed_at is not None:
        found.append(Fact(_("Closed"), cells.moment(group.closed_at)))
    if first is not None:
        found.append(Fact(_("Cause"), cases.cause(first) or "–"))
        found.append(Fact(_("Next step"), cases.next_action(first) or "–"))
        found += [Fact(_("Ask outside"), c.name, f"{c.role} {c.email}".strip()) for c in contacts.outside(first)]
    return found


def cases_of(group: CaseGroup, request: HttpRequest) -> list[ShipmentException]:
    """Of the root, those the person may see: open ones first, the worst first, 200 at most."""
    rows = ShipmentException.objects.for_user(request.user).filter(group=group)
    related = ("shipment__customer", "assignee")
    waiting = list(rows.unresolved().worst_first().select_related(*related)[:_SHOWN])
    rest = rows.exclude(state__in=UNRESOLVED).order_by("-resolved_at").select_related(*related)
    return waiting + list(rest[: _SHOWN - len(waiting)])
