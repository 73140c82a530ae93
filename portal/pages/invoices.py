"""The invoices and credit notes of the companies for which a person may see them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from billing.models import Invoice
from billing.models.invoices import InvoiceQuerySet
from billing.rendering import invoice_csv, invoice_pdf
from partners.enums import Permission
from portal.pages.base import Page, page_of
from portal.presentation import words
from portal.presentation.money import shown_amount
from portal.presentation.words import Word


def _listed(invoice: Invoice) -> tuple[Invoice, Word, str]:
    return invoice, words.document_kind(invoice.kind), shown_amount(invoice.total, invoice.currency)


class InvoiceRoom(Page):
    """Only for those who may see the invoices of somebody; drafts are never here."""

    room: ClassVar[str] = "invoices"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.user.is_authenticated:
            self.must(self.may_see_invoices, Permission.VIEW_INVOICES)
        return super().dispatch(request, *args, **kwargs)

    def issued(self) -> InvoiceQuerySet:
        return Invoice.objects.issued().select_related("credits")

    def find_issued(self, public_id: UUID) -> Invoice:
        return self.find(self.issued(), public_id)


class InvoiceList(InvoiceRoom):
    template_name = "portal/invoices.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        invoices, following = page_of(self.rows(self.issued()), request.GET.get("after", ""))
        context = self.get_context_data(
            invoices=[_listed(one) for one in invoices],
            following=following,
            is_first=not request.GET.get("after"),
        )
        return self.render_to_response(context)


class InvoicePage(InvoiceRoom):
    template_name = "portal/invoice.html"

    def get(self, request: HttpRequest, public_id: UUID) -> HttpResponse:
        invoice = self.find_issued(public_id)
        currency = invoice.currency
        context = self.get_context_data(
            invoice=invoice,
            kind=words.document_kind(invoice.kind),
            lines=[(line, shown_amount(line.net, currency)) for line in invoice.lines.all()],
            net=shown_amount(invoice.net, currency),
            tax=shown_amount(invoice.tax, currency),
            total=shown_amount(invoice.total, currency),
        )
        return self.render_to_response(context)


class InvoiceFile(InvoiceRoom):
    """The document itself, to keep. `render` and `content_type` say in which form."""

    render: Callable[[Invoice], bytes] = staticmethod(invoice_pdf)
    content_type: str = "application/pdf"
    ending: str = "pdf"

    def get(self, request: HttpRequest, public_id: UUID) -> HttpResponse:
        invoice = self.find_issued(public_id)
        headers = {"Content-Disposition": f'attachment; filename="{invoice.number}.{self.ending}"'}
        return HttpResponse(self.render(invoice), content_type=self.content_type, headers=headers)


class InvoiceTable(InvoiceFile):
    render = staticmethod(invoice_csv)
    content_type = "text/csv; charset=utf-8"
    ending = "csv"
