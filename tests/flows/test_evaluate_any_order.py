"""Events taken up in any order, looked at after any of them, by any number of workers: the same rows in the end."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import pytest
from django.db import connection
from django.db.models import F
from django.utils import timezone

from milestones.models import Journey, Milestone, ShipmentException
from milestones.services import evaluate_due, evaluate_shipments
from milestones.services.evaluation import _Sweep
from shipments.models import Event, EventMatch, Shipment, ShipmentStream
from tests.factories.milestones import DAY, HOUR
from tests.factories.shipments import (
    NOON,
    EventFactory,
    LocationFactory,
    MessageFactory,
    MilestoneTypeFactory,
    ShipmentFactory,
    SourceFactory,
)

NOW = NOON + 40 * DAY
# (source, code, classifier, days after noon, place, their id, what it retracts, hours after which it was reported)
REPORTS = [
    (0, "GATE_IN", "ACT", -4, "NLRTM", "", "", 1),
    (0, "LOADED", "ACT", -2, "NLRTM", "E1", "", 1),
    (0, "LOADED", "ACT", -3, "NLRTM", "E2", "", 30),
    (0, "DEPARTED", "ACT", 1, "NLRTM", "E3", "", 1),
    (0, "INFO", "ACT", None, "", "", "E3", 9),
    (1, "DEPARTED", "ACT", -1, "NLRTM", "", "", 2),
    (1, "LOADED", "ACT", 8, "SGSIN", "", "", 1),
    (0, "ARRIVED", "EST", 31, "CNSGH", "", "", -700),
    (1, "ARRIVED", "EST", 33, "CNSGH", "", "", -600),
    (1, "CUSTOMS_HOLD", "ACT", 34, "CNSGH", "", "", 1),
    (0, "CUSTOMS_RELEASED", "ACT", 35, "CNSGH", "", "", 1),
    (1, "ARRIVED", "ACT", 33, "CNSGH", "", "", 1),
    (0, "DELIVERED", "ACT", 35, "CNSGH", "", "", 1),
    (0, "DELIVERED", "ACT", 36, "CNSGH", "", "", 1),
    (0, "DELIVERED", "ACT", 37, "CNSGH", "", "", 1),
]
# How many of twelve pieces were delivered on which day.
PIECES = {35: 6, 36: 4, 37: 2}


def a_part(pieces):
    return {"part": "PARTIAL", "pieces": pieces, "total_pieces": 12}


def reports():
    """The events, in the database but matched to nothing yet."""
    sources = [SourceFactory(trust=50), SourceFactory(trust=60)]
    events = []
    for number, (source, code, classifier, days, place, own_id, retracts, told) in enumerate(REPORTS):
        occurred = NOON + days * DAY if days is not None else None
        events.append(
            EventFactory(
                message=MessageFactory(source=sources[source]), position=number, code=MilestoneTypeFactory(code=code),
                classifier=classifier, occurred_at=occurred,
                location=LocationFactory(unlocode=place) if place else None,
                zone_certainty="given" if occurred else "", source_event_id=own_id, retracts=retracts,
                attributes=a_part(PIECES[days]) if code == "DELIVERED" else {},
                trust=sources[source].trust, reported_at=(occurred or NOON + DAY) + told * HOUR,
            )
        )  # fmt: skip
    return events


def take_up(shipment: Shipment, event: Event) -> None:
    EventMatch.objects.create(event=event, shipment=shipment, matched_by="test")
    ShipmentStream.objects.filter(shipment=shipment).update(revision=F("revision") + 1, touched_at=timezone.now())


def what_stands(shipment: Shipment) -> tuple[object, ...]:
    """Everything that must not depend on the way it came about."""
    hidden = {"id", "shipment_id"}
    milestones = [
        {name: value for name, value in row.items() if name not in hidden}
        for row in Milestone.objects.filter(shipment=shipment).order_by("slot").values()
    ]
    passing = {"shipment_id", "seen_revision", "revision", "evaluated_at"}
    journey = {k: v for k, v in Journey.objects.filter(shipment=shipment).values().get().items() if k not in passing}
    cases = list(
        ShipmentException.objects.filter(shipment=shipment)
        .unresolved()
        .order_by("slot")
        .values_list("rule__code", "slot", "severity", "summary", "facts", "state")
    )
    return milestones, journey, cases


@pytest.mark.django_db
def test_the_order_and_the_batches_do_not_matter():
    events = reports()
    expected = None
    for seed in range(12):
        shipment = ShipmentFactory()
        chance = random.Random(seed)
        for event in chance.sample(events, len(events)):
            take_up(shipment, event)
            if chance.random() < 0.4:
                evaluate_shipments([shipment.pk], now=NOW)
        evaluate_shipments([shipment.pk], now=NOW)
        stands = what_stands(shipment)
        expected = expected or stands
        assert stands == expected
    milestones = {row["slot"]: row for row in expected[0]}
    assert milestones["L60"]["actual_at"] == NOON - DAY
    assert milestones["L50"]["actual_at"] == NOON - 3 * DAY
    assert milestones["X:LOADED:SGSIN:1"]["deviation"] == "unexpected"
    reached = [row for row in expected[0] if row["type_id"] == "DELIVERED"]
    assert [(row["actual_at"], row["decisions"]["actual"]["rule"]) for row in reached] == [
        (NOON + 37 * DAY, "all_pieces")
    ]


def _work(now: datetime) -> None:
    try:
        while evaluate_due(limit=7, now=now):
            pass
    finally:
        connection.close()


@pytest.mark.django_db(transaction=True)
def test_the_number_of_workers_does_not_matter(monkeypatch):
    monkeypatch.setattr(_Sweep, "finished_at", None)
    events = reports()
    alone = ShipmentFactory()
    for event in events:
        take_up(alone, event)
    evaluate_shipments([alone.pk], now=NOW)
    together = [ShipmentFactory() for _ in range(20)]
    with ThreadPoolExecutor(4) as workers:
        running = []
        for number, event in enumerate(events):
            for shipment in together:
                take_up(shipment, event)
            if number % 3 == 0:
                running += [workers.submit(_work, NOW) for _ in range(4)]
        for one in running:
            one.result()
    _work(NOW)
    expected = what_stands(alone)
    assert [what_stands(shipment) for shipment in together] == [expected] * len(together)
