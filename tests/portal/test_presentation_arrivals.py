from __future__ import annotations

from datetime import UTC, datetime, timedelta

from milestones.slipping import SlipCurve, Told, curve
from portal.presentation import arrivals
from portal.presentation.times import ClockFace

TOLD, ETA = datetime(2026, 11, 3, 8, 0, tzinfo=UTC), datetime(2026, 12, 3, 8, 0, tzinfo=UTC)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)


def curved(*offs: float, arrived: datetime | None = None, apart: timedelta = DAY) -> SlipCurve:
    versions = [Told("carrier", TOLD + n * apart, ETA + off * DAY, 50, "MAEU") for n, off in enumerate(offs)]
    return curve(versions, arrived, ("carrier", "plan"))


def test_the_sentence_says_what_the_curve_shows() -> None:
    assert [arrivals.sentence(one) for one in (
        curved(), curved(0), curved(0, 2, 1), curved(2, 0), curved(0, 2, 0),
        curved(0, arrived=ETA + 3 * HOUR), curved(0, arrived=ETA - 3 * HOUR), curved(0, arrived=ETA),
    )] == [
        "",
        "foretold once, not changed since",
        "2 changes, 3d in all; 1d later than at first",
        "1 change, 2d in all; 2d earlier than at first",
        "2 changes, 4d in all",
        "foretold once, not changed since; it came 3h later than last foretold",
        "foretold once, not changed since; it came 3h earlier than last foretold",
        "foretold once, not changed since; it came as last foretold",
    ]  # fmt: skip


def test_the_chart_goes_in_steps_and_later_stands_higher() -> None:
    view = arrivals.build(curved(0, 2), None, zone="UTC", face=ClockFace(), is_outside=True)
    assert view is not None
    # Told at the left edge at the bottom, a day later at the right edge at the top.
    assert 'points="6.0,90.0 474.0,90.0 474.0,6.0 474.0,6.0"' in view.chart
    assert (view.shown_by, view.own, view.has_range) == ("", None, False)


def test_told_at_one_moment_it_is_drawn_all_the_same() -> None:
    view = arrivals.build(curved(0, 2, apart=timedelta(0)), None, zone="UTC", face=ClockFace(), is_outside=False)
    assert view is not None
    assert 'points="240.0,90.0 240.0,90.0 240.0,6.0 240.0,6.0"' in view.chart


def test_one_word_is_no_curve_and_none_is_nothing_to_show() -> None:
    view = arrivals.build(curved(0), None, zone="UTC", face=ClockFace(), is_outside=False)
    assert view is not None
    assert view.chart == ""
    assert arrivals.build(curved(), None, zone="UTC", face=ClockFace(), is_outside=False) is None
