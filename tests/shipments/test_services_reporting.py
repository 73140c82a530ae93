from __future__ import annotations

import json
import uuid

import pytest

from core.errors import DomainError, NotVisible
from partners.enums import Role
from shipments.enums import MessageState
from shipments.models import Event, EventMatch, Leg, Message, Source, Unit
from shipments.services import record_event, report_events, retract_event
from tests.factories.partners import PartnerFactory, internal, member
from tests.factories.shipments import EventFactory, LocationFactory, ShipmentFactory, SourceFactory, native

pytestmark = pytest.mark.django_db


def entered(shipment, by, **fields: object) -> Event:
    values = {"code": "DELIVERED", "classifier": "ACT", "wall_time": "2026-11-03T12:00", "location": LocationFactory()}
    return record_event(shipment, **{**values, **fields}, by=by)


def refused(call, *args: object, **fields: object) -> str:
    with pytest.raises(DomainError) as refusal:
        call(*args, **fields)
    return refusal.value.code


def test_each_reported_event_has_its_answer():
    ShipmentFactory(references=[("mbl", "M1")])
    source, by = SourceFactory(), internal("operations")
    events = [
        native("DEPARTED", ("mbl", "M1")),
        {"code": "NOPE"},
        native("DEPARTED", ("mbl", "M1")),
        native("ARRIVED", ("mbl", "M1")),
    ]
    results = report_events(source, events, by=by)
    assert [(r.index, r.status, r.code) for r in results] == [
        (0, "accepted", ""), (1, "rejected", "unknown_code"), (2, "duplicate", ""), (3, "accepted", ""),
    ]  # fmt: skip
    assert results[0].id == results[2].id == str(Event.objects.get(code="DEPARTED").public_id)
    assert results[1].message != ""
    message = Message.objects.get()
    assert (json.loads(bytes(message.raw)), message.received_by) == (events, by)
    assert (message.state, EventMatch.objects.count()) == (MessageState.PARTIAL, 2)


def test_the_same_events_again_are_duplicates_with_the_same_ids():
    source = SourceFactory()
    events = [native("DEPARTED", ("mbl", "M1"))]
    first, again = report_events(source, events, by=None), report_events(source, events, by=None)
    assert (first[0].status, again[0].status) == ("accepted", "duplicate")
    assert first[0].id == again[0].id


@pytest.mark.parametrize(("events", "code"), [([], "no_events"), ([{}] * 1001, "too_many_events")])
def test_a_list_has_1_to_1000_events(events, code):
    assert refused(report_events, SourceFactory(), events, by=None) == code
    assert Message.objects.count() == 0


def test_a_source_of_another_format_takes_no_native_events():
    assert refused(report_events, SourceFactory(format="x12_214"), [native()], by=None) == "wrong_format"


def test_what_a_person_enters_is_a_message_of_the_house():
    shipment, by = ShipmentFactory(), internal("operations", name="Ann")
    shanghai = LocationFactory(unlocode="CNSGH")
    event = entered(shipment, by, location=shanghai, note="by telephone")
    assert event.source == Source.objects.get(code="MANUAL")
    assert (event.code_id, event.location, event.remarks) == ("DELIVERED", shanghai, "by telephone")
    assert event.occurred_at.isoformat() == "2026-11-03T04:00:00+00:00"
    assert event.message.received_by == by
    assert list(event.matches.values_list("shipment", flat=True)) == [shipment.pk]


def test_an_entry_belongs_to_its_shipment_although_two_customers_use_the_reference():
    one, other = ShipmentFactory(reference="ORDER"), ShipmentFactory(reference="ORDER")
    event = entered(other, internal("operations"))
    assert list(event.matches.values_list("shipment", flat=True)) == [other.pk]
    assert one.event_matches.count() == 0
    assert event.waits.count() == 0


