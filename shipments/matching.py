"""Which shipments an event is about. Pure: what is known of the shipments is handed in.

A number that a carrier or an authority gave out is compared across types, because senders put the same number under
different names; the customer's own numbers are compared within their own kind only: two customers may share them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from shipments.enums import CARRIER_REFERENCES, CONSOLIDATING_REFERENCES, ReferenceType

_NOT_IN_A_KEY = re.compile(r"[^A-Z0-9._]+")
_LONGEST = 64
_FLIGHT = re.compile(r"([A-Z]{2,3}|[A-Z]\d|\d[A-Z])0+(\d+[A-Z]?)\Z", re.ASCII)

# The most specific decides first: what names one parcel or house bill, what names one unit, what several consignments
# share, and last the numbers that the customer may use for many.
_LEVELS: Mapping[str, int] = {
    ReferenceType.TRACKING: 0,
    ReferenceType.PRO: 0,
    ReferenceType.HBL: 0,
    ReferenceType.HAWB: 0,
    ReferenceType.SSCC: 0,
    ReferenceType.MRN: 0,
    ReferenceType.DELIVERY_ORDER: 1,
    ReferenceType.SHIPMENT: 2,
    ReferenceType.CONTAINER: 3,
    ReferenceType.MBL: 4,
    ReferenceType.MAWB: 4,
    ReferenceType.BOOKING: 5,
    ReferenceType.CUSTOMER: 6,
    ReferenceType.PO: 7,
}
# When both sides name one of these and none agrees, it is another consignment in the same box or under the same bill.
_TELLING_APART = (
    ReferenceType.HBL,
    ReferenceType.HAWB,
    ReferenceType.MBL,
    ReferenceType.MAWB,
    ReferenceType.BOOKING,
    ReferenceType.CONTAINER,
)
# What a customer calls his shipment is its reference with us and "customer reference" in a carrier's message.
_CUSTOMERS_NAME = frozenset({ReferenceType.SHIPMENT, ReferenceType.CUSTOMER})


def reference_key(value: str) -> str:
    """`value` as it is compared: upper case, letters, digits, dots and underscores only, at most 64; '' for none."""
    return _NOT_IN_A_KEY.sub("", value.upper())[:_LONGEST]


def unit_key(number: str) -> str:
    """The number of a container, package or pallet as it is compared: capital letters and digits only."""
    return reference_key(number).replace(".", "").replace("_", "")


@lru_cache(maxsize=4096)
def journey_key(number: str) -> str:
    """A voyage, flight or vessel as it is compared: as a reference, a flight without leading zeros (QR008 is QR8)."""
    key = reference_key(number)
    found = _FLIGHT.match(key)
    return found[1] + found[2] if found else key


def match_key(kind: str, key: str) -> str:
    """The string that equal references have in common: 'carrier:MAEU123', 'customer:A17' or 'po:4711'."""
    if kind in CARRIER_REFERENCES:
        return f"carrier:{key}"
    return f"customer:{key}" if kind in _CUSTOMERS_NAME else f"{kind}:{key}"


def wanted_references(references: Iterable[tuple[str, str]], equipment: str) -> tuple[tuple[str, str], ...]:
    """(type, key) of everything an event can be found by, most specific first, each once."""
    wanted = {(kind, key): None for kind, value in references if (key := reference_key(value))}
    if unit := reference_key(equipment):
        wanted[(ReferenceType.CONTAINER.value, unit)] = None
    return tuple(sorted(wanted, key=lambda pair: _LEVELS.get(pair[0], 9)))


def match_keys(references: Iterable[tuple[str, str]], equipment: str) -> tuple[str, ...]:
    """The match keys of an event, most specific first."""
    return tuple(dict.fromkeys(match_key(kind, key) for kind, key in wanted_references(references, equipment)))


@dataclass(frozen=True, slots=True)
class KnownShipment:
    """A shipment as far as matching needs it. `references`: (type, key).

    `is_ours`: made by our own people, who answer for its references; otherwise only its parties do (`partner_ids`).
    """

    id: int
    references: frozenset[tuple[str, str]]
    is_open: bool = True
    is_ours: bool = True
    partner_ids: frozenset[int] = frozenset()

    @property
    def carrier_keys(self) -> frozenset[str]:
        return frozenset(key for kind, key in self.references if kind in CARRIER_REFERENCES)


@dataclass(frozen=True, slots=True)
class ReferenceBook:
    """The shipments by match key: 'carrier:KEY' → ((type of the reference with us, shipment), ...)."""

    by_key: Mapping[str, Sequence[tuple[str, KnownShipment]]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Choice:
    """`shipment_ids` ascending; empty: nobody knows it, or `is_ambiguous`: several claim it. `decided_by`: 'hbl H1'."""

    shipment_ids: tuple[int, ...] = ()
    decided_by: str = ""
    is_ambiguous: bool = False


NOBODY = Choice()


def choose_shipments(wanted: Sequence[tuple[str, str]], book: ReferenceBook, *, partner_id: int) -> Choice:
    """The shipments that an event of a source of `partner_id` with the references `wanted` is about.

    One shipment, or all house shipments that share a consolidating reference. Shipments that somebody answers for
    (our own people, or the reporting partner being a party) go before those that merely claim a number. Several that
    share a number which should be one shipment's own leave the next reference to decide between them.
    """
    undecided: frozenset[int] = frozenset()
    unclear = ""
    for kind, key in wanted:
        shipments, is_shared = _found(kind, key, wanted, book)
        if undecided:
            shipments = [shipment for shipment in shipments if shipment.id in undecided]
        shipments = [s for s in shipments if s.is_ours or partner_id in s.partner_ids] or shipments
        if not shipments:
            continue
        said = f"{kind} {key}"
        ids = frozenset(shipment.id for shipment in shipments)
        answered_for = shipments[0].is_ours or partner_id in shipments[0].partner_ids
        if len(ids) == 1 or (is_shared and answered_for and not undecided):
            return Choice(tuple(sorted(ids)), said)
        undecided, unclear = ids, unclear or said
    return Choice(decided_by=unclear, is_ambiguous=True) if undecided else NOBODY


def _found(
    kind: str, key: str, wanted: Sequence[tuple[str, str]], book: ReferenceBook
) -> tuple[list[KnownShipment], bool]:
    """Who has this reference, and whether all of them have it as one that may be shared."""
    entries = book.by_key.get(match_key(kind, key), ())
    # A box travels again and again: it means the shipment that is under way.
    usable = [(known, s) for known, s in entries if known != ReferenceType.CONTAINER or s.is_open]
    is_shared = all(known in CONSOLIDATING_REFERENCES for known, _ in usable)
    if is_shared:
        usable = [(known, s) for known, s in usable if not _is_another(s, wanted)]
    return [s for _, s in usable], is_shared


def _is_another(shipment: KnownShipment, wanted: Sequence[tuple[str, str]]) -> bool:
    keys = shipment.carrier_keys
    return any(not (said & keys) and _has(shipment, kind) for kind, said in _said(wanted))


def _said(wanted: Sequence[tuple[str, str]]) -> Iterator[tuple[str, frozenset[str]]]:
    for kind in _TELLING_APART:
        if said := frozenset(key for wanted_kind, key in wanted if wanted_kind == kind):
            yield kind, said


def _has(shipment: KnownShipment, kind: str) -> bool:
    return any(known == kind for known, _ in shipment.references)
