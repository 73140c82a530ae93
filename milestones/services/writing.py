"""Writing the milestones of a batch by set: new ones inserted, changed ones updated, vanished ones deleted."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from operator import attrgetter
from typing import Any

import orjson

from core.bulk import array_of, fetch_rows, insert_rows, update_rows
from milestones.facts import MilestoneValue
from milestones.models import Milestone

# What follows from the template and the route, and what from the events: seldom does the first part change.
_PLAN = (
    "line", "position", "type", "name", "place_role", "location", "leg_sequence", "unit_number", "occurrence",
    "time_zone", "audience", "responsible",
)  # fmt: skip
_VALUES = (
    "baseline_at", "planned_at", "estimated_at", "actual_at", "state", "deviation", "is_inferred", "evidence",
    "decisions",
)  # fmt: skip
_NAMES = _PLAN + _VALUES
_FROM = len(_PLAN)
_BASELINE, _PLANNED, _ESTIMATED, _ACTUAL, _INFERRED, _DECISIONS = (
    _NAMES.index(name)
    for name in ("baseline_at", "planned_at", "estimated_at", "actual_at", "is_inferred", "decisions")
)
# A value in the order of the columns.
_row = attrgetter(
    "line_id", "position", "code", "name", "place_role", "location_id", "leg_sequence", "unit_number", "occurrence",
    "time_zone", "audience", "responsible", *_VALUES,
)  # fmt: skip
_STORED = """
    SELECT id, shipment_id, slot, line_id, position, type_id, name, place_role, location_id, leg_sequence,
           unit_number, occurrence, time_zone, audience, responsible, baseline_at, planned_at, estimated_at, actual_at,
           state, deviation, is_inferred, evidence, NULLIF(decisions, '{}')
    FROM milestones_milestone WHERE shipment_id = ANY(%s::bigint[])
"""


@dataclass(slots=True)
class Stored:
    """A milestone as it stands in the database. `values` in the order of the columns."""

    id: int
    values: tuple[Any, ...]

    @property
    def actual_at(self) -> datetime | None:
        value: datetime | None = self.values[_ACTUAL]
        return value

    @property
    def is_reported(self) -> bool:
        """Reached by a report, not inferred."""
        return self.actual_at is not None and not self.values[_INFERRED]

    @property
    def steady_at(self) -> datetime | None:
        """When it was expected, without the small changes (`milestones.steadying`)."""
        told = self.values[_DECISIONS].get("estimated", {}).get("steady_at")
        at: datetime | None = self.values[_ESTIMATED] or self.values[_PLANNED]
        return datetime.fromisoformat(told) if told else at

    @property
    def kept_baseline(self) -> datetime | None:
        """The first plan, when it came from the template. One that was reported follows from its event."""
        value: datetime | None = None if "baseline" in self.values[_DECISIONS] else self.values[_BASELINE]
        return value


def load_stored(ids: Sequence[int]) -> dict[int, dict[str, Stored]]:
    """Shipment id → slot → milestone."""
    found: dict[int, dict[str, Stored]] = defaultdict(dict)
    for pk, shipment_id, slot, *values, decisions in fetch_rows(_STORED, [array_of(ids)]):
        found[shipment_id][slot] = Stored(pk, (*values, orjson.loads(decisions) if decisions else {}))
    return found


def baselines_of(stored: Mapping[str, Stored]) -> dict[str, datetime]:
    """Slot → first plan, of those that are kept."""
    return {slot: at for slot, row in stored.items() if (at := row.kept_baseline) is not None}


@dataclass(slots=True)
class Written:
    """`changed`: shipments of which a milestone changed. `ids`: (shipment, slot) → milestone id, of all that stand."""

    changed: set[int] = field(default_factory=set)
    ids: dict[tuple[int, str], int] = field(default_factory=dict)


def write_milestones(
    wanted: Mapping[int, Sequence[MilestoneValue]], stored: Mapping[int, Mapping[str, Stored]]
) -> Written:
    """Make what is `stored` what is `wanted`, in at most four statements."""
    written = Written()
    changes = _Changes()
    for shipment_id, values in wanted.items():
        before = stored.get(shipment_id, {})
        if _compare(changes, written, shipment_id, values, before):
            written.changed.add(shipment_id)
    _write(written, changes)
    return written


@dataclass(slots=True)
class _Changes:
    """The rows of the statements to be made. `moved`: those of which only the values differ."""

    new: list[tuple[Any, ...]] = field(default_factory=list)
    different: list[tuple[Any, ...]] = field(default_factory=list)
    moved: list[tuple[Any, ...]] = field(default_factory=list)
    vanished: list[int] = field(default_factory=list)


def _compare(
    changes: _Changes,
    written: Written,
    shipment_id: int,
    values: Sequence[MilestoneValue],
    before: Mapping[str, Stored],
) -> bool:
    """Whether a milestone of the shipment differs from what is stored."""
    is_changed = False
    for value in values:
        row, old = _row(value), before.get(value.slot)
        if old is None:
            changes.new.append((shipment_id, value.slot, *_written(row)))
            is_changed = True
            continue
        written.ids[shipment_id, value.slot] = old.id
        if old.values == row:
            continue
        is_changed = True
        if old.values[:_FROM] == row[:_FROM]:
            changes.moved.append((old.id, *_written(row[_FROM:])))
        else:
            changes.different.append((old.id, *_written(row)))
    gone = before.keys() - {value.slot for value in values}
    changes.vanished += [before[slot].id for slot in gone]
    return is_changed or bool(gone)


def _write(written: Written, changes: _Changes) -> None:
    if changes.vanished:
        # By the ORM: it takes the milestone off the cases and tasks that point to it.
        Milestone.objects.filter(pk__in=changes.vanished).delete()
    update_rows(Milestone, ("id", *_NAMES), changes.different)
    update_rows(Milestone, ("id", *_VALUES), changes.moved)
    inserted = insert_rows(Milestone, ("shipment", "slot", *_NAMES), changes.new, returning="id, shipment_id, slot")
    written.ids |= {(shipment_id, slot): pk for pk, shipment_id, slot in inserted}


def _written(row: tuple[Any, ...]) -> tuple[Any, ...]:
    return (*row[:-1], orjson.dumps(row[-1]).decode())
