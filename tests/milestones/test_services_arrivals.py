"""Every expected arrival is kept once, whatever becomes of the report; our own is worked out and shown."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from milestones.models import EtaVersion, Journey, Milestone
from milestones.services import evaluate_shipments, slip_curve
from shipments.enums import Classifier
from shipments.models import Leg, ShipmentStream
from tests.factories.milestones import DAY, HOUR, EtaScoreFactory, EtaVersionFactory, TransitTimeFactory
from tests.factories.partners import PartnerFactory
from tests.factories.shipments import (
    NOON,
    EventFactory,
    LocationFactory,
    MilestoneTypeFactory,
    ShipmentFactory,
    SourceFactory,
)

pytestmark = pytest.mark.django_db
NOW = NOON + HOUR
ETA = NOON + 28 * DAY


def touch(shipment):
    stream = ShipmentStream.objects.get(shipment=shipment)
    stream.revision += 1
    stream.save()


def told(shipment, at, *, classifier=Classifier.ESTIMATED, told_at=NOON, code="ARRIVED", place="CNSGH", **fields):
    event = EventFactory(
        code=MilestoneTypeFactory(code=code), occurred_at=at, location=LocationFactory(unlocode=place),
        classifier=classifier, reported_at=told_at, received_at=told_at, shipments=[shipment], **fields,
    )  # fmt: skip
    touch(shipment)
    return event


def look(shipment, now=NOW):
    evaluate_shipments([shipment.pk], now=now)


def versions(shipment):
    rows = EtaVersion.objects.filter(shipment=shipment).order_by("told_at", "pk")
    return [(row.kind, row.told_at - NOON, row.expected_at - ETA) for row in rows]


def test_what_was_told_stays_when_it_is_taken_back_replaced_or_outdone():
    shipment, source = ShipmentFactory(), SourceFactory()
    told(shipment, ETA + DAY, source=source, source_event_id="1", told_at=NOON - 2 * DAY)
    told(shipment, ETA, classifier=Classifier.PLANNED, told_at=NOON - 3 * DAY)
    look(shipment)
    expected = [("plan", -3 * DAY, timedelta(0)), ("carrier", -2 * DAY, DAY)]
    assert versions(shipment) == expected
    told(shipment, ETA + 2 * DAY, source=source, source_event_id="1", told_at=NOON - DAY)
    EventFactory(
        code=MilestoneTypeFactory(code="INFO"), occurred_at=None, zone_certainty="", source=source, retracts="1",
        reported_at=NOON, shipments=[shipment],
    )  # fmt: skip
    look(shipment)
    assert Milestone.objects.get(shipment=shipment, type="ARRIVED").estimated_at is None
    assert versions(shipment) == [*expected, ("carrier", -DAY, 2 * DAY)]


def test_all_come_in_one_batch_even_if_they_were_taken_back_before_we_looked():
    shipment, source = ShipmentFactory(), SourceFactory()
    for number in range(3):
        told(shipment, ETA + number * DAY, source=source, source_event_id="1", told_at=NOON - (3 - number) * DAY)
    look(shipment)
    assert versions(shipment) == [("carrier", -(3 - n) * DAY, n * DAY) for n in range(3)]


@pytest.mark.parametrize(
    "odd",
    [
        pytest.param({"quarantine": "It lies in the future."}, id="in quarantine"),
        pytest.param({"classifier": Classifier.ACTUAL}, id="no foretelling"),
        pytest.param({"place": "SGSIN"}, id="at another place"),
        pytest.param({"code": "DISCHARGED"}, id="of another milestone"),
    ],
)
def test_what_is_no_expected_arrival(odd):
    shipment = ShipmentFactory()
    told(shipment, ETA, **odd)
    look(shipment)
    assert versions(shipment) == []


def test_nothing_new_takes_no_statement():
    shipment = ShipmentFactory()
    told(shipment, ETA + DAY)
    look(shipment)
    before, statements = versions(shipment), []
    for is_touched in (False, True):
        if is_touched:
            touch(shipment)
        with CaptureQueriesContext(connection) as queries:
            look(shipment)
        statements.append(sum("milestones_etaversion" in query["sql"] for query in queries))
    assert (statements, versions(shipment)) == ([0, 1], before)


@pytest.fixture
def lane():
    """Thirty days with any carrier, 25 with MAEU."""
    carrier = PartnerFactory(code="MAEU")
    TransitTimeFactory()
    days = {"p10": 24 * 1440, "p50": 25 * 1440, "p80": 26 * 1440, "p90": 27 * 1440}
    TransitTimeFactory(carrier=carrier, **days)
    return carrier


def carried(carrier, **fields):
    shipment = ShipmentFactory(**fields)
    Leg.objects.create(
        shipment=shipment, sequence=1, mode="ocean", carrier=carrier, origin=shipment.origin,
        destination=shipment.destination,
    )  # fmt: skip
    return shipment


@pytest.mark.parametrize(
    ("is_own_carrier", "days", "low", "high"),
    [pytest.param(True, 25, 24, 26, id="with its carrier"), pytest.param(False, 30, 28, 32, id="with any")],
)
def test_our_own_arrival_is_counted_from_the_departure(lane, is_own_carrier, days, low, high):
    shipment = carried(lane if is_own_carrier else PartnerFactory())
    told(shipment, NOON, classifier=Classifier.ACTUAL, code="DEPARTED", place="NLRTM")
    look(shipment)
    journey = Journey.objects.get(shipment=shipment)
    assert (journey.own_arrival_at, journey.own_low_at, journey.own_high_at) == (
        NOON + days * DAY, NOON + low * DAY, NOON + high * DAY,
    )  # fmt: skip
    assert (journey.arrival_by, journey.expected_arrival_at) == ("own", NOON + days * DAY)
    milestone = Milestone.objects.get(shipment=shipment, type="ARRIVED")
    assert (milestone.estimated_at, milestone.actual_at, milestone.decisions["estimated"]) == (
        NOON + days * DAY, None, {"event": None, "rule": "own_history", "losing": []},
    )  # fmt: skip
    assert versions(shipment) == [("own", HOUR, NOON + days * DAY - ETA)]


def test_the_carrier_is_shown_unless_we_were_better(lane):
    shipment = carried(lane)
    told(shipment, NOON, classifier=Classifier.ACTUAL, code="DEPARTED", place="NLRTM")
    said = told(shipment, NOON + 29 * DAY)
    look(shipment)
    journey = Journey.objects.get(shipment=shipment)
    assert (journey.arrival_by, journey.expected_arrival_at) == ("carrier", NOON + 29 * DAY)
    assert journey.own_arrival_at == NOON + 25 * DAY
    EtaScoreFactory(carrier=lane, horizon=14, samples=20, carrier_error=3000, own_error=2999)
    look(shipment)
    journey.refresh_from_db()
    assert (journey.arrival_by, journey.expected_arrival_at) == ("own", NOON + 25 * DAY)
    decided = Milestone.objects.get(shipment=shipment, type="ARRIVED").decisions["estimated"]
    assert decided == {"event": None, "rule": "own_history", "losing": [str(said.public_id)]}
    # Far from any other lane it says nothing.
    other = ShipmentFactory(origin=LocationFactory(unlocode="DEHAM", name="Hamburg", country="DE"))
    look(other)
    assert Journey.objects.get(shipment=other).own_arrival_at is None


def test_our_own_arrival_is_kept_again_when_it_has_moved_enough_and_is_gone_once_it_arrived(lane):
    shipment, source = carried(lane), SourceFactory()
    for number, moved in enumerate((timedelta(0), 23 * HOUR, 48 * HOUR)):
        told(
            shipment, NOON + moved, classifier=Classifier.ACTUAL, code="DEPARTED", place="NLRTM", source=source,
            told_at=NOON + (number + 2) * DAY,
        )  # fmt: skip
        look(shipment, NOON + (number + 2) * DAY)
    assert [kept for kept in versions(shipment) if kept[0] == "own"] == [
        ("own", 2 * DAY, -3 * DAY), ("own", 4 * DAY, -DAY),
    ]  # fmt: skip
    told(shipment, NOON + 24 * DAY, classifier=Classifier.ACTUAL, told_at=NOON + 24 * DAY)
    look(shipment, NOON + 24 * DAY)
    journey = Journey.objects.get(shipment=shipment)
    assert (journey.arrival_by, journey.own_arrival_at, journey.arrived_at) == ("", None, NOON + 24 * DAY)


def test_the_slip_curve_of_a_shipment():
    shipment, source = ShipmentFactory(), SourceFactory(trust=70)
    for days, off in ((0, 0), (3, 2), (5, 1)):
        EtaVersionFactory(shipment=shipment, source=source, told_at=NOON + days * DAY, expected_at=ETA + off * DAY)
    EtaVersionFactory(shipment=shipment, kind="own", told_at=NOON, expected_at=ETA - DAY, low_at=ETA, high_at=ETA)
    EtaVersionFactory(shipment=ShipmentFactory())
    found = slip_curve(shipment)
    assert (found.changes, found.movement, found.slip, found.error) == (2, 3 * DAY, DAY, None)
    assert len(found.versions) == 4
    assert {(one.by, one.trust) for one in found.steps} == {(str(source.partner), 70)}
    assert slip_curve(shipment, as_of=NOON + 3 * DAY).changes == 1
    assert str(EtaVersion.objects.filter(shipment=shipment).earliest("pk")) == f"{shipment.pk}: 2026-12-01 12:00"


def test_the_final_error_once_it_has_arrived():
    shipment = ShipmentFactory()
    told(shipment, ETA, told_at=NOON - DAY)
    told(shipment, ETA + 5 * HOUR, classifier=Classifier.ACTUAL, told_at=ETA + 6 * HOUR)
    look(shipment, ETA + DAY)
    shipment.refresh_from_db()
    assert slip_curve(shipment).error == 5 * HOUR
