"""Digests and quiet hours over a real SMTP conversation: one letter a window, checked row by row, in any order."""

from __future__ import annotations

import threading
import uuid
from datetime import UTC, datetime, time, timedelta
from itertools import permutations

import pytest
from django.db import OperationalError, connection
from django.db.models.functions import Now
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from partners.channels.base import DIGEST, Item
from partners.channels.email import compose
from partners.enums import Channel, DeliveryState, Role, Topic
from partners.models import Delivery, Notification, User
from partners.services import letters, notify, outbox, remove_member, send_deliveries
from partners.stories import Story
from tests.factories.partners import NotificationFactory, PartnerFactory, heard_by, internal, member, subscribed
from tests.partners.mailing import mail_server
from tests.partners.test_email import house, letter  # noqa: F401 the fixture is used by its name

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
WINDOW = datetime(2026, 3, 2, 7, 0, tzinfo=UTC)


@pytest.fixture
def server():
    with mail_server() as keeping:
        yield keeping


def told(*partners, key="m:1", topic=Topic.MILESTONE_REACHED, **more):
    facts = more.pop("facts", {"reference": "S-1", "milestone": key})
    given = {"subject": "shipment:1"} | more
    return Story(topic, key, facts=facts, partner_ids=frozenset(p.pk for p in partners), **given)


def in_window(user, partner, key, *, subject="shipment:1", topic=Topic.MILESTONE_REACHED, window=WINDOW, **facts):
    """A row of a digest that is due."""
    said = {"reference": "S-1", "milestone": key} | facts
    notification = NotificationFactory(key=key, subject=subject, topic=topic, facts=said)
    if partner:
        heard_by(notification, partner)
    return Delivery.objects.create(
        notification=notification, user=user, partner=partner, channel=Channel.EMAIL, window_at=window,
        not_before=Now() - timedelta(minutes=1),
    )  # fmt: skip


def states():
    return list(Delivery.objects.order_by("pk").values_list("state", flat=True))


# --- when a delivery is due -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("digest", "clock", "due", "window"),
    [
        ("at_once", {}, NOON, None),
        ("hourly", {}, NOON + timedelta(hours=1), NOON + timedelta(hours=1)),
        ("daily", {}, WINDOW, WINDOW),
        ("daily", {"time_zone": "Asia/Tokyo", "digest_at": time(9)}, NOON + timedelta(hours=12), ...),
        ("at_once", {"quiet_from": time(11), "quiet_until": time(14)}, NOON + timedelta(hours=2), None),
        ("hourly", {"quiet_from": time(11), "quiet_until": time(14)}, NOON + timedelta(hours=2), ...),
    ],
)
def test_mail_is_due_by_the_clock_and_the_wish_of_the_person(digest, clock, due, window):
    partner = PartnerFactory()
    subscribed(member(partner, **clock), partner, digest=digest)
    notify([told(partner)], now=NOON)
    row = Delivery.objects.get()
    assert (row.not_before, row.window_at) == (due, due if window is ... else window)


@pytest.mark.parametrize(
    ("hears", "topic", "size", "waits"),
    [
        (True, Topic.EXCEPTION_OPENED, 4, False),
        (True, Topic.EXCEPTION_OPENED, 3, True),
        (False, Topic.EXCEPTION_OPENED, 4, True),
        # Nine hundred minutes later is no severity.
        (True, Topic.ETA_CHANGED, 900, True),
    ],
)
def test_critical_problems_pass_the_quiet_hours_of_who_wants_it(hears, topic, size, waits):
    partner = PartnerFactory()
    user = member(partner, quiet_from=time(11), quiet_until=time(14), hears_critical=hears)
    subscribed(user, partner, topic)
    notify([told(partner, topic=topic, size=size)], now=NOON)
    assert (Delivery.objects.get().not_before > NOON) is waits


def test_quiet_hours_that_began_while_a_mail_waited_hold_it(server):
    partner = PartnerFactory()
    now = timezone.now()
    quiet = {"quiet_from": (now - timedelta(hours=1)).time(), "quiet_until": (now + timedelta(hours=1)).time()}
    user = member(partner, **quiet)
    row = in_window(user, partner, "m:1", window=None)
    assert send_deliveries() == 1
    row.refresh_from_db()
    assert (row.state, row.attempts) == (DeliveryState.QUEUED, 0)
    assert timedelta(minutes=55) < row.not_before - timezone.now() <= timedelta(hours=1)
    User.objects.update(hears_critical=True)
    Notification.objects.update(topic=Topic.EXCEPTION_OPENED, size=4)
    Delivery.objects.update(not_before=Now())
    send_deliveries()
    assert (states(), len(server.received)) == ([DeliveryState.SENT], 1)


