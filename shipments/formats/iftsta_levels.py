"""The levels of an EDIFACT IFTSTA: header, consignments (CNI), statuses (STS), and the legs (TDT) of each. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from shipments.enums import ReferenceType
from shipments.formats import edifact_values as values
from shipments.formats.edifact import Segment, part
from shipments.formats.edifact_values import Carriage, Moment, Named


@dataclass(slots=True)
class Stop:
    """A LOC of a leg with its dates, or the dates of the leg itself (no place)."""

    named: Named | None = None
    moments: list[Moment] = field(default_factory=list)


@dataclass(slots=True)
class Leg:
    carriage: Carriage
    stops: list[Stop] = field(default_factory=lambda: [Stop()])


@dataclass(slots=True)
class Level:
    """The header, a consignment or a status: what is said of it itself, and the level it stands in."""

    above: Level | None = None
    sts: Segment = field(default_factory=list)
    number: int = 0
    references: list[tuple[str, str]] = field(default_factory=list)
    units: list[str] = field(default_factory=list)
    equipment: list[Segment] = field(default_factory=list)
    moments: list[Moment] = field(default_factory=list)
    places: list[Named] = field(default_factory=list)
    goods_at: list[Named] = field(default_factory=list)
    legs: list[Leg] = field(default_factory=list)
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
            self._place(Named(part(segment, 1), values.place(segment)))
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
            self.current.legs.append(Leg(values.carriage(segment)))
        elif tag == "EQD":
            self.current.equipment.append(segment)

    def _moment(self, moment: Moment) -> None:
        if self.inside == "TDT":
            self.current.legs[-1].stops[-1].moments.append(moment)
        elif self.inside != "EQD":
            self.current.moments.append(moment)

    def _place(self, named: Named) -> None:
        if self.inside == "TDT":
            self.current.legs[-1].stops.append(Stop(named))
        elif self.inside == "GID":
            self.current.goods_at.append(named)
        elif self.inside != "EQD":
            self.current.places.append(named)

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
