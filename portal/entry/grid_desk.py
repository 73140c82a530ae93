"""The grid of dates as console and portal show it: what was posted, checked by the service, ready for the template."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID, uuid4

from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core.errors import DomainError
from milestones.models import Milestone
from milestones.services import CellResult, GridResult, check_grid, names_of_milestones, record_grid
from milestones.services.grid_words import PASTE_PROBLEMS
from partners.models import User
from portal.presentation import times
from portal.presentation.audiences import audiences_of_each
from portal.presentation.times import LocalTime
from shipments.enums import Classifier
from shipments.grid import DATE_ORDERS, LONGEST_CELL, MAX_COLUMNS, MAX_ROWS, Column, Grid, Pasted, Row, read_pasted
from shipments.models import MilestoneType, Shipment

_FEWEST_ROWS, _FEWEST_COLUMNS, _SPARE_ROWS = 5, 3, 2
_SUGGESTED = 4
_KEY = re.compile(r"[crx](\d{1,3})(?:_(\d{1,3}))?\Z", re.ASCII)
_KINDS = (Classifier.ACTUAL, Classifier.ESTIMATED, Classifier.PLANNED)


@dataclass(frozen=True, slots=True)
class Head:
    number: int
    column: Column
    label: str
    error: str = ""


@dataclass(frozen=True, slots=True)
class Cell:
    """`status` as CellResult; '' for an empty one. `new`, `old`: on the clock of the place."""

    name: str
    label: str
    short: str
    text: str
    status: str = ""
    error: str = ""
    note: str = ""
    new: LocalTime | None = None
    old: LocalTime | None = None
    place: str = ""
    is_day: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    number: int
    reference: str
    error: str
    shipment: Shipment | None
    cells: tuple[Cell, ...]


@dataclass(slots=True)
class Sheet:
    """`mode`: edit, preview or done."""

    mode: str
    heads: list[Head] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    pasted: str = ""
    date_order: str = ""
    entry_id: str = ""
    to_write: int = 0
    errors: int = 0

    @property
    def button(self) -> str:
        text = ngettext("Record %(n)d date", "Record %(n)d dates", self.to_write)
        return text % {"n": self.to_write}

    @property
    def done_words(self) -> str:
        text = ngettext("%(n)d date was recorded.", "%(n)d dates were recorded.", self.to_write)
        return text % {"n": self.to_write}

    @property
    def error_words(self) -> str:
        text = ngettext("%(n)d thing has to be put right.", "%(n)d things have to be put right.", self.errors)
        return text % {"n": self.errors}


class GridDesk:
    """Answers what a person posts. `outside`: only what partners see and report."""

    def __init__(self, by: User, *, outside: Sequence[str] = ()) -> None:
        self.by = by
        self.outside = frozenset(outside)
        self._kinds = {kind.value: str(kind.label) for kind in _KINDS}
        rows = MilestoneType.objects.values_list("code", "name")
        self.names = {code: name for code, name in rows if not outside or code != "INFO"}

    def audiences(self, user: User, shipment_ids: Sequence[int]) -> Mapping[int, tuple[str, ...]]:
        found = audiences_of_each(user, shipment_ids)
        if not self.outside:
            return found
        return {pk: tuple(one for one in seen if one in self.outside) for pk, seen in found.items()}

    @property
    def choices(self) -> dict[str, Any]:
        """What the selects of the page offer."""
        orders = {"": _("Ask when in doubt"), "DMY": _("Day first: 31/12/2026"), "MDY": _("Month first: 12/31/2026")}
        return {"codes": list(self.names.items()), "kinds": list(self._kinds.items()), "orders": list(orders.items())}

    def start(self, shipments: Iterable[Shipment] = ()) -> Sheet:
        """An empty grid; with `shipments` (of the person's scope) their rows, and the milestones that come next."""
        chosen = list(shipments)[:MAX_ROWS]
        columns = tuple(Column(code) for code in self._coming([one.pk for one in chosen]))
        rows = tuple(Row(one.reference, ("",) * len(columns)) for one in chosen)
        return self._sheet("edit", Grid(columns, rows), GridResult())

    def answer(self, said: QueryDict) -> Sheet:
        step = said.get("step", "check")
        if step == "paste":
            return self._pasted(said)
        grid = read_posted(said)
        if step in ("edit", "rows", "column"):
            return self._sheet("edit", _grown(grid, step), GridResult(), said)
        return self._recorded(grid.trimmed(), said) if step == "record" else self._checked(grid.trimmed(), said)

    def _pasted(self, said: QueryDict) -> Sheet:
        order = _order(said)
        text = said.get("pasted", "")
        found: Pasted = read_pasted(text, names_of_milestones(), order)
        sheet = self._checked(found.grid, said) if found.grid.rows else self._sheet("edit", found.grid, GridResult())
        sheet.pasted = text if not found.grid.rows else ""
        if found.problem:
            sheet.problems.insert(0, str(PASTE_PROBLEMS[found.problem]))
        return sheet

    def _checked(self, grid: Grid, said: QueryDict) -> Sheet:
        result = check_grid(grid, by=self.by, audiences=self.audiences)
        if not result.errors and not result.to_write:
            sheet = self._sheet("edit", grid, result, said)
            sheet.problems.append(_("There is nothing new in the grid."))
            return sheet
        return self._sheet("edit" if result.errors else "preview", grid, result, said)

    def _recorded(self, grid: Grid, said: QueryDict) -> Sheet:
        try:
            result = record_grid(grid, by=self.by, entry_id=_entry_id(said), audiences=self.audiences)
        except DomainError as refused:
            sheet = self._sheet("edit", grid, GridResult(), said)
            sheet.problems.append(refused.message)
            return sheet
        return self._sheet("edit" if result.errors else "done", grid, result, said)

    def _coming(self, shipment_ids: Sequence[int]) -> list[str]:
        """The codes that most of the shipments wait for, in the order of the journey."""
        seen = self.audiences(self.by, shipment_ids)
        rows = Milestone.objects.filter(shipment__in=shipment_ids, actual_at=None, type__in=list(self.names))
        codes = Counter(
            code
            for code, shipment_id, audience in rows.values_list("type_id", "shipment_id", "audience")
            if audience in seen[shipment_id]
        )
        most = {code for code, _count in codes.most_common(_SUGGESTED)}
        return [code for code in self.names if code in most]

    def _sheet(self, mode: str, grid: Grid, result: GridResult, said: QueryDict | None = None) -> Sheet:
        shown = _padded(grid) if mode == "edit" else grid
        heads = [Head(n, c, self._label(c, n), result.columns.get(n, "")) for n, c in enumerate(shown.columns)]
        return Sheet(
            mode=mode,
            heads=heads,
            lines=[_line(number, row, heads, result) for number, row in enumerate(shown.rows)],
            problems=[result.problem] if result.problem else [],
            date_order=grid.date_order,
            entry_id=_entry_id(said),
            to_write=result.to_write,
            errors=result.errors,
        )

    def _label(self, column: Column, number: int) -> str:
        if not column.code:
            return column.heading or _("Column %d") % (number + 1)
        words = [self.names.get(column.code, column.code)]
        if column.place:
            words.append(f"@{column.place}")
        if column.classifier != Classifier.ACTUAL:
            words.append(f"({self._kinds.get(column.classifier, column.classifier).lower()})")
        return " ".join(words)


def read_posted(said: QueryDict) -> Grid:
    """The grid in the fields of the form: c0 k0 p0 (code, kind of time, place), r0 (reference), x0_0 (cell)."""
    keys = [(key[0], *found.groups()) for key in said if (found := _KEY.match(key))]
    columns = sorted({int(first) for sign, first, _ in keys if sign == "c"})[: MAX_COLUMNS + 1]
    rows = sorted({int(first) for sign, first, _ in keys if sign == "r"})[: MAX_ROWS + 1]
    return Grid(
        columns=tuple(
            Column(
                said.get(f"c{n}", "")[:24],
                said.get(f"k{n}", "") or Classifier.ACTUAL.value,
                _clean(said.get(f"p{n}", "")).upper(),
                _clean(said.get(f"h{n}", "")),
            )
            for n in columns
        ),
        rows=tuple(
            Row(_clean(said.get(f"r{n}", "")), tuple(_clean(said.get(f"x{n}_{c}", "")) for c in columns)) for n in rows
        ),
        date_order=_order(said),
    )


def _clean(text: str) -> str:
    return " ".join(text.replace("\x00", "").split())[:LONGEST_CELL]


def _order(said: QueryDict) -> str:
    order = said.get("date_order", "")
    return order if order in DATE_ORDERS else ""


def _entry_id(said: QueryDict | None) -> str:
    try:
        return str(UUID(said.get("entry_id", "") if said is not None else ""))
    except ValueError:
        return str(uuid4())


def _grown(grid: Grid, step: str) -> Grid:
    if step == "rows":
        more = min(10, MAX_ROWS - len(grid.rows))
        return replace(grid, rows=(*grid.rows, *(Row("") for _ in range(more))))
    if step == "column" and len(grid.columns) < MAX_COLUMNS:
        return replace(grid, columns=(*grid.columns, Column("")))
    return grid


def _padded(grid: Grid) -> Grid:
    """With empty rows and columns to write into."""
    fewest = max(_FEWEST_ROWS, min(MAX_ROWS, len(grid.rows) + (_SPARE_ROWS if grid.rows else 0)))
    if grid.rows and not any((grid.rows[-1].reference, *grid.rows[-1].cells)):
        fewest = max(_FEWEST_ROWS, len(grid.rows))
    blank = tuple(Row("") for _ in range(fewest - len(grid.rows)))
    columns = tuple(Column("") for _ in range((1 if grid.columns else _FEWEST_COLUMNS) - len(grid.columns)))
    return replace(grid, rows=(*grid.rows, *blank), columns=(*grid.columns, *columns))


def _line(number: int, row: Row, heads: Sequence[Head], result: GridResult) -> Line:
    who = row.reference or _("row %d") % (number + 1)
    cells = []
    for head in heads:
        text = row.cells[head.number] if head.number < len(row.cells) else ""
        found = result.cells.get((number, head.number))
        blank = Cell(f"x{number}_{head.number}", f"{who}: {head.label}", head.label, text)
        cells.append(_filled(blank, found) if found else blank)
    return Line(number, row.reference, result.rows.get(number, ""), result.shipments.get(number), tuple(cells))


def _filled(cell: Cell, found: CellResult) -> Cell:
    """Errors leave what was typed as it is; what was understood is shown as it was understood ("now" has a time)."""
    if found.status == "error":
        return replace(cell, status="error", error=found.message)
    local: Callable[[Any], LocalTime | None] = lambda at: times.local(at, found.time_zone)  # noqa: E731
    return replace(
        cell,
        text=found.wall.replace("T", " "),
        status=found.status,
        note=found.message,
        new=local(found.at),
        old=local(found.old),
        place=found.place.name if found.place else "",
        is_day=found.is_day,
    )
