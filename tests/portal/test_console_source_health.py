"""How sources do, on the first page, in the list and on their own page."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from shipments.models import Source, SourceDay, SourceSilence
from tests.factories.partners import internal
from tests.factories.shipments import MessageFactory, SourceFactory

pytestmark = pytest.mark.django_db
LIST = "/admin/shipments/source/"


@pytest.fixture
def client() -> Client:
    cache.clear()
    client = Client()
    client.force_login(internal("sales"))
    return client


def silent_source(code: str = "SILENT") -> Source:
    source = SourceFactory(code=code)
    at = timezone.now() - timedelta(days=3)
    MessageFactory(source=source, received_at=at, last_delivered_at=at)
    today = datetime.now(UTC).date()
    SourceDay.objects.create(
        source=source, day=today - timedelta(days=3), messages=10, rejected=1, partial=1, latencies=[5, 0, 0, 4, 0, 1]
    )
    SourceSilence.objects.create(source=source, last_message_at=at, expected_by=at + timedelta(hours=6))
    return source


def test_the_first_page_says_who_has_fallen_silent_and_is_quiet_otherwise(client: Client) -> None:
    SourceFactory(code="FINE")
    assert "silent-title" not in client.get("/admin/").content.decode()
    silence = SourceSilence.objects.get(source=silent_source())
    page = client.get("/admin/")
    assert [item["source"].code for item in page.context["silences"]] == ["SILENT"]
    assert "1 source is silent" in page.content.decode()
    SourceSilence.objects.filter(pk=silence.pk).update(ended_at=timezone.now())
    assert client.get("/admin/").context["silences"] == []


def test_the_list_shows_delays_errors_and_a_bar_for_each_day(client: Client) -> None:
    silent_source()
    page = client.get(LIST).content.decode()
    assert 'aria-label="10 messages in 30 days"' in page
    assert page.count("<i class=") == 30
    assert page.count('<i class="is-bad" style="height:100%"') == 1
    for text in ("20.0 %", "15 min", "95%: 8 h", "silent, expected by 2 days ago"):
        assert text in page, text


def test_a_source_that_never_reported_has_no_figures(client: Client) -> None:
    SourceFactory()
    page = client.get(LIST).content.decode()
    assert ("no reports" in page, "0 messages in 30 days" in page, "never" in page) == (True, True, True)


def test_the_list_takes_as_many_queries_for_three_sources_as_for_one(client: Client) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as seen:
            assert client.get(LIST).status_code == 200
        return len(seen)

    silent_source()
    client.get(LIST)
    few = queries()
    silent_source("SECOND")
    silent_source("THIRD")
    assert queries() == few


def test_the_page_of_a_silent_source_says_since_when_and_what_was_expected(client: Client) -> None:
    source = silent_source()
    address = reverse("admin:shipments_source_change", args=[source.pk])
    page = client.get(address).content.decode()
    assert "By its own history it was expected by" in page
    assert "Silent since" in page
    SourceSilence.objects.update(ended_at=timezone.now())
    calm = client.get(address).content.decode()
    assert ("By its own history" in calm, "Half of its reports come within" in calm) == (False, True)
