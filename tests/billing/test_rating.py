"""Rating, by table and against exact fractions."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.enums import RateBasis, Side
from billing.rating import (
    ChargeDraft,
    RateFacts,
    ReachedMilestone,
    RuleFacts,
    ShipmentFacts,
    TariffFacts,
    Unpriced,
    owed,
    rate,
)
from core.money import minor_units
from milestones.enums import PlaceRole

AT = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
RULE = RuleFacts(1, "freight", "FREIGHT", "Freight", Side.SELL, "", "DEPARTED", PlaceRole.ANY)
SHIPMENT = ShipmentFacts(id=1, customer=7, mode="ocean", billing_currency="EUR", units=3)
DEPARTED = ReachedMilestone("L2", 2, "DEPARTED", PlaceRole.POL, AT)
RATE = RateFacts("FREIGHT", "", RateBasis.PER_SHIPMENT, Decimal("100.00"), None, Decimal(0))
HOUSE = TariffFacts("HOUSE", "House", Side.SELL, "EUR", None, date(2026, 1, 1), None, (RATE,))


def priced(price: str, **changes: object) -> RateFacts:
    return replace(RATE, price=Decimal(price), **changes)


def tariff(code: str, *rates: RateFacts, **changes: object) -> TariffFacts:
    return replace(HOUSE, code=code, name=code, rates=rates or (RATE,), **changes)


def amount(
    tariffs: list[TariffFacts], milestone: ReachedMilestone = DEPARTED, shipment: ShipmentFacts = SHIPMENT
) -> str:
    result = rate(RULE, shipment, milestone, tariffs)
    assert isinstance(result, ChargeDraft)
    return f"{result.amount} {result.currency}"


def reason(tariffs: list[TariffFacts], shipment: ShipmentFacts = SHIPMENT) -> str:
    result = rate(RULE, shipment, DEPARTED, tariffs)
    assert isinstance(result, Unpriced)
    return result.reason


@pytest.mark.parametrize(
    ("tariffs", "expected"),
    [
        ([HOUSE], "100.00 EUR"),
        ([HOUSE, tariff("OWN", priced("80"), customer=7)], "80.00 EUR"),
        ([HOUSE, tariff("OTHERS", priced("60"), customer=8)], "100.00 EUR"),
        ([tariff("A", priced("100"), priced("90", mode="ocean"), priced("70", mode="air"))], "90.00 EUR"),
        ([tariff("OWN", priced("80"), customer=7), tariff("B", priced("90", mode="ocean"))], "80.00 EUR"),
        ([HOUSE, tariff("USD", currency="USD")], "100.00 EUR"),
        ([HOUSE, tariff("NEWER", priced("110"), valid_from=date(2026, 6, 1))], "110.00 EUR"),
        ([HOUSE, tariff("BUYING", priced("40"), side=Side.BUY)], "100.00 EUR"),
        ([tariff("B", priced("2")), tariff("A", priced("1"))], "1.00 EUR"),
    ],
)
def test_the_nearest_price_list_is_chosen_in_any_order(tariffs: list[TariffFacts], expected: str) -> None:
    assert (amount(tariffs), amount(tariffs[::-1])) == (expected, expected)


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        (datetime(2026, 11, 1, 0, 0, tzinfo=UTC), "new"),
        (datetime(2026, 10, 31, 23, 59, tzinfo=UTC), "old"),
        # Half past midnight in Berlin is the evening before in UTC.
        (datetime(2026, 11, 1, 0, 30, tzinfo=timezone(timedelta(hours=1))), "old"),
    ],
)
def test_the_utc_day_it_was_earned_decides_which_list_is_valid(at: datetime, expected: str) -> None:
    lists = [
        tariff("OLD", priced("1"), valid_until=date(2026, 10, 31)),
        tariff("NEW", priced("2"), valid_from=date(2026, 11, 1)),
    ]
    assert amount(lists, replace(DEPARTED, earned_at=at)) == {"old": "1.00 EUR", "new": "2.00 EUR"}[expected]


@pytest.mark.parametrize(
    ("price", "minimum", "units", "expected"),
    [
        ("10.005", None, 1, "10.01 EUR"),
        ("0.335", None, 3, "1.01 EUR"),
        ("10", "25", 2, "25.00 EUR"),
        ("10", "25", 3, "30.00 EUR"),
        ("0", None, 4, "0.00 EUR"),
    ],
)
def test_units_and_minimum_make_the_amount(price: str, minimum: str | None, units: int, expected: str) -> None:
    least = Decimal(minimum) if minimum else None
    lists = [tariff("T", priced(price, basis=RateBasis.PER_UNIT, minimum=least))]
    assert amount(lists, shipment=replace(SHIPMENT, units=units)) == expected


@given(
    price=st.decimals(min_value=0, max_value=10**8, places=4),
    units=st.integers(min_value=1, max_value=9999),
    currency=st.sampled_from(["EUR", "JPY", "KWD"]),
)
def test_the_amount_is_the_exact_product_rounded_half_up(price: Decimal, units: int, currency: str) -> None:
    lists = [tariff("T", priced(str(price), basis=RateBasis.PER_UNIT), currency=currency)]
    result = rate(RULE, replace(SHIPMENT, units=units), DEPARTED, lists)
    assert isinstance(result, ChargeDraft)
    scale = 10 ** minor_units(currency)
    exact = Fraction(price) * units * scale
    assert Fraction(result.amount) * scale == (2 * exact.numerator + exact.denominator) // (2 * exact.denominator)


def test_what_has_no_price_says_why() -> None:
    per_unit = tariff("T", replace(RATE, basis=RateBasis.PER_UNIT))
    assert reason([]) == "No price list has FREIGHT by ocean on 2026-11-02."
    assert reason([per_unit], replace(SHIPMENT, units=0)) == "FREIGHT is charged per unit and the shipment lists none."


def test_the_explanation_can_be_recomputed_by_a_reader() -> None:
    lists = [tariff("House", priced("45.5", mode="ocean", basis=RateBasis.PER_UNIT, minimum=Decimal(100)))]
    result = rate(RULE, SHIPMENT, DEPARTED, lists)
    assert isinstance(result, ChargeDraft)
    assert result.explanation == "House: FREIGHT (ocean), 3 × 45.5, at least 100 = 136.50 EUR"


@pytest.mark.parametrize(
    ("rule", "slots"),
    [
        (RULE, [{"L2", "L4"}]),
        (replace(RULE, place_role=PlaceRole.POL), [{"L2"}]),
        (replace(RULE, place_role=PlaceRole.DESTINATION), []),
        (replace(RULE, mode="air"), []),
        (replace(RULE, mode="ocean"), [{"L2", "L4"}]),
        (replace(RULE, milestone="ARRIVED"), []),
    ],
)
def test_a_rule_fires_once_a_shipment_on_its_kind_of_milestone(rule: RuleFacts, slots: list[set[str]]) -> None:
    again = replace(DEPARTED, slot="L4", position=4, place_role=PlaceRole.TRANSIT, earned_at=AT - timedelta(days=9))
    found = owed([rule], SHIPMENT, [again, DEPARTED], [HOUSE])
    assert [set(one.slots) for one in found] == slots
    assert [one.result.slot for one in found] == ["L2"] * len(slots)


# --- charges that a line of the template names, and lines that stand once a unit ------------------------------------

GATE_OUT = ReachedMilestone("L5", 5, "GATE_OUT", PlaceRole.POD, AT, ("FREIGHT",))
PER_UNIT = tariff("UNITS", priced("100", basis=RateBasis.PER_UNIT))


def found(
    rules: list[RuleFacts], *reached: ReachedMilestone, tariffs: tuple[TariffFacts, ...] = (HOUSE,)
) -> list[tuple[int, str, str, list[str]]]:
    """(rule, slot that names the charge, quantity and amount or the reason, slots) of everything owed."""
    rows = []
    for one in owed(rules, SHIPMENT, list(reached), list(tariffs)):
        result = one.result
        what = f"{result.quantity} {result.amount}" if isinstance(result, ChargeDraft) else result.reason
        rows.append((result.rule.id, result.slot, what, sorted(one.slots)))
    return rows


def test_a_line_that_names_a_charge_fires_its_rule_whatever_the_milestone() -> None:
    assert found([RULE], GATE_OUT) == [(1, "L5", "1 100.00", ["L5"])]
    assert found([RULE], replace(GATE_OUT, charges=("OTHER",))) == []
    assert found([replace(RULE, mode="air")], GATE_OUT) == []
    assert found([replace(RULE, place_role=PlaceRole.POL)], GATE_OUT) == [(1, "L5", "1 100.00", ["L5"])]


def test_what_fires_both_ways_is_charged_once() -> None:
    both = replace(DEPARTED, charges=("FREIGHT",))
    assert found([RULE], both) == [(1, "L2", "1 100.00", ["L2"])]
    assert found([RULE], GATE_OUT, DEPARTED) == [(1, "L2", "1 100.00", ["L2", "L5"])]


@pytest.mark.parametrize(
    ("second", "fires"),
    [
        ({}, 1),
        ({"mode": "ocean"}, 2),
        ({"milestone": "GATE_OUT"}, 2),
        ({"mode": "ocean", "is_active": False}, 1),
        ({"mode": "air"}, 1),
    ],
)
def test_of_several_rules_of_one_code_a_line_fires_the_nearest(second: dict[str, object], fires: int) -> None:
    rules = [RULE, replace(RULE, id=2, code="second", **second)]
    assert [row[0] for row in found(rules, GATE_OUT)] == [fires]
    assert [row[0] for row in found(rules[::-1], GATE_OUT)] == [fires]


def test_a_line_fires_the_rules_of_both_sides() -> None:
    buying = replace(RULE, id=2, side=Side.BUY)
    lists = (HOUSE, tariff("BUY", priced("60"), side=Side.BUY))
    assert found([RULE, buying], GATE_OUT, tariffs=lists) == [
        (1, "L5", "1 100.00", ["L5"]), (2, "L5", "1 60.00", ["L5"]),
    ]  # fmt: skip


def of_unit(unit: str, **changes: object) -> ReachedMilestone:
    return replace(GATE_OUT, slot=f"L5:U{unit}", **changes)


def test_a_price_per_unit_is_owed_for_each_unit_when_its_own_milestone_is_reached() -> None:
    one, two = of_unit("MSKU1"), of_unit("MSKU2", earned_at=AT + timedelta(days=1))
    assert found([RULE], two, tariffs=(PER_UNIT,)) == [(1, "L5:UMSKU2", "1 100.00", ["L5:UMSKU2"])]
    assert found([RULE], two, one, tariffs=(PER_UNIT,)) == [
        (1, "L5:UMSKU1", "1 100.00", ["L5:UMSKU1"]), (1, "L5:UMSKU2", "1 100.00", ["L5:UMSKU2"]),
    ]  # fmt: skip
    # By the kind of the milestone as by the line, and both ways at once.
    by_kind = replace(RULE, milestone="GATE_OUT")
    assert len(found([by_kind], replace(one, charges=()), replace(two, charges=()), tariffs=(PER_UNIT,))) == 2
    assert len(found([by_kind], one, two, tariffs=(PER_UNIT,))) == 2


def test_two_milestones_of_one_unit_are_one_charge_of_it() -> None:
    emptied = replace(GATE_OUT, slot="L9:UMSKU1", position=9)
    assert found([RULE], emptied, of_unit("MSKU1"), of_unit("MSKU2"), tariffs=(PER_UNIT,)) == [
        (1, "L5:UMSKU1", "1 100.00", ["L5:UMSKU1", "L9:UMSKU1"]), (1, "L5:UMSKU2", "1 100.00", ["L5:UMSKU2"]),
    ]  # fmt: skip


def test_a_price_per_shipment_is_owed_once_however_many_units_legs_and_stops() -> None:
    units = [of_unit("MSKU2"), of_unit("MSKU1")]
    assert found([RULE], *units) == [(1, "L5:UMSKU1", "1 100.00", ["L5:UMSKU1", "L5:UMSKU2"])]
    parts = [replace(GATE_OUT, slot=slot) for slot in ("L5:G1", "L5:G2", "L5:S1")]
    assert found([RULE], *parts) == [(1, "L5:G1", "1 100.00", ["L5:G1", "L5:G2", "L5:S1"])]
    assert found([RULE], *parts, tariffs=(PER_UNIT,)) == [(1, "L5:G1", "3 300.00", ["L5:G1", "L5:G2", "L5:S1"])]


def test_where_the_whole_shipment_reached_it_too_it_is_owed_for_all_units_once() -> None:
    whole = replace(GATE_OUT, slot="L2", position=2)
    assert found([RULE], of_unit("MSKU1"), whole, tariffs=(PER_UNIT,)) == [
        (1, "L2", "3 300.00", ["L2", "L5:UMSKU1"])
    ]  # fmt: skip
    unplanned = replace(GATE_OUT, slot="X:GATE_OUT:USNYC:1")
    assert (unplanned.unit, of_unit("MSKU1").unit) == ("", "MSKU1")


def test_each_unit_has_the_price_of_its_own_day_and_waits_for_one_by_itself() -> None:
    ends = tariff("OLD", priced("100", basis=RateBasis.PER_UNIT), valid_until=AT.date())
    early, late = of_unit("MSKU2"), of_unit("MSKU1", earned_at=AT + timedelta(days=1))
    waits = "No price list has FREIGHT by ocean on 2026-11-03."
    assert found([RULE], early, late, tariffs=(ends,)) == [
        (1, "L5:UMSKU1", waits, ["L5:UMSKU1"]), (1, "L5:UMSKU2", "1 100.00", ["L5:UMSKU2"]),
    ]  # fmt: skip
    assert [row[1] for row in found([RULE], early, late, tariffs=())] == ["L5:UMSKU1", "L5:UMSKU2"]


@given(st.permutations(["MSKU1", "MSKU2", "MSKU3", "MSKU4"]), st.integers(min_value=0, max_value=4))
def test_the_order_in_which_units_come_changes_nothing(units: list[str], count: int) -> None:
    reached = [of_unit(unit) for unit in units[:count]]
    assert found([RULE], *reached, tariffs=(PER_UNIT,)) == found(
        [RULE], *sorted(reached, key=lambda m: m.slot), tariffs=(PER_UNIT,)
    )
    assert len(found([RULE], *reached, tariffs=(PER_UNIT,))) == count
