"""Writing by set: one statement for a batch, values passed as arrays (`unnest`), never CASE chains."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, cast

from django.db import connection, models
from psycopg.types.datetime import TimestamptzLoader


def _columns(model: type[models.Model], names: Sequence[str]) -> tuple[list[str], list[str]]:
    fields = [cast("models.Field[Any, Any]", model._meta.get_field(name)) for name in names]
    quoted = [connection.ops.quote_name(str(field.column)) for field in fields]
    # A column of arrays cannot be unnested (PostgreSQL flattens it), so it travels as JSON text.
    types = [(field.rel_db_type(connection) if field.is_relation else field.db_type(connection)) for field in fields]
    return quoted, [str(kind) for kind in types]


def _arrays(rows: Sequence[Sequence[Any]], types: Sequence[str]) -> tuple[str, list[str]]:
    plain = ["text" if kind.endswith("[]") else kind for kind in types]
    parts = ", ".join(f"%s::{kind}[]" for kind in plain)
    columns = zip(plain, zip(*rows, strict=True), strict=True)
    return parts, [array_of(values, _BARE.get(kind, _quoted)) for kind, values in columns]


def array_of(values: Iterable[object], element: Callable[[Any], str] = str) -> str:
    """An array literal (PostgreSQL manual 8.15.6) of `values`. psycopg's own way costs ten times as much."""
    return "{" + ",".join(["NULL" if value is None else element(value) for value in values]) + "}"


def _quoted(value: object) -> str:
    if type(value) is str:
        text = value
    elif isinstance(value, (bytes, list, tuple, dict)):
        raise TypeError(f"a column of {type(value).__name__} is not written by set")
    else:
        text = str(value)
    if "\\" in text or '"' in text:
        text = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'


# What has nothing in it that an array literal would take for its own.
_BARE: dict[str, Callable[[Any], str]] = dict.fromkeys(("bigint", "integer", "smallint", "boolean"), str)
_BARE["timestamp with time zone"] = '"{}"'.format


def fetch_rows(sql: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
    """The rows of a query; JSON comes as text. psycopg's own loader of instants costs a tenth of the ORM's."""
    with connection.cursor() as cursor:
        cursor.cursor.adapters.register_loader("timestamptz", TimestamptzLoader)
        cursor.execute(sql, values)
        return list(cursor.fetchall())


def _selected(names: Sequence[str], types: Sequence[str]) -> str:
    return ", ".join(
        f"rows.{name}::{kind}" if kind.endswith("[]") else f"rows.{name}"
        for name, kind in zip(names, types, strict=True)
    )


def insert_rows(
    model: type[models.Model],
    names: Sequence[str],
    rows: Sequence[Sequence[Any]],
    *,
    on_conflict: str = "",
    returning: str = "",
) -> list[tuple[Any, ...]]:
    """`INSERT ... SELECT FROM unnest(...)`. Array columns take a PostgreSQL array literal as text ('{a,b}').

    `on_conflict` is the clause after ON CONFLICT ("DO NOTHING", "(a) DO UPDATE SET ..."); `returning` a column list.
    """
    if not rows:
        return []
    columns, types = _columns(model, names)
    unnested, arrays = _arrays(rows, types)
    sql = (
        f"INSERT INTO {connection.ops.quote_name(model._meta.db_table)} ({', '.join(columns)}) "  # noqa: S608 names come from the model
        f"SELECT {_selected(columns, types)} FROM unnest({unnested}) AS rows({', '.join(columns)})"
        + (f" ON CONFLICT {on_conflict}" if on_conflict else "")
        + (f" RETURNING {returning}" if returning else "")
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, arrays)
        return cursor.fetchall() if returning else []


def update_rows(
    model: type[models.Model], names: Sequence[str], rows: Sequence[Sequence[Any]], *, where: str = ""
) -> int:
    """`UPDATE ... FROM unnest(...)`. The first name is the key, the others are set. Returns the rows changed."""
    if not rows:
        return 0
    columns, types = _columns(model, names)
    unnested, arrays = _arrays(rows, types)
    key, *rest = columns
    table = connection.ops.quote_name(model._meta.db_table)
    casts = dict(zip(columns, types, strict=True))
    assigned = ", ".join(f"{c} = rows.{c}" + (f"::{casts[c]}" if casts[c].endswith("[]") else "") for c in rest)
    sql = (
        f"UPDATE {table} SET {assigned} FROM unnest({unnested}) AS rows({', '.join(columns)}) "  # noqa: S608 names come from the model
        f"WHERE {table}.{key} = rows.{key}" + (f" AND {where}" if where else "")
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, arrays)
        return int(cursor.rowcount)
