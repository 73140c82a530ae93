"""The exception rules of every kind that a new installation begins with, beside those of `defaults.RULES`.

What makes noise before somebody has looked at it is switched off, with a word why in docs/exceptions.md.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from milestones.enums import ExceptionKind, GroupBy, Severity, WorkRole
from shipments.enums import Mode

_DAY = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class EveryRule:
    """Hours, not minutes. `warn`, `escalate`: None is never; `warn` before the moment itself when negative."""

    code: str
    name: str
    kind: str
    severity: str
    milestone: str = ""
    mode: str = ""
    owner: str = WorkRole.OPERATIONS
    minimum: int = 0
    percent: int = 0
    warn: int | None = None
    escalate: int | None = None
    escalate_to: str = ""
    group_by: str = GroupBy.NONE
    due: int = _DAY
    task: str = ""
    is_active: bool = True
    condition: dict[str, Any] | None = field(default=None)


# What the rules of `defaults.RULES` are called, which had codes only.
NAMES: dict[str, str] = {
    "overdue": "Overdue",
    "overdue-departure": "Departure is overdue",
    "overdue-arrival": "Arrival is overdue",
    "overdue-delivery": "Delivery is overdue",
    "late-departure": "Departed late",
    "late-arrival": "Arrives late",
    "late-delivery": "Delivered late",
    "missing": "A milestone was passed over",
    "hold": "On hold",
    "hold-customs": "Held by customs",
    "exam-customs": "Examined by customs",
}
_DAMAGE = "Ask for photos and tell the customer"
EVERY_KIND: tuple[EveryRule, ...] = (
    EveryRule(code="early-arrival", name="Arrives days early", kind=ExceptionKind.EARLY, severity=Severity.LOW,
              milestone="ARRIVED", minimum=3 * _DAY, group_by=GroupBy.JOURNEY,
              task="Check that the consignee can take it so early"),
    EveryRule(code="out-of-sequence", name="Reported in the wrong order", kind=ExceptionKind.OUT_OF_SEQUENCE,
              severity=Severity.LOW, minimum=1, task="Ask the source which of the two times is right"),
    EveryRule(code="offloaded", name="Rolled or offloaded", kind=ExceptionKind.UNEXPECTED, severity=Severity.HIGH,
              milestone="OFFLOADED", due=4, group_by=GroupBy.JOURNEY,
              task="Find out the next departure and tell the customer"),
    EveryRule(code="damaged", name="Damage reported", kind=ExceptionKind.UNEXPECTED, severity=Severity.CRITICAL,
              milestone="DAMAGED", due=4, task=_DAMAGE),
    EveryRule(code="delivery-failed", name="Delivery failed", kind=ExceptionKind.UNEXPECTED, severity=Severity.HIGH,
              milestone="DELIVERY_FAILED", due=4, task="Arrange the next attempt with the consignee"),
    EveryRule(code="unexpected", name="Anything that is not planned", kind=ExceptionKind.UNEXPECTED,
              severity=Severity.LOW, is_active=False),
    EveryRule(code="eta-slip", name="The arrival slips", kind=ExceptionKind.ETA_SLIP, severity=Severity.MEDIUM,
              warn=12, minimum=_DAY, escalate=4 * _DAY, escalate_to=WorkRole.SALES, group_by=GroupBy.JOURNEY,
              task="Tell the customer the new date and why", is_active=False),
    EveryRule(code="dwell", name="Stands still", kind=ExceptionKind.DWELL, severity=Severity.MEDIUM, warn=5 * _DAY,
              minimum=7 * _DAY, escalate=14 * _DAY, group_by=GroupBy.PLACE, task="Ask why it does not move on"),
    EveryRule(code="dwell-air", name="Stands still at an airport", kind=ExceptionKind.DWELL, severity=Severity.HIGH,
              mode=Mode.AIR, warn=_DAY, minimum=2 * _DAY, escalate=4 * _DAY, group_by=GroupBy.PLACE,
              task="Ask the airline why it does not move on"),
    EveryRule(code="last-free-day", name="Last free day", kind=ExceptionKind.LAST_FREE_DAY, severity=Severity.HIGH,
              warn=-2 * _DAY, escalate=_DAY, due=4, task="Have it collected or returned before free time ends"),
    EveryRule(code="document-missing", name="A document is missing", kind=ExceptionKind.DOCUMENT,
              severity=Severity.MEDIUM, warn=-2 * _DAY, escalate=2 * _DAY, task="Get the document"),
    EveryRule(code="no-news", name="No news from the source", kind=ExceptionKind.NO_NEWS, severity=Severity.MEDIUM,
              minimum=_DAY, escalate=5 * _DAY, group_by=GroupBy.SOURCE, task="Ask the source why nothing comes"),
    EveryRule(code="conflict", name="Sources disagree", kind=ExceptionKind.CONFLICT, severity=Severity.MEDIUM,
              minimum=6, task="Ask which of the two is right"),
    EveryRule(code="duplicate", name="Reported again with another time", kind=ExceptionKind.DUPLICATE,
              severity=Severity.LOW, minimum=6, task="Ask the source which of its reports is right", is_active=False),
    EveryRule(code="cost-overrun", name="It costs more than expected", kind=ExceptionKind.COST_OVERRUN,
              severity=Severity.HIGH, owner=WorkRole.FINANCE, percent=10, task="Check the bills against the offer"),
    EveryRule(code="quiet-for-a-week", name="Quiet for a week on the way", kind=ExceptionKind.CONDITION,
              severity=Severity.MEDIUM, is_active=False, task="Ask the carrier where it is",
              condition={"all": [
                  {"field": "shipment.status", "op": "is", "value": "in_transit"},
                  {"field": "shipment.days_since_last_event", "op": "at_least", "value": 7},
              ]}),
)  # fmt: skip
# Rules of `defaults.RULES` whose cases have one vessel or flight as their common root.
OF_ONE_JOURNEY: tuple[str, ...] = (
    "overdue-departure",
    "overdue-arrival",
    "late-departure",
    "late-arrival",
    "late-delivery",
)
