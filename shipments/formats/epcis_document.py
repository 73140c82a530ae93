"""How an EPCIS document is laid out, and how its members and terms are spelled. Pure.

JSON-LD lets one term be written in several ways: what is asked of `EventFields` comes back in one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from shipments.formats.base import Parsed, rejected
from shipments.formats.gs1 import Key, read_key, word
from shipments.formats.json_text import items, mapping, text

# CBV 2.0, 7.1: a step of somebody's own vocabulary is a URI, so that a bare word is one of these.
STEPS = frozenset(
    {
        "accepting", "arriving", "assembling", "collecting", "commissioning", "consigning",
        "creating_class_instance", "cycle_counting", "decommissioning", "departing", "destroying",
        "disassembling", "dispensing", "encoding", "entering_exiting", "holding", "inspecting", "installing",
        "killing", "loading", "other", "packing", "picking", "receiving", "removing", "repackaging",
        "repairing", "replacing", "reserving", "retail_selling", "sampling", "sensor_reporting", "shipping",
        "staging_outbound", "stock_taking", "stocking", "storing", "transporting", "unloading", "unpacking",
        "void_shipping"
    }
)  # fmt: skip
UNITS = frozenset({"sscc", "bic", "grai"})
_DOCUMENTS = frozenset({"EPCISDocument", "EPCISQueryDocument"})
_VOCABULARY = re.compile(r"(?:epcis:|https?://ref\.gs1\.org/epcis/|@(?=id\Z|type\Z))")
_PREFIXED = re.compile(r"([A-Za-z][A-Za-z0-9_.-]*):([^/].*)\Z", re.DOTALL)
_LONGEST_URI = 2_000
_Fields = dict[str, Any]


def list_events(value: Any) -> list[Any] | Parsed:
    """The events of whatever the JSON says, or the rejection of what is no EPCIS document."""
    if isinstance(value, dict):
        fields = plain(value)
        kind = fields.get("type")
        if isinstance(kind, str) and kind in _DOCUMENTS:
            return _of_document(kind, fields)
        value = fields.get("eventList", [value])
    if not isinstance(value, list):
        return rejected("not_events", "The JSON is neither an event nor a list of events.")
    return value or rejected("no_events", "The message holds no events.")


def _of_document(kind: str, fields: _Fields) -> list[Any] | Parsed:
    if not fields.get("@context"):
        return rejected("missing", f"@context is missing: without it an {kind} says nothing.", element="@context")
    where, level = "", fields
    for name in ("epcisBody",) if kind == "EPCISDocument" else ("epcisBody", "queryResults", "resultsBody"):
        inner = level.get(name)
        where = f"{where}.{name}".lstrip(".")
        if not isinstance(inner, dict):
            return rejected("missing", f"{where} is missing.", element=where)
        level = plain(inner)
    events = level.get("eventList", [level["event"]] if "event" in level else None)
    if not isinstance(events, list):
        return rejected("missing", f"{where}.eventList is missing.", element=f"{where}.eventList")
    return events or rejected("no_events", "The message holds no events.")


def plain(value: object) -> _Fields:
    """The members of an object under the bare names of the EPCIS vocabulary."""
    fields = mapping(value, "event") if value is not None else {}
    plain = {_VOCABULARY.sub("", name, count=1): said for name, said in fields.items()}
    return {**plain, "type": plain["isA"]} if "isA" in plain and "type" not in plain else plain


def prefixes_of(document: Any) -> dict[str, str]:
    """What the prefixes stand for that a document declares: a CURIE and the URI it is short for are one term."""
    context = document.get("@context") if isinstance(document, dict) else None
    parts = context if isinstance(context, list) else [context]
    said = {name: uri for part in parts if isinstance(part, dict) for name, uri in part.items()}
    return {name: uri for name, uri in said.items() if isinstance(uri, str) and len(uri) <= _LONGEST_URI}


@dataclass(frozen=True)
class EventFields:
    """One event as it stands in the document. `number`: from 1."""

    fields: _Fields
    number: int
    prefixes: Mapping[str, str]

    def text(self, name: str) -> str:
        return uri_of(self.fields.get(name), name)

    def term(self, value: object, element: str, kind: str) -> str:
        """A word of the CBV bare, a term of any other vocabulary as the URI it stands for."""
        said = word(uri_of(value, element), kind)
        if (found := _PREFIXED.match(said)) and found[1] in self.prefixes:
            return word(self.prefixes[found[1]] + found[2], kind)
        return said

    @cached_property
    def things(self) -> list[Key]:
        """Everything with a GS1 key that the event is about, the parent first."""
        named = [self.text("parentID")]
        for name in ("epcList", "childEPCs", "inputEPCList", "outputEPCList"):
            named += [uri_of(entry, name) for entry in items(self.fields.get(name), name)]
        return list(dict.fromkeys(key for uri in named if uri and (key := read_key(uri))))

    @cached_property
    def parent(self) -> Key | None:
        uri = self.text("parentID")
        return read_key(uri) if uri else None

    @property
    def step(self) -> str:
        return self.term(self.fields.get("bizStep"), "bizStep", "bizstep")

    @property
    def dispositions(self) -> list[str]:
        lasting = mapping(self.fields.get("persistentDisposition"), "persistentDisposition").get("set")
        listed = lasting if isinstance(lasting, list) else [lasting]
        said = [self.term(value, "disposition", "disp") for value in (self.fields.get("disposition"), *listed)]
        return [state for state in dict.fromkeys(said) if state]


def uri_of(value: object, element: str) -> str:
    """A text, or what an object of JSON-LD stands for: {"id": …}, {"@id": …} or {"@value": …}."""
    if isinstance(value, dict):
        value = next((value[name] for name in ("id", "@id", "@value") if name in value), None)
    return text(value, element, _LONGEST_URI)
