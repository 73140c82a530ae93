"""Cases of a batch: opened when their cause is there, moved on with it, closed when it is gone. Written by set."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson

from core.bulk import array_of, fetch_rows, insert_rows, update_rows
from milestones.closing import GoneCase, why_gone
from milestones.enums import Audience, CaseState, Severity
from milestones.facts import CaseWanted, Evaluation, RuleFact
from milestones.models import ShipmentException
from milestones.services.roots import Root, RootKey, close_roots, hold_roots
from milestones.staging import WARNING, is_worse, owner_at, severity_at
from milestones.waking import is_awake, wakes_at

_OPEN, _SNOOZED, _RESOLVED = CaseState.OPEN.value, CaseState.SNOOZED.value, CaseState.RESOLVED.value
_RANKS = {severity: rank for rank, severity in enumerate(Severity.values)}
_NEW = (
    "public_id", "shipment", "rule", "milestone", "slot", "kind", "severity", "summary", "facts", "owner", "state",
    "stage", "rule_version", "group", "opened_at", "due_at", "resolution",
)  # fmt: skip
_DIFFERENT = (
    "id", "severity", "summary", "facts", "owner", "state", "stage", "rule_version", "group", "due_at",
    "snoozed_until", "wake_when", "cause_gone_at",
)  # fmt: skip
_GONE = ("id", "state", "resolved_at", "resolution", "facts", "snoozed_until", "wake_when", "cause_gone_at")
_CASES = """
    SELECT c.shipment_id, c.id, c.public_id::text, c.rule_id, c.slot, c.kind, c.severity, c.summary, c.owner, c.state,
           c.stage, c.rule_version, c.due_at, c.snoozed_until, c.wake_when, c.cause_gone_at, c.group_id,
           COALESCE(g.public_id::text, ''), COALESCE(g.key, ''), g.closed_at IS NOT NULL, c.facts
    FROM milestones_shipmentexception c LEFT JOIN milestones_casegroup g ON g.id = c.group_id
    WHERE c.shipment_id = ANY(%s::bigint[]) AND (c.state <> 'resolved' OR c.resolved_by_id IS NOT NULL) ORDER BY c.id
