"""What it means for a shipment to follow another version of its template. Pure.

A milestone stays the same milestone when its code, its place on the way and what it is about (unit, leg, stop) stay the
same: it keeps its row, its first plan and its cases, wherever the new version lists it. What is new gets the first plan
of the new version; what the new version does not have goes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from milestones.facts import CaseWanted, Evaluation, MilestoneValue

# Code, place on the way, what it is about ("UABCU123", "G1", "S2"; "" the whole shipment), and the how-manieth such.
Identity = tuple[str, str, str, int]


def identities(rows: Iterable[tuple[str, str, str]]) -> dict[Identity, str]:
    """Identity → slot, of (slot, code, place role) in plan order. What was not planned has none."""
    found: dict[Identity, str] = {}
    seen: Counter[tuple[str, str, str]] = Counter()
    for slot, code, role in rows:
        if not slot.startswith("L"):
            continue
        about = (code, role, slot.partition(":")[2])
        found[(*about, seen[about])] = slot
        seen[about] += 1
    return found


def carried(before: Iterable[tuple[str, str, str]], after: Iterable[tuple[str, str, str]]) -> dict[str, str]:
    """Slot before → slot after, of the milestones that stay. Both as `identities` takes them."""
    new = identities(after)
    return {slot: new[who] for who, slot in identities(before).items() if who in new}


def carry(values: Mapping[str, datetime], slots: Mapping[str, str]) -> dict[str, datetime]:
    """Values by slot, under the slots after; those of what goes are left out."""
    return {slots[slot]: value for slot, value in values.items() if slot in slots}


def listed(values: Iterable[MilestoneValue]) -> list[tuple[str, str, str]]:
    """As `identities` takes them."""
    return [(value.slot, value.code, value.place_role) for value in values]


def effect(before: Evaluation, after: Evaluation, slots: Mapping[str, str]) -> dict[str, Any]:
    """What changes for the shipment, as plain JSON values (`PlanUpgradeItem.effect`); instants are ISO 8601 in UTC.

    `moved`: of what has not happened, the plan before and after. `renumbered`: how many get another slot.
    """
    old, new = _planned(before), _planned(after)
    kept = [(old[slot], new[slots[slot]]) for slot in old if slot in slots and slots[slot] in new]
    gone = [value for slot, value in old.items() if slot not in slots]
    come = [value for slot, value in new.items() if slot not in set(slots.values())]
    return {
        "moved": [_moved(a, b) for a, b in kept if a.planned_at != b.planned_at and b.actual_at is None],
        "added": [_single(value) for value in come],
        "removed": [_single(value) for value in gone],
        "cases": _cases(before.cases, after.cases, slots),
        "renumbered": sum(a.slot != b.slot for a, b in kept),
    }


def _planned(outcome: Evaluation) -> dict[str, MilestoneValue]:
    return {value.slot: value for value in outcome.milestones if value.slot.startswith("L")}


def _moved(before: MilestoneValue, after: MilestoneValue) -> dict[str, Any]:
    return {
        "slot": after.slot,
        "name": after.name,
        "before": _instant(before.planned_at),
        "after": _instant(after.planned_at),
        "time_zone": after.time_zone,
        "location": after.location_id,
    }


def _single(value: MilestoneValue) -> dict[str, Any]:
    return {
        "slot": value.slot,
        "name": value.name,
        "at": _instant(value.actual_at or value.planned_at),
        "time_zone": value.time_zone,
        "location": value.location_id,
    }


def _instant(at: datetime | None) -> str | None:
    return at.isoformat() if at else None


def _cases(
    before: Sequence[CaseWanted], after: Sequence[CaseWanted], slots: Mapping[str, str]
) -> dict[str, list[dict[str, str]]]:
    """Which cases the new version would open and close. A case is one by its rule and its milestone."""
    was = {(case.rule.id, slots.get(case.slot, case.slot)): case for case in before}
    will = {(case.rule.id, case.slot): case for case in after}
    return {
        "opens": [_case(case) for key, case in will.items() if key not in was],
        "closes": [_case(case) for key, case in was.items() if key not in will],
    }


def _case(case: CaseWanted) -> dict[str, str]:
    return {"kind": case.rule.kind, "severity": case.rule.severity, "summary": case.summary}
