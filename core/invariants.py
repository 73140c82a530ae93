"""What must always hold, as questions to the database: a query that finds the rows that break it."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import connection


@dataclass(frozen=True, slots=True)
class Invariant:
    """`sql` selects one column that names each broken row; no row means the sentence is true."""

    name: str
    sentence: str
    sql: str


@dataclass(frozen=True, slots=True)
class Finding:
    invariant: Invariant
    broken: int
    examples: tuple[str, ...]


def check(invariant: Invariant, *, examples: int = 5) -> Finding:
    """Count the rows that break it and name some."""
    counted = f"SELECT count(*) OVER (), named FROM ({invariant.sql}) AS broken(named) LIMIT %s"  # noqa: S608 our own text
    with connection.cursor() as cursor:
        cursor.execute(counted, [examples])
        rows = cursor.fetchall()
    return Finding(invariant, int(rows[0][0]) if rows else 0, tuple(str(row[1]) for row in rows))
