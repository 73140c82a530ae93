"""What our own shipments teach about arrivals: how long a lane takes, and who foretold it better. By set, in SQL."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

# What lies longer back than this says little about tomorrow, and the newer half of it is enough to be tried on.
WINDOW = timedelta(days=365)
TRIED = timedelta(days=180)
LEAST_SAMPLES = 5
HORIZONS = (1, 3, 7, 14)

# Departures and arrivals that were reported, by place as it is known under its UN/LOCODE, and who carried it.
_JOURNEYS = """
    CREATE TEMPORARY TABLE lane_journeys ON COMMIT DROP AS
        SELECT s.id, COALESCE(o.same_as_id, op.same_as_id, op.id, o.id) AS origin_id,
               COALESCE(d.same_as_id, dp.same_as_id, dp.id, d.id) AS destination_id, s.mode, l.carrier_id,
               dep.actual_at AS departed, arr.actual_at AS arrived,
               EXTRACT(epoch FROM arr.actual_at - dep.actual_at) / 60 AS minutes
        FROM shipments_shipment s
        JOIN LATERAL (
            SELECT min(m.actual_at) AS actual_at, min(m.location_id) AS location_id, min(m.leg_sequence) AS leg
            FROM milestones_milestone m
            WHERE m.shipment_id = s.id AND m.type_id = 'DEPARTED' AND m.place_role = 'pol' AND m.line_id IS NOT NULL
                AND m.actual_at IS NOT NULL AND NOT m.is_inferred) dep ON dep.actual_at IS NOT NULL
        JOIN LATERAL (
            SELECT max(m.actual_at) AS actual_at, min(m.location_id) AS location_id
            FROM milestones_milestone m
            WHERE m.shipment_id = s.id AND m.type_id = 'ARRIVED' AND m.place_role = 'pod' AND m.line_id IS NOT NULL
            HAVING bool_and(m.actual_at IS NOT NULL AND NOT m.is_inferred)) arr ON arr.actual_at > dep.actual_at
        JOIN milestones_journey j ON j.shipment_id = s.id AND j.arrived_at > %(since)s
        JOIN shipments_location o ON o.id = dep.location_id
        JOIN shipments_location d ON d.id = arr.location_id
        LEFT JOIN shipments_location op ON op.unlocode = o.unlocode AND op.facility_code = ''
        LEFT JOIN shipments_location dp ON dp.unlocode = d.unlocode AND dp.facility_code = ''
        LEFT JOIN shipments_leg l ON l.shipment_id = s.id AND l.sequence = dep.leg
        WHERE arr.actual_at > %(since)s AND s.cancelled_at IS NULL
"""
_INDEX = "CREATE INDEX ON lane_journeys (origin_id, destination_id, mode, arrived); ANALYZE lane_journeys"
# Per lane with its carrier, and per lane with any.
_TRANSIT = """
    INSERT INTO milestones_transittime AS t (origin_id, destination_id, mode, carrier_id, samples, p10, p50, p80, p90,
                                             refreshed_at)
    SELECT origin_id, destination_id, mode, carrier_id, count(*),
           percentile_cont(0.1) WITHIN GROUP (ORDER BY minutes), percentile_cont(0.5) WITHIN GROUP (ORDER BY minutes),
           percentile_cont(0.8) WITHIN GROUP (ORDER BY minutes), percentile_cont(0.9) WITHIN GROUP (ORDER BY minutes),
           %(now)s
    FROM lane_journeys
    GROUP BY GROUPING SETS ((origin_id, destination_id, mode, carrier_id), (origin_id, destination_id, mode))
    HAVING count(*) >= %(least)s AND (carrier_id IS NOT NULL OR GROUPING(carrier_id) = 1)
    ON CONFLICT (origin_id, destination_id, mode, carrier_id) DO UPDATE SET
        samples = EXCLUDED.samples, p10 = EXCLUDED.p10, p50 = EXCLUDED.p50, p80 = EXCLUDED.p80, p90 = EXCLUDED.p90,
        refreshed_at = EXCLUDED.refreshed_at
