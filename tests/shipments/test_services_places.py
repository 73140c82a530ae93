"""Places and their other names: what waits for them, or stands at them, follows."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from django.db import connection

from core.errors import DomainError
from partners.enums import JobState
from partners.models import Job
from partners.services import work_jobs
from shipments.enums import WaitOutcome, WaitReason
from shipments.models import Event, EventMatch, Location, LocationAlias, WaitingEvent
from shipments.services import (
    delete_alias,
    ingest_waiting,
    placing,
    preview_alias,
    receive,
    release_event,
    repairing,
    save_alias,
    save_place,
    sweep_places,
)
from shipments.services.reading import read
from tests.factories.partners import internal
from tests.factories.shipments import ShipmentFactory, SourceFactory, native, payload

pytestmark = pytest.mark.django_db


def heard(source, *events: dict[str, object]) -> None:
    receive(source, payload(*events))
    ingest_waiting()


def at(location: dict[str, str], **fields: object) -> dict[str, object]:
    """A departure of M1 at nine in the morning on the clock of a place."""
    return native("DEPARTED", ("mbl", "M1"), **{"occurred_at": "2026-11-03T09:00", "location": location, **fields})


def instants() -> list[tuple[str, str, datetime | None]]:
    rows = Event.objects.select_related("location").order_by("pk")
    return [(e.location.unlocode if e.location else "", e.zone_certainty, e.occurred_at) for e in rows]


def place(code: str) -> Location:
    return Location.objects.get(unlocode=code, facility_code="")


NINE_UTC = datetime(2026, 11, 3, 9, tzinfo=UTC)
NINE_TOKYO = datetime(2026, 11, 3, 0, tzinfo=UTC)


def test_rule_17_a_local_time_follows_its_place_and_an_assumed_zone_says_so():
    """Zone of the message, else of the place, else of its country where that decides it, else assumed; recomputed."""
    heard(
        SourceFactory(),
        at({"unlocode": "JPTYO"}),
        at({"unlocode": "JPTYO"}, occurred_at="2026-11-03T09:00:00-05:00"),
        at({"unlocode": "JPXXX"}),
        at({"unlocode": "XXABC"}),
    )
    assert [(e.time_zone, e.zone_certainty) for e in Event.objects.order_by("position")] == [
        ("Asia/Tokyo", "derived"), ("-05:00", "given"), ("Asia/Tokyo", "derived"), ("UTC", "assumed"),
    ]  # fmt: skip
    save_alias(place("JPTYO"), kind="unlocode", value="XXABC", by=None)
    moved = Event.objects.get(supersedes__isnull=False, location_text="XXABC")
    assert (moved.time_zone, moved.zone_certainty, moved.occurred_at) == ("Asia/Tokyo", "derived", NINE_TOKYO)


def test_rule_38_a_place_is_found_by_its_first_five_characters_or_name_and_country_and_is_never_guessed():
    heard(
        SourceFactory(),
        at({"unlocode": "IDJKT45"}),
        at({"name": "Singapore"}),
        at({"name": "Harbour"}),
    )
    rows = Event.objects.select_related("location").order_by("position")
    found = [(e.location.unlocode if e.location else "", e.location_text) for e in rows]
    assert found == [("IDJKT", "IDJKT45"), ("", "Singapore"), ("", "Harbour")]
    assert list(WaitingEvent.objects.unplaced().order_by("event__position").values_list("keys", flat=True)) == [
        ["place:name:|SINGAPORE"], ["place:name:|HARBOUR"],
    ]  # fmt: skip


def test_an_event_whose_place_gets_known_moves_and_the_old_one_stays():
    shipment, by = ShipmentFactory(references=[("mbl", "M1")]), internal("operations")
    heard(SourceFactory(), at({"name": "Ohi Dock"}))
    assert instants() == [("", "assumed", NINE_UTC)]
    alias = save_alias(place("JPTYO"), kind="name", value=" ohi  dock", by=by)
    assert (alias.value, alias.created_by) == ("|OHI DOCK", by)
    assert instants() == [("", "assumed", NINE_UTC), ("JPTYO", "derived", NINE_TOKYO)]
    old, new = Event.objects.order_by("pk")
    assert new.supersedes == old.pk
    assert list(EventMatch.objects.filter(event=new).values_list("shipment", flat=True)) == [shipment.pk]
    waited = WaitingEvent.objects.get(event=old)
    assert (waited.reason, waited.outcome, waited.closed_by) == (WaitReason.UNPLACED, WaitOutcome.PLACED, by)
    heard(SourceFactory(), at({"name": "Ohi dock"}))
    assert instants()[2:] == [("JPTYO", "derived", NINE_TOKYO)]


def test_an_alias_of_one_source_and_of_one_mode_is_for_those_alone():
    one, other = SourceFactory(), SourceFactory()
    for source in (one, other):
        heard(source, at({"name": "Pier 4"}), at({"name": "Pier 4"}, leg={"vessel_imo": "9321483", "voyage": "1E"}))
    save_alias(place("JPTYO"), kind="name", value="Pier 4", source=one, mode="VESSEL", by=None)
    assert [(e.source, e.voyage) for e in Event.objects.filter(location__isnull=False)] == [(one, "1E")]
    save_alias(place("USNYC"), kind="name", value="Pier 4", by=None)
    later = Event.objects.filter(location__unlocode="USNYC").order_by("source", "voyage")
    assert [(e.source, e.voyage) for e in later] == [(one, ""), (other, ""), (other, "1E")]


def test_a_preview_says_what_would_move_and_changes_nothing():
    heard(SourceFactory(), *(at({"name": "Ohi Dock"}, source_event_id=f"E{n}") for n in range(25)))
    seen = preview_alias(place("JPTYO"), kind="name", value="Ohi Dock")
    assert (seen.moved, seen.waiting, len(seen.moves), seen.is_whole) == (25, 25, 20, True)
    first = seen.moves[0]
    assert (first.old_at, first.new_at, first.new_zone) == (NINE_UTC, NINE_TOKYO, "Asia/Tokyo")
    assert first.new_place_id == place("JPTYO").pk
    assert (Event.objects.count(), LocationAlias.objects.filter(kind="name").count()) == (25, 0)


def test_an_alias_that_leads_elsewhere_takes_its_events_along_and_without_it_they_go_back():
    source = SourceFactory()
    heard(source, at({"unlocode": "CNSNZ"}))
    heard(source, at({"unlocode": "CNNGB"}))
    alias = save_alias(place("JPTYO"), kind="unlocode", value="CNSNZ", by=None)
    (job,) = Job.objects.all()
    assert work_jobs() == 1
    job.refresh_from_db()
    assert (job.state, job.result, job.done) == (JobState.DONE, {"moved": 1}, job.total)
    assert [code for code, _, _ in instants()] == ["CNSNZ", "CNNGB", "JPTYO"]
    save_alias(place("USNYC"), kind="unlocode", value="CNSNZ", by=None)
    work_jobs()
    delete_alias(alias, by=None)
    work_jobs()
    assert [code for code, _, _ in instants()] == ["CNSNZ", "CNNGB", "JPTYO", "USNYC", "CNSNZ"]


def test_many_that_wait_are_moved_by_a_job(monkeypatch):
    monkeypatch.setattr("shipments.services.placing.AT_ONCE", 3)
    monkeypatch.setattr("shipments.services.placing._A_STEP", 2)
    heard(SourceFactory(), *(at({"name": "Ohi Dock"}, source_event_id=f"E{n}") for n in range(5)))
    save_alias(place("JPTYO"), kind="name", value="Ohi Dock", by=None)
    assert Event.objects.filter(supersedes__isnull=False).count() == 0
    assert work_jobs() == 1
    assert Event.objects.filter(supersedes__isnull=False, occurred_at=NINE_TOKYO).count() == 5
    assert WaitingEvent.objects.unplaced().count() == 0
    assert Job.objects.get().result == {"moved": 5}


def test_a_place_that_is_made_and_one_whose_zone_is_put_right_have_their_events_follow(monkeypatch):
    monkeypatch.setattr("shipments.services.placing._WINDOW", 1)
    source = SourceFactory()
    heard(source, at({"unlocode": "USQQQ"}))
    heard(source, at({"unlocode": "JPTYO"}))
    save_place("usqqq", name="Quay Town", time_zone="America/Denver", by=None)
    assert instants()[2] == ("USQQQ", "derived", datetime(2026, 11, 3, 16, tzinfo=UTC))
    save_place("USQQQ", time_zone="America/New_York", by=None)
    work_jobs()
    assert instants()[3:] == [("USQQQ", "derived", datetime(2026, 11, 3, 14, tzinfo=UTC))]


@pytest.fixture
def high_ids(db):
    """Events begin at a number beyond every window, as after years, or after the tests that ran before in this process.

    The sequence is not taken back with the test, and nothing may depend on where it stands.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT setval(pg_get_serial_sequence('shipments_event', 'id'), max(at) + 1000000) FROM ("
                       " SELECT last_value AS at FROM shipments_event_id_seq) AS standing")  # fmt: skip


