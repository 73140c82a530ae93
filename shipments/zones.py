"""Time zones: of a country or a part of it, of a name or a fixed offset. Pure; the tables are read once, at import."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from shipments.tables import read_table

_OFFSET = re.compile(r"([+-])(\d{2}):?(\d{2})\Z")
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_+-]*(?:/[A-Za-z0-9_+-]+){0,2}\Z")
# The furthest zones on earth: -12:00 (Baker Island) and +14:00 (Line Islands).
_FURTHEST = timedelta(hours=14)
# An empty zone: the state has more than one, so that the state alone decides nothing.
_SUBDIVISIONS = {(row["country"], row["subdivision"]): row["time_zone"] for row in read_table("subdivision_zones")}
_COUNTRIES = {row["country"]: row["time_zone"] for row in read_table("country_zones")}
_NORTH_AMERICA = {part: country for country, part in _SUBDIVISIONS if country in ("US", "CA")}


def zone_of(country: str, subdivision: str = "") -> str:
    """The IANA zone of a state or province, or of a country that has one zone only; '' when that does not decide it."""
    return _SUBDIVISIONS.get((country, subdivision)) or _COUNTRIES.get(country, "")


def country_of_state(state: str) -> str:
    """'US' or 'CA' for one of their state codes (no code is used by both), else ''."""
    return _NORTH_AMERICA.get(state, "")


@lru_cache(maxsize=2048)
def load_zone(name: str) -> tzinfo | None:
    """An IANA name or a fixed offset ('+08:00', 'Z') as tzinfo; None when it is neither."""
    if name in ("Z", "UTC"):
        return UTC
    if fixed := _OFFSET.match(name):
        offset = timedelta(hours=int(fixed[2]), minutes=int(fixed[3]))
        if offset > _FURTHEST or int(fixed[3]) > 59:
            return None
        return timezone(-offset if fixed[1] == "-" else offset)
    if not _NAME.match(name):
        return None
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, OSError, ValueError):
        return None


def instant(wall: datetime, zone: tzinfo) -> tuple[datetime, bool]:
    """The UTC instant of a naive wall time, and whether the clock showed it twice (the first counts) or never."""
    aware = wall.replace(tzinfo=zone)
    is_ambiguous = isinstance(zone, ZoneInfo) and aware.utcoffset() != aware.replace(fold=1).utcoffset()
    return aware.astimezone(UTC), is_ambiguous
