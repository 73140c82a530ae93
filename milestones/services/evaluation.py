"""Evaluating the shipments that something came for, or of which a deadline has passed. A batch is one transaction."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from operator import attrgetter
from typing import Any

import orjson
from django.db import transaction
from django.db.models import F, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone

from core.bulk import array_of, fetch_rows, insert_rows, update_rows
from core.leases import in_halves
from milestones.evaluate import evaluate
from milestones.facts import Evaluation, Policy
from milestones.models import Journey
from milestones.planning import choose
from milestones.services import loading
from milestones.services.arrivals import Heard, keep_arrivals, with_history
from milestones.services.beside import load_beside
from milestones.services.casework import OpenCase, load_cases, worst, write_cases
from milestones.services.remembering import current_policy, current_templates
from milestones.services.taskwork import write_tasks
from milestones.services.telling import Change, stories_of
from milestones.services.writing import baselines_of, load_stored, write_milestones
from partners.services import notify
from shipments.models import Shipment, ShipmentStream

logger = logging.getLogger("waymark.milestones")

# What was touched lately is found by an index; the rest (after a long stop, say) by a sweep over everything.
_RECENTLY = timedelta(minutes=10)
_SWEEP_EVERY = 600.0
# A touch is seen when its transaction is committed: mostly at once, at times so much after its own instant. The wider
# look is taken now and then only, as it passes over all that was touched meanwhile.
_MARGIN, _WIDE_MARGIN = timedelta(seconds=5), timedelta(minutes=2)
_WIDE_EVERY = 20.0
_EVER = timedelta(days=36_500)
# A shipment whose evaluation fails is tried again after this, or when something new comes for it.
_PARKED_FOR = timedelta(hours=1)
_HEAD = (
    "template", "template_reason", "seen_revision", "revision", "next_check_at", "evaluated_at", "is_closed",
)  # fmt: skip
_SUMMARY = (
    "status", "health", "strip", "done", "total", "progress", "next_name", "planned_arrival_at",
    "expected_arrival_at", "arrived_at", "last_event_at", "arrival_by", "own_arrival_at", "own_low_at", "own_high_at",
    "completeness", "next_fix",
)  # fmt: skip
_CASES = ("open_cases", "worst_severity")
# All but the fix, which is written as JSON.
_summary = attrgetter(*_SUMMARY[:-1])
_TOUCHED = "t.touched_at > GREATEST(%s::timestamptz, statement_timestamp() - %s::interval)"
_WITHOUT = f"""
    SELECT t.shipment_id FROM shipments_shipmentstream t
    WHERE {_TOUCHED} AND NOT EXISTS (SELECT FROM milestones_journey j WHERE j.shipment_id = t.shipment_id)
    ORDER BY t.touched_at LIMIT %s
"""  # noqa: S608 nothing foreign in it
# Those touched first, so that the index is read no further than needed.
_BEHIND = f"""
    SELECT j.shipment_id, t.touched_at
    FROM milestones_journey j JOIN shipments_shipmentstream t ON t.shipment_id = j.shipment_id
    WHERE {_TOUCHED} AND t.revision > j.seen_revision
    ORDER BY t.touched_at LIMIT %s FOR UPDATE OF j SKIP LOCKED
"""  # noqa: S608 nothing foreign in it
# Those first that wait longest, in the order of the index, however many are open.
_DUE = """
    SELECT shipment_id FROM milestones_journey WHERE NOT is_closed AND next_check_at <= %s
    ORDER BY next_check_at LIMIT %s FOR UPDATE SKIP LOCKED
"""
# Always in the order of the shipments, so that two batches cannot wait for each other.
_HOLD = """
    SELECT shipment_id, template_id, template_reason, revision, expected_arrival_at, seen_revision, own_arrival_at
    FROM milestones_journey WHERE shipment_id = ANY(%s::bigint[]) ORDER BY shipment_id FOR UPDATE