def test_numbers_that_no_event_has_are_not_walked_through(high_ids):
    source = SourceFactory()
    heard(source, at({"unlocode": "JPTYO"}), at({"unlocode": "JPTYO"}, source_event_id="E2"))
    tokyo = place("JPTYO")
    save_place("JPTYO", time_zone="Asia/Shanghai", by=None)
    job = Job.objects.get()
    assert (work_jobs(), Job.objects.get(pk=job.pk).state) == (1, JobState.DONE)
    seen = placing.preview(placing.Affected(locations=(tokyo.pk,)))
    # Both versions of both events stand at the place, and none before them.
    assert (seen.looked_at, seen.is_whole) == (4, True)


def test_a_preview_says_when_there_are_more_events_than_it_looks_through(high_ids, monkeypatch):
    monkeypatch.setattr(placing, "_SAMPLED", 1)
    heard(SourceFactory(), at({"unlocode": "JPTYO"}), at({"unlocode": "JPTYO"}, source_event_id="E2"))
    seen = placing.preview(placing.Affected(locations=(place("JPTYO").pk,)))
    assert (seen.looked_at, seen.is_whole) == (1, False)


def test_what_a_person_released_stays_released_when_its_place_is_put_right():
    heard(SourceFactory(), at({"name": "Ohi Dock"}, occurred_at="2199-01-01T09:00"))
    release_event(WaitingEvent.objects.quarantined().get(), by=None)
    save_alias(place("JPTYO"), kind="name", value="Ohi Dock", by=None)
    newest = Event.objects.order_by("-pk").first()
    assert (newest.location.unlocode, newest.quarantine) == ("JPTYO", "")


