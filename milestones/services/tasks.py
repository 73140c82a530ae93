"""What people do with tasks."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from core.errors import DomainError
from core.states import move
from milestones.enums import TASK_MOVES, TaskState
from milestones.models import WorkTask
from milestones.services.cases import check_colleague
from partners.models import User


@transaction.atomic
def close_task(task: WorkTask, *, by: User) -> WorkTask:
    """The work is done. Raises DomainError `state_not_allowed`, `state_changed` (conflicts)."""
    move(task, TASK_MOVES, to=TaskState.DONE, closed_at=timezone.now(), closed_by=by)
    return task


@transaction.atomic
def reopen_task(task: WorkTask, *, by: User) -> WorkTask:
    """It is to be done after all; the evaluation closes it again where nothing asks for it any more.

    Raises DomainError `state_not_allowed`, `state_changed` and `task_is_open_already` (conflicts).
    """
    if WorkTask.objects.filter(shipment=task.shipment_id, key=task.key, state=TaskState.OPEN).exists():
        raise DomainError("task_is_open_already", _("The same task is open already."), conflict=True)
    move(task, TASK_MOVES, to=TaskState.OPEN, closed_at=None, closed_by=None)
    return task


@transaction.atomic
def assign_task(task: WorkTask, *, to: User | None, by: User) -> WorkTask:
    """Give it to a person of the house, or to nobody. Raises `not_internal`, `state_not_allowed` (conflict)."""
    check_colleague(to)
    if not WorkTask.objects.filter(pk=task.pk, state=TaskState.OPEN).update(assignee=to):
        raise DomainError("state_not_allowed", _("This task is closed already."), conflict=True)
    task.assignee = to
    return task
