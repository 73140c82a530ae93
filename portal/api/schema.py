"""What the OpenAPI description says of every view beyond its own words."""

from __future__ import annotations

from typing import Any

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiParameter

_KEY = OpenApiParameter(
    "Idempotency-Key",
    str,
    OpenApiParameter.HEADER,
    description="Any text of yours, 200 characters at most: the same request with the same key takes effect once",
)


class DoorSchema(AutoSchema):
    """Every POST may carry an Idempotency-Key."""

    def get_override_parameters(self) -> list[Any]:
        return [_KEY] if self.method == "POST" else []
