"""`/invoices/`, `/exports/`: the documents that ask for the money, and their hand-over. Scope `finance`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

import django_filters
from django.db.models import Q, QuerySet
from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from billing.enums import DocumentKind, ExportFormat, InvoiceState
from billing.models import Charge, ExportBatch, Invoice
from billing.rendering import invoice_csv, invoice_pdf
from billing.services import create_drafts, credit_invoice, export_invoices, issue_invoice
from partners.access import ScopedQuerySet
from portal.api.base import FINANCE, AnyAnswer, Door, Internal, Row, caller, download
from portal.api.times import in_utc
from portal.api.words import StrictSerializer
from portal.presentation.money import plain_amount


class InvoiceLineOut(serializers.Serializer[Any]):
    position = serializers.IntegerField()
    shipment = serializers.CharField()
    charge_code = serializers.CharField()
    description = serializers.CharField()
    quantity = serializers.CharField()
    price = serializers.CharField()
    net = serializers.CharField()
    tax_percent = serializers.CharField()


class InvoiceOut(serializers.Serializer[Invoice]):
    id = serializers.UUIDField()
    number = serializers.CharField()
    kind = serializers.ChoiceField(choices=DocumentKind.choices)
    state = serializers.ChoiceField(choices=InvoiceState.choices)
    customer = serializers.CharField()
    currency = serializers.CharField()
    net = serializers.CharField()
    tax = serializers.CharField()
    total = serializers.CharField()
    issued_on = serializers.DateField(allow_null=True)
    due_on = serializers.DateField(allow_null=True)
    credits = serializers.UUIDField(allow_null=True)
    lines = InvoiceLineOut(many=True)


class InvoiceFilter(django_filters.FilterSet):
    number = django_filters.CharFilter(max_length=32)
    customer = django_filters.CharFilter(field_name="customer__code", max_length=32)
    state = django_filters.ChoiceFilter(choices=InvoiceState.choices)
    kind = django_filters.ChoiceFilter(choices=DocumentKind.choices)
    updated_since = django_filters.IsoDateTimeFilter(method="touched", help_text="Made or issued from then on")

    class Meta:
        model = Invoice
        fields: ClassVar[list[str]] = []

    def touched(self, rows: QuerySet[Invoice], name: str, value: Any) -> QuerySet[Invoice]:
        return rows.filter(Q(created_at__gte=value) | Q(issued_at__gte=value))


class DraftsIn(StrictSerializer):
    customer = serializers.CharField(max_length=32, help_text="Bill everything unbilled of this partner")


class CreditIn(StrictSerializer):
    reason = serializers.CharField(max_length=300)


class ExportIn(StrictSerializer):
    format = serializers.ChoiceField(choices=ExportFormat.choices, default=ExportFormat.JOURNAL_CSV)


def present_invoice(invoice: Invoice) -> Row:
    money = invoice.currency
    return {
        "id": str(invoice.public_id),
        "number": invoice.number,
        "kind": invoice.kind,
        "state": invoice.state,
        "customer": invoice.customer.code,
        "currency": money,
        "net": plain_amount(invoice.net, money),
        "tax": plain_amount(invoice.tax, money),
        "total": plain_amount(invoice.total, money),
        "issued_on": invoice.issued_on.isoformat() if invoice.issued_on else None,
        "due_on": invoice.due_on.isoformat() if invoice.due_on else None,
        "credits": str(invoice.credits.public_id) if invoice.credits else None,
        "lines": [
            {
                "position": line.position,
                "shipment": line.shipment_reference,
                "charge_code": line.charge_code,
                "description": line.description,
                "quantity": plain_amount(line.quantity),
                "price": plain_amount(line.price),
                "net": plain_amount(line.net, money),
                "tax_percent": plain_amount(line.tax_percent),
            }
            for line in invoice.lines.all()
        ],
    }


class InvoiceDoor(Door[Invoice]):
    model = Invoice
    scopes: ClassVar[dict[str, str]] = FINANCE
    permissions: ClassVar[dict[str, str]] = {"GET": "billing.view_invoice", "POST": "billing.change_invoice"}
    serializer_class = InvoiceOut

    def rows(self) -> ScopedQuerySet[Invoice]:
        return Invoice.objects.select_related("customer", "credits").prefetch_related("lines")


class Invoices(InvoiceDoor):
    filterset_class = InvoiceFilter

    @extend_schema(operation_id="invoices_list", responses=InvoiceOut(many=True))
    def get(self, request: Request) -> Response:
        """Invoices and credit notes that you may see, newest first."""
        return self.page(self.get_queryset(), lambda rows: map(present_invoice, rows))


class OneInvoice(InvoiceDoor):
    @extend_schema(operation_id="invoices_retrieve", responses=InvoiceOut)
    def get(self, request: Request, id: str) -> Response:
        """One invoice with its lines."""
        return Response(present_invoice(self.one()))


class InvoicePdf(InvoiceDoor):
    content_negotiation_class = AnyAnswer

    @extend_schema(operation_id="invoices_pdf", responses={(200, "application/pdf"): OpenApiTypes.BINARY})
    def get(self, request: Request, id: str) -> HttpResponse:
        """The invoice as PDF."""
        invoice = self.one()
        name = f"{invoice.number or 'draft'}.pdf"
        return download(invoice_pdf(invoice), content_type="application/pdf", filename=name)


class InvoiceCsv(InvoiceDoor):
    content_negotiation_class = AnyAnswer

    @extend_schema(operation_id="invoices_csv", responses={(200, "text/csv"): OpenApiTypes.STR})
    def get(self, request: Request, id: str) -> HttpResponse:
        """The lines of the invoice as CSV."""
        invoice = self.one()
        name = f"{invoice.number or 'draft'}.csv"
        return download(invoice_csv(invoice), content_type="text/csv; charset=utf-8", filename=name)


class InvoiceVerb(InvoiceDoor):
    """What finance does with an invoice; never a partner."""

    permission_classes = (Internal,)


class Drafts(InvoiceVerb):
    @extend_schema(operation_id="invoices_draft", request=DraftsIn, responses={201: InvoiceOut(many=True)})
    def post(self, request: Request) -> Response:
        """Make drafts of all that is unbilled for a customer, one per currency."""
        given = DraftsIn(data=request.data)
        given.is_valid(raise_exception=True)
        mine = Charge.objects.for_user(caller(request)).billable()
        drafts = create_drafts(mine.filter(customer__code=given.validated_data["customer"]), by=caller(request))
        made = self.rows().filter(pk__in=[draft.pk for draft in drafts]).order_by("pk")
        return Response([present_invoice(draft) for draft in made], status=201)


class Issue(InvoiceVerb):
    @extend_schema(operation_id="invoices_issue", request=None, responses=InvoiceOut)
    def post(self, request: Request, id: str) -> Response:
        """Give the draft its number. From here on it never changes."""
        issued = issue_invoice(self.one(), by=caller(request))
        return Response(present_invoice(self.rows().get(pk=issued.pk)))


class Credit(InvoiceVerb):
    @extend_schema(operation_id="invoices_credit", request=CreditIn, responses={201: InvoiceOut})
    def post(self, request: Request, id: str) -> Response:
        """Answer an issued invoice with a credit note over all of it."""
        given = CreditIn(data=request.data)
        given.is_valid(raise_exception=True)
        note = credit_invoice(self.one(), reason=given.validated_data["reason"], by=caller(request))
        return Response(present_invoice(self.rows().get(pk=note.pk)), status=201)


class ExportOut(serializers.Serializer[ExportBatch]):
    id = serializers.UUIDField()
    format = serializers.ChoiceField(choices=ExportFormat.choices)
    created_at = serializers.DateTimeField()
    rows = serializers.IntegerField()
    totals = serializers.DictField()
    sha256 = serializers.CharField()


def present_batches(batches: Iterable[ExportBatch]) -> list[Row]:
    return [
        {
            "id": str(batch.public_id),
            "format": batch.format,
            "created_at": in_utc(batch.created_at),
            "rows": batch.rows,
            "totals": batch.totals,
            "sha256": batch.digest,
        }
        for batch in batches
    ]


class ExportDoor(Door[ExportBatch]):
    model = ExportBatch
    permission_classes = (Internal,)
    permissions: ClassVar[dict[str, str]] = {"GET": "billing.view_exportbatch", "POST": "billing.add_exportbatch"}
    serializer_class = ExportOut

    def rows(self) -> ScopedQuerySet[ExportBatch]:
        return ExportBatch.objects.defer("content")


class ExportFilter(django_filters.FilterSet):
    updated_since = django_filters.IsoDateTimeFilter(field_name="created_at", lookup_expr="gte")

    class Meta:
        model = ExportBatch
        fields: ClassVar[list[str]] = []


class Exports(ExportDoor):
    filterset_class = ExportFilter

    @extend_schema(operation_id="exports_list", responses=ExportOut(many=True))
    def get(self, request: Request) -> Response:
        """Hand-overs to the accounting system, newest first."""
        return self.page(self.get_queryset(), present_batches)

    @extend_schema(operation_id="exports_create", request=ExportIn, responses={201: ExportOut})
    def post(self, request: Request) -> Response:
        """Freeze all issued documents that are in no batch yet."""
        given = ExportIn(data=request.data)
        given.is_valid(raise_exception=True)
        waiting = Invoice.objects.for_user(caller(request)).filter(
            pk__in=Invoice.objects.not_exported(given.validated_data["format"]).values("pk")
        )
        batch = export_invoices(waiting, by=caller(request))
        return Response(present_batches([batch])[0], status=201)


class ExportFile(ExportDoor):
    content_negotiation_class = AnyAnswer

    @extend_schema(operation_id="exports_file", responses={(200, "text/csv"): OpenApiTypes.STR})
    def get(self, request: Request, id: str) -> HttpResponse:
        """The file of the batch: the same bytes every time."""
        batch = self.one()
        name = f"{batch.format}-{batch.pk}.csv"
        return download(bytes(batch.content), content_type="text/csv; charset=utf-8", filename=name)
