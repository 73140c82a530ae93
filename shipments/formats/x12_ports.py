"""Ports and their times (R4 and the DTM that follow) of 315 and 322: each time is an event of its own. Pure.

Roles after element 115, qualifiers of times after element 374, of places after element 309 (shipments/tables).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from shipments.enums import Classifier
from shipments.formats.base import NOWHERE, ParsedEvent, ParsedPlace
from shipments.formats.x12 import Segment, TransactionSet, element
from shipments.formats.x12_sets import Findings
from shipments.formats.x12_values import country, located, moment
from shipments.tables import read_table

CODE_LIST = "r4"
_ROLES = {row["code"]: row for row in read_table("x12_r4_115")}
_TIMES = {row["qualifier"]: row for row in read_table("x12_dtm_374")}
_LETTERS = {Classifier.ESTIMATED.value: "E", Classifier.ACTUAL.value: "A", Classifier.PLANNED.value: "P"}
# "" is a time of which the message does not say of what: estimated at a port of transshipment, for one.
_ENDINGS = {"departure": "TD", "arrival": "TA", "delivery": "DD", "acceptance": "AC", "loading": "LD", "": "TT"}
# Where the loose times of a 322 belong: an arrival to the last ramp.
_PLACED = {"departure": ("RAMP_ORIGIN", "POL"), "arrival": ("RAMP_DEST", "POD"), "delivery": ("DELIVERY",)}


@dataclass(slots=True)
class Port:
    """An R4 and its DTM segments, each with its number in the file. `role`: '' when the code is unknown."""

    role: str
    moment: str = ""
    mode: str = ""
    place: ParsedPlace = NOWHERE
    times: list[tuple[int, Segment]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Shared:
    """What all events of a unit have in common."""

    references: tuple[tuple[str, str], ...] = ()
    attributes: Mapping[str, Any] = field(default_factory=dict)
    equipment: str = ""
    vessel_imo: str = ""
    voyage: str = ""


def ports_of(transaction: TransactionSet) -> tuple[list[Port], list[tuple[int, Segment]]]:
    """The ports in their order, and the times that stand before any of them."""
    ports: list[Port] = []
    loose: list[tuple[int, Segment]] = []
    for offset, segment in enumerate(transaction.segments):
        if segment[0] == "R4":
            ports.append(_port(segment))
        elif segment[0] == "DTM":
            (ports[-1].times if ports else loose).append((transaction.first + offset, segment))
    return ports, loose


def _port(segment: Segment) -> Port:
    known = _ROLES.get(element(segment, 1), {})
    land, state = element(segment, 5), element(segment, 8)[:3]
    land = country(land, state)
    place = located(element(segment, 2), element(segment, 3))
    name = element(segment, 4)[:100]
    # Some write the country into the state as well.
    state = "" if state == land else state
    text = ", ".join(part for part in (name, state, land) if part) if name else place.text
    place = replace(place, name=name or place.name, country=land, subdivision=state, text=text)
    return Port(known.get("role", ""), known.get("moment", ""), known.get("mode", ""), place)


def activity_of(ports: Sequence[Port], place: ParsedPlace) -> tuple[ParsedPlace, str]:
    """The place of the status with what the ports say about it, and its role on the way ("" when it has none).

    A status without a place happened at the activity location (R4*5).
    """
    activity = next((port.place for port in ports if port.role == "ACTIVITY"), NOWHERE)
    if place is NOWHERE or place == ParsedPlace():
        place = activity
    same = [port for port in ports if _is_same(port.place, place)]
    role = next((port.role for port in same if port.role not in ("", "ACTIVITY")), "")
    best = next((port.place for port in same if port.role == "ACTIVITY"), same[0].place if same else place)
    return best, role


def _is_same(one: ParsedPlace, other: ParsedPlace) -> bool:
    if one.unlocode or other.unlocode:
        return one.unlocode == other.unlocode and one.facility == other.facility
    return (one.code, one.name.upper()) == (other.code, other.name.upper()) and bool(one.code or one.name)


def add_port_times(ports: Iterable[Port], shared: Shared, findings: Findings, told: Iterable[str] = ()) -> None:
    """An event for each time. A time that does not say of what is left out when a status (`told`) has it already."""
    seen = {wall[:16] for wall in told}
    for port in ports:
        for number, segment in port.times:
            _add(port, number, segment, shared, (findings, seen))


def placed(loose: Iterable[tuple[int, Segment]], ports: Sequence[Port]) -> Iterator[Port]:
    """The times that stand before the ports, each at the port that it must be about, or nowhere."""
    for number, segment in loose:
        wanted = _PLACED.get(_TIMES.get(element(segment, 1), {}).get("moment", ""), ())
        port = next((port for role in wanted for port in ports if port.role == role), Port(""))
        yield replace(port, times=[(number, segment)])


def _add(port: Port, number: int, segment: Segment, shared: Shared, to: tuple[Findings, set[str]]) -> None:
    findings, seen = to
    qualifier, place = element(segment, 1), f"DTM #{number}"
    if not element(segment, 2):
        return
    when = moment(element(segment, 2), element(segment, 3), element(segment, 4), port.place, findings.options)
    if not when.wall:
        said = f"There is no such date and time: {element(segment, 2)[:16]} {element(segment, 3)[:16]}".strip()
        findings.add(findings.wrong("bad_time", f"{said}.", segment, place, "DTM-02"))
        return
    known = _TIMES.get(qualifier, {})
    happening = known.get("moment", "") or port.moment
    if not happening and when.wall[:16] in seen:
        return
    findings.doubt(when, place)
    attributes = {**shared.attributes}
    attributes |= {"loc_role": port.role} if port.role else {}
    attributes |= {"mode": port.mode} if port.mode else {}
    classifier = known.get("classifier", "")
    findings.add(
        ParsedEvent(
            position=findings.position,
            raw_code=_LETTERS[classifier] + _ENDINGS[happening] if classifier else qualifier[:8],
            code_list=CODE_LIST,
            classifier=classifier,
            wall_time=when.wall,
            zone=when.zone,
            zone_code=when.zone_code,
            precision=when.precision,
            place=port.place,
            equipment=shared.equipment,
            vessel_imo=shared.vessel_imo,
            voyage=shared.voyage,
            references=shared.references,
            attributes=attributes,
            segment=place,
        )
    )
