"""Cases and tasks of a batch: opened when their cause is there, closed when it is gone. Written by set."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson

from core.bulk import array_of, fetch_rows, insert_rows, update_rows
from milestones.enums import CaseState, Severity, TaskState
from milestones.facts import CaseWanted, Evaluation
from milestones.models import ShipmentException, WorkTask

CASE_PREFIX, LINE_PREFIX = "case:", "line:"
_OPEN, _SNOOZED, _RESOLVED = CaseState.OPEN.value, CaseState.SNOOZED.value, CaseState.RESOLVED.value
_OPEN_TASK = TaskState.OPEN.value
_CAUSE_GONE = "The cause is gone."
_RANKS = {severity: rank for rank, severity in enumerate(Severity.values)}
_NEW = (
    "public_id", "shipment", "rule", "milestone", "slot", "kind", "severity", "summary", "facts", "owner", "state",
    "opened_at", "due_at", "resolution",
)  # fmt: skip


_CASES = """
    SELECT shipment_id, id, public_id::text, rule_id, slot, severity, summary, state, due_at, snoozed_until, facts
    FROM milestones_shipmentexception
    WHERE shipment_id = ANY(%s::bigint[]) AND (state <> 'resolved' OR resolved_by_id IS NOT NULL) ORDER BY id
"""
_TASKS = """
    SELECT shipment_id, id, key, state, due_at FROM milestones_worktask
    WHERE shipment_id = ANY(%s::bigint[]) AND (state = 'open' OR closed_by_id IS NOT NULL) ORDER BY id
