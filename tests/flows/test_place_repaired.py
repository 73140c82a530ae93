"""A place that becomes known: the event moves, and with it the milestone it decided."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from milestones.models import Milestone
from milestones.services import evaluate_due
from shipments.drafts import ShipmentDraft
from shipments.models import Location
from shipments.services import create_shipment, ingest_waiting, load_unlocode, receive, save_alias, sweep_places
from shipments.unlocode import PlaceRow
from tests.factories.partners import PartnerFactory
from tests.factories.shipments import SourceFactory, native, payload

pytestmark = pytest.mark.django_db


def picked_up() -> list[datetime]:
    while ingest_waiting() + evaluate_due():
        pass
    rows = Milestone.objects.filter(actual_at__isnull=False, type="DEPARTED")
    return list(rows.values_list("actual_at", flat=True))


def departed_at(place: dict[str, str]) -> None:
    create_shipment(
        ShipmentDraft(
            reference="R1",
            mode="ocean",
            origin=Location.objects.get(unlocode="USNYC", facility_code=""),
            destination=Location.objects.get(unlocode="NLRTM", facility_code=""),
            customer=PartnerFactory(code="CUSTOMER"),
            references=(("mbl", "M1"),),
            etd=datetime(2026, 11, 3, 12, tzinfo=UTC),
            eta=datetime(2026, 11, 20, 12, tzinfo=UTC),
        ),
        by=None,
    )
    event = native("DEPARTED", ("mbl", "M1"), occurred_at="2026-11-03T09:00", location=place)
    receive(SourceFactory(), payload(event))


def test_a_milestone_follows_its_event_when_a_person_says_which_place_it_is():
    departed_at({"name": "Red Hook"})
    assert picked_up() == [datetime(2026, 11, 3, 9, tzinfo=UTC)]
    save_alias(Location.objects.get(unlocode="USNYC"), kind="name", value="Red Hook", by=None)
    assert picked_up() == [datetime(2026, 11, 3, 14, tzinfo=UTC)]


def test_a_milestone_follows_its_event_when_a_list_knows_the_place():
    departed_at({"unlocode": "USQQA"})
    assert picked_up() == [datetime(2026, 11, 3, 9, tzinfo=UTC)]
    load_unlocode([PlaceRow("USQQA", "US", "Quay Town", zone="America/Denver")], by=None)
    assert sweep_places() == 1
    assert picked_up() == [datetime(2026, 11, 3, 16, tzinfo=UTC)]
