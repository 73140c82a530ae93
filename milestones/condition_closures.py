"""The pieces that a condition compiles to for one row: closures that take a mapping and answer yes or no. Pure.

They are what the sweep calls for every milestone, so each does one look-up and one comparison. An empty value is None.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any

Row = Mapping[str, Any]
Test = Callable[[Row], bool]


def _is(name: str, wanted: Any) -> Test:
    return lambda row: row.get(name) == wanted


def _is_not(name: str, wanted: Any) -> Test:
    return lambda row: (value := row.get(name)) is not None and value != wanted


def _in(name: str, wanted: Sequence[Any]) -> Test:
    values = frozenset(wanted)
    # None is never among them.
    return lambda row: row.get(name) in values


def _not_in(name: str, wanted: Sequence[Any]) -> Test:
    values = frozenset(wanted)
    return lambda row: (value := row.get(name)) is not None and value not in values


def _less(name: str, wanted: Any) -> Test:
    return lambda row: (value := row.get(name)) is not None and value < wanted


def _at_most(name: str, wanted: Any) -> Test:
    return lambda row: (value := row.get(name)) is not None and value <= wanted


def _more(name: str, wanted: Any) -> Test:
    return lambda row: (value := row.get(name)) is not None and value > wanted


def _at_least(name: str, wanted: Any) -> Test:
    return lambda row: (value := row.get(name)) is not None and value >= wanted


def _starts_with(name: str, wanted: str) -> Test:
    return lambda row: (value := row.get(name)) is not None and value.startswith(wanted)


def _contains(name: str, wanted: str) -> Test:
    return lambda row: (value := row.get(name)) is not None and wanted in value


def _is_empty(name: str, _wanted: None) -> Test:
    return lambda row: row.get(name) is None


def _is_not_empty(name: str, _wanted: None) -> Test:
    return lambda row: row.get(name) is not None


def _any_code(name: str, wanted: Sequence[str]) -> Test:
    values = frozenset(wanted)
    return lambda row: (value := row.get(name)) is not None and not values.isdisjoint(value)


def _no_code(name: str, wanted: Sequence[str]) -> Test:
    values = frozenset(wanted)
    return lambda row: (value := row.get(name)) is not None and values.isdisjoint(value)


# By (is it a field of several codes?, operator).
LEAVES: Mapping[tuple[bool, str], Callable[[str, Any], Test]] = {
    (False, "is"): _is,
    (False, "is_not"): _is_not,
    (False, "in"): _in,
    (False, "not_in"): _not_in,
    (False, "less"): _less,
    (False, "at_most"): _at_most,
    (False, "more"): _more,
    (False, "at_least"): _at_least,
    (False, "starts_with"): _starts_with,
    (False, "contains"): _contains,
    (False, "is_empty"): _is_empty,
    (False, "is_not_empty"): _is_not_empty,
    (True, "contains"): _contains,
    (True, "in"): _any_code,
    (True, "not_in"): _no_code,
    (True, "is_empty"): _is_empty,
    (True, "is_not_empty"): _is_not_empty,
}


def _before_now(name: str, span: timedelta) -> Test:
    return lambda row: (value := row.get(name)) is not None and value < row["now"] + span


def _until_now(name: str, span: timedelta) -> Test:
    return lambda row: (value := row.get(name)) is not None and value <= row["now"] + span


def _after_now(name: str, span: timedelta) -> Test:
    return lambda row: (value := row.get(name)) is not None and value > row["now"] + span


def _from_now(name: str, span: timedelta) -> Test:
    return lambda row: (value := row.get(name)) is not None and value >= row["now"] + span


# Instants that are compared with now and a span from it.
RELATIVE: Mapping[str, Callable[[str, timedelta], Test]] = {
    "less": _before_now,
    "at_most": _until_now,
    "more": _after_now,
    "at_least": _from_now,
}


def none_of(inner: Test) -> Test:
    return lambda row: not inner(row)


def all_of(tests: Sequence[Test]) -> Test:
    """Folded in pairs, so that a group costs one call a member and no loop."""
    if len(tests) == 1:
        return tests[0]
    if len(tests) == 2:
        a, b = tests
        return lambda row: a(row) and b(row)
    if len(tests) == 3:
        a, b, c = tests
        return lambda row: a(row) and b(row) and c(row)
    a, b, c, *rest = tests
    d = all_of(rest)
    return lambda row: a(row) and b(row) and c(row) and d(row)


def any_of(tests: Sequence[Test]) -> Test:
    """As `all_of`."""
    if len(tests) == 1:
        return tests[0]
    if len(tests) == 2:
        a, b = tests
        return lambda row: a(row) or b(row)
    if len(tests) == 3:
        a, b, c = tests
        return lambda row: a(row) or b(row) or c(row)
    a, b, c, *rest = tests
    d = any_of(rest)
    return lambda row: a(row) or b(row) or c(row) or d(row)
