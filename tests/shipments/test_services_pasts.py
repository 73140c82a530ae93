"""What a shipment was before it was changed can be read again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from core.errors import DomainError
from partners.models import Partner
from shipments.models import Leg, Shipment, ShipmentPast, Unit
from shipments.services import (
    add_references,
    add_units,
    cancel_shipment,
    change_shipment,
    load_pasts,
    present_facts,
)
from tests.factories.partners import PartnerFactory, internal
from tests.factories.shipments import LocationFactory, ShipmentFactory

pytestmark = pytest.mark.django_db

ETA = datetime(2026, 12, 24, 8, tzinfo=UTC)
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


def shipment_with_all() -> Shipment:
    shipment: Shipment = ShipmentFactory(service="fcl", cargo_ready_at=ETA - timedelta(days=60))
    Unit.objects.create(shipment=shipment, kind="container", number="MSKU 123", key="MSKU123", iso_type="45G1")
    Leg.objects.create(
        shipment=shipment, sequence=1, mode="ocean", origin=shipment.origin, destination=shipment.destination,
        carrier=PartnerFactory(), vessel_name="PEARL", vessel_imo="9074729", voyage="077W", etd=shipment.etd, eta=None,
    )  # fmt: skip
    return shipment


def expected_of(shipment: Shipment) -> dict[str, object]:
    [leg] = shipment.legs.all()
    dates = ("booked_at", "cargo_ready_at", "cut_off_at", "etd", "eta")
    return {
        "dates": {name: at.isoformat() if (at := getattr(shipment, name)) else None for name in dates},
        "type": "export", "mode": "ocean", "service": "fcl", "cancelled": False,
        "origin": shipment.origin_id, "destination": shipment.destination_id,
        "legs": [{
            "sequence": 1, "mode": "ocean", "carrier": leg.carrier_id, "origin": leg.origin_id,
            "destination": leg.destination_id, "vessel_name": "PEARL", "vessel_imo": "9074729", "voyage": "077W",
            "flight": "", "vehicle": "", "etd": leg.etd.isoformat(), "eta": None,
        }],
        "units": [{"kind": "container", "number": "MSKU 123", "key": "MSKU123", "iso_type": "45G1"}],
    }  # fmt: skip


def test_the_facts_of_the_past_are_those_that_stood():
    shipment = shipment_with_all()
    expected, by = expected_of(shipment), internal("operations")
    assert present_facts([shipment.pk]) == {shipment.pk: expected}
    before = timezone.now()
    change_shipment(shipment, changes={"eta": ETA}, by=by)
    past = ShipmentPast.objects.get()
    assert (past.facts, past.changed_by) == (expected, by)
    assert before < past.until < timezone.now()
    assert load_pasts([shipment.pk], before) == {shipment.pk: expected}
    assert load_pasts([shipment.pk], past.until) == {}
    changed = expected | {"dates": {**expected["dates"], "eta": ETA.isoformat()}}  # type: ignore[dict-item]
    assert present_facts([shipment.pk]) == {shipment.pk: changed}


def moved_to_hamburg(shipment: Shipment) -> None:
    hamburg = LocationFactory(unlocode="DEHAM", name="Hamburg", time_zone="Europe/Berlin")
    change_shipment(shipment, changes={"destination": hamburg}, by=None)


CHANGES = {
    "a date": (lambda s: change_shipment(s, changes={"etd": None}, by=None), "dates"),
    "the service": (lambda s: change_shipment(s, changes={"service": "lcl"}, by=None), "service"),
    "the type": (lambda s: change_shipment(s, changes={"type": "import"}, by=None), "type"),
    "a place": (moved_to_hamburg, "destination"),
    "a unit": (lambda s: add_units(s, [("container", "MSKU0000007", "")], by=None), "units"),
    "its end": (lambda s: cancel_shipment(s, reason="Sold out", by=None), "cancelled"),
}


@pytest.mark.parametrize(("change", "what"), CHANGES.values(), ids=CHANGES)
def test_every_change_of_what_rules_know_leaves_the_past(change, what):
    shipment = shipment_with_all()
    expected = expected_of(shipment)
    change(shipment)
    assert ShipmentPast.objects.get().facts == expected
    now = present_facts([shipment.pk])[shipment.pk]
    assert [name for name in expected if expected[name] != now[name]] == [what]


def test_what_changes_nothing_leaves_nothing():
    shipment = shipment_with_all()
    change_shipment(shipment, changes={"eta": shipment.eta, "service": "fcl"}, by=None)
    add_units(shipment, [("container", "msku 123", "")], by=None)
    add_references(shipment, [("po", "45-1")], by=None)
    with pytest.raises(DomainError):
        change_shipment(shipment, changes={"service": "teleport"}, by=None)
    with pytest.raises(DomainError):
        cancel_shipment(shipment, reason=" ", by=None)
    assert not ShipmentPast.objects.exists()


def test_a_shipment_that_was_never_changed_has_no_past_and_costs_one_query():
    ids = [ShipmentFactory().pk for _ in range(3)]
    with CaptureQueriesContext(connection) as queries:
        assert load_pasts(ids, LONG_AGO) == {}
    assert len(queries) == 1


def etas(shipment: Shipment, *moments: datetime) -> list[str | None]:
    found = [load_pasts([shipment.pk], at) for at in moments]
    return [facts[shipment.pk]["dates"]["eta"] if facts else None for facts in found]


@pytest.mark.django_db(transaction=True)
def test_what_is_changed_in_one_transaction_is_one_past_of_what_was_before():
    shipment, customer = ShipmentFactory(), Partner.objects.first()
    first = shipment.eta
    with transaction.atomic():
        change_shipment(shipment, changes={"eta": ETA}, by=None)
        add_units(shipment, [("container", "MSKU0000007", "")], by=None)
        change_shipment(shipment, changes={"eta": ETA + timedelta(days=1)}, by=None)
        other = ShipmentFactory(customer=customer)
        change_shipment(other, changes={"eta": ETA}, by=None)
    assert ShipmentPast.objects.filter(shipment=shipment).count() == 1
    assert ShipmentPast.objects.filter(shipment=other).count() == 1
    change_shipment(shipment, changes={"eta": ETA + timedelta(days=2)}, by=None)
    pasts = list(ShipmentPast.objects.filter(shipment=shipment).order_by("until"))
    assert [past.facts["dates"]["eta"] for past in pasts] == [
        first.isoformat(), (ETA + timedelta(days=1)).isoformat(),
    ]  # fmt: skip
    assert [len(past.facts["units"]) for past in pasts] == [0, 1]
    # As of an instant before the first, between both, and after the last change.
    assert etas(shipment, LONG_AGO, pasts[0].until, pasts[1].until) == [
        first.isoformat(), (ETA + timedelta(days=1)).isoformat(), None,
    ]  # fmt: skip


@pytest.mark.django_db(transaction=True)
def test_a_change_that_is_taken_back_takes_its_past_with_it():
    shipment = ShipmentFactory()
    with transaction.atomic():
        with pytest.raises(ZeroDivisionError), transaction.atomic():
            change_shipment(shipment, changes={"eta": ETA}, by=None)
            raise ZeroDivisionError
        assert not ShipmentPast.objects.exists()
        shipment.refresh_from_db()
        change_shipment(shipment, changes={"eta": ETA}, by=None)
    assert ShipmentPast.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_pasts_stand_in_the_order_of_the_changes_whatever_the_clock_says():
    shipment = ShipmentFactory()
    ahead = timezone.now() + timedelta(hours=1)
    ShipmentPast.objects.create(shipment=shipment, until=ahead, facts=present_facts([shipment.pk])[shipment.pk])
    change_shipment(shipment, changes={"eta": ETA}, by=None)
    assert list(ShipmentPast.objects.order_by("pk").values_list("until", flat=True)) == [
        ahead, ahead + timedelta(microseconds=1),
    ]  # fmt: skip
