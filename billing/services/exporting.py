"""Handing issued documents over to the accounting system, each once per format, as bytes that never change."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from django.db import transaction
from django.db.models import QuerySet

from billing.enums import ExportFormat
from billing.exports import journal_csv
from billing.models import ExportBatch, ExportedInvoice, Invoice
from billing.services.copying import documents_of
from core.bulk import insert_rows
from core.errors import DomainError
from partners.models import User


@transaction.atomic
def export_invoices(invoices: QuerySet[Invoice] | Iterable[Invoice], *, by: User | None) -> ExportBatch:
    """One batch of what is issued and not exported yet among `invoices`, in the order of the numbers.

    Raises DomainError when that is nothing, so that pressing twice makes one batch.
    """
    chosen = [invoice.pk for invoice in invoices]
    # Locked first and asked afterwards: who waited here must see what the other exporter left.
    list(Invoice.objects.issued().filter(pk__in=chosen).select_for_update().order_by("pk").values_list("pk"))
    waiting = Invoice.objects.not_exported(ExportFormat.JOURNAL_CSV).filter(pk__in=chosen)
    documents = documents_of(waiting.order_by("series__code", "sequence_number"))
    if not documents:
        raise DomainError("nothing_to_export", "All of these are drafts or were exported before.", conflict=True)
    content = journal_csv.render(documents)
    batch = ExportBatch.objects.create(
        format=ExportFormat.JOURNAL_CSV,
        created_by=by,
        content=content,
        digest=hashlib.sha256(content).hexdigest(),
        rows=sum(len(journal_csv.postings(document)) for document in documents),
        totals=journal_csv.balance(documents),
    )
    rows = [(batch.pk, pk, ExportFormat.JOURNAL_CSV.value) for pk in waiting.values_list("pk", flat=True)]
    insert_rows(ExportedInvoice, ("batch", "invoice", "format"), rows)
    return batch