"""


@dataclass(slots=True)
class StoredCase:
    """A case as it stands in the database."""

    id: int
    public_id: str
    rule_id: int
    slot: str
    severity: str
    summary: str
    state: str
    due_at: datetime
    snoozed_until: datetime | None
    facts: dict[str, Any]


@dataclass(slots=True)
class OpenCase:
    """A case that is not resolved after the batch. `until`: the end of its snooze."""

    id: int
    public_id: str
    severity: str
    due_at: datetime
    until: datetime | None = None
    wanted: CaseWanted | None = None
    is_new: bool = False


@dataclass(slots=True)
class Cases:
    """Unresolved cases by shipment, and the statements to be made."""

    standing: dict[int, list[OpenCase]] = field(default_factory=lambda: defaultdict(list))
    new: list[tuple[int, CaseWanted]] = field(default_factory=list)
    different: list[tuple[Any, ...]] = field(default_factory=list)
    gone: list[tuple[Any, ...]] = field(default_factory=list)


def load_cases(ids: Sequence[int]) -> dict[int, list[StoredCase]]:
    """The unresolved cases, and those that a person has resolved: for the same cause they are not opened again."""
    found: dict[int, list[StoredCase]] = defaultdict(list)
    for row in fetch_rows(_CASES, [array_of(ids)]):
        values: tuple[Any, ...] = (*row[1:-1], orjson.loads(row[-1]))
        found[row[0]].append(StoredCase(*values))
    return found


def write_cases(
    outcomes: Mapping[int, Evaluation],
    before: Mapping[int, Sequence[StoredCase]],
    milestone_ids: Mapping[tuple[int, str], int],
    now: datetime,
) -> dict[int, list[OpenCase]]:
    """Open, update, wake and close the cases of the batch. Returns the unresolved ones by shipment."""
    cases = Cases()
    for shipment_id, outcome in outcomes.items():
        _compare(cases, shipment_id, outcome.cases, before.get(shipment_id, ()), now)
    names = ("id", "severity", "summary", "facts", "state", "snoozed_until")
    update_rows(ShipmentException, names, cases.different)
    update_rows(ShipmentException, ("id", "state", "resolved_at", "resolution", "snoozed_until"), cases.gone)
    rows = [_new_row(shipment_id, wanted, milestone_ids, now) for shipment_id, wanted in cases.new]
    inserted = insert_rows(ShipmentException, _NEW, rows, returning="id, public_id")
    ids = {public_id: pk for pk, public_id in inserted}
    for (shipment_id, wanted), row in zip(cases.new, rows, strict=True):
        opened = OpenCase(
            ids[row[0]], str(row[0]), wanted.rule.severity, now + wanted.rule.due_in, wanted=wanted, is_new=True
        )
        cases.standing[shipment_id].append(opened)
    return cases.standing


def _compare(
    cases: Cases, shipment_id: int, wanted: Sequence[CaseWanted], before: Sequence[StoredCase], now: datetime
) -> None:
    by_key = {(w.rule.id, w.slot): w for w in wanted}
    settled = {(c.rule_id, c.slot, c.facts.get("about")) for c in before if c.state == _RESOLVED}
    for case in before:
        if case.state == _RESOLVED:
            continue
        still = by_key.pop((case.rule_id, case.slot), None)
        if still is None:
            cases.gone.append((case.id, _RESOLVED, now, _CAUSE_GONE, None))
        else:
            _keep(cases, shipment_id, case, still, now)
    cases.new += [
        (shipment_id, w) for key, w in by_key.items() if (*key, w.facts["about"]) not in settled
    ]  # fmt: skip


def _keep(cases: Cases, shipment_id: int, case: StoredCase, wanted: CaseWanted, now: datetime) -> None:
    state, until = case.state, case.snoozed_until
    if state == _SNOOZED and until is not None and until <= now:
        state, until = _OPEN, None
    if state != _SNOOZED:
        until = None
    row = (wanted.rule.severity, wanted.summary, wanted.facts, state, until)
    if row != (case.severity, case.summary, case.facts, case.state, case.snoozed_until):
        cases.different.append((case.id, row[0], row[1], orjson.dumps(row[2]).decode(), state, until))
    cases.standing[shipment_id].append(
        OpenCase(case.id, case.public_id, wanted.rule.severity, case.due_at, until, wanted)
    )  # fmt: skip


def _new_row(
    shipment_id: int, wanted: CaseWanted, milestone_ids: Mapping[tuple[int, str], int], now: datetime
) -> tuple[Any, ...]:
    rule = wanted.rule
    milestone_id = milestone_ids.get((shipment_id, wanted.slot))
    return (
        uuid.uuid4(), shipment_id, rule.id, milestone_id, wanted.slot, rule.kind, rule.severity,
        wanted.summary[:300], orjson.dumps(wanted.facts).decode(), rule.owner, _OPEN, now, now + rule.due_in, "",
    )  # fmt: skip


def worst(cases: Iterable[OpenCase]) -> str:
    """The worst severity; empty when there is no case."""
    return min((case.severity for case in cases), key=lambda severity: _RANKS[severity], default="")


@dataclass(slots=True)
class WantedTask:
    key: str
    title: str
    role: str
    due_at: datetime | None
    exception_id: int | None = None
    milestone_id: int | None = None


def write_tasks(
    outcomes: Mapping[int, Evaluation],
    cases: Mapping[int, Sequence[OpenCase]],
    milestone_ids: Mapping[tuple[int, str], int],
    now: datetime,
) -> None:
    """Open the tasks of lines and cases, close those that nothing asks for any more. One done by hand stays done."""
    before: dict[int, list[tuple[int, str, str, datetime | None]]] = defaultdict(list)
    for owner_id, pk, key, state, due_at in fetch_rows(_TASKS, [array_of(outcomes)]):
        before[owner_id].append((pk, key, state, due_at))
    new: list[tuple[Any, ...]] = []
    closed: list[tuple[Any, ...]] = []
    moved: list[tuple[Any, ...]] = []
    for shipment_id, outcome in outcomes.items():
        wanted = {task.key: task for task in _tasks(shipment_id, outcome, cases.get(shipment_id, ()), milestone_ids)}
        reached = {f"{LINE_PREFIX}{m.slot}" for m in outcome.milestones if m.actual_at is not None}
        for pk, key, state, due_at in before.get(shipment_id, ()):
            still = wanted.pop(key, None)
            if state != _OPEN_TASK:
                continue
            if still is None:
                closed.append((pk, (TaskState.DONE if key in reached else TaskState.CANCELLED).value, now))
            elif still.due_at != due_at:
                moved.append((pk, still.due_at))
        new += [_task_row(shipment_id, task, now) for task in wanted.values()]
    update_rows(WorkTask, ("id", "state", "closed_at"), closed)
    update_rows(WorkTask, ("id", "due_at"), moved)
    insert_rows(
        WorkTask,
        ("public_id", "shipment", "key", "title", "role", "exception", "milestone", "state", "due_at", "opened_at"),
        new,
    )


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
            milestone_id=milestone_ids.get((shipment_id, task.slot)),
        )
        for task in outcome.tasks
    ]
    for case in cases:
        if case.wanted is not None and case.wanted.rule.task:
            rule = case.wanted.rule
            tasks.append(
                WantedTask(f"{CASE_PREFIX}{case.id}", rule.task, rule.owner, case.due_at, exception_id=case.id)
            )
    return tasks


def _task_row(shipment_id: int, task: WantedTask, now: datetime) -> tuple[Any, ...]:
    return (
        uuid.uuid4(), shipment_id, task.key, task.title, task.role, task.exception_id, task.milestone_id,
        _OPEN_TASK, task.due_at, now,
    )  # fmt: skip
