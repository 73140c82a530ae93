"""Whom to ask outside the house about a case, as far as the shipment knows them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from milestones.enums import ExceptionKind
from milestones.models import ShipmentException
from partners.models import Membership, Partner
from shipments.enums import DocumentType, PartyRole
from shipments.models import Leg, ShipmentParty, Source

_CARRIER = (PartyRole.CARRIER, PartyRole.FORWARDER)
_BROKER = (PartyRole.CUSTOMS_BROKER, PartyRole.CUSTOMS_AUTHORITY)
_SHIPPER = (PartyRole.SHIPPER, PartyRole.FORWARDER)
_ROLES: dict[str, tuple[PartyRole, ...]] = {
    ExceptionKind.DWELL: (PartyRole.TERMINAL, PartyRole.WAREHOUSE, PartyRole.CARRIER),
    ExceptionKind.LAST_FREE_DAY: (PartyRole.TERMINAL, PartyRole.LAST_MILE_CARRIER, PartyRole.CARRIER),
}
_BY_PAPER: dict[str, tuple[PartyRole, ...]] = {
    DocumentType.COMMERCIAL_INVOICE: _SHIPPER,
    DocumentType.PACKING_LIST: _SHIPPER,
    DocumentType.CERTIFICATE_OF_ORIGIN: _SHIPPER,
    DocumentType.DANGEROUS_GOODS: _SHIPPER,
    DocumentType.EXPORT_DECLARATION: _BROKER,
    DocumentType.IMPORT_DECLARATION: _BROKER,
    DocumentType.POD: (PartyRole.LAST_MILE_CARRIER, PartyRole.CARRIER),
}
_BY_MILESTONE: dict[str, tuple[PartyRole, ...]] = {
    "DELIVERED": (PartyRole.LAST_MILE_CARRIER, PartyRole.CARRIER, PartyRole.FORWARDER),
    "OUT_FOR_DELIVERY": (PartyRole.LAST_MILE_CARRIER, PartyRole.CARRIER),
    "CUSTOMS_RELEASED": _BROKER,
    "CUSTOMS_DECLARED": _BROKER,
    "CUSTOMS_HOLD": _BROKER,
    "CUSTOMS_EXAM": _BROKER,
}
_OF_SOURCE = frozenset({ExceptionKind.NO_NEWS, ExceptionKind.CONFLICT, ExceptionKind.DUPLICATE})


@dataclass(frozen=True, slots=True)
class Contact:
    """`role`: what it plays here. `email`: of one of its people; empty when none is known."""

    role: str
    name: str
    email: str = ""


def roles_of(case: ShipmentException) -> tuple[PartyRole, ...]:
    """Who may know about such a case, the nearest first."""
    if paper := case.facts.get("document"):
        return _BY_PAPER.get(str(paper), _CARRIER)
    return _BY_MILESTONE.get(str(case.facts.get("code", "")), _ROLES.get(case.kind, _CARRIER))


def outside(case: ShipmentException) -> list[Contact]:
    """The first of those roles that somebody plays on this shipment, or the source that the case is about."""
    if case.kind in _OF_SOURCE:
        source = Source.objects.filter(pk=_key(case.facts.get("source"))).select_related("partner").first()
        return _contacts([(source.partner, source.code)]) if source else []
    parties = ShipmentParty.objects.filter(shipment=case.shipment_id).select_related("partner").order_by("id")
    playing = [(party.role, party.partner) for party in parties]
    for role in roles_of(case):
        found = [(partner, str(role.label)) for played, partner in playing if played == role]
        if not found and role == PartyRole.CARRIER:
            found = [(partner, str(role.label)) for partner in _carriers(case.shipment_id)]
        if found:
            return _contacts(found)
    return []


def _key(value: object) -> int:
    return value if isinstance(value, int) else 0


def _carriers(shipment_id: int) -> list[Partner]:
    legs = Leg.objects.filter(shipment=shipment_id, carrier__isnull=False).select_related("carrier")
    return list({leg.carrier.pk: leg.carrier for leg in legs.order_by("sequence") if leg.carrier}.values())


def _contacts(found: Iterable[tuple[Partner, str]]) -> list[Contact]:
    rows = list(found)
    people = Membership.objects.filter(partner__in=[partner for partner, _ in rows], user__is_active=True)
    emails: dict[int, str] = {}
    for partner_id, email in people.order_by("id").values_list("partner_id", "user__email"):
        emails.setdefault(partner_id, email)
    return [Contact(role, partner.name, emails.get(partner.pk, "")) for partner, role in rows]
