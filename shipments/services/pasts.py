"""What a shipment was before it was changed, so that any earlier day can be looked at as it was known then."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

import orjson
from django.db import connection

from partners.models import User
from shipments.models import Shipment

# What the rules know of shipment s, as it stands, in the shape of ShipmentPast.facts.
_FACTS = """
    jsonb_build_object(
        'dates', jsonb_build_object('booked_at', s.booked_at, 'cargo_ready_at', s.cargo_ready_at,
                                    'cut_off_at', s.cut_off_at, 'etd', s.etd, 'eta', s.eta),
        'type', s.type, 'mode', s.mode, 'service', s.service, 'origin', s.origin_id, 'destination', s.destination_id,
        'cancelled', s.cancelled_at IS NOT NULL,
        'legs', coalesce((
            SELECT jsonb_agg(jsonb_build_object(
                'sequence', l.sequence, 'mode', l.mode, 'carrier', l.carrier_id, 'origin', l.origin_id,
                'destination', l.destination_id, 'vessel_name', l.vessel_name, 'vessel_imo', l.vessel_imo,
                'voyage', l.voyage, 'flight', l.flight, 'vehicle', l.vehicle, 'etd', l.etd, 'eta', l.eta)
                ORDER BY l.sequence)
            FROM shipments_leg l WHERE l.shipment_id = s.id), '[]'),
        'units', coalesce((
            SELECT jsonb_agg(jsonb_build_object(
                'kind', u.kind, 'number', u.number, 'key', u.key, 'iso_type', u.iso_type) ORDER BY u.key)
            FROM shipments_unit u WHERE u.shipment_id = s.id), '[]'))
"""
# The setting lives as long as the transaction, and is taken back with a savepoint as the row is.
_ALREADY = "%(shipment)s = ANY(string_to_array(current_setting('waymark.pasts', true), ','))"
# Who waited for the lock has begun earlier than who had it: the clock is read under the lock, and never stands still.
_KEEP = f"""
    INSERT INTO shipments_shipmentpast (shipment_id, until, changed_by_id, facts)
    SELECT s.id, GREATEST(clock_timestamp(), (
            SELECT max(p.until) + interval '1 microsecond' FROM shipments_shipmentpast p WHERE p.shipment_id = s.id)),
        %(by)s, {_FACTS}
    FROM shipments_shipment s WHERE s.id = %(id)s AND ({_ALREADY}) IS NOT TRUE
    RETURNING set_config('waymark.pasts',
        coalesce(current_setting('waymark.pasts', true), '') || ',' || %(shipment)s, true)
"""  # noqa: S608 nothing in it comes from outside
_NOW = f"SELECT s.id, ({_FACTS})::text FROM shipments_shipment s WHERE s.id = ANY(%s)"  # noqa: S608
_LOAD = """
    SELECT DISTINCT ON (p.shipment_id) p.shipment_id, p.facts::text FROM shipments_shipmentpast p
    WHERE p.shipment_id = ANY(%s) AND p.until > %s ORDER BY p.shipment_id, p.until, p.id
"""


def keep_past(shipment: Shipment, *, by: User | None) -> None:
    """Write down what the rules know of the shipment, before the caller changes it in the same transaction.

    Once in a transaction, whatever is changed in it: the first call counts. Locks the shipment, so that two changes
    at once leave their pasts in the order in which they were made. One query for the lock and one for the row.
    """
    # Not against those who only refer to the shipment, as every event that is matched does.
    Shipment.objects.select_for_update(no_key=True).filter(pk=shipment.pk).values_list("pk").first()
    values: dict[str, Any] = {"id": shipment.pk, "shipment": str(shipment.pk), "by": by.pk if by else None}
    with connection.cursor() as cursor:
        cursor.execute(_KEEP, values)


def load_pasts(shipment_ids: Collection[int], as_of: datetime) -> dict[int, dict[str, Any]]:
    """Shipment → its facts as they were at `as_of`, in the shape of `ShipmentPast.facts`. One query.

    A shipment that was not changed since is not among them: it was then as it stands now.
    """
    return _read(_LOAD, [list(shipment_ids), as_of])


def present_facts(shipment_ids: Collection[int]) -> dict[int, dict[str, Any]]:
    """Shipment → its facts as they stand, in the same shape. One query."""
    return _read(_NOW, [list(shipment_ids)])


def _read(sql: str, parameters: list[Any]) -> dict[int, dict[str, Any]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return {shipment_id: orjson.loads(facts) for shipment_id, facts in cursor.fetchall()}