"""
# Each journey is tried on those of its lane that had ended when it left: of its carrier when they are enough, else of
# any. What the carrier foretold is what stood so many days before the arrival.
_SCORES = """
    WITH tried AS MATERIALIZED (
        SELECT j.*, j.departed + make_interval(mins => round(CASE
            WHEN k.own >= %(least)s THEN k.own_p50 WHEN k.lane >= %(least)s THEN k.lane_p50 END)::int) AS ours
        FROM lane_journeys j CROSS JOIN LATERAL (
            SELECT count(*) AS lane, percentile_cont(0.5) WITHIN GROUP (ORDER BY p.minutes) AS lane_p50,
                   count(*) FILTER (WHERE p.carrier_id = j.carrier_id) AS own,
                   percentile_cont(0.5) WITHIN GROUP (ORDER BY p.minutes)
                       FILTER (WHERE p.carrier_id = j.carrier_id) AS own_p50
            FROM lane_journeys p
            WHERE p.origin_id = j.origin_id AND p.destination_id = j.destination_id AND p.mode = j.mode
                AND p.arrived < j.departed) k
        WHERE j.arrived > %(tried)s
    ), said AS (
        SELECT t.*, h.days AS horizon,
               EXTRACT(epoch FROM t.arrived - v.expected_at) / 60 AS carrier_off,
               CASE WHEN t.departed <= t.arrived - make_interval(days => h.days)
                    THEN EXTRACT(epoch FROM t.arrived - t.ours) / 60 END AS own_off
        FROM tried t CROSS JOIN unnest(%(horizons)s::int[]) AS h(days)
        LEFT JOIN LATERAL (
            SELECT v.expected_at FROM milestones_etaversion v
            WHERE v.shipment_id = t.id AND v.kind = 'carrier'
                AND v.told_at <= t.arrived - make_interval(days => h.days)
            ORDER BY v.told_at DESC, v.id DESC LIMIT 1) v ON true
    ), counted AS (
        SELECT *, carrier_off IS NOT NULL AND own_off IS NOT NULL AS is_both FROM said
        WHERE carrier_off IS NOT NULL OR own_off IS NOT NULL
    ), lanes AS (
        SELECT origin_id, destination_id, mode, carrier_id, horizon, GROUPING(carrier_id) AS is_any,
               count(*) FILTER (WHERE is_both) AS pairs,
               count(carrier_off) AS theirs, count(own_off) AS ours,
               avg(abs(carrier_off)) FILTER (WHERE is_both) AS carrier_error,
               avg(carrier_off) FILTER (WHERE is_both) AS carrier_bias,
               avg(abs(own_off)) FILTER (WHERE is_both) AS own_error,
               avg(own_off) FILTER (WHERE is_both) AS own_bias,
               avg(abs(carrier_off)) AS carrier_alone, avg(carrier_off) AS carrier_alone_bias,
               avg(abs(own_off)) AS own_alone, avg(own_off) AS own_alone_bias
        FROM counted
        GROUP BY GROUPING SETS ((origin_id, destination_id, mode, carrier_id, horizon),
                                (origin_id, destination_id, mode, horizon)))
    INSERT INTO milestones_etascore (origin_id, destination_id, mode, carrier_id, horizon, samples, carrier_error,
                                     carrier_bias, own_error, own_bias, refreshed_at)
    SELECT origin_id, destination_id, mode, carrier_id, horizon,
           CASE WHEN pairs > 0 THEN pairs ELSE GREATEST(theirs, ours) END,
           round(CASE WHEN pairs > 0 THEN carrier_error WHEN theirs >= ours THEN carrier_alone END),
           round(CASE WHEN pairs > 0 THEN carrier_bias WHEN theirs >= ours THEN carrier_alone_bias END),
           round(CASE WHEN pairs > 0 THEN own_error WHEN ours > theirs THEN own_alone END),
           round(CASE WHEN pairs > 0 THEN own_bias WHEN ours > theirs THEN own_alone_bias END),
           %(now)s
    FROM lanes WHERE carrier_id IS NOT NULL OR is_any = 1
    ON CONFLICT (origin_id, destination_id, mode, carrier_id, horizon) DO UPDATE SET
        samples = EXCLUDED.samples, carrier_error = EXCLUDED.carrier_error, carrier_bias = EXCLUDED.carrier_bias,
        own_error = EXCLUDED.own_error, own_bias = EXCLUDED.own_bias, refreshed_at = EXCLUDED.refreshed_at
"""
_FORGET = (
    "DELETE FROM milestones_transittime WHERE refreshed_at < %(now)s",
    "DELETE FROM milestones_etascore WHERE refreshed_at < %(now)s",
)
# Two refreshes at once would only wait for each other's rows.
_LOCK = "SELECT pg_advisory_xact_lock(hashtext('milestones.refresh_transit_times'))"


@transaction.atomic
def refresh_transit_times(*, now: datetime | None = None) -> dict[str, int]:
    """Work out anew how long the lanes take, and how near the truth the carriers and we ourselves were.

    Of journeys that arrived within WINDOW before `now` (this moment), of which departure and arrival were reported;
    lanes with less than LEAST_SAMPLES of them say nothing; those that arrived within TRIED are tried. Returns how many
    rows stand: {"transit_times", "scores"}. The shipments take it up when they are evaluated next.
    """
    at = now or timezone.now()
    values: dict[str, Any] = {
        "now": at,
        "since": at - WINDOW,
        "tried": at - TRIED,
        "least": LEAST_SAMPLES,
        "horizons": list(HORIZONS),
    }
    with connection.cursor() as cursor:
        cursor.execute(_LOCK)
        cursor.execute(_JOURNEYS, values)
        cursor.execute(_INDEX)
        cursor.execute(_TRANSIT, values)
        transit_times = cursor.rowcount
        cursor.execute(_SCORES, values)
        scores = cursor.rowcount
        for statement in _FORGET:
            cursor.execute(statement, values)
        cursor.execute("DROP TABLE lane_journeys")
    return {"transit_times": transit_times, "scores": scores}
