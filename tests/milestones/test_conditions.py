"""What a condition may be, and what it says of one row."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from milestones.condition_fields import FIELDS, LINE_FIELDS
from milestones.condition_words import About, FieldType, Operator
from milestones.conditions import ConditionError, check, compile_condition, fields_of, flips
from tests.milestones.condition_trees import NOW, row, trees

OCEAN = row("shipment.mode", "is", "ocean")
AIR = row("shipment.mode", "is", "air")
DAY, TICK = timedelta(days=1), timedelta(microseconds=1)


def holds(tree: dict[str, Any], /, **facts: Any) -> bool:
    """Of a row with these facts; `__` stands for the dot."""
    return compile_condition(tree)({"now": NOW, **{name.replace("__", "."): fact for name, fact in facts.items()}})


def refused(tree: object, **fields: Any) -> tuple[str, str]:
    with pytest.raises(ConditionError) as error:
        check(tree, **fields)
    return error.value.path, error.value.code


def test_every_field_has_a_type_and_is_about_what_its_name_says() -> None:
    assert {field.type for field in FIELDS.values()} == set(FieldType.values)
    assert {field.is_about for field in FIELDS.values()} == set(About.values)
    assert all(name == field.name and name.startswith(f"{field.is_about}.") for name, field in FIELDS.items())
    assert {field.type for field in FIELDS.values() if field.choices} == {"choice", "codes"}


def test_lines_ask_only_for_what_is_known_before_anything_is_evaluated() -> None:
    assert {field.is_about for field in LINE_FIELDS.values()} == {"shipment", "partner"}
    assert sorted(name for name in FIELDS if name.startswith("shipment.") and name not in LINE_FIELDS) == [
        "shipment.completeness", "shipment.days_since_last_event", "shipment.expected_arrival_at", "shipment.health",
        "shipment.last_event_at", "shipment.progress", "shipment.status",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("tree", "path", "code"),
    [
        ("ocean", "", "shape"),
        ({}, "", "shape"),
        ([], "", "shape"),
        ({"all": [OCEAN], "any": [AIR]}, "", "shape"),
        ({"none": [OCEAN]}, "", "shape"),
        ({"all": OCEAN}, "", "shape"),
        ({"all": []}, "all", "empty_group"),
        ({"all": [OCEAN, {"any": []}]}, "all.1.any", "empty_group"),
        ({"not": None}, "not", "shape"),
        ({"all": [OCEAN, "x"]}, "all.1", "shape"),
        ({**OCEAN, "also": 1}, "", "shape"),
        (row("shipment.colour", "is", "red"), "field", "unknown_field"),
        (row(None, "is", "red"), "field", "unknown_field"),  # type: ignore[arg-type]
        ({"any": [{"not": row("shipment.mode", "like", "o%")}]}, "any.0.not.op", "unknown_operator"),
        ({"field": "shipment.mode"}, "op", "unknown_operator"),
        ({"field": "shipment.mode", "op": ["is"], "value": "ocean"}, "op", "unknown_operator"),
        (row("shipment.mode", "less", "ocean"), "op", "other_operator"),
        (row("shipment.mode", "is", "sea"), "value", "choice"),
        (row("shipment.mode", "is"), "value", "text"),
        (row("shipment.mode", "is_empty", "x"), "value", "no_value"),
        (row("shipment.mode", "in", "ocean"), "value", "list"),
        (row("shipment.mode", "in", []), "value", "list"),
        (row("shipment.mode", "in", ["ocean"] * 51), "value", "list"),
        (row("shipment.mode", "in", ["ocean", "sea"]), "value.1", "choice"),
        (row("shipment.reference", "is", ""), "value", "text"),
        (row("shipment.reference", "is", "x" * 101), "value", "text"),
        (row("shipment.reference", "is", "a\x00"), "value", "text"),
        (row("shipment.reference", "is", "\ud800"), "value", "text"),
        (row("shipment.units", "is", "3"), "value", "number"),
        (row("shipment.units", "is", True), "value", "number"),
        (row("shipment.units", "is", float("nan")), "value", "number"),
        (row("shipment.units", "is", float("inf")), "value", "number"),
        (row("shipment.units", "is", 10**9 + 1), "value", "number"),
        (row("money.cost", "less", 1.5), "value", "money"),
        (row("money.cost", "less", "1.005"), "value", "money"),
        (row("money.cost", "less", "1e14"), "value", "money"),
        (row("money.cost", "less", "much"), "value", "money"),
        (row("money.cost", "less", "NaN"), "value", "money"),
        (row("money.cost", "less", "1" * 101), "value", "money"),
        (row("money.cost", "less", 10**14), "value", "money"),
        (row("money.cost", "less", True), "value", "money"),
        (row("shipment.is_cancelled", "is", "yes"), "value", "flag"),
        (row("shipment.etd", "less", "2026-03-01"), "value", "instant"),
        (row("shipment.etd", "less", "2026-03-01T12:00:00"), "value", "instant"),
        (row("shipment.etd", "less", "1200-03-01T12:00:00Z"), "value", "instant"),
        (row("shipment.etd", "less", "etd+2d"), "value", "instant"),
        (row("shipment.etd", "less", "now-3651d"), "value", "instant"),
        (row("shipment.etd", "less", "now-3"), "value", "instant"),
        (row("shipment.etd", "less", 5), "value", "instant"),
    ],
)  # fmt: skip
def test_what_is_no_condition_is_refused_where_it_is_wrong(tree: object, path: str, code: str) -> None:
    assert refused(tree) == (path, code)


def test_a_refusal_says_what_is_wrong_in_the_language_of_the_reader() -> None:
    with pytest.raises(ConditionError, match=r"^all\.0\.op: “is less than” does not go with this field\.$"):
        check({"all": [row("shipment.mode", "less", "ocean")]})
    with translation.override("en"), pytest.raises(ConditionError, match=r"^A condition is a group"):
        check("x")


def test_conditions_stand_eight_levels_deep_and_no_deeper() -> None:
    tree: dict[str, Any] = OCEAN
    for _ in range(7):
        tree = {"not": tree}
    check(tree)
    assert refused({"not": tree}) == (".".join(["not"] * 8), "too_deep")


def test_a_tree_of_any_depth_is_refused_and_not_walked_to_its_end() -> None:
    tree: dict[str, Any] = OCEAN
    for _ in range(5000):
        tree = {"not": tree}
    assert refused(tree)[1] == "too_deep"


def test_a_rule_has_a_hundred_conditions_and_groups_at_most() -> None:
    check({"all": [OCEAN] * 99})
    assert refused({"all": [OCEAN] * 100}) == ("all.99", "too_many")


def test_a_line_may_not_ask_for_what_is_only_known_later() -> None:
    check(row("partner.carrier", "is", "MSC"), LINE_FIELDS)
    assert refused(row("milestone.state", "is", "planned"), fields=LINE_FIELDS) == ("field", "other_field")


@given(st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.sampled_from(
        [*FIELDS, *Operator.values]
    ),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(["all", "any", "not", "field", "op", "value"]), inner, max_size=3
    ),
    max_leaves=12,
))  # fmt: skip
def test_anything_is_either_a_condition_or_refused(tree: object) -> None:
    try:
        check(tree)
    except ConditionError as error:
        assert error.code
    else:
        assert compile_condition(tree)({"now": NOW}) in (True, False)  # type: ignore[arg-type]


@given(trees({}))
def test_a_condition_survives_json_and_asks_only_for_known_fields(tree: dict[str, Any]) -> None:
    again = json.loads(json.dumps(tree))
    check(again)
    assert fields_of(again) <= set(FIELDS)
    assert compile_condition(again)({"now": NOW}) == compile_condition(tree)({"now": NOW})


@pytest.mark.parametrize(
    ("op", "value", "yes", "no"),
    [
        ("is", "ocean", ["ocean"], ["air"]),
        ("is_not", "ocean", ["air"], ["ocean"]),
        ("in", ["ocean", "air"], ["ocean", "air"], ["road"]),
        ("not_in", ["ocean", "air"], ["road"], ["ocean", "air"]),
    ],
)
def test_text_is_compared(op: str, value: Any, yes: list[str], no: list[str]) -> None:
    tree = row("shipment.mode", op, value)
    assert [holds(tree, shipment__mode=mode) for mode in [*yes, *no, None]] == [True] * len(yes) + [False] * (
        len(no) + 1
    )


def test_text_begins_and_contains_as_written() -> None:
    begins, contains = (
        row("shipment.reference", op, value) for op, value in (("starts_with", "AB"), ("contains", "_"))
    )
    assert [holds(begins, shipment__reference=each) for each in ("ABC", "abc", None)] == [True, False, False]
    assert [holds(contains, shipment__reference=each) for each in ("A_B", "AB", None)] == [True, False, False]


@pytest.mark.parametrize(
    ("op", "answers"),
    [
        ("less", [True, False, False]),
        ("at_most", [True, True, False]),
        ("more", [False, False, True]),
        ("at_least", [False, True, True]),
    ],
)
def test_numbers_sums_and_instants_are_ordered(op: str, answers: list[bool]) -> None:
    assert [holds(row("shipment.units", op, 2), shipment__units=n) for n in (1, 2, 3)] == answers
    assert [holds(row("money.cost", op, "2.50"), money__cost=Decimal(n)) for n in ("2.49", "2.5", "2.51")] == answers
    around = [NOW - 3 * DAY + step for step in (-TICK, 0 * TICK, TICK)]
    assert [holds(row("shipment.etd", op, "now-3d"), shipment__etd=at) for at in around] == answers
    fixed = row("shipment.etd", op, (NOW - 3 * DAY).isoformat())
    assert [holds(fixed, shipment__etd=at) for at in around] == answers
    nothing = [row("shipment.units", op, 2), row("money.cost", op, "2.50"), fixed, row("shipment.etd", op, "now-3d")]
    assert [holds(tree) for tree in nothing] == [False] * 4


def test_now_is_the_instant_it_is_looked_at() -> None:
    tree = row("shipment.etd", "at_most", "now")
    assert compile_condition(tree)({"now": NOW, "shipment.etd": NOW})
    assert not compile_condition(tree)({"now": NOW - TICK, "shipment.etd": NOW})


def test_several_codes_are_asked_for_one_or_any_or_none_of_them() -> None:
    roles = frozenset({"customer", "carrier"})
    assert holds(row("partner.roles", "contains", "carrier"), partner__roles=roles)
    assert not holds(row("partner.roles", "contains", "terminal"), partner__roles=roles)
    assert holds(row("partner.roles", "in", ["terminal", "carrier"]), partner__roles=roles)
    assert holds(row("partner.roles", "not_in", ["terminal"]), partner__roles=roles)
    assert not holds(row("partner.roles", "not_in", ["carrier"]), partner__roles=roles)
    assert [holds(row("partner.roles", op, ["carrier"])) for op in ("in", "not_in")] == [False, False]
    assert holds(row("partner.roles", "is_empty"))
    assert holds(row("partner.roles", "is_not_empty"), partner__roles=roles)


def test_an_empty_value_makes_a_comparison_false_and_not_turns_it_round() -> None:
    tree = row("milestone.minutes_late", "more", 60)
    assert (holds(tree), holds({"not": tree})) == (False, True)
    assert holds(row("milestone.minutes_late", "is_empty"))
    assert not holds(row("milestone.minutes_late", "is_not_empty"))


@pytest.mark.parametrize("size", range(1, 10))
def test_groups_of_any_size_hold_as_they_say(size: int) -> None:
    for false_at in range(size):
        branches = [AIR if number == false_at else OCEAN for number in range(size)]
        others = [OCEAN if number == false_at else AIR for number in range(size)]
        assert not holds({"all": branches}, shipment__mode="ocean")
        assert holds({"any": others}, shipment__mode="ocean")
    assert holds({"all": [OCEAN] * size}, shipment__mode="ocean")
    assert not holds({"any": [AIR] * size}, shipment__mode="ocean")


def test_a_moving_number_asks_for_the_instant_it_counts_from() -> None:
    tree = {"any": [row("milestone.minutes_overdue", "at_least", 30), {"not": OCEAN}]}
    assert fields_of(tree) == {"milestone.minutes_overdue", "milestone.expected_at", "shipment.mode"}


def test_an_instant_flips_when_now_comes_to_it() -> None:
    etd = NOW + DAY
    assert flips(row("shipment.etd", "at_most", "now"), {"shipment.etd": etd}, NOW) == [etd]
    assert flips(row("shipment.etd", "less", "now-2h"), {"shipment.etd": etd}, NOW) == [etd + timedelta(hours=2) + TICK]
    assert flips(row("shipment.etd", "more", "now"), {"shipment.etd": NOW - DAY}, NOW) == []
    assert flips(row("shipment.etd", "more", "2027-01-01T00:00:00Z"), {"shipment.etd": etd}, NOW) == []
    assert flips(row("shipment.etd", "more", "now"), {}, NOW) == []
    assert flips(row("shipment.etd", "is_empty"), {"shipment.etd": etd}, NOW) == []


def test_what_is_too_far_away_does_not_flip() -> None:
    facts = {"shipment.days_since_last_event": 0, "shipment.last_event_at": NOW}
    assert flips(row("shipment.days_since_last_event", "more", 10**9), facts, NOW) == []


def _at(clock: datetime, anchor: datetime) -> dict[str, Any]:
    """A row whose moving facts count from `anchor`, at `clock`."""
    return {
        "now": clock,
        "shipment.etd": anchor,
        "shipment.last_event_at": anchor,
        "shipment.days_since_last_event": (clock - anchor) // DAY,
        "milestone.expected_at": anchor,
        "milestone.minutes_overdue": (clock - anchor) // timedelta(minutes=1),
        "milestone.minutes_to_due": (anchor - clock) // timedelta(minutes=1),
    }


_ORDER = ("less", "at_most", "more", "at_least")
_MOVING = st.one_of(
    st.builds(row, st.just("shipment.etd"), st.sampled_from(_ORDER), st.sampled_from(["now", "now-3d", "now+2h"])),
    st.builds(
        row,
        st.sampled_from(
            ["shipment.days_since_last_event", "milestone.minutes_overdue", "milestone.minutes_to_due"]
        ),
        st.sampled_from([*_ORDER, "is", "is_not"]),
        st.integers(-5, 5) | st.sampled_from([0.5, -1.5, 2.25]),
    ),
    st.builds(
        row, st.just("milestone.minutes_overdue"), st.sampled_from(["in", "not_in"]), st.lists(
            st.integers(-5, 5), min_size=1, max_size=3
        )
    ),
)  # fmt: skip


@given(_MOVING, st.integers(-7 * 86_400, 7 * 86_400), st.lists(st.integers(0, 15 * 86_400), min_size=1, max_size=20))
def test_between_two_flips_the_answer_stays(tree: dict[str, Any], seconds: int, later: list[int]) -> None:
    anchor = NOW + timedelta(seconds=seconds)
    test = compile_condition(tree)
    moments = flips(tree, _at(NOW, anchor), NOW)
    assert moments == sorted(moments)
    for moment in moments:
        assert moment > NOW
    for seconds_later in later:
        at = NOW + timedelta(seconds=seconds_later)
        last = max((moment for moment in moments if moment <= at), default=NOW)
        assert test(_at(at, anchor)) == test(_at(last, anchor))


@given(_MOVING, st.integers(-86_400, 86_400))
def test_at_a_flip_the_answer_changes(tree: dict[str, Any], seconds: int) -> None:
    anchor = NOW + timedelta(seconds=seconds)
    test = compile_condition(tree)
    if tree["op"] in ("in", "not_in"):
        return  # neighbours may both be listed
    for moment in flips(tree, _at(NOW, anchor), NOW):
        assert test(_at(moment, anchor)) != test(_at(moment - TICK, anchor)) or tree["op"] in ("is", "is_not")


def test_instants_are_read_with_their_offset() -> None:
    tree = row("shipment.etd", "at_least", "2026-11-20T13:00:00+01:00")
    assert holds(tree, shipment__etd=datetime(2026, 11, 20, 12, 0, tzinfo=UTC))
    assert not holds(tree, shipment__etd=datetime(2026, 11, 20, 11, 59, tzinfo=UTC))