# --- one letter -----------------------------------------------------------------------------------------------------


def test_digest_is_one_letter_with_each_row_settled(server):
    partner = PartnerFactory()
    user = member(partner)
    rows = [in_window(user, partner, f"m:{n}") for n in range(3)]
    assert send_deliveries() == 3
    assert states() == [DeliveryState.SENT] * 3
    (message,) = server.received
    assert message["Subject"] == "3 things happened"
    assert message["Message-ID"] == f"<{rows[0].message_id}@example.org>"
    assert [row.attempts for row in Delivery.objects.all()] == [1, 1, 1]
    assert send_deliveries() == 0


def test_windows_people_and_mails_at_once_stay_apart(server):
    partner = PartnerFactory()
    ann, bob = member(partner), member(partner)
    for user, key, window in (
        (ann, "1", WINDOW), (ann, "2", WINDOW), (bob, "3", WINDOW), (ann, "4", WINDOW + timedelta(hours=1)),
        (ann, "5", None),
    ):  # fmt: skip
        in_window(user, partner, key, window=window)
    assert send_deliveries() == 5
    subjects = sorted((str(m["To"].addresses[0].addr_spec), m["Subject"]) for m in server.received)
    assert subjects == [
        (ann.email, "1 thing happened"), (ann.email, "2 things happened"), (ann.email, "S-1: 5"),
        (bob.email, "1 thing happened"),
    ]  # fmt: skip


def test_digest_larger_than_a_batch_is_still_one_letter(server, monkeypatch):
    monkeypatch.setattr(outbox, "_BATCH", 2)
    partner = PartnerFactory()
    user = member(partner)
    for n in range(5):
        in_window(user, partner, f"m:{n}")
    assert send_deliveries() == 2
    assert (states(), len(server.received)) == ([DeliveryState.SENT] * 5, 1)
    assert [row.attempts for row in Delivery.objects.all()] == [1] * 5


def test_digest_of_mixed_rights_tells_what_may_be_told(server):
    mine, other = PartnerFactory(name="Mine"), PartnerFactory(name="Other")
    user = member(mine, Role.ADMINISTRATOR)
    member_of_both = user
    from_other = NotificationFactory(key="other", facts={"reference": "S-2", "milestone": "hidden"})
    in_window(user, mine, "shown")
    Delivery.objects.create(
        notification=heard_by(from_other, other), user=member_of_both, partner=other, channel=Channel.EMAIL,
        window_at=WINDOW,
    )  # fmt: skip
    # In the window, but the partner has left the shipment since.
    left = in_window(user, mine, "left", subject="shipment:3")
    left.notification.audiences.all().delete()
    house_row = in_window(user, None, "house")
    assert send_deliveries() == 4
    assert states() == [DeliveryState.SENT] + [DeliveryState.WITHDRAWN] * 3
    (message,) = server.received
    text = message.get_content()
    assert [word in text for word in ("shown", "hidden", "left", house_row.notification.key)] == [True] + [False] * 3


def test_digest_of_who_may_know_nothing_any_more_is_not_sent(server):
    partner = PartnerFactory()
    user = member(partner)
    in_window(user, partner, "m:1")
    remove_member(user, partner, by=None)
    send_deliveries()
    assert (states(), server.received) == ([DeliveryState.WITHDRAWN], [])


def test_refused_digest_fails_row_by_row_and_passing_refusal_is_tried_again(server):
    partner = PartnerFactory()
    user = member(partner)
    for n in range(2):
        in_window(user, partner, f"m:{n}")
    server.answers = ["451 later"]
    send_deliveries()
    rows = list(Delivery.objects.all())
    assert [(row.state, row.attempts, row.window_at) for row in rows] == [(DeliveryState.QUEUED, 1, WINDOW)] * 2
    assert len({row.not_before for row in rows}) == 1
    Delivery.objects.update(not_before=Now())
    server.answers = ["550 never"]
    send_deliveries()
    assert states() == [DeliveryState.FAILED] * 2


