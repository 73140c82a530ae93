"""What stands on a person's screen: the list behind the bell, as console and portal show it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.http import QueryDict
from django.utils.formats import date_format, number_format
from django.utils.translation import gettext as _

from core.money import minor_units
from partners.enums import Topic
from partners.models import Delivery, User
from partners.services import count_unread, mark_read
from partners.services.reading import COUNTED
from portal.presentation import times, words
from portal.presentation.times import LocalTime
from portal.presentation.words import Word

PAGE = 25
_OURS = "/portal/"


@dataclass(frozen=True, slots=True)
class Line:
    """One of the list. `href`: where it leads, "" for nowhere; `key`: what marks it as read."""

    key: UUID
    word: Word
    title: str
    detail: str
    about: str
    at: LocalTime | None
    ago: str
    is_read: bool
    href: str


@dataclass(frozen=True, slots=True)
class Standing:
    lines: Sequence[Line]
    following: UUID | None
    is_first: bool
    only_unread: bool
    unread: str


def bell(user: User) -> str:
    """The number beside the bell: "", "1" to "99", "99+"."""
    count = count_unread(user)
    return f"{COUNTED}+" if count > COUNTED else str(count or "")


def standing(user: User, asked: QueryDict, now: datetime) -> Standing:
    """A page of the list, the newest first, by the key of the last line of the page before."""
    only_unread = asked.get("show", "") == "unread"
    rows = Delivery.objects.standing_for(user).select_related("notification", "partner").order_by("-pk")
    if only_unread:
        rows = rows.unread()
    after = _uuid(asked.get("after", ""))
    before = Delivery.objects.standing_for(user).filter(message_id=after) if after else Delivery.objects.none()
    last = before.values_list("pk", flat=True).first()
    found = list((rows.filter(pk__lt=last) if last else rows)[: PAGE + 1])
    zone = user.time_zone or "UTC"
    return Standing(
        lines=[line_of(row, zone, now) for row in found[:PAGE]],
        following=found[PAGE - 1].message_id if len(found) > PAGE else None,
        is_first=last is None,
        only_unread=only_unread,
        unread=bell(user),
    )


def read(user: User, posted: QueryDict) -> str:
    """Note what the person has read; the answer is where to go, "" for back to the list."""
    if "all" in posted:
        mark_read(user)
        return ""
    key = _uuid(posted.get("read", "") or posted.get("open", ""))
    if key is None:
        return ""
    mark_read(user, message_ids=[key])
    row = Delivery.objects.standing_for(user).select_related("notification").filter(message_id=key).first()
    return _href(row.notification.facts) if row and "open" in posted else ""


def line_of(row: Delivery, zone: str, now: datetime) -> Line:
    """The line of a delivery whose notification and partner are loaded; its times in `zone`."""
    told = row.notification
    title, detail = _WORDS[Topic(told.topic)](_Facts(told.facts, zone), str(told.get_topic_display()))
    return Line(
        key=row.message_id,
        word=words.topic(told.topic),
        title=title,
        detail=detail,
        about=" · ".join(
            filter(None, (_Facts(told.facts, zone).text("reference"), _Facts(told.facts, zone).text("route")))
        ),
        at=times.local(told.created_at, zone),
        ago=times.ago(told.created_at, now),
        is_read=row.read_at is not None,
        href=_href(told.facts),
    )


def _href(facts: Mapping[str, Any]) -> str:
    """The page of ours that it is about, never another's."""
    path = str(facts.get("path", ""))
    return path if path.startswith(_OURS) and "//" not in path and "\\" not in path else ""


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


@dataclass(frozen=True, slots=True)
class _Facts:
    """The facts of a story (partners.stories.Story) as words in the reader's language and time."""

    facts: Mapping[str, Any]
    zone: str

    def text(self, name: str) -> str:
        return str(self.facts.get(name) or "")

    def time(self, name: str) -> str:
        try:
            at = datetime.fromisoformat(self.text(name))
        except ValueError:
            return ""
        return str(times.local(at, self.zone)) if at.tzinfo else ""

    def day(self, name: str) -> str:
        try:
            return date_format(datetime.fromisoformat(self.text(name)).date(), "DATE_FORMAT")
        except ValueError:
            return ""

    def money(self) -> str:
        try:
            amount = Decimal(self.text("amount"))
        except ArithmeticError:
            return ""
        currency = self.text("currency")
        return f"{number_format(amount, minor_units(currency), force_grouping=True)} {currency}"

    def where(self) -> str:
        return ", ".join(filter(None, (self.text("milestone"), self.text("place"))))


def _exception(facts: _Facts, label: str) -> tuple[str, str]:
    due = facts.time("due_at")
    return facts.text("title") or label, _joined(label, facts.where(), _("due %(at)s") % {"at": due} if due else "")


def _resolved(facts: _Facts, label: str) -> tuple[str, str]:
    return facts.text("title") or label, _joined(label, facts.text("reason"), facts.time("resolved_at"))


def _milestone(facts: _Facts, label: str) -> tuple[str, str]:
    return facts.where() or label, _joined(label, facts.time("happened_at"))


def _arrival(facts: _Facts, label: str) -> tuple[str, str]:
    new, old = facts.time("new_at"), facts.time("old_at")
    title = _("Now expected %(at)s") % {"at": new} if new else label
    return title, _joined(label, facts.text("place"), _("before: %(at)s") % {"at": old} if old else "")


def _invoice(facts: _Facts, label: str) -> tuple[str, str]:
    number, due = facts.text("number"), facts.day("due_on")
    title = _("Invoice %(number)s") % {"number": number} if number else label
    return title, _joined(label, facts.money(), _("payable until %(day)s") % {"day": due} if due else "")


def _joined(*parts: str) -> str:
    return " · ".join(filter(None, parts))


_WORDS: Mapping[Topic, Callable[[_Facts, str], tuple[str, str]]] = {
    Topic.EXCEPTION_OPENED: _exception,
    Topic.EXCEPTION_ESCALATED: _exception,
    Topic.EXCEPTION_RESOLVED: _resolved,
    Topic.MILESTONE_REACHED: _milestone,
    Topic.ETA_CHANGED: _arrival,
    Topic.TASK_OPENED: _exception,
    Topic.INVOICE_ISSUED: _invoice,
}
