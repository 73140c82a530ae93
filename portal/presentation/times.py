"""Times as people read them: in the time of the place, with the offset written beside it (ux.md 4.3)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from babel.dates import format_skeleton
from django.utils import timezone
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from partners.enums import Clock
from shipments.zones import load_zone

MINUS = "−"
HOUR = 60
DAY = 24 * HOUR
# Below this a difference is noise: people read "on plan". Customers are told nothing under twelve hours (ux.md 3.2).
ON_PLAN_MINUTES = HOUR
CUSTOMER_MINUTES = 12 * HOUR
# English with the day before the month, as the trade writes it.
_LOCALES = {"en": "en_GB", "zh-hans": "zh_Hans"}


@dataclass(frozen=True, slots=True)
class LocalTime:
    """One moment on one clock. `day` "24 Nov", `clock` "14:00", `offset` "+08" or "UTC", `iso` for <time datetime>.

    `weekday` is the day as a headline says it: "Mon 24 Nov". `is_zone_known` is False where the place has no zone;
    the time is then UTC.
    """

    day: str
    clock: str
    offset: str
    iso: str
    weekday: str
    is_zone_known: bool = True

    def __str__(self) -> str:
        return f"{self.day} {self.clock} {self.offset}"


@dataclass(frozen=True, slots=True)
class ClockFace:
    """Whose time is shown: `choice` of partners.enums.Clock, and the zone of the person who reads."""

    choice: str = Clock.PLACE
    own_zone: str = "UTC"

    def local(self, at: datetime | None, place_zone: str) -> LocalTime | None:
        """`at` by this clock, None for no time."""
        zone = {Clock.MINE: self.own_zone, Clock.UTC: "UTC"}.get(Clock(self.choice), place_zone)
        return local(at, zone)


def local(at: datetime | None, zone: str) -> LocalTime | None:
    """`at` in `zone` (IANA name or fixed offset; "" when it is not known). Another year than this one is named."""
    if at is None:
        return None
    found = load_zone(zone)
    here = at.astimezone(found or UTC)
    return LocalTime(
        day=day(here.date()),
        clock=f"{here:%H:%M}",
        offset=_offset(here),
        iso=here.isoformat(timespec="minutes"),
        weekday=format_skeleton("MMMEd", here, locale=_locale()),
        is_zone_known=found is not None,
    )


def day(value: date) -> str:
    """A day that never shifts, such as an invoice date: "24 Nov", or "24 Nov 2025" in another year."""
    return format_skeleton("MMMd" if value.year == timezone.now().year else "yMMMd", value, locale=_locale())


def span(minutes: int) -> str:
    """The two largest units of a length of time: "1d 9h", "4h 30m", "12m"."""
    minutes = abs(minutes)
    if minutes >= DAY:
        hours = minutes % DAY // HOUR
        return _("%(days)dd") % {"days": minutes // DAY} + (" " + _("%(hours)dh") % {"hours": hours} if hours else "")
    if minutes >= HOUR:
        rest = minutes % HOUR
        text = _("%(hours)dh") % {"hours": minutes // HOUR}
        return text + (" " + _("%(minutes)dm") % {"minutes": rest} if rest else "")
    return _("%(minutes)dm") % {"minutes": minutes}


def minutes_between(first: datetime, then: datetime) -> int:
    return round((then - first) / timedelta(minutes=1))


def variance(planned: datetime | None, at: datetime | None) -> str:
    """Signed, for the house: "+1d 4h", "−3h", "on plan" under one hour, "" when there is nothing to compare."""
    if planned is None or at is None:
        return ""
    minutes = minutes_between(planned, at)
    if abs(minutes) < ON_PLAN_MINUTES:
        return _("on plan")
    return ("+" if minutes > 0 else MINUS) + span(minutes)


def later(planned: datetime | None, at: datetime | None) -> str:
    """For customers: "1d 9h later than planned", "" when it is less than twelve hours late or cannot be said."""
    if planned is None or at is None:
        return ""
    minutes = minutes_between(planned, at)
    if minutes < CUSTOMER_MINUTES:
        return ""
    return _("%(span)s later than planned") % {"span": span(minutes)}


def ago(at: datetime, now: datetime) -> str:
    """ "just now", "5 min ago", "12 h ago", "3 days ago"; "in 4 h" for what comes."""
    minutes = minutes_between(at, now)
    if abs(minutes) < 1:
        return _("just now")
    return _past(minutes) if minutes > 0 else _("in %(span)s") % {"span": span(minutes)}


def _past(minutes: int) -> str:
    if minutes < HOUR:
        return _("%(count)d min ago") % {"count": minutes}
    if minutes < 2 * DAY:
        return _("%(count)d h ago") % {"count": minutes // HOUR}
    days = minutes // DAY
    return ngettext("%(count)d day ago", "%(count)d days ago", days) % {"count": days}


def _offset(here: datetime) -> str:
    """ "+08", "+05:30"; "UTC" for UTC itself."""
    if here.tzname() == "UTC":
        return "UTC"
    minutes = round((here.utcoffset() or timedelta()) / timedelta(minutes=1))
    hours, rest = divmod(abs(minutes), HOUR)
    return ("+" if minutes >= 0 else MINUS) + f"{hours:02}" + (f":{rest:02}" if rest else "")


def _locale() -> str:
    language = get_language() or "en"
    return _LOCALES.get(language, language.split("-")[0])
