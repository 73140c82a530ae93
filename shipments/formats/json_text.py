"""JSON from outside: read safely, and asked for values of the right kind. Pure."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NoReturn

import orjson

from shipments.formats.base import Parsed, ParsedEvent, ParseIssue, rejected
from shipments.formats.recognise import recognise, refusal, snippet, wrong_format

MAX_DEPTH = 32
MAX_EVENTS = 100_000
_SNIPPET = 200
# What `recognise` may call JSON.
_JSON = frozenset({"json", "native", "dcsa_2", "dcsa_3", "one_record", "epcis", "cbp", "ups", "fedex", "dhl"})


class Unreadable(ValueError):
    """One event cannot be read: `code`, what is wrong in words, and the element it is wrong with."""

    def __init__(self, code: str, message: str, element: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.element = element


def load_json(raw: bytes, expected: str) -> Any:
    """The value that the JSON holds; or the rejection of the whole message (a Parsed)."""
    if refused := refusal(raw):
        return refused
    try:
        value = _load(raw)
    except RecursionError:
        return _too_deep()
    except ValueError as error:
        if recognise(raw) not in _JSON:
            return wrong_format(raw, expected)
        return rejected("not_json", f"The JSON cannot be read: {_said(error)}.", snippet=snippet(raw))
    # So few brackets cannot be nested too deep.
    may_be_deep = raw.count(b"[") + raw.count(b"{") > MAX_DEPTH
    return _too_deep() if may_be_deep and _depth(value) > MAX_DEPTH else value


def load_events(raw: bytes, expected: str) -> list[Any] | Parsed:
    """The events of a list, of {"events": [...]} or of one object alone; or the rejection of the whole message."""
    value = load_json(raw, expected)
    return value if isinstance(value, Parsed) else _listed(value)


def _load(raw: bytes) -> Any:
    """The value. The fast reader takes nearly everything; what it refuses is read by the one that can say where."""
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError:
        return json.loads(raw, parse_constant=_refuse_constant)


def _listed(value: Any) -> list[Any] | Parsed:
    events = value.get("events", [value]) if isinstance(value, dict) else value
    if not isinstance(events, list):
        return rejected("not_events", "The JSON is neither an event nor a list of events.")
    if not events:
        return rejected("no_events", "The message holds no events.")
    if len(events) > MAX_EVENTS:
        return rejected("too_many", f"The message holds more than {MAX_EVENTS} events.")
    return events


def _too_deep() -> Parsed:
    return rejected("too_deep", f"The JSON is nested deeper than {MAX_DEPTH} levels.")


def issue(error: Unreadable, event: object, position: int) -> ParseIssue:
    """The report of one event that could not be read."""
    said = json.dumps(event)[:_SNIPPET]
    return ParseIssue(error.code, error.message, f"event {position + 1}", error.element, position, said)


def read_each(values: Sequence[Any], make: Callable[[Any, int], ParsedEvent]) -> Parsed:
    """What `make` reads of each value and its position; one that it finds unreadable is left out alone."""
    events: list[ParsedEvent] = []
    issues: list[ParseIssue] = []
    for position, value in enumerate(values):
        try:
            events.append(make(value, position))
        except Unreadable as error:
            issues.append(issue(error, value, position))
    return Parsed(tuple(events), tuple(issues))


def mapping(value: object, element: str) -> dict[str, Any]:
    """`value` as an object; nothing is an empty one."""
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise Unreadable("bad_value", f"{element} is not an object.", element)
    return value


def items(value: object, element: str) -> list[Any]:
    """`value` as a list; nothing is an empty one."""
    if value is None:
        return []
    if not isinstance(value, list):
        raise Unreadable("bad_value", f"{element} is not a list.", element)
    return value


def text(value: object, element: str, longest: int = 100) -> str:
    """`value` as a text of at most `longest` characters that a database can hold; nothing is ''."""
    if value is None:
        return ""
    if not isinstance(value, str):
        raise Unreadable("bad_value", f"{element} is not a text.", element)
    if len(value) > longest:
        raise Unreadable("too_long", f"{element} is longer than {longest} characters.", element)
    if not value.isascii() and any("\ud800" <= sign <= "\udfff" for sign in value):
        raise Unreadable("bad_text", f"{element} holds a broken character.", element)
    if "\x00" in value:
        raise Unreadable("bad_text", f"{element} holds a NUL character.", element)
    return value.strip()


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


def _said(error: ValueError) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg} at line {error.lineno}, column {error.colno}"
    if isinstance(error, UnicodeDecodeError):
        return f"byte {error.start} is not UTF-8"
    return "it holds a value that is no JSON"


def _depth(value: object) -> int:
    """Levels of nesting; stops counting just past the limit."""
    depth, level = 0, [value]
    while level and depth <= MAX_DEPTH:
        level = [inner for outer in level for inner in _inner(outer)]
        depth += 1
    return depth


def _inner(value: object) -> Iterator[object]:
    if isinstance(value, dict):
        yield from (inner for inner in value.values() if isinstance(inner, (dict, list)))
    elif isinstance(value, list):
        yield from (inner for inner in value if isinstance(inner, (dict, list)))
