"""Times as the API writes them: ISO 8601 with the offset of the place."""

from __future__ import annotations

from datetime import UTC, datetime

from shipments.zones import load_zone


def at_place(moment: datetime | None, time_zone: str) -> str | None:
    """`moment` with the offset of the place (an IANA name or a fixed offset); +00:00 when its zone is not known."""
    if moment is None:
        return None
    return moment.astimezone(load_zone(time_zone) or UTC).isoformat(timespec="seconds")


def in_utc(moment: datetime | None) -> str | None:
    return moment.astimezone(UTC).isoformat(timespec="seconds") if moment else None
