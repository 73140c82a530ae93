"""What a person was told on screen, and what they want to hear of."""

from __future__ import annotations

from typing import ClassVar
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _

from core.errors import DomainError
from partners.services import follow, unfollow
from portal.notices import preferences, standing
from portal.pages.base import Page
from shipments.models import Shipment


class NoticeList(Page):
    template_name = "portal/notices.html"
    room: ClassVar[str] = "notices"

    def get(self, request: HttpRequest) -> HttpResponse:
        view = standing.standing(self.person, request.GET, self.now)
        return self.render_to_response(self.get_context_data(view=view))

    def post(self, request: HttpRequest) -> HttpResponse:
        """Mark as read: one, one and open it, or all."""
        return HttpResponseRedirect(standing.read(self.person, request.POST) or request.get_full_path())


class PreferencesPage(Page):
    template_name = "portal/preferences.html"
    room: ClassVar[str] = "preferences"

    def get(self, request: HttpRequest) -> HttpResponse:
        return self._show(None)

    def post(self, request: HttpRequest) -> HttpResponse:
        return self._show(request.POST)

    def _show(self, posted: QueryDict | None) -> HttpResponse:
        desk = preferences.desk_of(self.person, self.request.GET, posted)
        if desk.is_saved:
            messages.success(self.request, _("Saved."))
            return HttpResponseRedirect(f"{reverse('pages:preferences')}?for={desk.scope.value if desk.scope else ''}")
        context = self.get_context_data(desk=desk, may_manage=self.may_manage)
        return self.render_to_response(context, status=422 if desk.has_errors else 200)


class Follow(Page):
    """Begin or end to hear of one shipment, by POST from its page."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, public_id: UUID) -> HttpResponse:
        shipment = self.find(Shipment.objects.all(), public_id)
        subject = preferences.subject_of(shipment)
        if request.POST.get("follow") == "yes":
            partner = preferences.partner_to_follow_for(self.person, shipment)
            try:
                follow(self.person, subject=subject, partner=partner, by=self.person)
                messages.success(request, _("You hear of what happens to it, on screen and by mail."))
            except DomainError as refused:
                messages.error(request, refused.message)
        else:
            unfollow(self.person, subject=subject)
            messages.success(request, _("You do not follow it any more."))
        return HttpResponseRedirect(reverse("pages:shipment", args=[public_id]))
