"""What can be wrong with a template, in words for the person who writes it."""

from __future__ import annotations

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class DraftFault(TextChoices):
    """`%(name)s` and the like are filled in by `fault`."""

    EMPTY = "empty", _("This cannot be empty.")
    TOO_LONG = "too_long", _("This is longer than %(most)s characters.")
    UNKNOWN = "unknown", _("“%(value)s” is not known here.")
    OUT_OF_RANGE = "out_of_range", _("This has to be between %(least)s and %(most)s.")
    NO_COUNTRY = "no_country", _("“%(value)s” is no country code of two letters.")
    NO_PLACE = "no_place", _("“%(value)s” is no UN/LOCODE of five characters.")
    OTHER_COUNTRY = "other_country", _("%(place)s does not lie in %(country)s, so that no shipment would match.")
    NO_LINES = "no_lines", _("A template has at least one mandatory line with a weight.")
    TOO_MANY_LINES = "too_many_lines", _("A template has at most %(most)s lines.")
    TWIN_POSITION = "twin_position", _("Two lines stand at position %(position)s.")
    TWIN_LINE = "twin_line", _("Another line has the same milestone, place and number of times: “%(name)s”.")
    NEVER_REPORTED = "never_reported", _("“%(value)s” is never reported as a milestone.")
    NO_CONDITION = "no_condition", _("A conditional line says on what.")
    NEEDLESS_CONDITION = "needless_condition", _("Only a conditional line has a condition.")
    WRONG_CONDITION = "wrong_condition", _("%(message)s (at %(path)s)")
    NO_ANCHOR_LINE = "no_anchor_line", _("Say which line it counts from.")
    NEEDLESS_ANCHOR_LINE = "needless_anchor_line", _("It counts from a date, so that it needs no line.")
    LINE_NOT_THERE = "line_not_there", _("There is no line at position %(position)s.")
    CIRCLE = "circle", _("These lines count from or follow each other in a circle: %(names)s.")
    FOLLOWS_LATER = "follows_later", _("It stands before “%(name)s”, which it has to follow.")
    LEG_IN_TRANSIT = "leg_in_transit", _("A line per leg is where the leg begins or ends, or anywhere.")
    STOP_AT_END = "stop_at_end", _("A line per stop is in transit, or anywhere.")


def fault(code: str, **facts: object) -> str:
    return str(DraftFault(code).label) % facts