def test_digest_of_a_worker_that_died_is_sent_by_the_next_with_the_same_message_id(server, monkeypatch):
    partner = PartnerFactory()
    user = member(partner)
    rows = [in_window(user, partner, f"m:{n}") for n in range(3)]

    class Killed(BaseException):
        pass

    def die(*_args, **_more):
        raise Killed

    monkeypatch.setattr(outbox, "settle", die)
    with pytest.raises(Killed):
        send_deliveries()
    monkeypatch.undo()
    assert send_deliveries() == 0
    Delivery.objects.update(lease_until=Now() - timedelta(seconds=1))
    assert send_deliveries() == 3
    assert states() == [DeliveryState.SENT] * 3
    assert [m["Message-ID"] for m in server.received] == [f"<{rows[0].message_id}@example.org>"] * 2


def test_window_of_another_worker_is_left_to_it(server):
    partner = PartnerFactory()
    user = member(partner)
    first, second = in_window(user, partner, "m:1"), in_window(user, partner, "m:2")
    token = uuid.uuid4()
    Delivery.objects.filter(pk=first.pk).update(lease_token=token, lease_until=Now() + timedelta(minutes=1))
    assert send_deliveries() == 1
    second.refresh_from_db()
    assert (second.state, second.attempts, second.lease_token) == (DeliveryState.QUEUED, 0, None)
    assert timezone.now() < second.not_before
    assert server.received == []
    # The other one takes it along.
    first.refresh_from_db()
    gathered = outbox.gather(first, lease_for=timedelta(minutes=1))
    assert [(row.pk, row.lease_token) for row in gathered] == [(first.pk, token), (second.pk, token)]


def test_window_that_others_settled_meanwhile_is_nobodys():
    partner = PartnerFactory()
    row = in_window(member(partner), partner, "m:1")
    Delivery.objects.update(state=DeliveryState.SENT, sent_at=Now())
    assert outbox.gather(row, lease_for=timedelta(minutes=1)) == []


def test_internal_person_hears_in_one_letter_for_all_partners(server):
    user = internal("operations")
    in_window(user, None, "m:1")
    send_deliveries()
    (message,) = server.received
    assert "in one letter, for all partners." in message.get_content()


def test_long_digest_counts_what_it_does_not_tell(monkeypatch):
    monkeypatch.setattr(letters, "SHOWN", 2)
    partner = PartnerFactory()
    user = member(partner)
    rows = [in_window(user, partner, f"m:{n}") for n in range(5)]
    made = letters.letter_of(rows)
    assert ([item.facts["milestone"] for item in made.items], made.more) == (["m:4", "m:3"], 3)


# --- what it says ---------------------------------------------------------------------------------------------------


def item(topic, at, subject="shipment:1", **facts):
    return Item(topic, facts, subject, at=at)


def text_of(*items, **values):
    return compose(letter(topic=DIGEST, facts={}, items=items, **values)).body


def test_digest_is_grouped_by_shipment_with_the_newest_state_first(house):  # noqa: F811
    first = {"reference": "S-1", "route": "Shanghai – Rotterdam", "path": "/portal/shipments/1/"}
    items = (
        item(Topic.ETA_CHANGED, NOON, **first, new_at="2026-12-04T10:00+00:00", old_at="2026-12-01T08:00+00:00"),
        item(Topic.INVOICE_ISSUED, NOON, "invoice:1", number="R1", amount="12.50", currency="EUR", due_on="2026-12-24"),
        item(Topic.MILESTONE_REACHED, NOON, **first, milestone="Departed", place="Shanghai",
             happened_at="2026-11-03T06:05+00:00"),
        item(Topic.EXCEPTION_OPENED, NOON, **first, title="Late", due_at="2026-11-03T06:05+00:00"),
        item(Topic.EXCEPTION_RESOLVED, NOON, **first, title="Late", resolved_at="2026-11-03T07:00+00:00"),
        item(Topic.TASK_OPENED, NOON, "shipment:2"),
        item(Topic.ETA_CHANGED, NOON, "shipment:3", reference="S-3"),
    )  # fmt: skip
    assert text_of(*items) == (
        "S-1, Shanghai – Rotterdam\n"
        "- now expected on Dec. 4, 2026, 11 a.m. (before: Dec. 1, 2026, 9 a.m.)\n"
        "- Departed, Shanghai: Nov. 3, 2026, 7:05 a.m.\n"
        "- A problem was opened: Late, due Nov. 3, 2026, 7:05 a.m.\n"
        "- A problem was resolved: Late, Nov. 3, 2026, 8 a.m.\n"
        "  https://waymark.example.org/portal/shipments/1/\n\n"
        "R1\n- An invoice was issued: 12.50 EUR, payable until Dec. 24, 2026\n\n"
        "A task was opened\n- A task was opened\n\n"
        "S-3\n- The expected arrival changed\n\n"
        "-- \nYou get this mail because you asked for it in one letter, for Acme & Söhne.\n"
        "Times are shown in your time zone, Europe/Berlin. https://waymark.example.org/portal/preferences/\n"
    )


