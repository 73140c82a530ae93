"""Which parser reads which format."""

from __future__ import annotations

from shipments.enums import Format
from shipments.formats import dcsa_2, native, table, x12_214
from shipments.formats.base import Parse

FORMATS: dict[str, Parse] = {
    Format.X12_214.value: x12_214.parse,
    Format.DCSA_2.value: dcsa_2.parse,
    Format.NATIVE.value: native.parse,
    Format.CSV.value: table.parse,
}
