"""X12 322, terminal operations and intermodal ramp activity: each Q5 is an event of each unit (N7). Pure.

Positions after the published implementation guides of version 4010 (docs/formats.md has the table). The times of
ports and ramps (DTM) are events too, of the estimated or planned kind mostly.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from shipments.formats.base import NOWHERE, Parsed, ParsedEvent, ParsedPlace, ParseIssue
from shipments.formats.x12 import Segment, TransactionSet, element
from shipments.formats.x12_315 import CODE_LIST, LADEN
from shipments.formats.x12_ports import Port, Shared, activity_of, add_port_times, placed, ports_of
from shipments.formats.x12_sets import Findings, parse_sets
from shipments.formats.x12_values import (
    country,
    moment,
    references,
    whole_container,
)

EXPECTED = "X12 322"


@dataclass(slots=True)
class _Unit:
    """An N7 and the W2 and M7 that follow."""

    number: int
    n7: Segment = field(default_factory=list)
    w2: Segment = field(default_factory=list)
    m7: Segment = field(default_factory=list)


@dataclass(slots=True)
class _Status:
    number: int
    q5: Segment
    units: list[_Unit] = field(default_factory=list)


def parse(raw: bytes, options: Mapping[str, Any]) -> Parsed:
    """All statuses of all 322 sets of the file; sets of other kinds are reported and passed over.

    Options: `treat_standard_as_local` (see `x12_values.moment`).
    """
    return parse_sets(raw, options, {"322": read_set}, EXPECTED)


def read_set(transaction: TransactionSet, findings: Findings) -> None:
    """Every Q5 of one 322 for each of its units, then the times at ports and ramps."""
    ports, loose = ports_of(transaction)
    statuses = _statuses(transaction)
    if not statuses:
        said = f"Transaction set {transaction.number} reports no status (Q5)."
        findings.issues.append(ParseIssue("no_status", said, f"ST #{transaction.first}"))
    numbers = [segment for segment in transaction.segments if segment[0] == "N9"]
    shared = Shared(tuple(dict.fromkeys(references(numbers, 2, 1, transaction.repetition))), {})
    units: dict[str, Shared] = {}
    walls = []
    for status in statuses:
        for unit in status.units or [_Unit(status.number)]:
            own = _of_unit(unit, shared)
            units[own.equipment] = own
            found = _event(status, unit, (own, ports), findings)
            if isinstance(found, ParsedEvent):
                walls.append(found.wall_time)
            findings.add(found)
    for own in units.values():
        add_port_times([*placed(loose, ports), *ports], own, findings, walls)


def _statuses(transaction: TransactionSet) -> list[_Status]:
    found: list[_Status] = []
    for offset, segment in enumerate(transaction.segments):
        tag, number = segment[0], transaction.first + offset
        if tag == "Q5":
            found.append(_Status(number, segment))
        elif tag == "N7" and found:
            found[-1].units.append(_Unit(number, segment))
        elif tag in ("W2", "M7") and found:
            _describe(found[-1], segment, number)
    return found


def _describe(status: _Status, segment: Segment, number: int) -> None:
    """W2 and M7 are about the N7 before them; a W2 without one names the unit itself."""
    if not status.units:
        status.units.append(_Unit(number))
    unit = status.units[-1]
    if segment[0] == "W2":
        unit.w2 = segment
    else:
        unit.m7 = segment


def _of_unit(unit: _Unit, shared: Shared) -> Shared:
    """What all events of the unit say: its number, its seals, its kind."""
    attributes: dict[str, Any] = {}
    if kind := element(unit.n7, 22):
        attributes["equipment_type"] = kind[:4]
    if seal := ", ".join(part.strip() for part in unit.m7[1:5] if part.strip()):
        attributes["seal"] = seal[:50]
    source = unit.n7 or unit.w2
    digit = element(unit.n7, 18) if unit.n7 else ""
    equipment = whole_container(element(source, 1), element(source, 2), digit)[:35]
    return replace(shared, attributes=attributes, equipment=equipment)


def _event(
    status: _Status, unit: _Unit, about: tuple[Shared, Sequence[Port]], findings: Findings
) -> ParsedEvent | ParseIssue:
    shared, ports = about
    q5, segment = status.q5, f"Q5 #{status.number}"
    if not (code := element(q5, 1)):
        return findings.wrong("no_code", "Q5 names no status.", q5, segment, "Q5-01")
    place, role = _place(q5, ports)
    when = moment(element(q5, 2), element(q5, 3), element(q5, 4), place, findings.options)
    if not when.wall:
        said = f"{element(q5, 2)[:16] or 'nothing'} {element(q5, 3)[:16]}".strip()
        said = f"There is no such date and time: {said}."
        return findings.wrong("bad_time", said, q5, segment, "Q5-02")
    findings.doubt(when, segment)
    attributes = dict(shared.attributes)
    if laden := LADEN.get(element(unit.w2, 5)) or LADEN.get(element(unit.n7, 17)):
        attributes["laden"] = laden
    if role:
        attributes["loc_role"] = role
    return ParsedEvent(
        position=findings.position,
        raw_code=code,
        code_list=CODE_LIST,
        wall_time=when.wall,
        zone=when.zone,
        zone_code=when.zone_code,
        precision=when.precision,
        place=place,
        equipment=shared.equipment,
        references=shared.references,
        attributes=attributes,
        segment=segment,
    )


def _place(q5: Segment, ports: Sequence[Port]) -> tuple[ParsedPlace, str]:
    """Q5-06 to 08 are city, state and country; the activity location (R4*5) has its code."""
    city, state = element(q5, 6)[:100], element(q5, 7)[:3]
    land = country(element(q5, 8), state)
    text = ", ".join(part for part in (city, state, land) if part)
    named = ParsedPlace(name=city, subdivision=state, country=land, text=text) if city else NOWHERE
    if any(port.role == "ACTIVITY" for port in ports):
        place, role = activity_of(ports, NOWHERE)
        return (replace(place, name=city, text=text) if city else place), role
    return activity_of(ports, named)
