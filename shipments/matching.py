"""Which shipments an event is about. Pure: what is known of the shipments is handed in.

A number that a carrier or an authority gave out is compared across types, because senders put the same number under
different names; the customer's own numbers are compared within their own kind only: two customers may share them.

A box travels again and again, so the number of a container or ULD means a shipment only while that is under way: from
45 days before what was planned first to 60 days after what was planned last, or after it was closed. Other numbers are
given out again after a year at the earliest, and have a year on either side. Where nothing is planned, and for an
event without a time, the number alone decides.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
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
# Several shipments have the same container because they were consolidated, and then they share one of these; or because
# the box was used again.
_SHARED_WITH_THE_BOX = frozenset({ReferenceType.MBL.value, ReferenceType.MAWB.value, ReferenceType.BOOKING.value})
# How long before and after a shipment one of its numbers may still mean it. A number that never comes back is not here.
_COMES_BACK: Mapping[str, tuple[timedelta, timedelta]] = {
    ReferenceType.CONTAINER: (timedelta(days=45), timedelta(days=60)),
    **dict.fromkeys(
        (ReferenceType.MAWB, ReferenceType.BOOKING, ReferenceType.PRO, ReferenceType.TRACKING),
        (timedelta(days=365), timedelta(days=365)),
    ),
}
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


@dataclass(slots=True)
class KnownShipment:
    """A shipment as far as matching needs it. `references`: (type, key).

    `is_ours`: made by our own people, who answer for its references; otherwise only its parties do (`partner_ids`).
    `since`, `until`: the first and the last that was planned of it, or when it was closed; None: not known.
    """

    id: int
    references: frozenset[tuple[str, str]]
    is_ours: bool = True
    partner_ids: frozenset[int] = frozenset()
    since: datetime | None = None
    until: datetime | None = None

    @property
    def carrier_keys(self) -> frozenset[str]:
        return frozenset(key for kind, key in self.references if kind in CARRIER_REFERENCES)

    def is_meant_by(self, kind: str, at: datetime | None) -> bool:
        """Whether its number of this kind still, or already, means this shipment `at` that time."""
        if at is None or kind not in _COMES_BACK:
            return True
        before, after = _COMES_BACK[kind]
        return (self.since is None or at >= self.since - before) and (self.until is None or at <= self.until + after)


def window_of(
    planned: Iterable[datetime | None], *, eta: datetime | None, ended: datetime | None
) -> tuple[datetime | None, datetime | None]:
    """`since` and `until` of a shipment: `planned` are booking, cargo ready and ETD; `ended`: closed or cancelled."""
    return min((at for at in planned if at is not None), default=None), ended or eta


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


def choose_shipments(
    wanted: Sequence[tuple[str, str]], book: ReferenceBook, *, partner_id: int, at: datetime | None = None
) -> Choice:
    """The shipments that an event of a source of `partner_id` with the references `wanted`, of the time `at`, is about.

    One shipment, or all house shipments that share a consolidating reference. Shipments that somebody answers for
    (our own people, or the reporting partner being a party) go before those that merely claim a number. Several that
    share a number which should be one shipment's own leave the next reference to decide between them.
    """
    undecided: frozenset[int] = frozenset()
    unclear = ""
    for kind, key in wanted:
        shipments, is_shared = _found((kind, key), wanted, book, at)
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
    sought: tuple[str, str], wanted: Sequence[tuple[str, str]], book: ReferenceBook, at: datetime | None
) -> tuple[list[KnownShipment], bool]:
    """Who has this reference at that time, and whether all of them have it as one that may be shared."""
    entries = book.by_key.get(match_key(*sought), ())
    usable = [(known, s) for known, s in entries if s.is_meant_by(known, at)]
    is_shared = all(known in CONSOLIDATING_REFERENCES for known, _ in usable)
    if is_shared:
        usable = [(known, s) for known, s in usable if not _is_another(s, wanted)]
        is_shared = all(known != ReferenceType.CONTAINER for known, _ in usable) or _are_together(
            [s for _, s in usable]
        )
    return [s for _, s in usable], is_shared


def _are_together(shipments: Sequence[KnownShipment]) -> bool:
    """Whether bills and bookings that they share make one consignment of all of them: one box carries it."""
    if len(shipments) < 2:
        return True
    left = [frozenset(key for kind, key in s.references if kind in _SHARED_WITH_THE_BOX) for s in shipments]
    reached = left.pop()
    while left:
        joined = [keys for keys in left if keys & reached]
        if not joined:
            return False
        reached = reached.union(*joined)
        left = [keys for keys in left if not keys & reached]
    return True


def _is_another(shipment: KnownShipment, wanted: Sequence[tuple[str, str]]) -> bool:
    keys = shipment.carrier_keys
    return any(not (said & keys) and _has(shipment, kind) for kind, said in _said(wanted))


def _said(wanted: Sequence[tuple[str, str]]) -> Iterator[tuple[str, frozenset[str]]]:
    for kind in _TELLING_APART:
        if said := frozenset(key for wanted_kind, key in wanted if wanted_kind == kind):
            yield kind, said


def _has(shipment: KnownShipment, kind: str) -> bool:
    return any(known == kind for known, _ in shipment.references)