"""
_REVISIONS = "SELECT shipment_id, revision FROM shipments_shipmentstream WHERE shipment_id = ANY(%s::bigint[])"
_NEW_JOURNEY = (
    "shipment", "template_reason", "seen_revision", "revision", "is_closed", "status", "health", "strip", "done",
    "total", "progress", "next_name", "open_cases", "worst_severity",
)  # fmt: skip


class _Sweep:
    """What this process has looked through.

    `finished_at`: when it last found that nothing older waits, on the monotonic clock. `through`: what was touched
    before is looked at, but for what a transaction that was under way has committed since. `looked_wide_at`: when the
    look last went far enough back for a slow transaction.
    """

    finished_at: float | None = None
    through: datetime | None = None
    looked_wide_at: float = 0.0

    @classmethod
    def is_due(cls) -> bool:
        return cls.finished_at is None or time.monotonic() - cls.finished_at > _SWEEP_EVERY

    @classmethod
    def since(cls) -> datetime | None:
        """From where this look begins; None: from as far back as it is allowed to."""
        if cls.through is None:
            return None
        if time.monotonic() - cls.looked_wide_at < _WIDE_EVERY:
            return cls.through - _MARGIN
        cls.looked_wide_at = time.monotonic()
        return cls.through - _WIDE_MARGIN


def evaluate_due(limit: int = 500, *, now: datetime | None = None) -> int:
    """Evaluate up to `limit` shipments that need it at `now` (this moment). Returns how many went through.

    Any number of workers may call it at once: what another one holds is passed over. A shipment whose evaluation fails
    is set aside and does not stop the others.
    """
    at = now or timezone.now()
    through = _evaluate_behind(limit, at, within=_RECENTLY)
    if through < limit and _Sweep.is_due():
        through += _evaluate_behind(limit - through, at, within=None)
        if through < limit:
            _Sweep.finished_at = time.monotonic()
    return through


def _evaluate_behind(limit: int, now: datetime, *, within: timedelta | None) -> int:
    """Of those that were touched `within` that time (None: ever), and of those with a passed deadline."""
    window = [_Sweep.since() if within else None, within or _EVER]
    ((begun,),) = fetch_rows("SELECT statement_timestamp()", [])
    fresh = [pk for (pk,) in fetch_rows(_WITHOUT, [*window, limit])]
    _begin(sorted(fresh))
    # What is found stays locked until it is written, so that no other worker looks at it in vain.
    with transaction.atomic():
        behind = fetch_rows(_BEHIND, [*window, limit])
        touched = {pk for pk, _ in behind}
        through = in_halves(
            sorted(touched.union(claim_due(limit - len(touched), now))),
            lambda ids: _evaluate_held(ids, now),
            lambda pk, error: _park(pk, error, now),
        )
    if within and len(fresh) < limit:
        _Sweep.through = behind[-1][1] if len(behind) == limit else begun
    return through


def claim_due(limit: int, now: datetime) -> list[int]:
    """Ids of up to `limit` shipments whose deadline has passed, locked in the caller's transaction.

    What another worker holds is passed over, so that the order in which they are locked cannot matter.
    """
    return [pk for (pk,) in fetch_rows(_DUE, [now, limit])]


@transaction.atomic
def evaluate_shipments(
    ids: Iterable[int], *, now: datetime, baselines: Mapping[int, Mapping[str, datetime]] | None = None
) -> int:
    """Evaluate these shipments as of `now`, waiting for other workers. Makes the journey of one that has none.

    `baselines`: shipment → slot → first plan, where another one counts than what stands.
    """
    wanted = sorted(set(ids))
    _begin(list(Shipment.objects.filter(pk__in=wanted, journey=None).order_by("pk").values_list("pk", flat=True)))
    return _evaluate_held(wanted, now, baselines)


def _begin(shipment_ids: Sequence[int]) -> None:
    """An empty journey for each; two workers that begin the same one wait for each other."""
    if not shipment_ids:
        return
    blank = Journey()
    values = [getattr(blank, name) for name in _NEW_JOURNEY[1:]]
    insert_rows(Journey, _NEW_JOURNEY, [(pk, *values) for pk in shipment_ids], on_conflict="DO NOTHING")


@dataclass(slots=True)
class _Held:
    """What is needed of a journey that is locked."""

    id: int
    template_id: int | None
    template_reason: str
    revision: int
    expected_arrival_at: datetime | None
    seen_revision: int
    own_arrival_at: datetime | None


@transaction.atomic
def _evaluate_held(
    ids: Sequence[int], now: datetime, first_plans: Mapping[int, Mapping[str, datetime]] | None = None
) -> int:
    journeys = [_Held(*row) for row in fetch_rows(_HOLD, [array_of(ids)])]
    if not journeys:
        return 0
    held = [journey.id for journey in journeys]
    # Before the events are read: what comes in between is seen the next time.
    revisions = dict(fetch_rows(_REVISIONS, [array_of(held)]))
    shipments = loading.load_shipments(held)
    stored = load_stored(held)
    policy = with_history(current_policy(), [row.fact for row in shipments.values()])
    baselines = {pk: {**baselines_of(rows), **(first_plans or {}).get(pk, {})} for pk, rows in stored.items()}
    outcomes = _outcomes(journeys, shipments, baselines, policy, now)
    written = write_milestones({pk: outcome.milestones for pk, outcome in outcomes.items()}, stored)
    cases = write_cases(outcomes, load_cases(held), policy.rules, written.ids, now)
    tasks = write_tasks(outcomes, cases.standing, written.ids, now)
    keep_arrivals(
        (Heard(j.id, outcomes[j.id], j.own_arrival_at, revisions.get(j.id, 0) != j.seen_revision) for j in journeys),
        now=now,
    )
    for journey in journeys:
        journey.revision += journey.id in written.changed
    rows = [_roll_up(j, outcomes[j.id], cases.standing.get(j.id, ()), revisions.get(j.id, 0), now) for j in journeys]
    update_rows(Journey, ("shipment", *_HEAD, *_SUMMARY, *_CASES), rows)
    notify(
        stories_of(
            (
                Change(
                    shipments[j.id], outcomes[j.id], stored.get(j.id, {}), cases.standing.get(j.id, ()),
                    j.expected_arrival_at, j.revision, now,
                )
                for j in journeys
            ),
            closed=cases.closed,
            tasks=tasks,
        )
    )  # fmt: skip
    return len(journeys)


def _outcomes(
    journeys: Sequence[_Held],
    shipments: Mapping[int, loading.ShipmentRow],
    baselines: Mapping[int, Mapping[str, datetime]],
    policy: Policy,
    now: datetime,
) -> dict[int, Evaluation]:
    """The rules applied to each; a journey without a template is given one."""
    pinned = {j.template_id for j in journeys if j.template_id}
    templates = current_templates(pinned, with_active=any(j.template_id is None for j in journeys))
    loading.name_facts(shipments, policy, templates)
    events = loading.load_events([journey.id for journey in journeys])
    beside = load_beside([journey.id for journey in journeys], policy, templates.by_id.values())
    outcomes: dict[int, Evaluation] = {}
    for journey in journeys:
        shipment = shipments[journey.id].fact
        template = templates.by_id.get(journey.template_id or 0)
        if template is None:
            template, journey.template_reason = choose(templates.active, shipment)
            journey.template_id = template.id if template else None
        plan = loading.plan_of(shipment, template, baselines.get(journey.id, {}), now)
        plan.documents = beside.documents.get(journey.id, frozenset())
        plan.money = beside.money.get(journey.id)
        outcomes[journey.id] = evaluate(plan, events.get(journey.id, ()), policy, now)
    return outcomes


def _roll_up(
    journey: _Held, outcome: Evaluation, cases: Sequence[OpenCase], revision: int, now: datetime
) -> tuple[Any, ...]:
    """The journey's row, from the outcome."""
    # What is not long enough for its rule yet opens a case later, also when all is done.
    is_closed = outcome.is_finished and not cases and outcome.next_check_at is None
    moments = [moment for case in cases for moment in case.until]
    moments += [outcome.next_check_at] if outcome.next_check_at else []
    next_check_at = None if is_closed else min(moments, default=None)
    head = (journey.template_id, journey.template_reason, revision, journey.revision, next_check_at, now, is_closed)
    fix = outcome.summary.next_fix
    written_fix = orjson.dumps(fix).decode() if fix else None
    return (journey.id, *head, *_summary(outcome.summary), written_fix, len(cases), worst(cases))


def _park(shipment_id: int, error: Exception, now: datetime) -> None:
    logger.error("shipment %s cannot be evaluated", shipment_id, exc_info=error)
    revision = ShipmentStream.objects.filter(pk=shipment_id).values("revision")
    Journey.objects.filter(pk=shipment_id).update(
        seen_revision=Coalesce(Subquery(revision), F("seen_revision")),
        next_check_at=now + _PARKED_FOR,
        is_closed=False,
    )
