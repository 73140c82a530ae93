"""The journal: every document as balanced postings, one line a posting. Pure.

Accounts are named by what they are; the accounting system maps them to its chart, revenue by `charge_code` and tax by
`tax_percent`. An invoice debits the receivable and credits revenue and tax; a credit note is the mirror image.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from billing.documents import Document
from billing.exports.csv_rows import csv_bytes

RECEIVABLE, REVENUE, TAX = "receivable", "revenue", "output_tax"

HEADER = (
    "date", "document", "kind", "credits", "customer", "customer_name", "account", "charge_code", "tax_percent",
    "debit", "credit", "currency", "text",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Posting:
    """`amount` above zero is a debit, below zero a credit."""

    account: str
    charge_code: str
    tax_percent: str
    amount: Decimal
    text: str

    @property
    def debit(self) -> Decimal:
        return max(self.amount, abs(self.amount * 0))

    @property
    def credit(self) -> Decimal:
        return max(-self.amount, abs(self.amount * 0))


def postings(document: Document) -> list[Posting]:
    """Balanced: their amounts sum to zero. Postings of zero are left out."""
    sums = document.totals
    found = [Posting(RECEIVABLE, "", "", sums.total, document.number)]
    found += [
        Posting(REVENUE, line.charge_code, str(line.tax_percent), -line.net, f"{line.shipment} {line.description}")
        for line in document.lines
    ]
    found += [Posting(TAX, "", str(group.percent), -group.tax, document.number) for group in sums.groups]
    return [posting for posting in found if posting.amount]


def balance(documents: Iterable[Document]) -> dict[str, dict[str, str]]:
    """Per currency the sum of debits and of credits, as text."""
    sides: dict[str, list[Decimal]] = defaultdict(lambda: [Decimal(0), Decimal(0)])
    for document in documents:
        for posting in postings(document):
            sides[document.currency][0] += posting.debit
            sides[document.currency][1] += posting.credit
    return {
        currency: {"debit": str(debit), "credit": str(credit)} for currency, (debit, credit) in sorted(sides.items())
    }


def render(documents: Sequence[Document]) -> bytes:
    """The file: see `csv_bytes`. The same documents in the same order give the same bytes."""
    return csv_bytes(HEADER, (row for document in documents for row in _rows(document)))


def _rows(document: Document) -> Iterator[tuple[str | Decimal, ...]]:
    for posting in postings(document):
        yield (
            document.issued_on.isoformat() if document.issued_on else "",
            document.number,
            document.kind,
            document.credits,
            document.customer_code,
            document.customer.name,
            posting.account,
            posting.charge_code,
            posting.tax_percent,
            posting.debit,
            posting.credit,
            document.currency,
            posting.text,
        )
