"""What a person may see of a shipment's milestones, for every door alike."""

from __future__ import annotations

from collections.abc import Sequence, Set

from django.contrib.auth.models import AnonymousUser

from milestones.enums import Audience
from partners.access import granted_partners, sees_all
from partners.enums import Permission
from partners.models import User
from shipments.enums import PartyRole
from shipments.models import Shipment, ShipmentParty

EVERYBODY: tuple[str, ...] = tuple(Audience.values)
_OF_CUSTOMER: tuple[str, ...] = (Audience.CUSTOMER.value, Audience.PUBLIC.value)
_OF_PARTNER: tuple[str, ...] = (Audience.PARTNER.value, *_OF_CUSTOMER)


def audiences_of(user: User | AnonymousUser, shipment: Shipment) -> tuple[str, ...]:
    """The audiences whose milestones `user` may see: all for internal people, by the roles played for the others."""
    return audiences_of_each(user, [shipment.pk])[shipment.pk]


def audiences_of_each(user: User | AnonymousUser, shipments: Sequence[int]) -> dict[int, tuple[str, ...]]:
    """The same for many shipments (primary keys), in a constant number of queries."""
    if sees_all(user):
        return dict.fromkeys(shipments, EVERYBODY)
    granted = granted_partners(user, Permission.VIEW_SHIPMENTS).values("pk")
    parties = ShipmentParty.objects.filter(shipment__in=shipments, partner__in=granted)
    roles: dict[int, set[str]] = {shipment: set() for shipment in shipments}
    for shipment, role in parties.values_list("shipment_id", "role"):
        roles[shipment].add(role)
    return {shipment: _of_roles(played) for shipment, played in roles.items()}


def _of_roles(roles: Set[str]) -> tuple[str, ...]:
    if not roles:
        return ()
    return _OF_CUSTOMER if roles == {PartyRole.CUSTOMER} else _OF_PARTNER


def who_sees(audience: str) -> list[str]:
    """The readers of a milestone of this audience, narrowest first: ['internal', 'partner', ...]."""
    return list(EVERYBODY[: EVERYBODY.index(audience) + 1])
