"""Trying a rule on what was: which cases it would have opened on the shipments of the last months. Writes nothing.

The rule is taken by itself, whatever other rules are there. Events count from when we had processed and matched them;
those of a shipment that was entered later than they were told (a history that was taken in) from when they were told,
or, where nobody says when that was, from when they happened.
Dates, way, partners, papers and money of a shipment are those it has today.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from core.bulk import array_of, fetch_rows
from core.leases import in_halves
from milestones.enums import ExceptionKind
from milestones.facts import EventFact, Policy
from milestones.models import ShipmentException
from milestones.planning import choose
from milestones.replaying import Window, replay
from milestones.services import loading
from milestones.services.arrivals import with_history
from milestones.services.beside import load_beside
from milestones.services.rule_drafts import (
    RuleDraft,
    RuleRefused,
    draft_from,
    problems,
    refuse_hidden_money,
    unsaved,
)
from milestones.tallying import Tally, Tried
from partners.models import Job, User
from partners.services import advance_job, start_job

logger = logging.getLogger("waymark.milestones")

JOB = "backtest_rule"
DAYS, MOST_DAYS, LIMIT = 90, 366, 20_000
_A_STEP = 50
_CHOSEN = """
    FROM shipments_shipment s JOIN milestones_journey j ON j.shipment_id = s.id
    WHERE s.id < %s AND (NOT j.is_closed OR j.last_event_at >= %s) AND %s IN ('', s.mode)
"""
_COUNT = f"SELECT count(*) FROM (SELECT 1 {_CHOSEN} LIMIT %s) AS first"  # noqa: S608 nothing foreign in it
_PAGE = f"SELECT s.id, j.template_id, s.created_at, s.booked_at {_CHOSEN} ORDER BY s.id DESC LIMIT %s"
_KNOWN = """
    SELECT x.shipment_id, e.id, GREATEST(e.processed_at, x.matched_at),
           COALESCE(e.reported_at, LEAST(e.received_at, e.occurred_at))
    FROM shipments_eventmatch x JOIN shipments_event e ON e.id = x.event_id WHERE x.shipment_id = ANY(%s::bigint[])
