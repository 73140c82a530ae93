"""Lists page by key, newest first, and never count."""

from __future__ import annotations

from base64 import b64decode
from typing import Any
from urllib.parse import parse_qs

from django.utils.translation import gettext as _
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request

MAXIMUM = 200


class KeyPaging(CursorPagination):
    """`?limit=` up to 200 and an opaque `?cursor=`; `{"next", "previous", "results"}`."""

    page_size = 50
    max_page_size = MAXIMUM
    page_size_query_param = "limit"
    ordering = "-pk"

    def get_page_size(self, request: Request) -> int:
        given = request.query_params.get("limit")
        if given is None:
            return int(self.page_size)
        if not given.isascii() or not given.isdigit() or not 1 <= int(given[:9]) <= MAXIMUM:
            raise ValidationError({"limit": _("A whole number from 1 to 200.")})
        return int(given)

    def decode_cursor(self, request: Request) -> Any:
        given = request.query_params.get(self.cursor_query_param)
        if given is None:
            return None
        try:
            said = parse_qs(b64decode(given, validate=True).decode("ascii"), strict_parsing=True)
            cursor = super().decode_cursor(request)
        except (NotFound, ValueError) as error:
            raise ValidationError({"cursor": _("This cursor is not one of ours.")}) from error
        # Offset, direction and the id of a row, as the base class writes them.
        if set(said) - {"o", "r", "p"} or not "".join(said.get("p", ())).isdecimal():
            raise ValidationError({"cursor": _("This cursor is not one of ours.")})
        return cursor
