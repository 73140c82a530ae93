"""Common roots of cases, written by set.

Whoever lets a case join or leave a root first holds its row, the roots in the order of their keys and always after the
journeys, so that neither two workers wait for each other for ever, nor a root closes while a case joins it.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from django.db import connection

from core.bulk import array_of, insert_rows
from milestones.models import CaseGroup

# (rule id, key of the root)
RootKey = tuple[int, str]

_HOLD = "(rule_id, key) WHERE closed_at IS NULL DO UPDATE SET key = EXCLUDED.key"
_CLOSE = """
    UPDATE milestones_casegroup g SET closed_at = %s
    WHERE g.id = ANY(%s::bigint[]) AND g.closed_at IS NULL AND NOT EXISTS (
        SELECT FROM milestones_shipmentexception c WHERE c.group_id = g.id AND c.state <> 'resolved')
"""


@dataclass(frozen=True, slots=True)
class Root:
    """`is_new`: it was opened just now."""

    id: int
    public_id: str
    is_new: bool


def hold_roots(keys: Mapping[RootKey, Mapping[str, Any]], now: datetime) -> dict[RootKey, Root]:
    """The open root of each key with its facts, made where there is none, and held to the end of the transaction."""
    rows = [
        (uuid.uuid4(), rule_id, key, orjson.dumps(facts).decode(), now)
        for (rule_id, key), facts in sorted(keys.items(), key=lambda item: item[0])
    ]
    held = insert_rows(
        CaseGroup,
        ("public_id", "rule", "key", "facts", "opened_at"),
        rows,
        on_conflict=_HOLD,
        returning="id, public_id, rule_id, key, xmax = 0",
    )
    return {(rule_id, key): Root(pk, str(public_id), is_new) for pk, public_id, rule_id, key, is_new in held}


def close_roots(ids: Iterable[int], now: datetime) -> None:
    """Close those (held before) of which no case is open any more."""
    wanted = sorted(set(ids))
    if wanted:
        with connection.cursor() as cursor:
            cursor.execute(_CLOSE, [now, array_of(wanted)])
