"""Every refusal as problem details (RFC 9457): `type`, `title`, `status`, `detail`, a stable `code`, and `errors`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.db import DataError, IntegrityError, OperationalError
from django.http import Http404
from django.utils.translation import gettext as _
from rest_framework import exceptions, status
from rest_framework.response import Response

from core.errors import DomainError, NotVisible

PROBLEM = "application/problem+json"
# Refusals of the services that HTTP has a status of its own for.
_STATUS_OF = {"too_large": 413, "not_allowed": 403}


class TooLarge(exceptions.APIException):
    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE
    default_code = "too_large"
    default_detail = "The body is larger than this address takes."


class LengthRequired(exceptions.APIException):
    status_code = status.HTTP_411_LENGTH_REQUIRED
    default_code = "length_required"
    default_detail = "Say the length of the body: one sent in chunks is not read."


def problem(http_status: int, code: str, detail: str, errors: list[dict[str, str]] | None = None) -> Response:
    """A problem details answer."""
    titles = {400: _("Bad request"), 401: _("Not signed in"), 403: _("Not allowed"), 404: _("Not found"),
              405: _("Method not allowed"), 406: _("Not acceptable"), 409: _("Conflict"), 411: _("Length required"),
              413: _("Too large"), 415: _("Unsupported media type"), 429: _("Too many requests"),
              503: _("Not available")}  # fmt: skip
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": titles.get(http_status, _("Error")),
        "status": http_status,
        "detail": detail,
        "code": code,
    }
    if errors:
        body["errors"] = errors
    return Response(body, status=http_status, content_type=PROBLEM)


def _field_errors(detail: Any, path: str = "") -> Iterator[dict[str, str]]:
    """DRF's nested error detail, flat: {"field": "legs.0.mode", "code": ..., "message": ...}."""
    if isinstance(detail, dict):
        for name, inner in detail.items():
            yield from _field_errors(inner, f"{path}.{name}" if path else str(name))
    elif isinstance(detail, list):
        for place, inner in enumerate(detail):
            nested = isinstance(inner, dict | list)
            yield from _field_errors(inner, f"{path}.{place}" if nested else path)
    else:
        yield {"field": path, "code": getattr(detail, "code", "invalid"), "message": str(detail)}


def _not_found() -> Response:
    # One text for all: a foreign row must answer exactly as a missing one.
    return problem(404, "not_found", _("There is nothing here, or it is not yours to see."))


def _of_domain(error: DomainError) -> Response:
    if isinstance(error, NotVisible):
        return _not_found()
    fields = [{"field": error.field, "code": error.code, "message": error.message}] if error.field else None
    http_status = 409 if error.conflict else _STATUS_OF.get(error.code, 400)
    return problem(http_status, error.code, error.message, fields)


def _of_database(error: Exception) -> Response | None:
    if isinstance(error, IntegrityError):
        return problem(409, "conflict", _("Somebody else wrote the same thing at the same time."))
    if isinstance(error, DataError | RecursionError):
        return problem(400, "invalid", _("A value in the request cannot be stored."))
    if isinstance(error, OperationalError):
        answer = problem(503, "unavailable", _("The database does not answer. Try again in a moment."))
        answer["Retry-After"] = "5"
        return answer
    return None


def _of_framework(error: exceptions.APIException) -> Response:
    if isinstance(error, exceptions.NotFound):
        return _not_found()
    if isinstance(error, exceptions.ValidationError):
        listed = list(_field_errors(error.detail))
        return problem(400, "invalid", _("Some values cannot be taken; see errors."), listed)
    detail = error.detail if isinstance(error.detail, str) else str(error.default_detail)
    answer = problem(error.status_code, error.default_code, str(detail))
    header = getattr(error, "auth_header", None)
    if header:
        answer["WWW-Authenticate"] = header
    if wait := getattr(error, "wait", None):
        answer["Retry-After"] = str(int(wait))
    return answer


def problem_handler(error: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's exception handler. None: a bug, which must rise."""
    if isinstance(error, DomainError):
        return _of_domain(error)
    if isinstance(error, Http404):
        return _not_found()
    if isinstance(error, PermissionDenied):
        return problem(403, "permission_denied", _("This is not allowed for you."))
    if isinstance(error, RequestDataTooBig):
        return _of_framework(TooLarge())
    if isinstance(error, exceptions.APIException):
        return _of_framework(error)
    return _of_database(error)
