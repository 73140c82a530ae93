from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from milestones.enums import Audience, Deviation, Health, JourneyStatus, MilestoneState
from partners.enums import Clock
from portal.presentation import timeline
from portal.presentation.summary import Summary, summarise
from portal.presentation.timeline import Reader
from portal.presentation.times import ClockFace

NOW = datetime(2026, 11, 24, 6, 0, tzinfo=UTC)
DAY = timedelta(days=1)


@dataclass
class Place:
    name: str
    time_zone: str


ROTTERDAM = Place("Rotterdam", "Europe/Amsterdam")
DUISBURG = Place("Duisburg", "Europe/Berlin")
SHANGHAI = Place("Shanghai", "Asia/Shanghai")


@dataclass
class Told:
    name: str
    state: str = MilestoneState.PLANNED
    deviation: str = ""
    audience: str = Audience.PUBLIC
    location: Place | None = None
    unit_number: str = ""
    time_zone: str = ""
    is_inferred: bool = False
    evidence: str = ""
    baseline_at: datetime | None = None
    planned_at: datetime | None = NOW
    estimated_at: datetime | None = None
    actual_at: datetime | None = None


@dataclass
class Rolled:
    status: str = JourneyStatus.IN_TRANSIT
    health: str = Health.ON_TIME
    planned_arrival_at: datetime | None = NOW
    expected_arrival_at: datetime | None = NOW
    arrived_at: datetime | None = None
    last_event_at: datetime | None = NOW - timedelta(hours=12)


@dataclass
class Route:
    origin: Place
    destination: Place
    cancelled_at: datetime | None = None


OUTSIDE = Reader((Audience.CUSTOMER, Audience.PUBLIC), is_outside=True)
HOUSE = Reader()
ROUTE = Route(SHANGHAI, ROTTERDAM)


@pytest.fixture(autouse=True)
def in_the_year_of_the_times(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)


def reached(name: str, late: timedelta = timedelta(0), **more: object) -> Told:
    deviation = Deviation.LATE if late >= timedelta(hours=12) else Deviation.ON_TIME
    return Told(name, MilestoneState.REACHED, deviation, actual_at=NOW + late, **more)  # type: ignore[arg-type]


def test_a_reader_gets_the_rows_of_their_audiences_only() -> None:
    told = [Told(audience.value, audience=audience) for audience in Audience]
    assert [row.name for row in timeline.build(told, OUTSIDE).rows] == ["customer", "public"]
    assert [row.name for row in timeline.build(told, HOUSE).rows] == ["internal", "partner", "customer", "public"]


def test_counts_and_letters_are_of_the_rows_that_are_read() -> None:
    told = [reached("Booked"), reached("Margin agreed", audience=Audience.INTERNAL), Told("Departed"), Told("Arrived")]
    view = timeline.build(told, OUTSIDE)
    assert (view.letters, view.done, view.total, view.next_name) == ("DPP", 1, 3, "Departed")


def test_next_is_what_follows_the_last_one_reached() -> None:
    told = [Told("Booked"), reached("Departed"), Told("Arrived")]
    assert timeline.build(told, HOUSE).next_name == "Arrived"
    assert timeline.build([reached("Arrived")], HOUSE).next_name == ""
    assert timeline.build([Told("Booked"), Told("Departed")], HOUSE).next_name == "Booked"


def test_a_row_shows_the_actual_time_before_the_expected_before_the_planned() -> None:
    planned = Told("A", location=ROTTERDAM)
    expected = Told("B", MilestoneState.ESTIMATED, location=ROTTERDAM, estimated_at=NOW + DAY)
    actual = Told("C", MilestoneState.REACHED, location=ROTTERDAM, estimated_at=NOW + DAY, actual_at=NOW + 2 * DAY)
    nothing = Told("D", planned_at=None)
    rows = timeline.build([planned, expected, actual, nothing], HOUSE).rows
    assert [(row.lead, str(row.at), str(row.plan), row.slip) for row in rows] == [
        ("Planned", "24 Nov 07:00 +01", "None", ""),
        ("Expected", "25 Nov 07:00 +01", "24 Nov 07:00 +01", "+1d"),
        ("", "26 Nov 07:00 +01", "24 Nov 07:00 +01", "+2d"),
        ("No date yet", "None", "None", ""),
    ]


def test_the_first_plan_stands_in_where_the_plan_is_gone() -> None:
    (row,) = timeline.build([reached("A", DAY, planned_at=None, baseline_at=NOW)], HOUSE).rows
    assert row.slip == "+1d"


@pytest.mark.parametrize(
    ("reader", "word", "slip"), [(HOUSE, "Overdue", ""), (OUTSIDE, "Waiting for confirmation", "")]
)
def test_what_is_overdue_for_the_house_waits_for_confirmation_outside(reader: Reader, word: str, slip: str) -> None:
    view = timeline.build([Told("Arrived", MilestoneState.OVERDUE, Deviation.OVERDUE)], reader)
    assert (str(view.rows[0].word), view.rows[0].slip, view.is_waiting) == (word, slip, True)


