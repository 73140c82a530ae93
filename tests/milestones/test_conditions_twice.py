"""The two compilers say the same of every stored row (decision 0015). More examples: WAYMARK_CONDITION_EXAMPLES."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.bulk import fetch_rows
from milestones.condition_fields import FIELDS
from milestones.conditions import compile_condition, fields_of
from milestones.services.condition_sql import compile_sql, load_named
from tests.milestones.condition_trees import NOW, row, trees
from tests.milestones.condition_world import World, python_rows

EXAMPLES = int(os.environ.get("WAYMARK_CONDITION_EXAMPLES", "300"))


def by_sql(tree: Mapping[str, Any], now: datetime) -> set[int]:
    compiled = compile_sql(tree, now=now)
    sql = f"SELECT m.id FROM milestones_milestone m {compiled.joins} WHERE {compiled.where}"
    return {pk for (pk,) in fetch_rows(sql, compiled.values)}


def by_python(tree: Mapping[str, Any], rows: Mapping[int, Mapping[str, Any]]) -> set[int]:
    test = compile_condition(tree)
    return {pk for pk, facts in rows.items() if test(facts)}


def seen_in(rows: Mapping[int, Mapping[str, Any]]) -> dict[str, list[Any]]:
    """The values that stand in the rows, by field, in a fixed order; of several codes each for itself."""
    seen: dict[str, list[Any]] = {}
    for name, field in FIELDS.items():
        values = {facts[name] for facts in rows.values()} - {None}
        if field.type == "codes":
            values = {code for codes in values for code in codes}
        seen[name] = sorted(values)
    return seen


@pytest.mark.parametrize("seed", [1, 2])
def test_random_conditions_hold_for_the_same_rows_in_sql_and_in_python(db: None, seed: int) -> None:
    World(seed=seed)
    moments = [NOW, NOW + timedelta(days=2, microseconds=1)]
    rows = {now: python_rows(now) for now in moments}

    @settings(max_examples=EXAMPLES // 2)
    @given(trees(seen_in(rows[NOW])), st.sampled_from(moments))
    def agree(tree: dict[str, Any], now: datetime) -> None:
        assert by_sql(tree, now) == by_python(tree, rows[now])

    agree()


def test_every_field_and_operator_holds_for_the_same_rows(db: None) -> None:
    """Each by itself, with values that stand in the rows."""
    World(seed=3)
    rows = python_rows(NOW)
    seen = seen_in(rows)
    for name, field in FIELDS.items():
        assert seen[name], name
        assert any(facts[name] is None for facts in rows.values()) or name in _NEVER_EMPTY, name
        for op in field.operators:
            for value in [value for value in seen[name] if field.type != "number" or abs(value) < 10**9][:3]:
                tree = row(name, op, _written(value, op))
                assert by_sql(tree, NOW) == by_python(tree, rows), tree
                assert by_sql({"not": tree}, NOW) == set(rows) - by_python(tree, rows), tree


_SOMETIMES = {"shipment.service", "shipment.days_since_last_event"}
_OF_SHIPMENT = {name for name, field in FIELDS.items() if field.is_about == "shipment" and field.type != "instant"}
_NEVER_EMPTY = (_OF_SHIPMENT - _SOMETIMES) | {
    "milestone.code", "milestone.place_role", "milestone.state", "milestone.audience", "milestone.responsible",
    "milestone.is_mandatory", "milestone.is_inferred", "partner.customer_kind",
}  # fmt: skip


def _written(value: Any, op: str) -> Any:
    """As it stands in a tree."""
    if op in ("is_empty", "is_not_empty"):
        return None
    plain = value if isinstance(value, (bool, int, str)) else str(value)
    plain = value.isoformat() if isinstance(value, datetime) else plain
    return [plain] if op in ("in", "not_in") else plain


def test_what_is_loaded_by_name_costs_one_query_or_none(db: None, django_assert_num_queries: Any) -> None:
    World(size=3)
    ids = list(python_rows(NOW)) or [1]
    with django_assert_num_queries(0):
        assert load_named(ids, ["shipment.mode", "milestone.code"]) == {}
    with django_assert_num_queries(1):
        load_named(ids, fields_of({"all": [row("partner.carrier", "is", "MSC"), row("money.margin", "less", "1")]}))
