"""Which of several lines for one milestone an event is about: its unit, its leg, its stop. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta

from milestones.facts import EventFact, LegFact, LineFact, Plan, Route
from shipments.matching import journey_key

_FAR = timedelta.max

# Index of the line among the given ones that an event is about, when each stands once in the plan.
Choice = Callable[[EventFact, Sequence[int], Plan], int | None]


def lines_met(event: EventFact, plan: Plan, one_of: Choice, mode_said: str) -> tuple[int, ...]:
    """Indexes of the lines that an event is about; none when it is not planned.

    Of the lines that stand once, one (`one_of`). Of those per unit, the one of its unit, or those of all units when it
    is about the whole. Of those per leg and per stop, one at most.
    """
    template = plan.template
    indexes = template.by_code.get(event.code, ()) if template else ()
    if template is None or not indexes:
        return ()
    lines = template.lines
    once = [i for i in indexes if not lines[i].unit and not lines[i].along]
    found = [one_of(event, once, plan)] if once else []
    about = event.unit if event.unit in plan.shipment.units else ""
    units = sorted({lines[i].unit for i in indexes if lines[i].unit and about in ("", lines[i].unit)})
    found += [one_of(event, [i for i in indexes if lines[i].unit == unit], plan) for unit in units]
    for scope in sorted({lines[i].scope for i in indexes if lines[i].along}):
        way = [i for i in indexes if lines[i].along and lines[i].scope == scope]
        found.append(_on_the_way(event, way, plan, mode_said))
    return tuple(index for index in found if index is not None)


def _on_the_way(event: EventFact, indexes: Sequence[int], plan: Plan, mode_said: str) -> int | None:
    """By the voyage, flight or vessel and by the place.

    A place that the way passes twice is told apart by the voyage, else by what is planned there nearest to the event.
    """
    if plan.template is None:
        return None
    lines, route = plan.template.lines, plan.shipment.route
    named = frozenset(leg.sequence for leg in legs_called(event, route))
    fitting = [i for i in indexes if _fits(event, lines[i], route, named, mode_said)]
    if not event.place and not named and len(indexes) > 1:
        return None
    return min(fitting, key=lambda i: (_distance(event, lines[i], route), lines[i].along, i), default=None)


def _fits(event: EventFact, line: LineFact, route: Route, named: frozenset[int], mode_said: str) -> bool:
    if event.place and (line.point is None or line.point.place.code != event.place):
        return False
    if named and line.leg not in named:
        return False
    leg = _leg(route, line.leg)
    return not mode_said or leg is None or leg.mode == mode_said


def legs_called(event: EventFact, route: Route) -> Sequence[LegFact]:
    """The legs with the voyage or flight of the event, else those of its vessel; none when nobody knows."""
    if not route.legs or not (event.journey_number or event.vessel):
        return ()
    number = journey_key(event.journey_number)
    found = [leg for leg in route.legs if number and number in leg.numbers]
    return found or [leg for leg in route.legs if event.vessel and event.vessel in leg.numbers]


def _leg(route: Route, sequence: int | None) -> LegFact | None:
    return next((leg for leg in route.way if leg.sequence == sequence), None)


def _distance(event: EventFact, line: LineFact, route: Route) -> timedelta:
    """From what the leg is planned for; the same for all when nothing is planned or said."""
    leg = _leg(route, line.leg)
    planned = _known((leg.etd, leg.eta) if leg and line.point and line.point.place == leg.origin else _ends(leg))
    return abs(event.occurred_at - planned) if event.occurred_at and planned else _FAR


def _ends(leg: LegFact | None) -> tuple[datetime | None, ...]:
    return (leg.eta, leg.etd) if leg else ()


def _known(instants: Iterable[datetime | None]) -> datetime | None:
    return next((at for at in instants if at), None)
