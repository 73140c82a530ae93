"""A shipment in one sentence and one tag: the head of its page, the card of a list."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from milestones.enums import Health, JourneyStatus
from portal.presentation import strip, times, words
from portal.presentation.timeline import MilestoneLike, PlaceLike, Reader, TimelineView
from portal.presentation.times import LocalTime
from portal.presentation.words import Word

FINISHED: tuple[str, ...] = (JourneyStatus.DELIVERED, JourneyStatus.CANCELLED)


class Route(Protocol):
    @property
    def origin(self) -> PlaceLike: ...
    @property
    def destination(self) -> PlaceLike: ...
    @property
    def cancelled_at(self) -> datetime | None: ...


class Rolled(Protocol):
    """The roll-up of a journey: milestones.Journey."""

    @property
    def status(self) -> str: ...
    @property
    def health(self) -> str: ...
    @property
    def planned_arrival_at(self) -> datetime | None: ...
    @property
    def expected_arrival_at(self) -> datetime | None: ...
    @property
    def arrived_at(self) -> datetime | None: ...
    @property
    def last_event_at(self) -> datetime | None: ...


@dataclass(frozen=True, slots=True)
class Arrival:
    """What is known of the arrival at `place`, by the reader's clock. `slip` is empty when nothing is worth telling."""

    place: str
    planned: LocalTime | None
    expected: LocalTime | None
    actual: LocalTime | None
    slip: str

    @property
    def best(self) -> LocalTime | None:
        return self.actual or self.expected or self.planned


@dataclass(frozen=True, slots=True)
class Summary:
    """What a reader outside wants to know first. `updated` is "12 h ago", or "" before the first report."""

    headline: str
    tag: Word
    arrival: Arrival
    done: int
    total: int
    next_name: str
    strip: SafeString
    updated: str


def summarise(
    route: Route, journey: Rolled | None, view: TimelineView[MilestoneLike], reader: Reader, now: datetime
) -> Summary:
    """`journey` is None for a shipment that came a moment ago and has no plan yet."""
    status = _status(route, journey)
    arrival = _arrival(route, journey, view, reader)
    next_name = "" if status in FINISHED else view.next_name
    return Summary(
        headline=_headline(status, route, arrival, view),
        tag=_tag(status, journey, view, arrival),
        arrival=arrival,
        done=view.done,
        total=view.total,
        next_name=next_name,
        strip=strip.svg(view.letters, next_name),
        updated=times.ago(journey.last_event_at, now) if journey and journey.last_event_at else "",
    )


def _status(route: Route, journey: Rolled | None) -> str:
    if route.cancelled_at is not None:
        return JourneyStatus.CANCELLED
    return journey.status if journey else JourneyStatus.BOOKED


def _arrival(route: Route, journey: Rolled | None, view: TimelineView[MilestoneLike], reader: Reader) -> Arrival:
    if journey is None:
        return Arrival(route.destination.name, None, None, None, "")
    best = journey.arrived_at or journey.expected_arrival_at
    place = _place_of(best, view) or route.destination
    planned, expected, actual = (
        reader.face.local(at, place.time_zone)
        for at in (journey.planned_arrival_at, journey.expected_arrival_at, journey.arrived_at)
    )
    return Arrival(place.name, planned, expected, actual, times.later(journey.planned_arrival_at, best))


def _place_of(at: datetime | None, view: TimelineView[MilestoneLike]) -> PlaceLike | None:
    """Where the milestone is that gave the arrival its time: goods reach a port before they reach the consignee."""
    told = (row.milestone for row in reversed(view.rows))
    timed = ((one.actual_at or one.estimated_at or one.planned_at, one.location) for one in told)
    return next((place for when, place in timed if at and when == at), None)


def _headline(status: str, route: Route, arrival: Arrival, view: TimelineView[MilestoneLike]) -> str:
    if status == JourneyStatus.CANCELLED:
        return _("Cancelled")
    if status == JourneyStatus.DELIVERED:
        return _delivered(route, view)
    if arrival.actual:
        return _("Arrived in %(place)s on %(day)s") % {"place": arrival.place, "day": arrival.actual.weekday}
    if arrival.best:
        return _("Expected in %(place)s on %(day)s") % {"place": arrival.place, "day": arrival.best.weekday}
    to = {"place": route.destination.name}
    return _("Booked to %(place)s") % to if status == JourneyStatus.BOOKED else _("On the way to %(place)s") % to


def _delivered(route: Route, view: TimelineView[MilestoneLike]) -> str:
    last = view.last_reached
    if last is None or last.actual is None:
        return _("Delivered in %(place)s") % {"place": route.destination.name}
    place = last.place or route.destination.name
    return _("Delivered in %(place)s on %(day)s") % {"place": place, "day": last.actual.weekday}


def _tag(status: str, journey: Rolled | None, view: TimelineView[MilestoneLike], arrival: Arrival) -> Word:
    if status in FINISHED:
        return words.status(status)
    if journey is None:
        return words.status(JourneyStatus.BOOKED)
    late = journey.health == Health.LATE
    if view.is_waiting and not (late and arrival.slip):
        return words.milestone("W")
    if late:
        return Word(arrival.slip or _("Later than planned"), "triangle", "warn")
    if journey.health == Health.NO_UPDATE:
        return Word(_("No update yet"), "dashes", "mute")
    if journey.health == Health.AT_RISK:
        return Word(_("May arrive later"), "triangle", "warn")
    return Word(_("As planned"), "check", "ok")
