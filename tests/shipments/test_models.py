"""What the database refuses, whoever asks."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction

from shipments.models import (
    Acknowledgement,
    CodeMapping,
    Connection,
    ConnectionRun,
    ControlNumber,
    Event,
    EventMatch,
    LocationAlias,
    Message,
    SourceDay,
    SourceSilence,
    Upload,
    WaitingEvent,
    WebhookReceipt,
)
from tests.factories.partners import PartnerFactory, internal
from tests.factories.shipments import (
    NOON,
    DocumentFactory,
    EventFactory,
    LocationFactory,
    MessageFactory,
    ShipmentFactory,
    SourceFactory,
)

pytestmark = pytest.mark.django_db


def mapping(**fields: object) -> CodeMapping:
    values = {"format": "native", "code_list": "native", "raw_code": "X", "code_id": "DEPARTED"}
    return CodeMapping.objects.create(**{**values, **fields})


def waiting(**fields: object) -> WaitingEvent:
    event = fields.pop("event", None) or EventFactory()
    return WaitingEvent.objects.create(event=event, source=event.source, **{"reason": "unmatched", **fields})


def shipment_with(related: str, **fields: object) -> None:
    getattr(ShipmentFactory(), related).create(**fields)


def leg(**fields: object) -> dict[str, object]:
    return {"sequence": 1, "mode": "ocean", "origin": LocationFactory(), "destination": LocationFactory(), **fields}


def alias(**fields: object) -> LocationAlias:
    values = {"kind": "name", "value": "|X", "location": LocationFactory()}
    return LocationAlias.objects.create(**{**values, **fields})


def connection_of(**fields: object) -> Connection:
    return Connection.objects.create(**{"source": SourceFactory(), "kind": "webhook", **fields})


def receipt(**fields: object) -> WebhookReceipt:
    return WebhookReceipt.objects.create(**{"digest": "d", "message": MessageFactory(), **fields})


def silence(**fields: object) -> SourceSilence:
    values = {"last_message_at": NOON, "expected_by": NOON + timedelta(hours=2)}
    return SourceSilence.objects.create(**{**values, **fields})


def control_number(**fields: object) -> ControlNumber:
    values = {"standard": "x12", "sender": "S", "number": "1", "digest": "d", "message": MessageFactory()}
    return ControlNumber.objects.create(**{**values, **fields})


def upload(**fields: object) -> Upload:
    return Upload.objects.create(source=SourceFactory(), raw=b"a", created_by=internal(), **fields)


def run_that_ends_before_it_starts() -> None:
    run = ConnectionRun.objects.create(connection=connection_of(), started_at=NOON)
    ConnectionRun.objects.filter(pk=run.pk).update(ended_at=NOON - timedelta(seconds=1))


def twice(make, **fields: object) -> None:
    make(**fields)
    make(**fields)


def twice_with(related: str, **fields: object) -> None:
    shipment = ShipmentFactory()
    getattr(shipment, related).create(**fields)
    getattr(shipment, related).create(**fields)


def same_fields(make, **factories) -> None:
    twice(make, **{name: factory() for name, factory in factories.items()})


BROKEN = {
    "source_trust_is_0_to_100": lambda: SourceFactory(trust=101),
    "source_format_is_known": lambda: SourceFactory(format="telex"),
    "source_transport_is_known": lambda: SourceFactory(transport="pigeon"),
    "source_code_is_plain": lambda: SourceFactory(code="a b"),
    "message_is_kept_once_per_source": lambda: same_fields(
        lambda source: MessageFactory(source=source, raw=b"x"), source=SourceFactory
    ),
    "message_state_is_known": lambda: MessageFactory(state="lost"),
    "message_rejected_says_why": lambda: MessageFactory(state="rejected"),
    "message_processed_says_when": lambda: MessageFactory(processed_at=None),
    "mapping_is_unambiguous": lambda: [mapping(version=1), mapping(version=2)],
    "mapping_version_is_unique": lambda: twice(mapping, replaced_at=NOON),
    "mapping_classifier_is_known": lambda: mapping(classifier="NON"),
    "event_classifier_is_known": lambda: EventFactory(classifier="NON"),
    "event_says_when": lambda: EventFactory(occurred_at=None),
    "event_says_how_sure_the_zone_is": lambda: EventFactory(zone_certainty="perhaps"),
    "shipments_event_fingerprint_key": lambda: twice(EventFactory, fingerprint="f"),
    "event_is_matched_once_per_shipment": lambda: EventFactory(shipments=[ShipmentFactory()] * 2),
    "event_waits_once_per_reason": lambda: same_fields(waiting, event=EventFactory),
    "waiting_event_reason_is_known": lambda: waiting(reason="mood"),
    "waiting_event_closed_says_how": lambda: waiting(closed_at=NOON),
    "location_code_is_unique": lambda: LocationFactory._meta.model.objects.create(unlocode="NLRTM", country="NL"),
    "location_unlocode_has_its_form": lambda: LocationFactory(unlocode="NL1TM"),
    "location_facility_has_a_code": lambda: LocationFactory(unlocode="NLZZZ", kind="facility"),
    "location_latitude_is_on_earth": lambda: LocationFactory(unlocode="NLZZZ", latitude=91),
    "location_longitude_is_on_earth": lambda: LocationFactory(unlocode="NLZZZ", longitude=-181),
    "message_progress_is_a_percentage": lambda: MessageFactory(progress=101),
    "alias_is_unambiguous": lambda: twice(alias),
    "alias_kind_is_known": lambda: alias(kind="nick"),
    "alias_has_a_value": lambda: alias(value=""),
    "source_day_is_unique": lambda: same_fields(
        lambda source: SourceDay.objects.create(source=source, day=NOON.date()), source=SourceFactory
    ),
    "source_has_one_open_silence": lambda: same_fields(silence, source=SourceFactory),
    "silence_begins_after_the_last_message": lambda: silence(source=SourceFactory(), expected_by=NOON),
    "connection_kind_is_known": lambda: connection_of(kind="pigeon"),
    "connection_interval_is_sensible": lambda: connection_of(every_seconds=4),
    "connection_state_is_due": lambda: connection_of(state="lost"),
    "connection_run_ends_after": run_that_ends_before_it_starts,
    "webhook_call_is_taken_once": lambda: same_fields(
        lambda connection: receipt(connection=connection, call_id="c"), connection=connection_of
    ),
    "webhook_receipt_names_its_call": lambda: receipt(connection=connection_of(), call_id=""),
    "control_number_is_noted_once": lambda: same_fields(control_number, source=SourceFactory),
    "control_number_standard_is_known": lambda: control_number(source=SourceFactory(), standard="telex"),
    "acknowledgement_kind_is_known": lambda: Acknowledgement.objects.create(
        message=MessageFactory(), kind="ACK", body=b"", is_accepted=True
    ),
    "upload_state_is_known": lambda: upload(state="lost", message=MessageFactory()),
    "upload_imported_names_its_message": lambda: upload(state="imported"),
    "shipment_reference_is_unique_per_customer": lambda: same_fields(
        lambda customer: ShipmentFactory(customer=customer, reference="A"), customer=PartnerFactory
    ),
    "shipment_type_is_known": lambda: ShipmentFactory(type="gift"),
    "shipment_mode_is_known": lambda: ShipmentFactory(mode="teleport"),
    "shipment_service_is_known": lambda: ShipmentFactory(service="teleport"),
    "document_is_filed_once": lambda: same_fields(
        lambda shipment: DocumentFactory(shipment=shipment), shipment=ShipmentFactory
    ),
    "document_type_is_known": lambda: DocumentFactory(type="selfie"),
    "document_audience_is_known": lambda: DocumentFactory(audience="world"),
    "document_withdrawn_says_why": lambda: DocumentFactory(withdrawn_at=NOON),
    "shipment_has_a_reference": lambda: ShipmentFactory._meta.model.objects.create(
        reference="", type="export", mode="ocean", customer=PartnerFactory(), origin=LocationFactory(),
        destination=LocationFactory(),
    ),
    "shipment_arrives_after_it_departs": lambda: ShipmentFactory(etd=NOON, eta=NOON - timedelta(days=1)),
    "shipment_cancelled_says_why": lambda: ShipmentFactory(cancelled_at=NOON),
    "party_plays_a_role_once": lambda: twice_with("parties", partner=PartnerFactory(), role="carrier"),
    "party_role_is_known": lambda: shipment_with("parties", partner=PartnerFactory(), role="king"),
    "leg_sequence_is_unique": lambda: twice_with("legs", **leg()),
    "leg_mode_is_known": lambda: shipment_with("legs", **leg(mode="teleport")),
    "unit_is_listed_once": lambda: twice_with("units", kind="package", number="a", key="A"),
    "unit_kind_is_known": lambda: shipment_with("units", kind="box", number="a", key="A"),
    "unit_key_is_normalised": lambda: shipment_with("units", kind="package", number="a", key="a"),
    "reference_is_listed_once": lambda: twice_with("references", type="po", value="a", key="A"),
    "reference_type_is_known": lambda: shipment_with("references", type="nick", value="a", key="A"),
    "reference_key_is_normalised": lambda: shipment_with("references", type="po", value="a", key="a-1"),
}  # fmt: skip


@pytest.mark.parametrize(("name", "break_it"), BROKEN.items(), ids=BROKEN.keys())
def test_the_database_keeps_it_true(name, break_it):
    with pytest.raises(IntegrityError) as refusal, transaction.atomic():
        break_it()
    assert refusal.value.__cause__.diag.constraint_name.startswith(name[:40])


def test_every_constraint_of_ours_is_broken_here():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT conname FROM pg_constraint WHERE conrelid::regclass::text LIKE 'shipments_%' AND contype = 'c'"
            " AND conname NOT LIKE 'shipments_%'"
        )
        checks = {name for (name,) in cursor.fetchall()}
    assert checks - BROKEN.keys() == set()


REFUSED = {
    "an event is not edited": lambda: Event.objects.filter(pk=EventFactory().pk).update(remarks="x"),
    "an event is not deleted": lambda: Event.objects.filter(pk=EventFactory().pk)._raw_delete("default"),
    "a match is not edited": lambda: EventMatch.objects.filter(
        event=EventFactory(shipments=[ShipmentFactory()])
    ).update(matched_by="x"),
    "a match is not deleted": lambda: EventMatch.objects.filter(
        event=EventFactory(shipments=[ShipmentFactory()])
    )._raw_delete("default"),
    "a message is not deleted": lambda: Message.objects.filter(pk=MessageFactory().pk)._raw_delete("default"),
    "a payload is not edited": lambda: Message.objects.filter(pk=MessageFactory().pk).update(raw=b"other"),
    "a digest is not edited": lambda: Message.objects.filter(pk=MessageFactory().pk).update(digest="0"),
    "a message stays with its source": lambda: Message.objects.filter(pk=MessageFactory().pk).update(
        source=SourceFactory()
    ),
}


@pytest.mark.parametrize("change", REFUSED.values(), ids=REFUSED.keys())
def test_what_was_received_and_reported_is_append_only(change):
    with pytest.raises(IntegrityError) as refusal, transaction.atomic():
        change()
    assert str(refusal.value).splitlines()[0].endswith(".")


def test_the_state_of_a_message_may_change():
    message = MessageFactory()
    assert Message.objects.filter(pk=message.pk).update(attempts=3, raw=message.raw) == 1
