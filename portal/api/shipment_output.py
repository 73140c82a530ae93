"""The shape of a shipment in the API."""

from __future__ import annotations

from rest_framework import serializers

from milestones.enums import Health, JourneyStatus
from shipments.enums import Mode, PartyRole, ReferenceType, Service, ShipmentType, UnitKind
from shipments.models import Leg, Reference, Shipment, ShipmentParty, Unit


class PartyOut(serializers.Serializer[ShipmentParty]):
    partner = serializers.CharField(help_text="Code of the partner")
    role = serializers.ChoiceField(choices=PartyRole.choices)


class ReferenceOut(serializers.Serializer[Reference]):
    type = serializers.ChoiceField(choices=ReferenceType.choices)
    value = serializers.CharField()


class UnitOut(serializers.Serializer[Unit]):
    kind = serializers.ChoiceField(choices=UnitKind.choices)
    number = serializers.CharField()
    iso_type = serializers.CharField()


class LegOut(serializers.Serializer[Leg]):
    sequence = serializers.IntegerField()
    mode = serializers.ChoiceField(choices=Mode.choices)
    carrier = serializers.CharField(allow_null=True)
    origin = serializers.CharField()
    destination = serializers.CharField()
    vessel_name = serializers.CharField()
    vessel_imo = serializers.CharField()
    voyage = serializers.CharField()
    flight = serializers.CharField()
    vehicle = serializers.CharField(help_text="Train or truck")
    etd = serializers.DateTimeField(allow_null=True)
    eta = serializers.DateTimeField(allow_null=True)


class ShipmentOut(serializers.Serializer[Shipment]):
    """Times carry the offset of the place they belong to; what belongs to no place is in UTC."""

    id = serializers.UUIDField()
    reference = serializers.CharField()
    type = serializers.ChoiceField(choices=ShipmentType.choices)
    mode = serializers.ChoiceField(choices=Mode.choices)
    service = serializers.ChoiceField(
        choices=Service.choices, allow_blank=True, help_text="How much of the means it takes; empty when nobody said"
    )
    origin = serializers.CharField(help_text="UN/LOCODE")
    destination = serializers.CharField(help_text="UN/LOCODE")
    customer = serializers.CharField(help_text="Code of the partner")
    parties = PartyOut(many=True)
    references = ReferenceOut(many=True)
    units = UnitOut(many=True)
    legs = LegOut(many=True)
    booked_at = serializers.DateTimeField(allow_null=True)
    cargo_ready_at = serializers.DateTimeField(allow_null=True)
    cut_off_at = serializers.DateTimeField(allow_null=True)
    etd = serializers.DateTimeField(allow_null=True)
    eta = serializers.DateTimeField(allow_null=True)
    cancelled_at = serializers.DateTimeField(allow_null=True)
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField(help_text="When something was last reported or changed")
    status = serializers.ChoiceField(choices=JourneyStatus.choices)
    health = serializers.ChoiceField(choices=Health.choices)
    progress = serializers.IntegerField(help_text="Percent")
    expected_arrival_at = serializers.DateTimeField(allow_null=True)
    arrived_at = serializers.DateTimeField(allow_null=True)
    next_milestone = serializers.CharField(help_text="Of those you may see; empty at the end")
    open_exceptions = serializers.IntegerField(help_text="Not resolved, of those you may see")
