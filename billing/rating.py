"""What is owed for a shipment: rules meet milestones that were reached, and price lists give the amount. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal

from billing.enums import RateBasis
from core.money import rounded
from milestones.enums import PlaceRole


@dataclass(frozen=True, slots=True)
class RateFacts:
    """One price of a list. `mode` empty: any. `price` and `minimum` in the currency of the tariff."""

    charge_code: str
    mode: str
    basis: str
    price: Decimal
    minimum: Decimal | None
    tax_percent: Decimal


@dataclass(frozen=True, slots=True)
class TariffFacts:
    """A price list. `customer` is a partner's id, or None for all; the days are UTC days, both inclusive."""

    code: str
    name: str
    side: str
    currency: str
    customer: int | None
    valid_from: date
    valid_until: date | None
    rates: tuple[RateFacts, ...]

    def is_valid_on(self, day: date) -> bool:
        return self.valid_from <= day and (self.valid_until is None or day <= self.valid_until)


@dataclass(frozen=True, slots=True)
class RuleFacts:
    """When this milestone is reached on such a shipment, this charge."""

    id: int
    code: str
    charge_code: str
    description: str
    side: str
    mode: str
    milestone: str
    place_role: str
    is_active: bool = True

    def fires_on(self, shipment: ShipmentFacts, reached: ReachedMilestone) -> bool:
        return (
            self.mode in ("", shipment.mode)
            and self.milestone == reached.code
            and self.place_role in (PlaceRole.ANY, reached.place_role)
        )


@dataclass(frozen=True, slots=True)
class ShipmentFacts:
    """`billing_currency` of the customer decides between lists that are otherwise equally near."""

    id: int
    customer: int
    mode: str
    billing_currency: str
    units: int


@dataclass(frozen=True, slots=True)
class ReachedMilestone:
    """A milestone that was reported as reached. An inferred one is never handed in: nobody vouches for it."""

    slot: str
    position: int
    code: str
    place_role: str
    earned_at: datetime


@dataclass(frozen=True, slots=True)
class ChargeDraft:
    """A charge as it ought to stand. `amount` is rounded to the minor unit of `currency`."""

    rule: RuleFacts
    slot: str
    customer: int
    quantity: Decimal
    price: Decimal
    amount: Decimal
    tax_percent: Decimal
    currency: str
    explanation: str
    earned_at: datetime

    @property
    def money(self) -> tuple[int, str, Decimal, Decimal, Decimal, Decimal]:
        """What makes two charges worth the same to the same customer."""
        return self.customer, self.currency, self.quantity, self.price, self.amount, self.tax_percent


@dataclass(frozen=True, slots=True)
class Unpriced:
    """A charge is owed and no price list can say how much."""

    rule: RuleFacts
    slot: str
    reason: str


@dataclass(frozen=True, slots=True)
class Owed:
    """One rule is due on one shipment, once, however many milestones of its kind were reached (`slots`)."""

    result: ChargeDraft | Unpriced
    slots: frozenset[str]


def owed(
    rules: Iterable[RuleFacts],
    shipment: ShipmentFacts,
    reached: Sequence[ReachedMilestone],
    tariffs: Sequence[TariffFacts],
) -> list[Owed]:
    """Everything that the milestones of one shipment make due. The first of the plan dates and names the charge."""
    found = []
    for rule in rules:
        matching = sorted((m for m in reached if rule.fires_on(shipment, m)), key=lambda m: (m.position, m.slot))
        if matching:
            found.append(Owed(rate(rule, shipment, matching[0], tariffs), frozenset(m.slot for m in matching)))
    return found


def rate(
    rule: RuleFacts, shipment: ShipmentFacts, milestone: ReachedMilestone, tariffs: Sequence[TariffFacts]
) -> ChargeDraft | Unpriced:
    """The price of one charge on the UTC day it was earned.

    A list of the customer's own goes before the general one, a rate of the mode before one for any mode, the customer's
    currency before others, the newer list before the older. The product of price and quantity, or the minimum when that
    is more, is rounded half up to the minor unit.
    """
    day = milestone.earned_at.astimezone(UTC).date()
    choice = _choose(rule, shipment, day, tariffs)
    if choice is None:
        on_the_way = f" by {shipment.mode}" if shipment.mode else ""
        return Unpriced(rule, milestone.slot, f"No price list has {rule.charge_code}{on_the_way} on {day.isoformat()}.")
    tariff, price = choice
    quantity = Decimal(shipment.units) if price.basis == RateBasis.PER_UNIT else Decimal(1)
    if not quantity:
        return Unpriced(rule, milestone.slot, f"{rule.charge_code} is charged per unit and the shipment lists none.")
    amount = rounded(max(price.price * quantity, price.minimum or Decimal(0)), tariff.currency)
    return ChargeDraft(
        rule=rule,
        slot=milestone.slot,
        customer=shipment.customer,
        quantity=quantity,
        price=price.price,
        amount=amount,
        tax_percent=price.tax_percent,
        currency=tariff.currency,
        explanation=_explain(tariff, price, quantity, amount),
        earned_at=milestone.earned_at,
    )


def _choose(
    rule: RuleFacts, shipment: ShipmentFacts, day: date, tariffs: Sequence[TariffFacts]
) -> tuple[TariffFacts, RateFacts] | None:
    candidates = [
        (tariff, price)
        for tariff in tariffs
        if tariff.side == rule.side and tariff.customer in (None, shipment.customer) and tariff.is_valid_on(day)
        for price in tariff.rates
        if price.charge_code == rule.charge_code and price.mode in ("", shipment.mode)
    ]
    return min(candidates, key=lambda pair: _distance(*pair, shipment=shipment), default=None)


def _distance(tariff: TariffFacts, price: RateFacts, *, shipment: ShipmentFacts) -> tuple[bool, bool, bool, int, str]:
    return (
        tariff.customer is None,
        price.mode == "",
        tariff.currency != shipment.billing_currency,
        -tariff.valid_from.toordinal(),
        tariff.code,
    )


def _explain(tariff: TariffFacts, price: RateFacts, quantity: Decimal, amount: Decimal) -> str:
    """At most 300 characters: the name of a tariff has 100."""
    mode = f" ({price.mode})" if price.mode else ""
    least = f", at least {price.minimum.normalize():f}" if price.minimum is not None else ""
    count = f"{quantity.normalize():f}"
    return (
        f"{tariff.name}: {price.charge_code}{mode}, {count} × {price.price.normalize():f}{least}"
        f" = {amount} {tariff.currency}"
    )
