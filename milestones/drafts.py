"""A template as it is written down, before it is stored or while it is edited: its fields as plain values.

Lines refer to each other by position. Nothing here is checked (`milestones.validating.problems` does that).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import time
from typing import Any

from milestones.enums import (
    Audience,
    DayBasis,
    LineScope,
    PlaceRole,
    Requirement,
    Roll,
    UnitRule,
    WorkRole,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LineDraft:
    """One line; the fields and defaults of the model `TemplateLine`.

    `type`: milestone code. `anchor_line`, `after_line`: position of the line it counts from and of the one it has to
    follow. `condition`: tree of `milestones.conditions`, of a conditional line only. `documents`: DocumentType values.
    """

    position: int
    type: str
    name: str
    anchor: str
    place_role: str = PlaceRole.ANY.value
    scope: str = LineScope.SHIPMENT.value
    unit_rule: str = UnitRule.ALL.value
    requirement: str = Requirement.MANDATORY.value
    condition: dict[str, Any] | None = None
    after_line: int | None = None
    anchor_line: int | None = None
    offset_minutes: int = 0
    day_basis: str = DayBasis.CALENDAR.value
    roll: str = Roll.NONE.value
    time_of_day: time | None = None
    early_tolerance_minutes: int = 24 * 60
    late_tolerance_minutes: int = 12 * 60
    responsible: str = WorkRole.OPERATIONS.value
    audience: str = Audience.CUSTOMER.value
    weight: int = 1
    task: str = ""
    documents: tuple[str, ...] = ()
    charges: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateDraft:
    """A template with its lines; the fields and defaults of the model `MilestoneTemplate`.

    Empty criteria match anything. `origin_place`, `destination_place`: UN/LOCODE.
    """

    code: str
    name: str
    version: int = 1
    mode: str = ""
    shipment_type: str = ""
    service: str = ""
    customer_id: int | None = None
    origin_country: str = ""
    destination_country: str = ""
    origin_place: str = ""
    destination_place: str = ""
    note: str = ""
    lines: tuple[LineDraft, ...] = ()
