"""Many dates entered at once: every cell is checked first; then all are recorded in one message, or none."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta, tzinfo

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from core.errors import DomainError
from milestones.enums import Audience, TemplateState
from milestones.models import Milestone, TemplateLine
from milestones.services.grid_words import DATE_PROBLEMS
from partners.models import Partner, User
from shipments.enums import Classifier, ReferenceType
from shipments.grid import MAX_COLUMNS, MAX_ROWS, Column, Grid, Said, bare, read_cell
from shipments.identifiers import doubt_of
from shipments.matching import reference_key, unit_key
from shipments.models import Location, MilestoneType, Reference, Shipment
from shipments.services.entering import EntriesRefused, enter_events, reporters_for
from shipments.services.ingest import Decision
from shipments.services.reporting import place_said
from shipments.services.sources import is_internal, manual_source
from shipments.zones import instant, load_zone

# Whose milestones `user` may see on each shipment: portal.presentation.audiences_of_each.
Audiences = Callable[[User, Sequence[int]], Mapping[int, tuple[str, ...]]]
# Clocks of people and ours differ a little; more than this ahead of us has not happened yet.
_CLOCK_SKEW = timedelta(minutes=15)
_AHEAD = timedelta(days=3 * 365)
_FIRST_YEAR = 1971
_FIELDS = {
    Classifier.ACTUAL.value: "actual_at",
    Classifier.ESTIMATED.value: "estimated_at",
    Classifier.PLANNED.value: "planned_at",
}
# What says nothing by itself is for feeds, not for the people of partners.
_NOT_FOR_PARTNERS = frozenset({"INFO"})


@dataclass(frozen=True, slots=True)
class CellResult:
    """What becomes of one filled cell. `status`: new, change, same (nothing to do), error, recorded.

    `wall`: ISO local time at `place`, whose zone is `time_zone`. `old`: what stands of the same kind of time.
    """

    status: str
    code: str = ""
    message: str = ""
    wall: str = ""
    at: datetime | None = None
    old: datetime | None = None
    place: Location | None = None
    time_zone: str = ""
    is_day: bool = False

    @property
    def is_written(self) -> bool:
        return self.status in ("new", "change", "recorded")


@dataclass(slots=True)
class GridResult:
    """By number of row and column. `columns`, `rows`: what is wrong with a heading or a reference."""

    cells: dict[tuple[int, int], CellResult] = field(default_factory=dict)
    columns: dict[int, str] = field(default_factory=dict)
    rows: dict[int, str] = field(default_factory=dict)
    shipments: dict[int, Shipment] = field(default_factory=dict)
    problem: str = ""

    @property
    def errors(self) -> int:
        wrong = sum(cell.status == "error" for cell in self.cells.values())
        return wrong + len(self.columns) + len(self.rows) + bool(self.problem)

    @property
    def to_write(self) -> int:
        return sum(cell.is_written for cell in self.cells.values())


@dataclass(frozen=True, slots=True)
class _Line:
    """A row that was understood: its shipment, the unit that the reference names, who speaks, what is planned."""

    shipment: Shipment
    unit: str
    reporter: Partner | None
    milestones: Sequence[Milestone]
    is_inside: bool


class _Wrong(DomainError):
    """One cell cannot be recorded."""


def names_of_milestones() -> dict[str, str]:
    """How headings may call a milestone (`shipments.grid.bare`) → its code: codes, names, names on templates."""
    found: dict[str, str] = {}
    planned = TemplateLine.objects.filter(template__state=TemplateState.ACTIVE)
    for name, code in planned.order_by("-pk").values_list("name", "type_id"):
        found[bare(name)] = code
    for code, name in MilestoneType.objects.values_list("code", "name"):
        found |= {bare(name): code, bare(code): code}
    return found


def everything(user: User, shipment_ids: Sequence[int]) -> dict[int, tuple[str, ...]]:
    """The audiences of our own people."""
    return dict.fromkeys(shipment_ids, tuple(Audience.values))


def check_grid(grid: Grid, *, by: User, audiences: Audiences = everything) -> GridResult:
    """What recording `grid` would do, and what is wrong with it, cell by cell. Nothing is written."""
    result = GridResult()
    if len(grid.rows) > MAX_ROWS or len(grid.columns) > MAX_COLUMNS:
        limits = {"rows": MAX_ROWS, "columns": MAX_COLUMNS}
        result.problem = _("A grid has %(rows)d rows and %(columns)d columns at most.") % limits
        return result
    places = _places_named(grid.columns)
    result.columns = _wrong_columns(grid, places, by)
    lines = _lines(grid, result, by, audiences)
    now = timezone.now()
    for number, row in enumerate(grid.rows):
        for index, text in enumerate(row.cells):
            is_settled = number not in lines or index in result.columns or (number, index) in result.cells
            if not text.strip() or is_settled or index >= len(grid.columns):
                continue
            column, said = grid.columns[index], read_cell(text, grid.date_order)
            result.cells[number, index] = _checked(lines[number], column, said, places.get(column.place), now)
    return result


def record_grid(grid: Grid, *, by: User, entry_id: str, audiences: Audiences = everything) -> GridResult:
    """Check all cells; with any error nothing is written, otherwise all that is new is one message of native events.

    (One message for each partner that the person speaks for.) `entry_id`: of the form that was filled in, so that the
    same form sent twice is one entry. Raises DomainError `nothing_to_record`.
    """
    result = check_grid(grid, by=by, audiences=audiences)
    if result.errors:
        return result
    written = {spot: cell for spot, cell in result.cells.items() if cell.is_written}
    if not written:
        raise DomainError("nothing_to_record", _("There is nothing new in the grid."))
    reporters = reporters_for(by, [shipment.pk for shipment in result.shipments.values()])
    spots: dict[Partner | None, list[tuple[int, int]]] = defaultdict(list)
    for spot in written:
        spots[reporters[result.shipments[spot[0]].pk]].append(spot)
    refused = _write(grid, result, spots, by, entry_id)
    for spot, cell in written.items():
        result.cells[spot] = replace(cell, status="recorded") if not refused else refused.get(spot, cell)
    return result


def _write(
    grid: Grid, result: GridResult, spots: Mapping[Partner | None, list[tuple[int, int]]], by: User, entry_id: str
) -> dict[tuple[int, int], CellResult]:
    """All or nothing; what the reader refuses, by its place in the grid."""
    try:
        with transaction.atomic():
            for partner, where in spots.items():
                said = [_native(grid, result, spot, entry_id) for spot in where]
                decisions = [Decision((result.shipments[row].pk,), str(by)) for row, _column in where]
                enter_events(manual_source(partner), said, decisions, by=by)
    except EntriesRefused as refused:
        return {
            where[position]: replace(result.cells[where[position]], status="error", code=e.code, message=e.message)
            for position, e in refused.refusals.items()
        }
    return {}


def _native(grid: Grid, result: GridResult, spot: tuple[int, int], entry_id: str) -> dict[str, object]:
    (row, index), cell = spot, result.cells[spot]
    column, shipment = grid.columns[index], result.shipments[row]
    said: dict[str, object] = {
        "code": column.code,
        "classifier": column.classifier,
        "occurred_at": cell.wall,
        "references": [{"type": "shipment", "value": shipment.reference}],
        "source_event_id": f"{entry_id}:{shipment.pk}:{column.code}:{column.classifier}:{column.place}"[:100],
    }
    if cell.place is not None:
        said["location"] = place_said(cell.place)
    if unit := _unit_of(shipment, grid.rows[row].reference):
        said["unit"] = unit
    return said


# --- headings and references ---------------------------------------------------------------------------------------


def _places_named(columns: Sequence[Column]) -> dict[str, Location]:
    codes = {column.place.partition("/")[0] for column in columns if column.place}
    return {place.code: place for place in Location.objects.filter(unlocode__in=codes)} if codes else {}


def _wrong_columns(grid: Grid, places: Mapping[str, Location], by: User) -> dict[int, str]:
    known = set(MilestoneType.objects.values_list("code", flat=True))
    closed = frozenset() if is_internal(by) else _NOT_FOR_PARTNERS
    seen: set[tuple[str, str, str]] = set()
    found: dict[int, str] = {}
    for number, column in enumerate(grid.columns):
        key = (column.code, column.classifier, column.place)
        if not column.code:
            found[number] = _("Choose the milestone of this column.")
        elif column.code not in known or column.classifier not in _FIELDS:
            found[number] = _("There is no such milestone.")
        elif column.code in closed:
            found[number] = _("This is nothing that partners report.")
        elif column.place and column.place not in places:
            found[number] = _("No place has the code %s. Write a UN/LOCODE such as NLRTM.") % column.place
        elif key in seen:
            found[number] = _("This milestone stands in an earlier column already.")
        seen.add(key)
    return found


def _lines(grid: Grid, result: GridResult, by: User, audiences: Audiences) -> dict[int, _Line]:
    keys = {number: reference_key(row.reference) for number, row in enumerate(grid.rows)}
    known = _known(set(keys.values()) - {""}, by)
    seen: dict[tuple[int, str], int] = {}
    for number, row in enumerate(grid.rows):
        found = known.get(keys[number], {})
        result.rows |= _wrong_row(number, row.reference, found)
        if len(found) == 1:
            (shipment,) = found.values()
            if first := seen.get((shipment.pk, _unit_of(shipment, row.reference))):
                result.rows[number] = _("The same shipment stands in row %d already.") % first
            seen.setdefault((shipment.pk, _unit_of(shipment, row.reference)), number + 1)
            result.shipments[number] = shipment
    return _open_lines(grid, result, by, audiences)


def _wrong_row(number: int, reference: str, found: Mapping[int, Shipment]) -> dict[int, str]:
    if not reference.strip():
        return {number: _("Name the shipment.")}
    if not found and (doubt := doubt_of(ReferenceType.CONTAINER, reference) or doubt_of(ReferenceType.MAWB, reference)):
        return {number: doubt}
    if not found:
        return {number: _("No shipment of yours has this reference.")}
    if len(found) > 1:
        said = ", ".join(sorted(shipment.reference for shipment in found.values())[:3])
        return {number: _("Several shipments have this reference: %s. Use the shipment's own.") % said}
    if next(iter(found.values())).cancelled_at:
        return {number: _("This shipment is cancelled.")}
    return {}


def _known(keys: set[str], by: User) -> dict[str, dict[int, Shipment]]:
    """Shipments of the person's scope by the key of any of their references; a box means the one that is under way."""
    mine = Shipment.objects.for_user(by, "view").select_related("origin", "destination").prefetch_related("units")
    rows = Reference.objects.filter(key__in=keys, shipment__in=mine.values("pk")).values_list("key", "shipment_id")
    shipments = mine.in_bulk({shipment_id for _key, shipment_id in rows})
    found: dict[str, dict[int, Shipment]] = defaultdict(dict)
    for key, shipment_id in rows:
        found[key][shipment_id] = shipments[shipment_id]
    return {key: _under_way(several) for key, several in found.items()}


