"""The small pieces of HTML that lists and pages are made of. All text that comes in is escaped."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from core.money import minor_units
from partners.enums import Clock
from partners.models import Partner
from portal.presentation import times
from portal.presentation.words import Word
from shipments.models import Shipment

MODE_ICONS = {
    "ocean": "directions_boat",
    "air": "flight",
    "road": "local_shipping",
    "rail": "train",
    "parcel": "package_2",
}


def nothing(text: str = "") -> SafeString:
    return format_html(
        '<span class="wm-none"><span aria-hidden="true">–</span><span class="sr-only">{}</span></span>',
        text or _("none"),
    )


def icon(name: str, label: str = "") -> SafeString:
    if label:
        return format_html('<span class="material-symbols-outlined" role="img" aria-label="{}">{}</span>', label, name)
    return format_html('<span class="material-symbols-outlined" aria-hidden="true">{}</span>', name)


def two(first: Any, second: Any) -> SafeString:
    """A line and a smaller one below it."""
    return format_html('<span class="wm-two"><span>{}</span><small>{}</small></span>', first, second)


def strong(first: Any, second: Any) -> SafeString:
    return format_html('<span class="wm-two"><b>{}</b><small>{}</small></span>', first, second)


def changed(before: Any, after: Any) -> SafeString:
    arrow = format_html('<span aria-hidden="true">→</span><span class="sr-only">{}</span>', _("becomes"))
    return format_html('<span class="wm-change"><s>{}</s> {} <b>{}</b></span>', before, arrow, after)


def progress(done: int, total: int, label: str) -> SafeString:
    """How far something is; without a total only that it goes on."""
    if not total:
        return format_html('<progress class="wm-progress" aria-label="{}"></progress>', label)
    return format_html(
        '<progress class="wm-progress" max="{}" value="{}" aria-label="{}"></progress>', total, done, label
    )


def link(href: str, text: Any) -> SafeString:
    return format_html('<a class="wm-link" href="{}">{}</a>', href, text)


def row_link(room: str, key: Any, text: Any) -> SafeString:
    """A link to the page of a row, `room` as 'shipments_shipment'."""
    return link(reverse(f"admin:{room}_change", args=[key]), text)


def lines(parts: Iterable[Any]) -> SafeString:
    return format_html_join(SafeString("<br>"), "{}", ((part,) for part in parts))


def tag(word: Word) -> SafeString:
    """The shape and the word, as text."""
    return format_html('<span class="wm-tag">{}{}</span>', word.svg, word.text)


def pill(word: Word) -> SafeString:
    return format_html('<span class="wm-pill is-{}">{}{}</span>', word.tone, word.svg, word.text)


def moment(at: datetime | None) -> SafeString:
    """A time on the person's own clock, the offset beside it."""
    here = times.local(at, timezone.get_current_timezone_name())
    return clock(here) if here else nothing(_("no time"))


def clock(here: times.LocalTime | None, css: str = "") -> SafeString:
    if here is None:
        return SafeString("")
    offset = here.offset if here.is_zone_known else _("UTC, zone unknown")
    return format_html(
        '<time class="{}" datetime="{}">{} {}<i> {}</i></time>', css, here.iso, here.day, here.clock, offset
    )


def at_place(at: datetime | None, zone: str, css: str = "") -> SafeString:
    return clock(times.ClockFace(Clock.PLACE).local(at, zone), css)


def ago(at: datetime | None, *, stale_after_hours: int = 0) -> SafeString:
    """ "3 days ago", with the exact time on hover."""
    if at is None:
        return nothing(_("never"))
    now = timezone.now()
    here = times.local(at, timezone.get_current_timezone_name())
    is_stale = stale_after_hours and (now - at).total_seconds() > stale_after_hours * 3600
    return format_html(
        '<time class="wm-ago{}" datetime="{}" title="{}">{}</time>',
        " is-stale" if is_stale else "",
        here.iso if here else "",
        here or "",
        times.ago(at, now),
    )


def due(at: datetime | None) -> SafeString:
    """ "in 4 h", or "5 h overdue" marked."""
    if at is None:
        return nothing(_("no due time"))
    now = timezone.now()
    minutes = times.minutes_between(now, at)
    is_late = minutes < 0
    words = (
        _("%(span)s overdue") % {"span": rough(-minutes)} if is_late else _("in %(span)s") % {"span": rough(minutes)}
    )
    return format_html(
        '<span class="wm-due{}" title="{}">{}</span>',
        " is-late" if is_late else "",
        times.local(at, timezone.get_current_timezone_name()),
        words,
    )


def rough(minutes: int) -> str:
    """A length of time in its largest unit: minutes below an hour, then hours, then days."""
    if minutes < times.HOUR:
        return _("%(minutes)d min") % {"minutes": minutes}
    if minutes < 2 * times.DAY:
        return _("%(hours)d h") % {"hours": minutes // times.HOUR}
    return _("%(days)d days") % {"days": minutes // times.DAY}


def day(value: date | None) -> SafeString:
    if value is None:
        return nothing(_("no date"))
    return format_html('<time datetime="{}">{}</time>', value.isoformat(), times.day(value))


def amount(value: Decimal, currency: str) -> SafeString:
    text = number_format(value, minor_units(currency), use_l10n=True, force_grouping=True)
    return format_html('<span class="wm-money"><b>{}</b> {}</span>', text.replace("-", "−"), currency)


def partner(row: Partner | None) -> SafeString:
    return row_link("partners_partner", row.pk, row.name) if row else nothing()


def shipment(row: Shipment) -> SafeString:
    """The reference as a link, customer and lane below it; `customer`, `origin`, `destination` loaded."""
    route = f"{row.customer} · {row.origin.unlocode} → {row.destination.unlocode}"
    return two(row_link("shipments_shipment", row.pk, row.reference), route)


def initials(name: str) -> str:
    parts = [part for part in name.replace("@", " ").replace(".", " ").split() if part]
    return "".join(part[0] for part in parts[:2]).upper() or "?"


def avatar(name: str) -> SafeString:
    return format_html(
        '<span class="wm-person"><span class="wm-avatar" aria-hidden="true">{}</span>{}</span>', initials(name), name
    )
