"""`/messages/`: payloads in the sender's own format, stored before anything reads them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

import django_filters
from django.http import Http404, HttpResponse
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.response import Response

from partners.access import ScopedQuerySet
from partners.enums import Scope
from portal.api import examples
from portal.api.base import READ_ONLY, AnyAnswer, Door, Row, caller, download
from portal.api.times import in_utc
from shipments.enums import MessageState
from shipments.models import Acknowledgement, Event, Message, Source
from shipments.services import hand_over, receive, reprocess

MAXIMUM_EVENTS_SHOWN = 1000
# Of an acknowledgement by its kind; both names are registered (RFC 1767).
_EDI_TYPES = {"997": "application/EDI-X12", "CONTRL": "application/EDIFACT"}


class AnyParser(BaseParser):
    """Any content type is taken as it is: the bytes are the message."""

    media_type = "*/*"

    def parse(self, stream: Any, media_type: Any = None, parser_context: Any = None) -> Any:
        return {}


class MessageFilter(django_filters.FilterSet):
    state = django_filters.ChoiceFilter(choices=MessageState.choices)
    source = django_filters.CharFilter(field_name="source__code", max_length=32)
    updated_since = django_filters.IsoDateTimeFilter(field_name="last_delivered_at", lookup_expr="gte")

    class Meta:
        model = Message
        fields: ClassVar[list[str]] = []


class MessageOut(serializers.Serializer[Message]):
    id = serializers.UUIDField()
    source = serializers.CharField()  # type: ignore[assignment]  # a field of that name, not the base's attribute
    state = serializers.ChoiceField(choices=MessageState.choices)
    filename = serializers.CharField()
    content_type = serializers.CharField()
    size = serializers.IntegerField()
    deliveries = serializers.IntegerField(help_text="How often these very bytes were sent")
    received_at = serializers.DateTimeField()
    processed_at = serializers.DateTimeField(allow_null=True)
    errors = serializers.ListField(  # type: ignore[assignment]
        child=serializers.DictField(), help_text="code, message, segment, element, position"
    )
    counts = serializers.DictField(child=serializers.IntegerField())
    events = serializers.ListField(child=serializers.UUIDField(), required=False)


class ReceiptOut(serializers.Serializer[Message]):
    id = serializers.UUIDField()
    state = serializers.ChoiceField(choices=MessageState.choices)
    duplicate_of = serializers.UUIDField(allow_null=True, help_text="Set when these bytes were received before")


def present(message: Message) -> Row:
    return {
        "id": str(message.public_id),
        "source": message.source.code,
        "state": message.state,
        "filename": message.filename,
        "content_type": message.content_type,
        "size": message.size,
        "deliveries": message.deliveries,
        "received_at": in_utc(message.received_at),
        "processed_at": in_utc(message.processed_at),
        "errors": message.errors,
        "counts": {
            "events": message.events_found,
            "matched": message.events_matched,
            "unmatched": message.events_unmatched,
            "unmapped": message.events_unmapped,
            "quarantined": message.events_quarantined,
            "duplicates": message.events_duplicate,
        },
    }


def present_all(messages: Iterable[Message]) -> list[Row]:
    return [present(message) for message in messages]


class MessageDoor(Door[Message]):
    model = Message
    scopes: ClassVar[dict[str, str]] = READ_ONLY | {"POST": Scope.INGEST}
    permissions: ClassVar[dict[str, str]] = {
        "GET": "shipments.view_message",
        "POST": "shipments.change_message",
    }
    serializer_class = MessageOut

    def rows(self) -> ScopedQuerySet[Message]:
        return Message.objects.select_related("source").without_raw()


class Messages(MessageDoor):
    parameters: ClassVar[dict[str, frozenset[str]]] = {"POST": frozenset({"source"})}
    filterset_class = MessageFilter
    parser_classes = (AnyParser,)

    @extend_schema(operation_id="messages_list", responses=MessageOut(many=True))
    def get(self, request: Request) -> Response:
        """Messages of your sources, newest first."""
        return self.page(self.get_queryset(), present_all)

    @extend_schema(
        operation_id="messages_receive",
        parameters=[OpenApiParameter("source", str, required=True, description="Code of the source that sends")],
        request={"*/*": OpenApiTypes.BINARY},
        responses={202: ReceiptOut},
        examples=examples.PAYLOAD + examples.RECEIPT,
        filters=False,
    )
    def post(self, request: Request) -> Response:
        """Hand in one message. It is stored when the answer comes; it is read right after."""
        code = request.query_params.get("source", "")
        if not code:
            raise ValidationError({"source": _("Name the source: ?source=CODE")})
        source = Source.objects.active().get_for_user(caller(request), code=code)
        payload = self.body(request)
        content_type = (request.content_type or "")[:100]
        receipt = receive(source, payload, content_type=content_type, by=caller(request))
        message = receipt.message
        duplicate_of = str(message.public_id) if receipt.is_duplicate else None
        body = {"id": str(message.public_id), "state": message.state, "duplicate_of": duplicate_of}
        return Response(body, status=202)


class OneMessage(MessageDoor):
    @extend_schema(operation_id="messages_retrieve", responses=MessageOut)
    def get(self, request: Request, id: str) -> Response:
        """A message with its errors and the ids of its events."""
        message = self.one()
        ids = Event.objects.filter(message=message).order_by("pk").values_list("public_id", flat=True)
        return Response(present(message) | {"events": [str(pk) for pk in ids[:MAXIMUM_EVENTS_SHOWN]]})


class Reprocess(MessageDoor):
    @extend_schema(operation_id="messages_reprocess", request=None, responses={202: ReceiptOut})
    def post(self, request: Request, id: str) -> Response:
        """Read the message again, with today's mappings and places. Nothing is stored twice."""
        message = self.one()
        reprocess(message, by=caller(request))
        message.refresh_from_db(fields=["state"])
        return Response({"id": str(message.public_id), "state": message.state, "duplicate_of": None}, status=202)


