"""What stands at the end of a chain of corrections: an event, what took its place, what took the place of that."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from django.db import connection

# A retraction that undoes an import says so in its own id.
UNDO = "undo:"

_TIPS = """
    WITH RECURSIVE chain AS (
        SELECT fingerprint AS reported, id, fingerprint, message_id, source_event_id, occurred_at IS NULL AS retracts
        FROM shipments_event WHERE fingerprint = ANY(%s)
        UNION ALL
        SELECT chain.reported, e.id, e.fingerprint, e.message_id, e.source_event_id, e.occurred_at IS NULL
        FROM chain JOIN shipments_event e ON e.supersedes = chain.id
    )
    SELECT * FROM chain WHERE NOT EXISTS (SELECT 1 FROM shipments_event e WHERE e.supersedes = chain.id)
"""


@dataclass(frozen=True, slots=True)
class Tip:
    """The newest row of what was reported with the fingerprint `reported`."""

    reported: str
    event_id: int
    fingerprint: str
    message_id: int
    source_event_id: str
    is_retraction: bool

    @property
    def is_undone(self) -> bool:
        return self.is_retraction and self.source_event_id.startswith(UNDO)


def tips_of(fingerprints: Collection[str]) -> list[Tip]:
    """The ends of the chains that begin with these reports, as far as they were ever stored."""
    if not fingerprints:
        return []
    with connection.cursor() as cursor:
        cursor.execute(_TIPS, [list(fingerprints)])
        return [Tip(*row) for row in cursor.fetchall()]
