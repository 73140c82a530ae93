"""Places in the console: what nobody knows, which place it is, what would move, and the names of places."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from django.core.cache import cache
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from partners.services import work_jobs
from shipments.models import Event, Location, LocationAlias, Source, WaitingEvent
from shipments.services import ingest_waiting, receive, save_alias
from tests.factories.partners import internal
from tests.factories.shipments import SourceFactory, native, payload

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def fresh_counts() -> None:
    cache.clear()


@pytest.fixture
def client() -> Client:
    client = Client()
    client.force_login(internal("operations", email="ann@example.com"))
    return client


def heard(source: Source, *names: str) -> None:
    for number, name in enumerate(names):
        place = {"name": name} if len(name) != 5 else {"unlocode": name}
        event = native("DEPARTED", ("mbl", f"M{number}"), occurred_at="2026-11-03T09:00", location=place)
        receive(source, payload(event))
    ingest_waiting()


def which(waiting: WaitingEvent) -> str:
    return reverse("admin:shipments_waitingevent_do_row", args=[waiting.pk, "place"])


def look_then_do(client: Client, address: str, said: dict[str, Any]) -> tuple[HttpResponse, HttpResponse]:
    """The first answer shows what would move, and sending it with its stamp does it."""
    seen = client.post(address, said)
    return seen, client.post(address, {**said, "previewed": seen.context["previewed"]})


def test_places_nobody_knows_stand_by_what_is_said_with_counts(client: Client) -> None:
    one, other = SourceFactory(), SourceFactory()
    heard(one, "Ohi Dock", "Ohi Dock", "Pier 4")
    heard(other, "Ohi Dock")
    page = client.get(reverse("admin:shipments_location_unplaced"))
    groups = [(g["said"], g["events"], g["sources"], [str(way) for way in g["ways"]]) for g in page.context["groups"]]
    assert groups == [
        ("Ohi Dock", 3, 2, ["Name or text: OHI DOCK"]), ("Pier 4", 1, 1, ["Name or text: PIER 4"]),
    ]  # fmt: skip
    assert page.context["events"] == 4
    assert "Which place is it?" in page.content.decode()


def test_which_place_it_is_shows_what_moves_and_then_moves_it(client: Client) -> None:
    heard(SourceFactory(), "Ohi Dock", "Ohi Dock")
    waiting = WaitingEvent.objects.unplaced().first()
    said = {"place": "jptyo", "key": waiting.keys[0], "mode": "", "only_source": ""}
    seen, done = look_then_do(client, which(waiting), said)
    text = seen.content.decode()
    assert (seen.status_code, "2 events would move" in text, "Asia" in text or "+09:00" in text) == (200, True, True)
    # Whose dialog it is, and what moves, in words: no number of a row, no code of ours.
    assert ("The place is not known: Ohi Dock" in text, "Departed" in text, "DEPARTED" in text) == (True, True, False)
    assert (done.status_code, Event.objects.filter(location__unlocode="JPTYO").count()) == (302, 2)
    alias = LocationAlias.objects.get(kind="name")
    assert (alias.value, alias.source, alias.created_by.email) == ("|OHI DOCK", None, "ann@example.com")


def test_the_queue_says_what_they_wrote_and_no_key_of_ours(client: Client) -> None:
    source = SourceFactory()
    heard(source, "Ohi Dock")
    receive(source, payload(native("", ("mbl", "M1"), raw_code="QQ7", occurred_at="2026-11-03T09:00")))
    ingest_waiting()
    page = client.get(reverse("admin:shipments_waitingevent_changelist"), {"open": "yes"}).content.decode()
    first = [re.sub("<.*?>", "", line) for line in re.findall(r'<span class="wm-two"><b>(.*?)</b>', page)]
    assert sorted(set(first)) == ["M0", "M1", "Ohi Dock", "QQ7"]
    assert "name:|" not in page and "native|QQ7" not in page


def test_nothing_is_done_with_other_values_than_were_looked_at(client: Client) -> None:
    heard(SourceFactory(), "Ohi Dock")
    waiting = WaitingEvent.objects.unplaced().get()
    said = {"place": "JPTYO", "key": waiting.keys[0], "mode": ""}
    seen = client.post(which(waiting), said)
    other = client.post(which(waiting), {**said, "place": "USNYC", "previewed": seen.context["previewed"]})
    assert (other.status_code, LocationAlias.objects.filter(kind="name").count()) == (200, 0)


def test_only_for_the_source_that_says_it(client: Client) -> None:
    one, other = SourceFactory(), SourceFactory()
    heard(one, "Ohi Dock")
    heard(other, "Ohi Dock")
    waiting = WaitingEvent.objects.unplaced().get(source=one)
    look_then_do(client, which(waiting), {"place": "JPTYO", "key": waiting.keys[0], "mode": "", "only_source": "on"})
    assert WaitingEvent.objects.unplaced().get().source == other


def test_a_place_or_a_key_that_is_not_there_is_said_in_the_dialog(client: Client) -> None:
    heard(SourceFactory(), "Ohi Dock")
    waiting = WaitingEvent.objects.unplaced().get()
    refused = client.post(which(waiting), {"place": "XXXXX", "key": "place:name:|OTHER", "mode": ""})
    assert (refused.status_code, sorted(refused.context["form"].errors)) == (422, ["key", "place"])


def test_a_place_is_made_edited_and_named_by_people(client: Client) -> None:
    heard(SourceFactory(), "USQQQ", "Our yard")
    made = client.post(
        reverse("admin:shipments_location_do", args=["create"]),
        {"unlocode": "usqqq", "name": "Quay Town", "time_zone": "America/Denver"},
    )
    place = Location.objects.get(unlocode="USQQQ")
    assert (made.status_code, made["Location"]) == (302, reverse("admin:shipments_location_change", args=[place.pk]))
    assert Event.objects.get(location=place).occurred_at == datetime(2026, 11, 3, 16, tzinfo=UTC)
    address = reverse("admin:shipments_location_do_row", args=[place.pk, "name"])
    seen, _done = look_then_do(client, address, {"kind": "name", "value": "our yard", "mode": "", "country": ""})
    assert "1 event would move" in seen.content.decode()
    assert Event.objects.filter(location=place).count() == 2
    edit = reverse("admin:shipments_location_do_row", args=[place.pk, "edit"])
    wrong = client.post(edit, {"name": "Quay Town", "time_zone": "Mars/Olympus"})
    assert (wrong.status_code, list(wrong.context["form"].errors)) == (422, ["time_zone"])
    assert client.post(edit, {"name": "Quay Town", "time_zone": "America/New_York"}).status_code == 302
    work_jobs()
    newest = Event.objects.filter(location=place).order_by("-pk").values_list("occurred_at", flat=True)[:2]
    assert list(newest) == [datetime(2026, 11, 3, 14, tzinfo=UTC)] * 2
    page = client.get(reverse("admin:shipments_location_change", args=[place.pk])).content.decode()
    assert ("OUR YARD" in page, "|OUR YARD" in page) == (True, False)
    named = client.get(reverse("admin:shipments_locationalias_changelist"), {"q": "our yard"}).content.decode()
    assert ("OUR YARD" in named, "|OUR YARD" in named) == (True, False)


def test_an_alias_is_led_elsewhere_and_removed(client: Client) -> None:
    alias = save_alias(Location.objects.get(unlocode="JPTYO"), kind="name", value="Ohi Dock", by=None)
    heard(SourceFactory(), "Ohi Dock")
    lead = reverse("admin:shipments_locationalias_do_row", args=[alias.pk, "lead"])
    seen, done = look_then_do(client, lead, {"meant": "USNYC"})
    assert ("1 event would move" in seen.content.decode(), done.status_code) == (True, 302)
    work_jobs()
    assert Event.objects.order_by("-pk").first().location.unlocode == "USNYC"
    removed = client.post(reverse("admin:shipments_locationalias_do_row", args=[alias.pk, "remove"]))
    assert (removed.status_code, LocationAlias.objects.filter(pk=alias.pk).exists()) == (302, False)
    work_jobs()
    assert WaitingEvent.objects.unplaced().count() == 1


def test_an_alias_of_a_gln_is_checked(client: Client) -> None:
    address = reverse("admin:shipments_locationalias_do", args=["create"])
    said = {"kind": "gln", "value": "4012345000008", "mode": "", "meant": "DEHAM"}
    refused = client.post(address, said)
    assert (refused.status_code, list(refused.context["form"].errors)) == (422, ["value"])
    seen, done = look_then_do(client, address, {**said, "value": "4012345000009"})
    assert (seen.status_code, done.status_code) == (200, 302)
    found = client.get(reverse("admin:shipments_locationalias_changelist"), {"q": "401234", "kind": "gln"})
    assert [row.location.unlocode for row in found.context["listing"].rows] == ["DEHAM"]
