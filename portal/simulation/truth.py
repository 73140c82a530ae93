"""What a perfect observer of the messages sent must hold open at a moment: the measure of our exceptions. Pure.

It follows from what was sent (`Letter`), the lines of the plan and the rules as data, by a logic of its own and without
`milestones.evaluate`; only the table of what implies what is shared, which is vocabulary. It is as simple as the
simulated world allows: one reporter for each milestone, no vessel of another leg, at most one unit.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from milestones.enums import ExceptionKind, PlaceRole
from milestones.facts import LineFact, PlaceFact, RuleFact
from milestones.judging import IMPLIED

# What is judged here. Of others the simulator knows no truth.
KINDS: tuple[str, ...] = (
    ExceptionKind.OVERDUE.value,
    ExceptionKind.LATE.value,
    ExceptionKind.EARLY.value,
    ExceptionKind.MISSING.value,
    ExceptionKind.OUT_OF_SEQUENCE.value,
    ExceptionKind.UNEXPECTED.value,
    ExceptionKind.HOLD.value,
    ExceptionKind.DUPLICATE.value,
)
_OVERDUE, _LATE, _EARLY, _MISSING, _ASKEW, _UNEXPECTED, _HOLD, _DUPLICATE = KINDS
_DAY = 24 * 60
# Two reports closer than this say the same.
_AGREEMENT = timedelta(hours=1)
# (kind, milestone code): what stands out of one shipment.
Found = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Letter:
    """What one message says of journey `number`. `at` None: it only takes back `retracts`."""

    number: int
    source: str
    code: str
    at: datetime | None
    place: str = ""
    is_estimate: bool = False
    own_id: str = ""
    retracts: str = ""


@dataclass(frozen=True, slots=True)
class Known:
    """The plan of one shipment: its lines, in an order in which each follows those it counts from (`order`), its dates
    by AnchorKind, the place of each role, and the public holidays by country."""

    mode: str
    lines: Sequence[LineFact]
    order: Sequence[int]
    dates: Mapping[str, datetime | None]
    places: Mapping[str, PlaceFact]
    holidays: Mapping[str, frozenset[date]]


@dataclass(slots=True)
class _Row:
    line: LineFact
    planned: datetime | None = None
    estimate: datetime | None = None
    is_told: bool = False
    actual: datetime | None = None
    again: list[datetime] = field(default_factory=list)
    is_implied: bool = False

    @property
    def is_reached(self) -> bool:
        return self.actual is not None or self.is_implied

    @property
    def expected(self) -> datetime | None:
        return self.estimate or self.planned


def must_be_open(known: Known, letters: Sequence[Letter], rules: Sequence[RuleFact], now: datetime) -> set[Found]:
    """The cases of the shipment at `now`. `letters` in the order in which they came, repetitions once."""
    standing = _standing(letters)
    rows, beside = _rows(known, standing)
    troubles = [*_of_lines(rows, now), *_beside(standing, beside, now)]
    if any(row.line.code == "DELIVERED" and row.is_reached for row in rows):
        troubles = [(kind, code, length) for kind, code, length in troubles if _matters(kind, code)]
    return {(kind, code) for kind, code, length in troubles if _is_asked(kind, code, length, known.mode, rules)}


def _matters(kind: str, code: str) -> bool:
    """Of what was delivered: not that it was early or held, nor that it was late on the way."""
    return kind not in (_HOLD, _EARLY) and (kind != _LATE or code == "DELIVERED")


def _is_asked(kind: str, code: str, length: timedelta, mode: str, rules: Iterable[RuleFact]) -> bool:
    return any(
        rule.kind == kind and rule.code in ("", code) and rule.mode in ("", mode) and length >= rule.minimum
        for rule in rules
    )


def _standing(letters: Sequence[Letter]) -> list[Letter]:
    """Without what its sender took back or said again under the same id, and without the taking back."""
    gone = {(letter.source, letter.retracts) for letter in letters if letter.retracts}
    newest = {(letter.source, letter.own_id): letter for letter in letters if letter.own_id}
    return [
        letter
        for letter in letters
        if letter.at is not None
        and (letter.source, letter.own_id) not in gone
        and (not letter.own_id or newest[letter.source, letter.own_id] is letter)
    ]


def _rows(known: Known, letters: Sequence[Letter]) -> tuple[list[_Row], list[Letter]]:
    """The lines with what is known of each, and the letters that no line is about."""
    rows = [_Row(line) for line in known.lines]
    beside = []
    for letter in letters:
        row = _row_of(letter, rows, known)
        if row is None:
            beside.append(letter)
        elif letter.is_estimate:
            row.estimate, row.is_told = letter.at, True
        else:
            row.again += [row.actual] if row.actual else []
            row.actual = letter.at
    for index in known.order:
        _reckon(rows[index], rows, known)
    reported = [row for row in rows if row.actual]
    for row in rows:
        row.is_implied = not row.actual and any(
            row.line.code in IMPLIED.get(later.line.code, ()) and later.line.position > row.line.position
            for later in reported
        )
    return [row for row in rows if row.line.applies], beside


def _row_of(letter: Letter, rows: Sequence[_Row], known: Known) -> _Row | None:
    """The line at the place of the letter, else the one that may be anywhere."""
    fitting = [row for row in rows if row.line.code == letter.code and row.line.applies]
    there = [row for row in fitting if (place := known.places.get(row.line.place_role)) and place.code == letter.place]
    anywhere = [row for row in fitting if row.line.place_role == PlaceRole.ANY]
    return next(iter([*there, *anywhere]), None)


def _reckon(row: _Row, rows: Sequence[_Row], known: Known) -> None:
    """When it is due, and when it is expected since something moved that it counts from."""
    line = row.line
    if line.anchor_index is None:
        row.planned = _due(line, known.dates.get(line.anchor), known)
        return
    anchors = [rows[index] for index in (line.anchor_index, *line.other_anchors)]
    row.planned = _due(line, max((a.planned for a in anchors if a.planned), default=None), known)
    moved = [(a.actual or a.estimate or a.planned) for a in anchors]
    is_moved = any(at is not None and at != a.planned for at, a in zip(moved, anchors, strict=True))
    if is_moved and row.actual is None and not row.is_told:
        row.estimate = _due(line, max((at for at in moved if at), default=None), known)


def _due(line: LineFact, anchor: datetime | None, known: Known) -> datetime | None:
    """Days on the calendar of the place (or its working days), what is left of the offset in elapsed time."""
    if anchor is None:
        return None
    place = known.places.get(line.place_role) or known.places[PlaceRole.DESTINATION.value]
    zone = ZoneInfo(place.time_zone or "UTC")
    sign = -1 if line.offset_minutes < 0 else 1
    days, minutes = divmod(abs(line.offset_minutes), _DAY)
    if not (days or line.is_working or line.time_of_day or line.roll):
        return anchor + timedelta(minutes=sign * minutes)
    wall = anchor.astimezone(zone)
    off = known.holidays.get(place.country, frozenset())
    if line.is_working:
        wall = datetime.combine(_worked(wall.date(), days, sign, off), wall.time(), tzinfo=zone)
    else:
        wall += timedelta(days=sign * days)
    wall = (wall.astimezone(UTC) + timedelta(minutes=sign * minutes)).astimezone(zone)
    if line.is_working or line.roll:
        way = {"next": 1, "previous": -1}.get(line.roll, sign)
        wall = datetime.combine(_worked(wall.date(), 0, way, off), wall.time(), tzinfo=zone)
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


def _of_lines(rows: Sequence[_Row], now: datetime) -> Iterable[tuple[str, str, timedelta]]:
    furthest = max((r.line.position for r in rows if r.line.is_mandatory and r.is_reached), default=-1)
    before: datetime | None = None
    for row in rows:
        code = row.line.code
        if row.again and row.actual:
            apart = max(abs(at - row.actual) for at in row.again)
            if apart > _AGREEMENT:
                yield _DUPLICATE, code, apart
        yield from _of_line(row, furthest, before, now)
        if row.actual and row.line.is_mandatory and (before is None or row.actual > before):
            before = row.actual


def _of_line(row: _Row, furthest: int, before: datetime | None, now: datetime) -> Iterable[tuple[str, str, timedelta]]:
    line, expected = row.line, row.expected
    is_passed = line.position < furthest
    if row.actual is None:
        if row.is_implied or (not line.is_mandatory and is_passed and not row.is_told):
            return
        if line.is_mandatory and is_passed:
            yield _MISSING, line.code, timedelta(0)
            return
        if line.is_mandatory and expected is not None and now > expected + line.late:
            yield _OVERDUE, line.code, now - expected
            return
    yield from _moved(row, before)


def _moved(row: _Row, before: datetime | None) -> Iterable[tuple[str, str, timedelta]]:
    """Late goes before the wrong order, and that before early."""
    line, at, planned = row.line, row.actual or row.estimate, row.planned
    if at is not None and planned is not None and at > planned + line.late:
        yield _LATE, line.code, at - planned
    elif row.actual is not None and before is not None and row.actual < before:
        yield _ASKEW, line.code, before - row.actual
    elif at is not None and planned is not None and at < planned - line.early:
        yield _EARLY, line.code, planned - at


def _beside(letters: Sequence[Letter], beside: Iterable[Letter], now: datetime) -> Iterable[tuple[str, str, timedelta]]:
    """What no line plans; holds until a release at their time or later."""
    released = [letter.at for letter in letters if letter.code == "CUSTOMS_RELEASED" and letter.at]
    for letter in beside:
        if letter.at is None or letter.is_estimate:
            continue
        yield _UNEXPECTED, letter.code, max(now - letter.at, timedelta(0))
        if letter.code == "CUSTOMS_HOLD" and not any(at >= letter.at for at in released):
            yield _HOLD, letter.code, now - letter.at


@dataclass(frozen=True, slots=True)
class Score:
    """Of one kind: cases that must be open, those that are, and how many are both."""

    kind: str
    wanted: int
    opened: int
    right: int

    @property
    def precision(self) -> float:
        return self.right / self.opened if self.opened else 1.0

    @property
    def recall(self) -> float:
        return self.right / self.wanted if self.wanted else 1.0


def scores(wanted: set[tuple[str, str, str]], opened: set[tuple[str, str, str]]) -> list[Score]:
    """By kind, from (reference, kind, milestone code)."""
    return [
        Score(
            kind,
            sum(one[1] == kind for one in wanted),
            sum(one[1] == kind for one in opened),
            sum(one[1] == kind for one in wanted & opened),
        )
        for kind in KINDS
    ]
