"""What a mail says, in whose language and time, and what never gets into its headers."""

import uuid
from email import message_from_string
from email.policy import default

import pytest
from django.test import override_settings

from partners.channels.base import Letter, Refused
from partners.channels.email import compose
from partners.enums import Topic

MESSAGE_ID = uuid.UUID("11111111-2222-4333-8444-555555555555")
FACTS = {
    Topic.EXCEPTION_OPENED: {
        "reference": "S-1", "path": "/portal/shipments/1/", "title": "Departure is overdue", "severity": "high",
        "milestone": "Departed", "place": "Shanghai", "due_at": "2026-11-03T06:05:00+00:00",
    },
    Topic.EXCEPTION_ESCALATED: {
        "reference": "S-1", "title": "Departure is overdue", "severity": "high", "role": "Operations",
        "due_at": "2026-11-03T06:05:00+00:00",
    },
    Topic.EXCEPTION_RESOLVED: {
        "reference": "S-1", "title": "Departure is overdue", "milestone": "Departed", "reason": "reported since",
        "resolved_at": "2026-11-03T07:00:00+00:00",
    },
    Topic.TASK_OPENED: {
        "reference": "S-1", "title": "Book the truck", "role": "Operations", "due_at": "2026-11-03T06:05:00+00:00",
    },
    Topic.MILESTONE_REACHED: {
        "reference": "S-1", "route": "CNSHA → NLRTM", "path": "/portal/shipments/1/", "milestone": "Departed",
        "place": "Shanghai", "happened_at": "2026-11-03T14:05:00+08:00",
    },
    Topic.ETA_CHANGED: {
        "reference": "S-1", "place": "Rotterdam", "old_at": "2026-12-01T08:00:00+00:00",
        "new_at": "2026-12-03T23:30:00+00:00",
    },
    Topic.INVOICE_ISSUED: {"number": "R000001", "amount": "1234.50", "currency": "EUR", "due_on": "2026-12-24"},
}  # fmt: skip


def letter(topic=Topic.MILESTONE_REACHED, **values):
    given = {
        "message_id": MESSAGE_ID, "topic": topic, "facts": FACTS.get(topic, {}), "address": "ann@example.com",
        "name": "Ann Lee", "language": "en", "time_zone": "Europe/Berlin", "behalf": "Acme & Söhne",
    }  # fmt: skip
    return Letter(**(given | values))


@pytest.fixture(autouse=True)
def house():
    with override_settings(WAYMARK_URL="https://waymark.example.org/", DEFAULT_FROM_EMAIL="W <no-reply@example.org>"):
        yield


WHY = """--
You get this mail because you asked to hear of “{topic}” for Acme & Söhne.
Times are shown in your time zone, Europe/Berlin.
"""


@pytest.mark.parametrize(
    ("topic", "subject", "body"),
    [
        (
            Topic.EXCEPTION_OPENED,
            "S-1: Departure is overdue",
            "Departure is overdue\n\nShipment: S-1\nMilestone: Departed, Shanghai\n"
            "Was due: Nov. 3, 2026, 7:05 a.m.\nSeverity: high\n\nhttps://waymark.example.org/portal/shipments/1/\n\n",
        ),
        (
            Topic.EXCEPTION_ESCALATED,
            "S-1: escalated: Departure is overdue",
            "A problem was escalated: Departure is overdue\n\nShipment: S-1\nWas due: Nov. 3, 2026, 7:05 a.m.\n"
            "Severity: high\nNow with: Operations\n\n",
        ),
        (
            Topic.EXCEPTION_RESOLVED,
            "S-1: resolved: Departure is overdue",
            "A problem was resolved: Departure is overdue\n\nShipment: S-1\nMilestone: Departed\n"
            "Resolved: Nov. 3, 2026, 8 a.m.\nBecause: reported since\n\n",
        ),
        (
            Topic.TASK_OPENED,
            "S-1: to do: Book the truck",
            "A task was opened: Book the truck\n\nShipment: S-1\nDue: Nov. 3, 2026, 7:05 a.m.\nFor: Operations\n\n",
        ),
        (
            Topic.MILESTONE_REACHED,
            "S-1: Departed",
            "Departed, Shanghai\n\nShipment: S-1, CNSHA → NLRTM\nReached: Nov. 3, 2026, 7:05 a.m.\n\n"
            "https://waymark.example.org/portal/shipments/1/\n\n",
        ),
        (
            Topic.ETA_CHANGED,
            "S-1: now expected on Dec. 4, 2026",
            "The expected arrival changed, Rotterdam\n\nShipment: S-1\nNow expected: Dec. 4, 2026, 12:30 a.m.\n"
            "Expected before: Dec. 1, 2026, 9 a.m.\n\n",
        ),
        (
            Topic.INVOICE_ISSUED,
            "Invoice R000001",
            "An invoice was issued\n\nInvoice: R000001\nAmount: 1234.50 EUR\nPayable until: Dec. 24, 2026\n\n",
        ),
    ],
)
def test_mail_says_what_happened_and_why_one_got_it(topic, subject, body):
    message = compose(letter(topic))
    assert message.subject == subject
    text = "\n".join(line.rstrip() for line in message.body.splitlines()) + "\n"
    assert text == body + WHY.format(topic=Topic(topic).label)


