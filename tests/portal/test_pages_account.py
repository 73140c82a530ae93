"""Signing in and out, and the choices of language and clock."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from pytest_django import Settings

from partners.enums import Clock, UserKind
from partners.models import User
from tests.factories.partners import PASSWORD, PartnerFactory, UserFactory, member
from tests.portal.journeys import shipment_of, with_journey

pytestmark = pytest.mark.django_db

LOGIN, LOGOUT, CHOICES, LIST = "/portal/login/", "/portal/logout/", "/portal/choices/", "/portal/"


@pytest.fixture
def person() -> User:
    return member(PartnerFactory(), email="Anna@lumen.example", language="de")


def sign_in(client: Client, email: str, password: str = PASSWORD, **more: str) -> tuple[int, str]:
    response = client.post(LOGIN, {"username": email, "password": password, **more})
    return response.status_code, response.headers.get("Location", "")


@pytest.mark.parametrize("email", ["Anna@lumen.example", "anna@LUMEN.example"])
def test_a_person_signs_in_with_the_address_in_any_case(client: Client, person: User, email: str) -> None:
    assert sign_in(client, email) == (302, "/")
    assert client.get(LIST).status_code == 200


@pytest.mark.parametrize(
    ("asked", "led_to"),
    [
        ("/portal/shipments/", "/portal/shipments/"),
        ("https://evil.example/", "/"),
        ("//evil.example/", "/"),
        ("javascript:alert(1)", "/"),
    ],
)
def test_the_page_that_was_asked_for_follows_and_no_other_house(
    client: Client, person: User, asked: str, led_to: str
) -> None:
    assert sign_in(client, person.email, next=asked) == (302, led_to)


def test_one_who_is_signed_in_is_not_asked_again(client: Client, person: User) -> None:
    client.force_login(person)
    assert client.get(LOGIN).headers["Location"] == "/"


def _refusal(client: Client, email: str, password: str) -> list[str]:
    text = client.post(LOGIN, {"username": email, "password": password}).content.decode()
    return re.findall(r'id="form-error"><p>([^<]*)</p>', text)


def test_an_unknown_address_a_wrong_password_and_a_closed_account_are_answered_alike(
    client: Client, person: User
) -> None:
    closed = UserFactory(is_active=False)
    key = UserFactory(kind=UserKind.SERVICE, email="key-1@keys.invalid", password="!")
    tried = [(person.email, "wrong"), ("who@nowhere.example", PASSWORD), (closed.email, PASSWORD), (key.email, "!")]
    refusals = [_refusal(client, email, password) for email, password in tried]
    assert refusals == [["This e-mail address and password do not belong together."]] * 4


def test_after_ten_wrong_passwords_the_address_waits_in_whatever_case_it_is_written(
    client: Client, person: User, settings: Settings
) -> None:
    settings.AXES_ENABLED = True
    for attempt in range(9):
        email = person.email.upper() if attempt % 2 else person.email
        assert sign_in(client, email, "wrong")[0] == 200
    response = client.post(LOGIN, {"username": person.email, "password": "wrong"})
    assert (response.status_code, response.headers["Retry-After"]) == (429, "900")
    assert "Too many attempts. Please wait 15 minutes, then try again." in response.content.decode()
    assert sign_in(client, person.email)[0] == 429
    assert sign_in(Client(), "other@lumen.example", "wrong")[0] == 200


def test_signing_out_needs_a_post_and_ends_the_session(client: Client, person: User) -> None:
    client.force_login(person)
    assert client.get(LOGOUT).status_code == 405
    assert client.get(LIST).status_code == 200
    assert client.post(LOGOUT).headers["Location"] == LOGIN
    assert client.get(LIST).status_code == 302


def test_a_post_without_its_token_is_refused(person: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(person)
    assert [client.post(address).status_code for address in (LOGOUT, CHOICES, LOGIN)] == [403, 403, 403]


def test_the_language_of_a_person_comes_with_signing_in(client: Client, person: User) -> None:
    sign_in(client, person.email)
    assert '<html lang="de"' in client.get(LIST).content.decode()


def test_a_visitor_chooses_the_language_of_the_login_page(client: Client) -> None:
    response = client.post(CHOICES, {"language": "ar", "next": LOGIN})
    assert response.headers["Location"] == LOGIN
    assert '<html lang="ar" dir="rtl"' in client.get(LOGIN).content.decode()


def test_choices_are_kept_with_the_person_and_nothing_else_of_them_changes(client: Client, person: User) -> None:
    client.force_login(person)
    before = User.objects.filter(pk=person.pk).values("email", "name", "kind", "password", "is_active").get()
    client.post(CHOICES, {"clock": "mine", "language": "es", "is_staff": "1", "kind": "internal"})
    after = User.objects.filter(pk=person.pk)
    assert after.values("language", "clock", "is_staff").get() == {
        "language": "es", "clock": Clock.MINE, "is_staff": False,
    }  # fmt: skip
    assert after.values("email", "name", "kind", "password", "is_active").get() == before


@pytest.mark.parametrize("chosen", [{"language": "tlh"}, {"clock": "moon"}, {}, {"clock": ""}])
def test_a_choice_that_is_none_changes_nothing(client: Client, person: User, chosen: dict[str, str]) -> None:
    client.force_login(person)
    assert client.post(CHOICES, chosen).headers["Location"] == LIST
    person.refresh_from_db()
    assert (person.language, person.clock) == ("de", Clock.PLACE)


@pytest.mark.parametrize("asked", ["https://evil.example/", "//evil.example/x", "javascript:alert(1)"])
def test_a_choice_leads_back_to_this_house_only(client: Client, asked: str) -> None:
    assert client.post(CHOICES, {"language": "en", "next": asked}).headers["Location"] == LIST


@pytest.mark.parametrize(
    ("clock", "first", "said"),
    [
        (Clock.PLACE, ("16:00", "+08"), "Times are in the local time of each place"),
        (Clock.MINE, ("03:00", "−05"), "Times are in your own time, America/New_York."),
        (Clock.UTC, ("08:00", "UTC"), "Times are in UTC."),
    ],
)
def test_the_clock_decides_the_times_of_the_journey(clock: str, first: tuple[str, str], said: str) -> None:
    partner = PartnerFactory()
    shipment, client = with_journey(shipment_of(partner)), Client()
    client.force_login(member(partner, clock=clock, time_zone="America/New_York"))
    text = client.get(f"/portal/shipments/{shipment.public_id}/").content.decode()
    times = re.findall(r"<b>[^<]* (\d\d:\d\d)</b> <small>([^<]*)</small>", text)
    assert (times[0], said in text) == (first, True)
    assert re.findall(r'name="clock" value="(\w+)" aria-pressed="true"', text) == [clock]
