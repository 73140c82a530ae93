"""The words of the simulated world: a step, what happens, a lane. Plain values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Step:
    """One milestone of a mode: when it is planned (hours from ETD or from ETA), where, and who reports it."""

    code: str
    at_origin: bool
    from_eta: bool
    hours: float
    reporter: str


@dataclass(frozen=True, slots=True)
class Happening:
    """What truly happens, or (`is_estimate`) what the reporter expects at `told_at`.

    `unit`: to which container, where there are several.
    """

    code: str
    place: str
    happens_at: datetime
    told_at: datetime
    reporter: str
    is_estimate: bool = False
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Lane:
    mode: str
    service: str
    type: str
    origin: str
    destination: str
    hours: float
    # Where some of its journeys change ships.
    via: str = ""
