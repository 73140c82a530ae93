"""Who waits for whom when references and events meet.

A shipment that appears must find the events that wait for it, and an event that comes must find the shipment, although
both come at once and neither sees the other's uncommitted rows. So both first lock the buckets of their keys, until the
transaction ends: those who only read references share a bucket, those who write references have it alone. Everything is
taken in one order (the mappings, then references, then events' ids; ascending), before anything is read.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable

from django.db import connection

_MAPPINGS, _REFERENCES, _EVENT_IDS = 0x57410000, 0x57410001, 0x57410002
_BUCKETS = 256


def lock_mappings(*, to_write: bool = False) -> None:
    """Before code mappings are read for a batch, or changed."""
    _take(_MAPPINGS, {0: to_write})


def lock_references(keys: Iterable[str], *, to_write: bool = False) -> None:
    """Before shipments are looked up by match keys, or references with these match keys are written."""
    _take(_REFERENCES, dict.fromkeys(map(_bucket, keys), to_write))


def lock_event_ids(reported: Iterable[tuple[int, str]], retracted: Iterable[tuple[int, str]] = ()) -> None:
    """Before events and their retractions look for each other. Pairs of (source, their event id)."""
    wanted = dict.fromkeys((_bucket(f"{source}:{name}") for source, name in reported), False)
    wanted.update(dict.fromkeys((_bucket(f"{source}:{name}") for source, name in retracted), True))
    _take(_EVENT_IDS, wanted)


def _bucket(key: str) -> int:
    return zlib.crc32(key.encode("utf-8", "replace")) % _BUCKETS


def _take(kind: int, buckets: dict[int, bool]) -> None:
    # A scan of unnest() gives the rows in the order of the arrays.
    ordered = sorted(buckets.items())
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT CASE WHEN alone THEN pg_advisory_xact_lock(%s, bucket)::text
                   ELSE pg_advisory_xact_lock_shared(%s, bucket)::text END
            FROM unnest(%s::int[], %s::bool[]) AS wanted(bucket, alone)
            """,
            [kind, kind, [bucket for bucket, _ in ordered], [alone for _, alone in ordered]],
        )
