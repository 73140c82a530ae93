"""What a person is told on screen, what they wish to hear of, and what they follow, through the portal's pages."""

from __future__ import annotations

import re
from datetime import time, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from partners.enums import Channel, Role, Topic
from partners.models import Delivery, Partner, Subscription, User
from partners.services import notify
from partners.stories import Story
from portal.notices.standing import line_of
from shipments.models import MilestoneType
from tests.factories.partners import NotificationFactory, PartnerFactory, internal, member, subscribed
from tests.portal.journeys import shipment_of, with_journey

pytestmark = pytest.mark.django_db
NOTICES, PREFERENCES = "/portal/notices/", "/portal/preferences/"


@pytest.fixture
def partner() -> Partner:
    return PartnerFactory(name="Lumen Lighting BV")


@pytest.fixture
def person(partner: Partner) -> User:
    return member(partner, Role.ADMINISTRATOR, time_zone="Europe/Berlin")


@pytest.fixture
def client(person: User) -> Client:
    made = Client()
    made.force_login(person)
    return made


def tell(partner: Partner, *keys: str, topic: str = Topic.MILESTONE_REACHED, **facts: Any) -> None:
    said = {"reference": "S-1", "path": "/portal/shipments/1/", "milestone": "Departed"} | facts
    people = frozenset({partner.pk})
    notify([Story(topic, key, "shipment:1", said | {"milestone": key}, people) for key in keys])


def text(client: Client, address: str, **asked: str) -> str:
    response = client.get(address, asked)
    assert response.status_code == 200
    return response.content.decode()


def titles(page: str) -> list[str]:
    return re.findall(r'class="nt-open"[^>]*>([^<]*)<', page)


def bell(page: str) -> list[str]:
    return re.findall(r'class="bell"[^>]*aria-label="([^"]*)"', page)


# --- the list -------------------------------------------------------------------------------------------------------


def test_the_bell_counts_and_the_list_says_what_is_new(client: Client, person: User, partner: Partner) -> None:
    assert bell(text(client, NOTICES)) == ["Notices"]
    assert "Nothing has been told to you yet" in text(client, NOTICES)
    subscribed(person, partner, channel=Channel.IN_APP)
    tell(partner, "Loaded", "Departed", happened_at="2026-11-03T06:05:00+00:00", place="Shanghai", route="A – B")
    page = text(client, NOTICES)
    assert bell(page) == ["Notices, 2 unread"]
    assert sorted(titles(page)) == ["Departed, Shanghai", "Loaded, Shanghai"]
    assert "A milestone was reached · 3 Nov 07:05 +01" in page
    assert "S-1 · A – B" in page
    assert "Times are yours, Europe/Berlin." in page
    # Looking alone reads nothing.
    assert bell(text(client, "/portal/")) == ["Notices, 2 unread"]


def test_one_is_read_one_is_opened_and_all_are_read(client: Client, person: User, partner: Partner) -> None:
    subscribed(person, partner, channel=Channel.IN_APP)
    tell(partner, "1", "2", "3", "4")
    first, second, *_rest = Delivery.objects.order_by("pk")
    answer = client.post(f"{NOTICES}?show=unread", {"read": str(first.message_id)})
    assert (answer.status_code, answer["Location"]) == (302, f"{NOTICES}?show=unread")
    opened = client.post(NOTICES, {"open": str(second.message_id)})
    assert opened["Location"] == "/portal/shipments/1/"
    assert titles(text(client, NOTICES, show="unread")) == ["4", "3"]
    assert client.post(NOTICES, {"all": "1"}).status_code == 302
    assert "Everything is read" in text(client, NOTICES, show="unread")
    assert titles(text(client, NOTICES)) == ["4", "3", "2", "1"]
    for odd in ({}, {"read": "x"}, {"open": "00000000-0000-0000-0000-000000000000"}):
        assert client.post(NOTICES, odd).status_code == 302


def test_another_persons_notice_is_not_read(client: Client, person: User, partner: Partner) -> None:
    subscribed(member(partner), partner, channel=Channel.IN_APP)
    tell(partner, "1")
    row = Delivery.objects.get()
    for name in ("read", "open"):
        assert client.post(NOTICES, {name: str(row.message_id)})["Location"] == NOTICES
    row.refresh_from_db()
    assert row.read_at is None


