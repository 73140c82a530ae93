"""What there is to tell of cases and tasks: once when they open, once when they get worse, once when they are over.

The house hears of a common root once, however many shipments share it; partners hear of their own shipments only, and
of nothing that is no more than a warning. What they read is the words of the case, never its facts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from milestones.enums import Audience, CaseStage, Severity
from milestones.services.casework import ClosedCase, OpenCase
from milestones.services.taskwork import OpenedTask
from partners.enums import Topic

# A severity as 1 low to 4 critical.
_SIZES = {severity: size for size, severity in enumerate(reversed(Severity.values), start=1)}
_INTERNAL, _WARNING = Audience.INTERNAL.value, CaseStage.WARNING.value
_OPENED, _ESCALATED, _RESOLVED = (
    Topic.EXCEPTION_OPENED.value,
    Topic.EXCEPTION_ESCALATED.value,
    Topic.EXCEPTION_RESOLVED.value,
)


@dataclass(slots=True)
class Told:
    """A story and who may hear it: the parties of `audience`, and the house when `is_internal`."""

    shipment_id: int
    audience: str
    topic: str
    key: str
    facts: dict[str, Any]
    location_id: int | None = None
    is_internal: bool = True
    kind: str = ""
    size: int = 0


def case_stories(shipment_id: int, cases: Iterable[OpenCase]) -> Iterator[Told]:
    """Of cases that were opened just now, and of those that came a stage further."""
    for case in cases:
        if case.wanted is None:
            continue
        if case.is_new:
            yield from _opened(shipment_id, case)
        elif case.is_worse:
            yield from _worse(shipment_id, case)


# Whether partners hear it, and whether the house does.
_HOUSE, _PARTNERS = (False, True), (True, False)


def _told(shipment_id: int, case: OpenCase, topic: str, key: str, to: tuple[bool, bool]) -> Told:
    wanted = case.wanted
    to_partners, is_internal = to
    if wanted is None:
        raise ValueError("only what is wanted is told")
    facts = {
        "title": wanted.summary,
        "severity": case.severity,
        "stage": wanted.stage,
        "kind": wanted.rule.kind,
        "due_at": case.due_at.isoformat(),
    }
    return Told(
        shipment_id,
        wanted.audience if to_partners else _INTERNAL,
        topic,
        key,
        facts,
        is_internal=is_internal,
        kind=wanted.rule.kind,
        size=_SIZES[case.severity],
    )


def _opened(shipment_id: int, case: OpenCase) -> Iterator[Told]:
    root, wanted = case.root, case.wanted
    is_outside = wanted is not None and wanted.stage != _WARNING and wanted.audience != _INTERNAL
    if root is None or is_outside:
        key = f"exception:{case.public_id}"
        yield _told(shipment_id, case, _OPENED, key, (is_outside, root is None))
    if root is not None and root.is_new:
        yield _of_root(shipment_id, case, _OPENED, f"root:{root.public_id}")


def _worse(shipment_id: int, case: OpenCase) -> Iterator[Told]:
    """The house hears that it got worse, partners that there is something, once the warning is over."""
    wanted = case.wanted
    if wanted is None:
        return
    if case.root_public_id:
        yield _of_root(shipment_id, case, _ESCALATED, f"root:{case.root_public_id}:{wanted.stage}")
    else:
        key = f"exception:{case.public_id}:{wanted.stage}"
        yield _told(shipment_id, case, _ESCALATED, key, _HOUSE)
    if case.stage_before == _WARNING and wanted.audience != _INTERNAL:
        key = f"exception:{case.public_id}:opened"
        yield _told(shipment_id, case, _OPENED, key, _PARTNERS)


def _of_root(shipment_id: int, case: OpenCase, topic: str, key: str) -> Told:
    told = _told(shipment_id, case, topic, key, _HOUSE)
    told.facts["root"] = case.root_public_id
    return told


def closed_stories(closed: Iterable[ClosedCase]) -> Iterator[Told]:
    """Of those that closed by themselves; of a common root only to the partners of its shipments."""
    for case in closed:
        is_outside = case.stage != _WARNING and case.audience != _INTERNAL
        if case.root_public_id and not is_outside:
            continue
        facts: dict[str, Any] = {
            "title": case.summary,
            "severity": case.severity,
            "kind": case.kind,
            "resolution": case.words,
        }
        yield Told(
            case.shipment_id,
            case.audience if is_outside else _INTERNAL,
            _RESOLVED,
            f"exception:{case.public_id}:resolved",
            facts,
            is_internal=not case.root_public_id,
            kind=case.kind,
            size=_SIZES[case.severity],
        )


def task_stories(tasks: Iterable[OpenedTask]) -> Iterator[Told]:
    """For the house only: the team that has to do it is the kind of the story."""
    for task in tasks:
        facts: dict[str, Any] = {"title": task.title, "role": task.role, "severity": task.severity}
        if task.due_at is not None:
            facts["due_at"] = task.due_at.isoformat()
        key = f"task:{task.public_id}"
        yield Told(
            task.shipment_id, _INTERNAL, Topic.TASK_OPENED.value, key, facts, kind=task.role, size=_SIZES[task.severity]
        )
