"""The journey of one shipment as its readers see it: one view model for console, pages and mails."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic, Protocol, TypeVar

from django.utils.translation import gettext as _

from milestones.enums import Audience, Deviation, Evidence, MilestoneState
from portal.presentation import strip, times, words
from portal.presentation.times import ClockFace, LocalTime
from portal.presentation.words import Word


class PlaceLike(Protocol):
    @property
    def name(self) -> str: ...
    @property
    def time_zone(self) -> str: ...


class MilestoneLike(Protocol):
    """What a row of the timeline is made of: milestones.Milestone, or a value of an earlier day."""

    @property
    def name(self) -> str: ...
    @property
    def state(self) -> str: ...
    @property
    def deviation(self) -> str: ...
    @property
    def audience(self) -> str: ...
    @property
    def location(self) -> PlaceLike | None: ...
    @property
    def unit_number(self) -> str: ...
    @property
    def time_zone(self) -> str: ...
    @property
    def is_inferred(self) -> bool: ...
    @property
    def evidence(self) -> str: ...
    @property
    def baseline_at(self) -> datetime | None: ...
    @property
    def planned_at(self) -> datetime | None: ...
    @property
    def estimated_at(self) -> datetime | None: ...
    @property
    def actual_at(self) -> datetime | None: ...


ReadT = TypeVar("ReadT", bound=MilestoneLike, covariant=True)
GivenT = TypeVar("GivenT", bound=MilestoneLike)


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads: what they may see, by which clock, and whether in the words for people outside."""

    audiences: tuple[str, ...] = tuple(Audience.values)
    face: ClockFace = field(default_factory=ClockFace)
    is_outside: bool = False


@dataclass(frozen=True, slots=True)
class Row(Generic[ReadT]):
    """One milestone. `at` is the time to show big (actual, else expected, else planned), `lead` the word before it.

    `plan` is the planned time where `at` departs from it; `slip` the difference in words fit for the reader.
    """

    milestone: ReadT
    name: str
    place: str
    unit: str
    word: Word
    lead: str
    at: LocalTime | None
    planned: LocalTime | None
    expected: LocalTime | None
    actual: LocalTime | None
    plan: LocalTime | None
    slip: str
    note: str
    is_late: bool
    is_next: bool
    is_internal: bool

    @property
    def is_reached(self) -> bool:
        return self.actual is not None


@dataclass(frozen=True, slots=True)
class TimelineView(Generic[ReadT]):
    """The rows the reader may see, in plan order; counts and letters are of these rows only."""

    rows: tuple[Row[ReadT], ...]
    letters: str

    @property
    def done(self) -> int:
        return sum(row.is_reached for row in self.rows)

    @property
    def total(self) -> int:
        return len(self.rows)

    @property
    def next_name(self) -> str:
        return next((row.name for row in self.rows if row.is_next), "")

    @property
    def is_waiting(self) -> bool:
        """Something should have happened and nobody told us."""
        return any(one in strip.UNCONFIRMED for one in self.letters)

    @property
    def last_reached(self) -> Row[ReadT] | None:
        return next((row for row in reversed(self.rows) if row.is_reached), None)


def build(milestones: Iterable[GivenT], reader: Reader) -> TimelineView[GivenT]:
    """The timeline of `milestones` (in plan order, with `location` loaded). Others than the reader's are left out."""
    seen = [one for one in milestones if one.audience in reader.audiences]
    letters = "".join(map(strip.letter, seen))
    letters = strip.outside(letters) if reader.is_outside else letters
    current = _next(seen)
    rows = tuple(
        _row(one, letter, reader, is_next=number == current)
        for number, (one, letter) in enumerate(zip(seen, letters, strict=True))
    )
    return TimelineView(rows, letters)


def _next(milestones: Sequence[MilestoneLike]) -> int | None:
    """The first one not reached after the last one that was: what lies before was missed, not what comes next."""
    reached = [number for number, one in enumerate(milestones) if one.state == MilestoneState.REACHED]
    first = reached[-1] + 1 if reached else 0
    return first if first < len(milestones) else None


def _row(one: GivenT, letter: str, reader: Reader, *, is_next: bool) -> Row[GivenT]:
    zone = (one.location.time_zone if one.location else "") or one.time_zone
    planned_at = one.planned_at or one.baseline_at
    best = one.actual_at or one.estimated_at
    compare = times.later if reader.is_outside else times.variance
    actual, expected, planned = (reader.face.local(at, zone) for at in (one.actual_at, one.estimated_at, planned_at))
    # When an inferred milestone happened is not known: only that it had, by then. It is not measured against the plan.
    slip = "" if one.is_inferred else compare(planned_at, best)
    return Row(
        milestone=one,
        name=one.name,
        place=one.location.name if one.location else "",
        unit=one.unit_number,
        word=words.milestone(letter),
        lead=_lead(one, planned_at),
        at=actual or expected or planned,
        planned=planned,
        expected=expected,
        actual=actual,
        plan=planned if slip and best and planned != (actual or expected) and _departs(planned_at, best) else None,
        slip=slip,
        note=_note(one, zone, reader),
        is_late=one.deviation == Deviation.LATE,
        is_next=is_next,
        is_internal=one.audience == Audience.INTERNAL,
    )


def _lead(one: MilestoneLike, planned_at: datetime | None) -> str:
    if one.actual_at:
        return _("By") if one.is_inferred else ""
    if one.estimated_at:
        return _("Expected")
    return _("Planned") if planned_at else _("No date yet")


def _departs(planned_at: datetime | None, at: datetime) -> bool:
    return planned_at is not None and abs(times.minutes_between(planned_at, at)) >= times.ON_PLAN_MINUTES


def _note(one: MilestoneLike, zone: str, reader: Reader) -> str:
    notes = [_evidence(one.evidence, is_outside=reader.is_outside)]
    if one.is_inferred:
        notes = [_("follows from a later report")]
    has_time = one.actual_at or one.estimated_at or one.planned_at
    if has_time and not zone and not reader.is_outside:
        notes.append(_("zone unknown"))
    return "; ".join(filter(None, notes))


def _evidence(evidence: str, *, is_outside: bool) -> str:
    """How well a time is vouched for, where that is worth a word: one report is what is usual."""
    notes = {
        Evidence.CONFIRMED: _("confirmed by a second source"),
        Evidence.DISPUTED: _("being checked, the sources disagree") if is_outside else _("the sources disagree"),
        Evidence.RETRACTED: _("a report was taken back"),
        Evidence.MANUAL: "" if is_outside else _("entered by hand"),
    }
    return notes.get(Evidence(evidence), "") if evidence else ""
