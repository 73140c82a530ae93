"""Who calls: an integrator's key, or a signed-in person."""

from __future__ import annotations

from django.utils.translation import gettext as _
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication, SessionAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView

from partners.models import ApiKey, User
from partners.services import find_api_key


class ApiKeyAuthentication(BaseAuthentication):
    """`Authorization: Bearer <key>`. The request runs as the key's service user; `request.auth` is the ApiKey."""

    def authenticate(self, request: Request) -> tuple[User, ApiKey] | None:
        scheme, _space, secret = get_authorization_header(request).partition(b" ")
        if scheme.lower() != b"bearer":
            return None
        key = find_api_key(secret.decode("latin-1").strip())
        if key is None:
            raise AuthenticationFailed(_("This API key is unknown, expired or revoked."))
        return key.user, key

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="waymark"'


class PersonAuthentication(SessionAuthentication):
    """The session of a signed-in person, with the CSRF check. An Authorization header means: not by session."""

    def authenticate(self, request: Request) -> tuple[User, None] | None:
        return None if get_authorization_header(request) else super().authenticate(request)


class KeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "portal.api.auth.ApiKeyAuthentication"
    name = "ApiKey"

    def get_security_definition(self, auto_schema: object) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "description": "The key printed once by create_api_key."}


class SessionScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "portal.api.auth.PersonAuthentication"
    name = "Session"

    def get_security_definition(self, auto_schema: object) -> dict[str, str]:
        return {"type": "apiKey", "in": "cookie", "name": "sessionid"}


class HasScope(BasePermission):
    """The key has the scope that the view asks for the method; an internal person has the model permission it names."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        if not request.user.is_authenticated:
            return False
        method = "GET" if request.method == "HEAD" else request.method or ""
        if isinstance(request.auth, ApiKey):
            wanted = view.scopes.get(method, "")  # type: ignore[attr-defined]
            return bool(wanted) and wanted in request.auth.scopes
        permission = view.permissions.get(method, "")  # type: ignore[attr-defined]
        return not (permission and request.user.is_staff) or request.user.has_perm(permission)
