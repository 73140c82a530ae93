"""`/documents/`: papers of shipments. Who sees which is decided by the model, and what is taken by its service."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Iterable
from typing import Any, ClassVar

import django_filters
from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.db.models import Q, QuerySet
from django.http import HttpResponse
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from partners.access import ScopedQuerySet
from partners.enums import Scope
from portal.api import examples
from portal.api.base import READ_ONLY, AnyAnswer, Door, Row, caller, download
from portal.api.errors import TooLarge
from portal.api.parsing import StrictJSONParser
from portal.api.times import in_utc
from portal.api.words import LowerChoiceField, StrictSerializer
from shipments.enums import DocumentAudience, DocumentType
from shipments.models import Document, Shipment
from shipments.services import body_of, file_document, withdraw_document

# What surrounds the bytes of a document in a request.
_AROUND = 64 << 10


def longest_text() -> int:
    """Signs of the largest document in Base64, four for three bytes."""
    return -(-settings.WAYMARK_DOCUMENT_BYTES // 3) * 4


class DocumentJSONParser(StrictJSONParser):
    def largest(self) -> int:
        return longest_text() + _AROUND


class DocumentFilter(django_filters.FilterSet):
    shipment = django_filters.UUIDFilter(field_name="shipment__public_id")
    type = django_filters.ChoiceFilter(choices=DocumentType.choices)
    updated_since = django_filters.IsoDateTimeFilter(method="changed", help_text="Filed or withdrawn")

    class Meta:
        model = Document
        fields: ClassVar[list[str]] = []

    def changed(self, rows: QuerySet[Document], name: str, value: Any) -> QuerySet[Document]:
        return rows.filter(Q(received_at__gte=value) | Q(withdrawn_at__gte=value))


class DocumentIn(StrictSerializer):
    """As multipart/form-data with `file`, or as JSON with `content` in Base64 and a `name`."""

    shipment = serializers.UUIDField(help_text="Id of the shipment")
    type = LowerChoiceField(choices=DocumentType.choices)
    audience = LowerChoiceField(choices=DocumentAudience.choices, default=DocumentAudience.INTERNAL.value)
    name = serializers.CharField(max_length=255, required=False, default="", allow_blank=True)
    file = serializers.FileField(required=False, max_length=255, allow_empty_file=True)
    content = serializers.CharField(required=False, help_text="The bytes in Base64 (RFC 4648, section 4)")


class WithdrawIn(StrictSerializer):
    reason = serializers.CharField(max_length=300)


class DocumentOut(serializers.Serializer[Document]):
    id = serializers.UUIDField()
    shipment = serializers.UUIDField()
    reference = serializers.CharField(help_text="Of the shipment")
    type = serializers.ChoiceField(choices=DocumentType.choices)
    name = serializers.CharField()
    content_type = serializers.CharField(help_text="As the bytes say")
    size = serializers.IntegerField(help_text="Bytes")
    sha256 = serializers.CharField()
    audience = serializers.ChoiceField(choices=DocumentAudience.choices)
    received_at = serializers.DateTimeField()
    withdrawn_at = serializers.DateTimeField(allow_null=True, help_text="Only the house sees withdrawn ones")
    withdraw_reason = serializers.CharField()


def present(document: Document) -> Row:
    return {
        "id": str(document.public_id),
        "shipment": str(document.shipment.public_id),
        "reference": document.shipment.reference,
        "type": document.type,
        "name": document.name,
        "content_type": document.content_type,
        "size": document.size,
        "sha256": document.digest,
        "audience": document.audience,
        "received_at": in_utc(document.received_at),
        "withdrawn_at": in_utc(document.withdrawn_at),
        "withdraw_reason": document.withdraw_reason,
    }


def present_all(documents: Iterable[Document]) -> list[Row]:
    return [present(document) for document in documents]


class DocumentDoor(Door[Document]):
    model = Document
    scopes: ClassVar[dict[str, str]] = READ_ONLY | {"POST": Scope.WRITE}
    # A paper is part of its shipment: who may look at that, or change it.
    permissions: ClassVar[dict[str, str]] = {"GET": "shipments.view_shipment", "POST": "shipments.change_shipment"}
    serializer_class = DocumentOut

    def rows(self) -> ScopedQuerySet[Document]:
        return Document.objects.select_related("shipment").without_body()


class Documents(DocumentDoor):
    filterset_class = DocumentFilter
    parser_classes = (MultiPartParser, DocumentJSONParser)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        # Before anything of it is written to the disk.
        if int(request.META.get("CONTENT_LENGTH") or 0) > longest_text() + _AROUND:
            raise TooLarge
        super().initial(request, *args, **kwargs)

    def body(self, request: Request) -> bytes:
        """What was sent, the same whatever stands between the parts of a form."""
        if not isinstance(request.data, dict) or not any(isinstance(v, UploadedFile) for v in request.data.values()):
            return repr(request.data).encode("utf-8", "replace")
        said = [(name, _digest(value)) for name, value in sorted(request.data.items())]
        return repr(said).encode("utf-8", "replace")

    @extend_schema(operation_id="documents_list", responses=DocumentOut(many=True))
    def get(self, request: Request) -> Response:
        """Documents of shipments that you may see, newest first; name a shipment for its own."""
        return self.page(self.get_queryset(), present_all)

    @extend_schema(
        operation_id="documents_file",
        request=DocumentIn,
        responses={201: DocumentOut, 200: DocumentOut},
        examples=examples.DOCUMENT,
        filters=False,
    )
    def post(self, request: Request) -> Response:
        """File a document of a shipment: 201, or 200 with the one that stands when these bytes are there already.

        What is taken: PDF, PNG, JPEG, TIFF, XLSX, DOCX, XML, CSV and plain text. `internal` is seen by the house and
        by who filed it, `partner` by the parties other than the customer too, `customer` by all parties.
        """
        given = DocumentIn(data=request.data)
        given.is_valid(raise_exception=True)
        said = given.validated_data
        shipment = Shipment.objects.get_for_user(caller(request), public_id=said["shipment"])
        name, body = _bytes_of(said)
        document, is_new = file_document(
            shipment, type=said["type"], name=name, audience=said["audience"], body=body, by=caller(request)
        )
        return Response(present(self.rows().get(pk=document.pk)), status=201 if is_new else 200)


class OneDocument(DocumentDoor):
    @extend_schema(operation_id="documents_retrieve", responses=DocumentOut)
    def get(self, request: Request, id: str) -> Response:
        """One document, without its bytes."""
        return Response(present(self.one()))


class DocumentFile(DocumentDoor):
    content_negotiation_class = AnyAnswer

    @extend_schema(operation_id="documents_download", responses={(200, "*/*"): OpenApiTypes.BINARY})
    def get(self, request: Request, id: str) -> HttpResponse:
        """The bytes of the document as they were filed, to keep."""
        document = self.one()
        return download(body_of(document), content_type=document.content_type, filename=document.name)


class WithdrawDocument(DocumentDoor):
    action = "change"

    @extend_schema(
        operation_id="documents_withdraw", request=WithdrawIn, responses=DocumentOut, examples=examples.REASON
    )
    def post(self, request: Request, id: str) -> Response:
        """Have a document count no more; it is kept. Outside the house only what you filed yourself."""
        document = self.one()
        given = WithdrawIn(data=request.data)
        given.is_valid(raise_exception=True)
        withdraw_document(document, reason=given.validated_data["reason"], by=caller(request))
        return Response(present(document))


def _bytes_of(said: dict[str, Any]) -> tuple[str, bytes]:
    """(name, bytes) of a checked request. Raises ValidationError when not exactly one way was chosen."""
    file, content = said.get("file"), said.get("content")
    if (file is None) == (content is None):
        raise ValidationError({"file": _("Send the document as file, or its bytes as content in Base64.")})
    if file is not None:
        # One byte more than is allowed is enough to be refused.
        return said["name"] or file.name, file.read(settings.WAYMARK_DOCUMENT_BYTES + 1)
    try:
        return said["name"], base64.b64decode(str(content), validate=True)
    except (binascii.Error, ValueError) as error:
        raise ValidationError({"content": _("This is not Base64.")}) from error


def _digest(value: Any) -> str:
    if not isinstance(value, UploadedFile):
        return str(value)
    found = hashlib.sha256()
    for part in value.chunks():
        found.update(part)
    value.seek(0)
    return found.hexdigest()