def test_small_delays_are_for_the_house_alone() -> None:
    told = [reached("Departed", timedelta(hours=4))]
    assert [timeline.build(told, reader).rows[0].slip for reader in (HOUSE, OUTSIDE)] == ["+4h", ""]


def test_the_house_reads_why_a_value_is_not_certain() -> None:
    told = [reached("Loaded", is_inferred=True, location=Place("Somewhere", ""))]
    assert timeline.build(told, HOUSE).rows[0].note == "follows from a later report; zone unknown"
    assert timeline.build(told, OUTSIDE).rows[0].note == "follows from a later report"


def test_internal_rows_are_marked_for_those_who_may_read_them() -> None:
    rows = timeline.build([Told("A", audience=Audience.INTERNAL), Told("B")], HOUSE).rows
    assert [row.is_internal for row in rows] == [True, False]


def test_the_reader_chooses_the_clock() -> None:
    reader = Reader(face=ClockFace(Clock.MINE, "America/New_York"))
    assert str(timeline.build([reached("A", location=SHANGHAI)], reader).rows[0].at) == "24 Nov 01:00 −05"


def summary_of(journey: Rolled | None, told: list[Told] | None = None, route: Route = ROUTE) -> Summary:
    return summarise(route, journey, timeline.build(told or [], OUTSIDE), OUTSIDE, NOW)


@pytest.mark.parametrize(
    ("journey", "headline", "tag"),
    [
        (None, "Booked to Rotterdam", "Booked"),
        (Rolled(JourneyStatus.BOOKED, Health.NO_UPDATE, None, None), "Booked to Rotterdam", "No update yet"),
        (Rolled(planned_arrival_at=None, expected_arrival_at=None), "On the way to Rotterdam", "As planned"),
        (Rolled(), "Expected in Rotterdam on Tue 24 Nov", "As planned"),
        (Rolled(expected_arrival_at=None), "Expected in Rotterdam on Tue 24 Nov", "As planned"),
        (Rolled(health=Health.AT_RISK), "Expected in Rotterdam on Tue 24 Nov", "May arrive later"),
        (
            Rolled(health=Health.LATE, expected_arrival_at=NOW + timedelta(hours=33)),
            "Expected in Rotterdam on Wed 25 Nov",
            "1d 9h later than planned",
        ),
        (Rolled(health=Health.LATE), "Expected in Rotterdam on Tue 24 Nov", "Later than planned"),
        (
            Rolled(JourneyStatus.ARRIVED, arrived_at=NOW + DAY),
            "Arrived in Rotterdam on Wed 25 Nov",
            "As planned",
        ),
        (Rolled(JourneyStatus.DELIVERED, arrived_at=NOW), "Delivered in Rotterdam", "Delivered"),
        (Rolled(JourneyStatus.DELIVERED), "Delivered in Rotterdam", "Delivered"),
        (Rolled(JourneyStatus.CANCELLED), "Cancelled", "Cancelled"),
    ],
)
def test_a_shipment_is_one_sentence_and_one_tag(journey: Rolled | None, headline: str, tag: str) -> None:
    summary = summary_of(journey)
    assert (summary.headline, str(summary.tag)) == (headline, tag)


def test_the_day_of_delivery_is_that_of_the_last_milestone() -> None:
    told = [reached("Arrived", location=ROTTERDAM), reached("Delivered", DAY, location=DUISBURG)]
    summary = summary_of(Rolled(JourneyStatus.DELIVERED, arrived_at=NOW), told)
    assert (summary.headline, summary.next_name) == ("Delivered in Duisburg on Wed 25 Nov", "")


def test_the_arrival_is_at_the_port_and_not_yet_at_the_consignee() -> None:
    told = [Told("Arrived", location=ROTTERDAM), Told("Delivered", location=DUISBURG, planned_at=NOW + DAY)]
    summary = summary_of(Rolled(), told, Route(SHANGHAI, DUISBURG))
    assert (summary.headline, summary.arrival.place) == ("Expected in Rotterdam on Tue 24 Nov", "Rotterdam")


def test_an_arrival_that_nobody_confirmed_is_waited_for_even_when_the_house_counts_it_late() -> None:
    told = [Told("Arrived", MilestoneState.OVERDUE, Deviation.OVERDUE)]
    assert str(summary_of(Rolled(health=Health.LATE), told).tag) == "Waiting for confirmation"
    later = Rolled(health=Health.LATE, expected_arrival_at=NOW + DAY)
    assert str(summary_of(later, told).tag) == "1d later than planned"


def test_a_missing_report_is_waited_for_and_never_called_late() -> None:
    told = [reached("Departed"), Told("Arrived", MilestoneState.OVERDUE, Deviation.OVERDUE)]
    summary = summary_of(Rolled(), told)
    assert (str(summary.tag), summary.updated, summary.next_name) == ("Waiting for confirmation", "12 h ago", "Arrived")


def test_a_cancelled_shipment_says_so_before_its_journey_is_looked_at_again() -> None:
    assert summary_of(Rolled(), route=Route(SHANGHAI, ROTTERDAM, NOW)).headline == "Cancelled"
