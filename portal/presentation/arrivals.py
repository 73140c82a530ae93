"""The expected arrival as its readers see it: who foretells it, within which days, and how it has moved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from milestones.enums import EtaKind
from milestones.slipping import SlipCurve, Told
from portal.presentation import times
from portal.presentation.times import ClockFace, LocalTime

_WIDTH, _HEIGHT, _MARGIN = 480, 96, 6
# A curve is to be looked at; of more versions than this the table shows the latest.
_ROWS = 30


class Rolled(Protocol):
    @property
    def arrival_by(self) -> str: ...
    @property
    def arrived_at(self) -> datetime | None: ...
    @property
    def own_arrival_at(self) -> datetime | None: ...
    @property
    def own_low_at(self) -> datetime | None: ...
    @property
    def own_high_at(self) -> datetime | None: ...


@dataclass(frozen=True, slots=True)
class Version:
    """`change`: how much later than the one before, signed. `by`: who said it; for outside readers only what kind."""

    told: LocalTime | None
    expected: LocalTime | None
    by: str
    change: str


@dataclass(frozen=True, slots=True)
class ArrivalView:
    """`shown_by` is empty once it has arrived. `chart` is empty where there is no curve to draw."""

    shown_by: str
    own: LocalTime | None
    low: LocalTime | None
    high: LocalTime | None
    versions: tuple[Version, ...]
    sentence: str
    chart: SafeString | str

    @property
    def has_range(self) -> bool:
        return self.low is not None and self.high is not None


def build(
    curve: SlipCurve, journey: Rolled | None, *, zone: str, face: ClockFace, is_outside: bool
) -> ArrivalView | None:
    """None when nobody has foretold anything. `zone`: of the place of arrival."""
    own_at = journey.own_arrival_at if journey else None
    if not curve.versions and own_at is None:
        return None
    words = sentence(curve)
    return ArrivalView(
        shown_by=str(EtaKind(journey.arrival_by).label) if journey and journey.arrival_by else "",
        own=face.local(own_at, zone),
        low=face.local(journey.own_low_at, zone) if journey else None,
        high=face.local(journey.own_high_at, zone) if journey else None,
        versions=tuple(_versions(curve.steps if is_outside else curve.versions, zone, face, is_outside=is_outside)),
        sentence=words,
        chart=_chart(curve, words) if curve.changes else "",
    )


def sentence(curve: SlipCurve) -> str:
    """ "3 changes, 2d 4h in all; 1d later than at first; it came 3h later than last foretold"."""
    if not curve.steps:
        return ""
    if not curve.changes:
        parts = [_("foretold once, not changed since")]
    else:
        changes = ngettext("%(count)d change", "%(count)d changes", curve.changes) % {"count": curve.changes}
        parts = [_("%(changes)s, %(span)s in all") % {"changes": changes, "span": _span(curve.movement)}]
        parts.append(_apart(curve.slip, _("%(span)s later than at first"), _("%(span)s earlier than at first")))
    if curve.error is not None:
        later, earlier = (
            _("it came %(span)s later than last foretold"),
            _("it came %(span)s earlier than last foretold"),
        )
        parts.append(_apart(curve.error, later, earlier) or _("it came as last foretold"))
    return "; ".join(filter(None, parts))


def _apart(length: timedelta, later: str, earlier: str) -> str:
    if not length:
        return ""
    return (later if length > timedelta(0) else earlier) % {"span": _span(length)}


def _span(length: timedelta) -> str:
    return times.span(round(length / timedelta(minutes=1)))


def _versions(told: Sequence[Told], zone: str, face: ClockFace, *, is_outside: bool) -> list[Version]:
    """The latest first."""
    rows, before = [], dict[str, datetime]()
    for one in told:
        change = times.variance(before.get(one.kind), one.expected_at) if one.kind in before else ""
        kind = str(EtaKind(one.kind).label)
        by = kind if is_outside or not one.by else f"{one.by} · {kind}"
        rows.append(Version(face.local(one.told_at, zone), face.local(one.expected_at, zone), by, change))
        before[one.kind] = one.expected_at
    return rows[::-1][:_ROWS]


def _chart(curve: SlipCurve, words: str) -> SafeString:
    """Steps: to the right the time of telling, upwards a later arrival. A dot where it arrived."""
    steps = curve.steps
    end = curve.arrived_at or curve.versions[-1].told_at
    across = [*(one.told_at for one in steps), max(end, steps[-1].told_at)]
    up = [one.expected_at for one in steps] + ([curve.arrived_at] if curve.arrived_at else [])
    points = []
    for number, one in enumerate(steps):
        y = _place(one.expected_at, up, _HEIGHT)
        points += [(_place(one.told_at, across, _WIDTH), y), (_place(across[number + 1], across, _WIDTH), y)]
    # Later stands higher, and the drawing counts from the top.
    line = " ".join(f"{x:.1f},{_HEIGHT - y:.1f}" for x, y in points)
    dot: SafeString | str = ""
    if curve.arrived_at:
        at = _place(curve.arrived_at, across, _WIDTH), _HEIGHT - _place(curve.arrived_at, up, _HEIGHT)
        dot = format_html('<circle class="fill tone-ok" cx="{}" cy="{}" r="4"/>', f"{at[0]:.1f}", f"{at[1]:.1f}")
    return format_html(
        '<svg class="slip-curve" viewBox="0 0 {} {}" width="100%" height="{}" role="img" aria-label="{}" '
        'preserveAspectRatio="none"><polyline class="line" fill="none" points="{}"/>{}</svg>',
        _WIDTH, _HEIGHT, _HEIGHT, words, line, dot,
    )  # fmt: skip


def _place(at: datetime, among: Sequence[datetime], size: int) -> float:
    first, last = min(among), max(among)
    if first == last:
        return size / 2
    return _MARGIN + (size - 2 * _MARGIN) * ((at - first) / (last - first))