def test_the_list_goes_on_by_the_key_of_its_last_line(client: Client, person: User, partner: Partner) -> None:
    subscribed(person, partner, channel=Channel.IN_APP)
    tell(partner, *(f"{n:03}" for n in range(60)))
    seen: list[str] = []
    after = ""
    while True:
        page = text(client, NOTICES, after=after, show="unread")
        seen += titles(page)
        found = re.findall(r'rel="next" href="\?show=unread&amp;after=([^"]*)"', page)
        if not found:
            break
        (after,) = found
        # What comes in between moves nothing.
        tell(partner, f"new {after}")
    assert seen == [f"{n:03}" for n in range(59, -1, -1)]
    assert "First page" in text(client, NOTICES, after=after)
    assert "First page" not in text(client, NOTICES, after="x")


@pytest.mark.parametrize("path", ["https://evil.example/", "//evil.example/", "/portal//evil.example", "/admin/", ""])
def test_a_notice_leads_to_pages_of_ours_only(client: Client, person: User, partner: Partner, path: str) -> None:
    subscribed(person, partner, channel=Channel.IN_APP)
    tell(partner, "1", path=path)
    assert titles(text(client, NOTICES)) == []
    assert client.post(NOTICES, {"open": str(Delivery.objects.get().message_id)})["Location"] == NOTICES


_ETA = "The expected arrival changed"
CASES: list[tuple[str, dict[str, str], tuple[str, str]]] = [
    (
        Topic.EXCEPTION_OPENED,
        {"title": "Late", "milestone": "Departed", "place": "Shanghai", "due_at": "2026-11-03T06:05+00:00"},
        ("Late", "A problem was opened · Departed, Shanghai · due 3 Nov 07:05 +01"),
    ),
    (Topic.EXCEPTION_ESCALATED, {}, ("A problem was escalated", "A problem was escalated")),
    (
        Topic.EXCEPTION_RESOLVED,
        {"title": "Late", "reason": "reported", "resolved_at": "2026-11-03T06:05+00:00"},
        ("Late", "A problem was resolved · reported · 3 Nov 07:05 +01"),
    ),
    (
        Topic.ETA_CHANGED,
        {"new_at": "2026-11-03T06:05+00:00", "old_at": "2026-11-01T06:05+00:00", "place": "Rotterdam"},
        ("Now expected 3 Nov 07:05 +01", "The expected arrival changed · Rotterdam · before: 1 Nov 07:05 +01"),
    ),
    (Topic.ETA_CHANGED, {"new_at": "soon"}, (_ETA, _ETA)),
    # Without an offset nobody knows whose time it is.
    (
        Topic.ETA_CHANGED,
        {"new_at": "2026-11-03T06:05"},
        (_ETA, _ETA),
    ),
    (Topic.TASK_OPENED, {"title": "Book the truck"}, ("Book the truck", "A task was opened")),
    (
        Topic.INVOICE_ISSUED,
        {"number": "R1", "amount": "1234.5", "currency": "EUR", "due_on": "2026-12-24"},
        ("Invoice R1", "An invoice was issued · 1,234.50 EUR · payable until Dec. 24, 2026"),
    ),
    (Topic.INVOICE_ISSUED, {"amount": "a lot"}, ("An invoice was issued", "An invoice was issued")),
    (Topic.MILESTONE_REACHED, {}, ("A milestone was reached", "A milestone was reached")),
]


@pytest.mark.parametrize(("topic", "facts", "said"), CASES)
def test_each_topic_is_told_in_words_and_in_the_time_of_the_reader(
    topic: str, facts: dict[str, str], said: tuple[str, str]
) -> None:
    now = timezone.now()
    row = Delivery(notification=NotificationFactory.build(topic=topic, facts=facts, created_at=now))
    line = line_of(row, "Europe/Berlin", now)
    assert (line.title, line.detail) == said


# --- preferences ----------------------------------------------------------------------------------------------------


def sent(partner: Partner | None, **values: Any) -> dict[str, Any]:
    return {"part": "topics", "for": str(partner.public_id) if partner else "all", **values}