def _under_way(shipments: dict[int, Shipment]) -> dict[int, Shipment]:
    open_ = {pk: s for pk, s in shipments.items() if s.closed_at is None and s.cancelled_at is None}
    return open_ or shipments


def _unit_of(shipment: Shipment, reference: str) -> str:
    key = unit_key(reference)
    return next((unit.number for unit in shipment.units.all() if unit.key == key), "")


def _open_lines(grid: Grid, result: GridResult, by: User, audiences: Audiences) -> dict[int, _Line]:
    ids = list({shipment.pk for shipment in result.shipments.values()})
    reporters, seen_as = reporters_for(by, ids), audiences(by, ids)
    planned: dict[int, list[Milestone]] = defaultdict(list)
    rows = Milestone.objects.filter(shipment__in=ids, type__in={column.code for column in grid.columns})
    for milestone in rows.select_related("location").order_by("position", "pk"):
        planned[milestone.shipment_id].append(milestone)
    lines: dict[int, _Line] = {}
    for number, shipment in result.shipments.items():
        if shipment.pk not in reporters:
            result.rows[number] = _("You may see this shipment, but not report events on it.")
        if number in result.rows:
            continue
        unit, is_inside = _unit_of(shipment, grid.rows[number].reference), is_internal(by)
        visible = [m for m in planned[shipment.pk] if m.audience in seen_as[shipment.pk]]
        hidden = {m.type_id for m in planned[shipment.pk]} - {m.type_id for m in visible}
        result.cells |= {} if is_inside else _closed(number, grid, hidden)
        lines[number] = _Line(shipment, unit, reporters[shipment.pk], visible, is_inside)
    return lines


