"""When each line of a plan is due, expected and reached, by what was told: of the simulator's own truth. Pure.

As simple as the simulated world allows: one stop on the way at most, one reporter of each estimate.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from milestones.enums import PlaceRole
from milestones.facts import LineFact, PlaceFact
from milestones.judging import IMPLIED
from portal.simulation.letters import Told, believed

_DAY = 24 * 60
# The way as a whole departs and arrives as the shipment does.
_SAME_DATE = {"leg_etd": "etd", "leg_eta": "eta"}
# How far an estimate must move to move others, by how long before it was told (decision 0014); at the end, 2 hours.
_STEPS = ((timedelta(days=7), timedelta(hours=24)), (timedelta(days=2), timedelta(hours=6)))
_LEAST = timedelta(hours=2)


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of one shipment without being told by letter: its lines, in an order in which each follows those
    it counts from (`order`), its dates by AnchorKind, the place of each role, the public holidays by country, how far
    each source is trusted, the papers that were filed, and by how many percent it costs more than was expected, and
    its containers (`units`, none where it has one only). `legs`: ETD and ETA of each, where there are several."""

    mode: str
    lines: Sequence[LineFact]
    order: Sequence[int]
    dates: Mapping[str, datetime | None]
    places: Mapping[str, PlaceFact]
    holidays: Mapping[str, frozenset[date]]
    trust: Mapping[str, int] = field(default_factory=dict)
    papers: frozenset[str] = frozenset()
    overrun: int = 0
    units: frozenset[str] = frozenset()
    legs: Sequence[tuple[datetime | None, datetime | None]] = ()


@dataclass(slots=True)
class Row:
    """A line. `told`: the reports of its actual; `steady`: its estimate without the small changes; `implied_at`: when
    it must have happened at the latest, by what was reported after it; `afters`: the rows that it has to follow."""

    line: LineFact
    planned: datetime | None = None
    estimate: datetime | None = None
    steady: datetime | None = None
    is_foretold: bool = False
    actual: datetime | None = None
    told: list[Told] = field(default_factory=list)
    foretold: list[Told] = field(default_factory=list)
    afters: Sequence[Row] = ()
    implied_at: datetime | None = None

    @property
    def is_reached(self) -> bool:
        return self.actual is not None or self.implied_at is not None

    @property
    def reached_at(self) -> datetime:
        at = self.actual or self.implied_at
        if at is None:
            raise ValueError("it is not reached")
        return at

    @property
    def about(self) -> str:
        """As a case about it is called."""
        return f"{self.line.code} {self.line.slot.partition(':')[2]}".strip()

    @property
    def expected(self) -> datetime | None:
        return self.estimate or self.planned

    @property
    def stands(self) -> datetime | None:
        """For those that count from it."""
        return self.actual or self.steady or self.planned


def rows_of(known: Known, letters: Sequence[Told]) -> tuple[list[Row], list[Told]]:
    """The lines with what is known of each, and the letters that no line is about."""
    rows = [Row(line) for line in known.lines]
    beside = []
    for letter in letters:
        about = _rows_about(letter, rows, known)
        if not about:
            beside.append(letter)
        for row in about:
            (row.foretold if letter.letter.is_estimate else row.told).append(letter)
    for index in known.order:
        _reckon(rows[index], rows, known)
    shown = [row for row in rows if row.line.applies]
    for row in shown:
        if row.actual is None:
            later = following(row, [r for r in shown if r.actual is not None])
            row.implied_at = min((at for r, at in later if row.line.code in IMPLIED.get(r.line.code, ())), default=None)
    return shown, beside


def _rows_about(letter: Told, rows: Sequence[Row], known: Known) -> Sequence[Row]:
    """The line at the place of the letter, else the one that may be anywhere; of lines per container those of its
    container, or all where it names none."""
    fitting = [row for row in rows if row.line.code == letter.code and row.line.applies]
    place, unit = letter.letter.place, letter.letter.unit
    there = [row for row in fitting if (at := _place(row.line, known)) and at.code == place]
    found = there or [row for row in fitting if row.line.place_role == PlaceRole.ANY]
    if found and found[0].line.unit:
        return [row for row in found if unit in ("", row.line.unit)]
    return found[:1]


def _happened(row: Row, known: Known) -> datetime | None:
    """What is told of containers happened once it is told of the last of them."""
    units = {told.letter.unit for told in row.told}
    if row.line.unit or not known.units or "" in units:
        return believed(row.told, known.trust).at
    each = [[told for told in row.told if told.letter.unit == unit] for unit in units]
    return max(believed(told, known.trust).at for told in each) if units == known.units else None


