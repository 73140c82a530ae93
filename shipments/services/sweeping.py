"""The sweep over what waits. Nothing should be left for it: it makes good what came past the services."""

from __future__ import annotations

from collections.abc import Iterator

from django.db import connection, transaction

from shipments.services.locks import lock_mappings
from shipments.services.repairing import parsed_before, read_again
from shipments.services.taking_up import take_up_events

_SWEPT_AT_ONCE = 500
# Waiting events of which a reference is known by now, or what they retract is matched by now.
_DUE = """
    SELECT w.id, w.event_id FROM shipments_waitingevent w
    WHERE w.closed_at IS NULL AND w.reason IN ('unmatched', 'ambiguous') AND w.id > %s AND (
        EXISTS (SELECT 1 FROM unnest(w.keys) AS k(key) JOIN shipments_reference r
                ON r.key = substr(k.key, strpos(k.key, ':') + 1) WHERE k.key NOT LIKE 'event:%%')
        OR EXISTS (SELECT 1 FROM shipments_event r
                   JOIN shipments_event e ON e.source_id = r.source_id AND e.source_event_id = r.retracts
                   JOIN shipments_eventmatch m ON m.event_id = e.id
                   WHERE r.id = w.event_id AND r.retracts <> '' AND e.source_event_id <> '')
    ) ORDER BY w.id LIMIT %s
"""
# Waiting events whose code was mapped meanwhile: each mapping looks into the index of what waits.
_MAPPED = """
    SELECT w.id, w.event_id FROM (SELECT DISTINCT w.id, w.event_id
        FROM shipments_codemapping c JOIN shipments_waitingevent w
        ON w.keys @> ARRAY[(c.format || '|' || c.code_list || '|' || c.raw_code)::varchar]
        WHERE c.replaced_at IS NULL AND w.closed_at IS NULL AND w.reason = 'unmapped'
        AND (c.source_id IS NULL OR c.source_id = w.source_id)) w
    WHERE w.id > %s ORDER BY w.id LIMIT %s
"""


def match_waiting() -> int:
    """Match every waiting event whose shipment is known by now, and read those again whose code is mapped by now.

    Returns the number of events that got what they lacked.
    """
    return sum(map(take_up_events, _found(_DUE))) + sum(map(_reread, _found(_MAPPED)))


def _reread(event_ids: list[int]) -> int:
    readings = parsed_before(event_ids)
    with transaction.atomic():
        # Nobody else reads the same events again; the stream stands still for that, but not for the parsing.
        lock_mappings(to_write=True)
        return read_again(event_ids, readings=readings)


def _found(sql: str) -> Iterator[list[int]]:
    last = 0
    while True:
        with connection.cursor() as cursor:
            cursor.execute(sql, [last, _SWEPT_AT_ONCE])
            rows = cursor.fetchall()
        if not rows:
            return
        last = rows[-1][0]
        yield [event_id for _, event_id in rows]
