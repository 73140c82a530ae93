"""The PDF of an invoice or credit note, drawn by Typst from a template beside this file."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any, Literal

import typst
from babel.dates import format_date
from babel.numbers import format_decimal
from django.utils.translation import gettext, gettext_noop, override

from billing.documents import Document, DocumentLine, Party, TaxGroup
from billing.enums import DocumentKind
from billing.models import Invoice
from billing.services import document_of
from core.money import minor_units

_FOLDER = Path(__file__).resolve().parent
# Typst writes a time of creation into the file; a draft has none of its own.
_DRAFT_DAY = date(2000, 1, 1)


def invoice_pdf(invoice: Invoice) -> bytes:
    """A4, PDF/A-3b, in the customer's language; a draft says that it is one.

    The same document gives the same bytes on the same machine, and on every machine when Typst's own fonts can draw it.
    """
    locale = _locale(invoice.customer.language)
    document = document_of(invoice)
    with override(locale):
        facts = json.dumps(_facts(document, locale))
    made_at = datetime.combine(document.issued_on or _DRAFT_DAY, time(), tzinfo=UTC)
    try:
        return _compiled(facts, made_at, standards=["a-3b"])
    except typst.TypstError:
        # PDF/A wants every character drawn. One that no font here has is shown as a box; the document is not refused.
        return _compiled(facts, made_at, standards=[])


def _compiled(facts: str, made_at: datetime, *, standards: list[Literal["a-3b"]]) -> bytes:
    return typst.compile(
        _FOLDER / "invoice.typ",
        root=_FOLDER,
        font_paths=_fonts(),
        format="pdf",
        sys_inputs={"facts": facts},
        pdf_standards=[*standards],
        timestamp=made_at,
    )


@cache
def _fonts() -> typst.Fonts:
    """Typst's own fonts first; those of the machine only for characters that they lack."""
    return typst.Fonts(include_system_fonts=True)


@dataclass(frozen=True, slots=True)
class _Writing:
    """Numbers and days as a reader of `locale` writes them, money with the minor units of `currency`."""

    locale: str
    currency: str

    def money(self, amount: Decimal) -> str:
        digits = minor_units(self.currency)
        pattern = "#,##0" + ("." + "0" * digits if digits else "")
        return str(format_decimal(amount, format=pattern, locale=self.locale))

    def number(self, value: Decimal) -> str:
        return str(format_decimal(value, format="#,##0.####", locale=self.locale))

    def price(self, value: Decimal) -> str:
        return str(format_decimal(value, format="#,##0.00##", locale=self.locale))

    def day(self, value: date | None) -> str:
        return str(format_date(value, format="long", locale=self.locale)) if value else ""


def _facts(document: Document, locale: str) -> dict[str, Any]:
    """What the template shows, as text."""
    writing = _Writing(locale, document.currency)
    sums = document.totals
    return {
        "language": locale,
        "title": _title(document),
        "number": document.number or gettext("Draft"),
        "is_draft": not document.number,
        "facts": _heading(document, writing),
        "issuer": _party(document.issuer),
        "customer": _party(document.customer),
        "columns": [gettext(name) for name in _COLUMNS],
        "lines": [_line(line, writing) for line in document.lines],
        "sums": [[gettext("Net"), writing.money(sums.net)], *(_tax(group, writing) for group in sums.groups)],
        "total": [f"{gettext('Total')} {document.currency}", writing.money(sums.total)],
        "page": gettext("Page"),
    }


_COLUMNS = (
    gettext_noop("Shipment"),
    gettext_noop("Description"),
    gettext_noop("Quantity"),
    gettext_noop("Price"),
    gettext_noop("Tax"),
    gettext_noop("Net"),
)


def _line(line: DocumentLine, writing: _Writing) -> list[str]:
    return [
        line.shipment,
        line.description,
        writing.number(line.quantity),
        writing.price(line.price),
        f"{writing.number(line.tax_percent)} %",
        writing.money(line.net),
    ]


def _tax(group: TaxGroup, writing: _Writing) -> list[str]:
    words = {"percent": writing.number(group.percent), "net": writing.money(group.net)}
    return [gettext("Tax %(percent)s %% on %(net)s") % words, writing.money(group.tax)]


# What Typst's own fonts can draw. Others read English labels.
_DRAWN = frozenset({"en", "de", "es"})


def _locale(language: str) -> str:
    return language if language in _DRAWN else "en"


def _title(document: Document) -> str:
    return gettext("Credit note") if document.kind == DocumentKind.CREDIT_NOTE else gettext("Invoice")


def _heading(document: Document, writing: _Writing) -> list[list[str]]:
    rows = [
        (gettext("Number"), document.number),
        (gettext("Date"), writing.day(document.issued_on)),
        (gettext("Due"), writing.day(document.due_on)),
        (gettext("Credits invoice"), document.credits),
        (gettext("Customer"), document.customer_code),
    ]
    return [[name, value] for name, value in rows if value]


def _party(party: Party) -> dict[str, Any]:
    return {"name": party.name, "address": party.address.splitlines(), "tax_id": party.tax_id}
