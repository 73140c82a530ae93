"""Which charges are made, cancelled, restored and reversed."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.charging import PRICED_ANEW, REPORTED_AGAIN, RETRACTED, ChargeFacts, Decisions, decide
from billing.enums import ChargeCause, ChargeState, Side
from billing.rating import ChargeDraft, Owed, RuleFacts, Unpriced
from milestones.enums import PlaceRole

AT = datetime(2026, 11, 2, tzinfo=UTC)
RULE = RuleFacts(1, "freight", "FREIGHT", "Freight", Side.SELL, "", "DEPARTED", PlaceRole.ANY)
DRAFT = ChargeDraft(RULE, "L2", 7, Decimal(1), Decimal(100), Decimal("100.00"), Decimal(0), "EUR", "", AT)
DUE = Owed(DRAFT, frozenset({"L2"}))
CHARGE = ChargeFacts(
    id=10, rule=1, slot="L2", sequence=1, state=ChargeState.UNBILLED, cause=ChargeCause.MILESTONE, reverses=None,
    customer=7, quantity=Decimal("1.000"), price=Decimal("100.0000"), amount=Decimal("100.000"),
    tax_percent=Decimal("0.00"), currency="EUR", earned_at=AT,
)  # fmt: skip
REVERSAL = replace(
    CHARGE, id=11, sequence=2, cause=ChargeCause.RETRACTION, reverses=10, quantity=Decimal(-1), amount=Decimal(-100)
)


def in_state(charge: ChargeFacts, state: str, **changes: object) -> ChargeFacts:
    return replace(charge, state=state, **changes)


INVOICED = in_state(CHARGE, ChargeState.INVOICED)
CANCELLED = in_state(CHARGE, ChargeState.CANCELLED)
DEARER = Owed(replace(DRAFT, price=Decimal(120), amount=Decimal("120.00")), frozenset({"L2"}))


@pytest.mark.parametrize(
    ("owed", "charges", "expected"),
    [
        pytest.param([DUE], [], Decisions(create=[(DRAFT, 1)]), id="first time"),
        pytest.param([DUE], [CHARGE], Decisions(), id="triggered again"),
        pytest.param([DUE], [INVOICED], Decisions(), id="triggered again after invoicing"),
        pytest.param([], [CHARGE], Decisions(cancel=[(10, RETRACTED)]), id="retracted"),
        pytest.param([], [in_state(CHARGE, ChargeState.DRAFTED)], Decisions(cancel=[(10, RETRACTED)]), id="on a draft"),
        pytest.param([], [CANCELLED], Decisions(), id="retracted again"),
        pytest.param([], [INVOICED], Decisions(reverse=[10]), id="retracted after invoicing"),
        pytest.param([], [INVOICED, REVERSAL], Decisions(), id="reversal stands"),
        pytest.param(
            [], [INVOICED, in_state(REVERSAL, ChargeState.CANCELLED)], Decisions(restore=[11]), id="reversal restored"
        ),
        pytest.param([DUE], [CANCELLED], Decisions(restore=[10], retime=[(10, AT)]), id="reached again"),
        pytest.param([DEARER], [CANCELLED], Decisions(create=[(DEARER.result, 2)]), id="reached again, other price"),
        pytest.param([DUE], [INVOICED, REVERSAL], Decisions(cancel=[(11, REPORTED_AGAIN)]), id="reversal not needed"),
        pytest.param(
            [DUE],
            [INVOICED, in_state(REVERSAL, ChargeState.INVOICED)],
            Decisions(create=[(DRAFT, 3)]),
            id="reached again after the credit",
        ),
        pytest.param(
            [DUE],
            [INVOICED, in_state(REVERSAL, ChargeState.INVOICED, cause=ChargeCause.CREDIT)],
            Decisions(),
            id="credited by a person",
        ),
        pytest.param(
            [],
            [INVOICED, in_state(REVERSAL, ChargeState.INVOICED, cause=ChargeCause.CREDIT)],
            Decisions(),
            id="credited by a person, then retracted",
        ),
        pytest.param(
            [DEARER], [CHARGE], Decisions(cancel=[(10, PRICED_ANEW)], create=[(DEARER.result, 2)]), id="priced anew"
        ),
        pytest.param([DEARER], [INVOICED], Decisions(), id="an invoiced price stays"),
        pytest.param(
            [Owed(replace(DRAFT, earned_at=AT + timedelta(days=1)), frozenset({"L2"}))],
            [CHARGE],
            Decisions(retime=[(10, AT + timedelta(days=1))]),
            id="another day, same price",
        ),
        pytest.param(
            [Owed(DRAFT, frozenset({"L2", "L5"}))], [replace(CHARGE, slot="L5")], Decisions(), id="once a rule"
        ),
        pytest.param(
            [Owed(Unpriced(RULE, "L2", "none"), frozenset({"L2"}))],
            [],
            Decisions(unpriced=[Unpriced(RULE, "L2", "none")]),
            id="no price",
        ),
        pytest.param(
            [Owed(Unpriced(RULE, "L2", "none"), frozenset({"L2"}))], [CHARGE], Decisions(), id="price is gone"
        ),
        pytest.param(
            [Owed(replace(DRAFT, rule=replace(RULE, is_active=False)), frozenset({"L2"}))],
            [],
            Decisions(),
            id="rule switched off",
        ),
    ],
)
def test_charges_follow_what_is_owed(owed: list[Owed], charges: list[ChargeFacts], expected: Decisions) -> None:
    assert decide(owed, charges) == expected


A_UNIT = replace(DRAFT, slot="L2:UA")
UNITS = [Owed(A_UNIT, frozenset({"L2:UA"}), "A"), Owed(replace(DRAFT, slot="L2:UB"), frozenset({"L2:UB"}), "B")]
OF_A = replace(CHARGE, slot="L2:UA")


@pytest.mark.parametrize(
    ("owed", "charges", "expected"),
    [
        pytest.param(UNITS, [], Decisions(create=[(UNITS[0].result, 1), (UNITS[1].result, 1)]), id="both come"),
        pytest.param(UNITS, [OF_A], Decisions(create=[(UNITS[1].result, 1)]), id="the second comes"),
        pytest.param(UNITS, [OF_A, replace(OF_A, id=12, slot="L2:UB")], Decisions(), id="triggered again"),
        pytest.param(
            UNITS[1:], [OF_A, replace(OF_A, id=12, slot="L2:UB")], Decisions(cancel=[(10, RETRACTED)]), id="one is gone"
        ),
        pytest.param(
            UNITS[:1],
            [in_state(OF_A, ChargeState.INVOICED), in_state(replace(OF_A, id=12, slot="L2:UB"), ChargeState.INVOICED)],
            Decisions(reverse=[12]),
            id="one is gone after invoicing",
        ),
        pytest.param(
            UNITS, [CHARGE], Decisions(cancel=[(10, RETRACTED)], create=[(one.result, 1) for one in UNITS]),
            id="was of the whole shipment",
        ),
        pytest.param(
            [Owed(Unpriced(RULE, "L2:UA", "none"), frozenset({"L2:UA"}), "A"), UNITS[1]],
            [OF_A],
            Decisions(create=[(UNITS[1].result, 1)]),
            id="the price of one is gone",
        ),
    ],
)  # fmt: skip
def test_what_is_owed_once_a_unit_is_charged_once_a_unit(
    owed: list[Owed], charges: list[ChargeFacts], expected: Decisions
) -> None:
    assert decide(owed, charges) == expected


CREDIT = in_state(REVERSAL, ChargeState.INVOICED, cause=ChargeCause.CREDIT)
ALL = replace(DRAFT, quantity=Decimal(2), amount=Decimal("200.00"))
WHOLE = Owed(ALL, frozenset({"L2", "L2:UA", "L2:UB"}))
BILLED = [in_state(OF_A, ChargeState.INVOICED), in_state(replace(OF_A, id=12, slot="L2:UB"), ChargeState.INVOICED)]
BILLED_WHOLE = replace(INVOICED, slot="L2:UA", quantity=Decimal(2), amount=Decimal(200))


@pytest.mark.parametrize(
    ("owed", "charges", "expected"),
    [
        pytest.param([replace(DUE, slots=frozenset({"L7"}))], [INVOICED], Decisions(), id="its line was moved"),
        pytest.param([replace(DUE, slots=frozenset({"L7"}))], [CHARGE], Decisions(), id="moved before it was billed"),
        pytest.param(
            [replace(DUE, slots=frozenset({"L7"}))], [INVOICED, CREDIT], Decisions(), id="moved, credited by a person"
        ),
        pytest.param([Owed(DRAFT, frozenset({"L2:UA", "L2:UB"}))], [INVOICED], Decisions(), id="units became known"),
        pytest.param([DUE], [replace(INVOICED, slot="L2:UA")], Decisions(), id="units are gone"),
        pytest.param(
            [Owed(replace(DRAFT, slot=f"L7:U{k}"), frozenset({f"L7:U{k}"}), k) for k in "AB"],
            BILLED,
            Decisions(),
            id="a line of units was moved",
        ),
        pytest.param(
            [WHOLE], BILLED, Decisions(reverse=[10, 12], create=[(ALL, 1)]), id="units were billed, now owed for all"
        ),
        pytest.param(
            [replace(WHOLE, result=replace(ALL, slot="L2:UA"))],
            BILLED,
            Decisions(reverse=[10, 12], create=[(replace(ALL, slot="L2:UA"), 3)]),
            id="named after a unit: the credit has taken the next number",
        ),
        pytest.param(
            UNITS,
            [BILLED_WHOLE],
            Decisions(reverse=[10], create=[(UNITS[0].result, 3), (UNITS[1].result, 1)]),
            id="all were billed at once, now each by itself",
        ),
        pytest.param([WHOLE], [replace(INVOICED, quantity=Decimal(1))], Decisions(), id="a unit more was listed"),
    ],
)
def test_another_slot_or_extent_charges_nothing_twice_and_loses_nothing(
    owed: list[Owed], charges: list[ChargeFacts], expected: Decisions
) -> None:
    assert decide(owed, charges) == expected


def applied(decisions: Decisions, charges: list[ChargeFacts]) -> list[ChargeFacts]:
    """What the services write, on facts."""
    cancelled, restored = {pk for pk, _ in decisions.cancel}, set(decisions.restore)
    times = dict(decisions.retime)
    after = []
    for charge in charges:
        state = ChargeState.CANCELLED if charge.id in cancelled else charge.state
        state = ChargeState.UNBILLED if charge.id in restored else state
        after.append(replace(charge, state=state, earned_at=times.get(charge.id, charge.earned_at)))
    for charge in [c for c in charges if c.id in decisions.reverse]:
        after.append(
            replace(charge, id=len(after) + 10, sequence=len(after) + 1, state=ChargeState.UNBILLED, reverses=charge.id,
                    cause=ChargeCause.RETRACTION, amount=-charge.amount, quantity=-charge.quantity)
        )  # fmt: skip
    for draft, sequence in decisions.create:
        after.append(
            replace(CHARGE, id=len(after) + 10, sequence=sequence, price=draft.price, amount=draft.amount,
                    earned_at=draft.earned_at)
        )  # fmt: skip
    return after


STEPS = st.lists(st.sampled_from(["reach", "dearer", "retract", "bill"]), max_size=14)


@given(STEPS)
def test_whatever_happened_what_counts_is_what_is_owed_and_deciding_twice_changes_nothing(steps: list[str]) -> None:
    charges: list[ChargeFacts] = []
    owed: list[Owed] = []
    for step in steps:
        if step == "bill":
            charges = [in_state(c, ChargeState.INVOICED) if c.is_open else c for c in charges]
            continue
        owed = {"reach": [DUE], "dearer": [DEARER], "retract": []}[step]
        charges = applied(decide(owed, charges), charges)
        assert decide(owed, charges) == Decisions()
        assert len({(c.slot, c.sequence) for c in charges}) == len(charges)
        counting = [c for c in charges if c.state != ChargeState.CANCELLED]
        # An invoiced price stays although the list changed, so the count is compared and not the sum.
        assert sum(-1 if c.reverses else 1 for c in counting) == len(owed)
