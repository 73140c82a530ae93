"""How much of what should be known of a shipment is known, 0 to 100, and which fix would raise it most. Pure.

The parts and their weights stand in WEIGHTS; a part that does not apply counts as full.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from milestones.enums import AnchorKind
from milestones.facts import EventFact, Plan
from milestones.valuing import MISSING, OVERDUE, REACHED, Valued
from shipments.enums import Mode

# reported: of the mandatory milestones that should have happened by now, those that somebody reported.
# dates: of the mandatory milestones, those that have a planned time.
# reference: whether it has a number that a carrier or an authority gave out, by which others can report on it.
# way: carrier, voyage or flight, and units, as far as its mode has them.
# zones: of the reports, those whose time zone is known.
WEIGHTS: dict[str, int] = {"reported": 40, "dates": 20, "reference": 15, "way": 15, "zones": 10}
_OCEAN = Mode.OCEAN.value
_HAS_VOYAGE = frozenset({Mode.OCEAN.value, Mode.AIR.value, Mode.RAIL.value})
_DATES = frozenset(
    {
        AnchorKind.BOOKED.value,
        AnchorKind.CARGO_READY.value,
        AnchorKind.CUT_OFF.value,
        AnchorKind.ETD.value,
        AnchorKind.ETA.value,
    }
)


@dataclass(slots=True)
class Part:
    """How full a part is (0 to 1), and what would fill it: `code`, what it is about, and by how much of the part."""

    share: float = 1.0
    code: str = ""
    about: str = ""
    step: float = 0.0


_FULL = Part()
_NO_REFERENCE = Part(0, "reference", "", 1)


def completeness(
    valued: Sequence[Valued], plan: Plan, events: Sequence[EventFact]
) -> tuple[int, dict[str, Any] | None]:
    """The score, and {"code", "gain", "milestone"?} of the fix that raises it most; None when nothing is left."""
    parts = (
        ("reported", _reported(valued)),
        ("dates", _dates(valued, plan)),
        ("reference", _FULL if plan.shipment.has_outside_reference else _NO_REFERENCE),
        ("way", _way(plan)),
        ("zones", _zones(events)),
    )
    score, most = 0.0, -1
    best: dict[str, Any] | None = None
    for name, part in parts:
        weight = WEIGHTS[name]
        score += weight * part.share
        if part is _FULL:
            continue
        gain = round(weight * part.step)
        if gain > most:
            most, best = gain, {"code": part.code, "gain": gain} | ({"milestone": part.about} if part.about else {})
    return (100 if best is None else min(int(score), 99)), best


def _reported(valued: Sequence[Valued]) -> Part:
    """What is inferred should have been reported too."""
    due, silent = 0, []
    for row in valued:
        if not row.line.is_mandatory:
            continue
        state = row.value.state
        if state == REACHED:
            due += 1
            if row.value.is_inferred:
                silent.append(row)
        elif state in (MISSING, OVERDUE):
            due += 1
            silent.append(row)
    if not silent:
        return _FULL
    # What nobody can guess first, then the latest one: from it the others may follow.
    worst = max(silent, key=lambda r: (not r.value.is_inferred, r.line.position))
    return Part(1 - len(silent) / due, "report", worst.value.name, 1 / due)


def _dates(valued: Sequence[Valued], plan: Plan) -> Part:
    undated = [r for r in valued if r.value.planned_at is None and r.value.actual_at is None and r.line.is_mandatory]
    if not undated:
        return _FULL
    lines = sum(r.line.is_mandatory for r in valued)
    hang: dict[str, int] = {}
    for row in undated:
        anchor = _root(row, valued)
        if anchor in _DATES and plan.shipment.dates.get(anchor) is None:
            hang[anchor] = hang.get(anchor, 0) + 1
    share = 1 - len(undated) / lines
    if not hang:
        return Part(share, "dates", "", 1 / lines)
    date = max(sorted(hang), key=lambda name: hang[name])
    return Part(share, f"date_{date}", "", hang[date] / lines)


def _root(row: Valued, valued: Sequence[Valued]) -> str:
    """The date of the shipment that a line counts from in the end."""
    line = row.line
    while line.anchor_index is not None:
        line = valued[line.anchor_index].line
    return line.anchor


def _way(plan: Plan) -> Part:
    """What the mode of the shipment has of carrier, voyage or flight, and units."""
    shipment = plan.shipment
    wanted, absent = 1, []
    if shipment.route.carrier_id is None:
        absent.append("carrier")
    if shipment.mode in _HAS_VOYAGE:
        wanted += 1
        if not shipment.route.legs:
            absent.append("voyage")
    if shipment.mode == _OCEAN:
        wanted += 1
        if not shipment.units:
            absent.append("unit")
    return Part(1 - len(absent) / wanted, absent[0], "", 1 / wanted) if absent else _FULL


def _zones(events: Sequence[EventFact]) -> Part:
    assumed = [e for e in events if e.is_zone_assumed]
    if not assumed:
        return _FULL
    # One place that becomes known often settles several reports; one is what is sure.
    return Part(1 - len(assumed) / len(events), "zone", "", 1 / len(events))
