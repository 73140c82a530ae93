"""A status that its sender cancels, changes or replaces: the same stands at the end in whatever order it came."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import permutations

import pytest
from django.db import transaction

from core.invariants import check
from milestones.services import evaluate_due
from portal.management.commands.verify import INVARIANTS
from shipments.drafts import ShipmentDraft
from shipments.enums import Format, Mode, WaitReason
from shipments.models import Event, EventMatch, Location, WaitingEvent
from shipments.services import create_shipment, ingest_waiting, receive, release_event
from tests.factories.partners import PartnerFactory
from tests.factories.shipments import SourceFactory
from tests.shipments.test_formats_edifact import interchange, message, status

pytestmark = pytest.mark.django_db


def departed(function: str, at: str = "202610311840", number: str = "1") -> bytes:
    body = ("BGM+23+X+" + function, "DTM+137:20261101" + f"{int(number):04}:203", *status("BL-29", at=at))
    return interchange(message(number, *body), number=number)


ORIGINAL, CANCELLED, CORRECTED = departed("9"), departed("1", number="2"), departed("5", "202610311900", "3")


def heard(source, raw: bytes) -> None:
    receive(source, raw)
    ingest_waiting()


def book() -> object:
    draft = ShipmentDraft(
        reference="R-29",
        mode=Mode.OCEAN,
        origin=Location.objects.get(unlocode="NLRTM", facility_code=""),
        destination=Location.objects.get(unlocode="CNSGH", facility_code=""),
        customer=PartnerFactory(code="ACME"),
        references=(("mbl", "BL-29"),),
        etd=datetime(2026, 10, 31, 16, tzinfo=UTC),
        eta=datetime(2026, 11, 28, 20, tzinfo=UTC),
    )
    return create_shipment(draft, by=None)


def actual_departure(order) -> str | None:
    """What stands for the departure after the messages came in that order, each through all services."""
    with transaction.atomic():
        source, shipment = SourceFactory(format=Format.IFTSTA), book()
        for raw in order:
            heard(source, raw)
            evaluate_due()
        milestone = shipment.milestones.filter(type="DEPARTED").earliest("position")
        said = milestone.actual_at and milestone.actual_at.isoformat()
        transaction.set_rollback(True)
    return said


@pytest.mark.parametrize("order", list(permutations([ORIGINAL, CANCELLED])))
def test_rule_29_what_was_cancelled_does_not_stand_whichever_came_first(order):
    assert actual_departure([ORIGINAL]) == "2026-10-31T17:40:00+00:00"
    assert actual_departure(order) is None


@pytest.mark.parametrize("order", list(permutations([ORIGINAL, CANCELLED, CORRECTED])))
def test_rule_29_a_replacement_stands_in_any_order(order):
    assert actual_departure(order) == "2026-10-31T18:00:00+00:00"


def test_rule_29_a_cancellation_that_comes_first_waits_for_what_it_cancels():
    source = SourceFactory(format=Format.IFTSTA)
    heard(source, CANCELLED)
    assert Event.objects.get().occurred_at is None
    assert WaitingEvent.objects.get().reason == WaitReason.UNMATCHED
    heard(source, ORIGINAL)
    assert EventMatch.objects.count() == 0


@pytest.mark.parametrize("order", list(permutations([ORIGINAL, departed("4", "202610311900", "3")])))
def test_rule_29_of_a_report_and_its_change_the_later_one_stands(order):
    assert actual_departure(order) == "2026-10-31T18:00:00+00:00"


def test_a_cancellation_by_somebody_the_source_does_not_stand_for_takes_nothing_back_until_it_is_released():
    source, shipment = SourceFactory(format=Format.IFTSTA, sender_ids=["CARRIER"]), book()
    heard(source, ORIGINAL)
    heard(source, CANCELLED.replace(b"CARRIER", b"STRANGE"))
    evaluate_due()
    departure = shipment.milestones.filter(type="DEPARTED").earliest("position")
    assert departure.actual_at == datetime(2026, 10, 31, 17, 40, tzinfo=UTC)
    assert broken() == []
    release_event(WaitingEvent.objects.quarantined().get(), by=None)
    evaluate_due()
    departure.refresh_from_db()
    assert (departure.actual_at, broken()) == (None, [])


def broken() -> list[str]:
    return [finding.invariant.name for finding in map(check, INVARIANTS) if finding.broken]
