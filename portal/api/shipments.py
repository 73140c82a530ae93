"""`/shipments/`: list, create, change."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from django.db import transaction
from django.db.models import Prefetch
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response

from milestones.enums import Health, JourneyStatus
from milestones.models import Journey
from partners.access import ScopedQuerySet, may
from partners.enums import Permission, Scope
from partners.models import User
from portal.api import examples
from portal.api.base import READ_ONLY, Door, Row, caller
from portal.api.shipment_filter import ShipmentFilter
from portal.api.shipment_input import ShipmentChangeIn, ShipmentIn, draft_of, lists_of, parties_of, replaced_by
from portal.api.shipment_output import ShipmentOut
from portal.api.standing import Standing, standings
from portal.api.times import at_place, in_utc
from shipments.models import Leg, Shipment, ShipmentParty
from shipments.services import add_party, add_references, add_units, change_shipment, create_shipment


def _leg(leg: Leg) -> Row:
    return {
        "sequence": leg.sequence,
        "mode": leg.mode,
        "carrier": leg.carrier.code if leg.carrier else None,
        "origin": leg.origin.code,
        "destination": leg.destination.code,
        "vessel_name": leg.vessel_name,
        "vessel_imo": leg.vessel_imo,
        "voyage": leg.voyage,
        "flight": leg.flight,
        "vehicle": leg.vehicle,
        "etd": at_place(leg.etd, leg.origin.time_zone),
        "eta": at_place(leg.eta, leg.destination.time_zone),
    }


def _progress(journey: Journey | None, arrival_zone: str) -> Row:
    """Where the shipment stands; the words of a fresh one until its plan is made, moments after it was created."""
    if journey is None:
        return {
            "status": JourneyStatus.BOOKED.value, "health": Health.NO_UPDATE.value, "progress": 0,
            "expected_arrival_at": None, "arrived_at": None,
        }  # fmt: skip
    return {
        "status": journey.status,
        "health": journey.health,
        "progress": journey.progress,
        "expected_arrival_at": at_place(journey.expected_arrival_at, arrival_zone),
        "arrived_at": at_place(journey.arrived_at, arrival_zone),
    }


def present(shipment: Shipment, standing: Standing) -> Row:
    """One shipment; everything it reads was joined or prefetched by `rows`."""
    here, there = shipment.origin.time_zone, shipment.destination.time_zone
    return {
        "id": str(shipment.public_id),
        "reference": shipment.reference,
        "type": shipment.type,
        "mode": shipment.mode,
        "service": shipment.service,
        "origin": shipment.origin.code,
        "destination": shipment.destination.code,
        "customer": shipment.customer.code,
        "parties": [{"partner": p.partner.code, "role": p.role} for p in shipment.parties.all()],
        "references": [{"type": r.type, "value": r.value} for r in shipment.references.all()],
        "units": [{"kind": u.kind, "number": u.number, "iso_type": u.iso_type} for u in shipment.units.all()],
        "legs": [_leg(leg) for leg in shipment.legs.all()],
        "booked_at": at_place(shipment.booked_at, here),
        "cargo_ready_at": at_place(shipment.cargo_ready_at, here),
        "cut_off_at": at_place(shipment.cut_off_at, here),
        "etd": at_place(shipment.etd, here),
        "eta": at_place(shipment.eta, there),
        "cancelled_at": in_utc(shipment.cancelled_at),
        "created_at": in_utc(shipment.created_at),
        "updated_at": in_utc(shipment.stream.touched_at),
        **_progress(getattr(shipment, "journey", None), there),
        "next_milestone": standing.next_milestone,
        "open_exceptions": standing.open_exceptions,
    }


def present_all(shipments: Sequence[Shipment], user: User) -> list[Row]:
    known = standings(shipments, user)
    return [present(shipment, known.get(shipment.pk, Standing())) for shipment in shipments]


class ShipmentDoor(Door[Shipment]):
    model = Shipment
    scopes: ClassVar[dict[str, str]] = READ_ONLY | dict.fromkeys(("POST", "PATCH"), Scope.WRITE)
    permissions: ClassVar[dict[str, str]] = {
        "GET": "shipments.view_shipment",
        "POST": "shipments.add_shipment",
        "PATCH": "shipments.change_shipment",
    }
    serializer_class = ShipmentOut

    def rows(self) -> ScopedQuerySet[Shipment]:
        joined = Shipment.objects.select_related("origin", "destination", "customer", "stream", "journey")
        legs = Leg.objects.select_related("carrier", "origin", "destination").order_by("sequence")
        parties = ShipmentParty.objects.select_related("partner").order_by("pk")
        return joined.prefetch_related("references", "units", Prefetch("legs", legs), Prefetch("parties", parties))

    def shown(self, pk: int) -> Row:
        return present_all([self.rows().get(pk=pk)], caller(self.request))[0]


class Shipments(ShipmentDoor):
    filterset_class = ShipmentFilter

    @extend_schema(operation_id="shipments_list", responses=ShipmentOut(many=True))
    def get(self, request: Request) -> Response:
        """Shipments that you may see, newest first."""
        return self.page(self.get_queryset(), lambda rows: present_all(rows, caller(request)))

    @extend_schema(
        operation_id="shipments_create",
        request=ShipmentIn,
        responses={201: ShipmentOut},
        examples=examples.SHIPMENT,
        filters=False,
    )
    def post(self, request: Request) -> Response:
        """Create a shipment. Events that waited for one of its references are taken up at once."""
        given = ShipmentIn(data=request.data)
        given.is_valid(raise_exception=True)
        shipment = create_shipment(draft_of(given.validated_data, by=caller(request)), by=caller(request))
        return Response(self.shown(shipment.pk), status=201)


class OneShipment(ShipmentDoor):
    @extend_schema(operation_id="shipments_retrieve", responses=ShipmentOut)
    def get(self, request: Request, id: str) -> Response:
        """One shipment."""
        return Response(present_all([self.one()], caller(request))[0])

    @extend_schema(operation_id="shipments_change", request=ShipmentChangeIn, responses=ShipmentOut)
    def patch(self, request: Request, id: str) -> Response:
        """Change dates or the service, or add references, units and parties. What identifies it does not change."""
        shipment = self.one()
        if not may(caller(request), Permission.CHANGE_SHIPMENTS, shipment.customer):
            raise PermissionDenied
        given = ShipmentChangeIn(data=request.data)
        given.is_valid(raise_exception=True)
        with transaction.atomic():
            self._change(shipment, given.validated_data, caller(request))
        return Response(self.shown(shipment.pk))

    def _change(self, shipment: Shipment, given: dict[str, Any], by: User) -> None:
        if replaced := replaced_by(given):
            change_shipment(shipment, changes=replaced, by=by)
        lists = lists_of(given)
        if lists["references"]:
            add_references(shipment, lists["references"], by=by)
        if lists["units"]:
            add_units(shipment, lists["units"], by=by)
        for partner, role in parties_of(given, by=by):
            add_party(shipment, partner, role=role, by=by)
