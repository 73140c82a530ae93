"""Invoices as customers read and keep them."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from billing.models import Invoice
from billing.services import credit_invoice
from partners.enums import Role
from partners.models import Partner
from tests.factories.billing import handling, issued
from tests.factories.partners import PartnerFactory, member

pytestmark = pytest.mark.django_db

LIST = "/portal/invoices/"


@pytest.fixture
def partner() -> Partner:
    handling("1250.00")
    return PartnerFactory(billing_address="Quay 1\nRotterdam")


@pytest.fixture
def client(partner: Partner) -> Client:
    client = Client()
    client.force_login(member(partner, Role.ADMINISTRATOR))
    return client


@pytest.fixture
def invoice(partner: Partner) -> Invoice:
    return issued("S-1", customer=partner)


def numbers(client: Client) -> list[str]:
    return re.findall(r'<div class="known"><a [^>]*>([^<]*)</a>', client.get(LIST).content.decode())


def test_an_empty_list_says_how_it_fills(client: Client) -> None:
    assert "An invoice stands here from the day it is issued." in client.get(LIST).content.decode()


def test_the_list_holds_the_issued_documents_of_the_company(client: Client, invoice: Invoice) -> None:
    issued("S-FOREIGN")
    Invoice.objects.create(customer=invoice.customer, currency="EUR")
    note = credit_invoice(invoice, reason="Charged twice", by=None)
    assert numbers(client) == [note.number, invoice.number]
    text = client.get(LIST).content.decode()
    assert ("Credit note" in text, f"to {invoice.number}" in text) == (True, True)


def test_the_page_has_each_line_and_sums_that_agree(client: Client, invoice: Invoice) -> None:
    text = client.get(f"{LIST}{invoice.public_id}/").content.decode()
    cells = [cell.replace("\xa0", " ") for cell in re.findall(r'<td class="number">([^<]*)</td>', text)]
    assert cells == ["1", "1,250", "EUR 1,250.00", "19 %", "EUR 1,250.00", "EUR 237.50", "EUR 1,487.50"]
    assert re.findall(r"<h1>([^<]*)</h1>", text) == [f"Invoice {invoice.number}"]


def test_the_pdf_is_a_file_of_its_number(client: Client, invoice: Invoice) -> None:
    response = client.get(f"{LIST}{invoice.public_id}/pdf/")
    assert response.headers["Content-Type"] == "application/pdf"
    assert response.headers["Content-Disposition"] == f'attachment; filename="{invoice.number}.pdf"'
    assert response.content[:5] == b"%PDF-"


def test_the_table_is_a_file_of_its_number(client: Client, invoice: Invoice) -> None:
    response = client.get(f"{LIST}{invoice.public_id}/csv/")
    assert response.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert response.headers["Content-Disposition"] == f'attachment; filename="{invoice.number}.csv"'
    assert "S-1" in response.content.decode()
