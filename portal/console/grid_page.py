"""The page on which our people enter many dates at once. It belongs to the room of shipments."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.console.actions import person
from portal.console.base import ConsoleAdmin
from portal.entry.grid_desk import GridDesk
from shipments.grid import MAX_ROWS

_RIGHT = "shipments.change_shipment"


@dataclass(frozen=True, slots=True)
class BulkLink:
    """A page that takes the selected rows of a list, beside the actions on them."""

    label: Any
    name: str
    permission: str


if TYPE_CHECKING:
    _Room = ConsoleAdmin
else:
    _Room = object


class GridPages(_Room):
    bulk_links = (BulkLink(gettext_lazy("Enter dates…"), "grid", _RIGHT),)

    def get_urls(self) -> list[URLPattern]:
        grid = path("grid/", self.admin_site.admin_view(self.grid), name="shipments_shipment_grid")
        return [grid, *super().get_urls()]

    def links_for(self, request: HttpRequest) -> Sequence[tuple[Any, str]]:
        own = [(_("Enter dates"), self.address("grid"))] if request.user.has_perm(_RIGHT) else []
        return [*own, *super().links_for(request)]

    def grid(self, request: HttpRequest) -> HttpResponse:
        """Asking shows an empty grid, or that of the selected rows; posting checks, shows what changes, and records."""
        self._require_view(request)
        if not request.user.has_perm(_RIGHT):
            raise PermissionDenied
        desk = GridDesk(person(request))
        if request.method == "POST":
            sheet = desk.answer(request.POST)
        else:
            keys = [key for key in request.GET.getlist("rows") if key.isdecimal() and len(key) < 19][:MAX_ROWS]
            sheet = desk.start(self.get_queryset(request).filter(pk__in=keys).order_by("pk") if keys else ())
        context = {"title": _("Enter dates"), "sheet": sheet, "choices": desk.choices, "grid_url": self.address("grid")}
        response = self._render(request, "console/grid.html", context)
        response.status_code = 422 if sheet.errors or sheet.problems else 200
        return response
