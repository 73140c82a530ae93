"""What the OpenAPI description says of every view beyond its own words."""

from __future__ import annotations

import inspect
from typing import Any

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers

from portal.api.errors import PROBLEM

_KEY = OpenApiParameter(
    "Idempotency-Key",
    str,
    OpenApiParameter.HEADER,
    description="Any text of yours, 200 characters at most: the same request with the same key takes effect once",
)
# What every address may refuse, and what only those with a body do.
_REFUSALS = {
    "400": "Something in the request cannot be taken; `errors` names the fields",
    "401": "Not signed in: no key, a wrong one, or a signature that is not the agreed one",
    "403": "The key or the person may not do this",
    "404": "There is nothing here, or it is not yours to see",
    "429": "Too many requests; `Retry-After` says when to come back",
}
_OF_BODIES = {
    "409": "It contradicts what stands already",
    "411": "The length of the body is not said",
    "413": "The body is larger than this address takes",
}


class FieldProblem(serializers.Serializer[Any]):
    field = serializers.CharField()
    code = serializers.CharField()
    message = serializers.CharField()


class Problem(serializers.Serializer[Any]):
    """Problem details (RFC 9457)."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField(help_text="For people")
    code = serializers.CharField(help_text="For programs; stays the same")
    errors = FieldProblem(many=True, required=False)  # type: ignore[assignment]  # a field of that name


class PlainSchema(AutoSchema):
    """Each operation in the words of its own method, with what it may refuse."""

    def get_description(self) -> str:  # type: ignore[override]  # as spectacular has it
        return inspect.getdoc(getattr(self.view, self.method.lower())) or ""

    def _get_response_bodies(self, direction: Any = "response") -> Any:
        bodies = super()._get_response_bodies(direction)
        refusals = _REFUSALS | (_OF_BODIES if self.method != "GET" else {})
        for status, words in refusals.items():
            said = self._get_response_for_code(Problem, status, [PROBLEM])  # type: ignore[no-untyped-call]
            bodies.setdefault(status, said | {"description": words})
        return bodies


class DoorSchema(PlainSchema):
    """Every POST may carry an Idempotency-Key."""

    def get_override_parameters(self) -> list[Any]:
        return [_KEY] if self.method == "POST" else []
