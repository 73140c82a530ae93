"""How long lanes take and who foretold arrivals better: met by hand, on journeys of whole days."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from milestones.enums import EtaKind
from milestones.models import EtaScore, TransitTime
from milestones.services import refresh_transit_times
from shipments.models import Leg
from tests.factories.milestones import (
    DAY,
    HOUR,
    EtaVersionFactory,
    JourneyFactory,
    LineFactory,
    MilestoneFactory,
    TransitTimeFactory,
)
from tests.factories.partners import PartnerFactory
from tests.factories.shipments import LocationFactory, MilestoneTypeFactory, ShipmentFactory

pytestmark = pytest.mark.django_db
NOW = datetime(2027, 6, 1, 12, 0, tzinfo=UTC)
A_DAY = 1440


def reached(shipment, code, role, place, at, *, line=None, **fields):
    return MilestoneFactory(
        shipment=shipment, type=MilestoneTypeFactory(code=code), place_role=role, location=place, actual_at=at,
        state="reached", line=line or LineFactory(), **fields,
    )  # fmt: skip


def sailed(departed, days, *, carrier=None, end="CNSGH", start=None, inferred=False, arrival_inferred=False, **changes):
    """A shipment that left at `departed` (days before NOW) and took `days`."""
    origin = start or LocationFactory(unlocode="NLRTM")
    destination = LocationFactory(unlocode=end)
    shipment = ShipmentFactory(**changes)
    left = NOW - departed * DAY
    leg = None
    if carrier is not None:
        Leg.objects.create(
            shipment=shipment, sequence=1, mode="ocean", carrier=carrier, origin=origin, destination=destination
        )
        leg = 1
    reached(shipment, "DEPARTED", "pol", origin, left, leg_sequence=leg, is_inferred=inferred)
    arrived = left + days * DAY
    reached(shipment, "ARRIVED", "pod", destination, arrived, is_inferred=arrival_inferred)
    JourneyFactory(shipment=shipment, arrived_at=arrived)
    return shipment


def lanes():
    rows = TransitTime.objects.order_by("carrier__code", "pk")
    return [
        (t.origin.unlocode, t.destination.unlocode, t.mode, t.carrier.code if t.carrier else None, t.samples, t.p10,
         t.p50, t.p80, t.p90)
        for t in rows
    ]  # fmt: skip


def scores():
    rows = EtaScore.objects.order_by("carrier__code", "horizon")
    return [
        (s.carrier.code if s.carrier else None, s.horizon, s.samples, s.carrier_error, s.carrier_bias, s.own_error,
         s.own_bias)
        for s in rows
    ]  # fmt: skip


def test_the_quantiles_of_a_lane_with_its_carrier_and_with_any():
    carrier = PartnerFactory(code="MAEU")
    for number, days in enumerate((28, 29, 30, 31, 32)):
        sailed(100 - number, days, carrier=carrier)
    sailed(90, 40)
    assert refresh_transit_times(now=NOW)["transit_times"] == 2
    # Five: between the values in days 28 … 32, P10 at 0.4, P50 at 2, P80 at 3.2, P90 at 3.6. Six: with 40 at the end,
    # P10 at 0.5, P50 at 2.5, P80 at 4 exactly, P90 at 4.5 (half way from 32 to 40).
    assert lanes() == [
        ("NLRTM", "CNSGH", "ocean", "MAEU", 5, 40896, 30 * A_DAY, 44928, 45504),
        ("NLRTM", "CNSGH", "ocean", None, 6, 41040, 43920, 32 * A_DAY, 36 * A_DAY),
    ]


def test_four_journeys_are_not_enough_and_old_lanes_are_forgotten():
    TransitTimeFactory(refreshed_at=NOW - DAY)
    for number in range(4):
        sailed(100 - number, 30)
    assert refresh_transit_times(now=NOW) == {"transit_times": 0, "scores": 0}
    assert lanes() == []


@pytest.mark.parametrize(
    "odd",
    [
        pytest.param({"inferred": True}, id="the departure only follows from something"),
        pytest.param({"arrival_inferred": True}, id="the arrival only follows from something"),
        pytest.param({"departed": 396}, id="it arrived more than a year ago"),
        pytest.param({"days": -1}, id="it arrived before it left"),
        pytest.param({"end": "SGSIN"}, id="it went elsewhere"),
        pytest.param({"mode": "air"}, id="it went by other means"),
        pytest.param({"cancelled_at": NOW, "cancel_reason": "Sold."}, id="it was cancelled"),
    ],
)
def test_what_does_not_count(odd):
    for number in range(4):
        sailed(100 - number, 30)
    sailed(**{"departed": 96, "days": 30, **odd})
    refresh_transit_times(now=NOW)
    assert lanes() == []


def test_a_shipment_of_which_one_container_is_still_under_way_does_not_count():
    for number in range(5):
        shipment = sailed(100 - number, 30)
    MilestoneFactory(
        shipment=shipment, type=MilestoneTypeFactory(code="ARRIVED"), place_role="pod", line=LineFactory(),
        location=LocationFactory(unlocode="CNSGH"),
    )  # fmt: skip
    refresh_transit_times(now=NOW)
    assert lanes() == []


def test_terminals_and_other_codes_are_the_place_they_belong_to():
    port = LocationFactory(unlocode="NLRTM")
    terminal = LocationFactory(unlocode="NLRTM", facility_code="APM2", kind="facility")
    other = LocationFactory(unlocode="NLZZ9", same_as=port)
    for number, start in enumerate((port, terminal, other, port, terminal)):
        sailed(100 - number, 30, start=start)
    refresh_transit_times(now=NOW)
    assert [(t.origin, t.samples) for t in TransitTime.objects.all()] == [(port, 5)]


def test_a_second_run_changes_nothing_but_the_time():
    for number in range(5):
        sailed(100 - number, 30)
    refresh_transit_times(now=NOW)
    before = lanes(), scores(), set(TransitTime.objects.values_list("pk", flat=True))
    refresh_transit_times(now=NOW + HOUR)
    assert (lanes(), scores(), set(TransitTime.objects.values_list("pk", flat=True))) == before
    assert TransitTime.objects.get().refreshed_at == NOW + HOUR


def test_a_journey_is_tried_on_those_that_had_ended_when_it_left():
    # Five that ended long before, 30 days each; two under way at the time, of 50 days, must not teach it anything.
    for number in range(5):
        sailed(200 - number, 30)
    for number in range(2):
        sailed(70 - number, 50)
    tried = sailed(60, 33)
    EtaVersionFactory(shipment=tried, told_at=NOW - 59 * DAY, expected_at=NOW - 29 * DAY)
    refresh_transit_times(now=NOW)
    # It arrived 27 days ago. We would have said 30 days: 3 days too early at each horizon, as the carrier's 2 days.
    assert scores() == [(None, h, 1, 2 * A_DAY, 2 * A_DAY, 3 * A_DAY, 3 * A_DAY) for h in (1, 3, 7, 14)]


def test_what_the_carrier_said_last_before_the_horizon_counts_even_if_taken_back_since():
    for number in range(5):
        sailed(200 - number, 30)
    tried = sailed(60, 30)
    arrived = NOW - 30 * DAY
    for days_before, off in ((20, 2), (10, 1), (2, -1)):
        EtaVersionFactory(shipment=tried, told_at=arrived - days_before * DAY, expected_at=arrived + off * DAY)
    # A plan and our own word are nobody's estimate.
    EtaVersionFactory(shipment=tried, kind=EtaKind.PLAN, told_at=arrived - 4 * DAY, expected_at=arrived + 9 * DAY)
    EtaVersionFactory(shipment=tried, kind=EtaKind.OWN, told_at=arrived - 4 * DAY, expected_at=arrived + 9 * DAY)
    refresh_transit_times(now=NOW)
    assert scores() == [
        (None, 1, 1, A_DAY, A_DAY, 0, 0),
        (None, 3, 1, A_DAY, -A_DAY, 0, 0),
        (None, 7, 1, A_DAY, -A_DAY, 0, 0),
        (None, 14, 1, 2 * A_DAY, -2 * A_DAY, 0, 0),
    ]


def test_before_it_left_we_say_nothing_and_a_carrier_alone_is_scored_alone():
    for number in range(5):
        sailed(100 - number, 2)
    tried = sailed(50, 2)
    EtaVersionFactory(shipment=tried, told_at=NOW - 90 * DAY, expected_at=NOW - 47 * DAY)
    refresh_transit_times(now=NOW)
    # It arrived 48 days ago: foretold a day too late. One day before it was on its way, three days before it was not.
    assert scores() == [
        (None, 1, 1, A_DAY, -A_DAY, 0, 0),
        (None, 3, 1, A_DAY, -A_DAY, None, None),
        (None, 7, 1, A_DAY, -A_DAY, None, None),
        (None, 14, 1, A_DAY, -A_DAY, None, None),
    ]


def test_our_own_word_alone_is_scored_alone():
    for number in range(5):
        sailed(200 - number, 30)
    sailed(60, 31)
    refresh_transit_times(now=NOW)
    assert scores() == [(None, h, 1, None, None, A_DAY, A_DAY) for h in (1, 3, 7, 14)]


def test_a_carrier_is_tried_on_its_own_journeys_when_they_are_enough():
    slow, fast = PartnerFactory(code="SLOW"), PartnerFactory(code="FAST")
    for number in range(5):
        sailed(200 - number, 40, carrier=slow)
        sailed(200 - number, 20, carrier=fast)
    sailed(60, 40, carrier=slow)
    refresh_transit_times(now=NOW)
    own = {(code, horizon): (samples, error) for code, horizon, samples, _e, _b, error, _o in scores()}
    assert own == {(code, h): (1, 0) for code in ("SLOW", None) for h in (1, 3, 7, 14)}
