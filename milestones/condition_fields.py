"""The fields a condition may ask for: the one list behind the check, both compilers, the builder and the manual."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from milestones.condition_words import About, ConditionField, FieldType, Operator
from milestones.enums import (
    Audience,
    Deviation,
    Evidence,
    Health,
    JourneyStatus,
    MilestoneState,
    PlaceRole,
    WorkRole,
)
from partners.enums import PartnerKind
from shipments.enums import Classifier, Mode, PartyRole, Service, ShipmentType, Transport

Choices = tuple[tuple[str, Any], ...]


@dataclass(frozen=True, slots=True)
class Clockwork:
    """Of a number that moves with the clock: whole `step`s from `since` (a field) to now; `down`: from now to it."""

    since: str
    step: timedelta
    down: bool = False


@dataclass(frozen=True, slots=True)
class Field:
    """`type` is a FieldType value, `is_about` an About value. `choices`: (value, label) of a closed vocabulary.

    `is_planned`: known before anything is evaluated, so that a line of a template may ask for it.
    """

    name: str
    label: Any
    type: str
    choices: Choices
    is_about: str
    is_planned: bool = False
    clockwork: Clockwork | None = None

    @property
    def operators(self) -> tuple[str, ...]:
        return OPERATORS[self.type]


_EMPTY = (Operator.IS_EMPTY.value, Operator.IS_NOT_EMPTY.value)
_EQUAL = (Operator.IS.value, Operator.IS_NOT.value)
_LISTS = (Operator.IN.value, Operator.NOT_IN.value)
_ORDER = (Operator.LESS.value, Operator.AT_MOST.value, Operator.MORE.value, Operator.AT_LEAST.value)
OPERATORS: Mapping[str, tuple[str, ...]] = {
    FieldType.TEXT.value: (*_EQUAL, *_LISTS, Operator.STARTS_WITH.value, Operator.CONTAINS.value, *_EMPTY),
    FieldType.CHOICE.value: (*_EQUAL, *_LISTS, *_EMPTY),
    FieldType.NUMBER.value: (*_EQUAL, *_LISTS, *_ORDER, *_EMPTY),
    FieldType.MONEY.value: (*_EQUAL, *_ORDER, *_EMPTY),
    FieldType.INSTANT.value: (*_ORDER, *_EMPTY),
    FieldType.FLAG.value: _EQUAL,
    FieldType.CODES.value: (Operator.CONTAINS.value, *_LISTS, *_EMPTY),
}

_CHOICES: Mapping[str, type[Any]] = {
    "shipment.mode": Mode,
    "shipment.type": ShipmentType,
    "shipment.service": Service,
    "shipment.status": JourneyStatus,
    "shipment.health": Health,
    "milestone.place_role": PlaceRole,
    "milestone.state": MilestoneState,
    "milestone.deviation": Deviation,
    "milestone.evidence": Evidence,
    "milestone.audience": Audience,
    "milestone.responsible": WorkRole,
    "event.source_kind": Transport,
    "event.classifier": Classifier,
    "partner.customer_kind": PartnerKind,
    "partner.roles": PartyRole,
}
_CODES = frozenset({"partner.customer_kind", "partner.roles", "partner.codes"})
_NUMBERS = frozenset(
    {
        "shipment.units", "shipment.legs", "shipment.progress", "shipment.completeness",
        "shipment.days_since_last_event", "milestone.minutes_late", "milestone.minutes_overdue",
        "milestone.minutes_to_due", "milestone.slip_minutes", "event.trust", "money.overrun_percent",
    }
)  # fmt: skip
_SUMS = frozenset({"money.expected_cost", "money.cost", "money.revenue", "money.margin"})
_CLOCKS = {
    "shipment.days_since_last_event": Clockwork("shipment.last_event_at", timedelta(days=1)),
    "milestone.minutes_overdue": Clockwork("milestone.expected_at", timedelta(minutes=1)),
    "milestone.minutes_to_due": Clockwork("milestone.expected_at", timedelta(minutes=1), down=True),
}
# What follows from the plan and the events; all else of the shipment and its partners is known before.
_EVALUATED = frozenset(
    {
        "shipment.status", "shipment.health", "shipment.progress", "shipment.completeness",
        "shipment.expected_arrival_at", "shipment.last_event_at", "shipment.days_since_last_event",
    }
)  # fmt: skip


def _type_of(name: str) -> str:
    if name in _CODES:
        return FieldType.CODES.value
    if name in _CHOICES:
        return FieldType.CHOICE.value
    if name in _NUMBERS:
        return FieldType.NUMBER.value
    if name in _SUMS:
        return FieldType.MONEY.value
    if ".is_" in name:
        return FieldType.FLAG.value
    if name.endswith("_at") or name in ("shipment.etd", "shipment.eta"):
        return FieldType.INSTANT.value
    return FieldType.TEXT.value


def _field(name: str, label: Any) -> Field:
    about = name.partition(".")[0]
    is_planned = about in (About.SHIPMENT.value, About.PARTNER.value) and name not in _EVALUATED
    choices: Choices = tuple(_CHOICES[name].choices) if name in _CHOICES else ()
    return Field(name, label, _type_of(name), choices, about, is_planned, _CLOCKS.get(name))


# Labels stay lazy: read in the language of who looks.
FIELDS: Mapping[str, Field] = {member.value: _field(member.value, member._label_) for member in ConditionField}
# What a line of a template may ask for.
LINE_FIELDS: Mapping[str, Field] = {name: field for name, field in FIELDS.items() if field.is_planned}
