"""Which template a shipment gets, and when each of its lines is due. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from milestones.enums import AnchorKind, LineScope, PlaceRole, Roll
from milestones.facts import (
    WEEKEND,
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
# The ladder: of two templates with equally many criteria the one wins whose criterion stands first here. Each weighs
# more than all below it together, so that no sum of some equals a sum of others.
_LADDER = (
    "customer", "origin place", "destination place", "origin country", "destination country", "service", "type", "mode",
)  # fmt: skip
_WEIGHTS = {name: 1 << step for step, name in enumerate(reversed(_LADDER))}
# A place is in a country: who asks for the one has asked for the other.
_IMPLIED = {"origin place": "origin country", "destination place": "destination country"}
_LEG_DATES = {AnchorKind.LEG_ETD.value: AnchorKind.ETD.value, AnchorKind.LEG_ETA.value: AnchorKind.ETA.value}
_LEG_ETD = AnchorKind.LEG_ETD.value
_ONCE, _PREVIOUS, _NEXT = LineScope.SHIPMENT.value, Roll.PREVIOUS.value, Roll.NEXT.value
_DESTINATION = PlaceRole.DESTINATION.value
# The legs at whose ends the place of loading and of discharge lie; road only brings there and takes away.
_MAIN_MODES = frozenset({Mode.OCEAN.value, Mode.AIR.value, Mode.RAIL.value})


class CircularPlan(ValueError):
    """Lines count from or follow each other in a circle, or a line that is not there. `positions` names them."""

    def __init__(self, positions: Sequence[int]) -> None:
        super().__init__(f"lines {', '.join(map(str, positions))} count from each other")
        self.positions = tuple(positions)


def compile_template(
    identity: tuple[int, str, int, str], criteria: Criteria, lines: Sequence[LineFact]
) -> TemplateFact:
    """Make a template ready for many plans. `identity`: id, code, version, name. Raises CircularPlan."""
    return TemplateFact(
        *identity,
        criteria,
        tuple(lines),
        order_lines(lines),
        indexes_by_code(lines),
        is_plain=all(line.scope == _ONCE and line.condition is None for line in lines),
        needs_calendar=any(line.is_working or line.roll for line in lines),
    )


def indexes_by_code(lines: Sequence[LineFact]) -> dict[str, tuple[int, ...]]:
    """Of the lines that apply."""
    by_code: dict[str, tuple[int, ...]] = {}
    for index, line in enumerate(lines):
        if line.applies:
            by_code[line.code] = (*by_code.get(line.code, ()), index)
    return by_code


def order_lines(lines: Sequence[LineFact]) -> tuple[int, ...]:
    """Indexes of `lines`, each after those it counts from and those it has to follow. Raises CircularPlan."""
    ordered: list[int] = []
    known: set[int] = set()
    left = list(range(len(lines)))
    while left:
        ready = [i for i in left if known.issuperset(lines[i].anchors) and known.issuperset(lines[i].after_indexes)]
        if not ready:
            raise CircularPlan([lines[i].position for i in _in_circle(left, lines)])
        ordered += ready
        known.update(ready)
        left = [i for i in left if i not in known]
    return tuple(ordered)


def _in_circle(left: Sequence[int], lines: Sequence[LineFact]) -> list[int]:
    """Of the lines that wait, those that others of them wait for, or that wait for one that is not there."""
    needs = {index: {*lines[index].anchors, *lines[index].after_indexes} for index in left}
    if lost := [index for index in left if not needs[index] <= set(range(len(lines)))]:
        return lost
    while idle := needs.keys() - set().union(*needs.values()):
        needs = {index: wanted for index, wanted in needs.items() if index not in idle}
    return sorted(needs)


def choose(templates: Sequence[TemplateFact], shipment: ShipmentFact) -> tuple[TemplateFact | None, str]:
    """The most specific template, and why.

    The one with most criteria wins (a place counts for its country too); of equally many the one that is higher on the
    ladder: customer, place of origin, of destination, country of origin, of destination, service, type, mode. Two
    templates with different criteria that both match are never equal; by code and version for those that are the same.
    """
    best: tuple[tuple[int, int, int], TemplateFact, list[str]] | None = None
    for template in sorted(templates, key=lambda t: (t.code, t.version)):
        met = _criteria_met(template.criteria, shipment)
        if met is None:
            continue
        score = specificity(template.criteria)
        if best is None or score > best[0]:
            best = (score, template, met)
    if best is None:
        return None, "No active template matches."
    reasons = ", ".join(best[2]) or "it matches any shipment"
    return best[1], f"{best[1].name} v{best[1].version}: {reasons}"


@lru_cache(maxsize=4096)
def specificity(criteria: Criteria) -> tuple[int, int, int]:
    """How much is asked for: the number of criteria, their weight on the ladder, and the weight of those written down.

    Where a place is given its country is asked for without being written: the last number tells the two spellings
    apart, as it is different for any two sets of criteria.
    """
    said = {name for name, wanted, _ in _asked(criteria)}
    meant = said | {_IMPLIED[name] for name in said if name in _IMPLIED}
    return len(meant), sum(map(_WEIGHTS.__getitem__, meant)), sum(map(_WEIGHTS.__getitem__, said))


def _asked(criteria: Criteria) -> list[tuple[str, Any, str]]:
    """(name on the ladder, what is wanted, how it is told), of what is asked for, the first of the ladder first."""
    wanted = (
        criteria.customer_id, criteria.origin_place, criteria.destination_place, criteria.origin_country,
        criteria.destination_country, criteria.service, criteria.shipment_type, criteria.mode,
    )  # fmt: skip
    pairs = zip(_LADDER, wanted, strict=True)
    return [(name, value, name if name == "customer" else f"{name} {value}") for name, value in pairs if value]


def _criteria_met(criteria: Criteria, shipment: ShipmentFact) -> list[str] | None:
    """What the shipment meets, in words, or None when it fails one."""
    points = shipment.route.points
    origin, destination = points[PlaceRole.ORIGIN.value].place, points[_DESTINATION].place
    given = {
        "customer": shipment.customer_id,
        "origin place": origin.code,
        "destination place": destination.code,
        "origin country": origin.country,
        "destination country": destination.country,
        "service": shipment.service,
        "type": shipment.type,
        "mode": shipment.mode,
    }
    asked = _asked(criteria)
    return [words for _, _, words in asked] if all(given[name] == wanted for name, wanted, _ in asked) else None


def route(origin: PlaceFact, destination: PlaceFact, legs: Sequence[LegFact]) -> Route:
    """What plays which role: POL and POD are the ends of the main carriage, or of the whole way when it has no legs."""
    way = tuple(sorted(legs, key=lambda leg: leg.sequence))
    main = main_carriage(way)
    pol = RoutePoint(main[0].origin, main[0].sequence) if main else RoutePoint(origin)
    pod = RoutePoint(main[-1].destination, main[-1].sequence) if main else RoutePoint(destination)
    points = {
        PlaceRole.ORIGIN.value: RoutePoint(origin),
        PlaceRole.POL.value: pol,
        PlaceRole.POD.value: pod,
        _DESTINATION: RoutePoint(destination),
    }
    ends = {point.place.code for point in points.values()}
    between = {end.code for leg in way for end in (leg.origin, leg.destination)} - ends
    numbered = tuple(leg for leg in way if leg.numbers)
    carrier_id = main[0].carrier_id if main else None
    return Route(points, frozenset(between), numbered, way, _dates_of_roles(way, main), carrier_id)


def main_carriage(way: Sequence[LegFact]) -> Sequence[LegFact]:
    """The legs of it that go by sea, air or rail; all of them when none does."""
    return [leg for leg in way if leg.mode in _MAIN_MODES] or way


def _dates_of_roles(
    way: Sequence[LegFact], main: Sequence[LegFact]
) -> dict[str, tuple[datetime | None, datetime | None]]:
    """Origin: the first leg. Destination: the last. POL, POD: the first and last of the main carriage. In transit and
    anywhere: from where the main carriage begins to where it ends."""
    if not way:
        return {}
    pairs = {
        PlaceRole.ORIGIN.value: (way[0], way[0]),
        PlaceRole.POL.value: (main[0], main[0]),
        PlaceRole.POD.value: (main[-1], main[-1]),
        _DESTINATION: (way[-1], way[-1]),
    }
    whole = (main[0], main[-1])
    return {role.value: (first.etd, last.eta) for role in PlaceRole for first, last in [pairs.get(role.value, whole)]}


def due_at(line: LineFact, plan: Plan, anchor: datetime | None) -> datetime | None:
    """`anchor` + offset in UTC; None when the anchor is not known. A line that is anywhere is due at the destination.

    In this order: whole days on the calendar of the place (so an appointment at 08:00 stays at 08:00 over a change of
    the clock), or working days; the rest of the offset in elapsed minutes; to a working day, when days are working days
    (in the direction of `roll`, else of the offset) or the line rolls; the time of day, wall time at the place. Working
    days are those that are neither on the weekend of the country nor its public holidays.

    A wall time that comes twice, as the clock goes back, is the first of the two. One that is skipped, as it goes on,
    is as long after midnight in elapsed time as it says (02:30 becomes 03:30).
    """
    if anchor is None:
        return None
    days, rest = _split(line.offset_minutes)
    if not days and not line.is_working and line.time_of_day is None and not line.roll:
        return anchor + rest if rest else anchor
    points = plan.shipment.route.points
    place = (line.point or points.get(line.place_role) or points[_DESTINATION]).place
    zone = zone_of(place.time_zone)
    wall = anchor.astimezone(zone)
    if line.is_working or line.roll:
        wall = _on_working_day(line, plan, wall, place.country)
    else:
        if days:
            # Within one zone Python adds on the calendar and the clock on the wall, not in elapsed time.
            wall += days
        if rest:
            wall = (wall.astimezone(UTC) + rest).astimezone(zone)
    if line.time_of_day is not None:
        wall = datetime.combine(wall.date(), line.time_of_day, tzinfo=zone)
    return wall.astimezone(UTC)


def _on_working_day(line: LineFact, plan: Plan, wall: datetime, country: str) -> datetime:
    """`wall` moved by the offset of a line to which working days matter, in its own zone."""
    days, rest = _split(line.offset_minutes)
    backwards = line.roll == _PREVIOUS if line.roll else line.offset_minutes < 0
    off = (plan.holidays.get(country, frozenset()), -1 if backwards else 1, plan.weekends.get(country, WEEKEND))
    if line.is_working:
        wall = _at_day(wall, add_working_days(wall.date(), days.days, *off))
    elif days:
        wall += days
    if rest:
        wall = (wall.astimezone(UTC) + rest).astimezone(wall.tzinfo)
    return _at_day(wall, add_working_days(wall.date(), 0, *off))


def _at_day(wall: datetime, day: date) -> datetime:
    """The same time on the wall on another day; an instant that stays where it is stays exactly that."""
    return wall if wall.date() == day else datetime.combine(day, wall.time().replace(fold=0), tzinfo=wall.tzinfo)


@lru_cache(maxsize=1024)
def _split(minutes: int) -> tuple[timedelta, timedelta]:
    """Whole days, and what is left of them, both with the sign of `minutes`."""
    sign = -1 if minutes < 0 else 1
    days, rest = divmod(abs(minutes), _DAY)
    return timedelta(days=sign * days), timedelta(minutes=sign * rest)


def add_working_days(
    start: date, days: int, holidays: frozenset[date], direction: int = 1, weekend: frozenset[int] = WEEKEND
) -> date:
    """`days` working days on from `start` (back when negative); with 0 the next one in `direction`, or `start`.

    `weekend`: numbers of weekdays, Monday is 0. Of a week that has no working day every day is one.
    """
    if len(weekend) >= 7:
        weekend = frozenset()
    step = timedelta(days=-1 if days < 0 or (days == 0 and direction < 0) else 1)
    day = start
    for _ in range(abs(days)):
        day += step
        while day.weekday() in weekend or day in holidays:
            day += step
    while day.weekday() in weekend or day in holidays:
        day += step
    return day


@lru_cache(maxsize=1024)
def zone_of(name: str) -> ZoneInfo:
    """The zone of that IANA name; UTC when the name is empty or not known."""
    try:
        return ZoneInfo(name or "UTC")
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")


def date_of(line: LineFact, shipment: ShipmentFact) -> datetime | None:
    """The date that a line without another line counts from: of the shipment, or of a leg that has one.

    The leg is that of the line itself, else the one that plays its place role (`route`). A stop departs with the leg
    that begins there.
    """
    if line.anchor not in _LEG_DATES:
        return shipment.dates.get(line.anchor)
    route, is_etd = shipment.route, line.anchor == _LEG_ETD
    if line.along:
        leg = route.way[min(line.along, len(route.way) - 1) if is_etd and line.stop else line.along - 1]
        dates = (leg.etd, leg.eta)
    else:
        dates = route.dates.get(line.place_role, (None, None))
    return (dates[0] if is_etd else dates[1]) or shipment.dates.get(_LEG_DATES[line.anchor])


def due_times(plan: Plan, fixed: Mapping[int, datetime]) -> list[datetime | None]:
    """When each line is due, by index. `fixed`: index → planned time that was reported and replaces the due time.

    A line that has to follow others is never due before them.
    """
    template = plan.template
    if template is None:
        return []
    lines, dates = template.lines, plan.shipment.dates
    due: list[datetime | None] = [None] * len(lines)
    for index in template.order:
        line = lines[index]
        if line.anchor_index is None:
            anchor = dates[line.anchor] if line.anchor in dates else date_of(line, plan.shipment)
        elif line.other_anchors:
            anchor = latest(due[i] for i in line.anchors)
        else:
            anchor = due[line.anchor_index]
        at = fixed.get(index) or due_at(line, plan, anchor)
        if line.after_indexes and at is not None and index not in fixed:
            at = latest((at, *(due[i] for i in line.after_indexes)))
        due[index] = at
    return due


def latest(instants: Iterable[datetime | None]) -> datetime | None:
    """The last of those that are known."""
    return max((at for at in instants if at is not None), default=None)
