"""A box on one voyage after the other: whose an event is depends neither on what came first nor on late dates."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from milestones.services import evaluate_due
from milestones.services.loading import load_events
from partners.models import Partner
from partners.services import work_jobs
from shipments.drafts import ShipmentDraft
from shipments.models import Event, EventMatch, Location, Shipment, Source, WaitingEvent
from shipments.services import change_shipment, create_shipment, ingest_waiting, match_waiting, receive
from tests.factories.partners import PartnerFactory
from tests.factories.shipments import SourceFactory, native, payload

BOX = "MSKU1234565"


def day(month: int, number: int, year: int = 2026) -> datetime:
    return datetime(year, month, number, 12, tzinfo=UTC)


# Reference -> (planned departure, arrival, master bill). SUMMER and TWIN have the box at the same time.
VOYAGES = {
    "SPRING": (day(3, 1), day(4, 1), "M1"),
    "SUMMER": (day(8, 1), day(9, 1), "M2"),
    "TWIN": (day(8, 9), day(9, 9), "M3"),
    "HOUSE-A": (day(3, 1), day(4, 1), "M1"),
}
# What SUMMER is planned for at first; the right dates come later.
AT_FIRST = (day(3, 2), day(4, 2))
EVENTS = [
    native("LOADED", unit=BOX, occurred_at="2026-03-01T10:00:00Z"),
    native("DISCHARGED", unit=BOX, occurred_at="2026-04-02T10:00:00Z", source_event_id="D"),
    native("GATE_OUT", unit=BOX, occurred_at="2026-05-20T10:00:00Z"),
    native("LOADED", unit=BOX, occurred_at="2026-08-02T10:00:00Z"),
    native("DEPARTED", ("mbl", "M2"), unit=BOX, occurred_at="2026-08-03T10:00:00Z"),
    native("GATE_IN", unit=BOX, occurred_at="2025-11-01T10:00:00Z"),
]
STEPS = [("book", name) for name in VOYAGES] + [("report", number) for number in range(len(EVENTS))]


def book(reference: str, **dates: datetime) -> Shipment:
    etd, eta, bill = VOYAGES[reference]
    return create_shipment(
        ShipmentDraft(
            reference=reference,
            mode="ocean",
            origin=Location.objects.get(unlocode="NLRTM", facility_code=""),
            destination=Location.objects.get(unlocode="SGSIN", facility_code=""),
            customer=Partner.objects.get(code="CUSTOMER"),
            references=(("mbl", bill),),
            units=(("container", BOX, "22G1"),),
            **{"etd": etd, "eta": eta, **dates},
        ),
        by=None,
    )


def report(number: int) -> None:
    receive(Source.objects.get(code="FEED"), payload(EVENTS[number]))


def settle() -> None:
    while ingest_waiting() + work_jobs():
        pass


def who_has_what() -> dict[str, list[str]]:
    """By event: the shipments it counts for, or why it waits."""
    found: dict[str, list[str]] = {}
    replaced = set(Event.objects.filter(supersedes__isnull=False).values_list("supersedes", flat=True))
    for event in Event.objects.exclude(pk__in=replaced):
        shipments = EventMatch.objects.filter(event=event).values_list("shipment__reference", flat=True)
        waits = WaitingEvent.objects.open().filter(event=event).values_list("reason", flat=True)
        found[f"{event.code_id} {event.occurred_at:%Y-%m}"] = sorted(shipments) or sorted(waits)
    return found


EXPECTED = {
    "LOADED 2026-03": ["HOUSE-A", "SPRING"],
    "DISCHARGED 2026-04": ["HOUSE-A", "SPRING"],
    "GATE_OUT 2026-05": ["HOUSE-A", "SPRING"],
    "LOADED 2026-08": ["ambiguous"],
    "DEPARTED 2026-08": ["SUMMER"],
    "GATE_IN 2025-11": ["unmatched"],
}


@pytest.fixture
def world(db: None) -> None:
    SourceFactory(code="FEED")
    PartnerFactory(code="CUSTOMER")


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(order=st.permutations(STEPS), drains=st.sets(st.integers(0, 10), max_size=5), late=st.booleans())
def test_whose_an_event_is_does_not_depend_on_what_came_first(world, order, drains, late):
    """Shipments and events in any order; with `late`, SUMMER has another voyage's dates until the end."""
    with transaction.atomic():
        for place, (kind, what) in enumerate(order):
            if place in drains:
                settle()
            if kind == "report":
                report(what)
            elif what == "SUMMER" and late:
                book(what, etd=AT_FIRST[0], eta=AT_FIRST[1])
            else:
                book(what)
        settle()
        if late:
            summer = Shipment.objects.get(reference="SUMMER")
            change_shipment(summer, changes={"etd": day(8, 1), "eta": day(9, 1)}, by=None)
            settle()
        assert match_waiting() == 0
        assert who_has_what() == EXPECTED
        transaction.set_rollback(True)


def test_an_event_that_gives_way_counts_no_more_where_it_stood(world):
    """Its milestone goes with it: what the old shipment reads of its events is what it has now."""
    wrong = book("SUMMER", etd=AT_FIRST[0], eta=AT_FIRST[1])
    report(0)
    settle()
    evaluate_due()
    assert [e.code for e in load_events([wrong.pk])[wrong.pk]] == ["LOADED"]
    before = wrong.stream.revision
    right = book("SPRING")
    settle()
    assert who_has_what() == {"LOADED 2026-03": ["ambiguous"]}
    change_shipment(wrong, changes={"etd": day(8, 1), "eta": day(9, 1)}, by=None)
    settle()
    assert who_has_what() == {"LOADED 2026-03": ["SPRING"]}
    facts = load_events([wrong.pk, right.pk])
    assert ([e.code for e in facts.get(wrong.pk, [])], [e.code for e in facts[right.pk]]) == ([], ["LOADED"])
    wrong.stream.refresh_from_db()
    assert wrong.stream.revision > before


def test_what_a_person_matched_or_another_number_decided_stays(world):
    summer = book("SUMMER", etd=AT_FIRST[0], eta=AT_FIRST[1])
    receive(
        Source.objects.get(code="FEED"), payload(native("LOADED", ("mbl", "M2"), occurred_at="2026-03-01T10:00:00Z"))
    )
    settle()
    change_shipment(summer, changes={"etd": day(8, 1), "eta": day(9, 1)}, by=None)
    settle()
    assert who_has_what() == {"LOADED 2026-03": ["SUMMER"]}


def test_an_event_that_gives_way_leaves_what_it_lacks_to_its_copy(world):
    summer = book("SUMMER", etd=AT_FIRST[0], eta=AT_FIRST[1])
    said = {**native("", unit=BOX, occurred_at="2026-03-01T10:00:00Z"), "raw_code": "THEIRS"}
    del said["code"]
    receive(Source.objects.get(code="FEED"), payload(said))
    settle()
    change_shipment(summer, changes={"etd": day(8, 1), "eta": day(9, 1)}, by=None)
    settle()
    copy = Event.objects.get(supersedes__isnull=False)
    waits = WaitingEvent.objects.open().order_by("reason").values_list("event", "reason")
    assert list(waits) == [(copy.pk, "unmapped"), (copy.pk, "unmatched")]
