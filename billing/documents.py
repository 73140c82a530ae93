"""An invoice or credit note as plain facts: what is summed, sealed, exported and drawn. Pure."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from core.money import rounded


@dataclass(frozen=True, slots=True)
class Party:
    name: str
    address: str
    tax_id: str


@dataclass(frozen=True, slots=True)
class DocumentLine:
    """`net` in the currency of the document; negative on a credit note, as `quantity` is."""

    shipment: str
    charge_code: str
    description: str
    quantity: Decimal
    price: Decimal
    net: Decimal
    tax_percent: Decimal


@dataclass(frozen=True, slots=True)
class TaxGroup:
    percent: Decimal
    net: Decimal
    tax: Decimal


@dataclass(frozen=True, slots=True)
class Totals:
    groups: tuple[TaxGroup, ...]
    net: Decimal
    tax: Decimal

    @property
    def total(self) -> Decimal:
        return self.net + self.tax


@dataclass(frozen=True, slots=True)
class Document:
    """`kind` is a value of billing.enums.DocumentKind; `number` is empty on a draft; `credits` names the invoice."""

    kind: str
    number: str
    issued_on: date | None
    due_on: date | None
    currency: str
    credits: str
    issuer: Party
    customer: Party
    customer_code: str
    lines: tuple[DocumentLine, ...]

    @property
    def totals(self) -> Totals:
        return totals(((line.net, line.tax_percent) for line in self.lines), self.currency)


def totals(lines: Iterable[tuple[Decimal, Decimal]], currency: str) -> Totals:
    """Sums of (net, tax percent) pairs. Tax is computed once per tax rate on its sum and rounded half up there.

    That is how EN 16931 defines the tax of a category (BR-CO-17): not line by line.
    """
    nets: dict[Decimal, Decimal] = defaultdict(Decimal)
    for net, percent in lines:
        nets[percent] += net
    groups = tuple(
        TaxGroup(percent, rounded(nets[percent], currency), rounded(nets[percent] * percent / 100, currency))
        for percent in sorted(nets)
    )
    zero = rounded(Decimal(0), currency)
    return Totals(groups, sum((g.net for g in groups), zero), sum((g.tax for g in groups), zero))


def digest(document: Document) -> str:
    """SHA-256, in hex, over every fact of the document; the same for the same facts on any machine."""
    facts = _plain({**asdict(document), "totals": asdict(document.totals)})
    text = json.dumps(facts, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _plain(value: Any) -> Any:
    """JSON values; a number without the zeros that only its column adds."""
    if isinstance(value, Mapping):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    if isinstance(value, Decimal):
        return f"{value.normalize() + 0:f}"
    return value.isoformat() if isinstance(value, date) else value
