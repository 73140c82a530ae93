"""The PDF is read back, the table is parsed."""

from __future__ import annotations

import csv
import io

import pypdfium2
import pytest

from billing.models import Invoice
from billing.rendering import invoice_csv, invoice_pdf
from billing.services import credit_invoice
from tests.factories.billing import drafted, handling, issued
from tests.factories.partners import PartnerFactory

pytestmark = pytest.mark.django_db


def text_of(pdf: bytes) -> str:
    document = pypdfium2.PdfDocument(pdf)
    try:
        return "\n".join(page.get_textpage().get_text_bounded() for page in document).replace("\r\n", "\n")
    finally:
        document.close()


def lines_of(pdf: bytes) -> list[str]:
    return [line.strip() for line in text_of(pdf).splitlines() if line.strip()]


def test_the_pdf_says_what_was_issued() -> None:
    handling("1234.50")
    customer = PartnerFactory(name="Acme & Sons [#1]", billing_address="Street 5\nRotterdam", language="en")
    invoice = issued("S-1", "S-2", customer=customer)
    lines = lines_of(invoice_pdf(Invoice.objects.get()))
    for expected in (
        "Acme & Sons [#1]", "Rotterdam", invoice.issuer_name, f"Invoice {invoice.number}", customer.code,
    ):  # fmt: skip
        assert [line for line in lines if expected in line] != [], expected
    assert [line for line in lines if line.startswith("S-")] == [
        "S-1 Handling 1 1,234.50 19 % 1,234.50",
        "S-2 Handling 1 1,234.50 19 % 1,234.50",
    ]
    assert lines[lines.index("Net 2,469.00") :][:3] == [
        "Net 2,469.00",
        "Tax 19 % on 2,469.00 469.11",
        "Total EUR 2,938.11",
    ]


def test_the_same_document_gives_the_same_bytes() -> None:
    handling()
    issued()
    first, second = invoice_pdf(Invoice.objects.get()), invoice_pdf(Invoice.objects.get())
    assert (first == second, first[:5], b"pdfaid:part>3<" in first.replace(b"\n", b"")) == (True, b"%PDF-", True)


def test_a_draft_says_so_and_a_credit_note_names_its_invoice() -> None:
    handling()
    assert "Invoice Draft" in lines_of(invoice_pdf(drafted()))
    invoice = issued("S-2")
    note = lines_of(invoice_pdf(credit_invoice(invoice, reason="Wrong", by=None)))
    assert (f"Credits invoice {invoice.number}" in note, "Total EUR -119.00" in note) == (True, True)


def test_numbers_and_days_are_written_as_the_customer_does() -> None:
    handling("1234.50")
    lines = lines_of(invoice_pdf(issued(customer=PartnerFactory(language="de"))))
    assert [line for line in lines if line.startswith("S-1")] == ["S-1 Handling 1 1.234,50 19 % 1.234,50"]


def test_a_name_that_no_font_can_draw_does_not_refuse_the_document() -> None:
    handling()
    invoice = issued(customer=PartnerFactory(name="上海货运", language="zh-hans"))
    assert f"Invoice {invoice.number}" in lines_of(invoice_pdf(invoice))


def test_many_lines_break_over_pages_with_their_heading() -> None:
    handling()
    customer = PartnerFactory(language="en")
    pdf = invoice_pdf(issued(*(f"S-{n:02}" for n in range(40)), customer=customer))
    assert [line for line in lines_of(pdf) if line.startswith("Page")] == []
    assert sum(line.startswith("Shipment Description") for line in lines_of(pdf)) == 2
    assert [line[-10:] for line in lines_of(pdf) if "Page" in line] == ["Page 1 / 2", "Page 2 / 2"]


def test_the_table_of_one_invoice() -> None:
    handling()
    invoice = issued(customer=PartnerFactory(name="=1+1"))
    [row] = csv.DictReader(io.StringIO(invoice_csv(invoice).decode(), newline=""))
    assert row == {
        "document": "INV000001", "kind": "invoice", "date": invoice.issued_on.isoformat(),
        "due": invoice.due_on.isoformat(), "customer": "'=1+1", "shipment": "S-1", "charge_code": "HANDLING",
        "description": "Handling", "quantity": "1", "price": "100", "net": "100.00", "tax_percent": "19",
        "currency": "EUR",
    }  # fmt: skip