def test_digest_speaks_the_language_and_the_time_of_its_reader(house):  # noqa: F811
    said = text_of(
        item(Topic.ETA_CHANGED, NOON, new_at="2026-12-04T23:30:00+00:00"), language="de", time_zone="Asia/Tokyo", more=2
    )
    assert "5. Dezember 2026 08:30" in said
    assert "and 2 more: https://waymark.example.org/portal/notices/" in said


# --- any order ------------------------------------------------------------------------------------------------------


class InAnyOrder(TestCase):
    """However the stories come, together or one by one, the same rows wait."""

    @settings(max_examples=25)
    @given(st.permutations(range(6)), st.lists(st.booleans(), min_size=6, max_size=6))
    def test_the_same_deliveries_wait(self, order, splits):
        partner, other = PartnerFactory(), PartnerFactory()
        ann, ops = member(partner), internal("operations")
        subscribed(ann, partner, digest="daily")
        subscribed(ann, partner, subject=f"shipment:{uuid.UUID(int=1)}")
        subscribed(ops, None, digest="hourly", threshold=2)
        stories = [
            told(partner, other, key=f"m:{n}", size=n, subject=f"shipment:{uuid.UUID(int=n % 2)}") for n in range(6)
        ]
        batch = []
        for n, cut in zip(order, splits, strict=True):
            batch.append(stories[n])
            if cut:
                notify([*batch, batch[0]], now=NOON)
                batch = []
        notify(stories, now=NOON)
        found = set(Delivery.objects.values_list("notification__key", "user", "window_at", "not_before"))
        hour = NOON + timedelta(hours=1)
        wanted = {(f"m:{n}", ann.pk, None if n % 2 else WINDOW, NOON if n % 2 else WINDOW) for n in range(6)}
        assert found == wanted | {(f"m:{n}", ops.pk, hour, hour) for n in range(2, 6)}


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_a_digest_says_the_same_in_whatever_order_its_rows_were_written(server, order):
    partner = PartnerFactory()
    user = member(partner)
    for n in order:
        in_window(user, partner, f"m:{n}")
    for n in range(3):
        Notification.objects.filter(key=f"m:{n}").update(created_at=NOON + timedelta(minutes=n))
    send_deliveries()
    (message,) = server.received
    lines = [line for line in message.get_content().splitlines() if line.startswith("- m:")]
    assert lines == ["- m:2", "- m:1", "- m:0"]


@pytest.mark.django_db(transaction=True)
def test_workers_at_once_send_one_letter_a_window(server, monkeypatch):
    """Each claims a few rows of the same windows; whoever holds the oldest sends all of them."""
    monkeypatch.setattr(outbox, "_BATCH", 3)
    partner = PartnerFactory()
    people = [member(partner), member(partner)]
    for n in range(24):
        in_window(people[n % 2], partner, f"m:{n:02}")
    failures: list[Exception] = []
    begin = threading.Barrier(4)

    def work():
        try:
            begin.wait()
            while send_deliveries():
                continue
        except OperationalError as error:
            failures.append(error)
        finally:
            connection.close()

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    Delivery.objects.waiting().update(not_before=Now())
    while send_deliveries():
        continue
    told = [line for m in server.received for line in m.get_content().splitlines() if line.startswith("- m:")]
    assert failures == []
    assert sorted(told) == [f"- m:{n:02}" for n in range(24)]
    assert len(server.received) == 2
    assert set(states()) == {DeliveryState.SENT}
