"""IATA ONE Record: logistics events in JSON-LD. Pure: no context is fetched, terms are known by their last part.

A change that deletes an event takes it back; the code list is that of Cargo-IMP. The air waybill is found by the links
from what the event is for, as far as they stand in the document.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from shipments.enums import Classifier, ReferenceType, TimePrecision
from shipments.formats.base import NOWHERE, Parsed, ParsedEvent, ParsedPlace, ParseIssue, rejected
from shipments.formats.fsu import read_flight
from shipments.formats.json_ld import Graph, Node, bare, flatten, listed
from shipments.formats.json_text import MAX_EVENTS, Unreadable, issue, load_json, text
from shipments.formats.times import WallTime, read_iso

CODE_LIST = "fsu"
_EXPECTED = "ONE Record events"
_EVENTS = frozenset({"LogisticsEvent", "StatusUpdateEvent", "Event"})
_CLASSIFIERS = {
    "ACTUAL": Classifier.ACTUAL, "ESTIMATED": Classifier.ESTIMATED, "EXPECTED": Classifier.ESTIMATED,
    "PLANNED": Classifier.PLANNED, "SCHEDULED": Classifier.PLANNED, "REQUESTED": Classifier.REQUESTED,
    "A": Classifier.ACTUAL, "E": Classifier.ESTIMATED, "S": Classifier.PLANNED, "P": Classifier.PLANNED, "": "",
}  # fmt: skip
# Links from what an event is for to the air waybill, in the ontologies of 2020 to 2026.
_TO_WAYBILL = frozenset({"shipment", "ofShipment", "waybill", "masterWaybill", "partOfShipment"})
_AWB = re.compile(r"(\d{3})-?(\d{8})\Z", re.ASCII)
_IATA, _UNLOCODE = re.compile(r"[A-Z]{3}\Z"), re.compile(r"[A-Z]{2}[A-Z2-9]{3}\Z")
_LONGEST = 64


def parse(raw: bytes, options: Mapping[str, Any]) -> Parsed:
    """The events of a document: one, a list, a collection, a `@graph`, or inside the shipment they are about."""
    loaded = load_json(raw, _EXPECTED)
    if isinstance(loaded, Parsed):
        return loaded
    graph = flatten(loaded)
    said = [node for node in graph.nodes if _is_event(node) or _is_change(node)]
    if not said:
        return _nothing(graph)
    if len(said) > MAX_EVENTS:
        return rejected("too_many", f"The message holds more than {MAX_EVENTS} events.")
    events: list[ParsedEvent] = []
    issues: list[ParseIssue] = []
    waybills = _waybills(graph)
    for position, node in enumerate(said):
        try:
            events.append(_changed(node, position) if _is_change(node) else _event(node, graph, waybills, position))
        except Unreadable as error:
            issues.append(issue(error, node, position))
    return Parsed(tuple(events), tuple(issues))


def _is_event(node: Node) -> bool:
    kinds = node.get("@type")
    return bool(_EVENTS.intersection(kinds)) if kinds else "eventCode" in node and "eventDate" in node


def _is_change(node: Node) -> bool:
    return "Change" in node.get("@type", ()) and "hasOperation" in node


def _nothing(graph: Graph) -> Parsed:
    kinds = {kind for node in graph.nodes for kind in node.get("@type", ())}
    if "Collection" in kinds and any(node.get("hasTotalItems") in (0, "0") for node in graph.nodes):
        return Parsed(is_quiet=True)
    if any(kind.endswith(("Response", "Result", "Error")) for kind in kinds):
        return rejected("not_an_event", "This is the answer to a request: it says what was stored, not what happened.")
    if "Notification" in kinds:
        return rejected("not_an_event", "This is a notification: it names an object, and does not say what happened.")
    return rejected("not_an_event", "There is no logistics event in this JSON.")


def _changed(change: Node, position: int) -> ParsedEvent:
    """An event that the change deletes. What a change adds or alters, it does not say as a whole."""
    operations = [node for node in listed(change.get("hasOperation")) if isinstance(node, dict)]
    for operation in operations:
        if _code(operation.get("op"), "op") == "DELETE" and (gone := _deleted(operation)):
            return ParsedEvent(position, "", CODE_LIST, "", retracts=identity(gone), segment=f"event {position + 1}")
    raise Unreadable("not_an_event", "The change names an event or a part of it; it does not say what happened.", "op")


def _deleted(operation: Node) -> str:
    """The address of the event: it is cut off from its object, or all of it is deleted."""
    for value in listed(operation.get("o")):
        if isinstance(value, dict) and bare(_text(value.get("hasDatatype"))) in _EVENTS:
            return _text(value.get("hasValue"))
    subject = _text(operation.get("s"))
    is_whole = bare(_text(operation.get("p"))) in ("", "type", "22-rdf-syntax-ns")
    return subject if is_whole and "/logistics-events/" in subject else ""


def identity(address: str) -> str:
    """The sender's id of an event: its address, or the last part of a long one."""
    return address if len(address) <= 100 else bare(address)[:100]


