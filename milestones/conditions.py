"""Conditions: a small tree that a person puts together and that can do nothing but compare. Pure.

A tree is JSON: {"all": [tree, ...]}, {"any": [tree, ...]}, {"not": tree}, or {"field": NAME, "op": OPERATOR,
"value": V}.
It is compiled twice, here to closures over one row and in `services.condition_sql` to SQL over many, with the same
answer (decision 0015). Two-valued: a comparison with an empty value is false, and `not` turns it into true.

A row maps field names to values: text and choice: str; number: int; money: Decimal; instant: aware datetime; flag:
bool; codes: a frozenset of str; an empty one is None (or not there). Under "now" stands the instant it is looked at.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, cast

from milestones.condition_closures import LEAVES, RELATIVE, all_of, any_of, none_of
from milestones.condition_fields import FIELDS, LINE_FIELDS, OPERATORS, Clockwork, Field
from milestones.condition_words import FieldType, Operator, Refusal, operator_words, refusal

__all__ = [
    "FIELDS",
    "LINE_FIELDS",
    "Condition",
    "ConditionError",
    "Field",
    "check",
    "compile_condition",
    "fields_of",
    "flips",
]

Row = Mapping[str, Any]
Condition = Callable[[Row], bool]
Tree = Mapping[str, Any]

MAX_DEPTH, MAX_NODES, MAX_VALUES, MAX_TEXT = 8, 100, 50, 100
_NUMBER_LIMIT = 1_000_000_000
_MONEY_LIMIT, _CENT, _NOTHING = Decimal(10) ** 14, Decimal("0.01"), Decimal("NaN")
_RELATIVE = re.compile(r"now(?:([+-])([0-9]{1,5})([mhdw]))?")
_SPANS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}
# Further away from now than this no instant is asked for, so that no sum leaves the calendar.
_FURTHEST = timedelta(days=3650)
_EARLIEST, _LATEST = 1900, 2200
_EMPTINESS = frozenset({Operator.IS_EMPTY.value, Operator.IS_NOT_EMPTY.value})
_LISTS = frozenset({Operator.IN.value, Operator.NOT_IN.value})
_GROUPS = ("all", "any")
_TICK = timedelta(microseconds=1)
# Comparisons of an instant with now that turn one moment after they are equal.
_STRICTLY_BEFORE = frozenset({Operator.LESS.value, Operator.AT_LEAST.value})
# Of a number: does the answer turn when the limit is reached, and when it is passed? (Else: both.)
_EDGES = {
    Operator.LESS.value: (True, False),
    Operator.AT_LEAST.value: (True, False),
    Operator.AT_MOST.value: (False, True),
    Operator.MORE.value: (False, True),
}


class ConditionError(ValueError):
    """A condition that cannot be used. `path`: where in the tree, such as "all.0.value" (empty: the whole)."""

    def __init__(self, path: str, code: Refusal, **facts: object) -> None:
        self.path = path
        self.code = code.value
        self.message = refusal(code, **facts)
        super().__init__(f"{path}: {self.message}" if path else self.message)


def check(tree: object, fields: Mapping[str, Field] = FIELDS) -> None:
    """Raise ConditionError unless `tree` may be compiled. `fields`: those that may be asked for."""
    for nodes, (path, depth, node) in enumerate(_walk(tree, "", 1), start=1):
        if depth > MAX_DEPTH:
            raise ConditionError(path, Refusal.TOO_DEEP, limit=MAX_DEPTH)
        if nodes > MAX_NODES:
            raise ConditionError(path, Refusal.TOO_MANY, limit=MAX_NODES)
        if "field" in node:
            _check_row(node, path, fields)


def _walk(tree: object, path: str, depth: int) -> Iterator[tuple[str, int, Tree]]:
    """Every group and row with its path and depth, outer ones first; raises at what is neither."""
    if not isinstance(tree, dict) or not (len(tree) == 1 or "field" in tree):
        raise ConditionError(path, Refusal.SHAPE)
    yield path, depth, tree
    if "field" in tree:
        return
    ((kind, inner),) = tree.items()
    if kind == "not":
        yield from _walk(inner, _join(path, "not"), depth + 1)
        return
    if kind not in _GROUPS or not isinstance(inner, list):
        raise ConditionError(path, Refusal.SHAPE)
    if not inner:
        raise ConditionError(_join(path, kind), Refusal.EMPTY_GROUP)
    for number, branch in enumerate(inner):
        yield from _walk(branch, _join(path, f"{kind}.{number}"), depth + 1)


def _join(path: str, step: str) -> str:
    return f"{path}.{step}" if path else step


def _check_row(row: Tree, path: str, fields: Mapping[str, Field]) -> None:
    if not set(row) <= {"field", "op", "value"}:
        raise ConditionError(path, Refusal.SHAPE)
    name, op = row["field"], row.get("op")
    field = FIELDS.get(name) if isinstance(name, str) else None
    if field is None:
        raise ConditionError(_join(path, "field"), Refusal.UNKNOWN_FIELD, field=str(name)[:MAX_TEXT])
    if field.name not in fields:
        raise ConditionError(_join(path, "field"), Refusal.OTHER_FIELD, field=field.name)
    if op not in Operator.values:
        raise ConditionError(_join(path, "op"), Refusal.UNKNOWN_OPERATOR, op=str(op)[:MAX_TEXT])
    if op not in OPERATORS[field.type]:
        raise ConditionError(_join(path, "op"), Refusal.OTHER_OPERATOR, op=operator_words(op, field.type))
    operand(field, op, row.get("value"), _join(path, "value"))


def operand(field: Field, op: str, value: object, path: str = "value") -> Any:
    """What `op` compares with, as Python has it: str, int, float, Decimal, bool, datetime, or timedelta from now; a
    tuple of them for a list; None where there is nothing to compare with. Raises ConditionError."""
    if op in _EMPTINESS:
        if value is not None:
            raise ConditionError(path, Refusal.NO_VALUE, op=operator_words(op, field.type))
        return None
    if op not in _LISTS:
        return _READERS[field.type](field, value, path)
    if not isinstance(value, list) or not 1 <= len(value) <= MAX_VALUES:
        raise ConditionError(path, Refusal.LIST, limit=MAX_VALUES)
    return tuple(_READERS[field.type](field, each, f"{path}.{number}") for number, each in enumerate(value))


def _text(field: Field, value: object, path: str) -> str:
    if not isinstance(value, str) or not 1 <= len(value) <= MAX_TEXT or not value.isprintable():
        raise ConditionError(path, Refusal.TEXT, limit=MAX_TEXT)
    if field.choices and value not in dict(field.choices):
        raise ConditionError(path, Refusal.CHOICE, value=value)
    return value


def _number(_field: Field, value: object, path: str) -> int | float:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not is_number or not abs(cast("float", value)) <= _NUMBER_LIMIT:
        raise ConditionError(path, Refusal.NUMBER, limit=_NUMBER_LIMIT)
    return cast("int | float", value)


def _money(_field: Field, value: object, path: str) -> Decimal:
    """Of a text or a whole number: a float has lost what was typed."""
    amount = _NOTHING
    if isinstance(value, str) and len(value) <= MAX_TEXT:
        try:
            amount = Decimal(value)
        except InvalidOperation:
            amount = _NOTHING
    elif isinstance(value, int) and not isinstance(value, bool) and abs(value) < _MONEY_LIMIT:
        amount = Decimal(value)
    if not amount.is_finite() or abs(amount) >= _MONEY_LIMIT or amount != amount.quantize(_CENT):
        raise ConditionError(path, Refusal.MONEY)
    return amount


def _flag(_field: Field, value: object, path: str) -> bool:
    if not isinstance(value, bool):
        raise ConditionError(path, Refusal.FLAG)
    return value


def _instant(_field: Field, value: object, path: str) -> datetime | timedelta:
    relative = _RELATIVE.fullmatch(value) if isinstance(value, str) else None
    if relative is not None:
        sign, count, unit = relative.groups()
        span = int(count) * _SPANS[unit] if count else timedelta(0)
        if span <= _FURTHEST:
            return -span if sign == "-" else span
    try:
        at = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        at = None
    if at is None or at.tzinfo is None or not _EARLIEST <= at.year < _LATEST:
        raise ConditionError(path, Refusal.INSTANT)
    # Some offsets that ISO 8601 and Python know are none to the database.
    return at.astimezone(UTC)


_READERS: Mapping[str, Callable[[Field, object, str], Any]] = {
    FieldType.TEXT.value: _text,
    FieldType.CHOICE.value: _text,
    FieldType.CODES.value: _text,
    FieldType.NUMBER.value: _number,
    FieldType.MONEY.value: _money,
    FieldType.FLAG.value: _flag,
    FieldType.INSTANT.value: _instant,
}


def compile_condition(tree: Tree) -> Condition:
    """A closure that says of one row whether `tree` holds. Raises ConditionError."""
    check(tree)
    return _compile(tree)


def _compile(tree: Tree) -> Condition:
    if "field" in tree:
        field, op = FIELDS[tree["field"]], tree["op"]
        value = operand(field, op, tree.get("value"))
        if isinstance(value, timedelta):
            return RELATIVE[op](field.name, value)
        return LEAVES[field.type == FieldType.CODES, op](field.name, value)
    ((kind, inner),) = tree.items()
    if kind == "not":
        return none_of(_compile(inner))
    return (all_of if kind == "all" else any_of)([_compile(branch) for branch in inner])


def rows_of(tree: Tree) -> Iterator[Tree]:
    """The rows (field, op, value) of a checked tree."""
    return (node for _path, _depth, node in _walk(tree, "", 1) if "field" in node)


def fields_of(tree: Tree) -> frozenset[str]:
    """The names a row must have for this tree: what it asks for, and the instants its moving numbers count from."""
    names = {row["field"] for row in rows_of(tree)}
    clocks = [FIELDS[name].clockwork for name in names]
    return frozenset(names | {clock.since for clock in clocks if clock is not None})


def flips(tree: Tree, row: Row, now: datetime) -> list[datetime]:
    """The instants after `now` at which time alone changes the answer of a comparison in `tree`, in order.

    `row`: as it stands at `now`, with the names of `fields_of`. What the clock does to other facts (a milestone that
    becomes overdue) is not seen here.
    """
    moments: set[datetime] = set()
    for node in rows_of(tree):
        field, op = FIELDS[node["field"]], node["op"]
        if op in _EMPTINESS or row.get(field.name) is None:
            continue
        value = operand(field, op, node.get("value"))
        if isinstance(value, timedelta):
            moments.add(row[field.name] - value + (_TICK if op in _STRICTLY_BEFORE else timedelta(0)))
        elif field.clockwork is not None:
            numbers = value if isinstance(value, tuple) else (value,)
            moments.update(_turns(field.clockwork, row[field.clockwork.since], op, numbers))
    return sorted(moment for moment in moments if moment > now)


def _turns(clock: Clockwork, since: datetime, op: str, numbers: Iterable[float]) -> Iterator[datetime]:
    """When whole steps from `since` (or, down, until it) come to the numbers and go past them."""
    comes, goes = _EDGES.get(op, (True, True))
    for number in numbers:
        edges = [math.ceil(number)] * comes + [math.floor(number) + 1] * goes
        for edge in (edge for edge in edges if abs(edge) <= _FURTHEST // clock.step):
            # Counting down, it is passed one moment after: then so many whole steps are no longer left.
            yield since - edge * clock.step + _TICK if clock.down else since + edge * clock.step