"""


@dataclass(slots=True)
class StoredCase:
    """A case as it stands in the database. `group_key`: of its root, which `is_group_closed` says it should leave."""

    id: int
    public_id: str
    rule_id: int
    slot: str
    kind: str
    severity: str
    summary: str
    owner: str
    state: str
    stage: str
    rule_version: int
    due_at: datetime
    snoozed_until: datetime | None
    wake_when: dict[str, Any] | None
    cause_gone_at: datetime | None
    group_id: int | None
    group_public_id: str
    group_key: str
    is_group_closed: bool
    facts: dict[str, Any]

    def row(self) -> tuple[Any, ...]:
        """What may differ, in the order of the columns of `_DIFFERENT` without the key and the root."""
        return (
            self.severity, self.summary, self.facts, self.owner, self.state, self.stage, self.rule_version,
            self.due_at, self.snoozed_until, self.wake_when, self.cause_gone_at,
        )  # fmt: skip


@dataclass(slots=True)
class OpenCase:
    """A case that is not resolved after the batch.

    `until`: the instants at which a snooze may end. `stage_before`: empty for a new one. `root`: the one it has just
    joined; `root_public_id`: of the one it belongs to, empty: none. `owner`: the team.
    """

    id: int
    public_id: str
    severity: str
    due_at: datetime
    owner: str = ""
    until: Sequence[datetime] = ()
    wanted: CaseWanted | None = None
    is_new: bool = False
    stage_before: str = ""
    root: Root | None = None
    root_public_id: str = ""

    @property
    def is_worse(self) -> bool:
        """Whether it has just come a stage further."""
        return bool(self.wanted and self.stage_before) and is_worse(self.wanted.stage, self.stage_before)  # type: ignore[union-attr]


@dataclass(frozen=True, slots=True)
class ClosedCase:
    """A case that has just closed by itself, and why (`words`)."""

    shipment_id: int
    public_id: str
    kind: str
    severity: str
    stage: str
    summary: str
    words: str
    audience: str
    root_public_id: str


@dataclass(slots=True)
class _Change:
    """A stored case that differs. `root`: the key of the root it should have (None: none); `row` as StoredCase.row."""

    case: StoredCase
    root: RootKey | None
    row: tuple[Any, ...]


@dataclass(slots=True)
class Cases:
    """Unresolved cases by shipment, and the statements to be made. `roots`: those that cases join or leave."""

    rules: Mapping[int, RuleFact]
    now: datetime
    standing: dict[int, list[OpenCase]] = field(default_factory=lambda: defaultdict(list))
    new: list[tuple[int, CaseWanted]] = field(default_factory=list)
    different: list[_Change] = field(default_factory=list)
    gone: list[tuple[Any, ...]] = field(default_factory=list)
    closed: list[ClosedCase] = field(default_factory=list)
    roots: dict[RootKey, Mapping[str, Any]] = field(default_factory=dict)
    left: set[RootKey] = field(default_factory=set)
    joined: list[tuple[OpenCase, RootKey]] = field(default_factory=list)

    def leave(self, case: StoredCase) -> None:
        if case.group_id is not None and not case.is_group_closed:
            self.roots.setdefault((case.rule_id, case.group_key), {})
            self.left.add((case.rule_id, case.group_key))


def load_cases(ids: Sequence[int]) -> dict[int, list[StoredCase]]:
    """The unresolved cases, and those that a person has resolved: for the same cause they are not opened again."""
    found: dict[int, list[StoredCase]] = defaultdict(list)
    for shipment_id, *row, facts in fetch_rows(_CASES, [array_of(ids)]):
        row[13] = orjson.loads(row[13]) if row[13] else None
        values: tuple[Any, ...] = (*row, orjson.loads(facts))
        found[shipment_id].append(StoredCase(*values))
    return found


def write_cases(
    outcomes: Mapping[int, Evaluation],
    before: Mapping[int, Sequence[StoredCase]],
    rules: Sequence[RuleFact],
    milestone_ids: Mapping[tuple[int, str], int],
    now: datetime,
) -> Cases:
    """Open, move on, wake and close the cases of the batch: `standing` after it, and those just `closed`."""
    cases = Cases({rule.id: rule for rule in rules}, now)
    for shipment_id, outcome in outcomes.items():
        _compare(cases, shipment_id, outcome, before.get(shipment_id, ()))
    roots = hold_roots(cases.roots, now) if cases.roots else {}
    update_rows(ShipmentException, _DIFFERENT, [_changed_row(change, roots) for change in cases.different])
    update_rows(ShipmentException, _GONE, cases.gone)
    _insert(cases, roots, milestone_ids)
    for case, key in cases.joined:
        case.root = roots[key]
        case.root_public_id = case.root.public_id
    close_roots((roots[key].id for key in cases.left), now)
    return cases


def _compare(cases: Cases, shipment_id: int, outcome: Evaluation, before: Sequence[StoredCase]) -> None:
    by_key = {(w.rule.id, w.slot): w for w in outcome.cases}
    places = {(w.rule.kind, w.slot) for w in outcome.cases}
    settled = {(c.rule_id, c.slot, c.facts.get("about")): c.stage for c in before if c.state == _RESOLVED}
    for case in before:
        if case.state == _RESOLVED:
            continue
        still = by_key.pop((case.rule_id, case.slot), None)
        if still is None:
            _let_go(cases, shipment_id, case, outcome, is_taken_over=(case.kind, case.slot) in places)
        else:
            _keep(cases, shipment_id, case, still, outcome)
    for key, wanted in by_key.items():
        stage = settled.get((*key, wanted.facts["about"]))
        # Who settled a warning has not settled what became of it.
        if stage is None or (stage == WARNING and wanted.stage != WARNING):
            cases.new.append((shipment_id, wanted))
            if wanted.group_key:
                cases.roots[wanted.rule.id, wanted.group_key] = wanted.group_facts


def _let_go(cases: Cases, shipment_id: int, case: StoredCase, outcome: Evaluation, *, is_taken_over: bool) -> None:
    """It closes with the cause, or waits for a person when its rule says so."""
    rule = cases.rules.get(case.rule_id)
    if rule is not None and not rule.closes_itself:
        until = _until(case.snoozed_until, case.wake_when, case.slot, outcome, cases.now)
        cases.standing[shipment_id].append(
            OpenCase(case.id, case.public_id, case.severity, case.due_at, case.owner, until)
        )
        if case.cause_gone_at is None:
            closing = why_gone(GoneCase(case.kind, case.slot, case.facts, True, is_taken_over), outcome)
            case_row = list(case.row())
            case_row[2], case_row[-1] = {**case.facts, **closing.record()}, cases.now
            key = (case.rule_id, case.group_key) if case.group_key else None
            cases.different.append(_Change(case, key, tuple(case_row)))
        return
    closing = why_gone(GoneCase(case.kind, case.slot, case.facts, rule is not None, is_taken_over), outcome)
    facts = orjson.dumps({**case.facts, **closing.record()}).decode()
    cases.gone.append((case.id, _RESOLVED, cases.now, closing.words[:300], facts, None, None, None))
    cases.closed.append(
        ClosedCase(
            shipment_id, case.public_id, case.kind, case.severity, case.stage, case.summary, closing.words,
            str(case.facts.get("audience", Audience.INTERNAL)), case.group_public_id,
        )
    )  # fmt: skip
    cases.leave(case)


def _keep(cases: Cases, shipment_id: int, case: StoredCase, wanted: CaseWanted, outcome: Evaluation) -> None:
    rule, is_moved = wanted.rule, wanted.stage != case.stage
    state, until, wake = _sleep(case, wanted, outcome, cases.now)
    severity = severity_at(rule.severity, wanted.stage)
    owner = owner_at(rule, wanted.stage) if is_moved else case.owner
    due_at = _due_at(wanted, cases.now) if is_moved else case.due_at
    row = (
        severity, wanted.summary[:300], wanted.facts, owner, state, wanted.stage, rule.version, due_at, until, wake,
        None,
    )  # fmt: skip
    opened = OpenCase(
        case.id, case.public_id, severity, due_at, owner, _until(until, wake, case.slot, outcome, cases.now), wanted,
        stage_before=case.stage, root_public_id=case.group_public_id,
    )  # fmt: skip
    cases.standing[shipment_id].append(opened)
    key = (rule.id, wanted.group_key) if wanted.group_key else None
    moves_root = wanted.group_key != case.group_key or case.is_group_closed
    if moves_root:
        cases.leave(case)
        if key is not None:
            cases.roots[key] = wanted.group_facts
            cases.joined.append((opened, key))
    if moves_root or row != case.row():
        cases.different.append(_Change(case, key, row))


def _sleep(
    case: StoredCase, wanted: CaseWanted, outcome: Evaluation, now: datetime
) -> tuple[str, datetime | None, dict[str, Any] | None]:
    """State, end of the snooze and its condition. It wakes at its time, by its condition, or when it gets worse."""
    if case.state != _SNOOZED:
        return case.state, None, None
    is_over = case.snoozed_until is not None and case.snoozed_until <= now
    if is_over or is_worse(wanted.stage, case.stage) or is_awake(case.wake_when, case.slot, outcome):
        return _OPEN, None, None
    return case.state, case.snoozed_until, case.wake_when


def _until(
    until: datetime | None, wake: Mapping[str, Any] | None, slot: str, outcome: Evaluation, now: datetime
) -> list[datetime]:
    return [*([until] if until is not None and until > now else []), *wakes_at(wake, slot, outcome, now)]


def _due_at(wanted: CaseWanted, now: datetime) -> datetime:
    """Of a warning the moment of the breach, when time alone brings it; else so long after now as the rule gives."""
    if wanted.stage == WARNING and wanted.breach_at is not None and wanted.breach_at > now:
        return wanted.breach_at
    return now + wanted.rule.due_in


def _changed_row(change: _Change, roots: Mapping[RootKey, Root]) -> tuple[Any, ...]:
    severity, summary, facts, owner, state, stage, version, due_at, until, wake, gone_at = change.row
    root = roots.get(change.root) if change.root else None
    group_id = root.id if root else change.case.group_id if change.root else None
    written = orjson.dumps(wake).decode() if wake else None
    return (
        change.case.id, severity, summary, orjson.dumps(facts).decode(), owner, state, stage, version, group_id, due_at,
        until, written, gone_at,
    )  # fmt: skip


def _insert(cases: Cases, roots: Mapping[RootKey, Root], milestone_ids: Mapping[tuple[int, str], int]) -> None:
    rows: list[tuple[Any, ...]] = []
    made: list[OpenCase] = []
    for shipment_id, wanted in cases.new:
        rule = wanted.rule
        root = roots[rule.id, wanted.group_key] if wanted.group_key else None
        public_id, due_at = uuid.uuid4(), _due_at(wanted, cases.now)
        severity, owner = severity_at(rule.severity, wanted.stage), owner_at(rule, wanted.stage)
        rows.append(
            (
                public_id, shipment_id, rule.id, milestone_ids.get((shipment_id, wanted.slot)), wanted.slot, rule.kind,
                severity, wanted.summary[:300], orjson.dumps(wanted.facts).decode(), owner, _OPEN, wanted.stage,
                rule.version, root.id if root else None, cases.now, due_at, "",
            )
        )  # fmt: skip
        made.append(OpenCase(0, str(public_id), severity, due_at, owner, (), wanted, is_new=True, root=root))
        made[-1].root_public_id = root.public_id if root else ""
    ids = {
        str(public_id): pk for pk, public_id in insert_rows(ShipmentException, _NEW, rows, returning="id, public_id")
    }
    for (shipment_id, _), case in zip(cases.new, made, strict=True):
        case.id = ids[case.public_id]
        cases.standing[shipment_id].append(case)


def worst(cases: Iterable[OpenCase]) -> str:
    """The worst severity; empty when there is no case."""
    return min((case.severity for case in cases), key=lambda severity: _RANKS[severity], default="")
