"""Feeds, and those that stand for a person's own word."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from core.errors import DomainError
from partners.access import sees_all
from partners.enums import PartnerKind
from partners.models import Partner, User
from partners.services import save_partner
from shipments.enums import Format, Transport
from shipments.models import Source
from shipments.zones import load_zone

HOUSE = "WAYMARK"
MANUAL = "MANUAL"
# Our own people have looked; a partner's person speaks for his own part only.
_TRUST_IN_OURSELVES, _TRUST_IN_PARTNERS = 90, 60


@transaction.atomic
def save_source(
    code: str,
    *,
    partner: Partner,
    format: str,
    time_zone: str = "",
    trust: int = 50,
    transport: str = Transport.API,
    by: User | None = None,
) -> Source:
    """Make the feed `code`, or bring it up to date. `time_zone`: IANA name; `trust`: 0 to 100.

    Raises DomainError `unknown_format`, `unknown_transport`, `unknown_time_zone`, `trust_out_of_range`, `source_taken`.
    """
    if format not in Format.values:
        raise DomainError("unknown_format", _("The format is one of %s.") % ", ".join(Format.values), field="format")
    if transport not in Transport.values:
        names = ", ".join(Transport.values)
        raise DomainError("unknown_transport", _("The transport is one of %s.") % names, field="transport")
    if time_zone and load_zone(time_zone) is None:
        raise DomainError("unknown_time_zone", _("There is no time zone %s.") % time_zone, field="time_zone")
    if not 0 <= trust <= 100:
        raise DomainError("trust_out_of_range", _("Trust is a number from 0 to 100."), field="trust")
    values: dict[str, Any] = {"format": format, "time_zone": time_zone, "trust": trust, "transport": transport}
    source, is_new = Source.objects.select_for_update().get_or_create(
        code=code, defaults={"partner": partner, **values}
    )
    if source.partner_id != partner.pk:
        # Its messages and events belong to the partner they came from.
        raise DomainError(
            "source_taken", _("Another partner has a source with this code."), field="code", conflict=True
        )
    if not is_new:
        Source.objects.filter(pk=source.pk).update(**values)
        source.refresh_from_db()
    return source


def manual_source(partner: Partner | None, *, by: User | None = None) -> Source:
    """What our own people enter by hand (`partner` None), or the people of `partner`. Made when first needed."""
    if partner is None:
        found = Source.objects.filter(code=MANUAL).first()
        return found or save_source(
            MANUAL,
            partner=save_partner(HOUSE, name="Waymark", kinds=[PartnerKind.FORWARDER], by=by),
            format=Format.NATIVE,
            trust=_TRUST_IN_OURSELVES,
            transport=Transport.MANUAL,
            by=by,
        )
    code = f"{MANUAL}-{partner.pk}"
    found = Source.objects.filter(code=code).first()
    return found or save_source(
        code,
        partner=partner,
        format=Format.NATIVE,
        time_zone=partner.time_zone,
        trust=_TRUST_IN_PARTNERS,
        transport=Transport.MANUAL,
        by=by,
    )


def is_internal(by: User | None) -> bool:
    """Whether nobody (a command of ours) or one of our own people asks."""
    return by is None or sees_all(by)
