"""Amounts as people and programs read them."""

from __future__ import annotations

from decimal import Decimal

from babel.numbers import format_currency
from django.utils.translation import get_language, to_locale

from core.money import minor_units, rounded


def plain_amount(amount: Decimal, currency: str = "") -> str:
    """For programs: a decimal string with a dot; as many digits as the currency has, else without idle zeros."""
    if currency:
        return f"{rounded(amount, currency):.{minor_units(currency)}f}"
    return f"{amount.normalize():f}"


def shown_amount(amount: Decimal, currency: str) -> str:
    """For people: in the language of the page, with the ISO code, such as 'EUR 1,250.00'."""
    locale = to_locale(get_language() or "en")
    return format_currency(
        rounded(amount, currency), currency, format="¤¤\xa0#,##0.00", locale=locale, currency_digits=True
    )
