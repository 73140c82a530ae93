"""What shipments cost and earn, as far as rules on exceptions ask for it: billing, which knows, tells it here."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from django.db import transaction
from django.db.models import Q

from core.bulk import insert_rows
from milestones.models import Journey, ShipmentMoney

_NAMES = ("shipment", "currency", "expected_cost", "cost", "revenue", "updated_at")
_CHANGED = """(shipment_id) DO UPDATE SET currency = EXCLUDED.currency, expected_cost = EXCLUDED.expected_cost,
    cost = EXCLUDED.cost, revenue = EXCLUDED.revenue, updated_at = EXCLUDED.updated_at
    WHERE (milestones_shipmentmoney.currency, milestones_shipmentmoney.expected_cost, milestones_shipmentmoney.cost,
           milestones_shipmentmoney.revenue)
        IS DISTINCT FROM (EXCLUDED.currency, EXCLUDED.expected_cost, EXCLUDED.cost, EXCLUDED.revenue)"""


class MoneyRow(NamedTuple):
    """The sums of one shipment, in one currency (ISO 4217); None: not known."""

    shipment_id: int
    currency: str
    expected_cost: Decimal | None = None
    cost: Decimal | None = None
    revenue: Decimal | None = None


@transaction.atomic
def record_money(
    rows: Sequence[MoneyRow | tuple[int, str, Decimal | None, Decimal | None, Decimal | None]], *, now: datetime
) -> int:
    """Write the sums by set. Shipments of which something changed are looked at again. Returns how many did.

    The last row of a shipment counts when it is given several times. Whoever calls this holds no journey, or those of
    the lowest shipments only: the rows are written, then the journeys, both in the order of the shipments.
    """
    latest = {row[0]: MoneyRow(*row) for row in rows}
    written = insert_rows(
        ShipmentMoney,
        _NAMES,
        [(*row, now) for _, row in sorted(latest.items())],
        on_conflict=_CHANGED,
        returning="shipment_id",
    )
    changed = sorted(pk for (pk,) in written)
    if changed:
        # Held in the order in which the evaluation holds them.
        held = list(
            Journey.objects.select_for_update(no_key=True)
            .filter(Q(next_check_at=None) | Q(next_check_at__gt=now), pk__in=changed)
            .order_by("pk")
            .values_list("pk", flat=True)
        )
        Journey.objects.filter(pk__in=held).update(next_check_at=now, is_closed=False)
    return len(changed)
