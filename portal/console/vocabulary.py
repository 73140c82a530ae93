"""Milestone types."""

from __future__ import annotations

from typing import Any

from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy

from portal.console import cells
from portal.console.base import ConsoleAdmin
from portal.console.listing import Column, Found


class MilestoneTypeRoom(ConsoleAdmin):
    has_page = False
    order = ("sequence", "code")
    search_hint = gettext_lazy("Code or name")
    columns = (
        Column("name", gettext_lazy("Milestone"), lambda t: cells.strong(t.name, t.code), "name"),
        Column("family", gettext_lazy("Family"), lambda t: t.family, "family", "c-pair"),
        Column("sequence", gettext_lazy("Typical order"), lambda t: t.sequence, "sequence", "c-pair is-number"),
        Column("modes", gettext_lazy("Modes"), lambda t: t.modes, "", "c-pair"),
        Column("meaning", gettext_lazy("Meaning"), lambda t: t.meaning or cells.nothing()),
    )

    def search(self, rows: QuerySet[Any], text: str) -> Found:
        clean = text.replace("\x00", "")
        return Found(rows.filter(Q(code__icontains=clean) | Q(name__icontains=clean)))

    def suggestions(self, rows: QuerySet[Any], text: str) -> list[tuple[str, str]]:
        found = rows.filter(Q(code__icontains=text) | Q(name__icontains=text)).order_by("sequence")[:15]
        return [(t.code, f"{t.name} ({t.code})") for t in found]
