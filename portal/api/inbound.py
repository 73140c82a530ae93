"""`/inbound/{id}/`: calls of a source's webhook. No key: who shares the secret signs, and nobody else is heard."""

from __future__ import annotations

from typing import Any, NoReturn

from django.conf import settings
from django.core.cache import cache
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed, Throttled
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from portal.api import examples
from portal.api.errors import LengthRequired, TooLarge
from portal.api.messages import AnyParser
from portal.api.schema import PlainSchema
from portal.services import WINDOW_SECONDS
from shipments.enums import ConnectionKind
from shipments.models import Connection
from shipments.services import NotGenuine, take_call

# What a call may be as long as nobody has said otherwise.
_USUAL_BYTES = 1 << 20


class SignatureAuthentication(BaseAuthentication):
    """The call speaks for a connection, not for a person; its signature is checked over the body by the service."""

    def authenticate(self, request: Request) -> None:
        return None

    def authenticate_header(self, request: Request) -> str:
        return 'Signature realm="waymark"'


class SignatureScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "portal.api.inbound.SignatureAuthentication"
    name = "Signature"

    def get_security_definition(self, auto_schema: object) -> dict[str, str]:
        text = "Standard Webhooks (webhook-id, webhook-timestamp, webhook-signature), or the headers that were agreed."
        return {"type": "apiKey", "in": "header", "name": "webhook-signature", "description": text}


class CallOut(serializers.Serializer[Connection]):
    id = serializers.UUIDField(help_text="The message that was stored; the same for the same call again")


class Inbound(APIView):
    authentication_classes = (SignatureAuthentication,)
    permission_classes = ()
    parser_classes = (AnyParser,)
    http_method_names = ["post"]
    # Its own id makes a call take effect once: no Idempotency-Key.
    schema = PlainSchema()

    @extend_schema(
        operation_id="inbound_call",
        request={"*/*": OpenApiTypes.BINARY},
        responses={202: CallOut, 200: CallOut},
        examples=examples.PAYLOAD + examples.CALL,
    )
    def post(self, request: Request, id: str) -> Response:
        """Hand in one message of a source, signed. Stored when the answer comes: 202, and 200 for the same call again.

        401 for whatever is wrong with the signature, its time or the address; 409 for a known id with another body.
        """
        connection = (
            Connection.objects.active()
            .filter(public_id=id, kind=ConnectionKind.WEBHOOK)
            .select_related("source")
            .first()
        )
        _count(request, connection)
        if connection is None:
            _refuse()
        body = _body(request, int(connection.settings.get("most_bytes", _USUAL_BYTES)))
        headers = {name.lower(): value for name, value in request.headers.items()}
        try:
            taken = take_call(connection, headers, body, timezone.now())
        except NotGenuine:
            _refuse()
        status = 200 if taken.is_replay else 202
        return Response({"id": str(taken.message.public_id)}, status=status, headers={"Cache-Control": "no-store"})


def _refuse() -> NoReturn:
    """One answer for a wrong signature, a stale one, and an address that is not there."""
    raise AuthenticationFailed(_("The call is not signed as agreed, or it is too old."))


def _body(request: Request, most: int) -> bytes:
    if "Transfer-Encoding" in request.headers and "Content-Length" not in request.headers:
        raise LengthRequired
    length = request.headers.get("Content-Length", "")
    if length.isdecimal() and int(length[:19]) > most:
        raise TooLarge
    return bytes(request._request.body)


def _count(request: Request, connection: Connection | None) -> None:
    """So many calls a minute of one connection, and of one address that asks for what is not there."""
    who: Any = connection.pk if connection else f"unknown-{request.META.get('REMOTE_ADDR', '')}"
    window, passed = divmod(int(timezone.now().timestamp()), WINDOW_SECONDS)
    key = f"inbound-{who}-{window}"
    cache.add(key, 0, WINDOW_SECONDS)
    try:
        count = cache.incr(key)
    except ValueError:
        # It was dropped in this very moment to make room.
        return
    if count > settings.WAYMARK_RATE_LIMIT:
        raise Throttled(wait=WINDOW_SECONDS - passed)
