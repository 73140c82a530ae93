"""Money is a Decimal with a currency. Minor units as ISO 4217 lists them; half up, away from zero, at the line."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

# ISO 4217, the currencies whose minor unit is not two digits.
_MINOR_UNITS = {
    "BIF": 0, "CLP": 0, "DJF": 0, "GNF": 0, "ISK": 0, "JPY": 0, "KMF": 0, "KRW": 0, "PYG": 0, "RWF": 0, "UGX": 0,
    "VND": 0, "VUV": 0, "XAF": 0, "XOF": 0, "XPF": 0, "BHD": 3, "IQD": 3, "JOD": 3, "KWD": 3, "LYD": 3, "OMR": 3,
    "TND": 3,
}  # fmt: skip


def minor_units(currency: str) -> int:
    """Digits after the point of an amount in `currency` (ISO 4217 alphabetic code)."""
    return _MINOR_UNITS.get(currency, 2)


def rounded(amount: Decimal, currency: str) -> Decimal:
    """`amount` in whole minor units of `currency`, half up."""
    return amount.quantize(Decimal(1).scaleb(-minor_units(currency)), rounding=ROUND_HALF_UP)