def test_mail_is_written_in_the_language_and_time_zone_of_the_reader():
    body = compose(letter(Topic.INVOICE_ISSUED, language="de")).body
    assert "1234,50 EUR" in body
    assert "24. Dezember 2026" in body
    tokyo = compose(letter(time_zone="Asia/Tokyo")).body
    assert "3:05 p.m." in tokyo
    assert tokyo.rstrip().endswith("Asia/Tokyo.")


def test_unknown_time_zone_is_shown_as_utc():
    body = compose(letter(time_zone="Mars/Olympus")).body
    assert "6:05 a.m." in body
    assert body.rstrip().endswith("your time zone, UTC.")


def test_house_hears_for_all_partners():
    assert "for all partners." in compose(letter(behalf="")).body


@pytest.mark.parametrize("topic", Topic.values)
def test_missing_facts_are_left_out(topic):
    message = compose(letter(topic, facts={}))
    assert message.subject == Topic(topic).label
    assert message.body.startswith(f"{Topic(topic).label}\n\n--")


def test_facts_that_are_no_times_are_shown_as_they_are():
    odd = {"happened_at": "soon", "milestone": "<b>Departed</b> & gone"}
    message = compose(letter(facts=odd))
    assert message.subject == "<b>Departed</b> & gone"
    assert compose(
        letter(Topic.INVOICE_ISSUED, facts={"number": "1", "amount": "a lot", "due_on": ""})
    ).body.startswith("An invoice was issued\n\nInvoice: 1\nAmount: a lot")


def test_headers():
    message = message_from_string(compose(letter()).message().as_string(), policy=default)
    assert message["Message-ID"] == f"<{MESSAGE_ID}@example.org>"
    assert message["To"] == "Ann Lee <ann@example.com>"
    assert message["From"] == "W <no-reply@example.org>"
    assert message["Auto-Submitted"] == "auto-generated"


@pytest.mark.parametrize(
    "values",
    [
        {"address": "a@example.com\nBcc: b@example.com"},
        {"address": "a@example.com, b@example.com"},
        {"name": "Ann\r\nBcc: b@example.com"},
        {"name": "Ann\u2028Bcc: b@example.com"},
        {"facts": {"reference": "S-1\nBcc: b@example.com"}},
        {"facts": {"milestone": "Departed\rBcc: b@example.com"}},
        {"facts": {"reference": "S-1\x00"}},
    ],
)
def test_line_break_for_a_header_is_refused(values):
    with pytest.raises(Refused):
        compose(letter(**values))


@pytest.mark.parametrize("name", ["", 'Ann "the boss" <x@y>', "Søren Ångström", "=?utf-8?q?x?="])
def test_names_do_not_disturb_the_address(name):
    message = message_from_string(compose(letter(name=name)).message().as_string(), policy=default)
    assert [address.addr_spec for address in message["To"].addresses] == ["ann@example.com"]
