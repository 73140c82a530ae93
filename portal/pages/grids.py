"""A partner's person enters many dates at once."""

from __future__ import annotations

from typing import ClassVar

from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from partners.enums import Permission
from portal.entry.grid_desk import GridDesk, Sheet
from portal.pages.base import Page
from portal.pages.shipments import OUTSIDE


class GridPage(Page):
    template_name = "portal/grid.html"
    room: ClassVar[str] = "grid"

    def get(self, request: HttpRequest) -> HttpResponse:
        return self._show(self._desk(), None)

    def post(self, request: HttpRequest) -> HttpResponse:
        desk = self._desk()
        return self._show(desk, desk.answer(request.POST))

    def _desk(self) -> GridDesk:
        self.must(self.may_report, Permission.REPORT_EVENTS)
        return GridDesk(self.person, outside=OUTSIDE)

    def _show(self, desk: GridDesk, answered: Sheet | None) -> HttpResponse:
        sheet = answered or desk.start()
        context = self.get_context_data(sheet=sheet, choices=desk.choices, grid_url=reverse("pages:grid"))
        return self.render_to_response(context, status=400 if sheet.errors or sheet.problems else 200)