def wishes(person: User) -> list[tuple[Any, ...]]:
    names = ("topic", "channel", "digest", "threshold", "kinds")
    return sorted(Subscription.objects.filter(user=person, subject="").values_list(*names))


def test_a_person_chooses_topics_channels_thresholds_and_kinds(client: Client, person: User, partner: Partner) -> None:
    code = MilestoneType.objects.order_by("pk").first()
    assert code is not None
    asked = sent(
        partner,
        **{
            "exception_opened-screen": "on", "exception_opened-mail": "daily", "exception_opened-threshold": "3",
            "exception_opened-kinds": ["late", "overdue"], "eta_changed-mail": "at_once", "eta_changed-threshold": "12",
            "milestone_reached-screen": "on", "milestone_reached-kinds": f"{code.pk.lower()}, {code.pk}",
        },
    )  # fmt: skip
    answer = client.post(PREFERENCES, asked)
    assert (answer.status_code, answer["Location"]) == (302, f"{PREFERENCES}?for={partner.public_id}")
    assert wishes(person) == [
        ("eta_changed", "email", "at_once", 720, []),
        ("exception_opened", "email", "daily", 3, ["late", "overdue"]),
        ("exception_opened", "in_app", "at_once", 3, ["late", "overdue"]),
        ("milestone_reached", "in_app", "at_once", 0, [code.pk]),
    ]
    page = text(client, PREFERENCES)
    assert re.findall(r'name="eta_changed-threshold" value="(\d+)"', page) == ["12"]
    assert f'value="{code.pk}"' in page
    assert client.post(PREFERENCES, sent(partner)).status_code == 302
    assert wishes(person) == []


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"milestone_reached-screen": "on", "milestone_reached-kinds": "NOWHERE"}, "There is no milestone NOWHERE."),
        ({"eta_changed-mail": "at_once", "eta_changed-threshold": "-1"}, "greater than or equal to 0"),
        ({"eta_changed-mail": "weekly"}, "Select a valid choice"),
        ({"exception_opened-screen": "on", "exception_opened-kinds": ["weather"]}, "Select a valid choice"),
    ],
)
def test_what_is_wrong_is_said_at_its_field(
    client: Client, person: User, partner: Partner, values: dict[str, Any], said: str
) -> None:
    answer = client.post(PREFERENCES, sent(partner, **values))
    assert (answer.status_code, said in answer.content.decode()) == (422, True)
    assert wishes(person) == []


def test_topics_are_those_that_the_rights_allow(partner: Partner) -> None:
    viewer = member(partner)
    client = Client()
    client.force_login(viewer)
    page = text(client, PREFERENCES)
    assert ("invoice_issued-mail" in page, "task_opened-mail" in page) == (False, False)
    client.post(PREFERENCES, sent(partner, **{"invoice_issued-screen": "on", "eta_changed-screen": "on"}))
    assert [topic for topic, *_rest in wishes(viewer)] == ["eta_changed"]


def test_who_acts_for_two_companies_chooses_for_each(client: Client, person: User, partner: Partner) -> None:
    other = PartnerFactory(name="Beacon")
    assert "Beacon" not in text(client, PREFERENCES)
    second = member(other)
    second_client = Client()
    second_client.force_login(second)
    # Another's company is not among one's own: the first of one's own is taken.
    second_client.post(PREFERENCES, sent(partner, **{"eta_changed-screen": "on"}))
    assert Subscription.objects.get().partner == other
    assert text(second_client, PREFERENCES, **{"for": "x"}).count("aria-current") >= 1


def test_who_acts_for_nobody_is_told_so() -> None:
    client = Client()
    client.force_login(member_of_nobody())
    assert "You act for no company yet" in text(client, PREFERENCES)
    assert client.post(PREFERENCES, {"part": "topics", "for": "all"}).status_code == 200


def member_of_nobody() -> User:
    partner = PartnerFactory()
    person = member(partner)
    Partner.objects.filter(pk=partner.pk).delete()
    return person


