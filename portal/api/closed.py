"""The permission of a view that states none. Apart from the others, because the framework loads it first of all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rest_framework.permissions import BasePermission

if TYPE_CHECKING:
    from rest_framework.request import Request
    from rest_framework.views import APIView


class Closed(BasePermission):
    """Nobody, so that a view which forgets to state its permission serves no one."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        return False
