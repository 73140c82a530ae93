"""Trees for tests: written short, and drawn at random over all fields and operators."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from milestones.condition_fields import FIELDS, Field

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def row(field: str, op: str, value: Any = None) -> dict[str, Any]:
    return {"field": field, "op": op} if value is None else {"field": field, "op": op, "value": value}


_TEXTS = (
    "NLRTM",
    "CNSGH",
    "NL",
    "CN",
    "ACME",
    "acme",
    "A%",
    "A_",
    "'",
    '"\\',
    "ÄÖ",
    "ß",
    "MSCU1234567",
    "EUR",
    "DEPARTED",
)
_SPANS = ("now", "now-3d", "now+12h", "now-1w", "now+90m", "now-1440m", "now+3650d")


def _one(field: Field, seen: Sequence[Any]) -> st.SearchStrategy[Any]:
    """A value of the field's type: mostly one that rows have, or just beside it."""
    if field.choices:
        return st.sampled_from([value for value, _ in field.choices])
    if field.type == "flag":
        return st.booleans()
    if field.type in ("text", "codes"):
        return st.sampled_from([*_TEXTS, *seen]) | st.text(st.characters(codec="utf-8"), min_size=1, max_size=8).filter(
            str.isprintable
        )
    if field.type == "number":
        near = [value + step for value in seen for step in (-1, -0.5, 0, 1) if abs(value) < 10**9 - 1]
        return st.sampled_from([0, 0.1, -3, *near]) | st.integers(-(10**9), 10**9) | st.floats(-1e9, 1e9)
    if field.type == "money":
        near = [str(value) for value in seen]
        return st.sampled_from(["0", "-0.01", *near]) | st.integers(-(10**13), 10**13)
    near = [(value + timedelta(microseconds=step)).isoformat() for value in seen for step in (-1, 0, 1)]
    return st.sampled_from([*_SPANS, "2026-11-03T12:00:00+01:00", *near])


def _leaves(field: Field, seen: Sequence[Any]) -> st.SearchStrategy[dict[str, Any]]:
    value = _one(field, seen)

    def leaf(op: str) -> st.SearchStrategy[dict[str, Any]]:
        if op in ("is_empty", "is_not_empty"):
            return st.just(row(field.name, op))
        drawn = st.lists(value, min_size=1, max_size=4) if op in ("in", "not_in") else value
        return drawn.map(lambda given: {"field": field.name, "op": op, "value": given})

    return st.sampled_from(field.operators).flatmap(leaf)


def trees(seen: Mapping[str, Sequence[Any]]) -> st.SearchStrategy[dict[str, Any]]:
    """`seen`: values that rows have, by field."""
    leaf = st.one_of([_leaves(field, seen.get(name, ())) for name, field in FIELDS.items()])
    groups = st.recursive(
        leaf,
        lambda inner: (
            st.lists(inner, min_size=1, max_size=4).map(lambda branches: {"all": branches})
            | st.lists(inner, min_size=1, max_size=4).map(lambda branches: {"any": branches})
            | inner.map(lambda branch: {"not": branch})
        ),
        max_leaves=10,
    )
    return groups.filter(_is_shallow)


def _is_shallow(tree: dict[str, Any]) -> bool:
    return _depth(tree) <= 8


def _depth(tree: dict[str, Any]) -> int:
    if "field" in tree:
        return 1
    ((_, inner),) = tree.items()
    branches = inner if isinstance(inner, list) else [inner]
    return 1 + max(_depth(branch) for branch in branches)
