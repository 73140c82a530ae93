"""Exception rules, to read."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from milestones.enums import ExceptionKind, Severity
from portal.console import cells
from portal.console.base import ConsoleAdmin
from portal.console.filters import Many
from portal.console.listing import Column
from portal.presentation import times, words

_ANY = gettext_lazy("any")


class ExceptionRuleRoom(ConsoleAdmin):
    related = ("type",)
    has_page = False
    order = ("code",)
    columns = (
        Column("code", gettext_lazy("Rule"), lambda r: cells.strong(r.code, r.get_kind_display()), "code"),
        Column(
            "severity",
            gettext_lazy("Severity"),
            lambda r: cells.tag(words.severity(r.severity)),
            "severity",
            "c-corner",
        ),
        Column("about", gettext_lazy("Milestone"), lambda r: r.type.name if r.type else _ANY, "", "c-pair"),
        Column("mode", gettext_lazy("Mode"), lambda r: r.get_mode_display() or _ANY, "mode", "c-pair"),
        Column(
            "from",
            gettext_lazy("From"),
            lambda r: times.span(r.minimum_minutes) if r.minimum_minutes else cells.nothing(),
            "",
            "c-pair",
        ),
        Column("due", gettext_lazy("Due in"), lambda r: times.span(r.due_minutes), "", "c-pair"),
        Column("team", gettext_lazy("Team"), lambda r: r.get_owner_display(), "owner", "c-pair"),
        Column("task", gettext_lazy("Task to open"), lambda r: r.task or cells.nothing()),
        Column("active", gettext_lazy("Active"), lambda r: _("yes") if r.is_active else _("no"), "is_active", "c-pair"),
    )
    filters = (
        Many("kind", gettext_lazy("Kind"), "kind", ExceptionKind.choices),
        Many("severity", gettext_lazy("Severity"), "severity", Severity.choices),
    )
