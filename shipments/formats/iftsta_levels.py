"""The levels of an EDIFACT IFTSTA: header, consignments (CNI), statuses (STS), and the legs (TDT) of each. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from shipments.enums import ReferenceType
from shipments.formats import edifact_values as values
from shipments.formats.base import ParsedPlace
from shipments.formats.edifact import Segment, part
from shipments.formats.edifact_values import Carriage, Moment

# The stage (8051) of the main carriage.
MAIN = "20"


@dataclass(slots=True)
class Stop:
    """A LOC of a leg with its dates, or the dates of the leg itself (no place)."""

    qualifier: str = ""
    place: ParsedPlace | None = None
    moments: list[Moment] = field(default_factory=list)


@dataclass(slots=True)
class Leg:
    """A TDT. `places`: of its stops, the first of each qualifier (3227)."""

    carriage: Carriage
    stops: list[Stop] = field(default_factory=lambda: [Stop()])
    places: dict[str, ParsedPlace] = field(default_factory=dict)


@dataclass(slots=True)
class Level:
    """The header, a consignment or a status: what is said of it itself, and the level it stands in.

    Of dates and places the first of each qualifier counts. `equipment`: number → EMPTY, LADEN or ''.
    """

    above: Level | None = None
    sts: Segment = field(default_factory=list)
    number: int = 0
    references: list[tuple[str, str]] = field(default_factory=list)
    units: list[str] = field(default_factory=list)
    equipment: dict[str, str] = field(default_factory=dict)
    moments: dict[str, Moment] = field(default_factory=dict)
    places: dict[str, ParsedPlace] = field(default_factory=dict)
    goods_at: dict[str, ParsedPlace] = field(default_factory=dict)
    legs: list[Leg] = field(default_factory=list)
    carriage: Carriage | None = None
    texts: list[str] = field(default_factory=list)
    scac: str = ""
    carrier: str = ""

    def chain(self) -> Iterator[Level]:
        """This level, then those it stands in."""
        level: Level | None = self
        while level is not None:
            yield level
            level = level.above


def read_levels(segments: Sequence[Segment], first: int) -> tuple[list[Level], str]:
    """The header first, then consignments and statuses as they stand; and the function (BGM 1225)."""
    walk = _Walk()
    for offset, segment in enumerate(segments):
        walk.take(segment, first + offset)
    return walk.levels, walk.function


class _Walk:
    """One pass over the segments; `inside` is the tag of the group within a status that LOC and DTM belong to."""

    def __init__(self) -> None:
        self.header = Level()
        self.levels = [self.header]
        self.consignment = self.header
        self.current = self.header
        self.inside = ""
        self.function = ""

    def take(self, segment: Segment, number: int) -> None:
        tag = segment[0][0]
        if tag in ("CNI", "STS", "TDT", "EQD", "GID"):
            self._open(tag, segment, number)
        elif tag == "DTM":
            self._moment(values.moment(segment, number))
        elif tag == "LOC":
            self._place(part(segment, 1), values.place(segment))
        elif tag == "RFF":
            self._reference(segment)
        elif tag == "NAD" and part(segment, 1) == "CA":
            self.current.carrier = part(segment, 2)[:17]
        elif tag == "BGM":
            self.function = part(segment, 3)
        elif tag == "FTX":
            self.current.texts.append(" ".join(filter(None, map(str.strip, segment[4] if len(segment) > 4 else []))))

    def _open(self, tag: str, segment: Segment, number: int) -> None:
        self.inside = tag
        if tag == "CNI":
            self.consignment = self.current = Level(self.header)
            self.levels.append(self.current)
            if value := part(segment, 2)[:64]:
                self.current.references.append((ReferenceType.PRO.value, value))
        elif tag == "STS":
            self.current = Level(self.consignment, segment, number)
            self.levels.append(self.current)
        elif tag == "TDT":
            self._carry(values.carriage(segment))
        elif tag == "EQD" and (unit := part(segment, 2)[:35]):
            self.current.equipment.setdefault(unit, values.laden(segment))

    def _carry(self, carriage: Carriage) -> None:
        """The main carriage stands for a level, else its first leg."""
        level = self.current
        level.legs.append(Leg(carriage))
        if level.carriage is None or (carriage.stage == MAIN and level.carriage.stage != MAIN):
            level.carriage = carriage

    def _moment(self, moment: Moment) -> None:
        if self.inside == "TDT":
            self.current.legs[-1].stops[-1].moments.append(moment)
        elif self.inside != "EQD":
            self.current.moments.setdefault(moment.qualifier, moment)

    def _place(self, qualifier: str, place: ParsedPlace) -> None:
        if self.inside == "TDT":
            leg = self.current.legs[-1]
            leg.stops.append(Stop(qualifier, place))
            leg.places.setdefault(qualifier, place)
        elif self.inside == "GID":
            self.current.goods_at.setdefault(qualifier, place)
        elif self.inside != "EQD":
            self.current.places.setdefault(qualifier, place)

    def _reference(self, segment: Segment) -> None:
        level = self.current
        level.scac = level.scac or values.scac(segment)
        found = values.reference(segment)
        if found is None or len(level.references) + len(level.units) >= values.MOST_REFERENCES:
            return
        if found[0] == ReferenceType.CONTAINER:
            level.units.append(found[1][:35])
        else:
            level.references.append(found)
