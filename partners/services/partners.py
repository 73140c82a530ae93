"""Organisations and what the outside calls them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypedDict, Unpack

from django.db import transaction
from django.utils.translation import gettext as _

from core.errors import DomainError
from partners.models import Partner, PartnerIdentifier, User
from partners.services.checking import checked


class PartnerDetails(TypedDict, total=False):
    country: str
    time_zone: str
    language: str
    billing_currency: str
    billing_address: str
    payment_days: int
    is_active: bool


@transaction.atomic
def save_partner(
    code: str,
    *,
    name: str,
    kinds: Iterable[str],
    identifiers: Iterable[tuple[str, str]] = (),
    by: User | None = None,
    **details: Unpack[PartnerDetails],
) -> Partner:
    """Make the partner, or bring the one with this code up to date; what is not given stays.

    `identifiers`: (scheme, value) pairs that are added to those it has. Raises DomainError `invalid` for a value the
    model refuses and `identifier_taken` for an identifier of another partner.
    """
    partner = Partner.objects.select_for_update().filter(code=code).first() or Partner(code=code)
    partner.name, partner.kinds = name, list(dict.fromkeys(kinds))
    for field, value in details.items():
        setattr(partner, field, value)
    checked(partner)
    partner.save()
    for scheme, value in identifiers:
        _identify(partner, scheme, value)
    return partner


def _identify(partner: Partner, scheme: str, value: str) -> None:
    identifier = PartnerIdentifier.objects.filter(scheme=scheme, value=value).first()
    if identifier is None:
        identifier = PartnerIdentifier(partner=partner, scheme=scheme, value=value)
        checked(identifier)
        identifier.save()
    if identifier.partner_id != partner.pk:
        raise DomainError(
            "identifier_taken",
            _("Another partner has the identifier %(value)s.") % {"value": value},
            field="identifiers",
            conflict=True,
        )
