"""Feeds, and those that stand for a person's own word."""

from __future__ import annotations

import re
from typing import Any, TypedDict, Unpack

from django.db import transaction
from django.utils.translation import gettext as _

from core.errors import DomainError
from partners.access import sees_all
from partners.enums import PartnerKind
from partners.models import Partner, User
from partners.services import save_partner
from partners.services.checking import checked
from shipments.enums import Format, Transport
from shipments.models import Source
from shipments.zones import load_zone

HOUSE = "WAYMARK"
MANUAL = "MANUAL"
TABLES = "TABLES"
# Our own people have looked; a partner's person speaks for his own part only.
_TRUST_IN_OURSELVES, _TRUST_IN_PARTNERS = 90, 60


_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,31}")


class SourceDetails(TypedDict, total=False):
    """`time_zone`: IANA name for local times of unknown places; `trust`: 0 to 100; `column_mapping`: CSV only."""

    time_zone: str
    trust: int
    transport: str
    latency_minutes: int
    column_mapping: dict[str, Any]
    is_active: bool


@transaction.atomic
def save_source(
    code: str, *, partner: Partner, format: str, by: User | None = None, **details: Unpack[SourceDetails]
) -> Source:
    """Make the feed `code`, or bring it up to date; what is not given stays as it is.

    Raises DomainError `unknown_format`, `unknown_time_zone`, `unusable_code`, `invalid`, `source_taken` (conflict).
    """
    if format not in Format.values:
        raise DomainError("unknown_format", _("The format is one of %s.") % ", ".join(Format.values), field="format")
    if (zone := details.get("time_zone")) and load_zone(zone) is None:
        raise DomainError("unknown_time_zone", _("There is no time zone %s.") % zone, field="time_zone")
    checked(Source(code=code, partner=partner, format=format, **details), exclude=("code", "partner"))
    source, is_new = Source.objects.select_for_update().get_or_create(
        code=_plain(code), defaults={"partner": partner, "format": format, **details}
    )
    if source.partner_id != partner.pk:
        # Its messages and events belong to the partner they came from.
        raise DomainError(
            "source_taken", _("Another partner has a source with this code."), field="code", conflict=True
        )
    if not is_new:
        Source.objects.filter(pk=source.pk).update(format=format, **details)
        source.refresh_from_db()
    return source


def _plain(code: str) -> str:
    if not _CODE.fullmatch(code):
        text = _("A code has letters, digits, dots, dashes and underscores only, 32 at most.")
        raise DomainError("unusable_code", text, field="code")
    return code


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


def table_source(partner: Partner, *, by: User | None = None) -> Source:
    """What the people of `partner` hand in as tables. Made when first needed."""
    code = f"{TABLES}-{partner.pk}"
    found = Source.objects.filter(code=code).first()
    return found or save_source(
        code,
        partner=partner,
        format=Format.CSV,
        time_zone=partner.time_zone,
        trust=_TRUST_IN_PARTNERS,
        transport=Transport.FILE,
        by=by,
    )


def is_internal(by: User | None) -> bool:
    """Whether nobody (a command of ours) or one of our own people asks."""
    return by is None or sees_all(by)
