"""What people enter by hand, one event or many: a message of native events, stored and read in one transaction."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from core.errors import DomainError
from partners.access import granted_partners
from partners.enums import Permission
from partners.models import Partner, User
from shipments.models import Event, ShipmentParty, Source
from shipments.services.ingest import Decision, ingest_decided
from shipments.services.intake import receive
from shipments.services.reading import read
from shipments.services.sources import is_internal


class EntriesRefused(DomainError):
    """Some entries make no sense. `refusals`: of each by its position; nothing was stored."""

    def __init__(self, refusals: Mapping[int, DomainError]) -> None:
        super().__init__("entries_refused", _("Some entries cannot be recorded."))
        self.refusals = dict(refusals)


@transaction.atomic
def enter_events(
    source: Source, said: Sequence[Mapping[str, Any]], decisions: Sequence[Decision], *, by: User
) -> list[Event]:
    """Store native events (contract.md) that are decided already as one message; all of them or none.

    Returns the events of the message in their order; the same entries again are the same message. Raises
    EntriesRefused with the reader's own codes.
    """
    payload = json.dumps(said[0] if len(said) == 1 else list(said), separators=(",", ":")).encode()
    receipt = receive(source, payload, content_type="application/json", by=by)
    if receipt.is_duplicate:
        return _events(receipt.message.pk)
    reading = read(receipt.message)
    # A doubtful check digit is a warning: the number was not typed here, it is one of the shipment's.
    wrong = [issue for issue in reading.parsed.issues if not issue.is_warning]
    if wrong:
        raise EntriesRefused(
            {max(issue.position, 0): DomainError(issue.code, issue.message, field=issue.element) for issue in wrong}
        )
    ingest_decided(reading, dict(enumerate(decisions)))
    events = _events(receipt.message.pk)
    doubtful = {
        event.position: DomainError("date_not_possible", event.quarantine, field="occurred_at")
        for event in events
        if event.quarantine
    }
    if doubtful:
        raise EntriesRefused(doubtful)
    return events


def reporters_for(by: User, shipment_ids: Collection[int]) -> dict[int, Partner | None]:
    """For whom the person speaks on each shipment of his scope, None is the house; left out where he may not report."""
    if is_internal(by):
        return dict.fromkeys(shipment_ids)
    partners = granted_partners(by, Permission.REPORT_EVENTS)
    parties = ShipmentParty.objects.filter(shipment__in=shipment_ids, partner__in=partners)
    found: dict[int, Partner | None] = {}
    for party in parties.select_related("partner").order_by("partner_id"):
        found.setdefault(party.shipment_id, party.partner)
    return found


def _events(message_id: int) -> list[Event]:
    return list(Event.objects.filter(message_id=message_id).order_by("position"))
