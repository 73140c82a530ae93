"""Reading what rating needs, for a batch of shipments, in a constant number of queries."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import cast

from django.db.models import Count, Q

from billing.charging import ChargeFacts
from billing.models import Charge, ChargeRule, Tariff
from billing.rating import RateFacts, ReachedMilestone, RuleFacts, ShipmentFacts, TariffFacts
from milestones.enums import MilestoneState
from milestones.models import Milestone
from shipments.models import Shipment


def rules() -> list[RuleFacts]:
    """All rules: one that is switched off makes nothing new, but what it made still follows its milestone."""
    return [
        RuleFacts(
            id=rule.pk,
            code=rule.code,
            charge_code=rule.charge_code,
            description=rule.description,
            side=rule.side,
            mode=rule.mode,
            milestone=rule.type_id,
            place_role=rule.place_role,
            is_active=rule.is_active,
        )
        for rule in ChargeRule.objects.order_by("pk")
    ]


def tariffs() -> list[TariffFacts]:
    return [
        TariffFacts(
            code=tariff.code,
            name=tariff.name,
            side=tariff.side,
            currency=tariff.currency,
            customer=tariff.customer_id,
            valid_from=tariff.valid_from,
            valid_until=tariff.valid_until,
            rates=tuple(
                RateFacts(rate.charge_code, rate.mode, rate.basis, rate.price, rate.minimum, rate.tax_percent)
                for rate in tariff.rates.all()
            ),
        )
        for tariff in Tariff.objects.order_by("pk").prefetch_related("rates")
    ]


def shipments(ids: Sequence[int]) -> list[ShipmentFacts]:
    rows = Shipment.objects.filter(pk__in=ids).order_by("pk").annotate(unit_count=Count("units"))
    values = rows.values_list("pk", "customer_id", "mode", "customer__billing_currency", "unit_count")
    return [ShipmentFacts(*row) for row in values]


def reached(ids: Sequence[int], rules: Iterable[RuleFacts]) -> dict[int, list[ReachedMilestone]]:
    """Milestones that somebody reported as reached, of the kinds that the rules name or of lines that name a charge
    code of theirs, by shipment."""
    known = list(rules)
    by_kind = Q(type__in={rule.milestone for rule in known})
    by_line = Q(line__charges__overlap=sorted({rule.charge_code for rule in known}))
    rows = Milestone.objects.filter(
        by_kind | by_line, shipment__in=ids, state=MilestoneState.REACHED, is_inferred=False
    )
    found: dict[int, list[ReachedMilestone]] = defaultdict(list)
    values = rows.values_list("shipment", "slot", "position", "type", "place_role", "actual_at", "line__charges")
    for shipment, slot, position, code, place_role, actual_at, charges in values:
        earned_at = cast(datetime, actual_at)
        found[shipment].append(ReachedMilestone(slot, position, code, place_role, earned_at, tuple(charges or ())))
    return found


def charges(ids: Sequence[int]) -> dict[int, list[ChargeFacts]]:
    """The charges of the shipments, locked until the end of the transaction, by shipment."""
    found: dict[int, list[ChargeFacts]] = defaultdict(list)
    for charge in Charge.objects.select_for_update().filter(shipment__in=ids).order_by("pk"):
        found[charge.shipment_id].append(
            ChargeFacts(
                id=charge.pk,
                rule=charge.rule_id,
                slot=charge.slot,
                sequence=charge.sequence,
                state=charge.state,
                cause=charge.cause,
                reverses=charge.reverses_id,
                customer=charge.customer_id,
                quantity=charge.quantity,
                price=charge.price,
                amount=charge.amount,
                tax_percent=charge.tax_percent,
                currency=charge.currency,
                earned_at=charge.earned_at,
            )
        )
    return found
