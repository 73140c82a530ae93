"""What may be reported on a shipment, drawn from small worlds so that reports collide: the same moment told by sources
of equal and of different trust, the same event id, the same unit, what is taken back, put right, doubted and released.

A `Report` becomes a fact for the rules (`fact_of`) or a row of the database (tests/flows/any_order_rows.py).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

from hypothesis import strategies as st

from milestones.enums import ExceptionKind
from milestones.facts import EventFact, LegFact, PlaceFact, Plan, Policy
from shipments.enums import Classifier, Mode
from tests.factories.milestones import (
    DAY,
    ETA,
    ETD,
    HOUR,
    ROTTERDAM,
    SHANGHAI,
    SINGAPORE,
    event,
    line,
    policy,
    rule,
    shipment_fact,
    template,
)

# Trust by source: two of equal rank, so that it does not always decide.
TRUST = {1: 50, 2: 60, 3: 60}
UNITS = ("MSKU1234565", "MSKU7654321")
PLACES = {"": None, "NLRTM": ROTTERDAM, "SGSIN": SINGAPORE, "CNSGH": SHANGHAI}
VOYAGES = ("V1", "V2")
ACTUAL, ESTIMATED, PLANNED = (kind.value for kind in (Classifier.ACTUAL, Classifier.ESTIMATED, Classifier.PLANNED))
# Code → hours after ETD at which it should happen (30 days lie between ETD and ETA), and where.
STEPS = {
    "BOOKED": (-200, ""),
    "GATE_IN": (-48, "NLRTM"),
    "LOADED": (-8, "NLRTM"),
    "DEPARTED": (0, "NLRTM"),
    "ARRIVED": (720, "CNSGH"),
    "DISCHARGED": (744, "CNSGH"),
    "GATE_OUT": (780, "CNSGH"),
    "DELIVERED": (816, "CNSGH"),
}
BESIDE = {
    "IN_TRANSIT": (300, "SGSIN"),
    "CUSTOMS_HOLD": (745, "CNSGH"),
    "ON_HOLD": (746, "CNSGH"),
    "CUSTOMS_RELEASED": (760, "CNSGH"),
    "CARRIER_RELEASED": (762, "CNSGH"),
    "CANCELLED": (100, ""),
    "INFO": (10, ""),
}
CODES = {**STEPS, **BESIDE}
NOTHING: Mapping[str, Any] = MappingProxyType({})
TWELVE = {"part": "PARTIAL", "total_pieces": 12}
ATTRIBUTES: tuple[Mapping[str, Any], ...] = (
    NOTHING, NOTHING, NOTHING, NOTHING,
    {**TWELVE, "pieces": 4}, {**TWELVE, "pieces": 8},
    {"grants": "ENTERED+RELEASED"}, {"reverses": "ENTERED"}, {"grants": "RELEASED", "unless_held": True},
    {"agency": "USDA"}, {"clears": "CUSTOMS_HOLD(USDA)", "agency": "USDA"}, {"movement": "TRANSSHIPMENT"},
    {"mode": "road"}, {"reason": "Papers are missing"},
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Report:
    """`at`, `told`: hours after ETD. `at` None: a bare retraction. `supersedes`: number of another report."""

    number: int
    source: int = 1
    code: str = "DEPARTED"
    classifier: str = ACTUAL
    at: float | None = 0
    told: float = 1
    place: str = ""
    unit: str = ""
    own_id: str = ""
    retracts: str = ""
    supersedes: int | None = None
    is_quarantined: bool = False
    position: int = 0
    is_day: bool = False
    voyage: str = ""
    attributes: Mapping[str, Any] = field(default_factory=lambda: NOTHING)

    @property
    def occurred_at(self) -> datetime | None:
        return None if self.at is None else ETD + timedelta(hours=self.at)

    @property
    def told_at(self) -> datetime:
        return ETD + timedelta(hours=self.told)

    @property
    def place_fact(self) -> PlaceFact | None:
        return PLACES[self.place]

    @property
    def fingerprint(self) -> str:
        return hashlib.sha256(repr(self).encode()).hexdigest()


def fact_of(report: Report) -> EventFact:
    return event(
        report.code,
        report.occurred_at,
        report.place_fact,
        id=f"event-{report.number:03d}",
        row=report.number,
        fingerprint=report.fingerprint,
        source=report.source,
        trust=TRUST[report.source],
        classifier=report.classifier,
        told_at=report.told_at,
        # Nobody receives a report before it is told, and not all at once.
        received_at=report.told_at + report.number % 3 * HOUR,
        position=report.position,
        unit=report.unit,
        journey_number=report.voyage,
        attributes=report.attributes,
        is_day=report.is_day,
        source_event_id=report.own_id,
        retracts=report.retracts,
        supersedes=report.supersedes,
        is_quarantined=report.is_quarantined,
    )


@st.composite
def words(draw: st.DrawFn) -> dict[str, Any]:
    """The fields of a report but its number: something of the plan, or beside it, about when and where it should be."""
    code = draw(st.sampled_from(list(STEPS) * 2 + list(BESIDE)))
    usual, place = CODES[code]
    classifier = draw(st.sampled_from([ACTUAL] * 5 + [ESTIMATED, ESTIMATED, PLANNED]))
    # A week and more before the booking it cannot have been.
    at = usual + draw(st.sampled_from([0, 0, 0.5, 1, 30, -30, 200, -1200]))
    told = (
        at + draw(st.sampled_from([0, 0, 1, 30])) if classifier == ACTUAL else draw(st.sampled_from([-100, -50, 0, 50]))
    )
    return {
        "source": draw(st.sampled_from(list(TRUST))),
        "code": code,
        "classifier": classifier,
        "at": at,
        "told": told,
        "place": draw(st.sampled_from([place, place, place, *PLACES])),
        "unit": draw(st.sampled_from(["", "", *UNITS, *UNITS, "TCLU0000000"])),
        "own_id": draw(st.sampled_from(["", "", "E1", "E2"])),
        "is_quarantined": draw(st.sampled_from([False] * 9 + [True])),
        "position": draw(st.sampled_from([0, 0, 1])),
        "is_day": draw(st.sampled_from([False] * 5 + [True])),
        "voyage": draw(st.sampled_from(["", "", *VOYAGES])),
        "attributes": draw(st.sampled_from(ATTRIBUTES)),
    }


def corrected(old: Report, number: int, hours: float) -> Report:
    """The same sender says it again under the same id, later, and otherwise."""
    own_id = old.own_id or "E3"
    at = None if old.at is None else old.at + hours
    return replace(old, number=number, own_id=own_id, at=at, told=old.told + abs(hours), supersedes=None)


def retraction(old: Report, number: int, *, is_bare: bool, own_id: str = "") -> Report:
    """The sender takes it back: with nothing else said, or repeating what he had said."""
    said = {"at": None, "attributes": NOTHING} if is_bare else {}
    return replace(
        old, number=number, own_id=own_id, retracts=old.own_id or "E1", told=old.told + 2, supersedes=None, **said
    )  # fmt: skip


def repaired(old: Report, number: int, *, code: str, is_released: bool) -> Report:
    """What takes the place of a report: read again by a mended mapping, or released from quarantine."""
    if is_released:
        return replace(old, number=number, supersedes=old.number, is_quarantined=False)
    return replace(old, number=number, supersedes=old.number, code=code)


FOLLOWING = ("corrected", "retracted", "retracted bare", "repaired", "released")


def following(old: Report, number: int, kind: str, words: Mapping[str, Any]) -> Report:
    """One that answers an earlier report. A retraction may have an id of its own, so that it can be taken back too."""
    if kind == "corrected":
        return corrected(old, number, words["at"] % 7 - 3)
    if kind in ("repaired", "released"):
        return repaired(old, number, code=words["code"], is_released=kind == "released")
    return retraction(old, number, is_bare=kind == "retracted bare", own_id=words["own_id"])


@st.composite
def histories(draw: st.DrawFn, *, least: int = 2, most: int = 10) -> list[Report]:
    """Reports on one shipment, by their numbers from 1 on; some answer earlier ones."""
    reports: list[Report] = []
    for number in range(1, draw(st.integers(least, most)) + 1):
        said = draw(words())
        if reports and draw(st.sampled_from([False, False, True])):
            old = reports[draw(st.integers(0, len(reports) - 1))]
            reports.append(following(old, number, draw(st.sampled_from(FOLLOWING)), said))
        else:
            reports.append(Report(number, **said))
    return reports


LEGS = (
    LegFact(1, Mode.OCEAN.value, ROTTERDAM, SINGAPORE, frozenset({"V1"})),
    LegFact(2, Mode.OCEAN.value, SINGAPORE, SHANGHAI, frozenset({"V2"})),
)
_LINES = (
    line("BOOKED", 10, anchor="booked_at", is_mandatory=False),
    line("GATE_IN", 20, "pol", after=3, offset_minutes=-2 * 1440),
    line("LOADED", 30, "pol", after=3, offset_minutes=-480, late=12 * HOUR),
    line("DEPARTED", 40, "pol"),
    line("ARRIVED", 50, "pod", anchor="eta", task="Send the arrival notice"),
    line("CUSTOMS_RELEASED", 60, after=4, offset_minutes=1440, is_working=True, is_mandatory=False, task="Clear it"),
    line("DISCHARGED", 70, "pod", after=4, offset_minutes=1440),
    line("DELIVERED", 80, after=6, offset_minutes=3 * 1440, late=6 * HOUR),
)
_RULES = (
    rule(ExceptionKind.OVERDUE, id=1, task="Ask"),
    rule(ExceptionKind.OVERDUE, id=2, code="DELIVERED", minimum=30 * HOUR),
    rule(ExceptionKind.LATE, id=3),
    rule(ExceptionKind.MISSING, id=4, minimum=HOUR),
    rule(ExceptionKind.HOLD, id=5),
)
POLICY: Policy = policy(*_RULES, latency={1: HOUR, 2: 30 * HOUR})
# At sea, just before the arrival is overdue, after it, and long afterwards.
MOMENTS = (ETD + 10 * DAY, ETA + 23 * HOUR, ETA + 3 * DAY, ETA + 60 * DAY)


def plan_of(units: Sequence[str], *, has_legs: bool, is_cancelled: bool = False) -> Plan:
    legs = LEGS if has_legs else ()
    shipment = shipment_fact(legs, units=frozenset(units), is_cancelled=is_cancelled)
    return Plan(shipment, template(*_LINES))


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    """A shipment with no unit, one or two; direct, or by two vessels; seldom cancelled."""
    return plan_of(
        UNITS[: draw(st.integers(0, len(UNITS)))],
        has_legs=draw(st.booleans()),
        is_cancelled=draw(st.sampled_from([False] * 7 + [True])),
    )
