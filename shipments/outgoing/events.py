"""An event of ours as it goes out, whatever the standard. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from shipments.enums import TimePrecision
from shipments.formats.base import NOWHERE, ParsedEvent, ParsedPlace
from shipments.zones import instant, load_zone

_MINUTE = timedelta(minutes=1)
_FURTHEST = timedelta(hours=14)


@dataclass(frozen=True, slots=True, kw_only=True)
class OutgoingEvent:
    """A normalised event. Times are aware; `occurred_at` is None on a bare retraction.

    `id`: ours, under which it goes out. `source_event_id` and `retracts`: what the sender called it, and what it takes
    back; `retracts_id`: our id of what it takes back, '' where that event was never seen. `received_at`: when we learnt
    of it, for standards that ask when a report was made and senders that did not say.
    """

    id: str
    code: str
    classifier: str
    received_at: datetime
    occurred_at: datetime | None = None
    wall_time: str = ""
    time_zone: str = ""
    precision: str = TimePrecision.MINUTE.value
    reported_at: datetime | None = None
    place: ParsedPlace = NOWHERE
    equipment: str = ""
    vessel_imo: str = ""
    voyage: str = ""
    flight: str = ""
    references: tuple[tuple[str, str], ...] = ()
    source_event_id: str = ""
    retracts: str = ""
    retracts_id: str = ""
    reason: str = ""
    remarks: str = ""
    attributes: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_bare_retraction(self) -> bool:
        return bool(self.retracts) and self.occurred_at is None

    @property
    def told_at(self) -> str:
        """When the report was made, as ISO 8601 in UTC."""
        return utc(self.reported_at or self.received_at)

    @property
    def offset(self) -> str:
        """How the clocks stood at the place: '+08:00'; '+00:00' where no offset of whole minutes says it."""
        if self.occurred_at is None:
            return ""
        between = self._wall - self.occurred_at.astimezone(UTC).replace(tzinfo=None, microsecond=0)
        if between % _MINUTE or abs(between) > _FURTHEST:
            return "+00:00"
        minutes = abs(between) // _MINUTE
        return f"{'-' if between < timedelta(0) else '+'}{minutes // 60:02}:{minutes % 60:02}"

    @property
    def local_time(self) -> str:
        """The instant on the clock with that `offset`, as ISO 8601 with it."""
        if self.occurred_at is None:
            return ""
        zone = load_zone(self.offset) or UTC
        return self.occurred_at.astimezone(zone).replace(tzinfo=None, microsecond=0).isoformat() + self.offset

    def said(self) -> ParsedEvent:
        """What a reader has to find for nothing to be lost. Normalised again, it is the same event."""
        wall, zone = self._clock()
        return ParsedEvent(
            position=0,
            raw_code="",
            code_list="",
            wall_time=wall,
            code="" if self.is_bare_retraction else self.code,
            classifier="" if self.is_bare_retraction else self.classifier,
            zone=zone,
            precision=self.precision,
            reported_at=utc(self.reported_at) if self.reported_at else "",
            place=self.place,
            equipment=self.equipment,
            vessel_imo=self.vessel_imo,
            voyage=self.voyage,
            flight=self.flight,
            references=self.references,
            source_event_id=self.source_event_id,
            retracts=self.retracts,
            reason=self.reason,
            remarks=self.remarks,
            attributes=self.attributes,
        )

    @property
    def _wall(self) -> datetime:
        if self.wall_time:
            return datetime.fromisoformat(self.wall_time)
        there = load_zone(self.time_zone) or UTC
        at = self.occurred_at or self.received_at
        return at.astimezone(there).replace(tzinfo=None, microsecond=0)

    def _clock(self) -> tuple[str, str]:
        """The wall time, and the zone in which it is that instant: by name where the name says it."""
        if self.occurred_at is None:
            return "", ""
        at, named = self.occurred_at.replace(microsecond=0), load_zone(self.time_zone)
        if named and instant(self._wall, named)[0] == at:
            return self._wall.isoformat(), self.time_zone
        return self.local_time[:19], self.offset


def utc(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds")
