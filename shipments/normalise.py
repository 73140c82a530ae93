"""From the sender's words to ours: code, place, instant. Pure; everything it looks up is handed in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a foreign code means (a CodeMapping row)."""

    code: str
    classifier: str = ""
    attributes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class KnownPlace:
    """A Location row as far as an event needs it. `time_zone` is empty when not known."""

    id: int
    unlocode: str
    time_zone: str


@dataclass(frozen=True, slots=True)
class PlaceBook:
    """The places a batch may need. `by_code`: 'NLRTM', 'NLRTM/APM2' and 'IATA:AMS'; `by_name`: (country, name upper)."""

    by_code: Mapping[str, KnownPlace] = field(default_factory=dict)
    by_name: Mapping[tuple[str, str], KnownPlace] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Origin:
    """Who reported, when we received it, and how their words are read. `meanings`: (code_list, raw_code) → Meaning."""

    source_id: int
    source_code: str
    trust: int
    time_zone: str
    received_at: datetime
    meanings: Mapping[tuple[str, str], Meaning]
    places: PlaceBook


@dataclass(frozen=True, slots=True)
class NormalisedEvent:
    """An Event row to be, in our words. Times are aware (UTC). `is_mapped` False: code is INFO and waits for a mapping.

    `quarantine`: empty, or the reason why the date cannot be true. `match_keys`: see shipments.matching.match_keys.
    """

    position: int
    fingerprint: str
    code: str
    raw_code: str
    code_list: str
    classifier: str
    attributes: Mapping[str, Any]
    occurred_at: datetime | None
    wall_time: str
    time_zone: str
    zone_certainty: str
    precision: str
    reported_at: datetime | None
    location_id: int | None
    location_text: str
    equipment: str
    vessel_imo: str
    voyage: str
    flight: str
    references: tuple[tuple[str, str], ...]
    source_event_id: str
    retracts: str
    quarantine: str
    reason: str
    remarks: str
    is_mapped: bool
