"""The house tariff, its rules and number series that a new installation starts with."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from billing.enums import DocumentKind, RateBasis
from shipments.enums import Mode

TARIFF_CODE, TARIFF_NAME, CURRENCY = "HOUSE", "House tariff", "EUR"
VALID_FROM = date(2020, 1, 1)

_EACH, _UNIT = RateBasis.PER_SHIPMENT.value, RateBasis.PER_UNIT.value

# (charge code, mode or any, basis, price, minimum, tax in percent). Carriage across borders bears no tax here.
RATES: tuple[tuple[str, str, str, Decimal, Decimal | None, Decimal], ...] = (
    ("PICKUP", "", _EACH, Decimal("85.00"), None, Decimal(21)),
    ("PICKUP", Mode.OCEAN.value, _EACH, Decimal("190.00"), None, Decimal(21)),
    ("PICKUP", Mode.PARCEL.value, _EACH, Decimal("4.50"), None, Decimal(21)),
    ("FREIGHT", Mode.OCEAN.value, _UNIT, Decimal("1450.00"), None, Decimal(0)),
    ("FREIGHT", Mode.RAIL.value, _UNIT, Decimal("1100.00"), None, Decimal(0)),
    ("FREIGHT", Mode.AIR.value, _EACH, Decimal("980.00"), None, Decimal(0)),
    ("FREIGHT", Mode.ROAD.value, _EACH, Decimal("620.00"), None, Decimal(0)),
    ("FREIGHT", Mode.PARCEL.value, _EACH, Decimal("12.90"), None, Decimal(21)),
    ("CUSTOMS", "", _EACH, Decimal("75.00"), None, Decimal(0)),
    ("DELIVERY", "", _EACH, Decimal("95.00"), None, Decimal(21)),
    ("DELIVERY", Mode.OCEAN.value, _EACH, Decimal("210.00"), None, Decimal(21)),
    ("DELIVERY", Mode.PARCEL.value, _EACH, Decimal("6.90"), None, Decimal(21)),
)

# (code, charge code, description, milestone): anywhere, for every mode.
RULES: tuple[tuple[str, str, str, str], ...] = (
    ("pickup", "PICKUP", "Pickup", "PICKED_UP"),
    ("freight", "FREIGHT", "Freight", "DEPARTED"),
    ("customs", "CUSTOMS", "Customs clearance", "CUSTOMS_RELEASED"),
    ("delivery", "DELIVERY", "Delivery", "DELIVERED"),
)

ISSUER = "Waymark Logistics"

# Code, prefix and kind.
SERIES: tuple[tuple[str, str, str], ...] = (
    ("INV", "INV", DocumentKind.INVOICE.value),
    ("CRN", "CRN", DocumentKind.CREDIT_NOTE.value),
)
