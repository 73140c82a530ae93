"""Several at once, for real: threads with connections of their own, and processes."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TypeVar

import pytest
from django.db import DatabaseError, connection, transaction

from billing.enums import ChargeState
from billing.invariants import INVARIANTS
from billing.models import Charge, ExportBatch, Invoice, InvoiceLine, InvoiceSeries
from billing.services import create_drafts, credit_invoice, discard_draft, export_invoices, issue_invoice, rate_due
from core.errors import DomainError
from core.invariants import check
from tests.factories.billing import billable_shipment, charged, drafted, handling, issued, reach, series
from tests.factories.partners import PartnerFactory

T = TypeVar("T")


@pytest.fixture(autouse=True)
def committed(transactional_db: None) -> None:
    """All of this file needs real commits."""


def at_once(*calls: Callable[[], T]) -> list[T | str]:
    """Start all at the same moment; what they return, or the code of their refusal."""
    barrier = Barrier(len(calls))

    def run(call: Callable[[], T]) -> T | str:
        try:
            barrier.wait(timeout=20)
            return call()
        except DomainError as refused:
            return refused.code
        finally:
            connection.close()

    with ThreadPoolExecutor(len(calls)) as pool:
        return [future.result(timeout=60) for future in [pool.submit(run, call) for call in calls]]


def all_hold() -> bool:
    return [finding for finding in map(check, INVARIANTS) if finding.broken] == []


def test_workers_at_once_charge_every_shipment_once() -> None:
    handling()
    for n in range(20):
        reach(billable_shipment(f"S-{n}"))
    at_once(*[lambda: rate_due(limit=7)] * 4)
    while rate_due():
        pass
    assert Charge.objects.count() == 20
    assert all_hold()


def test_processes_at_once_charge_every_shipment_once(database_url: str) -> None:
    handling()
    for n in range(10):
        reach(billable_shipment(f"S-{n}"))
    code = "import django; django.setup(); from billing.services import rate_due\nwhile rate_due(limit=3): pass"
    environment = {**os.environ, "DATABASE_URL": database_url, "DJANGO_SETTINGS_MODULE": "config.settings"}
    workers = [subprocess.Popen([sys.executable, "-c", code], env=environment) for _ in range(2)]
    assert [worker.wait(timeout=120) for worker in workers] == [0, 0]
    while rate_due():
        pass
    assert Charge.objects.count() == 10
    assert all_hold()


def test_two_people_drafting_at_once_put_no_charge_on_two_drafts() -> None:
    handling()
    customer = PartnerFactory()
    for n in range(3):
        charged(f"S-{n}", customer=customer)
    drafts = at_once(*[lambda: len(create_drafts(customer, by=None))] * 3)
    assert sorted(drafts, key=str) == [0, 0, 1]
    assert InvoiceLine.objects.count() == 3


def test_two_people_issuing_one_draft_at_once_issue_it_once() -> None:
    handling()
    series()
    pk = drafted().pk
    answers = at_once(*[lambda: issue_invoice(Invoice.objects.get(pk=pk), by=None).number] * 3)
    assert sorted(answers) == ["INV000001", "already_issued", "already_issued"]
    assert InvoiceSeries.objects.get(code="INV").next_number == 2


def test_issuing_and_discarding_at_once_ends_in_one_of_both() -> None:
    handling()
    series()
    pk = drafted().pk
    answers = at_once(
        lambda: issue_invoice(Invoice.objects.get(pk=pk), by=None).number,
        lambda: discard_draft(Invoice.objects.get(pk=pk), by=None) or "discarded",
    )
    assert set(answers) in (
        {"INV000001", "already_issued"},
        {"draft_gone", "discarded"},
        {"draft_is_empty", "discarded"},
    )
    assert all_hold()


def test_numbers_have_no_gap_with_many_issuers_and_rollbacks_in_between() -> None:
    handling()
    series()
    drafts = [drafted(f"S-{n}").pk for n in range(12)]

    def issue(pk: int) -> str:
        invoice = Invoice.objects.get(pk=pk)
        if pk % 3 == 0:
            with pytest.raises(DatabaseError), transaction.atomic():
                issue_invoice(invoice, by=None)
                Invoice.objects.filter(pk=pk).update(customer_name="The trigger refuses and all rolls back")
        return issue_invoice(Invoice.objects.get(pk=pk), by=None).number

    answers = at_once(*[lambda pk=pk: issue(pk) for pk in drafts])
    assert sorted(answers) == [f"INV{n:06}" for n in range(1, 13)]
    by_number = Invoice.objects.order_by("sequence_number")
    assert list(by_number.values_list("pk", flat=True)) == list(
        by_number.order_by("issued_at").values_list("pk", flat=True)
    )
    assert all_hold()


def test_crediting_and_exporting_twice_at_once_do_it_once() -> None:
    handling()
    pk = issued().pk
    credits = at_once(*[lambda: credit_invoice(Invoice.objects.get(pk=pk), reason="Wrong", by=None).number] * 2)
    assert sorted(credits) == ["CRN000001", "already_credited"]
    batches = at_once(*[lambda: export_invoices(Invoice.objects.all(), by=None).rows] * 2)
    assert sorted(batches, key=str) == [6, "nothing_to_export"]
    assert ExportBatch.objects.count() == 1


def test_a_retraction_and_an_issue_at_once_leave_a_credit_or_no_invoice() -> None:
    handling()
    series()
    invoice = drafted()
    reach(Charge.objects.get().shipment, at=None)
    at_once(rate_due, lambda: issue_invoice(Invoice.objects.get(pk=invoice.pk), by=None).number)
    while rate_due():
        pass
    standing = list(Charge.objects.order_by("sequence").values_list("state", flat=True))
    assert standing in ([ChargeState.CANCELLED], [ChargeState.INVOICED, ChargeState.UNBILLED])
    assert all_hold()
