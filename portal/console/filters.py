"""The filters of the lists. Each reads its own parameters and ignores a value it does not know."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Protocol

from django.db.models import Q, QuerySet
from django.http import QueryDict
from django.utils.dateparse import parse_date
from django.utils.formats import date_format
from django.utils.timezone import get_current_timezone, make_aware
from django.utils.translation import gettext as _


@dataclass(frozen=True, slots=True)
class Input:
    """One control of the filter form: kind `choice`, `many`, `text` or `date`."""

    kind: str
    name: str
    label: str
    value: Any = ""
    options: Sequence[tuple[str, str, bool]] = ()
    suggest: str = ""


class Filter(Protocol):
    @property
    def label(self) -> Any: ...
    @property
    def names(self) -> tuple[str, ...]: ...
    def inputs(self, address: QueryDict) -> list[Input]: ...
    def words(self, address: QueryDict) -> str: ...
    def apply(self, rows: QuerySet[Any], address: QueryDict) -> QuerySet[Any]: ...


Options = Iterable[tuple[Any, Any]]


@dataclass(frozen=True)
class Many:
    """Any of several values of one column."""

    name: str
    label: Any
    column: str
    options: Options

    @property
    def names(self) -> tuple[str, ...]:
        return (self.name,)

    def _chosen(self, address: QueryDict) -> list[tuple[str, str]]:
        asked = {part for value in address.getlist(self.name) for part in value.split(",")}
        return [(str(value), str(words)) for value, words in self.options if str(value) in asked]

    def inputs(self, address: QueryDict) -> list[Input]:
        chosen = {value for value, _words in self._chosen(address)}
        options = [(str(value), str(words), str(value) in chosen) for value, words in self.options]
        return [Input("many", self.name, str(self.label), options=options)]

    def words(self, address: QueryDict) -> str:
        return ", ".join(words for _value, words in self._chosen(address))

    def apply(self, rows: QuerySet[Any], address: QueryDict) -> QuerySet[Any]:
        chosen = [value for value, _words in self._chosen(address)]
        return rows.filter(**{f"{self.column}__in": chosen}) if chosen else rows


@dataclass(frozen=True)
class Choice:
    """One of several conditions: (value, words, condition), the condition made when it is used (it may need now)."""

    name: str
    label: Any
    options: Sequence[tuple[str, Any, Callable[[], Q]]]

    @property
    def names(self) -> tuple[str, ...]:
        return (self.name,)

    def inputs(self, address: QueryDict) -> list[Input]:
        asked = address.get(self.name, "")
        options = [(value, str(words), value == asked) for value, words, _condition in self.options]
        return [Input("choice", self.name, str(self.label), options=options)]

    def words(self, address: QueryDict) -> str:
        asked = address.get(self.name, "")
        return next((str(words) for value, words, _condition in self.options if value == asked), "")

    def apply(self, rows: QuerySet[Any], address: QueryDict) -> QuerySet[Any]:
        asked = address.get(self.name, "")
        return next((rows.filter(condition()) for value, _w, condition in self.options if value == asked), rows)


@dataclass(frozen=True)
class Text:
    """Exactly one of some columns, in any case; `suggest` is the room whose suggestions the browser shows."""

    name: str
    label: Any
    columns: tuple[str, ...]
    suggest: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        return (self.name,)

    def inputs(self, address: QueryDict) -> list[Input]:
        return [Input("text", self.name, str(self.label), address.get(self.name, ""), suggest=self.suggest)]

    def words(self, address: QueryDict) -> str:
        return address.get(self.name, "").strip()[:60]

    def apply(self, rows: QuerySet[Any], address: QueryDict) -> QuerySet[Any]:
        # PostgreSQL refuses the zero byte in a text.
        text = self.words(address).replace("\x00", "")
        if not text:
            return rows
        condition = Q()
        for column in self.columns:
            condition |= Q(**{f"{column}__iexact": text})
        return rows.filter(condition)


@dataclass(frozen=True)
class Number:
    """Exactly this number, such as a key that a link names."""

    name: str
    label: Any
    column: str

    @property
    def names(self) -> tuple[str, ...]:
        return (self.name,)

    def inputs(self, address: QueryDict) -> list[Input]:
        return [Input("text", self.name, str(self.label), self.words(address))]

    def words(self, address: QueryDict) -> str:
        text = address.get(self.name, "").strip()
        return text if text.isascii() and text.isdecimal() and len(text) < 19 else ""

    def apply(self, rows: QuerySet[Any], address: QueryDict) -> QuerySet[Any]:
        text = self.words(address)
        return rows.filter(**{self.column: int(text)}) if text else rows


@dataclass(frozen=True)
class Days:
    """From a day to a day, both included, in the person's time zone."""

    name: str
    label: Any
    column: str

    @property
    def names(self) -> tuple[str, ...]:
        return (f"{self.name}_from", f"{self.name}_to")

    def _days(self, address: QueryDict) -> tuple[date | None, date | None]:
        first, last = (_day(address.get(name, "")) for name in self.names)
        return first, last

    def inputs(self, address: QueryDict) -> list[Input]:
        labels = (_("%(what)s from, your time"), _("%(what)s to, your time"))
        return [
            Input("date", name, label % {"what": self.label}, day.isoformat() if day else "")
            for name, label, day in zip(self.names, labels, self._days(address), strict=True)
        ]

    def words(self, address: QueryDict) -> str:
        first, last = (date_format(day, "j M Y") if day else "…" for day in self._days(address))
        return "" if first == last == "…" else f"{first} – {last}"

    def apply(self, rows: QuerySet[Any], address: QueryDict) -> QuerySet[Any]:
        first, last = self._days(address)
        if first:
            rows = rows.filter(**{f"{self.column}__gte": _midnight(first)})
        if last:
            rows = rows.filter(**{f"{self.column}__lt": _midnight(last + timedelta(days=1))})
        return rows


def _day(text: str) -> date | None:
    try:
        day = parse_date(text)
    except ValueError:
        return None
    return day if day and 1900 < day.year < 2200 else None


def _midnight(day: date) -> datetime:
    return make_aware(datetime.combine(day, time.min), get_current_timezone())
