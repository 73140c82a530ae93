"""Times as the API writes them: ISO 8601 with the offset of the place."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo


@lru_cache(maxsize=1024)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def at_place(moment: datetime | None, time_zone: str) -> str | None:
    """`moment` with the offset of the place; with +00:00 when the zone of the place is not known."""
    if moment is None:
        return None
    return moment.astimezone(_zone(time_zone) if time_zone else UTC).isoformat(timespec="seconds")


def in_utc(moment: datetime | None) -> str | None:
    return moment.astimezone(UTC).isoformat(timespec="seconds") if moment else None