def _closed(number: int, grid: Grid, hidden: set[str]) -> dict[tuple[int, int], CellResult]:
    said = _("This is nothing that partners report on this shipment.")
    return {
        (number, index): CellResult("error", "not_reportable", said)
        for index, column in enumerate(grid.columns)
        if column.code in hidden and grid.rows[number].cells[index : index + 1] not in ((), ("",))
    }


# --- one cell ------------------------------------------------------------------------------------------------------


def _checked(line: _Line, column: Column, said: Said, named: Location | None, now: datetime) -> CellResult:
    if said.problem:
        return CellResult("error", said.problem, str(DATE_PROBLEMS[said.problem]))
    try:
        milestone, place = _target(line, column, named)
        return _compared(_timed(said, column, place, now), milestone, column)
    except _Wrong as wrong:
        return CellResult("error", wrong.code, wrong.message)


def _target(line: _Line, column: Column, named: Location | None) -> tuple[Milestone | None, Location]:
    """The milestone that the cell is about, and where it happens. Never a guess between two places."""
    fitting = [m for m in line.milestones if m.type_id == column.code and m.unit_number in ("", line.unit)]
    if not line.unit:
        fitting = [m for m in line.milestones if m.type_id == column.code]
    if named is not None:
        fitting = [m for m in fitting if m.location_id == named.pk]
    places = {m.location.pk: m.location for m in fitting if m.location is not None}
    if named is None and not places:
        text = _("The plan of this shipment does not say where: name the place in the heading, such as @NLRTM.")
        raise _Wrong("no_place", text)
    if len(places) > 1:
        codes = ", ".join(sorted(place.code for place in places.values()))
        text = _("It is planned at several places (%s): name one in the heading, such as @NLRTM.")
        raise _Wrong("several_places", text % codes)
    place = named or next(iter(places.values()))
    return next((m for m in fitting if m.actual_at is None), fitting[-1] if fitting else None), place


