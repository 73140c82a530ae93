"""What people do with cases and tasks."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from core.errors import DomainError
from core.states import move
from milestones.enums import CASE_MOVES, TASK_MOVES, UNRESOLVED, CaseState, Severity, TaskState
from milestones.models import Journey, ShipmentException, WorkTask
from partners.enums import UserKind
from partners.models import User


@transaction.atomic
def acknowledge_case(case: ShipmentException, *, by: User) -> ShipmentException:
    """Somebody is on it. Raises DomainError `state_not_allowed`, `state_changed` (conflicts)."""
    _hold(case)
    now = timezone.now()
    move(
        case, CASE_MOVES, to=CaseState.ACKNOWLEDGED, acknowledged_at=now, acknowledged_by=by, snoozed_until=None
    )  # fmt: skip
    return case


@transaction.atomic
def snooze_case(case: ShipmentException, *, until: datetime, by: User) -> ShipmentException:
    """Put it away until an instant to come; the evaluation wakes it. Raises `snooze_in_the_past` and conflicts."""
    if until <= timezone.now():
        raise DomainError("snooze_in_the_past", _("Choose a time that is still to come."), field="until")
    journey = _hold(case)
    move(case, CASE_MOVES, to=CaseState.SNOOZED, snoozed_until=until)
    later = Q(next_check_at=None) | Q(next_check_at__gt=until)
    Journey.objects.filter(later, pk=journey.pk).update(next_check_at=until)
    return case


@transaction.atomic
def resolve_case(case: ShipmentException, *, reason: str, by: User) -> ShipmentException:
    """Close it, with the reason. The same cause does not open it again. Raises `reason_missing` and conflicts."""
    said = reason.strip()[:300]
    if not said:
        raise DomainError("reason_missing", _("Say how it was resolved."), field="reason")
    journey = _hold(case)
    now = timezone.now()
    move(
        case,
        CASE_MOVES,
        to=CaseState.RESOLVED,
        resolved_at=now,
        resolved_by=by,
        resolution=said,
        snoozed_until=None,
    )
    case.tasks.filter(state=TaskState.OPEN).update(state=TaskState.DONE, closed_at=now, closed_by=by)
    _count(journey)
    return case


@transaction.atomic
def assign_case(case: ShipmentException, *, to: User | None, by: User) -> ShipmentException:
    """Give it to a person of the house, or to nobody. Raises `not_internal`, `state_not_allowed` (conflict)."""
    if to is not None and (to.kind != UserKind.INTERNAL or not to.is_active):
        raise DomainError("not_internal", _("Exceptions are worked on by people of the house."), field="to")
    updated = ShipmentException.objects.filter(pk=case.pk, state__in=UNRESOLVED).update(assignee=to)
    if not updated:
        raise DomainError("state_not_allowed", _("This exception is resolved already."), conflict=True)
    case.assignee = to
    return case


@transaction.atomic
def close_task(task: WorkTask, *, by: User) -> WorkTask:
    """The work is done. Raises DomainError `state_not_allowed`, `state_changed` (conflicts)."""
    move(task, TASK_MOVES, to=TaskState.DONE, closed_at=timezone.now(), closed_by=by)
    return task


def _hold(case: ShipmentException) -> Journey:
    """The journey, locked before its cases as the evaluation does it, so that neither waits for the other for ever."""
    return Journey.objects.select_for_update().get(pk=case.shipment_id)


def _count(journey: Journey) -> None:
    """Bring the roll-up in line with the cases that are left."""
    left = list(
        ShipmentException.objects.filter(shipment=journey.pk).unresolved().values_list("severity", flat=True)
    )  # fmt: skip
    ranks = {severity: rank for rank, severity in enumerate(Severity.values)}
    worst = min(left, key=lambda severity: ranks[severity], default="")
    # With the last case gone a finished journey can be closed, which the next look does.
    changes = {} if left else {"next_check_at": timezone.now()}
    Journey.objects.filter(pk=journey.pk).update(open_cases=len(left), worst_severity=worst, **changes)
