"""Drafts, issued documents, and what was handed over to accounting."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from billing.enums import DocumentKind, ExportFormat, InvoiceState
from billing.models import ExportBatch, Invoice
from billing.rendering import invoice_csv, invoice_pdf
from billing.services import credit_invoice, discard_draft, export_invoices, issue_invoice
from partners.models import User
from portal.console import cells
from portal.console.actions import Action
from portal.console.base import ConsoleAdmin, File, View
from portal.console.fields import Reason
from portal.console.filters import Choice, Many, Text
from portal.console.listing import Column, Found
from portal.console.record import Fact, Section, facts_of
from portal.presentation import words

_OLD_DAYS = 30
_GROUPS = 200


# --- documents -----------------------------------------------------------------------------------------------------


def _is_draft(invoice: Invoice) -> bool:
    return invoice.state == InvoiceState.DRAFT


def _may_be_credited(invoice: Invoice) -> bool:
    return invoice.state == InvoiceState.ISSUED and invoice.kind == DocumentKind.INVOICE


def _export_all(row: Any, values: Mapping[str, Any], by: User) -> ExportBatch:
    waiting = Invoice.objects.for_user(by).not_exported(ExportFormat.JOURNAL_CSV)
    return export_invoices(waiting, by=by)


EXPORT = Action(
    name="export",
    label=gettext_lazy("Export to accounting…"),
    permission="billing.add_exportbatch",
    on_list=True,
    explain=gettext_lazy(
        "All issued documents that were not exported yet, in one balanced journal. A document is in one batch only."
    ),
    submit=gettext_lazy("Create batch"),
    perform=_export_all,
    done=gettext_lazy("Batch created."),
    icon="output",
    then=lambda batch: reverse("admin:billing_exportbatch_change", args=[batch.pk]),
)


def _document_page(invoice: Invoice) -> str:
    return reverse("admin:billing_invoice_change", args=[invoice.pk])


class InvoiceRoom(ConsoleAdmin):
    related = ("customer", "credits", "created_by", "issued_by")
    search_hint = gettext_lazy("Number")
    empty = gettext_lazy("Drafts are made from unbilled charges.")
    columns = (
        Column(
            "number",
            gettext_lazy("Document"),
            lambda i: cells.strong(i.number or _("Draft %(n)d") % {"n": i.pk}, i.get_kind_display()),
            "number",
        ),
        Column("customer", gettext_lazy("Customer"), lambda i: i.customer_name or str(i.customer), "customer__name"),
        Column("state", gettext_lazy("State"), lambda i: cells.pill(words.invoice_state(i.state)), "state", "c-corner"),
        Column("issued", gettext_lazy("Invoice date"), lambda i: cells.day(i.issued_on), "issued_on", "c-pair"),
        Column("due", gettext_lazy("Due"), lambda i: cells.day(i.due_on), "due_on", "c-pair"),
        Column(
            "total", gettext_lazy("Total"), lambda i: cells.amount(i.total, i.currency), "total", "c-pair is-number"
        ),
    )
    filters = (
        Text("customer", gettext_lazy("Customer"), ("customer__code", "customer__name"), "partners_partner"),
        Text("currency", gettext_lazy("Currency"), ("currency",)),
        Many("state", gettext_lazy("State"), "state", InvoiceState.choices),
        Many("kind", gettext_lazy("Kind"), "kind", DocumentKind.choices),
        Choice(
            "exported",
            gettext_lazy("Handed to accounting"),
            [
                ("no", gettext_lazy("Not yet"), lambda: Q(exports=None, state=InvoiceState.ISSUED)),
                ("yes", gettext_lazy("Yes"), lambda: Q(exports__isnull=False)),
            ],
        ),
    )
    views = (
        View(gettext_lazy("Drafts"), "state=draft"),
        View(gettext_lazy("Issued"), "state=issued"),
        View(gettext_lazy("Credit notes"), "kind=credit_note"),
        View(gettext_lazy("Not exported"), "exported=no"),
        View(gettext_lazy("Everything"), ""),
    )
    operations = (
        Action(
            name="issue",
            label=gettext_lazy("Issue…"),
            permission="billing.change_invoice",
            fits=_is_draft,
            on_rows=True,
            explain=gettext_lazy(
                "It gets its number and is never changed again. A mistake is corrected by a credit note."
            ),
            submit=gettext_lazy("Issue"),
            perform=lambda invoice, values, by: issue_invoice(invoice, by=by),
            is_main=True,
            done=gettext_lazy("Issued."),
            icon="approval",
        ),
        Action(
            name="discard",
            label=gettext_lazy("Discard draft…"),
            permission="billing.change_invoice",
            fits=_is_draft,
            explain=gettext_lazy("Its charges go back to the unbilled ones."),
            is_danger=True,
            perform=lambda invoice, values, by: discard_draft(invoice, by=by),
            done=gettext_lazy("Draft discarded."),
            then=lambda nothing: reverse("admin:billing_invoice_changelist") + "?state=draft",
        ),
        Action(
            name="credit",
            label=gettext_lazy("Credit…"),
            permission="billing.change_invoice",
            form=Reason,
            explain=gettext_lazy("A credit note over the whole invoice; its charges can be billed anew."),
            fits=_may_be_credited,
            perform=lambda i, values, by: credit_invoice(i, reason=values["reason"], by=by),
            done=gettext_lazy("Credit note issued."),
            then=_document_page,
        ),
        EXPORT,
    )
    files = (
        File(
            "pdf",
            gettext_lazy("PDF"),
            "billing.view_invoice",
            lambda i: (invoice_pdf(i), "application/pdf", f"{i}.pdf"),
            "picture_as_pdf",
        ),
        File(
            "csv",
            gettext_lazy("CSV"),
            "billing.view_invoice",
            lambda i: (invoice_csv(i), "text/csv", f"{i}.csv"),
            "table",
        ),
    )
    facts = ("kind", "state", "issued_on", "due_on", "issued_by", "created_by", "created_at", "digest")

    def search(self, rows: QuerySet[Any], text: str) -> Found:
        return Found(rows.filter(number__istartswith=text.replace("\x00", "")[:40]))

    def page_context(self, request: HttpRequest, row: Any) -> dict[str, Any]:
        top = [
            Fact(_("Customer"), cells.partner(row.customer), row.customer_tax_id),
            Fact(_("Total"), cells.amount(row.total, row.currency)),
            Fact(_("Net"), cells.amount(row.net, row.currency)),
            Fact(_("Tax"), cells.amount(row.tax, row.currency)),
        ]
        if row.credits:
            top.append(Fact(_("Credits"), cells.row_link("billing_invoice", row.credits_id, row.credits)))
        return {
            "facts": top + [f for f in facts_of(row, self.facts) if f.value != "–"],
            "sections": self.sections(request, row),
        }

    def sections(self, request: HttpRequest, row: Any) -> list[Section]:
        lines = [
            [
                line.position,
                cells.row_link("shipments_shipment", line.charge.shipment_id, line.shipment_reference),
                line.description,
                line.quantity.normalize(),
                cells.amount(line.price, row.currency),
                f"{line.tax_percent.normalize():f} %",
                cells.amount(line.net, row.currency),
            ]
            for line in row.lines.select_related("charge")
        ]
        head = ["#", _("Shipment"), _("What for"), _("Quantity"), _("Price"), _("Tax"), _("Net")]
        found = [Section(_("Lines"), head, lines, numeric=frozenset({3, 4, 5, 6}), empty=_("No line."))]
        notes = [
            [cells.row_link("billing_invoice", n.pk, n), cells.amount(n.total, n.currency)]
            for n in row.credit_notes.order_by("pk")
        ]
        if notes:
            found.append(Section(_("Credit notes"), [_("Number"), _("Total")], notes, numeric=frozenset({1})))
        return found


class ExportRoom(ConsoleAdmin):
    related = ("created_by",)
    empty = gettext_lazy("Nothing has been handed over to accounting yet.")
    title = gettext_lazy("Exports")
    columns = (
        Column("batch", gettext_lazy("Batch"), lambda b: cells.strong(b, b.digest[:16])),
        Column("rows", gettext_lazy("Rows"), lambda b: b.rows, "", "c-pair is-number"),
        Column(
            "totals",
            gettext_lazy("Debit and credit"),
            lambda b: cells.lines(_balances(b)) if b.totals else cells.nothing(),
            "",
            "c-pair",
        ),
        Column(
            "made",
            gettext_lazy("Created"),
            lambda b: cells.two(cells.moment(b.created_at), b.created_by or ""),
            "",
            "c-pair",
        ),
    )
    operations = (EXPORT,)
    files = (
        File(
            "content",
            gettext_lazy("Download"),
            "billing.view_exportbatch",
            lambda b: (bytes(b.content), "text/csv", f"journal-{b.pk}.csv"),
        ),
    )
    facts = ("format", "rows", "created_at", "created_by", "digest")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).defer("content")

    def sections(self, request: HttpRequest, row: Any) -> list[Section]:
        documents = row.documents.select_related("invoice").order_by("pk")[:500]
        lines = [
            [
                cells.row_link("billing_invoice", d.invoice_id, d.invoice),
                cells.amount(d.invoice.total, d.invoice.currency),
            ]
            for d in documents
        ]
        totals = [
            Fact(currency, f"{sums.get('debit')} = {sums.get('credit')}") for currency, sums in row.totals.items()
        ]
        return [
            Section(_("Debit and credit"), facts=totals),
            Section(_("Documents"), [_("Document"), _("Total")], lines, numeric=frozenset({1}), empty=_("None.")),
        ]


def _balances(batch: ExportBatch) -> list[str]:
    return [f"{sums.get('debit')} = {sums.get('credit')} {currency}" for currency, sums in batch.totals.items()]
