"""The scoped base of every API view: rows only through `for_user`, known parameters only, counted, replayable."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any, ClassVar, Generic, TypeVar, cast

from django.conf import settings
from django.db import models, transaction
from django.db.models import QuerySet
from django.http import HttpResponse
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from rest_framework.exceptions import MethodNotAllowed, PermissionDenied, Throttled, ValidationError
from rest_framework.generics import GenericAPIView
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.response import Response

from partners.access import ScopedQuerySet
from partners.enums import Scope
from partners.models import User
from portal.api.auth import ApiKeyAuthentication, HasScope, PersonAuthentication
from portal.api.errors import LengthRequired
from portal.api.paging import KeyPaging
from portal.api.parsing import StrictJSONParser
from portal.services import Rate, count_request, first_answer, remember_answer, reserve_key

ModelT = TypeVar("ModelT", bound=models.Model)
Row = dict[str, Any]
READ_ONLY = {"GET": Scope.READ.value}
FINANCE = dict.fromkeys(("GET", "POST"), Scope.FINANCE.value)


LONGEST_KEY = 200


def _plain(name: str) -> str:
    """The name of a parameter as it may stand in an answer."""
    return name.replace("\x00", "")[:64]


def caller(request: Request) -> User:
    """The person or the service user behind the request; the permission class has let nobody else through."""
    user: User = request.user  # type: ignore[assignment]
    return user


class Door(GenericAPIView[ModelT], Generic[ModelT]):
    """What all views share. A view states its `model`, and by method `scopes`, `permissions` and `parameters`."""

    authentication_classes = (ApiKeyAuthentication, PersonAuthentication)
    permission_classes = (HasScope,)
    parser_classes: Sequence[type[BaseParser]] = (StrictJSONParser,)
    pagination_class = KeyPaging
    scopes: ClassVar[dict[str, str]] = READ_ONLY
    permissions: ClassVar[dict[str, str]] = {}
    parameters: ClassVar[dict[str, frozenset[str]]] = {}
    action: ClassVar[str] = "view"
    model: type[ModelT]
    lookup_field = "public_id"
    lookup_url_kwarg = "id"

    # No OPTIONS: it would list a view's choices; the schema tells what there is.
    http_method_names = ["get", "head", "post", "patch"]

    _rate: Rate | None = None

    def rows(self) -> ScopedQuerySet[ModelT]:
        """All rows with what presenting them needs; narrowed to the caller by `get_queryset`."""
        return cast("ScopedQuerySet[ModelT]", self.model._default_manager.all())

    def get_queryset(self) -> QuerySet[ModelT]:
        if getattr(self, "swagger_fake_view", False):
            return self.rows().none()
        return self.rows().for_user(caller(self.request), self.action)

    def perform_authentication(self, request: Request) -> None:
        """Who is known is counted before anything else is asked, so that refusals are not free."""
        super().perform_authentication(request)
        if request.user.is_authenticated:
            self._count(request)
            if request.method not in self.allowed_methods:
                raise MethodNotAllowed(request.method or "")

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if "Transfer-Encoding" in request.headers and "Content-Length" not in request.headers:
            raise LengthRequired
        self._check_parameters(request)
        key = request.headers.get("Idempotency-Key", "")
        if request.method == "POST" and key:
            if len(key) > LONGEST_KEY or not key.isprintable():
                raise ValidationError({"Idempotency-Key": _("At most 200 characters that can be printed.")})
            # DRF asks the view for its handler after this; only views with a post come here.
            vars(self)["post"] = partial(self._once, key, self.post)  # type: ignore[attr-defined]

    def _once(self, key: str, effect: Callable[..., Response], request: Request, **kwargs: Any) -> Response:
        """The effect of the first request with this key, or its answer again.

        Reservation, effect and answer stand or fall together: a crash or a refusal in between leaves nothing behind.
        """
        with transaction.atomic():
            said = request.META.get("QUERY_STRING", "").encode() + b"\n" + self.body(request)
            row = reserve_key(caller(request), route=request.path[:200], key=key, body=said)
            if row.status is not None:
                return Response(first_answer(row), status=row.status, headers={"Idempotent-Replayed": "true"})
            answer = effect(request, **kwargs)
            remember_answer(row, status=answer.status_code, answer=answer.data)
            return answer

    def _count(self, request: Request) -> None:
        self._rate = count_request(caller(request), now=timezone.now())
        if self._rate.count > settings.WAYMARK_RATE_LIMIT:
            raise Throttled(wait=self._rate.reset_in)

    def _check_parameters(self, request: Request) -> None:
        method = "GET" if request.method == "HEAD" else request.method or ""
        known = self.parameters.get(method, frozenset())
        if method == "GET" and self.is_list():
            filters = getattr(self, "filterset_class", None)
            known |= {"limit", "cursor", *(filters.base_filters if filters else ())}
        given = request.query_params
        if unknown := sorted(set(given) - known):
            raise ValidationError({_plain(name): _("There is no such parameter here.") for name in unknown})
        if twice := sorted(name for name in given if len(given.getlist(name)) > 1):
            raise ValidationError({name: _("This parameter is given twice.") for name in twice})
        if broken := sorted(name for name, value in given.items() if "\x00" in value):
            raise ValidationError({name: _("A text contains the NUL character.") for name in broken})

    def is_list(self) -> bool:
        return self.lookup_url_kwarg not in self.kwargs

    def body(self, request: Request) -> bytes:
        return bytes(request._request.body)

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        answer = super().finalize_response(request, response, *args, **kwargs)
        if self._rate is not None:
            answer["RateLimit-Limit"] = str(settings.WAYMARK_RATE_LIMIT)
            answer["RateLimit-Remaining"] = str(max(0, settings.WAYMARK_RATE_LIMIT - self._rate.count))
            answer["RateLimit-Reset"] = str(self._rate.reset_in)
        answer["Cache-Control"] = "private, no-store"
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


class AnyAnswer(DefaultContentNegotiation):
    """A file comes as it is, whatever the Accept header prefers; a refusal comes as JSON."""

    def select_renderer(self, request: Request, renderers: Any, format_suffix: str | None = None) -> Any:
        return renderers[0], renderers[0].media_type


def download(content: bytes, *, content_type: str, filename: str) -> HttpResponse:
    """A file to keep, never to be shown in the page's own origin."""
    response = HttpResponse(content, content_type=content_type)
    response["Content-Disposition"] = content_disposition_header(True, filename) or ""
    response["X-Content-Type-Options"] = "nosniff"
    return response


__all__ = ["FINANCE", "READ_ONLY", "AnyAnswer", "Door", "Internal", "Row", "caller", "download"]
