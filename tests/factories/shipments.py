"""Sources, messages, shipments and events. Fixed values in sequence; a shipment comes with all rows a real one has."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import factory

from partners.enums import PartnerKind
from shipments.enums import (
    Classifier,
    DocumentType,
    Format,
    LocationKind,
    MessageState,
    Mode,
    PartyRole,
    ReferenceType,
    ShipmentType,
    ZoneCertainty,
)
from shipments.matching import reference_key
from shipments.models import (
    Document,
    Event,
    EventMatch,
    Location,
    Message,
    MilestoneType,
    Reference,
    Shipment,
    ShipmentParty,
    ShipmentStream,
    Source,
)
from tests.factories.partners import PartnerFactory

NOON = datetime(2026, 11, 3, 12, 0, tzinfo=UTC)


class LocationFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Location
        django_get_or_create = ("unlocode", "facility_code")

    kind = LocationKind.PLACE
    unlocode = "NLRTM"
    facility_code = ""
    name = "Rotterdam"
    country = factory.LazyAttribute(lambda place: place.unlocode[:2])
    time_zone = "Europe/Amsterdam"


class MilestoneTypeFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = MilestoneType
        django_get_or_create = ("code",)

    code = "DEPARTED"
    name = "Departed"
    family = "carriage"
    sequence = 65
    modes = "OARTP"


class SourceFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Source

    code = factory.Sequence(lambda n: f"SOURCE-{n}")
    partner = factory.SubFactory(PartnerFactory, kinds=[PartnerKind.CARRIER.value])
    format = Format.NATIVE


class MessageFactory(factory.django.DjangoModelFactory):
    """A message that was read; `state=MessageState.RECEIVED, processed_at=None` for one that waits."""

    class Meta:
        model = Message

    source = factory.SubFactory(SourceFactory)
    raw = factory.Sequence(lambda n: b'{"code":"DEPARTED","n":%d}' % n)
    digest = factory.LazyAttribute(lambda message: hashlib.sha256(message.raw).hexdigest())
    size = factory.LazyAttribute(lambda message: len(message.raw))
    received_at = NOON
    state = MessageState.PARSED
    processed_at = NOON
    events_found = 1
    events_matched = 1


class ShipmentFactory(factory.django.DjangoModelFactory):
    """Rotterdam to Shanghai. `references=[(type, value)]` and `parties=[(partner, role)]` come on top of its own."""

    class Meta:
        model = Shipment
        skip_postgeneration_save = True

    reference = factory.Sequence(lambda n: f"S-{n:05d}")
    type = ShipmentType.EXPORT
    mode = Mode.OCEAN
    customer = factory.SubFactory(PartnerFactory)
    origin = factory.SubFactory(LocationFactory)
    destination = factory.SubFactory(
        LocationFactory, unlocode="CNSGH", name="Shanghai", country="CN", time_zone="Asia/Shanghai"
    )
    booked_at = NOON - timedelta(days=20)
    etd = NOON - timedelta(days=2)
    eta = NOON + timedelta(days=28)

    @factory.post_generation
    def stream(self: Shipment, create: bool, revision: int | None) -> None:
        ShipmentStream.objects.create(shipment=self, revision=revision or 1)

    @factory.post_generation
    def references(self: Shipment, create: bool, said: Iterable[tuple[str, str]] | None) -> None:
        for kind, value in [(ReferenceType.SHIPMENT, self.reference), *(said or ())]:
            Reference.objects.create(shipment=self, type=kind, value=value, key=reference_key(value))

    @factory.post_generation
    def parties(self: Shipment, create: bool, said: Iterable[tuple[object, str]] | None) -> None:
        for partner, role in [(self.customer, PartyRole.CUSTOMER), *(said or ())]:
            ShipmentParty.objects.create(shipment=self, partner=partner, role=role)


class DocumentFactory(factory.django.DjangoModelFactory):
    """An internal commercial invoice, always of the same bytes."""

    class Meta:
        model = Document

    shipment = factory.SubFactory(ShipmentFactory)
    type = DocumentType.COMMERCIAL_INVOICE
    name = "invoice.pdf"
    content_type = "application/pdf"
    body = b"%PDF-1.7 invoice"
    size = factory.LazyAttribute(lambda document: len(document.body))
    digest = factory.LazyAttribute(lambda document: hashlib.sha256(document.body).hexdigest())


class EventFactory(factory.django.DjangoModelFactory):
    """An actual departure at noon. `shipments=[...]`: what it is matched to."""

    class Meta:
        model = Event
        skip_postgeneration_save = True

    fingerprint = factory.Sequence(lambda n: hashlib.sha256(b"event %d" % n).hexdigest())
    message = factory.SubFactory(MessageFactory)
    source = factory.LazyAttribute(lambda event: event.message.source)
    position = 0
    trust = 50
    code = factory.SubFactory(MilestoneTypeFactory)
    raw_code = "DEPA"
    classifier = Classifier.ACTUAL
    occurred_at = NOON
    wall_time = "2026-11-03T13:00:00"
    time_zone = "Europe/Amsterdam"
    zone_certainty = ZoneCertainty.DERIVED
    received_at = NOON + timedelta(hours=1)
    location_text = "Rotterdam"

    @factory.post_generation
    def shipments(self: Event, create: bool, shipments: Iterable[Shipment] | None) -> None:
        for shipment in shipments or ():
            EventMatch.objects.create(event=self, shipment=shipment, matched_by="test")


def native(code: str = "DEPARTED", *references: tuple[str, str], **fields: object) -> dict[str, object]:
    """A native event as contract.md has it: an actual of 3 November 2026 at noon UTC unless `fields` say otherwise."""
    event: dict[str, object] = {"code": code, "classifier": "ACT", "occurred_at": "2026-11-03T12:00:00+00:00"}
    if references:
        event["references"] = [{"type": kind, "value": value} for kind, value in references]
    return {**event, **fields}


def payload(*events: dict[str, object]) -> bytes:
    """The bytes of a native message."""
    return json.dumps(list(events)).encode()