@pytest.mark.parametrize(
    ("naming", "code"),
    [
        ({"kind": "nick", "value": "x"}, "unknown_kind"),
        ({"kind": "name", "value": " \x00"}, "value_missing"),
        ({"kind": "name", "value": "x", "mode": "CAMEL"}, "unknown_mode"),
        ({"kind": "gln", "value": "4012345000008"}, "not_a_gln"),
        ({"kind": "gln", "value": "40123450000"}, "not_a_gln"),
    ],
)
def test_an_alias_that_makes_no_sense_is_refused(naming, code):
    with pytest.raises(DomainError) as refusal:
        save_alias(place("JPTYO"), by=None, **naming)
    assert refusal.value.code == code


@pytest.mark.parametrize(
    ("code", "facts", "error"),
    [
        ("NL", {"name": "x"}, "invalid"),
        ("NLQQQ", {"name": ""}, "invalid"),
        ("NLRTM", {"time_zone": "Mars/Olympus"}, "unknown_zone"),
        ("NLRTM", {"time_zone": "+02:00"}, "unknown_zone"),
        ("NLRTM", {"iata": "AMS"}, "iata_taken"),
        ("NLRTM", {"latitude": None, "longitude": Decimal("4.5")}, "half_a_point"),
        ("NLRTM", {"latitude": Decimal("91"), "longitude": Decimal("4.5")}, "invalid"),
    ],
)
def test_a_place_that_makes_no_sense_is_refused(code, facts, error):
    with pytest.raises(DomainError) as refusal:
        save_place(code, by=None, **facts)
    assert refusal.value.code == error


