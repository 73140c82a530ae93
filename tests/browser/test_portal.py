"""What a partner's person meets in a real browser: without a script, on a phone and on a desk, by day and by night."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from partners.enums import Role
from partners.models import Partner, User
from tests.browser.conftest import Window
from tests.factories.partners import PASSWORD, PartnerFactory, member
from tests.portal.journeys import shipment_of, with_journey

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def customer() -> Partner:
    return PartnerFactory(name="Lumen Lighting BV")


@pytest.fixture
def person(customer: Partner) -> User:
    with_journey(shipment_of(customer), done=3)
    with_journey(shipment_of(customer), done=2, overdue=True)
    with_journey(shipment_of(customer), done=6)
    with_journey(shipment_of(customer), done=3, late_days=2)
    return member(customer, Role.ADMINISTRATOR, email="anna@lumen.example", name="Anna Visser")


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
def test_a_person_signs_in_finds_a_shipment_and_reads_it(
    window: Callable[..., Window], person: User, width: int, dark: bool
) -> None:
    seen, ground = window(width, dark=dark), "dark" if dark else "light"
    seen.open("/portal/login/")
    seen.must_be_sound(f"login-{width}-{ground}")
    page = seen.sign_in(person.email, PASSWORD)
    page.goto(f"{seen.address}/portal/")
    seen.must_be_sound(f"list-{width}-{ground}")
    assert page.locator(".cards > li").count() == 3
    page.get_by_role("link", name="Delayed").click()
    assert page.locator(".cards > li .words").all_inner_texts() == [" 2d later than planned"]
    page.locator(".cards > li a").click()
    assert page.locator("h1").inner_text() == "Expected in Rotterdam on Wed 9 Dec"
    seen.must_be_sound(f"shipment-{width}-{ground}")


def test_everything_works_without_a_script(window: Callable[..., Window], person: User) -> None:
    seen = window(390, scripts=False)
    page = seen.sign_in(person.email, PASSWORD)
    page.goto(f"{seen.address}/portal/")
    page.get_by_role("link", name="Delivered").click()
    assert page.locator(".cards > li").count() == 1
    page.locator(".cards > li a").click()
    page.get_by_role("button", name="UTC").click()
    assert page.locator(".when small").all_inner_texts() == ["UTC"] * 6
    page.get_by_role("link", name="Report an event").click()
    seen.must_be_sound("report-390-light")
    page.get_by_role("button", name="Sign out").click()
    assert page.locator("h1").inner_text() == "Sign in"


def test_fingers_hit_every_control_of_a_phone(window: Callable[..., Window], person: User) -> None:
    seen = window(390)
    page = seen.sign_in(person.email, PASSWORD)
    page.goto(f"{seen.address}/portal/")
    page.locator(".cards > li a").first.click()
    small = page.evaluate(
        """() => [...document.querySelectorAll('a:not(.skip), button, select, input:not([type=hidden])')]
        .filter(one => one.getBoundingClientRect().height < 44).map(one => one.outerHTML)"""
    )
    assert small == []
