"""The milestone strip: one shape a milestone, and the sentence that says the same in words (ux.md 3.1)."""

from __future__ import annotations

from typing import Protocol

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from milestones.enums import Deviation, MilestoneState
from portal.presentation import shapes, words

REACHED = "DLU"
UNCONFIRMED = "OMW"
_STEP = shapes.BOX + 2
_LETTERS: dict[str, str] = {MilestoneState.OVERDUE: "O", MilestoneState.MISSING: "M", MilestoneState.SKIPPED: "N"}
# To people outside, what is overdue or missing for us waits for confirmation (ux.md 3.2).
_OUTSIDE = str.maketrans("OM", "WW")


class Judged(Protocol):
    @property
    def state(self) -> str: ...
    @property
    def deviation(self) -> str: ...


def letter(milestone: Judged) -> str:
    """The letter of one milestone in Journey.strip."""
    is_late = milestone.deviation == Deviation.LATE
    if milestone.state == MilestoneState.REACHED:
        return "U" if milestone.deviation == Deviation.UNEXPECTED else "L" if is_late else "D"
    if milestone.state == MilestoneState.ESTIMATED:
        return "S" if is_late else "E"
    return _LETTERS.get(milestone.state, "P")


def outside(letters: str) -> str:
    """The same strip as people outside the house read it."""
    return letters.translate(_OUTSIDE)


def sentence(letters: str, next_name: str = "") -> str:
    """ "4 of 9 milestones reached; 1 late; 1 overdue; next: Vessel arrived"."""
    if not letters:
        return _("No milestones are planned yet")
    done = sum(letters.count(one) for one in REACHED)
    parts = [
        ngettext("%(done)d of %(total)d milestone reached", "%(done)d of %(total)d milestones reached", len(letters))
        % {"done": done, "total": len(letters)}
    ]
    late, overdue, missing, waiting = (letters.count("L") + letters.count("S"), *map(letters.count, "OMW"))
    counted = (
        (late, _("%(count)d late")),
        (overdue, _("%(count)d overdue")),
        (missing, _("%(count)d missing")),
        (waiting, _("%(count)d waiting for confirmation")),
        (letters.count("N"), _("%(count)d not needed")),
    )
    parts += [text % {"count": count} for count, text in counted if count]
    parts += [_("next: %(name)s") % {"name": next_name}] if next_name else []
    return "; ".join(parts)


def svg(letters: str, next_name: str = "") -> SafeString:
    """The strip drawn, 13 px high, readable aloud as `sentence`."""
    drawn = format_html_join(
        "",
        '<g class="tone-{}" transform="translate({})">{}</g>',
        ((words.LETTERS[one][1], at * _STEP, shapes.BODIES[words.LETTERS[one][0]]) for at, one in enumerate(letters)),
    )
    width = max(len(letters), 1) * _STEP
    return format_html(
        '<svg class="strip" viewBox="0 0 {} {}" width="{}" height="13" role="img" aria-label="{}">{}</svg>',
        width, shapes.BOX, round(width * 13 / shapes.BOX), sentence(letters, next_name), drawn,
    )  # fmt: skip
