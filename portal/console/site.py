"""The site of the console: only rooms stand in it, everybody signs in at one door, and nothing is cached for others."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.contrib.admin import ModelAdmin
from django.db.models import Model
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import URLPattern, URLResolver, include, path, reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST
from unfold.sites import UnfoldAdminSite

from partners.enums import Clock, UserKind
from partners.services import save_user
from portal.console import clinic, home, nav, notices
from portal.console.actions import person
from portal.console.base import ConsoleAdmin
from portal.notices.standing import bell


class ConsoleSite(UnfoldAdminSite):
    """Django's admin site with Unfold's frame; its own pages for models, passwords and look-ups are not routed."""

    def register(
        self, model_or_iterable: Any, admin_class: type[ModelAdmin[Any]] | None = None, **options: Any
    ) -> None:
        """Take rooms only: a library that registers its own admin here gets no page."""
        if admin_class is not None and issubclass(admin_class, ConsoleAdmin):
            super().register(model_or_iterable, admin_class, **options)

    def has_permission(self, request: HttpRequest) -> bool:
        """Internal people who may use the console; partners never, whatever else is set on them."""
        user = request.user
        return user.is_active and user.is_staff and getattr(user, "kind", "") == UserKind.INTERNAL

    def admin_view(self, view: Callable[..., Any], cacheable: bool = False) -> Callable[..., Any]:
        """Every page of the console is drawn in the time zone of who reads it."""

        def in_own_zone(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            with timezone.override(person(request).time_zone or "UTC"):
                response: HttpResponse = view(request, *args, **kwargs)
                return response

        wrapped: Callable[..., Any] = super().admin_view(in_own_zone, cacheable)
        return wrapped

    def get_urls(self) -> list[URLPattern | URLResolver]:
        own: list[URLPattern | URLResolver] = [
            path("", self.admin_view(self.home), name="index"),
            path("login/", self.login, name="login"),
            path("logout/", self.logout, name="logout"),
            path("search/", self.admin_view(self.palette), name="search"),
            path("clinic/", self.admin_view(self.clinic), name="clinic"),
            path("notices/", self.admin_view(self.notices), name="notices"),
            path("preferences/", self.admin_view(self.preferences), name="preferences"),
            path("follow/<uuid:public_id>/", self.admin_view(require_POST(self.follow)), name="follow"),
            path("clock/", self.admin_view(require_POST(self.clock)), name="clock"),
        ]
        rooms = [
            path(f"{model._meta.app_label}/{model._meta.model_name}/", include(room.get_urls()))
            for model, room in self.rooms()
        ]
        return own + rooms

    def rooms(self) -> Iterable[tuple[type[Model], ConsoleAdmin]]:
        return [(model, room) for model, room in self._registry.items() if isinstance(room, ConsoleAdmin)]

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Any]:
        """The sidebar is ours (nav.py): the list of models is asked for on every page and shown on none."""
        return []

    def home(self, request: HttpRequest) -> HttpResponse:
        return render(request, "admin/index.html", home.dashboard(request, self.each_context(request)))

    def login(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """Everybody signs in at the same door, and comes back here."""
        asked = request.GET.get("next", "")
        back = asked if _is_ours(request, asked) else reverse("admin:index")
        return HttpResponseRedirect(f"{settings.LOGIN_URL}?{urlencode({'next': back})}")

    def palette(self, request: HttpRequest) -> HttpResponse:
        """Rooms and shipments for the command palette. Unfold's own would be cached for minutes past a lost right."""
        results = nav.search(request, request.GET.get("s", "").strip())
        template = "unfold/helpers/command_results.html" if "extended" in request.GET else "console/found.html"
        response = render(
            request, template, {"results": results, "page_obj": {"count": len(results)}, "page_counter": 0}
        )
        response["HX-Trigger"] = "search"
        return response

    def clinic(self, request: HttpRequest) -> HttpResponse:
        """What would become of a message, found out and taken back."""
        return clinic.page(request, self.each_context(request))

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        """With the number beside the bell, counted where it is drawn."""
        return {**super().each_context(request), "unread": partial(bell, person(request))}

    def notices(self, request: HttpRequest) -> HttpResponse:
        """What a colleague was told on screen."""
        return notices.notices(request, self.each_context(request))

    def preferences(self, request: HttpRequest) -> HttpResponse:
        return notices.preferences_page(request, self.each_context(request))

    def follow(self, request: HttpRequest, public_id: UUID) -> HttpResponse:
        return notices.follow_page(request, public_id)

    def clock(self, request: HttpRequest) -> HttpResponse:
        """Whose time is shown, kept with the person."""
        choice = request.POST.get("clock", "")
        if choice in Clock.values:
            save_user(person(request).email, clock=choice)
        else:
            messages.error(request, _("There is no such clock."))
        asked = request.POST.get("next", "")
        return HttpResponseRedirect(asked if _is_ours(request, asked) else reverse("admin:index"))


def _is_ours(request: HttpRequest, address: str) -> bool:
    return url_has_allowed_host_and_scheme(address, {request.get_host()}, require_https=request.is_secure())