def test_a_facility_lies_in_a_place_that_is_known_and_in_its_zone():
    with pytest.raises(DomainError) as refusal:
        save_place("NLQQQ", "APM2", name="APM", by=None)
    assert refusal.value.code == "unknown_place"
    heard(SourceFactory(), at({"unlocode": "NLRTM", "facility": "ZZ9"}))
    made = save_place("NLRTM", "zz9", name="Quay 9", by=None)
    assert (made.code, made.kind, made.time_zone) == ("NLRTM/ZZ9", "facility", "Europe/Amsterdam")


def test_a_place_cannot_be_the_same_as_one_that_is_the_same_as_another():
    with pytest.raises(DomainError) as refusal:
        save_place("NLRTM", same_as=place("CNSHA"), by=None)
    assert (refusal.value.code, refusal.value.field) == ("invalid", "same_as")


def test_the_sweep_finds_what_was_loaded_past_the_services_and_nothing_else():
    """By every kind of key; names only where one place of the country, or of the state, has them."""
    source = SourceFactory()
    heard(
        source,
        at({"unlocode": "USQQA"}), at({"unlocode": "USQQB", "facility": "T1"}), at({"name": "Nowhere"}),
        at({"name": "Ohi Dock"}), at({"name": "Pier 4"}),
    )  # fmt: skip
    assert sweep_places() == 0
    Location.objects.create(unlocode="USQQA", country="US", name="A", time_zone="America/Denver")
    Location.objects.create(unlocode="USQQB", country="US", name="B", time_zone="America/Denver")
    LocationAlias.objects.create(kind="name", value="|OHI DOCK", location=place("JPTYO"))
    LocationAlias.objects.create(kind="name", value="|PIER 4", location=place("JPTYO"), source=SourceFactory())
    LocationAlias.objects.create(kind="name", value="|NOWHERE", location=place("JPTYO"), mode="AIR")
    assert sweep_places() == 3
    assert sorted(code for code, _, _ in instants()[5:]) == ["JPTYO", "USQQA", "USQQB"]
    assert sweep_places() == 0


def test_no_place_is_the_same_as_one_that_is_the_same_as_a_third():
    save_place("JPYOK", same_as=place("JPTYO"), by=None)
    for code, other in (("JPTYO", "JPOSA"), ("JPKOB", "JPYOK")):
        with pytest.raises(DomainError) as refusal:
            save_place(code, same_as=place(other), by=None)
        assert (refusal.value.code, refusal.value.field) == ("invalid", "same_as")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("how", ["sweep", "job"])
def test_the_stream_does_not_stand_still_while_messages_are_parsed_again(monkeypatch, how):
    heard(SourceFactory(), at({"unlocode": "XXABC"}))
    held = []

    def reading(message):
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()")
            held.append(cursor.fetchone()[0])
        return read(message)

    monkeypatch.setattr(repairing, "read", reading)
    if how == "job":
        monkeypatch.setattr(placing, "AT_ONCE", 0)
        save_alias(place("JPTYO"), kind="unlocode", value="XXABC", by=None)
        work_jobs()
    else:
        LocationAlias.objects.create(kind="unlocode", value="XXABC", location=place("JPTYO"))
        assert sweep_places() == 1
    assert held == [0]
    assert Event.objects.get(supersedes__isnull=False).location == place("JPTYO")
