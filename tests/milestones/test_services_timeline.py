from __future__ import annotations

import pytest
from django.utils import timezone

from milestones.models import Journey, Milestone, PlanUpgrade, PlanUpgradeItem
from milestones.services import cases_as_of, evaluate_shipments, timeline_as_of
from shipments.models import EventMatch, ShipmentPast
from tests.factories.milestones import DAY, HOUR, CaseFactory, JourneyFactory, LineFactory, TemplateFactory
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


# --- What the shipment itself was ---------------------------------------------------------------------------------
def past(shipment, until, **changes):
    """What was known of the shipment until then, as shipments.services.pasts writes it."""
    facts = {
        "dates": {"booked_at": None, "cargo_ready_at": None, "cut_off_at": None, "etd": shipment.etd.isoformat(),
                  "eta": shipment.eta.isoformat()},
        "type": shipment.type, "mode": shipment.mode, "service": "", "origin": shipment.origin_id,
        "destination": shipment.destination_id, "cancelled": False, "legs": [], "units": [],
    }  # fmt: skip
    return ShipmentPast.objects.create(shipment=shipment, until=until, facts={**facts, **changes})


def departure(shipment, as_of):
    timeline = timeline_as_of(shipment, as_of)
    return next(value for value in timeline.milestones if value.code == "DEPARTED")


def test_the_dates_of_the_shipment_as_they_were_known():
    shipment = ShipmentFactory(etd=NOON + 5 * DAY)
    dates = {"booked_at": None, "cargo_ready_at": None, "cut_off_at": None, "eta": None}
    past(shipment, NOON + DAY, dates={**dates, "etd": (NOON + 2 * DAY).isoformat()})
    past(shipment, NOON - DAY, dates={**dates, "etd": (NOON + 1 * DAY).isoformat()})
    found = {as_of: departure(shipment, as_of).planned_at for as_of in (
        NOON - 2 * DAY, NOON - DAY, NOON, NOON + DAY - HOUR, NOON + DAY, NOON + 9 * DAY)}  # fmt: skip
    assert found == {
        NOON - 2 * DAY: NOON + DAY,
        NOON - DAY: NOON + 2 * DAY,
        NOON: NOON + 2 * DAY,
        NOON + DAY - HOUR: NOON + 2 * DAY,
        NOON + DAY: NOON + 5 * DAY,
        NOON + 9 * DAY: NOON + 5 * DAY,
    }


def test_the_way_and_what_it_was_carried_by_as_they_were_known():
    shipment = ShipmentFactory()
    hamburg = LocationFactory(unlocode="DEHAM", name="Hamburg", country="DE", time_zone="Europe/Berlin")
    leg = {
        "sequence": 1, "mode": "ocean", "carrier": None, "origin": hamburg.pk,
        "destination": shipment.destination_id, "vessel_name": "", "vessel_imo": "", "voyage": "021W", "flight": "",
        "vehicle": "", "etd": NOON.isoformat(), "eta": None,
    }  # fmt: skip
    past(shipment, NOON, origin=hamburg.pk, legs=[leg], units=[{"key": "A"}, {"key": "B"}], cancelled=True)
    then, now = (timeline_as_of(shipment, at) for at in (NOON - DAY, NOON + DAY))
    assert (departure(shipment, NOON - DAY).location_id, departure(shipment, NOON + DAY).location_id) == (
        hamburg.pk, shipment.origin_id,
    )  # fmt: skip
    assert (then.summary.status, now.summary.status) == ("cancelled", "booked")


@pytest.fixture
def upgraded():
    """Followed the old template until it was moved at noon, and back again a day later."""
    shipment = ShipmentFactory()
    old, new = (TemplateFactory(customer=shipment.customer, code="T", version=n, state="retired") for n in (1, 2))
    for template, slot in ((old, 30), (new, 40)):
        LineFactory(template=template, position=slot, type=MilestoneTypeFactory(code="DEPARTED"), place_role="pol")
    JourneyFactory(shipment=shipment, template=old)
    upgrade = PlanUpgrade.objects.create(
        template=new, state="undone", applied_at=NOON, undone_at=NOON + DAY, reason="Better."
    )
    PlanUpgradeItem.objects.create(
        upgrade=upgrade, shipment=shipment, from_template=old, applied_at=NOON, undone_at=NOON + DAY,
        baselines={"L30": (NOON - 9 * DAY).isoformat()},
    )  # fmt: skip
    return shipment


@pytest.mark.parametrize(
    ("as_of", "slot", "baseline"),
    [
        pytest.param(NOON - HOUR, "L30", NOON - 9 * DAY, id="before: the old one with its first plans"),
        pytest.param(NOON, "L40", NOON - 2 * DAY, id="in between: the new one"),
        pytest.param(NOON + DAY, "L30", NOON - 2 * DAY, id="after: as it is pinned now"),
    ],
)
def test_the_template_it_followed_then(upgraded, as_of, slot, baseline):
    (value,) = timeline_as_of(upgraded, as_of).milestones
    assert (value.slot, value.baseline_at) == (slot, baseline)


def test_the_exceptions_that_were_open_then():
    shipment = ShipmentFactory()
    case = CaseFactory(shipment=shipment, state="resolved", opened_at=NOON, resolved_at=NOON + DAY, resolution="Done.")
    later = CaseFactory(shipment=shipment, opened_at=NOON + 2 * DAY)
    found = {hours: list(cases_as_of(shipment, NOON + hours * HOUR)) for hours in (-1, 0, 23, 24, 48)}
    assert found == {-1: [], 0: [case], 23: [case], 24: [], 48: [later]}
