"""A payload whose format nobody said: recognised from its bytes, and read by the parser of that format. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from shipments.formats import x12_any
from shipments.formats.base import Parse, Parsed, rejected
from shipments.formats.recognise import named, recognise, refusal, snippet


def read_as(raw: bytes, parsers: Mapping[str, Parse]) -> str:
    """The format among `parsers` that reads these bytes, or ''."""
    found = recognise(raw)
    found = _ALSO.get(found, found)
    return found if found in parsers else ""


def parse_with(parsers: Mapping[str, Parse]) -> Parse:
    """The parser "auto" over the other `parsers`."""

    def parse(raw: bytes, options: Mapping[str, Any]) -> Parsed:
        if recognise(raw).startswith("x12"):
            # A file may hold sets of several kinds, and the first is not always one we know.
            return x12_any.parse(raw, options)
        if format_ := read_as(raw, parsers):
            return replace(parsers[format_](raw, {**options, "is_auto": True}), format=format_)
        if refused := refusal(raw):
            return refused
        said = named(recognise(raw))
        what = f"This looks like {said}, which no reader knows." if said else "No reader knows this kind of message."
        return rejected("unknown_format", what, snippet=snippet(raw))

    return parse


# What is read by another format's parser: any workbook is a table, an acknowledgement belongs to its standard.
_ALSO = {"xlsx": "csv", "xls": "csv", "x12_997": "x12_214", "x12_999": "x12_214", "x12_350": "cbp", "contrl": "iftsta"}
