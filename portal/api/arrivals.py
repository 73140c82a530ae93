"""When a shipment arrives: who says so, what our own history says, and how it has moved. A part of the timeline."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from rest_framework import serializers

from milestones.enums import EtaKind
from milestones.models import EtaVersion, Journey
from milestones.services import Timeline
from portal.api.base import Row
from portal.api.times import at_place
from shipments.models import Shipment

# The latest ones; whoever needs more has the events.
_MOST = 200


class OwnEtaOut(serializers.Serializer[Any]):
    p50 = serializers.DateTimeField(help_text="The median of what our own shipments on the lane took")
    low = serializers.DateTimeField(help_text="One of ten arrived earlier (P10)")
    high = serializers.DateTimeField(help_text="Two of ten arrived later (P80)")


class EtaVersionOut(serializers.Serializer[EtaVersion]):
    by = serializers.ChoiceField(choices=EtaKind.choices)
    told_at = serializers.DateTimeField()
    expected_at = serializers.DateTimeField()
    low = serializers.DateTimeField(allow_null=True)
    high = serializers.DateTimeField(allow_null=True)


class EtaOut(serializers.Serializer[Any]):
    shown_by = serializers.ChoiceField(choices=EtaKind.choices, allow_null=True, help_text="Null once it has arrived")
    expected_at = serializers.DateTimeField(allow_null=True)
    own = OwnEtaOut(allow_null=True)
    versions = EtaVersionOut(many=True, help_text="Oldest first")


class Rolled(Protocol):
    """A journey as it stands, or the summary of a past instant."""

    @property
    def arrival_by(self) -> str: ...
    @property
    def expected_arrival_at(self) -> datetime | None: ...
    @property
    def own_arrival_at(self) -> datetime | None: ...
    @property
    def own_low_at(self) -> datetime | None: ...
    @property
    def own_high_at(self) -> datetime | None: ...


@dataclass(frozen=True, slots=True)
class _Unplanned:
    """A shipment that came a moment ago and has no plan yet."""

    arrival_by: str = ""
    expected_arrival_at: datetime | None = None
    own_arrival_at: datetime | None = None
    own_low_at: datetime | None = None
    own_high_at: datetime | None = None


def present_eta(shipment: Shipment, known: Timeline | None) -> Row:
    """As it stands, or as it was `known` then. At most two queries."""
    zone = shipment.destination.time_zone
    rolled: Rolled = known.summary if known else Journey.objects.filter(pk=shipment.pk).first() or _Unplanned()
    own = {
        "p50": at_place(rolled.own_arrival_at, zone),
        "low": at_place(rolled.own_low_at, zone),
        "high": at_place(rolled.own_high_at, zone),
    }
    rows = EtaVersion.objects.filter(shipment=shipment)
    if known:
        rows = rows.filter(told_at__lte=known.as_of)
    versions = sorted(rows.order_by("-told_at", "-pk")[:_MOST], key=lambda row: (row.told_at, row.pk))
    return {
        "shown_by": rolled.arrival_by or None,
        "expected_at": at_place(rolled.expected_arrival_at, zone),
        "own": own if rolled.own_arrival_at else None,
        "versions": [_version(row, zone) for row in versions],
    }


def _version(row: EtaVersion, zone: str) -> Row:
    return {
        "by": row.kind,
        "told_at": at_place(row.told_at, "UTC"),
        "expected_at": at_place(row.expected_at, zone),
        "low": at_place(row.low_at, zone),
        "high": at_place(row.high_at, zone),
    }