"""
_LAST = 2**62


@dataclass(slots=True)
class Walk:
    """How far a back-test is: shipments from `before` on downwards are still to come."""

    total: int
    before: int = _LAST
    done: int = 0
    tally: Tally = field(default_factory=Tally)


def prepare(draft: RuleDraft, *, days: int = DAYS, until: datetime | None = None) -> tuple[dict[str, Any], int]:
    """What is tried on what (plain values), and on how many shipments: the days before `until` (None: this moment).

    Raises RuleRefused.
    """
    if wrong := problems(draft):
        raise RuleRefused(wrong)
    end = until or timezone.now()
    since = end - timedelta(days=min(max(days, 1), MOST_DAYS))
    ((found,),) = fetch_rows(_COUNT, [_LAST, since, draft.mode, LIMIT + 1])
    parameters = {
        "definition": draft.definition,
        "version": draft.version,
        "since": since.isoformat(),
        "until": end.isoformat(),
        "is_limited": found > LIMIT,
    }
    return parameters, min(found, LIMIT)


def start_backtest(draft: RuleDraft, *, by: User | None, days: int = DAYS) -> Job:
    """Begin to try `draft` on the newest 20,000 shipments that were active in the last `days`. It need not be stored.

    Raises RuleRefused, DomainError `money_not_seen`.
    """
    parameters, total = prepare(draft, days=days)
    refuse_hidden_money(draft.condition, by)
    title = _("Back-test of the rule %s") % draft.code
    return start_job(JOB, title=title, parameters=parameters, by=by, total=total)


def work_backtest_rule(job: Job) -> bool:
    """A step of the job: the next fifty shipments."""
    stored = job.cursor
    walk = Walk(job.total, stored.get("before", _LAST), job.done, Tally.of(stored.get("tally", {})))
    is_last = advance(job.parameters, walk)
    cursor = {"before": walk.before, "tally": walk.tally.stored()}
    # What is gone since it was counted is no part of the whole any more.
    total = walk.done if is_last else walk.total
    advance_job(job, done=walk.done, total=total, result=result_of(walk.tally, job.parameters), cursor=cursor)
    return is_last


def advance(parameters: Mapping[str, Any], walk: Walk) -> bool:
    """The next fifty shipments. `True`: those were the last."""
    trial = _trial(parameters)
    size = min(_A_STEP, walk.total - walk.done)
    page = fetch_rows(_PAGE, [walk.before, trial.since, trial.draft.mode, size])

    def count(rows: Sequence[tuple[Any, ...]]) -> None:
        # As a whole or not at all: what fails is tried in halves.
        for tried in _tried(rows, trial):
            walk.tally.add(tried, trial.until)

    def pass_over(row: tuple[Any, ...], error: Exception) -> None:
        logger.error("shipment %s cannot be tried", row[0], exc_info=error)
        walk.tally.failed += 1

    in_halves(page, count, pass_over)
    walk.done += len(page)
    walk.before = page[-1][0] if page else 0
    return len(page) < _A_STEP or walk.done >= walk.total


@dataclass(slots=True)
class _Trial:
    """What is the same for every shipment of a back-test."""

    draft: RuleDraft
    policy: Policy
    since: datetime
    until: datetime


def _trial(parameters: Mapping[str, Any]) -> _Trial:
    draft = draft_from(parameters["definition"], version=parameters["version"])
    policy = replace(loading.load_policy(), rules=(loading.rule_fact(unsaved(draft)),))
    return _Trial(draft, policy, _instant(parameters["since"]), _instant(parameters["until"]))


def _instant(text: str) -> datetime:
    at = parse_datetime(text)
    if at is None:
        raise ValueError(f"no instant: {text}")
    return at


def _tried(rows: Sequence[tuple[Any, ...]], trial: _Trial) -> list[Tried]:
    """The replay of each shipment of a page: (id, id of its template, created, booked)."""
    ids = [row[0] for row in rows]
    shipments = loading.load_shipments(ids)
    pinned = {row[1] for row in rows if row[1]}
    templates = loading.load_templates(pinned, with_active=any(row[1] is None for row in rows))
    loading.name_facts(shipments, trial.policy, templates)
    policy = with_history(trial.policy, [row.fact for row in shipments.values()])
    beside = load_beside(ids, policy, templates.by_id.values())
    known, acted_on = _known(ids, {row[0]: row[2] for row in rows}), _acted_on(ids, trial.draft.kind)
    tried: list[Tried] = []
    for pk, template_id, created_at, booked_at in rows:
        shipment, events = shipments[pk], known.get(pk, [])
        template = templates.by_id.get(template_id or 0) or choose(templates.active, shipment.fact)[0]
        plan = loading.plan_of(shipment.fact, template, {}, trial.until)
        plan.documents, plan.money = beside.documents.get(pk, frozenset()), beside.money.get(pk)
        begun = min([created_at, *([booked_at] if booked_at else []), *(at for at, _ in events[:1])])
        window = Window(min(max(begun, trial.since), trial.until), trial.until, begun < trial.since)
        outcome = replay(plan, events, policy, window)
        tried.append(Tried(shipment.public_id, shipment.reference, pk in acted_on, outcome))
    return tried


def _known(ids: Sequence[int], created: Mapping[int, datetime]) -> dict[int, list[tuple[datetime, EventFact]]]:
    """The events of each shipment with the instant from which on we knew of them, in that order."""
    moments = {(row[0], row[1]): row[2:] for row in fetch_rows(_KNOWN, [array_of(ids)])}
    known: dict[int, list[tuple[datetime, EventFact]]] = {}
    for pk, events in loading.load_events(ids).items():
        dated = []
        for event in events:
            ours, theirs = moments[pk, event.row]
            dated.append((theirs if theirs < created[pk] else ours, event))
        known[pk] = sorted(dated, key=lambda each: (each[0], each[1].row))
    return known


def _acted_on(ids: Sequence[int], kind: str) -> set[int]:
    """Shipments on which a person has taken up a case of this kind; of one's own conditions, of any kind."""
    cases = ShipmentException.objects.filter(shipment__in=ids)
    if kind != ExceptionKind.CONDITION:
        cases = cases.filter(kind=kind)
    taken_up = cases.filter(Q(resolved_by__isnull=False) | Q(acknowledged_by__isnull=False))
    return set(taken_up.values_list("shipment_id", flat=True))


def result_of(tally: Tally, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """What a page shows: the counts, the cases per week, and the shares that a person decides by."""
    result = {name: value for name, value in tally.stored().items() if name != "spans"}
    return {
        **result,
        "weeks": dict(sorted(tally.weeks.items())),
        "median_minutes": tally.median_minutes,
        "noise_percent": _percent(tally.noise, tally.settled),
        "acted_on_percent": _percent(tally.acted_on, tally.opened + tally.standing),
        "missed_percent": _percent(tally.missed, tally.late),
        "is_limited": parameters["is_limited"],
        "since": parameters["since"],
        "until": parameters["until"],
    }


def _percent(part: int, whole: int) -> int | None:
    return round(100 * part / whole) if whole else None
