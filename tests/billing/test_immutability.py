"""Triggers refuse in plain SQL what services would never do."""

from __future__ import annotations

import pytest
from django.db import connection, transaction
from django.db.utils import IntegrityError

from billing.models import Charge
from billing.services import export_invoices
from tests.factories.billing import charged, drafted, handling, issued

pytestmark = pytest.mark.django_db

INVOICE = "An issued invoice never changes. Answer it with a credit note."
LINES = "The lines of an issued invoice never change. Answer it with a credit note."
EMPTY = "There are issued invoices: they are never deleted."
LINE = (
    "(invoice_id, position, charge_id, shipment_reference, charge_code, description, quantity, price, net, tax_percent)"
)


def refused(sql: str, *values: object) -> str:
    with pytest.raises(IntegrityError) as error, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(sql, values)
    return str(error.value).splitlines()[0]


@pytest.mark.parametrize(
    ("sql", "sentence"),
    [
        ("UPDATE billing_invoice SET total = 1, net = 1, tax = 0", INVOICE),
        ("UPDATE billing_invoice SET state = 'draft', number = '', sequence_number = NULL", INVOICE),
        ("UPDATE billing_invoice SET customer_name = 'Other'", INVOICE),
        ("DELETE FROM billing_invoice", INVOICE),
        ("UPDATE billing_invoiceline SET net = 1", LINES),
        ("DELETE FROM billing_invoiceline", LINES),
        ("TRUNCATE billing_invoice CASCADE", EMPTY),
        ("TRUNCATE billing_invoiceline", EMPTY),
        ("TRUNCATE billing_exportbatch CASCADE", EMPTY),
        ("TRUNCATE billing_exportedinvoice", EMPTY),
        ("UPDATE billing_exportbatch SET content = ''", "An export batch never changes."),
        ("DELETE FROM billing_exportbatch", "An export batch never changes."),
        ("UPDATE billing_exportedinvoice SET format = 'other'", "What was exported stays on record."),
        ("DELETE FROM billing_exportedinvoice", "What was exported stays on record."),
    ],
)
def test_what_is_issued_or_exported_never_changes(sql: str, sentence: str) -> None:
    handling()
    export_invoices([issued()], by=None)
    assert refused(sql) == sentence


def test_no_line_is_put_on_or_moved_to_or_from_an_issued_invoice() -> None:
    handling()
    invoice = issued("S-1")
    draft = drafted("S-2", customer=invoice.customer)
    spare = charged("S-3", customer=invoice.customer)
    assert (
        refused(
            f"INSERT INTO billing_invoiceline {LINE} VALUES (%s, 9, %s, '', '', '', 1, 1, 1, 0)", invoice.pk, spare.pk
        )
        == LINES
    )
    for source, target in ((draft, invoice), (invoice, draft)):
        move = "UPDATE billing_invoiceline SET invoice_id = %s, position = 9 WHERE invoice_id = %s"
        assert refused(move, target.pk, source.pk) == LINES


def test_a_draft_may_change() -> None:
    handling()
    draft = drafted()
    with connection.cursor() as cursor:
        cursor.execute("UPDATE billing_invoiceline SET description = 'x'")
        cursor.execute("DELETE FROM billing_invoiceline")
        cursor.execute("DELETE FROM billing_invoice")
    assert (type(draft).objects.count(), Charge.objects.count()) == (0, 1)
