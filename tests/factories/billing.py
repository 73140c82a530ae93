"""Price lists, rules and what they need of the apps below: a shipment whose milestones are reached and retracted."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import factory

from billing.enums import DocumentKind, RateBasis
from billing.models import Charge, ChargeRule, Invoice, InvoiceSeries, Tariff, TariffRate
from billing.services import create_drafts, issue_invoice, rate_due
from milestones.enums import Audience, MilestoneState, PlaceRole, WorkRole
from milestones.models import Journey, Milestone
from partners.models import Partner
from shipments.enums import Mode, ShipmentType, UnitKind
from shipments.models import Location, MilestoneType, Shipment, ShipmentStream, Unit
from tests.factories.partners import PartnerFactory

DAY = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)


class TariffFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Tariff

    code = factory.Sequence(lambda n: f"TEST-{n}")
    name = factory.Sequence(lambda n: f"Price list {n}")
    currency = "EUR"
    valid_from = date(2026, 1, 1)


class TariffRateFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = TariffRate

    tariff = factory.SubFactory(TariffFactory)
    charge_code = "HANDLING"
    basis = RateBasis.PER_SHIPMENT
    price = Decimal("100.00")
    tax_percent = Decimal("19.00")


class ChargeRuleFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = ChargeRule

    code = factory.Sequence(lambda n: f"test-rule-{n}")
    charge_code = "HANDLING"
    description = "Handling"
    type = factory.LazyFunction(lambda: milestone_type("WH_RECEIVED"))


class InvoiceSeriesFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = InvoiceSeries
        django_get_or_create = ("code",)

    code = "INV"
    prefix = "INV"
    kind = DocumentKind.INVOICE
    issuer_name = "Waymark Logistics"
    issuer_address = "Quay 1\nRotterdam"


def milestone_type(code: str) -> MilestoneType:
    fresh = {"name": code.capitalize(), "family": "test", "sequence": 50, "modes": "OARTP"}
    return MilestoneType.objects.get_or_create(code=code, defaults=fresh)[0]


def place(unlocode: str) -> Location:
    fresh = {"name": unlocode, "country": unlocode[:2], "time_zone": "UTC"}
    return Location.objects.get_or_create(unlocode=unlocode, facility_code="", defaults=fresh)[0]


def billable_shipment(
    reference: str = "S-1", *, customer: Partner | None = None, mode: str = Mode.ROAD, units: int = 0
) -> Shipment:
    """A shipment with its stream and journey; nothing is reached yet."""
    shipment = Shipment.objects.create(
        reference=reference,
        type=ShipmentType.EXPORT,
        mode=mode,
        customer=customer or PartnerFactory(),
        origin=place("NLRTM"),
        destination=place("USNYC"),
    )
    ShipmentStream.objects.create(shipment=shipment)
    Journey.objects.create(shipment=shipment)
    for n in range(units):
        Unit.objects.create(shipment=shipment, kind=UnitKind.CONTAINER, number=f"MSKU{n:07}", key=f"MSKU{n:07}")
    return shipment


def reach(
    shipment: Shipment,
    code: str = "WH_RECEIVED",
    *,
    at: datetime | None = DAY,
    slot: str = "L1",
    place_role: str = PlaceRole.ORIGIN,
    is_inferred: bool = False,
) -> Milestone:
    """What an evaluation leaves behind: the milestone reached at `at`, or not reached (None), one revision later."""
    values = {
        "type": milestone_type(code),
        "position": int(slot[1:]),
        "name": code,
        "place_role": place_role,
        "audience": Audience.CUSTOMER,
        "responsible": WorkRole.OPERATIONS,
        "actual_at": at,
        "state": MilestoneState.REACHED if at else MilestoneState.PLANNED,
        "is_inferred": is_inferred,
    }
    milestone, _ = Milestone.objects.update_or_create(shipment=shipment, slot=slot, defaults=values)
    journey = Journey.objects.get(shipment=shipment)
    journey.revision += 1
    journey.save(update_fields=["revision"])
    return milestone


def handling(price: str = "100.00", **rate: object) -> ChargeRule:
    """A rule and a price for warehouse receipts, which no default rule charges."""
    TariffRateFactory(price=Decimal(price), **rate)
    return ChargeRuleFactory()


def charged(reference: str = "S-1", *, customer: Partner | None = None) -> Charge:
    """A charge of a shipment that was received in the warehouse and rated; `handling()` before."""
    shipment = billable_shipment(reference, customer=customer)
    reach(shipment)
    rate_due()
    return Charge.objects.get(shipment=shipment)


def series() -> None:
    InvoiceSeriesFactory()
    InvoiceSeriesFactory(code="CRN", prefix="CRN", kind=DocumentKind.CREDIT_NOTE)


def drafted(*references: str, customer: Partner | None = None) -> Invoice:
    """A draft of one customer with a charge for each reference; `handling()` before."""
    customer = customer or PartnerFactory(billing_address="Street 5\nRotterdam", language="en")
    for reference in references or ("S-1",):
        reach(billable_shipment(reference, customer=customer))
    rate_due()
    return create_drafts(customer, by=None)[0]


def issued(*references: str, customer: Partner | None = None) -> Invoice:
    series()
    return issue_invoice(drafted(*references, customer=customer), by=None)
