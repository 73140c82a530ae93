"""Expected arrivals: what our own history says of the lanes of a batch, and every arrival that was ever foretold."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from core.bulk import array_of, fetch_rows, insert_rows
from milestones.enums import EtaKind, PlaceRole
from milestones.facts import Evaluation, Lane, Policy, ScoreFact, ShipmentFact, TransitFact
from milestones.models import EtaVersion
from milestones.steadying import least_change

# Of the lanes between these places only: there may be many more than a batch has.
_HISTORY = """
    SELECT o.unlocode, d.unlocode, t.mode, t.carrier_id, t.samples, t.p10, t.p50, t.p80,
           s.horizon, s.samples, s.carrier_error, s.own_error
    FROM milestones_transittime t
    JOIN shipments_location o ON o.id = t.origin_id JOIN shipments_location d ON d.id = t.destination_id
    LEFT JOIN milestones_etascore s ON s.origin_id = t.origin_id AND s.destination_id = t.destination_id
        AND s.mode = t.mode AND s.carrier_id IS NOT DISTINCT FROM t.carrier_id
    WHERE o.unlocode = ANY(%s::text[]) AND d.unlocode = ANY(%s::text[])
    ORDER BY s.horizon
"""
_VERSION = ("shipment", "kind", "told_at", "expected_at", "low_at", "high_at", "event", "source")
_POL, _POD = PlaceRole.POL.value, PlaceRole.POD.value


def with_history(policy: Policy, shipments: Iterable[ShipmentFact]) -> Policy:
    """The policy with what our own history says of the lanes of these shipments. One query."""
    ways = [shipment.route.points for shipment in shipments]
    starts, ends = ({points[role].place.code for points in ways} for role in (_POL, _POD))
    transit: dict[Lane, TransitFact] = {}
    scores: dict[Lane, tuple[ScoreFact, ...]] = {}
    for *place, mode, carrier, samples, p10, p50, p80, horizon, tried, theirs, ours in fetch_rows(
        _HISTORY, [array_of(sorted(starts)), array_of(sorted(ends))]
    ):
        lane: Lane = (place[0], place[1], mode, carrier)
        transit[lane] = TransitFact(samples, _minutes(p10), _minutes(p50), _minutes(p80))
        if horizon is not None:
            score = ScoreFact(horizon, tried, _span(theirs), _span(ours))
            scores[lane] = (*scores.get(lane, ()), score)
    return dataclasses.replace(policy, transit=transit, scores=scores) if transit else policy


def _minutes(value: int) -> timedelta:
    return timedelta(minutes=value)


def _span(value: int | None) -> timedelta | None:
    return None if value is None else timedelta(minutes=value)


@dataclass(slots=True)
class Heard:
    """One shipment and what came out. `own_before`: our own arrival until now; `is_new`: something came for it."""

    shipment_id: int
    outcome: Evaluation
    own_before: datetime | None
    is_new: bool


def keep_arrivals(heard: Iterable[Heard], *, now: datetime) -> None:
    """Keep the expected arrivals that are not kept yet, in one statement; none when nothing came.

    What a source told is kept once, whatever becomes of the report. Our own is kept when it has moved by enough to
    matter (`milestones.steadying`), as of `now`.
    """
    rows: list[tuple[Any, ...]] = []
    for one in heard:
        if one.is_new:
            rows += [
                (one.shipment_id, told.kind, told.told_at, told.expected_at, None, None, told.event, told.source)
                for told in one.outcome.arrivals
            ]
        rows += _own(one, now)
    insert_rows(EtaVersion, _VERSION, rows, on_conflict="DO NOTHING")


_MEASURE = Policy()


def _own(one: Heard, now: datetime) -> Sequence[tuple[Any, ...]]:
    summary = one.outcome.summary
    at, before = summary.own_arrival_at, one.own_before
    if at is None or (before is not None and abs(at - before) < least_change(at - now, _MEASURE)):
        return ()
    return ((one.shipment_id, EtaKind.OWN.value, now, at, summary.own_low_at, summary.own_high_at, None, None),)