def _event(node: Node, graph: Graph, waybills: Mapping[str, list[Node]], position: int) -> ParsedEvent:
    wall = _time(node)
    created = read_iso(_said_time(node.get("creationDate")))
    targets = [
        graph.known(target) for name in ("eventFor", "linkedObject", "linkedPiece") for target in listed(node.get(name))
    ]
    address = _text(node.get("@id"))
    return ParsedEvent(
        position=position,
        raw_code=_code(node.get("eventCode"), "eventCode") or _missing("eventCode"),
        code_list=CODE_LIST,
        wall_time=wall.wall,
        classifier=_classifier(node),
        zone=wall.zone,
        precision=wall.precision,
        reported_at=created.wall + (created.zone or "+00:00") if created else "",
        place=_place(node, graph),
        flight=_flight(node, targets, graph),
        references=tuple(dict.fromkeys(_references(targets, graph, waybills))),
        # Without a server of its own an event has no address: a name inside the document is none.
        source_event_id=identity(address) if "://" in address else "",
        remarks=text(node.get("eventName"), "eventName", 500),
        attributes=dict(_attributes(node, targets)),
        segment=f"event {position + 1}",
    )


def _missing(name: str) -> str:
    raise Unreadable("bad_value", f"{name} is missing.", name)


def _first(value: Any) -> Any:
    return next(iter(value), None) if isinstance(value, list) else value


def _text(value: Any) -> str:
    """A text, or the address of a node; '' for anything else."""
    value = _first(value)
    value = value.get("@id") if isinstance(value, dict) else value
    return text(value, "@id", 2_000) if isinstance(value, str) else ""


def _code(value: Any, name: str) -> str:
    """The last part of a code of a list, which may be a node of its own."""
    value = _first(value)
    said = value.get("code") if isinstance(value, dict) else None
    return text(bare(_text(said or value)), name, _LONGEST)


def _said_time(value: Any) -> str:
    return text(value, "eventDate").removesuffix(" UTC") if isinstance(value, str) else ""


def _time(node: Node) -> WallTime:
    said = _said_time(node.get("eventDate") or node.get("dateTime"))
    if not said:
        raise Unreadable("no_time", "eventDate is missing.", "eventDate")
    found = read_iso(said)
    if found is None or found.precision == TimePrecision.DAY:
        raise Unreadable("bad_time", f"eventDate is no date and time: {said}.", "eventDate")
    return found


def _classifier(node: Node) -> str:
    kind = _code(node.get("eventTimeType") or node.get("eventTypeIndicator"), "eventTimeType").upper()
    if kind not in _CLASSIFIERS:
        if "eventTimeType" not in node:
            return ""
        raise Unreadable("bad_value", f"eventTimeType is not known: {kind}.", "eventTimeType")
    return str(_CLASSIFIERS[kind])


