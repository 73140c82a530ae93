"""Reversals: negative charges that take invoiced ones back. Called inside the transactions of the other services."""

from __future__ import annotations

from collections.abc import Collection

from django.db import connection

from billing.enums import AccrualReason, ChargeCause, ChargeState
from billing.models import Charge
from billing.services.accruals import book
from billing.services.drafting import move_charges

# The id given as `public_id` is made by the database: one statement for a batch.
_REVERSE = """
    INSERT INTO {charge} (public_id, shipment_id, customer_id, rule_id, slot, sequence, reverses_id, cause, side,
        charge_code, description, quantity, price, amount, tax_percent, currency, explanation, earned_at, state,
        cancel_reason)
    SELECT gen_random_uuid(), c.shipment_id, c.customer_id, c.rule_id, c.slot,
        (SELECT max(s.sequence) FROM {charge} s
         WHERE s.rule_id = c.rule_id AND s.shipment_id = c.shipment_id AND s.slot = c.slot) + 1,
        c.id, %(cause)s, c.side, c.charge_code, c.description, -c.quantity, c.price, -c.amount, c.tax_percent,
        c.currency, %(explanation)s, now(), %(state)s, ''
    FROM {charge} c WHERE c.id = ANY(%(ids)s) ORDER BY c.id
    ON CONFLICT DO NOTHING RETURNING id
"""


def reverse_charges(charge_ids: Collection[int], *, cause: ChargeCause, explanation: str) -> list[int]:
    """Make a reversal of each; the caller holds their locks. Returns the ids of the reversals."""
    if not charge_ids:
        return []
    values = {"cause": cause.value, "explanation": explanation, "state": ChargeState.UNBILLED.value}
    with connection.cursor() as cursor:
        cursor.execute(_REVERSE.format(charge=Charge._meta.db_table), {**values, "ids": list(charge_ids)})
        made = [int(row[0]) for row in cursor.fetchall()]
    book(made, reason=AccrualReason.EARNED)
    return made


def restore_reversals(charge_ids: Collection[int], *, cause: ChargeCause, explanation: str) -> None:
    """Have reversals that were dropped count again, for another cause; the caller holds their locks."""
    move_charges(charge_ids, to=ChargeState.UNBILLED)
    Charge.objects.filter(pk__in=charge_ids).update(cause=cause, explanation=explanation)
    book(charge_ids, reason=AccrualReason.EARNED)
