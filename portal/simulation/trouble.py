"""What goes wrong on the way itself, seeded: freight that comes early, stands or is held, and who else tells. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from random import Random

from portal.simulation.happenings import Happening, Lane
from portal.simulation.letters import LAST_FREE_DAY
from shipments.enums import Mode, ShipmentType

# What a platform that watches ships and trucks tells as well, and by how many hours it is off.
_WATCHED = frozenset({"PICKED_UP", "GATE_IN", "DEPARTED", "ARRIVED", "DISCHARGED", "DELIVERED"})
# What is reported container by container.
_OF_CONTAINERS = frozenset({"EMPTY_OUT", "GATE_IN", "LOADED", "DISCHARGED", "GATE_OUT", "EMPTY_RETURNED"})
_OFF = (0.0, 0.3, 5.0, 30.0, 80.0)
_FREE_TIME = timedelta(days=3)


def beset(happenings: Sequence[Happening], lane: Lane, random: Random) -> list[Happening]:
    """The happenings of a journey with all that is out of the way, in the order in which they happen."""
    dice = random.random()
    found = list(happenings)
    if dice < 0.08:
        found = _early(found, lane)
    elif dice < 0.18:
        found = found[: random.randint(2, len(found))]
    elif dice < 0.23:
        found = _held(found)
    is_by_sea_to_us = lane.mode == Mode.OCEAN and lane.type == ShipmentType.IMPORT
    beside = [*_expected_again(found, random), *(_free_time(found) if is_by_sea_to_us else ())]
    if random.random() < 0.4:
        beside += _watched(found, random)
    return sorted([*found, *beside], key=lambda h: (h.happens_at, h.told_at))


def per_container(happenings: Sequence[Happening], units: Sequence[str], random: Random) -> list[Happening]:
    """What happens to a container happens to each of several, to the others some hours later."""
    found: list[Happening] = []
    for h in happenings:
        if h.code not in _OF_CONTAINERS:
            found.append(h)
            continue
        for number, unit in enumerate(units):
            later = timedelta(minutes=random.randint(0, 40 * 60) * number)
            found.append(replace(h, unit=unit, happens_at=h.happens_at + later, told_at=h.told_at + later))
    return sorted(found, key=lambda h: (h.happens_at, h.told_at))


def _early(happenings: Sequence[Happening], lane: Lane) -> list[Happening]:
    """All at the end of the way a sixth of the way sooner."""
    sooner = timedelta(hours=lane.hours / 6)
    return [
        h if h.place == lane.origin else replace(h, happens_at=h.happens_at - sooner, told_at=h.told_at - sooner)
        for h in happenings
    ]


def _held(happenings: Sequence[Happening]) -> list[Happening]:
    """Customs hold it in place of releasing it, and nothing follows."""
    at = next((i for i, h in enumerate(happenings) if h.code == "CUSTOMS_RELEASED"), None)
    return list(happenings) if at is None else [*happenings[:at], replace(happenings[at], code="CUSTOMS_HOLD")]


def _expected_again(happenings: Sequence[Happening], random: Random) -> Iterator[Happening]:
    for h in happenings:
        if h.is_estimate:
            later = h.told_at + (h.happens_at - h.told_at) / 2
            yield replace(h, happens_at=h.happens_at + timedelta(hours=random.choice((-1, 4, 30))), told_at=later)


def _free_time(happenings: Sequence[Happening]) -> Iterator[Happening]:
    """Of all containers in one report."""
    first = next((h.unit for h in happenings if h.unit), "")
    for h in happenings:
        if h.code == "DISCHARGED" and h.unit in ("", first):
            ends, told_at = h.happens_at + _FREE_TIME, h.told_at + timedelta(hours=1)
            yield Happening(LAST_FREE_DAY, h.place, ends, told_at, "terminal", is_estimate=True)


def _watched(happenings: Sequence[Happening], random: Random) -> Iterator[Happening]:
    for h in happenings:
        if h.code in _WATCHED and not h.is_estimate and not h.unit and random.random() < 0.5:
            at = h.happens_at + random.choice((-1, 1)) * timedelta(hours=random.choice(_OFF))
            at = at.replace(second=0, microsecond=0)
            yield Happening(h.code, h.place, at, max(h.told_at, at) + timedelta(hours=1), "watch")
