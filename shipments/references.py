"""What others call their reference numbers, and the type we file them under. Pure."""

from __future__ import annotations

import re

from shipments.enums import ReferenceType

# Our name → what senders write for it: X12 element 128 qualifiers, DCSA document and reference types, EDIFACT 1153
# qualifiers, column headings. Compared without case, blanks and signs. "BM" and a bare "bill of lading" may be a master
# or a house bill: they are filed as master, and match whatever bill has that number (shipments.matching).
_SPOKEN: dict[ReferenceType, str] = {
    ReferenceType.SHIPMENT: (
        "shipment, shipment reference, shipment number, shipment no, shipment id, our reference, SRN"
    ),
    ReferenceType.MBL: (
        "mbl, master bill of lading, master bill, master bl, ocean bill of lading, bill of lading, bill, bl, b/l, bol,"
        " bill of lading number, bl number, bol number, transport document, transport document reference,"
        " BM, MB, OB, TRD"
    ),
    ReferenceType.HBL: "hbl, house bill of lading, house bill, house bl, house, HB, BH, HTD",
    ReferenceType.MAWB: "mawb, master air waybill, master awb, awb, air waybill, air waybill number, MA, AW, AWN, AWB",
    ReferenceType.HAWB: "hawb, house air waybill, house awb, HWB, AH, HN",
    ReferenceType.BOOKING: (
        "booking, booking number, booking no, booking reference, carrier booking, carrier booking reference,"
        " BN, BKG, CBR"
    ),
    ReferenceType.CONTAINER: (
        "container, container number, container no, equipment, equipment number, equipment reference, unit, EQ, OC, AAQ"
    ),
    ReferenceType.PO: "po, purchase order, purchase order number, po number, order number, PO, ON",
    ReferenceType.PRO: (
        "pro, pro number, pro no, progressive number, carrier reference, carrier reference number, CN, CNR, scac pro"
    ),
    ReferenceType.TRACKING: (
        "tracking, tracking number, tracking no, tracking id, tracking code, parcel, parcel number, trk, waybill,"
        " 2I, AS, 97"
    ),
    ReferenceType.CUSTOMER: (
        "customer, customer reference, customer ref, customer number, your reference, shipper reference,"
        " shipper id, shippers reference, shippers id, reference, ref, load, load number, CR, CU, SI, LO, SO, FF, AAO"
    ),
    ReferenceType.DELIVERY_ORDER: "delivery order, delivery order number, DO, DEO",
    ReferenceType.MRN: "mrn, movement reference number, customs declaration, declaration, ABT",
    ReferenceType.SSCC: "sscc, serial shipping container code, licence plate, license plate, LA",
}
_SIGNS = re.compile(r"[^a-z0-9]")


def _bare(name: str) -> str:
    return _SIGNS.sub("", name.lower())


_TYPES: dict[str, ReferenceType] = {
    _bare(alias): type_ for type_, names in _SPOKEN.items() for alias in (type_.value, *names.split(","))
}


def reference_type(name: str) -> ReferenceType | None:
    """The type meant by a sender's qualifier or a spoken name in any case; None when nobody told us."""
    return _TYPES.get(name) or _TYPES.get(_bare(name))


def reference_names(type_: ReferenceType) -> tuple[str, ...]:
    """What senders call numbers of this type, its own name first."""
    return (type_.value.replace("_", " "), *(alias.strip() for alias in _SPOKEN[type_].split(",")))