def test_quiet_hours_and_the_hour_of_the_digest(client: Client, person: User) -> None:
    clock = {
        "part": "clock",
        "quiet_from": "22:00",
        "quiet_until": "06:30",
        "digest_at": "08:15",
        "hears_critical": "on",
    }
    assert client.post(PREFERENCES, clock).status_code == 302
    person.refresh_from_db()
    assert (person.quiet_from, person.quiet_until, person.digest_at) == (time(22), time(6, 30), time(8, 15))
    assert person.hears_critical
    for odd in ({"quiet_until": ""}, {"quiet_until": "22:00"}, {"digest_at": ""}, {"quiet_from": "soon"}):
        assert client.post(PREFERENCES, clock | odd).status_code == 422
    assert client.post(PREFERENCES, clock | {"quiet_from": "", "quiet_until": ""}).status_code == 302
    person.refresh_from_db()
    assert person.quiet_from is None
    assert client.post(PREFERENCES, {"part": "other"}).status_code == 200


def test_people_of_the_house_choose_for_all_partners() -> None:
    ops = internal("operations")
    client = Client()
    client.force_login(ops)
    page = text(client, PREFERENCES)
    assert ("All partners" in page, "task_opened-mail" in page, "invoice_issued-mail" in page) == (True, True, False)
    client.post(PREFERENCES, sent(None, **{"task_opened-screen": "on", "invoice_issued-screen": "on"}))
    assert wishes(ops) == [("task_opened", "in_app", "at_once", 0, [])]
    assert Subscription.objects.get().partner is None


# --- following ------------------------------------------------------------------------------------------------------


def test_a_shipment_is_followed_from_its_page_and_left_from_there_or_from_the_preferences(
    client: Client, person: User, partner: Partner
) -> None:
    shipment = with_journey(shipment_of(partner))
    page, follow = (reverse(f"pages:{name}", args=[shipment.public_id]) for name in ("shipment", "follow"))
    assert 'value="yes" aria-pressed="false">Follow<' in text(client, page)
    assert client.post(follow, {"follow": "yes"})["Location"] == page
    said = text(client, page)
    assert 'value="no" aria-pressed="true">Following: stop<' in said
    assert "You hear of what happens to it" in said
    assert set(Subscription.objects.values_list("partner", "subject")) == {
        (partner.pk, f"shipment:{shipment.public_id}")
    }
    assert shipment.reference in text(client, PREFERENCES)
    client.post(follow, {"follow": "no"})
    assert not Subscription.objects.exists()


def test_a_followed_shipment_that_one_may_not_see_any_more_is_not_named(
    client: Client, person: User, partner: Partner
) -> None:
    shipment = with_journey(shipment_of(partner))
    client.post(reverse("pages:follow", args=[shipment.public_id]), {"follow": "yes"})
    shipment.parties.all().delete()
    assert shipment.reference not in text(client, PREFERENCES)


def test_too_many_followed_shipments_are_refused_in_words(
    client: Client, partner: Partner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("partners.services.subscriptions.MOST_FOLLOWED", 0)
    shipment = with_journey(shipment_of(partner))
    client.post(reverse("pages:follow", args=[shipment.public_id]), {"follow": "yes"})
    page = text(client, reverse("pages:shipment", args=[shipment.public_id]))
    assert "You follow 0 shipments, the most there may be." in page


def test_people_of_the_house_follow_for_the_house() -> None:
    ops = internal("operations")
    client = Client()
    client.force_login(ops)
    shipment = with_journey(shipment_of(PartnerFactory()))
    client.post(reverse("pages:follow", args=[shipment.public_id]), {"follow": "yes"})
    assert set(Subscription.objects.values_list("user", "partner")) == {(ops.pk, None)}


@pytest.mark.parametrize("rows", [1, 3])
def test_the_list_asks_the_database_alike_for_one_and_for_many(
    client: Client, person: User, partner: Partner, rows: int, django_assert_num_queries: Any
) -> None:
    subscribed(person, partner, channel=Channel.IN_APP)
    tell(partner, *(str(n) for n in range(rows)))
    Delivery.objects.update(sent_at=timezone.now() - timedelta(hours=1))
    # Session, person, the lines, two for the numbers, two for what else stands in the head.
    with django_assert_num_queries(7):
        client.get(NOTICES)