def _timed(said: Said, column: Column, place: Location, now: datetime) -> CellResult:
    """The cell with its wall time and instant; the clock is that of the place."""
    zone = load_zone(place.time_zone) or UTC
    wall = said.time.wall if said.time else f"{now.astimezone(zone):%Y-%m-%dT%H:%M}:00"
    clock = load_zone(said.time.zone) if said.time and said.time.zone else zone
    naive = datetime.fromisoformat(wall)
    _must_exist(naive, clock or zone, place)
    at, _is_twice = instant(naive, clock or zone)
    if not naive.year >= _FIRST_YEAR or at > now + _AHEAD:
        raise _Wrong("date_not_possible", _("This day is too far away: look at the year."))
    if column.classifier == Classifier.ACTUAL and at > now + _CLOCK_SKEW:
        raise _Wrong("lies_ahead", _("This lies ahead. What has not happened yet is an estimate."))
    offset = said.time.zone if said.time else ""
    written = wall[:10] if said.is_day else f"{wall[:16]}{offset}"
    return CellResult("new", wall=written, at=at, place=place, time_zone=place.time_zone, is_day=said.is_day)


def _must_exist(naive: datetime, zone: tzinfo, place: Location) -> None:
    try:
        there_and_back = naive.replace(tzinfo=zone).astimezone(UTC).astimezone(zone).replace(tzinfo=None)
    except OverflowError as error:
        raise _Wrong("date_not_possible", _("This day is too far away: look at the year.")) from error
    if there_and_back != naive:
        text = _("There is no such time at %(place)s: the clocks go forward in that hour.") % {"place": place.name}
        raise _Wrong("no_such_hour", text)


def _compared(cell: CellResult, milestone: Milestone | None, column: Column) -> CellResult:
    if milestone is None:
        return cell
    old: datetime | None = getattr(milestone, _FIELDS[column.classifier])
    if column.classifier == Classifier.ACTUAL and milestone.is_inferred:
        old = None
    if milestone.actual_at and not milestone.is_inferred and column.classifier != Classifier.ACTUAL:
        return replace(cell, status="same", old=milestone.actual_at, message=_("It has happened already."))
    if old is None:
        return cell
    if _agrees(cell, old):
        return replace(cell, status="same", old=old, message=_("This stands already."))
    return replace(cell, status="change", old=old)


def _agrees(cell: CellResult, old: datetime) -> bool:
    if not cell.is_day:
        return cell.at == old.replace(second=0, microsecond=0) or cell.at == old
    return old.astimezone(load_zone(cell.time_zone) or UTC).date().isoformat() == cell.wall
