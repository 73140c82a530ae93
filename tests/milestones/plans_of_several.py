"""Plans with lines per unit, leg and stop, for the tests of what stands and what follows."""

from __future__ import annotations

import itertools

from milestones.enums import AnchorKind, LineScope, PlaceRole
from milestones.evaluate import evaluate
from milestones.expanding import expand
from milestones.facts import LegFact, Plan
from milestones.planning import route
from tests.factories.milestones import (
    DAY,
    DUISBURG,
    ETA,
    ETD,
    ROTTERDAM,
    SHANGHAI,
    SINGAPORE,
    line,
    policy,
    shipment_fact,
    template,
)

UNIT, LEG, STOP = (scope.value for scope in (LineScope.UNIT, LineScope.LEG, LineScope.STOP))
POL, POD, TRANSIT = PlaceRole.POL, PlaceRole.POD, PlaceRole.TRANSIT
LEG_ETD, LEG_ETA = AnchorKind.LEG_ETD.value, AnchorKind.LEG_ETA.value
BOXES = frozenset({"UABC1", "UABC2", "UABC3"})
NOW = ETD + 20 * DAY
# Duisburg by rail to Rotterdam, by sea to Singapore and on to Shanghai.
WAY = (
    LegFact(1, "rail", DUISBURG, ROTTERDAM, frozenset({"T41"}), None, ETD, ETD + DAY),
    LegFact(2, "ocean", ROTTERDAM, SINGAPORE, frozenset({"021W"}), None, ETD + 3 * DAY, ETD + 20 * DAY),
    LegFact(5, "ocean", SINGAPORE, SHANGHAI, frozenset({"7E"}), None, ETD + 23 * DAY, ETA),
)


def no(facts):
    return False


def yes(facts):
    return True


def shipment(legs=(), **changes):
    ends = (legs[0].origin, legs[-1].destination) if legs else (ROTTERDAM, SHANGHAI)
    return shipment_fact(route=route(*ends, legs), **changes)


def slots(lines, given):
    return [one.slot for one in expand(template(*lines), given).lines if one.applies]


def outcome(lines, given, events=(), now=NOW):
    """The same in any order of the reports."""
    plan = Plan(given, template(*lines))
    found = [evaluate(plan, order, policy(), now) for order in itertools.permutations(events)]
    assert all(one == found[0] for one in found)
    return found[0]


def reached(*args, **more):
    """Slot → (unit, leg, when) of what was reported."""
    return {
        v.slot: (v.unit_number, v.leg_sequence, v.actual_at)
        for v in outcome(*args, **more).milestones
        if v.actual_at and not v.is_inferred
    }


PER_BOX = [
    line("EMPTY_OUT", 10, scope=UNIT, is_mandatory=False),
    line("LOADED", 20, POL),
    line("GATE_OUT", 30, POD, scope=UNIT, anchor="eta"),
    line("DELIVERED", 40, after=2),
]

PER_LEG = [
    line("LOADED", 10, scope=LEG, anchor=LEG_ETD, offset_minutes=-60, is_mandatory=False),
    line("DEPARTED", 20, scope=LEG, anchor=LEG_ETD),
    line("ARRIVED", 30, scope=LEG, anchor=LEG_ETA),
    line("DELIVERED", 90, anchor=LEG_ETA, offset_minutes=2 * 1440),
]

PER_STOP = [
    line("ARRIVED", 20, TRANSIT, scope=STOP, anchor=LEG_ETA),
    line("DEPARTED", 30, TRANSIT, scope=STOP, anchor=LEG_ETD),
    line("ARRIVED", 50, POD, anchor=LEG_ETA),
]


def states(found):
    return {v.slot: v.state for v in found.milestones if v.line_id is not None}
