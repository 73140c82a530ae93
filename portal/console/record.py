"""The page of a row: facts on top, sections below. Values are read from the row, never changed here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.core.exceptions import FieldDoesNotExist
from django.db.models import Model
from django.utils.translation import gettext as _

from portal.console import cells


@dataclass(frozen=True, slots=True)
class Fact:
    label: str
    value: Any
    note: Any = ""
    tone: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """A heading with a table (`head`, `lines`), or with facts; `more` is where the whole list stands."""

    title: Any
    head: Sequence[Any] = ()
    lines: Sequence[Sequence[Any]] = ()
    facts: Sequence[Fact] = ()
    empty: Any = ""
    more: str = ""
    numeric: frozenset[int] = field(default_factory=frozenset)
    payload: str = ""
    is_half: bool = False


def facts_of(row: Model, names: Iterable[str]) -> list[Fact]:
    """The named fields of `row` under their own labels."""
    return [Fact(_label(row, name), shown(row, name)) for name in names]


def shown(row: Model, name: str) -> Any:
    """The value of a field as people read it."""
    value = getattr(row, name)
    words = getattr(row, f"get_{name}_display", None)
    if words is not None:
        value = words()
    return plain(value)


def plain(value: Any) -> Any:
    if value is None or value == "" or value == [] or value == {}:
        return "–"
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, datetime):
        return cells.moment(value)
    if isinstance(value, date):
        return cells.day(value)
    if isinstance(value, list):
        return ", ".join(str(each) for each in value)
    return value


def _label(row: Model, name: str) -> str:
    try:
        text = str(getattr(row._meta.get_field(name), "verbose_name", name))
    except FieldDoesNotExist:
        text = name.replace("_", " ")
    return text[:1].upper() + text[1:]
