"""X12 315, status details (ocean): the B4 is an event, and so is every time at a port (R4, DTM). Pure.

Positions after the published implementation guides of versions 4010 to 5010 (docs/formats.md has the table).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from shipments.enums import ReferenceType
from shipments.formats.base import NOWHERE, Parsed, ParsedEvent, ParseIssue
from shipments.formats.x12 import Segment, TransactionSet, element
from shipments.formats.x12_ports import Port, Shared, activity_of, add_port_times, ports_of
from shipments.formats.x12_sets import Findings, parse_sets
from shipments.formats.x12_values import (
    has_valid_check_digit,
    located,
    moment,
    references,
    whole_container,
)

CODE_LIST = "157"
EXPECTED = "X12 315"
LADEN = {"L": "LADEN", "E": "EMPTY"}
# What N9 says beside references: our attribute for its qualifier.
_ASIDE = {"SCA": "scac", "SN": "seal", "WU": "vessel"}


def parse(raw: bytes, options: Mapping[str, Any]) -> Parsed:
    """All statuses of all 315 sets of the file; sets of other kinds are reported and passed over.

    Options: `treat_standard_as_local` (see `x12_values.moment`). B4 has no time code: its time is local to the place.
    """
    return parse_sets(raw, options, {"315": read_set}, EXPECTED)


def read_set(transaction: TransactionSet, findings: Findings) -> None:
    """The B4 of one 315, and the times at its ports."""
    ports, _ = ports_of(transaction)
    shared = _shared(transaction)
    first = findings.position
    walls = []
    for offset, segment in enumerate(transaction.segments):
        if segment[0] != "B4":
            continue
        number = transaction.first + offset
        shared = replace(shared, equipment=_equipment(segment, number, transaction, findings))
        found = _status(segment, number, (shared, ports), findings)
        if isinstance(found, ParsedEvent):
            walls.append(found.wall_time)
        findings.add(found)
    if findings.position == first:
        said = f"Transaction set {transaction.number} reports no status (B4)."
        findings.issues.append(ParseIssue("no_status", said, f"ST #{transaction.first}"))
    add_port_times(ports, shared, findings, walls)


def _status(
    b4: Segment, number: int, about: tuple[Shared, Sequence[Port]], findings: Findings
) -> ParsedEvent | ParseIssue:
    shared, ports = about
    segment = f"B4 #{number}"
    if not (code := element(b4, 3)):
        return findings.wrong("no_code", "B4 names no status.", b4, segment, "B4-03")
    when = moment(element(b4, 4), element(b4, 5))
    if not when.wall:
        said = f"{element(b4, 4)[:16] or 'nothing'} {element(b4, 5)[:16]}".strip()
        said = f"There is no such date and time: {said}."
        return findings.wrong("bad_time", said, b4, segment, "B4-04")
    named = located(element(b4, 12), element(b4, 11))
    place, role = activity_of(ports, located("", element(b4, 6)) if named is NOWHERE else named)
    attributes = dict(shared.attributes)
    if laden := LADEN.get(element(b4, 9)):
        attributes["laden"] = laden
    if kind := element(b4, 10):
        attributes["equipment_type"] = kind[:4]
    if role:
        attributes["loc_role"] = role
    return ParsedEvent(
        position=findings.position,
        raw_code=code,
        code_list=CODE_LIST,
        wall_time=when.wall,
        precision=when.precision,
        place=place,
        equipment=shared.equipment,
        vessel_imo=shared.vessel_imo,
        voyage=shared.voyage,
        references=shared.references,
        attributes=attributes,
        segment=segment,
    )


def _shared(transaction: TransactionSet) -> Shared:
    numbers = [segment for segment in transaction.segments if segment[0] == "N9"]
    found = references(numbers, 2, 1, transaction.repetition)
    attributes: dict[str, Any] = {}
    for segment in numbers:
        if (name := _ASIDE.get(element(segment, 1))) and element(segment, 2):
            attributes[name] = element(segment, 2)[:50]
    q2 = next((segment for segment in transaction.segments if segment[0] == "Q2"), [])
    if vessel := element(q2, 13):
        attributes["vessel"] = vessel[:50]
    sign = element(q2, 1)
    is_imo = len(sign) == 7 and sign.isascii() and sign.isdigit()
    if sign and not is_imo:
        attributes["call_sign"] = sign[:8]
    # The container is the unit of the event; of its numbers the right one is chosen (`_equipment`).
    kept = dict.fromkeys(pair for pair in found if pair[0] != ReferenceType.CONTAINER.value)
    return Shared(tuple(kept), attributes, "", sign if is_imo else "", element(q2, 9)[:50])


def _equipment(b4: Segment, number: int, transaction: TransactionSet, findings: Findings) -> str:
    """The container: B4-07/08/13 or N9*EQ, whichever is right; where both are or neither is, the one in B4.

    They disagree in real messages (formats.md 9.4, rule 36).
    """
    own = whole_container(element(b4, 7), element(b4, 8), element(b4, 13))
    other = next((s for s in transaction.segments if s[0] == "N9" and element(s, 1) == "EQ"), [])
    told = whole_container("", element(other, 2))
    best = told if told and (not own or (has_valid_check_digit(told) and not has_valid_check_digit(own))) else own
    place = f"B4 #{number}"
    if own and told and own[:10] != told[:10]:
        said = f"B4 names {own[:35]}, N9*EQ names {told[:35]}; {best[:35]} was taken."
        findings.warn("equipment_differs", said, place, "B4-08")
    return best[:35]