def following(row: Row, reached: Sequence[Row]) -> list[tuple[Row, datetime]]:
    """Of the rows that are reached those that come after it, and when: of the same container or of all. What stands
    per container comes after what stands once when all of them had it."""
    later = [one for one in reached if one.line.position > row.line.position]
    if row.line.unit:
        return [(one, one.reached_at) for one in later if one.line.unit in ("", row.line.unit)]
    found = [(one, one.reached_at) for one in later if not one.line.unit]
    for position in {one.line.position for one in later if one.line.unit}:
        each = [one for one in later if one.line.position == position]
        if len(each) == each[0].line.share:
            found.append((each[0], max(one.reached_at for one in each)))
    return found


def latest(*instants: datetime | None) -> datetime | None:
    return max((at for at in instants if at is not None), default=None)


def _reckon(row: Row, rows: Sequence[Row], known: Known) -> None:
    """When it is due, when it happened, and when it is expected: as foretold, or since something moved it along."""
    line = row.line
    anchors = [rows[i] for i in line.anchors]
    row.afters = afters = [rows[i] for i in line.after_indexes]
    row.planned = _due(line, latest(*(a.planned for a in anchors)) if anchors else _date(line, known), known)
    if row.planned is not None:
        row.planned = latest(row.planned, *(after.planned for after in afters))
    if row.told:
        row.actual = _happened(row, known)
    if row.foretold:
        _foretell(row)
    elif row.actual is None:
        row.estimate = row.steady = _moved_along(row, anchors, afters, known)


def _date(line: LineFact, known: Known) -> datetime | None:
    """Where it stops on the way it arrives with the leg that ends there, and departs with the next one."""
    if line.stop and line.anchor in _SAME_DATE:
        etd, eta = known.legs[line.stop - 1 if line.anchor == "leg_eta" else line.stop]
        return eta if line.anchor == "leg_eta" else etd
    return known.dates.get(_SAME_DATE.get(line.anchor, line.anchor))


def _place(line: LineFact, known: Known) -> PlaceFact | None:
    return line.point.place if line.point else known.places.get(line.place_role)


def _foretell(row: Row) -> None:
    """The last estimate counts; others move by it only where it differs enough."""
    ordered = sorted(row.foretold, key=lambda told: told.letter.told_at or told.at)
    steady = ordered[0]
    for told in ordered[1:]:
        ahead = told.at - (told.letter.told_at or told.at)
        if abs(told.at - steady.at) >= next((step for more, step in _STEPS if ahead > more), _LEAST):
            steady = told
    row.estimate, row.steady, row.is_foretold = ordered[-1].at, steady.at, True


def _moved_along(row: Row, anchors: Sequence[Row], afters: Sequence[Row], known: Known) -> datetime | None:
    """By what it counts from, and never before what it has to follow; None where nothing moves it."""
    at, is_moved = row.planned, any(anchor.stands != anchor.planned for anchor in anchors)
    if is_moved:
        at = _due(row.line, latest(*(anchor.stands for anchor in anchors)), known)
    after = latest(*(each.stands for each in afters))
    if at is not None and after is not None and after > at:
        return after
    return at if is_moved else None


def _due(line: LineFact, anchor: datetime | None, known: Known) -> datetime | None:
    """Days on the calendar of the place (or its working days), what is left of the offset in elapsed time."""
    if anchor is None:
        return None
    place = _place(line, known) or known.places[PlaceRole.DESTINATION.value]
    zone = ZoneInfo(place.time_zone or "UTC")
    sign = -1 if line.offset_minutes < 0 else 1
    days, minutes = divmod(abs(line.offset_minutes), _DAY)
    if not (days or line.is_working or line.time_of_day or line.roll):
        return anchor + timedelta(minutes=sign * minutes)
    wall = anchor.astimezone(zone)
    off = known.holidays.get(place.country, frozenset())
    way = {"next": 1, "previous": -1}.get(line.roll, sign)
    if line.is_working:
        # With no whole day to count it only goes to a working day, in the way it rolls.
        step = sign if days else way
        wall = datetime.combine(_worked(wall.date(), days, step, off), wall.time(), tzinfo=zone)
    else:
        wall += timedelta(days=sign * days)
    wall = (wall.astimezone(UTC) + timedelta(minutes=sign * minutes)).astimezone(zone)
    if line.is_working or line.roll:
        day = _worked(wall.date(), 0, way, off)
        wall = wall if day == wall.date() else datetime.combine(day, wall.time(), tzinfo=zone)
    if line.time_of_day:
        wall = datetime.combine(wall.date(), line.time_of_day, tzinfo=zone)
    return wall.astimezone(UTC)


def _worked(day: date, days: int, sign: int, off: frozenset[date]) -> date:
    """So many working days on, Monday to Friday; never on a day off."""
    left = days
    while left or day.weekday() > 4 or day in off:
        day += timedelta(days=sign)
        left -= bool(left) and day.weekday() < 5 and day not in off
    return day