def _place(node: Node, graph: Graph) -> ParsedPlace:
    found = listed(node.get("eventLocation") or node.get("location"))
    if not found:
        return NOWHERE
    where = graph.known(found[0])
    name = text(where.get("locationName") or where.get("name"), "locationName", 200)
    codes = [
        _code(code, "locationCode")
        for key in ("locationCodes", "locationCode", "code")
        for code in listed(where.get(key))
    ]
    iata = next((code for code in codes if _IATA.match(code)), "")
    unlocode = next((code for code in codes if _UNLOCODE.match(code)), "")
    said = name or unlocode or iata or _text(where)[-200:]
    return ParsedPlace(iata=iata, unlocode=unlocode, text=said) if said else NOWHERE


def _flight(node: Node, targets: Iterable[Node], graph: Graph) -> str:
    """Of the movement the event is for, or that a status update names."""
    movements = [graph.known(m) for m in listed(node.get("transportMovementReference"))]
    for movement in (*movements, *targets):
        if number := _text(movement.get("transportIdentifier")):
            return read_flight(number) or number[:16]
    return ""


def _waybills(graph: Graph) -> dict[str, list[Node]]:
    """The waybills of the document by the address of the shipment they say they are for."""
    found: dict[str, list[Node]] = {}
    for node in graph.nodes:
        if "Waybill" in node.get("@type", ()):
            for shipment in listed(node.get("shipment")):
                found.setdefault(_text(shipment), []).append(node)
    found.pop("", None)
    return found


def _references(targets: Iterable[Node], graph: Graph, waybills: Mapping[str, list[Node]]) -> Iterator[tuple[str, str]]:
    """The air waybill where the document leads to it; and the objects by their own ids, as a person may file them."""
    seen: list[Node] = []
    direct = list(targets)
    left = list(direct)
    while left and len(seen) < 1_000:
        node = left.pop(0)
        if node in seen:
            continue
        seen.append(node)
        left += [graph.known(v) for name in _TO_WAYBILL for v in listed(node.get(name)) if isinstance(v, (dict, str))]
        left += waybills.get(_text(node), ())
    yield from (pair for node in seen for pair in _waybill(node))
    for node in seen[: len(direct)]:
        own = bare(_text(node))
        if found := _AWB.match(own):
            yield ReferenceType.MAWB.value, f"{found[1]}-{found[2]}"
        elif "://" in _text(node) and 8 <= len(own) <= _LONGEST:
            yield ReferenceType.TRACKING.value, own


def _waybill(node: Node) -> Iterator[tuple[str, str]]:
    prefix, number = _text(node.get("waybillPrefix")), _text(node.get("waybillNumber"))
    if not number or len(number) > _LONGEST - 4:
        return
    if _code(node.get("waybillType"), "waybillType").upper() == "HOUSE":
        yield ReferenceType.HAWB.value, number
    elif found := _AWB.match(prefix + number):
        yield ReferenceType.MAWB.value, f"{found[1]}-{found[2]}"
    else:
        yield ReferenceType.MAWB.value, f"{prefix}-{number}" if prefix else number


def _attributes(node: Node, targets: Iterable[Node]) -> Iterator[tuple[str, Any]]:
    partial = node.get("partialEventIndicator")
    if isinstance(partial, bool):
        yield "part", "PARTIAL" if partial else "TOTAL"
    pieces = node.get("recordedPieceCount")
    if isinstance(pieces, int) and not isinstance(pieces, bool) and 0 < pieces < 1_000_000:
        yield "pieces", pieces
    weight = node.get("recordedWeight")
    if isinstance(weight, dict) and isinstance(weight.get("numericalValue"), (int, float)):
        yield "weight", str(weight["numericalValue"])[:16]
        yield "weight_unit", _code(weight.get("unit"), "unit")[:3]
    for name in ("recordingOrganization", "performedBy", "transferredFrom", "transferredTo"):
        if address := _text(node.get(name)):
            yield re.sub(r"(?=[A-Z])", "_", name).lower(), address[:200]
    if objects := [address[:200] for target in targets if (address := _text(target))]:
        yield "objects", " ".join(objects[:20])
