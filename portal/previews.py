"""What a mapping would do to what waits and to the shipments, before it is saved."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Unpack

from partners.models import User
from portal.trial import Trial, try_out
from shipments.models import Event, EventMatch
from shipments.services import rehearse_mapping
from shipments.services.mappings import MappingValues

# So many events are read again to be looked at; all of them when the mapping is saved.
TRIED = 200
SHOWN = 50


@dataclass(frozen=True, slots=True)
class MappingPreview:
    """`waiting`: events that would be read again; `tried` of them were, `changes` shows the first as (old, new)."""

    waiting: int
    tried: int
    changes: list[tuple[Event, Event]]
    trial: Trial


def preview_mapping(*, code: str, by: User, **said: Unpack[MappingValues]) -> MappingPreview:
    """Save the mapping, evaluate what it touches, look, and take it all back. Raises as `save_mapping`, `too_slow`."""

    def do() -> tuple[MappingPreview, set[int]]:
        found = rehearse_mapping(code=code, limit=TRIED, **said)
        new = [event.pk for _old, event in found.changes]
        touched = EventMatch.objects.filter(event__in=new).values_list("shipment", flat=True)
        return MappingPreview(found.waiting, len(new), found.changes[:SHOWN], Trial()), set(touched)

    preview, trial = try_out(do, by=by)
    return MappingPreview(preview.waiting, preview.tried, preview.changes, trial)
