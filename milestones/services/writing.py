"""Writing the milestones of a batch by set: new ones inserted, changed ones updated, vanished ones deleted."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from core.bulk import insert_rows, update_rows
from milestones.facts import MilestoneValue
from milestones.models import Milestone

_NAMES = (
    "line", "position", "type", "name", "place_role", "location", "leg_sequence", "unit_number", "occurrence",
    "time_zone", "audience", "responsible", "baseline_at", "planned_at", "estimated_at", "actual_at", "state", "deviation",
    "is_inferred", "decisions",
)  # fmt: skip
_COLUMNS = ("line_id", "position", "type_id", *_NAMES[3:5], "location_id", *_NAMES[6:])
_BASELINE, _ESTIMATED, _ACTUAL, _INFERRED, _DECISIONS = (
    _NAMES.index(name) for name in ("baseline_at", "estimated_at", "actual_at", "is_inferred", "decisions")
)


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
    def kept_baseline(self) -> datetime | None:
        """The first plan, when it came from the template. One that was reported follows from its event."""
        value: datetime | None = None if "baseline" in self.values[_DECISIONS] else self.values[_BASELINE]
        return value


def load_stored(ids: Sequence[int]) -> dict[int, dict[str, Stored]]:
    """Shipment id → slot → milestone."""
    found: dict[int, dict[str, Stored]] = defaultdict(dict)
    rows = Milestone.objects.filter(shipment__in=ids).order_by().values_list("id", "shipment_id", "slot", *_COLUMNS)
    for pk, shipment_id, slot, *values in rows:
        found[shipment_id][slot] = Stored(pk, tuple(values))
    return found


def baselines_of(stored: Mapping[str, Stored]) -> dict[str, datetime]:
    """Slot → first plan, of those that are kept."""
    return {slot: row.kept_baseline for slot, row in stored.items() if row.kept_baseline is not None}


@dataclass(slots=True)
class Written:
    """`changed`: shipments of which a milestone changed. `ids`: (shipment, slot) → milestone id, of all that stand."""

    changed: set[int] = field(default_factory=set)
    ids: dict[tuple[int, str], int] = field(default_factory=dict)


def write_milestones(
    wanted: Mapping[int, Sequence[MilestoneValue]], stored: Mapping[int, Mapping[str, Stored]]
) -> Written:
    """Make what is `stored` what is `wanted`, in at most three statements."""
    written = Written()
    new: list[tuple[Any, ...]] = []
    different: list[tuple[Any, ...]] = []
    vanished: list[int] = []
    for shipment_id, values in wanted.items():
        before = stored.get(shipment_id, {})
        for value in values:
            row, old = _row(value), before.get(value.slot)
            if old is None:
                new.append((shipment_id, value.slot, *_written(row)))
                written.changed.add(shipment_id)
                continue
            written.ids[shipment_id, value.slot] = old.id
            if old.values != row:
                different.append((old.id, *_written(row)))
                written.changed.add(shipment_id)
        gone = before.keys() - {value.slot for value in values}
        if gone:
            vanished += [before[slot].id for slot in gone]
            written.changed.add(shipment_id)
    _write(written, new, different, vanished)
    return written


def _write(written: Written, new: list[tuple[Any, ...]], different: list[tuple[Any, ...]], vanished: list[int]) -> None:
    if vanished:
        # By the ORM: it takes the milestone off the cases and tasks that point to it.
        Milestone.objects.filter(pk__in=vanished).delete()
    update_rows(Milestone, ("id", *_NAMES), different)
    inserted = insert_rows(Milestone, ("shipment", "slot", *_NAMES), new, returning="id, shipment_id, slot")
    written.ids |= {(shipment_id, slot): pk for pk, shipment_id, slot in inserted}


def _row(value: MilestoneValue) -> tuple[Any, ...]:
    return (
        value.line_id,
        value.position,
        value.code,
        value.name,
        value.place_role,
        value.location_id,
        value.leg_sequence,
        value.unit_number,
        value.occurrence,
        value.time_zone,
        value.audience,
        value.responsible,
        value.baseline_at,
        value.planned_at,
        value.estimated_at,
        value.actual_at,
        value.state,
        value.deviation,
        value.is_inferred,
        value.decisions,
    )


def _written(row: tuple[Any, ...]) -> tuple[Any, ...]:
    return (*row[:-1], json.dumps(row[-1]))
