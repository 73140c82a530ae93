"""A list of the console: filters, search, order and pages over a scoped queryset.

Only the filters and columns that a room names read anything from the address, so a lookup that nobody thought of
cannot be smuggled in. Counting stops at a thousand: beyond it people narrow down, and the database does not count.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import urlencode

from django.db.models import QuerySet
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from portal.console.filters import Filter, Input
from shipments.matching import reference_key
from shipments.models import Reference

PAGE = 50
COUNTED = 1_000
_OWN = frozenset({"q", "o", "p"})


class Worded(Protocol):
    def __str__(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Column:
    """`cell` turns a row into safe HTML or text, from loaded attributes only. `order` names what it is sorted by."""

    key: str
    label: Worded
    cell: Callable[[Any], Any]
    order: str = ""
    css: str = ""


@dataclass(frozen=True, slots=True)
class Header:
    column: Column
    href: str
    sorted: str


@dataclass(frozen=True, slots=True)
class Chip:
    label: str
    value: str
    href: str


@dataclass(frozen=True, slots=True)
class Page:
    number: int
    href: str
    is_current: bool


@dataclass(frozen=True, slots=True)
class Found:
    """What a search came to: the rows, and a sentence about what was not found."""

    rows: QuerySet[Any]
    note: str = ""


@dataclass(slots=True)
class Listing:
    """Everything the template of a list shows; `rows` holds the objects of one page."""

    address: QueryDict
    columns: Sequence[Column]
    filters: Sequence[Filter]
    rows: list[Any] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    count: int = 0

    @property
    def query(self) -> str:
        return self.address.get("q", "").strip()

    @property
    def number(self) -> int:
        text = self.address.get("p", "1")
        return min(max(int(text), 1), COUNTED // PAGE + 1) if text.isdecimal() and len(text) < 5 else 1

    @property
    def sort(self) -> str:
        """The column asked for, with a leading dash for descending; empty when the room's own order holds."""
        asked = self.address.get("o", "")
        known = {c.key for c in self.columns if c.order}
        return asked if asked.removeprefix("-") in known else ""

    @property
    def count_words(self) -> str:
        if self.count > COUNTED:
            return _("more than 1,000")
        return ngettext("%(count)d result", "%(count)d results", self.count) % {"count": self.count}

    @property
    def is_narrowed(self) -> bool:
        return bool(self.query) or bool(self.chips)

    @property
    def inputs(self) -> list[Input]:
        return [entry for f in self.filters for entry in f.inputs(self.address)]

    @property
    def chips(self) -> list[Chip]:
        return [
            Chip(str(f.label), words, self.href(**dict.fromkeys((*f.names, "p"))))
            for f in self.filters
            if (words := f.words(self.address))
        ]

    @property
    def headers(self) -> list[Header]:
        return [self._header(column) for column in self.columns]

    @property
    def pages(self) -> list[Page]:
        last = min(-(-self.count // PAGE), COUNTED // PAGE + 1)
        near = {1, last, *range(self.number - 2, self.number + 3)}
        wanted = sorted(n for n in near if 1 <= n <= last)
        return [Page(n, self.href(p=str(n)), n == self.number) for n in wanted] if last > 1 else []

    @property
    def view_query(self) -> str:
        """What a saved view keeps: filters, search and order, not the page."""
        return self.href(p=None).removeprefix("?")

    def href(self, **changes: str | None) -> str:
        """The address of this list with some parameters changed, or dropped where None."""
        kept = {name: values for name, values in self.address.lists() if name not in changes}
        new = {name: [value] for name, value in changes.items() if value}
        return "?" + urlencode(kept | new, doseq=True)

    def _header(self, column: Column) -> Header:
        state = {column.key: "ascending", f"-{column.key}": "descending"}.get(self.sort, "")
        following = f"-{column.key}" if state == "ascending" else column.key
        return Header(column, self.href(o=following, p=None) if column.order else "", state)


Search = Callable[[QuerySet[Any], str], Found]


def build(
    rows: QuerySet[Any],
    listing: Listing,
    *,
    search: Search | None,
    order: Sequence[str],
    fold: Callable[[QuerySet[Any]], QuerySet[Any]] | None = None,
) -> Listing:
    """Fill `listing` from the scoped queryset `rows`; two queries, or three when the page is not the first.

    `fold`: makes one row of several, of those that the filters and the search have left.
    """
    known = _OWN | {name for f in listing.filters for name in f.names}
    listing.notes += [
        _("This list has no filter “%(name)s”; it was left out.") % {"name": name[:40]}
        for name in listing.address
        if name not in known
    ]
    for each in listing.filters:
        rows = each.apply(rows, listing.address)
    if search is not None and listing.query:
        found = search(rows, listing.query)
        rows = found.rows
        listing.notes += [found.note] if found.note else []
    rows = fold(rows) if fold is not None else rows
    start = (listing.number - 1) * PAGE
    ordered = rows.order_by(*_order(listing, order))
    page = list(ordered[start : start + PAGE + 1])
    # A first page that is not full needs no count.
    listing.count = len(page) if start == 0 and len(page) <= PAGE else rows.order_by()[: COUNTED + 1].count()
    listing.rows = page[:PAGE]
    return listing


def _order(listing: Listing, default: Sequence[str]) -> tuple[str, ...]:
    key = listing.sort.removeprefix("-")
    if not key:
        return (*default, "-pk")
    name = next(c.order for c in listing.columns if c.key == key)
    return ((f"-{name}" if listing.sort.startswith("-") else name), "-pk")


def by_reference(rows: QuerySet[Any], text: str) -> Found:
    """Rows of the shipments that are known by something that begins with `text`."""
    key = reference_key(text)
    known = Reference.objects.filter(key__startswith=key).values("shipment_id")
    return Found(rows.filter(shipment__in=known) if key else rows.none())
