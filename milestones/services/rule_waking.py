"""Looking again at the shipments that a changed rule can concern, by set and in steps of a job.

Open journeys of the mode and with the milestone that the rule names, as it is and as it was. Of a condition of one's
own in which nothing moves with the clock, only those where it holds now, and those that have a case of the rule.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from core.bulk import array_of, fetch_rows
from milestones.condition_fields import FIELDS
from milestones.conditions import operand, rows_of
from milestones.enums import UNRESOLVED, ExceptionKind
from milestones.models import ExceptionRule
from milestones.services.condition_sql import OF_SHIPMENTS, compile_sql
from milestones.services.rule_drafts import RuleDraft, draft_from, draft_of
from partners.models import Job, User
from partners.services import advance_job, start_job

JOB = "wake_for_rule"
_A_STEP = 2_000
# In the order of the shipments, as everything that locks journeys.
_WAKE = """
    WITH held AS (
        SELECT shipment_id FROM milestones_journey WHERE shipment_id = ANY(%s::bigint[]) AND NOT is_closed
        ORDER BY shipment_id FOR UPDATE
    )
    UPDATE milestones_journey j SET next_check_at = LEAST(j.next_check_at, %s::timestamptz)
    FROM held WHERE held.shipment_id = j.shipment_id
"""
_PAGE = """
    SELECT j.shipment_id FROM {of_shipments}
    WHERE j.shipment_id > %s AND NOT j.is_closed AND ({where})
    ORDER BY j.shipment_id LIMIT %s
"""
_HAS_CASE = """EXISTS (
    SELECT FROM milestones_shipmentexception x
    WHERE x.shipment_id = j.shipment_id AND x.rule_id = %s AND x.state = ANY(%s::text[]))"""

_HAS_MILESTONE = """EXISTS (
    SELECT FROM milestones_milestone m {joins} WHERE m.shipment_id = j.shipment_id AND m.type_id = %s AND {where})"""
_HOLDS = "EXISTS (SELECT FROM (SELECT 1) AS one {joins} WHERE {where})"


def wake_for(rule: ExceptionRule, *, also: RuleDraft | None, by: User | None) -> Job:
    """Begin a job that has every shipment evaluated again that `rule` can concern (`also`: the rule as it was)."""
    definitions = [draft.definition for draft in (draft_of(rule), also) if draft is not None]
    title = _("Shipments that the rule %s concerns") % rule.code
    return start_job(JOB, title=title, parameters={"rule": rule.pk, "definitions": definitions}, by=by)


def work_wake_for_rule(job: Job) -> bool:
    """A step of the job: the next two thousand journeys are due for a look now."""
    now = timezone.now()
    where, values = _concerned(job.parameters, now)
    with transaction.atomic():
        page = [job.cursor.get("after", 0), *values, _A_STEP]
        ids = [pk for (pk,) in fetch_rows(_PAGE.format(of_shipments=OF_SHIPMENTS, where=where), page)]
        if ids:
            _wake(ids, now)
        done = job.done + len(ids)
        advance_job(job, done=done, result={"shipments": done}, cursor={"after": ids[-1] if ids else 0})
    return len(ids) < _A_STEP


def _wake(ids: Sequence[int], now: datetime) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_WAKE, [array_of(ids), now])


def _concerned(parameters: Mapping[str, Any], now: datetime) -> tuple[str, list[Any]]:
    """The condition on `journey j, shipment s` that picks the shipments, with its values."""
    parts, values = [_HAS_CASE], [parameters["rule"], list(UNRESOLVED)]
    for definition in parameters["definitions"]:
        part, more = _fitting(draft_from(definition), now)
        parts.append(part)
        values += more
    return " OR ".join(parts), values


def _fitting(draft: RuleDraft, now: datetime) -> tuple[str, list[Any]]:
    parts, values = ["TRUE"], []
    if draft.mode:
        parts.append("s.mode = %s")
        values.append(draft.mode)
    where, joins, asked = "TRUE", "", []
    if draft.kind == ExceptionKind.CONDITION and draft.condition and _is_still(draft.condition):
        compiled = compile_sql(draft.condition, now=now)
        where, joins, asked = compiled.where, compiled.joins, list(compiled.values)
    if draft.type:
        parts.append(_HAS_MILESTONE.format(joins=joins, where=where))
        values += [draft.type, *asked]
    elif where != "TRUE":
        parts.append(_HOLDS.format(joins=joins, where=where))
        values += asked
    return f"({' AND '.join(parts)})", values


def _is_still(tree: Mapping[str, Any]) -> bool:
    """Whether nothing in it moves with the clock: where it does not hold now, only a report can make it hold."""
    for row in rows_of(tree):
        field = FIELDS[row["field"]]
        if field.clockwork or isinstance(operand(field, row["op"], row.get("value")), timedelta):
            return False
    return True
