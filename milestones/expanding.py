"""From a template to the plan of one shipment: lines per unit, leg and stop, and lines under a condition. Pure.

A stop is a place where a leg ends. A line per stop stands once for each of them between two legs when it is in transit,
else also for the last one. The place of a line per leg is where the leg begins when its role is the origin or the place
of loading, where it ends when it is the destination or the place of discharge, else what its milestone means.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import fields, replace
from itertools import groupby
from operator import attrgetter
from typing import Any

from milestones.condition_facts import shipment_facts
from milestones.enums import LineScope, PlaceRole
from milestones.facts import LegFact, LineFact, RoutePoint, ShipmentFact, TemplateFact
from milestones.planning import indexes_by_code, main_carriage, order_lines

# Of more units than these a line stands once: nobody reads a plan of thousands of lines.
MAX_UNITS = 100
_UNIT, _LEG, _STOP = LineScope.UNIT.value, LineScope.LEG.value, LineScope.STOP.value
_ONCE = LineScope.SHIPMENT.value
_ORIGIN, _POL, _TRANSIT, _POD, _DESTINATION = (
    role.value for role in (PlaceRole.ORIGIN, PlaceRole.POL, PlaceRole.TRANSIT, PlaceRole.POD, PlaceRole.DESTINATION)
)
_STARTS, _ENDS = frozenset({_ORIGIN, _POL}), frozenset({_DESTINATION, _POD})
# What happens where a leg begins; all else happens where it ends.
AT_THE_START = frozenset(
    {
        "BOOKED", "EMPTY_OUT", "PICKUP_ARRIVED", "PICKED_UP", "PICKUP_FAILED", "STUFFED", "RECEIVED_ORIGIN", "GATE_IN",
        "WH_DISPATCHED", "MANIFESTED", "LOADED", "DEPARTED",
    }
)  # fmt: skip
_NAMES = tuple(field.name for field in fields(LineFact))
_AT = {name: index for index, name in enumerate(_NAMES)}
_values = attrgetter(*_NAMES)


def expand(template: TemplateFact, shipment: ShipmentFact) -> TemplateFact:
    """The template as it stands for this shipment; itself when there is nothing to do.

    A line that stands several times has the slot `L<position>:U<unit>`, `:G<leg>` or `:S<stop>`; with no unit, leg or
    stop known it stands once, as `L<position>`. What counts from a line that stands several times counts from the one
    of the same unit, leg or stop, else from the latest of them. A line whose condition does not hold, or of which there
    is nothing on this way, comes last and does not apply: it is only what other lines count from.
    """
    if template.is_plain:
        return template
    copies = [_copies(line, shipment) for line in _asked(template, shipment)]
    if all(len(found) == 1 and found[0] is line for found, line in zip(copies, template.lines, strict=True)):
        return template
    placed = [(index, copy) for index, found in enumerate(copies) for copy in found]
    shown = _in_plan_order([pair for pair in placed if pair[1].applies])
    placed = [*shown, *(pair for pair in placed if not pair[1].applies)]
    links = _Links(copies, placed)
    lines = tuple(links.renumbered(copy) for _, copy in placed)
    is_spread = any(line.unit or line.along for line in lines)
    return replace(template, lines=lines, order=order_lines(lines), by_code=indexes_by_code(lines), is_spread=is_spread)


def _asked(template: TemplateFact, shipment: ShipmentFact) -> Iterator[LineFact]:
    """The lines, those left out marked whose condition does not hold."""
    is_conditional = any(line.condition for line in template.lines)
    facts = shipment_facts(shipment) if is_conditional else {}
    for line in template.lines:
        holds = line.condition is None or line.condition(facts)
        yield line if holds else _changed(line, applies=False, is_mandatory=False)


def _copies(line: LineFact, shipment: ShipmentFact) -> list[LineFact]:
    if not line.applies or line.scope == _ONCE:
        return [line]
    if line.scope == _UNIT:
        units = sorted(shipment.units)
        if not units or len(units) > MAX_UNITS:
            return [line]
        return [_changed(line, slot=f"{line.slot}:U{unit}", unit=unit, share=len(units)) for unit in units]
    way = shipment.route.way
    if not way and (line.is_mandatory or line.scope == _LEG or line.place_role != _TRANSIT):
        return [line]
    found = _per_leg(line, way) if line.scope == _LEG else _per_stop(line, way)
    # A direct way has no stops; nor is one expected where nobody says how it goes, but for what has to be reached.
    return found or [_changed(line, applies=False, is_mandatory=False)]


def _per_leg(line: LineFact, way: Sequence[LegFact]) -> list[LineFact]:
    is_start = line.place_role in _STARTS or (line.place_role not in _ENDS and line.code in AT_THE_START)
    role = _role_at_start if is_start else _role_at_end
    return [
        _changed(
            line,
            slot=f"{line.slot}:G{leg.sequence}",
            leg=leg.sequence,
            along=number,
            place_role=role(way, number - 1),
            point=RoutePoint(leg.origin if is_start else leg.destination, leg.sequence),
            share=len(way),
        )
        for number, leg in enumerate(way, 1)
    ]


def _per_stop(line: LineFact, way: Sequence[LegFact]) -> list[LineFact]:
    last = len(way) - 1 if line.place_role == _TRANSIT else len(way)
    copies = []
    for number, leg in enumerate(way[:last], 1):
        leaves = way[number] if line.code in AT_THE_START and number < len(way) else leg
        copies.append(
            _changed(
                line,
                slot=f"{line.slot}:S{number}",
                leg=leaves.sequence,
                stop=number,
                along=number,
                place_role=_role_at_end(way, number - 1),
                point=RoutePoint(leg.destination, leaves.sequence),
                share=last,
            )
        )
    return copies


def _role_at_start(way: Sequence[LegFact], index: int) -> str:
    """What the place where the leg begins is on the whole way."""
    if way[index] is main_carriage(way)[0]:
        return _POL
    return _TRANSIT if index else _ORIGIN


def _role_at_end(way: Sequence[LegFact], index: int) -> str:
    if way[index] is main_carriage(way)[-1]:
        return _POD
    return _DESTINATION if index == len(way) - 1 else _TRANSIT


Placed = tuple[int, LineFact]


def _in_plan_order(placed: Sequence[Placed]) -> list[Placed]:
    """Lines that follow one another per leg or stop go leg by leg instead of line by line.

    They share the positions from the first of them up to the line after them, as far as these are enough.
    """
    runs = [list(run) for _, run in groupby(placed, key=lambda pair: bool(pair[1].along))]
    ordered: list[Placed] = []
    for number, run in enumerate(runs):
        if run[0][1].along:
            run.sort(key=lambda pair: (pair[1].along, pair[1].position))
            first = min(copy.position for _, copy in run)
            beyond = runs[number + 1][0][1].position if number + 1 < len(runs) else first + len(run)
            if len(run) <= beyond - first:
                run = [(index, _changed(copy, position=first + step)) for step, (index, copy) in enumerate(run)]
        ordered += run
    return ordered


def _changed(line: LineFact, **changes: Any) -> LineFact:
    """As `dataclasses.replace`, three times as fast: a plan of many containers has hundreds of lines."""
    values = list(_values(line))
    for name, value in changes.items():
        values[_AT[name]] = value
    return LineFact(*values)


class _Links:
    """Which lines of the plan stand for a line of the template, seen from one of them."""

    def __init__(self, copies: Sequence[Sequence[LineFact]], placed: Sequence[Placed]) -> None:
        self._copies = copies
        self._new: list[list[int]] = [[] for _ in copies]
        self._placed = placed
        for new, (old, _) in enumerate(placed):
            self._new[old].append(new)

    def renumbered(self, line: LineFact) -> LineFact:
        """With the indexes of the plan in place of those of the template."""
        anchors = self._seen_from(line, line.anchor_index) if line.anchor_index is not None else []
        afters = {new for old in line.after_indexes for new in self._followed(line, old)}
        if (line.anchor_index, line.after_indexes) == (anchors[0] if anchors else None, tuple(sorted(afters))):
            return line if len(anchors) < 2 else _changed(line, other_anchors=tuple(anchors[1:]))
        return _changed(
            line,
            anchor_index=anchors[0] if anchors else None,
            other_anchors=tuple(anchors[1:]),
            after_indexes=tuple(sorted(afters)),
        )

    def _seen_from(self, line: LineFact, old: int) -> list[int]:
        """Those of the same unit, leg or stop where both have one, else all."""
        new = self._new[old]
        if line.unit and self._copies[old][0].unit:
            return [i for i in new if self._placed[i][1].unit == line.unit]
        if line.along and self._copies[old][0].along:
            return [i for i in new if self._placed[i][1].along == line.along] or new
        return new

    def _followed(self, line: LineFact, old: int) -> list[int]:
        """What is not in the plan needs not to be reached, but what it would have to follow does."""
        first = self._copies[old][0]
        if first.applies:
            return self._seen_from(line, old)
        return [new for further in first.after_indexes for new in self._followed(line, further)]
