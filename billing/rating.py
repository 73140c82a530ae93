"""What is owed for a shipment: rules meet milestones that were reached, and price lists give the amount. Pure.

A rule fires on milestones of its kind, and on those whose template line names its charge code. However it fires, and
however often, it is owed once a shipment; but where all its milestones are of single units (their line stands once for
each) and the price is per unit, it is owed once a unit, for that unit alone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal

from billing.enums import RateBasis
from core.money import rounded
from milestones.enums import PlaceRole


def unit_of(slot: str) -> str:
    """Key of the unit that a slot is about (L<position>:U<key>); "" for the whole shipment."""
    return slot.partition(":U")[2] if slot.startswith("L") else ""


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

    def is_for(self, shipment: ShipmentFacts) -> bool:
        return self.mode in ("", shipment.mode)

    def fires_on(self, shipment: ShipmentFacts, reached: ReachedMilestone) -> bool:
        """By the kind of the milestone."""
        return (
            self.is_for(shipment)
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
    """A milestone that was reported as reached. An inferred one is never handed in: nobody vouches for it.

    `charges`: the charge codes that its line in the template names.
    """

    slot: str
    position: int
    code: str
    place_role: str
    earned_at: datetime
    charges: tuple[str, ...] = ()

    @property
    def unit(self) -> str:
        """Key of the unit whose milestone this is; "" for the whole shipment."""
        return unit_of(self.slot)


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
    """One rule is due on one shipment, or on one unit of it, once, however many milestones fired it (`slots`).

    `unit`: the key of that unit; "" for the whole shipment.
    """

    result: ChargeDraft | Unpriced
    slots: frozenset[str]
    unit: str = ""


def owed(
    rules: Iterable[RuleFacts],
    shipment: ShipmentFacts,
    reached: Sequence[ReachedMilestone],
    tariffs: Sequence[TariffFacts],
) -> list[Owed]:
    """Everything that the milestones of one shipment make due. The first of the plan dates and names the charge."""
    known = list(rules)
    by_line = _by_line(known, shipment, reached)
    found: list[Owed] = []
    for rule in known:
        firing = [m for m in reached if rule.fires_on(shipment, m) or m.slot in by_line[rule.id]]
        found += _owed_by(rule, shipment, sorted(firing, key=lambda m: (m.position, m.slot)), tariffs)
    return found


def _by_line(
    rules: Sequence[RuleFacts], shipment: ShipmentFacts, reached: Iterable[ReachedMilestone]
) -> dict[int, set[str]]:
    """Rule → the slots of the milestones whose lines name its charge code.

    A line names what is charged, not by which rule: of several rules of one code and side only the nearest fires, so
    that nothing is charged twice. That is an active one, then one that fires on this kind of milestone anyway, then
    one for the mode, then the oldest.
    """
    found: dict[int, set[str]] = defaultdict(set)
    for milestone in reached:
        named = [rule for rule in rules if rule.charge_code in milestone.charges and rule.is_for(shipment)]
        # The nearest comes last, and stays.
        named.sort(key=lambda r: (r.is_active, r.fires_on(shipment, milestone), r.mode != "", -r.id))
        for rule in {(rule.charge_code, rule.side): rule for rule in named}.values():
            found[rule.id].add(milestone.slot)
    return found


def _owed_by(
    rule: RuleFacts, shipment: ShipmentFacts, firing: Sequence[ReachedMilestone], tariffs: Sequence[TariffFacts]
) -> Iterator[Owed]:
    """`firing` in the order of the plan. A minimum price holds for each charge."""
    if not firing:
        return
    if not _is_each_of_one_unit(rule, shipment, firing, tariffs):
        yield Owed(rate(rule, shipment, firing[0], tariffs), frozenset(m.slot for m in firing))
        return
    units: dict[str, list[ReachedMilestone]] = defaultdict(list)
    for milestone in firing:
        units[milestone.unit].append(milestone)
    for unit, own in units.items():
        yield Owed(rate(rule, replace(shipment, units=1), own[0], tariffs), frozenset(m.slot for m in own), unit)


def _is_each_of_one_unit(
    rule: RuleFacts, shipment: ShipmentFacts, firing: Sequence[ReachedMilestone], tariffs: Sequence[TariffFacts]
) -> bool:
    """Whether all are of single units and charged per unit: what the first that has a price says holds for all."""
    if not all(milestone.unit for milestone in firing):
        return False
    choices = (_choose(rule, shipment, _day(milestone), tariffs) for milestone in firing)
    price = next((choice[1] for choice in choices if choice is not None), None)
    return price is None or price.basis == RateBasis.PER_UNIT


def rate(
    rule: RuleFacts, shipment: ShipmentFacts, milestone: ReachedMilestone, tariffs: Sequence[TariffFacts]
) -> ChargeDraft | Unpriced:
    """The price of one charge on the UTC day it was earned.

    A list of the customer's own goes before the general one, a rate of the mode before one for any mode, the customer's
    currency before others, the newer list before the older. The product of price and quantity, or the minimum when that
    is more, is rounded half up to the minor unit.
    """
    day = _day(milestone)
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


def _day(milestone: ReachedMilestone) -> date:
    return milestone.earned_at.astimezone(UTC).date()


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
