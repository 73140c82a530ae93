"""The same conditions as SQL over many rows, and the facts that are loaded by name for one.

Names and operators come from the tables here, values are always parameters. Each comparison is IS TRUE, so that an
empty value makes it false and `not` has two values as in `conditions`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from core.bulk import array_of, fetch_rows
from milestones.condition_facts import DECIDED_BY, NAMED
from milestones.condition_fields import FIELDS, Field
from milestones.condition_words import FieldType, Operator
from milestones.conditions import Tree, check, fields_of, operand

# Tables by alias, in the order in which they are joined: the join, and the aliases it needs.
_JOINS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "j": ("JOIN milestones_journey j ON j.shipment_id = m.shipment_id", ()),
    "s": ("JOIN shipments_shipment s ON s.id = m.shipment_id", ()),
    "tl": ("LEFT JOIN milestones_templateline tl ON tl.id = m.line_id", ()),
    "pl": ("LEFT JOIN shipments_location pl ON pl.id = m.location_id", ()),
    "pls": ("LEFT JOIN shipments_location pls ON pls.id = pl.same_as_id", ("pl",)),
    "o": ("JOIN shipments_location o ON o.id = s.origin_id", ("s",)),
    "os": ("LEFT JOIN shipments_location os ON os.id = o.same_as_id", ("s", "o")),
    "d": ("JOIN shipments_location d ON d.id = s.destination_id", ("s",)),
    "ds": ("LEFT JOIN shipments_location ds ON ds.id = d.same_as_id", ("s", "d")),
    "c": ("JOIN partners_partner c ON c.id = s.customer_id", ("s",)),
    "y": ("LEFT JOIN milestones_shipmentmoney y ON y.shipment_id = s.id", ("s",)),
    "e": (
        "LEFT JOIN shipments_event e ON e.public_id = COALESCE("
        + ", ".join(f"NULLIF(m.decisions->'{part}'->>'event', '')" for part in DECIDED_BY)
        + ")::uuid",
        (),
    ),
    "f": ("LEFT JOIN shipments_source f ON f.id = e.source_id", ("e",)),
}
_AHEAD = "m.state IN ('planned', 'estimated', 'overdue')"
_EXPECTED = "COALESCE(m.estimated_at, m.planned_at)"
_HAPPENS = f"COALESCE(m.actual_at, {_EXPECTED})"


def _floor(later: str, earlier: str, seconds: int) -> str:
    return f"floor(extract(epoch FROM {later} - {earlier}) / {seconds})::bigint"


def _place(place: str, same: str) -> str:
    return f"COALESCE(NULLIF({same}.unlocode, ''), NULLIF({place}.unlocode, ''))"


def _leg_carrier() -> str:
    return (
        "(SELECT p.code FROM shipments_leg g JOIN partners_partner p ON p.id = g.carrier_id"
        " WHERE g.shipment_id = s.id ORDER BY g.sequence LIMIT 1)"
    )


# The aliases a field needs and what it reads there; NOW is the instant it is looked at.
_COLUMNS: Mapping[str, tuple[tuple[str, ...], str]] = {
    **{
        f"shipment.{name}": (("s",), f"NULLIF(s.{name}, '')")
        for name in ("mode", "type", "service", "reference")
    },
    **{
        f"shipment.{name}": (("s",), f"s.{name}")
        for name in ("booked_at", "cargo_ready_at", "cut_off_at", "etd", "eta")
    },
    **{
        f"shipment.{name}": (("j",), f"j.{name}")
        for name in ("status", "health", "progress", "completeness", "expected_arrival_at", "last_event_at")
    },
    **{
        f"milestone.{name}": (("m",), f"NULLIF(m.{column}, '')")
        for name, column in (
            ("code", "type_id"), ("place_role", "place_role"), ("unit", "unit_number"), ("state", "state"),
            ("deviation", "deviation"), ("evidence", "evidence"), ("audience", "audience"),
            ("responsible", "responsible"),
        )
    },
    **{
        f"milestone.{name}": (("m",), f"m.{name}")
        for name in ("is_inferred", "baseline_at", "planned_at", "estimated_at", "actual_at")
    },
    **{f"money.{name}": (("y",), f"y.{name}") for name in ("currency", "expected_cost", "cost", "revenue")},
    "shipment.customer": (("c",), "NULLIF(c.code, '')"),
    "shipment.origin": (("o", "os"), _place("o", "os")),
    "shipment.origin_country": (("o",), "NULLIF(o.country, '')"),
    "shipment.destination": (("d", "ds"), _place("d", "ds")),
    "shipment.destination_country": (("d",), "NULLIF(d.country, '')"),
    "shipment.units": (("s",), "(SELECT count(*) FROM shipments_unit u WHERE u.shipment_id = s.id)"),
    "shipment.legs": (("s",), "(SELECT count(*) FROM shipments_leg g WHERE g.shipment_id = s.id)"),
    "shipment.is_cancelled": (("s",), "(s.cancelled_at IS NOT NULL)"),
    "shipment.days_since_last_event": (("j",), _floor("NOW", "j.last_event_at", 86_400)),
    "milestone.place": (("pl", "pls"), _place("pl", "pls")),
    "milestone.is_mandatory": (("tl",), "COALESCE(tl.requirement <> 'optional', FALSE)"),
    "milestone.expected_at": (("m",), _EXPECTED),
    "milestone.minutes_late": (("m",), _floor("COALESCE(m.actual_at, m.estimated_at)", "m.planned_at", 60)),
    "milestone.minutes_overdue": (("m",), f"CASE WHEN {_AHEAD} THEN {_floor('NOW', _EXPECTED, 60)} END"),
    "milestone.minutes_to_due": (("m",), f"CASE WHEN {_AHEAD} THEN {_floor(_EXPECTED, 'NOW', 60)} END"),
    "milestone.slip_minutes": (("m",), _floor(_HAPPENS, "m.baseline_at", 60)),
    "event.source": (("f",), "f.code"),
    "event.source_kind": (("f",), "f.transport"),
    "event.trust": (("e",), "e.trust"),
    "event.classifier": (("e",), "e.classifier"),
    "event.received_at": (("e",), "e.received_at"),
    "partner.customer_kind": (("c",), "c.kinds::text[]"),
    "partner.customer_country": (("c",), "NULLIF(c.country, '')"),
    "partner.carrier": (("s",), _leg_carrier()),
    "partner.roles": (
        ("s",),
        "(SELECT array_agg(DISTINCT x.role::text) FROM shipments_shipmentparty x WHERE x.shipment_id = s.id)",
    ),
    "partner.codes": (
        ("s",),
        "(SELECT array_agg(DISTINCT p.code::text) FROM shipments_shipmentparty x"
        " JOIN partners_partner p ON p.id = x.partner_id WHERE x.shipment_id = s.id)",
    ),
    "money.margin": (("y",), "(y.revenue - y.cost)"),
    "money.overrun_percent": (
        ("y",),
        "CASE WHEN y.expected_cost > 0 THEN div((y.cost - y.expected_cost) * 100, y.expected_cost) END",
    ),
}  # fmt: skip
_CASTS = {
    FieldType.NUMBER.value: "numeric",
    FieldType.MONEY.value: "numeric",
    FieldType.INSTANT.value: "timestamptz",
    FieldType.FLAG.value: "boolean",
}


@dataclass(slots=True)
class Compiled:
    """`where` with one %s for each of `values`; `joins`: what has to be joined to `milestones_milestone m`."""

    where: str
    values: Sequence[Any]
    joins: str


@dataclass(slots=True)
class _Writer:
    now: datetime
    values: list[Any] = field(default_factory=list)

    def tree(self, tree: Tree) -> str:
        if "field" in tree:
            return self.row(tree)
        ((kind, inner),) = tree.items()
        if kind == "not":
            return f"(NOT {self.tree(inner)})"
        return "(" + (" AND " if kind == "all" else " OR ").join(self.tree(branch) for branch in inner) + ")"

    def row(self, row: Tree) -> str:
        about, op = FIELDS[row["field"]], row["op"]
        column = self.column(_COLUMNS[about.name][1])
        if op in _EMPTY:
            return f"({column} {_EMPTY[op]})"
        cast = _CASTS.get(about.type, "text")
        write = (_CODES if about.type == FieldType.CODES.value else _PLAIN)[op]
        value = operand(about, op, row.get("value"))
        return f"(({write(column, self.value(value, cast))}) IS TRUE)"

    def column(self, column: str) -> str:
        self.values += [self.now] * column.count("NOW")
        return column.replace("NOW", "%s::timestamptz")

    def value(self, value: Any, cast: str) -> str:
        if isinstance(value, timedelta):
            value = self.now + value
        if isinstance(value, tuple):
            self.values.append([_sent(each) for each in value])
            return f"%s::{cast}[]"
        self.values.append(_sent(value))
        return f"%s::{cast}"


def _sent(value: Any) -> Any:
    """A number travels as it was written: no whole number lies between it and its binary neighbour."""
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return Decimal(repr(value)) if is_number else value


_EMPTY = {Operator.IS_EMPTY.value: "IS NULL", Operator.IS_NOT_EMPTY.value: "IS NOT NULL"}
_Write = Callable[[str, str], str]
_PLAIN: Mapping[str, _Write] = {
    Operator.IS.value: lambda column, value: f"{column} = {value}",
    Operator.IS_NOT.value: lambda column, value: f"{column} <> {value}",
    Operator.IN.value: lambda column, value: f"{column} = ANY({value})",
    Operator.NOT_IN.value: lambda column, value: f"{column} <> ALL({value})",
    Operator.LESS.value: lambda column, value: f"{column} < {value}",
    Operator.AT_MOST.value: lambda column, value: f"{column} <= {value}",
    Operator.MORE.value: lambda column, value: f"{column} > {value}",
    Operator.AT_LEAST.value: lambda column, value: f"{column} >= {value}",
    Operator.STARTS_WITH.value: lambda column, value: f"starts_with({column}, {value})",
    Operator.CONTAINS.value: lambda column, value: f"strpos({column}, {value}) > 0",
}
_CODES: Mapping[str, _Write] = {
    Operator.CONTAINS.value: lambda column, value: f"{column} @> ARRAY[{value}]",
    Operator.IN.value: lambda column, value: f"{column} && {value}",
    Operator.NOT_IN.value: lambda column, value: f"NOT ({column} && {value})",
}


def compile_sql(tree: Tree, *, now: datetime) -> Compiled:
    """Where `tree` holds at `now`, over `milestones_milestone m`. Raises conditions.ConditionError."""
    check(tree)
    writer = _Writer(now)
    where = writer.tree(tree)
    return Compiled(where, writer.values, _joins(fields_of(tree)))


def _joins(names: Iterable[str]) -> str:
    wanted: set[str] = {"j", "s"}
    for name in names:
        for alias in _COLUMNS[name][0]:
            wanted |= {alias, *_JOINS[alias][1]} if alias in _JOINS else set()
    return " ".join(join for alias, (join, _) in _JOINS.items() if alias in wanted)


def load_named(ids: Iterable[int], names: Iterable[str]) -> dict[int, dict[str, Any]]:
    """Of each shipment the facts that are asked for by name (`condition_facts.NAMED`), in one query."""
    wanted = sorted(NAMED.intersection(names))
    if not wanted:
        return {}
    aliases = {alias for name in wanted for alias in _COLUMNS[name][0]}
    joins = " ".join(_JOINS[alias][0] for alias in ("c", "y") if alias in aliases)
    columns = ", ".join(_COLUMNS[name][1] for name in wanted)
    sql = f"SELECT s.id, {columns} FROM shipments_shipment s {joins} WHERE s.id = ANY(%s::bigint[])"  # noqa: S608 names come from the table above
    return {
        pk: {name: _loaded(FIELDS[name], value) for name, value in zip(wanted, values, strict=True)}
        for pk, *values in fetch_rows(sql, [array_of(ids)])
    }


def _loaded(about: Field, value: Any) -> Any:
    if about.type == FieldType.CODES.value:
        return frozenset(value) if value else None
    return int(value) if about.type == FieldType.NUMBER.value and value is not None else value
