"""The base of every room. A room is a list, a record page and dialogs, all over one scoped queryset.

Django's own add, change, delete and history pages are not routed: facts are read here, and changed by services only.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.contrib.admin import ModelAdmin
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import QuerySet
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseRedirect,
    JsonResponse,
    QueryDict,
    StreamingHttpResponse,
)
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.console import listing, saved_views
from portal.console.actions import BULK, Action, always, person, run
from portal.console.filters import Filter
from portal.console.listing import Column, Found, Listing
from portal.console.record import Section, facts_of


@dataclass(frozen=True, slots=True)
class View:
    """A named filter that comes with the room."""

    name: Any
    query: str


@dataclass(frozen=True, slots=True)
class File:
    """Something to download from a row that it `fits`. `make(row)`: (bytes, or an iterator of them, content type, file
    name)."""

    name: str
    label: Any
    permission: str
    make: Any
    icon: str = "download"
    fits: Callable[[Any], bool] = always


if TYPE_CHECKING:
    _Base = ModelAdmin[Any]
else:
    _Base = ModelAdmin


class ConsoleAdmin(_Base):
    icon = "folder"
    title: Any = ""
    columns: Sequence[Column] = ()
    filters: Sequence[Filter] = ()
    views: Sequence[View] = ()
    order: Sequence[str] = ()
    related: Sequence[str] = ()
    operations: Sequence[Action] = ()
    files: Sequence[File] = ()
    search_hint: Any = ""
    empty: Any = gettext_lazy("Nothing here yet.")
    has_page = True
    facts: Sequence[str] = ()
    page_template = "console/record.html"
    # (words, name of an address) of pages beside the list.
    links: Sequence[tuple[Any, str]] = ()
    # Pages that take the selected rows: label, name of the address, permission.
    bulk_links: Sequence[Any] = ()

    # --- What the person may see ---------------------------------------------------------------------------------

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: QuerySet[Any] = self.model._default_manager.for_user(request.user)
        return rows.select_related(*self.related) if self.related else rows

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        return False

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm(self._view_permission)

    @property
    def _view_permission(self) -> str:
        return f"{self.opts.app_label}.view_{self.opts.model_name}"

    # --- What a room may override --------------------------------------------------------------------------------

    def filters_for(self, request: HttpRequest) -> Sequence[Filter]:
        """The filters of the list; a room whose filters speak of "me" makes them here."""
        return self.filters

    def fold_for(self, request: HttpRequest) -> Callable[[QuerySet[Any]], QuerySet[Any]] | None:
        """What makes one row of several in the list; None where each row stands for itself."""
        return None

    def links_for(self, request: HttpRequest) -> Sequence[tuple[Any, str]]:
        """(words, address) of what stands beside the list for this person."""
        return [(words, reverse(f"admin:{name}")) for words, name in self.links]

    def search(self, rows: QuerySet[Any], text: str) -> Found:
        """Narrow `rows` to what matches `text`; used when the room has a `search_hint`."""
        return Found(rows)

    def suggestions(self, rows: QuerySet[Any], text: str) -> list[tuple[str, str]]:
        """(value, words) of rows that begin with `text`, for the fields of dialogs."""
        return []

    def sections(self, request: HttpRequest, row: Any) -> list[Section]:
        """What stands below the facts on the page of a row."""
        return []

    def page_context(self, request: HttpRequest, row: Any) -> dict[str, Any]:
        return {"facts": facts_of(row, self.facts), "sections": self.sections(request, row)}

    # --- Addresses -----------------------------------------------------------------------------------------------

    def get_urls(self) -> list[URLPattern]:
        stem = f"{self.opts.app_label}_{self.opts.model_name}"
        view = self.admin_site.admin_view
        addresses = [
            path("", view(self.list_page), name=f"{stem}_changelist"),
            path("suggest/", view(self.suggest), name=f"{stem}_suggest"),
            path("views/save/", view(self.save_view), name=f"{stem}_save_view"),
            path("views/remove/", view(self.remove_view), name=f"{stem}_remove_view"),
            path("do/<slug:name>/", view(self.do), name=f"{stem}_do"),
            path("<str:key>/do/<slug:name>/", view(self.do), name=f"{stem}_do_row"),
            path("<str:key>/file/<slug:name>/", view(self.file), name=f"{stem}_file"),
        ]
        if self.has_page:
            addresses.append(path("<str:key>/change/", view(self.row_page), name=f"{stem}_change"))
        return addresses

    def address(self, kind: str, *args: Any) -> str:
        return reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_{kind}", args=args)

    def room_title(self) -> str:
        text = str(self.title or self.opts.verbose_name_plural)
        return text[:1].upper() + text[1:]

    # --- Pages ---------------------------------------------------------------------------------------------------

    def list_page(self, request: HttpRequest) -> HttpResponse:
        self._require_view(request)
        found = listing.build(
            self.get_queryset(request),
            Listing(request.GET, self.columns, self.filters_for(request)),
            search=self.search if self.search_hint else None,
            order=self.order,
            fold=self.fold_for(request),
        )
        context = {
            "listing": found,
            "rows": [self._line(request, row) for row in found.rows],
            "views": saved_views.bar(self.opts.label_lower, self.views, person(request), request.GET),
            "links": self.links_for(request),
            "list_actions": self._allowed(request, [a for a in self.operations if a.on_list]),
            "has_row_buttons": any(a.in_row and request.user.has_perm(a.permission) for a in self.operations),
            "bulk_actions": [
                *self._allowed(request, [a for a in self.operations if a.on_rows]),
                *((b, self.address(b.name)) for b in self.bulk_links if request.user.has_perm(b.permission)),
            ],
        }
        return self._render(request, "console/list.html", context)

    def row_page(self, request: HttpRequest, key: str) -> HttpResponse:
        self._require_view(request)
        row = self._row(request, key)
        context = {
            "row": row,
            "subtitle": str(row),
            "row_actions": self._row_actions(request, row, self.operations),
            "row_files": [(f, self.address("file", row.pk, f.name)) for f in self._files(request) if f.fits(row)],
            **self.page_context(request, row),
        }
        return self._render(request, self.page_template, context)

    def do(self, request: HttpRequest, name: str, key: str | None = None) -> HttpResponse:
        """The dialog of an action: on one row, on the selected rows, or on the list."""
        self._require_view(request)
        action = next((a for a in self.operations if a.name == name), None)
        if action is None or (key is None and not (action.on_list or action.on_rows)):
            raise Http404
        rows = self._targets(request, action, key)
        if action.on_rows and not rows:
            messages.warning(request, _("Select at least one row first."))
            return HttpResponseRedirect(self.address("changelist"))
        return run(request, action, rows, self._frame(request))

    def file(self, request: HttpRequest, key: str, name: str) -> HttpResponseBase:
        self._require_view(request)
        found = next((f for f in self.files if f.name == name), None)
        if found is None:
            raise Http404
        if not request.user.has_perm(found.permission):
            raise PermissionDenied
        content, content_type, filename = found.make(self._row(request, key))
        kind = HttpResponse if isinstance(content, bytes) else StreamingHttpResponse
        response = kind(content, content_type=content_type)
        safe = "".join(c for c in filename if c.isalnum() or c in "._-") or "download"
        response["Content-Disposition"] = f'attachment; filename="{safe}"'
        # What a partner sent must never run in a browser as a page of ours.
        response["X-Content-Type-Options"] = "nosniff"
        return response

    def suggest(self, request: HttpRequest) -> HttpResponse:
        self._require_view(request)
        text = request.GET.get("q", "").replace("\x00", "").strip()[:60]
        found = self.suggestions(self.get_queryset(request), text) if len(text) >= 2 else []
        return JsonResponse({"results": [{"value": value, "words": words} for value, words in found]})

    def save_view(self, request: HttpRequest) -> HttpResponse:
        self._require_view(request)
        action = saved_views.saving(self.opts.label_lower, QueryDict(request.GET.get("view", "")[:500]))
        return run(request, action, [], self._frame(request))

    def remove_view(self, request: HttpRequest) -> HttpResponse:
        self._require_view(request)
        action = saved_views.removing()
        return run(request, action, [], self._frame(request))

    # --- Parts ---------------------------------------------------------------------------------------------------

    def _require_view(self, request: HttpRequest) -> None:
        if not self.has_view_permission(request):
            raise PermissionDenied

    def _row(self, request: HttpRequest, key: str) -> Any:
        try:
            row = self.get_queryset(request).filter(pk=key).first()
        except (ValueError, ValidationError, OverflowError) as error:
            raise Http404 from error
        if row is None:
            raise Http404
        return row

    def _targets(self, request: HttpRequest, action: Action, key: str | None) -> list[Any]:
        if key is not None:
            if action.on_list:
                raise Http404
            return [self._row(request, key)]
        if not action.on_rows:
            return []
        asked = (request.POST if request.method == "POST" else request.GET).getlist("rows")
        keys = [k for k in asked if k.isdecimal() and len(k) < 19][:BULK]
        return list(self.get_queryset(request).filter(pk__in=keys).order_by("pk"))

    def _allowed(self, request: HttpRequest, actions: Sequence[Action]) -> list[tuple[Action, str]]:
        return [(a, self.address("do", a.name)) for a in actions if request.user.has_perm(a.permission)]

    def _row_actions(self, request: HttpRequest, row: Any, actions: Sequence[Action]) -> list[tuple[Action, str]]:
        return [
            (a, self.address("do_row", row.pk, a.name))
            for a in actions
            if not a.on_list and a.fits(row) and request.user.has_perm(a.permission)
        ]

    def _files(self, request: HttpRequest) -> list[File]:
        return [f for f in self.files if request.user.has_perm(f.permission)]

    def _line(self, request: HttpRequest, row: Any) -> dict[str, Any]:
        return {
            "key": row.pk,
            "name": str(row),
            "href": self.row_address(row),
            "cells": [(column, column.cell(row)) for column in self.columns],
            "actions": self._row_actions(request, row, [a for a in self.operations if a.in_row]),
        }

    def row_address(self, row: Any) -> str:
        return self.address("change", row.pk) if self.has_page else ""

    def _frame(self, request: HttpRequest) -> Mapping[str, Any]:
        return {
            **self.admin_site.each_context(request),
            "room": self,
            "title": self.room_title(),
            "list_url": self.address("changelist"),
            "room_stem": f"{self.opts.app_label}_{self.opts.model_name}",
        }

    def _render(self, request: HttpRequest, template: str, context: Mapping[str, Any]) -> HttpResponse:
        return render(request, template, {**self._frame(request), **context})
