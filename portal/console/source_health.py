"""How the sources do: the last 30 days in bars, delays, errors, and who has fallen silent."""

from __future__ import annotations

from typing import Any

from django.db.models import OuterRef, Prefetch, QuerySet, Subquery
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from portal.console import cells
from portal.console.record import Fact, Section
from portal.presentation import times
from shipments.models import Message, SourceDay, SourceSilence
from shipments.services.health import SourceHealth, first_shown, health_from


def with_health(rows: QuerySet[Any]) -> QuerySet[Any]:
    """The sources with what the cells below read: `last_heard`, `month` and `silent`. Two queries more a page."""
    last = Message.objects.filter(source=OuterRef("pk")).order_by("-pk").values("last_delivered_at")[:1]
    heard: QuerySet[Any] = rows.annotate(last_heard=Subquery(last))
    return heard.prefetch_related(
        Prefetch("days", SourceDay.objects.filter(day__gte=first_shown()), to_attr="month"),
        Prefetch("silences", SourceSilence.objects.open(), to_attr="silent"),
    )


def health(source: Any) -> SourceHealth:
    """Of a source that was loaded by `with_health`."""
    return health_from(source.month, first_shown())


def last_heard(source: Any) -> Any:
    """When it was heard last, and since when it is missed."""
    heard = cells.ago(source.last_heard)
    if not source.silent:
        return heard
    missed = _("silent, expected by %(at)s") % {"at": times.ago(source.silent[0].expected_by, timezone.now())}
    return cells.two(heard, format_html('<span class="wm-silent">{}</span>', missed))


def delays(source: Any) -> Any:
    """Within what time half, and 95 of 100, of its reports come."""
    found = health(source)
    if not any(sum(row.latencies) for row in source.month):
        return cells.nothing(_("no reports"))
    return cells.two(_delay(found.delay_half), _("95%%: %(delay)s") % {"delay": _delay(found.delay_most)})


def errors(source: Any) -> Any:
    rate = health(source).error_rate
    return cells.nothing() if rate is None else share(rate)


def share(rate: float) -> str:
    return f"{100 * rate:.1f} %" if rate else "0 %"


def bars(source: Any) -> Any:
    """The messages of each of the last 30 days; days with something nobody could read stand out."""
    found = health(source)
    most = max((row.messages for _day, row in found.days if row), default=0) or 1
    drawn = format_html_join(
        "",
        '<i class="{}" style="height:{}%" title="{}"></i>',
        ((_tone(row), max(8, 100 * row.messages // most) if row else 0, _title(day, row)) for day, row in found.days),
    )
    words = ngettext("%(n)d message in 30 days", "%(n)d messages in 30 days", found.messages) % {"n": found.messages}
    return format_html('<span class="wm-days" role="img" aria-label="{}">{}</span>', words, drawn)


def section(source: Any) -> Section:
    """The figures on the page of a source."""
    found = health(source)
    facts = [
        Fact(_("Last message"), cells.ago(source.last_heard), cells.moment(source.last_heard)),
        Fact(_("Messages in 30 days"), found.messages, bars(source)),
        Fact(_("Half of its reports come within"), _delay_or_none(source, found.delay_half)),
        Fact(_("95 of 100 come within"), _delay_or_none(source, found.delay_most)),
        Fact(_("Messages that could not be read in full"), cells.nothing() if found.error_rate is None
             else share(found.error_rate)),
        *(_silence_fact(silence) for silence in source.silent),
    ]  # fmt: skip
    return Section(_("How it reports (days in UTC)"), facts=facts)


def banner(source: Any) -> Any:
    """What stands above the page of a source that is missed; "" for one that is not."""
    if not source.silent:
        return ""
    silence = source.silent[0]
    text = _("It is silent since {since}. By its own history it was expected by {expected}.")
    return format_html(text, since=cells.moment(silence.last_message_at), expected=cells.moment(silence.expected_by))


def silences(request: HttpRequest) -> list[dict[str, Any]]:
    """The sources that are missed now, the longest first, for the first page."""
    if not request.user.has_perm("shipments.view_sourcesilence"):
        return []
    rows = SourceSilence.objects.for_user(request.user).open().select_related("source__partner")
    return [
        {
            "source": silence.source,
            "href": reverse("admin:shipments_source_change", args=[silence.source_id]),
            "since": cells.ago(silence.last_message_at),
            "expected": cells.moment(silence.expected_by),
        }
        for silence in rows.order_by("last_message_at")[:20]
    ]


def _silence_fact(silence: SourceSilence) -> Fact:
    expected = format_html("{} {}", _("expected by"), cells.moment(silence.expected_by))
    return Fact(_("Silent since"), cells.moment(silence.last_message_at), expected, "bad")


def _delay_or_none(source: Any, minutes: int | None) -> Any:
    return _delay(minutes) if any(sum(row.latencies) for row in source.month) else cells.nothing(_("no reports"))


def _delay(minutes: int | None) -> str:
    return cells.rough(minutes) if minutes is not None else _("over 7 days")


def _tone(row: SourceDay | None) -> str:
    if row is None or not row.messages:
        return "is-none"
    return "is-bad" if row.rejected or row.partial else ""


def _title(day: Any, row: SourceDay | None) -> str:
    count = row.messages if row else 0
    words = ngettext("%(n)d message", "%(n)d messages", count) % {"n": count}
    return f"{times.day(day)}: {words}"
