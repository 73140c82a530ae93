"""Which parser reads which format. A format is one line here."""

from __future__ import annotations

from shipments.enums import Format
from shipments.formats import (
    auto,
    cargo_imp,
    cbp,
    dcsa,
    dhl,
    epcis,
    fedex,
    native,
    one_record,
    table,
    ups,
    x12_214,
    x12_315,
    x12_322,
)
from shipments.formats.base import Parse, ParseParts
from shipments.formats.edifact_kinds import parse_as

READERS: dict[str, Parse] = {
    Format.X12_214.value: x12_214.parse,
    Format.X12_315.value: x12_315.parse,
    Format.X12_322.value: x12_322.parse,
    Format.CBP.value: cbp.parse,
    Format.CARGO_IMP.value: cargo_imp.parse,
    Format.ONE_RECORD.value: one_record.parse,
    Format.DCSA_2.value: dcsa.parse_2,
    Format.DCSA_3.value: dcsa.parse_3,
    Format.IFTSTA.value: parse_as("IFTSTA"),
    Format.COARRI.value: parse_as("COARRI"),
    Format.CODECO.value: parse_as("CODECO"),
    Format.EPCIS.value: epcis.parse,
    Format.UPS.value: ups.parse,
    Format.FEDEX.value: fedex.parse,
    Format.DHL.value: dhl.parse,
    Format.NATIVE.value: native.parse,
    Format.CSV.value: table.parse,
}
FORMATS: dict[str, Parse] = {**READERS, Format.AUTO.value: auto.parse_with(READERS)}
# Formats that can be read part by part, without holding a large message as a whole.
IN_PARTS: dict[str, ParseParts] = {
    Format.CSV.value: table.parse_parts,
}
