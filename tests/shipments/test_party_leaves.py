"""Who leaves a shipment with the last role hears no more of it; who plays two sees it once."""

import pytest

from partners.enums import DeliveryState, Role
from partners.models import Delivery, Notification
from shipments.enums import PartyRole
from shipments.models import Document, Reference, Shipment, ShipmentStream
from shipments.services import add_party, remove_party
from tests.factories.partners import NotificationFactory, PartnerFactory, heard_by, member
from tests.factories.shipments import DocumentFactory, ShipmentFactory

pytestmark = pytest.mark.django_db


def test_what_is_queued_for_a_party_is_withdrawn_with_its_last_role():
    shipment, partner = ShipmentFactory(), PartnerFactory()
    for role in (PartyRole.SHIPPER, PartyRole.CONSIGNEE):
        add_party(shipment, partner, role=role, by=None)
    notification = heard_by(NotificationFactory(subject=f"shipment:{shipment.public_id}"), partner)
    delivery = Delivery.objects.create(
        notification=notification, user=member(partner), partner=partner, channel="email"
    )
    states = []
    for role in (PartyRole.SHIPPER, PartyRole.CONSIGNEE):
        remove_party(shipment, partner, role=role, by=None)
        delivery.refresh_from_db()
        states.append(delivery.state)
    assert states == [DeliveryState.QUEUED, DeliveryState.WITHDRAWN]
    assert not Notification.objects.filter(audiences__partner=partner).exists()


def test_a_partner_that_plays_two_roles_sees_every_row_once():
    partner = PartnerFactory()
    roles = [(partner, PartyRole.CARRIER), (partner, PartyRole.WAREHOUSE)]
    shipment = ShipmentFactory(customer=partner, parties=roles)
    DocumentFactory(shipment=shipment, audience="partner")
    person = member(partner, Role.EDITOR)
    rows = (Shipment, ShipmentStream, Document, Reference)
    assert [model.objects.for_user(person).count() for model in rows] == [1, 1, 1, 1]
