"""The scoped base of every API view: rows only through `for_user`, known parameters only, counted, replayable."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, ClassVar, Generic, TypeVar, cast

from django.conf import settings
from django.db import models, transaction
from django.db.models import QuerySet
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.utils.translation import gettext as _
from rest_framework.exceptions import MethodNotAllowed, PermissionDenied, Throttled, ValidationError
from rest_framework.generics import GenericAPIView
from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.response import Response

from partners.access import ScopedQuerySet
from partners.enums import Scope
from partners.models import User
from portal.api.auth import ApiKeyAuthentication, HasScope, PersonAuthentication
from portal.api.errors import PROBLEM, Replayed
from portal.api.paging import KeyPaging
from portal.api.parsing import StrictJSONParser
from portal.models import IdempotentRequest
from portal.services import Rate, count_request, remember_answer, reserve_key

ModelT = TypeVar("ModelT", bound=models.Model)
Row = dict[str, Any]
READ_ONLY = {"GET": Scope.READ.value, "HEAD": Scope.READ.value, "OPTIONS": Scope.READ.value}
FINANCE = dict.fromkeys(("GET", "HEAD", "OPTIONS", "POST"), Scope.FINANCE.value)


def caller(request: Request) -> User:
    """The person or the service user behind the request; the permission class has let nobody else through."""
    user: User = request.user  # type: ignore[assignment]
    return user


class Door(GenericAPIView[ModelT], Generic[ModelT]):
    """What all views share. A view states its `model`, `scopes` and `permissions` by method; `rows` where it joins."""

    authentication_classes = (ApiKeyAuthentication, PersonAuthentication)
    permission_classes = (HasScope,)
    parser_classes: Sequence[type[BaseParser]] = (StrictJSONParser,)
    pagination_class = KeyPaging
    scopes: ClassVar[dict[str, str]] = READ_ONLY
    permissions: ClassVar[dict[str, str]] = {}
    parameters: ClassVar[frozenset[str]] = frozenset()
    action: ClassVar[str] = "view"
    model: type[ModelT]
    lookup_field = "public_id"
    lookup_url_kwarg = "id"

    _rate: Rate | None = None
    _reserved: IdempotentRequest | None = None

    def rows(self) -> ScopedQuerySet[ModelT]:
        """All rows with what presenting them needs; narrowed to the caller by `get_queryset`."""
        return cast("ScopedQuerySet[ModelT]", self.model._default_manager.all())

    def get_queryset(self) -> QuerySet[ModelT]:
        if getattr(self, "swagger_fake_view", False):
            return self.rows().none()
        return self.rows().for_user(caller(self.request), self.action)

    def dispatch(self, request: Any, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.method == "POST" and request.headers.get("Idempotency-Key"):
            # Reservation, effect and answer stand or fall together: a crash in between leaves nothing half done.
            with transaction.atomic():
                return super().dispatch(request, *args, **kwargs)
        return super().dispatch(request, *args, **kwargs)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if self.http_method_not_allowed == getattr(self, (request.method or "").lower(), self.http_method_not_allowed):
            raise MethodNotAllowed(request.method or "")
        self._count(request)
        self._check_parameters(request)
        key = request.headers.get("Idempotency-Key", "")
        if request.method == "POST" and key:
            self._reserve(request, key)

    def _count(self, request: Request) -> None:
        self._rate = count_request(caller(request), now=timezone.now())
        if self._rate.count > settings.WAYMARK_RATE_LIMIT:
            raise Throttled(wait=self._rate.reset_in)

    def _check_parameters(self, request: Request) -> None:
        filters = getattr(self, "filterset_class", None)
        known = self.parameters | (set(filters.base_filters) if filters else set())
        if self._is_list():
            known |= {"limit", "cursor"}
        if unknown := sorted(set(request.query_params) - known):
            raise ValidationError({name: _("There is no such parameter here.") for name in unknown})

    def _is_list(self) -> bool:
        return self.lookup_url_kwarg not in self.kwargs

    def _reserve(self, request: Request, key: str) -> None:
        if len(key) > 200:
            raise ValidationError({"Idempotency-Key": _("At most 200 characters.")})
        row = reserve_key(caller(request), route=request.path[:200], key=key, body=self.body(request))
        if row.status is not None:
            raise Replayed(row)
        self._reserved = row

    def body(self, request: Request) -> bytes:
        return bytes(request._request.body)

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        answer = super().finalize_response(request, response, *args, **kwargs)
        if self._rate is not None:
            answer["RateLimit-Limit"] = str(settings.WAYMARK_RATE_LIMIT)
            answer["RateLimit-Remaining"] = str(max(0, settings.WAYMARK_RATE_LIMIT - self._rate.count))
            answer["RateLimit-Reset"] = str(self._rate.reset_in)
        answer["Cache-Control"] = "private, no-store"
        if self._reserved is not None:
            answer.render()
            remember_answer(self._reserved, status=answer.status_code, body=answer.content)
        return answer

    def one(self) -> ModelT:
        """The row of the URL within the caller's scope, or 404."""
        return self.get_object()

    def page(self, rows: QuerySet[ModelT], present: Callable[[list[ModelT]], Iterable[Row]]) -> Response:
        """One page of `rows`, filtered by the query parameters."""
        found = self.paginate_queryset(self.filter_queryset(rows))
        return self.get_paginated_response(list(present(list(found or ()))))


class Internal(HasScope):
    """Internal people only, with the permission of the method; keys and partners' people are refused."""

    def has_permission(self, request: Request, view: Any) -> bool:
        if not request.user.is_authenticated:
            return False
        if not caller(request).is_staff:
            raise PermissionDenied
        return super().has_permission(request, view)


def download(content: bytes, *, content_type: str, filename: str) -> HttpResponse:
    """A file to keep, never to be shown in the page's own origin."""
    response = HttpResponse(content, content_type=content_type)
    response["Content-Disposition"] = f'attachment; filename="{filename}"'
    response["X-Content-Type-Options"] = "nosniff"
    return response


__all__ = ["FINANCE", "PROBLEM", "READ_ONLY", "Door", "Internal", "Row", "caller", "download"]
