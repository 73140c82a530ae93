"""When a snoozed case comes back before its time. Pure.

`wake_when` is {"preset": "news", "since": instant} (something was received after it), {"preset": "arrival", "at":
instant or null} (the expected arrival is another one), {"preset": "reached"} (its milestone is), or a tree of
`milestones.conditions`. All of them look at what stands now and at what stood when the case was put away, so that the
order in which reports came in between does not matter.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from milestones.conditions import compile_condition, fields_of, flips
from milestones.enums import WakeOn
from milestones.facts import Evaluation, MilestoneValue

# The expected arrival moves with every report a little.
_MOVED = timedelta(hours=1)


def snooze_of(preset: str, outcome_arrival: datetime | None, last_event_at: datetime | None) -> dict[str, Any]:
    """The `wake_when` of a preset (WakeOn), from what stands now."""
    if preset == WakeOn.NEWS:
        return {"preset": preset, "since": last_event_at.isoformat() if last_event_at else None}
    if preset == WakeOn.ARRIVAL:
        return {"preset": preset, "at": outcome_arrival.isoformat() if outcome_arrival else None}
    return {"preset": WakeOn.REACHED.value}


def is_awake(wake_when: Mapping[str, Any] | None, slot: str, outcome: Evaluation) -> bool:
    """Whether the condition holds now, for a case of the milestone at `slot`."""
    if not wake_when:
        return False
    value = _value(slot, outcome)
    preset = wake_when.get("preset")
    if preset == WakeOn.NEWS:
        return _later(outcome.summary.last_event_at, wake_when.get("since"))
    if preset == WakeOn.ARRIVAL:
        return _moved(outcome.summary.expected_arrival_at, wake_when.get("at"))
    if preset == WakeOn.REACHED:
        return value is not None and value.actual_at is not None
    return outcome.row is not None and compile_condition(wake_when)(outcome.row(value, fields_of(wake_when)))


def wakes_at(wake_when: Mapping[str, Any] | None, slot: str, outcome: Evaluation, now: datetime) -> list[datetime]:
    """The instants at which time alone may end the snooze."""
    if not wake_when or "preset" in wake_when or outcome.row is None:
        return []
    return flips(wake_when, outcome.row(_value(slot, outcome), fields_of(wake_when)), now)


def _value(slot: str, outcome: Evaluation) -> MilestoneValue | None:
    return next((value for value in outcome.milestones if value.slot == slot), None)


def _later(at: datetime | None, since: str | None) -> bool:
    return at is not None and (since is None or at > datetime.fromisoformat(since))


def _moved(at: datetime | None, before: str | None) -> bool:
    if at is None or before is None:
        return (at is None) != (before is None)
    return abs(at - datetime.fromisoformat(before)) >= _MOVED
