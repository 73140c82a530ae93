"""Lists page by key, newest first, and never count."""

from __future__ import annotations

from typing import Any

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
        try:
            cursor = super().decode_cursor(request)
        except (NotFound, ValueError) as error:
            raise ValidationError({"cursor": _("This cursor is not one of ours.")}) from error
        if cursor and cursor.position is not None and not str(cursor.position).isdigit():
            raise ValidationError({"cursor": _("This cursor is not one of ours.")})
        return cursor
