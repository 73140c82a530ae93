"""What a case says in the reader's language: what happened, why, what to do next. Made of its facts, not of its text.

The stored English summary stands in where a case has no facts to tell of, as those opened long ago.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from milestones.enums import Cause, ExceptionKind, Gone, GroupBy
from milestones.models import CaseGroup, ShipmentException
from portal.presentation import times
from portal.presentation.money import shown_amount
from shipments.enums import DocumentType

Facts = Mapping[str, Any]


def summary(case: ShipmentException) -> str:
    """What happened, in one line. Nothing in it is money."""
    words = _SUMMARIES.get(case.kind)
    try:
        return words(case.facts) if words is not None else case.summary
    except KeyError:
        return case.summary


def cause(case: ShipmentException) -> str:
    """Why, in a sentence; empty when nobody knows."""
    said = str(case.facts.get("cause", ""))
    words = str(Cause(said).label) if said in Cause.values else ""
    if words and (reason := case.facts.get("reason")):
        return _("%(cause)s: %(reason)s") % {"cause": words, "reason": reason}
    return words


def next_action(case: ShipmentException) -> str:
    """What to do, by its rule; else by its kind."""
    return str(case.facts.get("next_action") or "") or str(_ACTIONS.get(case.kind, ""))


def gone(case: ShipmentException, zone: str) -> str:
    """Why the cause is gone, in a sentence; empty while it is there."""
    said = str(case.facts.get("gone", ""))
    if said not in Gone.values:
        return ""
    facts = case.facts.get("gone_facts") or {}
    words = str(Gone(said).label)
    if by := facts.get("by"):
        words = _("%(what)s by %(by)s") % {"what": words, "by": by}
    at = instant(facts.get("at"))
    return _("%(what)s: %(time)s") % {"what": words, "time": times.local(at, zone)} if at else words


@dataclass(frozen=True, slots=True)
class Detail:
    """One fact beside a case: a label with an instant, or with words."""

    label: str
    at: datetime | None = None
    text: str = ""


def details(case: ShipmentException, *, with_money: bool) -> list[Detail]:
    """The facts that the case rests on, in the order in which one reads them; sums only `with_money`."""
    facts = case.facts
    found = [Detail(str(label), at=at) for name, label in _TIMES if (at := instant(facts.get(name))) is not None]
    if agency := facts.get("agency"):
        found.append(Detail(_("Authority"), text=str(agency)))
    if place := facts.get("place"):
        found.append(Detail(_("Place"), text=str(place)))
    if unit := facts.get("unit"):
        found.append(Detail(_("Unit"), text=str(unit)))
    if percent := facts.get("percent"):
        found.append(Detail(_("Over what was expected"), text=f"{percent} %"))
    if with_money and (money := facts.get("money")):
        found += [
            Detail(_("Expected cost"), text=shown_amount(Decimal(money["expected"]), money["currency"])),
            Detail(_("Cost now"), text=shown_amount(Decimal(money["cost"]), money["currency"])),
        ]
    return found


_TIMES = (
    ("due_at", gettext_lazy("Due")),
    ("planned_at", gettext_lazy("Planned")),
    ("first_at", gettext_lazy("First expected")),
    ("at", gettext_lazy("Reported")),
    ("other_at", gettext_lazy("The other report")),
    ("since", gettext_lazy("Since")),
    ("ends_at", gettext_lazy("Free until")),
    ("last_event_at", gettext_lazy("Last report")),
)


def instant(text: object) -> datetime | None:
    return parse_datetime(text) if isinstance(text, str) else None


def root_title(group: CaseGroup) -> str:
    """What the cases of a root have in common."""
    facts = group.facts
    place = str(facts.get("place") or "")
    by = facts.get("by")
    if by == GroupBy.JOURNEY:
        name = " · ".join(_number(str(number)) for number in facts.get("numbers", ()))
        return f"{name} → {place}" if place else name
    if by == GroupBy.PLACE:
        return _("At %(place)s") % {"place": place}
    if by == GroupBy.SOURCE:
        return _("Source %(name)s") % {"name": facts.get("name", "")}
    return _("One customer") if by == GroupBy.CUSTOMER else group.key


def _number(number: str) -> str:
    is_imo = len(number) == len("9811000") and number.isdigit()
    return _("IMO %(number)s") % {"number": number} if is_imo else number


def shipments(count: int) -> str:
    return ngettext("%(count)d shipment", "%(count)d shipments", count) % {"count": count}


# --- One line a kind -------------------------------------------------------------------------------------------------


def _between(facts: Facts, first: str, then: str) -> str:
    """The length between two instants of the facts."""
    one, other = instant(facts[first]), instant(facts[then])
    if one is None or other is None:
        raise KeyError(first)
    return times.span(times.minutes_between(one, other))


def _overdue(facts: Facts) -> str:
    name = {"milestone": facts["milestone"]}
    if facts.get("cause") == Cause.NEARLY_DUE:
        return _("%(milestone)s: due, nothing reported") % name
    return _("%(milestone)s: overdue, nothing reported") % name


def _late(facts: Facts) -> str:
    values = {"milestone": facts["milestone"], "span": _between(facts, "planned_at", "at")}
    text = _("%(milestone)s: late by %(span)s") if facts["is_actual"] else _("%(milestone)s: expected late by %(span)s")
    return text % values


def _early(facts: Facts) -> str:
    values = {"milestone": facts["milestone"], "span": _between(facts, "planned_at", "at")}
    text = (
        _("%(milestone)s: early by %(span)s") if facts["is_actual"] else _("%(milestone)s: expected early by %(span)s")
    )
    return text % values


def _hold(facts: Facts) -> str:
    names = {
        "CUSTOMS_HOLD": _("Customs hold"),
        "CUSTOMS_EXAM": _("Customs examination"),
        "ON_HOLD": _("Hold"),
    }
    by = facts.get("agency")
    words = _("%(hold)s in force") % {"hold": names.get(facts["code"], facts["code"])}
    return f"{words} ({by})" if by else words


def _free_day(facts: Facts) -> str:
    is_over = facts["cause"] == Cause.FREE_TIME_OVER
    if facts["clock"] == "per_diem":
        words = _("Free time of the equipment is over") if is_over else _("Free time of the equipment ends")
    else:
        words = _("Free time at the terminal is over") if is_over else _("Free time at the terminal ends")
    return f"{words} ({facts['unit']})" if facts.get("unit") else words


def _document(facts: Facts) -> str:
    paper = facts["document"]
    label = str(DocumentType(paper).label) if paper in DocumentType.values else str(paper)
    return _("%(document)s is missing for “%(milestone)s”") % {"document": label, "milestone": facts["milestone"]}


def _of_milestone(text: Callable[[], str]) -> Callable[[Facts], str]:
    return lambda facts: text() % {"milestone": facts["milestone"]}


def _conflict(facts: Facts) -> str:
    values = {"milestone": facts["milestone"], "span": _between(facts, "at", "other_at")}
    return _("%(milestone)s: sources differ by %(span)s") % values


def _duplicate(facts: Facts) -> str:
    values = {"milestone": facts["milestone"], "span": _between(facts, "at", "other_at"), "times": facts["times"]}
    return _("%(milestone)s: reported %(times)d times, %(span)s apart") % values


def _slip(facts: Facts) -> str:
    values = {"milestone": facts["milestone"], "span": _between(facts, "first_at", "at")}
    return _("%(milestone)s: expected %(span)s later than at first") % values


def _askew(facts: Facts) -> str:
    values = {"milestone": facts["milestone"], "other": facts["other"]}
    return _("%(milestone)s: reported before “%(other)s”") % values


_SUMMARIES: dict[str, Callable[[Facts], str]] = {
    ExceptionKind.OVERDUE: _overdue,
    ExceptionKind.LATE: _late,
    ExceptionKind.EARLY: _early,
    ExceptionKind.MISSING: _of_milestone(lambda: _("%(milestone)s: skipped, a later milestone is reached")),
    ExceptionKind.OUT_OF_SEQUENCE: _askew,
    ExceptionKind.UNEXPECTED: _of_milestone(lambda: _("%(milestone)s: happened, but is not planned")),
    ExceptionKind.ETA_SLIP: _slip,
    ExceptionKind.HOLD: _hold,
    ExceptionKind.DWELL: _of_milestone(lambda: _("%(milestone)s: nothing has happened since")),
    ExceptionKind.LAST_FREE_DAY: _free_day,
    ExceptionKind.DOCUMENT: _document,
    ExceptionKind.NO_NEWS: _of_milestone(lambda: _("No news from the source: “%(milestone)s” was due")),
    ExceptionKind.CONFLICT: _conflict,
    ExceptionKind.DUPLICATE: _duplicate,
    ExceptionKind.COST_OVERRUN: lambda facts: (
        _("It costs %(percent)d %% more than expected") % {"percent": facts["percent"]}
    ),
}
_ACTIONS: dict[str, Any] = {
    ExceptionKind.OVERDUE: gettext_lazy("Ask for the status"),
    ExceptionKind.NO_NEWS: gettext_lazy("Ask the source why nothing comes"),
}
