"""The bell of the console, what stands behind it, and what a colleague wants to hear of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from core.errors import DomainError, NotVisible
from partners.services import follow, unfollow
from portal.console.actions import person
from portal.notices import preferences, standing
from shipments.models import Shipment


def notices(request: HttpRequest, frame: Mapping[str, Any]) -> HttpResponse:
    """The list; POST marks as read."""
    user = person(request)
    if request.method == "POST":
        path = standing.read(user, request.POST)
        return HttpResponseRedirect(_in_console(user, path) or request.get_full_path())
    view = standing.standing(user, request.GET, timezone.now())
    return render(request, "console/notices.html", {**frame, "title": _("Notices"), "view": view})


def preferences_page(request: HttpRequest, frame: Mapping[str, Any]) -> HttpResponse:
    posted = request.POST if request.method == "POST" else None
    desk = preferences.desk_of(person(request), request.GET, posted)
    if desk.is_saved:
        messages.success(request, _("Saved."))
        return HttpResponseRedirect(request.path)
    context = {**frame, "title": _("Preferences"), "desk": desk}
    return render(request, "console/preferences.html", context, status=422 if desk.has_errors else 200)


def follow_page(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Begin or end to hear of one shipment, from its page."""
    if not request.user.has_perm("shipments.view_shipment"):
        raise PermissionDenied
    user = person(request)
    try:
        shipment = Shipment.objects.get_for_user(user, public_id=public_id)
    except NotVisible as refusal:
        raise Http404(refusal.message) from refusal
    subject = preferences.subject_of(shipment)
    if request.POST.get("follow") == "yes":
        try:
            follow(user, subject=subject, partner=preferences.partner_to_follow_for(user, shipment), by=user)
            messages.success(request, _("You hear of what happens to it, on screen and by mail."))
        except DomainError as refused:
            messages.error(request, refused.message)
    else:
        unfollow(user, subject=subject)
        messages.success(request, _("You do not follow it any more."))
    return HttpResponseRedirect(reverse("admin:shipments_shipment_change", args=[shipment.pk]))


def _in_console(user: Any, path: str) -> str:
    """The page of the console about what a page of the portal is about; that page itself where there is none."""
    parts = path.strip("/").split("/")
    if parts[:2] != ["portal", "shipments"] or len(parts) != 3 or not user.has_perm("shipments.view_shipment"):
        return path
    try:
        key = Shipment.objects.for_user(user).filter(public_id=UUID(parts[2])).values_list("pk", flat=True).first()
    except ValueError:
        return path
    return reverse("admin:shipments_shipment_change", args=[key]) if key else path
