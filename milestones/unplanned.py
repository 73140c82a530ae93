"""Milestones that happened although no line plans them: `X:<code>:<place>:<n>`. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from milestones.deciding import Decision, decide
from milestones.enums import Audience, Deviation, MilestoneState, PlaceRole, ValueField, WorkRole
from milestones.evidencing import evidence_of
from milestones.facts import EventFact, MilestoneValue, Policy, Route, TypeFact
from milestones.selecting import Happening, leg_sequence

# They stand behind the lines, in the order of the vocabulary.
_ACTUAL = ValueField.ACTUAL.value
_FIRST_POSITION = 1000
_LAST_POSITION = 32_000
# Who may see what was not planned: what moves a shipment on, its customer too; what was offloaded or opened, those who
# carry it; holds, damage and losses are for the house to look at first.
_FOR_CUSTOMERS = frozenset(
    {
        "BOOKED", "CANCELLED", "DOCS_RECEIVED", "DOCS_RELEASED", "MANIFESTED", "EMPTY_OUT", "APPOINTMENT_SET",
        "PICKUP_ARRIVED", "PICKED_UP", "PICKUP_FAILED", "STUFFED", "RECEIVED_ORIGIN", "GATE_IN", "GATE_OUT", "LOADED",
        "DEPARTED", "IN_TRANSIT", "ARRIVED", "DISCHARGED", "RECEIVED_TRANSIT", "HANDED_OVER", "BORDER_CROSSED",
        "WH_RECEIVED", "WH_DISPATCHED", "CUSTOMS_DECLARED", "CUSTOMS_INBOND", "CUSTOMS_RELEASED", "ARRIVAL_NOTIFIED",
        "CARRIER_RELEASED", "AVAILABLE", "STRIPPED", "OUT_FOR_DELIVERY", "DELIVERY_ARRIVED", "DELIVERED",
        "EMPTY_RETURNED", "DELIVERY_FAILED", "DELAYED", "RETURNED", "REROUTED",
    }
)  # fmt: skip
_FOR_PARTNERS = frozenset({"OFFLOADED", "EQUIPMENT_CHECKED"})


def audience_of(code: str) -> str:
    """Who may see a milestone that no line plans."""
    if code in _FOR_CUSTOMERS:
        return Audience.CUSTOMER.value
    return (Audience.PARTNER if code in _FOR_PARTNERS else Audience.INTERNAL).value


def value_unplanned(
    unplanned: Mapping[Happening, Sequence[EventFact]], policy: Policy, route: Route
) -> list[MilestoneValue]:
    """One value a happening. The number `n` follows the time it happened, so it is the same in any order of arrival."""
    decided = [
        (happening, decision)
        for happening, events in unplanned.items()
        if (decision := decide(events, agreement=policy.agreement, order=policy.order_of(happening[0], _ACTUAL)))
    ]
    decided.sort(key=lambda pair: (pair[0][:2], pair[1].at, pair[0], pair[1].event.fingerprint))
    counts: dict[tuple[str, str], int] = {}
    values: list[MilestoneValue] = []
    for happening, decision in decided:
        counts[happening[:2]] = counts.get(happening[:2], 0) + 1
        value = _value(happening, decision, counts[happening[:2]], policy)
        value.leg_sequence = leg_sequence(decision.event, route)
        value.evidence = evidence_of(decision.event, unplanned[happening], frozenset(), policy, policy.agreement)
        values.append(value)
    return sorted(values, key=lambda value: (value.position, value.slot))


def _value(happening: Happening, decision: Decision, number: int, policy: Policy) -> MilestoneValue:
    code, place, unit, _ = happening
    known = policy.vocabulary.get(code, TypeFact(code, 0))
    return MilestoneValue(
        slot=f"X:{code}:{place or '?'}:{number}",
        line_id=None,
        position=min(_FIRST_POSITION + known.sequence, _LAST_POSITION),
        code=code,
        name=known.name,
        place_role=PlaceRole.ANY.value,
        location_id=decision.event.location_id,
        time_zone=decision.event.time_zone,
        leg_sequence=None,
        audience=audience_of(code),
        responsible=WorkRole.OPERATIONS.value,
        unit_number=unit,
        occurrence=number,
        actual_at=decision.at,
        state=MilestoneState.REACHED.value,
        deviation=Deviation.UNEXPECTED.value,
        decisions={"actual": decision.record()},
    )
