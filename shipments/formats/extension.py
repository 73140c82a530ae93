"""What our own documents say beyond the standard they are written in, in members named "waymark:…". Pure.

`extension_of` writes what a reader of the standard would not find again, `extended` puts it back: so a document of ours
that comes back means what it meant. Anybody may write these members; they are no more than another way to say it, and
count as much as their source does.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

from shipments.enums import AliasKind, Classifier, ReferenceType, TimePrecision
from shipments.formats.base import ParsedEvent, ParsedPlace
from shipments.formats.json_text import Unreadable, items, mapping, text
from shipments.formats.times import checked, read_iso
from shipments.zones import load_zone

PREFIX = "waymark:"
NAMESPACE = "urn:waymark:"
_MOST = 100
_LONGEST = 1_000
# The places a report may name, by field of ParsedPlace: how long each may be.
_PLACE = {
    "unlocode": 16, "facility": 16, "iata": 3, "name": 200, "subdivision": 16, "country": 2, "text": 200, "code": 64,
    "code_kind": 16,
}  # fmt: skip
_Fields = Mapping[str, Any]


def is_extended(fields: _Fields) -> bool:
    return any(name.startswith(PREFIX) for name in fields)


def extended(event: ParsedEvent, fields: Any) -> ParsedEvent:
    """The event with what our own members among `fields` say of it. Raises Unreadable for a value that is none."""
    if not isinstance(fields, dict) or not is_extended(fields):
        return event
    said = {
        field: read(fields[PREFIX + _camel(field)], PREFIX + _camel(field))
        for field, read in _READ.items()
        if PREFIX + _camel(field) in fields
    }
    return dataclasses.replace(event, **said)


def extension_of(wanted: ParsedEvent, found: ParsedEvent) -> dict[str, Any]:
    """The members for `wanted` to be read where the standard alone gives `found`."""
    different = (field for field in _READ if _plain(getattr(wanted, field)) != _plain(getattr(found, field)))
    return {PREFIX + _camel(field): _written(getattr(wanted, field)) for field in different}


def _camel(field: str) -> str:
    first, *rest = field.split("_")
    return first + "".join(word.capitalize() for word in rest)


def _plain(value: Any) -> Any:
    return dict(value) if isinstance(value, Mapping) else value


def _written(value: Any) -> Any:
    """As JSON-LD takes it: every name below carries the prefix as well."""
    if isinstance(value, ParsedPlace):
        told = {field: getattr(value, field) for field in (*_PLACE, "latitude", "longitude")}
        return {PREFIX + _camel(field): said for field, said in told.items() if said not in ("", None)}
    if isinstance(value, Mapping):
        return {PREFIX + name: said for name, said in value.items()}
    if isinstance(value, tuple):
        return [{PREFIX + "type": kind, PREFIX + "value": number} for kind, number in value]
    return value


def _text(longest: int) -> Callable[[Any, str], str]:
    return lambda value, element: text(value, element, longest)


def _one_of(known: list[str]) -> Callable[[Any, str], str]:
    def read(value: Any, element: str) -> str:
        said = text(value, element)
        if said and said not in known:
            raise Unreadable("bad_value", f"{element} is not known: {said}.", element)
        return said

    return read


def _wall(value: Any, element: str) -> str:
    said = text(value, element)
    if said and (len(said) != 19 or not checked(said)):
        raise Unreadable("bad_time", f"{element} is no local date and time: {said}.", element)
    return said


def _zone(value: Any, element: str) -> str:
    said = text(value, element, 64)
    if said and load_zone(said) is None:
        raise Unreadable("bad_zone", f"{element} is no time zone: {said}.", element)
    return said


def _instant(value: Any, element: str) -> str:
    said = text(value, element)
    if said and read_iso(said) is None:
        raise Unreadable("bad_time", f"{element} is no date and time: {said}.", element)
    return said


def _place(value: Any, element: str) -> ParsedPlace:
    fields = mapping(value, element)
    said: dict[str, Any] = {
        field: text(fields.get(PREFIX + _camel(field)), PREFIX + _camel(field), longest)
        for field, longest in _PLACE.items()
    }
    _one_of(AliasKind.values)(said["code_kind"], element)
    for field, most in (("latitude", 90), ("longitude", 180)):
        degrees = fields.get(PREFIX + field)
        is_number = isinstance(degrees, (int, float)) and not isinstance(degrees, bool) and abs(degrees) <= most
        said[field] = float(degrees) if degrees is not None and is_number else None
    return ParsedPlace(**said)


def _references(value: Any, element: str) -> tuple[tuple[str, str], ...]:
    entries = [mapping(entry, element) for entry in _few(items(value, element), element)]
    kinds = _one_of(ReferenceType.values)
    return tuple(
        (kinds(entry.get(PREFIX + "type"), element), text(entry.get(PREFIX + "value"), element, 64))
        for entry in entries
        if entry.get(PREFIX + "type") and entry.get(PREFIX + "value")
    )


def _attributes(value: Any, element: str) -> dict[str, Any]:
    said = mapping(value, element)
    _few(list(said), element)
    return {text(name, element).removeprefix(PREFIX): _value(entry, element) for name, entry in said.items()}


def _value(value: Any, element: str) -> Any:
    """Whatever JSON may hold, as far as a database can. How deep it may be nested was looked at before."""
    if isinstance(value, dict):
        _few(list(value), element)
        return {text(name, element): _value(entry, element) for name, entry in value.items()}
    if isinstance(value, list):
        return [_value(entry, element) for entry in _few(value, element)]
    if value is None or isinstance(value, (bool, float)) or (isinstance(value, int) and abs(value) < 1 << 53):
        return value
    return text(value, element, _LONGEST)


def _few(values: list[Any], element: str) -> list[Any]:
    if len(values) > _MOST:
        raise Unreadable("too_many", f"{element} has more than {_MOST} entries.", element)
    return values


_READ: dict[str, Callable[[Any, str], Any]] = {
    "code": _text(24),
    "classifier": _one_of(Classifier.values),
    "wall_time": _wall,
    "zone": _zone,
    "precision": _one_of(TimePrecision.values),
    "reported_at": _instant,
    "place": _place,
    "equipment": _text(35),
    "vessel_imo": _text(7),
    "voyage": _text(50),
    "flight": _text(16),
    "references": _references,
    "source_event_id": _text(100),
    "retracts": _text(100),
    "reason": _text(300),
    "remarks": _text(500),
    "attributes": _attributes,
}
