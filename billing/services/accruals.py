"""Booking what was earned and is not invoiced yet. Called inside the transactions of the other services."""

from __future__ import annotations

from collections.abc import Collection

from django.db import connection

from billing.enums import AccrualReason
from billing.models import Accrual, Charge

# Earned is booked on the UTC day of the milestone; billed and reversed on the UTC day they happen.
_BOOK = """
    INSERT INTO {accrual} (charge_id, sequence, amount, currency, reason, booked_on)
    SELECT c.id, 1 + coalesce((SELECT max(a.sequence) FROM {accrual} a WHERE a.charge_id = c.id), 0),
           CASE WHEN %(reason)s = 'earned' THEN c.amount ELSE -c.amount END, c.currency, %(reason)s,
           (CASE WHEN %(reason)s = 'earned' THEN c.earned_at ELSE now() END AT TIME ZONE 'UTC')::date
    FROM {charge} c WHERE c.id = ANY(%(ids)s) ORDER BY c.id
"""


def book(charge_ids: Collection[int], *, reason: AccrualReason) -> None:
    """One row for each charge; the caller holds their locks. The open accrual of a charge is the sum of its rows."""
    if not charge_ids:
        return
    sql = _BOOK.format(accrual=Accrual._meta.db_table, charge=Charge._meta.db_table)
    with connection.cursor() as cursor:
        cursor.execute(sql, {"reason": reason.value, "ids": list(charge_ids)})
