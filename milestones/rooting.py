"""The common root of cases: one vessel is late, and with it all that is on board. Pure.

A key names the root among the groups of one rule, the same for every shipment that shares it.
"""

from __future__ import annotations

from typing import Any

from milestones.enums import GroupBy, PlaceRole
from milestones.facts import EventFact, LegFact
from milestones.troubles.base import Ground, Trouble

_LONGEST = 120
_AT_THE_END = frozenset({PlaceRole.POD.value, PlaceRole.DESTINATION.value})


def root_of(trouble: Trouble, group_by: str, ground: Ground) -> tuple[str, dict[str, Any]]:
    """(key, facts of the root); an empty key where the root is not known: the case stands for itself."""
    if group_by == GroupBy.JOURNEY:
        return _journey(trouble, ground)
    if group_by == GroupBy.PLACE:
        place = _place(trouble, ground)
        return _root(GroupBy.PLACE, f"{place}:{trouble.code}", place=place, code=trouble.code) if place else _NONE
    if group_by == GroupBy.SOURCE:
        source = _source(trouble, ground)
        if not source:
            return _NONE
        named = ground.policy.sources.get(source)
        return _root(GroupBy.SOURCE, str(source), source=source, name=named[0] if named else str(source))
    if group_by == GroupBy.CUSTOMER:
        customer = ground.plan.shipment.customer_id
        return _root(GroupBy.CUSTOMER, f"{customer}:{trouble.code}", customer=customer, code=trouble.code)
    return _NONE


_NONE: tuple[str, dict[str, Any]] = ("", {})


def _root(by: GroupBy, key: str, **facts: Any) -> tuple[str, dict[str, Any]]:
    return f"{by.value}:{key}"[:_LONGEST], {"by": by.value, **facts}


def _journey(trouble: Trouble, ground: Ground) -> tuple[str, dict[str, Any]]:
    """Vessel and voyage, or flight, with the place and the milestone: by the plan's own leg, else by the report."""
    leg = _leg(trouble, ground)
    numbers = sorted(leg.numbers) if leg else _numbers_of(_event(trouble, ground))
    if not numbers:
        return _NONE
    place = _place(trouble, ground)
    name = "+".join(numbers)
    return _root(GroupBy.JOURNEY, f"{name}:{place}:{trouble.code}", numbers=numbers, place=place, code=trouble.code)


def _leg(trouble: Trouble, ground: Ground) -> LegFact | None:
    """The leg that the trouble is about: its milestone's own, else the one that ends or begins where it happens."""
    legs = ground.plan.shipment.route.legs
    value = trouble.value
    if not legs or value is None:
        return None
    if value.leg_sequence is not None:
        return next((leg for leg in legs if leg.sequence == value.leg_sequence), None)
    return legs[-1] if value.place_role in _AT_THE_END else legs[0] if value.place_role != PlaceRole.ANY else None


def _event(trouble: Trouble, ground: Ground) -> EventFact | None:
    evidence = trouble.facts.get("evidence") or ()
    return ground.event(evidence[0]) if evidence else None


def _numbers_of(event: EventFact | None) -> list[str]:
    return sorted(number for number in (event.journey_number, event.vessel) if number) if event else []


def _place(trouble: Trouble, ground: Ground) -> str:
    """UN/LOCODE of where it is, empty when nobody knows."""
    if trouble.place:
        return trouble.place
    point = ground.plan.shipment.route.points.get(trouble.value.place_role) if trouble.value else None
    if point is not None:
        return point.place.code
    event = _event(trouble, ground)
    return event.place if event else ""


def _source(trouble: Trouble, ground: Ground) -> int | None:
    """The source that said it; of what nobody said, the one that was heard last."""
    if trouble.source is not None:
        return trouble.source
    last = max(ground.events, key=lambda e: (e.received_at, e.fingerprint), default=None)
    return last.source if last else None
