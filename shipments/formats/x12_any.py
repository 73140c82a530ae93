"""Every X12 set that we know, side by side: for sources that leave the format open. Pure and total."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from shipments.enums import Format
from shipments.formats import cbp, x12_214, x12_315, x12_322
from shipments.formats.base import Parsed, rejected
from shipments.formats.recognise import named, recognise, refusal, snippet, wrong_format
from shipments.formats.x12 import read
from shipments.formats.x12_sets import ReadSet, read_sets

# ST01 → its reader and format, the first that is present gives its name to the message: what is mapped for one format
# only is found by it (shipments.services.reading).
SETS: dict[str, tuple[ReadSet, str]] = {
    "214": (x12_214.read_set, Format.X12_214.value),
    "315": (x12_315.read_set, Format.X12_315.value),
    "322": (x12_322.read_set, Format.X12_322.value),
    "350": (cbp.read_set, Format.CBP.value),
}
_READERS = {kind: reader for kind, (reader, _) in SETS.items()}
EXPECTED = "X12 214, 315, 322 or 350"


def parse(raw: bytes, options: Mapping[str, Any]) -> Parsed:
    """All sets of the kinds we know; others are reported. `format` says what the message was read as."""
    if refused := refusal(raw):
        return refused
    file = read(raw)
    if not file.is_x12:
        return wrong_format(raw, EXPECTED)
    kinds = {found.kind for found in file.sets}
    known = [format_ for kind, (_, format_) in SETS.items() if kind in kinds]
    parsed = read_sets(file, options, _READERS, EXPECTED)
    if known or parsed.is_quiet:
        return replace(parsed, format=known[0] if known else Format.X12_214.value)
    said = f"This looks like {named(recognise(raw))}, which no reader knows."
    unknown = rejected("unknown_format", said, snippet=snippet(raw)).issues
    return replace(parsed, issues=(*unknown, *parsed.issues)) if kinds else parsed
