"""JSON in, with limits: what PostgreSQL cannot hold or a stack cannot carry is a 400, never a 500."""

from __future__ import annotations

from collections.abc import Mapping
from typing import IO, Any

import orjson
from django.utils.translation import gettext as _
from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser

from portal.api.errors import TooLarge

MAXIMUM_DEPTH = 32
MAXIMUM_SIZE = 8 << 20


def _check(value: Any, depth: int) -> None:
    if depth > MAXIMUM_DEPTH:
        raise ParseError(_("The JSON is nested deeper than 32 levels."))
    if isinstance(value, str):
        if "\x00" in value:
            raise ParseError(_("A text contains the NUL character, which cannot be stored."))
    elif isinstance(value, dict):
        for name, inner in value.items():
            _check(name, depth)
            _check(inner, depth + 1)
    elif isinstance(value, list):
        for inner in value:
            _check(inner, depth + 1)


class StrictJSONParser(JSONParser):
    """RFC 8259 to the letter (no NaN, no lone surrogates), at most 32 levels deep, no NUL."""

    def largest(self) -> int:
        """Bytes of a body that is read."""
        return MAXIMUM_SIZE

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        body = stream.read(self.largest() + 1)
        if len(body) > self.largest():
            raise TooLarge
        try:
            value = orjson.loads(body)
        except orjson.JSONDecodeError as error:
            raise ParseError(_("This is not JSON: %(error)s") % {"error": error}) from error
        _check(value, 1)
        return value