def test_a_zone_that_a_person_names_goes_before_the_place():
    event = entered(ShipmentFactory(), internal("operations"), time_zone="America/Chicago")
    assert (event.time_zone, event.zone_certainty) == ("America/Chicago", "given")


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"code": "NOPE"}, "unknown_code"),
        ({"wall_time": "yesterday"}, "bad_time"),
        ({"wall_time": "2199-01-01T00:00"}, "date_not_possible"),
        ({"classifier": "NON"}, "bad_value"),
        ({"time_zone": "Mars/Base"}, "bad_zone"),
    ],
)
def test_an_entry_that_makes_no_sense_is_refused_and_leaves_nothing(fields, code):
    assert refused(entered, ShipmentFactory(), internal("operations"), **fields) == code
    assert Message.objects.count() == 0


def test_a_partner_reports_in_its_own_name():
    carrier = PartnerFactory(time_zone="Europe/Madrid")
    shipment = ShipmentFactory(parties=[(carrier, "carrier")])
    event = entered(shipment, member(carrier, Role.EDITOR), location=None)
    assert (event.source.partner, event.source.trust) == (carrier, 60)
    assert (event.time_zone, event.zone_certainty) == ("Europe/Madrid", "assumed")
    assert entered(shipment, member(carrier, Role.EDITOR)).source == event.source
    assert refused(entered, shipment, member(carrier, Role.VIEWER)) == "not_allowed"
    with pytest.raises(NotVisible):
        entered(shipment, member(PartnerFactory(), Role.EDITOR))


def test_a_retraction_stands_beside_what_it_takes_back():
    shipment, by = ShipmentFactory(), internal("operations")
    event = entered(shipment, by)
    retraction = retract_event(event, reason="wrong shipment", by=by)
    assert (retraction.retracts, retraction.supersedes) == (event.source_event_id, event.pk)
    assert (retraction.reason, retraction.occurred_at, retraction.code_id) == ("wrong shipment", None, "INFO")
    assert list(retraction.matches.values_list("shipment", flat=True)) == [shipment.pk]
    assert refused(retract_event, event, reason="again", by=by) == "already_retracted"


def test_a_feeds_event_without_an_id_can_be_retracted_by_hand():
    shipment = ShipmentFactory()
    event = EventFactory(shipments=[shipment])
    retraction = retract_event(event, reason="the carrier called", by=internal("operations"))
    assert uuid.UUID(retraction.retracts) == event.public_id
    assert retraction.supersedes == event.pk


def test_a_retraction_needs_a_reason_and_a_right():
    event = EventFactory()
    assert refused(retract_event, event, reason=" ", by=internal("operations")) == "reason_missing"
    with pytest.raises(NotVisible):
        retract_event(event, reason="x", by=member(PartnerFactory(), Role.EDITOR))
    own = retract_event(event, reason="x", by=member(event.source.partner, Role.EDITOR))
    assert own.source.partner == event.source.partner


def test_a_doubtful_check_digit_is_a_warning_and_the_event_is_accepted():
    shipment = ShipmentFactory(references=[("container", "MSKU1234567")])
    said = native("DEPARTED", references=[{"type": "container", "value": "MSKU1234567"}])
    (result,) = report_events(SourceFactory(), [said], by=None)
    assert (result.status, result.message) == ("accepted", "")
    assert Event.objects.get(matches__shipment=shipment).public_id == uuid.UUID(result.id)
    assert [error["is_warning"] for error in Message.objects.get().errors] == [True]


def test_an_entry_may_be_of_one_unit_and_one_leg():
    shipment, other = ShipmentFactory(), ShipmentFactory()
    unit = Unit.objects.create(shipment=shipment, kind="container", number="MSKU1234567", key="MSKU1234567")
    leg = Leg.objects.create(
        shipment=shipment, sequence=1, mode="ocean", origin=shipment.origin, destination=shipment.destination,
        voyage="077W", vessel_imo="9321483",
    )  # fmt: skip
    said = {"code": "DEPARTED", "classifier": "ACT", "wall_time": "2026-11-07T08:30", "location": shipment.origin}
    event = record_event(shipment, **said, unit=unit, leg=leg, by=internal("operations"))
    assert (event.equipment, event.voyage, event.vessel_imo) == ("MSKU1234567", "077W", "9321483")
    assert EventMatch.objects.get(event=event).unit == unit
    for part in ({"unit": unit}, {"leg": leg}):
        with pytest.raises(DomainError) as refused:
            record_event(other, **said, **part, by=internal("operations"))
        assert refused.value.code == "not_of_shipment"
