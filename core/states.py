"""One function that moves a state. The WHERE clause decides a race: one row, or refused."""

from __future__ import annotations

from collections.abc import Mapping, Set
from typing import Any

from django.db.models import Model

from core.errors import DomainError

Moves = Mapping[str, Set[str]]


def move(row: Model, moves: Moves, *, to: str, column: str = "state", **changes: Any) -> None:
    """Move `row` from the state it was read in to `to`, writing `changes` with it in the same UPDATE.

    Raises DomainError `state_not_allowed` when the table of moves has no such move, and `state_changed` when another
    person or worker moved the row first. The row in memory is brought up to date.
    """
    old = getattr(row, column)
    if to not in moves.get(old, frozenset()):
        noun = type(row)._meta.verbose_name
        raise DomainError("state_not_allowed", f"This {noun} is {old} and cannot become {to}.", conflict=True)
    values = {column: to, **changes}
    updated = type(row)._base_manager.filter(pk=row.pk, **{column: old}).update(**values)
    if updated != 1:
        noun = type(row)._meta.verbose_name
        raise DomainError("state_changed", f"Somebody else changed this {noun} in the meantime.", conflict=True)
    for name, value in values.items():
        setattr(row, name, value)
