"""How many open shipments or milestones a condition holds for at this moment: a quick look while it is put together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import OperationalError, connection, transaction

from core.bulk import fetch_rows
from milestones.condition_fields import FIELDS
from milestones.condition_words import About
from milestones.conditions import rows_of
from milestones.services.condition_sql import OF_MILESTONES, OF_SHIPMENTS, compile_sql

# So many are counted; whoever has more has enough to think about.
MOST = 1_000
_TIMEOUT = "2s"
_OF_MILESTONE = frozenset({About.MILESTONE.value, About.EVENT.value})


@dataclass(frozen=True, slots=True)
class Holding:
    """`count` None: it took too long to count. `is_more`: beyond MOST. `of_milestones`: else of shipments."""

    count: int | None
    is_more: bool
    of_milestones: bool


def holding_now(tree: Mapping[str, Any], *, mode: str, code: str, now: datetime) -> Holding:
    """Of the open shipments of `mode` (empty: any) the milestones `code` (empty: any) that `tree` holds for; where it
    asks neither for a milestone nor of one, the shipments. Reads what stands since the last evaluation.

    Raises conditions.ConditionError.
    """
    compiled = compile_sql(tree, now=now)
    is_of_milestones = bool(code) or any(FIELDS[row["field"]].is_about in _OF_MILESTONE for row in rows_of(tree))
    parts, values = ["NOT j.is_closed", compiled.where], [*compiled.values]
    for column, value in (("s.mode", mode), ("m.type_id", code)):
        if value:
            parts.append(f"{column} = %s")
            values.append(value)
    source = f"{OF_MILESTONES if is_of_milestones else OF_SHIPMENTS} {compiled.joins}"
    sql = f"SELECT count(*) FROM (SELECT 1 FROM {source} WHERE {' AND '.join(parts)} LIMIT %s) AS first"  # noqa: S608 names come from the fields
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL statement_timeout = '{_TIMEOUT}'")
            ((count,),) = fetch_rows(sql, [*values, MOST + 1])
            # The caller's transaction may go on with other work.
            cursor.execute("SET LOCAL statement_timeout = DEFAULT")
    except OperationalError:
        return Holding(None, False, is_of_milestones)
    return Holding(min(count, MOST), count > MOST, is_of_milestones)
