"""Which template a shipment gets, and when each of its lines is due. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from milestones.enums import PlaceRole
from milestones.facts import (
    Criteria,
    LegFact,
    LineFact,
    PlaceFact,
    Plan,
    Route,
    RoutePoint,
    ShipmentFact,
    TemplateFact,
)
from shipments.enums import Mode

_DAY = 24 * 60
# Of two templates with equally many criteria the one wins whose criterion stands first here.
_WEIGHTS = {"customer": 5, "origin country": 4, "destination country": 3, "type": 2, "mode": 1}
# The legs at whose ends the place of loading and of discharge lie; road only brings there and takes away.
_MAIN_MODES = frozenset({Mode.OCEAN.value, Mode.AIR.value, Mode.RAIL.value})


class CircularPlan(ValueError):
    """Lines count from each other in a circle, or from a line that is not there. `positions` names them."""

    def __init__(self, positions: Sequence[int]) -> None:
        super().__init__(f"lines {', '.join(map(str, positions))} count from each other")
        self.positions = tuple(positions)


def compile_template(
    identity: tuple[int, str, int, str], criteria: Criteria, lines: Sequence[LineFact]
) -> TemplateFact:
    """Make a template ready for many plans. `identity`: id, code, version, name. Raises CircularPlan."""
    by_code: dict[str, tuple[int, ...]] = {}
    for index, line in enumerate(lines):
        by_code[line.code] = (*by_code.get(line.code, ()), index)
    return TemplateFact(*identity, criteria, tuple(lines), order_lines(lines), by_code)


def order_lines(lines: Sequence[LineFact]) -> tuple[int, ...]:
    """Indexes of `lines`, each after the one it counts from. Raises CircularPlan."""
    ordered: list[int] = []
    left = list(range(len(lines)))
    while left:
        ready = [i for i in left if lines[i].anchor_index is None or lines[i].anchor_index in ordered]
        if not ready:
            raise CircularPlan([lines[i].position for i in left])
        ordered += ready
        left = [i for i in left if i not in ready]
    return tuple(ordered)


def choose(templates: Sequence[TemplateFact], shipment: ShipmentFact) -> tuple[TemplateFact | None, str]:
    """The most specific template, and why: most criteria, then customer, origin, destination, type, mode, then code."""
    best: tuple[tuple[int, int], TemplateFact, list[str]] | None = None
    for template in sorted(templates, key=lambda t: (t.code, t.version)):
        met = _criteria_met(template.criteria, shipment)
        if met is None:
            continue
        score = (len(met), sum(_WEIGHTS[name.split(":")[0]] for name in met))
        if best is None or score > best[0]:
            best = (score, template, met)
    if best is None:
        return None, "No active template matches."
    reasons = ", ".join(name.replace(":", "") for name in best[2]) or "it matches any shipment"
    return best[1], f"{best[1].name} v{best[1].version}: {reasons}"


def _criteria_met(criteria: Criteria, shipment: ShipmentFact) -> list[str] | None:
    """Names of the criteria that the shipment meets, or None when it fails one."""
    points = shipment.route.points
    pairs: list[tuple[str, Any, Any]] = [
        ("customer:", criteria.customer_id, shipment.customer_id),
        (f"origin country: {criteria.origin_country}", criteria.origin_country, points[PlaceRole.ORIGIN].place.country),
        (
            f"destination country: {criteria.destination_country}",
            criteria.destination_country,
            points[PlaceRole.DESTINATION].place.country,
        ),
        (f"type: {criteria.shipment_type}", criteria.shipment_type, shipment.type),
        (f"mode: {criteria.mode}", criteria.mode, shipment.mode),
    ]
    asked = [pair for pair in pairs if pair[1]]
    return [name for name, _, _ in asked] if all(wanted == given for _, wanted, given in asked) else None


def route(origin: PlaceFact, destination: PlaceFact, legs: Sequence[LegFact]) -> Route:
    """What plays which role: POL and POD are the ends of the main carriage, or of the whole way when it has no legs."""
    ordered = sorted(legs, key=lambda leg: leg.sequence)
    main = [leg for leg in ordered if leg.mode in _MAIN_MODES] or ordered
    pol = RoutePoint(main[0].origin, main[0].sequence) if main else RoutePoint(origin)
    pod = RoutePoint(main[-1].destination, main[-1].sequence) if main else RoutePoint(destination)
    points = {
        PlaceRole.ORIGIN.value: RoutePoint(origin),
        PlaceRole.POL.value: pol,
        PlaceRole.POD.value: pod,
        PlaceRole.DESTINATION.value: RoutePoint(destination),
    }
    ends = {point.place.code for point in points.values()}
    between = {end.code for leg in ordered for end in (leg.origin, leg.destination)} - ends
    numbered = tuple(leg for leg in ordered if leg.numbers)
    return Route(points, frozenset(between), numbered, main[0].carrier_id if main else None)


def due_at(line: LineFact, plan: Plan, anchor: datetime | None) -> datetime | None:
    """`anchor` + offset in UTC; None when the anchor is not known.

    Whole days are counted on the calendar of the place (so an appointment at 08:00 stays at 08:00 over a change of the
    clock), the rest in elapsed minutes. Working days are Monday to Friday without the public holidays of the country;
    a due day that falls on a day off rolls on in the direction of the offset. `time_of_day` is wall time at the place.
    """
    if anchor is None:
        return None
    days, rest = _split(line.offset_minutes)
    if not days and not line.is_working and line.time_of_day is None:
        return anchor + rest if rest else anchor
    points = plan.shipment.route.points
    place = (points.get(line.place_role) or points[PlaceRole.DESTINATION]).place
    zone = zone_of(place.time_zone)
    wall = anchor.astimezone(zone)
    if line.is_working:
        holidays = plan.holidays.get(place.country, frozenset())
        day = add_working_days(wall.date(), days.days, holidays, -1 if line.offset_minutes < 0 else 1)
        wall = datetime.combine(day, wall.time(), tzinfo=zone)
    else:
        # Within one zone Python adds on the calendar and the clock on the wall, not in elapsed time.
        wall += days
    if line.time_of_day is not None:
        return datetime.combine(wall.date(), line.time_of_day, tzinfo=zone).astimezone(UTC)
    return wall.astimezone(UTC) + rest


@lru_cache(maxsize=1024)
def _split(minutes: int) -> tuple[timedelta, timedelta]:
    """Whole days, and what is left of them, both with the sign of `minutes`."""
    sign = -1 if minutes < 0 else 1
    days, rest = divmod(abs(minutes), _DAY)
    return timedelta(days=sign * days), timedelta(minutes=sign * rest)


def add_working_days(start: date, days: int, holidays: frozenset[date], direction: int = 1) -> date:
    """`days` working days on from `start` (back when negative); with 0 the next one in `direction`, or `start`."""
    step = timedelta(days=-1 if days < 0 or direction < 0 else 1)
    day = start
    for _ in range(abs(days)):
        day += step
        while _is_off(day, holidays):
            day += step
    while _is_off(day, holidays):
        day += step
    return day


def _is_off(day: date, holidays: frozenset[date]) -> bool:
    return day.weekday() >= 5 or day in holidays


@lru_cache(maxsize=1024)
def zone_of(name: str) -> ZoneInfo:
    """The zone of that IANA name; UTC when the name is empty or not known."""
    try:
        return ZoneInfo(name or "UTC")
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")


def due_times(plan: Plan, fixed: Mapping[int, datetime]) -> list[datetime | None]:
    """When each line is due, by index. `fixed`: index → planned time that was reported and replaces the due time."""
    template = plan.template
    if template is None:
        return []
    lines, dates = template.lines, plan.shipment.dates
    due: list[datetime | None] = [None] * len(lines)
    for index in template.order:
        line = lines[index]
        anchor = dates.get(line.anchor) if line.anchor_index is None else due[line.anchor_index]
        due[index] = fixed.get(index) or due_at(line, plan, anchor)
    return due
