"""What COARRI and CODECO share: a header with the vessel, and one event for each unit (EQD). Pure.

Positions after D.95B to D.00B and the SMDG guides: BGM 1001 says what was done to the units.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from shipments.formats import edifact_values as values
from shipments.formats.base import NOWHERE, ParsedPlace
from shipments.formats.edifact import EdifactMessage, Segment, part
from shipments.formats.edifact_values import Carriage, Moment
from shipments.formats.message_content import Content

_MAIN = "20"
_CLOSING = frozenset({"CNT", "UNT"})
_MOST_SEALS = 9
# 6313 of MEA: verified gross mass, gross weights.
_WEIGHTS = frozenset({"VGM", "G", "AAD", "AET"})


@dataclass(slots=True)
class Part:
    """The header of the message, or a unit with what follows it. `number`: of the EQD among the file's segments.

    Of dates and places the first of each qualifier (2005, 3227) counts.
    """

    eqd: Segment = field(default_factory=list)
    number: int = 0
    references: list[tuple[str, str]] = field(default_factory=list)
    moments: dict[str, Moment] = field(default_factory=dict)
    places: dict[str, ParsedPlace] = field(default_factory=dict)
    carriages: list[Carriage] = field(default_factory=list)
    seals: list[str] = field(default_factory=list)
    weight: tuple[str, str] = ("", "")


@dataclass(frozen=True, slots=True)
class Reading:
    """How a kind of message is read. `code`: (document code, LADEN or EMPTY, direction) → raw code and fallbacks.

    `when`: qualifiers of the execution of the move. `where`: of the place it happened at, by the same three.
    """

    code_list: str
    when: Sequence[str]
    code: Callable[[str, str, str], tuple[str, ...]]
    where: Callable[[str, str, str], Sequence[str]]


def read_units(message: EdifactMessage, content: Content, reading: Reading) -> None:
    """Add an event for each unit of the message to `content`."""
    header, units, document, function = _parts(message)
    content.begin(message, function, values.first_of(header.moments, ("137",)))
    content.odd_dates([one for each in (header, *units) for one in each.moments.values()])
    if not document or not units:
        said = f"Message {message.number} {'reports no unit (EQD)' if document else 'does not say what it is (BGM)'}."
        content.issue("no_unit" if document else "no_code", said, f"UNH #{message.first}")
        return
    vessel = next((one for one in header.carriages if one.stage == _MAIN), Carriage(""))
    for unit in units:
        _add(unit, header, vessel, (document, content, reading))


def _parts(message: EdifactMessage) -> tuple[Part, list[Part], str, str]:
    """The header, the units, what is reported of them (BGM 1001), and the function (1225)."""
    header = current = Part()
    units: list[Part] = []
    document = function = ""
    for offset, segment in enumerate(message.segments):
        tag = segment[0][0]
        if tag == "EQD":
            current = Part(segment, message.first + offset)
            units.append(current)
        elif tag in _CLOSING:
            current = header
        elif tag == "BGM":
            document, function = part(segment, 1), part(segment, 3)
        else:
            _take(current, segment, message.first + offset)
    return header, units, document, function


def _take(current: Part, segment: Segment, number: int) -> None:
    tag = segment[0][0]
    if tag == "DTM":
        # Dates behind a TDT of the unit are those of the truck or train that brings it.
        if not (current.eqd and current.carriages):
            moment = values.moment(segment, number)
            current.moments.setdefault(moment.qualifier, moment)
    elif tag == "LOC":
        current.places.setdefault(part(segment, 1), values.place(segment))
    elif tag == "RFF":
        _refer(current, segment)
    elif tag == "TDT":
        current.carriages.append(values.carriage(segment))
    else:
        _measure(current, segment)


def _measure(current: Part, segment: Segment) -> None:
    """Seals and weight. The verified gross mass goes before the gross weight."""
    tag = segment[0][0]
    if tag == "SEL" and len(current.seals) < _MOST_SEALS and part(segment, 1):
        current.seals.append(part(segment, 1)[:15])
    elif tag == "MEA" and part(segment, 2) in _WEIGHTS and (part(segment, 2) == "VGM" or not current.weight[0]):
        current.weight = (part(segment, 3, 2)[:16], part(segment, 3)[:3])


def _refer(current: Part, segment: Segment) -> None:
    # RFF behind the TDT of the header numbers the voyage, whatever its qualifier says.
    if not current.eqd and current.carriages and part(segment, 1) not in ("BM", "BN"):
        return
    found = values.reference(segment)
    if found and found not in current.references and len(current.references) < values.MOST_REFERENCES:
        current.references.append(found)


def _add(unit: Part, header: Part, vessel: Carriage, of: tuple[str, Content, Reading]) -> None:
    document, content, reading = of
    number, laden, direction = part(unit.eqd, 2)[:35], values.laden(unit.eqd), values.direction(unit.eqd)
    where = f"EQD #{unit.number}"
    if not number and not unit.references:
        content.lose("no_unit", "EQD names no unit, and nothing else says which one it is.", where, unit.eqd)
        return
    when = _when(unit, header, reading.when)
    if when is None or not when.wall:
        said = f"There is no such date and time: {when.said}." if when else "Neither unit nor message has a date (DTM)."
        content.lose("bad_time" if when else "no_time", said, where, unit.eqd)
        return
    raw_code, *fallbacks = reading.code(document, laden, direction)
    qualifiers = reading.where(document, laden, direction)
    mine = {type_ for type_, _ in unit.references}
    content.add(
        when,
        raw_code=raw_code[:64],
        code_list=reading.code_list,
        fallback_codes=tuple(fallbacks),
        place=values.first_of(unit.places, qualifiers) or values.first_of(header.places, qualifiers) or NOWHERE,
        equipment=number,
        vessel_imo=vessel.vessel_imo,
        voyage=vessel.voyage,
        references=(*unit.references, *(pair for pair in header.references if pair[0] not in mine)),
        attributes=_attributes(unit, header, vessel),
        segment=where,
    )


def _when(unit: Part, header: Part, qualifiers: Sequence[str]) -> Moment | None:
    """When the move was executed; without a date of its own, when it was reported."""
    for one in (unit, header):
        if found := values.first_of(one.moments, qualifiers):
            return found
    return values.first_of(header.moments, ("137",))


def _attributes(unit: Part, header: Part, vessel: Carriage) -> dict[str, Any]:
    """What else is said of the unit; names in capital letters stand for themselves."""
    inland = next((one for one in unit.carriages if one.plate or one.mode), Carriage(""))
    port_of_loading = unit.places.get("9") or header.places.get("9")
    port_of_discharge = unit.places.get("11")
    said: dict[str, Any] = {
        "laden": values.laden(unit.eqd),
        "direction": values.direction(unit.eqd),
        "size_type": part(unit.eqd, 3)[:10],
        "carrier": vessel.carrier,
        "vessel": vessel.vessel,
        "truck": inland.plate,
        "inland_mode": inland.mode,
        "seals": ",".join(unit.seals),
        "weight": unit.weight[0],
        "weight_unit": unit.weight[1],
        "pol": port_of_loading.unlocode if port_of_loading else "",
        "pod": port_of_discharge.unlocode if port_of_discharge else "",
    }
    return {name: value for name, value in said.items() if value}
