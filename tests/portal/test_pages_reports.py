"""What an editor of a partner reports."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from django.utils import timezone

from partners.enums import Role
from partners.models import Partner
from shipments.models import Event, Shipment
from tests.factories.partners import PartnerFactory, member
from tests.portal.journeys import INTERNAL_STEP, shipment_of, with_journey, with_party

pytestmark = pytest.mark.django_db


@pytest.fixture
def carrier() -> Partner:
    return PartnerFactory(kinds=["carrier"])


@pytest.fixture
def shipment(carrier: Partner) -> Shipment:
    return with_party(with_journey(shipment_of(PartnerFactory()), done=2), carrier)


@pytest.fixture
def client(carrier: Partner) -> Client:
    client = Client()
    client.force_login(member(carrier, Role.EDITOR))
    return client


def path(shipment: Shipment) -> str:
    return f"/portal/shipments/{shipment.public_id}/report/"


def said(**changes: str) -> dict[str, str]:
    return {
        "code": "DEPARTED", "classifier": "ACT", "place": "CNSGH", "wall_time": "2026-11-07T18:30", "note": "On time",
    } | changes  # fmt: skip


def complaints(client: Client, shipment: Shipment, **changes: str) -> tuple[int, list[str]]:
    response = client.post(path(shipment), said(**changes))
    return response.status_code, re.findall(
        r'<span class="error" id="id_\w+_error">([^<]*)</span>', response.content.decode()
    )


def test_the_form_offers_what_comes_next_at_its_place(client: Client, shipment: Shipment) -> None:
    text = client.get(path(shipment)).content.decode()
    selected = re.findall(r'<option value="([^"]*)" selected>([^<]*)</option>', text)
    assert [value for value, _label in selected][:2] == ["DEPARTED", "CNSGH"]
    assert (INTERNAL_STEP in text, "Rotterdam +0" in text) == (False, True)


def test_a_report_is_an_event_of_the_partner_in_the_time_of_the_place(
    client: Client, carrier: Partner, shipment: Shipment
) -> None:
    response = client.post(path(shipment), said())
    assert response.headers["Location"] == f"/portal/shipments/{shipment.public_id}/"
    event = Event.objects.get(matches__shipment=shipment)
    assert (event.code_id, event.classifier, event.occurred_at, event.remarks, event.source.partner) == (
        "DEPARTED", "ACT", datetime(2026, 11, 7, 10, 30, tzinfo=UTC), "On time", carrier,
    )  # fmt: skip
    assert "Thank you. The journey shows it in a moment." in client.get(response.headers["Location"]).content.decode()


def test_what_is_expected_may_lie_ahead(client: Client, shipment: Shipment) -> None:
    ahead = (timezone.now() + timedelta(days=20)).strftime("%Y-%m-%dT%H:%M")
    assert client.post(path(shipment), said(classifier="EST", wall_time=ahead)).status_code == 302
    assert Event.objects.get(matches__shipment=shipment).classifier == "EST"


def test_what_happened_does_not_lie_ahead(client: Client, shipment: Shipment) -> None:
    ahead = (timezone.now() + timedelta(days=2)).strftime("%Y-%m-%dT%H:%M")
    assert complaints(client, shipment, wall_time=ahead) == (
        400, ["This lies ahead. Choose “It is expected” for what has not happened yet."],
    )  # fmt: skip
    assert Event.objects.count() == 0


def test_an_hour_that_the_clocks_skipped_is_refused(client: Client, shipment: Shipment) -> None:
    assert complaints(client, shipment, place="NLRTM", wall_time="2026-03-29T02:30") == (
        400, ["There is no such time at Rotterdam: the clocks go forward in that hour."],
    )  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "said_so"),
    [
        ({"place": "USNYC"}, "Select a valid choice. USNYC is not one of the available choices."),
        ({"code": "NOTHING"}, "Select a valid choice. NOTHING is not one of the available choices."),
        ({"classifier": "PLN"}, "Select a valid choice. PLN is not one of the available choices."),
        ({"wall_time": "soon"}, "Enter a valid date/time."),
        ({"wall_time": ""}, "This field is required."),
        ({"note": "x" * 301}, "Ensure this value has at most 300 characters (it has 301)."),
    ],
)
def test_what_makes_no_sense_is_refused_beside_its_field(
    client: Client, shipment: Shipment, changes: dict[str, str], said_so: str
) -> None:
    assert complaints(client, shipment, **changes) == (400, [said_so])
    assert Event.objects.count() == 0


def test_what_was_typed_stays_when_something_is_refused(client: Client, shipment: Shipment) -> None:
    text = client.post(path(shipment), said(wall_time="", note="Storm & waves")).content.decode()
    assert 'value="Storm &amp; waves"' in text


def test_the_same_form_sent_twice_is_one_report(client: Client, shipment: Shipment) -> None:
    (entry_id,) = re.findall(r'name="entry_id" value="([0-9a-f-]{36})"', client.get(path(shipment)).content.decode())
    statuses = [client.post(path(shipment), said(entry_id=entry_id)).status_code for _ in range(2)]
    assert (statuses, Event.objects.count()) == ([302, 302], 1)
    another = re.findall(r'name="entry_id" value="([0-9a-f-]{36})"', client.get(path(shipment)).content.decode())
    assert another != [entry_id]
