"""Evaluating the shipments that something came for, or of which a deadline has passed. A batch is one transaction."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F, QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from core.bulk import insert_rows, update_rows
from core.leases import in_halves
from milestones.evaluate import evaluate
from milestones.facts import Evaluation
from milestones.models import Journey
from milestones.planning import choose
from milestones.services import loading
from milestones.services.casework import OpenCase, load_cases, worst, write_cases, write_tasks
from milestones.services.telling import Change, stories_of
from milestones.services.writing import Written, baselines_of, load_stored, write_milestones
from partners.services import notify
from shipments.models import Shipment, ShipmentStream

logger = logging.getLogger("waymark.milestones")

# What was touched lately is found by an index; the rest (after a long stop, say) by a sweep over everything.
_RECENTLY = timedelta(minutes=10)
_SWEEP_EVERY = 600.0
# A shipment whose evaluation fails is tried again after this, or when something new comes for it.
_PARKED_FOR = timedelta(hours=1)
_ROLL_UP = (
    "template", "template_reason", "seen_revision", "revision", "next_check_at", "evaluated_at", "is_closed",
    "status", "health", "strip", "done", "total", "progress", "next_name", "planned_arrival_at",
    "expected_arrival_at", "arrived_at", "last_event_at", "open_cases", "worst_severity",
)  # fmt: skip
_NEW_JOURNEY = (
    "shipment", "template_reason", "seen_revision", "revision", "is_closed", "status", "health", "strip", "done",
    "total", "progress", "next_name", "open_cases", "worst_severity",
)  # fmt: skip


class _Sweep:
    """When this process last found that nothing older waits, on the monotonic clock."""

    finished_at: float | None = None

    @classmethod
    def is_due(cls) -> bool:
        return cls.finished_at is None or time.monotonic() - cls.finished_at > _SWEEP_EVERY


def evaluate_due(limit: int = 500, *, now: datetime | None = None) -> int:
    """Evaluate up to `limit` shipments that need it at `now` (this moment). Returns how many went through.

    Any number of workers may call it at once: what another one holds is passed over. A shipment whose evaluation fails
    is set aside and does not stop the others.
    """
    at = now or timezone.now()
    ids = _needing(limit, at, streams=ShipmentStream.objects.filter(touched_at__gt=Now() - _RECENTLY))
    if len(ids) < limit and _Sweep.is_due():
        ids = _needing(limit, at, streams=ShipmentStream.objects.all())
        if len(ids) < limit:
            _Sweep.finished_at = time.monotonic()
    journeys = list(Journey.objects.filter(pk__in=ids).order_by("pk"))
    return in_halves(
        journeys,
        lambda rows: _evaluate_held([row.pk for row in rows], at, skip_locked=True),
        lambda row, error: _park(row, error, at),
    )


@transaction.atomic
def evaluate_shipments(ids: Iterable[int], *, now: datetime) -> int:
    """Evaluate these shipments as of `now`, waiting for other workers. Makes the journey of one that has none."""
    wanted = sorted(set(ids))
    _begin(list(Shipment.objects.filter(pk__in=wanted, journey=None).order_by("pk").values_list("pk", flat=True)))
    return _evaluate_held(wanted, now, skip_locked=False)


@transaction.atomic
def _needing(limit: int, now: datetime, *, streams: QuerySet[ShipmentStream]) -> list[int]:
    """Ids of shipments whose stream (of `streams`) is ahead of their journey, and of those with a passed deadline."""
    without = streams.filter(shipment__journey=None).order_by("pk").values_list("pk", flat=True)[:limit]
    _begin(list(without))
    journeys = Journey.objects.select_for_update(skip_locked=True, of=("self",)).order_by("pk")
    behind = journeys.filter(shipment__stream__in=streams, shipment__stream__revision__gt=F("seen_revision"))
    ids = set(behind.values_list("pk", flat=True)[:limit])
    due = journeys.filter(is_closed=False, next_check_at__lte=now)
    ids.update(due.values_list("pk", flat=True)[: limit - len(ids)])
    return sorted(ids)


def _begin(shipment_ids: Sequence[int]) -> None:
    """An empty journey for each; two workers that begin the same one wait for each other."""
    blank = Journey()
    values = [getattr(blank, name) for name in _NEW_JOURNEY[1:]]
    insert_rows(Journey, _NEW_JOURNEY, [(pk, *values) for pk in shipment_ids], on_conflict="DO NOTHING")


@transaction.atomic
def _evaluate_held(ids: Sequence[int], now: datetime, *, skip_locked: bool) -> int:
    # Always in the order of the shipments, so that two batches cannot wait for each other.
    locked = Journey.objects.select_for_update(skip_locked=skip_locked, of=("self",)).filter(pk__in=ids)
    journeys = list(locked.order_by("pk"))
    if not journeys:
        return 0
    held = [journey.pk for journey in journeys]
    # Before the events are read: what comes in between is seen the next time.
    revisions = dict(ShipmentStream.objects.filter(pk__in=held).values_list("pk", "revision"))
    shipments = loading.load_shipments(held)
    stored = load_stored(held)
    outcomes = _outcomes(journeys, shipments, {pk: baselines_of(rows) for pk, rows in stored.items()}, now)
    written = write_milestones({pk: outcome.milestones for pk, outcome in outcomes.items()}, stored)
    cases = write_cases(outcomes, load_cases(held), written.ids, now)
    write_tasks(outcomes, cases, written.ids, now)
    expected = {journey.pk: journey.expected_arrival_at for journey in journeys}
    for journey in journeys:
        _roll_up(journey, outcomes[journey.pk], cases.get(journey.pk, ()), revisions.get(journey.pk, 0), now)
    _write_journeys(journeys, written)
    notify(
        stories_of(
            Change(
                shipments[j.pk], outcomes[j.pk], stored.get(j.pk, {}), cases.get(j.pk, ()), expected[j.pk], j.revision
            )
            for j in journeys
        )
    )
    return len(journeys)


def _outcomes(
    journeys: Sequence[Journey],
    shipments: Mapping[int, loading.ShipmentRow],
    baselines: Mapping[int, Mapping[str, datetime]],
    now: datetime,
) -> dict[int, Evaluation]:
    """The rules applied to each; a journey without a template is given one."""
    policy = loading.load_policy()
    templates = loading.load_templates(j.template_id for j in journeys if j.template_id)
    events = loading.load_events([journey.pk for journey in journeys])
    outcomes: dict[int, Evaluation] = {}
    for journey in journeys:
        shipment = shipments[journey.pk].fact
        template = templates.by_id.get(journey.template_id or 0)
        if template is None:
            template, journey.template_reason = choose(templates.active, shipment)
            journey.template_id = template.id if template else None
        plan = loading.plan_of(shipment, template, baselines.get(journey.pk, {}), now)
        outcomes[journey.pk] = evaluate(plan, events.get(journey.pk, ()), policy, now)
    return outcomes


def _roll_up(journey: Journey, outcome: Evaluation, cases: Sequence[OpenCase], revision: int, now: datetime) -> None:
    """The journey's own fields, from the outcome."""
    summary = outcome.summary
    for name in _ROLL_UP[7:18]:
        setattr(journey, name, getattr(summary, name))
    journey.open_cases = len(cases)
    journey.worst_severity = worst(cases)
    journey.seen_revision = revision
    journey.evaluated_at = now
    journey.is_closed = outcome.is_finished and not cases
    moments = [case.until for case in cases if case.until] + ([outcome.next_check_at] if outcome.next_check_at else [])
    journey.next_check_at = None if journey.is_closed else min(moments, default=None)


def _write_journeys(journeys: Sequence[Journey], written: Written) -> None:
    rows: list[tuple[Any, ...]] = []
    for journey in journeys:
        journey.revision += journey.pk in written.changed
        values = [journey.template_id, *(getattr(journey, name) for name in _ROLL_UP[1:])]
        rows.append((journey.pk, *values))
    update_rows(Journey, ("shipment", *_ROLL_UP), rows)


def _park(journey: Journey, error: Exception, now: datetime) -> None:
    logger.error("shipment %s cannot be evaluated", journey.pk, exc_info=error)
    revision = ShipmentStream.objects.filter(pk=journey.pk).values_list("revision", flat=True).first()
    Journey.objects.filter(pk=journey.pk).update(
        seen_revision=revision or journey.seen_revision, next_check_at=now + _PARKED_FOR, is_closed=False
    )
