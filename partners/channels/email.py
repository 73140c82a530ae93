"""Letters as e-mail (RFC 5322), by the server of EMAIL_URL."""

from __future__ import annotations

import re
import smtplib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from email.utils import formataddr, parseaddr
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.mail import EmailMessage, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.core.validators import validate_email
from django.template.loader import render_to_string
from django.utils import timezone, translation

from partners.channels.base import DIGEST, Item, Letter, Refused, Send, TryLater, Unreachable
from partners.enums import Topic

_BREAK = re.compile(r"[\r\n\x00\u0085\u2028\u2029]")


@contextmanager
def session() -> Iterator[Send]:
    """One connection for all letters of a batch, opened with the first."""
    connection = get_connection()

    def send(letter: Letter) -> None:
        message = compose(letter)
        _open(connection)
        _hand_over(connection, message)

    try:
        yield send
    finally:
        _close(connection)


def compose(letter: Letter) -> EmailMessage:
    """The message in the recipient's language and time zone. Raises Refused when a value would break a header."""
    zone = letter.time_zone if letter.time_zone in available_timezones() else "UTC"
    with translation.override(letter.language), timezone.override(ZoneInfo(zone)):
        shown = {
            "facts": _typed(letter.facts),
            "letter": letter,
            "topic": "" if letter.topic == DIGEST else Topic(letter.topic).label,
            "groups": _grouped(letter.items),
            "zone": zone,
            "house": settings.WAYMARK_URL.rstrip("/"),
        }
        subject = render_to_string(f"mail/{letter.topic}_subject.txt", shown).strip()
        body = render_to_string(f"mail/{letter.topic}.txt", shown).strip()
    sender_domain = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2]
    return EmailMessage(
        subject=_one_line(subject),
        body=re.sub(r"\n{3,}", "\n\n", body) + "\n",
        to=[_recipient(letter)],
        headers={
            "Message-ID": f"<{letter.message_id}@{sender_domain}>",
            # RFC 3834: keeps out-of-office answers away.
            "Auto-Submitted": "auto-generated",
        },
    )


@dataclass(frozen=True, slots=True)
class _Told:
    """An item of a digest as its template shows it."""

    topic: str
    label: str
    facts: Mapping[str, Any]
    at: datetime | None


def _grouped(items: Iterable[Item]) -> list[list[_Told]]:
    """The items of each subject together, as they come: the newest subject first, its newest state first."""
    groups: dict[str, list[_Told]] = {}
    for item in items:
        told = _Told(item.topic, str(Topic(item.topic).label), _typed(item.facts), item.at)
        groups.setdefault(item.subject, []).append(told)
    return list(groups.values())


def _recipient(letter: Letter) -> str:
    try:
        validate_email(letter.address)
    except ValidationError as refusal:
        raise Refused(f"the address is not an e-mail address: {letter.address!r}") from refusal
    return formataddr((_one_line(letter.name), letter.address))


def _one_line(value: str) -> str:
    if _BREAK.search(value):
        raise Refused(f"a header would hold a line break: {value!r}")
    return value


def _typed(facts: Mapping[str, Any]) -> dict[str, Any]:
    """The facts with instants, days and amounts as such: the templates show them as the reader writes them."""
    return {name: _value(name, value) for name, value in facts.items()}


def _value(name: str, value: Any) -> Any:
    if not isinstance(value, str) or not value:
        return value
    try:
        if name.endswith("_at"):
            return datetime.fromisoformat(value)
        if name.endswith("_on"):
            return date.fromisoformat(value)
        return Decimal(value) if name == "amount" else value
    except (ValueError, InvalidOperation):
        return value


def _open(connection: BaseEmailBackend) -> None:
    # What smtplib raises is an OSError too.
    try:
        connection.open()
    except OSError as failure:
        raise Unreachable(f"the mail server cannot be used: {failure}") from failure


def _hand_over(connection: BaseEmailBackend, message: EmailMessage) -> None:
    try:
        connection.send_messages([message])
    except OSError as failure:
        # The next letter begins a conversation of its own: this one may be in any state, or over.
        _close(connection)
        raise _meaning(failure) from failure


def _meaning(failure: OSError) -> TryLater | Refused:
    if isinstance(failure, smtplib.SMTPRecipientsRefused):
        return _answer(*next(iter(failure.recipients.values())))
    if isinstance(failure, smtplib.SMTPResponseException):
        return _answer(failure.smtp_code, failure.smtp_error)
    return TryLater(f"the mail server hung up: {failure}")


def _answer(code: int, text: bytes | str) -> TryLater | Refused:
    """RFC 5321 4.2.1: 5yz is a permanent refusal, 4yz a passing one."""
    words = text.decode(errors="replace") if isinstance(text, bytes) else text
    return (Refused if 500 <= code < 600 else TryLater)(f"the mail server answered {code} {words}")


def _close(connection: BaseEmailBackend) -> None:
    try:
        connection.close()
    except OSError:
        # What was sent was sent: a server that fumbles the goodbye changes nothing.
        return
