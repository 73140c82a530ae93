"""What a perfect observer of the messages sent must hold open at a moment: the measure of our exceptions. Pure.

It follows from what was sent (`Letter`), the lines of the plan and the rules as data, by a logic of its own and without
`milestones.evaluate` and the detectors; only the table of what implies what is shared, which is vocabulary. What each
kind means is docs/exceptions.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from milestones.enums import ExceptionKind
from milestones.facts import RuleFact
from portal.simulation.letters import LAST_FREE_DAY, NO_MILESTONE, Letter, Told, believed, last_words, standing
from portal.simulation.reckoning import Known, Row, following, latest, rows_of

# What is judged here. A condition of one's own is no kind of trouble of the world.
KINDS: tuple[str, ...] = tuple(kind.value for kind in ExceptionKind if kind != ExceptionKind.CONDITION)
(
    _OVERDUE, _LATE, _MISSING, _HOLD, _EARLY, _ASKEW, _UNEXPECTED, _SLIP, _DWELL, _FREE_DAY, _PAPER, _QUIET, _CONFLICT,
    _AGAIN, _OVERRUN,
) = KINDS  # fmt: skip
# Of these there is one a line, so one a container or a stop where the line stands so often.
OF_LINES = frozenset({_OVERDUE, _LATE, _MISSING, _EARLY, _ASKEW, _CONFLICT, _AGAIN})
_NONE = timedelta(0)
# Two reports closer than this say the same.
_AGREEMENT = timedelta(hours=1)
# From this trust on a source may dispute what another one says.
_TRUSTED = 30
# How long after its last word a source of the simulated world counts as silent.
_USUAL_DELAY = timedelta(hours=4)
# Of what was delivered none of these matters any more.
_ON_THE_WAY = frozenset({_HOLD, _EARLY, _SLIP, _DWELL, _QUIET})
# What leaves the freight standing at a place, and what takes it on.
_STANDS = frozenset(
    {"RECEIVED_ORIGIN", "GATE_IN", "ARRIVED", "DISCHARGED", "RECEIVED_TRANSIT", "WH_RECEIVED", "AVAILABLE"}
)
_GOES = frozenset(
    {
        "PICKED_UP",
        "LOADED",
        "DEPARTED",
        "GATE_OUT",
        "OUT_FOR_DELIVERY",
        "DELIVERY_ARRIVED",
        "DELIVERED",
        "EMPTY_RETURNED",
    }
)
_COLLECTED = frozenset({"OUT_FOR_DELIVERY", "DELIVERED"})

# (kind, about): what stands out of one shipment. `about`: milestone code, paper, or the word for a clock or money.
Found = tuple[str, str]


@dataclass(frozen=True, slots=True)
class _Trouble:
    """`length` and `percent`: what the thresholds of a rule are compared with. `is_there`: False: only foreseen."""

    kind: str
    about: str
    length: timedelta
    is_there: bool = True
    percent: int = 0
    code: str = ""


@dataclass(frozen=True, slots=True)
class Moment:
    """`now`, and when the last messages were heard."""

    now: datetime
    heard_at: datetime


def must_be_open(known: Known, letters: Sequence[Letter], rules: Sequence[RuleFact], moment: Moment) -> set[Found]:
    """The cases of the shipment at the moment. `letters` in the order in which they came, repetitions once."""
    told = standing(letters, moment.heard_at)
    rows, beside = rows_of(known, told)
    happened = [one for one in told if not one.letter.is_estimate]
    troubles = [
        *_of_lines(rows, moment),
        *_of_reports(rows, known),
        *_beside(happened, beside, moment.now),
        *_slipping(rows),
        *_standing_still(happened, moment.now),
        *_free_time(told, happened, known, moment.now),
        *_papers(rows, known, moment.now),
        *_quiet(rows, told, moment),
    ]
    if known.overrun > 0:
        troubles.append(_Trouble(_OVERRUN, "cost", _NONE, percent=known.overrun))
    if any(row.line.code == "DELIVERED" and row.is_reached for row in rows):
        troubles = [t for t in troubles if t.kind not in _ON_THE_WAY and (t.kind != _LATE or t.about == "DELIVERED")]
    return {(t.kind, t.about) for t in troubles if any(_opens(rule, t, known.mode) for rule in rules)}


def _opens(rule: RuleFact, trouble: _Trouble, mode: str) -> bool:
    """Whether the rule, which has no condition, opens a case: as a breach, or before that as a warning."""
    is_asked = (
        rule.kind == trouble.kind and rule.code in ("", trouble.code or trouble.about) and rule.mode in ("", mode)
    )
    if not is_asked or rule.condition is not None:
        return False
    is_long = trouble.length >= rule.minimum and trouble.percent >= rule.minimum_percent
    return (trouble.is_there and is_long) or (rule.warn is not None and trouble.length >= rule.warn)


def _of_lines(rows: Sequence[Row], moment: Moment) -> Iterator[_Trouble]:
    for row in rows:
        yield from _of_line(row, rows, moment) or _moved(row, _before(row, rows))


def _before(row: Row, rows: Iterable[Row]) -> datetime | None:
    """When the last of what has to come before it was reported to have happened."""
    return latest(
        *(
            one.actual
            for one in rows
            if one.line.is_mandatory
            and one.line.position < row.line.position
            and (not row.line.unit or one.line.unit in ("", row.line.unit))
        )
    )


def _of_line(row: Row, rows: Sequence[Row], moment: Moment) -> list[_Trouble] | None:
    """What was not reported though it should have been; None where it is to be asked how far it has moved."""
    line = row.line
    if row.actual is not None:
        return None
    is_passed = bool(following(row, [one for one in rows if one.line.is_mandatory and one.is_reached]))
    if row.is_reached or (is_passed and not line.is_mandatory and not row.is_foretold):
        return [_NOTHING]
    if is_passed and line.is_mandatory:
        return [_of(row, _MISSING, moment.now - moment.heard_at)]
    if line.is_mandatory and row.expected is not None and moment.now > row.expected + line.late:
        return [_of(row, _OVERDUE, moment.now - row.expected)]
    return None


def _of(row: Row, kind: str, length: timedelta) -> _Trouble:
    return _Trouble(kind, row.about, length, code=row.line.code)


_NOTHING = _Trouble("", "", _NONE)


def _moved(row: Row, before: datetime | None) -> Iterator[_Trouble]:
    """Late goes before the wrong order, and that before early."""
    line, at, planned = row.line, row.actual or row.estimate, row.planned
    if at is not None and planned is not None and at > planned + line.late:
        yield _of(row, _LATE, at - planned)
    elif row.actual is not None and before is not None and row.actual < before:
        yield _of(row, _ASKEW, before - row.actual)
    elif row.actual is not None and _is_ahead(row):
        yield _of(row, _ASKEW, _NONE)
    elif at is not None and planned is not None and at < planned - line.early:
        yield _of(row, _EARLY, planned - at)


def _is_ahead(row: Row) -> bool:
    """Whether it happened before, or without, something that it has to follow."""
    return any(
        (after.actual is not None and row.actual is not None and row.actual < after.actual)
        or (after.line.is_mandatory and not after.is_reached)
        for after in row.afters
    )


def _of_reports(rows: Iterable[Row], known: Known) -> Iterator[_Trouble]:
    """One source says it twice, or two sources say it differently."""
    for row in rows:
        if not row.told or len({one.letter.unit for one in row.told}) > 1:
            # Of several containers each has its own time.
            continue
        stands = believed(row.told, known.trust)
        again = [abs(one.at - stands.at) for one in row.told if one.source == stands.source]
        if max(again) > _AGREEMENT:
            yield _of(row, _AGAIN, max(again))
        others = [
            abs(one.at - stands.at)
            for source, one in last_words(row.told).items()
            if source != stands.source and known.trust.get(source, 0) >= _TRUSTED
        ]
        if others and max(others) > max(_AGREEMENT, row.line.early, row.line.late):
            yield _of(row, _CONFLICT, max(others))


def _beside(happened: Sequence[Told], beside: Iterable[Told], now: datetime) -> Iterator[_Trouble]:
    """What no line plans; holds until a release at their time or later."""
    released = [one.at for one in happened if one.code == "CUSTOMS_RELEASED"]
    for one in beside:
        if one.letter.is_estimate or one.code == NO_MILESTONE:
            continue
        yield _Trouble(_UNEXPECTED, one.code, max(now - one.at, _NONE))
        if one.code == "CUSTOMS_HOLD" and not any(at >= one.at for at in released):
            yield _Trouble(_HOLD, one.code, now - one.at)


def _slipping(rows: Sequence[Row]) -> Iterator[_Trouble]:
    """The arrival, else the delivery, is expected later than it was at first, and has not come."""
    ends = [row for row in rows if row.line.code == "ARRIVED" and row.line.place_role in ("pod", "destination")]
    ends = ends or [row for row in rows if row.line.code == "DELIVERED"]
    if not ends or ends[-1].is_reached:
        return
    end = ends[-1]
    if end.estimate is not None and end.planned is not None and end.estimate > end.planned:
        yield _Trouble(_SLIP, end.line.code, end.estimate - end.planned)


def _standing_still(happened: Iterable[Told], now: datetime) -> Iterator[_Trouble]:
    moves = [one for one in happened if one.code in _STANDS | _GOES]
    last = max(moves, key=lambda one: (one.at, one.code in _GOES), default=None)
    if last is not None and last.code in _STANDS:
        yield _Trouble(_DWELL, last.code, max(now - last.at, _NONE))


def _free_time(told: Iterable[Told], happened: Sequence[Told], known: Known, now: datetime) -> Iterator[_Trouble]:
    """Free time at the terminal ends, and nobody has collected it there."""
    ends = [one for one in told if one.code == LAST_FREE_DAY]
    if not ends:
        return
    place = ends[-1].letter.place
    out = {one.letter.unit for one in happened if one.code == "GATE_OUT" and one.letter.place == place}
    is_out = bool(out) and ("" in out or out >= known.units)
    if is_out or any(one.code in _COLLECTED for one in happened):
        return
    over = now - ends[-1].at
    # The report itself is no milestone: only a rule for any milestone meets it.
    yield _Trouble(_FREE_DAY, "demurrage", over, is_there=over >= _NONE, code=NO_MILESTONE)


def _papers(rows: Iterable[Row], known: Known, now: datetime) -> Iterator[_Trouble]:
    """Of each paper that is not there, for the first line that needs it."""
    needed: dict[str, tuple[datetime, Row]] = {}
    for row in rows:
        at = row.actual or row.implied_at or row.expected
        if at is None or not (row.line.is_mandatory or row.is_reached):
            continue
        for paper in row.line.documents:
            if paper not in known.papers and (paper not in needed or at < needed[paper][0]):
                needed[paper] = (at, row)
    for paper, (at, row) in needed.items():
        is_there = row.is_reached or now >= at
        yield _Trouble(_PAPER, paper, now - at, is_there=is_there, code=row.line.code)


def _quiet(rows: Sequence[Row], told: Sequence[Told], moment: Moment) -> Iterator[_Trouble]:
    """Something is overdue, and who should say so has been silent for longer than usual."""
    due = [
        (row.expected, row.line.position, row.line.code)
        for row in rows
        for trouble in _of_line(row, rows, moment) or ()
        if trouble.kind == _OVERDUE and row.expected is not None
    ]
    silent_from = moment.heard_at + _USUAL_DELAY
    if due and told and moment.now > silent_from:
        since, _, code = min(due)
        yield _Trouble(_QUIET, code, max(moment.now - max(since, silent_from), _NONE))


@dataclass(frozen=True, slots=True)
class Score:
    """Of one kind: cases that must be open, those that are, and how many are both."""

    kind: str
    wanted: int
    opened: int
    right: int

    @property
    def precision(self) -> float | None:
        """Of the opened ones, how many must be; None where none is open."""
        return self.right / self.opened if self.opened else None

    @property
    def recall(self) -> float | None:
        """Of those that must be open, how many are; None where none must be."""
        return self.right / self.wanted if self.wanted else None


def scores(wanted: set[tuple[str, str, str]], opened: set[tuple[str, str, str]]) -> list[Score]:
    """By kind, from (reference, kind, what it is about)."""
    return [
        Score(
            kind,
            sum(one[1] == kind for one in wanted),
            sum(one[1] == kind for one in opened),
            sum(one[1] == kind for one in wanted & opened),
        )
        for kind in KINDS
    ]
