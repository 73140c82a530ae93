from __future__ import annotations

import pytest
from django.utils import timezone

from milestones.models import Journey, Milestone
from milestones.services import evaluate_shipments, timeline_as_of
from shipments.models import EventMatch
from tests.factories.milestones import DAY, HOUR
from tests.factories.shipments import (
    NOON,
    EventFactory,
    LocationFactory,
    MilestoneTypeFactory,
    ShipmentFactory,
)

pytestmark = pytest.mark.django_db


def reached(timeline):
    return [(value.code, value.actual_at) for value in timeline.milestones if value.actual_at and not value.is_inferred]


@pytest.fixture
def story():
    """A departure reported at noon, corrected a day later. Events and matches are written at those instants."""
    shipment = ShipmentFactory()
    _event(shipment, NOON, NOON - HOUR)
    _event(shipment, NOON + DAY, NOON - 2 * HOUR)
    return shipment


def _event(shipment, at, occurred):
    source = {"message__source": m.event.source} if (m := EventMatch.objects.first()) else {}
    event = EventFactory(
        code=MilestoneTypeFactory(code="DEPARTED"), location=LocationFactory(), occurred_at=occurred, reported_at=at,
        received_at=at, processed_at=at, **source,
    )  # fmt: skip
    EventMatch.objects.create(event=event, shipment=shipment, matched_by="test", matched_at=at)
    return event


@pytest.mark.parametrize(
    ("as_of", "expected"),
    [
        (NOON - HOUR, []),
        (NOON, [("DEPARTED", NOON - HOUR)]),
        (NOON + DAY, [("DEPARTED", NOON - 2 * HOUR)]),
    ],
)
def test_the_timeline_as_it_was_known(story, as_of, expected):
    timeline = timeline_as_of(story, as_of)
    assert (timeline.as_of, reached(timeline)) == (as_of, expected)
    assert timeline.summary.status == ("in_transit" if expected else "booked")


def test_looking_back_writes_nothing_and_agrees_with_what_stands(story):
    now = timezone.now()
    evaluate_shipments([story.pk], now=now)
    before = Journey.objects.values().get(), list(Milestone.objects.values())
    timeline = timeline_as_of(story, now)
    assert (Journey.objects.values().get(), list(Milestone.objects.values())) == before
    assert [(v.slot, v.state, v.decisions) for v in timeline.milestones] == list(
        Milestone.objects.values_list("slot", "state", "decisions")
    )


def test_looking_back_takes_a_fixed_number_of_queries(story, django_assert_num_queries):
    with django_assert_num_queries(17):
        timeline_as_of(story, NOON)
