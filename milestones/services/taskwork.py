"""Tasks of a batch: opened by lines and cases, moved with the plan, closed by the milestone. Written by set."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from core.bulk import array_of, fetch_rows, insert_rows, update_rows
from milestones.enums import TaskState
from milestones.facts import Evaluation
from milestones.models import WorkTask
from milestones.services.casework import OpenCase

CASE_PREFIX, LINE_PREFIX = "case:", "line:"
_OPEN = TaskState.OPEN.value
_NEW = (
    "public_id", "shipment", "key", "title", "role", "exception", "milestone", "state", "severity", "due_at",
    "opened_at",
)  # fmt: skip
_TASKS = """
    SELECT shipment_id, id, key, state, closed_by_id IS NOT NULL, due_at, severity, role FROM milestones_worktask
    WHERE shipment_id = ANY(%s::bigint[]) ORDER BY id
"""


@dataclass(slots=True)
class WantedTask:
    key: str
    title: str
    role: str
    due_at: datetime | None
    severity: str
    exception_id: int | None = None
    milestone_id: int | None = None


@dataclass(slots=True)
class OpenedTask:
    """A task that has just been opened. `key` names this opening of it for good."""

    shipment_id: int
    public_id: str
    key: str
    title: str
    role: str
    due_at: datetime | None
    severity: str


@dataclass(slots=True)
class _Stored:
    id: int
    key: str
    state: str
    is_by_hand: bool
    due_at: datetime | None
    severity: str
    role: str


@dataclass(slots=True)
class _Changes:
    now: datetime
    new: list[tuple[int, WantedTask]] = field(default_factory=list)
    closed: list[tuple[Any, ...]] = field(default_factory=list)
    moved: list[tuple[Any, ...]] = field(default_factory=list)
    reopened: list[tuple[Any, ...]] = field(default_factory=list)


def write_tasks(
    outcomes: Mapping[int, Evaluation],
    cases: Mapping[int, Sequence[OpenCase]],
    milestone_ids: Mapping[tuple[int, str], int],
    now: datetime,
) -> list[OpenedTask]:
    """Open the tasks of lines and cases, close those that nothing asks for any more. Returns those just opened.

    One done by hand stays done. One that its milestone closed comes back when the milestone is taken back.
    """
    before: dict[int, list[_Stored]] = defaultdict(list)
    for shipment_id, *row in fetch_rows(_TASKS, [array_of(outcomes)]):
        values: tuple[Any, ...] = tuple(row)
        before[shipment_id].append(_Stored(*values))
    changes = _Changes(now)
    for shipment_id, outcome in outcomes.items():
        wanted = {task.key: task for task in _tasks(shipment_id, outcome, cases.get(shipment_id, ()), milestone_ids)}
        reached = {f"{LINE_PREFIX}{m.slot}" for m in outcome.milestones if m.actual_at is not None}
        _compare(changes, wanted, before.get(shipment_id, ()), reached)
        changes.new += [(shipment_id, task) for task in wanted.values()]
    return _write(changes)


def _compare(changes: _Changes, wanted: dict[str, WantedTask], before: Iterable[_Stored], reached: set[str]) -> None:
    """Take out of `wanted` what is there already."""
    # Of several with one key the open one counts, else the last.
    latest = {task.key: task for task in sorted(before, key=lambda t: (t.state == _OPEN, t.id))}
    for key, task in latest.items():
        still = wanted.pop(key, None)
        if task.state == _OPEN:
            if still is None:
                state = TaskState.DONE if key in reached else TaskState.CANCELLED
                changes.closed.append((task.id, state.value, changes.now))
            elif (still.due_at, still.severity, still.role) != (task.due_at, task.severity, task.role):
                changes.moved.append((task.id, still.due_at, still.severity, still.role))
        elif still is not None and not task.is_by_hand:
            changes.reopened.append((task.id, _OPEN, None, still.due_at, still.severity, still.role))


def _write(changes: _Changes) -> list[OpenedTask]:
    update_rows(WorkTask, ("id", "state", "closed_at"), changes.closed)
    update_rows(WorkTask, ("id", "due_at", "severity", "role"), changes.moved)
    update_rows(WorkTask, ("id", "state", "closed_at", "due_at", "severity", "role"), changes.reopened)
    opened: list[OpenedTask] = []
    rows: list[tuple[Any, ...]] = []
    for shipment_id, task in changes.new:
        public_id = uuid.uuid4()
        rows.append(
            (
                public_id, shipment_id, task.key, task.title, task.role, task.exception_id, task.milestone_id, _OPEN,
                task.severity, task.due_at, changes.now,
            )
        )  # fmt: skip
        opened.append(
            OpenedTask(shipment_id, str(public_id), task.key, task.title, task.role, task.due_at, task.severity)
        )
    insert_rows(WorkTask, _NEW, rows)
    return opened


def _tasks(
    shipment_id: int,
    outcome: Evaluation,
    cases: Sequence[OpenCase],
    milestone_ids: Mapping[tuple[int, str], int],
) -> list[WantedTask]:
    tasks = [
        WantedTask(
            f"{LINE_PREFIX}{task.slot}",
            task.title,
            task.role,
            task.due_at,
            task.severity,
            milestone_id=milestone_ids.get((shipment_id, task.slot)),
        )
        for task in outcome.tasks
    ]
    for case in cases:
        if case.wanted is not None and case.wanted.rule.task:
            title = case.wanted.rule.task
            key = f"{CASE_PREFIX}{case.id}"
            tasks.append(WantedTask(key, title, case.owner, case.due_at, case.severity, exception_id=case.id))
    return tasks
