"""What the tests of cases and tasks in the database have in common."""

from __future__ import annotations

from django.db import connection
from django.utils import timezone

from milestones.invariants import INVARIANTS
from milestones.models import ShipmentException
from milestones.services import (
    evaluate_shipments,
)
from shipments.models import Leg
from tests.factories.milestones import DAY, RuleFactory
from tests.factories.shipments import ShipmentFactory


def broken():
    """The names of the invariants of this app that do not hold."""
    found = []
    for one in INVARIANTS:
        with connection.cursor() as cursor:
            cursor.execute(one.sql)
            if cursor.fetchall():
                found.append(one.name)
    return found


def shipment(etd, **changes):
    return ShipmentFactory(booked_at=None, etd=etd, eta=etd + 30 * DAY, **changes)


def look(one, now):
    evaluate_shipments([one.pk], now=now)
    return ShipmentException.objects.filter(shipment=one).order_by("-id").first()


ETD = timezone.now().replace(microsecond=0) + 40 * DAY
GATE = ETD - 2 * DAY


def staged(**changes):
    values = {
        "kind": "overdue", "type_id": "GATE_IN", "severity": "medium", "owner": "operations",
        "warn_minutes": -24 * 60, "minimum_minutes": 0, "escalate_minutes": 5 * 24 * 60, "escalate_to": "sales",
        "due_minutes": 60, "task": "Ask",
    }  # fmt: skip
    return RuleFactory(**{**values, **changes})


def on_board(count, voyage="023W"):
    """Shipments with one vessel."""
    found = []
    for _ in range(count):
        one = shipment(ETD)
        Leg.objects.create(shipment=one, sequence=1, mode="ocean", origin=one.origin, destination=one.destination,
                           vessel_imo="9811000", voyage=voyage)  # fmt: skip
        found.append(one)
    return found


def late_rule(**changes):
    return staged(**{"type_id": "DEPARTED", "warn_minutes": None, "escalate_minutes": 20 * 24 * 60,
                     "group_by": "journey", **changes})  # fmt: skip


LATE = ETD + 3 * DAY
