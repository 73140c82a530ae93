"""What a browser may load from which page."""

from __future__ import annotations

from typing import Any

from csp.middleware import CSPMiddleware, PolicyParts
from django.http import HttpRequest, HttpResponseBase

Directives = dict[str, Any]

_SELF = ["'self'"]
_NONE = ["'none'"]

STRICT: Directives = {
    "default-src": _NONE,
    "script-src": _SELF,
    "style-src": _SELF,
    "img-src": _SELF,
    "font-src": _SELF,
    "connect-src": _SELF,
    "manifest-src": _SELF,
    "form-action": _SELF,
    "frame-ancestors": _NONE,
    "base-uri": _NONE,
}
# Unfold's Alpine compiles expressions and its components carry style attributes (ux.md 2.2). No inline script.
CONSOLE: Directives = STRICT | {
    "script-src": ["'self'", "'unsafe-eval'"],
    "style-src": ["'self'", "'unsafe-inline'"],
    "img-src": ["'self'", "data:"],
    "object-src": _NONE,
}
# Swagger UI draws with inline styles and data images; its script is a file of ours.
API_DOCS: Directives = STRICT | {"style-src": ["'self'", "'unsafe-inline'"], "img-src": ["'self'", "data:"]}
# What is kept as a file: opened all the same, it belongs to no site, runs nothing and loads nothing.
DOWNLOAD: Directives = {"default-src": _NONE, "frame-ancestors": _NONE, "sandbox": True}

_BY_PATH = (("/admin/", CONSOLE), ("/api/v1/docs/", API_DOCS))


class PolicyMiddleware(CSPMiddleware):
    """The strict policy everywhere, the two wider ones where they are needed, a sandbox for every file that is kept. No
    device is ever asked for."""

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        response.setdefault("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()")
        return super().process_response(request, response)

    def get_policy_parts(
        self, request: HttpRequest, response: HttpResponseBase, report_only: bool = False
    ) -> PolicyParts:
        parts = super().get_policy_parts(request, response, report_only)
        if not report_only and response.get("Content-Disposition", "").startswith("attachment"):
            parts.config = DOWNLOAD
        elif not report_only and parts.config is None:
            parts.config = next((wider for path, wider in _BY_PATH if request.path_info.startswith(path)), None)
        return parts
