"""Milestone templates, to read."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from milestones.enums import AnchorKind, DayBasis, TemplateState
from milestones.models import TemplateLine
from portal.console import cells
from portal.console.base import ConsoleAdmin, View
from portal.console.filters import Many
from portal.console.listing import Column
from portal.console.record import Section
from portal.presentation import times
from shipments.enums import Mode


def _criteria(template: Any) -> str:
    parts = [
        template.get_mode_display(),
        template.get_shipment_type_display(),
        str(template.customer or ""),
        f"{template.origin_country or '…'} → {template.destination_country or '…'}"
        if template.origin_country or template.destination_country
        else "",
    ]
    return " · ".join(part for part in parts if part) or _("every shipment")


def when_due(line: TemplateLine) -> str:
    """ "2d before ETD", "6h after “Vessel departed”, working days"."""
    anchor = f"“{line.anchor_line.name}”" if line.anchor_line else str(AnchorKind(line.anchor).label)
    if line.offset_minutes == 0:
        text = _("at %(anchor)s") % {"anchor": anchor}
    elif line.offset_minutes < 0:
        text = _("%(span)s before %(anchor)s") % {"span": times.span(line.offset_minutes), "anchor": anchor}
    else:
        text = _("%(span)s after %(anchor)s") % {"span": times.span(line.offset_minutes), "anchor": anchor}
    if line.day_basis == DayBasis.WORKING:
        text += ", " + _("working days")
    return text + (f", {line.time_of_day:%H:%M}" if line.time_of_day else "")


class TemplateRoom(ConsoleAdmin):
    related = ("customer",)
    order = ("code", "-version")
    empty = gettext_lazy("No template yet: shipments get their milestones from one.")
    columns = (
        Column("name", gettext_lazy("Template"), lambda t: cells.strong(t.name, f"{t.code} v{t.version}"), "name"),
        Column("state", gettext_lazy("State"), lambda t: t.get_state_display(), "state", "c-pair"),
        Column("for", gettext_lazy("Chosen for"), _criteria),
    )
    filters = (
        Many("state", gettext_lazy("State"), "state", TemplateState.choices),
        Many("mode", gettext_lazy("Mode"), "mode", Mode.choices),
    )
    views = (View(gettext_lazy("Active"), "state=active"), View(gettext_lazy("Everything"), ""))
    facts = (
        "code",
        "version",
        "state",
        "mode",
        "shipment_type",
        "customer",
        "origin_country",
        "destination_country",
        "created_at",
    )

    def sections(self, request: HttpRequest, row: Any) -> list[Section]:
        lines = [
            [
                line.position,
                cells.strong(line.name, line.type_id),
                line.get_place_role_display(),
                when_due(line),
                f"−{times.span(line.early_tolerance_minutes)} / +{times.span(line.late_tolerance_minutes)}",
                line.get_requirement_display(),
                line.get_audience_display(),
                line.get_responsible_display(),
                line.task or cells.nothing(),
            ]
            for line in row.lines.select_related("anchor_line")
        ]
        head = [
            "#",
            _("Milestone"),
            _("Place"),
            _("Due"),
            _("Tolerance"),
            _("Requirement"),
            _("Who sees it"),
            _("Responsible"),
            _("Task"),
        ]
        return [Section(_("Milestones"), head, lines, empty=_("This template has no milestone."))]
