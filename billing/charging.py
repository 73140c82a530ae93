"""How the charges of a shipment follow its milestones: what to make, change, cancel, restore and reverse. Pure.

The charges that stand are decided by what is owed now and by what was already invoiced, never by how often or in which
order the milestones came and went.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from billing.enums import ChargeCause, ChargeState
from billing.rating import ChargeDraft, Owed, Unpriced, unit_of

RETRACTED = "The milestone is no longer reported as reached."
PRICED_ANEW = "The facts changed: a charge with the present price takes its place."
REPORTED_AGAIN = "The milestone is reported as reached again."

_OPEN = (ChargeState.UNBILLED, ChargeState.DRAFTED)


@dataclass(frozen=True, slots=True)
class ChargeFacts:
    """A charge as it stands. `reverses`: the id of the charge that this one takes back."""

    id: int
    rule: int
    slot: str
    sequence: int
    state: str
    cause: str
    reverses: int | None
    customer: int
    quantity: Decimal
    price: Decimal
    amount: Decimal
    tax_percent: Decimal
    currency: str
    earned_at: datetime

    @property
    def money(self) -> tuple[int, str, Decimal, Decimal, Decimal, Decimal]:
        return self.customer, self.currency, self.quantity, self.price, self.amount, self.tax_percent

    @property
    def is_open(self) -> bool:
        """Not invoiced and not cancelled: may still be changed."""
        return self.state in _OPEN

    @property
    def unit(self) -> str:
        """Key of the unit after whose milestone it is named; "" for the whole shipment."""
        return unit_of(self.slot)

    def is_as_much_as(self, due: Owed) -> bool:
        """Whether the one can stand for the other: a charge of one unit never does for all of them, nor they for it."""
        draft = due.result
        if self.is_open or isinstance(draft, Unpriced) or self.quantity == draft.quantity:
            return True
        return not due.unit and not (self.unit and self.quantity == 1)

    def is_renamed(self, due: Owed) -> bool:
        """Whether only the slot is another one: the line was moved, or stands once a unit or leg by now."""
        return self.is_as_much_as(due) and due.unit in ("", self.unit)


@dataclass(frozen=True, slots=True)
class Decisions:
    """`create`: (draft, sequence); `cancel`: (id, why); `retime`: (id, earned at); `restore` and `reverse`: ids."""

    create: list[tuple[ChargeDraft, int]] = field(default_factory=list)
    reverse: list[int] = field(default_factory=list)
    cancel: list[tuple[int, str]] = field(default_factory=list)
    restore: list[int] = field(default_factory=list)
    retime: list[tuple[int, datetime]] = field(default_factory=list)
    unpriced: list[Unpriced] = field(default_factory=list)


def decide(owed: Iterable[Owed], charges: Sequence[ChargeFacts]) -> Decisions:
    """What has to happen to the charges of one shipment so that they say what is owed."""
    decisions = Decisions()
    by_rule: dict[int, list[ChargeFacts]] = defaultdict(list)
    for charge in sorted(charges, key=lambda charge: charge.id):
        by_rule[charge.rule].append(charge)
    due: dict[int, list[Owed]] = defaultdict(list)
    for one in owed:
        due[one.result.rule.id].append(one)
    for rule in sorted(due.keys() | by_rule.keys()):
        _decide_rule(due[rule], _History(by_rule[rule]), decisions)
    return decisions


class _History:
    """The charges one rule made on one shipment."""

    def __init__(self, charges: Sequence[ChargeFacts]) -> None:
        self.charges = charges
        self.reversals = {charge.reverses: charge for charge in charges if charge.reverses is not None}

    def next_sequence(self, slot: str, reversing: Sequence[int]) -> int:
        """The next that is free, when those that are being reversed have taken theirs."""
        own = [charge for charge in self.charges if charge.slot == slot]
        return max((charge.sequence for charge in own), default=0) + 1 + sum(c.id in reversing for c in own)

    def standing(self) -> list[ChargeFacts]:
        """Charges that count. One that a person credited counts as settled: it is not charged again by itself."""
        return [
            charge
            for charge in self.charges
            if charge.reverses is None and charge.state != ChargeState.CANCELLED and not self._is_taken_back(charge)
        ]

    def _is_taken_back(self, charge: ChargeFacts) -> bool:
        reversal = self.reversals.get(charge.id)
        return (
            reversal is not None
            and reversal.state != ChargeState.CANCELLED
            and reversal.cause == ChargeCause.RETRACTION
        )

    def open_reversal(self, slots: frozenset[str]) -> ChargeFacts | None:
        """A proposed credit that nobody has issued yet."""
        return next((r for r in self.reversals.values() if r.is_open and r.slot in slots), None)

    def restorable(self, draft: ChargeDraft) -> ChargeFacts | None:
        """The last charge of this very slot, when it was cancelled and is of the same amount."""
        last = next((charge for charge in reversed(self.charges) if charge.slot == draft.slot), None)
        if last is None or last.reverses is not None or last.state != ChargeState.CANCELLED:
            return None
        return last if last.money == draft.money else None


def _decide_rule(due: Sequence[Owed], history: _History, decisions: Decisions) -> None:
    """`due`: once for the shipment, or once for each unit; no slot is in two of them.

    A milestone may get another slot (an upgrade of the plan, units that became known): what was charged for it under
    the old one stays charged, and what a person credited stays credited.
    """
    kept, left, missing = _matched(due, history.standing())
    for charge in left:
        _take_back(charge, history, decisions)
    for charge, one in kept:
        _keep(charge, one, history, decisions)
    for one in missing:
        if isinstance(one.result, Unpriced):
            decisions.unpriced.append(one.result)
        else:
            _charge(one.result, one.slots, history, decisions)


def _matched(
    due: Sequence[Owed], standing: Sequence[ChargeFacts]
) -> tuple[list[tuple[ChargeFacts, Owed]], list[ChargeFacts], list[Owed]]:
    """(charges with what they are for, charges that are for nothing, what nothing is charged for)."""
    kept: list[tuple[ChargeFacts, Owed]] = []
    left, missing = list(standing), list(due)
    for fits in (_is_named_alike, ChargeFacts.is_renamed):
        for charge in list(left):
            one = next((one for one in missing if fits(charge, one)), None)
            if one is not None:
                kept.append((charge, one))
                left.remove(charge)
                missing.remove(one)
    return kept, left, missing


def _is_named_alike(charge: ChargeFacts, due: Owed) -> bool:
    return charge.slot in due.slots and charge.is_as_much_as(due)


def _keep(charge: ChargeFacts, due: Owed, history: _History, decisions: Decisions) -> None:
    draft = due.result
    if not isinstance(draft, ChargeDraft) or not charge.is_open:
        return
    if charge.money != draft.money:
        decisions.cancel.append((charge.id, PRICED_ANEW))
        decisions.create.append((draft, history.next_sequence(draft.slot, decisions.reverse)))
    elif charge.earned_at != draft.earned_at and charge.slot == draft.slot:
        decisions.retime.append((charge.id, draft.earned_at))


def _take_back(charge: ChargeFacts, history: _History, decisions: Decisions) -> None:
    reversal = history.reversals.get(charge.id)
    if charge.is_open:
        decisions.cancel.append((charge.id, RETRACTED))
    elif reversal is None:
        decisions.reverse.append(charge.id)
    elif reversal.state == ChargeState.CANCELLED:
        decisions.restore.append(reversal.id)


def _charge(draft: ChargeDraft, slots: frozenset[str], history: _History, decisions: Decisions) -> None:
    reversal = history.open_reversal(slots)
    cancelled = history.restorable(draft)
    if reversal is not None:
        decisions.cancel.append((reversal.id, REPORTED_AGAIN))
    elif cancelled is not None:
        decisions.restore.append(cancelled.id)
        decisions.retime.append((cancelled.id, draft.earned_at))
    elif draft.rule.is_active:
        decisions.create.append((draft, history.next_sequence(draft.slot, decisions.reverse)))
