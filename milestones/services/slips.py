"""The slip curve of one shipment, read from what was kept."""

from __future__ import annotations

from milestones.enums import EtaKind
from milestones.models import EtaVersion, Journey
from milestones.slipping import SlipCurve, Told, curve
from shipments.models import Shipment

# A curve is read by people; of one that was told more often than this the latest are enough.
_MOST = 500


def slip_curve(shipment: Shipment) -> SlipCurve:
    """How its expected arrival has moved by the word of the carrier, else by the plans that were reported.

    All versions are in it, our own among them. Two queries.
    """
    rows = EtaVersion.objects.filter(shipment=shipment).select_related("source__partner").order_by("-told_at", "-pk")
    told = [
        Told(
            kind=row.kind,
            told_at=row.told_at,
            expected_at=row.expected_at,
            trust=row.source.trust if row.source else 0,
            by=str(row.source.partner) if row.source else "",
            low_at=row.low_at,
            high_at=row.high_at,
        )
        for row in rows[:_MOST]
    ]
    arrived = Journey.objects.filter(pk=shipment.pk).values_list("arrived_at", flat=True).first()
    return curve(told, arrived, (EtaKind.CARRIER.value, EtaKind.PLAN.value))
