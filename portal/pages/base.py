"""What every page of the portal goes through: a person, their scope, their clock."""

from __future__ import annotations

from datetime import datetime
from functools import cached_property
from typing import Any, ClassVar, TypeVar, cast
from uuid import UUID

from django.contrib.auth.mixins import LoginRequiredMixin
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.generic.base import ContextMixin, TemplateResponseMixin, View

from core.errors import NotVisible
from partners.access import ModelT, ScopedQuerySet, granted_partners
from partners.enums import Permission
from partners.models import User
from portal.notices.standing import bell
from portal.presentation.times import ClockFace

PAGE_SIZE = 25
RowsT = TypeVar("RowsT", bound=ScopedQuerySet[Any])


class Page(LoginRequiredMixin, TemplateResponseMixin, ContextMixin, View):
    """A page for a signed-in person. Rows come from `rows` and `find` only, which narrow by partners.access."""

    room: ClassVar[str] = ""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            return super().dispatch(request, *args, **kwargs)
        except NotVisible as refusal:
            raise Http404(refusal.message) from refusal

    @property
    def person(self) -> User:
        return cast(User, self.request.user)

    @cached_property
    def now(self) -> datetime:
        return timezone.now()

    @cached_property
    def face(self) -> ClockFace:
        return ClockFace(self.person.clock, self.person.time_zone)

    @cached_property
    def may_see_invoices(self) -> bool:
        return granted_partners(self.person, Permission.VIEW_INVOICES).exists()

    @cached_property
    def may_report(self) -> bool:
        return granted_partners(self.person, Permission.REPORT_EVENTS).exists()

    @cached_property
    def may_manage(self) -> bool:
        return granted_partners(self.person, Permission.MANAGE_MEMBERS).exists()

    def rows(self, rows: RowsT) -> RowsT:
        """What of `rows` this person may see."""
        return rows.for_user(self.person)

    def find(self, rows: ScopedQuerySet[ModelT], public_id: UUID, action: str = "view") -> ModelT:
        """One row by its public id; 404 alike for a missing and for a foreign one."""
        return rows.get_for_user(self.person, action, public_id=public_id)

    def must(self, allowed: bool, permission: Permission) -> None:
        """403 with the name of the right that is missing."""
        if not allowed:
            raise PermissionDenied(
                _("You need the right “%(right)s”. An administrator of your company can give it.")
                % {"right": permission.label}
            )

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        return super().get_context_data(
            room=self.room,
            face=self.face,
            may_see_invoices=self.may_see_invoices,
            may_report_events=self.may_report,
            unread=bell(self.person),
            **context,
        )


def page_of(rows: models.QuerySet[ModelT], after: str) -> tuple[list[ModelT], UUID | None]:
    """The newest rows that come after the row with the public id `after`, and the cursor of the next page.

    The cursor is a public id and only finds a row within `rows`, so it tells nothing of others; an unknown one starts
    from the top.
    """
    rows = rows.order_by("-pk")
    last = rows.filter(public_id=after).values_list("pk", flat=True).first() if _is_uuid(after) else None
    found = list(rows.filter(pk__lt=last)[: PAGE_SIZE + 1] if last else rows[: PAGE_SIZE + 1])
    more = len(found) > PAGE_SIZE
    return found[:PAGE_SIZE], cast(Any, found[PAGE_SIZE - 1]).public_id if more else None


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
