"""What a shipment costs and earns, handed to the milestones app, whose rules on exceptions ask for it."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from django.db import connection

from billing.models import Charge
from milestones.services.money import MoneyRow, record_money
from partners.models import Partner
from shipments.models import Shipment

# Of the charges that count. Only sums of one currency can be compared: the one the customer is billed in; charges in
# others are left out. The expected cost is that of the first price of what stands now: a charge that was priced anew
# costs more or less than was reckoned with, and one that was taken back is not expected any more.
_COUNTS = "c.state <> 'cancelled' AND c.currency = p.billing_currency"
_SUMS = """
    WITH charges AS (
        SELECT c.*, first_value(c.amount) OVER history AS first_amount,
            first_value(c.currency) OVER history AS first_in,
            c.reverses_id IS NULL AND NOT EXISTS (
                SELECT 1 FROM {charge} r WHERE r.reverses_id = c.id AND r.state <> 'cancelled') AS stands
        FROM {charge} c WHERE c.shipment_id = ANY(%s)
        WINDOW history AS (PARTITION BY c.shipment_id, c.rule_id, c.slot ORDER BY c.sequence)
    )
    SELECT s.id, p.billing_currency,
        sum(CASE WHEN c.first_in = c.currency THEN c.first_amount ELSE c.amount END)
            FILTER (WHERE {counts} AND c.side = 'buy' AND c.stands),
        sum(c.amount) FILTER (WHERE {counts} AND c.side = 'buy'),
        sum(c.amount) FILTER (WHERE {counts} AND c.side = 'sell')
    FROM charges c JOIN {shipment} s ON s.id = c.shipment_id JOIN {partner} p ON p.id = s.customer_id
    GROUP BY s.id, p.billing_currency ORDER BY s.id
"""


def hand_over_money(shipment_ids: Collection[int], *, now: datetime) -> None:
    """Tell the rules the expected cost, the cost and the revenue of these shipments, as their charges stand.

    In the caller's transaction, after the charges were written. A sum is None where nothing of its kind is charged in
    the customer's billing currency. Buying is charged like selling, by price lists: until suppliers' bills are matched
    the cost is what the price lists say now. A shipment that never had a charge is left out. Two queries for a batch.
    """
    tables = {"charge": Charge, "shipment": Shipment, "partner": Partner}
    sql = _SUMS.format(counts=_COUNTS, **{name: model._meta.db_table for name, model in tables.items()})
    with connection.cursor() as cursor:
        cursor.execute(sql, [list(shipment_ids)])
        rows = [MoneyRow(*row) for row in cursor.fetchall()]
    if rows:
        record_money(rows, now=now)