class AcknowledgementOut(serializers.Serializer[Acknowledgement]):
    kind = serializers.ChoiceField(choices=sorted(_EDI_TYPES))
    is_accepted = serializers.BooleanField(help_text="False when something in the interchange was not read")
    created_at = serializers.DateTimeField()
    handed_over_at = serializers.DateTimeField(allow_null=True, help_text="When it was first taken over")


class OneAcknowledgement(MessageDoor):
    """What we answer to an interchange. Looking at it changes nothing; taking it over is said with a POST."""

    content_negotiation_class = AnyAnswer

    def answer(self) -> Acknowledgement:
        found = Acknowledgement.objects.filter(message=self.one()).first()
        if found is None:
            raise Http404
        return found

    @extend_schema(
        operation_id="messages_acknowledgement",
        responses={(200, kind): OpenApiTypes.BINARY for kind in _EDI_TYPES.values()},
        examples=examples.ACKNOWLEDGEMENT,
    )
    def get(self, request: Request, id: str) -> HttpResponse:
        """The 997 or CONTRL that answers this message, as it is to be sent. 404 when there is none."""
        answer = self.answer()
        name = f"{answer.kind}-{answer.message_id}.edi"
        return download(bytes(answer.body), content_type=_EDI_TYPES[answer.kind], filename=name)

    @extend_schema(
        operation_id="messages_acknowledgement_take_over",
        request=None,
        responses={200: AcknowledgementOut},
        examples=examples.TAKEN_OVER,
    )
    def post(self, request: Request, id: str) -> Response:
        """Say that you have taken the acknowledgement over. The first time counts."""
        answer = self.answer()
        hand_over(answer)
        answer.refresh_from_db(fields=["handed_over_at"])
        body = {
            "kind": answer.kind,
            "is_accepted": answer.is_accepted,
            "created_at": in_utc(answer.created_at),
            "handed_over_at": in_utc(answer.handed_over_at),
        }
        return Response(body)
